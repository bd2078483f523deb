/* SPDX-License-Identifier: MIT */
/*
 * Between the HTTP/2 engine and exchanges: its events become exchanges and their input, the verbs
 * of handlers become calls of the engine.
 *
 * An exchange lives from its REQUEST event until its handler has let go and its response is out, or
 * the stream is reset. It is freed here only, in the flush or while an event is handled, never
 * inside a verb: a handler may be on the stack there.
 */
#include <assert.h>

#include "server/base/log.h"
#include "server/front/session.h"

/* An exchange of ours with what else it needs; it lies in its pool. */
struct h2_exchange {
	struct exchange x;
	struct list link; /* in session->exchanges */
	struct session *session;
	struct h2_stream *stream;
	struct pool *trailer_pool;
	struct timer body; /* runs while the client owes us octets of the body */
};

static struct h2_exchange *of(struct exchange *x)
{
	return list_entry(x, struct h2_exchange, x);
}

/* ---- verbs of the transport ---- */

static void inform(struct exchange *x, const struct http_head *head)
{
	struct h2_exchange *e = of(x);

	h2_inform(e->session->h2, e->stream, head);
	session_flush_later(e->session);
}

static void respond(struct exchange *x, const struct http_head *head, bool last)
{
	struct h2_exchange *e = of(x);

	x->tally.responded = loop_now(e->session->front->loop);
	timer_stop(&e->body);
	h2_respond(e->session->h2, e->stream, head, last);
	session_flush_later(e->session);
}

static void wake(struct exchange *x)
{
	struct h2_exchange *e = of(x);

	h2_wake(e->session->h2, e->stream);
	session_flush_later(e->session);
}

static void credit(struct exchange *x, size_t n)
{
	struct h2_exchange *e = of(x);

	h2_credit(e->session->h2, e->stream, n);
	session_flush_later(e->session);
}

static void trailers(struct exchange *x, const struct http_fields *fields)
{
	struct h2_exchange *e = of(x);

	h2_trailers(e->session->h2, e->stream, fields);
}

static void reset(struct exchange *x, enum xchg_why why)
{
	struct h2_exchange *e = of(x);

	/* A response that ends early must not look complete. */
	h2_reset(e->session->h2, e->stream,
		 why == XCHG_CLIENT_GONE ? H2_CANCEL : H2_INTERNAL_ERROR);
	session_flush_later(e->session);
}

static const struct transport h2_transport = {
    .inform = inform,
    .respond = respond,
    .wake = wake,
    .credit = credit,
    .trailers = trailers,
    .reset = reset,
};

/* ---- life of an exchange ---- */

static void finish(struct h2_exchange *e)
{
	struct session *se = e->session;
	struct pool *trailer_pool = e->trailer_pool;

	assert(e->x.detached);
	timer_stop(&e->body);
	list_remove(&e->link);
	e->x.tally.sent -= e->x.out.len;
	se->front->set->done(se->front->set->app, &e->x);
	/* First the engine lets go of the pipes, then they go. */
	h2_release(se->h2, e->stream);
	pool_free(trailer_pool);
	xchg_clear(&e->x);
}

static void abort_exchange(struct h2_exchange *e)
{
	xchg_abort(&e->x, XCHG_CLIENT_GONE);
	finish(e);
}

static void body_late(struct timer *t)
{
	struct h2_exchange *e = list_entry(t, struct h2_exchange, body);
	struct session *se = e->session;

	if (e->x.in.len) {
		/* The handler is behind, not the client. */
		timer_start(se->front->body_timers, t);
		return;
	}
	log_info(AREA_SERVER, "[%u] client %s: no octet of a request body for %g s (body_timeout)",
		 se->id, se->remote_addr, se->front->set->body_timeout);
	h2_reset(se->h2, e->stream, H2_CANCEL);
	abort_exchange(e);
	session_flush_later(se);
}

static void begin(struct session *se, struct h2_event *ev)
{
	const struct front_settings *set = se->front->set;
	struct h2_exchange *e = pool_zalloc(ev->pool, sizeof *e);

	e->session = se;
	e->stream = ev->stream;
	e->x.pool = ev->pool;
	e->x.req = ev->head;
	e->x.connection = &se->facts;
	e->x.transport = &h2_transport;
	e->x.stream = e;
	e->x.tally.started = loop_now(se->front->loop);
	timer_init(&e->body, body_late);
	xchg_init(&e->x, &se->front->loop->chunks, set->limits.stream_window, set->response_buffer);
	h2_attach(ev->stream, e, &e->x.out);
	list_append(&se->exchanges, &e->link);
	if (ev->end)
		e->x.in.fin = true;
	else
		timer_start(se->front->body_timers, &e->body);
	set->route(set->app, &e->x);
	xchg_start(&e->x);
}

static void body(struct session *se, const struct h2_event *ev)
{
	struct h2_exchange *e = ev->user;

	if (timer_running(&e->body))
		timer_start(se->front->body_timers, &e->body);
	if (ev->len)
		xchg_feed(&e->x, ev->data, ev->len);
	if (ev->end) {
		timer_stop(&e->body);
		xchg_feed_end(&e->x, NULL);
	}
}

static void body_trailers(const struct h2_event *ev)
{
	struct h2_exchange *e = ev->user;

	timer_stop(&e->body);
	e->trailer_pool = ev->pool;
	xchg_feed_end(&e->x, ev->trailers);
}

/* ---- for session.c ---- */

void h2_session_start(struct session *se)
{
	se->h2 = h2_conn_new(&se->front->h2, se->id);
}

void h2_session_recv(struct session *se, const uint8_t *p, size_t n)
{
	while (n) {
		struct h2_event ev;
		size_t used = h2_recv(se->h2, p, n, &ev);

		p += used;
		n -= used;
		switch (ev.kind) {
		case H2_EV_REQUEST:
			begin(se, &ev);
			break;
		case H2_EV_DATA:
			body(se, &ev);
			break;
		case H2_EV_TRAILERS:
			body_trailers(&ev);
			break;
		case H2_EV_RESET:
			if (ev.user)
				abort_exchange(ev.user);
			break;
		case H2_EV_DEAD:
			h2_session_abort(se);
			return;
		case H2_EV_GOAWAY:
		case H2_EV_NONE:
			break;
		}
	}
}

void h2_session_settle(struct session *se)
{
	struct h2_stream *s;

	while ((s = h2_next_drained(se->h2))) {
		struct h2_exchange *e = h2_stream_user(s);

		if (!e)
			continue;
		if (e->x.detached && h2_stream_response_sent(s))
			finish(e);
		else
			xchg_drained(&e->x);
	}
}

bool h2_session_owes(const struct session *se)
{
	list_each(it, &se->exchanges) {
		if (list_entry(it, struct h2_exchange, link)->x.out.len)
			return true;
	}
	return false;
}

void h2_session_abort(struct session *se)
{
	struct list *it;

	while ((it = se->exchanges.next) != &se->exchanges)
		abort_exchange(list_entry(it, struct h2_exchange, link));
}
