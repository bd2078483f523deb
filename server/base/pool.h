/* SPDX-License-Identifier: MIT */
/*
 * Arena for everything that lives as long as one request.
 *
 * Memory comes in 4 KiB blocks from a cache that the event loop owns, so a request in steady
 * state calls malloc not once. Allocations cannot fail: whoever allocates on behalf of a peer has
 * bounded the size before. Nothing is freed singly; pool_free() gives all back.
 */
#ifndef OUTRIDER_BASE_POOL_H
#define OUTRIDER_BASE_POOL_H

#include <stddef.h>

#include "server/base/text.h"

struct pool;
struct pool_block;

/* Free blocks kept for reuse. Zero-initialised by pool_cache_init(); one per loop, not shared. */
struct pool_cache {
	struct pool_block *free;
	unsigned count; /* blocks on the free list */
	unsigned max;	/* blocks beyond it go back to malloc */
};

void pool_cache_init(struct pool_cache *, unsigned max);
void pool_cache_clear(struct pool_cache *);

/* A new pool; the cache must outlive it. */
struct pool *pool_new(struct pool_cache *);
/* Frees the pool and all that was allocated from it; NULL is allowed. */
void pool_free(struct pool *);

/* N octets, aligned for any type, not initialised. Never NULL. */
void *pool_alloc(struct pool *, size_t n);
/* As pool_alloc, filled with zero. */
void *pool_zalloc(struct pool *, size_t n);
/* Grows an allocation of OLD octets to N >= OLD: in place when it is the newest, else by copy. */
void *pool_extend(struct pool *, void *p, size_t old, size_t n);
/* A copy of N octets, followed by a NUL that is not counted. */
char *pool_dup(struct pool *, const void *, size_t n);
struct text pool_text(struct pool *, struct text);
/* Both texts in one, NUL-terminated. */
struct text pool_join(struct pool *, struct text, struct text);
/* The NUL-terminated result of formatting. */
struct text pool_printf(struct pool *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Octets taken from the system by this pool, for tests and limits. */
size_t pool_size(const struct pool *);

/* Zeroed memory of malloc(3) for N things of SIZE octets; never NULL. free(3) gives it back. */
void *heap_zalloc(size_t n, size_t size);

#endif
