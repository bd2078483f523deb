/* SPDX-License-Identifier: MIT */
/* From the path of a request to the script that serves it (RFC 3875
 * sections 3.2, 3.3, 4.1.5, 4.1.13). */
#ifndef OUTRIDER_GATEWAY_SCRIPT_H
#define OUTRIDER_GATEWAY_SCRIPT_H

#include "server/base/text.h"

struct cgi_request;
struct exchange;
struct gateway_target;

/*
 * Fills script_filename, script_name, path_info, document_root, document_uri and query of the
 * request, texts NUL-terminated in the exchange's pool where they are file names; PROGRAM is the
 * script's file before `realpath` resolved its links. Returns 0, or the status with which the
 * request is refused (404, 403); what was looked for is logged.
 */
unsigned script_resolve(struct cgi_request *, struct text *program, const struct exchange *,
			const struct gateway_target *);

#endif
