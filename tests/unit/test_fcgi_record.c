/* SPDX-License-Identifier: MIT */
/*
 * FastCGI records as bytes. The parser's events are told as text, with slices that follow each
 * other joined, so the trace is the same however the input was cut:
 *
 *     OUT 1 hello; ERR 1 oops; END 1 app=0 proto=0
 */
#include "tests/unit/run.h"

#include <fastcgi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/fcgi_record.h"
#include "server/base/pool.h"

suite_maker fcgi_record_suite;

/* ---- trace ---- */

/* Check notes each assertion that holds in a file; those that run a million times go without. */
static void must(bool holds)
{
	if (!holds)
		ck_abort_msg("an inner assertion of the test failed");
}

static void same(const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		ck_assert_str_eq(got, want);
}

static char trace[4096];
static size_t traced;
static enum frec_kind last_kind;
static uint16_t last_id;

__attribute__((format(printf, 1, 2))) static void tell(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	traced += (size_t)vsnprintf(trace + traced, sizeof trace - traced, fmt, ap);
	va_end(ap);
	must(traced < sizeof trace);
}

static void tell_start(void)
{
	trace[0] = '\0';
	traced = 0;
	last_kind = FREC_NONE;
}

static void tell_pairs(const struct frec_event *ev)
{
	const uint8_t *at = ev->data, *end = at + ev->len;
	struct text name, value;

	tell("VALUES");
	while (frec_pair(&at, end, &name, &value) == 0)
		tell(" %.*s=%.*s", (int)name.n, name.p, (int)value.n, value.p);
	if (at != end)
		tell(" cut");
}

static void tell_event(const struct frec_event *ev)
{
	bool stream = ev->kind == FREC_STDOUT || ev->kind == FREC_STDERR;

	if (!stream || ev->kind != last_kind || ev->id != last_id) {
		tell("%s", traced ? "; " : "");
		if (stream)
			tell("%s %d ", ev->kind == FREC_STDOUT ? "OUT" : "ERR", ev->id);
	}
	last_kind = ev->kind;
	last_id = ev->id;
	if (stream)
		tell("%.*s", (int)ev->len, (const char *)ev->data);
	else if (ev->kind == FREC_END)
		tell("END %d app=%u proto=%d", ev->id, ev->app_status, ev->proto_status);
	else if (ev->kind == FREC_VALUES)
		tell_pairs(ev);
	else if (ev->kind == FREC_UNKNOWN)
		tell("UNKNOWN %d", ev->unknown_type);
	else
		tell("BAD %s", ev->why);
}

/* Hands over a piece in memory of its own; false when the parser gave up. */
static bool feed(struct frec_parser *p, const uint8_t *in, size_t n)
{
	uint8_t *copy = malloc(n + 1);
	struct frec_event ev = {.kind = FREC_NONE};
	size_t at = 0;

	memcpy(copy, in, n);
	do {
		at += frec_parse(p, copy + at, n - at, &ev);
		if (ev.kind != FREC_NONE)
			tell_event(&ev);
	} while (ev.kind != FREC_NONE && ev.kind != FREC_BAD);
	must(ev.kind == FREC_BAD || at == n);
	free(copy);
	return ev.kind == FREC_NONE;
}

static const char *parse_pieces(const uint8_t *in, size_t n, size_t first, size_t step)
{
	struct frec_parser p;
	size_t at = first;

	frec_parser_init(&p);
	tell_start();
	if (!feed(&p, in, first))
		return trace;
	while (at < n) {
		size_t piece = step < n - at ? step : n - at;

		if (!feed(&p, in + at, piece))
			break;
		at += piece;
	}
	return trace;
}

/* Whole, octet by octet, and in two pieces at each place. */
static void check_parse(const uint8_t *in, size_t n, const char *want)
{
	same(parse_pieces(in, n, n, 1), want);
	same(parse_pieces(in, n, 0, 1), want);
	for (size_t cut = 1; cut < n; cut++)
		same(parse_pieces(in, n, cut, n), want);
}

/* ---- what an application sends ---- */

static uint8_t wire[4096];
static size_t wired;

static void record_raw(uint8_t type, uint16_t id, const void *content, size_t n, uint8_t pad)
{
	frec_put_head(wire + wired, type, id, n, pad);
	memcpy(wire + wired + FREC_HEAD, content, n);
	memset(wire + wired + FREC_HEAD + n, 'P', pad);
	wired += FREC_HEAD + n + pad;
}

static void record(uint8_t type, uint16_t id, const char *content, uint8_t pad)
{
	record_raw(type, id, content, strlen(content), pad);
}

static void end_record(uint16_t id, uint32_t app, uint8_t proto)
{
	uint8_t b[8] = {(uint8_t)(app >> 24), (uint8_t)(app >> 16), (uint8_t)(app >> 8),
			(uint8_t)app, proto};

	record_raw(FCGI_END_REQUEST, id, b, sizeof b, 0);
}

static void make(void)
{
	wired = 0;
}

START_TEST(whole_answer)
{
	record(FCGI_STDOUT, 1, "Status: 200\r\n\r\n", 3);
	record(FCGI_STDERR, 1, "oops", 0);
	record(FCGI_STDOUT, 1, "he", 6);
	record(FCGI_STDOUT, 1, "llo", 255);
	record(FCGI_STDERR, 1, "", 0);
	record(FCGI_STDOUT, 1, "", 0);
	end_record(1, 0, FCGI_REQUEST_COMPLETE);
	check_parse(wire, wired,
		    "OUT 1 Status: 200\r\n\r\n; ERR 1 oops; OUT 1 hello; END 1 app=0 proto=0");
}
END_TEST

START_TEST(two_answers_on_one_connection)
{
	record(FCGI_STDOUT, 1, "one", 5);
	end_record(1, 0xff000102, FCGI_OVERLOADED);
	record(FCGI_STDOUT, 0x0102, "two", 0);
	record(FCGI_STDOUT, 0xffff, "three", 0);
	end_record(0x0102, 1, FCGI_UNKNOWN_ROLE);
	check_parse(wire, wired,
		    "OUT 1 one; END 1 app=4278190338 proto=2; OUT 258 two; OUT 65535 three; "
		    "END 258 app=1 proto=3");
}
END_TEST

START_TEST(empty_records_with_padding)
{
	record(FCGI_STDOUT, 1, "", 8);
	record(FCGI_STDERR, 1, "", 255);
	record(FCGI_STDOUT, 1, "x", 7);
	check_parse(wire, wired, "OUT 1 x");
}
END_TEST

START_TEST(values)
{
	static const char pairs[] = "\x0e\x01"
				    "FCGI_MAX_CONNS9"
				    "\x0f\x01"
				    "FCGI_MPXS_CONNS0";

	record_raw(FCGI_GET_VALUES_RESULT, 0, pairs, sizeof pairs - 1, 5);
	record_raw(FCGI_GET_VALUES_RESULT, 0, pairs, sizeof pairs - 3, 0);
	record(FCGI_GET_VALUES_RESULT, 0, "", 0);
	record(FCGI_UNKNOWN_TYPE, 0, "\x63.......", 0);
	check_parse(wire, wired,
		    "VALUES FCGI_MAX_CONNS=9 FCGI_MPXS_CONNS=0; VALUES FCGI_MAX_CONNS=9 cut; "
		    "VALUES; "
		    "UNKNOWN 99");
}
END_TEST

START_TEST(values_up_to_the_limit)
{
	uint8_t b[FREC_VALUES_MAX + 1] = {0};

	record_raw(FCGI_GET_VALUES_RESULT, 0, b, 2, 0);
	ck_assert_str_eq(parse_pieces(wire, wired, wired, 1), "VALUES =");
	wired = 0;
	b[1] = 0x81;
	record_raw(FCGI_GET_VALUES_RESULT, 0, b, FREC_VALUES_MAX, 0);
	ck_assert_str_eq(parse_pieces(wire, wired, wired, 1), "VALUES cut");
	wired = 0;
	record_raw(FCGI_GET_VALUES_RESULT, 0, b, FREC_VALUES_MAX + 1, 0);
	check_parse(wire, wired, "BAD GET_VALUES_RESULT is too large");
}
END_TEST

static const struct {
	uint8_t head[FREC_HEAD];
	const char *want;
} faults[] = {
    {"HTTP/1.1", "BAD not a FastCGI record: the version is not 1"},
    {{2, FCGI_STDOUT, 0, 1}, "BAD not a FastCGI record: the version is not 1"},
    {{0, FCGI_STDOUT, 0, 1}, "BAD not a FastCGI record: the version is not 1"},
    {{1, 0, 0, 1}, "BAD record of a type that no application may send"},
    {{1, FCGI_BEGIN_REQUEST, 0, 1}, "BAD record of a type that no application may send"},
    {{1, FCGI_ABORT_REQUEST, 0, 1}, "BAD record of a type that no application may send"},
    {{1, FCGI_PARAMS, 0, 1}, "BAD record of a type that no application may send"},
    {{1, FCGI_STDIN, 0, 1}, "BAD record of a type that no application may send"},
    {{1, FCGI_DATA, 0, 1}, "BAD record of a type that no application may send"},
    {{1, FCGI_GET_VALUES, 0, 0}, "BAD record of a type that no application may send"},
    {{1, 12, 0, 0}, "BAD record of a type that no application may send"},
    {{1, 255, 0, 1}, "BAD record of a type that no application may send"},
    {{1, FCGI_END_REQUEST, 0, 1, 0, 7}, "BAD END_REQUEST of a wrong length"},
    {{1, FCGI_END_REQUEST, 0, 1, 0, 9}, "BAD END_REQUEST of a wrong length"},
    {{1, FCGI_END_REQUEST, 0, 1, 1, 8}, "BAD END_REQUEST of a wrong length"},
    {{1, FCGI_END_REQUEST, 0, 1, 0, 0}, "BAD END_REQUEST of a wrong length"},
    {{1, FCGI_UNKNOWN_TYPE, 0, 0, 0, 1}, "BAD UNKNOWN_TYPE of a wrong length"},
    {{1, FCGI_STDOUT, 0, 0, 0, 1}, "BAD application record with request id 0"},
    {{1, FCGI_STDERR, 0, 0, 0, 0}, "BAD application record with request id 0"},
    {{1, FCGI_END_REQUEST, 0, 0, 0, 8}, "BAD application record with request id 0"},
    {{1, FCGI_GET_VALUES_RESULT, 0, 1}, "BAD management record with a request id"},
    {{1, FCGI_UNKNOWN_TYPE, 1, 0, 0, 8}, "BAD management record with a request id"},
};

START_TEST(fault)
{
	char want[128];

	record(FCGI_STDOUT, 1, "x", 1);
	memcpy(wire + wired, faults[_i].head, FREC_HEAD);
	wired += FREC_HEAD;
	record(FCGI_STDOUT, 1, "never seen", 0);
	snprintf(want, sizeof want, "OUT 1 x; %s", faults[_i].want);
	check_parse(wire, wired, want);
}
END_TEST

START_TEST(bad_stays_bad)
{
	struct frec_parser p;
	struct frec_event ev;

	frec_parser_init(&p);
	frec_parse(&p, (const uint8_t *)"HTTP/1.1", 8, &ev);
	ck_assert_int_eq(ev.kind, FREC_BAD);
	record(FCGI_STDOUT, 1, "x", 0);
	ck_assert_uint_eq(frec_parse(&p, wire, wired, &ev), 0);
	ck_assert_int_eq(ev.kind, FREC_BAD);
	ck_assert_str_eq(ev.why, "not a FastCGI record: the version is not 1");
	ck_assert_uint_eq(frec_stdout_left(&p), 0);
}
END_TEST

START_TEST(nothing_in_nothing_out)
{
	struct frec_parser p;
	struct frec_event ev;

	frec_parser_init(&p);
	ck_assert_uint_eq(frec_parse(&p, NULL, 0, &ev), 0);
	ck_assert_int_eq(ev.kind, FREC_NONE);
}
END_TEST

/* Content is read(2) past the parser, CUT octets at a time. */
START_TEST(content_past_the_parser)
{
	struct frec_parser p;
	struct frec_event ev;
	size_t at = 0, cut = (size_t)_i + 1;

	record(FCGI_STDERR, 1, "not this way", 3);
	record(FCGI_STDOUT, 1, "0123456789", 4);
	record(FCGI_STDOUT, 1, "abc", 0);
	end_record(1, 0, 0);
	frec_parser_init(&p);
	tell_start();
	while (at < wired) {
		size_t left = frec_stdout_left(&p), n = left < cut ? left : cut;

		if (left) {
			tell("(%.*s)", (int)n, (const char *)wire + at);
			frec_skip(&p, n);
			at += n;
			continue;
		}
		at += frec_parse(&p, wire + at, 1, &ev);
		if (ev.kind == FREC_END)
			tell("END");
	}
	ck_assert_str_eq(trace, cut == 1   ? "(0)(1)(2)(3)(4)(5)(6)(7)(8)(9)(a)(b)(c)END"
				: cut == 2 ? "(01)(23)(45)(67)(89)(ab)(c)END"
				: cut == 3 ? "(012)(345)(678)(9)(abc)END"
					   : "(0123)(4567)(89)(abc)END");
}
END_TEST

START_TEST(largest_record)
{
	size_t n = FREC_HEAD + FREC_CONTENT_MAX + 255, got = 0, at = 0;
	uint8_t *b = calloc(1, n);
	struct frec_parser p;
	struct frec_event ev;

	frec_put_head(b, FCGI_STDOUT, 1, FREC_CONTENT_MAX, 255);
	frec_parser_init(&p);
	while (at < n) {
		at += frec_parse(&p, b + at, n - at < 1000 ? n - at : 1000, &ev);
		got += ev.len;
	}
	ck_assert_uint_eq(got, FREC_CONTENT_MAX);
	ck_assert_int_eq(p.state, FREC_IN_HEAD);
	free(b);
}
END_TEST

/* ---- writers ---- */

START_TEST(head_and_begin)
{
	static const uint8_t head[FREC_HEAD] = {1, FCGI_STDIN, 0x12, 0x34, 0xff, 0xfe, 7, 0};
	static const uint8_t keep[FREC_BEGIN] = {1, 1, 0, 9, 0, 8, 0, 0, 0, 1, 1};
	static const uint8_t once[FREC_BEGIN] = {1, 1, 0, 9, 0, 8, 0, 0, 0, 3, 0};
	uint8_t b[FREC_BEGIN];

	memset(b, 0xee, sizeof b);
	frec_put_head(b, FCGI_STDIN, 0x1234, 0xfffe, 7);
	ck_assert_mem_eq(b, head, FREC_HEAD);
	memset(b, 0xee, sizeof b);
	frec_put_begin(b, 9, FCGI_RESPONDER, true);
	ck_assert_mem_eq(b, keep, FREC_BEGIN);
	memset(b, 0xee, sizeof b);
	frec_put_begin(b, 9, FCGI_FILTER, false);
	ck_assert_mem_eq(b, once, FREC_BEGIN);
}
END_TEST

static struct pool_cache cache;
static struct pool *pool;
static struct frec_params params;

static void make_params(void)
{
	pool_cache_init(&cache, 4);
	pool = pool_new(&cache);
	frec_params_init(&params, pool, 7, FREC_BEGIN);
}

static void clear_params(void)
{
	pool_free(pool);
	pool_cache_clear(&cache);
}

/* Checks the framing and that no pair straddles records; tells records, pairs and octets. */
static void tell_params(void)
{
	const uint8_t *at = params.buf + FREC_BEGIN, *end = params.buf + params.len;
	size_t records = 0, pairs = 0;

	tell_start();
	while (at < end) {
		size_t n;
		const uint8_t *stop;
		struct text name, value;

		ck_assert_int_ge(end - at, FREC_HEAD);
		ck_assert_int_eq(at[0], 1);
		ck_assert_int_eq(at[1], FCGI_PARAMS);
		ck_assert_int_eq(at[2] << 8 | at[3], 7);
		ck_assert_int_eq(at[6], 0);
		n = (size_t)at[4] << 8 | at[5];
		at += FREC_HEAD;
		ck_assert_uint_le(n, (size_t)(end - at));
		stop = at + n;
		records++;
		while (frec_pair(&at, stop, &name, &value) == 0)
			pairs++;
		ck_assert_ptr_eq(at, stop);
		ck_assert_msg(n > 0 || at == end, "empty record before the end");
		ck_assert_msg(n == 0 || at != end, "no empty record at the end");
	}
	tell("%zu records, %zu pairs", records, pairs);
}

START_TEST(params_octets)
{
	static const uint8_t want[] = "\1\4\0\7\0\23\0\0"
				      "\6\2METHODGO"
				      "\5\0EMPTY"
				      "\0\0"
				      "\1\4\0\7\0\0\0\0";

	ck_assert_int_eq(frec_params_add(&params, TEXT("METHOD"), TEXT("GO")), 0);
	ck_assert_int_eq(frec_params_add(&params, TEXT("EMPTY"), TEXT("")), 0);
	ck_assert_int_eq(frec_params_add(&params, (struct text){NULL, 0}, (struct text){NULL, 0}),
			 0);
	frec_params_end(&params);
	ck_assert_uint_eq(params.len, FREC_BEGIN + sizeof want - 1);
	ck_assert_mem_eq(params.buf + FREC_BEGIN, want, sizeof want - 1);
}
END_TEST

START_TEST(params_without_pairs)
{
	frec_params_end(&params);
	tell_params();
	ck_assert_str_eq(trace, "1 records, 0 pairs");
}
END_TEST

/* Lengths on both sides of 128, where their form changes. */
START_TEST(params_length_forms)
{
	static const size_t sizes[] = {0, 1, 127, 128, 129, 255, 256, 65000};
	static char octets[65000];
	size_t i = (size_t)_i / 8, k = (size_t)_i % 8;
	const uint8_t *at, *end;
	struct text name = {octets, sizes[i]}, value = {octets, sizes[k]}, n, v;

	if (name.n + value.n > 65500)
		return;
	memset(octets, 'o', sizeof octets);
	ck_assert_int_eq(frec_params_add(&params, name, value), 0);
	at = params.buf + FREC_BEGIN + FREC_HEAD;
	end = params.buf + params.len;
	for (const uint8_t *cut = at; cut < end; cut += cut - at < 12 ? 1 : 997) {
		const uint8_t *from = at;

		ck_assert_int_eq(frec_pair(&from, cut, &n, &v), -1);
		ck_assert_ptr_eq(from, at);
	}
	ck_assert_int_eq(frec_pair(&at, end, &n, &v), 0);
	ck_assert(text_eq(n, name) && text_eq(v, value));
	ck_assert_ptr_eq(at, end);
}
END_TEST

START_TEST(pair_with_huge_length)
{
	static const uint8_t b[] = "\xff\xff\xff\xff\xff\xff\xff\xffxy";
	const uint8_t *at = b;
	struct text n, v;

	ck_assert_int_eq(frec_pair(&at, b + sizeof b - 1, &n, &v), -1);
	ck_assert_ptr_eq(at, b);
}
END_TEST

/* FastCGI allows a pair to straddle two records, php-fpm does not. */
START_TEST(params_never_straddle)
{
	static char octets[1 << 16];
	size_t size = (size_t)_i * 1311 + 1;
	struct text value = {octets, size};

	memset(octets, 'v', sizeof octets);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(frec_params_add(&params, TEXT("NAME"), value), 0);
	frec_params_end(&params);
	tell_params();
	ck_assert_msg(strstr(trace, " 100 pairs"), "%s", trace);
}
END_TEST

START_TEST(params_largest_pair)
{
	static char octets[1 << 17];
	size_t most = FREC_CONTENT_MAX - 5 - 4; /* lengths of 1 and 4 octets, name of 4 */
	size_t len;

	ck_assert_int_eq(frec_params_add(&params, TEXT("A"), TEXT("b")), 0);
	len = params.len;
	ck_assert_int_eq(frec_params_add(&params, TEXT("NAME"), (struct text){octets, most + 1}),
			 -1);
	ck_assert_int_eq(frec_params_add(&params, TEXT("NAME"), (struct text){octets, 1 << 17}),
			 -1);
	ck_assert_int_eq(frec_params_add(&params, (struct text){octets, 1 << 17}, TEXT("")), -1);
	ck_assert_uint_eq(params.len, len);
	ck_assert_int_eq(frec_params_add(&params, TEXT("NAME"), (struct text){octets, most}), 0);
	ck_assert_int_eq(frec_params_add(&params, TEXT("C"), TEXT("d")), 0);
	frec_params_end(&params);
	tell_params();
	ck_assert_str_eq(trace, "4 records, 3 pairs");
}
END_TEST

/* The first record is filled to its last octet, or would be by one too many. */
START_TEST(params_fill_a_record)
{
	static char octets[1 << 16];
	size_t most = FREC_CONTENT_MAX - 4 - 6; /* a pair of 4, lengths of 1 and 4 octets, a name */

	ck_assert_int_eq(frec_params_add(&params, TEXT("A"), TEXT("b")), 0);
	ck_assert_int_eq(frec_params_add(&params, TEXT("N"),
					 (struct text){octets, most + (size_t)_i}),
			 0);
	frec_params_end(&params);
	tell_params();
	ck_assert_str_eq(trace, _i ? "3 records, 2 pairs" : "2 records, 2 pairs");
}
END_TEST

START_TEST(params_keep_the_reserve)
{
	frec_put_begin(params.buf, 7, FCGI_RESPONDER, true);
	for (int i = 0; i < 10000; i++)
		ck_assert_int_eq(frec_params_add(&params, TEXT("HTTP_X"), TEXT("value")), 0);
	frec_params_end(&params);
	ck_assert_int_eq(params.buf[1], FCGI_BEGIN_REQUEST);
	ck_assert_int_eq(params.buf[10], FCGI_KEEP_CONN);
	tell_params();
	ck_assert_str_eq(trace, "3 records, 10000 pairs");
}
END_TEST

Suite *fcgi_record_suite(void)
{
	Suite *s = suite_create("fcgi_record");
	TCase *c = tcase_create("parser");

	tcase_add_checked_fixture(c, make, NULL);
	tcase_add_test(c, whole_answer);
	tcase_add_test(c, two_answers_on_one_connection);
	tcase_add_test(c, empty_records_with_padding);
	tcase_add_test(c, values);
	tcase_add_test(c, values_up_to_the_limit);
	tcase_add_loop_test(c, fault, 0, (int)(sizeof faults / sizeof *faults));
	tcase_add_test(c, bad_stays_bad);
	tcase_add_test(c, nothing_in_nothing_out);
	tcase_add_loop_test(c, content_past_the_parser, 0, 4);
	tcase_add_test(c, largest_record);
	suite_add_tcase(s, c);
	c = tcase_create("writers");
	tcase_add_checked_fixture(c, make_params, clear_params);
	tcase_add_test(c, head_and_begin);
	tcase_add_test(c, params_octets);
	tcase_add_test(c, params_without_pairs);
	tcase_add_loop_test(c, params_length_forms, 0, 64);
	tcase_add_test(c, pair_with_huge_length);
	tcase_add_loop_test(c, params_never_straddle, 0, 50);
	tcase_add_test(c, params_largest_pair);
	tcase_add_loop_test(c, params_fill_a_record, 0, 2);
	tcase_add_test(c, params_keep_the_reserve);
	suite_add_tcase(s, c);
	return s;
}
