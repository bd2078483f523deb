/* SPDX-License-Identifier: MIT */
/*
 * Who gets which connection. The newest idle connection is used first, so that those beyond the
 * need grow old and are closed. When max_connections are open, requests wait in order; a connection
 * that becomes free serves the first of them. A Unix socket whose backlog is full answers EAGAIN:
 * the request then waits too, and is tried again shortly.
 *
 * An application may serve one connection at a time (php-fpm, libfcgi): it accepts the next only
 * when we close one. So a connection that has waited for its first octet for a while may be waiting
 * to be accepted, and then others are closed instead of kept. And as other workers want their turn,
 * a connection is used again for a request in the queue only as long as no more than `keep` are
 * open.
 */
#include "gateway/fcgi_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/fcgi_conn.h"
#include "gateway/gate.h"
#include "server/base/log.h"
#include "server/base/pool.h"

static const double patience = 0.05;	/* seconds that a connection may be fresh */
static const double retry_pause = 0.02; /* seconds until a full backlog is tried again */

struct fcgi_pool {
	const struct fcgi_pool_settings *set;
	struct loop *loop;
	struct list idle;    /* connections, newest first */
	struct list waiting; /* gates, oldest first */
	unsigned open, idle_count, waiting_count;
	struct list fresh; /* connections that have never got an octet back, oldest first */
	int next;	   /* address to try first */
	struct timer retry;
	struct timer yield; /* runs while connections are idle and others fresh */
};

static void wait_over(struct timer *t);
static const struct backend waiting_backend;

const char *fcgi_pool_name(const struct fcgi_pool *p)
{
	return p->set->name;
}

/* ---- the queue ---- */

static struct gate *leave_queue(struct fcgi_pool *p, struct gate *g)
{
	list_remove(&g->waiting);
	p->waiting_count--;
	g->backend = NULL;
	g->served_by = NULL;
	return g;
}

static void wait_too_long(struct fcgi_pool *p, struct gate *g)
{
	gate_fail(g, XCHG_BACKEND_DOWN,
		  "[fastcgi %s] no connection became free in %g s (queue_timeout): answered 503",
		  p->set->name, p->set->queue_timeout);
}

static void enqueue(struct fcgi_pool *p, struct gate *g, bool first)
{
	/* One that comes back, because the backlog was full again, does not begin anew to wait. */
	if (g->queued > 0 && p->loop->steady - g->queued >= p->set->queue_timeout) {
		wait_too_long(p, g);
		return;
	}
	if (p->waiting_count >= p->set->queue) {
		gate_fail(g, XCHG_BACKEND_DOWN,
			  "[fastcgi %s] all %u connections are busy and %u requests wait (queue): "
			  "answered "
			  "503",
			  p->set->name, p->open, p->waiting_count);
		return;
	}
	if (first)
		list_prepend(&p->waiting, &g->waiting);
	else
		list_append(&p->waiting, &g->waiting);
	p->waiting_count++;
	if (!(g->queued > 0))
		g->queued = p->loop->steady;
	g->backend = &waiting_backend;
	g->served_by = p;
	timer_stop(&g->timer);
	timer_init(&g->timer, wait_over);
	timer_start(loop_timers(p->loop, p->set->queue_timeout), &g->timer);
}

static void wait_over(struct timer *t)
{
	struct gate *g = list_entry(t, struct gate, timer);
	struct fcgi_pool *p = g->served_by;

	leave_queue(p, g);
	wait_too_long(p, g);
}

static void nothing(struct gate *g)
{
	(void)g;
}

static void wait_aborted(struct gate *g)
{
	leave_queue(g->served_by, g);
}

static const struct backend waiting_backend = {
    .name = "queue",
    .kick = nothing,
    .resume = nothing,
    .abort = wait_aborted,
};

/* ---- connections ---- */

/* Connects to the next address that takes us; false: none does now, *err says why. */
static bool connect_new(struct fcgi_pool *p, struct gate *g, int *err)
{
	for (int i = 0; i < p->set->addr_count; i++) {
		const struct sock_addr *a = &p->set->addrs[(p->next + i) % p->set->addr_count];
		struct fcgi_conn *c;
		bool done;
		int fd = sock_connect(a, &done);

		if (fd < 0) {
			*err = errno;
			continue;
		}
		p->next = (p->next + i) % p->set->addr_count;
		p->open++;
		c = fcgi_conn_new(p, p->loop, fd, done, p->set->connect_timeout, g,
				  p->set->keep > 0);
		if (c->state != FCGI_GONE)
			list_append(&p->fresh, &c->fresh);
		return true;
	}
	return false;
}

static void open_for(struct fcgi_pool *p, struct gate *g, bool first)
{
	char where[160];
	int err = 0;

	if (connect_new(p, g, &err))
		return;
	if (err == EAGAIN) {
		enqueue(p, g, first);
		timer_start(loop_timers(p->loop, retry_pause), &p->retry);
		return;
	}
	sock_print(&p->set->addrs[0], where, sizeof where);
	gate_fail(g, XCHG_BACKEND_DOWN, "[fastcgi %s] cannot connect to %s: %s; %s", p->set->name,
		  where, strerror(err),
		  err == EACCES ? "let the server's user write to the socket"
				: "is the application running?");
}

void fcgi_serve(struct fcgi_pool *p, struct gate *g)
{
	struct list *it = list_shift(&p->idle);

	if (it) {
		p->idle_count--;
		fcgi_conn_serve(list_entry(it, struct fcgi_conn, link), g);
	} else if (p->open >= p->set->max_connections || !list_empty(&p->waiting)) {
		enqueue(p, g, false);
	} else {
		open_for(p, g, false);
	}
}

void fcgi_pool_retry(struct fcgi_pool *p, struct gate *g)
{
	/* On a new connection: other kept ones may be as stale. */
	if (p->open >= p->set->max_connections)
		enqueue(p, g, true);
	else
		open_for(p, g, true);
}

static struct gate *first_waiting(struct fcgi_pool *p)
{
	struct gate *g = list_entry(p->waiting.next, struct gate, waiting);

	leave_queue(p, g);
	gate_restart_timer(g);
	return g;
}

/* Whether a connection may be waiting for the application to close another one. */
static bool somebody_waits(const struct fcgi_pool *p)
{
	const struct fcgi_conn *oldest;

	if (list_empty(&p->fresh))
		return false;
	oldest = list_entry(p->fresh.next, struct fcgi_conn, fresh);
	return p->loop->steady - oldest->opened > patience;
}

static void yield_fired(struct timer *t)
{
	struct fcgi_pool *p = list_entry(t, struct fcgi_pool, yield);

	while (somebody_waits(p) && !list_empty(&p->idle))
		fcgi_conn_close(list_entry(p->idle.next, struct fcgi_conn, link));
	if (!list_empty(&p->fresh) && !list_empty(&p->idle))
		timer_start(loop_timers(p->loop, patience), &p->yield);
}

static void keep(struct fcgi_pool *p, struct fcgi_conn *c)
{
	c->state = FCGI_IDLE;
	p->idle_count++;
	list_prepend(&p->idle, &c->link);
	timer_start(loop_timers(p->loop, p->set->keep_timeout), &c->timer);
	ev_io_start(p->loop->ev, &c->reader);
	if (!list_empty(&p->fresh) && !timer_running(&p->yield))
		timer_start(loop_timers(p->loop, patience), &p->yield);
}

void fcgi_pool_release(struct fcgi_pool *p, struct fcgi_conn *c)
{
	/* Closing makes room: a request in the queue then gets a new connection. */
	if (p->open > p->set->keep || somebody_waits(p))
		fcgi_conn_close(c);
	else if (!list_empty(&p->waiting))
		fcgi_conn_serve(c, first_waiting(p));
	else
		keep(p, c);
}

static void serve_waiting(struct fcgi_pool *p)
{
	while (!list_empty(&p->waiting) && p->open < p->set->max_connections) {
		unsigned before = p->waiting_count;

		open_for(p, first_waiting(p), true);
		if (p->waiting_count >= before)
			break; /* back in the queue: the backlog is still full */
	}
}

static void retry_fired(struct timer *t)
{
	serve_waiting(list_entry(t, struct fcgi_pool, retry));
}

void fcgi_pool_gone(struct fcgi_pool *p, bool was_idle)
{
	p->open--;
	p->idle_count -= was_idle;
	/* Not from here: the caller may still be busy with a gate of this connection. */
	if (!list_empty(&p->waiting) && !timer_running(&p->retry))
		timer_start(loop_timers(p->loop, 0), &p->retry);
}

struct fcgi_pool *fcgi_pool_new(struct loop *loop, const struct fcgi_pool_settings *set)
{
	struct fcgi_pool *p = heap_zalloc(1, sizeof *p);

	p->loop = loop;
	p->set = set;
	list_init(&p->idle);
	list_init(&p->waiting);
	list_init(&p->fresh);
	timer_init(&p->retry, retry_fired);
	timer_init(&p->yield, yield_fired);
	return p;
}

void fcgi_pool_free(struct fcgi_pool *p)
{
	while (!list_empty(&p->idle))
		fcgi_conn_close(list_entry(p->idle.next, struct fcgi_conn, link));
	timer_stop(&p->retry);
	timer_stop(&p->yield);
	free(p);
}
