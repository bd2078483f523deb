#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An informational response leaves while the program still works on the page.

The programs of etc/demo write a 103, sleep for a second, and write the page. So the 103 has to be
here long before the final head. No other times are asserted: the machine may be slow.
"""
import re
import threading
import time

import harness
from fcgi_backend import Backend
from harness import Outrider, case, equal, main

LINKS = [("link", "</style.css>; rel=preload; as=style"),
         ("link", "</app.js>; rel=preload; as=script")]
PROGRAMS = {"stock PHP": "/hints.php", "C, FastCGI": "/c/hints", "Perl, CGI": "/cgi-bin/hints.pl",
            "shell, CGI": "/cgi-bin/hints.sh"}
APART = 0.5   # seconds between 103 and final head, at the least; the programs sleep for 1

server = Outrider()
table = []


def noted(name, way, hint, final):
    assert final - hint >= APART, f"103 after {hint:.3f} s, final head after {final:.3f} s"
    table.append((name, way, hint, final))


def with_h2(name, path, tls):
    with server.h2(tls) as connection:
        number = connection.request(path)
        stream = connection.streams[number]
        connection.until(lambda: stream.informational, 20, "103")
        equal(stream.status, None, "final head when the 103 had come")
        connection.collect(number, 20)
    equal([(status, fields[1:]) for _, status, fields in stream.informational], [(103, LINKS)])
    equal(stream.status, 200)
    equal([f for f in stream.fields if f[0] == "link"], LINKS, "Link fields of the final head")
    assert b"</html>" in stream.body and stream.ended
    noted(name, f"python-h2, {'TLS' if tls else 'h2c'}", stream.informational[0][0],
          stream.status_at)


def with_nghttp(name, path, tls):
    text = server.nghttp(path, tls=tls)
    heads = re.findall(r"\[ *([0-9.]+)\] recv \(stream_id=\d+(?:, sensitive)?\) :status: (\d+)",
                       text)
    equal([status for _, status in heads], ["103", "200"], text[-3000:])
    noted(name, f"nghttp, {'TLS' if tls else 'h2c'}", float(heads[0][0]), float(heads[1][0]))


def add(function, name, path, tls):
    def tried():
        function(name, path, tls)
    tried.__name__ = f"{name}: {'python-h2' if function is with_h2 else 'nghttp'}, " \
                     f"{'TLS' if tls else 'h2c'}"
    case(tried)


for program, where in PROGRAMS.items():
    for over_tls in (False, True):
        add(with_h2, program, where, over_tls)
        add(with_nghttp, program, where, over_tls)


@case
def a_hint_passes_a_long_response_on_its_connection():
    """It is not queued behind the DATA of other streams."""
    with server.h2() as connection:
        connection.h2.increment_flow_control_window(1 << 27)
        big = connection.request("/c/source?n=60000000")
        # Only part of it is read: there is always more to send.
        connection.until(lambda: len(connection.streams[big].body) > 1000000, 20, "DATA")
        number = connection.request("/c/hints?sleep=1")
        stream = connection.streams[number]
        connection.until(lambda: stream.informational, 20, "103")
        at = len(connection.streams[big].body)
        assert not connection.streams[big].ended, f"all {at} octets came before the 103"
        connection.reset(big)
        connection.collect(number, 20)


@case
def a_102_each_half_second():
    with server.h2() as connection:
        stream = connection.collect(connection.request("/c/slow?progress=0.5&head=2&lines=1"), 20)
        equal([status for _, status, _ in stream.informational], [102, 102, 102])
        times = [at for at, _, _ in stream.informational] + [stream.status_at]
        assert times[-1] - times[0] >= 1, times


@case
def body_octets_leave_when_they_are_written():
    for path in ("/c/slow?head=0&lines=3&gap=0.5", "/cgi-bin/slow.sh"):
        with slow.h2() as connection:
            stream = connection.collect(connection.request(path), 20)
            assert len(stream.pieces) >= 3, f"{path}: {stream.pieces}"
            assert stream.pieces[2][0] - stream.pieces[0][0] >= 0.5, f"{path}: {stream.pieces}"


slow = Outrider(files={"cgi-bin/slow.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n"
                       "for i in 1 2 3; do echo line $i; sleep 0.5; done\n"})

# A FastCGI application that sends nothing more before the client has seen what came so far: if a
# server held anything back, this would stand still.
seen = threading.Semaphore(0)


def by_the_client(request):
    for i in range(1, 6):
        request.stdout(f"Status: 103\r\nX-Number: {i}\r\n\r\n".encode())
        assert seen.acquire(timeout=20)
    request.stdout(b"Content-Type: text/plain\r\n\r\n")
    for i in range(1, 6):
        assert seen.acquire(timeout=20)
        request.stdout(b"%d" % i)
    assert seen.acquire(timeout=20)


backend = harness.at_end(Backend(by_the_client))
lockstep = Outrider(words={"BACKEND": backend.path}, ini="""
[server]
workers = 1
@USER@
[listen clear]
address = 127.0.0.1:@PORT@
[listen secure]
address = 127.0.0.1:@TLS_PORT@
tls = on
certificate = @DIR@/cert.pem
private_key = @DIR@/key.pem
[fastcgi raw]
connect = unix:@BACKEND@
[site main]
root = @WWW@
[route raw]
match = /
handler = fastcgi
backend = raw
""")


def in_step(tls):
    with lockstep.h2(tls) as connection:
        number = connection.request("/")
        stream = connection.streams[number]
        for i in range(1, 6):
            connection.until(lambda n=i: len(stream.informational) == n, 20, f"103 number {i}")
            equal(stream.informational[-1][2][-1], ("x-number", str(i)))
            seen.release()
        connection.until(lambda: stream.status, 20, "final head")
        for i in range(1, 6):
            seen.release()
            connection.until(lambda n=i: len(stream.body) == n, 20, f"octet {i}")
        seen.release()
        connection.collect(number)
        equal((stream.body, backend.faults), (b"12345", []))


@case
def nothing_is_held_back_h2c():
    in_step(False)


@case
def nothing_is_held_back_TLS():  # pylint: disable=invalid-name
    in_step(True)


class Table:
    """When the heads came; shown at the end."""

    begun = time.monotonic()

    def stop(self):
        print(f"\n{'seconds after the request':26} {'':16} {'103':>8} {'final':>8}")
        for name, way, hint, final in table:
            print(f"{name:26} {way:16} {hint:8.3f} {final:8.3f}")
        print(f"in {time.monotonic() - self.begun:.0f} s\n", flush=True)


harness.at_end(Table())
main()
