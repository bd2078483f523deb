/* SPDX-License-Identifier: MIT */
/*
 * A pool of FastCGI applications: addresses, connections in use and kept ones, and a queue for
 * requests when all that may be open are busy. One per [fastcgi] section and worker.
 */
#ifndef OUTRIDER_GATEWAY_FCGI_POOL_H
#define OUTRIDER_GATEWAY_FCGI_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "server/io/sock.h"

struct fcgi_pool;
struct gate;
struct loop;

struct fcgi_pool_settings {
	const char *name;
	struct sock_addr addrs[SOCK_ADDRS]; /* of one application; tried in turn */
	int addr_count;
	unsigned keep;		  /* idle connections that are kept; 0: a connection a request */
	unsigned max_connections; /* open at one time */
	unsigned queue;		  /* requests that may wait for a connection */
	double connect_timeout;	  /* seconds to establish a connection */
	double queue_timeout;	  /* seconds a request may wait */
	double keep_timeout;	  /* seconds an idle connection is kept */
};

/* Settings are borrowed and must outlive the pool. */
struct fcgi_pool *fcgi_pool_new(struct loop *, const struct fcgi_pool_settings *);
/* Closes idle connections; none may be in use. */
void fcgi_pool_free(struct fcgi_pool *);

/* Serves a request: on a kept connection, a new one, or later. May fail the gate at once. */
void fcgi_serve(struct fcgi_pool *, struct gate *);

#endif
