/* SPDX-License-Identifier: MIT */
/*
 * FastCGI records. On the wire (FastCGI 1.0 section 3.3):
 *
 *     | version | type | request id | content length | padding length | reserved |   8 octets
 *     | content, 0 to 65,535 octets | padding, 0 to 255 octets |
 *
 * The parser walks
 *
 *     IN_HEAD --STDOUT, STDERR--> IN_STREAM --+--> IN_PADDING --> IN_HEAD
 *        \------END, management--> IN_GATHER --/
 *
 * and skips what has no octets. Stream content leaves in slices of the input, so its octets are
 * never looked at nor copied here; only the few octets of heads, of END_REQUEST and of management
 * records are gathered. A fault in a head leads to DEAD: where the next record begins is unknown
 * then, so nothing more can be believed.
 *
 * The writer of PARAMS keeps one record open at the end of its buffer and patches the length in
 * when the record is closed. No record is padded: the specification only recommends it, and
 * neither php-fpm nor libfcgi runs faster with it.
 */
#include "gateway/fcgi_record.h"

#include <assert.h>
#include <fastcgi.h>
#include <string.h>

#include "server/base/pool.h"

enum {
	END_LEN = sizeof(FCGI_EndRequestBody),
	UNKNOWN_LEN = sizeof(FCGI_UnknownTypeBody),
	PARAMS_FIRST = 1024, /* room to begin with: a common request fits after one doubling */
};

static_assert(FREC_HEAD == FCGI_HEADER_LEN && FREC_CONTENT_MAX == FCGI_MAX_LENGTH, "wire sizes");

/* ---- parser ---- */

void frec_parser_init(struct frec_parser *p)
{
	memset(p, 0, sizeof *p);
}

static void fail(struct frec_parser *p, struct frec_event *ev, const char *why)
{
	p->state = FREC_DEAD;
	p->why = why;
	ev->kind = FREC_BAD;
	ev->why = why;
}

/* The content has passed. */
static void end_content(struct frec_parser *p)
{
	p->got = 0;
	p->state = p->padding ? FREC_IN_PADDING : FREC_IN_HEAD;
}

static bool is_stream(const struct frec_parser *p)
{
	return p->type == FCGI_STDOUT || p->type == FCGI_STDERR;
}

/* What is wrong with the record whose head has been read; NULL when nothing is. */
static const char *record_fault(const struct frec_parser *p, uint8_t version)
{
	if (version != FCGI_VERSION_1)
		return "not a FastCGI record: the version is not 1";
	switch (p->type) {
	case FCGI_STDOUT:
	case FCGI_STDERR:
		break;
	case FCGI_END_REQUEST:
		if (p->content != END_LEN)
			return "END_REQUEST of a wrong length";
		break;
	case FCGI_GET_VALUES_RESULT:
		if (p->content > FREC_VALUES_MAX)
			return "GET_VALUES_RESULT is too large";
		break;
	case FCGI_UNKNOWN_TYPE:
		if (p->content != UNKNOWN_LEN)
			return "UNKNOWN_TYPE of a wrong length";
		break;
	default:
		return "record of a type that no application may send";
	}
	/* FastCGI 1.0 section 3.3: id 0 is for management records, and for them only. */
	if (p->type < FCGI_GET_VALUES && p->id == FCGI_NULL_REQUEST_ID)
		return "application record with request id 0";
	if (p->type >= FCGI_GET_VALUES && p->id != FCGI_NULL_REQUEST_ID)
		return "management record with a request id";
	return NULL;
}

/* All content of an END or management record lies in `small`. */
static void report_gathered(struct frec_parser *p, struct frec_event *ev)
{
	const uint8_t *b = p->small;

	ev->id = p->id;
	switch (p->type) {
	case FCGI_END_REQUEST:
		ev->kind = FREC_END;
		ev->app_status =
		    (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
		ev->proto_status = b[4];
		break;
	case FCGI_UNKNOWN_TYPE:
		ev->kind = FREC_UNKNOWN;
		ev->unknown_type = b[0];
		break;
	default:
		ev->kind = FREC_VALUES;
		ev->data = b;
		ev->len = p->got;
		break;
	}
	end_content(p);
}

static void begin_record(struct frec_parser *p, const uint8_t *head, struct frec_event *ev)
{
	const char *why;

	p->type = head[1];
	p->id = (uint16_t)(head[2] << 8 | head[3]);
	p->content = (uint32_t)head[4] << 8 | head[5];
	p->padding = head[6];
	p->got = 0;
	why = record_fault(p, head[0]);
	if (why)
		fail(p, ev, why);
	else if (p->content)
		p->state = is_stream(p) ? FREC_IN_STREAM : FREC_IN_GATHER;
	else if (is_stream(p))
		end_content(p);
	else
		report_gathered(p, ev);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t in_head(struct frec_parser *p, const uint8_t *in, size_t n, struct frec_event *ev)
{
	size_t take = least(n, FREC_HEAD - p->got);

	if (take == FREC_HEAD) {
		begin_record(p, in, ev);
		return take;
	}
	memcpy(p->head + p->got, in, take);
	p->got += (uint32_t)take;
	if (p->got == FREC_HEAD)
		begin_record(p, p->head, ev);
	return take;
}

static size_t in_stream(struct frec_parser *p, const uint8_t *in, size_t n, struct frec_event *ev)
{
	ev->kind = p->type == FCGI_STDOUT ? FREC_STDOUT : FREC_STDERR;
	ev->id = p->id;
	ev->data = in;
	ev->len = least(n, p->content);
	frec_skip(p, ev->len);
	return ev->len;
}

static size_t in_gather(struct frec_parser *p, const uint8_t *in, size_t n, struct frec_event *ev)
{
	size_t take = least(n, p->content);

	memcpy(p->small + p->got, in, take);
	p->got += (uint32_t)take;
	p->content -= (uint32_t)take;
	if (p->content == 0)
		report_gathered(p, ev);
	return take;
}

static size_t in_padding(struct frec_parser *p, size_t n)
{
	size_t take = least(n, p->padding);

	p->padding -= (uint32_t)take;
	if (p->padding == 0)
		p->state = FREC_IN_HEAD;
	return take;
}

size_t frec_parse(struct frec_parser *p, const uint8_t *in, size_t n, struct frec_event *ev)
{
	size_t at = 0;

	*ev = (struct frec_event){.kind = FREC_NONE};
	while (at < n && ev->kind == FREC_NONE) {
		switch (p->state) {
		case FREC_IN_HEAD:
			at += in_head(p, in + at, n - at, ev);
			break;
		case FREC_IN_STREAM:
			at += in_stream(p, in + at, n - at, ev);
			break;
		case FREC_IN_GATHER:
			at += in_gather(p, in + at, n - at, ev);
			break;
		case FREC_IN_PADDING:
			at += in_padding(p, n - at);
			break;
		case FREC_DEAD:
			fail(p, ev, p->why);
			break;
		}
	}
	return at;
}

size_t frec_stdout_left(const struct frec_parser *p)
{
	return p->state == FREC_IN_STREAM && p->type == FCGI_STDOUT ? p->content : 0;
}

void frec_skip(struct frec_parser *p, size_t n)
{
	assert(p->state == FREC_IN_STREAM && n <= p->content);
	p->content -= (uint32_t)n;
	if (p->content == 0)
		end_content(p);
}

/* ---- writers ---- */

void frec_put_head(uint8_t to[FREC_HEAD], uint8_t type, uint16_t id, size_t content, uint8_t pad)
{
	assert(content <= FREC_CONTENT_MAX);
	to[0] = FCGI_VERSION_1;
	to[1] = type;
	to[2] = (uint8_t)(id >> 8);
	to[3] = (uint8_t)id;
	to[4] = (uint8_t)(content >> 8);
	to[5] = (uint8_t)content;
	to[6] = pad;
	to[7] = 0;
}

void frec_put_begin(uint8_t to[FREC_BEGIN], uint16_t id, uint16_t role, bool keep)
{
	frec_put_head(to, FCGI_BEGIN_REQUEST, id, FREC_BEGIN - FREC_HEAD, 0);
	memset(to + FREC_HEAD, 0, FREC_BEGIN - FREC_HEAD);
	to[8] = (uint8_t)(role >> 8);
	to[9] = (uint8_t)role;
	to[10] = keep ? FCGI_KEEP_CONN : 0;
}

void frec_params_init(struct frec_params *f, struct pool *pool, uint16_t id, size_t reserve)
{
	*f = (struct frec_params){.pool = pool,
				  .id = id,
				  .len = reserve,
				  .cap = reserve + PARAMS_FIRST};
	f->buf = pool_alloc(pool, f->cap);
}

/* Makes room for N more octets. */
static void make_room(struct frec_params *f, size_t n)
{
	size_t cap = f->cap;

	if (n <= cap - f->len)
		return;
	while (n > cap - f->len)
		cap *= 2;
	f->buf = pool_extend(f->pool, f->buf, f->len, cap);
	f->cap = cap;
}

static void close_record(struct frec_params *f)
{
	if (f->open)
		frec_put_head(f->buf + f->record, FCGI_PARAMS, f->id,
			      f->len - f->record - FREC_HEAD, 0);
	f->open = false;
}

static void open_record(struct frec_params *f)
{
	make_room(f, FREC_HEAD);
	f->record = f->len;
	f->len += FREC_HEAD;
	f->open = true;
}

/* FastCGI 1.0 section 3.4: a length below 128 is one octet, any other four with the top bit set. */
static size_t length_size(size_t n)
{
	return n < 128 ? 1 : 4;
}

static uint8_t *put_length(uint8_t *to, size_t n)
{
	if (n < 128) {
		to[0] = (uint8_t)n;
		return to + 1;
	}
	to[0] = (uint8_t)(n >> 24 | 0x80);
	to[1] = (uint8_t)(n >> 16);
	to[2] = (uint8_t)(n >> 8);
	to[3] = (uint8_t)n;
	return to + 4;
}

int frec_params_add(struct frec_params *f, struct text name, struct text value)
{
	size_t pair;
	uint8_t *to;

	if (name.n > FREC_CONTENT_MAX || value.n > FREC_CONTENT_MAX)
		return -1;
	pair = length_size(name.n) + length_size(value.n) + name.n + value.n;
	if (pair > FREC_CONTENT_MAX)
		return -1;
	if (f->open && f->len - f->record - FREC_HEAD + pair > FREC_CONTENT_MAX)
		close_record(f);
	if (!f->open)
		open_record(f);
	make_room(f, pair);
	to = put_length(f->buf + f->len, name.n);
	to = put_length(to, value.n);
	if (name.n)
		memcpy(to, name.p, name.n);
	if (value.n)
		memcpy(to + name.n, value.p, value.n);
	f->len += pair;
	return 0;
}

void frec_params_end(struct frec_params *f)
{
	close_record(f);
	/* FastCGI 1.0 section 3.3: a stream ends with a record without content. */
	open_record(f);
	close_record(f);
}

/* Reads one length; 0, or -1 when it is cut short. */
static int get_length(const uint8_t **at, const uint8_t *end, size_t *n)
{
	const uint8_t *p = *at;

	if (p < end && p[0] < 128) {
		*n = p[0];
		*at = p + 1;
		return 0;
	}
	if (end - p < 4)
		return -1;
	*n = (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	*at = p + 4;
	return 0;
}

int frec_pair(const uint8_t **at, const uint8_t *end, struct text *name, struct text *value)
{
	const uint8_t *p = *at;
	size_t nn, vn;

	if (get_length(&p, end, &nn) || get_length(&p, end, &vn))
		return -1;
	if (nn > (size_t)(end - p) || vn > (size_t)(end - p) - nn)
		return -1;
	*name = (struct text){(const char *)p, nn};
	*value = (struct text){(const char *)p + nn, vn};
	*at = p + nn + vn;
	return 0;
}
