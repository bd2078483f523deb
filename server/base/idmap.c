/* SPDX-License-Identifier: MIT */
/* Kept at most half full, so that probe sequences stay short. */
#include "server/base/idmap.h"

#include <assert.h>
#include <stdlib.h>

#include "server/base/log.h"
#include "server/base/pool.h"

static uint32_t home(const struct idmap *m, uint32_t id)
{
	return (id * UINT32_C(2654435769)) >> 7 & (m->cap - 1);
}

static uint32_t locate(const struct idmap *m, uint32_t id)
{
	uint32_t i = home(m, id);

	while (m->slots[i].p && m->slots[i].id != id)
		i = (i + 1) & (m->cap - 1);
	return i;
}

void idmap_clear(struct idmap *m)
{
	free(m->slots);
	*m = (struct idmap){0};
}

void *idmap_get(const struct idmap *m, uint32_t id)
{
	return m->count ? m->slots[locate(m, id)].p : NULL;
}

static void grow(struct idmap *m)
{
	struct idmap old = *m;

	m->cap = old.cap ? old.cap * 2 : 16;
	m->slots = heap_zalloc(m->cap, sizeof *m->slots);
	for (uint32_t i = 0; i < old.cap; i++) {
		if (old.slots[i].p)
			m->slots[locate(m, old.slots[i].id)] = old.slots[i];
	}
	free(old.slots);
}

void idmap_put(struct idmap *m, uint32_t id, void *p)
{
	uint32_t i;

	assert(p);
	if ((m->count + 1) * 2 > m->cap)
		grow(m);
	i = locate(m, id);
	assert(!m->slots[i].p);
	m->slots[i] = (struct idmap_slot){id, p};
	m->count++;
}

void *idmap_del(struct idmap *m, uint32_t id)
{
	uint32_t hole, i, mask = m->cap - 1;
	void *p;

	if (!m->count)
		return NULL;
	hole = locate(m, id);
	p = m->slots[hole].p;
	if (!p)
		return NULL;
	for (i = (hole + 1) & mask; m->slots[i].p; i = (i + 1) & mask) {
		uint32_t h = home(m, m->slots[i].id);

		/* Move back what could not be found past the hole. */
		if (((i - h) & mask) >= ((i - hole) & mask)) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole].p = NULL;
	m->count--;
	return p;
}
