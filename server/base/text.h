/* SPDX-License-Identifier: MIT */
/*
 * Text that knows its length. What comes from a peer is never assumed to end in NUL; the octets
 * are borrowed, their owner is said where a text is stored.
 */
#ifndef OUTRIDER_BASE_TEXT_H
#define OUTRIDER_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
	const char *p;
	size_t n;
};

/* Text of a string literal; of a NUL-terminated string. */
#define TEXT(lit) ((struct text){("" lit), sizeof(lit) - 1})
static inline struct text text_of(const char *s)
{
	return (struct text){s, s ? strlen(s) : 0};
}

static inline bool text_eq(struct text a, struct text b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Whether the text is exactly the literal. */
#define text_is(t, lit) text_eq((t), TEXT(lit))

static inline bool text_starts(struct text t, struct text with)
{
	return t.n >= with.n && (with.n == 0 || memcmp(t.p, with.p, with.n) == 0);
}

static inline bool text_ends(struct text t, struct text with)
{
	return t.n >= with.n && (with.n == 0 || memcmp(t.p + t.n - with.n, with.p, with.n) == 0);
}

/* The text without its first N octets; N <= t.n. */
static inline struct text text_after(struct text t, size_t n)
{
	return (struct text){t.p + n, t.n - n};
}

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline bool ascii_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Value of a hexadecimal digit, -1 for any other octet. */
static inline int ascii_hex(char c)
{
	if (ascii_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Equality and search without regard to ASCII case. */
bool text_same(struct text, struct text);
/* Position of an octet, t.n when it does not occur. */
size_t text_find(struct text, char);
/* Position of the last such octet, t.n when it does not occur. */
size_t text_rfind(struct text, char);
/* The text without spaces and tabs at both ends. */
struct text text_trim(struct text);
/* Cuts the first piece up to SEP off *rest; the separator goes. At the end *rest is {NULL, 0}. */
struct text text_cut(struct text *rest, char sep);
/* Digits only, no sign, all of the text: 0; anything else, or above MAX: -1 and *v untouched. */
int text_u64(struct text, uint64_t max, uint64_t *v);

/* Writes a decimal number to BUF (at least 20 octets) without NUL; returns its length. */
size_t text_put_u64(char *buf, uint64_t v);

/*
 * Makes octets of a peer fit for a log line: printable ASCII stays, the rest becomes \n, \r, \t,
 * \\ or \xHH. Writes at most CAP octets, NUL included ("..." marks a cut), and returns BUF.
 */
const char *text_escape(char *buf, size_t cap, struct text);

#endif
