# SPDX-License-Identifier: MIT
"""A FastCGI application under full control: tests decide about each octet it sends.

    def answer(request):
        request.stdout(b"Status: 103\\r\\n")
        request.drain()                 # the server has read it: what follows is another read
        request.stdout(b"\\r\\n")
        request.end()

    backend = Backend(answer)           # listens at backend.path, a thread for each connection

The function is called when PARAMS are complete; the body is read with request.read() or, at the
latest, when the next request is awaited. What it raises ends the connection and is kept in
backend.faults.
"""
import array
import fcntl
import os
import shutil
import socket
import struct
import tempfile
import termios
import threading
import time

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7


def record(kind, content=b"", number=1, padding=0, version=1):
    """The octets of one record."""
    return struct.pack("!BBHHBx", version, kind, number, len(content), padding) + content + \
        b"\xee" * padding


def end_record(status=0, protocol=0, number=1):
    return record(END, struct.pack("!IB3x", status, protocol), number)


def pairs(octets):
    """The name/value pairs of a PARAMS stream."""
    at, result = 0, {}

    def length():
        nonlocal at
        n = octets[at]
        if n < 128:
            at += 1
            return n
        n = struct.unpack_from("!I", octets, at)[0] & 0x7fffffff
        at += 4
        return n
    while at < len(octets):
        name, value = length(), length()
        result[octets[at:at + name].decode("latin-1")] = \
            octets[at + name:at + name + value].decode("latin-1")
        at += name + value
    return result


class Gone(Exception):
    """The server has closed the connection."""


class Request:
    """One request on a connection."""

    def __init__(self, connection, params, role, keep, first):
        self.connection = connection
        self.params = params
        self.role = role
        self.keep = keep
        self.first = first     # it is the first of its connection
        self.body_ended = False
        self.ended = False

    # -- in --

    def read(self):
        """The next piece of the body; b"" at its end. Gone when the server has gone."""
        if self.body_ended:
            return b""
        kind, content = self.connection.take()
        if kind == ABORT:
            raise Gone("ABORT_REQUEST")
        assert kind == STDIN, kind
        self.body_ended = not content
        return content

    def read_all(self):
        return b"".join(iter(self.read, b""))

    def wait_gone(self, seconds=10):
        """True when the server closes the connection within the time."""
        self.connection.sock.settimeout(seconds)
        try:
            while True:
                self.connection.take()
        except Gone:
            return True
        except TimeoutError:
            return False

    # -- out --

    def send(self, octets):
        """Octets as they are, in one write."""
        self.connection.sock.sendall(octets)

    def stdout(self, content, padding=0):
        self.send(record(STDOUT, content, padding=padding))

    def stderr(self, content):
        self.send(record(STDERR, content))

    def drain(self, seconds=30):
        """Waits until the server has read everything."""
        left = array.array("i", [0])
        end = time.monotonic() + seconds
        while True:
            fcntl.ioctl(self.connection.sock, termios.TIOCOUTQ, left)
            if not left[0]:
                return
            if time.monotonic() > end:
                raise AssertionError("the server does not read")
            time.sleep(0.00002)

    def end(self, status=0, protocol=0):
        self.ended = True
        self.send(end_record(status, protocol))

    def close(self):
        """Ends the connection without a word."""
        self.ended = True
        self.connection.close()


class _Connection:
    def __init__(self, backend, sock):
        self.backend = backend
        self.sock = sock
        self.buffer = b""
        self.open = True

    def _fill(self, n):
        while len(self.buffer) < n:
            try:
                more = self.sock.recv(65536)
            except TimeoutError:
                raise
            except OSError:
                more = b""
            if not more:
                raise Gone()
            self.buffer += more

    def take(self):
        """The next record: kind and content."""
        self._fill(8)
        _, kind, _, n, padding = struct.unpack_from("!BBHHB", self.buffer)
        self._fill(8 + n + padding)
        content = self.buffer[8:8 + n]
        self.buffer = self.buffer[8 + n + padding:]
        return kind, content

    def close(self):
        if self.open:
            self.open = False
            self.sock.close()

    def _next(self, first):
        kind, content = self.take()
        if kind == ABORT:   # crossed the end of the request before
            raise Gone("ABORT_REQUEST")
        assert kind == BEGIN, kind
        role, flags = struct.unpack_from("!HB", content)
        stream = b""
        while True:
            kind, content = self.take()
            assert kind == PARAMS, kind
            if not content:
                break
            stream += content
        return Request(self, pairs(stream), role, bool(flags & 1), first)

    def serve(self):
        first = True
        try:
            while self.open:
                request = self._next(first)
                first = False
                self.backend.count()
                self.backend.answer(request)
                if not request.ended:
                    request.end()
                if not self.open:
                    break
                request.read_all()
                if not request.keep:
                    break
        except (Gone, BrokenPipeError, ConnectionResetError):
            pass
        except Exception as fault:  # pylint: disable=broad-except
            self.backend.faults.append(repr(fault))
        finally:
            self.close()
            self.backend.closed += 1


class Backend:
    """Listens at a Unix socket; with fork=True in a process of its own, so that client and backend
    do not wait for each other (the function's variables are then copies)."""

    def __init__(self, answer, fork=False):
        self.answer = answer
        self.faults = []
        self.requests = 0
        self.accepted = 0
        self.closed = 0
        self.lock = threading.Lock()
        self.directory = tempfile.mkdtemp(prefix="outrider-fcgi-")
        os.chmod(self.directory, 0o755)
        self.path = os.path.join(self.directory, "sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o777)
        self.listener.listen(128)
        self.pid = os.fork() if fork else None
        if self.pid == 0:
            try:
                self._accept()
            finally:
                os._exit(0)
        if self.pid is None:
            threading.Thread(target=self._accept, daemon=True).start()

    def count(self):
        with self.lock:
            self.requests += 1

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            connection = _Connection(self, sock)
            threading.Thread(target=connection.serve, daemon=True).start()

    def stop(self):
        if self.pid:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        self.listener.close()
        shutil.rmtree(self.directory, ignore_errors=True)
