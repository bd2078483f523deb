# SPDX-License-Identifier: MIT
"""RFC 9113 section 6: the frame types, without flow control (rfc9113_6_flow.py)."""
import os
import signal
import socket
import struct

import frames
from frames import (
    ACK, CANCEL, COMPRESSION_ERROR, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM,
    FLOW_CONTROL_ERROR, FRAME_SIZE, FRAME_SIZE_ERROR, GOAWAY, HEADERS, NO_ERROR, PADDED, PING,
    PRIORITIZED, PRIORITY, PROTOCOL_ERROR, PUSH_PROMISE, REFUSED_STREAM, RST_STREAM, SETTINGS, TEXT,
    WINDOW, ENABLE_PUSH, HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS,
    MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE, block, case, octets, setting, u32)
from harness import equal, wait_for

# ---- on which stream a type may come ----

for _section, _name, _kind, _flags, _payload in (
        ("6.1", "DATA", DATA, 0, b"x"), ("6.2", "HEADERS", HEADERS, END_HEADERS, b"\x82"),
        ("6.3", "PRIORITY", PRIORITY, 0, bytes(5)), ("6.4", "RST_STREAM", RST_STREAM, 0, u32(8))):
    @case(f"{_section} {_name} on stream 0")
    def _(c, kind=_kind, flags=_flags, payload=_payload):
        c.send(octets(kind, flags, 0, payload))
        c.connection_error(PROTOCOL_ERROR)

for _section, _name, _kind, _flags, _payload in (
        ("6.5", "SETTINGS", SETTINGS, 0, b""), ("6.5", "acknowledged SETTINGS", SETTINGS, ACK, b""),
        ("6.7", "PING", PING, 0, bytes(8)), ("6.8", "GOAWAY", GOAWAY, 0, bytes(8))):
    @case(f"{_section} {_name} on a stream")
    def _(c, kind=_kind, flags=_flags, payload=_payload):
        c.post(1)
        c.send(octets(kind, flags, 1, payload))
        c.connection_error(PROTOCOL_ERROR)

# ---- lengths that are fixed ----

for _section, _name, _kind, _stream, _payload in (
        ("6.4", "RST_STREAM", RST_STREAM, 1, u32(8)), ("6.7", "PING", PING, 0, bytes(8))):
    for _wrong in (_payload[:-1], _payload + b"\0", b""):
        @case(f"{_section} {_name} of {len(_wrong)} octets")
        def _(c, kind=_kind, stream=_stream, payload=_wrong):
            c.hold(1)
            c.send(octets(kind, 0, stream, payload))
            c.connection_error(FRAME_SIZE_ERROR)

# Section 6.3: a stream error FRAME_SIZE_ERROR.
for _length in (0, 4, 6):
    @case(f"6.3 PRIORITY of {_length} octets")
    def _(c, n=_length):
        c.hold(1)
        c.frame(PRIORITY, 0, 1, bytes(n))
        c.stream_error(1, FRAME_SIZE_ERROR)

# ---- 6.1 DATA ----


@case("6.1 a body in many frames, some of them empty")
def _(c):
    c.post(1)
    for octet in (b"\1", b"", b"\2\3", b"", b"\4"):
        c.frame(DATA, 0, 1, octet)
    c.frame(DATA, END_STREAM, 1)
    c.answer(1, 200, b"4 10\n")


@case("6.1 padding of every length is no part of the body")
def _(c):
    c.post(1)
    for pad in range(256):
        c.frame(DATA, PADDED, 1, bytes([pad, 1]) + bytes(pad))
    c.frame(DATA, END_STREAM | PADDED, 1, b"\0\1")
    c.answer(1, 200, b"257 257\n")


@case("6.1 nothing but padding")
def _(c):
    c.post(1)
    c.frame(DATA, PADDED, 1, b"\0")
    c.frame(DATA, PADDED | END_STREAM, 1, b"\xff" + bytes(255))
    c.answer(1, 200, b"0 0\n")


# "If the length of the padding is the length of the frame payload or greater".
for _name, _payload in (("one octet too long", b"\5" + bytes(4)), ("alone", b"\1"),
                        ("far too long", b"\xff" + bytes(9))):
    @case(f"6.1 padding {_name}")
    def _(c, payload=_payload):
        c.post(1)
        c.frame(DATA, PADDED, 1, payload)
        c.connection_error(PROTOCOL_ERROR)


@case("6.1 padded DATA octet by octet")
def _(c):
    c.post(1)
    for octet in octets(DATA, PADDED | END_STREAM, 1, b"\3\7\7" + bytes(3)):
        c.send(bytes([octet]))
    c.answer(1, 200, b"2 14\n")


# ---- 6.2 HEADERS ----


@case("6.2 padding of HEADERS")
def _(c):
    for stream, pad in ((1, 0), (3, 1), (5, 255)):
        c.frame(HEADERS, END_HEADERS | END_STREAM | PADDED, stream,
                bytes([pad]) + block(c.head()) + bytes(pad))
        c.answer(stream, 200, TEXT)


@case("6.2 padding and priority of HEADERS")
def _(c):
    c.frame(HEADERS, END_HEADERS | END_STREAM | PADDED | PRIORITIZED, 1,
            b"\3" + bytes(5) + block(c.head()) + bytes(3))
    c.answer(1, 200, TEXT)


@case("6.2 padding that takes all of the block")
def _(c):
    # Exact: an empty block remains, which is a malformed request.
    c.frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\4" + bytes(4))
    c.stream_error(1, PROTOCOL_ERROR, strict=True)


@case("6.2 padding one octet too long")
def _(c):
    c.frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\5" + bytes(4))
    c.connection_error(PROTOCOL_ERROR)


# The priority does not fit beside the padding: the padding is too long, or the frame too short.
@case("6.2 padding that reaches into the priority")
def _(c):
    c.frame(HEADERS, END_HEADERS | END_STREAM | PADDED | PRIORITIZED, 1, b"\4" + bytes(8))
    c.connection_error(PROTOCOL_ERROR, FRAME_SIZE_ERROR)


@case("6.2 END_STREAM on HEADERS that CONTINUATION follows")
def _(c):
    text = block(c.head())
    c.headers(1, text[:5], end=True, flags=0)
    c.frame(CONTINUATION, 0, 1, text[5:9])
    c.frame(CONTINUATION, END_HEADERS, 1, text[9:])
    c.answer(1, 200, TEXT)


for _name, _kind, _flags, _stream, _payload in (
        ("DATA", DATA, 0, 1, b"x"), ("HEADERS", HEADERS, END_HEADERS, 1, b"\x82"),
        ("HEADERS of another stream", HEADERS, END_HEADERS, 3, b"\x82"),
        ("PRIORITY", PRIORITY, 0, 1, bytes(5)), ("RST_STREAM", RST_STREAM, 0, 1, u32(8)),
        ("SETTINGS", SETTINGS, 0, 0, b""), ("PING", PING, 0, 0, bytes(8)),
        ("GOAWAY", GOAWAY, 0, 0, bytes(8)), ("WINDOW_UPDATE", 8, 0, 0, u32(1)),
        ("PRIORITY of another stream", PRIORITY, 0, 3, bytes(5)),
        ("CONTINUATION of another stream", CONTINUATION, END_HEADERS, 3, b"\x82")):
    @case(f"6.2 {_name} inside a header block")
    def _(c, kind=_kind, flags=_flags, stream=_stream, payload=_payload):
        c.headers(1, block(c.head()), flags=0)
        c.send(octets(kind, flags, stream, payload))
        c.connection_error(PROTOCOL_ERROR)


# ---- 6.4 RST_STREAM ----


@case("6.4 RST_STREAM of an open upload")
def _(c):
    c.post(1)
    c.frame(DATA, 0, 1, b"x")
    c.frame(RST_STREAM, 0, 1, u32(CANCEL))
    c.fine(3)
    equal(c.streams[1].closed, False)


@case("6.4 RST_STREAM while the response is under way")
def _(c):
    c.get(1, "/big.bin")
    c.until(lambda: len(c.streams[1].body) == WINDOW, "the first window")
    c.frame(RST_STREAM, 0, 1, u32(CANCEL))
    c.give(0, WINDOW)
    c.fine(3)
    equal(len(c.streams[1].body), WINDOW)


# ---- 6.5 SETTINGS ----


@case("6.5 acknowledgement with content")
def _(c):
    c.frame(SETTINGS, ACK, 0, setting((1, 4096)))
    c.connection_error(FRAME_SIZE_ERROR)


for _length in (1, 5, 7, 11):
    @case(f"6.5 SETTINGS of {_length} octets")
    def _(c, n=_length):
        c.send(octets(SETTINGS, 0, 0, bytes(n)))
        c.connection_error(FRAME_SIZE_ERROR)


for _section, _name, _pair, _code in (
        ("6.5.2", "ENABLE_PUSH of 2", (ENABLE_PUSH, 2), PROTOCOL_ERROR),
        ("6.5.2", "ENABLE_PUSH of 2^32-1", (ENABLE_PUSH, 2**32 - 1), PROTOCOL_ERROR),
        ("6.5.2", "INITIAL_WINDOW_SIZE of 2^31", (INITIAL_WINDOW_SIZE, 2**31), FLOW_CONTROL_ERROR),
        ("6.5.2", "INITIAL_WINDOW_SIZE of 2^32-1", (INITIAL_WINDOW_SIZE, 2**32 - 1),
         FLOW_CONTROL_ERROR),
        ("6.5.2", "MAX_FRAME_SIZE of 16,383", (MAX_FRAME_SIZE, 16383), PROTOCOL_ERROR),
        ("6.5.2", "MAX_FRAME_SIZE of 0", (MAX_FRAME_SIZE, 0), PROTOCOL_ERROR),
        ("6.5.2", "MAX_FRAME_SIZE of 2^24", (MAX_FRAME_SIZE, 2**24), PROTOCOL_ERROR)):
    @case(f"{_section} {_name}")
    def _(c, pair=_pair, code=_code):
        c.frame(SETTINGS, 0, 0, setting(pair))
        c.connection_error(code)

for _pair in ((ENABLE_PUSH, 0), (ENABLE_PUSH, 1), (HEADER_TABLE_SIZE, 0),
              (HEADER_TABLE_SIZE, 2**32 - 1), (MAX_CONCURRENT_STREAMS, 2**32 - 1),
              (INITIAL_WINDOW_SIZE, 2**31 - 1), (MAX_FRAME_SIZE, 2**14),
              (MAX_FRAME_SIZE, 2**24 - 1), (MAX_HEADER_LIST_SIZE, 2**32 - 1)):
    @case(f"6.5.2 setting {_pair[0]} of {_pair[1]} is taken")
    def _(c, pair=_pair):
        c.settings(pair)
        c.fine(1)


@case("6.5.2 unknown settings are ignored")
def _(c):
    c.settings((0, 1), (7, 1), (0xffff, 2**32 - 1), (0x0a0a, 0), (0, 2**32 - 1))
    c.fine(1)


@case("6.5.2 values of the server's own settings are legal")
def _(c):
    s = c.server_settings
    assert s.get(ENABLE_PUSH, 0) == 0, s    # a server must not send 1
    assert s.get(INITIAL_WINDOW_SIZE, WINDOW) <= 2**31 - 1, s
    assert 2**14 <= s.get(MAX_FRAME_SIZE, 2**14) < 2**24, s


@case("6.5.3 settings are processed in their order: the last value holds")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 1), (INITIAL_WINDOW_SIZE, 0), (INITIAL_WINDOW_SIZE, 5))
    c.fine(1)
    equal(c.streams[1].pieces[0], 5)


@case("6.5.3 each SETTINGS is acknowledged, in order")
def _(c):
    with c.together():
        for i in range(5):
            c.frame(SETTINGS, 0, 0, setting((INITIAL_WINDOW_SIZE, 100 + i)))
    c.until(lambda: c.acks == 6, "acknowledgements")
    c.alive()
    equal(c.acks, 6)


@case("6.5.3 a change holds when its acknowledgement comes")
def _(c):
    # In one piece with the request: it must be effective for the response.
    with c.together():
        c.frame(SETTINGS, 0, 0, setting((INITIAL_WINDOW_SIZE, 2)))
        c.headers(1)
        c.frame(PING, 0, 0, b"together")
    c.wait(PING)
    c.until(lambda: len(c.streams[1].body) == 2, "two octets")
    c.alive()
    equal(c.streams[1].body, TEXT[:2])


@case("6.5.3 an acknowledgement that nobody waits for")
def _(c):
    # Not forbidden in words; ignored, or an error of the connection.
    c.frame(SETTINGS, ACK)
    c.frame(SETTINGS, ACK)
    c.ignored_or(lambda: c.connection_error(PROTOCOL_ERROR))


# ---- 6.6 PUSH_PROMISE ----


@case("6.6 PUSH_PROMISE from a client, on an open stream")
def _(c):
    c.post(1)
    c.frame(PUSH_PROMISE, END_HEADERS, 1, u32(2) + block(c.head()))
    c.connection_error(PROTOCOL_ERROR)


@case("6.6 PUSH_PROMISE on stream 0")
def _(c):
    c.frame(PUSH_PROMISE, END_HEADERS, 0, u32(2) + block(c.head()))
    c.connection_error(PROTOCOL_ERROR)


@case("6.6 PUSH_PROMISE though push is enabled")
def _(c):
    c.settings((ENABLE_PUSH, 1))
    c.hold(1)
    c.frame(PUSH_PROMISE, END_HEADERS, 1, u32(2) + block(c.head()))
    c.connection_error(PROTOCOL_ERROR)


# ---- 6.7 PING ----


@case("6.7 PING is answered with its octets")
def _(c):
    for text in (b"\0\1\2\3\4\5\6\7", bytes(8), b"\xff" * 8):
        c.frame(PING, 0, 0, text)
        frame = c.wait(PING)
        equal((frame.payload, frame.flags, frame.stream), (text, ACK, 0))


@case("6.7 PING with ACK is not answered")
def _(c):
    c.frame(PING, ACK, 0, b"unasked!")
    c.alive()
    equal([f.payload for f in c.frames if f.kind == PING], [b"on we go"])


@case("6.7 PINGs are answered in order")
def _(c):
    with c.together():
        for i in range(20):
            c.frame(PING, 0, 0, struct.pack("!Q", i))
    for i in range(20):
        c.until(lambda n=i: sum(f.kind == PING for f in c.frames) > n, f"answer {i}")
    equal([struct.unpack("!Q", f.payload)[0] for f in c.frames if f.kind == PING], list(range(20)))


@case("6.7 PING is answered before the rest of a long response")
def _(c):
    # 32 MiB in all, which the sockets cannot hold: most of it is still to be sent.
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    c.settings((INITIAL_WINDOW_SIZE, 2**24))
    c.give(0, 2**30)
    with c.together():
        for stream in range(1, 16, 2):
            c.get(stream, "/huge.bin")
        c.frame(PING, 0, 0, b"overtake")
    c.wait(PING)
    assert not all(s.ended for s in c.streams.values()), "PING came behind all responses"


# ---- 6.8 GOAWAY ----


for _length in (0, 7):
    @case(f"6.8 GOAWAY of {_length} octets")
    def _(c, n=_length):
        c.frame(GOAWAY, 0, 0, bytes(n))
        c.connection_error(FRAME_SIZE_ERROR)


@case("6.8 the client's GOAWAY: requests under way are answered")
def _(c):
    c.hold(1)
    c.frame(GOAWAY, 0, 0, u32(0) + u32(NO_ERROR) + b"debug data")
    c.alive()
    c.release(1)
    c.answer(1, 200, TEXT)


@case("6.8 the client's GOAWAY with an unknown error code and a lower last stream")
def _(c):
    c.hold(1)
    c.frame(GOAWAY, 0, 0, u32(2) + u32(0xfefefefe))
    c.frame(GOAWAY, 0, 0, u32(0) + u32(0xfefefefe))
    c.release(1)
    c.answer(1, 200, TEXT)


class Ending:
    """A server of its own that gets TERM."""

    def __init__(self, c):
        self.server = frames.server()
        self.client = frames.Client(self.server, c.tls)
        c.others.append(self.client)

    def term(self):
        os.kill(self.server.process.pid, signal.SIGTERM)


@case("6.8 TERM: GOAWAY in two steps, and no request is lost", greet=False)
def _(c):
    end = Ending(c)
    one = end.client
    one.hold(1)
    one.alive()
    end.term()
    one.until(lambda: one.goaways, "the warning")
    equal(one.goaways, [(2**31 - 1, NO_ERROR)])
    ping = next((f for f in one.frames[-1:] if f.kind == PING), None) or one.wait(PING)
    # This one crossed the warning: it must be served.
    one.hold(3)
    one.frame(PING, ACK, 0, ping.payload)
    one.until(lambda: len(one.goaways) == 2, "the last stream")
    equal(one.goaways[1], (3, NO_ERROR))
    # This one is beyond: ignored, or refused.
    one.headers(5)
    one.alive()
    assert one.streams[5].status is None and one.streams[5].reset in (None, REFUSED_STREAM)
    one.release(3)
    one.answer(3, 200, TEXT)
    assert not one.closed
    one.release(1)
    one.answer(1, 200, TEXT)
    one.to_the_end()
    for token in one.tokens:
        frames.held[token].set()
    wait_for(lambda: not end.server.process.alive(), 15, "end of the server")


@case("6.8 TERM: blocks of refused streams keep the table in step", greet=False)
def _(c):
    end = Ending(c)
    one = end.client
    one.hold(1, method="POST", end=False)
    one.alive()
    end.term()
    one.until(lambda: one.goaways, "the warning")
    ping = next((f for f in one.frames[-1:] if f.kind == PING), None) or one.wait(PING)
    one.frame(PING, ACK, 0, ping.payload)
    one.until(lambda: len(one.goaways) == 2, "the last stream")
    one.headers(3, block(one.head()) + b"\x40\x03x-k\x01v")
    one.headers(1, b"\xbe")    # trailers by the entry of the refused block
    one.release(1)
    one.answer(1, 200, TEXT)
    one.to_the_end()
    wait_for(lambda: not end.server.process.alive(), 15, "end of the server")


@case("6.8 TERM: an idle connection ends at once", greet=False)
def _(c):
    end = Ending(c)
    end.client.fine(1)
    end.term()
    end.client.to_the_end()
    equal(end.client.goaways[-1], (1, NO_ERROR))


# ---- 6.10 CONTINUATION ----


@case("6.10 CONTINUATION without HEADERS before it")
def _(c):
    c.fine(1)
    c.frame(CONTINUATION, END_HEADERS, 3, b"\x82")
    c.connection_error(PROTOCOL_ERROR)


@case("6.10 CONTINUATION behind END_HEADERS")
def _(c):
    c.get(1, "/f/ok", end=False)
    c.frame(CONTINUATION, END_HEADERS, 1, b"\x82")
    c.connection_error(PROTOCOL_ERROR)


@case("6.10 CONTINUATION behind DATA")
def _(c):
    c.post(1)
    c.frame(DATA, 0, 1, b"x")
    c.frame(CONTINUATION, END_HEADERS, 1, b"\x82")
    c.connection_error(PROTOCOL_ERROR)


@case("6.10 CONTINUATION on stream 0")
def _(c):
    c.headers(1, block(c.head()), flags=0)
    c.frame(CONTINUATION, END_HEADERS, 0, b"")
    c.connection_error(PROTOCOL_ERROR)


@case("6.10 empty HEADERS and empty CONTINUATION around the block")
def _(c):
    c.headers(1, b"", flags=0)
    c.frame(CONTINUATION, 0, 1)
    c.frame(CONTINUATION, 0, 1, block(c.head()))
    c.frame(CONTINUATION, END_HEADERS, 1)
    c.answer(1, 200, TEXT)


@case("6.10 trailers in CONTINUATION")
def _(c):
    c.post(1)
    c.frame(DATA, 0, 1, b"\2")
    c.headers(1, block([("x-one", "1")]), flags=0)
    c.frame(CONTINUATION, END_HEADERS, 1, block([("x-two", "2")]))
    c.answer(1, 200, b"1 2\n")


@case("6.10 a block larger than a frame")
def _(c):
    text = block(c.head("/f/vars", extra=[("x-long", "v" * 20000), ("x-more", "w" * 20000)]))
    c.headers(1, text[:FRAME_SIZE], flags=0)
    c.frame(CONTINUATION, 0, 1, text[FRAME_SIZE:2 * FRAME_SIZE])
    c.frame(CONTINUATION, END_HEADERS, 1, text[2 * FRAME_SIZE:])
    body = c.answer(1).body
    assert b"HTTP_X_LONG=" + b"v" * 20000 in body and b"HTTP_X_MORE=" + b"w" * 20000 in body


@case("6.10 CONTINUATION without end")
def _(c):
    c.headers(1, block(c.head()), flags=0)
    for _ in range(200):
        c.frame(CONTINUATION, 0, 1)
    c.connection_error(ENHANCE_YOUR_CALM, PROTOCOL_ERROR)


@case("6.10 the server's own blocks over a frame's size")
def _(c):
    c.get(1, "/f/fields/150")    # some 45 KB
    s = c.answer(1, 200, TEXT)
    equal(sum(1 for name, _ in s.fields if name.startswith("x-f")), 150)


@case("6.10 padding flag of CONTINUATION means nothing")
def _(c):
    text = block(c.head())
    c.headers(1, text[:9], flags=0)
    c.frame(CONTINUATION, END_HEADERS | PADDED | PRIORITIZED | END_STREAM, 1, text[9:])
    c.answer(1, 200, TEXT)


@case("6.10 a cut block that lacks its end cannot be decoded")
def _(c):
    text = block(c.head())
    c.headers(1, text[:9], flags=0)
    c.frame(CONTINUATION, END_HEADERS, 1, text[9:-1])
    c.connection_error(COMPRESSION_ERROR)


@case("6.10 two streams' blocks one after the other")
def _(c):
    for stream in (1, 3):
        text = block(c.head())
        c.headers(stream, text[:7], flags=0)
        c.frame(CONTINUATION, END_HEADERS, stream, text[7:])
    c.answer(1, 200, TEXT)
    c.answer(3, 200, TEXT)
