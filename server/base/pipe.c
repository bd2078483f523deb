/* SPDX-License-Identifier: MIT */
/*
 * A chunk is on the queue only while it holds payload; the tail alone may have room. Reserved
 * room is the rest of the tail first, then fresh chunks kept aside in `spare` until the commit
 * says how many of them were used, so the queue never shows an empty chunk.
 */
#include "server/base/pipe.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/log.h"

void chunk_cache_init(struct chunk_cache *cache, unsigned max)
{
	*cache = (struct chunk_cache){.max = max};
}

void chunk_cache_clear(struct chunk_cache *cache)
{
	while (cache->free) {
		struct chunk *c = cache->free;

		cache->free = c->next;
		free(c);
	}
	cache->count = 0;
}

struct chunk *chunk_get(struct chunk_cache *cache)
{
	struct chunk *c = cache->free;

	if (c) {
		cache->free = c->next;
		cache->count--;
	} else {
		c = malloc(sizeof *c);
		if (!c)
			oom();
	}
	c->next = NULL;
	c->off = c->end = CHUNK_HEADROOM;
	return c;
}

void chunk_put(struct chunk_cache *cache, struct chunk *c)
{
	if (cache->count >= cache->max) {
		free(c);
		return;
	}
	c->next = cache->free;
	cache->free = c;
	cache->count++;
}

void pipe_init(struct pipe *p, struct chunk_cache *cache, size_t limit)
{
	*p = (struct pipe){.cache = cache, .limit = limit};
}

static void put_all(struct chunk_cache *cache, struct chunk *c)
{
	while (c) {
		struct chunk *next = c->next;

		chunk_put(cache, c);
		c = next;
	}
}

void pipe_clear(struct pipe *p)
{
	put_all(p->cache, p->head);
	put_all(p->cache, p->spare);
	p->head = p->tail = p->spare = NULL;
	p->len = 0;
}

size_t pipe_room(struct pipe *p)
{
	size_t room = p->len < p->limit ? p->limit - p->len : 0;

	if (!room)
		p->starved = true;
	return room;
}

static void append(struct pipe *p, struct chunk *c)
{
	if (p->tail)
		p->tail->next = c;
	else
		p->head = c;
	p->tail = c;
}

size_t pipe_write(struct pipe *p, const void *from, size_t n)
{
	const uint8_t *at = from;
	size_t room = pipe_room(p), left;

	if (n > room)
		n = room;
	for (left = n; left;) {
		struct chunk *c = p->tail;
		size_t part;

		if (!c || c->end == CHUNK_SIZE) {
			c = chunk_get(p->cache);
			append(p, c);
		}
		part = CHUNK_SIZE - c->end;
		if (part > left)
			part = left;
		memcpy(c->data + c->end, at, part);
		c->end += (uint32_t)part;
		at += part;
		left -= part;
	}
	p->len += n;
	return n;
}

static void lend(struct iovec *v, struct chunk *c, size_t *want)
{
	size_t room = CHUNK_SIZE - c->end;

	if (room > *want)
		room = *want;
	*v = (struct iovec){c->data + c->end, room};
	*want -= room;
}

int pipe_reserve(struct pipe *p, struct iovec *v, int max, size_t want)
{
	size_t room = pipe_room(p);
	struct chunk **link = &p->spare;
	int n = 0;

	assert(!p->spare);
	if (want > room)
		want = room;
	if (want && max && p->tail && p->tail->end < CHUNK_SIZE)
		lend(&v[n++], p->tail, &want);
	while (want && n < max) {
		*link = chunk_get(p->cache);
		lend(&v[n++], *link, &want);
		link = &(*link)->next;
	}
	return n;
}

void pipe_commit(struct pipe *p, size_t n)
{
	struct chunk *spare = p->spare;

	p->spare = NULL;
	p->len += n;
	if (n && p->tail && p->tail->end < CHUNK_SIZE) {
		size_t part = CHUNK_SIZE - p->tail->end;

		if (part > n)
			part = n;
		p->tail->end += (uint32_t)part;
		n -= part;
	}
	while (n) {
		struct chunk *c = spare;
		size_t part = n < CHUNK_ROOM ? n : CHUNK_ROOM;

		assert(c);
		spare = c->next;
		c->next = NULL;
		c->end += (uint32_t)part;
		n -= part;
		append(p, c);
	}
	put_all(p->cache, spare);
}

int pipe_peek(const struct pipe *p, struct iovec *v, int max)
{
	int n = 0;

	for (struct chunk *c = p->head; c && n < max; c = c->next)
		v[n++] = (struct iovec){c->data + c->off, c->end - c->off};
	return n;
}

struct chunk *pipe_shift(struct pipe *p)
{
	struct chunk *c = p->head;

	if (!c)
		return NULL;
	p->head = c->next;
	if (!p->head)
		p->tail = NULL;
	c->next = NULL;
	p->len -= c->end - c->off;
	return c;
}

void pipe_take(struct pipe *p, size_t n)
{
	assert(n <= p->len);
	while (n) {
		struct chunk *c = p->head;
		size_t part = c->end - c->off;

		if (part > n) {
			c->off += (uint32_t)n;
			p->len -= n;
			return;
		}
		n -= part;
		chunk_put(p->cache, pipe_shift(p));
	}
}
