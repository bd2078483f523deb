/* SPDX-License-Identifier: MIT */
/*
 * Sending. Control frames and header blocks are encoded at the call into the queue `control`;
 * bodies stay in their pipes until the socket wants octets, then DATA frames for about 128 KiB are
 * moved into `batch`:
 *
 *     control:  HEADERS 103 | HEADERS 200 | WINDOW_UPDATE | ...
 *     batch:    DATA 1 | DATA 3 | DATA 1 | HEADERS 1 (trailers) | ...
 *
 * Control goes first, so a 1xx never waits behind a body; at most behind the frame that is partly
 * on its way, since chunks of the batch begin and end at frame boundaries. The one exception is
 * `hold`: a batch with trailers, with frames of a stream that was reset since, or made before the
 * client lowered its windows, goes out before later control frames, or the order of header blocks
 * (RFC 7541 section 2.2), of the stream, or of DATA and the acknowledgement would break.
 *
 * A full chunk of a body becomes a frame where it lies: the header is written into its headroom.
 * Small ones are copied behind one another, so that many small responses are one piece for the
 * socket.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "server/base/text.h"
#include "server/h2/internal.h"

/* ---- queues ---- */

static void queue_append(struct h2_queue *q, struct chunk *c)
{
	c->next = NULL;
	if (q->tail)
		q->tail->next = c;
	else
		q->head = c;
	q->tail = c;
}

void h2_queue_clear(struct h2_conn *c, struct h2_queue *q)
{
	while (q->head) {
		struct chunk *next = q->head->next;

		chunk_put(c->env.chunks, q->head);
		q->head = next;
	}
	q->tail = NULL;
	q->len = 0;
}

/* N octets of room in one piece at the end of the queue. */
static uint8_t *queue_room(struct h2_conn *c, struct h2_queue *q, size_t n)
{
	struct chunk *t = q->tail;

	assert(n <= CHUNK_SIZE);
	if (!t || CHUNK_SIZE - t->end < n) {
		t = chunk_get(c->env.chunks);
		t->off = t->end = 0;
		queue_append(q, t);
	}
	return t->data + t->end;
}

static void queue_used(struct h2_queue *q, size_t n)
{
	q->tail->end += (uint32_t)n;
	q->len += n;
}

uint8_t *h2_control_room(struct h2_conn *c, size_t n)
{
	return queue_room(c, &c->control, n);
}

void h2_control_used(struct h2_conn *c, size_t n)
{
	queue_used(&c->control, n);
}

void h2_control_behind_batch(struct h2_conn *c)
{
	if (c->batch.len == 0)
		return;
	if (!c->hold)
		c->ahead = c->control.len;
	c->hold = true;
}

/* ---- control frames ---- */

/* Starts a control frame of a known length; returns where its payload goes. */
static uint8_t *control_frame(struct h2_conn *c, size_t len, enum h2_frame_type type, uint8_t flags,
			      uint32_t stream)
{
	uint8_t *at = h2_control_room(c, H2_FRAME_HEAD + len);

	log_trace(AREA_H2, "[%u] send %s stream=%u length=%zu flags=0x%02x", c->id,
		  h2_frame_name((uint8_t)type), stream, len, flags);
	h2_frame_put(at, len, (uint8_t)type, flags, stream);
	h2_control_used(c, H2_FRAME_HEAD + len);
	return at + H2_FRAME_HEAD;
}

static uint8_t *put_setting(uint8_t *p, enum h2_setting id, uint32_t v)
{
	h2_put16(p, (uint32_t)id);
	h2_put32(p + 2, v);
	return p + 6;
}

void h2_send_settings(struct h2_conn *c)
{
	const struct h2_limits *l = c->env.limits;
	uint8_t *p = control_frame(c, 4 * 6, H2_SETTINGS, 0, 0);

	p = put_setting(p, H2_SET_HEADER_TABLE_SIZE, l->header_table);
	p = put_setting(p, H2_SET_MAX_CONCURRENT_STREAMS, l->max_streams);
	p = put_setting(p, H2_SET_INITIAL_WINDOW_SIZE, l->stream_window);
	put_setting(p, H2_SET_MAX_HEADER_LIST_SIZE, l->max_header_list);
	/* RFC 9113 section 6.9.2: the connection's window changes by WINDOW_UPDATE only. */
	if (l->connection_window > H2_WINDOW_DEFAULT)
		h2_send_window(c, 0, l->connection_window - H2_WINDOW_DEFAULT);
}

void h2_send_settings_ack(struct h2_conn *c)
{
	control_frame(c, 0, H2_SETTINGS, H2_FLAG_ACK, 0);
}

void h2_send_ping(struct h2_conn *c, const uint8_t opaque[8], bool ack)
{
	memcpy(control_frame(c, 8, H2_PING, ack ? H2_FLAG_ACK : 0, 0), opaque, 8);
}

void h2_send_window(struct h2_conn *c, uint32_t stream, uint32_t increment)
{
	if (!c->failed)
		h2_put32(control_frame(c, 4, H2_WINDOW_UPDATE, 0, stream), increment);
}

void h2_send_goaway(struct h2_conn *c, uint32_t last, enum h2_err err, const char *why)
{
	size_t n = why ? strlen(why) : 0;
	uint8_t *p = control_frame(c, 8 + n, H2_GOAWAY, 0, 0);

	/* RFC 9113 section 6.8: the last stream must not rise. */
	if (last < c->last_told)
		c->last_told = last;
	h2_put32(p, c->last_told);
	h2_put32(p + 4, (uint32_t)err);
	if (n)
		memcpy(p + 8, why, n);
}

void h2_send_reset(struct h2_conn *c, struct h2_stream *s, uint32_t id, enum h2_err err)
{
	enum h2_err ignored;

	if (s) {
		h2_stream_move(s, H2_OUT_RESET, &ignored);
		s->reset_sent = true;
		list_remove(&s->ready);
		h2_mark_drained(c, s);
	}
	if (c->failed)
		return;
	/* Nothing may follow RST_STREAM: what is in the batch goes before it. */
	if (s && s->batch_no == c->batch_no)
		h2_control_behind_batch(c);
	h2_put32(control_frame(c, 4, H2_RST_STREAM, 0, id), (uint32_t)err);
}

/* ---- header blocks ---- */

/* Octets of a block before it is encoded, at the most. */
static size_t block_bound(const struct http_fields *f)
{
	size_t n = HPACK_UPDATE_MAX + HPACK_FIELD_MAX(7, 3) + HPACK_FIELD_MAX(14, 20) +
		   HPACK_FIELD_MAX(4, 29);

	for (uint32_t i = 0; i < f->n; i++)
		n += HPACK_FIELD_MAX(f->v[i].name.n, f->v[i].value.n);
	return n;
}

static size_t encode_fields(struct h2_conn *c, uint8_t *to, const struct http_fields *f)
{
	size_t n = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		/* RFC 9113 section 8.2.2: whatever a handler says, these never leave. */
		if (!http_is_hop_field(f->v[i].token))
			n += hpack_encode(&c->enc, to + n, &f->v[i]);
	}
	return n;
}

/* :status and what the transport adds to a final head. */
static size_t encode_start(struct h2_conn *c, uint8_t *to, const struct http_head *h)
{
	bool final = h->status >= 200;
	size_t n = hpack_encode_status(&c->enc, to, h->status);

	if (final && c->env.date && !http_fields_get(&h->fields, HTTP_DATE)) {
		struct http_field date = {.name = http_token_name(HTTP_DATE),
					  .value = *c->env.date,
					  .token = HTTP_DATE};

		n += hpack_encode(&c->enc, to + n, &date);
	}
	/* RFC 9110 section 8.6: never in 204; in 304 only if it were that of the 200, so not there.
	 */
	if (final && h->status != 204 && h->status != 304 && h->content_length >= 0) {
		char digits[20];
		struct http_field length = {.name = http_token_name(HTTP_CONTENT_LENGTH),
					    .token = HTTP_CONTENT_LENGTH};

		length.value.p = digits;
		length.value.n = text_put_u64(digits, (uint64_t)h->content_length);
		n += hpack_encode(&c->enc, to + n, &length);
	}
	return n;
}

/* A whole block; h is NULL for trailers. */
static size_t encode_block(struct h2_conn *c, uint8_t *to, const struct http_head *h,
			   const struct http_fields *f)
{
	size_t n = hpack_encode_begin(&c->enc, to);

	if (h)
		n += encode_start(c, to + n, h);
	return n + encode_fields(c, to + n, f);
}

static void trace_block(const struct h2_conn *c, uint32_t id, const struct http_head *h,
			const struct http_fields *f, bool end)
{
	char line[1024], value[256];
	size_t n = 0;

	line[0] = '\0';
	for (uint32_t i = 0; i < f->n && n + 1 < sizeof line; i++) {
		int r = snprintf(line + n, sizeof line - n, " %.*s=%s", (int)f->v[i].name.n,
				 f->v[i].name.p, text_escape(value, sizeof value, f->v[i].value));

		n += r > 0 ? (size_t)r : 0;
	}
	if (h)
		log_trace(AREA_H2, "[%u] send HEADERS stream=%u :status=%u%s%s", c->id, id,
			  h->status, line, end ? " END_STREAM" : "");
	else
		log_trace(AREA_H2, "[%u] send HEADERS stream=%u trailers%s END_STREAM", c->id, id,
			  line);
}

/* Frames an encoded block that may be larger than a frame (RFC 9113 section 6.10). */
static void frame_block(struct h2_conn *c, struct h2_queue *q, uint32_t id, const uint8_t *block,
			size_t len, bool end)
{
	uint8_t type = H2_HEADERS, flags = end ? H2_FLAG_END_STREAM : 0;

	do {
		size_t part = len < CHUNK_ROOM ? len : CHUNK_ROOM;
		uint8_t *at = queue_room(c, q, H2_FRAME_HEAD + part);

		if (part == len)
			flags |= H2_FLAG_END_HEADERS;
		h2_frame_put(at, part, type, flags, id);
		memcpy(at + H2_FRAME_HEAD, block, part);
		queue_used(q, H2_FRAME_HEAD + part);
		block += part;
		len -= part;
		type = H2_CONTINUATION;
		flags = 0;
	} while (len);
}

/* Encodes a block (trailers when h is NULL) onto a queue. */
static void put_block(struct h2_conn *c, struct h2_queue *q, uint32_t id, const struct http_head *h,
		      const struct http_fields *f, bool end)
{
	enum { DIRECT = 4096 };
	size_t bound = block_bound(f), n;
	struct pool *scratch;
	uint8_t *to;

	if (log_tracing(AREA_H2))
		trace_block(c, id, h, f, end);
	if (bound <= DIRECT) {
		to = queue_room(c, q, H2_FRAME_HEAD + bound) + H2_FRAME_HEAD;
		n = encode_block(c, to, h, f);
		h2_frame_put(to - H2_FRAME_HEAD, n, H2_HEADERS,
			     (uint8_t)(H2_FLAG_END_HEADERS | (end ? H2_FLAG_END_STREAM : 0)), id);
		queue_used(q, H2_FRAME_HEAD + n);
		return;
	}
	scratch = pool_new(c->env.pools);
	to = pool_alloc(scratch, bound);
	n = encode_block(c, to, h, f);
	frame_block(c, q, id, to, n, end);
	pool_free(scratch);
}

void h2_send_plain(struct h2_conn *c, uint32_t id, unsigned status)
{
	struct http_head head = {.status = status};

	put_block(c, &c->control, id, &head, &head.fields, true);
}

static void end_sent(struct h2_conn *c, struct h2_stream *s)
{
	enum h2_err ignored;

	h2_stream_move(s, H2_OUT_END, &ignored);
	list_remove(&s->ready);
	h2_mark_drained(c, s);
}

void h2_inform(struct h2_conn *c, struct h2_stream *s, const struct http_head *h)
{
	if (s->state == H2_CLOSED || c->failed)
		return;
	put_block(c, &c->control, s->id, h, &h->fields, false);
}

void h2_respond(struct h2_conn *c, struct h2_stream *s, const struct http_head *h, bool last)
{
	enum h2_err ignored;

	if (s->state == H2_CLOSED || c->failed)
		return;
	h2_stream_move(s, H2_OUT_HEADERS, &ignored);
	s->headers_sent = true;
	put_block(c, &c->control, s->id, h, &h->fields, last);
	if (last)
		end_sent(c, s);
}

void h2_trailers(struct h2_conn *c, struct h2_stream *s, const struct http_fields *f)
{
	s->trailers = f->n ? f : NULL;
	h2_schedule(c, s);
}

/* ---- bodies ---- */

void h2_mark_drained(struct h2_conn *c, struct h2_stream *s)
{
	if (list_empty(&s->drained) && !s->released)
		list_append(&c->drained, &s->drained);
}

struct h2_stream *h2_next_drained(struct h2_conn *c)
{
	struct list *it = list_shift(&c->drained);

	return it ? list_entry(it, struct h2_stream, drained) : NULL;
}

void h2_schedule(struct h2_conn *c, struct h2_stream *s)
{
	bool can = s->out && s->headers_sent && s->state != H2_CLOSED &&
		   s->state != H2_HALF_LOCAL && list_empty(&s->ready);

	/* An end needs no window (RFC 9113 section 6.9.1), octets do. */
	if (can && ((s->out->len && s->send.window > 0) || (!s->out->len && s->out->fin)))
		list_append(&c->ready, &s->ready);
}

void h2_wake(struct h2_conn *c, struct h2_stream *s)
{
	/* When all is sent already (HEAD, 204), the session only learns that the handler has
	 * finished. */
	if (s->state == H2_CLOSED || s->state == H2_HALF_LOCAL)
		h2_mark_drained(c, s);
	else
		h2_schedule(c, s);
}

/* The next DATA frame of a stream, moved or copied into the batch. */
static void put_data(struct h2_conn *c, struct h2_stream *s, size_t most)
{
	struct pipe *out = s->out;
	struct chunk *head = out->head;
	size_t have = head->end - head->off, n = have < most ? have : most;
	bool end = out->fin && out->len == n && !s->trailers;
	uint8_t flags = end ? H2_FLAG_END_STREAM : 0;

	log_trace(AREA_H2, "[%u] send DATA stream=%u length=%zu flags=0x%02x", c->id, s->id, n,
		  flags);
	if (n == have && n > H2_SMALL) {
		head = pipe_shift(out);
		head->off -= H2_FRAME_HEAD;
		h2_frame_put(head->data + head->off, n, H2_DATA, flags, s->id);
		queue_append(&c->batch, head);
		c->batch.len += H2_FRAME_HEAD + n;
	} else {
		uint8_t *at = queue_room(c, &c->batch, H2_FRAME_HEAD + n);

		h2_frame_put(at, n, H2_DATA, flags, s->id);
		memcpy(at + H2_FRAME_HEAD, head->data + head->off, n);
		queue_used(&c->batch, H2_FRAME_HEAD + n);
		pipe_take(out, n);
	}
	s->batch_no = c->batch_no;
	s->send.window -= (int64_t)n;
	c->send.window -= (int64_t)n;
	if (end)
		end_sent(c, s);
	else
		h2_mark_drained(c, s);
}

/* The body has ended after its last octet was sent: an empty DATA frame, or trailers. */
static void put_end(struct h2_conn *c, struct h2_stream *s)
{
	if (s->trailers) {
		put_block(c, &c->batch, s->id, NULL, s->trailers, true);
		h2_control_behind_batch(c);
	} else {
		uint8_t *at = queue_room(c, &c->batch, H2_FRAME_HEAD);

		log_trace(AREA_H2, "[%u] send DATA stream=%u length=0 flags=0x01", c->id, s->id);
		h2_frame_put(at, 0, H2_DATA, H2_FLAG_END_STREAM, s->id);
		queue_used(&c->batch, H2_FRAME_HEAD);
	}
	s->batch_no = c->batch_no;
	end_sent(c, s);
}

static size_t sendable(const struct h2_conn *c, const struct h2_stream *s)
{
	int64_t n = s->send.window < c->send.window ? s->send.window : c->send.window;

	if (n > c->peer_frame)
		n = c->peer_frame;
	return n > 0 ? (size_t)n : 0;
}

/* Moves DATA of the ready streams into the batch, a frame each in turn. */
static void fill_batch(struct h2_conn *c)
{
	struct list blocked;

	list_init(&blocked);
	c->batch_no++;
	while (c->batch.len < H2_BATCH) {
		struct list *it = list_shift(&c->ready);
		struct h2_stream *s;
		size_t most;

		if (!it)
			break;
		s = list_entry(it, struct h2_stream, ready);
		most = sendable(c, s);
		if (s->out->len == 0) {
			if (s->out->fin)
				put_end(c, s);
		} else if (most) {
			put_data(c, s, most);
			h2_schedule(c, s);
		} else if (s->send.window > 0) {
			list_append(&blocked, &s->ready); /* the connection's window is used up */
		}
	}
	list_move(&c->ready, &blocked);
}

/* Borrows at most MOST octets from the front of a chain of chunks. */
static int put_iov(struct iovec *v, int n, int max, const struct chunk *from, size_t most)
{
	for (; from && n < max && most; from = from->next) {
		size_t len = from->end - from->off;

		if (len > most)
			len = most;
		v[n++] = (struct iovec){(void *)(uintptr_t)(from->data + from->off), len};
		most -= len;
	}
	return n;
}

/* How much of the control queue may go before the batch. */
static size_t control_ahead(const struct h2_conn *c)
{
	return c->hold ? c->ahead : c->control.len;
}

int h2_send(struct h2_conn *c, struct iovec *v, int max)
{
	const struct chunk *rest;
	int n = 0;

	if (c->batch.len == 0 && !c->failed && !list_empty(&c->ready))
		fill_batch(c);
	rest = c->batch.head;
	if (c->batch_begun) {
		n = put_iov(v, n, 1, rest, SIZE_MAX);
		rest = rest->next;
	}
	n = put_iov(v, n, max, c->control.head, control_ahead(c));
	/* After a failure no more DATA is begun, unless GOAWAY has to stay behind it. */
	return c->failed && !c->hold ? n : put_iov(v, n, max, rest, SIZE_MAX);
}

/* Drops N octets from the front of a queue; whether that ended inside a chunk. */
static bool drop(struct h2_conn *c, struct h2_queue *q, size_t n)
{
	q->len -= n;
	while (n) {
		struct chunk *head = q->head;
		size_t len = head->end - head->off;

		if (n < len) {
			head->off += (uint32_t)n;
			return true;
		}
		n -= len;
		q->head = head->next;
		if (!q->head)
			q->tail = NULL;
		chunk_put(c->env.chunks, head);
	}
	return false;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void h2_sent(struct h2_conn *c, size_t n)
{
	size_t part;

	/* The same order as in h2_send(). */
	if (c->batch_begun) {
		part = least(n, c->batch.head->end - c->batch.head->off);
		c->batch_begun = drop(c, &c->batch, part);
		n -= part;
	}
	part = least(n, control_ahead(c));
	drop(c, &c->control, part);
	if (c->hold)
		c->ahead -= part;
	n -= part;
	if (n)
		c->batch_begun = drop(c, &c->batch, n);
	if (c->batch.len == 0)
		c->hold = false;
}
