/* SPDX-License-Identifier: MIT */
/*
 * A whole connection: octets of a client, cut as the input says, and a session that answers as the
 * input says. What leaves the engine must be frames in legal order, memory must stay bounded, and
 * the end of it all must leave nothing behind.
 *
 * Input: one octet of limits, then commands of one octet and what belongs to it:
 *
 *     0..127     feed so many octets of those that follow (0: all that is left)
 *     128..255   an action of the session or the socket, see act(); some take one octet more
 *
 * The engine has already seen the preface and SETTINGS unless the octet of limits says otherwise.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/log.h"
#include "server/base/pipe.h"
#include "server/base/pool.h"
#include "server/h2/conn.h"
#include "server/http/head.h"
#include "tests/peer/h2_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum {
	STREAMS = 8,
	PIECES = 5,
	BODY_MOST = 40000,
	CONTROL_MOST = 64 * 1024, /* the session stops to read here */
	GATHER_MOST = 160 * 1024, /* control queue beyond it: out of bounds */
};

struct stream {
	struct h2_stream *h2; /* NULL: free */
	struct pool *pool, *trailer_pool;
	struct pipe out;
	struct http_fields trailers;
	size_t owed; /* octets of the request's body not credited */
	bool informed, responded, trailed, finished, ended;
};

struct rig {
	const uint8_t *p;
	size_t n;
	struct h2_limits limits;
	struct pool_cache pools;
	struct chunk_cache chunks;
	struct h2_conn *h2;
	struct h2_reader reader;
	struct stream streams[STREAMS];
	unsigned next; /* the stream that the next action is for */
	bool dead;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static uint8_t octet(struct rig *r)
{
	if (r->n == 0)
		return 0;
	r->n--;
	return *r->p++;
}

/* ---- the session ---- */

static void let_go(struct rig *r, struct stream *s)
{
	if (s->owed)
		h2_credit(r->h2, s->h2, s->owed);
	h2_release(r->h2, s->h2);
	pipe_clear(&s->out);
	pool_free(s->trailer_pool);
	pool_free(s->pool);
	*s = (struct stream){0};
}

static void on_request(struct rig *r, const struct h2_event *ev)
{
	struct stream *s = NULL;

	for (int i = 0; i < STREAMS && !s; i++) {
		if (!r->streams[i].h2)
			s = &r->streams[i];
	}
	must(s != NULL); /* the engine holds to max_streams */
	must(ev->head->method.n && ev->head->authority.n);
	*s = (struct stream){.h2 = ev->stream, .pool = ev->pool, .ended = ev->end};
	pipe_init(&s->out, &r->chunks, BODY_MOST);
	h2_attach(ev->stream, s, &s->out);
}

static void on_body(struct rig *r, const struct h2_event *ev)
{
	struct stream *s = ev->user;
	uint8_t sum = 0;

	must(!s->ended);
	for (size_t i = 0; i < ev->len; i++)
		sum ^= ev->data[i]; /* it can be read */
	(void)sum;
	s->owed += ev->len;
	must(s->owed <= r->limits.stream_window);
	s->ended = ev->end;
}

static void on_event(struct rig *r, const struct h2_event *ev)
{
	struct stream *s = ev->user;

	switch (ev->kind) {
	case H2_EV_REQUEST:
		on_request(r, ev);
		break;
	case H2_EV_DATA:
		on_body(r, ev);
		break;
	case H2_EV_TRAILERS:
		must(!s->ended);
		s->ended = true;
		s->trailer_pool = ev->pool;
		break;
	case H2_EV_RESET:
		must(h2_stream_closed(ev->stream));
		let_go(r, s);
		break;
	case H2_EV_DEAD:
		must(h2_failed(r->h2));
		r->dead = true;
		break;
	case H2_EV_GOAWAY:
	case H2_EV_NONE:
		break;
	}
}

static void settle(struct rig *r)
{
	struct h2_stream *h;

	while ((h = h2_next_drained(r->h2))) {
		struct stream *s = h2_stream_user(h);

		if (s->finished && h2_stream_response_sent(h))
			let_go(r, s);
	}
}

static size_t write_some(struct rig *r, size_t most)
{
	struct iovec v[PIECES];
	size_t n = 0;
	int pieces;

	settle(r);
	pieces = h2_send(r->h2, v, PIECES);
	must(pieces >= 0 && pieces <= PIECES);
	for (int i = 0; i < pieces && n < most; i++) {
		size_t part = v[i].iov_len < most - n ? v[i].iov_len : most - n;

		must(v[i].iov_len > 0);
		h2_reader_take(&r->reader, v[i].iov_base, part);
		n += part;
	}
	if (n)
		h2_sent(r->h2, n);
	must(!r->reader.bad);
	return n;
}

static void write_all(struct rig *r)
{
	while (write_some(r, SIZE_MAX))
		;
	must(h2_control_queued(r->h2) == 0 && r->reader.in.n == 0);
}

static void feed(struct rig *r, size_t n)
{
	uint8_t *piece;
	size_t at = 0;

	if (n == 0 || n > r->n)
		n = r->n;
	piece = malloc(n ? n : 1);
	must(piece != NULL);
	memcpy(piece, r->p, n);
	r->p += n;
	r->n -= n;
	while (at < n) {
		struct h2_event ev;
		size_t used = h2_recv(r->h2, piece + at, n - at, &ev);

		must(used > 0 && used <= n - at);
		at += used;
		on_event(r, &ev);
		must(h2_open_streams(r->h2) <= STREAMS);
		if (h2_control_queued(r->h2) > CONTROL_MOST)
			write_all(r);
		must(h2_control_queued(r->h2) <= GATHER_MOST);
	}
	free(piece);
}

static void add(struct http_fields *f, struct pool *pool, uint8_t what)
{
	static const struct {
		const char *name, *value;
	} fields[] = {{"content-type", "text/html"},
		      {"link", "</a>; rel=preload"},
		      {"x-a", "1"},
		      {"x-b", "2"},
		      {"set-cookie", "a=b"},
		      {"etag", "\"x\""},
		      {"connection", "close"},
		      {"x-a", "3"}};
	size_t large = what == 0xff ? 20000 : 0;

	for (unsigned i = 0; i < 8; i++) {
		if (what >> i & 1)
			http_fields_add_named(f, pool, text_of(fields[i].name),
					      text_of(fields[i].value));
	}
	if (large) {
		char *p = pool_alloc(pool, large);

		memset(p, '~', large);
		http_fields_add_named(f, pool, TEXT("x-large"), (struct text){p, large});
	}
}

static void say_head(struct rig *r, struct stream *s, bool final, bool last)
{
	struct http_head head = {.status = final ? 200 : 103, .content_length = -1};

	if (s->responded)
		return;
	add(&head.fields, s->pool, octet(r));
	if (!final) {
		h2_inform(r->h2, s->h2, &head);
		return;
	}
	s->responded = true;
	s->finished = last;
	h2_respond(r->h2, s->h2, &head, last);
}

static void say_body(struct rig *r, struct stream *s, size_t n)
{
	static const uint8_t body[65536];

	if (!s->responded || s->finished || s->trailed)
		return;
	pipe_write(&s->out, body, n);
	h2_wake(r->h2, s->h2);
}

static void say_end(struct rig *r, struct stream *s, bool trailers)
{
	if (!s->responded || s->finished)
		return;
	if (trailers && !s->trailed) {
		s->trailed = true;
		add(&s->trailers, s->pool, octet(r));
		h2_trailers(r->h2, s->h2, &s->trailers);
	}
	s->finished = s->out.fin = true;
	h2_wake(r->h2, s->h2);
}

/* What the session says about one of its streams. */
static void act_on(struct rig *r, struct stream *s, unsigned what)
{
	switch (what) {
	case 0:
		say_head(r, s, false, false);
		break;
	case 1:
		say_head(r, s, true, false);
		break;
	case 2:
		say_head(r, s, true, true);
		break;
	case 3:
		say_body(r, s, octet(r));
		break;
	case 4:
		say_body(r, s, octet(r) * 256U);
		break;
	case 5:
		say_end(r, s, false);
		break;
	case 6:
		say_end(r, s, true);
		break;
	case 7:
		s->finished = true;
		h2_reset(r->h2, s->h2, H2_INTERNAL_ERROR);
		break;
	case 8:
		let_go(r, s);
		break;
	default:
		h2_credit(r->h2, s->h2, s->owed);
		s->owed = 0;
	}
}

static void act(struct rig *r, unsigned what)
{
	switch (what) {
	case 10:
		write_some(r, octet(r) + 1U);
		return;
	case 11:
		write_some(r, (octet(r) + 1U) * 256U);
		return;
	case 12:
		write_all(r);
		return;
	case 13:
		h2_shutdown(r->h2);
		return;
	case 14:
		r->next = octet(r);
		return;
	case 15:
		h2_fail(r->h2, H2_INTERNAL_ERROR, "by the session");
		return;
	default:
		break;
	}
	for (unsigned i = 0; i < STREAMS; i++) {
		struct stream *s = &r->streams[(r->next + i) % STREAMS];

		if (s->h2) {
			act_on(r, s, what);
			return;
		}
	}
}

static void begin(struct rig *r)
{
	static const uint8_t hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
	struct h2_env env = {.limits = &r->limits, .pools = &r->pools, .chunks = &r->chunks};
	uint8_t how = octet(r);
	struct h2_event ev;

	log_set_level(LEVEL_ERROR);
	r->limits = (struct h2_limits){.max_streams = 1U + how % STREAMS,
				       .stream_window = 65535,
				       .connection_window = how & 0x10 ? 65535 : 100000,
				       .max_header_list = how & 0x20 ? 512 : 4096,
				       .header_table = how & 0x40 ? 100 : 4096};
	pool_cache_init(&r->pools, 16);
	chunk_cache_init(&r->chunks, 16);
	h2_reader_init(&r->reader, &r->pools, NULL);
	r->reader.dec.allowed = UINT32_MAX; /* what the client may have set is not followed */
	r->h2 = h2_conn_new(&env, 1);
	if (how & 0x80)
		return;
	must(h2_recv(r->h2, hello, sizeof hello, &ev) == sizeof hello);
	must(ev.kind == H2_EV_NONE && h2_settings_received(r->h2));
}

static void finish(struct rig *r)
{
	for (int i = 0; i < STREAMS; i++) {
		if (r->streams[i].h2)
			let_go(r, &r->streams[i]);
	}
	must(h2_open_streams(r->h2) == 0);
	write_all(r);
	h2_conn_free(r->h2);
	h2_reader_clear(&r->reader);
	pool_cache_clear(&r->pools);
	chunk_cache_clear(&r->chunks);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct rig r = {.p = p, .n = n};

	begin(&r);
	while (r.n) {
		uint8_t what = octet(&r);

		if (what < 128)
			feed(&r, what);
		else
			act(&r, what % 16);
	}
	finish(&r);
	return 0;
}
