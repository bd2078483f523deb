/* SPDX-License-Identifier: MIT */
/*
 * Accepting. When connections reach their limit, or descriptors run out, the listeners pause and
 * the backlog waits; that a connection has gone, or a second has passed, wakes them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/front/front.h"
#include "server/io/loop.h"
#include "server/io/sock.h"

enum { ACCEPTS_A_WAKE = 64 };

struct listener {
	struct list link;
	struct front *front;
	SSL_CTX *ctx;
	ev_io watcher;
	ev_timer retry;
};

static void pause_all(struct front *f)
{
	f->paused = true;
	list_each(it, &f->listeners)
		ev_io_stop(f->loop->ev, &list_entry(it, struct listener, link)->watcher);
}

static void resume_all(struct front *f)
{
	f->paused = false;
	list_each(it, &f->listeners)
		ev_io_start(f->loop->ev, &list_entry(it, struct listener, link)->watcher);
}

static void retry_cb(struct ev_loop *ev, ev_timer *w, int events)
{
	struct listener *l = w->data;

	(void)events;
	ev_timer_stop(ev, w);
	if (l->front->paused && !l->front->stopping)
		resume_all(l->front);
}

static void accept_failed(struct listener *l)
{
	if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR)
		return;
	log_error(AREA_SERVER, "cannot accept a connection: %s; trying again in a second%s",
		  strerror(errno),
		  errno == EMFILE || errno == ENFILE
		      ? " (raise the limit of open files, or lower max_connections)"
		      : "");
	pause_all(l->front);
	ev_timer_set(&l->retry, 1, 0);
	ev_timer_start(l->front->loop->ev, &l->retry);
}

static void accept_cb(struct ev_loop *ev, ev_io *w, int events)
{
	struct listener *l = w->data;
	struct front *f = l->front;

	(void)ev;
	(void)events;
	for (int i = 0; i < ACCEPTS_A_WAKE; i++) {
		struct sock_addr peer;
		int fd;

		if (f->connections >= f->set->max_connections) {
			log_warn(AREA_SERVER, "max_connections = %zu reached: new connections wait",
				 f->set->max_connections);
			pause_all(f);
			return;
		}
		fd = sock_accept(w->fd, &peer);
		if (fd < 0) {
			accept_failed(l);
			return;
		}
		session_new(f, fd, l->ctx);
	}
}

void front_init(struct front *f, struct loop *loop, const struct front_settings *set)
{
	*f = (struct front){.loop = loop, .set = set};
	f->h2 = (struct h2_env){.limits = &set->limits,
				.pools = &loop->pools,
				.chunks = &loop->chunks,
				.date = &loop->date};
	for (int i = 0; i < FRONT_NOTHING; i++)
		f->timers[i] = loop_timers(loop, set->wait[i]);
	f->body_timers = loop_timers(loop, set->body_timeout);
	list_init(&f->listeners);
	list_init(&f->sessions);
}

void front_listen(struct front *f, int fd, SSL_CTX *ctx)
{
	struct listener *l = heap_zalloc(1, sizeof *l);

	l->front = f;
	l->ctx = ctx;
	ev_io_init(&l->watcher, accept_cb, fd, EV_READ);
	ev_timer_init(&l->retry, retry_cb, 1, 0);
	l->watcher.data = l->retry.data = l;
	list_append(&f->listeners, &l->link);
	ev_io_start(f->loop->ev, &l->watcher);
}

void front_session_gone(struct front *f)
{
	f->connections--;
	if (f->paused && !f->stopping)
		resume_all(f);
	if (f->stopping && f->connections == 0 && f->stopped)
		f->stopped(f);
}

void front_clear(struct front *f)
{
	struct list *it;

	while ((it = list_shift(&f->listeners))) {
		struct listener *l = list_entry(it, struct listener, link);

		ev_io_stop(f->loop->ev, &l->watcher);
		ev_timer_stop(f->loop->ev, &l->retry);
		free(l);
	}
}
