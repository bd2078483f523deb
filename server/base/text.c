/* SPDX-License-Identifier: MIT */
/* Small operations on octets; all ASCII, none depends on the locale. */
#include "server/base/text.h"

bool text_same(struct text a, struct text b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	}
	return true;
}

size_t text_find(struct text t, char c)
{
	const char *at = t.n ? memchr(t.p, c, t.n) : NULL;

	return at ? (size_t)(at - t.p) : t.n;
}

size_t text_rfind(struct text t, char c)
{
	for (size_t i = t.n; i > 0; i--) {
		if (t.p[i - 1] == c)
			return i - 1;
	}
	return t.n;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

struct text text_trim(struct text t)
{
	while (t.n && blank(t.p[0])) {
		t.p++;
		t.n--;
	}
	while (t.n && blank(t.p[t.n - 1]))
		t.n--;
	return t;
}

struct text text_cut(struct text *rest, char sep)
{
	size_t at = text_find(*rest, sep);
	struct text piece = {rest->p, at};

	if (at < rest->n)
		*rest = text_after(*rest, at + 1);
	else
		*rest = (struct text){NULL, 0};
	return piece;
}

int text_u64(struct text t, uint64_t max, uint64_t *v)
{
	uint64_t r = 0;

	if (t.n == 0)
		return -1;
	for (size_t i = 0; i < t.n; i++) {
		uint64_t d;

		if (!ascii_digit(t.p[i]))
			return -1;
		d = (uint64_t)(t.p[i] - '0');
		if (r > max / 10 || (r == max / 10 && d > max % 10))
			return -1;
		r = r * 10 + d;
	}
	*v = r;
	return 0;
}

size_t text_put_u64(char *buf, uint64_t v)
{
	char tmp[20];
	size_t n = 0;

	do {
		tmp[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	for (size_t i = 0; i < n; i++)
		buf[i] = tmp[n - 1 - i];
	return n;
}

/* The escaped form of one octet; returns its length. */
static size_t escape_octet(char *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char plain[] = "\n\r\t\\", letter[] = "nrt\\";
	const char *at = c ? strchr(plain, c) : NULL;

	if (at) {
		to[0] = '\\';
		to[1] = letter[at - plain];
		return 2;
	}
	if (c >= 0x20 && c < 0x7f) {
		to[0] = (char)c;
		return 1;
	}
	to[0] = '\\';
	to[1] = 'x';
	to[2] = hex[c >> 4];
	to[3] = hex[c & 15];
	return 4;
}

const char *text_escape(char *buf, size_t cap, struct text t)
{
	size_t at = 0, cut = 0; /* cut: the last place that leaves room for "..." */

	for (size_t i = 0; i < t.n; i++) {
		char one[4];
		size_t n = escape_octet(one, (unsigned char)t.p[i]);

		if (at + n + 1 > cap) {
			at = cut;
			if (at + 4 <= cap) {
				memcpy(buf + at, "...", 3);
				at += 3;
			}
			break;
		}
		memcpy(buf + at, one, n);
		at += n;
		if (at + 4 <= cap)
			cut = at;
	}
	buf[at] = '\0';
	return buf;
}
