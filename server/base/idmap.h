/* SPDX-License-Identifier: MIT */
/*
 * Map from a number to a pointer: open addressing, linear probing, deletion by moving back. Sized
 * for tens to thousands of entries; the caller bounds their number.
 */
#ifndef OUTRIDER_BASE_IDMAP_H
#define OUTRIDER_BASE_IDMAP_H

#include <stddef.h>
#include <stdint.h>

struct idmap_slot {
	uint32_t id;
	void *p; /* NULL: free */
};

struct idmap {
	struct idmap_slot *slots;
	uint32_t cap; /* a power of two, or 0 */
	uint32_t count;
};

/* A zero-filled map is empty and valid. */
void idmap_clear(struct idmap *);
void *idmap_get(const struct idmap *, uint32_t id);
/* The id must not be in the map; p must not be NULL. */
void idmap_put(struct idmap *, uint32_t id, void *p);
/* Removes and returns the entry; NULL when there is none. */
void *idmap_del(struct idmap *, uint32_t id);

#endif
