/* SPDX-License-Identifier: MIT */
/*
 * Requests to a handler over a fake transport that writes down what it is told: "200 length=5
 * content-type=text/plain; fin", with " last" before the ; when no body follows, " reset WHY" in
 * place of " fin", or "refused 404". The body is taken by the test, at its pace.
 */
#ifndef OUTRIDER_TESTS_UNIT_FETCH_H
#define OUTRIDER_TESTS_UNIT_FETCH_H

#include "server/http/exchange.h"

struct loop;

enum { FETCH_PIPE = 65536, FETCH_MOST = 1024 * 1024 };

/* To whom requests go; set before the first. */
struct fetch {
	struct loop *loop;
	const struct handler *handler;
	const void *target;
	char trace[2048];
	char body[FETCH_MOST + 1];
	size_t body_n;
};
extern struct fetch fetch;

/* Starts a request, and with it a new trace and body. */
struct exchange *ask_with(const char *method, const char *path, const struct http_fields *);
struct exchange *ask(const char *method, const char *path);
/* Takes at most N octets of the body, then lets the handler write more. */
void drain(struct exchange *, size_t n);
/* The same in steps until the handler has finished. */
void drain_all(struct exchange *, size_t step);
/* The end of the exchange, which is aborted if the handler has not finished. */
void end(struct exchange *);

/* Compares the trace and forgets it. */
void ck_trace(const char *want);
/* Compares what was taken of the body. */
void ck_body(const void *want, size_t n);
/* Asks, takes all, ends, and compares the trace. */
void ck_get(const char *path, const char *want);

#endif
