/* SPDX-License-Identifier: MIT */
/*
 * The variables of a request (RFC 3875 section 4.1), one builder for CGI and FastCGI.
 */
#ifndef OUTRIDER_GATEWAY_CGI_ENV_H
#define OUTRIDER_GATEWAY_CGI_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "server/base/text.h"

struct http_head;
struct http_connection;
struct pool;

/* A name and value from the configuration. */
struct cgi_var {
	struct text name, value;
};

struct cgi_request {
	const struct http_head *head;
	const struct http_connection *connection;
	struct pool *pool;	     /* for what has to be made */
	struct text script_filename; /* the program on disk; empty for a mounted application */
	struct text script_name;     /* the part of the path that names the program */
	struct text path_info;	     /* the rest, decoded; empty: none */
	struct text document_root, document_uri, query;
	int64_t content_length;	     /* -1: unknown, CONTENT_LENGTH is left out */
	const struct cgi_var *extra; /* [env] of site and route; each name once */
	size_t extra_count;
	bool underscores; /* let field names with _ pass */
};

/* Takes one variable; a result other than 0 ends the building and is handed on. */
typedef int cgi_add(void *to, struct text name, struct text value);

/*
 * Calls ADD once for each variable; no name comes twice. Texts are borrowed for the call only.
 * Returns 0 or ADD's result.
 *
 *     always            GATEWAY_INTERFACE SERVER_SOFTWARE SERVER_NAME SERVER_ADDR SERVER_PORT
 *                       SERVER_PROTOCOL REQUEST_METHOD REQUEST_URI REQUEST_SCHEME SCRIPT_NAME
 *                       QUERY_STRING DOCUMENT_URI REMOTE_ADDR REMOTE_PORT REDIRECT_STATUS
 *                       OUTRIDER_INFORMATIONAL
 *     when not empty    SCRIPT_FILENAME DOCUMENT_ROOT PATH_INFO PATH_TRANSLATED (with the two
 *                       before it) CONTENT_TYPE CONTENT_LENGTH
 *     under TLS         HTTPS SSL_PROTOCOL SSL_CIPHER
 *     HTTP_*            HTTP_HOST is the authority; then each field by its name, Authorization
 *                       too; fields of one name are joined by ", " (cookies by "; ")
 *     extra             as they are; a variable above that has the name of one is left out
 *
 * SERVER_NAME is the host that was asked for, else the local address. Fields with a variable of
 * their own (host, content-type, content-length) and hop-by-hop fields make no HTTP_* variable.
 *
 * Dropped, with one line in the log for all of a request: `proxy`, for HTTP_PROXY is never made
 * from a field; a name with other octets than letters, digits and `-`; a name with `_` unless
 * `underscores` is set; and with it, a name that makes the same variable as another one (the one
 * without `_`, else the first, wins) or imitates a field that the server itself understands.
 */
int cgi_env_build(const struct cgi_request *, cgi_add *add, void *to);

#endif
