/* SPDX-License-Identifier: MIT */
/*
 * Birth and death of connections and streams, and the small verbs. Receiving is in recv.c, the
 * header blocks of requests in request.c, sending in send.c.
 *
 * A stream lies in the pool of its request. It is in the map from its HEADERS until it is both
 * closed and released; h2_release() closes what is still open, so it never outlives the request.
 */
#include <assert.h>
#include <stdlib.h>

#include "server/h2/internal.h"

static const uint8_t shutdown_ping[8] = "goodbye";

struct h2_conn *h2_conn_new(const struct h2_env *env, uint32_t id)
{
	struct h2_conn *c = heap_zalloc(1, sizeof *c);
	uint32_t table = env->limits->header_table;

	c->env = *env;
	c->id = id;
	c->peer_window = H2_WINDOW_DEFAULT;
	c->peer_frame = H2_FRAME_SIZE;
	c->last_told = H2_STREAM_LIMIT;
	c->send.window = H2_WINDOW_DEFAULT;
	c->recv.window = c->recv.limit = env->limits->connection_window;
	list_init(&c->all);
	list_init(&c->ready);
	list_init(&c->drained);
	/* RFC 7541 section 4.2: 4,096 until our SETTINGS are acknowledged. */
	hpack_decoder_init(&c->dec, table > 4096 ? table : 4096);
	hpack_encoder_init(&c->enc, table);
	h2_send_settings(c);
	return c;
}

void h2_conn_free(struct h2_conn *c)
{
	assert(c->open == 0);
	if (c->gather)
		chunk_put(c->env.chunks, c->gather);
	h2_queue_clear(c, &c->control);
	h2_queue_clear(c, &c->batch);
	hpack_decoder_clear(&c->dec);
	hpack_encoder_clear(&c->enc);
	idmap_clear(&c->streams);
	free(c->block.p);
	free(c);
}

struct h2_stream *h2_stream_find(const struct h2_conn *c, uint32_t id)
{
	return idmap_get(&c->streams, id);
}

void h2_remember_closed(struct h2_conn *c, uint32_t id, bool reset_sent)
{
	c->closed[c->closed_at++ % H2_CLOSED_KEPT] = id | (reset_sent ? UINT32_C(1) << 31 : 0);
}

static bool remembered(const struct h2_conn *c, uint32_t entry)
{
	for (unsigned i = 0; i < H2_CLOSED_KEPT; i++) {
		if (c->closed[i] == entry)
			return true;
	}
	return false;
}

bool h2_recently_reset(const struct h2_conn *c, uint32_t id)
{
	return remembered(c, id | UINT32_C(1) << 31);
}

bool h2_recently_ended(const struct h2_conn *c, uint32_t id)
{
	return remembered(c, id);
}

void h2_stream_forget(struct h2_conn *c, struct h2_stream *s)
{
	assert(s->state == H2_CLOSED && s->released);
	list_remove(&s->ready);
	list_remove(&s->drained);
	list_remove(&s->all);
	idmap_del(&c->streams, s->id);
	h2_remember_closed(c, s->id, s->reset_sent);
}

void h2_conn_give(struct h2_conn *c, size_t n)
{
	uint32_t increment = h2_inflow_give(&c->recv, (int64_t)n);

	if (increment)
		h2_send_window(c, 0, increment);
}

void h2_attach(struct h2_stream *s, void *user, struct pipe *out)
{
	s->user = user;
	s->out = out;
}

void *h2_stream_user(const struct h2_stream *s)
{
	return s->user;
}

uint32_t h2_stream_id(const struct h2_stream *s)
{
	return s->id;
}

bool h2_stream_closed(const struct h2_stream *s)
{
	return s->state == H2_CLOSED;
}

bool h2_stream_response_sent(const struct h2_stream *s)
{
	return s->state == H2_HALF_LOCAL || s->state == H2_CLOSED;
}

void h2_release(struct h2_conn *c, struct h2_stream *s)
{
	if (s->state != H2_CLOSED)
		h2_send_reset(c, s, s->id, s->state == H2_HALF_LOCAL ? H2_NO_ERROR : H2_CANCEL);
	s->released = true;
	s->user = NULL;
	s->out = NULL;
	s->trailers = NULL;
	c->open--;
	h2_stream_forget(c, s);
}

void h2_credit(struct h2_conn *c, struct h2_stream *s, size_t n)
{
	uint32_t increment;

	h2_conn_give(c, n);
	if (s->end_received || s->state == H2_CLOSED)
		return;
	increment = h2_inflow_give(&s->recv, (int64_t)n);
	if (increment)
		h2_send_window(c, s->id, increment);
}

void h2_reset(struct h2_conn *c, struct h2_stream *s, enum h2_err err)
{
	if (s->state != H2_CLOSED)
		h2_send_reset(c, s, s->id, err);
	else
		h2_mark_drained(c, s); /* too late to tell the client; the session is to know */
}

void h2_shutdown(struct h2_conn *c)
{
	if (c->failed || c->leaving == H2_LEAVING)
		return;
	if (c->leaving == H2_STAYING) {
		/* RFC 9113 section 6.8: warn first, so that requests on their way are served. */
		h2_send_goaway(c, H2_STREAM_LIMIT, H2_NO_ERROR, NULL);
		h2_send_ping(c, shutdown_ping, false);
		c->leaving = H2_WARNED;
		return;
	}
	c->leaving = H2_LEAVING;
	h2_send_goaway(c, c->last_stream, H2_NO_ERROR, NULL);
}

void h2_fail(struct h2_conn *c, enum h2_err err, const char *why)
{
	if (c->failed)
		return;
	c->failed = true;
	c->err = err;
	c->rx = H2_RX_DEAD;
	log_trace(AREA_H2, "[%u] connection error %s: %s", c->id, h2_err_name(err), why);
	h2_send_goaway(c, c->last_stream, err, why);
}

uint32_t h2_open_streams(const struct h2_conn *c)
{
	return c->open;
}

bool h2_settings_received(const struct h2_conn *c)
{
	return c->settings_received;
}

bool h2_settings_acked(const struct h2_conn *c)
{
	return c->settings_acked;
}

bool h2_in_header_block(const struct h2_conn *c)
{
	return c->block.stream != 0 || (c->rx == H2_RX_PAYLOAD && c->frame.type == H2_HEADERS);
}

size_t h2_control_queued(const struct h2_conn *c)
{
	return c->control.len;
}

bool h2_shutting_down(const struct h2_conn *c)
{
	return c->leaving != H2_STAYING;
}

bool h2_failed(const struct h2_conn *c)
{
	return c->failed;
}
