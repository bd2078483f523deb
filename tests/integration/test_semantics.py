#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What RFC 9110, 9113, 7301 and 3875 say of answers, found in reading them beside the source."""
import socket
import ssl

from harness import DEFAULT_INI, Outrider, case, contains, equal, main

ROUTES = """
[route mounted]
match = /assets/
handler = static
root = @DIR@/other
"""

STATUS_SH = r"""#!/bin/sh
printf 'Status: %s\nContent-Length: 5\nContent-Type: text/plain\n\nhello' "$QUERY_STRING"
"""

HINTED_SH = r"""#!/bin/sh
printf 'Status: 103\nLink: </a>; rel=preload\n\n'
printf 'Status: %s\nContent-Type: text/plain\nLink: </a>; rel=preload; as=style\n\nx' "$QUERY_STRING"
"""

ENV_SH = r"""#!/bin/sh
printf 'Content-Type: text/plain\n\n'
env
"""

server = Outrider(ini=DEFAULT_INI + ROUTES, files={
    "www/page.txt": "page\n", "other/img/index.html": "<p>other\n",
    "cgi-bin/status.sh": STATUS_SH, "cgi-bin/hinted.sh": HINTED_SH, "cgi-bin/env.sh": ENV_SH})


def get(path, **more):
    with server.h2() as connection:
        return connection.get(path, **more)


@case
def redirect_under_a_root_of_its_own():
    # RFC 9110 section 10.2.2: Location is of the URI that was asked for, prefix and all.
    stream = get("/assets/img")
    equal((stream.status, stream.field("location")), (301, "/assets/img/"))
    equal(get("/assets/img/").body, b"<p>other\n")


@case
def asterisk_form():
    # RFC 9110 section 9.3.7
    equal(get("*", method="OPTIONS").status, 204)


@case
def unmodified_since():
    # RFC 9110 section 13.1.4
    equal(get("/page.txt", fields=[("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT")]).status, 412)
    modified = get("/page.txt").field("last-modified")
    equal(get("/page.txt", fields=[("if-unmodified-since", modified)]).status, 200)


@case
def none_match_of_whatever_exists():
    # RFC 9110 section 13.1.2
    equal(get("/page.txt", fields=[("if-none-match", "*")]).status, 304)
    equal(get("/none.txt", fields=[("if-none-match", "*")]).status, 404)


@case
def lengths_of_answers_without_content():
    # RFC 9110 sections 8.6 and 15.3.6
    for status in ("204", "205", "304"):
        stream = get(f"/cgi-bin/status.sh?{status}")
        equal((stream.status, stream.body), (int(status), b""), status)
        if status != "205":
            equal(stream.field("content-length"), None, status)


@case
def hints_are_carried():
    # A link that differs in a parameter is another link; RFC 9110 section 15.4.5: none in a 304.
    for status, wanted in (("200", 2), ("404", 2), ("304", 1)):
        stream = get(f"/cgi-bin/hinted.sh?{status}")
        links = [v for n, v in stream.fields if n == "link"]
        equal((stream.status, len(links)), (int(status), wanted), status)


@case
def content_length_only_of_a_body():
    # RFC 3875 section 4.1.2
    assert "CONTENT_LENGTH=" not in get("/cgi-bin/env.sh").body.decode()
    contains(get("/cgi-bin/env.sh", method="POST", body=b"abc").body.decode(), "CONTENT_LENGTH=3")
    contains(get("/cgi-bin/env.sh", method="POST", fields=[("content-length", "0")]).body.decode(),
             "CONTENT_LENGTH=0")


def handshake(*protocols):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(list(protocols))
    port = int(server.url("/", True).split(":")[2].split("/")[0])
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 10))


@case
def no_common_protocol():
    # RFC 7301 section 3.2
    get("/page.txt")
    try:
        handshake("h3").close()
    except ssl.SSLError as error:
        contains(str(error), "no application protocol")
    else:
        raise AssertionError("the handshake succeeded without a common protocol")


@case
def prior_knowledge_is_not_for_tls():
    # RFC 9113 section 3.2
    get("/page.txt")
    for protocols in ((), ("http/1.1",)):
        with handshake(*protocols) as client:
            client.settimeout(10)
            client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
            try:
                equal(client.recv(100), b"")
            except ConnectionError:
                pass


main()
