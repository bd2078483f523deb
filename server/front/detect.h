/* SPDX-License-Identifier: MIT */
/*
 * What a client speaks, told from its first octets in any segmentation: the HTTP/2 preface (RFC
 * 9113 section 3.4), an HTTP/1.x request line, or neither. No I/O.
 */
#ifndef OUTRIDER_FRONT_DETECT_H
#define OUTRIDER_FRONT_DETECT_H

#include <stddef.h>
#include <stdint.h>

enum detected {
	DETECT_MORE, /* cannot be told yet */
	DETECT_H2,   /* the preface is complete, or all that came belongs to it and ALPN said h2 */
	DETECT_H1,   /* a line that ends in HTTP/1.x */
	DETECT_NONSENSE, /* no HTTP at all: close without an answer */
};

enum { DETECT_LINE = 8192 }; /* most octets of a request line that are looked at */

struct detect {
	uint32_t seen; /* octets of preface, or of the line */
	char tail[10]; /* last octets of the line */
	enum { DETECT_IN_PREFACE, DETECT_IN_LINE } state;
};

/* Feeds octets; all N are looked at until the answer is other than DETECT_MORE. A zeroed detect
 * starts. The octets are to be kept by the caller: the preface is part of what the engine reads. */
enum detected detect_feed(struct detect *, const uint8_t *, size_t n);

#endif
