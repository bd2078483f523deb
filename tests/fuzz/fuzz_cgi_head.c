/* SPDX-License-Identifier: MIT */
/*
 * Response heads, fed with anything: what comes out must not depend on how the input was cut, and
 * must be fit for HTTP/2: names and values valid, nothing of the connection, a status in range.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cgi_head.h"
#include "server/base/pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { MAX = 8192 };

struct trace {
	char *p;
	size_t n, cap;
};

struct reader {
	struct cgi_head parser;
	struct trace trace;
	bool in_body, failed;
};

static void must(int holds)
{
	if (!holds)
		abort();
}

static void put(struct trace *t, const void *p, size_t n)
{
	if (t->cap - t->n < n) {
		t->cap = (t->cap + n) * 2;
		t->p = realloc(t->p, t->cap);
		must(t->p != NULL);
	}
	if (n)
		memcpy(t->p + t->n, p, n);
	t->n += n;
}

static void put_text(struct trace *t, struct text text)
{
	put(t, &text.n, sizeof text.n);
	put(t, text.p, text.n);
}

static void check_field(const struct http_field *f, bool inform)
{
	must(http_name_valid(f->name) && http_value_valid(f->value));
	must(f->token == http_token(f->name));
	/* RFC 9113 section 8.2.2 */
	must(!http_is_hop_field(f->token) && f->token != HTTP_TE);
	must(f->token != HTTP_STATUS && f->token != HTTP_CONTENT_LENGTH);
	must(!inform || (!text_starts(f->name, TEXT("content-")) && f->token != HTTP_SET_COOKIE));
}

static void put_head(struct reader *r, const struct http_head *head, bool chunked, bool inform)
{
	char flags[3] = {chunked, r->parser.close, r->parser.status_given};

	must(head->status >= 100 && head->status <= 599 && inform == (head->status < 200));
	must(head->content_length >= -1 && !(chunked && head->content_length >= 0));
	must(!inform || (!chunked && head->content_length == -1));
	must(!head->method.p && !head->path.p);
	put(&r->trace, &head->status, sizeof head->status);
	put(&r->trace, &head->content_length, sizeof head->content_length);
	put(&r->trace, flags, sizeof flags);
	for (uint32_t i = 0; i < head->fields.n; i++) {
		check_field(&head->fields.v[i], inform);
		put_text(&r->trace, head->fields.v[i].name);
		put_text(&r->trace, head->fields.v[i].value);
	}
}

static size_t read_head(struct reader *r, const char *in, size_t n)
{
	struct http_head head;
	bool chunked;
	size_t used;
	enum cgi_head_result result = cgi_head_feed(&r->parser, in, n, &used, &head, &chunked);

	must(used <= n);
	if (result == CGI_HEAD_MORE) {
		must(used == n && cgi_head_begun(&r->parser));
		return n;
	}
	put(&r->trace, &result, sizeof result);
	if (result == CGI_HEAD_BAD) {
		r->failed = true;
		put_text(&r->trace, text_of(r->parser.why));
		put_text(&r->trace, r->parser.sample);
		return used;
	}
	must(used > 0 && !cgi_head_begun(&r->parser));
	r->in_body = result == CGI_HEAD_FINAL;
	put_head(r, &head, chunked, result == CGI_HEAD_INFORM);
	return used;
}

static void feed(struct reader *r, const char *in, size_t n)
{
	size_t at = 0;

	while (at < n && !r->failed) {
		if (r->in_body) {
			put(&r->trace, in + at, n - at);
			return;
		}
		at += read_head(r, in + at, n - at);
	}
}

/* In pieces of at most MOST octets, each in memory of its own. */
static struct trace parse(const char *in, size_t n, size_t max, size_t most, uint32_t seed)
{
	struct pool_cache cache;
	struct pool *pool;
	struct reader r = {.failed = false};
	bool begun;

	pool_cache_init(&cache, 0);
	pool = pool_new(&cache);
	cgi_head_init(&r.parser, pool, max);
	for (size_t at = 0, piece; at < n; at += piece) {
		char *copy;

		seed = seed * 1664525 + 1013904223;
		piece = most < n ? 1 + (seed >> 16) % most : n;
		if (piece > n - at)
			piece = n - at;
		copy = malloc(piece);
		must(copy != NULL);
		memcpy(copy, in + at, piece);
		feed(&r, copy, piece);
		free(copy);
	}
	begun = !r.failed && cgi_head_begun(&r.parser);
	put(&r.trace, &begun, sizeof begun);
	pool_free(pool);
	pool_cache_clear(&cache);
	return r.trace;
}

static void compare(const struct trace *whole, struct trace other)
{
	must(whole->n == other.n && memcmp(whole->p, other.p, whole->n) == 0);
	free(other.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *in = (const char *)data;
	uint32_t seed = (uint32_t)n;

	for (size_t i = 0; i < n; i++)
		seed = (seed ^ data[i]) * 16777619;
	for (size_t max = MAX; max; max = max == MAX ? 1 + seed % 200 : 0) {
		struct trace whole = parse(in, n, max, n, 0);

		compare(&whole, parse(in, n, max, 1, seed));
		compare(&whole, parse(in, n, max, 40, seed));
		compare(&whole, parse(in, n, max, 40, ~seed));
		free(whole.p);
	}
	return 0;
}
