# SPDX-License-Identifier: MIT
"""RFC 9113 section 8: HTTP in frames.

Malformed requests: section 8.1.1 wants a stream error PROTOCOL_ERROR, and a server may answer
before it. Outrider promises the stream error without an answer and without harm to the connection,
so these cases are strict.
"""
from frames import (
    DATA, END_STREAM, HEADER_LIST, INDEXING, PROTOCOL_ERROR, TEXT, INITIAL_WINDOW_SIZE,
    MAX_HEADER_LIST_SIZE, block, case, field, indexed)
from harness import contains, equal


def malformed(name, fields=None, make=None, end=True):
    """One case: the fields (or what make(c) returns) are malformed; another request is not hurt."""
    @case(name)
    def _(c):
        c.headers(1, make(c) if make else fields, end)
        c.stream_error(1, PROTOCOL_ERROR, strict=True)
        equal(c.streams[1].status, None)
        c.fine(3)


def extra(name, *pairs):
    """A request with fields that make it malformed."""
    malformed(name, make=lambda c: c.head(extra=pairs))


def without(name, gone):
    malformed(name, make=lambda c: [pair for pair in c.head() if pair[0] != gone])


def instead(name, pseudo, value):
    malformed(name, make=lambda c: [(n, value if n == pseudo else v) for n, v in c.head()])


def variables(c, stream, fields):
    c.headers(stream, c.head("/f/vars", extra=fields))
    text = c.answer(stream, 200).body.decode("latin-1")
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


# ---- 8.1 message framing ----


@case("8.1 request with a body and without content-length")
def _(c):
    c.post(1, body=b"\1\2\3")
    c.answer(1, 200, b"3 6\n")


@case("8.1 the end of a request may be an empty DATA frame")
def _(c):
    c.post(1)
    c.frame(DATA, END_STREAM, 1)
    c.answer(1, 200, b"0 0\n")


@case("8.1 the response may begin before the request has ended")
def _(c):
    c.post(1, "/s/echo")
    c.frame(DATA, 0, 1, b"ping")
    c.until(lambda: c.streams[1].body == b"ping", "the echo")
    c.frame(DATA, END_STREAM, 1, b"pong")
    c.answer(1, 200, b"pingpong")


@case("8.1 a whole response before the end of the body is followed by NO_ERROR at most")
def _(c):
    c.post(1, "/s/early")
    c.until(lambda: c.streams[1].ended, "end of the response")
    c.alive()
    assert c.streams[1].reset in (None, 0)
    c.fine(3)


@case("8.1 trailers of a request")
def _(c):
    c.post(1)
    c.frame(DATA, 0, 1, b"\7")
    c.headers(1, [("x-sum", "7")])
    c.answer(1, 200, b"1 7\n")


@case("8.1 trailers right behind the head")
def _(c):
    c.post(1)
    c.headers(1, [("x-sum", "0")])
    c.answer(1, 200, b"0 0\n")


@case("8.1 empty trailers")
def _(c):
    c.post(1)
    c.frame(DATA, 0, 1, b"\1")
    c.headers(1, b"")
    c.answer(1, 200, b"1 1\n")


def bad_trailers(name, fields, end=True):
    @case(name)
    def _(c):
        c.post(1)
        c.frame(DATA, 0, 1, b"\1")
        c.headers(1, fields, end)
        c.stream_error(1, PROTOCOL_ERROR, strict=True)
        c.fine(3)


bad_trailers("8.1 trailers without END_STREAM", [("x-sum", "1")], end=False)
bad_trailers("8.1 pseudo-header field in trailers", [("x-sum", "1"), (":path", "/")])
bad_trailers("8.1 pseudo-header field :status in trailers", [(":status", "200")])
bad_trailers("8.1 a second request head in place of trailers",
             [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "x")])
bad_trailers("8.2.1 name in upper case in trailers", [("X-Sum", "1")])
bad_trailers("8.2.1 CR LF in the value of a trailer", [("x-sum", "1\r\nx: y")])
bad_trailers("8.2.2 connection-specific field in trailers", [("transfer-encoding", "chunked")])


@case("8.1 informational responses come before the final one")
def _(c):
    c.get(1, "/f/hints")
    s = c.answer(1, 200, TEXT)
    equal([status for status, _ in s.informational], [103, 103])
    equal(dict(s.informational[0][1])["link"], "</a.css>; rel=preload")


@case("8.1 expect: 100-continue is answered by 100 before the body is sent")
def _(c):
    c.post(1, "/s/body", extra=[("expect", "100-continue")])
    s = c.streams[1]
    c.until(lambda: s.informational or s.status, "100")
    if s.informational:
        equal(s.informational[0][0], 100)
    c.frame(DATA, END_STREAM, 1, b"\5")
    c.answer(1, 200, b"1 5\n")


# ---- 8.1.1 malformed messages: content-length ----


@case("8.1.1 content-length that fits")
def _(c):
    c.post(1, extra=[("content-length", "4")])
    c.frame(DATA, 0, 1, b"\1\1")
    c.frame(DATA, END_STREAM, 1, b"\1\1")
    c.answer(1, 200, b"4 4\n")


@case("8.1.1 content-length does not count padding")
def _(c):
    c.post(1, extra=[("content-length", "1")])
    c.frame(DATA, 0x8 | END_STREAM, 1, b"\5\1" + bytes(5))
    c.answer(1, 200, b"1 1\n")


def bad_length(name, length, *frames, trailers=False):
    @case(name)
    def _(c):
        c.post(1, extra=[("content-length", length)])
        for i, payload in enumerate(frames):
            last = i + 1 == len(frames) and not trailers
            c.frame(DATA, END_STREAM if last else 0, 1, payload)
        if trailers:
            c.headers(1, [("x-sum", "1")])
        c.stream_error(1, PROTOCOL_ERROR, strict=True)
        equal(c.streams[1].status, None)
        c.fine(3)


bad_length("8.1.1 body shorter than content-length", "5", b"four")
bad_length("8.1.1 body shorter than content-length, in several frames", "5", b"a", b"b", b"c", b"")
bad_length("8.1.1 body shorter than content-length, with trailers", "5", b"four", trailers=True)
bad_length("8.1.1 body longer than content-length", "3", b"four")
bad_length("8.1.1 body longer than content-length, in several frames", "3", b"ab", b"cd", b"e")
bad_length("8.1.1 body though content-length is 0", "0", b"x")
extra("8.1.1 content-length without a body", ("content-length", "1"))
extra("8.1.1 content-lengths that differ", ("content-length", "0"), ("content-length", "1"))
for _value in ("", "-1", "+0", "0x0", "0 0", "1e0", "99999999999999999999"):
    malformed(f"8.1.1 content-length {_value!r}", end=False,
              make=lambda c, v=_value: c.head(method="POST", extra=[("content-length", v)]))


@case("8.1.1 content-length 0 without a body")
def _(c):
    c.get(1, extra=[("content-length", "0")])
    c.answer(1, 200, TEXT)


@case("8.1.1 HEAD is answered without DATA, its content-length is that of GET")
def _(c):
    c.get(1, "/big.bin", "HEAD")
    s = c.answer(1, 200, b"")
    equal((s.field("content-length"), s.pieces), ("400000", []))


@case("8.1.1 HEAD of an application is answered without octets")
def _(c):
    c.get(1, "/f/ok", "HEAD")
    s = c.answer(1, 200, b"")
    equal(sum(s.pieces), 0)


@case("8.1.1 204 and 304 come without DATA")
def _(c):
    for stream, status in ((1, 204), (3, 304)):
        c.get(stream, f"/f/status/{status}")
        equal(c.answer(stream, status, b"").pieces, [])


@case("8.1.1 304 of a file comes without DATA")
def _(c):
    c.fine(1)
    c.get(3, extra=[("if-modified-since", c.streams[1].field("last-modified"))])
    equal(c.answer(3, 304, b"").pieces, [])


# ---- 8.2 fields ----


@case("8.2 names reach the application whatever they are made of")
def _(c):
    got = variables(c, 1, [("x-a!#$%&'*+.^`|~9", "1"), ("x-plain", "2")])
    equal(got["HTTP_X_PLAIN"], "2")


@case("8.2 the server's names are in lower case and not connection-specific")
def _(c):
    c.get(1, "/f/hop")    # the application says Connection, Keep-Alive, Upgrade and X-Upper
    s = c.answer(1, 200, TEXT)
    equal(s.field("x-upper"), "Y")


extra("8.2.1 name in upper case", ("X-Upper", "1"))
extra("8.2.1 name of a known field in upper case", ("Accept", "*/*"))
for _octet in ("\0", "\x01", "\t", "\n", "\r", "\x1f", " ", "\x7f", "\x80", "\xff", ":", "A", "Z"):
    extra(f"8.2.1 octet {ord(_octet):#04x} in a name", (f"x-{_octet}-y", "1"))
extra("8.2.1 empty name", ("", "1"))
extra("8.2.1 name that ends with a colon", ("host:", "x"))
for _octet in ("\0", "\n", "\r"):
    extra(f"8.2.1 octet {ord(_octet):#04x} in a value", ("x-value", f"a{_octet}b"))
    extra(f"8.2.1 octet {ord(_octet):#04x} at the end of a value", ("x-value", f"a{_octet}"))
for _name, _value in (("leading blank", " a"), ("trailing blank", "a "), ("leading tab", "\ta"),
                      ("trailing tab", "a\t"), ("blank alone", " ")):
    extra(f"8.2.1 value with a {_name}", ("x-value", _value))


@case("8.2.1 blanks and tabs inside, octets from 0x80, and nothing at all are values")
def _(c):
    got = variables(c, 1, [("x-one", "a b\tc"), ("x-two", "\x80\xff"), ("x-three", "")])
    equal((got["HTTP_X_ONE"], got["HTTP_X_TWO"], got["HTTP_X_THREE"]), ("a b\tc", "\x80\xff", ""))


malformed("8.2.1 a malformed value in the dynamic table is malformed each time",
          make=lambda c: block(c.head()) + field("x-v", "a\nb", INDEXING) + indexed(62))

for _name, _value in (("connection", "close"), ("connection", "x-other"), ("keep-alive", "5"),
                      ("proxy-connection", "close"), ("transfer-encoding", "chunked"),
                      ("upgrade", "h2c")):
    extra(f"8.2.2 {_name}: {_value}", (_name, _value))
for _value in ("gzip", "trailers, gzip", "chunked", ""):
    extra(f"8.2.2 te: {_value!r}", ("te", _value))


@case("8.2.2 te: trailers")
def _(c):
    c.get(1, extra=[("te", "trailers")])
    c.answer(1, 200, TEXT)


@case("8.2.3 cookie crumbs are joined by a semicolon and a blank")
def _(c):
    got = variables(c, 1, [("cookie", "a=1"), ("x-between", "x"), ("cookie", "b=2; c=3"),
                           ("cookie", "d=4")])
    equal((got["HTTP_COOKIE"], got["HTTP_X_BETWEEN"]), ("a=1; b=2; c=3; d=4", "x"))


@case("8.2.3 a single cookie field stays as it is")
def _(c):
    equal(variables(c, 1, [("cookie", "a=1; b=2")])["HTTP_COOKIE"], "a=1; b=2")


# ---- 8.3 control data ----

malformed("8.3 pseudo-header field after a field", make=lambda c: c.head()[:3] + [("x-a", "b")] +
          c.head()[3:])
extra("8.3 unknown pseudo-header field", (":unknown", "1"))
malformed("8.3 unknown pseudo-header field among the others",
          make=lambda c: [(":unknown", "1"), *c.head()])
malformed("8.3 pseudo-header field of a response",
          make=lambda c: [*c.head(), (":status", "200")])
malformed("8.3 empty header block", fields=b"")
malformed("8.3 pseudo-header field of an odd name", make=lambda c: [(":", "1"), *c.head()])
malformed("8.3 pseudo-header field in upper case",
          make=lambda c: [(":METHOD", "GET"), *c.head()[1:]])

for _name in (":method", ":scheme", ":path"):
    without(f"8.3.1 {_name} missing", _name)
for _name, _value in ((":method", "GET"), (":scheme", "http"), (":path", "/"),
                      (":authority", "localhost")):
    malformed(f"8.3.1 {_name} twice", make=lambda c, p=(_name, _value): [p, *c.head()])
instead("8.3.1 empty :path", ":path", "")
instead("8.3.1 :path without its slash", ":path", "fine.txt")
instead("8.3.1 :path * for GET", ":path", "*")
instead("8.3.1 absolute URI as :path", ":path", "http://localhost/fine.txt")
instead("8.3.1 blank in :path", ":path", "/a b")
instead("8.3.1 CR LF in :path", ":path", "/ HTTP/1.1\r\nhost: x")
instead("8.3.1 fragment in :path", ":path", "/fine.txt#part")
instead("8.3.1 empty :method", ":method", "")
instead("8.3.1 blank in :method", ":method", "GET /")
instead("8.3.1 CR LF in :method", ":method", "GET\r\n")
instead("8.3.1 empty :scheme", ":scheme", "")
instead("8.3.1 empty :authority", ":authority", "")
instead("8.3.1 userinfo in :authority", ":authority", "user@localhost")
instead("8.3.1 blank in :authority", ":authority", "local host")
extra("8.3.1 host that differs from :authority", ("host", "elsewhere"))
without("8.3.1 neither :authority nor host", ":authority")


@case("8.3.1 host in place of :authority")
def _(c):
    fields = [pair for pair in c.head("/f/vars") if pair[0] != ":authority"]
    c.headers(1, [*fields, ("host", "example.org")])
    contains(c.answer(1, 200).body, b"SERVER_NAME=example.org\n")


@case("8.3.1 host that agrees with :authority")
def _(c):
    c.get(1, extra=[("host", "localhost")])
    c.answer(1, 200, TEXT)


@case("8.3.1 pseudo-header fields in any order")
def _(c):
    c.headers(1, list(reversed(c.head())))
    c.answer(1, 200, TEXT)


@case("8.3.1 OPTIONS *")
def _(c):
    c.get(1, "*", "OPTIONS")
    s = c.streams[1]
    c.until(lambda: s.closed, "an answer")
    assert s.ended and s.status, s.reset    # which one is the server's affair
    c.fine(3)


@case("8.3.1 :method reaches the application as it is")
def _(c):
    for stream, method in ((1, "get"), (3, "PATCH"), (5, "M-SEARCH"), (7, "X")):
        c.get(stream, "/f/vars", method)
        contains(c.answer(stream, 200).body, f"REQUEST_METHOD={method}\n".encode())


# ---- 8.4 push ----


@case("8.4 a client may forbid push at any time")
def _(c):
    c.settings(((2, 0)))
    c.fine(1)
    c.settings((2, 1))
    c.fine(3)


# ---- 8.5 CONNECT ----

for _name, _fields in (
        ("with :path", [(":method", "CONNECT"), (":authority", "a:443"), (":path", "/")]),
        ("with :scheme", [(":method", "CONNECT"), (":authority", "a:443"), (":scheme", "http")]),
        ("with :scheme and :path", [(":method", "CONNECT"), (":authority", "a:443"),
                                    (":scheme", "http"), (":path", "/")]),
        ("without :authority", [(":method", "CONNECT")])):
    malformed(f"8.5 CONNECT {_name}", fields=_fields, end=False)


@case("8.5 CONNECT is refused without harm")
def _(c):
    c.headers(1, [(":method", "CONNECT"), (":authority", "localhost:443")], end=False)
    s = c.streams[1]
    c.until(lambda: s.closed, "an answer")
    assert s.reset is not None or s.status >= 400, (s.status, s.reset)
    c.fine(3)


@case("8.5 :protocol is refused where extended CONNECT is not advertised")
def _(c):
    equal(c.server_settings.get(8, 0), 0)
    c.headers(1, [(":method", "CONNECT"), (":protocol", "websocket"), *c.head()[1:]], end=False)
    s = c.streams[1]
    c.until(lambda: s.closed, "an answer")
    assert s.reset is not None or s.status >= 400, (s.status, s.reset)
    c.fine(3)


# ---- 10.5.1 limits of field blocks, and the settings about them (section 6.5.2) ----


@case("10.5.1 MAX_HEADER_LIST_SIZE is advertised")
def _(c):
    equal(c.server_settings.get(MAX_HEADER_LIST_SIZE), HEADER_LIST)


def fill(c, size):
    """A block whose list counts `size` octets: name, value and 32 for each field."""
    have = sum(len(n) + len(v) + 32 for n, v in c.head())
    text = block(c.head()) + field("x-fill", "f" * 3000, INDEXING)
    one = 3000 + 6 + 32
    have += one
    while size - have > one + 100:
        text += indexed(62)
        have += one
    return text + field("x-rest", "r" * (size - have - 6 - 32))


@case("10.5.1 a header list of exactly the limit")
def _(c):
    c.headers(1, fill(c, HEADER_LIST))
    c.answer(1, 200, TEXT)


@case("10.5.1 a header list over the limit is answered 431")
def _(c):
    c.headers(1, fill(c, HEADER_LIST + 1))
    c.answer(1, 431)
    c.fine(3)


@case("10.5.1 the table is in step after 431")
def _(c):
    text = fill(c, HEADER_LIST + 5000)
    c.headers(1, text + field("x-last", "kept", INDEXING))
    c.answer(1, 431)
    c.headers(3, block(c.head("/f/vars")) + indexed(62))
    contains(c.answer(3, 200).body, b"HTTP_X_LAST=kept\n")


@case("10.5.1 431 though the body is still to come")
def _(c):
    c.headers(1, fill(c, HEADER_LIST + 1), end=False)
    s = c.streams[1]
    c.until(lambda: s.ended, "the answer")
    equal(s.status, 431)
    c.frame(DATA, END_STREAM, 1, b"body")
    c.fine(3)
    assert s.reset in (None, 0), s.reset


@case("10.5.1 trailers over the limit")
def _(c):
    c.post(1)
    c.headers(1, field("x-fill", "f" * 3000, INDEXING) + indexed(62) * 30)
    c.stream_error(1, PROTOCOL_ERROR, strict=True)
    c.fine(3)
