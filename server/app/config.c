/* SPDX-License-Identifier: MIT */
/*
 * Reading a configuration: INI files become sections with values.
 *
 *     config_read --> read_file --> ini_read --> conf_begin_section, conf_take_key
 *                         ^                              |
 *                         +-------- conf_include <-------+
 *     then conf_check looks at all sections together
 *
 * An error never ends the reading: whoever repairs a configuration wants to see all that is wrong
 * with it. What can grow is bounded: files (ini.h), their number and depth here, sections and
 * variables in config_section.c.
 */
#include "server/app/config.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/app/config_reading.h"
#include "server/app/ini.h"
#include "server/base/pool.h"

enum {
	DEPTH_MAX = 8, /* files that include each other */
	FILES_MAX = 10000,
};

/* The result, with what its pool needs and config.h does not show. */
struct holder {
	struct config config;
	struct pool_cache cache;
};

/* ---- what an INI file tells ---- */

static void begin_section(void *to, unsigned line, const char *header)
{
	conf_begin_section(to, line, header);
}

static void take_key(void *to, unsigned line, const char *name, const char *value)
{
	conf_take_key(to, line, name, value);
}

static void take_error(void *to, unsigned line, const char *message)
{
	struct conf_reading *r = to;

	conf_error(r, r->source->name, line, "%s", message);
}

static bool is_key(void *to, struct text word)
{
	struct conf_reading *r = to;

	return conf_key_home(r->pool, word) != NULL;
}

/* ---- files ---- */

/* The folder of a file, "." when its name has none. */
static struct text folder_of(const char *name)
{
	struct text t = text_of(name);
	size_t slash = text_rfind(t, '/');

	if (slash == t.n)
		return TEXT(".");
	return (struct text){name, slash ? slash : 1};
}

/* The same from the root of the file system; NULL when the working directory has gone. */
static const char *absolute_folder(struct conf_reading *r, const char *name)
{
	struct text dir = folder_of(name);
	char *cwd;
	const char *result;

	if (dir.p[0] == '/')
		return pool_dup(r->pool, dir.p, dir.n);
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return NULL;
	result = pool_printf(r->pool, "%s/%.*s", cwd, (int)dir.n, dir.p).p;
	free(cwd);
	return result;
}

static void read_text(struct conf_reading *r, struct conf_source *s, struct text t)
{
	static const struct ini_sink sink = {begin_section, take_key, take_error, is_key};

	s->parent = r->source;
	s->depth = s->parent ? s->parent->depth + 1 : 0;
	r->source = s;
	ini_read(t, &sink, r);
	r->source = s->parent;
}

static bool is_open(const struct conf_reading *r, const struct stat *st)
{
	for (const struct conf_source *s = r->source; s; s = s->parent) {
		if (s->dev == st->st_dev && s->ino == st->st_ino)
			return true;
	}
	return false;
}

/* Reads one file; what keeps it from being read, or NULL. */
static const char *read_file(struct conf_reading *r, const char *name)
{
	struct conf_source s = {.name = pool_dup(r->pool, name, strlen(name))};
	struct stat st;
	const char *why = NULL;
	char *octets = NULL;
	size_t n;

	s.dir = absolute_folder(r, name);
	if (!s.dir)
		why = strerror(errno);
	else
		octets = ini_load(name, &n, &st, &why);
	if (octets && is_open(r, &st))
		why = "it includes itself";
	else if (octets && r->source && r->source->depth + 1 >= DEPTH_MAX)
		why = "too many files include each other";
	else if (octets && ++r->files > FILES_MAX)
		why = "too many files";
	if (octets && !why) {
		s.dev = st.st_dev;
		s.ino = st.st_ino;
		read_text(r, &s, (struct text){octets, n});
	}
	free(octets);
	if (why)
		r->gaps = true;
	return why;
}

/* Folder and pattern for glob(); the folder's own name must not be taken for a pattern. */
static const char *full_pattern(struct conf_reading *r, const char *pattern)
{
	struct text dir = folder_of(r->source->name);
	char *escaped;
	size_t n = 0;

	if (pattern[0] == '/' ||
	    text_find(text_of(r->source->name), '/') == strlen(r->source->name))
		return pattern;
	escaped = pool_alloc(r->pool, dir.n * 2 + 1);
	for (size_t i = 0; i < dir.n; i++) {
		if (strchr("*?[]\\", dir.p[i]))
			escaped[n++] = '\\';
		escaped[n++] = dir.p[i];
	}
	escaped[n] = '\0';
	return pool_printf(r->pool, "%s/%s", escaped, pattern).p;
}

/* For glob(): a folder that is not there is no error, one that cannot be read is. */
static int glob_error(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Reads what a pattern stands for, in the order of the names whatever the locale says. */
void conf_include(struct conf_reading *r, unsigned line, const char *pattern)
{
	char shown[128];
	glob_t found;
	int rc;

	if (!r->may_include || !*pattern) {
		conf_key_error(r, line, "include",
			       *pattern ? "not possible here"
					: "there is no value after the \"=\"");
		return;
	}
	rc = glob(full_pattern(r, pattern), GLOB_NOSORT, glob_error, &found);
	if (rc == 0) {
		qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_name);
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *why = read_file(r, found.gl_pathv[i]);

			text_escape(shown, sizeof shown, text_of(found.gl_pathv[i]));
			if (why)
				conf_key_error(r, line, "include", "\"%s\" cannot be read: %s",
					       shown, why);
		}
		globfree(&found);
	} else if (rc != GLOB_NOMATCH || !strpbrk(pattern, "*?[")) {
		text_escape(shown, sizeof shown, text_of(pattern));
		conf_key_error(r, line, "include", "\"%s\" cannot be read: %s", shown,
			       rc == GLOB_NOMATCH ? "no such file" : strerror(errno));
		r->gaps = true;
	}
}

/* ---- the whole ---- */

static void begin_reading(struct conf_reading *r)
{
	struct holder *h = heap_zalloc(1, sizeof *h);

	pool_cache_init(&h->cache, 0);
	*r = (struct conf_reading){.config = &h->config};
	r->pool = r->config->pool = pool_new(&h->cache);
	r->end = &r->first;
	r->listens_end = &r->config->listens;
	r->fastcgis_end = &r->config->fastcgis;
	r->sites_end = &r->config->sites;
	conf_set_defaults(r, SECTION_SERVER, &r->config->server);
}

static struct config *end_reading(struct conf_reading *r, const char *file, FILE *errors)
{
	conf_check(r, file);
	if (r->errors.count == 0)
		return r->config;
	conf_print_errors(&r->errors, errors);
	config_free(r->config);
	return NULL;
}

struct config *config_read(const char *file, FILE *errors)
{
	struct conf_reading r;
	const char *why;

	begin_reading(&r);
	r.may_include = true;
	why = read_file(&r, file);
	if (why)
		conf_error(&r, file, 0, "cannot be read: %s", why);
	return end_reading(&r, file, errors);
}

struct config *config_read_text(const char *name, const char *text, size_t n, FILE *errors)
{
	struct conf_reading r;
	struct conf_source s = {0};

	begin_reading(&r);
	s.name = pool_dup(r.pool, name, strlen(name));
	s.dir = absolute_folder(&r, name);
	if (s.dir)
		read_text(&r, &s, (struct text){text, n});
	else
		conf_error(&r, name, 0, "the working directory is gone: %s", strerror(errno));
	return end_reading(&r, name, errors);
}

void config_free(struct config *c)
{
	struct holder *h = (struct holder *)(void *)c;

	if (!c)
		return;
	pool_free(c->pool);
	pool_cache_clear(&h->cache);
	free(h);
}
