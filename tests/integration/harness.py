# SPDX-License-Identifier: MIT
"""What the integration tests share: see README.md in this folder.

Started as root, server and PHP run as www-data, as they would in earnest; so everything they read is
copied to a folder of its own under the temporary folder.
"""
import atexit
import collections
import glob
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback

import h2.config
import h2.connection
import h2.events
import h2.exceptions

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.abspath(os.environ.get("OUTRIDER_BUILD", os.path.join(TOP, "build")))
ROOT = os.getuid() == 0
USER = "www-data"

DEFAULT_INI = """
[server]
workers = 1
@USER@
error_log = stderr
log_level = debug
shutdown_timeout = 2s

[listen clear]
address = 127.0.0.1:@PORT@

[listen secure]
address = 127.0.0.1:@TLS_PORT@
tls = on
certificate = @DIR@/cert.pem
private_key = @DIR@/key.pem

[fastcgi php]
connect = unix:@PHP@
keep = 2

@FASTCGI@

[site main]
hosts = *
root = @WWW@
index = index.html index.php

[route php]
match = *.php
handler = fastcgi
backend = php

@ROUTES@

[route cgi]
match = /cgi-bin/
handler = cgi
root = @CGI@
"""

# Sample programs that the default configuration mounts at /c/NAME.
PROGRAMS = ("crash", "echo", "hello", "hints", "sink", "slow", "source")


class Skip(Exception):
    """The case cannot be tried here."""


def skip(why):
    raise Skip(why)


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what + ': ' if what else ''}got {got!r}, expected {wanted!r}")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {text[-2000:]!r}")


def wait_for(condition, seconds=10.0, what="condition"):
    """Waits until the condition holds, and returns what it returned."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


# h2 takes every GOAWAY for the end. A graceful one is not (RFC 9113 section 6.8): open streams go on.
_machine = h2.connection.H2ConnectionStateMachine
_machine._transitions = {  # pylint: disable=protected-access
    **_machine._transitions,  # pylint: disable=protected-access
    (h2.connection.ConnectionState.CLIENT_OPEN, h2.connection.ConnectionInputs.RECV_GOAWAY):
        (None, h2.connection.ConnectionState.CLIENT_OPEN)}


# ---- cases ----

_cases = []
_started = []  # everything that has to be stopped, oldest first


def case(function):
    """Marks a test; its name, with spaces for underscores, is the case's."""
    _cases.append((function.__name__.replace("_", " "), function))
    return function


def at_end(thing):
    """Has thing.stop() called when all cases have run."""
    _started.append(thing)
    return thing


def _first_line(text):
    return " ".join(str(text).split())[:500] or "no reason given"


def _run_case(name, function):
    try:
        function()
    except Skip as why:
        print(f"skip - {name}: {_first_line(why)}", flush=True)
        return True
    except Exception as fault:  # pylint: disable=broad-except
        traceback.print_exc()
        kind = "" if isinstance(fault, AssertionError) else f"{type(fault).__name__}: "
        print(f"not ok - {name}: {kind}{_first_line(fault)}", flush=True)
        return False
    print(f"ok - {name}", flush=True)
    return True


def _stop_all():
    while _started:
        _started.pop().stop()


def main():
    """Runs all cases, or those whose names contain an argument of the command line, and exits."""
    atexit.register(_stop_all)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    wanted = sys.argv[1:]
    fine = True
    for name, function in _cases:
        if not wanted or any(word in name for word in wanted):
            fine &= _run_case(name, function)
    servers = [thing for thing in _started if isinstance(thing, Outrider)]
    _stop_all()
    for server in servers:
        for what, fault in server.faults():
            print(f"not ok - {what}: {_first_line(fault)}", flush=True)
            sys.stderr.write(server.log()[-6000:] + "\n")
            fine = False
    if not fine:
        for server in servers:
            sys.stderr.write(f"---- log of {server.directory}\n{server.log()[-20000:]}\n")
    sys.exit(0 if fine else 1)


# ---- processes ----

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A program with its output in a file, ended by its number."""

    def __init__(self, argv, output, **more):
        self.output = output
        with open(output, "ab") as log:
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          start_new_session=True, **more)
        self.pid = self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def stop(self, patience=15):
        """Ends it gently, then hard; returns its status."""
        if self.alive():
            self.popen.terminate()
            try:
                self.popen.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self.popen.wait()
                return None
        return self.popen.returncode


class Php:
    """A php-fpm of our own, shared by all servers of a script."""

    shared = None

    def __init__(self, extra=""):
        programs = sorted(glob.glob("/usr/sbin/php-fpm*"))
        if not programs:
            skip("php-fpm is not installed")
        self.directory = tempfile.mkdtemp(prefix="outrider-php-")
        os.chmod(self.directory, 0o755)
        self.socket = os.path.join(self.directory, "php.sock")
        owner = f"user = {USER}\ngroup = {USER}\nlisten.owner = {USER}\nlisten.group = {USER}\n"
        config = os.path.join(self.directory, "php-fpm.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(f"[global]\nerror_log = {self.directory}/php.log\ndaemonize = no\n"
                    f"[test]\n{owner if ROOT else ''}listen = {self.socket}\n"
                    f"pm = static\npm.max_children = 4\n{extra}\n")
        self.process = Process([programs[-1], "-F", "-y", config],
                               os.path.join(self.directory, "php.out"))
        _started.append(self)
        wait_for(lambda: os.path.exists(self.socket) or not self.process.alive(), what="php-fpm")
        if not self.process.alive():
            self.process = None
            raise RuntimeError("php-fpm: " + self.log())

    @classmethod
    def get(cls):
        if cls.shared is None:
            cls.shared = cls()
        return cls.shared

    def log(self):
        text = ""
        for name in ("php.out", "php.log"):
            path = os.path.join(self.directory, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += f.read()
        return text

    def stop(self):
        self.process.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class Outrider:
    """A server with a folder of its own. It starts when something of it is first used.

    ini: the configuration; @WORDS@ in it are filled in: PORT TLS_PORT DIR WWW CGI APPS PHP USER, those
         of `words`, and FASTCGI and ROUTES, which mount the sample programs.
    files: {"www/x.php": "text", "cgi-bin/y.sh": "text"}: put into the folder; what is below cgi-bin
         becomes executable.
    """

    def __init__(self, ini=DEFAULT_INI, files=None, words=None, options=()):
        self.ini = ini
        self.files = files or {}
        self.words = words or {}
        self.options = list(options)
        self.process = None
        self.status = None
        self.directory = None
        self.port = self.tls_port = None
        self.left = []
        self.kept_log = ""

    # -- start and stop --

    def _put_files(self):
        d = self.directory
        for folder in ("www", "php", "cgi-bin"):
            shutil.copytree(os.path.join(TOP, "etc", "demo", folder), os.path.join(d, folder))
        os.mkdir(os.path.join(d, "apps"))
        for program in glob.glob(os.path.join(BUILD, "etc", "demo", "apps", "*.fcgi")):
            shutil.copy(program, os.path.join(d, "apps"))
        for name, content in self.files.items():
            path = os.path.join(d, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(content if isinstance(content, bytes) else content.encode())
            if name.startswith("cgi-bin/"):
                os.chmod(path, 0o755)
        subprocess.run(["chmod", "-R", "a+rX", d], check=True)

    def _put_certificate(self):
        key, cert = (os.path.join(self.directory, n) for n in ("key.pem", "cert.pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1", "-keyout", key, "-out", cert],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if ROOT:
            shutil.chown(key, group=USER)
            os.chmod(key, 0o640)

    def _render(self):
        d = self.directory
        fastcgi = "".join(f"[fastcgi {n}]\ncommand = {d}/apps/{n}.fcgi\nprocesses = 2\n\n"
                          for n in PROGRAMS)
        routes = "".join(f"[route {n}]\nmatch = /c/{n}\nhandler = fastcgi\nbackend = {n}\n"
                         + ("request_body = stream\n" if n == "echo" else "") + "\n"
                         for n in PROGRAMS)
        words = {"PORT": self.port, "TLS_PORT": self.tls_port, "DIR": d, "WWW": f"{d}/www",
                 "CGI": f"{d}/cgi-bin", "APPS": f"{d}/apps", "FASTCGI": fastcgi, "ROUTES": routes,
                 "USER": f"user = {USER}" if ROOT else "", **self.words}
        text = self.ini
        if "@PHP@" in text:
            words["PHP"] = Php.get().socket
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        path = os.path.join(d, "outrider.ini")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def prepare(self):
        """Makes the folder and the configuration without starting; returns the INI file's path."""
        if self.directory is None:
            self.directory = tempfile.mkdtemp(prefix="outrider-test-")
            os.chmod(self.directory, 0o755)
            self._put_files()
            self._put_certificate()
            _started.append(self)
        self.port, self.tls_port = free_port(), free_port()
        return self._render()

    def start(self):
        if self.process is not None:
            return self
        for last in (False, False, True):  # another program may take a free port before us
            ini = self.prepare()
            self.process = Process([os.path.join(BUILD, "outrider"), "-c", ini, *self.options],
                                   os.path.join(self.directory, "outrider.log"), env=self._env())
            if self._listening() or last:
                break
            self.process.stop()
        if not self.process.alive():
            self.process = None
            raise RuntimeError("outrider did not start: " + self.log()[-3000:])
        return self

    @staticmethod
    def _env():
        env = dict(os.environ)
        env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0")
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        return env

    def _listening(self):
        end = time.monotonic() + 20
        ports = [port for word, port in (("@PORT@", self.port), ("@TLS_PORT@", self.tls_port))
                 if word in self.ini]
        while ports and self.process.alive() and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", ports[0]), 1).close()
                ports.pop(0)
            except OSError:
                time.sleep(0.02)
        return not ports

    def stop(self):
        if self.process is not None:
            self.status = self.process.stop()
            self.left = self._left_over()
            self.process = None
            self.kept_log = self.log()
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _left_over(self):
        """Processes of the server's session that outlive it; they are ended here."""
        left = []
        end = time.monotonic() + 3
        while True:
            left = []
            for path in glob.glob("/proc/[0-9]*/stat"):
                try:
                    with open(path, encoding="utf-8", errors="replace") as f:
                        text = f.read()
                except OSError:
                    continue
                fields = text.rpartition(")")[2].split()
                if int(fields[3]) == self.process.pid and fields[0] != "Z":
                    left.append((int(path.split("/")[2]), text.split(" (")[1].split(")")[0]))
            if not left or time.monotonic() > end:
                break
            time.sleep(0.05)
        for pid, _ in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        return left

    def faults(self):
        """What was wrong with the server as a whole: (what, details) pairs, after stop()."""
        if self.status is None and not self.kept_log:
            return
        log = self.kept_log
        report = re.search(r"ERROR: \w+Sanitizer.*|runtime error: .*|Assertion .* failed", log)
        if report:
            yield "nothing for the sanitizers to report", report.group(0)
        if self.status not in (0, None):
            yield "server ends with status 0", f"status {self.status}"
        if self.status is None:
            yield "server ends when it is told to", "it had to be killed"
        if self.left:
            yield "no process is left over", repr(self.left)

    def log(self):
        if self.kept_log:
            return self.kept_log
        path = os.path.join(self.directory, "outrider.log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def path(self, name):
        """Path of a file in the server's folder."""
        self.start()
        return os.path.join(self.directory, name)

    # -- clients --

    def url(self, path, tls=False):
        self.start()
        port = self.tls_port if tls else self.port
        return f"{'https' if tls else 'http'}://127.0.0.1:{port}{path}"

    def curl(self, path, *options, tls=False, http="h2", data=None, timeout=30):
        """An Answer, as curl gets it. http: "h2" or "1.1"; data goes to curl's standard input."""
        version = ["--http1.1"] if http == "1.1" else \
            ["--http2"] if tls else ["--http2-prior-knowledge"]
        with tempfile.NamedTemporaryFile() as heads:
            done = subprocess.run(
                ["curl", "-sSk", "--path-as-is", "--max-time", str(timeout), *version, "-D",
                 heads.name, *options, self.url(path, tls)],
                input=data, capture_output=True, timeout=timeout + 10, check=False)
            text = heads.read().decode("iso-8859-1")
        return Answer(text, done.stdout, done.returncode, done.stderr.decode(errors="replace"))

    def nghttp(self, path, *options, tls=False, timeout=30):
        """What `nghttp -v` prints."""
        done = subprocess.run(["nghttp", "-v", "--no-verify-peer", *options, self.url(path, tls)],
                              capture_output=True, timeout=timeout, check=False)
        return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout.decode(errors="replace"))

    def connect(self, tls=False, alpn=("h2",)):
        """A bare socket."""
        self.start()
        s = socket.create_connection(("127.0.0.1", self.tls_port if tls else self.port), 10)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_alpn_protocols(list(alpn))
            s = context.wrap_socket(s, server_hostname="localhost")
        return s

    def h2(self, tls=False, **settings):
        """A raw HTTP/2 client."""
        return Http2(self.connect(tls), f"127.0.0.1:{self.tls_port if tls else self.port}",
                     "https" if tls else "http")


class Answer:
    """Heads and body of a response as curl saw them."""

    def __init__(self, heads, body, code, errors):
        self.code = code      # curl's own status; 0 is fine
        self.errors = errors
        self.body = body
        self.heads = []       # (status, [(name, value)]), informational ones first
        for block in heads.replace("\r\n", "\n").split("\n\n"):
            lines = block.strip("\n").split("\n")
            match = re.match(r"HTTP/(\S+) (\d+)", lines[0])
            if match:
                self.heads.append((int(match.group(2)), [
                    (name.lower(), value.strip())
                    for name, _, value in (line.partition(":") for line in lines[1:])]))
        self.status = self.heads[-1][0] if self.heads else None
        self.fields = self.heads[-1][1] if self.heads else []
        self.informational = [head for head in self.heads if head[0] < 200]

    @property
    def text(self):
        return self.body.decode(errors="replace")

    def field(self, name):
        """The first field of this name in the final head, or None."""
        return next((v for n, v in self.fields if n == name), None)


class Stream:
    """What came on one HTTP/2 stream. Times are seconds since the request."""

    def __init__(self):
        self.begun = time.monotonic()
        self.informational = []   # (time, status, fields)
        self.status = None
        self.status_at = None
        self.fields = []
        self.body = bytearray()
        self.pieces = []          # (time, octets)
        self.trailers = None
        self.ended = False
        self.reset = None         # error code of RST_STREAM

    def since(self):
        return time.monotonic() - self.begun

    def field(self, name):
        return next((v for n, v in self.fields if n == name), None)


class Http2:
    """An HTTP/2 client that shows every event. Checks of what is sent are off, so that tests can
    misbehave; send_raw() sends octets that h2 would never make."""

    def __init__(self, sock, authority, scheme):
        self.sock = sock
        self.authority = authority
        self.scheme = scheme
        self.streams = {}
        self.goaway = None        # (error code, last stream)
        self.closed = False
        self.settings = {}
        self.events = collections.deque(maxlen=20)   # the latest
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=False,
            normalize_outbound_headers=False))
        self.h2.initiate_connection()
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.sock.sendall(data)

    def send_raw(self, octets):
        self.sock.sendall(octets)

    def request(self, path="/", method="GET", fields=(), body=None, end=True, pseudo=None):
        """Sends a request; with end=False the body stays open. Returns the stream's number."""
        number = self.h2.get_next_available_stream_id()
        head = pseudo if pseudo is not None else [
            (":method", method), (":scheme", self.scheme), (":authority", self.authority),
            (":path", path)]
        self.streams[number] = Stream()
        self.h2.send_headers(number, [*head, *fields], end_stream=end and body is None)
        self.flush()
        if body is not None:
            self.send(number, body, end)
        return number

    def send(self, number, body, end=False):
        """Sends body octets as the windows allow."""
        at = 0
        while at < len(body):
            room = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size,
                       len(body) - at)
            if room <= 0:
                self.pump(10)
                if self.closed or self.streams[number].reset is not None:
                    return
                continue
            self.h2.send_data(number, body[at:at + room])
            at += room
            self.flush()
        if end:
            self.h2.end_stream(number)
            self.flush()

    def trailers(self, number, fields):
        self.h2.send_headers(number, fields, end_stream=True)
        self.flush()

    def reset(self, number, code=8):
        self.h2.reset_stream(number, code)
        self.flush()

    def pump(self, timeout=5.0):
        """Reads what comes within the time and takes it in; False when nothing came."""
        if self.closed:
            return False
        self.sock.settimeout(timeout)
        try:
            data = self.sock.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return False
        for event in self.h2.receive_data(data):
            self.events.append(event)
            self._take(event)
        self.flush()
        return True

    def _take(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = (int(event.error_code), event.last_stream_id)
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.settings.update({int(k): v.new_value for k, v in event.changed_settings.items()})
        if stream is None:
            return
        if isinstance(event, h2.events.InformationalResponseReceived):
            fields = list(event.headers)
            stream.informational.append((stream.since(), int(dict(fields)[":status"]), fields))
        elif isinstance(event, h2.events.ResponseReceived):
            stream.fields = list(event.headers)
            stream.status = int(dict(stream.fields)[":status"])
            stream.status_at = stream.since()
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            stream.pieces.append((stream.since(), event.data))
            if event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.reset = int(event.error_code)

    def until(self, condition, seconds=10.0, what="event"):
        """Takes events in until the condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            if left <= 0 or (not self.pump(left) and self.closed):
                if condition():
                    return
                raise AssertionError(f"{what}: did not come; goaway {self.goaway}, "
                                     f"closed {self.closed}, last events {list(self.events)[-5:]}")

    def collect(self, number, seconds=10.0):
        """The stream, once it has ended or was reset."""
        stream = self.streams[number]
        self.until(lambda: stream.ended or stream.reset is not None, seconds,
                   f"end of stream {number}")
        return stream

    def get(self, path="/", **more):
        return self.collect(self.request(path, **more))
