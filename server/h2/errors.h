/* SPDX-License-Identifier: MIT */
/* Error codes of RFC 9113 section 7. */
#ifndef OUTRIDER_H2_ERRORS_H
#define OUTRIDER_H2_ERRORS_H

#include <stdint.h>

#define H2_ERRORS(X)                \
	X(NO_ERROR, 0x0)            \
	X(PROTOCOL_ERROR, 0x1)      \
	X(INTERNAL_ERROR, 0x2)      \
	X(FLOW_CONTROL_ERROR, 0x3)  \
	X(SETTINGS_TIMEOUT, 0x4)    \
	X(STREAM_CLOSED, 0x5)       \
	X(FRAME_SIZE_ERROR, 0x6)    \
	X(REFUSED_STREAM, 0x7)      \
	X(CANCEL, 0x8)              \
	X(COMPRESSION_ERROR, 0x9)   \
	X(CONNECT_ERROR, 0xa)       \
	X(ENHANCE_YOUR_CALM, 0xb)   \
	X(INADEQUATE_SECURITY, 0xc) \
	X(HTTP_1_1_REQUIRED, 0xd)

enum h2_err {
#define X(id, code) H2_##id = code,
	H2_ERRORS(X)
#undef X
};

/* "PROTOCOL_ERROR" and so on; "unknown error" for a code that is not registered. */
const char *h2_err_name(uint32_t code);

#endif
