/* SPDX-License-Identifier: MIT */
/* One connection to a FastCGI application and the request on it; internal to the gateway. */
#ifndef OUTRIDER_GATEWAY_FCGI_CONN_H
#define OUTRIDER_GATEWAY_FCGI_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/fcgi_record.h"
#include "server/base/list.h"
#include "server/io/loop.h"

struct fcgi_pool;
struct gate;

enum fcgi_conn_state {
	FCGI_CONNECTING,
	FCGI_BUSY, /* serves conn->gate */
	FCGI_IDLE, /* kept; on the pool's idle list */
	FCGI_GONE, /* waits for the reaper */
};

struct fcgi_conn {
	struct list link;  /* in the pool's idle list */
	struct list fresh; /* in the pool's list of those that have never got an octet back */
	double opened;	   /* by loop->steady */
	struct fcgi_pool *pool;
	struct loop *loop;
	struct gate *gate;
	enum fcgi_conn_state state;
	int fd;
	ev_io reader, writer;
	struct job flush, reap;
	struct timer timer; /* to be established, or to be used again */
	struct frec_parser parser;
	bool keep;	       /* FCGI_KEEP_CONN was asked for */
	bool reused;	       /* a request was served before this one */
	bool answered;	       /* an octet has come for this request */
	bool stdin_ended;      /* the empty STDIN record is on its way or sent */
	const uint8_t *params; /* BEGIN and PARAMS not yet written; in the exchange's pool */
	size_t params_left;
	uint8_t head[FREC_HEAD]; /* of the STDIN record at hand */
	size_t head_left;	 /* octets of it not yet written */
	size_t content_left;	 /* of its content, still to be written */
};

/* A connection whose socket is connecting or connected; serves GATE. */
struct fcgi_conn *fcgi_conn_new(struct fcgi_pool *, struct loop *, int fd, bool connected,
				double connect_timeout, struct gate *, bool keep);
/* Serves one more request on an idle connection. */
void fcgi_conn_serve(struct fcgi_conn *, struct gate *);
/* Closes; the memory goes at the end of the turn. The gate, if any, must have been dealt with. */
void fcgi_conn_close(struct fcgi_conn *);

/* ---- what the pool does for its connections (fcgi_pool.c) ---- */

/* The request on it has ended and it can serve another: kept, given to a waiting request, or
 * closed. */
void fcgi_pool_release(struct fcgi_pool *, struct fcgi_conn *);
/* A connection was closed: somebody else may have its place. */
void fcgi_pool_gone(struct fcgi_pool *, bool was_idle);
/* The gate's connection failed before anything of the request can have been processed. */
void fcgi_pool_retry(struct fcgi_pool *, struct gate *);
const char *fcgi_pool_name(const struct fcgi_pool *);

#endif
