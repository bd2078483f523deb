/* SPDX-License-Identifier: MIT */
/*
 * The path of a request, made safe once, before anything looks at it (RFC 3986 sections 2.1, 5.2.4
 * and 6.2.2; RFC 3875 section 3.2 for what is refused).
 */
#ifndef OUTRIDER_HTTP_PATH_H
#define OUTRIDER_HTTP_PATH_H

#include "server/base/text.h"

struct pool;

enum path_verdict {
	PATH_OK,
	PATH_BAD_ESCAPE, /* % without two hexadecimal digits */
	PATH_BAD_OCTET,	 /* NUL or another control octet, encoded or not */
	PATH_BAD_SLASH,	 /* encoded slash: %2F cannot be told from a separator by a script */
	PATH_ABOVE_ROOT, /* more ".." than segments */
	PATH_NOT_ABSOLUTE,
};

struct path {
	struct text
	    decoded;	   /* percent-decoded, no dot segments, no doubled slashes; begins with / */
	struct text query; /* after the first ?, as sent; {NULL, 0} when there is no ? */
	struct text raw;   /* as sent, without the query */
};

/* Splits and normalises a :path. `decoded` is NUL-terminated in the pool; the rest borrows TARGET.
 */
enum path_verdict path_parse(struct path *, struct text target, struct pool *);
/* What is wrong, for the log. */
const char *path_verdict_text(enum path_verdict);
/* The extension of the last segment with its dot (".php"), {NULL, 0} when there is none. */
struct text path_extension(struct text decoded);

#endif
