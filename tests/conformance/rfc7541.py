# SPDX-License-Identifier: MIT
"""RFC 7541: what a server's decoder takes and refuses, and what its encoder may send. Every
decoding error is a connection error COMPRESSION_ERROR (RFC 9113 section 4.3)."""
import hpack

import frames
from frames import (
    ACK, COMPRESSION_ERROR, HEADERS, INDEXING, NEVER, PLAIN, SETTINGS, TEXT, HEADER_TABLE_SIZE,
    block, case, field, huffman, indexed, integer, raw, resize, string)
from harness import contains, equal

STATIC = 61
TABLE = 4096


def refused(name, make, **options):
    """The block is refused. make: octets, or a function of the client that returns them."""
    @case(f"HPACK {name}", **options)
    def _(c):
        text = make(c) if callable(make) else make
        c.headers(1, text)
        c.connection_error(COMPRESSION_ERROR)


def shows(c, stream, text, *pairs):
    """A request for /f/vars whose block ends with `text`; the variables show what was decoded."""
    c.headers(stream, block(c.head("/f/vars")) + text)
    body = c.answer(stream, 200).body
    for name, value in pairs:
        contains(body, f"{name}={value}\n".encode("latin-1"))
    return body


# ---- 2.3 tables ----


@case("HPACK 2.3.1 the static table")
def _(c):
    # :method GET, :scheme http, then :path and :authority by their names.
    c.headers(1, indexed(2) + indexed(6) + field(4, "/fine.txt") + field(1, "localhost"))
    c.answer(1, 200, TEXT)


@case("HPACK 2.3.1 all of the static table's other entries as fields")
def _(c):
    # 15 to 61 are names without or with a value; those a request cannot have are left out.
    text = b"".join(field(n, "1") for n in range(15, STATIC + 1) if n not in (28, 38, 57))
    shows(c, 1, text, ("HTTP_ACCEPT_CHARSET", "1"), ("HTTP_WWW_AUTHENTICATE", "1"))


@case("HPACK 2.3.2 the newest entry comes first")
def _(c):
    shows(c, 1, field("x-a", "1", INDEXING) + field("x-b", "2", INDEXING) +
          field("x-c", "3", INDEXING))
    shows(c, 3, indexed(62) + indexed(64), ("HTTP_X_C", "3"), ("HTTP_X_A", "1"))
    shows(c, 5, field("x-d", "4", INDEXING) + indexed(65), ("HTTP_X_A", "1"))


@case("HPACK 2.3.2 an entry can be used in the block that made it")
def _(c):
    body = shows(c, 1, field("x-a", "1", INDEXING) + field(62, "2", INDEXING) + indexed(62))
    contains(body, b"HTTP_X_A=1, 2, 2\n")


@case("HPACK 2.3.2 entries may be twice in the table")
def _(c):
    shows(c, 1, field("x-a", "1", INDEXING) * 2)
    shows(c, 3, indexed(63), ("HTTP_X_A", "1"))


refused("2.3.3 index 62 while the table is empty", indexed(62))
refused("2.3.3 index one beyond the table",
        lambda c: block(c.head()) + field("x-a", "1", INDEXING) + indexed(63))
refused("2.3.3 index far beyond the table", indexed(2**20))
refused("2.3.3 name index beyond the table, with indexing", field(62, "v", INDEXING))
refused("2.3.3 name index beyond the table, without indexing", field(62, "v", PLAIN))
refused("2.3.3 name index beyond the table, never indexed", field(62, "v", NEVER))

# ---- 4 management of the dynamic table ----


@case("HPACK 4.1 an entry counts 32 octets more than its text")
def _(c):
    # Two entries of 2,048 fit, and the first is still there.
    one, two = (field(name, "v" * (2048 - 32 - 3), INDEXING) for name in ("x-a", "x-b"))
    shows(c, 1, one + two)
    shows(c, 3, indexed(63))


refused("4.1 an entry that was evicted by one octet too many",
        lambda c: block(c.head()) + field("x-a", "v" * (2048 - 32 - 3), INDEXING) +
        field("x-b", "v" * (2049 - 32 - 3), INDEXING) + indexed(63))


@case("HPACK 4.2 a size update at the beginning of a block")
def _(c):
    c.headers(1, resize(0) + block(c.head()))
    c.answer(1, 200, TEXT)


@case("HPACK 4.2 two size updates at the beginning of a block")
def _(c):
    shows(c, 1, field("x-a", "1", INDEXING))
    c.headers(3, resize(0) + resize(TABLE) + block(c.head()) + field("x-b", "2", INDEXING))
    c.answer(3, 200, TEXT)
    shows(c, 5, indexed(62), ("HTTP_X_B", "2"))


refused("4.2 a size update behind a field", lambda c: block(c.head()) + resize(0))
refused("4.2 a size update between fields",
        lambda c: block(c.head()[:2]) + resize(TABLE) + block(c.head()[2:]))


@case("HPACK 4.2 a size update alone in trailers")
def _(c):
    c.post(1)
    c.headers(1, resize(100))
    c.answer(1, 200, b"0 0\n")


@case("HPACK 4.2 a size update in the first octet of CONTINUATION")
def _(c):
    c.headers(1, b"", flags=0)
    c.frame(frames.CONTINUATION, frames.END_HEADERS, 1, resize(0) + block(c.head()))
    c.answer(1, 200, TEXT)


@case("HPACK 4.3 a size update of 0 empties the table")
def _(c):
    shows(c, 1, field("x-a", "1", INDEXING))
    c.headers(3, resize(0) + resize(TABLE) + block(c.head()) + indexed(62))
    c.connection_error(COMPRESSION_ERROR)


@case("HPACK 4.3 a smaller size evicts the oldest")
def _(c):
    one, two = field("x-a", "1", INDEXING), field("x-b", "2", INDEXING)
    shows(c, 1, one + two)
    c.headers(3, resize(36) + block(c.head("/f/vars")) + indexed(62))
    contains(c.answer(3, 200).body, b"HTTP_X_B=2\n")
    c.headers(5, block(c.head()) + indexed(63))
    c.connection_error(COMPRESSION_ERROR)


@case("HPACK 4.4 the oldest entries make room")
def _(c):
    for i in range(20):    # 20 entries of 1,000: four remain
        shows(c, 2 * i + 1, field("x-e", f"{i:02}" + "v" * (1000 - 32 - 5), INDEXING))
    body = shows(c, 101, indexed(65))
    contains(body, b"HTTP_X_E=16v")
    c.headers(103, block(c.head()) + indexed(66))
    c.connection_error(COMPRESSION_ERROR)


@case("HPACK 4.4 an entry larger than the table empties it, and is a field all the same")
def _(c):
    shows(c, 1, field("x-a", "1", INDEXING))
    body = shows(c, 3, field("x-big", "v" * 5000, INDEXING))
    contains(body, b"HTTP_X_BIG=" + b"v" * 5000 + b"\n")
    c.headers(5, block(c.head()) + indexed(62))
    c.connection_error(COMPRESSION_ERROR)


@case("HPACK 4.4 a name may refer to the entry that its own insertion evicts")
def _(c):
    shows(c, 1, field("x-name", "v" * 4000, INDEXING))
    shows(c, 3, field(62, "w" * 4000, INDEXING), ("HTTP_X_NAME", "w" * 4000))
    shows(c, 5, indexed(62), ("HTTP_X_NAME", "w" * 4000))


@case("HPACK 4.4 an entry as large as the table")
def _(c):
    shows(c, 1, field("x-a", "v" * (TABLE - 32 - 3), INDEXING))
    shows(c, 3, indexed(62), ("HTTP_X_A", "v" * (TABLE - 32 - 3)))


# ---- 5.1 integers ----


@case("HPACK 5.1 integers with octets of zero behind them")
def _(c):
    # Useless forms, but none that section 5.1 forbids, as long as they are within a limit.
    shows(c, 1, b"\x00\x7f\x80\x00" + b"n" * 127 + b"\x011", ("HTTP_" + "N" * 127, "1"))
    shows(c, 3, b"\x00\x03x-a\x7f\x80\x80\x00" + b"v" * 127, ("HTTP_X_A", "v" * 127))


refused("5.1 integer without its end", b"\xff")
refused("5.1 integer that goes on without end", b"\xff" + b"\x80" * 100)
refused("5.1 integer over 2^32", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f")
refused("5.1 integer that is 62 only modulo 2^32",
        lambda c: field("x-a", "1", INDEXING) + integer(62 + 2**32, 7, 0x80))
refused("5.1 integer that is 2 only modulo 2^64", integer(2 + 2**64, 7, 0x80))
refused("5.1 size update over 2^32", integer(2**32, 5, 0x20))
refused("5.1 string length over 2^32", b"\x00\x01n" + integer(2**32 + 1, 7) + b"v")

# ---- 5.2 strings ----


@case("HPACK 5.2 Huffman strings of every octet that a value may have")
def _(c):
    value = "".join(chr(n) for n in range(0x21, 0x100) if n != 0x7f)
    shows(c, 1, field("x-all", value, coded=True), ("HTTP_X_ALL", value))


@case("HPACK 5.2 names and values, each plain or Huffman")
def _(c):
    texts = [b"\x00" + string("x-a", a) + string("value", b)
             for a in (False, True) for b in (False, True)]
    contains(shows(c, 1, b"".join(texts)), b"HTTP_X_A=value, value, value, value\n")


@case("HPACK 5.2 Huffman strings with each length of padding")
def _(c):
    # "0" has five bits, so one to eight of them leave every count of bits over.
    lengths = set()
    for n in range(1, 9):
        lengths.add(-5 * n % 8)
        shows(c, 2 * n - 1, field("x-a", "0" * n, coded=True), ("HTTP_X_A", "0" * n))
    equal(lengths, set(range(8)))


@case("HPACK 5.2 empty strings, plain and Huffman")
def _(c):
    shows(c, 1, b"\x00\x03x-a\x00" + b"\x00\x03x-b\x80", ("HTTP_X_A", ""), ("HTTP_X_B", ""))


def coded(text):
    """A field whose value is the octets as a Huffman string."""
    return b"\x00\x03x-a" + integer(len(text), 7, 0x80) + text


refused("5.2 Huffman: padding of eight bits", lambda c: block(c.head()) + coded(b"\x1c\xff\xff"))
refused("5.2 Huffman: nothing but padding of eight bits",
        lambda c: block(c.head()) + coded(b"\xff"))
refused("5.2 Huffman: padding of zeros", lambda c: block(c.head()) + coded(b"\x00"))
refused("5.2 Huffman: padding that is not all ones", lambda c: block(c.head()) + coded(b"\x06"))
refused("5.2 Huffman: EOS alone", lambda c: block(c.head()) + coded(b"\xff\xff\xff\xff"))
refused("5.2 Huffman: EOS inside",
        lambda c: block(c.head()) + coded(b"\x07\xff\xff\xff\xfc\x07"))
refused("5.2 Huffman: a code that is cut off",
        lambda c: block(c.head()) + coded(huffman(b"\xf9")[:-1]))
refused("5.2 Huffman: errors in a name",
        lambda c: block(c.head()) + b"\x00" + b"\x84\xff\xff\xff\xff" + b"\x01v")
refused("5.2 string longer than the block", lambda c: block(c.head()) + b"\x00\x03x-a\x05four")
refused("5.2 name longer than the block", lambda c: block(c.head()) + b"\x00\x05x-a")
refused("5.2 string far longer than the block",
        lambda c: block(c.head()) + b"\x00\x03x-a" + integer(2**31, 7) + b"v")
refused("5.2 value missing", lambda c: block(c.head()) + b"\x00\x03x-a")

# ---- 6 representations ----

refused("6.1 index 0", lambda c: block(c.head()) + b"\x80")


@case("HPACK 6.2.1 literal with indexing")
def _(c):
    shows(c, 1, field("x-a", "1", INDEXING), ("HTTP_X_A", "1"))
    shows(c, 3, indexed(62), ("HTTP_X_A", "1"))


for _section, _name, _how in (("6.2.2", "without indexing", PLAIN), ("6.2.3", "never indexed",
                                                                    NEVER)):
    @case(f"HPACK {_section} literal {_name} does not enter the table")
    def _(c, how=_how):
        shows(c, 1, field("x-a", "1", how), ("HTTP_X_A", "1"))
        c.headers(3, block(c.head()) + indexed(62))
        c.connection_error(COMPRESSION_ERROR)

    @case(f"HPACK {_section} literal {_name}, its name from either table")
    def _(c, how=_how):
        shows(c, 1, field("x-a", "1", INDEXING))
        shows(c, 3, field(62, "2", how) + field(19, "text/x", how),
              ("HTTP_X_A", "2"), ("HTTP_ACCEPT", "text/x"))

    @case(f"HPACK {_section} literal {_name}, pseudo-header fields")
    def _(c, how=_how):
        c.headers(1, block(c.head(), how))
        c.answer(1, 200, TEXT)


refused("6.3 size update above the limit", resize(TABLE + 1))
refused("6.3 size update far above the limit", resize(2**31))


@case("HPACK 6.3 size update to exactly the limit")
def _(c):
    c.headers(1, resize(TABLE) + block(c.head()))
    c.answer(1, 200, TEXT)


# ---- the server's own limit (RFC 9113 section 6.5.2, RFC 7541 section 4.2) ----

_small, _large, _none = [], [], []


def once(kept, table):
    """A server with another limit, started when first needed."""
    def make():
        if not kept:
            kept.append(frames.server(table=table))
        return kept[0]
    return make


@case("HPACK 4.2 lower limit of the server: a block that says so is taken",
      server=once(_small, "1K"))
def _(c):
    equal(c.server_settings[HEADER_TABLE_SIZE], 1024)
    c.headers(1, resize(1024) + block(c.head()) + field("x-a", "1", INDEXING))
    c.answer(1, 200, TEXT)
    shows(c, 3, indexed(62), ("HTTP_X_A", "1"))


# RFC 9113 section 4.3.1: a block behind the acknowledgement must begin with a size update.
refused("4.2 lower limit of the server: a block that does not say so", lambda c: block(c.head()),
        server=once(_small, "1K"))
refused("4.2 lower limit of the server: a size update above it", resize(1025),
        server=once(_small, "1K"))


@case("HPACK 4.2 lower limit of the server: it does not hold before its acknowledgement",
      server=once(_small, "1K"), greet=False)
def _(c):
    c.auto_ack = False
    c.greet()
    c.headers(1, block(c.head("/f/vars")) + field("x-a", "v" * 2000, INDEXING))
    c.answer(1, 200)
    shows(c, 3, indexed(62), ("HTTP_X_A", "v" * 2000))
    c.frame(SETTINGS, ACK)
    c.headers(5, resize(1024) + block(c.head()))
    c.answer(5, 200, TEXT)
    c.headers(7, block(c.head()) + indexed(62))    # evicted by the size update
    c.connection_error(COMPRESSION_ERROR)


@case("HPACK 4.2 higher limit of the server: 4,096 until a size update", server=once(_large, "8K"))
def _(c):
    equal(c.server_settings[HEADER_TABLE_SIZE], 8192)
    one, two = (field(name, "v" * 3000, INDEXING) for name in ("x-a", "x-b"))
    shows(c, 1, one)
    shows(c, 3, two)
    c.headers(5, block(c.head()) + indexed(63))
    c.connection_error(COMPRESSION_ERROR)


@case("HPACK 4.2 higher limit of the server: used by a size update", server=once(_large, "8K"))
def _(c):
    c.headers(1, resize(8192) + block(c.head()) + field("x-a", "v" * 3000, INDEXING) +
              field("x-b", "w" * 3000, INDEXING))
    c.answer(1, 200, TEXT)
    shows(c, 3, indexed(63), ("HTTP_X_A", "v" * 3000))


@case("HPACK 4.2 no table at all", server=once(_none, "0"))
def _(c):
    equal(c.server_settings[HEADER_TABLE_SIZE], 0)
    c.headers(1, resize(0) + block(c.head(), INDEXING))
    c.answer(1, 200, TEXT)
    c.headers(3, block(c.head()) + indexed(62))
    c.connection_error(COMPRESSION_ERROR)


# ---- the server's encoder ----


@case("HPACK 4.2 the encoder keeps to a table of 0 octets")
def _(c):
    for stream in (1, 3):
        c.fine(stream)
    c.settings((HEADER_TABLE_SIZE, 0))
    decoder = hpack.Decoder()
    decoder.max_allowed_table_size = 0
    for stream in (5, 7, 9):
        c.get(stream, "/f/fields/3")
        c.answer(stream, 200, TEXT)
    first = c.streams[5].blocks[0]
    equal(first[0], 0x20, "size update at the beginning of the block")
    for stream in (5, 7, 9):
        # Without a table each block can be read by itself.
        fields = decoder.decode((b"" if stream == 5 else b"\x20") + c.streams[stream].blocks[0])
        equal(dict(fields)[":status"], "200")


@case("HPACK 4.2 the encoder keeps to a smaller table, and to a larger one again")
def _(c):
    stream = 1
    for size in (4096, 100, 4096, 0, 64, 1000, 0, 4096, 65536):
        c.settings((HEADER_TABLE_SIZE, size))
        for _ in range(3):
            c.get(stream, "/f/fields/5")
            c.answer(stream, 200, TEXT)    # decoded with this limit
            stream += 2


@case("HPACK 4.2 the table lowered and raised in one SETTINGS")
def _(c):
    c.fine(1)
    c.settings((HEADER_TABLE_SIZE, 0), (HEADER_TABLE_SIZE, 4096))
    c.fine(3)
    # The smallest size in between must be told first, so that the decoder evicts alike.
    equal(c.streams[3].blocks[0][0], 0x20, "size update to 0")
    c.fine(5)


@case("HPACK 4.2 settings changed while no block is sent, then one block")
def _(c):
    c.fine(1)
    c.settings((HEADER_TABLE_SIZE, 0))
    c.settings((HEADER_TABLE_SIZE, 2000))
    c.fine(3)
    equal(c.streams[3].blocks[0][0], 0x20, "size update to 0")


@case("HPACK 2.2 blocks are decoded in the order they are sent, over all streams")
def _(c):
    with c.together():
        for stream in (1, 3, 5, 7):
            c.get(stream, ("/f/hop", "/f/fields/3", "/f/hints", "/fine.txt")[stream // 2])
    for stream in (1, 3, 5, 7):
        c.answer(stream, 200, TEXT)


@case("HPACK 6 a block of random use of both tables")
def _(c):
    # python3-hpack as the client's encoder, Huffman and plain, over many requests.
    encoder = hpack.Encoder()
    for i in range(40):
        fields = [*c.head("/f/vars"), ("x-const", "always"), (f"x-{i % 7}", str(i)),
                  ("cookie", f"c={i % 3}"), ("user-agent", "conformance")]
        text = encoder.encode(fields, huffman=i % 3 > 0)
        c.frame(HEADERS, frames.END_HEADERS | frames.END_STREAM, 2 * i + 1, raw(text))
        body = c.answer(2 * i + 1, 200).body
        contains(body, f"HTTP_X_{i % 7}={i}\n".encode())
        contains(body, b"HTTP_X_CONST=always\n")
