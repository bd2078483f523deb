/* SPDX-License-Identifier: MIT */
/*
 * One ev_prepare watcher does the end of a turn. A timer queue holds timers of one delay, oldest
 * first; one ev_timer stands for the whole queue and is aimed at its first member, lazily: when it
 * fires too early (its timer was stopped or restarted) it is just aimed anew.
 */
#include "server/io/loop.h"

#include <stdlib.h>
#include <time.h>

#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/http/date.h"

/* What is kept for reuse: 4 MiB each at the most. */
enum { POOL_BLOCKS = 1024, CHUNKS = 256 };

struct timer_queue {
	struct list link;
	struct list timers;
	struct loop *loop;
	double after;
	ev_timer watcher;
};

double loop_now(const struct loop *l)
{
	return ev_now(l->ev);
}

static void run_all(struct list *jobs)
{
	struct list now;
	struct list *it;

	list_init(&now);
	list_move(&now, jobs);
	while ((it = list_shift(&now))) {
		struct job *j = list_entry(it, struct job, link);

		j->run(j);
	}
}

static void idle_cb(struct ev_loop *ev, ev_idle *w, int events)
{
	(void)events;
	ev_idle_stop(ev, w);
}

static void prepare_cb(struct ev_loop *ev, ev_prepare *w, int events)
{
	struct loop *l = w->data;

	(void)events;
	run_all(&l->dirty);
	run_all(&l->reap);
	/* Work is left over: do not sleep. */
	if (!list_empty(&l->dirty) || !list_empty(&l->reap))
		ev_idle_start(ev, &l->again);
}

static void update_date(struct loop *l)
{
	int64_t second = time(NULL);

	if (second == l->date_second)
		return;
	l->date_second = second;
	http_date_put(l->date_text, second);
	l->date = (struct text){l->date_text, HTTP_DATE_LEN};
}

/* Not ev_now(): that is the time of day, which is set back now and then. */
static void update_steady(struct loop *l)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	l->steady = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check_cb(struct ev_loop *ev, ev_check *w, int events)
{
	struct loop *l = w->data;

	(void)ev;
	(void)events;
	l->turn++;
	update_steady(l);
	update_date(l);
}

static void *buffer_new(void)
{
	void *p = malloc(LOOP_BUFFER);

	if (!p)
		oom();
	return p;
}

void loop_init(struct loop *l)
{
	*l = (struct loop){.turn = 1};
	l->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
	if (!l->ev) {
		log_error(AREA_SERVER, "no event loop: libev found no usable backend");
		abort();
	}
	list_init(&l->dirty);
	list_init(&l->reap);
	list_init(&l->timer_queues);
	pool_cache_init(&l->pools, POOL_BLOCKS);
	chunk_cache_init(&l->chunks, CHUNKS);
	l->buffer = buffer_new();
	l->plain = buffer_new();
	update_date(l);
	update_steady(l);
	ev_prepare_init(&l->prepare, prepare_cb);
	ev_check_init(&l->check, check_cb);
	ev_idle_init(&l->again, idle_cb);
	l->prepare.data = l->check.data = l->again.data = l;
	ev_prepare_start(l->ev, &l->prepare);
	ev_set_priority(&l->check, EV_MAXPRI);
	ev_check_start(l->ev, &l->check);
	/* The loop's own watchers do not keep it running. */
	ev_unref(l->ev);
	ev_unref(l->ev);
}

void loop_clear(struct loop *l)
{
	run_all(&l->dirty);
	run_all(&l->reap);
	list_each_safe(it, &l->timer_queues) {
		struct timer_queue *q = list_entry(it, struct timer_queue, link);

		ev_timer_stop(l->ev, &q->watcher);
		free(q);
	}
	ev_ref(l->ev);
	ev_ref(l->ev);
	ev_prepare_stop(l->ev, &l->prepare);
	ev_check_stop(l->ev, &l->check);
	ev_idle_stop(l->ev, &l->again);
	pool_cache_clear(&l->pools);
	chunk_cache_clear(&l->chunks);
	free(l->buffer);
	free(l->plain);
	ev_loop_destroy(l->ev);
}

void loop_run(struct loop *l)
{
	ev_run(l->ev, 0);
}

void loop_stop(struct loop *l)
{
	ev_break(l->ev, EVBREAK_ALL);
}

void job_init(struct job *j, void (*run)(struct job *))
{
	list_init(&j->link);
	j->run = run;
}

void loop_flush_later(struct loop *l, struct job *j)
{
	if (list_empty(&j->link))
		list_append(&l->dirty, &j->link);
}

void loop_reap_later(struct loop *l, struct job *j)
{
	if (list_empty(&j->link))
		list_append(&l->reap, &j->link);
}

void job_cancel(struct job *j)
{
	list_remove(&j->link);
}

/* ---- timers ---- */

static void aim(struct timer_queue *q)
{
	struct timer *first = list_entry(q->timers.next, struct timer, link);
	double after = first->at - q->loop->steady;

	ev_timer_set(&q->watcher, after > 0 ? after : 0, 0);
	ev_timer_start(q->loop->ev, &q->watcher);
}

static void timer_cb(struct ev_loop *ev, ev_timer *w, int events)
{
	struct timer_queue *q = w->data;

	(void)ev;
	(void)events;
	while (!list_empty(&q->timers)) {
		struct timer *t = list_entry(q->timers.next, struct timer, link);

		if (t->at > q->loop->steady)
			break;
		list_remove(&t->link);
		t->fire(t);
	}
	/* One that was started meanwhile has aimed it already; an active one must not be set. */
	if (!list_empty(&q->timers) && !ev_is_active(&q->watcher))
		aim(q);
}

struct timer_queue *loop_timers(struct loop *l, double after)
{
	struct timer_queue *q;

	list_each(it, &l->timer_queues) {
		q = list_entry(it, struct timer_queue, link);
		if (q->after <= after && q->after >= after)
			return q;
	}
	q = heap_zalloc(1, sizeof *q);
	q->loop = l;
	q->after = after;
	list_init(&q->timers);
	list_append(&l->timer_queues, &q->link);
	ev_timer_init(&q->watcher, timer_cb, 0, 0);
	q->watcher.data = q;
	return q;
}

void timer_init(struct timer *t, void (*fire)(struct timer *))
{
	list_init(&t->link);
	t->fire = fire;
}

void timer_start(struct timer_queue *q, struct timer *t)
{
	list_remove(&t->link);
	t->at = q->loop->steady + q->after;
	list_append(&q->timers, &t->link);
	if (!ev_is_active(&q->watcher))
		aim(q);
}

void timer_stop(struct timer *t)
{
	list_remove(&t->link);
}

bool timer_running(const struct timer *t)
{
	return !list_empty(&t->link);
}
