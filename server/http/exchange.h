/* SPDX-License-Identifier: MIT */
/*
 * The boundary: one request and its response, between a transport (HTTP/2, HTTP/1.1, a test) and a
 * handler (gateway, static files, error page). Neither knows the other; both know this file.
 *
 * Request and response run independently: a handler may respond before it reads and read after it
 * has responded. The order of its verbs is
 *
 *     inform* respond write* trailers? finish          or fail, at any time
 *
 * and anything else is a bug of ours (assert). After finish or fail the handler is detached: none
 * of its functions is called again, and it must not touch the exchange. Verbs never call back into
 * the handler; a transport calls it from the event loop only.
 *
 * Ownership: the transport owns the exchange, the exchange its pool and pipes; what hangs on `priv`
 * outside the pool is the handler's, given up before finish or fail, or in abort.
 */
#ifndef OUTRIDER_HTTP_EXCHANGE_H
#define OUTRIDER_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/pipe.h"
#include "server/base/text.h"
#include "server/http/head.h"
#include "server/http/path.h"

struct exchange;

enum xchg_phase { XCHG_OPEN, XCHG_RESPONDED, XCHG_TRAILED, XCHG_DONE };

enum xchg_why {
	XCHG_CLIENT_GONE,  /* reset, or its connection ended */
	XCHG_BACKEND_DOWN, /* 503: cannot be reached, or is over its limit */
	XCHG_BACKEND_BAD,  /* 502: died or spoke nonsense */
	XCHG_TIMEOUT,	   /* 504: no progress in time */
	XCHG_INTERNAL,	   /* 500 */
	XCHG_REFUSED,	   /* the status in `refusal`, decided before any backend was asked */
};

/* Facts of the connection that an exchange came by; constant while it lives. */
struct http_connection {
	struct text remote_addr, remote_port; /* empty for a Unix socket */
	struct text local_addr, local_port;
	struct text tls_protocol, tls_cipher; /* {NULL, 0} in the clear */
	bool tls;
	const char *protocol; /* SERVER_PROTOCOL: "HTTP/2.0" */
};

struct handler {
	const char *name;
	/* The head is complete, the body may still come. */
	void (*start)(struct exchange *);
	/* `in` has more, or has ended. NULL: not interested in the body. */
	void (*readable)(struct exchange *);
	/* `out` has room again after a refusal. NULL: never writes more than once. */
	void (*writable)(struct exchange *);
	/* Last call: release the backend. NULL: nothing to release. */
	void (*abort)(struct exchange *, enum xchg_why);
};

struct transport {
	/* An informational head (1xx), to be sent before anything else that waits. */
	void (*inform)(struct exchange *, const struct http_head *);
	/* The final head; `last` says that no body and no trailers follow. */
	void (*respond)(struct exchange *, const struct http_head *, bool last);
	/* `out` has octets, or has ended. */
	void (*wake)(struct exchange *);
	/* N octets of `in` were taken. */
	void (*credit)(struct exchange *, size_t n);
	/* Trailers, to follow the last octet of `out`. Borrowed until the exchange ends. */
	void (*trailers)(struct exchange *, const struct http_fields *);
	/* Ends the response so that the client cannot take it for complete. */
	void (*reset)(struct exchange *, enum xchg_why);
};

/* What the access log tells of an exchange. */
struct xchg_tally {
	double started, responded; /* loop times; responded is 0 before the final head */
	uint64_t sent;		   /* octets of response body given to the client */
	uint16_t status;	   /* final status, 0 before it */
	uint16_t informed;	   /* number of 1xx sent */
	uint16_t last_informed;	   /* the last of them */
	bool reset;		   /* ended by a reset */
};

struct exchange {
	struct pool *pool;			  /* everything of this request */
	const struct http_head *req;		  /* complete before start(); constant */
	const struct http_fields *req_trailers;	  /* set before in.fin; NULL: none */
	const struct http_connection *connection; /* borrowed from the transport */
	struct path path;			  /* of the request, normalised by the router */
	struct pipe in, out;			  /* bodies: request, response */
	const struct handler *handler;		  /* set by the router */
	const void *target;			  /* the handler's settings, set by the router */
	const struct handler *fallback;		  /* error page; takes over on early failure */
	void *priv;				  /* the handler's */
	const struct transport *transport;
	void *stream;	  /* the transport's */
	const void *site; /* the router's */
	struct xchg_tally tally;
	int64_t left; /* declared length still to be written, or -1 */
	enum xchg_phase phase;
	enum xchg_why why; /* why the exchange failed, if it did */
	uint16_t refusal;  /* status asked for by xchg_refuse() */
	bool detached;	   /* handler has let go: never call it again */
	bool bodyless;	   /* HEAD, 204, 304: what is written is swallowed */
	bool expects;	   /* the client awaits 100 (Continue) */
};

/* ---- transport's verbs ---- */

/* Fills a zeroed exchange; req and pool are set by the caller before. */
void xchg_init(struct exchange *, struct chunk_cache *, size_t in_limit, size_t out_limit);
/* Calls the handler's start(). */
void xchg_start(struct exchange *);
/* Puts body octets into `in`; there must be room (the window said so). */
void xchg_feed(struct exchange *, const void *, size_t);
/* The request body is complete; trailers may be NULL. */
void xchg_feed_end(struct exchange *, const struct http_fields *trailers);
/* `out` was drained: wakes the handler if it starved. */
void xchg_drained(struct exchange *);
/* Tells the handler that all is over; no effect when it is detached. */
void xchg_abort(struct exchange *, enum xchg_why);
/* Frees pipes and pool; the exchange itself lies in its pool. The handler must be detached. */
void xchg_clear(struct exchange *);

/* ---- handler's verbs ---- */

/* The handler is ready for the body: sends 100 (Continue) if the client awaits it. */
void xchg_want_body(struct exchange *);
/* Borrows pieces of the request body; xchg_take() drops them. */
int xchg_peek(const struct exchange *, struct iovec *, int max);
void xchg_take(struct exchange *, size_t);
/* Passes a 1xx head on; `head` dies at return. 100 is sent only to a client that awaits it. */
void xchg_inform(struct exchange *, const struct http_head *);
/*
 * The final head; it dies at return. With `last` no body follows. A Content-Length in
 * head->content_length is held against what is written: too little or too much is a reset.
 */
void xchg_respond(struct exchange *, const struct http_head *, bool last);
/* Octets that may be written; 0 marks the pipe starved, writable() will be called. */
size_t xchg_room(struct exchange *);
/* Writes to the body; returns how many octets were taken: all, or as many as there is room for. */
size_t xchg_write(struct exchange *, const void *, size_t);
/* Room to read(2) straight into the body, see pipe_reserve(); xchg_commit() must follow. */
int xchg_reserve(struct exchange *, struct iovec *, int max, size_t want);
void xchg_commit(struct exchange *, size_t);
/* Fields after the body; borrowed, must live in the exchange's pool. */
void xchg_trailers(struct exchange *, const struct http_fields *);
/* The response is complete; detaches the handler. */
void xchg_finish(struct exchange *);
/* Gives up: before respond the fallback answers, after it the client sees a reset. Detaches. */
void xchg_fail(struct exchange *, enum xchg_why);
/* As xchg_fail before respond, with a status of the caller's choice (413, 404, 403 ...). */
void xchg_refuse(struct exchange *, unsigned status);
/* A head of this status and no fields, on the stack. */
static inline struct http_head http_response(unsigned status)
{
	return (struct http_head){.status = status, .content_length = -1};
}

#endif
