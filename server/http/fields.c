/* SPDX-License-Identifier: MIT */
/*
 * The token table is sorted by length, so a name is compared only with the few names of its own
 * length; `first` says where each length begins.
 */
#include "server/http/fields.h"

#include "server/base/pool.h"

enum { NAME_MAX_TOKEN = 19 };

static const struct text names[HTTP_TOKEN_COUNT] = {{"", 0},
#define X(id, name) {name, sizeof(name) - 1},
						    HTTP_TOKENS(X)
#undef X
};

/* first[n]: the first token whose name has n octets or more. */
static const uint8_t first[NAME_MAX_TOKEN + 2] = {
    [0] = HTTP_TE,
    [1] = HTTP_TE,
    [2] = HTTP_TE,
    [3] = HTTP_AGE,
    [4] = HTTP_DATE,
    [5] = HTTP_ALLOW,
    [6] = HTTP_ACCEPT,
    [7] = HTTP_EXPIRES,
    [8] = HTTP_IF_MATCH,
    [9] = HTTP_CONNECTION,
    [10] = HTTP_CONNECTION,
    [11] = HTTP_RETRY_AFTER,
    [12] = HTTP_CONTENT_TYPE,
    [13] = HTTP_ACCEPT_RANGES,
    [14] = HTTP_CONTENT_LENGTH,
    [15] = HTTP_ACCEPT_ENCODING,
    [16] = HTTP_CONTENT_ENCODING,
    [17] = HTTP_IF_MODIFIED_SINCE,
    [18] = HTTP_IF_UNMODIFIED_SINCE,
    [19] = HTTP_IF_UNMODIFIED_SINCE,
    [20] = HTTP_TOKEN_COUNT,
};

/* tchar of RFC 9110 section 5.6.2: 1 for all but capital letters, 2 for these. */
static const uint8_t tchar[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1,
    ['-'] = 1, ['.'] = 1, ['^'] = 1, ['_'] = 1, ['`'] = 1, ['|'] = 1,  ['~'] = 1, ['0'] = 1,
    ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1,  ['7'] = 1, ['8'] = 1,
    ['9'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1,  ['f'] = 1, ['g'] = 1,
    ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1,  ['n'] = 1, ['o'] = 1,
    ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1,  ['v'] = 1, ['w'] = 1,
    ['x'] = 1, ['y'] = 1, ['z'] = 1, ['A'] = 2, ['B'] = 2, ['C'] = 2,  ['D'] = 2, ['E'] = 2,
    ['F'] = 2, ['G'] = 2, ['H'] = 2, ['I'] = 2, ['J'] = 2, ['K'] = 2,  ['L'] = 2, ['M'] = 2,
    ['N'] = 2, ['O'] = 2, ['P'] = 2, ['Q'] = 2, ['R'] = 2, ['S'] = 2,  ['T'] = 2, ['U'] = 2,
    ['V'] = 2, ['W'] = 2, ['X'] = 2, ['Y'] = 2, ['Z'] = 2,
};

enum http_token http_token(struct text name)
{
	if (name.n > NAME_MAX_TOKEN)
		return HTTP_OTHER;
	for (unsigned t = first[name.n]; t < first[name.n + 1]; t++) {
		if (names[t].p[0] == name.p[0] && text_eq(names[t], name))
			return (enum http_token)t;
	}
	return HTTP_OTHER;
}

struct text http_token_name(enum http_token t)
{
	return names[t];
}

struct http_field *http_fields_append(struct http_fields *f, struct pool *pool)
{
	enum { FIRST = 16 };

	if (f->n == f->cap) {
		uint32_t cap = f->cap ? f->cap * 2 : FIRST;

		f->v = pool_extend(pool, f->v, f->cap * sizeof *f->v, cap * sizeof *f->v);
		f->cap = cap;
	}
	return &f->v[f->n++];
}

void http_fields_add(struct http_fields *f, struct pool *pool, enum http_token t, struct text value)
{
	*http_fields_append(f, pool) =
	    (struct http_field){.name = names[t], .value = value, .token = t};
}

struct http_field *http_fields_add_named(struct http_fields *f, struct pool *pool, struct text name,
					 struct text value)
{
	struct http_field *r = http_fields_append(f, pool);

	*r = (struct http_field){.name = name, .value = value, .token = http_token(name)};
	return r;
}

const struct http_field *http_fields_get(const struct http_fields *f, enum http_token t)
{
	for (uint32_t i = 0; i < f->n; i++) {
		if (f->v[i].token == t)
			return &f->v[i];
	}
	return NULL;
}

struct text http_fields_value(const struct http_fields *f, enum http_token t)
{
	const struct http_field *found = http_fields_get(f, t);

	return found ? found->value : (struct text){NULL, 0};
}

bool http_name_valid(struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (tchar[(uint8_t)t.p[i]] != 1)
			return false;
	}
	return t.n > 0;
}

bool http_is_token(struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (!tchar[(uint8_t)t.p[i]])
			return false;
	}
	return t.n > 0;
}

static bool space(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether any of eight octets is below 0x20 or is 0x7f: all eight in one comparison of words. */
static bool suspect8(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	uint64_t v, del;

	memcpy(&v, p, sizeof v);
	del = v ^ ones * 0x7f;
	return (((v - ones * 0x20) & ~v) | ((del - ones) & ~del)) & high;
}

bool http_value_valid(struct text t)
{
	/* RFC 9113 section 8.2.1: no NUL, CR or LF anywhere, no white space at either end. The
	 * other control characters are no field content either (RFC 9110 section 5.5). */
	size_t i = 0;

	while (i + 8 <= t.n && !suspect8(t.p + i))
		i += 8;
	for (; i < t.n; i++) {
		uint8_t c = (uint8_t)t.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return t.n == 0 || (!space(t.p[0]) && !space(t.p[t.n - 1]));
}

bool http_is_hop_field(enum http_token t)
{
	switch (t) {
	case HTTP_CONNECTION:
	case HTTP_KEEP_ALIVE:
	case HTTP_PROXY_CONNECTION:
	case HTTP_TRANSFER_ENCODING:
	case HTTP_UPGRADE:
	case HTTP_HTTP2_SETTINGS:
		return true;
	default:
		return false;
	}
}
