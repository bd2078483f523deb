/* SPDX-License-Identifier: MIT */
/*
 * The server side of an HTTP/2 connection (RFC 9113) without I/O: octets in, events out; what to
 * send is asked for. The engine is never re-entered: it calls nobody.
 *
 *     received octets → h2_recv() → events      h2_respond() ... → h2_send() → octets to write
 *
 * A stream that has become a request belongs to two: the engine, which frees it, and the session,
 * which holds it until h2_release(). Until then it counts against SETTINGS_MAX_CONCURRENT_STREAMS,
 * whatever its state, so that a client which resets its streams cannot start more backend work than
 * it may have open.
 */
#ifndef OUTRIDER_H2_CONN_H
#define OUTRIDER_H2_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "server/h2/errors.h"

struct chunk_cache;
struct h2_conn;
struct h2_stream;
struct http_fields;
struct http_head;
struct pipe;
struct pool;
struct pool_cache;
struct text;

/* Limits of ours; the same for all connections of a listener, constant while they live. */
struct h2_limits {
	uint32_t max_streams;	    /* SETTINGS_MAX_CONCURRENT_STREAMS */
	uint32_t stream_window;	    /* SETTINGS_INITIAL_WINDOW_SIZE, at least 65,535 */
	uint32_t connection_window; /* at least 65,535 */
	uint32_t max_header_list;   /* SETTINGS_MAX_HEADER_LIST_SIZE, octets */
	uint32_t header_table;	    /* SETTINGS_HEADER_TABLE_SIZE, and most for our encoder */
};

/* What the engine borrows for its whole life. */
struct h2_env {
	const struct h2_limits *limits;
	struct pool_cache *pools;
	struct chunk_cache *chunks;
	const struct text *date; /* Date for responses without one; NULL: none is added */
};

enum h2_event_kind {
	H2_EV_NONE,	/* all input was used */
	H2_EV_REQUEST,	/* stream, pool and head are the receiver's now; `end`: there is no body */
	H2_EV_DATA,	/* user, data, len; `end`: that was all (len may be 0) */
	H2_EV_TRAILERS, /* user, trailers and the pool they lie in, taken over; the body has ended
			 */
	H2_EV_RESET,  /* user; the stream is closed, by the client or for an error of the client */
	H2_EV_GOAWAY, /* the client will open no more streams */
	H2_EV_DEAD,   /* the connection has failed: send what is there, then close */
};

struct h2_event {
	enum h2_event_kind kind;
	struct h2_stream *stream;
	void *user;		/* as given to h2_attach() */
	struct pool *pool;	/* of REQUEST and TRAILERS: taken over */
	struct http_head *head; /* in that pool */
	const struct http_fields *trailers;
	const uint8_t *data; /* borrowed from the input */
	size_t len;
	enum h2_err err; /* of RESET and DEAD */
	bool end;
};

/* A new connection whose first output is our SETTINGS; ID marks its trace lines. */
struct h2_conn *h2_conn_new(const struct h2_env *, uint32_t id);
/* Frees all; every stream must have been released. */
void h2_conn_free(struct h2_conn *);

/*
 * Consumes input up to the next event; returns the octets taken. Slices in the event die at the
 * next call. After H2_EV_DEAD all further input is swallowed.
 */
size_t h2_recv(struct h2_conn *, const uint8_t *, size_t, struct h2_event *);

/*
 * What may be sent now, in at most MAX pieces (at least 4); 0: nothing. Write it, then tell with
 * h2_sent() how many octets went out, before any other call.
 */
int h2_send(struct h2_conn *, struct iovec *, int max);
void h2_sent(struct h2_conn *, size_t);
/* The next stream whose body moved on, or which has ended, since it was last asked for; NULL: none.
 */
struct h2_stream *h2_next_drained(struct h2_conn *);

/* Ties the session's object and the response body to a new stream; both are borrowed. */
void h2_attach(struct h2_stream *, void *user, struct pipe *out);
void *h2_stream_user(const struct h2_stream *);
uint32_t h2_stream_id(const struct h2_stream *);
/* Whether both directions are finished or the stream was reset. */
bool h2_stream_closed(const struct h2_stream *);
/* Whether everything that the response consists of has been handed to h2_send(). */
bool h2_stream_response_sent(const struct h2_stream *);
/*
 * The session lets go; user, pipe and trailers are forgotten. An open stream is ended: by
 * RST_STREAM(NO_ERROR) when the response is complete (RFC 9113 section 8.1), else by CANCEL.
 */
void h2_release(struct h2_conn *, struct h2_stream *);

/* The verbs of a response; on a closed stream they do nothing. The head dies at return. */
void h2_inform(struct h2_conn *, struct h2_stream *, const struct http_head *);
void h2_respond(struct h2_conn *, struct h2_stream *, const struct http_head *, bool last);
/* The pipe has more, or has ended. */
void h2_wake(struct h2_conn *, struct h2_stream *);
/* To follow the body; borrowed until the stream is released. */
void h2_trailers(struct h2_conn *, struct h2_stream *, const struct http_fields *);
void h2_reset(struct h2_conn *, struct h2_stream *, enum h2_err);
/* N octets of the request body were consumed. */
void h2_credit(struct h2_conn *, struct h2_stream *, size_t n);

/*
 * Ends the connection in two steps (RFC 9113 section 6.8): the first call tells the client to stop,
 * the second names the last stream that is served. h2_idle() says when nothing is left to be
 * served.
 */
void h2_shutdown(struct h2_conn *);
/* Ends it for an error: GOAWAY is queued, streams are dead; WHY goes to client and log. */
void h2_fail(struct h2_conn *, enum h2_err, const char *why);

/* ---- what a session watches ---- */

uint32_t h2_open_streams(const struct h2_conn *); /* not yet released */
bool h2_settings_received(const struct h2_conn *);
bool h2_settings_acked(const struct h2_conn *);
bool h2_in_header_block(const struct h2_conn *);  /* CONTINUATION is awaited, or part of HEADERS */
size_t h2_control_queued(const struct h2_conn *); /* octets of control frames not yet sent */
bool h2_shutting_down(const struct h2_conn *);
bool h2_failed(const struct h2_conn *);

#endif
