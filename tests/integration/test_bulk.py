#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Long bodies, both ways and both ways at once, and the memory that they take.

BULK_MIB=1024 sets the size of the bodies, by default 64 MiB; the memory allowed is the same.
"""
import hashlib
import os
import subprocess
import threading
import time

import harness
from fcgi_backend import Backend
from harness import BUILD, DEFAULT_INI, Outrider, case, contains, equal, main

MIB = 1 << 20
SIZE = int(os.environ.get("BULK_MIB", "64")) * MIB
ALLOWED = 20 * MIB      # above idle, for all workers together
PATIENCE = 60 + SIZE // MIB   # seconds
PATTERN = bytes(range(251))   # what etc/demo/apps/source.c sends, again and again

with open(os.path.join(BUILD, "outrider"), "rb") as program:
    SANITIZED = b"__asan_init" in program.read()   # takes memory of its own

ROUTES = "".join(f"""
[route bulk-{name.strip("/")}]
match = /{name}
handler = {handler}
request_body = {body}
max_body = 100G
""" for name, handler, body in (
    ("cgi/", "cgi\nroot = @CGI@", "stream"), ("echo", "fastcgi\nbackend = echo", "stream"),
    ("sink", "fastcgi\nbackend = sink", "spool"),
    ("streamed-sink", "fastcgi\nbackend = sink", "stream"),
    ("slow-backend", "fastcgi\nbackend = raw", "stream")))


def slow_to_begin(request):
    """Reads nothing for a while, then all."""
    time.sleep(1.5)
    hashed, n = hashlib.sha256(), 0
    for piece in iter(request.read, b""):
        hashed.update(piece)
        n += len(piece)
    request.stdout(b"Content-Type: text/plain\r\n\r\noctets %d\nsha256 %s\n"
                   % (n, hashed.hexdigest().encode()))


backend = harness.at_end(Backend(slow_to_begin))
server = Outrider(
    ini=DEFAULT_INI.replace("log_level = debug", "log_level = info").replace(
        "[site main]", "[fastcgi raw]\nconnect = unix:@BACKEND@\n\n[site main]") + ROUTES,
    words={"BACKEND": backend.path},
    files={"cgi-bin/slow_sum.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nsleep 1.5\n"
                                  "echo sha256 $(sha256sum)\n",
           "cgi-bin/source.pl": "#!/usr/bin/perl\nprint \"Content-Type: a/b\\n\\n\";\n"
                                "my $p = join '', map chr, 0 .. 250; $p x= 64;\n"
                                "my $n = $ENV{QUERY_STRING};\n"
                                "while ($n > 0) { my $k = $n < length $p ? $n : length $p;\n"
                                "  print substr $p, 0, $k or exit 1; $n -= $k }\n"})
table = []


class Memory:
    """The most resident memory of the workers meanwhile, above what they had when idle."""

    idle = None     # after a first small response

    def __init__(self, name):
        self.name = name

    @staticmethod
    def resident():
        total = 0
        with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children",
                  encoding="ascii") as f:
            pids = f.read().split()
        for pid in pids:
            with open(f"/proc/{pid}/status", encoding="utf-8") as f:
                text = f.read()
            if "Name:\toutrider-worker" in text:
                total += int(text.partition("VmRSS:")[2].split()[0]) * 1024
        return total

    def _watch(self):
        while not self.done.wait(0.02):
            self.most = max(self.most, self.resident())

    def __enter__(self):
        server.start()
        equal(server.curl("/c/hello").status, 200)
        self.begun = time.monotonic()
        self.most = self.resident()
        Memory.idle = Memory.idle or self.most
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.done.set()
        self.thread.join()
        took = time.monotonic() - self.begun
        more = self.most - self.idle
        table.append((self.name, took, self.idle / MIB, more / MIB))
        if kind is None and not SANITIZED:
            assert more < ALLOWED, f"{more / MIB:.1f} MiB above idle"


def both(name):
    """A case in the clear and one over TLS."""
    def add(function):
        for tls in (False, True):
            def tried(over=tls):
                with Memory(f"{name}, {'TLS' if over else 'h2c'}"):
                    function(over)
            tried.__name__ = f"{name}, {'TLS' if tls else 'h2c'}"
            case(tried)
        return function
    return add


class BigFile:
    """SIZE octets on disk, made once."""

    path = None
    digest = None

    @classmethod
    def get(cls):
        if cls.path is None:
            cls.path = os.path.join(server.start().directory, "big")
            hashed, block = hashlib.sha256(), bytearray(os.urandom(MIB))
            with open(cls.path, "wb") as f:
                for i in range(SIZE // MIB):
                    block[:8] = i.to_bytes(8, "big")
                    f.write(block)
                    hashed.update(block)
            cls.digest = hashed.hexdigest()
        return cls


def curl(path, tls, *options):
    """The response's octets and SHA-256, without keeping it; and its first 4096 octets."""
    command = ["curl", "-sSkf", "--max-time", str(PATIENCE), "--http2" if tls else
               "--http2-prior-knowledge", *options, server.url(path, tls)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        hashed, n, first = hashlib.sha256(), 0, b""
        while True:
            piece = process.stdout.read(1 << 18)
            if not piece:
                break
            hashed.update(piece)
            n += len(piece)
            first = first or piece[:4096]
        errors = process.stderr.read().decode()
    equal(process.returncode, 0, errors)
    return n, hashed.hexdigest(), first


# ---- full duplex ----

def ping_pong(path, tls):
    with server.h2(tls) as connection:
        number = connection.request(path, "POST", end=False)
        stream = connection.streams[number]
        sent = 0
        for i in range(100):
            message = b"%d " % i + bytes(50000 if i == 50 else i * 7)
            connection.send(number, message)
            sent += len(message)
            connection.until(lambda n=sent: len(stream.body) >= n or stream.reset is not None, 20,
                             f"message {i}")
            equal((len(stream.body), stream.ended, stream.reset), (sent, False, None))
            assert stream.body.endswith(message)
        connection.send(number, b"", end=True)
        connection.collect(number)
        equal((len(stream.body), stream.reset), (sent, None))


@both("100 messages to and fro, FastCGI")
def fastcgi_ping_pong(tls):
    ping_pong("/echo", tls)


@both("100 messages to and fro, CGI")
def cgi_ping_pong(tls):
    ping_pong("/cgi/echo.pl", tls)


@case
def two_talks_at_the_same_time():
    with server.h2() as connection:
        numbers = [connection.request(path, "POST", end=False)
                   for path in ("/echo", "/cgi/echo.pl", "/echo", "/cgi/echo.pl")]
        for i in range(1, 30):
            for number in numbers:
                connection.send(number, b"x" * number)
            for number in numbers:
                stream = connection.streams[number]
                connection.until(lambda s=stream, n=i * number: len(s.body) == n, 20, "echo")
        for number in numbers:
            connection.send(number, b"", end=True)
            assert connection.collect(number).ended


# ---- up and down ----

def summed(text):
    """What a sink says, as a dictionary."""
    return dict(line.split(" ")[:2] for line in text.decode().splitlines())


def is_pattern(n):
    """SHA-256 of n octets of the pattern."""
    hashed, block = hashlib.sha256(), PATTERN * 4096
    while n > 0:
        hashed.update(block[:n])
        n -= len(block)
    return hashed.hexdigest()


@both("download, FastCGI")
def download_fastcgi(tls):
    equal(curl(f"/c/source?n={SIZE}", tls)[:2], (SIZE, is_pattern(SIZE)))


@both("download without length, FastCGI")
def download_without_length(tls):
    equal(curl(f"/c/source?n={SIZE}&length=off", tls)[:2], (SIZE, is_pattern(SIZE)))


@both("download, CGI")
def download_cgi(tls):
    equal(curl(f"/cgi-bin/source.pl?{SIZE}", tls)[:2], (SIZE, is_pattern(SIZE)))


@both("upload, spooled, FastCGI")
def upload_spooled(tls):
    big = BigFile.get()
    sums = summed(curl("/sink", tls, "-X", "POST", "-T", big.path)[2])
    equal(sums, {"length": str(SIZE), "octets": str(SIZE), "sha256": big.digest})


@both("upload, streamed, FastCGI")
def upload_streamed(tls):
    big = BigFile.get()
    sums = summed(curl("/streamed-sink", tls, "-X", "POST", "-T", big.path)[2])
    equal(sums, {"length": str(SIZE), "octets": str(SIZE), "sha256": big.digest})


@both("up and down at once, FastCGI")
def echo_fastcgi(tls):
    big = BigFile.get()
    equal(curl("/echo", tls, "-X", "POST", "-T", big.path)[:2], (SIZE, big.digest))


@both("up and down at once, CGI")
def echo_cgi(tls):
    big = BigFile.get()
    equal(curl("/cgi/echo.pl", tls, "-X", "POST", "-T", big.path)[:2], (SIZE, big.digest))


@both("upload to a slow FastCGI backend")
def upload_slow_backend(tls):
    big = BigFile.get()
    sums = summed(curl("/slow-backend", tls, "-X", "POST", "-T", big.path)[2])
    equal(sums, {"octets": str(SIZE), "sha256": big.digest})
    equal(backend.faults, [])


@both("upload to a slow CGI program")
def upload_slow_cgi(tls):
    big = BigFile.get()
    text = curl("/cgi/slow_sum.sh", tls, "-X", "POST", "-T", big.path)[2]
    equal(summed(text), {"sha256": big.digest})


class Counted:
    """In place of a body: the octets are compared with the pattern and forgotten."""

    def __init__(self):
        self.n = 0
        self.good = True

    def __iadd__(self, data):
        at = self.n % len(PATTERN)
        wanted = (PATTERN * (len(data) // len(PATTERN) + 2))[at:at + len(data)]
        self.good &= wanted == data
        self.n += len(data)
        return self

    def append(self, _):
        """As list of pieces: nothing is kept."""


def read_slowly(paths, each, tls):
    """Several responses on a connection with large windows, which is not read for a while, then a
    little at a time, then without a pause."""
    with server.h2(tls) as connection:
        connection.h2.increment_flow_control_window(1 << 29)
        connection.h2.update_settings({4: 1 << 28})
        connection.flush()
        numbers = [connection.request(path) for path in paths]
        for number in numbers:
            stream = connection.streams[number]
            stream.body = Counted()
            stream.pieces = stream.body
        time.sleep(1)
        for _ in range(100):
            connection.pump(5)
            time.sleep(0.005)
        for number in numbers:
            stream = connection.collect(number, PATIENCE)
            equal((stream.body.n, stream.body.good, stream.ended), (each, True, True))


@both("slow reader of 8 responses")
def slow_reader(tls):
    each = SIZE // 8
    read_slowly([f"/c/source?n={each}", f"/cgi-bin/source.pl?{each}"] * 4, each, tls)


@case
def temporary_files_are_gone():
    """A spooled body has no name; it goes with its exchange."""
    with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children",
              encoding="ascii") as f:
        pids = f.read().split()
    for pid in pids:
        links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        assert not [link for link in links if "(deleted)" in link], links


@case
def the_log_is_quiet():
    bad = [line for line in server.log().splitlines() if " error " in line]
    equal(bad, [])
    contains(server.log(), "ready: 1 worker")


class Table:
    """Times and memory; shown at the end."""

    def stop(self):
        print(f"\n{SIZE // MIB:4} MiB {'':34} {'seconds':>8} {'idle MiB':>9} {'more MiB':>9}")
        for name, took, idle, more in table:
            print(f"{name:43} {took:8.1f} {idle:9.1f} {more:9.1f}")
        print(flush=True)


harness.at_end(Table())
main()
