/* SPDX-License-Identifier: MIT */
/* Flow-control windows (RFC 9113 section 5.2, 6.9), one small object for each direction. */
#ifndef OUTRIDER_H2_FLOW_H
#define OUTRIDER_H2_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "server/h2/frame.h"

/* What the peer lets us send; may be negative after a SETTINGS change (section 6.9.2). */
struct h2_outflow {
	int64_t window;
};

/* Adds a WINDOW_UPDATE or a change of the initial size; false: above 2^31-1 (section 6.9.1). */
static inline bool h2_outflow_add(struct h2_outflow *f, int64_t n)
{
	if (f->window + n > H2_WINDOW_LIMIT)
		return false;
	f->window += n;
	return true;
}

/* What we let the peer send. */
struct h2_inflow {
	int64_t window; /* what the peer may still send */
	int64_t owed;	/* consumed, but not yet given back to the peer */
	int64_t limit;	/* window when nothing is in flight */
};

/* Accounts received octets; false: the peer sent more than it was allowed. */
static inline bool h2_inflow_take(struct h2_inflow *f, int64_t n)
{
	if (n > f->window)
		return false;
	f->window -= n;
	return true;
}

/*
 * Gives octets back. Returns the increment for a WINDOW_UPDATE, or 0 as long as half of the limit
 * is still open to the peer: one update for many DATA frames.
 */
static inline uint32_t h2_inflow_give(struct h2_inflow *f, int64_t n)
{
	uint32_t r;

	f->owed += n;
	if (f->owed * 2 < f->limit)
		return 0;
	r = (uint32_t)f->owed;
	f->window += f->owed;
	f->owed = 0;
	return r;
}

#endif
