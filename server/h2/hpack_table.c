/* SPDX-License-Identifier: MIT */
/*
 * The static table (RFC 7541 appendix A) and the dynamic table (sections 2.3.2 and 4).
 *
 * Insertions are numbered from 1, modulo 2^32. Number N is in ring[N & (ring_cap - 1)], and those
 * in the table are head - count .. head - 1, newest last, which has index 62 on the wire.
 *
 *     ring     |  |  | 7| 8| 9|10|  |  |      head = 11, count = 4
 *                        |     |
 *     octets   |....free | 7 8 9 10 |free...|
 *                                   ^octets_at
 *
 * The text of an entry is contiguous: one that does not fit between octets_at and the end goes to
 * the beginning. When neither has room, the memory doubles, at most to twice the limit; with that
 * there is always room, because the entries in use and the new one are together no more than the
 * limit, so a gap that is too short for the new entry on both sides is impossible.
 *
 * So memory grows with use and never shrinks: a connection whose fields repeat takes less than a
 * kilobyte, and in steady state neither inserting nor evicting calls malloc. Names that have a
 * token are not stored at all: they are constants. Section 4.1 counts them all the same.
 */
#include "server/h2/hpack.h"

#include <assert.h>
#include <stdlib.h>

#include "server/base/log.h"

/* clang-format off */
#define ENTRY(name, value, token) {{name, sizeof(name) - 1}, {value, sizeof(value) - 1}, token, 0}
/* clang-format on */

static const struct hpack_entry static_table[HPACK_STATIC + 1] = {
    [1] = ENTRY(":authority", "", HPACK_AUTHORITY),
    [2] = ENTRY(":method", "GET", HPACK_METHOD),
    [3] = ENTRY(":method", "POST", HPACK_METHOD),
    [4] = ENTRY(":path", "/", HPACK_PATH),
    [5] = ENTRY(":path", "/index.html", HPACK_PATH),
    [6] = ENTRY(":scheme", "http", HPACK_SCHEME),
    [7] = ENTRY(":scheme", "https", HPACK_SCHEME),
    [8] = ENTRY(":status", "200", HPACK_STATUS),
    [9] = ENTRY(":status", "204", HPACK_STATUS),
    [10] = ENTRY(":status", "206", HPACK_STATUS),
    [11] = ENTRY(":status", "304", HPACK_STATUS),
    [12] = ENTRY(":status", "400", HPACK_STATUS),
    [13] = ENTRY(":status", "404", HPACK_STATUS),
    [14] = ENTRY(":status", "500", HPACK_STATUS),
    [15] = ENTRY("accept-charset", "", HTTP_OTHER),
    [16] = ENTRY("accept-encoding", "gzip, deflate", HTTP_ACCEPT_ENCODING),
    [17] = ENTRY("accept-language", "", HTTP_OTHER),
    [18] = ENTRY("accept-ranges", "", HTTP_ACCEPT_RANGES),
    [19] = ENTRY("accept", "", HTTP_ACCEPT),
    [20] = ENTRY("access-control-allow-origin", "", HTTP_OTHER),
    [21] = ENTRY("age", "", HTTP_AGE),
    [22] = ENTRY("allow", "", HTTP_ALLOW),
    [23] = ENTRY("authorization", "", HTTP_AUTHORIZATION),
    [24] = ENTRY("cache-control", "", HTTP_CACHE_CONTROL),
    [25] = ENTRY("content-disposition", "", HTTP_OTHER),
    [26] = ENTRY("content-encoding", "", HTTP_CONTENT_ENCODING),
    [27] = ENTRY("content-language", "", HTTP_OTHER),
    [28] = ENTRY("content-length", "", HTTP_CONTENT_LENGTH),
    [29] = ENTRY("content-location", "", HTTP_OTHER),
    [30] = ENTRY("content-range", "", HTTP_CONTENT_RANGE),
    [31] = ENTRY("content-type", "", HTTP_CONTENT_TYPE),
    [32] = ENTRY("cookie", "", HTTP_COOKIE),
    [33] = ENTRY("date", "", HTTP_DATE),
    [34] = ENTRY("etag", "", HTTP_ETAG),
    [35] = ENTRY("expect", "", HTTP_EXPECT),
    [36] = ENTRY("expires", "", HTTP_EXPIRES),
    [37] = ENTRY("from", "", HTTP_OTHER),
    [38] = ENTRY("host", "", HTTP_HOST),
    [39] = ENTRY("if-match", "", HTTP_IF_MATCH),
    [40] = ENTRY("if-modified-since", "", HTTP_IF_MODIFIED_SINCE),
    [41] = ENTRY("if-none-match", "", HTTP_IF_NONE_MATCH),
    [42] = ENTRY("if-range", "", HTTP_IF_RANGE),
    [43] = ENTRY("if-unmodified-since", "", HTTP_IF_UNMODIFIED_SINCE),
    [44] = ENTRY("last-modified", "", HTTP_LAST_MODIFIED),
    [45] = ENTRY("link", "", HTTP_LINK),
    [46] = ENTRY("location", "", HTTP_LOCATION),
    [47] = ENTRY("max-forwards", "", HTTP_OTHER),
    [48] = ENTRY("proxy-authenticate", "", HTTP_OTHER),
    [49] = ENTRY("proxy-authorization", "", HTTP_PROXY_AUTHORIZATION),
    [50] = ENTRY("range", "", HTTP_RANGE),
    [51] = ENTRY("referer", "", HTTP_REFERER),
    [52] = ENTRY("refresh", "", HTTP_OTHER),
    [53] = ENTRY("retry-after", "", HTTP_RETRY_AFTER),
    [54] = ENTRY("server", "", HTTP_SERVER),
    [55] = ENTRY("set-cookie", "", HTTP_SET_COOKIE),
    [56] = ENTRY("strict-transport-security", "", HTTP_OTHER),
    [57] = ENTRY("transfer-encoding", "", HTTP_TRANSFER_ENCODING),
    [58] = ENTRY("user-agent", "", HTTP_USER_AGENT),
    [59] = ENTRY("vary", "", HTTP_VARY),
    [60] = ENTRY("via", "", HTTP_OTHER),
    [61] = ENTRY("www-authenticate", "", HTTP_WWW_AUTHENTICATE),
};

static const struct text pseudo_names[] = {
    [HPACK_AUTHORITY - HTTP_TOKEN_COUNT] = {":authority", 10},
    [HPACK_METHOD - HTTP_TOKEN_COUNT] = {":method", 7},
    [HPACK_PATH - HTTP_TOKEN_COUNT] = {":path", 5},
    [HPACK_SCHEME - HTTP_TOKEN_COUNT] = {":scheme", 7},
    [HPACK_STATUS - HTTP_TOKEN_COUNT] = {":status", 7},
    [HPACK_PROTOCOL - HTTP_TOKEN_COUNT] = {":protocol", 9},
};

uint16_t hpack_token(struct text name)
{
	if (name.n == 0 || name.p[0] != ':')
		return (uint16_t)http_token(name);
	for (unsigned i = 0; i < sizeof pseudo_names / sizeof *pseudo_names; i++) {
		if (text_eq(name, pseudo_names[i]))
			return (uint16_t)(HTTP_TOKEN_COUNT + i);
	}
	return HTTP_OTHER;
}

struct text hpack_token_name(uint16_t token)
{
	return token < HTTP_TOKEN_COUNT ? http_token_name((enum http_token)token)
					: pseudo_names[token - HTTP_TOKEN_COUNT];
}

void hpack_table_init(struct hpack_table *t, size_t limit)
{
	*t = (struct hpack_table){.head = 1, .limit = limit};
}

void hpack_table_clear(struct hpack_table *t)
{
	free(t->ring);
	free(t->octets);
	hpack_table_init(t, t->limit);
}

/* The entry of the insertion with this number; it must be in the table. */
static struct hpack_entry *at(const struct hpack_table *t, uint32_t number)
{
	return &t->ring[number & (t->ring_cap - 1)];
}

const struct hpack_entry *hpack_table_get(const struct hpack_table *t, uint32_t index)
{
	/* RFC 7541 section 2.3.3: first the static entries, then the dynamic ones, newest first. */
	if (index <= HPACK_STATIC)
		return index ? &static_table[index] : NULL;
	index -= HPACK_STATIC + 1;
	return index < t->count ? at(t, t->head - 1 - index) : NULL;
}

static size_t entry_size(struct text name, struct text value)
{
	/* RFC 7541 section 4.1: 32 octets for each entry, whatever it takes in memory. */
	return name.n + value.n + HPACK_ENTRY_OVERHEAD;
}

/* Octets that an entry takes of t->octets: one at least, so that no two begin at one place. */
static size_t stored(struct text name, struct text value, uint16_t token)
{
	size_t n = (token == HTTP_OTHER ? name.n : 0) + value.n;

	return n ? n : 1;
}

static void evict_above(struct hpack_table *t, size_t size)
{
	while (t->size > size) {
		const struct hpack_entry *oldest = at(t, t->head - t->count);

		t->size -= entry_size(oldest->name, oldest->value);
		t->count--;
	}
}

void hpack_table_resize(struct hpack_table *t, size_t limit)
{
	/* RFC 7541 section 4.3: entries are evicted until the size fits. */
	t->limit = limit;
	evict_above(t, limit);
}

static void grow_ring(struct hpack_table *t)
{
	enum { FIRST = 16 };
	struct hpack_table grown = *t;

	grown.ring_cap = t->ring_cap ? t->ring_cap * 2 : FIRST;
	grown.ring = malloc(grown.ring_cap * sizeof *grown.ring);
	if (!grown.ring)
		oom();
	for (uint32_t n = t->head - t->count; n != t->head; n++)
		*at(&grown, n) = *at(t, n);
	free(t->ring);
	*t = grown;
}

/* Writes the texts of an entry to TO and lets the entry point there. */
static void put_texts(struct hpack_entry *e, char *to, struct text name, struct text value)
{
	if (e->token == HTTP_OTHER) {
		if (name.n)
			memcpy(to, name.p, name.n);
		e->name = (struct text){to, name.n};
		to += name.n;
	} else {
		e->name = hpack_token_name(e->token);
	}
	if (value.n)
		memcpy(to, value.p, value.n);
	e->value = (struct text){to, value.n};
}

/* Moves all texts to larger memory, so that NEED octets more fit after them. */
static void grow_octets(struct hpack_table *t, size_t need)
{
	enum { FIRST = 512 };
	size_t cap = t->octets_cap ? t->octets_cap * 2 : FIRST;
	char *octets, *end;

	if (cap < t->size + need)
		cap = t->size + need;
	if (cap > t->limit * 2)
		cap = t->limit * 2;
	assert(cap > t->octets_cap);
	octets = end = malloc(cap);
	if (!octets)
		oom();
	for (uint32_t n = t->head - t->count; n != t->head; n++) {
		struct hpack_entry *e = at(t, n);

		put_texts(e, end, e->name, e->value);
		end += stored(e->name, e->value, e->token);
	}
	free(t->octets);
	t->octets = octets;
	t->octets_cap = cap;
	t->octets_at = (size_t)(end - octets);
}

/* Where NEED octets in a row are free, SIZE_MAX when nowhere. */
static size_t find_room(const struct hpack_table *t, size_t need)
{
	const struct hpack_entry *e;
	size_t oldest;

	if (t->count == 0)
		return need <= t->octets_cap ? 0 : SIZE_MAX;
	/* The oldest text begins with the name where that is stored, else with the value. */
	e = at(t, t->head - t->count);
	oldest = (size_t)((e->token == HTTP_OTHER ? e->name.p : e->value.p) - t->octets);
	if (oldest >= t->octets_at)
		return need <= oldest - t->octets_at ? t->octets_at : SIZE_MAX;
	if (need <= t->octets_cap - t->octets_at)
		return t->octets_at;
	return need <= oldest ? 0 : SIZE_MAX;
}

void hpack_table_insert(struct hpack_table *t, struct text name, struct text value, uint16_t token)
{
	size_t size = entry_size(name, value), need = stored(name, value, token), room;
	struct hpack_entry *e;

	/* RFC 7541 section 4.4: an entry larger than the table empties it and is no error. */
	if (size > t->limit) {
		evict_above(t, 0);
		return;
	}
	evict_above(t, t->limit - size);
	if (t->count == t->ring_cap)
		grow_ring(t);
	room = find_room(t, need);
	if (room == SIZE_MAX) {
		grow_octets(t, need);
		room = t->octets_at;
	}
	e = at(t, t->head);
	*e = (struct hpack_entry){.token = token};
	put_texts(e, t->octets + room, name, value);
	t->octets_at = room + need;
	t->head++;
	t->count++;
	t->size += size;
}
