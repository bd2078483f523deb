/* SPDX-License-Identifier: MIT */
/*
 * Errors, and those of them that only show when all sections are there. A message names the line
 * that has to change, says what is wrong with it and what would be right; all are kept until the
 * end and written in the order of the lines.
 *
 * Keys that were refused already are not judged again: their members hold defaults which nobody
 * asked for. For the same reason nothing is called missing when there are gaps in what was read.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "server/app/config.h"
#include "server/app/config_reading.h"
#include "server/base/pool.h"

enum { ERRORS_MAX = 100 }; /* shown; a file of something else entirely has more */

/* ---- messages ---- */

/* The line on which a section gives a key; 0 when it does not. */
static unsigned line_of(const struct conf_entry *entry, const char *name)
{
	const struct conf_key *key = conf_key_find(entry->section, text_of(name));
	size_t n;

	assert(key);
	return entry->set[key - conf_keys_of(entry->section, &n)];
}

/* Keeps a message; WHO is "[section] key: " or empty. */
static void keep_message(struct conf_reading *r, const char *file, unsigned line, struct text who,
			 const char *fmt, va_list ap)
{
	struct conf_errors *e = &r->errors;
	struct conf_message *m;
	size_t same = 0;
	char *text;

	if (++e->count > ERRORS_MAX)
		return;
	if (!e->v)
		e->v = pool_alloc(r->pool, ERRORS_MAX * sizeof *e->v);
	if (vasprintf(&text, fmt, ap) < 0)
		oom();
	m = &e->v[e->count - 1];
	*m = (struct conf_message){file, line, e->count, e->count, ""};
	m->text = pool_printf(r->pool, "%.*s%s", (int)who.n, who.p, text).p;
	free(text);
	while (same + 1 < e->count && strcmp(e->v[same].file, file) != 0)
		same++;
	m->file_order = e->v[same].file_order;
}

void conf_error(struct conf_reading *r, const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep_message(r, file, line, TEXT(""), fmt, ap);
	va_end(ap);
}

void conf_entry_error(struct conf_reading *r, const struct conf_entry *entry, const char *key,
		      const char *fmt, ...)
{
	unsigned line = key ? line_of(entry, key) : 0;
	struct text who = pool_printf(r->pool, key ? "%s %s: " : "%s: ", entry->label, key);
	va_list ap;

	va_start(ap, fmt);
	keep_message(r, entry->file, line ? line : entry->line, who, fmt, ap);
	va_end(ap);
}

void conf_key_error(struct conf_reading *r, unsigned line, const char *key, const char *fmt, ...)
{
	const struct conf_entry *at = r->source->at;
	char shown[64];
	struct text who;
	va_list ap;

	text_escape(shown, sizeof shown, text_of(key));
	who = pool_printf(r->pool, "%s%s%s: ", at ? at->label : "", at ? " " : "", shown);
	va_start(ap, fmt);
	keep_message(r, r->source->name, line, who, fmt, ap);
	va_end(ap);
}

static int by_place(const void *a, const void *b)
{
	const struct conf_message *x = a, *y = b;

	if (x->file_order != y->file_order)
		return x->file_order < y->file_order ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void conf_print_errors(struct conf_errors *e, FILE *to)
{
	unsigned n = e->count < ERRORS_MAX ? e->count : ERRORS_MAX;

	if (!n || !to)
		return;
	qsort(e->v, n, sizeof *e->v, by_place);
	for (unsigned i = 0; i < n; i++) {
		fprintf(to, "%s:", e->v[i].file);
		if (e->v[i].line)
			fprintf(to, "%u:", e->v[i].line);
		fprintf(to, " %s\n", e->v[i].text);
	}
	if (e->count > n)
		fprintf(to, "and %u more errors\n", e->count - n);
}

/* ---- keys of one section ---- */

/* Whether a key was given and its value could be read. */
static bool given(const struct conf_entry *e, const char *name)
{
	const struct conf_key *key = conf_key_find(e->section, text_of(name));
	size_t n, i;

	assert(key);
	i = (size_t)(key - conf_keys_of(e->section, &n));
	return e->set[i] && !(e->failed >> i & 1);
}

static void check_required(struct conf_reading *r, const struct conf_entry *e)
{
	size_t n;
	const struct conf_key *keys = conf_keys_of(e->section, &n);

	for (size_t i = 0; i < n; i++) {
		if ((keys[i].flags & KEY_REQUIRED) && !e->set[i])
			conf_entry_error(r, e, NULL, "\"%s\" is missing; every [%s] needs it",
					 keys[i].name, conf_sections[e->section]);
	}
}

static void check_server(struct conf_reading *r, const struct conf_entry *e)
{
	const struct conf_server *s = e->into;

	if (s->group && !s->user)
		conf_entry_error(r, e, "group", "a group without \"user\" has no effect");
	if (s->stream_window > s->connection_window)
		conf_entry_error(r, e,
				 given(e, "stream_window") ? "stream_window" : "connection_window",
				 "stream_window (%zu octets) must not be larger than "
				 "connection_window (%zu octets), which bounds it",
				 s->stream_window, s->connection_window);
}

static void check_listen(struct conf_reading *r, const struct conf_entry *e)
{
	struct conf_listen *l = e->into;
	const char *key = l->certificate ? "certificate" : "private_key";

	if (l->tls && !line_of(e, "certificate"))
		conf_entry_error(r, e, "tls",
				 "TLS needs a certificate; add \"certificate = FILE\" and "
				 "\"private_key = FILE\"");
	if (!l->tls && (l->certificate || l->private_key) &&
	    (given(e, "tls") || !line_of(e, "tls")))
		conf_entry_error(r, e, key, "is for TLS; add \"tls = on\"");
	if (!l->private_key)
		l->private_key = l->certificate;
}

static void check_fastcgi(struct conf_reading *r, const struct conf_entry *e)
{
	struct conf_fastcgi *f = e->into;

	if (given(e, "connect") && given(e, "command"))
		conf_entry_error(r, e, "command",
				 "\"connect\" and \"command\" exclude each other: an application "
				 "is running already or is started from here");
	else if (!line_of(e, "connect") && !line_of(e, "command"))
		conf_entry_error(r, e, NULL,
				 "there is no \"connect\" for an application that is running, nor "
				 "\"command\" for one to start");
	else if (line_of(e, "connect") && given(e, "processes"))
		conf_entry_error(r, e, "processes",
				 "is for \"command\"; what \"connect\" leads to has its own "
				 "processes");
	if (f->keep > f->max_connections) {
		if (given(e, "keep"))
			conf_entry_error(r, e, "keep",
					 "%u connections cannot be kept of at most %u "
					 "(max_connections)",
					 f->keep, f->max_connections);
		f->keep = f->max_connections;
	}
}

/* ---- routes ---- */

static const char *const handlers[] = {"static", "fastcgi", "cgi"};

/* Keys that mean nothing for the handler of this route. */
static void check_handler_keys(struct conf_reading *r, const struct conf_entry *e)
{
	const struct conf_route *route = e->into;
	static const unsigned bits[] = {KEY_STATIC, KEY_FASTCGI, KEY_CGI};
	unsigned any = KEY_STATIC | KEY_FASTCGI | KEY_CGI;
	size_t n;
	const struct conf_key *keys = conf_keys_of(e->section, &n);

	for (size_t i = 0; i < n; i++) {
		unsigned takes = keys[i].flags & any;

		if (!given(e, keys[i].name) || !takes || (takes & bits[route->handler]))
			continue;
		conf_entry_error(r, e, keys[i].name,
				 "is for \"handler = %s\"%s only; this route has \"handler = %s\"",
				 handlers[takes & KEY_FASTCGI ? CONF_FASTCGI : CONF_CGI],
				 takes == (KEY_FASTCGI | KEY_CGI) ? " and \"handler = cgi\"" : "",
				 handlers[route->handler]);
	}
}

/* Ties the route to the section that its backend names. */
static void find_backend(struct conf_reading *r, const struct conf_entry *e)
{
	struct conf_route *route = e->into;
	const char *near = NULL;
	int distance, best = 0;
	char shown[64];

	for (const struct conf_fastcgi *f = r->config->fastcgis; f; f = f->next) {
		if (strcmp(f->name, route->backend) == 0) {
			route->fastcgi = f;
			return;
		}
		distance = conf_distance(text_of(route->backend), text_of(f->name));
		if (distance >= 0 && (!near || distance < best)) {
			near = f->name;
			best = distance;
		}
	}
	if (r->gaps)
		return;
	text_escape(shown, sizeof shown, text_of(route->backend));
	if (near)
		conf_entry_error(r, e, "backend", "there is no [fastcgi %s]; did you mean \"%s\"?",
				 shown, near);
	else
		conf_entry_error(r, e, "backend", "there is no [fastcgi %s]", shown);
}

static void set_kind(struct conf_route *route)
{
	size_t n = strlen(route->match);

	if (route->match[0] == '*')
		route->kind = CONF_MATCH_EXTENSION;
	else if (route->match[n - 1] == '/')
		route->kind = CONF_MATCH_PREFIX;
	else
		route->kind = CONF_MATCH_EXACT;
}

static void check_match(struct conf_reading *r, const struct conf_entry *e)
{
	struct conf_route *route = e->into;

	for (const struct conf_route *it = route->site->routes; it != route; it = it->next) {
		if (!it->match || strcmp(it->match, route->match) != 0)
			continue;
		conf_entry_error(r, e, "match", "[route %s] on line %u matches the same", it->name,
				 it->line);
		return;
	}
}

static void check_route(struct conf_reading *r, const struct conf_entry *e)
{
	struct conf_route *route = e->into;

	if (route->match) {
		set_kind(route);
		check_match(r, e);
	}
	if (!given(e, "handler"))
		return;
	check_handler_keys(r, e);
	if (route->handler != CONF_FASTCGI)
		return;
	if (route->backend)
		find_backend(r, e);
	else if (!line_of(e, "backend"))
		conf_entry_error(r, e, "handler",
				 "fastcgi needs \"backend = NAME\", the name of a [fastcgi NAME]");
}

/* Variables of the site, then the route's own; one of the same name takes its place. */
static void merge_env(struct conf_reading *r, struct conf_route *route)
{
	struct conf_vars own = route->env, all = route->site->env;

	if (!own.n) {
		route->env = all;
		return;
	}
	route->env.v = pool_alloc(r->pool, (all.n + own.n) * sizeof *own.v);
	for (size_t i = 0; i < all.n; i++)
		route->env.v[i] = all.v[i];
	all.v = route->env.v;
	for (size_t i = 0, at; i < own.n; i++) {
		for (at = 0; at < all.n && !text_eq(all.v[at].name, own.v[i].name);)
			at++;
		if (at == all.n)
			all.n++;
		all.v[at] = own.v[i];
	}
	route->env.n = all.n;
}

/* ---- names that only one may have ---- */

struct claim {
	const char *word;
	const struct conf_entry *entry;
	size_t order;
};

static int by_word(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int c = strcmp(x->word, y->word);

	return c ? c : x->order < y->order ? -1 : 1;
}

/* The words of a section that are claimed: the hosts of sites, the addresses of listeners. */
static struct conf_words claimed(const struct conf_entry *e, enum conf_section section)
{
	struct conf_words none = {NULL, 0};

	if (e->section != section)
		return none;
	if (section == SECTION_LISTEN)
		return ((struct conf_listen *)e->into)->address;
	return line_of(e, "hosts") && !given(e, "hosts") ? none
							 : ((struct conf_site *)e->into)->hosts;
}

static void check_claims(struct conf_reading *r, enum conf_section section, const char *key)
{
	struct claim *claims;
	size_t n = 0;

	for (const struct conf_entry *e = r->first; e; e = e->next)
		n += claimed(e, section).n;
	claims = pool_alloc(r->pool, (n + 1) * sizeof *claims);
	n = 0;
	for (const struct conf_entry *e = r->first; e; e = e->next) {
		struct conf_words words = claimed(e, section);

		for (size_t i = 0; i < words.n; i++, n++)
			claims[n] = (struct claim){words.v[i], e, n};
	}
	qsort(claims, n, sizeof *claims, by_word);
	for (size_t i = 1; i < n; i++) {
		const struct conf_entry *e = claims[i].entry, *twin = claims[i - 1].entry;

		if (strcmp(claims[i].word, claims[i - 1].word) != 0)
			continue;
		if (e == twin)
			conf_entry_error(r, e, key, "\"%s\" is given twice", claims[i].word);
		else
			conf_entry_error(r, e, key, "\"%s\"%s is taken by %s at %s:%u",
					 claims[i].word, line_of(e, key) ? "" : " (the default)",
					 twin->label, twin->file, twin->line);
	}
}

/* ---- the whole ---- */

static void check_entry(struct conf_reading *r, const struct conf_entry *e)
{
	check_required(r, e);
	switch (e->section) {
	case SECTION_SERVER:
		check_server(r, e);
		break;
	case SECTION_LISTEN:
		check_listen(r, e);
		break;
	case SECTION_FASTCGI:
		check_fastcgi(r, e);
		break;
	case SECTION_ROUTE:
		check_route(r, e);
		break;
	default:
		break;
	}
}

void conf_check(struct conf_reading *r, const char *file)
{
	for (const struct conf_entry *e = r->first; e; e = e->next)
		check_entry(r, e);
	check_claims(r, SECTION_LISTEN, "address");
	check_claims(r, SECTION_SITE, "hosts");
	if (!r->config->listens && !r->gaps)
		conf_error(r, file, 0,
			   "there is no [listen NAME], so nobody could connect; add one with "
			   "\"address = 127.0.0.1:8080\"");
	if (!r->config->sites && !r->gaps)
		conf_error(r, file, 0,
			   "there is no [site NAME], so there is nothing to serve; add one with "
			   "\"root = FOLDER\"");
	for (struct conf_site *s = r->config->sites; s; s = s->next) {
		for (struct conf_route *route = s->routes; route; route = route->next)
			merge_env(r, route);
	}
}
