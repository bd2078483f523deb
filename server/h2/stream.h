/* SPDX-License-Identifier: MIT */
/*
 * One stream: its state (RFC 9113 section 5.1), windows and what is to be sent on it.
 */
#ifndef OUTRIDER_H2_STREAM_H
#define OUTRIDER_H2_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "server/base/list.h"
#include "server/h2/errors.h"
#include "server/h2/flow.h"

struct pipe;
struct http_fields;

enum h2_state { H2_IDLE, H2_OPEN, H2_HALF_LOCAL, H2_HALF_REMOTE, H2_CLOSED, H2_STATES };

enum h2_input {
	H2_IN_HEADERS, /* HEADERS received, the first or trailers */
	H2_IN_DATA,
	H2_IN_END,    /* END_STREAM received */
	H2_IN_RESET,  /* RST_STREAM received */
	H2_IN_WINDOW, /* WINDOW_UPDATE received */
	H2_OUT_HEADERS,
	H2_OUT_END,
	H2_OUT_RESET,
	H2_INPUTS
};

/* What an input means in a state: fine, or an error of stream or connection. */
enum h2_verdict { H2_FINE, H2_IGNORE, H2_STREAM_ERROR, H2_CONNECTION_ERROR };

struct h2_stream {
	uint32_t id;
	enum h2_state state; /* assigned by h2_stream_move() only */
	struct h2_outflow send;
	struct h2_inflow recv;
	struct list ready;   /* on the scheduler's ring while it has something to send */
	struct list drained; /* on the connection's list of streams to tell about */
	struct list all;
	struct pipe *out;		    /* body to send; borrowed; NULL once released */
	const struct http_fields *trailers; /* to follow it; borrowed */
	void *user;			    /* the session's; NULL once released */
	uint32_t batch_no;		    /* the newest batch that holds frames of it */
	int64_t body_left; /* declared content-length still to come; -1: not declared */
	bool headers_sent; /* the final head is out */
	bool end_received; /* END_STREAM came */
	bool reset_sent;   /* RST_STREAM went out: frames in flight are ignored */
	bool released;	   /* the session has let go */
};

/*
 * The one door through which states change. H2_FINE moves the stream; anything else leaves it where
 * it is, and *err says what the peer did wrong.
 */
enum h2_verdict h2_stream_move(struct h2_stream *, enum h2_input, enum h2_err *err);

#endif
