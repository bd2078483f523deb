/* SPDX-License-Identifier: MIT */
/*
 * Blocks of 4 KiB, filled from the front. The pool itself lies at the start of its first block,
 * so making and freeing one costs a push and a pop on the cache. What does not fit into the rest of
 * a block goes into the next one; only what is larger than a block gets memory of its own, hung on
 * the list `large`.
 */
#include "server/base/pool.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/log.h"

enum { BLOCK = 4096, ALIGN = 16 };

struct pool_block {
	struct pool_block *next;
	size_t size; /* of the whole block, this header included */
};

struct pool {
	struct pool_cache *cache;
	struct pool_block *blocks; /* newest first; the last one holds this structure */
	struct pool_block *large;
	char *at, *end; /* room left in the newest block */
	char *last;	/* newest allocation, for pool_extend */
	size_t size;
};

static size_t align_up(size_t n)
{
	return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static struct pool_block *block_new(struct pool_cache *cache)
{
	struct pool_block *b = cache->free;

	if (b) {
		cache->free = b->next;
		cache->count--;
		return b;
	}
	b = malloc(BLOCK);
	if (!b)
		oom();
	b->size = BLOCK;
	return b;
}

static void block_free(struct pool_cache *cache, struct pool_block *b)
{
	if (cache->count >= cache->max) {
		free(b);
		return;
	}
	b->next = cache->free;
	cache->free = b;
	cache->count++;
}

void pool_cache_init(struct pool_cache *cache, unsigned max)
{
	*cache = (struct pool_cache){.max = max};
}

void pool_cache_clear(struct pool_cache *cache)
{
	while (cache->free) {
		struct pool_block *b = cache->free;

		cache->free = b->next;
		free(b);
	}
	cache->count = 0;
}

struct pool *pool_new(struct pool_cache *cache)
{
	struct pool_block *b = block_new(cache);
	struct pool *p = (struct pool *)(void *)((char *)b + align_up(sizeof *b));

	b->next = NULL;
	*p = (struct pool){.cache = cache, .blocks = b, .size = BLOCK};
	p->at = (char *)p + align_up(sizeof *p);
	p->end = (char *)b + BLOCK;
	return p;
}

void pool_free(struct pool *p)
{
	struct pool_cache *cache;
	struct pool_block *b, *next;

	if (!p)
		return;
	cache = p->cache;
	for (b = p->large; b; b = next) {
		next = b->next;
		free(b);
	}
	for (b = p->blocks; b; b = next) {
		next = b->next;
		block_free(cache, b);
	}
}

static void *alloc_large(struct pool *p, size_t n)
{
	size_t head = align_up(sizeof(struct pool_block));
	struct pool_block *b;

	if (n > SIZE_MAX - head || !(b = malloc(head + n)))
		oom();
	b->size = head + n;
	b->next = p->large;
	p->large = b;
	p->size += head + n;
	return (char *)b + head;
}

static void add_block(struct pool *p)
{
	struct pool_block *b = block_new(p->cache);

	b->next = p->blocks;
	p->blocks = b;
	p->size += BLOCK;
	p->at = (char *)b + align_up(sizeof *b);
	p->end = (char *)b + BLOCK;
}

void *pool_alloc(struct pool *p, size_t n)
{
	void *r;

	if (n > (size_t)(p->end - p->at)) {
		if (n > BLOCK - align_up(sizeof(struct pool_block)))
			return alloc_large(p, n);
		add_block(p);
	}
	r = p->last = p->at;
	/* No two allocations share an address: pool_extend() relies on it. */
	n = align_up(n ? n : 1);
	p->at = n > (size_t)(p->end - p->at) ? p->end : p->at + n;
	return r;
}

void *pool_zalloc(struct pool *p, size_t n)
{
	return memset(pool_alloc(p, n), 0, n);
}

void *pool_extend(struct pool *p, void *old, size_t oldn, size_t n)
{
	void *r;

	if (old && old == p->last && n <= (size_t)(p->end - p->last)) {
		size_t want = align_up(n);

		p->at = want > (size_t)(p->end - p->last) ? p->end : p->last + want;
		return old;
	}
	r = pool_alloc(p, n);
	if (oldn)
		memcpy(r, old, oldn);
	return r;
}

char *pool_dup(struct pool *p, const void *from, size_t n)
{
	char *r = pool_alloc(p, n + 1);

	if (n)
		memcpy(r, from, n);
	r[n] = '\0';
	return r;
}

struct text pool_text(struct pool *p, struct text t)
{
	return (struct text){pool_dup(p, t.p, t.n), t.n};
}

struct text pool_join(struct pool *p, struct text a, struct text b)
{
	char *r = pool_alloc(p, a.n + b.n + 1);

	if (a.n)
		memcpy(r, a.p, a.n);
	if (b.n)
		memcpy(r + a.n, b.p, b.n);
	r[a.n + b.n] = '\0';
	return (struct text){r, a.n + b.n};
}

struct text pool_printf(struct pool *p, const char *fmt, ...)
{
	va_list ap;
	char *r;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return (struct text){"", 0};
	r = pool_alloc(p, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(r, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (struct text){r, (size_t)n};
}

size_t pool_size(const struct pool *p)
{
	return p->size;
}

void *heap_zalloc(size_t n, size_t size)
{
	void *r = calloc(n ? n : 1, size);

	if (!r)
		oom();
	return r;
}
