/* SPDX-License-Identifier: MIT */
/*
 * Each verb checks its place in the order, keeps the books (what was declared, what was written,
 * who is still there) and hands on. Policies live elsewhere.
 *
 * The body of a response that may have none (HEAD, 204, 304) is swallowed here, so that no handler
 * has to think of it.
 */
#include "server/http/exchange.h"

#include <assert.h>

#include "server/base/pool.h"

void xchg_init(struct exchange *x, struct chunk_cache *cache, size_t in_limit, size_t out_limit)
{
	struct text expect = http_fields_value(&x->req->fields, HTTP_EXPECT);

	pipe_init(&x->in, cache, in_limit);
	pipe_init(&x->out, cache, out_limit);
	x->left = -1;
	x->expects = text_same(expect, TEXT("100-continue"));
	x->bodyless = text_is(x->req->method, "HEAD");
}

void xchg_start(struct exchange *x)
{
	x->handler->start(x);
}

static void tell_readable(struct exchange *x)
{
	if (!x->detached && x->handler->readable)
		x->handler->readable(x);
}

void xchg_feed(struct exchange *x, const void *p, size_t n)
{
	size_t taken;

	/* RFC 9110 section 10.1.1: a client that sends its body no longer waits for 100. */
	x->expects = false;
	if (x->detached) {
		x->transport->credit(x, n);
		return;
	}
	taken = pipe_write(&x->in, p, n);
	assert(taken == n);
	tell_readable(x);
}

void xchg_feed_end(struct exchange *x, const struct http_fields *trailers)
{
	x->expects = false;
	x->req_trailers = trailers;
	x->in.fin = true;
	tell_readable(x);
}

void xchg_drained(struct exchange *x)
{
	/* Not for every octet: half of the room must be there again. `starved` stays until then. */
	if (!x->out.starved || x->out.len > x->out.limit / 2)
		return;
	x->out.starved = false;
	if (!x->detached && x->handler->writable)
		x->handler->writable(x);
}

static void detach(struct exchange *x)
{
	size_t unread = x->in.len;

	x->detached = true;
	x->priv = NULL;
	pipe_clear(&x->in);
	if (unread)
		x->transport->credit(x, unread);
}

void xchg_abort(struct exchange *x, enum xchg_why why)
{
	if (x->detached)
		return;
	x->why = why;
	x->tally.reset = true;
	if (x->handler->abort)
		x->handler->abort(x, why);
	detach(x);
	x->phase = XCHG_DONE;
}

void xchg_clear(struct exchange *x)
{
	assert(x->detached);
	pipe_clear(&x->in);
	pipe_clear(&x->out);
	pool_free(x->pool);
}

void xchg_want_body(struct exchange *x)
{
	struct http_head head = http_response(100);

	if (x->expects && x->phase == XCHG_OPEN)
		xchg_inform(x, &head);
}

int xchg_peek(const struct exchange *x, struct iovec *v, int max)
{
	return pipe_peek(&x->in, v, max);
}

void xchg_take(struct exchange *x, size_t n)
{
	pipe_take(&x->in, n);
	if (n)
		x->transport->credit(x, n);
}

void xchg_inform(struct exchange *x, const struct http_head *head)
{
	assert(!x->detached && x->phase == XCHG_OPEN);
	assert(head->status >= 100 && head->status < 200);
	if (head->status == 100) {
		if (!x->expects)
			return;
		x->expects = false;
	}
	x->tally.informed++;
	x->tally.last_informed = (uint16_t)head->status;
	x->transport->inform(x, head);
}

void xchg_respond(struct exchange *x, const struct http_head *head, bool last)
{
	assert(!x->detached && x->phase == XCHG_OPEN);
	assert(head->status >= 200 && head->status < 1000);
	x->phase = XCHG_RESPONDED;
	x->tally.status = (uint16_t)head->status;
	x->expects = false;
	if (http_status_bodyless(head->status))
		x->bodyless = true;
	x->left = x->bodyless ? -1 : head->content_length;
	if (last && x->left > 0)
		last = false; /* finish will see that the body is missing */
	x->transport->respond(x, head, last || x->bodyless);
	if (last || x->bodyless)
		x->out.fin = true;
}

size_t xchg_room(struct exchange *x)
{
	return x->bodyless ? x->out.limit : pipe_room(&x->out);
}

/* Holds what is written against the declared length; false when it is too much. */
static bool count(struct exchange *x, size_t n)
{
	assert(!x->detached && x->phase == XCHG_RESPONDED);
	if (x->left < 0)
		return true;
	if ((uint64_t)n > (uint64_t)x->left) {
		x->left = INT64_MAX; /* never reached: finish ends in a reset */
		return false;
	}
	x->left -= (int64_t)n;
	return true;
}

size_t xchg_write(struct exchange *x, const void *p, size_t n)
{
	if (x->bodyless || n == 0)
		return n;
	n = pipe_write(&x->out, p, n);
	x->tally.sent += n;
	count(x, n);
	if (n)
		x->transport->wake(x);
	return n;
}

int xchg_reserve(struct exchange *x, struct iovec *v, int max, size_t want)
{
	assert(!x->bodyless);
	return pipe_reserve(&x->out, v, max, want);
}

void xchg_commit(struct exchange *x, size_t n)
{
	pipe_commit(&x->out, n);
	if (!n)
		return;
	x->tally.sent += n;
	count(x, n);
	x->transport->wake(x);
}

void xchg_trailers(struct exchange *x, const struct http_fields *trailers)
{
	assert(!x->detached && x->phase == XCHG_RESPONDED);
	x->phase = XCHG_TRAILED;
	if (!x->bodyless)
		x->transport->trailers(x, trailers);
}

static void reset(struct exchange *x, enum xchg_why why)
{
	x->why = why;
	x->tally.reset = true;
	x->phase = XCHG_DONE;
	detach(x);
	pipe_clear(&x->out);
	x->transport->reset(x, why);
}

void xchg_finish(struct exchange *x)
{
	assert(!x->detached && (x->phase == XCHG_RESPONDED || x->phase == XCHG_TRAILED));
	if (x->left > 0) {
		reset(x, XCHG_BACKEND_BAD);
		return;
	}
	x->phase = XCHG_DONE;
	detach(x);
	x->out.fin = true;
	x->transport->wake(x);
}

void xchg_fail(struct exchange *x, enum xchg_why why)
{
	assert(!x->detached);
	if (x->phase != XCHG_OPEN || !x->fallback || x->handler == x->fallback) {
		reset(x, why);
		return;
	}
	x->why = why;
	x->priv = NULL;
	x->handler = x->fallback;
	x->handler->start(x);
}

void xchg_refuse(struct exchange *x, unsigned status)
{
	x->refusal = (uint16_t)status;
	xchg_fail(x, XCHG_REFUSED);
}
