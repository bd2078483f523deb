/* SPDX-License-Identifier: MIT */
/*
 * One client connection: socket, TLS, the protocol that was found out, and the exchanges under way.
 * Shared by session.c (life, reading, writing, time limits) and h2_session.c (events ↔ exchanges).
 */
#ifndef OUTRIDER_FRONT_SESSION_H
#define OUTRIDER_FRONT_SESSION_H

#include <ev.h>

#include "server/front/channel.h"
#include "server/front/detect.h"
#include "server/front/front.h"
#include "server/http/exchange.h"
#include "server/io/loop.h"
#include "server/io/sock.h"

enum session_state {
	SESSION_HANDSHAKE,
	SESSION_DETECT,
	SESSION_H2,
	SESSION_REFUSED, /* an answer is on its way, then it ends */
	SESSION_LINGER,	 /* all is sent; input is thrown away until the client closes */
	SESSION_GONE,	 /* waits for the reaper */
};

struct session {
	struct list link; /* in front->sessions */
	struct front *front;
	struct channel channel;
	enum session_state state;
	uint32_t id; /* marks trace lines */
	ev_io reader, writer;
	struct job flush, reap;
	struct timer timer;
	enum front_wait waits;
	struct detect detect;
	struct h2_conn *h2;
	struct list exchanges;
	bool read_stopped;   /* too much control output waits: input may not make more */
	bool eof;	     /* the client has ended its side */
	const char *refusal; /* of REFUSED: what is left of the answer */
	struct http_connection facts;
	char remote_addr[SOCK_TEXT], remote_port[8], local_addr[SOCK_TEXT], local_port[8];
};

/* Marks the session for the flush at the end of the turn. */
void session_flush_later(struct session *);
/* The connection is of no more use: exchanges are told, all goes at the end of the turn. */
void session_kill(struct session *);

/* ---- h2_session.c ---- */

void h2_session_start(struct session *);
/* Feeds received octets. */
void h2_session_recv(struct session *, const uint8_t *, size_t);
/* Finishes exchanges whose response is out, wakes handlers that waited for room. */
void h2_session_settle(struct session *);
/* Whether octets of a response wait for the client's leave. */
bool h2_session_owes(const struct session *);
/* Tells all handlers that the client is gone and drops the exchanges. */
void h2_session_abort(struct session *);

#endif
