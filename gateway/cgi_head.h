/* SPDX-License-Identifier: MIT */
/*
 * Response heads of CGI programs (RFC 3875 section 6, nph- included) and FastCGI applications: any
 * number of informational blocks, then the final one, in every split and coalescing. No I/O.
 *
 * A block is lines of `Name: value` up to an empty line; lines end in LF or CRLF. Its status comes
 * from a status line (`HTTP/1.1 103 Early Hints`) in front, else from the last Status field
 * wherever it stands in the block (Apache and PHP let the last one win too), else it is 302 with a
 * Location and 200 without.
 */
#ifndef OUTRIDER_GATEWAY_CGI_HEAD_H
#define OUTRIDER_GATEWAY_CGI_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/http/head.h"

struct pool;

enum cgi_head_result {
	CGI_HEAD_MORE,	 /* all input was taken; the block is not complete */
	CGI_HEAD_INFORM, /* *head is a 1xx; feed the rest for the next block */
	CGI_HEAD_FINAL,	 /* *head is the final one; the rest of the input is body */
	CGI_HEAD_BAD,	 /* `why` says what is wrong; nothing more may be fed */
};

struct cgi_head {
	/* Public, read only. After BAD: */
	const char *why;    /* constant words for the log */
	struct text sample; /* first octets of the line that was not understood */
	/* After INFORM and FINAL: */
	bool status_given; /* by the program, not made from Location or from nothing */
	bool close;	   /* it said `Connection: close` */

	/* Private. */
	struct pool *pool;
	char *buf; /* the block as far as it has come, names in lower case */
	size_t len, cap;
	size_t max;   /* most octets in one block */
	size_t line;  /* where the line at hand begins in buf */
	size_t value; /* where the value of the newest field begins in buf */
	/* Of status line and Status field; 0: none. */
	unsigned line_status, field_status;
	uint64_t seen; /* a bit for each token among the fields */
	struct http_fields fields;
};

/* MAX: most octets of one block (a longer one is BAD). The pool must outlive the parser. */
void cgi_head_init(struct cgi_head *, struct pool *, size_t max);
/*
 * Takes input up to the end of one block; *used says how much. Every line is judged as soon as it
 * is complete. INFORM and FINAL fill *head and *chunked:
 *
 *     status          100 to 599; 101 comes as INFORM like any other 1xx
 *     fields          lower-case names, valid in HTTP/2; continued lines are joined by a space.
 *                     Not among them: Status, hop-by-hop fields and those that Connection names,
 *                     TE, Content-Length; of a 1xx also what has no business there: Content-*,
 *                     Set-Cookie, Date, Server, X-Powered-By
 *     content_length  of a final head: what the one Content-Length (or several equal ones) said;
 *                     -1 when there was none, or chunked
 *     *chunked        a final head said Transfer-Encoding: chunked; the body is in that coding
 *
 * The list of fields and its texts live until the next call, those of FINAL as long as the pool.
 * The memory of one block is used again for the next, so that any number of 1xx costs no more than
 * one of MAX octets; what is wanted of a 1xx later must be copied.
 */
enum cgi_head_result cgi_head_feed(struct cgi_head *, const char *, size_t, size_t *used,
				   struct http_head *head, bool *chunked);
/* Whether any octet of an unfinished block was seen. */
bool cgi_head_begun(const struct cgi_head *);

#endif
