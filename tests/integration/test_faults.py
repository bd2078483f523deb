#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whatever goes wrong ends in a defined answer or a visible error, a line in the log, and nothing
left behind: backends that are absent, die, talk nonsense or nothing; clients that go away; hostile
paths; wrong configurations; the end of the server and of its processes."""
import glob
import os
import re
import signal
import socket
import subprocess
import threading
import time

import harness
from fcgi_backend import END, STDOUT, Backend, end_record, record
from harness import (BUILD, DEFAULT_INI, ROOT, USER, Outrider, case, contains, equal, free_port,
                     main, skip, wait_for)

INTERNAL_ERROR = 2
OK = b"Content-Type: text/plain\r\n\r\nfine\n"

# ---- the scripted backend: one function for each path below /f/ ----

scripts = {}
gates = {}      # by name: set by a test to let its backend go on
seen = {}       # what backends have to tell


def script(function):
    scripts[function.__name__] = function
    return function


def answer(request):
    name = request.params["PATH_INFO"].strip("/")
    scripts[name](request)


@script
def fine(request):
    request.stdout(OK)
    request.end()


@script
def closes_at_once(request):
    request.close()


@script
def closes_in_the_head(request):
    request.stdout(b"Content-Type: te")
    request.drain()
    request.close()


@script
def closes_in_the_body(request):
    request.stdout(OK)
    request.drain()
    request.close()


@script
def closes_in_a_record(request):
    request.stdout(OK)
    request.send(record(STDOUT, b"x" * 1000)[:500])
    request.drain()
    request.close()


@script
def wrong_version(request):
    request.send(record(STDOUT, OK, version=2))
    request.wait_gone()


@script
def wrong_version_in_the_body(request):
    request.stdout(OK)
    request.drain()
    request.send(record(STDOUT, OK, version=2))
    request.wait_gone()


@script
def wrong_id(request):
    request.send(record(STDOUT, OK, number=7))
    request.wait_gone()


@script
def id_zero(request):
    request.send(record(STDOUT, OK, number=0))
    request.wait_gone()


@script
def wrong_type(request):
    request.send(record(4, OK))
    request.wait_gone()


@script
def short_end(request):
    request.send(record(END, b"\0\0"))
    request.wait_gone()


def end_with(status, protocol):
    def ends(request):
        request.ended = True
        request.send(end_record(status, protocol))
    return ends


scripts.update({"end_cannot_multiplex": end_with(0, 1), "end_overloaded": end_with(0, 2),
                "end_unknown_role": end_with(0, 3), "end_unknown": end_with(0, 9),
                "end_without_answer": end_with(0, 0)})


@script
def end_255_after_an_answer(request):
    request.stdout(OK)
    request.end(status=255)


@script
def silent(request):
    seen["silent"] = request.wait_gone()


@script
def silent_after_the_head(request):
    request.stdout(OK)
    request.wait_gone()


@script
def says(request):
    request.stderr(b"first line\nsecond ")
    request.stderr(b"line\nwith \x1b octets")
    request.stdout(OK)
    request.end()


HEADS = {
    "no_colon": (b"Content-Type: a/b\r\nno colon here\r\n\r\n", "line without a colon"),
    "bad_status": (b"Status: 20\r\n\r\n", "Status is not from 100 to 599"),
    "status_999": (b"Status: 999 Odd\r\n\r\n", "Status is not from 100 to 599"),
    "space": (b"Content-Type : a/b\r\n\r\n", "space between a field name and its colon"),
    "name": (b"Bad(name): x\r\n\r\n", "invalid field name"),
    "nul": (b"X-A: a\0b\r\n\r\n", "control octet in a field value"),
    "lone_cr": (b"X-A: a\rX-B: c\r\n\r\n", "control octet in a field value"),
    "empty": (b"\r\nbody", "no header line before the empty line"),
    "lengths": (b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody", "Content-Length"),
    "length": (b"Content-Length: four\r\n\r\nbody", "Content-Length"),
    "html": (b"<html><body>Fatal error</body></html>\n\n", "line without a colon"),
    "binary": (bytes(range(128, 256)) * 2 + b"\n\n", "line without a colon"),
    "huge": (b"X-A: " + b"a" * 5000 + b"\r\n\r\n", "header block is larger than allowed"),
    "endless": (b"X-A: b\r\n" * 1000 + b"\r\n", "header block is larger than allowed"),
}


def head_of(octets):
    def sends(request):
        request.stdout(octets)
        request.wait_gone()
    return sends


scripts.update({name: head_of(octets) for name, (octets, _) in HEADS.items()})


@script
def too_short(request):
    request.stdout(b"Content-Length: 100\r\n\r\n" + b"x" * 50)
    request.end()


@script
def too_long(request):
    request.stdout(b"Content-Length: 100\r\n\r\n" + b"x" * 150)
    request.end()


@script
def too_long_later(request):
    request.stdout(b"Content-Length: 100\r\n\r\n" + b"x" * 100)
    request.drain()
    request.stdout(b"x")
    request.end()


@script
def waits_for_the_client(request):
    seen["begun"] = True
    request.stdout(OK)
    seen["client gone"] = request.wait_gone()


@script
def waits_before_the_head(request):
    seen["begun"] = True
    seen["client gone"] = request.wait_gone()


@script
def ends_when_used_again(request):
    seen.setdefault("requests", []).append((request.params["REQUEST_METHOD"], request.first))
    if request.first:
        request.stdout(OK)
        request.end()
    else:
        request.close()


@script
def closes_after_the_end(request):
    request.stdout(OK)
    request.end()
    request.close()


@script
def held(request):
    request.stdout(b"Content-Type: text/plain\r\n\r\n")
    seen["held"] = seen.get("held", 0) + 1
    assert gates["held"].wait(30)
    request.stdout(b"fine\n")
    request.end()


@script
def ends_later(request):
    request.stdout(b"Content-Type: text/plain\r\n\r\n")
    request.drain()
    request.stdout(b"fine\n")
    request.drain()
    request.end()


@script
def no_content_later(request):
    request.stdout(b"Status: 204\r\n\r\n")
    request.drain()
    request.end()


@script
def sinks(request):
    body = request.read_all()
    request.stdout(b"Content-Type: text/plain\r\n\r\n%d\n" % len(body))
    request.end()


@script
def stdin_refused(request):
    """Answers without reading the body."""
    request.stdout(OK)
    request.end()
    request.close()


backend = harness.at_end(Backend(answer))

CGI_PROGRAMS = {
    "cgi-bin/complains.sh": "#!/bin/sh\necho 'the reason of it all' >&2\necho 'no head'\n",
    "cgi-bin/nothing.sh": "#!/bin/sh\nexit 0\n",
    "cgi-bin/half_a_head.sh": "#!/bin/sh\nprintf 'Content-Ty'\n",
    "cgi-bin/status.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nfine\\n'\nexit 3\n",
    "cgi-bin/killed.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhalf'\nsleep 0.3\n"
                         "kill -9 $$\n",
    "cgi-bin/killed_early.sh": "#!/bin/sh\nkill -9 $$\n",
    "cgi-bin/short.sh": "#!/bin/sh\nprintf 'Content-Length: 10\\n\\nhalf'\n",
    "cgi-bin/stderr.sh": "#!/bin/sh\necho oh dear >&2\nprintf 'Content-Type: text/plain\\n\\n'\n",
    "cgi-bin/no_interpreter.sh": "#!/no/such/program\n",
    "cgi-bin/no_program.sh": "nothing that could be run\n",
    "cgi-bin/pids.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n"
                       "sh -c 'sleep 100 & wait' & echo $$ $!\nsleep 100\n",
    "cgi-bin/quiet.sh": "#!/bin/sh\necho $$ > \"$NOTES/$QUERY_STRING\"\nsleep 100\n",
    "cgi-bin/stubborn.sh": "#!/bin/sh\ntrap '' TERM\nprintf 'Content-Type: text/plain\\n\\n'\n"
                           "echo $$\nwhile :; do sleep 1; done\n",
    "cgi-bin/leaves_output.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n"
                                "sleep 100 & echo $!\n",
    "cgi-bin/leaves_none.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n"
                              "sleep 100 </dev/null >/dev/null 2>&1 & echo $!\n",
    "cgi-bin/leaves_daemon.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n"
                                "setsid sleep 5 </dev/null >/dev/null 2>&1 & echo $!\n"
                                "sleep 0.3\n",
    "cgi-bin/slow.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nbegun\\n'\nsleep 1.5\n"
                       "echo done\n",
    "cgi-bin/id.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nid -un\nid -gn\nid -G\n",
}
INI = """
[server]
workers = 1
@USER@
error_log = stderr
log_level = debug
shutdown_timeout = 20s

[listen clear]
address = 127.0.0.1:@PORT@

[listen secure]
address = 127.0.0.1:@TLS_PORT@
tls = on
certificate = @DIR@/cert.pem
private_key = @DIR@/key.pem

[fastcgi raw]
connect = unix:@BACKEND@

[fastcgi unkept]
connect = unix:@BACKEND@
keep = 0

[fastcgi one]
connect = unix:@BACKEND@
max_connections = 1
keep = 1
queue = 1
queue_timeout = 1s

[fastcgi absent]
connect = unix:@DIR@/no_socket

[fastcgi closed]
connect = 127.0.0.1:@CLOSED@

[fastcgi crash]
command = @APPS@/crash.fcgi

[site main]
root = @WWW@

[route f]
match = /f/
handler = fastcgi
backend = raw
max_head = 4K

[route unkept]
match = /unkept/
handler = fastcgi
backend = unkept

[route one]
match = /one/
handler = fastcgi
backend = one

[route impatient]
match = /impatient/
handler = fastcgi
backend = unkept
timeout = 500ms

[route small]
match = /small/
handler = fastcgi
backend = unkept
max_body = 1000

[route small_stream]
match = /small-stream/
handler = fastcgi
backend = unkept
max_body = 1000
request_body = stream

[route absent]
match = /absent/
handler = fastcgi
backend = absent

[route closed]
match = /closed/
handler = fastcgi
backend = closed

[route crash]
match = /crash
handler = fastcgi
backend = crash

[route cgi]
match = /cgi-bin/
handler = cgi
root = @CGI@
kill_grace = 1s
linger = 1s
[env]
NOTES = @DIR@/notes

[route impatient_cgi]
match = /impatient-cgi/
handler = cgi
root = @CGI@
timeout = 500ms
kill_grace = 1s
[env]
NOTES = @DIR@/notes

[route small_cgi]
match = /small-cgi/
handler = cgi
root = @CGI@
max_body = 1000
"""


def new_server():
    made = Outrider(ini=INI, words={"BACKEND": backend.path, "CLOSED": free_port()},
                    files={**CGI_PROGRAMS, "notes/x": "", "www/inside.txt": "inside\n",
                           "secret.txt": "secret\n"})
    made.prepare()
    os.chmod(os.path.join(made.directory, "notes"), 0o777)
    with open(os.path.join(made.directory, "cgi-bin", "no_x.sh"), "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\nexit 0\n")
    os.chmod(os.path.join(made.directory, "cgi-bin", "no_x.sh"), 0o644)
    return made


server = new_server()


def fetch(path, method="GET", tls=False, seconds=20, **more):
    with server.h2(tls) as connection:
        return connection.collect(connection.request(path, method, **more), seconds)


def status_is(path, status, log=None, **more):
    stream = fetch(path, **more)
    equal((stream.status, stream.ended, stream.reset), (status, True, None), path)
    if log:
        wait_for(lambda: log in server.log(), 5, f"{path}: {log!r} in the log")
    return stream


def broken(path, log=None, **more):
    """The answer begins and visibly does not end."""
    stream = fetch(path, **more)
    equal((stream.status, stream.ended, stream.reset), (200, False, INTERNAL_ERROR), path)
    if log:
        wait_for(lambda: log in server.log(), 5, f"{path}: {log!r} in the log")
    return stream


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def gone(pid, seconds=10):
    wait_for(lambda: not alive(pid), seconds, f"end of process {pid}")


# ---- FastCGI ----

@case
def backend_is_absent():
    for path in ("/absent/x", "/closed/x"):
        stream = status_is(path, 503, "cannot connect")
        assert int(stream.field("retry-after")) > 0
        contains(stream.field("content-type"), "text/html")
    contains(server.log(), "is the application running?")


@case
def backend_closes():
    for way in ("/f/", "/unkept/"):
        for tls in (False, True):
            status_is(way + "closes_at_once", 502, "closed the connection", tls=tls)
            status_is(way + "closes_in_the_head", 502, tls=tls)
            equal(broken(way + "closes_in_the_body", tls=tls).body, b"fine\n")
            broken(way + "closes_in_a_record", tls=tls)


@case
def backend_breaks_the_protocol():
    for name in ("wrong_version", "wrong_id", "id_zero", "wrong_type", "short_end"):
        status_is("/f/" + name, 502)
    contains(server.log(), "a record with a request id that was never used")
    broken("/f/wrong_version_in_the_body")
    equal(backend.faults, [])


@case
def end_of_the_request_by_protocol_status():
    status_is("/f/end_cannot_multiplex", 502, "cannot multiplex")
    status_is("/f/end_overloaded", 503, "it is overloaded")
    status_is("/f/end_unknown_role", 502, "does not know the role")
    status_is("/f/end_unknown", 502, "unknown protocol status")
    status_is("/f/end_without_answer", 502, "ended without a response")
    equal(status_is("/f/end_255_after_an_answer", 200).body, b"fine\n")


@case
def timeout_before_the_head():
    status_is("/impatient/silent", 504, "no progress for 0.5 s (timeout): answered 504")
    wait_for(lambda: seen.get("silent"), what="end of the connection to the backend")


@case
def timeout_after_the_head():
    broken("/impatient/silent_after_the_head", "no progress for 0.5 s (timeout): the answer ends")


@case
def error_output_is_logged():
    status_is("/f/says", 200, "says: first line\n")
    contains(server.log(), "says: second line\n")
    contains(server.log(), "/www/f says: with \\x1b octets")


@case
def bad_heads():
    for name, (_, why) in HEADS.items():
        status_is(f"/f/{name}", 502)
        wait_for(lambda w=why: w in server.log().rpartition("bad response head")[2], 5,
                 f"{name}: {why!r} in the log")
    for line in server.log().splitlines():
        assert line.isprintable(), repr(line)
    equal(backend.faults, [])


@case
def content_length_that_is_not_met():
    for name in ("too_short", "too_long", "too_long_later"):
        stream = broken("/f/" + name)
        assert len(stream.body) <= 100, f"{name}: {len(stream.body)}"
    contains(server.log(), "answer ends 50 octets before its Content-Length")
    contains(server.log(), "answer is longer than its Content-Length")


@case
def kept_connection_that_has_ended():
    """The application closes it when the next request comes: GET goes to another, POST does not."""
    seen["requests"] = []
    accepted = backend.accepted
    with server.h2() as connection:
        def ask(method):
            return connection.get("/one/ends_when_used_again", method=method).status
        equal([ask("GET"), ask("GET"), ask("POST"), ask("POST"), ask("HEAD")],
              [200, 200, 502, 200, 200])
    # The second GET and the HEAD came twice, on the old connection and on a new one.
    equal(seen["requests"], [("GET", True), ("GET", False), ("GET", True), ("POST", False),
                             ("POST", True), ("HEAD", False), ("HEAD", True)])
    equal(backend.accepted - accepted, 4)


@case
def kept_connection_that_was_closed_meanwhile():
    for method in ("GET", "POST"):
        for _ in range(5):
            status_is("/one/closes_after_the_end", 200, method=method)
            time.sleep(0.02)


@case
def queue_for_a_connection():
    gates["held"] = threading.Event()
    seen["held"] = 0
    with server.h2() as connection:
        first = connection.request("/one/held")
        connection.until(lambda: connection.streams[first].status, 10, "head of the first")
        second = connection.request("/one/fine")
        third = connection.request("/one/fine")
        # One is served, one waits, there is no room for the third.
        stream = connection.collect(third)
        equal(stream.status, 503)
        assert stream.field("retry-after")
        contains(server.log(), "all 1 connections are busy and 1 requests wait (queue)")
        stream = connection.collect(second)
        equal(stream.status, 503)
        contains(server.log(), "no connection became free in 1 s (queue_timeout)")
        fourth = connection.request("/one/fine")
        connection.pump(0.2)
        equal(connection.streams[fourth].status, None)
        gates["held"].set()
        equal([connection.collect(n).status for n in (first, fourth)], [200, 200])


@case
def a_client_that_goes_leaves_the_queue():
    gates["held"] = threading.Event()
    with server.h2() as connection:
        first = connection.request("/one/held")
        connection.until(lambda: connection.streams[first].status, 10, "head of the first")
        for _ in range(5):
            second = connection.request("/one/fine")
            connection.pump(0.05)
            connection.reset(second)
        third = connection.request("/one/fine")
        connection.pump(0.1)
        gates["held"].set()
        equal([connection.collect(n).status for n in (first, third)], [200, 200])


@case
def kept_connections_keep_nobody_waiting():
    """A program of libfcgi serves one connection until it ends. While others wait to be accepted,
    none is kept (keep_timeout is 5 s)."""
    begun = time.monotonic()
    with kept.h2() as connection:
        numbers = [connection.request("/c/hello") for _ in range(12)]
        for number in numbers:
            equal(connection.collect(number, 60).status, 200)
    took = time.monotonic() - begun
    assert took < 4, f"took {took:.1f} s"


kept = Outrider()


@case
def requests_that_end_after_their_response_are_forgotten():
    """A response without a body is complete with its head. Its stream counts as open until the
    backend has ended, and no longer (max_streams is 128)."""
    with server.h2() as connection:
        for path, method in (("/unkept/ends_later", "HEAD"), ("/unkept/no_content_later", "GET")):
            for i in range(150):
                stream = connection.get(path, method=method)
                equal((stream.ended, stream.reset), (True, None), f"{method} number {i}")


@case
def body_is_too_large():
    for path in ("/small/sinks", "/small-stream/sinks", "/small-cgi/status.sh"):
        stream = fetch(path, "POST", body=b"x" * 1000, fields=[("content-length", "1000")])
        equal(stream.status, 200, path)
        stream = fetch(path, "POST", body=b"x" * 1001, fields=[("content-length", "1001")])
        equal(stream.status, 413, path)
    for path in ("/small/sinks", "/small-stream/sinks"):
        stream = fetch(path, "POST", body=b"x" * 1000)
        equal((stream.status, stream.body), (200, b"1000\n"), path)
        equal(fetch(path, "POST", body=b"x" * 100000).status, 413, path)
    contains(server.log(), "request body over max_body = 1000 octets")


@case
def a_backend_that_does_not_read_the_body():
    for path in ("/small/stdin_refused", "/f/stdin_refused"):
        equal(fetch(path, "POST", body=b"x" * 1000).body, b"fine\n")


@case
def client_resets_a_fastcgi_exchange():
    for name in ("waits_for_the_client", "waits_before_the_head"):
        for way in ("reset", "close"):
            seen.clear()
            with server.h2() as connection:
                number = connection.request("/f/" + name)
                wait_for(lambda: seen.get("begun"), what=f"{name}: request at the backend")
                if way == "reset":
                    connection.reset(number)
                    wait_for(lambda: seen.get("client gone"), what=f"{name}: end of the backend's "
                             "connection")
                    equal(connection.get("/f/fine").status, 200)
            wait_for(lambda: seen.get("client gone"), what=f"{name}, {way}: end of the backend's "
                     "connection")


@case
def program_of_ours_is_started_again():
    def pid():
        text = server.curl("/crash").text
        return int(re.search(r"process (\d+)", text).group(1)) if "process" in text else None
    first = pid()
    assert first
    os.kill(first, signal.SIGKILL)
    second = wait_for(lambda: pid() not in (None, first) and pid(), 20, "another process")
    assert alive(second)
    wait_for(lambda: "was killed by signal 9" in server.log(), 5, "line in the log")
    # It dies by itself in the middle of answers, too.
    status_is("/crash?when=start", 502)
    wait_for(pid, 30, "another process")
    broken("/crash?when=body")
    wait_for(pid, 30, "another process")


# ---- CGI ----

@case
def cgi_program_cannot_be_started():
    status_is("/cgi-bin/no_x.sh", 500, "is it executable")
    status_is("/cgi-bin/no_interpreter.sh", 500, "interpreter")
    status_is("/cgi-bin/no_program.sh", 500, "#! line")


@case
def cgi_program_without_an_answer():
    status_is("/cgi-bin/nothing.sh", 502, "ended without a response")
    status_is("/cgi-bin/half_a_head.sh", 502, "ended in the middle of its response head")


@case
def cgi_program_is_killed():
    status_is("/cgi-bin/killed_early.sh", 502, "killed by signal 9")
    stream = broken("/cgi-bin/killed.sh", "killed by signal 9")
    equal(stream.body, b"half")
    equal(broken("/cgi-bin/short.sh").body, b"half")
    equal(status_is("/cgi-bin/status.sh", 200).body, b"fine\n")


@case
def cgi_error_output_is_logged():
    status_is("/cgi-bin/stderr.sh", 200, "says: oh dear\n")


@case
def client_resets_a_cgi_exchange():
    """The whole process group ends: program, its child and grandchild."""
    for way in ("reset", "close"):
        for tls in (False, True):
            with server.h2(tls) as connection:
                number = connection.request("/cgi-bin/pids.sh")
                stream = connection.streams[number]
                connection.until(lambda s=stream: s.body.endswith(b"\n"), 10, "pids")
                pids = [int(word) for word in stream.body.split()]
                with open(f"/proc/{pids[1]}/task/{pids[1]}/children", encoding="utf-8") as f:
                    pids += [int(word) for word in f.read().split()]
                for pid in pids:
                    assert alive(pid) and os.getpgid(pid) == pids[0]
                if way == "reset":
                    connection.reset(number)
                    for pid in pids:
                        gone(pid)
                    equal(connection.get("/cgi-bin/status.sh").status, 200)
            for pid in pids:
                gone(pid)


@case
def client_resets_a_quiet_cgi_exchange():
    note = os.path.join(server.start().directory, "notes", "a")
    with server.h2() as connection:
        number = connection.request("/cgi-bin/quiet.sh?a")
        wait_for(lambda: os.path.exists(note) and os.path.getsize(note), what="program")
        connection.reset(number)
        with open(note, encoding="ascii") as f:
            gone(int(f.read()))


@case
def a_program_that_ignores_term_is_killed():
    with server.h2() as connection:
        number = connection.request("/cgi-bin/stubborn.sh")
        stream = connection.streams[number]
        connection.until(lambda: stream.body.endswith(b"\n"), 10, "pid")
        pid = int(stream.body)
        begun = time.monotonic()
        connection.reset(number)
        gone(pid, 10)
        assert time.monotonic() - begun >= 0.8, "killed before kill_grace = 1s was over"


@case
def timeout_of_a_cgi_program():
    note = os.path.join(server.start().directory, "notes", "b")
    status_is("/impatient-cgi/quiet.sh?b", 504, "no progress for 0.5 s (timeout)")
    with open(note, encoding="ascii") as f:
        gone(int(f.read()))
    stream = broken("/impatient-cgi/pids.sh")
    for pid in stream.body.split():
        gone(int(pid))


@case
def a_grandchild_that_holds_the_output():
    """The answer ends after `linger`, and so does the grandchild."""
    begun = time.monotonic()
    stream = status_is("/cgi-bin/leaves_output.sh", 200, "stdout is still open")
    assert time.monotonic() - begun < 10
    gone(int(stream.body))


@case
def a_grandchild_that_is_left_behind():
    """Who wants to outlive the request has to leave the group (setsid)."""
    gone(int(status_is("/cgi-bin/leaves_none.sh", 200).body))
    pid = int(status_is("/cgi-bin/leaves_daemon.sh", 200).body)
    time.sleep(0.3)
    assert alive(pid), "setsid did not help"
    os.kill(pid, signal.SIGKILL)


@case
def client_goes_while_a_grandchild_holds_the_output():
    with server.h2() as connection:
        number = connection.request("/cgi-bin/leaves_output.sh")
        stream = connection.streams[number]
        connection.until(lambda: stream.body.endswith(b"\n"), 10, "pid")
        connection.pump(0.2)    # the leader has gone by now, and linger is not over
        connection.reset(number)
        gone(int(stream.body))
        equal(connection.get("/cgi-bin/status.sh").status, 200)


@case
def many_programs_that_are_given_up():
    with server.h2() as connection:
        for _ in range(5):
            numbers = [connection.request("/cgi-bin/pids.sh") for _ in range(10)]
            connection.pump(0.1)
            for number in numbers:
                connection.reset(number)
        equal(connection.get("/cgi-bin/status.sh").status, 200)
    def running():
        return [p for p in glob.glob("/proc/[0-9]*/cmdline")
                if f"{server.directory}/cgi-bin/pids.sh".encode() in read_octets(p)]
    wait_for(lambda: not running(), 10, "end of all programs")


def read_octets(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


# ---- paths ----

HOSTILE = ["/../secret.txt", "/%2e%2e/secret.txt", "/.%2e/secret.txt", "/%2E%2E/secret.txt",
           "/..%2fsecret.txt", "/..%2Fsecret.txt", "/%2e%2e%2fsecret.txt", "/..%5csecret.txt",
           "/..\\secret.txt", "/%5c../secret.txt", "/x/../../secret.txt", "/./../secret.txt",
           "//../secret.txt", "/x//../../secret.txt", "/inside.txt/../../secret.txt",
           "/%252e%252e/secret.txt", "/%c0%ae%c0%ae/secret.txt", "/..%00/secret.txt",
           "/inside.txt%00", "/inside.txt%00.html", "/%", "/%2", "/%zz", "/%2x", "/a%0d%0ab",
           "/%7f", "/..;/secret.txt", "/.../secret.txt", "/%u002e%u002e/secret.txt",
           "/cgi-bin/../../secret.txt", "/cgi-bin/..%2f..%2fsecret.txt",
           "/cgi-bin/%2e%2e/secret.txt", "/cgi-bin/%2e%2e/secret.txt/x", "/cgi-bin/../secret.txt",
           "/cgi-bin/.%2e/%2e./secret.txt", "/cgi-bin/\\..\\secret.txt",
           "/cgi-bin/x/../../secret.txt",
           "/cgi-bin//../secret.txt", "/cgi-bin/%00", "/cgi-bin/status.sh%00", "/proc/self/environ",
           "//proc/self/environ", "/f/../../../etc/passwd", "/" + "../" * 100 + "etc/passwd",
           "/" + "a" * 5000, "/" + "a/" * 3000, "/cgi-bin/" + "a" * 5000, "/" + "%61" * 3000,
           "/" + "a/" * 1000 + "../" * 1001 + "secret.txt", "/secret.txt", "/inside.txt/",
           "/inside.txt/.", "/inside.txt/x", "/%2finside.txt", "/~root/secret.txt"]


@case
def hostile_paths():
    with server.h2() as connection:
        for path in HOSTILE:
            stream = connection.collect(connection.request(path), 10)
            assert stream.status in (400, 404, 414), f"{path[:80]}: {stream.status}"
            assert b"secret" not in stream.body and b"root:" not in stream.body, path[:80]
        for path in ("/x/../inside.txt", "/./inside.txt", "//inside.txt", "/%69nside.txt",
                     "/a/b/../../inside.txt", "/x/%2e%2e/inside.txt"):
            stream = connection.collect(connection.request(path), 10)
            equal((stream.status, stream.body), (200, b"inside\n"), path)


@case
def targets_that_are_no_paths():
    """Malformed requests are answered 400 or reset, and the connection goes on (RFC 9113 section
    8.1.1)."""
    with server.h2() as connection:
        for path in ("inside.txt", "", "*", "http://x/inside.txt", "/a b", "/a#b"):
            stream = connection.collect(connection.request(path), 10)
            assert stream.reset is not None or stream.status in (400, 404), \
                f"{path!r}: {stream.status}"
        equal(connection.get("/inside.txt").status, 200)


@case
def links_out_of_the_root_are_the_owners_affair():
    os.symlink("inside.txt", os.path.join(server.start().directory, "www", "link.txt"))
    equal(server.curl("/link.txt").text, "inside\n")


# ---- configuration ----

BASE = "[listen a]\naddress = 127.0.0.1:1\n[site s]\nroot = /srv\n"
CONFIGS = [
    (BASE + "[route r]\nmatch = /x\nhandler = cgi\ntimout = 3s\n",
     ['8: [route r] timout: unknown key; did you mean "timeout"?']),
    (BASE + "[route r]\nmatch = /x\nhandler = cgi\nhints = learn\n",
     ['8: [route r] hints: "learn" is not allowed here; allowed are off and pass']),
    (BASE + "[route r]\nmatch = /x\nhandler = cgi\ntimeout = 5x\n", None),
    (BASE + "[route r]\nmatch = /x\nhandler = fastcgi\n", None),
    (BASE + "[route r]\nmatch = /x\nhandler = fastcgi\nbackend = none\n", None),
    (BASE + "[rout r]\n", None),
    ("[server]\nworkers = 0\n" + BASE, None),
    ("[server]\nworkers = 1\nworkers = 2\n" + BASE, None),
    ("[server]\nidle_timeout = 99h\nstream_window = 1\n" + BASE, None),
    ("[site s]\nroot = /srv\n", None),
    ("[listen a]\naddress = 127.0.0.1:1\n", None),
    ("[listen a]\naddress = 127.0.0.1:99999\n[site s]\nroot = /srv\n", None),
    ("[listen a]\naddress = 127.0.0.1:1\ntls = on\n[site s]\nroot = /srv\n", None),
    (BASE + "[listen b]\naddress = 127.0.0.1:1\n", None),
    (BASE + "[fastcgi f]\n", None),
    (BASE + "[fastcgi f]\ncommand = /a\nconnect = unix:/b\n", None),
    ("key = value\n" + BASE, None),
    (BASE + "nonsense\n", None),
]


def check_config(text, options=("-t",)):
    folder = server.start().directory
    path = os.path.join(folder, "checked.ini")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    done = subprocess.run([os.path.join(BUILD, "outrider"), *options, "-c", "checked.ini"],
                          cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


@case
def wrong_configurations_are_explained():
    for text, lines in CONFIGS:
        status, out, errors = check_config(text)
        equal((status, out), (1, ""), text)
        if lines is not None:
            equal(errors, "".join(f"checked.ini:{line}\n" for line in lines))
        assert errors and len(errors.splitlines()) <= 3, f"{text}: {errors}"
        for line in errors.splitlines():
            assert re.match(r"checked\.ini:\d+: |checked\.ini: ", line), f"{text}: {line}"
        # The server does not start with it either.
        again = check_config(text, ())
        equal(again, (1, "", errors + "outrider: not started\n"))
    equal(check_config(BASE), (0, "checked.ini: the configuration is fine\n", ""))


@case
def all_errors_are_shown_at_once():
    text = BASE + ("[route r]\nmatch = /x\nhandler = cgi\ntimout = 3s\nmax_body = many\n"
                   "realpath = 7\n")
    errors = check_config(text)[2].splitlines()
    equal([line.split(":")[1] for line in errors], ["8", "9", "10"], str(errors))


@case
def command_line():
    def run(*options):
        done = subprocess.run([os.path.join(BUILD, "outrider"), *options], capture_output=True,
                              text=True, timeout=30, check=False)
        return done.returncode, done.stdout, done.stderr
    status, out, _ = run("--version")
    equal(status, 0)
    assert re.match(r"outrider \d+\.\d+", out), out
    status, out, _ = run("--help")
    equal(status, 0)
    contains(out, "usage: outrider")
    for options in (("-x",), ("-d", "nothing"), ("extra",)):
        status, out, errors = run(*options)
        equal((status, out), (2, ""), str(options))
        assert errors
    status, _, errors = run("-c", "/no/such/file.ini")
    equal(status, 1)
    contains(errors, "/no/such/file.ini")


# ---- processes of the server ----

def processes(of, name=None):
    """Children of a server's first process, by the names they gave themselves."""
    with open(f"/proc/{of.process.pid}/task/{of.process.pid}/children", encoding="utf-8") as f:
        pids = [int(word) for word in f.read().split()]
    return [pid for pid in pids
            if name is None or read_octets(f"/proc/{pid}/comm").decode().strip() == name]


@case
def privileges_are_dropped():
    if not ROOT:
        skip("not started as root")
    server.start()
    text = server.curl("/cgi-bin/id.sh").text.split("\n")
    equal(text[0], USER)
    assert "0" not in text[2].split(), text
    pids = processes(server)
    assert len(pids) >= 2
    for pid in pids:
        status = read_octets(f"/proc/{pid}/status").decode()
        ids = re.search(r"Uid:\s+(.*)", status).group(1).split()
        groups = re.search(r"Gid:\s+(.*)", status).group(1).split() \
            + re.search(r"Groups:(.*)", status).group(1).split()
        assert "0" not in ids and "0" not in groups, status
        contains(status, "CapEff:\t0000000000000000")


@case
def a_worker_that_dies_is_replaced():
    server.start()
    pid = processes(server, "outrider-worker")[0]
    with server.h2() as connection:
        connection.get("/inside.txt")
        number = connection.request("/cgi-bin/pids.sh")
        stream = connection.streams[number]
        connection.until(lambda: stream.body.endswith(b"\n"), 10, "pids")
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not connection.pump(0.1) and connection.closed,
                 what="end of the connection")
    # The listening socket stays, so this waits at most.
    equal(server.curl("/inside.txt").text, "inside\n")
    wait_for(lambda: processes(server, "outrider-worker") not in ([], [pid]), what="another worker")
    contains(server.log(), f"worker {pid} was killed by signal 9 (Killed): starting another")
    for child in stream.body.split():
        gone(int(child))
    equal(server.curl("/cgi-bin/status.sh").text, "fine\n")
    equal(server.curl("/crash").status, 200)


@case
def a_spawner_that_dies_is_replaced():
    server.start()
    pid = processes(server, "outrider-spawn")[0]
    with server.h2() as connection:
        number = connection.request("/cgi-bin/slow.sh")
        stream = connection.streams[number]
        connection.until(lambda: stream.body, 10, "body")
        os.kill(pid, signal.SIGKILL)
        connection.collect(number)
        equal(stream.reset, INTERNAL_ERROR, "programs of the spawner that died")
    wait_for(lambda: server.curl("/cgi-bin/status.sh").text == "fine\n", 20, "CGI again")
    wait_for(lambda: "process" in server.curl("/crash").text, 20, "FastCGI programs again")


@case
def term_finishes_what_is_under_way():
    ending = new_server()
    with ending.h2() as connection, ending.h2(True) as idle:
        idle.get("/inside.txt")
        number = connection.request("/cgi-bin/slow.sh")
        stream = connection.streams[number]
        connection.until(lambda: stream.body, 10, "first octets")
        begun = time.monotonic()
        os.kill(ending.process.pid, signal.SIGTERM)
        connection.until(lambda: connection.goaway, 10, "GOAWAY")
        equal(connection.goaway[0], 0)
        idle.until(lambda: idle.closed, 10, "end of the idle connection")
        equal(idle.goaway, (0, 1))
        assert not stream.ended
        for tls in (False, True):
            try:
                with ending.connect(tls) as late:
                    late.settimeout(5)
                    equal(late.recv(100), b"", "a new connection is served")
            except OSError:
                pass
        connection.collect(number)
        equal((stream.body, stream.reset), (b"begun\ndone\n", None))
        connection.until(lambda: connection.closed, 10, "end of the connection")
        equal(connection.goaway, (0, number))
    wait_for(lambda: not ending.process.alive(), 15, "end of the server")
    assert time.monotonic() - begun < 15
    equal(ending.process.popen.returncode, 0)


@case
def a_second_term_ends_at_once():
    ending = new_server()
    with ending.h2() as connection:
        number = connection.request("/cgi-bin/pids.sh")
        stream = connection.streams[number]
        connection.until(lambda: stream.body.endswith(b"\n"), 10, "pids")
        os.kill(ending.process.pid, signal.SIGTERM)
        connection.until(lambda: connection.goaway, 10, "GOAWAY")
        os.kill(ending.process.pid, signal.SIGTERM)
        wait_for(lambda: not ending.process.alive(), 15, "end of the server")
        for pid in stream.body.split():
            gone(int(pid))
    equal(ending.process.popen.returncode, 0)


@case
def a_port_that_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        text = DEFAULT_INI[:DEFAULT_INI.index("[listen secure]")] \
            .replace("@PORT@", str(taken.getsockname()[1])).replace("@USER@", "") \
            + "[site s]\nroot = /srv\n"
        status, _, errors = check_config(text, ())
        equal(status, 1)
        contains(errors, "Address already in use")


TWO_WORKERS = """
[server]
workers = 2
@USER@
[listen clear]
address = 127.0.0.1:@PORT@
[fastcgi lone]
command = @APPS@/hello.fcgi
keep_timeout = 30s
[site main]
root = @WWW@
[route lone]
match = /lone
handler = fastcgi
backend = lone
"""


@case
def one_process_for_two_workers():
    # A connection that one worker keeps must not hold the only process against the other.
    pair = Outrider(ini=TWO_WORKERS)
    begun = time.monotonic()
    for _ in range(24):
        with pair.h2() as connection:
            equal(connection.collect(connection.request("/lone"), 20).status, 200)
    if time.monotonic() - begun > 15:
        raise AssertionError("requests waited for an idle connection of the other worker")


SHARED = """
[server]
workers = 2
pid_file = @DIR@/@PIDNAME@
[listen clear]
address = 127.0.0.1:@PORT@
[site main]
root = @WWW@
access_log = @DIR@/@LOG@
"""


@case
def a_second_server_on_the_same_port():
    # SO_REUSEPORT among workers must not let another server in, nor may that take the pid file away.
    first = Outrider(ini=SHARED, words={"PIDNAME": "first.pid", "LOG": "access.log"})
    first.start()
    ini = os.path.join(first.directory, "outrider.ini")
    done = subprocess.run([os.path.join(BUILD, "outrider"), "-c", ini], capture_output=True, text=True,
                          timeout=20, check=False)
    equal(done.returncode, 1)
    contains(done.stderr, "Address already in use")
    with open(os.path.join(first.directory, "first.pid"), encoding="ascii") as f:
        equal(int(f.read()), first.process.pid)


@case
def a_log_that_cannot_be_opened_stops_the_start():
    other = Outrider(ini=SHARED, words={"PIDNAME": "pid", "LOG": "none/access.log"})
    other.prepare()
    done = subprocess.run([os.path.join(BUILD, "outrider"), "-c",
                           os.path.join(other.directory, "outrider.ini")],
                          capture_output=True, text=True, timeout=20, check=False)
    equal(done.returncode, 1)
    contains(done.stderr, "access_log")
    contains(done.stderr, "No such file or directory")


@case
def check_leaves_nothing_behind():
    made = os.path.join(server.start().directory, "made.log")
    status, _, errors = check_config("[listen c]\naddress = 127.0.0.1:8001\n[site s]\nroot = /srv\n"
                                     f"access_log = {made}\n")
    equal(status, 0, errors)
    assert not os.path.exists(made)


@case
def check_looks_at_certificates():
    status, _, errors = check_config("""
[listen secure]
address = 127.0.0.1:@PORT@
tls = on
certificate = @DIR@/key.pem
private_key = @DIR@/key.pem
[listen other]
address = 127.0.0.1:@TLS_PORT@
tls = on
certificate = @DIR@/none.pem
[site s]
root = /srv
""".replace("@PORT@", "8001").replace("@TLS_PORT@", "8002").replace("@DIR@", server.directory))
    equal(status, 1)
    contains(errors, "key.pem: there is none in that file")
    contains(errors, "none.pem: No such file or directory")


@case
def error_output_before_a_bad_head_is_never_lost():
    for _ in range(30):
        status_is("/cgi-bin/complains.sh", 502)
    equal(server.log().count("says: the reason of it all"), 30)


@case
def the_backend_had_no_faults():
    equal(backend.faults, [])


main()
