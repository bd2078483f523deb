/* SPDX-License-Identifier: MIT */
/* The frame header and the table of what is legal. */
#include "server/h2/frame.h"

static const struct h2_frame_rule rules[H2_FRAME_TYPES] = {
#define X(id, code, place, least, most, fatal) [code] = {#id, place, least, most, fatal},
    H2_FRAMES(X)
#undef X
};

const struct h2_frame_rule *h2_frame_rule(uint8_t type)
{
	return type < H2_FRAME_TYPES ? &rules[type] : NULL;
}

const char *h2_frame_name(uint8_t type)
{
	return type < H2_FRAME_TYPES ? rules[type].name : "UNKNOWN";
}

void h2_frame_parse(struct h2_frame *f, const uint8_t p[H2_FRAME_HEAD])
{
	f->length = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
	f->type = p[3];
	f->flags = p[4];
	f->stream = h2_get32(p + 5) & H2_STREAM_LIMIT; /* section 4.1: the R bit is ignored */
}

void h2_frame_put(uint8_t to[H2_FRAME_HEAD], size_t length, uint8_t type, uint8_t flags,
		  uint32_t stream)
{
	to[0] = (uint8_t)(length >> 16);
	to[1] = (uint8_t)(length >> 8);
	to[2] = (uint8_t)length;
	to[3] = type;
	to[4] = flags;
	h2_put32(to + 5, stream);
}
