/* SPDX-License-Identifier: MIT */
/*
 * The HPACK encoder: what it makes of a field, in hexadecimal, and that the decoder gets back what
 * went in.
 */
#include "tests/unit/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/pool.h"
#include "server/h2/hpack.h"

suite_maker hpack_enc_suite;

enum { ROOM = 1 << 16 };

static struct hpack_decoder dec;
static struct hpack_encoder enc;
static struct pool_cache pools;
static struct pool *pool;

static void setup(void)
{
	hpack_decoder_init(&dec, 4096);
	hpack_encoder_init(&enc, 4096);
	pool_cache_init(&pools, 4);
	pool = pool_new(&pools);
}

static void teardown(void)
{
	hpack_decoder_clear(&dec);
	hpack_encoder_clear(&enc);
	pool_free(pool);
	pool_cache_clear(&pools);
}

static const char *to_hex(const uint8_t *p, size_t n)
{
	static char buf[512];

	ck_assert_uint_lt(n * 2, sizeof buf);
	buf[0] = '\0';
	for (size_t i = 0; i < n; i++)
		snprintf(buf + 2 * i, 3, "%02x", p[i]);
	return buf;
}

/* Encodes one field; what it became, in hexadecimal. */
static const char *encode(const char *name, const char *value)
{
	uint8_t block[1024];
	size_t n = hpack_encode_begin(&enc, block);

	n += hpack_encode_named(&enc, block + n, text_of(name), text_of(value));
	ck_assert_uint_le(n, HPACK_UPDATE_MAX + HPACK_FIELD_MAX(strlen(name), strlen(value)));
	return to_hex(block, n);
}

START_TEST(tokens)
{
	struct text name;

	for (uint16_t t = HTTP_OTHER + 1; t < HPACK_TOKEN_COUNT; t++)
		ck_assert_uint_eq(hpack_token(hpack_token_name(t)), t);
	ck_assert_uint_eq(hpack_token(TEXT("")), HTTP_OTHER);
	ck_assert_uint_eq(hpack_token(TEXT(":")), HTTP_OTHER);
	ck_assert_uint_eq(hpack_token(TEXT(":pathx")), HTTP_OTHER);
	ck_assert_uint_eq(hpack_token(TEXT("Date")), HTTP_OTHER);
	for (uint32_t i = 1; i <= HPACK_STATIC; i++) {
		name = hpack_table_get(NULL, i)->name;
		ck_assert_uint_eq(hpack_table_get(NULL, i)->token, hpack_token(name));
		/* The encoder finds the first entry of that name. */
		if (i == 1 || !text_eq(name, hpack_table_get(NULL, i - 1)->name)) {
			struct http_field f = {.name = name, .value = TEXT("x"), .secret = true};
			uint8_t coded[16];

			if (name.p[0] == ':')
				continue;
			f.token = http_token(name);
			hpack_encode(&enc, coded, &f);
			ck_assert_uint_eq(coded[0], i < 15 ? 0x10 | i : 0x1f);
			ck_assert(i < 15 || coded[1] == i - 15);
		}
	}
}
END_TEST

START_TEST(encoder_indexes_what_repeats)
{
	ck_assert_str_eq(encode(":method", "GET"), "82");
	ck_assert_str_eq(encode(":status", "404"), "8d");
	ck_assert_str_eq(encode("accept-encoding", "gzip, deflate"), "90");
	ck_assert_str_eq(encode("age", ""), "95");
	ck_assert_str_eq(encode("cache-control", "no-cache"), "5886a8eb10649cbf");
	ck_assert_str_eq(encode("cache-control", "no-cache"), "be");
	ck_assert_str_eq(encode("custom-key", "custom-value"),
			 "408825a849e95ba97d7f8925a849e95bb8e8b4bf");
	ck_assert_str_eq(encode("custom-key", "custom-value"), "be");
	ck_assert_str_eq(encode("cache-control", "no-cache"), "bf");
	/* A known name with another value; Huffman only where it is shorter. */
	ck_assert_str_eq(encode("custom-key", "{}"), "7e027b7d");
	ck_assert_str_eq(encode("custom-key", "custom-value"), "bf");
	ck_assert_uint_eq(enc.table.count, 3);
	ck_assert_uint_eq(enc.table.size, 44 + 54 + 53);
}
END_TEST

START_TEST(encoder_status)
{
	static const struct {
		unsigned status;
		const char *coded;
	} v[] = {{200, "88"}, {204, "89"},	 {206, "8a"}, {304, "8b"},
		 {400, "8c"}, {404, "8d"},	 {500, "8e"}, {302, "48826402"},
		 {302, "be"}, {103, "48820819"}, {302, "bf"}};
	uint8_t block[HPACK_FIELD_MAX(7, 3)];

	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		ck_assert_str_eq(to_hex(block, hpack_encode_status(&enc, block, v[i].status)),
				 v[i].coded);
}
END_TEST

/* RFC 7541 section 7.1.3 */
START_TEST(never_indexed_representation)
{
	struct http_field f = {.name = TEXT("x-key"), .value = TEXT("abc"), .secret = true};
	uint8_t block[64];

	ck_assert_str_eq(encode("authorization", "abc"), "1f08821c64");
	ck_assert_str_eq(encode("proxy-authorization", "abc"), "1f22821c64");
	ck_assert_str_eq(encode("set-cookie", "abc"), "1f28821c64");
	ck_assert_str_eq(encode("cookie", "0123456789012345678"),
			 "1f118e0044cb4db8ebcf802265a6dc75ef");
	ck_assert_uint_eq(enc.table.count, 0);
	ck_assert_int_eq(encode("cookie", "01234567890123456789")[0], '6');
	ck_assert_str_eq(to_hex(block, hpack_encode(&enc, block, &f)), "1084f2b752fa821c64");
	/* Even a value that is in the table stays a literal when it is secret. */
	encode("x-key", "abc");
	ck_assert_str_eq(encode("x-key", "abc"), "be");
	ck_assert_str_eq(to_hex(block, hpack_encode(&enc, block, &f)), "1f2f821c64");
}
END_TEST

START_TEST(encoder_leaves_the_table_alone)
{
	char large[1100];

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(encode("content-length", i % 2 ? "1" : "22")[0], '0');
		ck_assert_int_eq(encode("etag", i % 2 ? "abc" : "def")[0], '0');
		ck_assert_int_eq(encode("last-modified", i % 2 ? "abc" : "def")[0], '0');
		ck_assert_int_eq(encode("location", "/elsewhere")[0], '0');
		ck_assert_int_eq(encode("content-range", "bytes 0-1/2")[0], '0');
		ck_assert_int_eq(encode("age", "10")[0], '0');
		ck_assert_int_eq(encode(":path", "/a")[0], '0');
	}
	ck_assert_uint_eq(enc.table.count, 0);
	/* The largest entry kept is a quarter of the table. */
	memset(large, '\1', sizeof large);
	for (size_t n = 990; n < 995; n++) {
		uint8_t block[HPACK_FIELD_MAX(1, sizeof large)];
		struct http_field f = {.name = TEXT("x"), .value = {large, n}};

		hpack_encode(&enc, block, &f);
		ck_assert_uint_eq(enc.table.count, n > 1024 - 33 ? 2 : n - 989);
	}
}
END_TEST

START_TEST(encoder_learns)
{
	char value[16];
	unsigned inserted = 0;

	/* A value that never repeats is tried a few times, then rarely. */
	for (int i = 0; i < 100; i++) {
		snprintf(value, sizeof value, "%d", i);
		inserted += encode("x-request-id", value)[0] == (i ? '7' : '4');
		encode("date", "now");
	}
	ck_assert_uint_le(inserted, 12);
	ck_assert_uint_eq(strlen(encode("date", "now")), 2);
	/* One that begins to repeat is noticed, as is the length of a file that is popular. */
	for (int i = 0; i < 16; i++) {
		encode("x-request-id", "same");
		encode("content-length", "1024");
	}
	ck_assert_uint_eq(strlen(encode("x-request-id", "same")), 2);
	ck_assert_uint_eq(strlen(encode("content-length", "1024")), 2);
}
END_TEST

/* RFC 7541 section 4.2: the smallest size and the last one, at the beginning of the next block. */
START_TEST(encoder_size_updates)
{
	uint8_t to[HPACK_UPDATE_MAX];

	ck_assert_uint_eq(hpack_encode_begin(&enc, to), 0);
	/* Appendix C.1: 10 and 1337. */
	hpack_encoder_set_limit(&enc, 10);
	ck_assert_str_eq(to_hex(to, hpack_encode_begin(&enc, to)), "2a");
	hpack_encoder_set_limit(&enc, 1337);
	ck_assert_str_eq(to_hex(to, hpack_encode_begin(&enc, to)), "3f9a0a");
	hpack_encoder_set_limit(&enc, 4096);
	ck_assert_str_eq(to_hex(to, hpack_encode_begin(&enc, to)), "3fe11f");
	hpack_encoder_set_limit(&enc, 65536); /* more than we keep */
	ck_assert_uint_eq(hpack_encode_begin(&enc, to), 0);
	hpack_encoder_set_limit(&enc, 100);
	ck_assert_str_eq(to_hex(to, hpack_encode_begin(&enc, to)), "3f45");
	ck_assert_uint_eq(hpack_encode_begin(&enc, to), 0);
	hpack_encoder_set_limit(&enc, 0);
	hpack_encoder_set_limit(&enc, 1);
	hpack_encoder_set_limit(&enc, 100);
	ck_assert_str_eq(to_hex(to, hpack_encode_begin(&enc, to)), "203f45");
	hpack_encoder_set_limit(&enc, 200);
	hpack_encoder_set_limit(&enc, 300);
	ck_assert_str_eq(to_hex(to, hpack_encode_begin(&enc, to)), "3fa9013f8d02");

	hpack_encoder_clear(&enc);
	hpack_encoder_init(&enc, 0);
	ck_assert_str_eq(encode("cache-control", "no-cache"), "200f0986a8eb10649cbf");
	hpack_encoder_set_limit(&enc, 100000);
	ck_assert_str_eq(encode("cache-control", "no-cache"), "0f0986a8eb10649cbf");

	hpack_encoder_init(&enc, 100000);
	ck_assert_uint_eq(enc.table.limit, 4096);
	ck_assert_uint_eq(hpack_encode_begin(&enc, to), 0);
	hpack_encoder_set_limit(&enc, UINT32_MAX);
	ck_assert_str_eq(to_hex(to, hpack_encode_begin(&enc, to)), "3f818d06");
}
END_TEST

/* ---- both ---- */

static struct text random_text(const char *letters, size_t most)
{
	size_t n = (size_t)rand() % most, kinds = strlen(letters);
	char *p = pool_alloc(pool, n);

	for (size_t i = 0; i < n; i++)
		p[i] = letters[(size_t)rand() % kinds];
	return (struct text){p, n};
}

static struct http_field random_field(void)
{
	struct http_field f = {.secret = rand() % 20 == 0};

	f.token = (enum http_token)(rand() % 2 * (rand() % HTTP_TOKEN_COUNT));
	f.name = f.token ? http_token_name(f.token) : random_text("xyz-", 4);
	if (!f.token)
		f.token = http_token(f.name);
	f.value = random_text(rand() % 2 ? "ab" : "abcdefgh 0123456789{}\x80\xff",
			      rand() % 10 ? 5 : 1500);
	return f;
}

static void assert_same_tables(void)
{
	const struct hpack_entry *a, *b;

	ck_assert_uint_eq(enc.table.size, dec.table.size);
	ck_assert_uint_eq(enc.table.limit, dec.table.limit);
	for (uint32_t i = HPACK_STATIC + 1; (a = hpack_table_get(&enc.table, i)); i++) {
		b = hpack_table_get(&dec.table, i);
		ck_assert(b && text_eq(a->name, b->name) && text_eq(a->value, b->value));
	}
}

static void random_block(uint8_t *block)
{
	struct http_field sent[20];
	unsigned status = 100 + (unsigned)rand() % 900;
	int fields = rand() % 20;
	struct hpack_field f;
	char digits[4];
	size_t n = hpack_encode_begin(&enc, block);

	n += hpack_encode_status(&enc, block + n, status);
	for (int i = 0; i < fields; i++) {
		size_t took;

		sent[i] = random_field();
		took = hpack_encode(&enc, block + n, &sent[i]);
		ck_assert_uint_le(took, HPACK_FIELD_MAX(sent[i].name.n, sent[i].value.n));
		n += took;
	}
	hpack_decode_begin(&dec, block, n);
	ck_assert_int_eq(hpack_decode(&dec, pool, &f), HPACK_FIELD);
	snprintf(digits, sizeof digits, "%u", status);
	ck_assert(f.token == HPACK_STATUS && text_eq(f.value, text_of(digits)));
	for (int i = 0; i < fields; i++) {
		ck_assert_int_eq(hpack_decode(&dec, pool, &f), HPACK_FIELD);
		ck_assert(text_eq(f.name, sent[i].name) && text_eq(f.value, sent[i].value));
		ck_assert_uint_eq(f.token, sent[i].token);
		ck_assert(f.secret || !sent[i].secret);
	}
	ck_assert_int_eq(hpack_decode(&dec, pool, &f), HPACK_END);
}

START_TEST(random_round_trips)
{
	uint8_t *block = malloc(ROOM);

	srand((unsigned)_i + 1);
	if (_i == 3) /* insertion numbers pass 2^32 */
		enc.table.head = dec.table.head = UINT32_MAX - 100;
	for (int round = 0; round < 500; round++) {
		while (rand() % 5 == 0) {
			size_t limit = (size_t)rand() % (rand() % 2 ? 300 : 10000);

			dec.allowed = limit;
			hpack_encoder_set_limit(&enc, limit);
		}
		random_block(block);
		assert_same_tables();
		pool_free(pool);
		pool = pool_new(&pools);
	}
	ck_assert(_i != 3 || enc.table.head < UINT32_MAX / 2);
	free(block);
}
END_TEST

/* In steady state nothing is allocated: tables keep their memory, pools get their block back. */
START_TEST(steady_state_allocates_nothing)
{
	struct hpack_table encs = {0}, decs = {0};
	uint8_t block[512];

	for (unsigned i = 0; i < 5000; i++) {
		char number[24];
		struct http_field f = {.name = TEXT("x-id"), .value = {number, 0}};
		struct hpack_field got;
		size_t n = hpack_encode_status(&enc, block, 200 + i % 50);

		f.value.n = (size_t)snprintf(number, sizeof number, "%u", i * i);
		n += hpack_encode(&enc, block + n, &f);
		n += hpack_encode_named(&enc, block + n, TEXT("vary"), f.value);
		hpack_decode_begin(&dec, block, n);
		while (hpack_decode(&dec, pool, &got) == HPACK_FIELD)
			;
		ck_assert_uint_eq(pool_size(pool), 4096);
		pool_free(pool);
		ck_assert_uint_eq(pools.count, 1);
		pool = pool_new(&pools);
		if (i == 2000) {
			encs = enc.table;
			decs = dec.table;
		}
	}
	ck_assert_ptr_eq(encs.ring, enc.table.ring);
	ck_assert_ptr_eq(encs.octets, enc.table.octets);
	ck_assert_ptr_eq(decs.ring, dec.table.ring);
	ck_assert_ptr_eq(decs.octets, dec.table.octets);
	ck_assert_uint_gt(enc.table.head, encs.head);
}
END_TEST

Suite *hpack_enc_suite(void)
{
	Suite *s = suite_create("hpack_enc");
	TCase *c = tcase_create("encoder");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, tokens);
	tcase_add_test(c, encoder_indexes_what_repeats);
	tcase_add_test(c, encoder_status);
	tcase_add_test(c, never_indexed_representation);
	tcase_add_test(c, encoder_leaves_the_table_alone);
	tcase_add_test(c, encoder_learns);
	tcase_add_test(c, encoder_size_updates);
	tcase_add_loop_test(c, random_round_trips, 0, 5);
	tcase_add_test(c, steady_state_allocates_nothing);
	suite_add_tcase(s, c);
	return s;
}
