/* SPDX-License-Identifier: MIT */
/* list, pool, text, idmap: the small structures of floor 0. The pipe has a file of its own. */
#include "tests/unit/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/base/idmap.h"
#include "server/base/list.h"
#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/base/text.h"

suite_maker base_suite;

/* ---- list ---- */

struct item {
	int number;
	struct list node;
};

/* The numbers of a list as text, "1 2 3 ". */
static const char *numbers(struct list *head)
{
	static char buf[128];
	size_t n = 0;

	buf[0] = '\0';
	list_each(it, head)
		n += (size_t)snprintf(buf + n, sizeof buf - n, "%d ",
				      list_entry(it, struct item, node)->number);
	return buf;
}

START_TEST(list_order)
{
	struct item items[4];
	struct list head;

	list_init(&head);
	ck_assert(list_empty(&head));
	ck_assert_ptr_null(list_shift(&head));
	for (int i = 0; i < 4; i++) {
		items[i].number = i + 1;
		list_init(&items[i].node);
	}
	list_append(&head, &items[1].node);
	list_append(&head, &items[2].node);
	list_prepend(&head, &items[0].node);
	list_insert_before(&items[2].node, &items[3].node);
	ck_assert_str_eq(numbers(&head), "1 2 4 3 ");
	list_remove(&items[1].node);
	list_remove(&items[1].node);
	ck_assert(list_empty(&items[1].node));
	ck_assert_ptr_eq(list_shift(&head), &items[0].node);
	ck_assert_str_eq(numbers(&head), "4 3 ");
}
END_TEST

START_TEST(list_remove_while_walking)
{
	struct item items[6];
	struct list head;

	list_init(&head);
	for (int i = 0; i < 6; i++) {
		items[i].number = i;
		list_append(&head, &items[i].node);
	}
	list_each_safe(it, &head) {
		if (list_entry(it, struct item, node)->number % 2 == 0)
			list_remove(it);
	}
	ck_assert_str_eq(numbers(&head), "1 3 5 ");
}
END_TEST

START_TEST(list_move_all)
{
	struct item items[4];
	struct list a, b;

	list_init(&a);
	list_init(&b);
	list_move(&a, &b);
	ck_assert(list_empty(&a));
	for (int i = 0; i < 4; i++) {
		items[i].number = i;
		list_append(i < 2 ? &a : &b, &items[i].node);
	}
	list_move(&a, &b);
	ck_assert_str_eq(numbers(&a), "0 1 2 3 ");
	ck_assert(list_empty(&b));
	list_move(&b, &a);
	ck_assert_str_eq(numbers(&b), "0 1 2 3 ");
	ck_assert(list_empty(&a));
}
END_TEST

/* ---- pool ---- */

/* Whether N octets all have one value. */
static bool filled(const unsigned char *p, size_t n, unsigned value)
{
	while (n && *p == value) {
		p++;
		n--;
	}
	return n == 0;
}

static struct pool_cache cache;
static struct pool *pool;

static void make_pool(void)
{
	pool_cache_init(&cache, 4);
	pool = pool_new(&cache);
}

static void free_pool(void)
{
	pool_free(pool);
	pool_cache_clear(&cache);
}

START_TEST(pool_aligned_and_apart)
{
	enum { N = 400 };
	static unsigned char *p[N];

	/* Sizes around everything that matters: 0, alignment, an eighth of a block, a block. */
	for (size_t i = 0; i < N; i++) {
		size_t size = i * 31 % 5000;

		p[i] = pool_alloc(pool, size);
		ck_assert_uint_eq((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)(i & 0xff), size);
	}
	for (size_t i = 0; i < N; i++)
		ck_assert(filled(p[i], i * 31 % 5000, (unsigned)i & 0xff));
}
END_TEST

START_TEST(pool_every_size_near_a_block)
{
	for (size_t size = 3900; size < 4200; size++) {
		unsigned char *p = pool_zalloc(pool, size);

		ck_assert(filled(p, size, 0));
		memset(p, 0xff, size);
	}
}
END_TEST

START_TEST(pool_extend_keeps_octets)
{
	char *p = pool_dup(pool, "abc", 3), *q, *other;

	/* The newest allocation grows in place, an older one is copied. */
	q = pool_extend(pool, p, 4, 100);
	ck_assert_ptr_eq(q, p);
	ck_assert_str_eq(q, "abc");
	other = pool_dup(pool, "other", 5);
	q = pool_extend(pool, p, 100, 200);
	ck_assert_ptr_ne(q, p);
	ck_assert_str_eq(q, "abc");
	ck_assert_str_eq(other, "other");
	/* Beyond the block; and from nothing. */
	memset(q, 'x', 200);
	q = pool_extend(pool, q, 200, 10000);
	for (int i = 0; i < 200; i++)
		ck_assert_int_eq(q[i], 'x');
	ck_assert_ptr_nonnull(pool_extend(pool, NULL, 0, 8));
	/* An allocation of nothing is not taken for the newest one after it. */
	p = pool_alloc(pool, 0);
	q = pool_dup(pool, "abc", 3);
	p = pool_extend(pool, p, 0, 100);
	memset(p, 'x', 100);
	ck_assert_str_eq(q, "abc");
}
END_TEST

START_TEST(pool_extend_step_by_step)
{
	unsigned char *p = pool_alloc(pool, 1);

	p[0] = 1;
	for (size_t n = 1; n < 9000; n++) {
		p = pool_extend(pool, p, n, n + 1);
		p[n] = (unsigned char)(n + 1);
		if (n % 97 == 0)
			pool_alloc(pool, n % 40);
	}
	for (size_t n = 0; n < 9000; n++)
		ck_assert_uint_eq(p[n], (n + 1) & 0xff);
}
END_TEST

START_TEST(pool_text_and_printf)
{
	struct text t = pool_text(pool, (struct text){"a\0b", 3});

	ck_assert_uint_eq(t.n, 3);
	ck_assert_mem_eq(t.p, "a\0b", 4);
	t = pool_text(pool, (struct text){NULL, 0});
	ck_assert_uint_eq(t.n, 0);
	ck_assert_str_eq(t.p, "");
	t = pool_printf(pool, "%s-%d", "x", 42);
	ck_assert(text_is(t, "x-42"));
	ck_assert_str_eq(t.p, "x-42");
	t = pool_printf(pool, "%05000d", 7);
	ck_assert_uint_eq(t.n, 5000);
}
END_TEST

START_TEST(pool_blocks_are_reused)
{
	struct pool *p;

	for (int i = 0; i < 48; i++)
		pool_alloc(pool, 500);
	pool_free(pool);
	ck_assert_uint_eq(cache.count, 4); /* the rest went back to the system */
	p = pool_new(&cache);
	ck_assert_uint_eq(cache.count, 3);
	ck_assert_uint_eq(pool_size(p), 4096);
	pool_alloc(p, 100000);
	ck_assert_uint_ge(pool_size(p), 104096);
	pool_free(p);
	ck_assert_uint_eq(cache.count, 4);
	pool_free(NULL);
	pool = pool_new(&cache);
}
END_TEST

/* ---- text ---- */

START_TEST(text_compare)
{
	ck_assert(text_eq(TEXT(""), (struct text){NULL, 0}));
	ck_assert(text_is(text_of("abc"), "abc"));
	ck_assert(!text_is(text_of("abcd"), "abc"));
	ck_assert(text_of(NULL).p == NULL);
	ck_assert(text_same(TEXT("Keep-ALIVE"), TEXT("keep-alive")));
	ck_assert(!text_same(TEXT("a@"), TEXT("a`"))); /* differ in bit 5, but are no letters */
	ck_assert(!text_same(TEXT("[\xe4"), TEXT("{\xc4")));
	ck_assert(text_starts(TEXT("abc"), TEXT("")));
	ck_assert(text_starts(TEXT("abc"), TEXT("ab")));
	ck_assert(!text_starts(TEXT("a"), TEXT("ab")));
	ck_assert(text_ends(TEXT("abc"), TEXT("bc")));
	ck_assert(!text_ends(TEXT("c"), TEXT("bc")));
}
END_TEST

START_TEST(text_search)
{
	struct text empty = {NULL, 0};

	ck_assert_uint_eq(text_find(TEXT("a.b.c"), '.'), 1);
	ck_assert_uint_eq(text_rfind(TEXT("a.b.c"), '.'), 3);
	ck_assert_uint_eq(text_find(TEXT("abc"), '.'), 3);
	ck_assert_uint_eq(text_rfind(TEXT("abc"), '.'), 3);
	ck_assert_uint_eq(text_rfind(TEXT(".abc"), '.'), 0);
	ck_assert_uint_eq(text_find(empty, '.'), 0);
	ck_assert_uint_eq(text_rfind(empty, '.'), 0);
	ck_assert(text_is(text_trim(TEXT(" \t a b\t ")), "a b"));
	ck_assert_uint_eq(text_trim(TEXT(" \t ")).n, 0);
}
END_TEST

START_TEST(text_cut_pieces)
{
	struct text rest = TEXT("a,,b,");

	ck_assert(text_is(text_cut(&rest, ','), "a"));
	ck_assert(text_is(text_cut(&rest, ','), ""));
	ck_assert(text_is(text_cut(&rest, ','), "b"));
	/* A separator at the end leaves an empty last piece, which is not the end. */
	ck_assert_ptr_nonnull(rest.p);
	ck_assert_uint_eq(text_cut(&rest, ',').n, 0);
	ck_assert_ptr_null(rest.p);
	ck_assert_uint_eq(text_cut(&rest, ',').n, 0);
}
END_TEST

START_TEST(text_numbers)
{
	static const char *const wrong[] = {"",	  " 1", "1 ",
					    "+1", "-1", "0x1",
					    "1a", "a",	"18446744073709551616"};
	uint64_t v = 77;
	char buf[20];

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_msg(text_u64(text_of(wrong[i]), UINT64_MAX, &v) == -1, "%s", wrong[i]);
	ck_assert_uint_eq(v, 77);
	ck_assert_int_eq(text_u64(TEXT("18446744073709551615"), UINT64_MAX, &v), 0);
	ck_assert_uint_eq(v, UINT64_MAX);
	ck_assert_int_eq(text_u64(TEXT("00100"), 100, &v), 0);
	ck_assert_uint_eq(v, 100);
	ck_assert_int_eq(text_u64(TEXT("101"), 100, &v), -1);
	ck_assert_int_eq(text_u64(TEXT("1000"), 100, &v), -1);
	ck_assert_int_eq(text_u64(TEXT("0"), 0, &v), 0);
	ck_assert_int_eq(text_u64(TEXT("1"), 0, &v), -1);
	ck_assert_uint_eq(text_put_u64(buf, 0), 1);
	ck_assert_int_eq(buf[0], '0');
	ck_assert_uint_eq(text_put_u64(buf, UINT64_MAX), 20);
	ck_assert_mem_eq(buf, "18446744073709551615", 20);
}
END_TEST

START_TEST(text_hex_digits)
{
	ck_assert_int_eq(ascii_hex('0'), 0);
	ck_assert_int_eq(ascii_hex('f'), 15);
	ck_assert_int_eq(ascii_hex('A'), 10);
	for (int c = -128; c < 128; c++) {
		bool hex = c > 0 && strchr("0123456789abcdefABCDEF", c);

		ck_assert_int_eq(ascii_hex((char)c) >= 0, hex);
	}
}
END_TEST

START_TEST(text_escape_for_log)
{
	char buf[32];

	ck_assert_str_eq(text_escape(buf, sizeof buf, TEXT("a b\r\n\t\\\0\x7f\xff")),
			 "a b\\r\\n\\t\\\\\\x00\\x7f\\xff");
	ck_assert_str_eq(text_escape(buf, sizeof buf, TEXT("")), "");
	ck_assert_str_eq(text_escape(buf, 9, TEXT("12345678")), "12345678");
	ck_assert_str_eq(text_escape(buf, 9, TEXT("123456789")), "12345...");
	ck_assert_str_eq(text_escape(buf, 1, TEXT("1")), "");
}
END_TEST

START_TEST(text_escape_never_overruns)
{
	static const char octets[] = "a\n\x01z\xff\xfe\\b";

	for (size_t cap = 1; cap < 40; cap++) {
		char *buf = malloc(cap);

		for (size_t n = 0; n < sizeof octets; n++) {
			text_escape(buf, cap, (struct text){octets, n});
			ck_assert_uint_lt(strlen(buf), cap);
		}
		free(buf);
	}
}
END_TEST

/* ---- idmap ---- */

START_TEST(idmap_empty)
{
	struct idmap m = {0};

	ck_assert_ptr_null(idmap_get(&m, 1));
	ck_assert_ptr_null(idmap_del(&m, 1));
	idmap_clear(&m);
}
END_TEST

/* Random work against a plain array; few ids, so that probe sequences meet and wrap. */
START_TEST(idmap_against_model)
{
	enum { IDS = 64 };
	struct idmap m = {0};
	void *model[IDS] = {0};
	uint32_t id_of[IDS], seed = (uint32_t)_i + 1, count = 0;
	static char target[IDS];

	/* Odd numbers as streams have them, multiples of a power of two, the largest ones. */
	for (uint32_t i = 0; i < IDS; i++)
		id_of[i] = _i == 0 ? 2 * i + 1 : _i == 1 ? i << 20 : UINT32_MAX - i * 7919;
	for (int step = 0; step < 20000; step++) {
		uint32_t i;

		seed = seed * 1103515245 + 12345;
		i = seed >> 16 & (IDS - 1);
		if (model[i] && seed >> 30) {
			ck_assert_ptr_eq(idmap_del(&m, id_of[i]), model[i]);
			model[i] = NULL;
			count--;
		} else if (!model[i]) {
			model[i] = &target[i];
			idmap_put(&m, id_of[i], model[i]);
			count++;
		}
		ck_assert_uint_eq(m.count, count);
		i = (i + 1) & (IDS - 1);
		ck_assert_ptr_eq(idmap_get(&m, id_of[i]), model[i]);
		for (uint32_t k = 0; step % 64 == 0 && k < IDS; k++)
			ck_assert_ptr_eq(idmap_get(&m, id_of[k]), model[k]);
	}
	idmap_clear(&m);
}
END_TEST

START_TEST(idmap_refuses_a_second_entry)
{
	struct idmap m = {0};

	idmap_put(&m, 5, &m);
	idmap_put(&m, 5, &m);
}
END_TEST

/* ---- log ---- */

START_TEST(log_levels_and_areas)
{
	ck_assert_int_eq(log_set_trace("h2,nonsense"), -1);
	ck_assert_uint_eq(log_traced, 0);
	ck_assert_int_eq(log_set_trace("h2,fcgi"), 0);
	ck_assert_uint_eq(log_traced, AREA_H2 | AREA_FCGI);
	ck_assert(log_tracing(AREA_H2));
	ck_assert(!log_tracing(AREA_TLS));
}
END_TEST

START_TEST(log_file_and_rotation)
{
	static char longer[20000];
	char path[] = "/tmp/outrider-log-XXXXXX", old[64], line[9000];
	int fd = mkstemp(path);
	FILE *f;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(log_open("/nonexistent/folder/log"), -1);
	ck_assert_int_eq(log_open(path), 0);
	log_warn(AREA_FCGI, "pool %s is down", "php");
	log_debug(AREA_FCGI, "never seen");
	snprintf(old, sizeof old, "%s.1", path);
	ck_assert_int_eq(rename(path, old), 0);
	ck_assert_int_eq(log_reopen(), 0);
	memset(longer, 'x', sizeof longer - 1);
	log_info(AREA_H2, "%s", longer);
	log_open("stderr");

	f = fopen(old, "r");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_ptr_nonnull(strstr(line, "Z warn ["));
	ck_assert_ptr_nonnull(strstr(line, "] fcgi: pool php is down\n"));
	ck_assert_ptr_null(fgets(line, sizeof line, f));
	fclose(f);
	/* A line that is too long is cut, and still ends in a line feed. */
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_uint_ge(strlen(line), 8000);
	ck_assert_int_eq(line[strlen(line) - 1], '\n');
	ck_assert_ptr_null(fgets(line, sizeof line, f));
	fclose(f);
	remove(path);
	remove(old);
	close(fd);
}
END_TEST

Suite *base_suite(void)
{
	Suite *s = suite_create("base");
	TCase *c = tcase_create("list");

	tcase_add_test(c, list_order);
	tcase_add_test(c, list_remove_while_walking);
	tcase_add_test(c, list_move_all);
	suite_add_tcase(s, c);

	c = tcase_create("pool");
	tcase_add_checked_fixture(c, make_pool, free_pool);
	tcase_add_test(c, pool_aligned_and_apart);
	tcase_add_test(c, pool_every_size_near_a_block);
	tcase_add_test(c, pool_extend_keeps_octets);
	tcase_add_test(c, pool_extend_step_by_step);
	tcase_add_test(c, pool_text_and_printf);
	tcase_add_test(c, pool_blocks_are_reused);
	suite_add_tcase(s, c);

	c = tcase_create("text");
	tcase_add_test(c, text_compare);
	tcase_add_test(c, text_search);
	tcase_add_test(c, text_cut_pieces);
	tcase_add_test(c, text_numbers);
	tcase_add_test(c, text_hex_digits);
	tcase_add_test(c, text_escape_for_log);
	tcase_add_test(c, text_escape_never_overruns);
	suite_add_tcase(s, c);

	c = tcase_create("idmap");
	tcase_add_test(c, idmap_empty);
	tcase_add_loop_test(c, idmap_against_model, 0, 3);
	tcase_add_test_raise_signal(c, idmap_refuses_a_second_entry, SIGABRT);
	suite_add_tcase(s, c);

	c = tcase_create("log");
	tcase_add_test(c, log_levels_and_areas);
	tcase_add_test(c, log_file_and_rotation);
	suite_add_tcase(s, c);
	return s;
}
