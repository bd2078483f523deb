/* SPDX-License-Identifier: MIT */
/*
 * Heads of requests and responses, without regard to the protocol that carried them.
 */
#ifndef OUTRIDER_HTTP_HEAD_H
#define OUTRIDER_HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "server/http/fields.h"

/*
 * A request has method and, by RFC 9113 section 8.3.1, scheme, authority and path; p == NULL says
 * that the part was absent. A response has a status. Texts are borrowed, see fields.h.
 */
struct http_head {
	struct text method, scheme, authority, path, protocol;
	unsigned status;
	struct http_fields fields;
	int64_t content_length; /* as declared; -1: not declared */
};

/*
 * Checks a request head (RFC 9113 sections 8.2, 8.3; RFC 9110 section 8.6) and completes it:
 * content_length is set, authority is taken from Host when it is absent, the pieces of a split
 * cookie are joined (section 8.2.3). Names and values of single fields were checked on arrival.
 * Returns NULL when all is well, else what is wrong in words for the log; the request is malformed
 * then. The pool takes what has to be made.
 */
const char *http_head_check_request(struct http_head *, struct pool *);

/* Reads the Content-Length fields: several equal ones count as one. -1 when they are not valid;
 * otherwise 0 and *length, which is -1 when there is none (RFC 9110 section 8.6). */
int http_content_length(const struct http_fields *, int64_t *length);

/* Whether a response with this status never has content (RFC 9110 section 6.4.1). */
static inline bool http_status_bodyless(unsigned status)
{
	return status < 200 || status == 204 || status == 205 || status == 304;
}

/* Port of an authority or the default of its scheme, and its host without brackets and port. */
struct text http_authority_host(struct text authority);
struct text http_authority_port(struct text authority, bool tls);

#endif
