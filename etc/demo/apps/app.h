/* SPDX-License-Identifier: MIT */
/*
 * What the sample FastCGI programs share. Each is started with the listening socket as descriptor 0
 * and answers one request after the other; several processes may accept on one socket.
 */
#ifndef OUTRIDER_DEMO_APP_H
#define OUTRIDER_DEMO_APP_H

#include <stdbool.h>

#include <fcgiapp.h>

/* Calls ANSWER for each request, for ever; returns 1 when that is not possible. */
int app_serve(void (*answer)(FCGX_Request *));

/* A variable of the request; "" when there is none. */
const char *app_var(const FCGX_Request *, const char *name);
/* The number that follows KEY= in the query string; OTHERWISE when there is none. */
double app_query(const FCGX_Request *, const char *key, double otherwise);
/* Whether the query string has KEY=VALUE. */
bool app_query_is(const FCGX_Request *, const char *key, const char *value);

/* Octets of the request body as they arrive: waits for one, then takes what came along with it.
 * FCGX_GetStr() alone would wait until the buffer is full. 0 at the end. */
int app_read(FCGX_Request *, char *to, int room);

/* Writes text with < > & " made safe for HTML. */
void app_put_escaped(FCGX_Request *, const char *);
/* Sends what was written so far to the client. */
void app_flush(FCGX_Request *);

/* Seconds on a steady clock; sleeping. */
double app_now(void);
void app_sleep(double seconds);

#endif
