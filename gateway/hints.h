/* SPDX-License-Identifier: MIT */
/*
 * Which informational heads of an application go to the client, and what of them is carried into
 * the final head. The one place with rules for 1xx.
 */
#ifndef OUTRIDER_GATEWAY_HINTS_H
#define OUTRIDER_GATEWAY_HINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "server/http/head.h"

struct pool;

struct hints {
	struct http_fields links; /* Link fields of the 103s so far; in the pool */
	size_t octets;		  /* of all 1xx heads so far */
	bool dropped;		  /* some were over the limit */
};

enum hints_verdict {
	HINTS_PASS,
	HINTS_DROP, /* not for this client */
	HINTS_OVER, /* the first one beyond the limit: to be logged */
};

/*
 * Judges a 1xx head. 100 passes (whether the client awaits it is known to the exchange); 101 never
 * does here; the rest passes while `pass` is on and all heads together stay within MAX octets. Link
 * fields of a 103 are copied into POOL when `carry` is on, whether it passes or not.
 */
enum hints_verdict hints_judge(struct hints *, const struct http_head *, struct pool *, bool pass,
			       bool carry, size_t max);
/* Adds the remembered Link fields to the final head, except those it has already. */
void hints_carry(const struct hints *, struct http_head *final, struct pool *);

#endif
