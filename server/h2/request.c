/* SPDX-License-Identifier: MIT */
/*
 * A block is always decoded to its end, whatever is wrong with it: the dynamic table must stay in
 * step (RFC 9113 section 4.3). What is wrong is noted and judged afterwards:
 *
 *     malformed                      → RST_STREAM(PROTOCOL_ERROR)     section 8.1.1
 *     larger than our limit          → 431, the stream ends           section 10.5.1
 *     many times larger              → GOAWAY(ENHANCE_YOUR_CALM)
 *     more streams than we allow     → RST_STREAM(REFUSED_STREAM)     section 5.1.2
 *
 * Fields are decoded into the pool in which the request lives; once the list is over the limit,
 * into a scratch pool that is emptied again and again, so the memory stays bounded.
 */
#include "server/h2/request.h"

#include "server/h2/internal.h"

enum {
	FAR_OVER = 16,		   /* times the limit: no accident any more */
	SCRATCH_MOST = 256 * 1024, /* octets before the scratch pool is emptied */
};

/* Where the fields of one block go. */
struct sink {
	struct h2_conn *c;
	struct pool *pool;
	struct http_head *head;	    /* of a request; NULL: trailers, or nothing is kept */
	struct http_fields *fields; /* NULL: nothing is kept */
	size_t size;		    /* as SETTINGS_MAX_HEADER_LIST_SIZE counts */
	bool over;
	const char *bad; /* first thing wrong */
};

static void malformed(struct sink *k, const char *why)
{
	if (!k->bad)
		k->bad = why;
}

static void put_once(struct sink *k, struct text *to, struct text v)
{
	if (to->p)
		malformed(k, "pseudo-header field twice");
	*to = v;
}

static void put_pseudo(struct sink *k, const struct hpack_field *f)
{
	if (!k->head) {
		malformed(k, "pseudo-header field in trailers");
		return;
	}
	/* RFC 9113 section 8.3 */
	if (k->fields->n)
		malformed(k, "pseudo-header field after a field");
	switch (f->token) {
	case HPACK_METHOD:
		put_once(k, &k->head->method, f->value);
		break;
	case HPACK_SCHEME:
		put_once(k, &k->head->scheme, f->value);
		break;
	case HPACK_AUTHORITY:
		put_once(k, &k->head->authority, f->value);
		break;
	case HPACK_PATH:
		put_once(k, &k->head->path, f->value);
		break;
	default:
		malformed(k, "unknown pseudo-header field");
	}
}

static void put_field(struct sink *k, const struct hpack_field *f)
{
	bool pseudo = f->name.n && f->name.p[0] == ':';
	struct http_field *to;

	if (!http_value_valid(f->value))
		malformed(k, "forbidden octet in a field value");
	if (pseudo) {
		put_pseudo(k, f);
		return;
	}
	/* RFC 9113 section 8.2.1; names of the token table are known to be valid. */
	if (f->token == HTTP_OTHER && !http_name_valid(f->name))
		malformed(k, "invalid field name");
	to = http_fields_append(k->fields, k->pool);
	*to = (struct http_field){.name = f->name,
				  .value = f->value,
				  .token = (enum http_token)f->token,
				  .secret = f->secret};
}

/* Decodes the block into the sink; false: the connection has failed. */
static bool decode(struct sink *k, const uint8_t *p, size_t n)
{
	struct h2_conn *c = k->c;
	size_t limit = c->env.limits->max_header_list;
	struct pool *scratch = NULL;
	struct hpack_field f;
	enum hpack_status st;

	hpack_decode_begin(&c->dec, p, n);
	for (;;) {
		bool keep = k->fields && !k->over;

		if (!keep && !scratch)
			scratch = pool_new(c->env.pools);
		st = hpack_decode(&c->dec, keep ? k->pool : scratch, &f);
		if (st != HPACK_FIELD)
			break;
		k->size += f.name.n + f.value.n + HPACK_ENTRY_OVERHEAD;
		k->over = k->size > limit;
		if (keep && !k->over)
			put_field(k, &f);
		if (k->size > limit * FAR_OVER) {
			h2_fail(c, H2_ENHANCE_YOUR_CALM, "header list far too large");
			break;
		}
		if (scratch && pool_size(scratch) > SCRATCH_MOST) {
			pool_free(scratch);
			scratch = NULL;
		}
	}
	pool_free(scratch);
	if (st == HPACK_BAD)
		h2_fail(c, H2_COMPRESSION_ERROR, "header block cannot be decoded");
	return !c->failed;
}

bool h2_skip_block(struct h2_conn *c, const uint8_t *p, size_t n)
{
	struct sink k = {.c = c};

	return decode(&k, p, n);
}

static struct h2_stream *stream_new(struct h2_conn *c, struct pool *pool, uint32_t id)
{
	struct h2_stream *s = pool_zalloc(pool, sizeof *s);

	s->id = id;
	s->send.window = c->peer_window;
	s->recv.window = s->recv.limit = c->env.limits->stream_window;
	s->body_left = -1;
	list_init(&s->ready);
	list_init(&s->drained);
	list_init(&s->all);
	return s;
}

static void refuse(struct h2_conn *c, uint32_t id, enum h2_err err, const char *why)
{
	log_debug(AREA_H2, "[%u] stream %u refused, %s: %s", c->id, id, h2_err_name(err), why);
	h2_send_reset(c, NULL, id, err);
	h2_remember_closed(c, id, true);
}

static void trace_head(const struct h2_conn *c, uint32_t id, const struct http_head *h)
{
	log_trace(AREA_H2, "[%u] request stream=%u %.*s %.*s://%.*s%.*s", c->id, id,
		  (int)h->method.n, h->method.p, (int)h->scheme.n, h->scheme.p, (int)h->authority.n,
		  h->authority.p, (int)h->path.n, h->path.p);
}

/* Why a complete request is not served; NULL when it is. */
static const char *judge(struct h2_conn *c, struct sink *k, bool end, enum h2_err *err)
{
	*err = H2_REFUSED_STREAM;
	if (c->leaving == H2_LEAVING)
		return "the connection is ending";
	*err = H2_PROTOCOL_ERROR;
	if (k->bad)
		return k->bad;
	k->bad = http_head_check_request(k->head, k->pool);
	if (k->bad)
		return k->bad;
	if (end && k->head->content_length > 0)
		return "content-length without a body"; /* RFC 9113 section 8.1.1 */
	*err = H2_REFUSED_STREAM;
	if (c->open >= c->env.limits->max_streams)
		return "too many streams"; /* RFC 9113 section 5.1.2 */
	return NULL;
}

void h2_recv_request(struct h2_conn *c, uint32_t id, const uint8_t *p, size_t n, bool end,
		     struct h2_event *ev)
{
	struct pool *pool = pool_new(c->env.pools);
	struct http_head *head = pool_zalloc(pool, sizeof *head);
	struct sink k = {.c = c, .pool = pool, .head = head, .fields = &head->fields};
	struct h2_stream *s;
	const char *why;
	enum h2_err err;

	if (!decode(&k, p, n)) {
		pool_free(pool);
		return;
	}
	if (k.over) {
		log_info(AREA_H2,
			 "[%u] stream %u: header list of %zu octets, limit %u "
			 "(max_header_list): answered 431",
			 c->id, id, k.size, c->env.limits->max_header_list);
		h2_send_plain(c, id, 431);
		if (!end)
			h2_send_reset(c, NULL, id, H2_NO_ERROR);
		h2_remember_closed(c, id, !end);
		pool_free(pool);
		return;
	}
	why = judge(c, &k, end, &err);
	if (why) {
		refuse(c, id, err, why);
		pool_free(pool);
		return;
	}
	s = stream_new(c, pool, id);
	s->body_left = head->content_length;
	h2_stream_move(s, H2_IN_HEADERS, &err);
	if (end) {
		h2_stream_move(s, H2_IN_END, &err);
		s->end_received = true;
	}
	idmap_put(&c->streams, id, s);
	list_append(&c->all, &s->all);
	c->open++;
	if (log_tracing(AREA_H2))
		trace_head(c, id, head);
	*ev = (struct h2_event){.kind = H2_EV_REQUEST,
				.stream = s,
				.pool = pool,
				.head = head,
				.end = end};
}

void h2_recv_trailers(struct h2_conn *c, struct h2_stream *s, const uint8_t *p, size_t n, bool end,
		      struct h2_event *ev)
{
	struct pool *scratch = pool_new(c->env.pools);
	struct http_fields *fields = pool_zalloc(scratch, sizeof *fields);
	struct sink k = {.c = c, .pool = scratch, .fields = fields};
	enum h2_err err;

	if (!decode(&k, p, n)) {
		pool_free(scratch);
		return;
	}
	/* RFC 9113 section 8.1: trailers end the stream. */
	if (!end)
		malformed(&k, "second HEADERS without END_STREAM");
	if (k.over)
		malformed(&k, "trailers larger than the limit");
	if (s->body_left > 0)
		malformed(&k, "body shorter than content-length");
	for (uint32_t i = 0; i < fields->n; i++) {
		/* RFC 9113 section 8.2.2 */
		if (http_is_hop_field(fields->v[i].token))
			malformed(&k, "connection-specific field");
	}
	if (k.bad) {
		log_debug(AREA_H2, "[%u] stream %u: trailers: %s", c->id, s->id, k.bad);
		h2_send_reset(c, s, s->id, H2_PROTOCOL_ERROR);
		*ev = (struct h2_event){.kind = H2_EV_RESET,
					.stream = s,
					.user = s->user,
					.err = H2_PROTOCOL_ERROR};
		pool_free(scratch);
		return;
	}
	h2_stream_move(s, H2_IN_END, &err);
	s->end_received = true;
	*ev = (struct h2_event){.kind = H2_EV_TRAILERS,
				.stream = s,
				.user = s->user,
				.pool = scratch,
				.trailers = fields,
				.end = true};
	if (s->state == H2_CLOSED)
		h2_mark_drained(c, s);
}
