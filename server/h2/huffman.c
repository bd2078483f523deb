/* SPDX-License-Identifier: MIT */
/*
 * The Huffman code of HPACK (RFC 7541 section 5.2, appendix B).
 *
 * Decoding keeps the bits that come next at the top of a 64-bit word:
 *
 *     acc   | have bits, not yet decoded      | bits of the octet at `from` |
 *           ^ looked at HUFFMAN_WIDTH at a time
 *
 * A look into the table gives one symbol, or two when both fit: text is mostly of codes of 5 and
 * 6 bits, so a look yields close to two. Codes longer than a look belong to octets that hardly
 * occur in header fields; they are found by their length, because the code is canonical: among
 * the codes of one length the difference of the codes is the difference of the positions.
 *
 * The word is refilled eight octets at a time; `have` counts the whole octets taken only, the bits
 * that follow are of the octet at `from`, which the next refill puts there once more, unchanged.
 *
 * The end: bits beyond the string read as ones, the prefix of the longest codes. What needs more
 * bits than there are is padding, and correct when it is short and all ones.
 *
 * The tables are in huffman_table.h, written by huffman-table.py.
 */
#include "server/h2/hpack.h"

#include <endian.h>
#include <string.h>

#include "server/h2/huffman_table.h"

struct bits {
	uint64_t acc;
	unsigned have;
};

size_t huffman_length(struct text t)
{
	size_t n = 0;

	for (size_t i = 0; i < t.n; i++)
		n += huffman_bits[(uint8_t)t.p[i]];
	return (n + 7) / 8;
}

void huffman_encode(uint8_t *to, struct text t)
{
	uint64_t acc = 0; /* the lowest `have` bits are due */
	unsigned have = 0;

	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = (uint8_t)t.p[i];

		acc = acc << huffman_bits[c] | huffman_code[c];
		have += huffman_bits[c];
		if (have >= 32) {
			uint32_t word;

			have -= 32;
			word = htobe32((uint32_t)(acc >> have));
			memcpy(to, &word, sizeof word);
			to += sizeof word;
		}
	}
	/* RFC 7541 section 5.2: padded with the most significant bits of EOS, which are ones. */
	acc = acc << 7 | 0x7f;
	for (have += 7; have >= 8; have -= 8)
		*to++ = (uint8_t)(acc >> (have - 8));
}

/* The symbol whose code, longer than a look, is at the top of ACC; -1 for EOS. */
static int long_symbol(uint64_t acc, unsigned *bits)
{
	const struct huffman_long *row = huffman_long;
	uint32_t code = (uint32_t)(acc >> 32);
	size_t i;

	while (code > row->high)
		row++;
	*bits = row->bits;
	i = row->first + ((code - row->low) >> (32 - row->bits));
	return i < sizeof huffman_long_symbol ? huffman_long_symbol[i] : -1;
}

/*
 * Decodes while eight octets can be loaded at once; returns the end of what was written, NULL for
 * EOS. Writes two octets at every look; there is room, as 20 bits or more are to come.
 */
static char *decode_words(char *to, const uint8_t **rest, const uint8_t *end, struct bits *b)
{
	enum { LOOKS = 56 / HUFFMAN_WIDTH };
	const uint8_t *from = *rest;
	uint64_t acc = 0;
	unsigned have = 0, bits;
	int i;

	while (end - from >= 8) {
		uint64_t word;

		memcpy(&word, from, sizeof word);
		acc |= be64toh(word) >> have;
		from += (63 - have) / 8;
		have |= 56;
		for (i = 0; i < LOOKS; i++) {
			struct huffman_look look = huffman_look[acc >> (64 - HUFFMAN_WIDTH)];

			if (!look.n)
				break;
			memcpy(to, look.symbol, 2);
			to += look.n;
			acc <<= look.bits;
			have -= look.bits;
		}
		if (i < LOOKS && have >= 32) {
			int c = long_symbol(acc, &bits);

			if (c < 0)
				return NULL;
			*to++ = (char)c;
			acc <<= bits;
			have -= bits;
		}
	}
	*rest = from;
	*b = (struct bits){acc, have};
	return to;
}

long huffman_decode(char *to, const uint8_t *from, size_t n)
{
	const uint8_t *end = from + n;
	const char *begin = to;
	struct bits b;
	uint64_t padded;

	to = decode_words(to, &from, end, &b);
	if (!to)
		return -1;
	for (;;) {
		struct huffman_look look;
		unsigned bits;
		int c;

		for (; b.have < 56 && from < end; b.have += 8)
			b.acc |= (uint64_t)*from++ << (56 - b.have);
		padded = b.acc | ~UINT64_C(0) >> b.have;
		look = huffman_look[padded >> (64 - HUFFMAN_WIDTH)];
		bits = look.bits;
		if (look.n == 2 && bits <= b.have) {
			memcpy(to, look.symbol, 2);
			to += 2;
		} else {
			c = look.symbol[0];
			if (look.n == 2)
				bits = huffman_bits[c];
			else if (look.n == 0)
				c = long_symbol(padded, &bits);
			if (bits > b.have)
				break;
			/* RFC 7541 section 5.2: a string that contains EOS is an error. */
			if (c < 0)
				return -1;
			*to++ = (char)c;
		}
		b.acc <<= bits;
		b.have -= bits;
	}
	/* RFC 7541 section 5.2: padding has at most 7 bits, and they are those of EOS. */
	return b.have < 8 && padded == ~UINT64_C(0) ? to - begin : -1;
}
