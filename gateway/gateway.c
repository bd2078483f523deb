/* SPDX-License-Identifier: MIT */
/*
 * Handler entry, and the gate: what is the same for FastCGI and CGI.
 *
 *     start: script → size → spool the body, or ask the backend at once
 *     spooled: ask the backend                 body: x->in or the spool → backend
 *     output: heads (1xx, final) → body → end
 *
 * A backend holds the gate until it calls gate_end() or gate_fail(), or until it is told to abort.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/cgi_proc.h"
#include "gateway/fcgi_pool.h"
#include "gateway/gate.h"
#include "gateway/script.h"
#include "server/base/log.h"
#include "server/base/pool.h"

enum { STDERR_LINE = 1024, STDERR_LINES = 100, PIECES = 8 };

static enum log_area area(const struct gate *g)
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

static void start_timer(struct gate *g)
{
	timer_start(loop_timers(g->t->loop, g->t->timeout), &g->timer);
}

void gate_progress(struct gate *g)
{
	start_timer(g);
}

static void timed_out(struct timer *timer)
{
	struct gate *g = list_entry(timer, struct gate, timer);

	/* The client is behind, not the application: its own time limits hold. */
	if ((g->head_done && pipe_room(&g->x->out) == 0) || gate_body_awaited(g)) {
		start_timer(g);
		return;
	}
	g->backend->abort(g);
	gate_fail(g, XCHG_TIMEOUT, "no progress for %g s (timeout): %s", g->t->timeout,
		  g->head_done ? "the answer ends early" : "answered 504");
}

void gate_restart_timer(struct gate *g)
{
	g->timer.fire = timed_out;
	start_timer(g);
}

/* ---- error output ---- */

static void put_stderr_line(struct gate *g)
{
	char shown[STDERR_LINE * 2];

	if (!g->stderr_len)
		return;
	if (g->stderr_lines < STDERR_LINES)
		log_warn(area(g), "%s says: %s", gate_name(g),
			 text_escape(shown, sizeof shown,
				     (struct text){g->stderr_line, g->stderr_len}));
	else if (g->stderr_lines == STDERR_LINES)
		log_warn(area(g), "%s says more than %d lines: the rest is dropped", gate_name(g),
			 STDERR_LINES);
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

/* What the gate holds outside the pool. */
static void let_go(struct gate *g)
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
	log_error(area(g), "%s: %s", gate_name(g), text);
	let_go(g);
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
		log_error(area(g), "%s: answer ends %lld octets before its Content-Length",
			  gate_name(g), (long long)x->left);
	let_go(g);
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
		log_warn(area(g), "%s: informational heads over max_hints = %zu are dropped",
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

bool gate_in_body(const struct gate *g)
{
	return g->head_done && !g->x->bodyless;
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

static void ask_backend(struct gate *g)
{
	start_timer(g);
	if (g->t->pool)
		fcgi_serve(g->t->pool, g);
	else
		cgi_serve(g);
}

void gate_refuse(struct gate *g, unsigned status)
{
	struct exchange *x = g->x;

	let_go(g);
	xchg_refuse(x, status);
}

/* Whether the octets that have come so far are within max_body; if not, the exchange is over. */
static bool body_allowed(struct gate *g, uint64_t octets)
{
	if (octets <= g->t->max_body)
		return true;
	log_info(area(g), "%s: request body over max_body = %llu octets: %s", gate_name(g),
		 (unsigned long long)g->t->max_body,
		 g->x->phase == XCHG_OPEN ? "answered 413" : "the stream is reset");
	if (g->backend)
		g->backend->abort(g);
	gate_refuse(g, 413);
	return false;
}

static void spool_more(struct gate *g)
{
	struct exchange *x = g->x;
	struct iovec v[PIECES];
	int n;

	while ((n = xchg_peek(x, v, PIECES)) > 0) {
		size_t len = 0;

		for (int i = 0; i < n; i++) {
			if (spool_put(&g->spool, v[i].iov_base, v[i].iov_len)) {
				gate_fail(g, XCHG_INTERNAL,
					  "cannot store a request body in a temporary file: %s "
					  "(see TMPDIR)",
					  strerror(errno));
				return;
			}
			len += v[i].iov_len;
		}
		xchg_take(x, len);
		if (!body_allowed(g, g->spool.total))
			return;
	}
	if (!x->in.fin)
		return;
	g->spooling = false;
	g->request.content_length = (int64_t)g->spool.total;
	ask_backend(g);
}

static bool wants_spool(const struct gate *g)
{
	switch (g->t->body) {
	case GATEWAY_BODY_STREAM:
		return false;
	case GATEWAY_BODY_SPOOL:
		return true;
	case GATEWAY_BODY_AUTO:
		break;
	}
	/* RFC 3875 section 4.1.2: CONTENT_LENGTH must be told when there is a body. */
	return g->t->pool || g->x->req->content_length < 0;
}

static void start(struct exchange *x)
{
	const struct gateway_target *t = x->target;
	struct gate *g = pool_zalloc(x->pool, sizeof *g);
	int64_t length = x->req->content_length;
	unsigned status;

	g->x = x;
	g->t = t;
	x->priv = g;
	g->request = (struct cgi_request){.head = x->req,
					  .connection = x->connection,
					  .pool = x->pool,
					  .content_length = length,
					  .extra = t->env,
					  .extra_count = t->env_count,
					  .underscores = t->underscores};
	list_init(&g->waiting);
	timer_init(&g->timer, timed_out);
	cgi_head_init(&g->head, x->pool, t->max_head);
	spool_init(&g->spool, &t->loop->chunks);
	status = script_resolve(&g->request, x, t);
	if (status) {
		gate_refuse(g, status);
		return;
	}
	if (length > 0 && !body_allowed(g, (uint64_t)length))
		return;
	g->spooling = g->use_spool = !(x->in.fin && x->in.len == 0) && wants_spool(g);
	if (g->spooling) {
		xchg_want_body(x);
		spool_more(g);
		return;
	}
	if (x->in.fin && length < 0)
		g->request.content_length = 0;
	ask_backend(g);
}

static void readable(struct exchange *x)
{
	struct gate *g = x->priv;

	if (g->spooling) {
		spool_more(g);
		return;
	}
	if (g->use_spool)
		return;
	if (x->req->content_length < 0 && !body_allowed(g, g->received + x->in.len))
		return;
	if (g->backend)
		g->backend->kick(g);
}

static void writable(struct exchange *x)
{
	struct gate *g = x->priv;

	if (g->backend)
		g->backend->resume(g);
}

static void on_abort(struct exchange *x, enum xchg_why why)
{
	struct gate *g = x->priv;

	(void)why;
	if (g->backend)
		g->backend->abort(g);
	let_go(g);
}

const struct handler gateway_handler = {
    .name = "gateway",
    .start = start,
    .readable = readable,
    .writable = writable,
    .abort = on_abort,
};
