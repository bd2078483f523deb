#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The demo: etc/demo/run starts, its pages are there, each sample sends its 103 first, and all of it
is gone after SIGTERM."""
import glob
import os
import subprocess
import tempfile

import harness
from harness import Answer, Process, case, contains, equal, free_port, main, wait_for

SAMPLES = ("/", "/hints.php", "/c/hints", "/cgi-bin/hints.pl", "/cgi-bin/hints.sh")


class Demo:
    """etc/demo/run, started at first use."""

    def __init__(self):
        self.process = None
        self.http, self.https = free_port(), free_port()
        self.output = tempfile.mktemp(prefix="outrider-demo-test-")

    def start(self):
        if self.process is None:
            self.process = Process(
                [os.path.join(harness.TOP, "etc/demo/run"), "--http", str(self.http), "--https",
                 str(self.https), "--build", harness.BUILD], self.output)
            harness._started.append(self)
            wait_for(lambda: "^C ends" in self.log() or not self.process.alive(), 60, "demo")
            assert self.process.alive(), self.log()[-2000:]
        return self

    def log(self):
        with open(self.output, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self):
        if self.process is not None:
            self.process.stop()
            self.process = None
            os.unlink(self.output)

    def get(self, path, tls):
        self.start()
        url = f"https://localhost:{self.https}{path}" if tls else f"http://localhost:{self.http}{path}"
        version = "--http2" if tls else "--http2-prior-knowledge"
        with tempfile.NamedTemporaryFile() as heads:
            done = subprocess.run(["curl", "-sSk", "--max-time", "20", version, "-D", heads.name, url],
                                  capture_output=True, check=False)
            return Answer(heads.read().decode(), done.stdout, done.returncode, done.stderr.decode())


demo = Demo()


@case
def every_sample_sends_a_103_over_both_listeners():
    for path in SAMPLES:
        for tls in (False, True):
            answer = demo.get(path, tls)
            equal([head[0] for head in answer.heads], [103, 200], f"{path}, TLS {tls}")
            contains(str(answer.informational[0][1]), "</style.css>; rel=preload; as=style")
            contains(answer.text, "</html>")


@case
def assets_have_their_types():
    for path, kind in (("/style.css", "text/css"), ("/app.js", "javascript"),
                       ("/logo.svg", "image/svg+xml")):
        answer = demo.get(path, True)
        equal(answer.status, 200, path)
        contains(answer.field("content-type"), kind)


@case
def variables_and_the_smallest_program():
    contains(demo.get("/info.php", True).text, "HTTPS=on")
    contains(demo.get("/cgi-bin/env.sh", False).text, "GATEWAY_INTERFACE=CGI/1.1")
    equal(demo.get("/c/hello", False).text, "Hello from FastCGI.\n")


@case
def a_taken_port_is_told():
    demo.start()
    done = subprocess.run([os.path.join(harness.TOP, "etc/demo/run"), "--http", str(demo.http),
                           "--build", harness.BUILD], capture_output=True, timeout=60, check=False)
    equal(done.returncode, 1)
    contains(done.stderr.decode(), f"Port {demo.http} is taken")


@case
def everything_is_gone_in_the_end():
    process = demo.start().process
    folder = demo.log().split("^C ends all of it and removes ")[1].split()[0].rstrip(".")
    assert os.path.isdir(folder), folder
    process.popen.terminate()
    equal(process.popen.wait(20), 143)
    assert not os.path.exists(folder), folder

    def left():
        pids = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as f:
                    if folder.encode() in f.read():
                        pids.append(path)
            except OSError:
                pass
        return pids
    wait_for(lambda: not left(), 5, "no process left over")


main()
