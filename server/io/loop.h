/* SPDX-License-Identifier: MIT */
/*
 * The event loop of a process: libev, and the order of a turn.
 *
 *     events: read, parse, decide ──→ flush: each dirty job writes once ──→ reap ──→ sleep
 *
 * Work found while events are handled marks its connection dirty; before the loop sleeps each dirty
 * one is flushed once. Nothing is freed in a callback: what is finished goes on the reap list,
 * which is emptied after the flush. What becomes dirty during the flush is done in the next turn,
 * which then does not sleep.
 */
#ifndef OUTRIDER_IO_LOOP_H
#define OUTRIDER_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <ev.h>

#include "server/base/list.h"
#include "server/base/pipe.h"
#include "server/base/pool.h"
#include "server/base/text.h"

struct loop;

/* Something to be run once at the end of the turn; zero-fill, then job_init(). */
struct job {
	struct list link;
	void (*run)(struct job *);
};

/*
 * A timer of a fixed delay. Timers with the same delay stand in one queue in the order of their
 * end, so starting and stopping cost a few pointers. Restarting a running timer is allowed.
 */
struct timer {
	struct list link;
	double at;
	void (*fire)(struct timer *);
};
struct timer_queue;

enum { LOOP_BUFFER = 64 * 1024 };

struct loop {
	struct ev_loop *ev;
	struct list dirty, reap;
	struct list timer_queues;
	struct pool_cache pools;
	struct chunk_cache chunks;
	uint8_t *buffer;  /* LOOP_BUFFER octets for reading; free again when a callback returns */
	uint8_t *plain;	  /* LOOP_BUFFER octets for what TLS has decrypted */
	double steady;	  /* seconds at which the turn began, by a clock that nobody sets */
	uint64_t turn;	  /* counts the turns: what was checked in this turn is still true */
	struct text date; /* now, as a Date field */
	char date_text[32];
	int64_t date_second;
	ev_prepare prepare;
	ev_check check;
	ev_idle again;
};

/* Ends the process when the system gives no event loop. */
void loop_init(struct loop *);
void loop_clear(struct loop *);
/* Runs until loop_stop(). */
void loop_run(struct loop *);
void loop_stop(struct loop *);
/* Seconds since 1970 at which the turn began, for logs. Timers go by a clock that nobody sets. */
double loop_now(const struct loop *);

void job_init(struct job *, void (*run)(struct job *));
/* Runs the job before the loop sleeps; no effect when it is already waiting. */
void loop_flush_later(struct loop *, struct job *);
/* Runs the job after all flushes of this turn. */
void loop_reap_later(struct loop *, struct job *);
/* Forgets a job that waits. */
void job_cancel(struct job *);

/* The queue for a delay in seconds, made at first use; lives as long as the loop. */
struct timer_queue *loop_timers(struct loop *, double after);
void timer_init(struct timer *, void (*fire)(struct timer *));
void timer_start(struct timer_queue *, struct timer *);
void timer_stop(struct timer *);
bool timer_running(const struct timer *);

#endif
