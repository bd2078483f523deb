/* SPDX-License-Identifier: MIT */
/*
 * The boundary against a fake transport that writes down what it is told: "inform 103", "respond
 * 200", "wake" and so on, one word group a call. A test is the handler.
 */
#include "tests/unit/run.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/base/pool.h"
#include "server/http/exchange.h"

suite_maker exchange_suite;

static struct pool_cache blocks;
static struct chunk_cache chunks;
static struct exchange *x;
static char trace[4096];

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *fmt, ...)
{
	size_t n = strlen(trace);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(trace + n, sizeof trace - n, fmt, ap);
	va_end(ap);
}

/* Compares what was written down since the last call, and forgets it. */
static void ck_trace(const char *want)
{
	ck_assert_str_eq(trace, want);
	trace[0] = '\0';
}

static void on_inform(struct exchange *at, const struct http_head *h)
{
	(void)at;
	note("inform %u; ", h->status);
}

static void on_respond(struct exchange *at, const struct http_head *h, bool last)
{
	(void)at;
	note("respond %u%s; ", h->status, last ? " last" : "");
}

static void on_wake(struct exchange *at)
{
	note("wake %zu%s; ", at->out.len, at->out.fin ? " fin" : "");
}

static void on_credit(struct exchange *at, size_t n)
{
	(void)at;
	note("credit %zu; ", n);
}

static void on_trailers(struct exchange *at, const struct http_fields *f)
{
	(void)at;
	note("trailers %u; ", f->n);
}

static void on_reset(struct exchange *at, enum xchg_why why)
{
	(void)at;
	note("reset %d; ", (int)why);
}

static const struct transport transport = {on_inform, on_respond,  on_wake,
					   on_credit, on_trailers, on_reset};

static void h_start(struct exchange *at)
{
	(void)at;
	note("start; ");
}

static void h_readable(struct exchange *at)
{
	note("readable %zu%s; ", at->in.len, at->in.fin ? " fin" : "");
}

static void h_writable(struct exchange *at)
{
	(void)at;
	note("writable; ");
}

static void h_abort(struct exchange *at, enum xchg_why why)
{
	(void)at;
	note("abort %d; ", (int)why);
}

static const struct handler handler = {"test", h_start, h_readable, h_writable, h_abort};

static void respond(unsigned status, int64_t length, bool last)
{
	struct http_head h = http_response(status);

	h.content_length = length;
	xchg_respond(x, &h, last);
}

static void inform(unsigned status)
{
	struct http_head h = http_response(status);

	xchg_inform(x, &h);
}

static void fallback_start(struct exchange *at)
{
	note("fallback %d %u; ", (int)at->why, (unsigned)at->refusal);
	respond(at->refusal ? at->refusal : 502, -1, true);
	xchg_finish(at);
}

static const struct handler fallback = {.name = "fallback", .start = fallback_start};

/* An exchange that was started, both pipes of 100 octets. */
static void begin(const char *method, const char *expect)
{
	struct pool *pool = pool_new(&blocks);
	struct http_head *req = pool_zalloc(pool, sizeof *req);

	req->method = text_of(method);
	req->path = TEXT("/");
	if (expect)
		http_fields_add(&req->fields, pool, HTTP_EXPECT, text_of(expect));
	x = pool_zalloc(pool, sizeof *x);
	x->pool = pool;
	x->req = req;
	x->transport = &transport;
	x->handler = &handler;
	x->fallback = &fallback;
	xchg_init(x, &chunks, 100, 100);
	xchg_start(x);
	ck_trace("start; ");
}

static void make(void)
{
	pool_cache_init(&blocks, 4);
	chunk_cache_init(&chunks, 4);
	trace[0] = '\0';
	begin("POST", NULL);
}

static void clear(void)
{
	if (!x->detached)
		xchg_abort(x, XCHG_CLIENT_GONE);
	xchg_clear(x);
	pool_cache_clear(&blocks);
	chunk_cache_clear(&chunks);
}

/* Ends the exchange that make() began and begins another. */
static void again(const char *method, const char *expect)
{
	if (!x->detached)
		xchg_abort(x, XCHG_CLIENT_GONE);
	xchg_clear(x);
	trace[0] = '\0';
	begin(method, expect);
}

START_TEST(whole_order)
{
	struct http_fields trailers = {.n = 2};

	inform(102);
	inform(103);
	respond(200, -1, false);
	ck_assert_uint_eq(xchg_write(x, "abc", 3), 3);
	xchg_trailers(x, &trailers);
	xchg_finish(x);
	ck_trace("inform 102; inform 103; respond 200; wake 3; trailers 2; wake 3 fin; ");
	ck_assert(x->detached);
	ck_assert(!x->tally.reset);
	ck_assert_int_eq(x->phase, XCHG_DONE);
	ck_assert_uint_eq(x->tally.status, 200);
	ck_assert_uint_eq(x->tally.informed, 2);
	ck_assert_uint_eq(x->tally.last_informed, 103);
}
END_TEST

START_TEST(response_without_body)
{
	respond(200, 0, true);
	ck_assert(x->out.fin);
	xchg_finish(x);
	ck_trace("respond 200 last; wake 0 fin; ");
}
END_TEST

START_TEST(response_before_request_body)
{
	struct iovec v[2];

	respond(200, -1, false);
	xchg_feed(x, "abcdef", 6);
	ck_trace("respond 200; readable 6; ");
	ck_assert_int_eq(xchg_peek(x, v, 2), 1);
	ck_assert_mem_eq(v[0].iov_base, "abcdef", 6);
	xchg_take(x, 4);
	xchg_take(x, 0);
	ck_trace("credit 4; ");
	xchg_write(x, "ab", 2);
	xchg_feed_end(x, NULL);
	ck_trace("wake 2; readable 2 fin; ");
	/* Finishing with octets unread gives their credit back. */
	xchg_finish(x);
	ck_trace("credit 2; wake 2 fin; ");
	xchg_feed(x, "late", 4);
	ck_trace("credit 4; ");
}
END_TEST

START_TEST(request_trailers_come_with_the_end)
{
	struct http_fields trailers = {.n = 1};

	ck_assert_ptr_null(x->req_trailers);
	xchg_feed_end(x, &trailers);
	ck_assert_ptr_eq(x->req_trailers, &trailers);
	ck_trace("readable 0 fin; ");
}
END_TEST

/* ---- back-pressure ---- */

START_TEST(writable_after_refusal)
{
	static const char octets[200];

	respond(200, -1, false);
	ck_assert_uint_eq(xchg_write(x, octets, 200), 100);
	ck_trace("respond 200; wake 100; ");
	xchg_drained(x); /* nobody was refused */
	ck_trace("");
	ck_assert_uint_eq(xchg_room(x), 0);
	xchg_drained(x); /* still full */
	ck_trace("");
	pipe_take(&x->out, 49);
	xchg_drained(x); /* less than half of the room is there again */
	ck_trace("");
	pipe_take(&x->out, 1);
	xchg_drained(x); /* slowly drained, yet not forgotten */
	ck_trace("writable; ");
	pipe_take(&x->out, 1);
	xchg_drained(x); /* once for each refusal */
	ck_trace("");
}
END_TEST

START_TEST(no_writable_after_finish)
{
	static const char octets[100];

	respond(200, -1, false);
	xchg_write(x, octets, 100);
	ck_assert_uint_eq(xchg_room(x), 0);
	xchg_finish(x);
	trace[0] = '\0';
	pipe_take(&x->out, 100);
	xchg_drained(x);
	ck_trace("");
}
END_TEST

START_TEST(read_straight_into_the_body)
{
	struct iovec v[2];

	respond(200, 5, false);
	ck_assert_int_eq(xchg_reserve(x, v, 2, 50), 1);
	ck_assert_uint_eq(v[0].iov_len, 50);
	memcpy(v[0].iov_base, "hello", 5);
	xchg_commit(x, 5);
	ck_assert_int_eq(xchg_reserve(x, v, 2, 500), 1);
	ck_assert_uint_eq(v[0].iov_len, 95);
	xchg_commit(x, 0);
	xchg_finish(x);
	ck_trace("respond 200; wake 5; wake 5 fin; ");
}
END_TEST

/* ---- 100-continue, RFC 9110 section 10.1.1 ---- */

START_TEST(continue_when_the_body_is_wanted)
{
	again("POST", "100-Continue");
	ck_assert(x->expects);
	xchg_want_body(x);
	xchg_want_body(x);
	inform(100);
	ck_trace("inform 100; ");
	ck_assert_uint_eq(x->tally.informed, 1);
}
END_TEST

START_TEST(continue_by_the_application_counts)
{
	again("POST", "100-continue");
	inform(100);
	xchg_want_body(x);
	ck_trace("inform 100; ");
}
END_TEST

START_TEST(continue_only_if_expected)
{
	again("POST", "200-maybe");
	xchg_want_body(x);
	inform(100);
	ck_trace("");
	again("POST", NULL);
	xchg_want_body(x);
	inform(100);
	ck_trace("");
	ck_assert_uint_eq(x->tally.informed, 0);
}
END_TEST

START_TEST(continue_not_once_the_body_comes)
{
	again("POST", "100-continue");
	xchg_feed(x, "a", 1);
	xchg_want_body(x);
	ck_trace("readable 1; ");
}
END_TEST

START_TEST(continue_never_after_the_final_head)
{
	again("POST", "100-continue");
	respond(200, -1, false);
	xchg_want_body(x);
	ck_trace("respond 200; ");
}
END_TEST

/* ---- content-length, RFC 9113 section 8.1.1 ---- */

START_TEST(length_exact)
{
	respond(200, 5, false);
	xchg_write(x, "ab", 2);
	xchg_write(x, "cde", 3);
	ck_assert_uint_eq(x->tally.sent, 5);
	xchg_finish(x);
	ck_trace("respond 200; wake 2; wake 5; wake 5 fin; ");
	ck_assert(!x->tally.reset);
}
END_TEST

START_TEST(length_too_short)
{
	respond(200, 5, false);
	xchg_write(x, "abcd", 4);
	xchg_finish(x);
	ck_trace("respond 200; wake 4; reset 2; ");
	ck_assert(x->tally.reset);
	ck_assert_int_eq(x->why, XCHG_BACKEND_BAD);
	ck_assert_uint_eq(x->out.len, 0);
}
END_TEST

START_TEST(length_too_long)
{
	respond(200, 5, false);
	xchg_write(x, "abcdef", 6);
	xchg_finish(x);
	ck_assert_ptr_nonnull(strstr(trace, "reset 2; "));
	ck_assert_ptr_null(strstr(trace, "fin"));
	ck_assert(x->tally.reset);
}
END_TEST

START_TEST(length_without_body_is_no_end)
{
	respond(200, 5, true);
	ck_assert(!x->out.fin);
	xchg_finish(x);
	ck_trace("respond 200; reset 2; ");
}
END_TEST

START_TEST(length_not_held_against_head)
{
	again("HEAD", NULL);
	respond(200, 5, false);
	/* The handler need not know: what it writes vanishes. */
	ck_assert_uint_gt(xchg_room(x), 0);
	ck_assert_uint_eq(xchg_write(x, "hello", 5), 5);
	ck_assert_uint_eq(x->out.len, 0);
	xchg_finish(x);
	ck_trace("respond 200 last; wake 0 fin; ");
	ck_assert(!x->tally.reset);
}
END_TEST

START_TEST(bodyless_statuses)
{
	struct http_fields trailers = {.n = 1};

	respond(_i ? 304 : 204, 5, false);
	ck_assert_uint_eq(xchg_write(x, "hello", 5), 5);
	xchg_trailers(x, &trailers);
	xchg_finish(x);
	ck_assert_ptr_null(strstr(trace, "trailers"));
	ck_assert_uint_eq(x->out.len, 0);
}
END_TEST

/* ---- failure ---- */

START_TEST(fail_before_respond)
{
	inform(103);
	xchg_fail(x, XCHG_BACKEND_DOWN);
	ck_trace("inform 103; fallback 1 0; respond 502 last; wake 0 fin; ");
	ck_assert(x->detached);
	ck_assert(!x->tally.reset);
	ck_assert_ptr_eq(x->handler, &fallback);
}
END_TEST

START_TEST(refuse_with_a_status)
{
	xchg_refuse(x, 413);
	ck_trace("fallback 5 413; respond 413 last; wake 0 fin; ");
	ck_assert_uint_eq(x->tally.status, 413);
}
END_TEST

START_TEST(fail_after_respond)
{
	respond(200, -1, false);
	xchg_write(x, "abc", 3);
	xchg_feed(x, "unread", 6);
	xchg_fail(x, XCHG_TIMEOUT);
	ck_trace("respond 200; wake 3; readable 6; credit 6; reset 3; ");
	ck_assert(x->tally.reset);
	ck_assert_uint_eq(x->out.len, 0);
}
END_TEST

START_TEST(fail_without_fallback)
{
	x->fallback = NULL;
	xchg_fail(x, XCHG_INTERNAL);
	ck_trace("reset 4; ");
}
END_TEST

START_TEST(fallback_that_fails)
{
	x->handler = &fallback;
	xchg_fail(x, XCHG_INTERNAL);
	ck_trace("reset 4; ");
}
END_TEST

START_TEST(abort_is_the_last_call)
{
	xchg_feed(x, "abc", 3);
	xchg_abort(x, XCHG_CLIENT_GONE);
	xchg_abort(x, XCHG_CLIENT_GONE);
	ck_trace("readable 3; abort 0; credit 3; ");
	xchg_feed_end(x, NULL);
	xchg_drained(x);
	ck_trace("");
	ck_assert(x->detached && x->tally.reset);
}
END_TEST

START_TEST(handler_with_few_functions)
{
	static const struct handler least = {.name = "least", .start = h_start};

	x->handler = &least;
	xchg_feed(x, "abc", 3);
	xchg_feed_end(x, NULL);
	ck_assert_uint_eq(x->in.len, 3);
	xchg_abort(x, XCHG_CLIENT_GONE);
	ck_trace("credit 3; ");
}
END_TEST

/* ---- what is our own fault ends in an assertion ---- */

START_TEST(inform_after_respond)
{
	respond(200, -1, false);
	inform(103);
}
END_TEST

START_TEST(respond_twice)
{
	respond(200, -1, false);
	respond(200, -1, false);
}
END_TEST

START_TEST(respond_with_informational)
{
	respond(103, -1, false);
}
END_TEST

START_TEST(finish_without_respond)
{
	xchg_finish(x);
}
END_TEST

START_TEST(finish_twice)
{
	respond(200, -1, true);
	xchg_finish(x);
	xchg_finish(x);
}
END_TEST

START_TEST(write_before_respond)
{
	xchg_write(x, "a", 1);
}
END_TEST

START_TEST(write_after_trailers)
{
	struct http_fields trailers = {.n = 1};

	respond(200, -1, false);
	xchg_trailers(x, &trailers);
	xchg_write(x, "a", 1);
}
END_TEST

START_TEST(feed_beyond_the_window)
{
	static const char octets[101];

	xchg_feed(x, octets, 101);
}
END_TEST

START_TEST(clear_while_attached)
{
	xchg_clear(x);
}
END_TEST

static TCase *faults_case(void)
{
	TCase *c = tcase_create("faults");

	tcase_add_checked_fixture(c, make, clear);
	tcase_add_test_raise_signal(c, inform_after_respond, SIGABRT);
	tcase_add_test_raise_signal(c, respond_twice, SIGABRT);
	tcase_add_test_raise_signal(c, respond_with_informational, SIGABRT);
	tcase_add_test_raise_signal(c, finish_without_respond, SIGABRT);
	tcase_add_test_raise_signal(c, finish_twice, SIGABRT);
	tcase_add_test_raise_signal(c, write_before_respond, SIGABRT);
	tcase_add_test_raise_signal(c, write_after_trailers, SIGABRT);
	tcase_add_test_raise_signal(c, feed_beyond_the_window, SIGABRT);
	tcase_add_test_raise_signal(c, clear_while_attached, SIGABRT);
	return c;
}

Suite *exchange_suite(void)
{
	Suite *s = suite_create("exchange");
	TCase *c = tcase_create("exchange");

	tcase_add_checked_fixture(c, make, clear);
	tcase_add_test(c, whole_order);
	tcase_add_test(c, response_without_body);
	tcase_add_test(c, response_before_request_body);
	tcase_add_test(c, request_trailers_come_with_the_end);
	tcase_add_test(c, writable_after_refusal);
	tcase_add_test(c, no_writable_after_finish);
	tcase_add_test(c, read_straight_into_the_body);
	tcase_add_test(c, continue_when_the_body_is_wanted);
	tcase_add_test(c, continue_by_the_application_counts);
	tcase_add_test(c, continue_only_if_expected);
	tcase_add_test(c, continue_not_once_the_body_comes);
	tcase_add_test(c, continue_never_after_the_final_head);
	tcase_add_test(c, length_exact);
	tcase_add_test(c, length_too_short);
	tcase_add_test(c, length_too_long);
	tcase_add_test(c, length_without_body_is_no_end);
	tcase_add_test(c, length_not_held_against_head);
	tcase_add_loop_test(c, bodyless_statuses, 0, 2);
	tcase_add_test(c, fail_before_respond);
	tcase_add_test(c, refuse_with_a_status);
	tcase_add_test(c, fail_after_respond);
	tcase_add_test(c, fail_without_fallback);
	tcase_add_test(c, fallback_that_fails);
	tcase_add_test(c, abort_is_the_last_call);
	tcase_add_test(c, handler_with_few_functions);
	suite_add_tcase(s, c);
	suite_add_tcase(s, faults_case());
	return s;
}
