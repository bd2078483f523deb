/* SPDX-License-Identifier: MIT */
/*
 * A request body gathered before the application is asked: in memory while it is small, then in an
 * unlinked temporary file. So slow clients never hold an application, and an aborted upload never
 * runs one.
 */
#ifndef OUTRIDER_GATEWAY_SPOOL_H
#define OUTRIDER_GATEWAY_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "server/base/pipe.h"

enum { SPOOL_MEMORY = 128 * 1024 };

struct spool {
	struct pipe memory; /* all of the body, or what was read back from the file */
	int fd;		    /* -1: no file */
	uint64_t stored;    /* octets in the file */
	uint64_t fetched;   /* of these, read back */
	uint64_t total;	    /* octets that were put in */
};

void spool_init(struct spool *, struct chunk_cache *);
/* Frees memory and file; the spool may be used again only after spool_init(). */
void spool_clear(struct spool *);
/* Appends; -1 and errno when the temporary file cannot be made or written. */
int spool_put(struct spool *, const void *, size_t);
/* Borrows pieces from the front; -1 and errno when the file cannot be read. 0: nothing is left. */
int spool_peek(struct spool *, struct iovec *, int max);
void spool_take(struct spool *, size_t);
/* Whether all that was put in has been taken. */
bool spool_empty(const struct spool *);

#endif
