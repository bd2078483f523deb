/* SPDX-License-Identifier: MIT */
/*
 * Frames as octets (RFC 9113 sections 4.1 and 6): the header, what is legal for each type, and
 * numbers in network order. No state.
 */
#ifndef OUTRIDER_H2_FRAME_H
#define OUTRIDER_H2_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/h2/errors.h"

enum {
	H2_FRAME_HEAD = 9,
	H2_FRAME_SIZE = 16384,		/* SETTINGS_MAX_FRAME_SIZE: ours, and the least of a peer */
	H2_FRAME_SIZE_LIMIT = 16777215, /* the most a peer may set */
	H2_WINDOW_DEFAULT = 65535,
	H2_WINDOW_LIMIT = 2147483647,
	H2_STREAM_LIMIT = 2147483647,
	H2_PREFACE_LEN = 24,
};

#define H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

/* On which streams a type may come. */
enum h2_place { H2_ON_STREAM, H2_ON_CONNECTION, H2_ON_BOTH };

/*
 * X(type, code, place, least length, greatest length, wrong length is an error of). The greatest
 * length H2_FRAME_SIZE means: no rule of its own. RFC 9113 section 6.
 */
#define H2_FRAMES(X)                                               \
	X(DATA, 0x0, H2_ON_STREAM, 0, H2_FRAME_SIZE, true)         \
	X(HEADERS, 0x1, H2_ON_STREAM, 0, H2_FRAME_SIZE, true)      \
	X(PRIORITY, 0x2, H2_ON_STREAM, 5, 5, false)                \
	X(RST_STREAM, 0x3, H2_ON_STREAM, 4, 4, true)               \
	X(SETTINGS, 0x4, H2_ON_CONNECTION, 0, H2_FRAME_SIZE, true) \
	X(PUSH_PROMISE, 0x5, H2_ON_STREAM, 4, H2_FRAME_SIZE, true) \
	X(PING, 0x6, H2_ON_CONNECTION, 8, 8, true)                 \
	X(GOAWAY, 0x7, H2_ON_CONNECTION, 8, H2_FRAME_SIZE, true)   \
	X(WINDOW_UPDATE, 0x8, H2_ON_BOTH, 4, 4, true)              \
	X(CONTINUATION, 0x9, H2_ON_STREAM, 0, H2_FRAME_SIZE, true)

enum h2_frame_type {
#define X(id, code, place, least, most, fatal) H2_##id = code,
	H2_FRAMES(X)
#undef X
	    H2_FRAME_TYPES /* types from here on are unknown and ignored (section 5.5) */
};

enum {
	H2_FLAG_ACK = 0x1,
	H2_FLAG_END_STREAM = 0x1,
	H2_FLAG_END_HEADERS = 0x4,
	H2_FLAG_PADDED = 0x8,
	H2_FLAG_PRIORITY = 0x20,
};

enum h2_setting {
	H2_SET_HEADER_TABLE_SIZE = 0x1,
	H2_SET_ENABLE_PUSH = 0x2,
	H2_SET_MAX_CONCURRENT_STREAMS = 0x3,
	H2_SET_INITIAL_WINDOW_SIZE = 0x4,
	H2_SET_MAX_FRAME_SIZE = 0x5,
	H2_SET_MAX_HEADER_LIST_SIZE = 0x6,
};

struct h2_frame {
	uint32_t length;
	uint8_t type, flags;
	uint32_t stream;
};

struct h2_frame_rule {
	const char *name;
	enum h2_place place;
	uint32_t least, most;
	bool fatal; /* a wrong length ends the connection, not just the stream */
};

/* The rule of a known type, NULL for others. */
const struct h2_frame_rule *h2_frame_rule(uint8_t type);
/* "DATA" and so on, "UNKNOWN" for others. */
const char *h2_frame_name(uint8_t type);

void h2_frame_parse(struct h2_frame *, const uint8_t from[H2_FRAME_HEAD]);
void h2_frame_put(uint8_t to[H2_FRAME_HEAD], size_t length, uint8_t type, uint8_t flags,
		  uint32_t stream);

static inline uint32_t h2_get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t h2_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void h2_put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void h2_put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

#endif
