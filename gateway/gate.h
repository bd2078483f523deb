/* SPDX-License-Identifier: MIT */
/*
 * One exchange at the gateway, between its handler entry (gateway.c) and the backend that serves it
 * (fcgi_conn.c, cgi_proc.c). Internal to the gateway.
 *
 *     exchange ──start, readable, writable, abort──→ gate ──kick, resume, abort──→ backend
 *     exchange ←──inform, respond, write, finish──── gate ←──output, end, fail──── backend
 */
#ifndef OUTRIDER_GATEWAY_GATE_H
#define OUTRIDER_GATEWAY_GATE_H

#include "gateway/cgi_env.h"
#include "gateway/cgi_head.h"
#include "gateway/gateway.h"
#include "gateway/hints.h"
#include "gateway/spool.h"
#include "server/base/list.h"
#include "server/base/log.h"
#include "server/http/exchange.h"
#include "server/io/loop.h"

struct gate;

/* What a backend offers to the exchange it serves. None of these may end the exchange at once. */
struct backend {
	const char *name;
	/* The request body has more, or has ended. */
	void (*kick)(struct gate *);
	/* The response has room again. */
	void (*resume)(struct gate *);
	/* The exchange goes: stop work for it and forget it. */
	void (*abort)(struct gate *);
};

struct gate {
	struct exchange *x;
	const struct gateway_target *t;
	struct cgi_request request;
	struct text program; /* the script's file as the route's root names it */
	struct cgi_head head;
	struct hints hints;
	struct spool spool;
	struct timer timer;	       /* runs while the application owes progress */
	struct list waiting;	       /* in the queue of a pool */
	double queued;		       /* when it first came there; 0: never */
	const struct backend *backend; /* NULL before it has one */
	void *served_by;	       /* the backend's own */
	uint64_t received;	       /* octets of request body so far */
	bool spooling;		       /* body is gathered before the application is asked */
	bool use_spool;		       /* the application reads the spool, not x->in */
	bool head_done;		       /* the final head was passed on */
	bool body_touched;	       /* octets of the body were handed to a backend: no retry */
	bool retried;
	uint8_t stderr_lines;
	char *stderr_line; /* a line of error output that is not complete */
	size_t stderr_len;
};

/* ---- for backends ---- */

/* Octets of the application's output (stdout). False: the exchange has failed, the gate is gone. */
bool gate_output(struct gate *, const char *, size_t);
/* How many octets of output can be taken now. 0: wait for resume(). */
size_t gate_room(struct gate *);
/* How many octets of output may go straight into the body, gate->x, as they are; 0: none, all goes
 * through gate_output(). */
size_t gate_straight(const struct gate *);
/* The output is complete. The gate is gone afterwards. */
void gate_end(struct gate *);
/* The application failed; WHY in words for the log. The gate is gone afterwards. */
void gate_fail(struct gate *, enum xchg_why, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The request is refused with this status before anything of it was done; already logged. The gate
 * is gone afterwards. */
void gate_refuse(struct gate *, unsigned status);
/* Octets of the application's error output, for the log. */
void gate_stderr(struct gate *, const char *, size_t);
/* The application has moved: its time limit starts anew. */
void gate_progress(struct gate *);
/* Starts the time limit for a backend; also after a queue, whose time limit was another. */
void gate_restart_timer(struct gate *);

/* The request body for the application. */
int gate_body_peek(struct gate *, struct iovec *, int max);
void gate_body_take(struct gate *, size_t);
/* Whether all of the body was taken. */
bool gate_body_done(const struct gate *);
/* Whether the application waits for the client. */
bool gate_body_awaited(const struct gate *);

/* Releases what the gate holds outside the exchange's pool; for the handler's abort. */
void gate_let_go(struct gate *);

/* Who speaks in the log. */
enum log_area gate_area(const struct gate *);
/* Site, route and script for a log line, in the pool. */
const char *gate_name(const struct gate *);

#endif
