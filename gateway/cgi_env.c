/* SPDX-License-Identifier: MIT */
/*
 * The variables of a request. The fixed ones are handed out straight from the request; the fields
 * become HTTP_* in three steps:
 *
 *     select   those that make a variable        accept, x-a, cookie, x-b, x-a
 *     group    equal names next to each other    accept, x-a, x-a, cookie, x-b
 *     emit     one variable for each group       HTTP_ACCEPT, HTTP_X_A="1, 2", ...
 *
 * A list of the usual length is grouped in place: a 64-bit filter says of most names that they are
 * new, so hardly any are compared. A long list comes from someone who tests the limits and is
 * sorted, so that its cost stays n log n whatever the names are. Names are built on the stack, and
 * memory is taken from the pool only for what is joined.
 *
 * Two names can make one variable only when names with `_` are let in. They are grouped by their
 * names with `-` then, and one spelling wins, or a client could send x_real_ip along with the
 * X-Real-IP of a trusted proxy.
 */
#ifdef HAVE_CONFIG_H
#include "build.h"
#endif

#include "gateway/cgi_env.h"

#include <stdlib.h>

#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/http/exchange.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

enum {
	FEW = 64,	 /* fields that are grouped without sorting */
	NAME_ROOM = 128, /* longest variable name that is built on the stack */
	PREFIX = 5,	 /* HTTP_ */
	LOG_NAME = 160,
};

struct builder {
	const struct cgi_request *r;
	cgi_add *add;
	void *to;
	int result;
	uint64_t extra; /* filter over the names of r->extra */
	size_t dropped;
	struct text first_dropped;
	const char *why; /* the first was dropped */
};

/* A field that makes a variable. Two of the same key make the same one. */
struct entry {
	const struct http_field *field;
	struct text key; /* its name, with `-` for `_` where names with `_` are let in */
};

/* The octet of a variable name for one of a field name; 0: none. */
static const char variable_octet[256] = {
    ['-'] = '_', ['_'] = '_', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',
    ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['a'] = 'A', ['b'] = 'B',
    ['c'] = 'C', ['d'] = 'D', ['e'] = 'E', ['f'] = 'F', ['g'] = 'G', ['h'] = 'H', ['i'] = 'I',
    ['j'] = 'J', ['k'] = 'K', ['l'] = 'L', ['m'] = 'M', ['n'] = 'N', ['o'] = 'O', ['p'] = 'P',
    ['q'] = 'Q', ['r'] = 'R', ['s'] = 'S', ['t'] = 'T', ['u'] = 'U', ['v'] = 'V', ['w'] = 'W',
    ['x'] = 'X', ['y'] = 'Y', ['z'] = 'Z',
};

/* A bit that equal names share and different ones mostly do not. */
static uint64_t name_bit(struct text name)
{
	size_t h = name.n;

	if (name.n)
		h += 7u * (uint8_t)name.p[name.n - 1] + 3u * (uint8_t)name.p[name.n / 2];
	return (uint64_t)1 << (h & 63);
}

static bool has_underscore(struct text name)
{
	return memchr(name.p, '_', name.n) != NULL;
}

static bool is_extra(const struct builder *b, struct text name)
{
	for (size_t i = 0; i < b->r->extra_count; i++) {
		if (text_eq(b->r->extra[i].name, name))
			return true;
	}
	return false;
}

static void put(struct builder *b, struct text name, struct text value)
{
	if (b->result || (b->extra && (b->extra & name_bit(name)) && is_extra(b, name)))
		return;
	b->result = b->add(b->to, name, value);
}

static void put_some(struct builder *b, struct text name, struct text value)
{
	if (value.n)
		put(b, name, value);
}

/* ---- fixed variables ---- */

static void put_server(struct builder *b)
{
	const struct http_connection *c = b->r->connection;
	struct text authority = b->r->head->authority;
	struct text host = http_authority_host(authority), port = c->local_port;

	/* RFC 3875 section 4.1.14: an IPv6 address keeps its brackets. */
	if (host.n && host.p != authority.p)
		host = (struct text){host.p - 1, host.n + 2};
	if (!host.n)
		host = c->local_addr.n ? c->local_addr : TEXT("localhost");
	if (!port.n)
		port = http_authority_port(authority, c->tls);
	put(b, TEXT("GATEWAY_INTERFACE"), TEXT("CGI/1.1"));
	put(b, TEXT("SERVER_SOFTWARE"), TEXT("outrider/" PACKAGE_VERSION));
	put(b, TEXT("SERVER_NAME"), host);
	put(b, TEXT("SERVER_ADDR"), c->local_addr);
	put(b, TEXT("SERVER_PORT"), port);
	put(b, TEXT("SERVER_PROTOCOL"), text_of(c->protocol));
	put(b, TEXT("REMOTE_ADDR"), c->remote_addr);
	put(b, TEXT("REMOTE_PORT"), c->remote_port);
	put(b, TEXT("REQUEST_SCHEME"), c->tls ? TEXT("https") : TEXT("http"));
	if (!c->tls)
		return;
	put(b, TEXT("HTTPS"), TEXT("on"));
	put_some(b, TEXT("SSL_PROTOCOL"), c->tls_protocol);
	put_some(b, TEXT("SSL_CIPHER"), c->tls_cipher);
}

static struct text path_translated(const struct cgi_request *r)
{
	struct text root = r->document_root;
	char *to;

	if (root.p[root.n - 1] == '/' && r->path_info.p[0] == '/')
		root.n--;
	to = pool_alloc(r->pool, root.n + r->path_info.n);
	memcpy(to, root.p, root.n);
	memcpy(to + root.n, r->path_info.p, r->path_info.n);
	return (struct text){to, root.n + r->path_info.n};
}

static void put_request(struct builder *b)
{
	const struct cgi_request *r = b->r;
	char digits[20];

	put(b, TEXT("REQUEST_METHOD"), r->head->method);
	put(b, TEXT("REQUEST_URI"), r->head->path);
	put(b, TEXT("SCRIPT_NAME"), r->script_name);
	put_some(b, TEXT("SCRIPT_FILENAME"), r->script_filename);
	put_some(b, TEXT("PATH_INFO"), r->path_info);
	/* RFC 3875 section 4.1.6 */
	if (r->path_info.n && r->document_root.n)
		put(b, TEXT("PATH_TRANSLATED"), path_translated(r));
	put(b, TEXT("QUERY_STRING"), r->query);
	put_some(b, TEXT("DOCUMENT_ROOT"), r->document_root);
	put(b, TEXT("DOCUMENT_URI"), r->document_uri);
	put_some(b, TEXT("CONTENT_TYPE"), http_fields_value(&r->head->fields, HTTP_CONTENT_TYPE));
	if (r->content_length >= 0)
		put(b, TEXT("CONTENT_LENGTH"),
		    (struct text){digits, text_put_u64(digits, (uint64_t)r->content_length)});
	/* PHP built with force-cgi-redirect refuses to run without it. */
	put(b, TEXT("REDIRECT_STATUS"), TEXT("200"));
	put(b, TEXT("OUTRIDER_INFORMATIONAL"), TEXT("1"));
}

/* ---- fields: group ---- */

/* Brings v[i] next to the nearest entry before it with an equal key, if there is one. */
static void join_group(struct entry *v, size_t i)
{
	struct entry e = v[i];

	for (size_t k = i; k > 0; k--) {
		if (!text_eq(v[k - 1].key, e.key))
			continue;
		memmove(&v[k + 1], &v[k], (i - k) * sizeof *v);
		v[k] = e;
		return;
	}
}

static void group_few(struct entry *v, size_t n)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t bit = name_bit(v[i].key);

		if (seen & bit)
			join_group(v, i);
		seen |= bit;
	}
}

/* For qsort: entries with equal keys keep their order, which is that of the fields' addresses. */
static int by_key(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order;

	if (a->key.n != b->key.n)
		return a->key.n < b->key.n ? -1 : 1;
	order = memcmp(a->key.p, b->key.p, a->key.n);
	return order ? order : (a->field > b->field) - (a->field < b->field);
}

/* ---- fields: emit ---- */

static void drop(struct builder *b, const struct http_field *f, const char *why)
{
	if (!b->dropped++) {
		b->first_dropped = f->name;
		b->why = why;
	}
}

/* Why the field makes no variable though its octets would do; NULL when it makes one. */
static const char *entry_fault(const struct builder *b, const struct entry *e)
{
	/* RFC 3875 section 4.1.18 would make HTTP_PROXY of it, which programs obey as if it were
	 * their operator's setting (CVE-2016-5385 and its kin). */
	if (e->field->token == HTTP_PROXY)
		return "it would make HTTP_PROXY";
	if (e->field->token != HTTP_OTHER || !has_underscore(e->field->name))
		return NULL;
	if (!b->r->underscores)
		return "a program cannot tell its _ from -";
	if (http_token(e->key) != HTTP_OTHER)
		return "it imitates a field that has a meaning";
	return NULL;
}

/* Writes the variable's name; false when an octet has no place in one. */
static bool put_name(char *to, struct text field)
{
	bool good = true;

	memcpy(to, "HTTP_", PREFIX);
	for (size_t i = 0; i < field.n; i++) {
		char c = variable_octet[(uint8_t)field.p[i]];

		good &= c != 0;
		to[PREFIX + i] = c;
	}
	return good;
}

/* The values of N fields of one name in one (RFC 9110 section 5.3, RFC 6265 section 4.2.1). */
static struct text join_values(struct pool *pool, const struct entry *v, size_t n)
{
	const char *separator = v[0].field->token == HTTP_COOKIE ? "; " : ", ";
	size_t total = 2 * n, at = 0;
	char *to;

	for (size_t i = 0; i < n; i++)
		total += v[i].field->value.n;
	to = pool_alloc(pool, total);
	for (size_t i = 0; i < n; i++) {
		struct text value = v[i].field->value;

		if (i) {
			memcpy(to + at, separator, 2);
			at += 2;
		}
		if (value.n)
			memcpy(to + at, value.p, value.n);
		at += value.n;
	}
	return (struct text){to, at};
}

/* One variable of N fields, all of the same name. */
static void put_fields(struct builder *b, const struct entry *v, size_t n)
{
	struct text field = v[0].field->name;
	char room[NAME_ROOM], *name = room;
	const char *why = entry_fault(b, &v[0]);

	if (!why) {
		if (field.n > NAME_ROOM - PREFIX)
			name = pool_alloc(b->r->pool, field.n + PREFIX);
		if (!put_name(name, field))
			why = "no variable can have such a name";
	}
	if (why) {
		for (size_t i = 0; i < n; i++)
			drop(b, v[i].field, why);
		return;
	}
	put(b, (struct text){name, field.n + PREFIX},
	    n == 1 ? v[0].field->value : join_values(b->r->pool, v, n));
}

/* N fields that make one variable: the spelling without `_` wins, else that of the first. */
static void put_group(struct builder *b, struct entry *v, size_t n)
{
	struct text winner = v[0].field->name;
	size_t same = 0;

	for (size_t i = 0; i < n; i++) {
		if (text_eq(v[i].field->name, v[i].key)) {
			winner = v[i].key;
			break;
		}
	}
	for (size_t i = 0; i < n; i++) {
		struct entry e = v[i];

		if (text_eq(e.field->name, winner)) {
			v[i] = v[same];
			v[same++] = e;
		}
	}
	put_fields(b, v, same);
	for (size_t i = same; i < n; i++)
		drop(b, v[i].field, "another field makes the same variable");
}

/* ---- fields ---- */

/* Whether the field is told by HTTP_*, and not by a variable of its own or not at all. */
static bool selected(const struct http_field *f)
{
	switch (f->token) {
	case HTTP_HOST:
	/* RFC 3875 section 4.1.18: what another variable says need not be said twice. */
	case HTTP_CONTENT_TYPE:
	case HTTP_CONTENT_LENGTH:
	/* RFC 9110 sections 10.1.4 and 11.7.2: meant for us, not for what is behind us. */
	case HTTP_TE:
	case HTTP_PROXY_AUTHORIZATION:
		return false;
	default:
		return !http_is_hop_field(f->token);
	}
}

static struct entry entry_of(const struct builder *b, const struct http_field *f)
{
	struct entry e = {f, f->name};
	char *dashed;

	if (!b->r->underscores || f->token != HTTP_OTHER || !has_underscore(f->name))
		return e;
	dashed = pool_alloc(b->r->pool, f->name.n);
	for (size_t i = 0; i < f->name.n; i++)
		dashed[i] = f->name.p[i] == '_' ? '-' : f->name.p[i];
	e.key.p = dashed;
	return e;
}

static void put_all_fields(struct builder *b)
{
	const struct http_fields *all = &b->r->head->fields;
	struct entry few[FEW], *v = few;
	size_t n = 0, end;

	if (all->n > FEW)
		v = pool_alloc(b->r->pool, all->n * sizeof *v);
	for (uint32_t i = 0; i < all->n; i++) {
		if (selected(&all->v[i]))
			v[n++] = entry_of(b, &all->v[i]);
	}
	if (n > FEW)
		qsort(v, n, sizeof *v, by_key);
	else
		group_few(v, n);
	for (size_t i = 0; i < n && !b->result; i = end) {
		for (end = i + 1; end < n && text_eq(v[end].key, v[i].key);)
			end++;
		if (end - i == 1)
			put_fields(b, v + i, 1);
		else
			put_group(b, v + i, end - i);
	}
}

static void log_dropped(const struct builder *b)
{
	char name[LOG_NAME];

	if (b->dropped)
		log_warn(AREA_CGI,
			 "%zu request field(s) kept from the application, the first is \"%s\": %s",
			 b->dropped, text_escape(name, sizeof name, b->first_dropped), b->why);
}

int cgi_env_build(const struct cgi_request *r, cgi_add *add, void *to)
{
	struct builder b = {.r = r, .add = add, .to = to};

	for (size_t i = 0; i < r->extra_count; i++)
		b.extra |= name_bit(r->extra[i].name);
	put_server(&b);
	put_request(&b);
	put_some(&b, TEXT("HTTP_HOST"), r->head->authority);
	put_all_fields(&b);
	for (size_t i = 0; i < r->extra_count && !b.result; i++)
		b.result = add(to, r->extra[i].name, r->extra[i].value);
	log_dropped(&b);
	return b.result;
}
