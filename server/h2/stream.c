/* SPDX-License-Identifier: MIT */
/*
 * The state machine of RFC 9113 section 5.1 as a table: state × input → next state and verdict. A
 * server that does not push has no reserved states. Inputs named OUT are our own doing: a wrong one
 * is a bug of ours and ends in an assertion.
 *
 *                  recv HEADERS
 *           idle ───────────────→ open
 *                     ┌── recv END ──┴── send END ──┐
 *              half-closed (remote)        half-closed (local)
 *                     └── send END ──┬── recv END ──┘
 *                                 closed      (or RST_STREAM, either way, from all but idle)
 */
#include "server/h2/stream.h"

#include <assert.h>

struct cell {
	enum h2_state next;
	enum h2_verdict verdict;
	enum h2_err err;
};

#define GO(state)                             \
	{                                     \
		(state), H2_FINE, H2_NO_ERROR \
	}
#define SKIP                                      \
	{                                         \
		H2_CLOSED, H2_IGNORE, H2_NO_ERROR \
	}
#define CONN(error)                                     \
	{                                               \
		H2_CLOSED, H2_CONNECTION_ERROR, (error) \
	}
#define STRM(error)                                 \
	{                                           \
		H2_CLOSED, H2_STREAM_ERROR, (error) \
	}
#define BUG CONN(H2_INTERNAL_ERROR)

static const struct cell table[H2_STATES][H2_INPUTS] = {
    [H2_IDLE] =
	{
	    /* "Receiving any frame other than HEADERS or PRIORITY on a stream in this state MUST be
	     * treated as a connection error of type PROTOCOL_ERROR." */
	    [H2_IN_HEADERS] = GO(H2_OPEN),
	    [H2_IN_DATA] = CONN(H2_PROTOCOL_ERROR),
	    [H2_IN_END] = CONN(H2_PROTOCOL_ERROR),
	    [H2_IN_RESET] = CONN(H2_PROTOCOL_ERROR),
	    [H2_IN_WINDOW] = CONN(H2_PROTOCOL_ERROR),
	    [H2_OUT_HEADERS] = BUG,
	    [H2_OUT_END] = BUG,
	    [H2_OUT_RESET] = BUG,
	},
    [H2_OPEN] =
	{
	    /* "may be used by both peers to send frames of any type" */
	    [H2_IN_HEADERS] = GO(H2_OPEN),
	    [H2_IN_DATA] = GO(H2_OPEN),
	    [H2_IN_END] = GO(H2_HALF_REMOTE),
	    [H2_IN_RESET] = GO(H2_CLOSED),
	    [H2_IN_WINDOW] = GO(H2_OPEN),
	    [H2_OUT_HEADERS] = GO(H2_OPEN),
	    [H2_OUT_END] = GO(H2_HALF_LOCAL),
	    [H2_OUT_RESET] = GO(H2_CLOSED),
	},
    [H2_HALF_LOCAL] =
	{
	    /* "cannot be used for sending frames other than WINDOW_UPDATE, PRIORITY, and
	       RST_STREAM" */
	    [H2_IN_HEADERS] = GO(H2_HALF_LOCAL),
	    [H2_IN_DATA] = GO(H2_HALF_LOCAL),
	    [H2_IN_END] = GO(H2_CLOSED),
	    [H2_IN_RESET] = GO(H2_CLOSED),
	    [H2_IN_WINDOW] = GO(H2_HALF_LOCAL),
	    [H2_OUT_HEADERS] = BUG,
	    [H2_OUT_END] = BUG,
	    [H2_OUT_RESET] = GO(H2_CLOSED),
	},
    [H2_HALF_REMOTE] =
	{
	    /* "If an endpoint receives additional frames, other than WINDOW_UPDATE, PRIORITY, or
	     * RST_STREAM, for a stream that is in this state, it MUST respond with a stream error
	     * of type STREAM_CLOSED." */
	    [H2_IN_HEADERS] = STRM(H2_STREAM_CLOSED),
	    [H2_IN_DATA] = STRM(H2_STREAM_CLOSED),
	    [H2_IN_END] = STRM(H2_STREAM_CLOSED),
	    [H2_IN_RESET] = GO(H2_CLOSED),
	    [H2_IN_WINDOW] = GO(H2_HALF_REMOTE),
	    [H2_OUT_HEADERS] = GO(H2_HALF_REMOTE),
	    [H2_OUT_END] = GO(H2_CLOSED),
	    [H2_OUT_RESET] = GO(H2_CLOSED),
	},
    [H2_CLOSED] =
	{
	    /* "An endpoint that sends RST_STREAM must be prepared to receive frames in flight"; the
	     * other ways to be closed are told apart by the connection, which remembers them. */
	    [H2_IN_HEADERS] = CONN(H2_STREAM_CLOSED),
	    [H2_IN_DATA] = STRM(H2_STREAM_CLOSED),
	    [H2_IN_END] = STRM(H2_STREAM_CLOSED),
	    [H2_IN_RESET] = SKIP,
	    [H2_IN_WINDOW] = SKIP,
	    [H2_OUT_HEADERS] = BUG,
	    [H2_OUT_END] = BUG,
	    [H2_OUT_RESET] = BUG,
	},
};

enum h2_verdict h2_stream_move(struct h2_stream *s, enum h2_input in, enum h2_err *err)
{
	const struct cell *c = &table[s->state][in];

	assert(c->verdict == H2_FINE || in < H2_OUT_HEADERS);
	if (c->verdict == H2_FINE)
		s->state = c->next;
	*err = c->err;
	return c->verdict;
}
