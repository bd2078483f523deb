/* SPDX-License-Identifier: MIT */
#include "tests/peer/h2_client.h"

#include <assert.h>

#include "server/base/log.h"
#include "server/http/head.h"

enum { PIECES = 6, BODY_LIMIT = 1 << 20, SHOWN = 40 };

void h2_client_init(struct h2_client *c, struct h2_cuts cuts)
{
	*c = (struct h2_client){.cuts = cuts, .table = HPACK_FIRST_LIMIT};
	c->limits = (struct h2_limits){.max_streams = 100,
				       .stream_window = 65535,
				       .connection_window = 65535,
				       .max_header_list = 8192,
				       .header_table = 4096};
	pool_cache_init(&c->pools, 64);
	chunk_cache_init(&c->chunks, 64);
	log_set_level(LEVEL_WARN);
	octets_print(&c->trace, "%s", "");
	hpack_encoder_init(&c->enc, 4096);
	h2_reader_init(&c->reader, &c->pools, &c->trace);
}

void h2_client_open(struct h2_client *c)
{
	struct h2_env env = {.limits = &c->limits, .pools = &c->pools, .chunks = &c->chunks};

	c->h2 = h2_conn_new(&env, 1);
}

void h2_client_release(struct h2_client *c, struct h2_client_stream *s)
{
	h2_release(c->h2, s->h2);
	s->h2 = NULL;
	pipe_clear(&s->out);
	pool_free(s->trailer_pool);
	pool_free(s->pool);
}

void h2_client_clear(struct h2_client *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		if (c->streams[i].h2)
			h2_client_release(c, &c->streams[i]);
	}
	if (c->h2)
		h2_conn_free(c->h2);
	h2_reader_clear(&c->reader);
	hpack_encoder_clear(&c->enc);
	octets_clear(&c->wire);
	octets_clear(&c->trace);
	octets_clear(&c->body);
	free(c->fence);
	pool_cache_clear(&c->pools);
	chunk_cache_clear(&c->chunks);
}

struct h2_client_stream *h2_client_stream(struct h2_client *c, uint32_t id)
{
	for (unsigned i = 0; i < c->count; i++) {
		if (c->streams[i].id == id)
			return &c->streams[i];
	}
	return NULL;
}

/* ---- events ---- */

static void say_body(struct h2_client *c)
{
	const char *end = c->body_end ? " END" : "";

	if (!c->body_stream)
		return;
	if (c->body.n > SHOWN)
		octets_print(&c->trace, "> DATA %u [%zu]%s\n", c->body_stream, c->body.n, end);
	else
		octets_print(&c->trace, "> DATA %u \"%.*s\"%s\n", c->body_stream, (int)c->body.n,
			     c->body.p ? (const char *)c->body.p : "", end);
	c->body_stream = 0;
	c->body.n = 0;
}

static void say_fields(struct h2_client *c, const struct http_fields *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		const struct http_field *v = &f->v[i];

		if (v->value.n > 100)
			octets_print(&c->trace, " %.*s=[%zu]", (int)v->name.n, v->name.p,
				     v->value.n);
		else
			octets_print(&c->trace, " %.*s=%.*s", (int)v->name.n, v->name.p,
				     (int)v->value.n, v->value.p);
	}
}

static void on_request(struct h2_client *c, const struct h2_event *ev)
{
	const struct http_head *h = ev->head;
	struct h2_client_stream *s = &c->streams[c->count];

	assert(c->count < H2_CLIENT_STREAMS);
	c->count++;
	*s = (struct h2_client_stream){.h2 = ev->stream,
				       .id = h2_stream_id(ev->stream),
				       .pool = ev->pool};
	pipe_init(&s->out, &c->chunks, BODY_LIMIT);
	h2_attach(ev->stream, s, &s->out);
	octets_print(&c->trace, "> REQUEST %u %.*s %.*s", s->id, (int)h->method.n, h->method.p,
		     (int)h->path.n, h->path.n ? h->path.p : "");
	say_fields(c, &h->fields);
	octets_print(&c->trace, "%s\n", ev->end ? " END" : "");
}

static void on_data(struct h2_client *c, const struct h2_event *ev)
{
	struct h2_client_stream *s = ev->user;

	if (c->body_stream != s->id) {
		say_body(c);
		c->body_end = false;
	}
	c->body_stream = s->id;
	c->body_end = c->body_end || ev->end;
	octets_add(&c->body, ev->data, ev->len);
	if (ev->len && !c->keep_credit)
		h2_credit(c->h2, s->h2, ev->len);
}

static void on_event(struct h2_client *c, const struct h2_event *ev)
{
	struct h2_client_stream *s = ev->user;

	if (ev->kind == H2_EV_NONE)
		return;
	if (ev->kind == H2_EV_DATA) {
		on_data(c, ev);
		return;
	}
	say_body(c);
	switch (ev->kind) {
	case H2_EV_REQUEST:
		on_request(c, ev);
		break;
	case H2_EV_TRAILERS:
		s->trailer_pool = ev->pool;
		octets_print(&c->trace, "> TRAILERS %u", s->id);
		say_fields(c, ev->trailers);
		octets_print(&c->trace, "\n");
		break;
	case H2_EV_RESET:
		octets_print(&c->trace, "> RESET %u %s\n", s->id, h2_err_name(ev->err));
		if (!c->keep_streams)
			h2_client_release(c, s);
		break;
	case H2_EV_GOAWAY:
		octets_print(&c->trace, "> GOAWAY %s\n", h2_err_name(ev->err));
		break;
	case H2_EV_DEAD:
		octets_print(&c->trace, "> DEAD %s\n", h2_err_name(ev->err));
		for (unsigned i = 0; i < c->count && !c->keep_streams; i++) {
			if (c->streams[i].h2)
				h2_client_release(c, &c->streams[i]);
		}
		break;
	case H2_EV_NONE:
	case H2_EV_DATA:
		break;
	}
}

/* Copies a piece to the very end of memory, so that the sanitizers see a step beyond it. */
static const uint8_t *at_fence(struct h2_client *c, const uint8_t *p, size_t n)
{
	if (n > c->fence_size) {
		free(c->fence);
		c->fence = malloc(n);
		c->fence_size = n;
	}
	assert(c->fence);
	return memcpy(c->fence + c->fence_size - n, p, n);
}

static void feed_piece(struct h2_client *c, const uint8_t *p, size_t n)
{
	const uint8_t *piece = at_fence(c, p, n);
	size_t at = 0;

	while (at < n) {
		struct h2_event ev;
		size_t used = h2_recv(c->h2, piece + at, n - at, &ev);

		assert(used > 0 && used <= n - at);
		at += used;
		on_event(c, &ev);
	}
}

void h2_client_feed(struct h2_client *c)
{
	size_t at = 0, n, step = c->cuts.first ? c->cuts.first : c->cuts.feed;

	for (; at < c->wire.n; at += n) {
		n = c->wire.n - at;
		if (step && n > step)
			n = step;
		feed_piece(c, c->wire.p + at, n);
		step = c->cuts.feed;
	}
	c->wire.n = 0;
	say_body(c);
}

/* ---- output ---- */

/* What a session does before it asks for output. */
static void settle(struct h2_client *c)
{
	struct h2_stream *h;

	while ((h = h2_next_drained(c->h2))) {
		struct h2_client_stream *s = h2_stream_user(h);

		if (s->finished && !c->keep_streams && h2_stream_response_sent(h))
			h2_client_release(c, s);
	}
}

/* Lets the socket take at most MOST octets of one offer; what it took. */
static size_t take(struct h2_client *c, size_t most)
{
	struct iovec v[PIECES];
	size_t n = 0;
	int pieces;

	settle(c);
	pieces = h2_send(c->h2, v, PIECES);
	assert(pieces >= 0 && pieces <= PIECES);
	for (int i = 0; i < pieces && n < most; i++) {
		size_t part = v[i].iov_len < most - n ? v[i].iov_len : most - n;

		assert(v[i].iov_len > 0);
		h2_reader_take(&c->reader, v[i].iov_base, part);
		n += part;
	}
	if (n)
		h2_sent(c->h2, n);
	return n;
}

void h2_client_flush(struct h2_client *c)
{
	h2_client_feed(c);
	while (take(c, c->cuts.write ? c->cuts.write : SIZE_MAX))
		;
	settle(c);
}

void h2_client_write(struct h2_client *c, size_t n)
{
	h2_client_feed(c);
	while (n) {
		size_t most = c->cuts.write && c->cuts.write < n ? c->cuts.write : n;
		size_t part = take(c, most);

		if (!part)
			break;
		n -= part;
	}
}

char *h2_client_play(const char *script, struct h2_cuts cuts)
{
	struct h2_client c;
	char *trace;

	h2_client_init(&c, cuts);
	if (!h2_client_run(&c, script))
		octets_print(&c.trace, "! script\n");
	if (c.h2)
		h2_client_flush(&c);
	if (c.reader.in.n)
		octets_print(&c.trace, "! part of a frame\n");
	trace = strdup((const char *)c.trace.p);
	h2_client_clear(&c);
	return trace;
}
