/* SPDX-License-Identifier: MIT */
/*
 * Bounded queue of octets between one producer and one consumer: the body of a request or of a
 * response. Its limit is the flow control: of a request it is the window that the peer was told,
 * of a response it is what is taken from the backend ahead of the client.
 *
 *     chunk   | headroom 9 | taken | payload | room |      16 KiB in all
 *                          ^off    ^end
 *
 * The headroom lets the consumer put a frame header in front of the payload and hand the whole to
 * the socket, or to TLS as one record, without copying.
 */
#ifndef OUTRIDER_BASE_PIPE_H
#define OUTRIDER_BASE_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum {
	CHUNK_SIZE = 16384,
	CHUNK_HEADROOM = 9, /* an HTTP/2 frame header, RFC 9113 section 4.1 */
	CHUNK_ROOM = CHUNK_SIZE - CHUNK_HEADROOM,
};

struct chunk {
	struct chunk *next;
	uint32_t off, end; /* payload is data[off..end) */
	uint8_t data[CHUNK_SIZE];
};

/* Free chunks, shared by all pipes of one loop. */
struct chunk_cache {
	struct chunk *free;
	unsigned count;
	unsigned max; /* chunks beyond it go back to malloc */
};

void chunk_cache_init(struct chunk_cache *, unsigned max);
void chunk_cache_clear(struct chunk_cache *);
/* An empty chunk, off = end = CHUNK_HEADROOM. Never NULL. */
struct chunk *chunk_get(struct chunk_cache *);
void chunk_put(struct chunk_cache *, struct chunk *);

struct pipe {
	struct chunk_cache *cache;
	struct chunk *head, *tail;
	struct chunk *spare; /* lent out between pipe_reserve() and pipe_commit() */
	size_t len, limit;   /* octets queued; most that may be */
	bool fin;	     /* producer is done */
	bool starved;	     /* producer was refused room; wake it once */
};

/* The cache is borrowed and must outlive the pipe. */
void pipe_init(struct pipe *, struct chunk_cache *, size_t limit);
/* Drops all octets and gives the chunks back; the pipe stays usable. */
void pipe_clear(struct pipe *);

/* Producer: octets that may be written now; 0 marks the pipe starved. */
size_t pipe_room(struct pipe *);
/* Copies at most N octets in, as many as there is room for; returns how many. */
size_t pipe_write(struct pipe *, const void *, size_t n);
/*
 * Lends room for reading straight into the queue: fills at most MAX entries with at most WANT
 * octets in all (and no more than pipe_room()), returns the number of entries. pipe_commit() must
 * follow, with the number of octets that were put there (0 is allowed), before any other verb.
 */
int pipe_reserve(struct pipe *, struct iovec *, int max, size_t want);
void pipe_commit(struct pipe *, size_t n);

/* Consumer: borrows at most MAX pieces from the front; returns their number. */
int pipe_peek(const struct pipe *, struct iovec *, int max);
/* Drops N octets from the front; N <= len. */
void pipe_take(struct pipe *, size_t n);
/* Takes the first chunk off the queue, payload and all; the caller owns it. NULL when empty. */
struct chunk *pipe_shift(struct pipe *);

#endif
