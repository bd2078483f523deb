#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Informational responses: what an application writes, in every split, and what a client gets.

The octets of each case are sent whole, split in two at every position (each part a record and a
write of its own, the second only when the server has read the first), octet by octet, and with
padding and error output in between. For each the client compares all heads and the body, exactly
and in order.
"""
import time

import harness
from fcgi_backend import STDERR, STDOUT, Backend, record
from harness import Outrider, case, equal, main

STYLE = "</style.css>; rel=preload; as=style"
APP = "</app.js>; rel=preload; as=script"
BODY = b"the page\n"
FINAL = b"Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n" + BODY
PLAIN = (200, [("content-type", "text/plain")])
HINT = b"Status: 103 Early Hints\r\nLink: " + STYLE.encode() + b"\r\n\r\n"
SECOND = b"Status: 103 Early Hints\r\nLink: " + APP.encode() + b"\r\n\r\n"
SMALL = b"Status: 103\r\nLink: </a>; rel=preload\r\nX-Fill: " + 150 * b"x" + b"\r\n\r\n"
SMALL_FIELDS = [("link", "</a>; rel=preload"), ("x-fill", 150 * "x")]


def link(*values):
    return [("link", value) for value in values]


def page(*links, status=200):
    return status, [("content-type", "text/plain"), *link(*links)]


class Hints:
    """A case: the octets of the application and the heads that a client must get; final None stands
    for the 502 of the server."""

    def __init__(self, name, octets, heads, final, body=BODY, **more):
        self.name = name
        self.octets = octets
        self.heads = heads
        self.final = final
        self.body = body
        self.route = more.get("route", "x")
        self.method = more.get("method", "GET")
        self.fields = more.get("fields", [])
        self.upload = more.get("upload")
        self.eof = more.get("eof", False)   # end with the connection, without END_REQUEST


CASES = [
    Hints("no 1xx", FINAL, [], PLAIN),
    Hints("one 103", HINT + FINAL, [(103, link(STYLE))], page(STYLE)),
    Hints("two 103", HINT + SECOND + FINAL, [(103, link(STYLE)), (103, link(APP))],
          page(STYLE, APP)),
    Hints("102, 103", b"Status: 102 Processing\r\n\r\n" + HINT + FINAL,
          [(102, []), (103, link(STYLE))], page(STYLE)),
    Hints("unknown 1xx", b"Status: 199 Odd\r\nX-A: b\r\n\r\n" + FINAL, [(199, [("x-a", "b")])],
          PLAIN),
    Hints("LF only", (HINT + FINAL).replace(b"\r\n", b"\n"), [(103, link(STYLE))], page(STYLE)),
    Hints("status lines", b"HTTP/1.1 103 Early Hints\r\nLink: " + STYLE.encode()
          + b"\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n\r\n" + BODY,
          [(103, link(STYLE))], page(STYLE, status=404)),
    Hints("no reason phrase", b"Status: 103\r\nLink: " + STYLE.encode()
          + b"\r\n\r\nStatus: 418\r\nContent-Type: text/plain\r\n\r\n" + BODY,
          [(103, link(STYLE))], page(STYLE, status=418)),
    Hints("no final status", HINT + b"Content-Type: text/plain\n\n" + BODY, [(103, link(STYLE))],
          page(STYLE)),
    Hints("stock PHP", b"X-Powered-By: PHP/8.2.1\r\nStatus: 103 Early Hints\r\nLink: "
          + STYLE.encode() + b"\r\nContent-type: text/html; charset=UTF-8\r\n\r\nX-Hinted: yes\r\n"
          + b"Status: 404 Nope\r\nContent-Type: text/plain\r\n\r\n" + BODY,
          [(103, link(STYLE))],
          (404, [("x-hinted", "yes"), ("content-type", "text/plain"), *link(STYLE)])),
    Hints("103, then END", HINT, [(103, link(STYLE))], None),
    Hints("103, then EOF", HINT, [(103, link(STYLE))], None, eof=True),
    Hints("103, half a head, END", HINT + b"Status: 200 OK\r\nContent-Ty", [(103, link(STYLE))],
          None),
    Hints("100 unasked", b"Status: 100 Continue\r\n\r\n" + FINAL, [], PLAIN),
    Hints("100 asked for", b"Status: 100 Continue\r\n\r\n" + FINAL, [(100, [])], PLAIN,
          method="POST", fields=[("expect", "100-continue")], upload=b"body", route="stream"),
    Hints("101", b"Status: 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n" + FINAL, [],
          PLAIN),
    Hints("fields that are dropped",
          b"Status: 103\r\nContent-Type: text/html\r\nSet-Cookie: a=b\r\nContent-Encoding: gzip\r\n"
          b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: x-gone\r\nX-Gone: 1\r\n"
          b"Date: now\r\nServer: s\r\nX-Powered-By: p\r\nKeep-Alive: 5\r\nX-Kept: 1\r\nLink: "
          + STYLE.encode() + b"\r\n\r\n" + FINAL,
          [(103, [("x-kept", "1"), *link(STYLE)])], page(STYLE)),
    Hints("upper-case names", b"STATUS: 103\r\nLINK: " + STYLE.encode()
          + b"\r\nX-CUSTOM: Value\r\n\r\nSTATUS: 200\r\nCONTENT-TYPE: text/plain\r\n\r\n" + BODY,
          [(103, [*link(STYLE), ("x-custom", "Value")])], page(STYLE)),
    Hints("max_hints = 256", SMALL + SMALL + HINT + FINAL, [(103, SMALL_FIELDS)],
          page("</a>; rel=preload"), route="small"),
    Hints("hints = off", HINT + FINAL, [], page(STYLE), route="off"),
    Hints("hints_carry = off", HINT + FINAL, [(103, link(STYLE))], PLAIN, route="uncarried"),
    Hints("Link not twice", HINT + SECOND + b"Content-Type: text/plain\r\nLink: " + STYLE.encode()
          + b"\r\n\r\n" + BODY, [(103, link(STYLE)), (103, link(APP))],
          (200, [("content-type", "text/plain"), *link(STYLE, APP)])),
    Hints("same Link in two 103", HINT + HINT + FINAL, [(103, link(STYLE)), (103, link(STYLE))],
          page(STYLE)),
    Hints("two Links in a field", b"Status: 103\r\nLink: " + f"{STYLE}, {APP}".encode()
          + b"\r\n\r\nContent-Type: text/plain\r\nLink: </x>; rel=preload\r\n\r\n" + BODY,
          [(103, link(f"{STYLE}, {APP}"))],
          (200, [("content-type", "text/plain"), *link("</x>; rel=preload", f"{STYLE}, {APP}")])),
    Hints("HEAD", HINT + FINAL, [(103, link(STYLE))], page(STYLE), method="HEAD", body=b""),
    Hints("204 after 103", HINT + b"Status: 204 No Content\r\n\r\n", [(103, link(STYLE))],
          (204, link(STYLE)), body=b""),
    Hints("redirect after 103", HINT + b"Location: /elsewhere\r\n\r\n", [(103, link(STYLE))],
          (302, [("location", "/elsewhere"), *link(STYLE)]), body=b""),
]
WHOLE, OCTETS = 0, -1


def answer(request):
    """/ROUTE/CASE/SPLIT/STYLE"""
    number, split, padded = (int(part) for part in request.params["PATH_INFO"].split("/")[1:])
    this = CASES[number]
    octets = this.octets
    if this.upload:
        request.read_all()
    if split == WHOLE:
        parts = [octets]
    elif split == OCTETS:
        parts = [octets[i:i + 1] for i in range(len(octets))]
    else:
        parts = [octets[:split], octets[split:]]
    for i, part in enumerate(parts):
        if padded:
            request.send(record(STDOUT, part, padding=1 + i % 255)
                         + record(STDERR, b"note\n") + record(STDOUT))
        else:
            request.stdout(part)
        if i + 1 < len(parts) or this.eof:
            request.drain()
    if this.eof:
        request.close()
    else:
        request.end()


# Prints the octets of a case in two writes, the second when the first was read (FIONREAD of the
# pipe is 0 then); QUERY_STRING is CASE&SPLIT.
PERL = r"""#!/usr/bin/perl
my ($case, $split) = split /&/, $ENV{QUERY_STRING};
open my $file, '<:raw', "$ENV{CASES}/$case" or die;
my $octets = do { local $/; <$file> };
sub drain {
    for (1 .. 100000) {
        my $left = pack 'i', 0;
        ioctl STDOUT, 0x541b, $left or die;
        last unless unpack 'i', $left;
        select undef, undef, undef, 0.00005;
    }
}
my @parts = $split == -1 ? split //, $octets
    : $split ? (substr($octets, 0, $split), substr $octets, $split) : $octets;
for my $part (@parts) {
    syswrite STDOUT, $part;
    drain;
}
"""

INI = """
[server]
workers = 1
@USER@
error_log = stderr
log_level = warn
max_streams = 200

[listen clear]
address = 127.0.0.1:@PORT@

[listen secure]
address = 127.0.0.1:@TLS_PORT@
tls = on
certificate = @DIR@/cert.pem
private_key = @DIR@/key.pem

[fastcgi raw]
connect = unix:@BACKEND@
keep = 16
max_connections = 16

[site main]
root = @WWW@

"""
KINDS = {"x": "", "stream": "request_body = stream\n", "small": "max_hints = 256\n",
         "off": "hints = off\n", "uncarried": "hints_carry = off\n"}

backend = harness.at_end(Backend(answer, fork=True))
server = Outrider(
    ini=INI + "".join(
        f"[route {name}]\nmatch = /{name}/\nhandler = fastcgi\nbackend = raw\n{keys}\n"
        f"[route c{name}]\nmatch = /c/{name}/\nhandler = cgi\nroot = @CGI@\n{keys}\n"
        "[env]\nCASES = @DIR@/cases\n\n" for name, keys in KINDS.items()),
    words={"BACKEND": backend.path},
    files={"cgi-bin/case.pl": PERL,
           **{f"cases/{i}": this.octets for i, this in enumerate(CASES)}})
table = []


def check(this, stream, what):
    """Compares what came on a stream with what had to."""
    got = [(status, fields[1:]) for _, status, fields in stream.informational]
    assert got == this.heads, f"{what}: informational heads: got {got!r}, expected " \
        f"{this.heads!r}; then {stream.status} {stream.fields!r}, reset {stream.reset}"
    final = (stream.status, [f for f in stream.fields[1:] if f[0] != "date"])
    if this.final is None:
        equal((final[0], stream.reset), (502, None), f"{what}: final status, reset")
        return
    equal(final, this.final, f"{what}: final head")
    equal((stream.body, stream.ended), (this.body, True), f"{what}: body")
    # RFC 9113 section 8.1: NO_ERROR tells that the rest of the request is not wanted.
    assert stream.reset in (None, 0 if this.upload else None), f"{what}: reset {stream.reset}"


def run(connection, this, tries, path_of):
    """Sends a request for each of the tries, a few of them at the same time."""
    open_streams = {}

    def done():
        return [n for n in open_streams if connection.streams[n].ended
                or connection.streams[n].reset is not None]
    tries = list(tries)
    for one in tries + [None] * 12:
        if one is not None:
            number = connection.request(path_of(one), this.method, this.fields,
                                        end=this.upload is None)
            open_streams[number] = one
            if this.upload:  # waits for its 100: whoever sends a body unasked gets none
                stream = connection.streams[number]
                connection.until(lambda s=stream: s.informational or s.status, 30, "100")
                if not stream.ended and stream.reset is None:
                    connection.send(number, this.upload, True)
        if open_streams and (one is None or len(open_streams) >= 12):
            connection.until(done, 30, f"{this.name} {one}")
            for n in done():
                check(this, connection.streams.pop(n), f"{this.name}, try {open_streams.pop(n)}")
    equal(open_streams, {})
    return len(tries)


def fcgi(this, tls):
    index = CASES.index(this)
    tries = [(split, padded) for padded in (0, 1)
             for split in (WHOLE, OCTETS, *range(1, len(this.octets)))]
    with server.h2(tls) as connection:
        return run(connection, this, tries,
                   lambda one: f"/{this.route}/{index}/{one[0]}/{one[1]}")


def cgi(this, tls):
    index = CASES.index(this)
    step = max(1, len(this.octets) // 12)
    tries = [WHOLE, OCTETS, *range(1 + index % step, len(this.octets), step)]
    with server.h2(tls) as connection:
        return run(connection, this, tries,
                   lambda split: f"/c/{this.route}/case.pl?{index}&{split}")


def add(function, name, this, tls):
    def tried():
        row = {"case": this.name, "over": name, "tried": 0, "ok": False}
        table.append(row)
        row["tried"] = function(this, tls)
        row["ok"] = True
    tried.__name__ = f"{this.name}: {name}"
    case(tried)


for entry in CASES:
    add(fcgi, "FastCGI, h2c", entry, False)
    add(fcgi, "FastCGI, TLS", entry, True)
    if not entry.eof:
        add(cgi, "CGI, h2c", entry, False)
        add(cgi, "CGI, TLS", entry, True)


@case
def dropped_hints_are_logged():
    if any(row["case"] == "max_hints = 256" for row in table):
        harness.contains(server.log(), "informational heads over max_hints = 256 are dropped")


class Table:
    """How many ways of sending were tried for each case on each path; shown at the end."""

    begun = time.monotonic()

    def stop(self):
        ways = ("FastCGI, h2c", "FastCGI, TLS", "CGI, h2c", "CGI, TLS")
        print(f"\n{'ways of sending tried':26}", *(f"{way:>13}" for way in ways))
        for this in CASES:
            cells = []
            for way in ways:
                row = next((r for r in table if (r["case"], r["over"]) == (this.name, way)), None)
                cells.append("-" if row is None else
                             f"{row['tried']} ok" if row["ok"] else "FAILED")
            print(f"{this.name:26}", *(f"{cell:>13}" for cell in cells))
        total = sum(row["tried"] for row in table)
        print(f"{total} responses in {time.monotonic() - self.begun:.0f} s\n", flush=True)


harness.at_end(Table())
main()
