/* SPDX-License-Identifier: MIT */
/*
 * Handler entry of the gateway.
 *
 *     start: script → size → spool the body, or ask the backend at once
 *     spooled: ask the backend                 body: x->in or the spool → backend
 *
 * A backend holds the gate until it calls gate_end() or gate_fail(), or until it is told to abort.
 */
#include "gateway/gateway.h"

#include <errno.h>
#include <string.h>

#include "gateway/cgi_proc.h"
#include "gateway/fcgi_pool.h"
#include "gateway/gate.h"
#include "gateway/script.h"
#include "server/base/log.h"
#include "server/base/pool.h"

enum { PIECES = 8 };

static void ask_backend(struct gate *g)
{
	gate_restart_timer(g);
	if (g->t->pool)
		fcgi_serve(g->t->pool, g);
	else
		cgi_serve(g);
}

/* Whether the octets that have come so far are within max_body; if not, the exchange is over. */
static bool body_allowed(struct gate *g, uint64_t octets)
{
	if (octets <= g->t->max_body)
		return true;
	log_info(gate_area(g), "%s: request body over max_body = %llu octets: %s", gate_name(g),
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
	list_init(&g->timer.link);
	cgi_head_init(&g->head, x->pool, t->max_head);
	spool_init(&g->spool, &t->loop->chunks);
	status = script_resolve(&g->request, &g->program, x, t);
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
	/* RFC 3875 section 4.1.2: CONTENT_LENGTH if and only if there is a body. */
	if (!g->spooling && x->in.fin && x->in.len && length < 0)
		g->request.content_length = (int64_t)x->in.len;
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
	gate_let_go(g);
}

const struct handler gateway_handler = {
    .name = "gateway",
    .start = start,
    .readable = readable,
    .writable = writable,
    .abort = on_abort,
};
