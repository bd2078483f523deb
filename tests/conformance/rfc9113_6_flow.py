# SPDX-License-Identifier: MIT
"""RFC 9113 sections 5.2 and 6.9: flow control. Client holds every DATA frame to the windows."""
import socket
import time

from frames import (
    BIG, CANCEL, CONNECTION_WINDOW, DATA, END_STREAM, FLOW_CONTROL_ERROR, FRAME_SIZE,
    FRAME_SIZE_ERROR, PADDED, PROTOCOL_ERROR, RST_STREAM, SETTINGS, STREAM_WINDOW, TEXT,
    WINDOW, WINDOW_LIMIT, WINDOW_UPDATE, INITIAL_WINDOW_SIZE, case, setting, u32)
from harness import equal

# ---- the format of WINDOW_UPDATE ----

for _stream, _what in ((0, "the connection"), (1, "a stream")):
    for _length in (0, 3, 5):
        @case(f"6.9 WINDOW_UPDATE of {_length} octets on {_what}")
        def _(c, stream=_stream, n=_length):
            c.hold(1)
            c.frame(WINDOW_UPDATE, 0, stream, bytes([1] * n))
            c.connection_error(FRAME_SIZE_ERROR)


@case("6.9 WINDOW_UPDATE of 0 on the connection")
def _(c):
    c.give(0, 0)
    c.connection_error(PROTOCOL_ERROR)


@case("6.9 WINDOW_UPDATE of 0 on a stream")
def _(c):
    c.hold(1)
    c.give(1, 0)
    c.stream_error(1, PROTOCOL_ERROR)


@case("6.9 WINDOW_UPDATE of 0 but for the reserved bit")
def _(c):
    c.give(0, 1 << 31)
    c.connection_error(PROTOCOL_ERROR)


# ---- 6.9.1 arithmetic ----


@case("6.9.1 WINDOW_UPDATE overflows the connection")
def _(c):
    c.give(0, WINDOW_LIMIT)
    c.connection_error(FLOW_CONTROL_ERROR)


@case("6.9.1 WINDOW_UPDATE overflows the connection by one")
def _(c):
    c.give(0, WINDOW_LIMIT - WINDOW)
    c.alive()
    c.give(0, 1)
    c.connection_error(FLOW_CONTROL_ERROR)


@case("6.9.1 WINDOW_UPDATE overflows a stream")
def _(c):
    c.hold(1)
    c.give(1, WINDOW_LIMIT)
    c.stream_error(1, FLOW_CONTROL_ERROR)


@case("6.9.1 WINDOW_UPDATE overflows a stream by one")
def _(c):
    c.hold(1)
    c.give(1, WINDOW_LIMIT - WINDOW)
    c.alive()
    c.give(1, 1)
    c.stream_error(1, FLOW_CONTROL_ERROR)


@case("6.9.1 windows of 2^31-1 are used")
def _(c):
    c.give(0, WINDOW_LIMIT - WINDOW)
    c.get(1, "/big.bin")
    c.give(1, WINDOW_LIMIT - WINDOW)
    c.answer(1, 200, BIG)


@case("6.9.1 the stream's window stops a response")
def _(c):
    c.give(0, 2**20)
    c.get(1, "/big.bin")
    c.until(lambda: len(c.streams[1].body) == WINDOW, "a window")
    c.alive()
    equal(len(c.streams[1].body), WINDOW)
    c.give(1, 2**20)
    c.answer(1, 200, BIG)


@case("6.9.1 the connection's window stops a response")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 2**20))
    c.get(1, "/big.bin")
    c.until(lambda: len(c.streams[1].body) == WINDOW, "a window")
    c.alive()
    equal(len(c.streams[1].body), WINDOW)
    c.give(0, 2**20)
    c.answer(1, 200, BIG)


@case("6.9.1 the connection's window is shared by all streams")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 2**20))
    for stream in (1, 3, 5):
        c.get(stream, "/big.bin")
    c.until(lambda: sum(len(s.body) for s in c.streams.values()) == WINDOW, "a window")
    c.alive()
    c.give(0, 3 * len(BIG))
    for stream in (1, 3, 5):
        c.answer(stream, 200, BIG)


@case("6.9.1 a used up connection window does not stop heads and ends")
def _(c):
    c.get(1, "/big.bin")
    c.until(lambda: len(c.streams[1].body) == WINDOW, "a window")
    c.get(3, "/f/status/204")
    c.answer(3, 204, b"")
    c.get(5, "/f/hints")
    c.until(lambda: c.streams[5].status == 200, "the head")
    equal(len(c.streams[5].informational) >= 1, True, "informational responses")
    equal(c.streams[5].body, b"")


@case("6.9.1 windows of one octet")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 1))
    c.headers(1)
    for _ in range(len(TEXT)):
        c.give(1, 1)
    s = c.answer(1, 200, TEXT)
    assert all(n <= len(TEXT) for n in s.pieces)


@case("6.9.1 one octet at a time")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 0))
    c.headers(1)
    s = c.streams[1]
    for i in range(len(TEXT)):
        c.alive()
        equal(len(s.body), i)
        c.give(1, 1)
        c.until(lambda n=i: len(s.body) > n, "an octet")
    c.answer(1, 200, TEXT)


@case("6.9.1 a window for exactly the body is enough for its end")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, len(TEXT)))
    c.fine(1)


@case("6.9.1 empty DATA needs no window")
def _(c):
    # A body without octets ends though there is no window at all.
    c.settings((INITIAL_WINDOW_SIZE, 0))
    c.get(1, "/f/status/200")
    c.answer(1, 200, b"")


@case("6.9.1 WINDOW_UPDATE before the response has begun")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 0))
    c.hold(1)
    c.give(1, 3)
    c.give(1, 2)
    c.release(1)
    c.answer(1, 200, TEXT)


# ---- 6.9.2 the initial window ----


@case("6.9.2 a raised initial window goes to streams that are open")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 0))
    c.headers(1)
    c.until(lambda: c.streams[1].status == 200, "the head")
    c.alive()
    equal(c.streams[1].body, b"")
    c.settings((INITIAL_WINDOW_SIZE, 3))
    c.until(lambda: len(c.streams[1].body) == 3, "three octets")
    c.settings((INITIAL_WINDOW_SIZE, 100))
    c.answer(1, 200, TEXT)


@case("6.9.2 a window becomes negative, and is filled up again")
def _(c):
    c.give(0, 2**20)
    c.get(1, "/big.bin")
    s = c.streams[1]
    c.until(lambda: len(s.body) == WINDOW, "a window")
    c.settings((INITIAL_WINDOW_SIZE, 0))    # now it is at -65,535
    c.give(1, WINDOW)                       # at 0
    c.alive()
    equal(len(s.body), WINDOW)
    c.give(1, 1)
    c.until(lambda: len(s.body) == WINDOW + 1, "one octet")
    c.settings((INITIAL_WINDOW_SIZE, 2**20))
    c.answer(1, 200, BIG)


@case("6.9.2 a window that stays negative lets nothing through")
def _(c):
    c.give(0, 2**20)
    c.get(1, "/big.bin")
    c.until(lambda: len(c.streams[1].body) == WINDOW, "a window")
    c.settings((INITIAL_WINDOW_SIZE, 100))
    c.give(1, 1000)
    c.alive()
    equal(len(c.streams[1].body), WINDOW)


@case("6.9.2 no DATA comes beyond a lowered window once that is acknowledged")
def _(c):
    # Nobody reads until the sockets are full. What was sent before counts; whatever follows the
    # acknowledgement must fit into what the lowered window leaves, which is nothing. Section 6.9.2
    # has the sender adjust its windows when it acknowledges (section 6.5.3).
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    c.settings((INITIAL_WINDOW_SIZE, 2**24))
    c.give(0, 2**30)
    for stream in range(1, 16, 2):
        c.get(stream, "/huge.bin")
    time.sleep(0.3)
    c.settings((INITIAL_WINDOW_SIZE, 0))
    c.alive()
    before = [len(s.body) for s in c.streams.values()]
    for stream in range(1, 16, 2):
        c.frame(RST_STREAM, 0, stream, u32(CANCEL))
    c.settings((INITIAL_WINDOW_SIZE, WINDOW))
    c.fine(101)
    equal([len(c.streams[stream].body) for stream in range(1, 16, 2)], before)


@case("6.9.2 the initial window does not change the connection's")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 0))
    c.give(0, 2**20)
    c.settings((INITIAL_WINDOW_SIZE, 2**20))
    c.get(1, "/big.bin")
    c.answer(1, 200, BIG)


@case("6.9.2 an initial window that overflows an open stream's window")
def _(c):
    c.hold(1)
    c.give(1, 1)
    c.frame(SETTINGS, 0, 0, setting((INITIAL_WINDOW_SIZE, WINDOW_LIMIT)))
    c.connection_error(FLOW_CONTROL_ERROR)


@case("6.9.2 an initial window of 2^31-1 for streams without updates")
def _(c):
    c.hold(1)
    c.settings((INITIAL_WINDOW_SIZE, WINDOW_LIMIT))
    c.release(1)
    c.answer(1, 200, TEXT)


@case("6.9.2 settings of the preface hold for the first request", greet=False)
def _(c):
    c.initial = 0
    c.greet([(INITIAL_WINDOW_SIZE, 0)])
    c.headers(1)
    c.until(lambda: c.streams[1].status == 200, "the head")
    c.alive()
    equal(c.streams[1].body, b"")


# ---- what the server lets us send ----


@case("6.9.2 the server's windows are advertised")
def _(c):
    equal(c.server_settings[INITIAL_WINDOW_SIZE], STREAM_WINDOW)
    equal(WINDOW + c.updates, CONNECTION_WINDOW)


@case("6.9 an upload of several windows flows")
def _(c):
    body = b"\1" * (3 * STREAM_WINDOW)
    c.post(1)
    c.upload(1, body)
    c.answer(1, 200, b"%d %d\n" % (len(body), len(body)))


@case("6.9 an echoed upload flows both ways")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 2**22))
    c.give(0, 2**22)
    c.post(1, "/s/echo")
    c.upload(1, BIG)
    c.answer(1, 200, BIG)


@case("6.9.1 padding counts in the windows, and is given back")
def _(c):
    # 256 octets of padding for each octet of body: three times the connection's window in all.
    c.post(1)
    sent = 0
    for _ in range(3 * CONNECTION_WINDOW // 257):
        c.until(lambda: c.room(1) - sent >= 257, f"window after {sent} octets")
        c.frame(DATA, PADDED, 1, b"\xff\1" + bytes(255))
        sent += 257
    c.frame(DATA, END_STREAM, 1)
    n = 3 * CONNECTION_WINDOW // 257
    c.answer(1, 200, b"%d %d\n" % (n, n))


def hold_narrow(c):
    """Occupies the only connection of the narrow route: what follows there waits unread."""
    c.hold(1, route="/n")
    c.alive()


@case("6.9.1 DATA beyond the stream's window")
def _(c):
    hold_narrow(c)
    c.post(3, "/n/body")
    for _ in range(STREAM_WINDOW // FRAME_SIZE):
        c.frame(DATA, 0, 3, bytes(FRAME_SIZE))
    c.alive()
    equal(c.streams[3].updates, 0)
    c.frame(DATA, 0, 3, b"x")
    c.stream_error(3, FLOW_CONTROL_ERROR)


@case("6.9.1 padding beyond the stream's window")
def _(c):
    hold_narrow(c)
    c.post(3, "/n/body")
    for _ in range(STREAM_WINDOW // FRAME_SIZE):
        c.frame(DATA, 0, 3, bytes(FRAME_SIZE))
    c.frame(DATA, PADDED, 3, b"\0")
    c.stream_error(3, FLOW_CONTROL_ERROR)


@case("6.9.1 DATA beyond the connection's window")
def _(c):
    hold_narrow(c)
    streams = range(3, 3 + 2 * (CONNECTION_WINDOW // STREAM_WINDOW), 2)
    for stream in streams:
        c.post(stream, "/n/body")
        for _ in range(STREAM_WINDOW // FRAME_SIZE):
            c.frame(DATA, 0, stream, bytes(FRAME_SIZE))
    c.alive()
    equal(WINDOW + c.updates, CONNECTION_WINDOW)
    last = streams[-1] + 2
    c.post(last, "/n/body")
    c.frame(DATA, 0, last, b"x")
    c.connection_error(FLOW_CONTROL_ERROR)


@case("6.9 DATA on streams that the server reset is given back to the connection")
def _(c):
    sent = 0
    body = b"\1" * 100000
    for stream in range(1, 61, 2):    # three times the connection's window
        c.headers(stream, [(":method", "POST")], end=False)
        c.upload(stream, body, end=True, sent_before=sent)
        sent += len(body)
    c.post(101)
    c.upload(101, body, sent_before=sent)
    c.answer(101, 200, b"100000 100000\n")


@case("6.9 DATA of streams that the client reset is given back to the connection")
def _(c):
    hold_narrow(c)
    sent = 0
    body = b"\1" * 200000
    for stream in range(3, 33, 2):    # each waits unread in its pipe until it is reset
        c.post(stream, "/n/body")
        c.upload(stream, body, end=stream % 4 == 1, sent_before=sent)
        sent += len(body)
        c.frame(RST_STREAM, 0, stream, u32(CANCEL))
    c.post(101)
    c.upload(101, body, sent_before=sent)
    c.answer(101, 200, b"200000 200000\n")


@case("6.9 DATA that is longer than its content-length is given back")
def _(c):
    sent = 0
    body = b"\1" * 100000
    for stream in range(1, 41, 2):
        c.post(stream, extra=[("content-length", "1")])
        c.upload(stream, body, sent_before=sent)
        sent += len(body)
        c.stream_error(stream, PROTOCOL_ERROR, strict=True)
    c.fine(101)


@case("6.9 WINDOW_UPDATE with END_STREAM's flag is nothing but itself")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 0))
    c.post(1)
    c.frame(WINDOW_UPDATE, END_STREAM, 1, u32(100))
    c.frame(DATA, END_STREAM, 1, b"\6")
    c.answer(1, 200, b"1 6\n")


@case("5.2.1 frames other than DATA are not subject to windows")
def _(c):
    c.settings((INITIAL_WINDOW_SIZE, 0))
    c.get(1, "/f/fields/150")
    c.until(lambda: c.streams[1].status == 200, "the head")
    c.alive()
    c.give(1, 100)
    c.answer(1, 200, TEXT)
