/* SPDX-License-Identifier: MIT */
/*
 * The HPACK decoder (RFC 7541 sections 3.2, 5 and 6).
 *
 *     1xxxxxxx   indexed field                  7-bit index                       section 6.1
 *     01xxxxxx   literal, goes into the table   6-bit index of the name, or 0     section 6.2.1
 *     001xxxxx   table size update              5-bit size                        section 6.3
 *     0001xxxx   literal, never indexed         4-bit index of the name, or 0     section 6.2.3
 *     0000xxxx   literal, not indexed           4-bit index of the name, or 0     section 6.2.2
 *
 * Nothing of a representation takes effect before all of it was correct, and then the position is
 * put back, so a block that is bad stays bad. No length of the peer is used before it was compared
 * with what is left.
 *
 * What is handed out never lies in the dynamic table, as the next field may evict it: a value, and
 * a name without a token, is copied into the pool. A literal is read into the pool first and
 * inserted from there, so a name borrowed from an entry that this very insertion evicts (section
 * 4.4) is safe as well.
 */
#include "server/h2/hpack.h"

#include "server/base/pool.h"

void hpack_decoder_init(struct hpack_decoder *d, size_t allowed)
{
	*d = (struct hpack_decoder){.allowed = allowed};
	hpack_table_init(&d->table, allowed < HPACK_FIRST_LIMIT ? allowed : HPACK_FIRST_LIMIT);
}

void hpack_decoder_clear(struct hpack_decoder *d)
{
	hpack_table_clear(&d->table);
}

void hpack_decode_begin(struct hpack_decoder *d, const uint8_t *p, size_t n)
{
	d->at = p;
	d->end = n ? p + n : p;
	d->started = false;
}

/* Reads on in an integer (section 5.1) whose prefix was full; false: cut off or too large. */
static bool read_long(struct hpack_decoder *d, uint32_t *v)
{
	uint64_t sum = *v;
	unsigned shift = 0;
	uint8_t octet;

	/* RFC 7541 section 5.1: values and encodings beyond our limits are errors; five octets are
	 * all that 32 bits need. */
	do {
		if (d->at == d->end || shift > 28)
			return false;
		octet = *d->at++;
		sum += (uint64_t)(octet & 0x7f) << shift;
		shift += 7;
	} while (octet & 0x80);
	*v = (uint32_t)sum;
	return sum <= UINT32_MAX;
}

/* Reads an integer with a prefix of BITS bits; there is at least one octet. */
static inline bool read_int(struct hpack_decoder *d, unsigned bits, uint32_t *v)
{
	uint32_t most = (1U << bits) - 1;

	*v = *d->at++ & most;
	return *v < most || read_long(d, v);
}

/* A string (section 5.2), copied or decoded into the pool. */
static bool read_string(struct hpack_decoder *d, struct pool *pool, struct text *to)
{
	bool huffman;
	uint32_t n;
	long got;
	char *p;

	if (d->at == d->end)
		return false;
	huffman = *d->at & 0x80;
	if (!read_int(d, 7, &n) || n > (size_t)(d->end - d->at))
		return false;
	*to = (struct text){"", 0};
	if (n == 0)
		return true;
	p = pool_alloc(pool, huffman ? HUFFMAN_MAX_DECODED((size_t)n) : n);
	got = n;
	if (huffman)
		got = huffman_decode(p, d->at, n);
	else
		memcpy(p, d->at, n);
	if (got < 0)
		return false;
	*to = (struct text){p, (size_t)got};
	d->at += n;
	return true;
}

static struct text copy(struct pool *pool, struct text t)
{
	if (t.n == 0)
		return (struct text){"", 0};
	return (struct text){memcpy(pool_alloc(pool, t.n), t.p, t.n), t.n};
}

static bool decode_indexed(struct hpack_decoder *d, struct pool *pool, struct hpack_field *f)
{
	const struct hpack_entry *e;
	uint32_t index;

	/* RFC 7541 section 6.1: index 0 is an error; section 2.3.3: so is one beyond the table. */
	if (!read_int(d, 7, &index) || !(e = hpack_table_get(&d->table, index)))
		return false;
	*f = (struct hpack_field){.name = e->name, .value = e->value, .token = e->token};
	if (index > HPACK_STATIC) {
		if (e->token == HTTP_OTHER)
			f->name = copy(pool, e->name);
		f->value = copy(pool, e->value);
	}
	return true;
}

/* A literal whose name index has a prefix of BITS bits. */
static bool decode_literal(struct hpack_decoder *d, unsigned bits, struct pool *pool,
			   struct hpack_field *f)
{
	const struct hpack_entry *e;
	uint32_t index;

	if (!read_int(d, bits, &index))
		return false;
	*f = (struct hpack_field){0};
	if (index) {
		e = hpack_table_get(&d->table, index);
		if (!e)
			return false;
		f->token = e->token;
		f->name = e->name;
		if (index > HPACK_STATIC && e->token == HTTP_OTHER)
			f->name = copy(pool, e->name);
	} else {
		if (!read_string(d, pool, &f->name))
			return false;
		f->token = hpack_token(f->name);
		if (f->token != HTTP_OTHER)
			f->name = hpack_token_name(f->token);
	}
	return read_string(d, pool, &f->value);
}

static bool decode_update(struct hpack_decoder *d)
{
	uint32_t size;

	/* RFC 7541 section 4.2: only at the beginning of a block. Section 6.3: not above the limit
	 * that the protocol sets. */
	if (d->started || !read_int(d, 5, &size) || size > d->allowed)
		return false;
	hpack_table_resize(&d->table, size);
	return true;
}

static bool decode_field(struct hpack_decoder *d, struct pool *pool, struct hpack_field *f)
{
	uint8_t octet = *d->at;

	/* RFC 7541 section 4.2: once a lower limit is acknowledged, the peer must say that it keeps
	 * to it before the first field of the next block. */
	if (d->table.limit > d->allowed)
		return false;
	if (octet & 0x80)
		return decode_indexed(d, pool, f);
	if (octet & 0x40) {
		if (!decode_literal(d, 6, pool, f))
			return false;
		hpack_table_insert(&d->table, f->name, f->value, f->token);
		return true;
	}
	if (!decode_literal(d, 4, pool, f))
		return false;
	f->secret = octet & 0x10;
	return true;
}

enum hpack_status hpack_decode(struct hpack_decoder *d, struct pool *pool, struct hpack_field *f)
{
	while (d->at != d->end) {
		const uint8_t *begin = d->at;
		bool update = (*begin & 0xe0) == 0x20;

		if (update ? !decode_update(d) : !decode_field(d, pool, f)) {
			d->at = begin;
			return HPACK_BAD;
		}
		if (!update) {
			d->started = true;
			return HPACK_FIELD;
		}
	}
	return HPACK_END;
}
