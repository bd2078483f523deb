/* SPDX-License-Identifier: MIT */
/*
 * Decoding comes first, then dot segments: "%2e%2e/" is ".." to every file system, so it is here
 * too. Whatever would make the decoded path ambiguous is refused, never guessed at.
 */
#include "server/http/path.h"

#include "server/base/pool.h"

static enum path_verdict decode(struct text raw, char *to, size_t *len)
{
	size_t n = 0;

	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];

		if (c == '%') {
			int hi = i + 2 < raw.n ? ascii_hex(raw.p[i + 1]) : -1;
			int lo = i + 2 < raw.n ? ascii_hex(raw.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return PATH_BAD_ESCAPE;
			c = (char)(hi * 16 + lo);
			if (c == '/')
				return PATH_BAD_SLASH;
			i += 2;
		}
		if ((uint8_t)c < 0x20 || c == 0x7f)
			return PATH_BAD_OCTET;
		to[n++] = c;
	}
	*len = n;
	return PATH_OK;
}

/* Removes "", "." and ".." segments in place; keeps a slash at the end. */
static enum path_verdict remove_dots(char *p, size_t *len)
{
	size_t from = 0, to = 0, n = *len;

	while (from < n) {
		size_t start = from + 1, end = start; /* p[from] is '/' */

		while (end < n && p[end] != '/')
			end++;
		if (end - start == 2 && p[start] == '.' && p[start + 1] == '.') {
			if (to == 0)
				return PATH_ABOVE_ROOT;
			while (p[--to] != '/')
				;
			if (end == n)
				p[to++] = '/';
		} else if (end - start == 1 && p[start] == '.') {
			if (end == n)
				p[to++] = '/';
		} else if (end > start) {
			memmove(p + to, p + from, end - from);
			to += end - from;
		} else if (end == n) {
			p[to++] = '/';
		}
		from = end;
	}
	if (to == 0)
		p[to++] = '/';
	*len = to;
	return PATH_OK;
}

enum path_verdict path_parse(struct path *path, struct text target, struct pool *pool)
{
	struct text query = target;
	enum path_verdict v;
	size_t len;
	char *to;

	path->raw = text_cut(&query, '?');
	path->query = query;
	path->decoded = (struct text){NULL, 0};
	if (!path->raw.n || path->raw.p[0] != '/')
		return PATH_NOT_ABSOLUTE;
	to = pool_alloc(pool, path->raw.n + 2);
	v = decode(path->raw, to, &len);
	if (v == PATH_OK)
		v = remove_dots(to, &len);
	if (v != PATH_OK)
		return v;
	to[len] = '\0';
	path->decoded = (struct text){to, len};
	return PATH_OK;
}

const char *path_verdict_text(enum path_verdict v)
{
	static const char *const words[] = {
	    [PATH_OK] = "fine",
	    [PATH_BAD_ESCAPE] = "a % without two hexadecimal digits",
	    [PATH_BAD_OCTET] = "a control octet",
	    [PATH_BAD_SLASH] = "an encoded slash",
	    [PATH_ABOVE_ROOT] = "more .. than segments",
	    [PATH_NOT_ABSOLUTE] = "no / at its beginning",
	};

	return words[v];
}

struct text path_extension(struct text decoded)
{
	size_t slash = text_rfind(decoded, '/');
	struct text name = slash < decoded.n ? text_after(decoded, slash + 1) : decoded;
	size_t dot = text_rfind(name, '.');

	return dot < name.n ? text_after(name, dot) : (struct text){NULL, 0};
}
