# SPDX-License-Identifier: MIT
"""RFC 9113 section 5: streams and their states, identifiers, concurrency, errors, extensions."""
from frames import (
    CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, MAX_STREAMS, PING, PRIORITY,
    PRIORITIZED, PROTOCOL_ERROR, PUSH_PROMISE, REFUSED_STREAM, RST_STREAM, STREAM_CLOSED, TEXT,
    WINDOW_UPDATE, MAX_CONCURRENT_STREAMS, Stream, WINDOW, block, case, octets, u32)
from harness import equal

WEIGHT = u32(0) + b"\x10"   # depends on stream 0

# ---- 5.1 idle: nothing but HEADERS and PRIORITY, else a connection error PROTOCOL_ERROR ----

for _name, _kind, _flags, _payload in (
        ("DATA", DATA, 0, b"x"), ("empty DATA", DATA, END_STREAM, b""),
        ("RST_STREAM", RST_STREAM, 0, u32(8)), ("WINDOW_UPDATE", WINDOW_UPDATE, 0, u32(1)),
        ("CONTINUATION", CONTINUATION, END_HEADERS, b"\x82"),
        ("PUSH_PROMISE", PUSH_PROMISE, END_HEADERS, u32(2))):
    @case(f"5.1 idle: {_name}")
    def _(c, kind=_kind, flags=_flags, payload=_payload):
        c.frame(kind, flags, 1, payload)
        c.connection_error(PROTOCOL_ERROR)

    @case(f"5.1 idle: {_name} on an even stream")
    def _(c, kind=_kind, flags=_flags, payload=_payload):
        c.frame(kind, flags, 2, payload)
        c.connection_error(PROTOCOL_ERROR)


@case("5.1 idle: PRIORITY is taken")
def _(c):
    c.frame(PRIORITY, 0, 1, WEIGHT)
    c.frame(PRIORITY, 0, 101, WEIGHT)
    c.fine(1)


# ---- 5.1 half-closed (remote): stream error STREAM_CLOSED ----


@case("5.1 half-closed (remote): DATA")
def _(c):
    c.hold(1)
    c.frame(DATA, END_STREAM, 1, b"late")
    c.stream_error(1, STREAM_CLOSED)


@case("5.1 half-closed (remote): DATA after a body")
def _(c):
    c.hold(1, method="POST", end=False)
    c.frame(DATA, END_STREAM, 1, b"body")
    c.frame(DATA, 0, 1, b"late")
    c.stream_error(1, STREAM_CLOSED)


@case("5.1 half-closed (remote): HEADERS")
def _(c):
    c.hold(1)
    c.headers(1, [("x-late", "1")])
    c.stream_error(1, STREAM_CLOSED)


@case("5.1 half-closed (remote): HEADERS of an error keep the table in step")
def _(c):
    c.hold(1)
    c.headers(1, b"\x40\x03x-k\x01v")
    c.stream_error(1, STREAM_CLOSED)
    if not c.closed:
        c.headers(3, block(c.head("/f/vars")) + b"\xbe")
        assert b"HTTP_X_K=v\n" in c.answer(3).body


@case("5.1 half-closed (remote): CONTINUATION")
def _(c):
    c.hold(1)
    c.frame(CONTINUATION, END_HEADERS, 1, b"\x82")
    c.connection_error(PROTOCOL_ERROR)


@case("5.1 half-closed (remote): PRIORITY and WINDOW_UPDATE are taken")
def _(c):
    c.hold(1)
    c.frame(PRIORITY, 0, 1, WEIGHT)
    c.give(1, 1)
    c.alive()
    c.release(1)
    c.answer(1, 200, TEXT)


@case("5.1 half-closed (remote): RST_STREAM ends it without a word")
def _(c):
    c.hold(1)
    c.frame(RST_STREAM, 0, 1, u32(CANCEL))
    c.release(1)
    c.alive()
    c.fine(3)
    s = c.streams[1]
    equal((s.status, s.reset, s.ended), (None, None, False))


# ---- 5.1 half-closed (local): the response has ended before the body ----


@case("5.1 half-closed (local): the rest of the body is taken or refused by NO_ERROR")
def _(c):
    c.post(1, "/s/early")
    s = c.streams[1]
    c.until(lambda: s.ended, "end of the response")
    c.frame(DATA, END_STREAM, 1, b"rest")
    c.alive()
    # Section 8.1: RST_STREAM(NO_ERROR) after a whole response may ask for no more.
    assert s.reset in (None, 0), s.reset
    equal((s.status, s.body), (200, TEXT))
    c.fine(3)


@case("5.1 half-closed (local): WINDOW_UPDATE, PRIORITY, RST_STREAM")
def _(c):
    c.post(1, "/s/early")
    c.until(lambda: c.streams[1].ended, "end of the response")
    c.give(1, 1)
    c.frame(PRIORITY, 0, 1, WEIGHT)
    c.frame(RST_STREAM, 0, 1, u32(0))
    c.fine(3)


# ---- 5.1 closed ----


def closed_by_end(c):
    c.headers(1)
    c.answer(1, 200, TEXT)


def closed_by_reset(c):
    c.hold(1)
    c.frame(RST_STREAM, 0, 1, u32(CANCEL))


@case("5.1 closed by END_STREAM: DATA")
def _(c):
    closed_by_end(c)
    c.streams[1] = Stream(WINDOW)    # a further RST_STREAM is no fault here
    c.frame(DATA, 0, 1, b"late")
    c.stream_error(1, STREAM_CLOSED)


# Section 5.1.1 makes the same HEADERS a reuse of an identifier: PROTOCOL_ERROR of the connection.
@case("5.1 closed by END_STREAM: HEADERS")
def _(c):
    closed_by_end(c)
    c.streams[1] = Stream(WINDOW)
    c.headers(1)
    c.stream_error(1, STREAM_CLOSED, PROTOCOL_ERROR)


@case("5.1 closed by END_STREAM: CONTINUATION")
def _(c):
    closed_by_end(c)
    c.frame(CONTINUATION, END_HEADERS, 1, b"\x82")
    c.connection_error(PROTOCOL_ERROR)


@case("5.1 closed by END_STREAM: WINDOW_UPDATE and RST_STREAM in flight are ignored")
def _(c):
    closed_by_end(c)
    c.give(1, 1)
    c.frame(RST_STREAM, 0, 1, u32(CANCEL))
    c.fine(3)


@case("5.1 closed by END_STREAM: PRIORITY is taken")
def _(c):
    closed_by_end(c)
    c.frame(PRIORITY, 0, 1, WEIGHT)
    c.fine(3)


# After its own RST_STREAM the client must not send anything but PRIORITY: the server may treat that
# as a connection error STREAM_CLOSED; for DATA section 6.1 wants a stream error STREAM_CLOSED.
@case("5.1 closed by the client's RST_STREAM: DATA")
def _(c):
    closed_by_reset(c)
    c.frame(DATA, 0, 1, b"late")
    c.stream_error(1, STREAM_CLOSED)


@case("5.1 closed by the client's RST_STREAM: HEADERS")
def _(c):
    closed_by_reset(c)
    c.headers(1, [("x-late", "1")])
    c.stream_error(1, STREAM_CLOSED, PROTOCOL_ERROR)


@case("5.1 closed by the client's RST_STREAM: DATA when its request is long gone")
def _(c):
    closed_by_reset(c)
    c.release(1)
    c.fine(3)
    c.frame(DATA, 0, 1, b"late")
    c.stream_error(1, STREAM_CLOSED)


@case("5.1 closed by the client's RST_STREAM: WINDOW_UPDATE, RST_STREAM")
def _(c):
    closed_by_reset(c)
    c.give(1, 1)
    c.frame(RST_STREAM, 0, 1, u32(CANCEL))
    c.ignored_or(lambda: c.connection_error(STREAM_CLOSED))


@case("5.1 closed by the client's RST_STREAM: PRIORITY is taken")
def _(c):
    closed_by_reset(c)
    c.frame(PRIORITY, 0, 1, WEIGHT)
    c.fine(3)


def closed_by_server(c):
    """The server resets a malformed request whose body is still under way."""
    c.headers(1, [(":method", "POST")], end=False)
    c.stream_error(1, PROTOCOL_ERROR, strict=True)


# Frames that may have been in flight when the server sent RST_STREAM must be processed minimally
# and dropped. Client complains about any answer on the stream.
for _name, _kind, _flags, _payload in (
        ("DATA", DATA, 0, b"x"), ("DATA with END_STREAM", DATA, END_STREAM, b"x"),
        ("RST_STREAM", RST_STREAM, 0, u32(8)), ("WINDOW_UPDATE", WINDOW_UPDATE, 0, u32(1)),
        ("PRIORITY", PRIORITY, 0, WEIGHT)):
    @case(f"5.1 closed by the server's RST_STREAM: {_name} in flight is ignored")
    def _(c, kind=_kind, flags=_flags, payload=_payload):
        closed_by_server(c)
        c.frame(kind, flags, 1, payload)
        c.alive()
        c.fine(3)


@case("5.1 closed by the server's RST_STREAM: trailers in flight keep the table in step")
def _(c):
    closed_by_server(c)
    c.headers(1, b"\x40\x03x-k\x01v")
    c.headers(3, block(c.head("/f/vars")) + b"\xbe")
    assert b"HTTP_X_K=v\n" in c.answer(3).body


# ---- 5.1.1 identifiers ----


@case("5.1.1 stream 0 for HEADERS")
def _(c):
    c.frame(HEADERS, END_HEADERS | END_STREAM, 0, block(c.head()))
    c.connection_error(PROTOCOL_ERROR)


@case("5.1.1 even identifier")
def _(c):
    c.headers(2)
    c.connection_error(PROTOCOL_ERROR)


@case("5.1.1 identifier below the last")
def _(c):
    c.fine(5)
    c.headers(3)
    c.connection_error(PROTOCOL_ERROR)


@case("5.1.1 opening a stream closes the idle ones below: DATA on them")
def _(c):
    c.fine(5)
    c.streams[3] = Stream(WINDOW)
    c.frame(DATA, 0, 3, b"x")
    # Closed without ever being open: an error of the closed state, or of a never used identifier.
    c.stream_error(3, STREAM_CLOSED, PROTOCOL_ERROR)


@case("5.1.1 identifiers may leave gaps")
def _(c):
    for stream in (1, 7, 9, 1001, 2**30 + 1):
        c.fine(stream)


@case("5.1.1 the highest identifier")
def _(c):
    c.fine(2**31 - 1)


@case("5.1.1 after the highest identifier none is left")
def _(c):
    c.fine(2**31 - 1)
    c.headers(1)
    c.connection_error(PROTOCOL_ERROR)


@case("5.1.1 identifier used twice at once")
def _(c):
    c.hold(1, method="POST", end=False)
    # On an open stream it can only be trailers: malformed without END_STREAM.
    c.headers(1, c.head(), end=False)
    c.stream_error(1, PROTOCOL_ERROR)


# ---- 5.1.2 concurrency ----


@case("5.1.2 MAX_CONCURRENT_STREAMS is advertised")
def _(c):
    equal(c.server_settings.get(MAX_CONCURRENT_STREAMS), MAX_STREAMS)


@case("5.1.2 as many streams as are allowed are served at once")
def _(c):
    streams = range(1, 2 * MAX_STREAMS, 2)
    for stream in streams:
        c.hold(stream)
    c.alive()
    for stream in streams:
        c.release(stream)
    for stream in streams:
        c.answer(stream, 200, TEXT)


# Section 5.1.2: a stream error of PROTOCOL_ERROR or REFUSED_STREAM.
@case("5.1.2 one stream more than allowed is refused")
def _(c):
    for stream in range(1, 2 * MAX_STREAMS, 2):
        c.hold(stream)
    over = 2 * MAX_STREAMS + 1
    c.headers(over)
    c.stream_error(over, REFUSED_STREAM, PROTOCOL_ERROR, strict=True)
    c.release(1)
    c.answer(1, 200, TEXT)
    c.fine(over + 2)


@case("5.1.2 a refused stream's block keeps the table in step")
def _(c):
    for stream in range(1, 2 * MAX_STREAMS, 2):
        c.hold(stream)
    over = 2 * MAX_STREAMS + 1
    c.headers(over, block(c.head()) + b"\x40\x03x-k\x01v")
    c.stream_error(over, REFUSED_STREAM, PROTOCOL_ERROR, strict=True)
    c.release(1)
    c.answer(1)
    c.headers(over + 2, block(c.head("/f/vars")) + b"\xbe")
    assert b"HTTP_X_K=v\n" in c.answer(over + 2).body


@case("5.1.2 a stream that has ended counts no more")
def _(c):
    for i in range(4 * MAX_STREAMS):
        c.fine(2 * i + 1)


@case("5.1.2 the client's limit of 0 does not stop its own requests")
def _(c):
    c.settings((MAX_CONCURRENT_STREAMS, 0))
    c.fine(1)


# ---- 5.3 priority ----
#
# RFC 9113 section 5.3.2 deprecates the scheme and does not mention self-dependency any more; RFC
# 7540 section 5.3.1 made it a stream error PROTOCOL_ERROR. So either is right.


@case("5.3.2 PRIORITY of a stream that depends on itself")
def _(c):
    c.frame(PRIORITY, 0, 1, u32(1) + b"\0")
    c.streams[1] = Stream(WINDOW)
    c.ignored_or(lambda: c.stream_error(1, PROTOCOL_ERROR))


@case("5.3.2 HEADERS of a stream that depends on itself")
def _(c):
    c.frame(HEADERS, END_HEADERS | END_STREAM | PRIORITIZED, 1, u32(1) + b"\0" + block(c.head()))
    s = c.streams[1]
    c.until(lambda: s.closed or c.closed, "any reaction")
    if not s.ended:
        c.stream_error(1, PROTOCOL_ERROR)


@case("5.3.2 HEADERS with a priority")
def _(c):
    for stream, other in ((1, 0), (3, 1), (5, 1 << 31 | 3), (7, 99)):
        c.frame(HEADERS, END_HEADERS | END_STREAM | PRIORITIZED, stream,
                u32(other) + b"\xff" + block(c.head()))
        c.answer(stream, 200, TEXT)


# ---- 5.4 errors ----


@case("5.4.1 GOAWAY names the last stream that was handled")
def _(c):
    c.fine(1)
    c.fine(5)
    c.frame(PING, 0, 1, bytes(8))
    c.connection_error(PROTOCOL_ERROR)
    equal(c.goaways[-1][0], 5)


@case("5.4.1 nothing is answered after a connection error")
def _(c):
    with c.together():
        c.send(octets(PING, 0, 1, bytes(8)))
        c.frame(PING, 0, 0, b"too late")
        c.headers(1)
    c.connection_error(PROTOCOL_ERROR)
    assert not any(f.kind == PING for f in c.frames), c.frames
    equal(c.streams[1].status, None)


@case("5.4.2 RST_STREAM is not answered by RST_STREAM")
def _(c):
    c.hold(1, method="POST", end=False)
    c.frame(RST_STREAM, 0, 1, u32(PROTOCOL_ERROR))
    c.alive()
    equal(c.streams[1].reset, None)


@case("5.4.2 a stream error leaves other streams alone")
def _(c):
    c.hold(1)
    c.headers(3, [(":method", "GET")])
    c.stream_error(3, PROTOCOL_ERROR, strict=True)
    c.release(1)
    c.answer(1, 200, TEXT)


# ---- 5.5 extensions ----


@case("5.5 an unknown frame on an open stream is ignored")
def _(c):
    c.post(1)
    c.frame(0xbb, 0xff, 1, b"what")
    c.frame(DATA, END_STREAM, 1, b"\3")
    c.answer(1, 200, b"1 3\n")


@case("5.5 an unknown frame inside a header block")
def _(c):
    c.headers(1, block(c.head()), flags=0)
    c.frame(0xbb, 0, 1)
    c.connection_error(PROTOCOL_ERROR)


@case("5.5 an unknown error code in RST_STREAM")
def _(c):
    c.hold(1)
    c.frame(RST_STREAM, 0, 1, u32(0xfedcba98))
    c.fine(3)
