# SPDX-License-Identifier: MIT
"""RFC 9113 sections 3 (starting) and 4 (frames)."""
import time

from frames import (
    ACK, BIG, COMPRESSION_ERROR, CONTINUATION, DATA, END_HEADERS, END_STREAM, FRAME_SIZE,
    FRAME_SIZE_ERROR, GOAWAY, HEADERS, INDEXING, PADDED, PING, PREFACE, PRIORITY, PROTOCOL_ERROR,
    RST_STREAM, SETTINGS, TEXT, WINDOW, WINDOW_UPDATE, MAX_FRAME_SIZE, INITIAL_WINDOW_SIZE, Stream,
    block, case, field, octets, setting, u32)
from harness import equal

NEVER_USED = 0xbb   # a frame type of nobody

# ---- 3.4 connection preface ----


def start(c):
    """Everything up to a first request, as one piece of octets."""
    return PREFACE + c.build(SETTINGS) + c.build(HEADERS, END_STREAM | END_HEADERS, 1,
                                                 block(c.head()))


@case("3.4 preface, SETTINGS and a request in one piece", greet=False)
def _(c):
    c.send(start(c))
    c.answer(1, 200, TEXT)


@case("3.4 preface cut in two at every octet", greet=False)
def _(c):
    for at in range(1, 25):
        one = c.another(greet=False)
        text = start(one)
        one.send(text[:at])
        time.sleep(0.002)
        one.send(text[at:])
        one.answer(1, 200, TEXT)
        one.close()


@case("3.4 everything octet by octet", greet=False)
def _(c):
    for octet in start(c):
        c.send(bytes([octet]))
    c.answer(1, 200, TEXT)


@case("3.4 the server's first frame is SETTINGS", greet=False)
def _(c):
    c.send(PREFACE + c.build(SETTINGS))
    frame = c.read()
    equal((frame.kind, frame.flags & ACK, frame.stream), (SETTINGS, 0, 0))


@case("3.4 requests may come before the server's SETTINGS were seen", greet=False)
def _(c):
    c.auto_ack = False
    c.send(start(c))
    c.answer(1, 200, TEXT)
    c.fine(3)


def not_the_preface(c, text):
    """Section 3.4: PROTOCOL_ERROR, where GOAWAY may be left out; in the clear other octets may be
    HTTP/1.1, whose answer is not frames. Never is the request behind it served."""
    c.send(text)
    got = b""
    c.sock.settimeout(12)
    try:
        while more := c.sock.recv(65536):
            got += more
    except ConnectionError:
        pass
    if got[:5] == b"HTTP/":
        assert not c.tls and got[9:10] == b"4", got[:200]
        return
    c.sock.close()
    at, kinds = 0, []
    while at < len(got):
        n = int.from_bytes(got[at:at + 3], "big")
        kinds.append(got[at + 3])
        if got[at + 3] == GOAWAY:
            equal(int.from_bytes(got[at + 13:at + 17], "big"), PROTOCOL_ERROR, "GOAWAY")
        at += 9 + n
    assert set(kinds) <= {SETTINGS, WINDOW_UPDATE, GOAWAY}, kinds


@case("3.4 preface that is wrong at one octet", greet=False)
def _(c):
    for at in (0, 7, 14, 18, 23):
        one = c.another(greet=False)
        wrong = PREFACE[:at] + bytes([PREFACE[at] ^ 1]) + PREFACE[at + 1:]
        # Two ends of lines, so that it is a whole head if somebody takes it for HTTP/1.1.
        not_the_preface(one, wrong + b"\r\n\r\n\r\n" + octets(SETTINGS))


@case("3.4 preface missing: SETTINGS first", greet=False)
def _(c):
    not_the_preface(c, octets(SETTINGS) + octets(PING, 0, 0, bytes(8)))


def first_frame(name, text):
    @case(f"3.4 first frame is {name}, not SETTINGS", greet=False)
    def _(c):

        c.send(PREFACE + text)
        c.connection_error(PROTOCOL_ERROR)


first_frame("PING", octets(PING, 0, 0, bytes(8)))
first_frame("WINDOW_UPDATE", octets(WINDOW_UPDATE, 0, 0, u32(1)))
first_frame("an acknowledgement of SETTINGS", octets(SETTINGS, ACK))
first_frame("HEADERS", octets(HEADERS, 5, 1, b"\x82"))
first_frame("of an unknown type", octets(NEVER_USED, 0, 0, bytes(8)))


@case("3.4 SETTINGS are acknowledged", greet=False)
def _(c):
    c.send(PREFACE + c.build(SETTINGS, 0, 0, setting((3, 7))))
    c.until(lambda: c.acks == 1, "acknowledgement")


@case("3.4 a second preface is no frame")
def _(c):
    # "PRI " as a length is far over any limit.
    c.send(PREFACE)
    c.connection_error(FRAME_SIZE_ERROR, PROTOCOL_ERROR)


# ---- 4.1 frame format ----


@case("4.1 the reserved bit of PING is ignored")
def _(c):
    c.frame(PING, 0, 1 << 31, b"reserved")
    equal(c.wait(PING).payload, b"reserved")


@case("4.1 the reserved bit of HEADERS and DATA is ignored")
def _(c):
    c.streams[1] = Stream(WINDOW)
    c.send(octets(HEADERS, END_HEADERS, 1 | 1 << 31, block(c.head("/f/body", "POST"))))
    c.send(octets(DATA, END_STREAM, 1 | 1 << 31, b"\x05"))
    c.answer(1, 200, b"1 5\n")


@case("4.1 the reserved bit of a WINDOW_UPDATE increment is ignored")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 0))
    c.headers(1)
    c.give(1, 1 << 31 | 5)
    c.answer(1, 200, TEXT)


@case("4.1 undefined flags are ignored")
def _(c):
    c.frame(PING, 0xfe, 0, b"flagfull")
    equal(c.wait(PING).payload, b"flagfull")
    c.frame(SETTINGS, 0xfe)
    c.until(lambda: c.acks == 2, "acknowledgement")
    c.frame(HEADERS, END_HEADERS | 0xd2, 1, block(c.head("/f/body", "POST")))
    c.frame(DATA, END_STREAM | 0xf6, 1, b"\x05")
    c.answer(1, 200, b"1 5\n")
    c.headers(3, end=False)
    c.frame(WINDOW_UPDATE, 0xff, 3, u32(1))
    c.frame(RST_STREAM, 0xff, 3, u32(8))
    c.frame(PRIORITY, 0xff, 5, u32(0) + b"\0")
    c.alive()


@case("4.1 frames of unknown types are ignored")
def _(c):
    for flags in (0, 0xff):
        for stream in (0, 1, 2, 77):
            for payload in (b"", b"x", bytes(FRAME_SIZE)):
                c.frame(NEVER_USED, flags, stream, payload)
    c.fine(1)


@case("4.1 frames of every octet as a type beyond the known")
def _(c):
    with c.together():
        for kind in range(0x11, 0x100):    # 0x0a to 0x10 are registered extensions
            c.frame(kind, 0, 0, bytes(4))
    c.fine(1)


# ---- 4.2 frame size ----


@case("4.2 DATA of 16,384 octets")
def _(c):
    c.post(1, body=b"\1" * FRAME_SIZE)
    c.answer(1, 200, b"16384 16384\n")


@case("4.2 HEADERS of 16,384 octets")
def _(c):
    text = block(c.head())
    rest = FRAME_SIZE - len(text) - len(field("x-long", "v" * 9000)) + 9000
    text += field("x-long", "v" * rest)
    equal(len(text), FRAME_SIZE)
    c.headers(1, text)
    c.answer(1, 200, TEXT)


# Section 4.2: an error that could alter the state of the connection is one of the connection:
# field blocks, SETTINGS, and all of stream 0.
for _name, _kind, _flags, _stream in (
        ("HEADERS", HEADERS, END_HEADERS | END_STREAM, 1), ("SETTINGS", SETTINGS, 0, 0),
        ("GOAWAY", GOAWAY, 0, 0), ("PING", PING, 0, 0)):
    @case(f"4.2 {_name} over 16,384 octets")
    def _(c, kind=_kind, flags=_flags, stream=_stream):
        c.send(octets(kind, flags, stream, bytes(16386)))
        c.connection_error(FRAME_SIZE_ERROR)


@case("4.2 DATA over 16,384 octets")
def _(c):
    c.post(1)
    c.frame(DATA, 0, 1, bytes(FRAME_SIZE + 1))
    c.stream_error(1, FRAME_SIZE_ERROR)


@case("4.2 CONTINUATION over 16,384 octets")
def _(c):
    c.headers(1, block(c.head()), flags=0)
    c.send(octets(CONTINUATION, END_HEADERS, 1, bytes(FRAME_SIZE + 1)))
    c.connection_error(FRAME_SIZE_ERROR)


@case("4.2 unknown frame over 16,384 octets")
def _(c):
    c.send(octets(NEVER_USED, 0, 0, bytes(FRAME_SIZE + 1)))
    c.connection_error(FRAME_SIZE_ERROR)


@case("4.2 the largest length there is")
def _(c):
    c.send(octets(DATA, 0, 0, b"", 0xffffff))
    c.connection_error(FRAME_SIZE_ERROR, PROTOCOL_ERROR)


# Which code: "too small to contain mandatory frame data" is FRAME_SIZE_ERROR.
@case("4.2 padded DATA without its Pad Length")
def _(c):
    c.post(1)
    c.frame(DATA, PADDED, 1)
    c.stream_error(1, FRAME_SIZE_ERROR)


@case("4.2 padded HEADERS without its Pad Length")
def _(c):
    c.frame(HEADERS, PADDED | END_HEADERS, 1)
    c.connection_error(FRAME_SIZE_ERROR)


@case("4.2 HEADERS too short for its priority")
def _(c):
    c.frame(HEADERS, 0x20 | END_HEADERS, 1, bytes(4))
    c.connection_error(FRAME_SIZE_ERROR)


@case("4.2 the server keeps to 16,384 octets")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 2**20))
    c.give(0, 2**20)
    c.get(1, "/big.bin")
    c.answer(1, 200, BIG)    # each frame was checked


@case("4.2 the server keeps to a larger limit, and to a lower one again")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 2**22), (MAX_FRAME_SIZE, 2**20))
    c.give(0, 2**22)
    c.get(1, "/big.bin")
    c.answer(1, 200, BIG)
    c.get(3, "/big.bin")
    c.settings((MAX_FRAME_SIZE, FRAME_SIZE))
    c.answer(3, 200, BIG)


# ---- 4.3 field blocks ----


@case("4.3 a block that cannot be decoded")
def _(c):
    c.headers(1, b"\x80")
    c.connection_error(COMPRESSION_ERROR)


@case("4.3 a block that cannot be decoded, in CONTINUATION")
def _(c):
    c.headers(1, block(c.head()), flags=0)
    c.frame(CONTINUATION, END_HEADERS, 1, b"\x80")
    c.connection_error(COMPRESSION_ERROR)


@case("4.3 a block that cannot be decoded, as trailers")
def _(c):
    c.post(1)
    c.headers(1, b"\x80")
    c.connection_error(COMPRESSION_ERROR)


@case("4.3 a block that cannot be decoded, for a stream that was refused")
def _(c):
    c.headers(1, [(":method", "GET")], end=False)
    c.stream_error(1, PROTOCOL_ERROR, strict=True)
    c.headers(1, b"\x80")
    c.connection_error(COMPRESSION_ERROR)


@case("4.3 header block split at every octet")
def _(c):
    # The table grows on the way, so each split meets other indices too.
    text = block(c.head(extra=[("x-a", "b")]), INDEXING)
    for at in range(len(text) + 1):
        stream = 2 * at + 1
        c.headers(stream, text[:at], flags=0)
        c.frame(CONTINUATION, END_HEADERS, stream, text[at:])
        c.answer(stream, 200, TEXT)


@case("4.3 header block of one octet a frame is refused or taken whole")
def _(c):
    # A limit for CONTINUATION is the server's right (section 10.5.1): ENHANCE_YOUR_CALM.
    text = block(c.head())
    c.headers(1, text[:1], flags=0)
    with c.together():
        for at in range(1, len(text)):
            c.frame(CONTINUATION, END_HEADERS if at + 1 == len(text) else 0, 1, text[at:at + 1])
    c.until(lambda: c.streams[1].closed or c.closed, "any reaction")
    if c.closed:
        c.connection_error(11)
    else:
        c.answer(1, 200, TEXT)


@case("4.3 the table of a refused stream's block stays in step")
def _(c):
    # Malformed (no :path), but its last field is entry 62 from now on.
    c.headers(1, block([(":method", "GET")]) + field("x-kept", "value", INDEXING))
    c.stream_error(1, PROTOCOL_ERROR, strict=True)
    c.headers(3, block(c.head("/f/vars")) + b"\xbe")
    assert b"HTTP_X_KEPT=value\n" in c.answer(3).body
