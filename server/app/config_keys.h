/* SPDX-License-Identifier: MIT */
/*
 * The table of all keys, and what can be said of a value by looking at its key alone. A new key is
 * a member in config.h, a row in config_keys.c, and a paragraph in docs/outrider.conf.5 and
 * etc/outrider.ini (tests/arch/keys.sh asks for them).
 */
#ifndef OUTRIDER_APP_CONFIG_KEYS_H
#define OUTRIDER_APP_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/text.h"

struct pool;

enum conf_section {
	SECTION_SERVER,
	SECTION_LISTEN,
	SECTION_FASTCGI,
	SECTION_SITE,
	SECTION_ROUTE,
	SECTION_ENV,
	SECTION_COUNT,
};

enum conf_type {
	TYPE_STRING, /* const char * */
	TYPE_PATH, /* const char *, absolute; a word of the row stands for itself, `off` for NULL */
	TYPE_NUMBER, /* unsigned, of the member's width; the first word of the row gives a number */
	TYPE_SIZE,   /* likewise, 64K */
	TYPE_TIME,   /* double, seconds */
	TYPE_BOOL,   /* bool */
	TYPE_CHOICE, /* unsigned, of the member's width: the position among the words */
	TYPE_ADDRESS,  /* struct conf_words, to listen at */
	TYPE_BACKEND,  /* const char *, to connect to */
	TYPE_COMMAND,  /* struct conf_words, the first is a path */
	TYPE_HOSTS,    /* struct conf_words, in lower case */
	TYPE_NAMES,    /* struct conf_words, of files without folders */
	TYPE_TRY,      /* struct conf_words */
	TYPE_MATCH,    /* const char * */
	TYPE_SECTION,  /* const char *, name of another section */
	TYPE_INCLUDE,  /* no member: acted on at once */
	TYPE_VARIABLE, /* no member and no key: stands for any name of a variable */
};

enum {
	KEY_REQUIRED = 1 << 0, /* a section without it is an error */
	/* Only for routes with these handlers; without any bit for all. */
	KEY_STATIC = 1 << 1,
	KEY_FASTCGI = 1 << 2,
	KEY_CGI = 1 << 3,

	CONF_KEYS_MAX = 32, /* most keys a section may have */
};

struct conf_key {
	enum conf_section section;
	const char *name;
	size_t offset, width; /* of the member */
	enum conf_type type;
	const char *words; /* words that are allowed, with a blank between them; or NULL */
	const char *def;   /* default as one would write it; NULL: none */
	uint64_t min, max; /* of numbers; of times in milliseconds */
	unsigned flags;
	const char *help;
};

/* All keys, those of a section side by side. */
extern const struct conf_key conf_keys[];
extern const size_t conf_key_count;
/* Names of the sections by enum conf_section: "server", "listen" and so on. */
extern const char *const conf_sections[SECTION_COUNT];

/* First key of a section; *N is how many there are. */
const struct conf_key *conf_keys_of(enum conf_section, size_t *n);
/* NULL when the section has no such key. */
const struct conf_key *conf_key_find(enum conf_section, struct text name);
/* The sections that have such a key, as "[site] or [route]"; NULL when none has. */
const char *conf_key_home(struct pool *, struct text name);
/*
 * What comes closest to a mistyped key or section; NULL when nothing comes close. SECTION_COUNT
 * stands for all sections.
 */
const char *conf_key_nearest(enum conf_section, struct text name);
const char *conf_section_nearest(struct text name);

/* Whether B could be A with a slip of the finger, and how far off: 0 is equal, -1 is too far. */
int conf_distance(struct text a, struct text b);

/* What a key takes: "a time", "a path", "pass | off". */
const char *conf_key_kind(const struct conf_key *);
/* The values a key allows: "10ms to 1h", "pass or off"; NULL when there is no short answer. */
const char *conf_key_allowed(struct pool *, const struct conf_key *);

#endif
