/* SPDX-License-Identifier: MIT */
/*
 * Huffman code, tables and decoder of HPACK. Blocks are written in hexadecimal and what was decoded
 * is compared as text, one line a field; a field that came as never-indexed begins with `!`. A
 * table reads as in RFC 7541 appendix C: one line an entry, newest first, then the size.
 */
#include "tests/unit/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/pool.h"
#include "server/h2/hpack.h"

suite_maker hpack_suite;

static struct hpack_decoder dec;
static struct pool_cache pools;
static struct pool *pool;
static char said[1 << 20]; /* what show_* have written */
static size_t said_n;

static void setup(void)
{
	hpack_decoder_init(&dec, 4096);
	pool_cache_init(&pools, 4);
	pool = pool_new(&pools);
}

static void teardown(void)
{
	hpack_decoder_clear(&dec);
	pool_free(pool);
	pool_cache_clear(&pools);
}

static void say(const char *fmt, struct text name, struct text value)
{
	said_n += (size_t)snprintf(said + said_n, sizeof said - said_n, fmt, (int)name.n, name.p,
				   (int)value.n, value.p);
	ck_assert_uint_lt(said_n, sizeof said);
}

static size_t from_hex(uint8_t *to, const char *hex)
{
	size_t n = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		to[n++] = (uint8_t)(ascii_hex(hex[0]) << 4 | ascii_hex(hex[1]));
		hex++;
	}
	return n;
}

/* Decodes a block, from memory of exactly its size; the text ends in `BAD` when it is. */
static const char *decode(const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	struct hpack_field f;
	enum hpack_status st;

	if (n)
		memcpy(exact, p, n);
	said[said_n = 0] = '\0';
	hpack_decode_begin(&dec, exact, n);
	while ((st = hpack_decode(&dec, pool, &f)) == HPACK_FIELD) {
		ck_assert_uint_eq(f.token, hpack_token(f.name));
		say(f.secret ? "!%.*s: %.*s\n" : "%.*s: %.*s\n", f.name, f.value);
	}
	if (st == HPACK_BAD) {
		ck_assert_int_eq(hpack_decode(&dec, pool, &f), HPACK_BAD);
		say("%.*sBAD%.*s", TEXT(""), TEXT(""));
	}
	free(exact);
	return said;
}

static const char *decode_hex(const char *hex)
{
	uint8_t block[512];

	return decode(block, from_hex(block, hex));
}

static const char *show_table(const struct hpack_table *t)
{
	const struct hpack_entry *e;
	size_t sum = 0;

	said[said_n = 0] = '\0';
	for (uint32_t i = HPACK_STATIC + 1; (e = hpack_table_get(t, i)); i++) {
		say("%.*s: %.*s\n", e->name, e->value);
		sum += e->name.n + e->value.n + 32;
	}
	ck_assert_uint_eq(sum, t->size);
	ck_assert_uint_le(t->size, t->limit);
	said_n += (size_t)sprintf(said + said_n, "%zu", sum);
	return said;
}

/* ---- RFC 7541 appendix C ---- */

/* Appendix C.1, through what has integers of that prefix: size updates and indices. */
START_TEST(c1_integers)
{
	ck_assert_str_eq(decode_hex("2a"), "");
	ck_assert_uint_eq(dec.table.limit, 10);
	ck_assert_str_eq(decode_hex("3f9a0a"), "");
	ck_assert_uint_eq(dec.table.limit, 1337);
	ck_assert_str_eq(decode_hex("aa"), "if-range: \n");
}
END_TEST

START_TEST(c2_representations)
{
	ck_assert_str_eq(decode_hex("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164"
				    "6572"),
			 "custom-key: custom-header\n");
	ck_assert_str_eq(show_table(&dec.table), "custom-key: custom-header\n55");
	teardown();
	setup();
	ck_assert_str_eq(decode_hex("040c 2f73 616d 706c 652f 7061 7468"), ":path: /sample/path\n");
	ck_assert_str_eq(show_table(&dec.table), "0");
	ck_assert_str_eq(decode_hex("1008 7061 7373 776f 7264 0673 6563 7265 74"),
			 "!password: secret\n");
	ck_assert_str_eq(show_table(&dec.table), "0");
	ck_assert_str_eq(decode_hex("82"), ":method: GET\n");
	ck_assert_str_eq(show_table(&dec.table), "0");
}
END_TEST

struct vector {
	const char *block, *fields, *table;
};

static void run_vectors(const struct vector *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ck_assert_str_eq(decode_hex(v[i].block), v[i].fields);
		ck_assert_str_eq(show_table(&dec.table), v[i].table);
	}
}

#define REQUEST(scheme, path) \
	":method: GET\n:scheme: " scheme "\n:path: " path "\n:authority: www.example.com\n"
#define AUTHORITY_ENTRY ":authority: www.example.com\n"
#define CACHE_ENTRY	"cache-control: no-cache\n"
#define CUSTOM_ENTRY	"custom-key: custom-value\n"

START_TEST(c3_requests_without_huffman)
{
	static const struct vector v[] = {
	    {"8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", REQUEST("http", "/"),
	     AUTHORITY_ENTRY "57"},
	    {"8286 84be 5808 6e6f 2d63 6163 6865", REQUEST("http", "/") CACHE_ENTRY,
	     CACHE_ENTRY AUTHORITY_ENTRY "110"},
	    {"8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
	     REQUEST("https", "/index.html") CUSTOM_ENTRY,
	     CUSTOM_ENTRY CACHE_ENTRY AUTHORITY_ENTRY "164"},
	};

	run_vectors(v, sizeof v / sizeof *v);
}
END_TEST

START_TEST(c4_requests_with_huffman)
{
	static const struct vector v[] = {
	    {"8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", REQUEST("http", "/"),
	     AUTHORITY_ENTRY "57"},
	    {"8286 84be 5886 a8eb 1064 9cbf", REQUEST("http", "/") CACHE_ENTRY,
	     CACHE_ENTRY AUTHORITY_ENTRY "110"},
	    {"8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
	     REQUEST("https", "/index.html") CUSTOM_ENTRY,
	     CUSTOM_ENTRY CACHE_ENTRY AUTHORITY_ENTRY "164"},
	};

	run_vectors(v, sizeof v / sizeof *v);
}
END_TEST

#define PRIVATE	 "cache-control: private\n"
#define DATE(s)	 "date: Mon, 21 Oct 2013 20:13:" s " GMT\n"
#define LOCATION "location: https://www.example.com\n"
#define COOKIE	 "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n"
#define GZIP	 "content-encoding: gzip\n"

static const char *const c5_fields[] = {
    ":status: 302\n" PRIVATE DATE("21") LOCATION,
    ":status: 307\n" PRIVATE DATE("21") LOCATION,
    ":status: 200\n" PRIVATE DATE("22") LOCATION GZIP COOKIE,
};
static const char *const c5_tables[] = {
    LOCATION DATE("21") PRIVATE ":status: 302\n222",
    ":status: 307\n" LOCATION DATE("21") PRIVATE "222",
    COOKIE GZIP DATE("22") "215",
};

static void run_responses(const char *const blocks[3])
{
	hpack_decoder_clear(&dec);
	hpack_decoder_init(&dec, 256);
	for (int i = 0; i < 3; i++) {
		ck_assert_str_eq(decode_hex(blocks[i]), c5_fields[i]);
		ck_assert_str_eq(show_table(&dec.table), c5_tables[i]);
	}
}

START_TEST(c5_responses_without_huffman)
{
	static const char *const blocks[] = {
	    "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133"
	    "2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70"
	    "6c65 2e63 6f6d",
	    "4803 3330 37c1 c0bf",
	    "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d"
	    "54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049"
	    "5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e"
	    "3d31",
	};

	run_responses(blocks);
}
END_TEST

START_TEST(c6_responses_with_huffman)
{
	static const char *const blocks[] = {
	    "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6"
	    "2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
	    "4883 640e ffc1 c0bf",
	    "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab"
	    "77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f"
	    "9587 3160 65c0 03ed 4ee5 b106 3d50 07",
	};

	run_responses(blocks);
}
END_TEST

/* ---- Huffman ---- */

static void round_trip(struct text t)
{
	size_t n = huffman_length(t);
	uint8_t *coded = malloc(n + 1);
	char *back = malloc(HUFFMAN_MAX_DECODED(n) + 1);

	coded[n] = 0xa5;
	huffman_encode(coded, t);
	ck_assert_uint_eq(coded[n], 0xa5);
	back[HUFFMAN_MAX_DECODED(n)] = 0x5a;
	ck_assert_int_eq(huffman_decode(back, coded, n), (long)t.n);
	ck_assert_mem_eq(back, t.p, t.n);
	ck_assert_int_eq(back[HUFFMAN_MAX_DECODED(n)], 0x5a);
	free(coded);
	free(back);
}

START_TEST(huffman_every_octet)
{
	char all[256 * 3];

	/* Each alone, at each place of a word, and all in a row. */
	for (int c = 0; c < 256; c++) {
		char few[24];

		for (size_t n = 1; n <= sizeof few; n++) {
			memset(few, 'a', sizeof few);
			few[n - 1] = (char)c;
			round_trip((struct text){few, n});
			memset(few, c, n);
			round_trip((struct text){few, n});
		}
		all[c] = all[256 + c] = (char)c;
		all[512 + c] = (char)(255 - c);
	}
	round_trip((struct text){all, sizeof all});
	round_trip(TEXT(""));
}
END_TEST

START_TEST(huffman_random_strings)
{
	char s[200];

	srand(1);
	for (int i = 0; i < 20000; i++) {
		size_t n = (size_t)rand() % sizeof s;
		int range = i % 3 == 0 ? 256 : 96, low = i % 3 == 0 ? 0 : 32;

		for (size_t k = 0; k < n; k++)
			s[k] = (char)(low + rand() % range);
		round_trip((struct text){s, n});
	}
}
END_TEST

/* RFC 7541 section 5.2: what a decoder must refuse. */
START_TEST(huffman_padding_and_eos)
{
	static const char *const bad[] = {
	    "ff",			/* 8 bits of padding, nothing else */
	    "1fff",			/* `a`, then 11 bits */
	    "07ff",			/* `0` (5 bits), then 11 bits of ones */
	    "00",			/* `0`, then three bits of zero */
	    "1e",			/* `a` padded with 110 */
	    "fffffffc",			/* EOS, then zeros */
	    "ffffffff",			/* EOS alone */
	    "1fffffffff",		/* `a`, EOS, padding */
	    "ffffffffffffffffffff",	/* EOS where whole words are decoded */
	    "ffc0",			/* octet 0 with 3 of its 13 bits missing */
	    "0000000000000000fffffffc", /* EOS after a word */
	};
	uint8_t coded[32];
	char to[HUFFMAN_MAX_DECODED(sizeof coded)];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(huffman_decode(to, coded, from_hex(coded, bad[i])) == -1, "%s",
			      bad[i]);
	/* All lengths of padding, 0 to 7. */
	for (size_t n = 1; n <= 8; n++) {
		huffman_encode(coded, (struct text){"00000000", n});
		ck_assert_int_eq(huffman_decode(to, coded, (n * 5 + 7) / 8), (long)n);
	}
	ck_assert_str_eq(decode_hex("0085 ffffffffff 00"), "BAD");
	ck_assert_str_eq(decode_hex("0481 ff"), "BAD");
}
END_TEST

/* ---- decoder: what is refused ---- */

START_TEST(index_zero_and_out_of_range)
{
	ck_assert_str_eq(decode_hex("80"), "BAD");
	ck_assert_str_eq(decode_hex("bd"), "www-authenticate: \n");
	ck_assert_str_eq(decode_hex("be"), "BAD");
	ck_assert_str_eq(decode_hex("7e00"), "BAD");
	ck_assert_str_eq(decode_hex("0f2f00"), "BAD");
	ck_assert_str_eq(decode_hex("1f2f00"), "BAD");
	ck_assert_str_eq(decode_hex("4001 6101 62 be bf"), "a: b\na: b\nBAD");
	ck_assert_str_eq(decode_hex("ff ffffff ff0f"), "BAD");
}
END_TEST

START_TEST(integer_overflow)
{
	ck_assert_str_eq(decode_hex("ff 80ffffff0f"), "BAD"); /* a large index */
	ck_assert_str_eq(decode_hex("ff 8080808010"), "BAD"); /* 2^32 + 127 */
	ck_assert_str_eq(decode_hex("ff 808080808000"), "BAD");
	ck_assert_str_eq(decode_hex("ff ffffffffffffffffffff01"), "BAD");
	ck_assert_str_eq(decode_hex("00 7f ffffffff0f 61"), "BAD");
	ck_assert_str_eq(decode_hex("00 ff ffffffff0f 61"), "BAD");
	ck_assert_str_eq(decode_hex("00 01 61 7f 81ffffff0f"), "BAD"); /* 2^32: not 0 */
	ck_assert_str_eq(decode_hex("3f ffffffff1f"), "BAD");
	/* RFC 7541 section 5.1: more octets than needed are still a number: 127 as index. */
	ck_assert_str_eq(decode_hex("ff 8080808000"), "BAD");
	ck_assert_str_eq(decode_hex("3f 8000"), "");
	ck_assert_uint_eq(dec.table.limit, 31);
}
END_TEST

START_TEST(every_cut_is_bad)
{
	uint8_t block[64];
	size_t n = from_hex(block, "4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf");

	ck_assert_str_eq(decode(block, 0), "");
	for (size_t i = 1; i < n; i++)
		ck_assert_str_eq(decode(block, i), "BAD");
	ck_assert_str_eq(show_table(&dec.table), "0");
	ck_assert_str_eq(decode(block, n), CUSTOM_ENTRY);
}
END_TEST

/* RFC 7541 section 4.2 and 6.3 */
START_TEST(size_update_rules)
{
	ck_assert_str_eq(decode_hex("82 20"), ":method: GET\nBAD");
	ck_assert_str_eq(decode_hex("3fe21f"), "BAD"); /* 4,097 */
	ck_assert_str_eq(decode_hex("3fe11f 82"), ":method: GET\n");
	ck_assert_str_eq(decode_hex("20 3fe11f 82"), ":method: GET\n");
	ck_assert_str_eq(decode_hex("20"), "");
	ck_assert_uint_eq(dec.table.limit, 0);
	dec.allowed = 8192;
	ck_assert_str_eq(decode_hex("3fe13f 82"), ":method: GET\n");
	ck_assert_uint_eq(dec.table.limit, 8192);
}
END_TEST

/* RFC 7541 section 4.2: a limit that was lowered must be answered before the next field. */
START_TEST(size_update_is_due)
{
	dec.allowed = 100;
	ck_assert_str_eq(decode_hex(""), "");
	ck_assert_str_eq(decode_hex("82"), "BAD");
	ck_assert_str_eq(decode_hex("3f46 82"), "BAD"); /* 101 */
	ck_assert_str_eq(decode_hex("3f45 82"), ":method: GET\n");
	ck_assert_str_eq(decode_hex("82"), ":method: GET\n");
	/* One that is not below what the peer uses asks for nothing. */
	dec.allowed = 200;
	ck_assert_str_eq(decode_hex("82"), ":method: GET\n");
	dec.allowed = 100;
	ck_assert_str_eq(decode_hex("82"), ":method: GET\n");
}
END_TEST

START_TEST(first_limit_of_the_decoder)
{
	hpack_decoder_init(&dec, 65536);
	ck_assert_uint_eq(dec.table.limit, 4096);
	ck_assert_str_eq(decode_hex("3fe1ff03 82"), ":method: GET\n");
	ck_assert_uint_eq(dec.table.limit, 65536);
}
END_TEST

/* ---- dynamic table ---- */

/* RFC 7541 section 4.3 and 4.4 */
START_TEST(eviction)
{
	decode_hex("3f4a"); /* 105: three entries of 35 */
	decode_hex("4001 6101 3140 0162 0132 4001 6301 33");
	ck_assert_str_eq(show_table(&dec.table), "c: 3\nb: 2\na: 1\n102");
	decode_hex("4001 6401 34");
	ck_assert_str_eq(show_table(&dec.table), "d: 4\nc: 3\nb: 2\n102");
	decode_hex("4001 6504 3535 3535");
	ck_assert_str_eq(show_table(&dec.table), "e: 5555\nd: 4\nc: 3\n105");
	decode_hex("3f25"); /* 68 */
	ck_assert_str_eq(show_table(&dec.table), "e: 5555\n37");
	decode_hex("20 3f4a");
	ck_assert_str_eq(show_table(&dec.table), "0");
}
END_TEST

START_TEST(entry_larger_than_table)
{
	decode_hex("3f0b 4001 6101 31"); /* 42 */
	ck_assert_str_eq(show_table(&dec.table), "a: 1\n34");
	ck_assert_str_eq(decode_hex("4001 620a 3031 3233 3435 3637 3839"), "b: 0123456789\n");
	ck_assert_str_eq(show_table(&dec.table), "0");
	ck_assert_str_eq(decode_hex("4001 6209 3031 3233 3435 3637 38"), "b: 012345678\n");
	ck_assert_str_eq(show_table(&dec.table), "b: 012345678\n42");
	ck_assert_str_eq(decode_hex("4001 6101 31 20 "), "a: 1\nBAD");
}
END_TEST

/* RFC 7541 section 4.4: the name may be that of the entry that makes room for the new one. */
START_TEST(name_of_the_entry_being_evicted)
{
	decode_hex("3f15"); /* 52: one entry */
	decode_hex("400a 6375 7374 6f6d 2d6b 6579 0131");
	for (int i = 0; i < 40; i++)
		ck_assert_str_eq(decode_hex("7e0a 3031 3233 3435 3637 3839"),
				 "custom-key: 0123456789\n");
	ck_assert_str_eq(show_table(&dec.table), "custom-key: 0123456789\n52");
}
END_TEST

START_TEST(fields_outlive_the_table)
{
	uint8_t block[] = {0x40, 1, 'x', 3, 'a', 'b', 'c', 0xbe, 0x7e, 2, 'd', 'e'};
	struct hpack_field f[3];

	hpack_decode_begin(&dec, block, sizeof block);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(hpack_decode(&dec, pool, &f[i]), HPACK_FIELD);
	ck_assert_int_eq(hpack_decode(&dec, pool, &f[0]), HPACK_END);
	hpack_decoder_clear(&dec);
	memset(block, 0, sizeof block);
	for (int i = 0; i < 3; i++) {
		ck_assert(text_is(f[i].name, "x"));
		ck_assert(i == 2 ? text_is(f[i].value, "de") : text_is(f[i].value, "abc"));
	}
}
END_TEST

enum { MODEL = 4096 };

/* The table against a list of numbers: an entry is all told by its number, see make_entry. */
struct model {
	unsigned number[MODEL];
	size_t oldest, next, size;
};

static void make_entry(unsigned number, char *buf, struct text *name, struct text *value,
		       uint16_t *token)
{
	size_t name_n = number % 7 * (number % 5), value_n = number % 61 ? number % 90 : 300;

	memset(buf, 'A' + (int)(number % 26), name_n + value_n);
	*name = (struct text){buf, name_n};
	*value = (struct text){buf + name_n, value_n};
	*token = HTTP_OTHER;
	if (number % 3 == 0) {
		*token = HTTP_ETAG;
		*name = TEXT("etag");
	}
}

static size_t model_drop(struct model *m, size_t above)
{
	while (m->size > above) {
		char buf[512];
		struct text name, value;
		uint16_t token;

		make_entry(m->number[m->oldest++ % MODEL], buf, &name, &value, &token);
		m->size -= name.n + value.n + 32;
	}
	return m->next - m->oldest;
}

START_TEST(table_against_model)
{
	struct hpack_table *t = &dec.table;
	struct model m = {.size = 0};

	srand((unsigned)_i + 1);
	for (int round = 0; round < 5000; round++) {
		unsigned number = (unsigned)rand() % 5000;
		struct text name, value;
		const struct hpack_entry *e;
		uint16_t token;
		char buf[512];
		size_t size;

		if (rand() % 50 == 0) {
			hpack_table_resize(t, (size_t)rand() % (_i % 2 ? 8000 : 600));
			model_drop(&m, t->limit);
		}
		make_entry(number, buf, &name, &value, &token);
		size = name.n + value.n + 32;
		hpack_table_insert(t, name, value, token);
		model_drop(&m, size > t->limit ? 0 : t->limit - size);
		if (size <= t->limit) {
			m.number[m.next++ % MODEL] = number;
			m.size += size;
		}
		ck_assert_uint_eq(t->size, m.size);
		ck_assert_uint_eq(t->count, m.next - m.oldest);
		for (uint32_t i = 0; i < t->count; i++) {
			e = hpack_table_get(t, HPACK_STATIC + 1 + i);
			make_entry(m.number[(m.next - 1 - i) % MODEL], buf, &name, &value, &token);
			ck_assert(text_eq(e->name, name) && text_eq(e->value, value));
			ck_assert_uint_eq(e->token, token);
		}
		ck_assert_ptr_null(hpack_table_get(t, HPACK_STATIC + 1 + t->count));
	}
	ck_assert_uint_le(t->octets_cap, 16000);
}
END_TEST

static void add_huffman(Suite *s)
{
	TCase *c = tcase_create("huffman");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, huffman_every_octet);
	tcase_add_test(c, huffman_random_strings);
	tcase_add_test(c, huffman_padding_and_eos);
	suite_add_tcase(s, c);
}

static void add_vectors(Suite *s)
{
	TCase *c = tcase_create("rfc7541");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, c1_integers);
	tcase_add_test(c, c2_representations);
	tcase_add_test(c, c3_requests_without_huffman);
	tcase_add_test(c, c4_requests_with_huffman);
	tcase_add_test(c, c5_responses_without_huffman);
	tcase_add_test(c, c6_responses_with_huffman);
	suite_add_tcase(s, c);
}

static void add_decoder(Suite *s)
{
	TCase *c = tcase_create("decoder");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, index_zero_and_out_of_range);
	tcase_add_test(c, integer_overflow);
	tcase_add_test(c, every_cut_is_bad);
	tcase_add_test(c, size_update_rules);
	tcase_add_test(c, size_update_is_due);
	tcase_add_test(c, first_limit_of_the_decoder);
	tcase_add_test(c, eviction);
	tcase_add_test(c, entry_larger_than_table);
	tcase_add_test(c, name_of_the_entry_being_evicted);
	tcase_add_test(c, fields_outlive_the_table);
	tcase_add_loop_test(c, table_against_model, 0, 4);
	suite_add_tcase(s, c);
}

Suite *hpack_suite(void)
{
	Suite *s = suite_create("hpack");

	add_huffman(s);
	add_vectors(s);
	add_decoder(s);
	return s;
}
