/* SPDX-License-Identifier: MIT */
/*
 * The state of reading and checking a configuration, shared by the files config*.c: what is known
 * of the sections beyond the values that stay, where they stand and which keys were given where.
 */
#ifndef OUTRIDER_APP_CONFIG_READING_H
#define OUTRIDER_APP_CONFIG_READING_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "server/app/config_keys.h"

struct config;

enum { CONF_BUCKETS = 1024 };

/* One section as it stands in a file. */
struct conf_entry {
	enum conf_section section;
	const char *name;
	const char *label; /* "[route php]", fit for a message */
	const char *file;
	unsigned line;		     /* 0: stands for a site that is missing or was refused */
	unsigned set[CONF_KEYS_MAX]; /* line of each key, in the order of the table; 0: not given */
	uint32_t failed;	     /* bits of the keys whose values were refused */
	uint32_t guessed;	     /* bits of those that a misspelt key was probably meant for */
	void *into;		     /* struct conf_route and so on; of [env] struct conf_vars */
	struct conf_entry *site;     /* of a route */
	struct conf_entry *next;     /* in the order of reading */
	struct conf_entry *bucket;   /* next of those whose names have the same hash */
};

struct conf_message {
	const char *file;
	unsigned line; /* 0: none */
	unsigned file_order, order;
	const char *text;
};

struct conf_errors {
	struct conf_message *v; /* the first so many */
	unsigned count;		/* of all */
};

/* A file that is being read; those that include it hang on PARENT. */
struct conf_source {
	struct conf_source *parent;
	const char *name; /* for messages */
	const char *dir;  /* where its relative paths begin, absolute */
	dev_t dev;
	ino_t ino;
	unsigned depth;
	bool begun;		  /* a section has begun */
	struct conf_entry *at;	  /* section of the next key; NULL: none yet, or a refused one */
	struct conf_entry *site;  /* site of the next route */
	struct conf_entry *owner; /* site or route of an [env] that comes next */
};

struct conf_reading {
	struct config *config;
	struct pool *pool;
	struct conf_errors errors;
	struct conf_source *source;
	struct conf_entry *first, **end;
	struct conf_entry *buckets[CONF_BUCKETS]; /* all named entries, by hash of the name */
	struct conf_listen **listens_end;
	struct conf_fastcgi **fastcgis_end;
	struct conf_site **sites_end;
	unsigned entries, files;
	bool gaps;	  /* something was refused or not read */
	bool may_include; /* not when the text comes from memory */
};

/* ---- errors (config_check.c) ---- */

/* A message about a line of a file; line 0 stands for the whole file. */
void conf_error(struct conf_reading *, const char *file, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a key of a section, or for the section when KEY is NULL or was not given. */
void conf_entry_error(struct conf_reading *, const struct conf_entry *, const char *key,
		      const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same for the key at hand, which may be unknown. */
void conf_key_error(struct conf_reading *, unsigned line, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Writes all messages, in the order of files and lines. TO may be NULL. */
void conf_print_errors(struct conf_errors *, FILE *to);

/* ---- sections (config_section.c) ---- */

/* Fills a structure with the defaults of its section. */
void conf_set_defaults(struct conf_reading *, enum conf_section, void *into);
/* A header `[HEADER]`; NULL for one that was refused. */
void conf_begin_section(struct conf_reading *, unsigned line, const char *header);
/* A key of the section at hand. */
void conf_take_key(struct conf_reading *, unsigned line, const char *name, const char *value);

/* ---- files (config.c) ---- */

/* Reads the files that a pattern stands for, in the order of their names. */
void conf_include(struct conf_reading *, unsigned line, const char *pattern);

/* ---- checks (config_check.c) ---- */

/*
 * What can only be said when all is read: keys that need or exclude each other, names that are
 * taken twice or lead nowhere. Fills in what follows from other sections. FILE is named where an
 * error has no line.
 */
void conf_check(struct conf_reading *, const char *file);

#endif
