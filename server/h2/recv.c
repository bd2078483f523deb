/* SPDX-License-Identifier: MIT */
/*
 * Receiving: octets → frames → events.
 *
 *     PREFACE → HEAD ─┬→ PAYLOAD ────────────────→ one function per type ─→ HEAD
 *                     ├→ PADLEN → DATA → PADDING ─────────────────────────→ HEAD
 *                     └→ SKIP ────────────────────────────────────────────→ HEAD
 *
 * Every state takes any split of its octets. DATA is handed on in slices as it arrives; every other
 * frame is handled whole, straight from the input when it lies there in one piece. What is legal
 * where comes from two tables: the rule of a frame type (frame.h) and the state machine (stream.c).
 */
#include <stdlib.h>
#include <string.h>

#include "server/h2/internal.h"
#include "server/h2/request.h"

static void trace_frame(const struct h2_conn *c, const struct h2_frame *f)
{
	log_trace(AREA_H2, "[%u] recv %s stream=%u length=%u flags=0x%02x", c->id,
		  h2_frame_name(f->type), f->stream, f->length, f->flags);
}

/* Ends a stream for the client's fault; tells the session if it knows the stream. */
static void stream_error(struct h2_conn *c, struct h2_stream *s, enum h2_err err, const char *why,
			 struct h2_event *ev)
{
	log_debug(AREA_H2, "[%u] stream %u: %s: %s", c->id, s->id, h2_err_name(err), why);
	h2_send_reset(c, s, s->id, err);
	*ev = (struct h2_event){.kind = H2_EV_RESET, .stream = s, .user = s->user, .err = err};
}

/*
 * A frame for a stream that is not in the map: idle, or closed. Frames that were on their way when
 * we reset the stream are ignored, as are RST_STREAM and WINDOW_UPDATE; the rest is an error (RFC
 * 9113 section 5.1). Returns whether the connection goes on.
 */
static bool unknown_stream(struct h2_conn *c, const struct h2_frame *f)
{
	if (f->stream > c->last_stream || f->stream % 2 == 0) {
		h2_fail(c, H2_PROTOCOL_ERROR, "frame on an idle stream");
		return false;
	}
	if (f->type == H2_RST_STREAM || f->type == H2_WINDOW_UPDATE)
		return true;
	if (h2_recently_reset(c, f->stream))
		return true;
	h2_fail(c, H2_STREAM_CLOSED, "frame on a closed stream");
	return false;
}

/* ---- frames that are handled whole ---- */

static void recv_priority(struct h2_conn *c, const uint8_t *p)
{
	/* RFC 9113 section 5.3.2: the old scheme is ignored, but a stream cannot depend on itself
	 * (RFC 7540 section 5.3.1). */
	if ((h2_get32(p) & H2_STREAM_LIMIT) == c->frame.stream)
		h2_fail(c, H2_PROTOCOL_ERROR, "stream depends on itself");
}

static void recv_reset(struct h2_conn *c, const uint8_t *p, struct h2_event *ev)
{
	struct h2_stream *s = h2_stream_find(c, c->frame.stream);
	enum h2_err err;

	if (!s) {
		unknown_stream(c, &c->frame);
		return;
	}
	if (h2_stream_move(s, H2_IN_RESET, &err) != H2_FINE)
		return;
	list_remove(&s->ready);
	*ev = (struct h2_event){.kind = H2_EV_RESET,
				.stream = s,
				.user = s->user,
				.err = (enum h2_err)h2_get32(p)};
}

static bool change_windows(struct h2_conn *c, uint32_t size)
{
	int64_t delta = (int64_t)size - c->peer_window;

	/* RFC 9113 section 6.5.3: DATA of the old size goes before the acknowledgement. */
	if (delta < 0)
		h2_control_behind_batch(c);
	c->peer_window = size;
	list_each(it, &c->all) {
		struct h2_stream *s = list_entry(it, struct h2_stream, all);

		/* RFC 9113 section 6.9.2 */
		if (!h2_outflow_add(&s->send, delta))
			return false;
		h2_schedule(c, s);
	}
	return true;
}

static void recv_setting(struct h2_conn *c, uint32_t id, uint32_t v)
{
	switch (id) {
	case H2_SET_HEADER_TABLE_SIZE:
		hpack_encoder_set_limit(&c->enc, v);
		break;
	case H2_SET_ENABLE_PUSH:
		if (v > 1)
			h2_fail(c, H2_PROTOCOL_ERROR, "ENABLE_PUSH is neither 0 nor 1");
		break;
	case H2_SET_INITIAL_WINDOW_SIZE:
		if (v > H2_WINDOW_LIMIT || !change_windows(c, v))
			h2_fail(c, H2_FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE above 2^31-1");
		break;
	case H2_SET_MAX_FRAME_SIZE:
		if (v < H2_FRAME_SIZE || v > H2_FRAME_SIZE_LIMIT)
			h2_fail(c, H2_PROTOCOL_ERROR, "MAX_FRAME_SIZE out of range");
		c->peer_frame = v;
		break;
	default: /* section 6.5.2: unknown ones are ignored */
		break;
	}
}

static void recv_settings(struct h2_conn *c, const uint8_t *p, size_t n)
{
	if (c->frame.flags & H2_FLAG_ACK) {
		if (n) {
			h2_fail(c, H2_FRAME_SIZE_ERROR, "SETTINGS acknowledgement with content");
			return;
		}
		c->settings_acked = true;
		c->dec.allowed = c->env.limits->header_table;
		return;
	}
	if (n % 6) {
		h2_fail(c, H2_FRAME_SIZE_ERROR, "SETTINGS length is no multiple of 6");
		return;
	}
	if (n / 6 > H2_MAX_SETTINGS) {
		h2_fail(c, H2_ENHANCE_YOUR_CALM, "too many settings in one frame");
		return;
	}
	for (size_t i = 0; i < n && !c->failed; i += 6)
		recv_setting(c, h2_get16(p + i), h2_get32(p + i + 2));
	c->settings_received = true;
	if (!c->failed)
		h2_send_settings_ack(c);
}

static void recv_ping(struct h2_conn *c, const uint8_t *p)
{
	if (!(c->frame.flags & H2_FLAG_ACK))
		h2_send_ping(c, p, true);
	else if (c->leaving == H2_WARNED)
		h2_shutdown(c); /* a round trip has passed since the warning */
}

static void recv_goaway(struct h2_conn *c, const uint8_t *p, size_t n, struct h2_event *ev)
{
	uint32_t err = h2_get32(p + 4);

	if (err != H2_NO_ERROR) {
		char why[200];

		log_info(AREA_H2, "[%u] client ends the connection: %s \"%s\"", c->id,
			 h2_err_name(err),
			 text_escape(why, sizeof why, (struct text){(const char *)p + 8, n - 8}));
	}
	*ev = (struct h2_event){.kind = H2_EV_GOAWAY, .err = (enum h2_err)err};
}

static void recv_window(struct h2_conn *c, const uint8_t *p, struct h2_event *ev)
{
	uint32_t increment = h2_get32(p) & H2_WINDOW_LIMIT;
	struct h2_stream *s;

	if (c->frame.stream == 0) {
		if (increment == 0)
			h2_fail(c, H2_PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
		else if (!h2_outflow_add(&c->send, increment))
			h2_fail(c, H2_FLOW_CONTROL_ERROR, "connection window above 2^31-1");
		return;
	}
	s = h2_stream_find(c, c->frame.stream);
	if (!s) {
		unknown_stream(c, &c->frame);
		return;
	}
	if (s->state == H2_CLOSED)
		return;
	/* RFC 9113 sections 6.9, 6.9.1: errors of the stream only */
	if (increment == 0)
		stream_error(c, s, H2_PROTOCOL_ERROR, "WINDOW_UPDATE of 0", ev);
	else if (!h2_outflow_add(&s->send, increment))
		stream_error(c, s, H2_FLOW_CONTROL_ERROR, "stream window above 2^31-1", ev);
	else
		h2_schedule(c, s);
}

/* ---- header blocks ---- */

static void block_append(struct h2_conn *c, const uint8_t *p, size_t n)
{
	struct h2_block *b = &c->block;
	size_t most = (size_t)c->env.limits->max_header_list * 2 + H2_FRAME_SIZE;

	if (n == 0)
		return;
	if (b->len + n > most) {
		h2_fail(c, H2_ENHANCE_YOUR_CALM, "header block far too large");
		return;
	}
	if (b->len + n > b->cap) {
		size_t cap = b->cap ? b->cap * 2 : H2_FRAME_SIZE;

		while (cap < b->len + n)
			cap *= 2;
		b->p = realloc(b->p, cap);
		if (!b->p)
			oom();
		b->cap = cap;
	}
	memcpy(b->p + b->len, p, n);
	b->len += n;
}

/* A whole block is there: it belongs to a new stream, an open one (trailers) or a closed one. */
static void block_complete(struct h2_conn *c, const uint8_t *p, size_t n, struct h2_event *ev)
{
	uint32_t id = c->block.stream;
	struct h2_stream *s = h2_stream_find(c, id);
	bool end = c->block.end_stream;
	enum h2_err err;

	c->block.stream = 0;
	if (s) {
		enum h2_verdict v = h2_stream_move(s, H2_IN_HEADERS, &err);

		if (v == H2_FINE)
			h2_recv_trailers(c, s, p, n, end, ev);
		else if (h2_skip_block(c, p, n) && !s->reset_sent) {
			if (v == H2_STREAM_ERROR)
				stream_error(c, s, err, "HEADERS after END_STREAM", ev);
			else
				h2_fail(c, err, "HEADERS on a closed stream");
		}
	} else if (id > c->last_stream && id % 2) {
		c->last_stream = id;
		h2_recv_request(c, id, p, n, end, ev);
	} else if (h2_recently_reset(c, id)) {
		h2_skip_block(c, p, n);
	} else if (h2_recently_ended(c, id)) {
		h2_fail(c, H2_STREAM_CLOSED, "HEADERS on a closed stream");
	} else {
		/* RFC 9113 section 5.1.1: ids rise, and the client's are odd */
		h2_fail(c, H2_PROTOCOL_ERROR, "stream id not above the last, or even");
	}
}

static void recv_headers(struct h2_conn *c, const uint8_t *p, size_t n, struct h2_event *ev)
{
	size_t pad = 0;

	if (c->frame.flags & H2_FLAG_PADDED) {
		if (n == 0) {
			/* RFC 9113 section 4.2 */
			h2_fail(c, H2_FRAME_SIZE_ERROR, "PADDED without Pad Length");
			return;
		}
		pad = p[0];
		if (pad >= n) {
			h2_fail(c, H2_PROTOCOL_ERROR, "padding longer than the frame");
			return;
		}
		p++;
		n -= 1 + pad;
	}
	if (c->frame.flags & H2_FLAG_PRIORITY) {
		if (n < 5) {
			/* RFC 9113 section 6.2: it may be the padding that is too long. */
			h2_fail(c, pad ? H2_PROTOCOL_ERROR : H2_FRAME_SIZE_ERROR,
				"HEADERS too short for its priority");
			return;
		}
		recv_priority(c, p);
		p += 5;
		n -= 5;
	}
	if (c->failed)
		return;
	c->block.stream = c->frame.stream;
	c->block.end_stream = c->frame.flags & H2_FLAG_END_STREAM;
	c->block.frames = 0;
	c->block.len = 0;
	if (c->frame.flags & H2_FLAG_END_HEADERS)
		block_complete(c, p, n, ev);
	else
		block_append(c, p, n);
}

static void recv_continuation(struct h2_conn *c, const uint8_t *p, size_t n, struct h2_event *ev)
{
	/* That a block is open on this very stream was checked with the frame header. */
	if (++c->block.frames > H2_MAX_CONTINUATIONS) {
		h2_fail(c, H2_ENHANCE_YOUR_CALM, "too many CONTINUATION frames");
		return;
	}
	block_append(c, p, n);
	if (c->failed || !(c->frame.flags & H2_FLAG_END_HEADERS))
		return;
	block_complete(c, c->block.p, c->block.len, ev);
	free(c->block.p);
	c->block.p = NULL;
	c->block.cap = c->block.len = 0;
}

static void recv_payload(struct h2_conn *c, const uint8_t *p, size_t n, struct h2_event *ev)
{
	switch ((enum h2_frame_type)c->frame.type) {
	case H2_HEADERS:
		recv_headers(c, p, n, ev);
		break;
	case H2_PRIORITY:
		recv_priority(c, p);
		break;
	case H2_RST_STREAM:
		recv_reset(c, p, ev);
		break;
	case H2_SETTINGS:
		recv_settings(c, p, n);
		break;
	case H2_PUSH_PROMISE:
		/* RFC 9113 section 8.4: a client cannot push */
		h2_fail(c, H2_PROTOCOL_ERROR, "PUSH_PROMISE from a client");
		break;
	case H2_PING:
		recv_ping(c, p);
		break;
	case H2_GOAWAY:
		recv_goaway(c, p, n, ev);
		break;
	case H2_WINDOW_UPDATE:
		recv_window(c, p, ev);
		break;
	case H2_CONTINUATION:
		recv_continuation(c, p, n, ev);
		break;
	case H2_DATA:
	case H2_FRAME_TYPES:
		break;
	}
}

/* ---- DATA ---- */

/* Accounts a DATA frame by its header (RFC 9113 section 6.1); whether its payload is wanted. */
static bool begin_data(struct h2_conn *c, struct h2_event *ev)
{
	struct h2_stream *s = h2_stream_find(c, c->frame.stream);
	enum h2_verdict v;
	enum h2_err err;

	if (!h2_inflow_take(&c->recv, c->frame.length)) {
		h2_fail(c, H2_FLOW_CONTROL_ERROR, "connection window exceeded");
		return false;
	}
	if (!s) {
		if (unknown_stream(c, &c->frame))
			h2_conn_give(c, c->frame.length);
		return false;
	}
	v = h2_stream_move(s, H2_IN_DATA, &err);
	if (v == H2_FINE && h2_inflow_take(&s->recv, c->frame.length))
		return true;
	h2_conn_give(c, c->frame.length);
	if (v == H2_FINE)
		stream_error(c, s, H2_FLOW_CONTROL_ERROR, "stream window exceeded", ev);
	else if (s->state != H2_CLOSED)
		stream_error(c, s, err, "DATA after END_STREAM", ev);
	else if (!s->reset_sent)
		h2_fail(c, H2_STREAM_CLOSED, "DATA on a closed stream");
	return false;
}

/* The last octet of a DATA frame was seen: END_STREAM takes effect. */
static void end_data(struct h2_conn *c, struct h2_event *ev)
{
	struct h2_stream *s = h2_stream_find(c, c->frame.stream);
	enum h2_err err;

	c->rx = H2_RX_HEAD;
	if (!(c->frame.flags & H2_FLAG_END_STREAM) || !s || s->state == H2_CLOSED)
		return;
	if (s->body_left > 0) {
		/* RFC 9113 section 8.1.1 */
		h2_conn_give(c, ev->len); /* nobody gets to see it */
		stream_error(c, s, H2_PROTOCOL_ERROR, "body shorter than content-length", ev);
		return;
	}
	h2_stream_move(s, H2_IN_END, &err);
	s->end_received = true;
	if (ev->kind != H2_EV_DATA)
		*ev = (struct h2_event){.kind = H2_EV_DATA, .stream = s, .user = s->user};
	ev->end = true;
	if (s->state == H2_CLOSED)
		h2_mark_drained(c, s);
}

/* Padding uses up window but is nobody's: it is given back at once. */
static void give_padding(struct h2_conn *c, uint32_t n)
{
	struct h2_stream *s = h2_stream_find(c, c->frame.stream);

	if (s)
		h2_credit(c, s, n);
	else
		h2_conn_give(c, n);
}

static void data_done(struct h2_conn *c, struct h2_event *ev)
{
	if (c->padding) {
		c->rx = H2_RX_PADDING;
		c->left = c->padding;
		c->padding = 0;
		return;
	}
	end_data(c, ev);
}

static void recv_padlen(struct h2_conn *c, uint8_t pad, struct h2_event *ev)
{
	if (pad >= c->left) {
		h2_fail(c, H2_PROTOCOL_ERROR, "padding longer than the frame");
		return;
	}
	c->padding = pad;
	c->left -= 1u + pad;
	give_padding(c, 1u + pad);
	c->rx = H2_RX_DATA;
	if (c->left == 0)
		data_done(c, ev);
}

static void recv_data(struct h2_conn *c, const uint8_t *p, uint32_t n, struct h2_event *ev)
{
	struct h2_stream *s = h2_stream_find(c, c->frame.stream);

	c->left -= n;
	if (!s || s->state == H2_CLOSED) {
		h2_conn_give(c, n); /* it was reset while the frame was on its way */
	} else if (s->body_left >= 0 && (int64_t)n > s->body_left) {
		/* RFC 9113 section 8.1.1 */
		h2_conn_give(c, n);
		stream_error(c, s, H2_PROTOCOL_ERROR, "body longer than content-length", ev);
	} else {
		if (s->body_left >= 0)
			s->body_left -= n;
		*ev = (struct h2_event){.kind = H2_EV_DATA,
					.stream = s,
					.user = s->user,
					.data = p,
					.len = n};
	}
	if (c->left == 0)
		data_done(c, ev);
}

/* ---- frame headers ---- */

/* Checks what a header alone tells; false: the connection has failed, or the frame is skipped. */
static bool head_legal(struct h2_conn *c, struct h2_event *ev)
{
	const struct h2_frame *f = &c->frame;
	const struct h2_frame_rule *rule = h2_frame_rule(f->type);
	struct h2_stream *s;

	if (f->length > H2_FRAME_SIZE) {
		h2_fail(c, H2_FRAME_SIZE_ERROR, "frame larger than 16,384 octets");
	} else if (!c->settings_received && (f->type != H2_SETTINGS || f->flags & H2_FLAG_ACK)) {
		/* RFC 9113 section 3.4 */
		h2_fail(c, H2_PROTOCOL_ERROR, "first frame is not SETTINGS");
	} else if (c->block.stream &&
		   (f->type != H2_CONTINUATION || f->stream != c->block.stream)) {
		/* RFC 9113 section 6.2 */
		h2_fail(c, H2_PROTOCOL_ERROR, "header block interrupted");
	} else if (!c->block.stream && f->type == H2_CONTINUATION) {
		/* RFC 9113 section 6.10 */
		h2_fail(c, H2_PROTOCOL_ERROR, "CONTINUATION without HEADERS");
	} else if (rule && ((rule->place == H2_ON_STREAM && f->stream == 0) ||
			    (rule->place == H2_ON_CONNECTION && f->stream != 0))) {
		h2_fail(c, H2_PROTOCOL_ERROR, "frame type on the wrong stream");
	} else if (rule && (f->length < rule->least || f->length > rule->most)) {
		if (rule->fatal) {
			h2_fail(c, H2_FRAME_SIZE_ERROR, "frame of the wrong length");
			return false;
		}
		s = h2_stream_find(c, f->stream);
		if (s && s->state != H2_CLOSED)
			stream_error(c, s, H2_FRAME_SIZE_ERROR, "frame of the wrong length", ev);
		else if (!s && !h2_recently_reset(c, f->stream))
			/* RFC 9113 section 6.4: no RST_STREAM for an idle stream */
			h2_fail(c, H2_FRAME_SIZE_ERROR, "frame of the wrong length");
		return false;
	}
	return !c->failed && rule;
}

static void skip(struct h2_conn *c)
{
	c->left = c->frame.length;
	c->rx = c->left ? H2_RX_SKIP : H2_RX_HEAD;
}

static void recv_head(struct h2_conn *c, struct h2_event *ev)
{
	c->got = 0;
	if (log_tracing(AREA_H2))
		trace_frame(c, &c->frame);
	if (!head_legal(c, ev)) {
		if (!c->failed)
			skip(c);
		return;
	}
	c->left = c->frame.length;
	if (c->frame.type != H2_DATA) {
		c->rx = H2_RX_PAYLOAD;
		if (c->left == 0) {
			c->rx = H2_RX_HEAD;
			recv_payload(c, NULL, 0, ev);
		}
		return;
	}
	if (!begin_data(c, ev)) {
		if (!c->failed)
			skip(c);
		return;
	}
	c->padding = 0;
	if (c->frame.flags & H2_FLAG_PADDED) {
		if (c->left == 0)
			h2_fail(c, H2_FRAME_SIZE_ERROR, "PADDED without Pad Length");
		else
			c->rx = H2_RX_PADLEN;
		return;
	}
	c->rx = H2_RX_DATA;
	if (c->left == 0)
		data_done(c, ev);
}

/* ---- the octets ---- */

static size_t take_preface(struct h2_conn *c, const uint8_t *p, size_t n)
{
	size_t want = H2_PREFACE_LEN - c->got;

	if (n > want)
		n = want;
	if (memcmp(p, &H2_PREFACE[c->got], n) != 0) {
		h2_fail(c, H2_PROTOCOL_ERROR, "not the client preface");
		return n;
	}
	c->got += (uint32_t)n;
	if (c->got == H2_PREFACE_LEN) {
		c->got = 0;
		c->rx = H2_RX_HEAD;
	}
	return n;
}

static size_t take_head(struct h2_conn *c, const uint8_t *p, size_t n, struct h2_event *ev)
{
	size_t want = H2_FRAME_HEAD - c->got;

	if (c->got == 0 && n >= H2_FRAME_HEAD) {
		h2_frame_parse(&c->frame, p);
		recv_head(c, ev);
		return H2_FRAME_HEAD;
	}
	if (n > want)
		n = want;
	memcpy(c->head + c->got, p, n);
	c->got += (uint32_t)n;
	if (c->got == H2_FRAME_HEAD) {
		h2_frame_parse(&c->frame, c->head);
		recv_head(c, ev);
	}
	return n;
}

static size_t take_payload(struct h2_conn *c, const uint8_t *p, size_t n, struct h2_event *ev)
{
	size_t len = c->frame.length, have = len - c->left;

	if (have == 0 && n >= len) {
		c->rx = H2_RX_HEAD;
		recv_payload(c, p, len, ev);
		return len;
	}
	if (!c->gather)
		c->gather = chunk_get(c->env.chunks);
	if (n > c->left)
		n = c->left;
	memcpy(c->gather->data + have, p, n);
	c->left -= (uint32_t)n;
	if (c->left == 0) {
		c->rx = H2_RX_HEAD;
		recv_payload(c, c->gather->data, len, ev);
		chunk_put(c->env.chunks, c->gather);
		c->gather = NULL;
	}
	return n;
}

static size_t take_skipped(struct h2_conn *c, size_t n, struct h2_event *ev)
{
	bool padding = c->rx == H2_RX_PADDING;

	if (n > c->left)
		n = c->left;
	c->left -= (uint32_t)n;
	if (c->left)
		return n;
	c->rx = H2_RX_HEAD;
	if (padding)
		end_data(c, ev);
	return n;
}

static size_t take(struct h2_conn *c, const uint8_t *p, size_t n, struct h2_event *ev)
{
	switch (c->rx) {
	case H2_RX_PREFACE:
		return take_preface(c, p, n);
	case H2_RX_HEAD:
		return take_head(c, p, n, ev);
	case H2_RX_PAYLOAD:
		return take_payload(c, p, n, ev);
	case H2_RX_PADLEN:
		recv_padlen(c, p[0], ev);
		return 1;
	case H2_RX_DATA:
		n = n < c->left ? n : c->left;
		recv_data(c, p, (uint32_t)n, ev);
		return n;
	case H2_RX_PADDING:
	case H2_RX_SKIP:
		return take_skipped(c, n, ev);
	case H2_RX_DEAD:
		break;
	}
	return n;
}

size_t h2_recv(struct h2_conn *c, const uint8_t *p, size_t n, struct h2_event *ev)
{
	bool failed = c->failed;
	size_t used = 0;

	*ev = (struct h2_event){.kind = H2_EV_NONE};
	while (used < n && ev->kind == H2_EV_NONE && c->failed == failed)
		used += take(c, p + used, n - used, ev);
	if (c->failed && !failed)
		*ev = (struct h2_event){.kind = H2_EV_DEAD, .err = c->err};
	return used;
}
