/* SPDX-License-Identifier: MIT */
/*
 * The side of a worker that faces clients: listeners accept, sessions speak. What to do with a
 * request is asked of one function that the program hands in.
 */
#ifndef OUTRIDER_FRONT_FRONT_H
#define OUTRIDER_FRONT_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "server/base/list.h"
#include "server/h2/conn.h"

struct exchange;
struct loop;
struct timer_queue;

/* What a session waits for; each has a time limit of its own. */
enum front_wait {
	FRONT_PREFACE,
	FRONT_HANDSHAKE,
	FRONT_SETTINGS, /* the client's first, or the acknowledgement of ours */
	FRONT_HEADER,	/* the rest of a header block */
	FRONT_WRITE,	/* the socket to take what is due */
	FRONT_IDLE,	/* a request */
	FRONT_LINGER,	/* the client to close after we have */
	FRONT_NOTHING,
	FRONT_WAITS
};

struct front_settings {
	struct h2_limits limits;
	size_t response_buffer; /* octets of a response taken ahead of the client */
	size_t max_connections;
	double wait[FRONT_WAITS]; /* seconds for each wait but NOTHING */
	double body_timeout;	  /* seconds without an octet of a body that is waited for */
	void *app;		  /* for the two functions */
	/* Sets handler, target and fallback of a new exchange. */
	void (*route)(void *app, struct exchange *);
	/* The exchange is over; it dies at return. */
	void (*done)(void *app, struct exchange *);
};

struct front {
	struct loop *loop;
	const struct front_settings *set;
	struct h2_env h2;
	struct timer_queue *timers[FRONT_WAITS], *body_timers;
	struct list listeners, sessions;
	size_t connections;
	uint32_t next_id;
	bool paused;   /* listeners do not accept for the moment */
	bool stopping; /* no new connections; ready when sessions is empty */
	void (*stopped)(
	    struct front *); /* called once when stopping and the last session has gone */
};

/* Settings and loop are borrowed. */
void front_init(struct front *, struct loop *, const struct front_settings *);
/* Adds a listening socket, which stays the caller's; CTX is NULL in the clear. */
void front_listen(struct front *, int fd, SSL_CTX *ctx);
/* No new connections; those that are there end gracefully (GOAWAY). */
void front_stop(struct front *, void (*stopped)(struct front *));
/* Ends all connections at once. */
void front_kill(struct front *);
/* Frees listeners; no session may be left. */
void front_clear(struct front *);

/* ---- between the files of this folder ---- */

struct http_connection;
struct session;
/* A new client; takes over the socket. */
void session_new(struct front *, int fd, SSL_CTX *ctx);
/* Accepts again when there is room for connections. */
void front_session_gone(struct front *);

#endif
