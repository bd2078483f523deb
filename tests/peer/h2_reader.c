/* SPDX-License-Identifier: MIT */
#include "tests/peer/h2_reader.h"

#include "server/base/pool.h"

enum { SHOWN = 40 }; /* octets of DATA that are shown as they are */

void h2_reader_init(struct h2_reader *r, struct pool_cache *pools, struct octets *trace)
{
	*r = (struct h2_reader){.pools = pools, .trace = trace, .last = H2_STREAM_LIMIT};
	hpack_decoder_init(&r->dec, HPACK_FIRST_LIMIT);
}

void h2_reader_clear(struct h2_reader *r)
{
	octets_clear(&r->in);
	octets_clear(&r->block);
	hpack_decoder_clear(&r->dec);
	free(r->streams);
}

#define say(r, ...)                                            \
	do {                                                   \
		if ((r)->trace)                                \
			octets_print((r)->trace, __VA_ARGS__); \
	} while (0)

static void wrong(struct h2_reader *r, const char *why)
{
	say(r, "! %s\n", why);
	if (!r->bad)
		r->bad = why;
}

void h2_reader_ask(struct h2_reader *r, uint32_t size)
{
	if (r->asked < sizeof r->tables / sizeof *r->tables)
		r->tables[r->asked++] = size;
}

static struct h2_reader_stream *stream_of(struct h2_reader *r, uint32_t id)
{
	for (size_t i = r->count; i-- > 0;) {
		if (r->streams[i].id == id)
			return &r->streams[i];
	}
	if (r->count == r->cap) {
		r->cap = r->cap * 2 + 16;
		r->streams = realloc(r->streams, r->cap * sizeof *r->streams);
		if (!r->streams)
			abort();
	}
	r->streams[r->count] = (struct h2_reader_stream){.id = id};
	return &r->streams[r->count++];
}

/* Checks what holds for any frame of a stream (section 5.1); the stream. */
static struct h2_reader_stream *on_stream(struct h2_reader *r, uint32_t id)
{
	struct h2_reader_stream *s = stream_of(r, id);

	if (id % 2 == 0)
		wrong(r, "stream of the server's own");
	if (r->highest && id > r->highest)
		wrong(r, "frame on an idle stream");
	if (s->reset)
		wrong(r, "frame after RST_STREAM");
	return s;
}

static unsigned three_digits(const char *p)
{
	return (unsigned)((p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0'));
}

/* Decodes a block into the trace; its :status, 0 for trailers. */
static unsigned read_fields(struct h2_reader *r)
{
	struct pool *pool = pool_new(r->pools);
	struct hpack_field f;
	enum hpack_status st;
	unsigned status = 0, n = 0;

	hpack_decode_begin(&r->dec, r->block.p, r->block.n);
	while ((st = hpack_decode(&r->dec, pool, &f)) == HPACK_FIELD) {
		if (f.value.n > 100)
			say(r, " %.*s=[%zu]", (int)f.name.n, f.name.p, f.value.n);
		else
			say(r, " %.*s=%.*s", (int)f.name.n, f.name.p, (int)f.value.n, f.value.p);
		if (f.token == HPACK_STATUS && n == 0 && f.value.n == 3)
			status = three_digits(f.value.p);
		else if (f.name.n && f.name.p[0] == ':')
			wrong(r, "pseudo-header field out of place");
		n++;
	}
	pool_free(pool);
	if (st == HPACK_BAD)
		wrong(r, "header block cannot be decoded");
	return status;
}

static void block_done(struct h2_reader *r)
{
	uint32_t id = r->block_stream;
	struct h2_reader_stream *s;
	unsigned status;

	r->block_stream = 0;
	say(r, "< HEADERS %u", id);
	status = read_fields(r);
	say(r, "%s\n", r->block_end ? " END" : "");
	s = on_stream(r, id);
	if (s->end)
		wrong(r, "HEADERS after END_STREAM");
	if (s->head && (status || !r->block_end))
		wrong(r, "trailers with :status or without END_STREAM");
	if (!s->head && (status < 100 || (status < 200 && r->block_end)))
		wrong(r, "head without :status, or interim head with END_STREAM");
	s->head = s->head || status >= 200;
	s->end = r->block_end;
}

static void read_block(struct h2_reader *r, const struct h2_frame *f, const uint8_t *p)
{
	if (f->type == H2_HEADERS) {
		r->block.n = 0;
		r->block_stream = f->stream;
		r->block_end = f->flags & H2_FLAG_END_STREAM;
	}
	octets_add(&r->block, p, f->length);
	if (f->flags & H2_FLAG_END_HEADERS)
		block_done(r);
}

static void read_data(struct h2_reader *r, const struct h2_frame *f, const uint8_t *p)
{
	const char *end = f->flags & H2_FLAG_END_STREAM ? " END" : "";
	struct h2_reader_stream *s;

	if (f->length > SHOWN)
		say(r, "< DATA %u [%u]%s\n", f->stream, f->length, end);
	else
		say(r, "< DATA %u \"%.*s\"%s\n", f->stream, (int)f->length, (const char *)p, end);
	s = on_stream(r, f->stream);
	if (!s->head)
		wrong(r, "DATA before the head");
	if (s->end)
		wrong(r, "DATA after END_STREAM");
	s->end = f->flags & H2_FLAG_END_STREAM;
	r->data += f->length;
}

static void read_settings(struct h2_reader *r, const struct h2_frame *f, const uint8_t *p)
{
	say(r, "< SETTINGS%s", f->flags & H2_FLAG_ACK ? " ACK" : "");
	for (uint32_t i = 0; i + 6 <= f->length; i += 6)
		say(r, " %u=%u", h2_get16(p + i), h2_get32(p + i + 2));
	say(r, "\n");
	if (f->flags & H2_FLAG_ACK && r->asked) {
		r->dec.allowed = r->tables[0];
		memmove(r->tables, r->tables + 1, --r->asked * sizeof *r->tables);
	}
	r->settled = true;
}

static void read_goaway(struct h2_reader *r, const uint8_t *p)
{
	uint32_t last = h2_get32(p);

	say(r, "< GOAWAY last=%u %s\n", last, h2_err_name(h2_get32(p + 4)));
	if (last > r->last)
		wrong(r, "GOAWAY with a higher last stream than before"); /* section 6.8 */
	r->last = last;
}

static void read_window(struct h2_reader *r, const struct h2_frame *f, const uint8_t *p)
{
	say(r, "< WINDOW_UPDATE %u +%u\n", f->stream, h2_get32(p));
	if (h2_get32(p) == 0 || h2_get32(p) > H2_WINDOW_LIMIT)
		wrong(r, "WINDOW_UPDATE out of range");
	if (f->stream)
		on_stream(r, f->stream);
}

static void read_frame(struct h2_reader *r, const struct h2_frame *f, const uint8_t *p)
{
	const struct h2_frame_rule *rule = h2_frame_rule(f->type);

	if (!rule || f->length < rule->least || f->length > rule->most) {
		wrong(r, "unknown type or wrong length");
		return;
	}
	if (!r->settled && f->type != H2_SETTINGS)
		wrong(r, "first frame is not SETTINGS");
	if ((r->block_stream != 0) != (f->type == H2_CONTINUATION))
		wrong(r, "header block interrupted");
	switch ((enum h2_frame_type)f->type) {
	case H2_DATA:
		read_data(r, f, p);
		break;
	case H2_HEADERS:
	case H2_CONTINUATION:
		read_block(r, f, p);
		break;
	case H2_RST_STREAM:
		say(r, "< RST_STREAM %u %s\n", f->stream, h2_err_name(h2_get32(p)));
		on_stream(r, f->stream)->reset = true;
		break;
	case H2_SETTINGS:
		read_settings(r, f, p);
		break;
	case H2_PING:
		say(r, "< PING%s %.8s\n", f->flags & H2_FLAG_ACK ? " ACK" : "", (const char *)p);
		break;
	case H2_GOAWAY:
		read_goaway(r, p);
		break;
	case H2_WINDOW_UPDATE:
		read_window(r, f, p);
		break;
	default:
		wrong(r, "frame that a server does not send");
	}
}

void h2_reader_take(struct h2_reader *r, const void *p, size_t n)
{
	size_t at = 0;

	octets_add(&r->in, p, n);
	while (r->in.n - at >= H2_FRAME_HEAD) {
		struct h2_frame f;

		h2_frame_parse(&f, r->in.p + at);
		if (r->in.n - at - H2_FRAME_HEAD < f.length)
			break;
		read_frame(r, &f, r->in.p + at + H2_FRAME_HEAD);
		at += H2_FRAME_HEAD + f.length;
	}
	octets_drop(&r->in, at);
}
