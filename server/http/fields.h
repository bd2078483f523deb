/* SPDX-License-Identifier: MIT */
/*
 * Fields of a message (RFC 9110 section 5): an ordered list; a name that occurs twice stands twice.
 *
 * Names are lower case. Names this program cares about carry a token, so that looking for one is a
 * comparison of small numbers. Name and value are borrowed, from the pool of the exchange or from
 * whatever the caller says; they are not NUL-terminated.
 */
#ifndef OUTRIDER_HTTP_FIELDS_H
#define OUTRIDER_HTTP_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "server/base/text.h"

struct pool;

/* X(enumerator, name), sorted by the length of the name, then by name. */
#define HTTP_TOKENS(X)                                \
	X(TE, "te")                                   \
	X(AGE, "age")                                 \
	X(DATE, "date")                               \
	X(ETAG, "etag")                               \
	X(HOST, "host")                               \
	X(LINK, "link")                               \
	X(VARY, "vary")                               \
	X(ALLOW, "allow")                             \
	X(PROXY, "proxy")                             \
	X(RANGE, "range")                             \
	X(ACCEPT, "accept")                           \
	X(COOKIE, "cookie")                           \
	X(EXPECT, "expect")                           \
	X(SERVER, "server")                           \
	X(STATUS, "status")                           \
	X(EXPIRES, "expires")                         \
	X(REFERER, "referer")                         \
	X(TRAILER, "trailer")                         \
	X(UPGRADE, "upgrade")                         \
	X(IF_MATCH, "if-match")                       \
	X(IF_RANGE, "if-range")                       \
	X(LOCATION, "location")                       \
	X(PRIORITY, "priority")                       \
	X(CONNECTION, "connection")                   \
	X(KEEP_ALIVE, "keep-alive")                   \
	X(SET_COOKIE, "set-cookie")                   \
	X(USER_AGENT, "user-agent")                   \
	X(RETRY_AFTER, "retry-after")                 \
	X(CONTENT_TYPE, "content-type")               \
	X(X_POWERED_BY, "x-powered-by")               \
	X(ACCEPT_RANGES, "accept-ranges")             \
	X(AUTHORIZATION, "authorization")             \
	X(CACHE_CONTROL, "cache-control")             \
	X(CONTENT_RANGE, "content-range")             \
	X(IF_NONE_MATCH, "if-none-match")             \
	X(LAST_MODIFIED, "last-modified")             \
	X(CONTENT_LENGTH, "content-length")           \
	X(HTTP2_SETTINGS, "http2-settings")           \
	X(SEC_FETCH_MODE, "sec-fetch-mode")           \
	X(ACCEPT_ENCODING, "accept-encoding")         \
	X(CONTENT_ENCODING, "content-encoding")       \
	X(PROXY_CONNECTION, "proxy-connection")       \
	X(WWW_AUTHENTICATE, "www-authenticate")       \
	X(IF_MODIFIED_SINCE, "if-modified-since")     \
	X(TRANSFER_ENCODING, "transfer-encoding")     \
	X(IF_UNMODIFIED_SINCE, "if-unmodified-since") \
	X(PROXY_AUTHORIZATION, "proxy-authorization")

enum http_token {
	HTTP_OTHER, /* any name that is not listed */
#define X(id, name) HTTP_##id,
	HTTP_TOKENS(X)
#undef X
	    HTTP_TOKEN_COUNT
};

struct http_field {
	struct text name, value;
	enum http_token token;
	bool secret; /* a compressing encoder must never index it (RFC 7541 section 7.1.3) */
};

struct http_fields {
	struct http_field *v;
	uint32_t n, cap;
};

/* The token of a lower-case name; HTTP_OTHER when it is none of the table. */
enum http_token http_token(struct text name);
/* The name of a token other than HTTP_OTHER, NUL-terminated and constant. */
struct text http_token_name(enum http_token);

/* Appends a field for the caller to fill. */
struct http_field *http_fields_append(struct http_fields *, struct pool *);
/* Appends a field whose name is of the table; VALUE is borrowed. The array grows in the pool. */
void http_fields_add(struct http_fields *, struct pool *, enum http_token, struct text value);
/* Appends a field of any lower-case name; its token is looked up. Both texts are borrowed. */
struct http_field *http_fields_add_named(struct http_fields *, struct pool *, struct text name,
					 struct text value);
/* The first field with this token, or NULL. */
const struct http_field *http_fields_get(const struct http_fields *, enum http_token);
/* The value of the first field with this token; {NULL, 0} when there is none. */
struct text http_fields_value(const struct http_fields *, enum http_token);

/* Whether the octets are a field name in lower case (RFC 9110 section 5.1, RFC 9113 section 8.2.1).
 */
bool http_name_valid(struct text);
/* Whether the octets may stand in a field value (RFC 9110 section 5.5, RFC 9113 section 8.2.1). */
bool http_value_valid(struct text);
/* Whether the octets are a token (RFC 9110 section 5.6.2). */
bool http_is_token(struct text);
/*
 * Whether the field belongs to one connection and never crosses HTTP/2 (RFC 9113 section 8.2.2):
 * connection, keep-alive, proxy-connection, transfer-encoding, upgrade, http2-settings. `te` is
 * judged by its value elsewhere.
 */
bool http_is_hop_field(enum http_token);

#endif
