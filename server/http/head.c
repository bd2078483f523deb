/* SPDX-License-Identifier: MIT */
/* Rules over a whole request head; each line of refusal names its section. */
#include "server/http/head.h"

#include "server/base/pool.h"

int http_content_length(const struct http_fields *f, int64_t *length)
{
	*length = -1;
	for (uint32_t i = 0; i < f->n; i++) {
		struct text rest = f->v[i].value;

		if (f->v[i].token != HTTP_CONTENT_LENGTH)
			continue;
		do {
			uint64_t v;

			if (text_u64(text_trim(text_cut(&rest, ',')), INT64_MAX, &v) ||
			    (*length >= 0 && *length != (int64_t)v))
				return -1;
			*length = (int64_t)v;
		} while (rest.p);
	}
	return 0;
}

/* reg-name, IP literal and port of RFC 3986 section 3.2, without userinfo. */
static bool authority_valid(struct text a)
{
	static const char also[] = "-._~!$&'()*+,;=:[]%";

	for (size_t i = 0; i < a.n; i++) {
		char c = a.p[i];

		if (!ascii_alpha(c) && !ascii_digit(c) && !(c && strchr(also, c)))
			return false;
	}
	return a.n > 0;
}

static const char *check_path(const struct http_head *h)
{
	/* RFC 9113 section 8.3.1: not empty, and "/..." or, for OPTIONS, "*". */
	if (h->path.n == 0)
		return "empty :path";
	if (h->path.p[0] != '/' && !(text_is(h->path, "*") && text_is(h->method, "OPTIONS")))
		return ":path does not begin with /";
	for (size_t i = 0; i < h->path.n; i++) {
		uint8_t c = (uint8_t)h->path.p[i];

		if (c <= 0x20 || c == 0x7f || c == '#')
			return "forbidden octet in :path";
	}
	return NULL;
}

/* RFC 3986 section 3.1 */
static bool scheme_valid(struct text s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!ascii_alpha(c) &&
		    (i == 0 || (!ascii_digit(c) && c != '+' && c != '-' && c != '.')))
			return false;
	}
	return s.n > 0;
}

/* RFC 9113 section 8.3.1: compared after normalisation, so the default port may be left out. */
static bool same_authority(struct text a, struct text b, bool tls)
{
	return text_same(http_authority_host(a), http_authority_host(b)) &&
	       text_eq(http_authority_port(a, tls), http_authority_port(b, tls));
}

static const char *check_target(const struct http_head *h)
{
	if (!h->method.p || !http_is_token(h->method))
		return "no valid :method";
	if (text_is(h->method, "CONNECT") && !h->protocol.p) {
		/* RFC 9113 section 8.5 */
		if (h->scheme.p || h->path.p || !h->authority.p)
			return "CONNECT with :scheme or :path, or without :authority";
		return NULL;
	}
	/* RFC 8441 section 4 */
	if (h->protocol.p && !text_is(h->method, "CONNECT"))
		return ":protocol without CONNECT";
	if (!scheme_valid(h->scheme))
		return "no valid :scheme";
	if (!h->path.p)
		return "no :path";
	return check_path(h);
}

static const char *check_authority(struct http_head *h)
{
	const struct http_field *host = NULL;

	for (uint32_t i = 0; i < h->fields.n; i++) {
		if (h->fields.v[i].token != HTTP_HOST)
			continue;
		if (host)
			return "more than one host field";
		host = &h->fields.v[i];
	}
	/* RFC 9113 section 8.3.1: the two must agree; only one of them need be there. */
	if (host && h->authority.p &&
	    !same_authority(host->value, h->authority, text_same(h->scheme, TEXT("https"))))
		return "host differs from :authority";
	if (host && !h->authority.p)
		h->authority = host->value;
	if (!h->authority.p)
		return "neither :authority nor host";
	return authority_valid(h->authority) ? NULL : "forbidden octet in the authority";
}

/* RFC 9113 section 8.2.3: one cookie field, pieces joined by "; ". */
static void join_cookies(struct http_fields *f, struct pool *pool)
{
	struct http_field *first = NULL;
	size_t total = 0, count = 0, at = 0;
	uint32_t kept = 0;
	char *joined;

	for (uint32_t i = 0; i < f->n; i++) {
		if (f->v[i].token == HTTP_COOKIE) {
			total += f->v[i].value.n + 2;
			count++;
		}
	}
	if (count < 2)
		return;
	joined = pool_alloc(pool, total);
	for (uint32_t i = 0; i < f->n; i++) {
		struct text v = f->v[i].value;

		if (f->v[i].token != HTTP_COOKIE) {
			f->v[kept++] = f->v[i];
			continue;
		}
		if (at) {
			memcpy(joined + at, "; ", 2);
			at += 2;
		}
		memcpy(joined + at, v.p, v.n);
		at += v.n;
		if (!first) {
			first = &f->v[kept];
			f->v[kept++] = f->v[i];
		}
	}
	first->value = (struct text){joined, at};
	f->n = kept;
}

const char *http_head_check_request(struct http_head *h, struct pool *pool)
{
	const char *why = check_target(h);

	if (!why)
		why = check_authority(h);
	if (why)
		return why;
	for (uint32_t i = 0; i < h->fields.n; i++) {
		const struct http_field *f = &h->fields.v[i];

		/* RFC 9113 section 8.2.2 */
		if (http_is_hop_field(f->token))
			return "connection-specific field";
		if (f->token == HTTP_TE && !text_same(f->value, TEXT("trailers")))
			return "te other than trailers";
	}
	if (http_content_length(&h->fields, &h->content_length))
		return "invalid content-length";
	join_cookies(&h->fields, pool);
	return NULL;
}

/* Where the port's colon stands; n when there is none. */
static size_t port_colon(struct text a)
{
	size_t bracket = text_rfind(a, ']'), colon = text_rfind(a, ':');

	if (a.n && a.p[0] == '[')
		return colon != a.n && bracket != a.n && colon == bracket + 1 ? colon : a.n;
	return colon;
}

struct text http_authority_host(struct text a)
{
	struct text host = {a.p, port_colon(a)};

	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		return (struct text){host.p + 1, host.n - 2};
	return host;
}

struct text http_authority_port(struct text a, bool tls)
{
	size_t colon = port_colon(a);

	if (colon + 1 < a.n)
		return text_after(a, colon + 1);
	return tls ? TEXT("443") : TEXT("80");
}
