/* SPDX-License-Identifier: MIT */
/*
 * HPACK: decodes what a hostile peer may send, then sends every field that came out through our
 * encoder and a second decoder, which must give the same field and keep the same table.
 *
 * Input: one octet that says what table size is permitted, then blocks: one octet of length, where
 * 0xff means all that is left, and the block. A length of 0 takes one octet more and changes the
 * table size of the second pair.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/pool.h"
#include "server/h2/hpack.h"

enum { FIELDS_MAX = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct pair {
	struct hpack_encoder enc;
	struct hpack_decoder dec;
};

/* Memory of exactly N octets, so that the sanitizers see a step beyond it. */
static uint8_t *exactly(size_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	if (!p)
		abort();
	return p;
}

static size_t encode(struct hpack_encoder *enc, uint8_t *to, const struct hpack_field *f)
{
	struct http_field field = {.name = f->name,
				   .value = f->value,
				   .token = (enum http_token)f->token,
				   .secret = f->secret};

	if (f->token >= HTTP_TOKEN_COUNT)
		return hpack_encode_named(enc, to, f->name, f->value);
	return hpack_encode(enc, to, &field);
}

static void round_trip(struct pair *two, struct pool *pool, const struct hpack_field *f)
{
	size_t room = HPACK_FIELD_MAX(f->name.n, f->value.n), n;
	uint8_t *update = exactly(HPACK_UPDATE_MAX), *block = exactly(room), *cut;
	struct hpack_field got;

	hpack_decode_begin(&two->dec, update, hpack_encode_begin(&two->enc, update));
	assert(hpack_decode(&two->dec, pool, &got) == HPACK_END);
	n = encode(&two->enc, block, f);
	assert(n > 0 && n <= room);
	cut = exactly(n);
	memcpy(cut, block, n);
	hpack_decode_begin(&two->dec, cut, n);
	assert(hpack_decode(&two->dec, pool, &got) == HPACK_FIELD);
	assert(got.token == f->token);
	assert(text_eq(got.name, f->name) && text_eq(got.value, f->value));
	assert(got.secret || !f->secret || f->token >= HTTP_TOKEN_COUNT);
	assert(hpack_decode(&two->dec, pool, &got) == HPACK_END);
	assert(two->enc.table.size == two->dec.table.size);
	free(update);
	free(block);
	free(cut);
}

/* One block through the first decoder; false: the connection would be closed. */
static bool run_block(struct hpack_decoder *dec, struct pair *two, const uint8_t *p, size_t n)
{
	struct pool_cache cache;
	struct hpack_field f;
	enum hpack_status st;
	struct pool *pool;
	int fields = 0;

	pool_cache_init(&cache, 0);
	pool = pool_new(&cache);
	hpack_decode_begin(dec, p, n);
	while ((st = hpack_decode(dec, pool, &f)) == HPACK_FIELD && fields++ < FIELDS_MAX) {
		assert(f.token == hpack_token(f.name));
		assert(dec->table.size <= dec->table.limit && dec->table.limit <= dec->allowed);
		round_trip(two, pool, &f);
	}
	pool_free(pool);
	pool_cache_clear(&cache);
	return st == HPACK_END;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct hpack_decoder dec;
	struct pair two;
	bool well = true;

	if (n == 0)
		return 0;
	hpack_decoder_init(&dec, *p * 32U);
	hpack_decoder_init(&two.dec, 8192);
	hpack_encoder_init(&two.enc, 8192);
	for (p++, n--; n > 1 && well;) {
		size_t length = *p++;

		n--;
		if (length == 0) {
			hpack_encoder_set_limit(&two.enc, *p * 32U);
			length = 1;
		} else {
			uint8_t *block;

			if (length == 0xff || length > n)
				length = n;
			block = exactly(length);
			memcpy(block, p, length);
			well = run_block(&dec, &two, block, length);
			free(block);
		}
		p += length;
		n -= length;
	}
	hpack_decoder_clear(&dec);
	hpack_decoder_clear(&two.dec);
	hpack_encoder_clear(&two.enc);
	return 0;
}
