/* SPDX-License-Identifier: MIT */
/*
 * Sections and keys, as the files tell them: a header makes an entry and the structure it fills,
 * a key fills one member.
 *
 *     [site a]              entry, conf_site  <- at, site, owner
 *     [env]                 entry, site->env  <- at; no owner any more
 *     [route php]           entry, conf_route <- at, owner; its site is the site above
 *
 * To keep one mistake from causing ten messages, the keys of a section that was refused are
 * skipped, a section whose name is nearly right is read as what it was meant to be, and a route
 * without a site gets one that stands in.
 */
#include <assert.h>
#include <string.h>

#include "server/app/config.h"
#include "server/app/config_reading.h"
#include "server/app/config_value.h"
#include "server/base/pool.h"

enum {
	SECTIONS_MAX = 10000,
	VARIABLES_MAX = 256, /* of one [env] */
};

static void *make_listen(struct conf_reading *r, struct conf_entry *e)
{
	struct conf_listen *l = pool_zalloc(r->pool, sizeof *l);

	l->name = e->name;
	l->file = e->file;
	l->line = e->line;
	*r->listens_end = l;
	r->listens_end = &l->next;
	return l;
}

static void *make_fastcgi(struct conf_reading *r, struct conf_entry *e)
{
	struct conf_fastcgi *f = pool_zalloc(r->pool, sizeof *f);

	f->name = e->name;
	f->file = e->file;
	f->line = e->line;
	f->index = r->config->fastcgi_count++;
	*r->fastcgis_end = f;
	r->fastcgis_end = &f->next;
	return f;
}

static void *make_site(struct conf_reading *r, struct conf_entry *e, bool listed)
{
	struct conf_site *s = pool_zalloc(r->pool, sizeof *s);

	s->name = e->name;
	s->file = e->file;
	s->line = e->line;
	if (listed) {
		*r->sites_end = s;
		r->sites_end = &s->next;
	}
	return s;
}

static void *make_route(struct conf_reading *r, struct conf_entry *e)
{
	struct conf_route *route = pool_zalloc(r->pool, sizeof *route), **end;

	route->name = e->name;
	route->file = e->file;
	route->line = e->line;
	route->index = r->config->route_count++;
	route->site = e->site->into;
	for (end = &route->site->routes; *end;)
		end = &(*end)->next;
	*end = route;
	return route;
}

/* A site that stands for one that is missing or was refused, so that its routes can be read. */
static struct conf_entry *stand_in(struct conf_reading *r)
{
	struct conf_entry *e = pool_zalloc(r->pool, sizeof *e);

	*e = (struct conf_entry){.section = SECTION_SITE,
				 .name = "",
				 .label = "[site]",
				 .file = r->source->name};
	e->into = make_site(r, e, false);
	return e;
}

static struct conf_vars *vars_of(struct conf_entry *owner)
{
	if (owner->section == SECTION_ROUTE)
		return &((struct conf_route *)owner->into)->env;
	return &((struct conf_site *)owner->into)->env;
}

/* Makes the structure of a section and ties it to those above it. */
static void make_section(struct conf_reading *r, struct conf_entry *e)
{
	struct conf_source *s = r->source;
	struct conf_entry *owner = s->owner;

	s->owner = NULL;
	switch (e->section) {
	case SECTION_SERVER:
		e->into = &r->config->server;
		break;
	case SECTION_LISTEN:
		e->into = make_listen(r, e);
		break;
	case SECTION_FASTCGI:
		e->into = make_fastcgi(r, e);
		break;
	case SECTION_SITE:
		e->into = make_site(r, e, true);
		s->site = s->owner = e;
		break;
	case SECTION_ROUTE:
		if (!s->site) {
			conf_entry_error(r, e, NULL,
					 "there is no [site NAME] above it in this file; a route "
					 "belongs to the site above it");
			s->site = stand_in(r);
		}
		e->site = s->site;
		e->into = make_route(r, e);
		s->owner = e;
		break;
	default:
		if (!owner) {
			conf_entry_error(r, e, NULL,
					 "there is no [site NAME] or [route NAME] right above it, "
					 "to which the variables would belong");
			owner = stand_in(r);
		}
		e->into = vars_of(owner);
	}
}

void conf_set_defaults(struct conf_reading *r, enum conf_section section, void *into)
{
	size_t n;
	const struct conf_key *keys = conf_keys_of(section, &n);

	for (size_t i = 0; i < n; i++) {
		const char *why = NULL;

		if (keys[i].def)
			why = conf_value_set(&keys[i], keys[i].def, "/", r->pool, into);
		assert(!why);
	}
}

/* Where entries of this name hang; the hash is FNV-1a, and of routes the site is a part. */
static struct conf_entry **bucket_of(struct conf_reading *r, const char *name, const void *site)
{
	uint32_t hash = 2166136261 ^ (uint32_t)((uintptr_t)site >> 4);

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619;
	return &r->buckets[hash % CONF_BUCKETS];
}

/*
 * An earlier section that this one repeats; the entry hangs with those of its name afterwards.
 * Routes of different sites may share a name.
 */
static const struct conf_entry *find_twin(struct conf_reading *r, struct conf_entry *e)
{
	bool named = e->section != SECTION_SERVER;
	const void *site = e->section == SECTION_ROUTE ? r->source->site : NULL;
	struct conf_entry **bucket = bucket_of(r, named ? e->name : "", site), *it;

	if (e->section == SECTION_ENV || (named && !*e->name))
		return NULL;
	for (it = *bucket; it; it = it->bucket) {
		if (it->section == e->section && (!named || strcmp(it->name, e->name) == 0) &&
		    it->site == site)
			return it;
	}
	e->bucket = *bucket;
	*bucket = e;
	return NULL;
}

static bool good_name(struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		char c = t.p[i];

		if (!ascii_alpha(c) && !ascii_digit(c) && !strchr("_-.", c))
			return false;
	}
	return true;
}

/*
 * Which section a header means; -1 when there is no telling. A name that is nearly right is an
 * error, but the keys below are read as those of the right one.
 */
static int find_section(struct conf_reading *r, const char *label, unsigned line, struct text kind)
{
	const char *near;

	for (int i = 0; i < SECTION_COUNT; i++) {
		if (text_eq(kind, text_of(conf_sections[i])))
			return i;
	}
	near = conf_section_nearest(kind);
	if (!near) {
		conf_error(r, r->source->name, line,
			   "%s: unknown section; there are [server], [listen NAME], [fastcgi "
			   "NAME], [site NAME], [route NAME] and [env]",
			   label);
		return -1;
	}
	conf_error(r, r->source->name, line, "%s: unknown section; did you mean \"%s\"?", label,
		   near);
	return find_section(r, label, line, text_of(near));
}

/*
 * Complains of a name that is missing, needless or of strange characters; with these it is escaped,
 * so that later messages may show it.
 */
static void check_name(struct conf_reading *r, struct conf_entry *e)
{
	bool named = e->section != SECTION_SERVER && e->section != SECTION_ENV;
	char shown[64];

	if (named && !*e->name)
		conf_entry_error(r, e, NULL,
				 "this section needs a name of your choice, as in [%s main]",
				 conf_sections[e->section]);
	else if (!named && *e->name)
		conf_entry_error(r, e, NULL, "this section takes no name");
	else if (!good_name(text_of(e->name)))
		conf_entry_error(r, e, NULL,
				 "a name has letters, digits and the characters _ - . only");
	text_escape(shown, sizeof shown, text_of(e->name));
	if (!good_name(text_of(e->name)))
		e->name = pool_dup(r->pool, shown, strlen(shown));
}

/* Cuts the first word off the text; the rest is trimmed. */
static struct text cut_word(struct text *rest)
{
	struct text word = {rest->p, 0};

	while (word.n < rest->n && rest->p[word.n] != ' ' && rest->p[word.n] != '\t')
		word.n++;
	*rest = text_trim(text_after(*rest, word.n));
	return word;
}

/* Takes a header apart into an entry that hangs nowhere yet; NULL when it is refused. */
static struct conf_entry *make_entry(struct conf_reading *r, unsigned line, const char *header)
{
	struct text name = text_of(header), kind = cut_word(&name);
	struct conf_entry *e = pool_zalloc(r->pool, sizeof *e);
	char shown[64];
	int section;

	text_escape(shown, sizeof shown, text_of(header));
	e->label = pool_printf(r->pool, "[%s]", shown).p;
	e->file = r->source->name;
	e->line = line;
	section = find_section(r, e->label, line, kind);
	if (section < 0)
		return NULL;
	e->section = (enum conf_section)section;
	e->name = pool_dup(r->pool, name.p, name.n);
	check_name(r, e);
	return e;
}

void conf_begin_section(struct conf_reading *r, unsigned line, const char *header)
{
	struct conf_source *s = r->source;
	struct conf_entry *e = NULL;
	const struct conf_entry *twin;

	s->begun = true;
	s->at = NULL;
	if (header && r->entries < SECTIONS_MAX)
		e = make_entry(r, line, header);
	if (header && r->entries++ == SECTIONS_MAX)
		conf_error(r, s->name, line, "more than %d sections; the rest is not read",
			   SECTIONS_MAX);
	if (!e) {
		/* It may have been a site or a route: what follows must not join an earlier one. */
		s->site = s->owner = stand_in(r);
		r->gaps = true;
		return;
	}
	twin = find_twin(r, e);
	if (twin)
		conf_entry_error(r, e, NULL, "given twice; first at %s:%u", twin->file, twin->line);
	*r->end = e;
	r->end = &e->next;
	make_section(r, e);
	s->at = e;
	if (e->section != SECTION_SERVER)
		conf_set_defaults(r, e->section, e->into);
}

/* ---- keys ---- */

/* The key that was meant counts as given and refused, so that nobody calls it missing. */
static void guess_key(struct conf_entry *at, unsigned line, const char *near)
{
	size_t n;
	size_t i =
	    (size_t)(conf_key_find(at->section, text_of(near)) - conf_keys_of(at->section, &n));

	if (at->set[i])
		return;
	at->set[i] = line;
	at->failed |= UINT32_C(1) << i;
	at->guessed |= UINT32_C(1) << i;
}

static void unknown_key(struct conf_reading *r, unsigned line, const char *name)
{
	struct text t = text_of(name);
	struct conf_entry *at = r->source->at;
	const char *near = at ? conf_key_nearest(at->section, t) : NULL;
	const char *far = near ? NULL : conf_key_nearest(SECTION_COUNT, t);
	const char *home = conf_key_home(r->pool, t);

	if (!at && home) {
		conf_key_error(r, line, name,
			       "stands before the first section; \"%s\" belongs in %s", name, home);
	} else if (!at) {
		conf_key_error(r, line, name, "unknown key, before the first section");
	} else if (home) {
		conf_key_error(r, line, name, "unknown key; \"%s\" belongs in %s", name, home);
	} else if (near) {
		conf_key_error(r, line, name, "unknown key; did you mean \"%s\"?", near);
		guess_key(at, line, near);
	} else if (far) {
		conf_key_error(r, line, name, "unknown key; there is \"%s\" in %s", far,
			       conf_key_home(r->pool, text_of(far)));
	} else {
		conf_key_error(r, line, name, "unknown key");
	}
}

static bool good_variable(struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		char c = t.p[i];

		if (!(c >= 'A' && c <= 'Z') && c != '_' && !(i && ascii_digit(c)))
			return false;
	}
	return t.n > 0;
}

static void add_variable(struct conf_reading *r, unsigned line, const char *name, const char *value)
{
	struct conf_vars *vars = r->source->at->into;
	struct text t = text_of(name);

	if (!good_variable(t)) {
		conf_key_error(r, line, name,
			       "is no name of a variable; names have capital letters, digits "
			       "and _ only and do not begin with a digit");
		return;
	}
	for (size_t i = 0; i < vars->n; i++) {
		if (text_eq(vars->v[i].name, t)) {
			conf_key_error(r, line, name, "given twice");
			return;
		}
	}
	if (vars->n == VARIABLES_MAX) {
		conf_key_error(r, line, name, "more than %d variables", VARIABLES_MAX);
		return;
	}
	/* Room doubles whenever it is full, which is at 0 and the powers of two. */
	if ((vars->n & (vars->n - 1)) == 0)
		vars->v = pool_extend(r->pool, vars->v, vars->n * sizeof *vars->v,
				      (vars->n ? vars->n * 2 : 1) * sizeof *vars->v);
	vars->v[vars->n++] =
	    (struct cgi_var){pool_text(r->pool, t), pool_text(r->pool, text_of(value))};
}

/* Takes the value of a key that the section has. */
static void set_key(struct conf_reading *r, unsigned line, const struct conf_key *key,
		    const char *value)
{
	struct conf_entry *at = r->source->at;
	size_t n, i = (size_t)(key - conf_keys_of(at->section, &n));
	uint32_t bit = UINT32_C(1) << i;
	const char *why;

	if (at->set[i] && !(at->guessed & bit)) {
		conf_key_error(r, line, key->name, "given twice; first on line %u", at->set[i]);
		return;
	}
	at->set[i] = line;
	at->failed &= ~bit;
	at->guessed &= ~bit;
	why = conf_value_set(key, value, r->source->dir, r->pool, at->into);
	if (why) {
		at->failed |= bit;
		conf_key_error(r, line, key->name, "%s", why);
	}
}

void conf_take_key(struct conf_reading *r, unsigned line, const char *name, const char *value)
{
	struct conf_entry *at = r->source->at;
	const struct conf_key *key;

	if (!at && r->source->begun)
		return; /* its section was refused */
	if (at && at->section == SECTION_ENV) {
		add_variable(r, line, name, value);
		return;
	}
	key = conf_key_find(at ? at->section : SECTION_SERVER, text_of(name));
	if (!key || (!at && key->type != TYPE_INCLUDE))
		unknown_key(r, line, name);
	else if (key->type == TYPE_INCLUDE)
		conf_include(r, line, value);
	else
		set_key(r, line, key, value);
}
