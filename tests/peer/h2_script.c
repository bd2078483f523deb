/* SPDX-License-Identifier: MIT */
/*
 * The words of a script. Sent by the client (ID 0 is the connection):
 *
 *     preface                      the 24 octets            bytes HEX      anything
 *     settings ID=VALUE...         settings ack             ping 12345678  pong 12345678
 *     headers ID [OPT] [METHOD PATH] NAME=VALUE...          METHOD sets :method :path :scheme
 *                                                           :authority
 *     data ID TEXT [OPT]           window ID N              rst ID CODE
 *     priority ID PARENT           goaway CODE              frame TYPE FLAGS ID [HEX]
 *     OPT: +end  +more (no END_HEADERS)  +split=N (CONTINUATION every N octets)  +pad=N  +prio=N
 *
 * Said by the session: respond ID STATUS [+end] FIELDS, inform ID STATUS FIELDS, body ID TEXT,
 * trailers ID FIELDS, finish ID, reset ID CODE, release ID, credit ID N, shutdown, fail.
 *
 * The rest: limit NAME=N (before the connection), open, hello (open, preface, SETTINGS and what the
 * server says to that, which leaves no trace), feed, flush, write N, keep credit, keep streams,
 * mark TEXT. A text "*N" is N times the letter x.
 */
#include <assert.h>

#include "server/http/head.h"
#include "tests/peer/h2_client.h"

enum { WORDS = 48 };

struct words {
	char *v[WORDS];
	int n;
};

/* Options of HEADERS and DATA. */
struct options {
	bool end, more;
	size_t split;
	long pad, prio; /* -1: not given */
};

struct command {
	const char *name;
	bool (*run)(struct h2_client *, const struct words *);
};

static uint32_t number(const struct words *w, int i)
{
	return i < w->n ? (uint32_t)strtoul(w->v[i], NULL, 0) : 0;
}

/* A word as text; "*N" is made into memory that lives as long as the pool of the call. */
static struct text value_of(const char *word, struct pool *pool)
{
	struct text t = text_of(word);
	char *p;

	if (word[0] != '*' || !ascii_digit(word[1]))
		return t;
	t.n = strtoul(word + 1, NULL, 10);
	p = pool_alloc(pool, t.n + 1);
	memset(p, 'x', t.n);
	return (struct text){p, t.n};
}

static bool setting_of(const char *word, uint32_t *id, uint32_t *v)
{
	char *end;

	*id = (uint32_t)strtoul(word, &end, 0);
	*v = *end == '=' ? (uint32_t)strtoul(end + 1, NULL, 0) : 0;
	return *end == '=';
}

static void put_frame(struct h2_client *c, uint8_t type, uint8_t flags, uint32_t stream,
		      struct text payload)
{
	h2_frame_put(octets_room(&c->wire, H2_FRAME_HEAD), payload.n, type, flags, stream);
	octets_used(&c->wire, H2_FRAME_HEAD);
	octets_add(&c->wire, payload.p, payload.n);
}

static void put_u32(struct h2_client *c, uint8_t type, uint32_t stream, uint32_t v)
{
	uint8_t octets[4];

	h2_put32(octets, v);
	put_frame(c, type, 0, stream, (struct text){(char *)octets, sizeof octets});
}

static void parse_options(const struct words *w, struct options *o)
{
	*o = (struct options){.pad = -1, .prio = -1};
	for (int i = 0; i < w->n; i++) {
		const char *s = w->v[i];

		if (strcmp(s, "+end") == 0)
			o->end = true;
		else if (strcmp(s, "+more") == 0)
			o->more = true;
		else if (strncmp(s, "+split=", 7) == 0)
			o->split = strtoul(s + 7, NULL, 10);
		else if (strncmp(s, "+pad=", 5) == 0)
			o->pad = strtol(s + 5, NULL, 10);
		else if (strncmp(s, "+prio=", 6) == 0)
			o->prio = strtol(s + 6, NULL, 10);
	}
}

/* ---- what the client sends ---- */

static bool hex(struct octets *to, const char *s)
{
	for (; s[0]; s += 2) {
		int high = ascii_hex(s[0]), low = high < 0 ? -1 : ascii_hex(s[1]);
		uint8_t octet = (uint8_t)((unsigned)high << 4 | (unsigned)low);

		if (low < 0)
			return false;
		octets_add(to, &octet, 1);
	}
	return true;
}

static bool cmd_bytes(struct h2_client *c, const struct words *w)
{
	for (int i = 1; i < w->n; i++) {
		if (!hex(&c->wire, w->v[i]))
			return false;
	}
	return true;
}

static bool cmd_preface(struct h2_client *c, const struct words *w)
{
	(void)w;
	octets_add(&c->wire, H2_PREFACE, H2_PREFACE_LEN);
	return true;
}

/* What the reader holds for idle. */
static void note_stream(struct h2_client *c, uint8_t type, uint32_t id)
{
	if (type == H2_HEADERS && id % 2 && id > c->reader.highest)
		c->reader.highest = id;
}

static bool cmd_frame(struct h2_client *c, const struct words *w)
{
	struct octets o = {0};
	bool well = true;

	for (int i = 4; i < w->n && well; i++) {
		if (w->v[i][0] == '*') {
			size_t n = strtoul(w->v[i] + 1, NULL, 10);

			memset(octets_room(&o, n), 0, n);
			octets_used(&o, n);
		} else {
			well = hex(&o, w->v[i]);
		}
	}
	note_stream(c, (uint8_t)number(w, 1), number(w, 3));
	put_frame(c, (uint8_t)number(w, 1), (uint8_t)number(w, 2), number(w, 3),
		  (struct text){(char *)o.p, o.n});
	octets_clear(&o);
	return well;
}

static bool cmd_settings(struct h2_client *c, const struct words *w)
{
	uint8_t octets[WORDS * 6];
	size_t n = 0;

	if (w->n == 2 && strcmp(w->v[1], "ack") == 0) {
		put_frame(c, H2_SETTINGS, H2_FLAG_ACK, 0, TEXT(""));
		return true;
	}
	for (int i = 1; i < w->n; i++, n += 6) {
		uint32_t id, v;

		if (!setting_of(w->v[i], &id, &v))
			return false;
		h2_put16(octets + n, id);
		h2_put32(octets + n + 2, v);
		if (id == H2_SET_HEADER_TABLE_SIZE)
			c->table = v;
	}
	h2_reader_ask(&c->reader, c->table);
	put_frame(c, H2_SETTINGS, 0, 0, (struct text){(char *)octets, n});
	return true;
}

static size_t put_named(struct h2_client *c, struct octets *to, struct text name, struct text value)
{
	uint8_t *at = octets_room(to, HPACK_FIELD_MAX(name.n, value.n));
	size_t n = hpack_encode_named(&c->enc, at, name, value);

	octets_used(to, n);
	return n;
}

/* The fields of a request, or trailers, as a header block. */
static void encode(struct h2_client *c, const struct words *w, struct octets *to)
{
	struct pool *pool = pool_new(&c->pools);
	bool method = false;

	octets_used(to, hpack_encode_begin(&c->enc, octets_room(to, HPACK_UPDATE_MAX)));
	for (int i = 2; i < w->n; i++) {
		char *word = w->v[i], *equal = word[0] ? strchr(word + 1, '=') : NULL;

		if (word[0] == '+')
			continue;
		if (equal) {
			put_named(c, to, (struct text){word, (size_t)(equal - word)},
				  value_of(equal + 1, pool));
		} else if (!method) {
			put_named(c, to, TEXT(":method"), text_of(word));
			method = true;
		} else {
			put_named(c, to, TEXT(":scheme"), TEXT("https"));
			put_named(c, to, TEXT(":authority"), TEXT("a"));
			put_named(c, to, TEXT(":path"), text_of(word));
		}
	}
	pool_free(pool);
}

/* Padding and priority around a block or body (sections 6.1, 6.2). */
static uint8_t wrap(const struct options *o, struct text inner, struct octets *to)
{
	uint8_t flags = 0, octets[5];

	if (o->pad >= 0) {
		octets[0] = (uint8_t)o->pad;
		octets_add(to, octets, 1);
		flags |= H2_FLAG_PADDED;
	}
	if (o->prio >= 0) {
		h2_put32(octets, (uint32_t)o->prio);
		octets[4] = 16;
		octets_add(to, octets, 5);
		flags |= H2_FLAG_PRIORITY;
	}
	octets_add(to, inner.p, inner.n);
	if (o->pad > 0) {
		memset(octets_room(to, (size_t)o->pad), 0, (size_t)o->pad);
		octets_used(to, (size_t)o->pad);
	}
	return flags;
}

static bool cmd_headers(struct h2_client *c, const struct words *w)
{
	struct octets block = {0}, payload = {0};
	uint8_t type = H2_HEADERS, flags;
	uint32_t id = number(w, 1);
	struct options o;
	size_t at = 0, n;

	parse_options(w, &o);
	encode(c, w, &block);
	do {
		n = block.n - at;
		if (o.split && n > o.split)
			n = o.split;
		payload.n = 0;
		flags = 0;
		if (type == H2_HEADERS) {
			flags = wrap(&o, (struct text){(char *)block.p + at, n}, &payload);
			flags |= o.end ? H2_FLAG_END_STREAM : 0;
		} else {
			octets_add(&payload, block.p + at, n);
		}
		at += n;
		if (at == block.n && !o.more)
			flags |= H2_FLAG_END_HEADERS;
		put_frame(c, type, flags, id, (struct text){(char *)payload.p, payload.n});
		type = H2_CONTINUATION;
	} while (at < block.n);
	note_stream(c, H2_HEADERS, id);
	octets_clear(&block);
	octets_clear(&payload);
	return true;
}

static bool cmd_data(struct h2_client *c, const struct words *w)
{
	struct pool *pool = pool_new(&c->pools);
	struct octets payload = {0};
	struct options o;
	uint8_t flags;

	if (w->n < 3)
		return false;
	parse_options(w, &o);
	flags = wrap(&o, value_of(w->v[2], pool), &payload);
	put_frame(c, H2_DATA, flags | (o.end ? H2_FLAG_END_STREAM : 0), number(w, 1),
		  (struct text){(char *)payload.p, payload.n});
	octets_clear(&payload);
	pool_free(pool);
	return true;
}

static bool cmd_window(struct h2_client *c, const struct words *w)
{
	put_u32(c, H2_WINDOW_UPDATE, number(w, 1), number(w, 2));
	return true;
}

static bool cmd_rst(struct h2_client *c, const struct words *w)
{
	put_u32(c, H2_RST_STREAM, number(w, 1), number(w, 2));
	return true;
}

static bool cmd_ping(struct h2_client *c, const struct words *w)
{
	if (w->n != 2 || strlen(w->v[1]) != 8)
		return false;
	put_frame(c, H2_PING, w->v[0][1] == 'o' ? H2_FLAG_ACK : 0, 0, text_of(w->v[1]));
	return true;
}

static bool cmd_priority(struct h2_client *c, const struct words *w)
{
	uint8_t octets[5] = {0};

	h2_put32(octets, number(w, 2));
	put_frame(c, H2_PRIORITY, 0, number(w, 1), (struct text){(char *)octets, sizeof octets});
	return true;
}

static bool cmd_goaway(struct h2_client *c, const struct words *w)
{
	uint8_t octets[8] = {0};

	h2_put32(octets + 4, number(w, 1));
	put_frame(c, H2_GOAWAY, 0, 0, (struct text){(char *)octets, sizeof octets});
	return true;
}

/* ---- what the session says ---- */

static struct h2_client_stream *stream_of(struct h2_client *c, const struct words *w)
{
	struct h2_client_stream *s;

	h2_client_feed(c);
	s = h2_client_stream(c, number(w, 1));
	return s && s->h2 ? s : NULL;
}

static void add_fields(const struct words *w, int from, struct pool *pool, struct http_fields *f)
{
	for (int i = from; i < w->n; i++) {
		char *equal = strchr(w->v[i], '=');

		if (w->v[i][0] == '+' || !equal)
			continue;
		http_fields_add_named(f, pool,
				      pool_text(pool,
						(struct text){w->v[i], (size_t)(equal - w->v[i])}),
				      pool_text(pool, value_of(equal + 1, pool)));
	}
}

static bool cmd_respond(struct h2_client *c, const struct words *w)
{
	struct h2_client_stream *s = stream_of(c, w);
	struct http_head head = {.status = number(w, 2), .content_length = -1};
	struct options o;

	if (!s)
		return false;
	parse_options(w, &o);
	add_fields(w, 3, s->pool, &head.fields);
	if (w->v[0][0] == 'i') {
		h2_inform(c->h2, s->h2, &head);
		return true;
	}
	h2_respond(c->h2, s->h2, &head, o.end);
	s->finished = s->finished || o.end;
	return true;
}

static bool cmd_body(struct h2_client *c, const struct words *w)
{
	struct h2_client_stream *s = stream_of(c, w);
	struct text t;

	if (!s || w->n < 3)
		return false;
	t = value_of(w->v[2], s->pool);
	if (pipe_write(&s->out, t.p, t.n) != t.n)
		return false;
	h2_wake(c->h2, s->h2);
	return true;
}

static bool cmd_trailers(struct h2_client *c, const struct words *w)
{
	struct h2_client_stream *s = stream_of(c, w);

	if (!s)
		return false;
	add_fields(w, 2, s->pool, &s->trailers);
	h2_trailers(c->h2, s->h2, &s->trailers);
	return true;
}

static bool cmd_finish(struct h2_client *c, const struct words *w)
{
	struct h2_client_stream *s = stream_of(c, w);

	if (!s)
		return false;
	s->finished = s->out.fin = true;
	h2_wake(c->h2, s->h2);
	return true;
}

static bool cmd_reset(struct h2_client *c, const struct words *w)
{
	struct h2_client_stream *s = stream_of(c, w);

	if (!s)
		return false;
	s->finished = true;
	h2_reset(c->h2, s->h2, (enum h2_err)number(w, 2));
	return true;
}

static bool cmd_release(struct h2_client *c, const struct words *w)
{
	struct h2_client_stream *s = stream_of(c, w);

	if (!s)
		return false;
	h2_client_release(c, s);
	return true;
}

static bool cmd_credit(struct h2_client *c, const struct words *w)
{
	struct h2_client_stream *s = stream_of(c, w);

	if (!s)
		return false;
	h2_credit(c->h2, s->h2, number(w, 2));
	return true;
}

static bool cmd_shutdown(struct h2_client *c, const struct words *w)
{
	(void)w;
	h2_client_feed(c);
	h2_shutdown(c->h2);
	return true;
}

static bool cmd_fail(struct h2_client *c, const struct words *w)
{
	(void)w;
	h2_client_feed(c);
	h2_fail(c->h2, H2_INTERNAL_ERROR, "by the script");
	return true;
}

/* ---- the rest ---- */

static bool cmd_limit(struct h2_client *c, const struct words *w)
{
	const struct {
		const char *name;
		uint32_t *at;
	} limits[] = {
	    {"max_streams", &c->limits.max_streams},
	    {"stream_window", &c->limits.stream_window},
	    {"connection_window", &c->limits.connection_window},
	    {"max_header_list", &c->limits.max_header_list},
	    {"header_table", &c->limits.header_table},
	};
	const char *equal = w->n == 2 ? strchr(w->v[1], '=') : NULL;

	for (size_t i = 0; equal && i < sizeof limits / sizeof *limits; i++) {
		if (strncmp(w->v[1], limits[i].name, (size_t)(equal - w->v[1])) == 0) {
			*limits[i].at = (uint32_t)strtoul(equal + 1, NULL, 10);
			return true;
		}
	}
	return false;
}

static bool cmd_open(struct h2_client *c, const struct words *w)
{
	(void)w;
	h2_client_open(c);
	return true;
}

static bool cmd_hello(struct h2_client *c, const struct words *w)
{
	h2_client_open(c);
	if (!cmd_preface(c, w) || !cmd_settings(c, w))
		return false;
	put_frame(c, H2_SETTINGS, H2_FLAG_ACK, 0, TEXT(""));
	h2_client_flush(c);
	c->trace.n = 0;
	octets_print(&c->trace, "%s", c->reader.bad ? c->reader.bad : "");
	return true;
}

static bool cmd_feed(struct h2_client *c, const struct words *w)
{
	(void)w;
	h2_client_feed(c);
	return true;
}

static bool cmd_flush(struct h2_client *c, const struct words *w)
{
	(void)w;
	h2_client_flush(c);
	return true;
}

static bool cmd_write(struct h2_client *c, const struct words *w)
{
	h2_client_write(c, number(w, 1));
	return true;
}

static bool cmd_keep(struct h2_client *c, const struct words *w)
{
	if (w->n == 2 && strcmp(w->v[1], "credit") == 0)
		c->keep_credit = true;
	else if (w->n == 2 && strcmp(w->v[1], "streams") == 0)
		c->keep_streams = true;
	else
		return false;
	return true;
}

static bool cmd_mark(struct h2_client *c, const struct words *w)
{
	h2_client_feed(c);
	octets_print(&c->trace, "# %s\n", w->n > 1 ? w->v[1] : "");
	return true;
}

static const struct command commands[] = {
    {"body", cmd_body},		{"bytes", cmd_bytes},	    {"credit", cmd_credit},
    {"data", cmd_data},		{"fail", cmd_fail},	    {"feed", cmd_feed},
    {"finish", cmd_finish},	{"flush", cmd_flush},	    {"frame", cmd_frame},
    {"goaway", cmd_goaway},	{"headers", cmd_headers},   {"hello", cmd_hello},
    {"inform", cmd_respond},	{"keep", cmd_keep},	    {"limit", cmd_limit},
    {"mark", cmd_mark},		{"open", cmd_open},	    {"ping", cmd_ping},
    {"pong", cmd_ping},		{"preface", cmd_preface},   {"priority", cmd_priority},
    {"release", cmd_release},	{"reset", cmd_reset},	    {"respond", cmd_respond},
    {"rst", cmd_rst},		{"settings", cmd_settings}, {"shutdown", cmd_shutdown},
    {"trailers", cmd_trailers}, {"window", cmd_window},	    {"write", cmd_write},
};

static bool run_line(struct h2_client *c, char *line)
{
	struct words w = {.n = 0};

	for (char *word = strtok(line, " \t"); word; word = strtok(NULL, " \t")) {
		assert(w.n < WORDS);
		w.v[w.n++] = word;
	}
	if (w.n == 0)
		return true;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(commands[i].name, w.v[0]) == 0)
			return commands[i].run(c, &w);
	}
	return false;
}

bool h2_client_run(struct h2_client *c, const char *script)
{
	bool well = true;

	while (well && *script) {
		size_t n = strcspn(script, ";\n");
		char *line = strndup(script, n);

		well = line && run_line(c, line);
		if (!well)
			octets_print(&c->trace, "! cannot run: %.*s\n", (int)n, script);
		free(line);
		script += n + (script[n] != '\0');
	}
	return well;
}
