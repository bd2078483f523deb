# SPDX-License-Identifier: MIT
"""A small HTTP/2 client for the conformance suite: it sends whatever octets a case asks for, and
holds every frame that the server sends to the rules of RFC 9113. No state machine is in the way.

A case is a function of a Client:

    @case("6.7 PING is answered with its octets")
    def _(c):
        c.frame(PING, 0, 0, b"octets..")
        equal(c.wait(PING).payload, b"octets..")

It runs twice, in the clear and over TLS. By then prefaces and SETTINGS have been exchanged, unless
the case says greet=False. When it returns, the connection is closed.
"""
import os
import struct
import sys
import threading
import time

import hpack
import hpack.huffman
import hpack.huffman_constants

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
# pylint: disable=wrong-import-position
from fcgi_backend import Backend
from harness import Outrider, at_end, equal

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, \
    CONTINUATION = range(10)
NAMES = ("DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY",
         "WINDOW_UPDATE", "CONTINUATION")
ACK = END_STREAM = 0x1
END_HEADERS, PADDED, PRIORITIZED = 0x4, 0x8, 0x20

ERRORS = ("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
          "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
          "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED")
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, \
    FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM, \
    INADEQUATE_SECURITY, HTTP_1_1_REQUIRED = range(14)

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, \
    MAX_HEADER_LIST_SIZE = range(1, 7)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_SIZE = 16384
WINDOW = 65535
WINDOW_LIMIT = 2**31 - 1
DEADLINE = 12.0   # seconds; the machine may be busy
TEXT = b"fine\n"  # what the applications answer, and www/fine.txt
BIG = bytes(i % 251 for i in range(400000))   # www/big.bin

MAX_STREAMS = 8
STREAM_WINDOW = 256 * 1024
CONNECTION_WINDOW = 1024 * 1024
HEADER_LIST = 64 * 1024

HOP = {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"}


# ---- octets ----

def octets(kind, flags=0, stream=0, payload=b"", length=None):
    """A frame; `stream` may carry the reserved bit, `length` may be wrong."""
    n = len(payload) if length is None else length
    return struct.pack("!BHBBI", n >> 16, n & 0xffff, kind, flags, stream) + payload


def setting(*pairs):
    """The payload of SETTINGS: (identifier, value) pairs."""
    return b"".join(struct.pack("!HI", *pair) for pair in pairs)


def u32(value):
    return struct.pack("!I", value)


# How a literal field is represented: first octet, bits of the prefix (RFC 7541 section 6.2).
PLAIN, INDEXING, NEVER = (0x00, 4), (0x40, 6), (0x10, 4)

_huffman = hpack.huffman.HuffmanEncoder(hpack.huffman_constants.REQUEST_CODES,
                                        hpack.huffman_constants.REQUEST_CODES_LENGTH)


def huffman(text):
    return _huffman.encode(text)


def integer(value, bits, top=0):
    """RFC 7541 section 5.1."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([top | value])
    result, value = bytes([top | most]), value - most
    while value > 127:
        result, value = result + bytes([0x80 | value & 0x7f]), value >> 7
    return result + bytes([value])


def raw(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


def string(text, coded=False):
    """RFC 7541 section 5.2."""
    text = huffman(raw(text)) if coded else raw(text)
    return integer(len(text), 7, 0x80 if coded else 0) + text


def field(name, value, how=PLAIN, coded=False):
    """A literal field; the name may be an index."""
    if isinstance(name, int):
        return integer(name, how[1], how[0]) + string(value, coded)
    return bytes([how[0]]) + string(name, coded) + string(value, coded)


def indexed(index):
    return integer(index, 7, 0x80)


def resize(size):
    return integer(size, 5, 0x20)


def block(fields, how=PLAIN):
    return b"".join(field(name, value, how) for name, value in fields)


# ---- what came ----

class Frame:
    def __init__(self, head, payload):
        high, low, self.kind, self.flags, stream = struct.unpack("!BHBBI", head)
        self.length = high << 16 | low
        self.stream = stream & WINDOW_LIMIT
        self.reserved = stream >> 31
        self.payload = payload

    @property
    def number(self):
        """The only number in RST_STREAM and WINDOW_UPDATE."""
        return struct.unpack("!I", self.payload)[0]

    def __repr__(self):
        name = NAMES[self.kind] if self.kind < len(NAMES) else f"type {self.kind}"
        more = ""
        if self.kind == RST_STREAM:
            more = f" {error(self.number)}"
        elif self.kind == GOAWAY:
            last, code = struct.unpack("!II", self.payload[:8])
            more = f" last={last} {error(code)} {self.payload[8:].decode('latin-1')}"
        return f"<{name} stream={self.stream} flags={self.flags:#x} length={self.length}{more}>"


def error(code):
    return ERRORS[code] if code < len(ERRORS) else hex(code)


class Stream:
    """What the server sent on a stream."""

    def __init__(self, window):
        self.status = None
        self.fields = []
        self.informational = []    # (status, fields)
        self.trailers = None
        self.body = b""
        self.pieces = []           # lengths of DATA frames
        self.ended = False
        self.reset = None          # error code
        self.window = window       # what the server may send
        self.updates = 0           # what it has given us by WINDOW_UPDATE
        self.blocks = []           # header blocks as they came

    @property
    def closed(self):
        return self.ended or self.reset is not None

    def field(self, name):
        return next((value for n, value in self.fields if n == name), None)


class Broken(AssertionError):
    """The server sent what it must not send."""


class Client:
    """One connection."""

    def __init__(self, server, tls, greet=True, settings=()):
        self.server = server
        self.tls = tls
        self.scheme = "https" if tls else "http"
        self.sock = server.connect(tls)
        self.buffer = b""
        self.frames = []           # all that came
        self.streams = {}
        self.closed = False
        self.goaways = []          # (last stream, error code)
        self.auto_ack = True
        self.decoder = hpack.Decoder(max_header_list_size=2**24)
        self.open_block = None     # (stream, flags, octets) of a header block that goes on
        self.pending = []          # our SETTINGS that are not acknowledged yet
        self.acks = 0
        self.window = WINDOW       # what the server may send on the connection
        self.initial = WINDOW      # and on a new stream
        self.largest = FRAME_SIZE
        self.server_settings = None
        self.updates = 0           # given to us for the connection by WINDOW_UPDATE
        self.tokens = []
        self.others = []
        self.corked = None
        if greet:
            self.greet(settings)

    def greet(self, settings=()):
        self.send(PREFACE + self.build(SETTINGS, 0, 0, setting(*settings)))
        self.until(lambda: self.acks == 1 and self.server_settings is not None, "SETTINGS")

    def another(self, **more):
        """A further connection to the same server."""
        other = Client(self.server, self.tls, **more)
        self.others.append(other)
        return other

    def close(self):
        for token in self.tokens:
            held[token].set()
        for one in [*self.others, self]:
            one.sock.close()

    # -- sending --

    def send(self, text):
        """Octets as they are. That the server has closed shows when reading."""
        if self.corked is not None:
            self.corked += text
            return
        self.sock.settimeout(DEADLINE)
        try:
            self.sock.sendall(text)
        except TimeoutError as fault:
            raise AssertionError("the server does not read") from fault
        except OSError:
            pass

    def together(self):
        """with c.together(): what is sent inside leaves in one piece."""
        return _Together(self)

    def build(self, kind, flags=0, stream=0, payload=b"", length=None):
        """A frame that will be sent, noted where it changes what the server may do."""
        if kind == SETTINGS and not flags & ACK and len(payload) % 6 == 0:
            self.pending.append(list(struct.iter_unpack("!HI", payload)))
        elif kind == WINDOW_UPDATE and len(payload) == 4:
            increment = struct.unpack("!I", payload)[0] & WINDOW_LIMIT
            if stream == 0:
                self.window += increment
            elif stream in self.streams:
                self.streams[stream].window += increment
        elif kind == HEADERS and stream not in self.streams:
            self.streams[stream] = Stream(self.initial)
        return octets(kind, flags, stream, payload, length)

    def frame(self, kind, flags=0, stream=0, payload=b"", length=None):
        self.send(self.build(kind, flags, stream, payload, length))

    def settings(self, *pairs):
        """Sends SETTINGS and waits for the acknowledgement."""
        wanted = self.acks + len(self.pending) + 1
        self.frame(SETTINGS, 0, 0, setting(*pairs))
        self.until(lambda: self.acks >= wanted, "acknowledgement of SETTINGS")

    def give(self, stream, increment):
        self.frame(WINDOW_UPDATE, 0, stream, u32(increment))

    def head(self, path="/fine.txt", method="GET", extra=()):
        """The fields of a request."""
        return [(":method", method), (":scheme", self.scheme), (":authority", "localhost"),
                (":path", path), *extra]

    def headers(self, stream, fields=None, end=True, flags=END_HEADERS):
        """HEADERS; fields is a list of pairs, an encoded block, or None for a plain GET."""
        if fields is None:
            fields = self.head()
        if not isinstance(fields, bytes):
            fields = block(fields)
        self.frame(HEADERS, flags | (END_STREAM if end else 0), stream, fields)

    def get(self, stream, path="/fine.txt", method="GET", extra=(), end=True):
        self.headers(stream, self.head(path, method, extra), end)

    def post(self, stream, path="/f/body", extra=(), body=None):
        """A request with a body; without one its DATA is still to come."""
        self.get(stream, path, "POST", extra, end=False)
        if body is not None:
            self.frame(DATA, END_STREAM, stream, body)

    def hold(self, stream, route="/f", **more):
        """A request that is answered only after release(stream)."""
        token = f"{id(self):x}-{stream}"
        held[token] = threading.Event()
        self.tokens.append(token)
        self.get(stream, f"{route}/hold/{token}", **more)

    def release(self, stream):
        held[f"{id(self):x}-{stream}"].set()

    def room(self, stream):
        """What the server lets us send on a stream, if nothing has been sent yet."""
        mine = self.server_settings.get(INITIAL_WINDOW_SIZE, WINDOW)
        return min(mine + self.streams[stream].updates, WINDOW + self.updates)

    def upload(self, stream, body, end=True, sent_before=0):
        """DATA as the windows allow; sent_before counts against the connection's window only."""
        at = 0
        while at < len(body):
            mine = self.server_settings.get(INITIAL_WINDOW_SIZE, WINDOW)

            def free(at=at, mine=mine):
                return min(mine + self.streams[stream].updates - at,
                           WINDOW + self.updates - sent_before - at)
            self.until(lambda: free() > 0, f"window of stream {stream} after {at} octets")
            n = min(free(), FRAME_SIZE, len(body) - at)
            at += n
            self.frame(DATA, END_STREAM if end and at == len(body) else 0, stream, body[at - n:at])

    # -- receiving --

    def read(self, seconds=DEADLINE):
        """The next frame, or None when the server has closed. TimeoutError when nothing comes."""
        end = time.monotonic() + seconds
        while not self.closed:
            if len(self.buffer) >= 9:
                n = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) >= 9 + n:
                    frame = Frame(self.buffer[:9], self.buffer[9:9 + n])
                    self.buffer = self.buffer[9 + n:]
                    self.frames.append(frame)
                    self._check(frame)
                    return frame
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.sock.settimeout(left)
            try:
                more = self.sock.recv(65536)
            except TimeoutError:
                raise
            except OSError:    # reset, or TLS without its goodbye
                more = b""
            self.buffer += more
            self.closed = not more
        return None

    def until(self, condition, what="condition", seconds=DEADLINE):
        """Reads until the condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            try:
                frame = self.read(max(0.0, end - time.monotonic()))
            except TimeoutError:
                frame = None
            if frame is None and not condition():
                raise AssertionError(
                    f"{what}: did not come ({'closed' if self.closed else 'silence'}); "
                    f"last frames {self.frames[-6:]}")

    def wait(self, kind, stream=0):
        """The next frame of a type on a stream."""
        seen = len(self.frames)
        self.until(lambda: any(f.kind == kind and f.stream == stream for f in self.frames[seen:]),
                   f"{NAMES[kind]} on stream {stream}")
        return next(f for f in self.frames[seen:] if f.kind == kind and f.stream == stream)

    # -- rules for the server --

    def _check(self, f):
        if not self.frames[:-1] and (f.kind != SETTINGS or f.flags & ACK):
            raise Broken(f"section 3.4: the first frame is {f}")
        if f.length > self.largest:
            raise Broken(f"section 4.2: a frame over our limit: {f}")
        if f.reserved:
            raise Broken(f"section 4.1: reserved bit set: {f}")
        if self.open_block and (f.kind != CONTINUATION or f.stream != self.open_block[0]):
            raise Broken(f"section 6.10: {f} inside a header block")
        if f.kind in (SETTINGS, PING, GOAWAY):
            if f.stream:
                raise Broken(f"section 6: on a stream: {f}")
            {SETTINGS: self._settings, PING: lambda f: None, GOAWAY: self._goaway}[f.kind](f)
        elif f.kind == WINDOW_UPDATE and f.stream == 0:
            self.updates += self._increment(f)
        elif f.kind < len(NAMES) and f.kind != PRIORITY:
            self._on_stream(f)

    def _settings(self, f):
        if f.flags & ACK:
            if f.length or not self.pending:
                raise Broken(f"section 6.5: {f} acknowledges nothing")
            self.acks += 1
            for name, value in self.pending.pop(0):
                self._apply(name, value)
            return
        self.server_settings = {**(self.server_settings or {}),
                                **dict(struct.iter_unpack("!HI", f.payload))}
        if self.auto_ack:
            self.frame(SETTINGS, ACK)

    def _apply(self, name, value):
        """A setting of ours that the server has acknowledged."""
        if name == INITIAL_WINDOW_SIZE:
            for stream in self.streams.values():
                stream.window += value - self.initial
            self.initial = value
        elif name == MAX_FRAME_SIZE:
            self.largest = value
        elif name == HEADER_TABLE_SIZE:
            self.decoder.max_allowed_table_size = value

    def _goaway(self, f):
        last, code = struct.unpack("!II", f.payload[:8])
        if self.goaways and last > self.goaways[-1][0]:
            raise Broken(f"section 6.8: the last stream rises: {f}")
        self.goaways.append((last, code))

    @staticmethod
    def _increment(f):
        if f.length != 4 or not 0 < f.number <= WINDOW_LIMIT:
            raise Broken(f"section 6.9: {f}")
        return f.number

    def _on_stream(self, f):
        s = self.streams.get(f.stream)
        if f.kind == PUSH_PROMISE:
            raise Broken("section 8.4: PUSH_PROMISE though no route pushes")
        if s is None:
            raise Broken(f"section 5.1: a stream that we did not open: {f}")
        if s.reset is not None:
            raise Broken(f"section 5.1: after RST_STREAM: {f}")
        if f.kind == RST_STREAM:
            if f.length != 4:
                raise Broken(f"section 6.4: {f}")
            s.reset = f.number
        elif f.kind == WINDOW_UPDATE:
            s.updates += self._increment(f)
        elif s.ended and f.kind != CONTINUATION:
            raise Broken(f"section 5.1: after END_STREAM: {f}")
        elif f.kind == DATA:
            self._data(f, s)
        else:
            self._headers(f, s)

    def _data(self, f, s):
        if s.status is None:
            raise Broken(f"section 8.1: DATA before the head: {f}")
        s.window -= f.length
        self.window -= f.length
        if f.length and (s.window < 0 or self.window < 0):
            raise Broken(f"section 6.9.1: beyond a window ({s.window} of the stream, "
                         f"{self.window} of the connection): {f}")
        pad = f.payload[0] + 1 if f.flags & PADDED else 0
        s.body += f.payload[1:1 + f.length - pad] if pad else f.payload
        s.pieces.append(f.length)
        s.ended = bool(f.flags & END_STREAM)

    def _headers(self, f, s):
        if f.kind == HEADERS:
            payload = f.payload
            if f.flags & PADDED:
                payload = payload[1:len(payload) - payload[0]]
            if f.flags & PRIORITIZED:
                payload = payload[5:]
            self.open_block = (f.stream, f.flags, payload)
        else:
            if not self.open_block:
                raise Broken(f"section 6.10: {f} without HEADERS")
            stream, flags, before = self.open_block
            self.open_block = (stream, flags | f.flags & END_HEADERS, before + f.payload)
        stream, flags, text = self.open_block
        if flags & END_HEADERS:
            self.open_block = None
            s.blocks.append(text)
            self._fields(s, self.decoder.decode(text), flags & END_STREAM)

    @staticmethod
    def _fields(s, fields, end):
        names = [name for name, _ in fields]
        pseudo = [name for name in names if name.startswith(":")]
        if any(name != name.lower() or name in HOP for name in names):
            raise Broken(f"section 8.2: names {names}")
        if s.status is not None:
            if pseudo or not end:
                raise Broken(f"section 8.1: trailers {fields}, END_STREAM {bool(end)}")
            s.trailers = fields
        elif pseudo != [":status"] or names[0] != ":status":
            raise Broken(f"section 8.3.2: pseudo-header fields {pseudo}")
        elif fields[0][1].startswith("1"):
            if end:
                raise Broken("section 8.1: END_STREAM on an informational response")
            s.informational.append((int(fields[0][1]), fields))
        else:
            s.status, s.fields = int(fields[0][1]), fields
        s.ended = s.ended or bool(end)

    # -- what a case expects --

    def answer(self, stream, status=200, body=None):
        """The response on a stream, once it has ended; that it was reset instead is a fault."""
        s = self.streams[stream]
        self.until(lambda: s.closed, f"response on stream {stream}")
        if not s.ended:
            raise AssertionError(f"stream {stream}: RST_STREAM {error(s.reset)}")
        equal(s.status, status, f"status on stream {stream}")
        if body is not None:
            equal(s.body, body, f"body on stream {stream}")
        return s

    def alive(self):
        """The connection goes on: a PING that is sent now is answered."""
        self.frame(PING, 0, 0, b"on we go")
        self.until(lambda: self.frames and self.frames[-1].kind == PING and
                   self.frames[-1].flags & ACK and self.frames[-1].payload == b"on we go",
                   "acknowledgement of PING")
        equal([code for _, code in self.goaways if code], [], "GOAWAY")

    def fine(self, stream):
        """The connection serves another request, and compression is in step."""
        self.headers(stream)
        self.answer(stream, 200, TEXT)

    def to_the_end(self):
        self.until(lambda: self.closed, "end of the connection")

    def connection_error(self, *codes):
        """GOAWAY with one of the codes, then the end of the connection (RFC 9113 section 5.4.1)."""
        self.to_the_end()
        got = [code for _, code in self.goaways]
        if not got or got[-1] not in codes:
            raise AssertionError(f"GOAWAY {[error(code) for code in got]}, expected "
                                 f"{' or '.join(error(code) for code in codes)}; "
                                 f"last frames {self.frames[-4:]}")

    def stream_error(self, stream, *codes, strict=False):
        """RST_STREAM with one of the codes, and the connection goes on; or the same as a connection
        error, which section 5.4.1 allows ("an endpoint MAY choose to treat a stream error as a
        connection error"). With strict it must be the former: Outrider promises that for malformed
        requests, and a client could not work with the latter for refused ones (section 8.7)."""
        s = self.streams.setdefault(stream, Stream(self.initial))
        self.until(lambda: s.reset is not None or self.closed, f"RST_STREAM on stream {stream}")
        if s.reset is None and not strict:
            self.connection_error(*codes)
            return
        if s.reset not in codes:
            raise AssertionError(f"RST_STREAM {s.reset if s.reset is None else error(s.reset)}, "
                                 f"expected {' or '.join(error(code) for code in codes)}; "
                                 f"last frames {self.frames[-4:]}")
        self.alive()

    def ignored_or(self, check):
        """Where the RFC allows both: nothing happens, or what `check` expects."""
        self.frame(PING, 0, 0, b"ignored?")
        seen = len(self.frames)

        def settled():
            return self.closed or any(
                f.kind == GOAWAY or f.kind == PING and f.payload == b"ignored?"
                for f in self.frames[seen:])
        self.until(settled, "any reaction")
        if self.closed or self.goaways or any(f.kind == RST_STREAM for f in self.frames[seen:]):
            check()


class _Together:
    def __init__(self, client):
        self.client = client

    def __enter__(self):
        self.client.corked = b""

    def __exit__(self, *_):
        text, self.client.corked = self.client.corked, None
        self.client.send(text)


# ---- the server and its applications ----

INI = """
[server]
workers = 1
@USER@
error_log = stderr
log_level = debug
shutdown_timeout = 20s
max_streams = @STREAMS@
header_table = @TABLE@

[listen clear]
address = 127.0.0.1:@PORT@

[listen secure]
address = 127.0.0.1:@TLS_PORT@
tls = on
certificate = @DIR@/cert.pem
private_key = @DIR@/key.pem

[fastcgi f]
connect = unix:@SOCKET@

[fastcgi narrow]
connect = unix:@SOCKET@
max_connections = 1
queue_timeout = 60s

[site main]
hosts = *
root = @WWW@

[route f]
match = /f/
handler = fastcgi
backend = f

[route s]
match = /s/
handler = fastcgi
backend = f
request_body = stream

[route n]
match = /n/
handler = fastcgi
backend = narrow
request_body = stream
"""

held = {}   # token: the event that a request waits for


def _application(request):
    """PATH_INFO decides: see the names."""
    what, _, rest = request.params["PATH_INFO"].strip("/").partition("/")
    plain = b"Content-Type: text/plain\r\n\r\n"
    if what == "hold":
        held[rest].wait(60)
        request.stdout(plain + TEXT)
    elif what == "vars":
        request.stdout(plain + "".join(f"{k}={v}\n" for k, v in request.params.items())
                       .encode("latin-1"))
    elif what == "body":
        body = request.read_all()
        request.stdout(plain + b"%d %d\n" % (len(body), sum(body)))
    elif what == "echo":
        request.stdout(plain)
        for piece in iter(request.read, b""):
            request.stdout(piece)
    elif what == "early":
        request.stdout(plain + TEXT)
        request.end()
    elif what == "status":
        request.stdout(b"Status: %d\r\n\r\n" % int(rest))
    elif what == "hints":
        request.stdout(b"Status: 103\r\nLink: </a.css>; rel=preload\r\n\r\n" * 2 + plain + TEXT)
    elif what == "hop":
        request.stdout(b"Content-Type: text/plain\r\nConnection: close\r\nKeep-Alive: 1\r\n"
                       b"Upgrade: x\r\nX-Upper: Y\r\n\r\n" + TEXT)
    elif what == "fields":
        request.stdout(b"Content-Type: text/plain\r\n" +
                       b"".join(b"X-F%d: %s\r\n" % (i, b"v" * 300) for i in range(int(rest))) +
                       b"\r\n" + TEXT)
    else:
        request.stdout(plain + TEXT)


_backends = []


def server(table="4K", streams=MAX_STREAMS):
    """A server of the suite; it starts when it is first used."""
    if not _backends:
        _backends.append(at_end(Backend(_application)))
    return Outrider(INI, files={"www/fine.txt": TEXT, "www/big.bin": BIG,
                           "www/huge.bin": bytes(2**22)},
                    words={"SOCKET": _backends[0].path, "TABLE": table, "STREAMS": streams})


# ---- cases ----

class Case:
    def __init__(self, name, function, options):
        self.name = name
        self.function = function
        self.options = options


cases = []


def case(name, **options):
    """Registers a case. options: greet, settings as of Client; server(): another one than usual."""
    def register(function):
        cases.append(Case(name, function, options))
        return function
    return register
