#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes huffman_table.h, the constant tables of huffman.c:

    python3 server/h2/huffman-table.py >server/h2/huffman_table.h

The code of RFC 7541 appendix B is canonical: codes of one length are consecutive numbers in the
order of their symbols, and a longer code is greater. So the lengths alone give all of it.
"""

WIDTH = 11  # bits that one look at the decoding table takes in
EOS = 256

LENGTHS = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
]


def canonical():
    """Codes by symbol, and the symbols in the order of their codes."""
    order = sorted(range(EOS + 1), key=lambda s: (LENGTHS[s], s))
    codes = [0] * (EOS + 1)
    code = length = 0
    for symbol in order:
        code <<= LENGTHS[symbol] - length
        length = LENGTHS[symbol]
        codes[symbol] = code
        code += 1
    assert code == 1 << 30, "the code is not complete"
    return codes, order


def decoding(codes):
    """What WIDTH bits begin with: two short symbols, one, or (all zero) part of a longer code."""

    def first(bits, width):
        for symbol in range(EOS):
            n = LENGTHS[symbol]
            if n <= width and bits >> (width - n) == codes[symbol]:
                return symbol, n
        return None

    rows = []
    for bits in range(1 << WIDTH):
        one = first(bits, WIDTH)
        if not one:
            rows.append("{{0, 0}, 0, 0}")
            continue
        rest = WIDTH - one[1]
        two = first(bits & ((1 << rest) - 1), rest)
        if two:
            rows.append("{{%d, %d}, 2, %d}" % (one[0], two[0], one[1] + two[1]))
        else:
            rows.append("{{%d, 0}, 1, %d}" % one)
    return rows


def long_codes(codes, order):
    """One row for each length above WIDTH, with the codes moved to the top of 32 bits."""
    symbols = [s for s in order if LENGTHS[s] > WIDTH]
    rows = []
    for n in sorted({LENGTHS[s] for s in symbols}):
        own = [s for s in symbols if LENGTHS[s] == n]
        low = codes[own[0]] << (32 - n)
        high = ((codes[own[-1]] + 1) << (32 - n)) - 1
        rows.append("{0x%08x, 0x%08x, %d, %d}" % (low, high, symbols.index(own[0]), n))
    return rows, ["%d" % s for s in symbols if s != EOS]


def table(head, items, per_line):
    print("\n%s = {" % head)
    for i in range(0, len(items), per_line):
        print("\t" + ", ".join(items[i : i + per_line]) + ",")
    print("};")


def main():
    codes, order = canonical()
    rows, symbols = long_codes(codes, order)
    print("/* SPDX-License-Identifier: MIT */")
    print("/* Written by huffman-table.py: the code of RFC 7541 appendix B as tables. */")
    print("/* clang-format off */")
    print("#ifndef OUTRIDER_H2_HUFFMAN_TABLE_H\n#define OUTRIDER_H2_HUFFMAN_TABLE_H\n")
    print("#include <stdint.h>\n")
    print("enum { HUFFMAN_WIDTH = %d, HUFFMAN_LONG = %d };\n" % (WIDTH, len(rows)))
    print("/* What the next HUFFMAN_WIDTH bits begin with: N whole symbols, BITS long together. */")
    print("struct huffman_look {\n\tuint8_t symbol[2], n, bits;\n};\n")
    print("/* All codes of one length above HUFFMAN_WIDTH, at the top of 32 bits. */")
    print("struct huffman_long {\n\tuint32_t low, high;\n\tuint8_t first, bits;\n};")
    table("static const uint8_t huffman_bits[256]", ["%d" % n for n in LENGTHS[:EOS]], 16)
    table("static const uint32_t huffman_code[256]", ["0x%x" % c for c in codes[:EOS]], 8)
    table("static const struct huffman_look huffman_look[1 << HUFFMAN_WIDTH]", decoding(codes), 4)
    table("static const struct huffman_long huffman_long[HUFFMAN_LONG]", rows, 2)
    table("static const uint8_t huffman_long_symbol[]", symbols, 16)
    print("\n#endif")


main()
