/* SPDX-License-Identifier: MIT */
/* The answer when there is no better one: the fallback of every exchange. */
#ifndef OUTRIDER_APP_ERRPAGE_H
#define OUTRIDER_APP_ERRPAGE_H

struct handler;

/* Answers with the exchange's `refusal`, or the status that fits `why`. */
extern const struct handler errpage_handler;

#endif
