/* SPDX-License-Identifier: MIT */
/* Puts the floors together; everything is freed at the end, so that a leak checker has something to
 * say. */
#include "server/app/worker.h"

#include <signal.h>
#include <stdlib.h>

#include "gateway/fcgi_pool.h"
#include "gateway/spawner.h"
#include "server/app/access.h"
#include "server/app/config.h"
#include "server/app/router.h"
#include "server/app/sockets.h"
#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/front/front.h"
#include "server/http/exchange.h"
#include "server/io/loop.h"

struct worker {
	struct loop loop;
	const struct config *config;
	struct front_settings settings;
	struct front front;
	struct fcgi_pool **pools;
	size_t pool_count;
	struct spawn_client *spawner;
	struct router *router;
	struct access_log *access;
	struct timer deadline;
	ev_signal term, interrupt, usr1;
	bool stopping;
};

static void route(void *app, struct exchange *x)
{
	struct worker *w = app;

	router_route(w->router, x);
}

static void done(void *app, struct exchange *x)
{
	struct worker *w = app;

	access_write(w->access, x);
}

/* ---- end ---- */

static void stopped(struct front *f)
{
	loop_stop(f->loop);
}

static void deadline_fired(struct timer *t)
{
	struct worker *w = list_entry(t, struct worker, deadline);

	log_warn(AREA_SERVER, "exchanges still under way after shutdown_timeout: cut off");
	front_kill(&w->front);
}

static void stop_cb(struct ev_loop *ev, ev_signal *s, int events)
{
	struct worker *w = s->data;

	(void)ev;
	(void)events;
	if (w->stopping) {
		front_kill(&w->front);
		return;
	}
	w->stopping = true;
	timer_start(loop_timers(&w->loop, w->config->server.shutdown_timeout), &w->deadline);
	front_stop(&w->front, stopped);
}

static void reopen_cb(struct ev_loop *ev, ev_signal *s, int events)
{
	struct worker *w = s->data;

	(void)ev;
	(void)events;
	if (log_reopen())
		log_error(AREA_SERVER, "the error log cannot be opened anew");
	access_reopen(w->access);
}

static void watch_signal(struct worker *w, ev_signal *s, int number,
			 void (*cb)(struct ev_loop *, ev_signal *, int))
{
	ev_signal_init(s, cb, number);
	s->data = w;
	ev_signal_start(w->loop.ev, s);
	ev_unref(w->loop.ev);
}

static void unwatch_signal(struct worker *w, ev_signal *s)
{
	ev_ref(w->loop.ev);
	ev_signal_stop(w->loop.ev, s);
}

/* ---- set-up ---- */

static void fill_settings(struct worker *w)
{
	const struct conf_server *c = &w->config->server;
	enum { LINGER = 2 };

	w->settings = (struct front_settings){
	    .limits = {.max_streams = c->max_streams,
		       .stream_window = (uint32_t)c->stream_window,
		       .connection_window = (uint32_t)c->connection_window,
		       .max_header_list = (uint32_t)c->max_header_list,
		       .header_table = (uint32_t)c->header_table},
	    .response_buffer = c->response_buffer,
	    .max_connections = c->max_connections,
	    .wait = {[FRONT_PREFACE] = c->preface_timeout,
		     [FRONT_HANDSHAKE] = c->handshake_timeout,
		     [FRONT_SETTINGS] = c->settings_timeout,
		     [FRONT_HEADER] = c->header_timeout,
		     [FRONT_WRITE] = c->write_timeout,
		     [FRONT_IDLE] = c->idle_timeout,
		     [FRONT_LINGER] = LINGER},
	    .body_timeout = c->body_timeout,
	    .app = w,
	    .route = route,
	    .done = done,
	};
}

static void open_pools(struct worker *w, const struct sockets *s)
{
	w->pool_count = s->pool_count;
	w->pools = heap_zalloc(s->pool_count + 1, sizeof *w->pools);
	for (size_t i = 0; i < s->pool_count; i++)
		w->pools[i] = fcgi_pool_new(&w->loop, &s->pools[i]);
}

static void clear(struct worker *w)
{
	timer_stop(&w->deadline);
	front_clear(&w->front);
	router_free(w->router);
	for (size_t i = 0; i < w->pool_count; i++)
		fcgi_pool_free(w->pools[i]);
	free(w->pools);
	spawn_client_free(w->spawner);
	access_close(w->access);
	unwatch_signal(w, &w->term);
	unwatch_signal(w, &w->interrupt);
	unwatch_signal(w, &w->usr1);
	loop_clear(&w->loop);
	free(w);
}

int worker_run(const struct config *config, const struct sockets *s, unsigned index)
{
	struct worker *w = heap_zalloc(1, sizeof *w);

	signal(SIGPIPE, SIG_IGN);
	w->config = config;
	loop_init(&w->loop);
	timer_init(&w->deadline, deadline_fired);
	w->access = access_open(&w->loop, config);
	if (!w->access) {
		loop_clear(&w->loop);
		free(w);
		return EXIT_FAILURE;
	}
	fill_settings(w);
	open_pools(w, s);
	w->spawner = spawn_client_new(&w->loop, s->worker_ends[index]);
	w->router = router_new(&w->loop, config, w->pools, w->spawner);
	front_init(&w->front, &w->loop, &w->settings);
	for (size_t i = 0; i < s->listener_count; i++)
		front_listen(&w->front, s->listeners[i].fds[index], s->listeners[i].ctx);
	watch_signal(w, &w->term, SIGTERM, stop_cb);
	watch_signal(w, &w->interrupt, SIGINT, stop_cb);
	watch_signal(w, &w->usr1, SIGUSR1, reopen_cb);
	loop_run(&w->loop);
	clear(w);
	return EXIT_SUCCESS;
}
