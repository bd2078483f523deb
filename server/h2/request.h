/* SPDX-License-Identifier: MIT */
/* From a complete header block to a request head or trailers (RFC 9113 section 8); engine-internal.
 */
#ifndef OUTRIDER_H2_REQUEST_H
#define OUTRIDER_H2_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct h2_conn;
struct h2_event;
struct h2_stream;

/* A new stream; sets a REQUEST event unless the request is refused or malformed. */
void h2_recv_request(struct h2_conn *, uint32_t id, const uint8_t *, size_t, bool end,
		     struct h2_event *);
/* A second block on an open stream. */
void h2_recv_trailers(struct h2_conn *, struct h2_stream *, const uint8_t *, size_t, bool end,
		      struct h2_event *);
/* Decodes a block of no interest, for the sake of the dynamic table; false: the connection failed.
 */
bool h2_skip_block(struct h2_conn *, const uint8_t *, size_t);

#endif
