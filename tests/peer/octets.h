/* SPDX-License-Identifier: MIT */
/* A growing string of octets, for tests. */
#ifndef OUTRIDER_TESTS_PEER_OCTETS_H
#define OUTRIDER_TESTS_PEER_OCTETS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct octets {
	uint8_t *p;
	size_t n, cap;
};

/* Room for N octets at the end; octets_used() follows. */
static inline uint8_t *octets_room(struct octets *o, size_t n)
{
	if (o->cap - o->n < n || !o->p) {
		o->cap = (o->cap + n) * 2 + 64;
		o->p = realloc(o->p, o->cap);
		if (!o->p)
			abort();
	}
	return o->p + o->n;
}

static inline void octets_used(struct octets *o, size_t n)
{
	o->n += n;
}

static inline void octets_add(struct octets *o, const void *p, size_t n)
{
	if (n)
		memcpy(octets_room(o, n), p, n);
	o->n += n;
}

/* Drops N octets from the front. */
static inline void octets_drop(struct octets *o, size_t n)
{
	o->n -= n;
	if (o->n)
		memmove(o->p, o->p + n, o->n);
}

static inline void octets_clear(struct octets *o)
{
	free(o->p);
	*o = (struct octets){0};
}

/* Appends formatted text, which stays NUL-terminated. */
__attribute__((format(printf, 2, 3))) static inline void octets_print(struct octets *o,
								      const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	va_start(ap, fmt);
	vsnprintf((char *)octets_room(o, (size_t)n + 1), (size_t)n + 1, fmt, ap);
	va_end(ap);
	o->n += (size_t)n;
}

#endif
