/* SPDX-License-Identifier: MIT */
/*
 * The preface begins like a request line ("PRI * HTTP/2.0") on purpose, so octets are compared with
 * it as they come; at the first difference the line is followed to its end, whose version decides.
 */
#include "server/front/detect.h"

#include <stdbool.h>
#include <string.h>

#include "server/h2/frame.h"

static void remember(struct detect *d, char c)
{
	memmove(d->tail, d->tail + 1, sizeof d->tail - 1);
	d->tail[sizeof d->tail - 1] = c;
}

static bool line_is_http1(const struct detect *d)
{
	const char *end = d->tail + sizeof d->tail - 1; /* the LF */

	if (end[-1] == '\r')
		end--;
	return memcmp(end - 8, "HTTP/1.", 7) == 0 && end[-1] >= '0' && end[-1] <= '9';
}

static enum detected feed_line(struct detect *d, uint8_t c)
{
	/* A method is a token: what begins otherwise (a TLS hello, say) is no HTTP. */
	if (c != '\n' && c != '\r' && c != '\t' && (c < 0x20 || c == 0x7f))
		return DETECT_NONSENSE;
	remember(d, (char)c);
	d->seen++;
	if (c == '\n')
		return line_is_http1(d) ? DETECT_H1 : DETECT_NONSENSE;
	return d->seen < DETECT_LINE ? DETECT_MORE : DETECT_NONSENSE;
}

/* The octets so far agreed with the preface; now they are a line. */
static enum detected leave_preface(struct detect *d)
{
	uint32_t seen = d->seen;
	enum detected r = DETECT_MORE;

	d->state = DETECT_IN_LINE;
	d->seen = 0;
	for (uint32_t i = 0; i < seen && r == DETECT_MORE; i++)
		r = feed_line(d, (uint8_t)H2_PREFACE[i]);
	return r;
}

enum detected detect_feed(struct detect *d, const uint8_t *p, size_t n)
{
	enum detected r = DETECT_MORE;

	for (size_t i = 0; i < n && r == DETECT_MORE; i++) {
		if (d->state == DETECT_IN_PREFACE && p[i] == (uint8_t)H2_PREFACE[d->seen]) {
			if (++d->seen == H2_PREFACE_LEN)
				return DETECT_H2;
			continue;
		}
		if (d->state == DETECT_IN_PREFACE)
			r = leave_preface(d);
		if (r == DETECT_MORE)
			r = feed_line(d, p[i]);
	}
	return r;
}
