#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What common clients get: curl, nghttp and a client of our own, in the clear and over TLS."""
import email.utils
import hashlib
import os
import re
import socket
import ssl
import subprocess
import time

import harness
from harness import DEFAULT_INI, Http2, Outrider, case, contains, equal, main, skip

POST_PHP = """<?php
$body = file_get_contents('php://input');
header('Content-Type: text/plain');
echo $_SERVER['CONTENT_LENGTH'] ?? 'none', ' ', strlen($body), ' ', sha1($body), "\n";
echo 'form ', $_POST['name'] ?? 'none', "\n";
"""
ROUTES = """
[route env]
match = /env/
handler = cgi
root = @CGI@

[env]
GREETING = "hello; world"
SERVER_SOFTWARE = mine

[route underscores]
match = /underscores/
handler = cgi
root = @CGI@
underscores = on

[route spool]
match = /spool/
handler = cgi
root = @CGI@
request_body = spool
"""
TEXT = b"Hello, world.\n"
BLOB = bytes(range(256)) * 4096   # 1 MiB

server = Outrider(ini=DEFAULT_INI + ROUTES, files={
    "www/hello.txt": TEXT, "www/folder/index.html": "<p>index</p>\n", "www/a b.txt": "blank\n",
    "www/empty.txt": "", "www/bare/file.txt": "x", "www/post.php": POST_PHP,
    "www/.hidden": "secret\n", "www/blob.bin": BLOB,
    "www/path.php": "<?php foreach (['SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_INFO', "
                    "'PATH_TRANSLATED', 'QUERY_STRING', 'REQUEST_URI', 'PHP_SELF', 'DOCUMENT_URI', "
                    "'DOCUMENT_ROOT'] as $n) echo $n, '=', $_SERVER[$n] ?? '', \"\\n\";"})


def variables(text):
    """NAME=value lines as a dictionary."""
    return dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)


def both(function):
    """A case in the clear and one over TLS."""
    for tls in (False, True):
        def tried(over=tls):
            function(over)
        tried.__name__ = f"{function.__name__} {'TLS' if tls else 'h2c'}"
        case(tried)
    return function


def env_of(fields=(), path="/env/env.sh", tls=False):
    with server.h2(tls) as connection:
        stream = connection.get(path, fields=fields)
    equal(stream.status, 200)
    return variables(stream.body.decode())


# ---- files ----

@both
def get_a_file(tls):
    answer = server.curl("/hello.txt", tls=tls)
    equal((answer.code, answer.status, answer.body), (0, 200, TEXT))
    contains(answer.field("content-type"), "text/plain")
    equal(answer.field("content-length"), str(len(TEXT)))
    assert answer.field("last-modified") and answer.field("date")


@both
def head_of_a_file(tls):
    answer = server.curl("/hello.txt", "--head", "-o", "/dev/null", tls=tls)
    equal((answer.code, answer.status, answer.body), (0, 200, b""))
    equal(answer.field("content-length"), str(len(TEXT)))


@both
def a_megabyte(tls):
    answer = server.curl("/blob.bin", tls=tls)
    equal((answer.code, answer.status), (0, 200))
    assert answer.body == BLOB


@both
def nghttp_gets_files(tls):
    text = server.nghttp("/hello.txt", tls=tls)
    contains(text, ":status: 200")
    contains(text, TEXT.decode().strip())
    contains(server.nghttp("/none.txt", tls=tls), ":status: 404")


@case
def no_such_file():
    for path in ("/none.txt", "/hello.txt/", "/hello.txt/x", "/folder/none/", "/none.php",
                 "/cgi-bin/none.sh", "/cgi-bin/", "/.hidden"):
        equal(server.curl(path).status, 404, path)


@case
def names_with_blanks_and_an_empty_file():
    equal(server.curl("/a%20b.txt").text, "blank\n")
    answer = server.curl("/empty.txt")
    equal((answer.status, answer.body, answer.field("content-length")), (200, b"", "0"))


@both
def folders(tls):
    answer = server.curl("/folder/", tls=tls)
    equal((answer.status, answer.text), (200, "<p>index</p>\n"))
    answer = server.curl("/folder?a=b", tls=tls)
    assert answer.status in (301, 308), answer.status
    location = answer.field("location")
    assert location in ("/folder/?a=b", server.url("/folder/?a=b", tls)), location
    assert server.curl("/bare/").status in (403, 404)


@case
def only_get_and_head_of_files():
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert server.curl("/hello.txt", "-X", method).status in (204, 405), method


@both
def conditional_requests(tls):
    first = server.curl("/hello.txt", tls=tls)
    modified = first.field("last-modified")
    later = email.utils.formatdate(time.time() + 60, usegmt=True)
    earlier = email.utils.formatdate(1e9, usegmt=True)
    tries = [(f"If-Modified-Since: {modified}", 304), (f"If-Modified-Since: {later}", 304),
             (f"If-Modified-Since: {earlier}", 200), ("If-Modified-Since: nonsense", 200)]
    if first.field("etag"):
        tries += [(f"If-None-Match: {first.field('etag')}", 304), ('If-None-Match: "other"', 200),
                  ("If-None-Match: *", 304)]
    for field, status in tries:
        answer = server.curl("/hello.txt", "-H", field, tls=tls)
        equal((answer.code, answer.status, answer.body),
              (0, status, TEXT if status == 200 else b""), field)


# ---- bodies ----

def posted(answer, body):
    equal((answer.code, answer.status), (0, 200), answer.errors)
    equal(answer.text.splitlines()[0],
          f"{len(body)} {len(body)} {hashlib.sha1(body).hexdigest()}")


@both
def post_to_php(tls):
    answer = server.curl("/post.php", "--data", "name=value&x=y", tls=tls)
    equal(answer.status, 200)
    contains(answer.text, "form value\n")
    posted(server.curl("/post.php", "--data-binary", "@-", "-H", "Content-Type: a/b", data=BLOB,
                       tls=tls), BLOB)
    posted(server.curl("/post.php", "--data", "", tls=tls), b"")


@both
def post_to_php_without_content_length(tls):
    posted(server.curl("/post.php", "-X", "POST", "-T", "-", data=BLOB, tls=tls), BLOB)
    posted(server.curl("/post.php", "-X", "POST", "-T", "-", data=b"", tls=tls), b"")


@both
def echoes(tls):
    for path in ("/c/echo", "/cgi-bin/echo.pl", "/spool/echo.pl"):
        for options in (("--data-binary", "@-"), ("-T", "-", "-X", "POST")):
            answer = server.curl(path, *options, "-H", "Content-Type: x/y", data=BLOB, tls=tls)
            equal((answer.code, answer.status, answer.field("content-type")), (0, 200, "x/y"),
                  f"{path} {options[0]} {answer.errors}")
            assert answer.body == BLOB, f"{path} {options[0]}: {len(answer.body)} octets"


@case
def nghttp_uploads():
    path = os.path.join(server.start().directory, "www", "blob.bin")
    for tls in (False, True):
        text = server.nghttp("/post.php", "-d", path, tls=tls)
        contains(text, f"{len(BLOB)} {len(BLOB)} {hashlib.sha1(BLOB).hexdigest()}")


@both
def expect_100_continue(tls):
    answer = server.curl("/c/echo", "-H", "Expect: 100-continue", "--data-binary", "@-", data=BLOB,
                         tls=tls)
    equal((answer.code, answer.status), (0, 200), answer.errors)
    assert answer.body == BLOB
    with server.h2(tls) as connection:
        for path in ("/c/echo", "/cgi-bin/echo.pl", "/post.php"):
            number = connection.request(path, "POST", [("expect", "100-continue")], end=False)
            stream = connection.streams[number]
            connection.until(lambda s=stream: s.informational, 10, "100")
            connection.send(number, b"body", end=True)
            connection.collect(number)
            equal(([i[1] for i in stream.informational], stream.status), ([100], 200), path)
        # Who refuses the request does not ask for its body.
        number = connection.request("/none.php", "POST", [("expect", "100-continue")], end=False)
        stream = connection.streams[number]
        connection.until(lambda: stream.status, 10, "404")
        equal((stream.status, stream.informational), (404, []))


@case
def the_length_is_told_where_it_can_be():
    for path, length in (("/env/env.sh", "5"), ("/spool/env.sh", "5")):
        equal(variables(server.curl(path, "--data", "12345").text)["CONTENT_LENGTH"], length)
    env = variables(server.curl("/cgi-bin/env.sh", "-X", "POST", "-T", "-", data=b"123").text)
    equal(env["CONTENT_LENGTH"], "3", "spooled for its length")


# ---- variables ----

@case
def fields_become_variables():
    env = env_of([("x-one", "1"), ("x-one", "2"), ("accept", "a/b"), ("x-empty", ""),
                  ("authorization", "Basic eDp5"), ("content-type", "c/d")])
    equal([env.get(n) for n in ("HTTP_X_ONE", "HTTP_ACCEPT", "HTTP_X_EMPTY", "HTTP_AUTHORIZATION",
                                "CONTENT_TYPE", "HTTP_CONTENT_TYPE")],
          ["1, 2", "a/b", "", "Basic eDp5", "c/d", None])


@case
def cookie_crumbs_are_joined():
    equal(env_of([("cookie", "a=1"), ("x-a", "b"), ("cookie", "b=2"), ("cookie", "c=3")])
          ["HTTP_COOKIE"], "a=1; b=2; c=3")
    with server.h2() as connection:
        stream = connection.get("/info.php", fields=[("cookie", "a=1"), ("cookie", "b=2")])
        contains(stream.body.decode(), "HTTP_COOKIE=a=1; b=2\n")


@case
def http_proxy_never():
    for path in ("/env/env.sh", "/underscores/env.sh", "/info.php"):
        env = env_of([("proxy", "http://evil/"), ("x-kept", "1")], path)
        assert "HTTP_PROXY" not in env, path
        equal(env["HTTP_X_KEPT"], "1")
    contains(server.log(), "it would make HTTP_PROXY")


@case
def names_with_underscores():
    fields = [("x_real_ip", "forged"), ("x-real-ip", "true"), ("content_length", "7"), ("x_y", "1")]
    env = env_of(fields)
    equal([env.get(n) for n in ("HTTP_X_REAL_IP", "HTTP_X_Y", "HTTP_CONTENT_LENGTH")],
          ["true", None, None])
    env = env_of(fields, "/underscores/env.sh")
    equal([env.get(n) for n in ("HTTP_X_REAL_IP", "HTTP_X_Y", "HTTP_CONTENT_LENGTH")],
          ["true", "1", None])
    contains(server.log(), "a program cannot tell its _ from -")


@case
def variables_of_the_configuration():
    env = env_of()
    equal([env.get("GREETING"), env.get("SERVER_SOFTWARE")], ['"hello; world"', "mine"])
    assert "GREETING" not in env_of(path="/cgi-bin/env.sh")


@both
def variables_of_the_connection(tls):
    with server.h2(tls) as connection:
        here = connection.sock.getsockname()
        for path in ("/cgi-bin/env.sh", "/info.php"):
            env = variables(connection.get(path + "?a=b&c").body.decode())
            wanted = {"REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": str(here[1]),
                      "SERVER_ADDR": "127.0.0.1", "SERVER_NAME": "127.0.0.1",
                      "SERVER_PORT": str(server.tls_port if tls else server.port),
                      "HTTP_HOST": connection.authority, "SERVER_PROTOCOL": "HTTP/2.0",
                      "REQUEST_SCHEME": "https" if tls else "http", "REQUEST_METHOD": "GET",
                      "REQUEST_URI": path + "?a=b&c", "QUERY_STRING": "a=b&c",
                      "SCRIPT_NAME": path, "DOCUMENT_URI": path, "GATEWAY_INTERFACE": "CGI/1.1",
                      "REDIRECT_STATUS": "200", "OUTRIDER_INFORMATIONAL": "1",
                      "HTTPS": "on" if tls else None}
            equal({name: env.get(name) for name in wanted}, wanted, path)
            equal("SSL_PROTOCOL" in env, tls)


@case
def host_of_the_authority():
    with server.h2() as connection:
        connection.authority = "Example.org:99"
        env = variables(connection.get("/cgi-bin/env.sh").body.decode())
    equal(env["HTTP_HOST"], "Example.org:99")
    equal(env["SERVER_NAME"].lower(), "example.org")


@case
def path_info():
    www, cgi = server.path("www"), server.path("cgi-bin")
    env = variables(server.curl("/path.php/a%20b/c.php?q=1%20&r").text)
    equal(env, {"SCRIPT_NAME": "/path.php", "SCRIPT_FILENAME": f"{www}/path.php",
                "PATH_INFO": "/a b/c.php", "PATH_TRANSLATED": f"{www}/a b/c.php",
                "QUERY_STRING": "q=1%20&r", "REQUEST_URI": "/path.php/a%20b/c.php?q=1%20&r",
                "PHP_SELF": "/path.php/a b/c.php", "DOCUMENT_URI": "/path.php/a b/c.php",
                "DOCUMENT_ROOT": www})
    env = variables(server.curl("/cgi-bin/env.sh/x/y").text)
    equal([env[n] for n in ("SCRIPT_NAME", "SCRIPT_FILENAME", "PATH_INFO")],
          ["/cgi-bin/env.sh", f"{cgi}/env.sh", "/x/y"])
    # What is no script is never run as one.
    equal(server.curl("/hello.txt/x.php").status, 404)
    equal(server.curl("/none.php/path.php").status, 404)


@case
def cgi_programs_get_few_descriptors_and_their_folder():
    text = extra.curl("/cgi-bin/self.sh").text
    contains(text, "descriptors 0 1 2\n")
    contains(text, f"folder {extra.path('cgi-bin')}\n")
    contains(text, "arguments 0\n")


extra = Outrider(files={"cgi-bin/self.sh": "#!/bin/sh\necho 'Content-Type: text/plain'\necho\n"
                        # 10 is the shell's own: the script.
                        "d=; i=0; while [ $i -lt 64 ]; do [ $i != 10 ] && [ -e /proc/$$/fd/$i ] "
                        "&& d=\"$d $i\"; i=$((i + 1)); done\n"
                        "echo descriptors$d\necho folder $PWD\necho arguments $#\n",
                        "cgi-bin/fields.sh": "#!/bin/sh\nprintf 'STATUS: 201 Made\\r\\n"
                        "CONTENT-TYPE: text/plain\\r\\nX-A: 1\\r\\nx-a: 2\\r\\n"
                        "Set-Cookie: a=b\\r\\n"
                        "Set-Cookie: c=d\\r\\nConnection: close\\r\\nTE: x\\r\\n\\r\\nbody'\n"})


@case
def fields_of_an_answer():
    answer = extra.curl("/cgi-bin/fields.sh")
    equal((answer.status, answer.text), (201, "body"))
    equal([f for f in answer.fields if f[0] != "date"],
          [("content-type", "text/plain"), ("x-a", "1"), ("x-a", "2"), ("set-cookie", "a=b"),
           ("set-cookie", "c=d")])


# ---- many at once ----

@both
def a_hundred_streams(tls):
    with server.h2(tls) as connection:
        paths = ("/hello.txt", "/c/hello", "/post.php", "/cgi-bin/env.sh", "/none")
        numbers = [(connection.request(paths[i % 5]), (200, 200, 200, 200, 404)[i % 5])
                   for i in range(100)]
        for number, status in numbers:
            stream = connection.collect(number, 60)
            equal((stream.status, stream.ended), (status, True))


@case
def curl_reuses_its_connection():
    # Over TLS only: by prior knowledge, curl 7.88 fails before it sends the second request.
    url = server.url("/hello.txt", True)
    done = subprocess.run(["curl", "-sk", "--http2", "-w", "%{num_connects} %{http_version}\n",
                           "-o", "/dev/null", url, "-o", "/dev/null", url],
                          capture_output=True, text=True, timeout=30, check=False)
    equal(done.stdout, "1 2\n0 2\n")


# ---- choice of the protocol ----

class Pieces:
    """A socket that sends the first octets in the pieces wanted, with a pause between them."""

    def __init__(self, sock, cuts):
        self.sock = sock
        self.cuts = list(cuts)

    def __getattr__(self, name):
        return getattr(self.sock, name)

    def sendall(self, data):
        at = 0
        for cut in self.cuts:
            self.sock.sendall(data[at:cut])
            at = cut
            time.sleep(0.003)
        self.cuts = []
        self.sock.sendall(data[at:])


def by_pieces(cuts, tls=False):
    port = server.tls_port if tls else server.port
    sock = Pieces(server.connect(tls), cuts)
    with Http2(sock, f"127.0.0.1:{port}", "https" if tls else "http") as connection:
        equal(connection.get("/hello.txt").body, TEXT, f"{cuts}")


@both
def preface_octet_by_octet(tls):
    server.start()
    by_pieces(range(1, 60), tls)


@case
def preface_in_every_split():
    server.start()
    for cut in range(1, 50):
        by_pieces([cut])


def exchange(sock, octets, half_close=False):
    """All that comes until the server closes."""
    got = b""
    try:
        sock.sendall(octets)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        sock.settimeout(10)
        while True:
            part = sock.recv(65536)
            if not part:
                return got
            got += part
    except ConnectionResetError:
        return got
    finally:
        sock.close()


@both
def http1_clients_get_505(tls):
    answer = server.curl("/hello.txt", tls=tls, http="1.1")
    equal((answer.code, answer.status), (0, 505), answer.errors)
    contains(answer.text, "HTTP/2")
    for octets in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n",
                   b"PRI / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\nHost: a\n\n"):
        for alpn in (("http/1.1",), ()) if tls else ((),):
            contains(exchange(server.connect(tls, alpn), octets), b"HTTP/1.1 505 ")


@case
def the_first_line_of_http1_in_every_split():
    line = b"PRI * HTTP/1.1\r\n"   # begins like the preface
    for cut in range(1, len(line)):
        contains(exchange(Pieces(server.connect(), [cut]), line), b"HTTP/1.1 505 ")


@case
def alpn_chooses_h2():
    for offer, chosen in ((("h2",), "h2"), (("http/1.1", "h2"), "h2"), (("http/1.1",), "http/1.1"),
                          ((), None)):
        with server.connect(True, offer) as sock:
            equal(sock.selected_alpn_protocol(), chosen, str(offer))


def tls_versions(version, ciphers=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    context.set_alpn_protocols(["h2"])
    sock = socket.create_connection(("127.0.0.1", server.start().tls_port), 10)
    return context.wrap_socket(sock, server_hostname="localhost")


@case
def old_tls_is_refused():
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        try:
            tls_versions(version, "ALL:@SECLEVEL=0").close()
        except (ssl.SSLError, OSError) as fault:
            if "NO_PROTOCOLS_AVAILABLE" in str(fault):
                skip("this machine's OpenSSL has no TLS 1.1")
            contains(str(fault), "PROTOCOL_VERSION")
        else:
            raise AssertionError(f"{version} was accepted")


@case
def tls_1_2_and_1_3():
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        with tls_versions(version) as sock:
            equal(sock.version(), name)
            with Http2(sock, "localhost", "https") as connection:
                env = variables(connection.get("/cgi-bin/env.sh").body.decode())
                equal((env["SSL_PROTOCOL"], env["SSL_CIPHER"]), (name, sock.cipher()[0]))


@case
def bad_ciphers_of_tls_1_2_are_refused():
    """RFC 9113 appendix A: no CBC, no key exchange without forward secrecy."""
    server.start()
    for cipher in ("ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256"):
        try:
            tls_versions(ssl.TLSVersion.TLSv1_2, cipher).close()
        except (ssl.SSLError, OSError):
            continue
        raise AssertionError(f"{cipher} was accepted")


@case
def openssl_sees_the_same():
    where = f"127.0.0.1:{server.start().tls_port}"
    done = subprocess.run(["openssl", "s_client", "-connect", where, "-alpn", "h2,http/1.1"],
                          input=b"", capture_output=True, timeout=20, check=False)
    contains(done.stdout.decode(errors="replace"), "ALPN protocol: h2")


@case
def nonsense_is_closed_without_an_answer():
    for octets in (b"\0" * 20, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\xff\xfe\r\n",
                   b"GET / SMTP/1.0\r\n\r\n", b"hello\r\n", b"GET /\r\n\r\n",
                   b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX",
                   b"\r\n\r\n", b"GET /" + b"a" * 100000, b"SSH-2.0-x\r\n"):
        equal(exchange(server.connect(), octets), b"", repr(octets[:40]))
    equal(server.curl("/hello.txt").status, 200)


@case
def plain_text_at_the_tls_port():
    sock = socket.create_connection(("127.0.0.1", server.start().tls_port), 10)
    got = exchange(sock, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"HTTP" not in got and len(got) <= 7, got   # an alert at most


@case
def a_connection_that_says_nothing_is_closed_by_the_client_only():
    equal(exchange(server.connect(), b"", half_close=True), b"")


@case
def every_head_has_one_date():
    for path in ("/hello.txt", "/none", "/c/hello", "/cgi-bin/env.sh", "/info.php"):
        answer = server.curl(path)
        dates = [v for n, v in answer.fields if n == "date"]
        equal(len(dates), 1, path)
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", dates[0]), dates


main()
