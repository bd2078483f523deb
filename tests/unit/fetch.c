/* SPDX-License-Identifier: MIT */
/* The fallback of every exchange is an error page that only writes the status down. */
#include "tests/unit/fetch.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/base/pool.h"
#include "server/io/loop.h"

struct fetch fetch;

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *fmt, ...)
{
	size_t n = strlen(fetch.trace);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fetch.trace + n, sizeof fetch.trace - n, fmt, ap);
	va_end(ap);
}

void ck_trace(const char *want)
{
	ck_assert_str_eq(fetch.trace, want);
	fetch.trace[0] = '\0';
}

/* ---- a transport that writes down ---- */

static void on_respond(struct exchange *x, const struct http_head *h, bool last)
{
	(void)x;
	note("%u", h->status);
	if (h->content_length >= 0)
		note(" length=%lld", (long long)h->content_length);
	for (uint32_t i = 0; i < h->fields.n; i++) {
		const struct http_field *f = &h->fields.v[i];

		note(" %.*s=%.*s", (int)f->name.n, f->name.p, (int)f->value.n, f->value.p);
	}
	note("%s;", last ? " last" : "");
}

static void on_wake(struct exchange *x)
{
	if (x->out.fin)
		note(" fin");
}

static void on_reset(struct exchange *x, enum xchg_why why)
{
	(void)x;
	note(" reset %d", (int)why);
}

static void on_credit(struct exchange *x, size_t n)
{
	(void)x;
	(void)n;
}

static const struct transport transport = {.respond = on_respond,
					   .wake = on_wake,
					   .credit = on_credit,
					   .reset = on_reset};

static void refused(struct exchange *x)
{
	struct http_head h = http_response(x->refusal);

	/* What matters is that nothing was said before. */
	ck_assert_str_eq(fetch.trace, "");
	xchg_respond(x, &h, true);
	xchg_finish(x);
	fetch.trace[0] = '\0';
	note("refused %u", (unsigned)x->refusal);
}

static const struct handler fallback = {.name = "fallback", .start = refused};

/* ---- requests ---- */

struct exchange *ask_with(const char *method, const char *path, const struct http_fields *fields)
{
	struct pool *pool = pool_new(&fetch.loop->pools);
	struct http_head *req = pool_zalloc(pool, sizeof *req);
	struct exchange *x = pool_zalloc(pool, sizeof *x);

	fetch.trace[0] = '\0';
	fetch.body_n = 0;
	req->method = text_of(method);
	req->path = text_of(path);
	req->fields = *fields;
	x->pool = pool;
	x->req = req;
	x->transport = &transport;
	x->handler = fetch.handler;
	x->fallback = &fallback;
	x->target = fetch.target;
	ck_assert_int_eq(path_parse(&x->path, req->path, pool), PATH_OK);
	xchg_init(x, &fetch.loop->chunks, FETCH_PIPE, FETCH_PIPE);
	xchg_start(x);
	return x;
}

struct exchange *ask(const char *method, const char *path)
{
	static const struct http_fields none;

	return ask_with(method, path, &none);
}

void drain(struct exchange *x, size_t n)
{
	while (n && x->out.len) {
		struct iovec v;
		size_t part;

		pipe_peek(&x->out, &v, 1);
		part = v.iov_len < n ? v.iov_len : n;
		ck_assert_uint_le(fetch.body_n + part, sizeof fetch.body);
		memcpy(fetch.body + fetch.body_n, v.iov_base, part);
		fetch.body_n += part;
		n -= part;
		pipe_take(&x->out, part);
	}
	xchg_drained(x);
}

void drain_all(struct exchange *x, size_t step)
{
	while (x->out.len) {
		ck_assert_uint_le(x->out.len, FETCH_PIPE);
		drain(x, step);
	}
	ck_assert(x->detached);
}

void end(struct exchange *x)
{
	xchg_abort(x, XCHG_CLIENT_GONE);
	xchg_clear(x);
}

void ck_get(const char *path, const char *want)
{
	struct exchange *x = ask("GET", path);

	drain_all(x, FETCH_PIPE);
	end(x);
	ck_trace(want);
}

void ck_body(const void *want, size_t n)
{
	ck_assert_uint_eq(fetch.body_n, n);
	ck_assert_mem_eq(fetch.body, want, n);
}
