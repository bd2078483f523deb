/* SPDX-License-Identifier: MIT */
/*
 * From path to response:
 *
 *     start ─ method, hidden? ─→ find ─→ cached_file ─→ answer ─→ 304, or 200 and send ─→ pump
 *                                  ├──→ a folder without its slash ─→ 301                  ↑
 *                                  └──→ no file ─→ 404, 403, 5xx by the error page     writable
 *
 * All that a hot file costs is made when it comes into the cache: content, type, date as text. A
 * small file is written from the cached memory and let go at once; only what does not fit into the
 * body's pipe gets a struct transfer, kept in `priv`, which holds the file until the exchange ends.
 *
 * What is sent is one entry of the cache from head to end: a file that is replaced meanwhile
 * changes nothing. A large file that is cut short under us, on the other hand, cannot keep the
 * length that was promised: the response is reset.
 */
#include "server/files/static.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/files/filecache.h"
#include "server/http/date.h"
#include "server/http/exchange.h"

enum {
	PIECE = 128 * 1024,		 /* most octets of one preadv() */
	PIECES = PIECE / CHUNK_ROOM + 2, /* and the chunks they may lie in */
};

/* Content on its way: octets from `at` to `end` of the file are still to be written. */
struct transfer {
	struct filecache *cache;
	struct cached_file *file;
	uint64_t at, end;
};

/* ---- refusals ---- */

static void tell(enum log_level level, struct text path, const char *what)
{
	char shown[1024];

	if (level > log_limit)
		return;
	log_line(level, AREA_FILES, "%s: %s", text_escape(shown, sizeof shown, path), what);
}

/* Answers for a file that could not be had; ERR as filecache_get() left it. */
static void refuse(struct exchange *x, struct text path, int err)
{
	char what[128];

	switch (err) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
	case EISDIR:
		tell(LEVEL_DEBUG, path, "no such file");
		xchg_refuse(x, 404);
		return;
	case EACCES:
	case EPERM:
		snprintf(what, sizeof what, "user %u may not read it, or not search its folders",
			 (unsigned)geteuid());
		tell(LEVEL_WARN, path, what);
		xchg_refuse(x, 403);
		return;
	case EINVAL:
		tell(LEVEL_WARN, path, "refused, it is neither a file nor a folder");
		xchg_refuse(x, 403);
		return;
	case ELOOP:
		tell(LEVEL_WARN, path, "refused, its symbolic links go in circles");
		xchg_refuse(x, 403);
		return;
	default:
		tell(LEVEL_ERROR, path, strerror(err));
		xchg_refuse(x, err == EMFILE || err == ENFILE || err == ENOMEM ? 503 : 500);
	}
}

static void refuse_method(struct exchange *x)
{
	struct http_head head = http_response(405);

	head.content_length = 0;
	http_fields_add(&head.fields, x->pool, HTTP_ALLOW, TEXT("GET, HEAD"));
	xchg_respond(x, &head, true);
	xchg_finish(x);
}

/* Whether a segment begins with a dot; only /.well-known/ may (RFC 8615). */
static bool is_hidden(struct text path)
{
	const struct text known = TEXT("/.well-known/");

	for (size_t i = text_starts(path, known) ? known.n : 1; i < path.n; i++) {
		if (path.p[i] == '.' && path.p[i - 1] == '/')
			return true;
	}
	return false;
}

/* ---- redirection ---- */

/* Octets of a path or query that stand for themselves in a URI (RFC 3986 section 3.3 and 3.4). */
static bool is_plain(char c)
{
	static const char also[] = "/-._~!$&'()*+,;=:@";

	return ascii_alpha(c) || ascii_digit(c) || (c && strchr(also, c));
}

/* Writes T to TO, at most three octets for each; returns the end. ALSO: further plain octets. */
static char *put_encoded(char *to, struct text t, const char *also)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < t.n; i++) {
		char c = t.p[i];

		if (is_plain(c) || (c && strchr(also, c))) {
			*to++ = c;
			continue;
		}
		*to++ = '%';
		*to++ = hex[(uint8_t)c >> 4];
		*to++ = hex[c & 15];
	}
	return to;
}

/*
 * To the same path with a slash at its end. The path is normalised and its backslashes are encoded:
 * what begins with a single slash and goes on with neither cannot lead to another host.
 */
static void redirect(struct exchange *x)
{
	struct text path = x->path.decoded, query = x->path.query;
	char *start = pool_alloc(x->pool, (path.n + query.n) * 3 + 2), *at;
	struct http_head head = http_response(301);

	at = put_encoded(start, path, "");
	*at++ = '/';
	if (query.p) {
		*at++ = '?';
		at = put_encoded(at, query, "?%");
	}
	head.content_length = 0;
	http_fields_add(&head.fields, x->pool, HTTP_LOCATION,
			(struct text){start, (size_t)(at - start)});
	xchg_respond(x, &head, true);
	xchg_finish(x);
}

/* ---- content ---- */

/* The next octets of an open file into the body: as preadv(2), 0 also when there is no room. */
static ssize_t read_piece(struct exchange *x, const struct transfer *t, size_t room)
{
	uint64_t left = t->end - t->at;
	struct iovec v[PIECES];
	size_t want = room < PIECE ? room : PIECE;
	ssize_t n;
	int count = xchg_reserve(x, v, PIECES, left < want ? (size_t)left : want);

	do {
		n = preadv(t->file->fd, v, count, (off_t)t->at);
	} while (n < 0 && errno == EINTR);
	xchg_commit(x, n > 0 ? (size_t)n : 0);
	return n;
}

/* Writes what there is room for; ends the exchange when all is written or can no longer be read. */
static void pump(struct exchange *x)
{
	struct transfer *t = x->priv;
	struct cached_file *f = t->file;
	const char *why = NULL;

	while (t->at < t->end && !why) {
		size_t room = xchg_room(x);
		ssize_t n;

		if (!room)
			return;
		if (f->memory)
			n = (ssize_t)xchg_write(x, f->memory + t->at, (size_t)(t->end - t->at));
		else
			n = read_piece(x, t, room);
		if (n > 0)
			t->at += (uint64_t)n;
		else
			why = n < 0 ? strerror(errno) : "became shorter while it was sent";
	}
	if (why)
		tell(LEVEL_WARN, f->path, why);
	filecache_put(t->cache, f);
	x->priv = NULL;
	if (why)
		xchg_fail(x, XCHG_INTERNAL);
	else
		xchg_finish(x);
}

/* Sends the content of a file after the head; takes the file. */
static void send_content(struct exchange *x, struct filecache *cache, struct cached_file *f)
{
	struct transfer *t;
	size_t n = f->memory ? xchg_write(x, f->memory, (size_t)f->size) : 0;

	if (n == f->size) {
		filecache_put(cache, f);
		xchg_finish(x);
		return;
	}
	t = pool_alloc(x->pool, sizeof *t);
	*t = (struct transfer){.cache = cache, .file = f, .at = n, .end = f->size};
	x->priv = t;
	pump(x);
}

/*
 * RFC 9110 section 13.1.3: If-Modified-Since does not count next to If-None-Match, nor when it is
 * no date. What browsers send back is our own text, so that is compared first.
 */
static bool is_unmodified(const struct http_fields *req, const struct cached_file *f)
{
	struct text since = http_fields_value(req, HTTP_IF_MODIFIED_SINCE);
	time_t when;

	/* RFC 9110 section 13.1.2: `*` is false for whatever exists. */
	if (text_is(http_fields_value(req, HTTP_IF_NONE_MATCH), "*"))
		return true;
	if (!since.n || http_fields_get(req, HTTP_IF_NONE_MATCH))
		return false;
	if (!f->future && text_eq(since, (struct text){f->modified_text, HTTP_DATE_LEN}))
		return true;
	return http_date_parse(since, &when) == 0 && f->modified <= when;
}

/* RFC 9110 section 13.1.4: what the client has is older than the file, so the request is not for
 * it. */
static bool is_changed(const struct http_fields *req, const struct cached_file *f)
{
	struct text since = http_fields_value(req, HTTP_IF_UNMODIFIED_SINCE);
	time_t when;

	return since.n && !http_fields_get(req, HTTP_IF_MATCH) &&
	       http_date_parse(since, &when) == 0 && f->modified > when;
}

/* The response for a file; takes the file. */
static void answer(struct exchange *x, struct filecache *cache, struct cached_file *f)
{
	bool unmodified;
	struct http_head head;
	bool last;

	if (is_changed(&x->req->fields, f)) {
		filecache_put(cache, f);
		xchg_refuse(x, 412);
		return;
	}
	unmodified = is_unmodified(&x->req->fields, f);
	head = http_response(unmodified ? 304 : 200);
	last = unmodified || x->bodyless || f->size == 0;
	if (!unmodified) {
		head.content_length = (int64_t)f->size;
		http_fields_add(&head.fields, x->pool, HTTP_CONTENT_TYPE, f->type);
	}
	http_fields_add(&head.fields, x->pool, HTTP_LAST_MODIFIED,
			(struct text){f->modified_text, HTTP_DATE_LEN});
	xchg_respond(x, &head, last);
	if (!last) {
		send_content(x, cache, f);
		return;
	}
	filecache_put(cache, f);
	xchg_finish(x);
}

/* ---- finding the file ---- */

/* Appends to the path in BUF, PATH_MAX octets with room for a NUL; -1 and errno: it is full. */
static int append(char *buf, struct text *path, struct text more)
{
	if (more.n >= PATH_MAX - path->n) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(buf + path->n, more.p, more.n);
	path->n += more.n;
	return 0;
}

/* The first index file of the folder in BUF; leaves the last name tried in *path. */
static struct cached_file *find_index(const struct static_target *t, char *buf, struct text *path)
{
	struct text folder = *path;

	errno = ENOENT;
	for (size_t i = 0; i < t->index_count; i++) {
		struct cached_file *f;

		*path = folder;
		if (append(buf, path, t->index[i]))
			return NULL;
		f = filecache_get(t->cache, *path);
		if (f || (errno != ENOENT && errno != EISDIR))
			return f;
	}
	return NULL;
}

static void start(struct exchange *x)
{
	const struct static_target *t = x->target;
	struct text asked = text_after(x->path.decoded, t->skip), path = {NULL, 0};
	bool folder = asked.p[asked.n - 1] == '/';
	struct cached_file *f = NULL;
	char buf[PATH_MAX];

	if (!text_is(x->req->method, "GET") && !text_is(x->req->method, "HEAD")) {
		refuse_method(x);
		return;
	}
	if (is_hidden(asked)) {
		tell(LEVEL_DEBUG, asked, "refused, a name that begins with a dot");
		xchg_refuse(x, 404);
		return;
	}
	path.p = buf;
	if (append(buf, &path, text_of(t->root)) == 0 && append(buf, &path, asked) == 0)
		f = folder ? find_index(t, buf, &path) : filecache_get(t->cache, path);
	if (f)
		answer(x, t->cache, f);
	else if (errno == EISDIR && !folder)
		redirect(x);
	else
		refuse(x, path, errno);
}

static void aborted(struct exchange *x, enum xchg_why why)
{
	struct transfer *t = x->priv;

	(void)why;
	if (t)
		filecache_put(t->cache, t->file);
}

const struct handler static_handler = {
    .name = "static",
    .start = start,
    .writable = pump,
    .abort = aborted,
};
