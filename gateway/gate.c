/* SPDX-License-Identifier: MIT */
/*
 * The gate: what every backend needs of the exchange it serves. Output is taken apart into heads
 * and body here, failures are logged and turned into statuses, time limits are kept.
 *
 * After gate_end(), gate_fail() and gate_refuse() the gate is gone; a backend has let go of it
 * before.
 */
#include "gateway/gate.h"

#include <stdarg.h>
#include <stdio.h>

#include "server/base/log.h"
#include "server/base/pool.h"

enum { STDERR_LINE = 1024, STDERR_LINES = 100 };

enum log_area gate_area(const struct gate *g)
{
	return g->t->pool ? AREA_FCGI : AREA_CGI;
}

const char *gate_name(const struct gate *g)
{
	const struct cgi_request *r = &g->request;
	struct text script = r->script_filename.n ? r->script_filename : r->script_name;
	char shown[512];

	text_escape(shown, sizeof shown, script);
	return pool_printf(g->x->pool, "site %s, route %s, %s", g->t->site, g->t->route, shown).p;
}

/* ---- time ---- */

void gate_progress(struct gate *g)
{
	timer_start(loop_timers(g->t->loop, g->t->timeout), &g->timer);
}

static void timed_out(struct timer *timer)
{
	struct gate *g = list_entry(timer, struct gate, timer);

	/* The client is behind, not the application: its own time limits hold. */
	if ((g->head_done && pipe_room(&g->x->out) == 0) || gate_body_awaited(g)) {
		gate_progress(g);
		return;
	}
	g->backend->abort(g);
	gate_fail(g, XCHG_TIMEOUT, "no progress for %g s (timeout): %s", g->t->timeout,
		  g->head_done ? "the answer ends early" : "answered 504");
}

void gate_restart_timer(struct gate *g)
{
	timer_stop(&g->timer);
	timer_init(&g->timer, timed_out);
	gate_progress(g);
}

/* ---- error output ---- */

static void put_stderr_line(struct gate *g)
{
	char shown[STDERR_LINE * 2];

	if (!g->stderr_len)
		return;
	if (g->stderr_lines < STDERR_LINES)
		log_warn(gate_area(g), "%s says: %s", gate_name(g),
			 text_escape(shown, sizeof shown,
				     (struct text){g->stderr_line, g->stderr_len}));
	else if (g->stderr_lines == STDERR_LINES)
		log_warn(gate_area(g), "%s says more than %d lines: the rest is dropped",
			 gate_name(g), STDERR_LINES);
	if (g->stderr_lines <= STDERR_LINES)
		g->stderr_lines++;
	g->stderr_len = 0;
}

void gate_stderr(struct gate *g, const char *p, size_t n)
{
	if (!g->stderr_line)
		g->stderr_line = pool_alloc(g->x->pool, STDERR_LINE);
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n' || g->stderr_len == STDERR_LINE)
			put_stderr_line(g);
		if (p[i] != '\n' && p[i] != '\r')
			g->stderr_line[g->stderr_len++] = p[i];
	}
}

/* ---- end ---- */

void gate_let_go(struct gate *g)
{
	put_stderr_line(g);
	timer_stop(&g->timer);
	list_remove(&g->waiting);
	spool_clear(&g->spool);
}

void gate_fail(struct gate *g, enum xchg_why why, const char *fmt, ...)
{
	struct exchange *x = g->x;
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_error(gate_area(g), "%s: %s", gate_name(g), text);
	gate_let_go(g);
	xchg_fail(x, why);
}

void gate_end(struct gate *g)
{
	struct exchange *x = g->x;

	if (!g->head_done) {
		if (x->tally.informed || g->hints.octets)
			gate_fail(g, XCHG_BACKEND_BAD,
				  "ended after informational (1xx) heads only, without a final "
				  "one");
		else if (cgi_head_begun(&g->head))
			gate_fail(g, XCHG_BACKEND_BAD, "ended in the middle of its response head");
		else
			gate_fail(g, XCHG_BACKEND_BAD, "ended without a response");
		return;
	}
	if (x->left > 0 && !x->bodyless)
		log_error(gate_area(g), "%s: answer ends %lld octets before its Content-Length",
			  gate_name(g), (long long)x->left);
	gate_let_go(g);
	xchg_finish(x);
}

/* ---- output of the application ---- */

static void inform(struct gate *g, const struct http_head *head)
{
	switch (hints_judge(&g->hints, head, g->x->pool, g->t->hints, g->t->hints_carry,
			    g->t->max_hints)) {
	case HINTS_PASS:
		xchg_inform(g->x, head);
		break;
	case HINTS_OVER:
		log_warn(gate_area(g), "%s: informational heads over max_hints = %zu are dropped",
			 gate_name(g), g->t->max_hints);
		break;
	case HINTS_DROP:
		break;
	}
}

static bool respond(struct gate *g, struct http_head *head, bool chunked)
{
	if (chunked) {
		g->backend->abort(g);
		gate_fail(g, XCHG_BACKEND_BAD,
			  "answers with Transfer-Encoding: chunked; a program behind CGI or "
			  "FastCGI "
			  "sends its body as it is");
		return false;
	}
	/* RFC 9110 section 15.4.5: a 304 says no more than it must. */
	if (head->status != 304)
		hints_carry(&g->hints, head, g->x->pool);
	g->head_done = true;
	xchg_respond(g->x, head, false);
	return true;
}

static bool bad_head(struct gate *g)
{
	char shown[200];

	text_escape(shown, sizeof shown, g->head.sample);
	g->backend->abort(g);
	gate_fail(g, XCHG_BACKEND_BAD, "bad response head: %s; it begins \"%s\"", g->head.why,
		  shown);
	return false;
}

static bool write_body(struct gate *g, const char *p, size_t n)
{
	int64_t left = g->x->left;

	if (left >= 0 && n > (uint64_t)left && !g->x->bodyless) {
		xchg_write(g->x, p, (size_t)left);
		g->backend->abort(g);
		gate_fail(g, XCHG_BACKEND_BAD, "answer is longer than its Content-Length");
		return false;
	}
	if (xchg_write(g->x, p, n) == n)
		return true;
	/* Backends read no more than gate_room() says. */
	g->backend->abort(g);
	gate_fail(g, XCHG_INTERNAL, "more output than room");
	return false;
}

bool gate_output(struct gate *g, const char *p, size_t n)
{
	while (n && !g->head_done) {
		struct http_head head;
		bool chunked = false;
		size_t used;

		switch (cgi_head_feed(&g->head, p, n, &used, &head, &chunked)) {
		case CGI_HEAD_MORE:
			return true;
		case CGI_HEAD_INFORM:
			inform(g, &head);
			break;
		case CGI_HEAD_FINAL:
			if (!respond(g, &head, chunked))
				return false;
			break;
		case CGI_HEAD_BAD:
			return bad_head(g);
		}
		p += used;
		n -= used;
	}
	return n == 0 || write_body(g, p, n);
}

size_t gate_room(struct gate *g)
{
	return xchg_room(g->x);
}

size_t gate_straight(const struct gate *g)
{
	if (!g->head_done || g->x->bodyless)
		return 0;
	return g->x->left < 0 ? SIZE_MAX : (size_t)g->x->left;
}

/* ---- body of the request ---- */

int gate_body_peek(struct gate *g, struct iovec *v, int max)
{
	return g->use_spool ? spool_peek(&g->spool, v, max) : xchg_peek(g->x, v, max);
}

void gate_body_take(struct gate *g, size_t n)
{
	g->body_touched = g->body_touched || n;
	if (g->use_spool) {
		spool_take(&g->spool, n);
		return;
	}
	g->received += n;
	xchg_take(g->x, n);
}

bool gate_body_done(const struct gate *g)
{
	return g->use_spool ? spool_empty(&g->spool) : g->x->in.fin && g->x->in.len == 0;
}

bool gate_body_awaited(const struct gate *g)
{
	return !g->use_spool && !g->x->in.fin && g->x->in.len == 0;
}

void gate_refuse(struct gate *g, unsigned status)
{
	struct exchange *x = g->x;

	gate_let_go(g);
	xchg_refuse(x, status);
}
