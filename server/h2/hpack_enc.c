/* SPDX-License-Identifier: MIT */
/*
 * The HPACK encoder (RFC 7541 sections 4.2, 5 and 6), built for responses that repeat.
 *
 * Finding an entry. Every insertion is on a chain: one for each token, a few shared by all other
 * names. newest[] holds the number of a chain's last insertion and each entry that of the one
 * before it, so the usual case, the value that was sent last time, costs one comparison:
 *
 *     newest[date] = 42 --> entry 42 "...:21 GMT", older = 17 --> entry 17, evicted: the end
 *
 * Numbers are never taken off a chain; one that is not in the table any more ends it. After 2^32
 * insertions an old number may point at a wrong entry, so name and value are always compared, and
 * a walk ends after WALK steps.
 *
 * What goes into the table (the policy of each token is a row of `policies`):
 *  - NEVER   secrets, so that nobody can guess them by watching sizes (section 7.1). A short
 *            cookie is one of them (section 7.1.3); a long one cannot be guessed.
 *  - PLAIN   what is new each time: a literal that leaves the table alone.
 *  - SELDOM  what is new each time unless one file is fetched again and again: content-length,
 *            etag, last-modified.
 *  - INDEX   all the rest.
 * Both SELDOM and INDEX learn: misses[] counts the fields of a chain since a value was found. The
 * first PATIENCE misses are inserted (not those of SELDOM), after that one in RETRY; so a value
 * that changes each time does not push out those that repeat, and one that begins to repeat is
 * noticed. Nothing above a quarter of the table is inserted.
 */
#include "server/h2/hpack.h"

#include <assert.h>

enum {
	WALK = 8,
	PATIENCE = 4,
	RETRY = 16, /* a power of two */
	COOKIE_SAFE = 20,
};

enum policy { INDEX, SELDOM, PLAIN, NEVER };

static const uint8_t policies[HPACK_TOKEN_COUNT] = {
    [HTTP_AUTHORIZATION] = NEVER,   [HTTP_PROXY_AUTHORIZATION] = NEVER,
    [HTTP_SET_COOKIE] = NEVER,	    [HTTP_AGE] = PLAIN,
    [HTTP_CONTENT_RANGE] = PLAIN,   [HTTP_LOCATION] = PLAIN,
    [HTTP_RANGE] = PLAIN,	    [HPACK_PATH] = PLAIN,
    [HTTP_CONTENT_LENGTH] = SELDOM, [HTTP_ETAG] = SELDOM,
    [HTTP_LAST_MODIFIED] = SELDOM,
};

/* The first entry of the static table with the name of a token; 0 when there is none. */
static const uint8_t static_index[HPACK_TOKEN_COUNT] = {
    [HPACK_AUTHORITY] = 1,
    [HPACK_METHOD] = 2,
    [HPACK_PATH] = 4,
    [HPACK_SCHEME] = 6,
    [HPACK_STATUS] = 8,
    [HTTP_ACCEPT_ENCODING] = 16,
    [HTTP_ACCEPT_RANGES] = 18,
    [HTTP_ACCEPT] = 19,
    [HTTP_AGE] = 21,
    [HTTP_ALLOW] = 22,
    [HTTP_AUTHORIZATION] = 23,
    [HTTP_CACHE_CONTROL] = 24,
    [HTTP_CONTENT_ENCODING] = 26,
    [HTTP_CONTENT_LENGTH] = 28,
    [HTTP_CONTENT_RANGE] = 30,
    [HTTP_CONTENT_TYPE] = 31,
    [HTTP_COOKIE] = 32,
    [HTTP_DATE] = 33,
    [HTTP_ETAG] = 34,
    [HTTP_EXPECT] = 35,
    [HTTP_EXPIRES] = 36,
    [HTTP_HOST] = 38,
    [HTTP_IF_MATCH] = 39,
    [HTTP_IF_MODIFIED_SINCE] = 40,
    [HTTP_IF_NONE_MATCH] = 41,
    [HTTP_IF_RANGE] = 42,
    [HTTP_IF_UNMODIFIED_SINCE] = 43,
    [HTTP_LAST_MODIFIED] = 44,
    [HTTP_LINK] = 45,
    [HTTP_LOCATION] = 46,
    [HTTP_PROXY_AUTHORIZATION] = 49,
    [HTTP_RANGE] = 50,
    [HTTP_REFERER] = 51,
    [HTTP_RETRY_AFTER] = 53,
    [HTTP_SERVER] = 54,
    [HTTP_SET_COOKIE] = 55,
    [HTTP_TRANSFER_ENCODING] = 57,
    [HTTP_USER_AGENT] = 58,
    [HTTP_VARY] = 59,
    [HTTP_WWW_AUTHENTICATE] = 61,
};

/* Entries of the static table whose names have no token. */
static const uint8_t static_other[] = {15, 17, 20, 25, 27, 29, 37, 47, 48, 52, 56, 60};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

void hpack_encoder_init(struct hpack_encoder *e, size_t own_limit)
{
	*e = (struct hpack_encoder){.own_limit = own_limit};
	hpack_table_init(&e->table, HPACK_FIRST_LIMIT);
	hpack_encoder_set_limit(e, HPACK_FIRST_LIMIT);
	for (unsigned t = 0; t < HPACK_TOKEN_COUNT; t++)
		e->misses[t] = policies[t] == SELDOM ? PATIENCE : 0;
}

void hpack_encoder_clear(struct hpack_encoder *e)
{
	hpack_table_clear(&e->table);
}

void hpack_encoder_set_limit(struct hpack_encoder *e, size_t peer_limit)
{
	size_t limit = smaller(peer_limit, e->own_limit);

	if (limit == e->table.limit)
		return;
	hpack_table_resize(&e->table, limit);
	e->lowest_pending = e->update_pending ? smaller(e->lowest_pending, limit) : limit;
	e->update_pending = true;
}

/* An integer (section 5.1) whose first octet holds PATTERN above BITS bits. */
static size_t put_int(uint8_t *to, unsigned pattern, unsigned bits, size_t v)
{
	size_t most = (1U << bits) - 1, n = 1;

	if (v < most) {
		to[0] = (uint8_t)(pattern | v);
		return 1;
	}
	to[0] = (uint8_t)(pattern | most);
	for (v -= most; v >= 0x80; v >>= 7)
		to[n++] = (uint8_t)(v | 0x80);
	to[n++] = (uint8_t)v;
	return n;
}

/* A string (section 5.2), in the shorter of both forms. */
static size_t put_string(uint8_t *to, struct text t)
{
	size_t coded = huffman_length(t), n;

	if (coded < t.n) {
		n = put_int(to, 0x80, 7, coded);
		huffman_encode(to + n, t);
		return n + coded;
	}
	n = put_int(to, 0, 7, t.n);
	if (t.n)
		memcpy(to + n, t.p, t.n);
	return n + t.n;
}

size_t hpack_encode_begin(struct hpack_encoder *e, uint8_t *to)
{
	size_t n = 0;

	if (!e->update_pending)
		return 0;
	e->update_pending = false;
	/* RFC 7541 section 4.2: the smallest size that there was, then the one that is. */
	if (e->lowest_pending < e->table.limit)
		n = put_int(to, 0x20, 5, e->lowest_pending);
	return n + put_int(to + n, 0x20, 5, e->table.limit);
}

static enum policy policy_of(const struct hpack_field *f)
{
	if (f->secret || (f->token == HTTP_COOKIE && f->value.n < COOKIE_SAFE))
		return NEVER;
	return (enum policy)policies[f->token];
}

static unsigned chain_of(const struct hpack_field *f)
{
	const char *p = f->name.p;
	size_t n = f->name.n;
	unsigned hash;

	if (f->token != HTTP_OTHER || n == 0)
		return f->token;
	hash = (unsigned)n + (uint8_t)p[0] * 3U + (uint8_t)p[n / 2] * 5U + (uint8_t)p[n - 1] * 7U;
	return HPACK_TOKEN_COUNT + hash % HPACK_OTHER_CHAINS;
}

static bool same_name(const struct hpack_entry *entry, const struct hpack_field *f)
{
	return entry->token == f->token &&
	       (f->token != HTTP_OTHER || text_eq(entry->name, f->name));
}

static inline uint64_t last_octets(struct text t)
{
	uint64_t word;

	memcpy(&word, t.p + t.n - sizeof word, sizeof word);
	return word;
}

/* As text_eq; values of one name often differ only towards the end: seconds, serial numbers. */
static inline bool same_value(struct text a, struct text b)
{
	if (a.n != b.n || (a.n >= 8 && last_octets(a) != last_octets(b)))
		return false;
	return text_eq(a, b);
}

static uint32_t find_dynamic(const struct hpack_encoder *e, unsigned chain,
			     const struct hpack_field *f, uint32_t *name)
{
	const struct hpack_table *t = &e->table;
	uint32_t number = e->newest[chain];

	for (unsigned i = 0; i < WALK; i++) {
		uint32_t age = t->head - 1 - number;
		const struct hpack_entry *entry;

		if (age >= t->count)
			break;
		entry = &t->ring[number & (t->ring_cap - 1)];
		if (same_name(entry, f)) {
			*name = HPACK_STATIC + 1 + age;
			if (same_value(entry->value, f->value))
				return *name;
		}
		number = entry->older;
	}
	return 0;
}

static uint32_t find_static(const struct hpack_field *f, uint32_t *name)
{
	uint32_t first = static_index[f->token];
	const struct hpack_entry *entry;

	if (f->token == HTTP_OTHER) {
		for (unsigned i = 0; i < sizeof static_other; i++) {
			if (same_name(hpack_table_get(NULL, static_other[i]), f))
				first = static_other[i];
		}
	}
	if (!first)
		return 0;
	*name = first;
	for (uint32_t i = first; i <= HPACK_STATIC; i++) {
		entry = hpack_table_get(NULL, i);
		if (!same_name(entry, f))
			break;
		if (text_eq(entry->value, f->value))
			return i;
	}
	return 0;
}

/* Whether a field that is not in the table goes there; counts the miss. */
static bool worth_keeping(struct hpack_encoder *e, unsigned chain, enum policy policy,
			  const struct hpack_field *f)
{
	unsigned misses;

	if (policy > SELDOM || f->name.n + f->value.n + HPACK_ENTRY_OVERHEAD > e->table.limit / 4)
		return false;
	misses = e->misses[chain]++;
	return misses < PATIENCE || misses % RETRY == RETRY - 1;
}

static size_t put_literal(uint8_t *to, unsigned pattern, unsigned bits, uint32_t name,
			  const struct hpack_field *f)
{
	size_t n = put_int(to, pattern, bits, name);

	if (!name)
		n += put_string(to + n, f->name);
	return n + put_string(to + n, f->value);
}

static size_t encode(struct hpack_encoder *e, uint8_t *to, const struct hpack_field *f)
{
	unsigned chain = chain_of(f);
	enum policy policy = policy_of(f);
	uint32_t name = 0, index = find_dynamic(e, chain, f, &name);
	struct hpack_table *t = &e->table;
	size_t n;

	/* RFC 7541 section 7.1.3: a secret is a literal even where an entry would say it. */
	if (policy == NEVER) {
		find_static(f, &name);
		return put_literal(to, 0x10, 4, name, f);
	}
	if (index)
		e->misses[chain] = policy == SELDOM ? PATIENCE : 0;
	else
		index = find_static(f, &name);
	if (index)
		return put_int(to, 0x80, 7, index);
	if (!worth_keeping(e, chain, policy, f))
		return put_literal(to, 0, 4, name, f);
	n = put_literal(to, 0x40, 6, name, f);
	hpack_table_insert(t, f->name, f->value, f->token);
	t->ring[(t->head - 1) & (t->ring_cap - 1)].older = e->newest[chain];
	e->newest[chain] = t->head - 1;
	return n;
}

size_t hpack_encode_status(struct hpack_encoder *e, uint8_t *to, unsigned status)
{
	char digits[3] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10),
			  (char)('0' + status % 10)};
	struct hpack_field f = {.name = hpack_token_name(HPACK_STATUS),
				.value = {digits, sizeof digits},
				.token = HPACK_STATUS};

	assert(status >= 100 && status <= 999);
	if (status == 200) {
		to[0] = 0x88;
		return 1;
	}
	return encode(e, to, &f);
}

size_t hpack_encode(struct hpack_encoder *e, uint8_t *to, const struct http_field *from)
{
	struct hpack_field f = {.name = from->name,
				.value = from->value,
				.token = (uint16_t)from->token,
				.secret = from->secret};

	return encode(e, to, &f);
}

size_t hpack_encode_named(struct hpack_encoder *e, uint8_t *to, struct text name, struct text value)
{
	struct hpack_field f = {.name = name, .value = value, .token = hpack_token(name)};

	return encode(e, to, &f);
}
