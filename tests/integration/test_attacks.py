#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a hostile or broken peer could hold, fill or take: streams, backend connections, memory, and
the files of others."""
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

import h2.settings

from fcgi_backend import Backend
from harness import ROOT, USER, Outrider, at_end, case, equal, main, skip, wait_for

OK = b"Content-Type: text/plain\r\n\r\nfine\n"
HINTS = 20000   # heads without a field that one answer sends ahead

INI = """
[server]
workers = 1
@USER@
error_log = stderr
log_level = debug
shutdown_timeout = 2s
max_streams = 4
write_timeout = 400ms

[listen clear]
address = 127.0.0.1:@PORT@

[listen secure]
address = 127.0.0.1:@TLS_PORT@
tls = on
certificate = @DIR@/cert.pem
private_key = @DIR@/key.pem

[fastcgi f]
connect = unix:@SOCKET@
keep = 1
max_connections = 8

[fastcgi full]
connect = unix:@FULL@
queue_timeout = 500ms

[site main]
hosts = *
root = @WWW@

[route f]
match = /f/
handler = fastcgi
backend = f

[route full]
match = /full/
handler = fastcgi
backend = full

[route cgi]
match = /cgi-bin/
handler = cgi
root = @CGI@
"""


def answer(request):
    what = request.params["PATH_INFO"].strip("/")
    if what == "no_content":
        request.stdout(b"Status: 204\r\n\r\n")
    elif what == "large":
        request.stdout(b"Content-Type: text/plain\r\n\r\n")
        for _ in range(64):
            request.stdout(b"x" * 65000)
    elif what == "hints":
        for _ in range(10):
            request.stdout(b"Status: 103\r\n\r\n" * (HINTS // 10))
        request.stdout(OK)
    else:
        request.stdout(OK)
    if what.startswith("no") or what in ("later", "dies"):
        request.drain()
        time.sleep(0.03)    # the end comes in another turn of the server's loop
    if what == "dies":
        request.close()
    elif not request.ended:
        request.end()


backend = at_end(Backend(answer))


class FullSocket:
    """A Unix socket that is listened at and never accepted from; its backlog is full."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="outrider-full-")
        os.chmod(self.directory, 0o755)
        self.path = os.path.join(self.directory, "sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o777)
        self.listener.listen(0)
        self.waiting = []
        for _ in range(100):
            one = socket.socket(socket.AF_UNIX)
            one.setblocking(False)
            self.waiting.append(one)
            try:
                one.connect(self.path)
            except BlockingIOError:
                return
        raise AssertionError("the backlog does not become full")

    def stop(self):
        for one in [self.listener, *self.waiting]:
            one.close()
        shutil.rmtree(self.directory, ignore_errors=True)


full = at_end(FullSocket())
server = Outrider(INI, words={"SOCKET": backend.path, "FULL": full.path}, files={
    "cgi-bin/outlives.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nfine\\n'\n"
                           "exec >&-\nsleep 60\n"})


# ---- streams and backend connections that stay occupied ----

def ask_often(path, method):
    with server.h2() as client:
        for i in range(8):      # twice max_streams
            stream = client.get(path, method=method)
            equal(stream.reset, None, f"request {i}")
            time.sleep(0.05)


@case
def head_request_whose_backend_ends_later_frees_its_stream():
    ask_often("/f/later", "HEAD")


@case
def answer_204_whose_backend_ends_later_frees_its_stream():
    ask_often("/f/no_content", "GET")


@case
def head_request_whose_backend_dies_later_frees_its_stream():
    ask_often("/f/dies", "HEAD")


@case
def first_in_the_queue_of_a_full_backlog_is_told_in_time():
    with server.h2() as client:
        numbers = [client.request("/full/x") for _ in range(3)]
        for number in numbers:
            equal(client.collect(number, 3).status, 503)


@case
def client_that_opens_no_window_is_dropped():
    with server.h2() as client:
        client.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
        client.flush()
        client.request("/f/large")
        client.until(lambda: client.closed, 3, "end of the connection")


@case
def client_that_sends_but_does_not_read_is_dropped():
    with server.h2() as client:
        client.h2.increment_flow_control_window(2**30)
        client.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 2**30})
        client.flush()
        client.pump(1)
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(4):
            client.request("/f/large")
        end = time.monotonic() + 3
        try:
            while time.monotonic() < end:
                client.sock.sendall(b"\0\0\5\2\0\0\0\0\1\0\0\0\0\0")    # PRIORITY
                time.sleep(0.05)
        except OSError:
            return
    raise AssertionError("still connected after 3 s")


# ---- memory ----

@case
def hints_without_fields_count_too():
    with server.h2() as client:
        stream = client.get("/f/hints")
        equal(stream.status, 200)
        assert 0 < len(stream.informational) <= 1024, len(stream.informational)


# ---- what outlives its exchange ----

@case
def program_that_outlives_its_answer_is_no_burden_at_the_end():
    own = Outrider(INI, words=server.words, files=server.files)
    own.start()
    equal(own.curl("/cgi-bin/outlives.sh").text, "fine\n")
    own.stop()
    equal(list(own.faults()), [])


# ---- files of others (the server starts as root) ----

LOGS_INI = """
[server]
workers = 1
@USER@
error_log = @LOGS@/error.log
pid_file = @LOGS@/pid

[listen clear]
address = 127.0.0.1:@PORT@

[site main]
hosts = *
root = @WWW@
access_log = @LOGS@/access.log
"""


class Logs:
    """A folder for logs, of the given owner, with a file that is none of the server's business."""

    def __init__(self, owner):
        if not ROOT:
            skip("only root can give files away")
        self.directory = tempfile.mkdtemp(prefix="outrider-logs-")
        os.chmod(self.directory, 0o755)
        shutil.chown(self.directory, owner)
        self.secret = tempfile.mkstemp(prefix="outrider-secret-")[1]
        self.server = Outrider(LOGS_INI, words={"LOGS": self.directory},
                               files={"www/page.html": "fine\n"})
        at_end(self)

    def path(self, name):
        return os.path.join(self.directory, name)

    def owner(self, name):
        return os.stat(self.path(name)).st_uid

    def stop(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        os.unlink(self.secret)


@case
def log_that_is_a_link_gives_nothing_away():
    logs = Logs(USER)
    os.symlink(logs.secret, logs.path("error.log"))
    os.link(logs.secret, logs.path("access.log"))
    os.chmod(logs.secret, 0o666)
    logs.server.start()
    equal(logs.owner(logs.secret), 0, "owner of the file behind the links")
    logs.server.stop()


@case
def new_logs_in_a_folder_of_root_are_made_and_opened_anew():
    logs = Logs("root")
    user = int(subprocess.run(["id", "-u", USER], check=True, capture_output=True).stdout)
    equal(logs.server.curl("/page.html").status, 200)
    for name in ("error.log", "access.log"):
        equal(logs.owner(name), user, "owner of " + name)
        equal(stat.S_IMODE(os.stat(logs.path(name)).st_mode), 0o640)
        os.rename(logs.path(name), logs.path(name + ".1"))
    logs.server.process.popen.send_signal(signal.SIGUSR1)
    wait_for(lambda: os.path.exists(logs.path("access.log")), 5, "a new access log")
    wait_for(lambda: logs.owner("error.log") == user and logs.owner("access.log") == user, 5,
             "logs of the server's user")
    time.sleep(0.2)
    equal(logs.server.curl("/page.html").status, 200)
    wait_for(lambda: os.path.getsize(logs.path("access.log")), 5, "a line in the new access log")
    with open(logs.path("error.log"), encoding="utf-8") as f:
        assert "anew" not in f.read()
    logs.server.stop()


main()
