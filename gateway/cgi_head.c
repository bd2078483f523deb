/* SPDX-License-Identifier: MIT */
/*
 * A block goes line by line into `buf`, and each line is parsed where it lies as soon as its LF is
 * there, whether it came in one piece or octet by octet: there is one path, and a broken head is
 * known at its first broken line, not when `max` is reached.
 *
 *     buf   status: 103\r\nlink: </a.css>\r\n ;rel=preload\r\nX-Ti
 *                                 ^value                      ^line     ^len
 *
 * The copy costs less than the lower-casing that would need memory of its own. Fields point into
 * buf. When buf grows it may move, but its old octets stay in the pool as they were, so fields
 * that were parsed before need no care; only the newest may still be continued, and is found by
 * its offset.
 *
 * At the empty line the block is judged as a whole: status, framing, and what may not go out.
 * `seen` holds a bit for each known field so that a common block needs no more than one pass.
 */
#include "gateway/cgi_head.h"

#include <assert.h>

#include "server/base/pool.h"

enum {
	FIRST_CAP = 1024, /* a common head fits */
	SAMPLE = 80,	  /* octets of a bad line for the log */
	MAX_OPTIONS = 16, /* names in Connection: each costs a pass over the fields */
};

static_assert(HTTP_TOKEN_COUNT <= 64, "`seen` has a bit for each token");

void cgi_head_init(struct cgi_head *h, struct pool *pool, size_t max)
{
	assert(max > 0);
	*h = (struct cgi_head){.pool = pool, .max = max};
}

bool cgi_head_begun(const struct cgi_head *h)
{
	return h->len > 0;
}

static int bad(struct cgi_head *h, struct text line, const char *why)
{
	h->why = why;
	h->sample = (struct text){line.p, line.n < SAMPLE ? line.n : SAMPLE};
	return -1;
}

static bool has(const struct cgi_head *h, enum http_token t)
{
	return h->seen >> t & 1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- lines ---- */

/* Three digits, then the end or a blank and a reason; 100 to 599. 0 when it is anything else. */
static unsigned parse_status(struct text t)
{
	unsigned status = 0;

	if (t.n < 3 || (t.n > 3 && !is_blank(t.p[3])))
		return 0;
	for (int i = 0; i < 3; i++) {
		if (!ascii_digit(t.p[i]))
			return 0;
		status = status * 10 + (unsigned)(t.p[i] - '0');
	}
	return status >= 100 && status <= 599 ? status : 0;
}

/* `HTTP/1.1 103 Early Hints`; programs that print $SERVER_PROTOCOL may also say `HTTP/2`. */
static int status_line(struct cgi_head *h, struct text line)
{
	struct text rest = line, version = text_after(text_cut(&rest, ' '), 5);
	struct text major = text_cut(&version, '.'), minor = version;
	uint64_t v;

	/* RFC 3875 section 5: nph output is an HTTP response message (RFC 9112 section 4). */
	if (text_u64(major, 9, &v) || (minor.p && text_u64(minor, 9, &v)))
		return bad(h, line, "malformed status line");
	if (!http_value_valid(text_trim(rest)))
		return bad(h, line, "control octet in the status line");
	h->line_status = parse_status(rest);
	if (!h->line_status)
		return bad(h, line, "status line without a status from 100 to 599");
	return 0;
}

/* RFC 9112 section 5.2: a folded line is as good as a space. */
static int continuation(struct cgi_head *h, struct text line)
{
	struct text more = text_trim(line);
	struct http_field *f;
	char *to = h->buf + h->value;

	if (!h->fields.n)
		return bad(h, line, "continuation line without a field");
	if (!http_value_valid(more))
		return bad(h, line, "control octet in a field value");
	if (!more.n)
		return 0;
	f = &h->fields.v[h->fields.n - 1];
	if (f->value.n)
		to[f->value.n++] = ' ';
	memmove(to + f->value.n, more.p, more.n);
	f->value = (struct text){to, f->value.n + more.n};
	return 0;
}

/*
 * RFC 3875 section 6.3: these come at most once. Programs whose library and whose author both print
 * a head say them twice; the last one counts, as everywhere else. The earlier goes the way of the
 * fields that belong to the connection.
 */
static void drop_earlier(struct cgi_head *h, enum http_token token)
{
	if (token != HTTP_CONTENT_TYPE && token != HTTP_LOCATION && token != HTTP_DATE)
		return;
	for (uint32_t i = 0; i < h->fields.n; i++) {
		if (h->fields.v[i].token == token)
			h->fields.v[i].token = HTTP_KEEP_ALIVE;
	}
}

static int field_line(struct cgi_head *h, struct text line)
{
	size_t colon = text_find(line, ':');
	struct text name = {line.p, colon}, value;
	char *lower = h->buf + (line.p - h->buf);
	const struct http_field *f;

	if (colon == line.n)
		return bad(h, line, "line without a colon");
	/* RFC 9112 section 5.1 */
	if (colon && is_blank(line.p[colon - 1]))
		return bad(h, line, "space between a field name and its colon");
	/* RFC 3875 section 6.3: a field name is a token. */
	if (!http_is_token(name))
		return bad(h, line, "invalid field name");
	value = text_trim(text_after(line, colon + 1));
	/* A lone CR or a NUL would split or cut the field further on (RFC 9110 section 5.5). */
	if (!http_value_valid(value))
		return bad(h, line, "control octet in a field value");
	for (size_t i = 0; i < colon; i++)
		lower[i] = ascii_lower(lower[i]);
	drop_earlier(h, http_token(name));
	f = http_fields_add_named(&h->fields, h->pool, name, value);
	h->value = (size_t)(value.p - h->buf);
	h->seen |= (uint64_t)1 << f->token;
	if (f->token == HTTP_STATUS) {
		/* RFC 3875 section 6.3.3 */
		h->field_status = parse_status(value);
		if (!h->field_status)
			return bad(h, line, "Status is not from 100 to 599");
	}
	return 0;
}

/* Cuts the complete line at hand off, without its end. */
static struct text take_line(struct cgi_head *h)
{
	struct text line = {h->buf + h->line, h->len - h->line - 1};

	/* RFC 3875 section 6.3 wants LF; programs on every system also write CRLF. */
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	h->line = h->len;
	return line;
}

static int parse_line(struct cgi_head *h, struct text line)
{
	if (line.p == h->buf && text_starts(line, TEXT("HTTP/")))
		return status_line(h, line);
	if (is_blank(line.p[0]))
		return continuation(h, line);
	return field_line(h, line);
}

/* ---- blocks ---- */

/*
 * RFC 9110 section 7.6.1: fields that Connection names belong to the connection. They are marked
 * as such and go with the hop-by-hop ones.
 */
static int connection_options(struct cgi_head *h)
{
	struct http_fields *f = &h->fields;
	unsigned count = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		struct text rest = f->v[i].value;

		if (!text_is(f->v[i].name, "connection"))
			continue;
		while (rest.p) {
			struct text option = text_trim(text_cut(&rest, ','));

			if (++count > MAX_OPTIONS)
				return bad(h, f->v[i].value, "too many names in Connection");
			if (text_same(option, TEXT("close")))
				h->close = true;
			for (uint32_t k = 0; k < f->n; k++) {
				if (text_same(option, f->v[k].name))
					f->v[k].token = HTTP_CONNECTION;
			}
		}
	}
	return 0;
}

static int framing(struct cgi_head *h, int64_t *length, bool *chunked)
{
	*chunked = false;
	*length = -1;
	if (has(h, HTTP_CONTENT_LENGTH) && http_content_length(&h->fields, length))
		return bad(h, http_fields_value(&h->fields, HTTP_CONTENT_LENGTH),
			   "invalid or contradictory Content-Length");
	if (!has(h, HTTP_TRANSFER_ENCODING))
		return 0;
	for (uint32_t i = 0; i < h->fields.n; i++) {
		const struct http_field *f = &h->fields.v[i];

		if (f->token != HTTP_TRANSFER_ENCODING)
			continue;
		if (*chunked || !text_same(f->value, TEXT("chunked")))
			return bad(h, f->value, "transfer coding other than chunked");
		*chunked = true;
	}
	/* RFC 9112 section 6.3: chunked overrides Content-Length. */
	*length = -1;
	return 0;
}

/* Whether a field may leave in a head of the kind. */
static bool passes(const struct http_field *f, bool inform)
{
	switch (f->token) {
	case HTTP_STATUS:
	case HTTP_CONTENT_LENGTH:
	case HTTP_TE:
		return false;
	case HTTP_SET_COOKIE:
	case HTTP_DATE:
	case HTTP_SERVER:
	case HTTP_X_POWERED_BY:
		return !inform;
	default:
		/* RFC 9113 section 8.2.2 */
		if (http_is_hop_field(f->token))
			return false;
		return !inform || !text_starts(f->name, TEXT("content-"));
	}
}

static void drop_fields(struct http_fields *f, bool inform)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		if (!passes(&f->v[i], inform))
			continue;
		if (kept != i)
			f->v[kept] = f->v[i];
		kept++;
	}
	f->n = kept;
}

static unsigned block_status(struct cgi_head *h)
{
	unsigned given = h->line_status ? h->line_status : h->field_status;

	h->status_given = given != 0;
	if (given)
		return given;
	/* RFC 3875 sections 6.2.3 and 6.3.3 */
	return http_fields_value(&h->fields, HTTP_LOCATION).n ? 302 : 200;
}

static enum cgi_head_result end_block(struct cgi_head *h, struct http_head *head, bool *chunked)
{
	unsigned status = block_status(h);
	bool inform = status < 200;
	int64_t length = -1;

	/* RFC 3875 section 6.2: at least one field. */
	if (!h->line_status && !h->fields.n) {
		bad(h, (struct text){NULL, 0}, "no header line before the empty line");
		return CGI_HEAD_BAD;
	}
	*chunked = false;
	h->close = false;
	if (!inform && framing(h, &length, chunked))
		return CGI_HEAD_BAD;
	if (has(h, HTTP_CONNECTION) && connection_options(h))
		return CGI_HEAD_BAD;
	drop_fields(&h->fields, inform);
	*head = (struct http_head){.status = status, .fields = h->fields, .content_length = length};
	h->len = h->line = 0;
	h->line_status = h->field_status = 0;
	h->seen = 0;
	h->fields.n = 0;
	return inform ? CGI_HEAD_INFORM : CGI_HEAD_FINAL;
}

/* ---- input ---- */

static void append(struct cgi_head *h, const char *p, size_t n)
{
	if (n > h->cap - h->len) {
		size_t cap = h->cap ? h->cap : FIRST_CAP;

		while (n > cap - h->len)
			cap *= 2;
		h->buf = pool_extend(h->pool, h->buf, h->len, cap);
		h->cap = cap;
	}
	memcpy(h->buf + h->len, p, n);
	h->len += n;
}

enum cgi_head_result cgi_head_feed(struct cgi_head *h, const char *in, size_t n, size_t *used,
				   struct http_head *head, bool *chunked)
{
	size_t at = 0;

	*used = 0;
	if (h->why)
		return CGI_HEAD_BAD;
	while (at < n) {
		size_t room = h->max - h->len;
		size_t look = n - at < room ? n - at : room;
		const char *lf = memchr(in + at, '\n', look);
		size_t piece = lf ? (size_t)(lf - (in + at)) + 1 : look;
		struct text line;

		append(h, in + at, piece);
		at += piece;
		*used = at;
		if (!lf && at == n)
			break;
		if (!lf) {
			line = (struct text){h->buf + h->line, h->len - h->line};
			bad(h, line, "header block is larger than allowed");
			return CGI_HEAD_BAD;
		}
		line = take_line(h);
		if (!line.n)
			return end_block(h, head, chunked);
		if (parse_line(h, line))
			return CGI_HEAD_BAD;
	}
	return CGI_HEAD_MORE;
}
