/* SPDX-License-Identifier: MIT */
/*
 * One row a key: where its value goes, what it may be, what it is when nobody says, and what it
 * means. Reading, checking, defaults, error messages and the list for the documentation test all
 * work from this table, so a key that is not in it does not exist.
 *
 * Limits: those of RFC 9113 section 6.5.2 and RFC 7541 section 4.2 bound the windows and tables,
 * the others keep a slip of the finger (a timeout of 10ms instead of 10m, a buffer of 1G) from
 * passing as a wish.
 */
#include "server/app/config_keys.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "server/app/config.h"
#include "server/base/pool.h"

#define KIB	UINT64_C(1024)
#define MIB	(1024 * KIB)
#define GIB	(1024 * MIB)
#define SECONDS UINT64_C(1000)
#define HOURS	(3600 * SECONDS)

#define MEMBER(type, m)	 offsetof(struct type, m), sizeof(((struct type *)NULL)->m)
#define SERVER(name, m)	 SECTION_SERVER, name, MEMBER(conf_server, m)
#define LISTEN(name, m)	 SECTION_LISTEN, name, MEMBER(conf_listen, m)
#define FASTCGI(name, m) SECTION_FASTCGI, name, MEMBER(conf_fastcgi, m)
#define SITE(name, m)	 SECTION_SITE, name, MEMBER(conf_site, m)
#define ROUTE(name, m)	 SECTION_ROUTE, name, MEMBER(conf_route, m)
#define BACKENDS	 (KEY_FASTCGI | KEY_CGI)

const char *const conf_sections[SECTION_COUNT] = {
    "server", "listen", "fastcgi", "site", "route", "env",
};

/* clang-format off: a table */
/* section and key, type, words, default, min, max, flags, help */
const struct conf_key conf_keys[] = {
    {SECTION_SERVER, "include", 0, 0, TYPE_INCLUDE, NULL, NULL, 0, 0, 0,
     "Read the files of this name or pattern at this point"},
    {SERVER("workers", workers), TYPE_NUMBER, "auto", "auto", 1, 1024, 0,
     "Worker processes; auto is one for each processor"},
    {SERVER("user", user), TYPE_STRING, NULL, NULL, 0, 0, 0,
     "User the workers run as, when started as root"},
    {SERVER("group", group), TYPE_STRING, NULL, NULL, 0, 0, 0,
     "Group the workers run as; the user's own unless given"},
    {SERVER("error_log", error_log), TYPE_PATH, "stderr syslog", "stderr", 0, 0, 0,
     "Where messages go"},
    {SERVER("log_level", log_level), TYPE_CHOICE, "error warn info debug", "info", 0, 0, 0,
     "The least grave messages that are written"},
    {SERVER("pid_file", pid_file), TYPE_PATH, NULL, NULL, 0, 0, 0,
     "File that holds the number of the supervisor process"},
    {SERVER("max_connections", max_connections), TYPE_NUMBER, NULL, "10000", 1, 1000000, 0,
     "Connections of clients at one time, in each worker"},
    {SERVER("max_streams", max_streams), TYPE_NUMBER, NULL, "128", 1, 10000, 0,
     "Requests at one time on an HTTP/2 connection"},
    {SERVER("stream_window", stream_window), TYPE_SIZE, NULL, "256K", 64 * KIB - 1, 16 * MIB, 0,
     "Octets of a request body taken ahead of the application"},
    {SERVER("connection_window", connection_window), TYPE_SIZE, NULL, "1M", 64 * KIB - 1, 256 * MIB,
     0, "The same for all requests of a connection together"},
    {SERVER("max_header_list", max_header_list), TYPE_SIZE, NULL, "64K", 4 * KIB, MIB, 0,
     "Octets of a request head; larger ones are answered with 431"},
    {SERVER("header_table", header_table), TYPE_SIZE, NULL, "4K", 0, 64 * KIB, 0,
     "Octets of the HPACK dynamic table a client may use"},
    {SERVER("response_buffer", response_buffer), TYPE_SIZE, NULL, "256K", 16 * KIB, 64 * MIB, 0,
     "Octets of a response taken ahead of the client"},
    {SERVER("preface_timeout", preface_timeout), TYPE_TIME, NULL, "10s", 10, HOURS, 0,
     "Time for a client to show its protocol"},
    {SERVER("handshake_timeout", handshake_timeout), TYPE_TIME, NULL, "10s", 10, HOURS, 0,
     "Time for the TLS handshake"},
    {SERVER("settings_timeout", settings_timeout), TYPE_TIME, NULL, "10s", 10, HOURS, 0,
     "Time for an HTTP/2 client to send and to acknowledge SETTINGS"},
    {SERVER("header_timeout", header_timeout), TYPE_TIME, NULL, "10s", 10, HOURS, 0,
     "Time for a request head to arrive whole"},
    {SERVER("body_timeout", body_timeout), TYPE_TIME, NULL, "30s", 10, HOURS, 0,
     "Time without progress while a request body arrives"},
    {SERVER("idle_timeout", idle_timeout), TYPE_TIME, NULL, "180s", 10, 24 * HOURS, 0,
     "Time a connection without requests stays open"},
    {SERVER("write_timeout", write_timeout), TYPE_TIME, NULL, "30s", 10, HOURS, 0,
     "Time without progress while a client takes its response"},
    {SERVER("shutdown_timeout", shutdown_timeout), TYPE_TIME, NULL, "30s", 0, 24 * HOURS, 0,
     "Time running requests get when the server stops"},

    {LISTEN("address", address), TYPE_ADDRESS, NULL, NULL, 0, 0, KEY_REQUIRED,
     "Addresses and ports to listen at"},
    {LISTEN("tls", tls), TYPE_BOOL, NULL, "off", 0, 0, 0, "Speak TLS here: h2 by ALPN"},
    {LISTEN("certificate", certificate), TYPE_PATH, NULL, NULL, 0, 0, 0,
     "PEM file with the certificate and its chain"},
    {LISTEN("private_key", private_key), TYPE_PATH, NULL, NULL, 0, 0, 0,
     "PEM file with the key; the certificate's file unless given"},

    {FASTCGI("connect", connect), TYPE_BACKEND, NULL, NULL, 0, 0, 0,
     "Where the application listens"},
    {FASTCGI("command", command), TYPE_COMMAND, NULL, NULL, 0, 0, 0,
     "Application that Outrider starts itself, with its arguments"},
    {FASTCGI("processes", processes), TYPE_NUMBER, NULL, "1", 1, 1024, 0,
     "Processes of the command"},
    {FASTCGI("keep", keep), TYPE_NUMBER, NULL, "4", 0, 65536, 0,
     "Idle connections each worker keeps; 0 is a new one for each request"},
    {FASTCGI("max_connections", max_connections), TYPE_NUMBER, NULL, "64", 1, 65536, 0,
     "Connections each worker has at one time"},
    {FASTCGI("queue", queue), TYPE_NUMBER, NULL, "1024", 0, 1000000, 0,
     "Requests that may wait for a connection, in each worker"},
    {FASTCGI("queue_timeout", queue_timeout), TYPE_TIME, NULL, "10s", 0, HOURS, 0,
     "Time a request waits for a connection"},
    {FASTCGI("connect_timeout", connect_timeout), TYPE_TIME, NULL, "5s", 10, HOURS, 0,
     "Time for connecting"},
    {FASTCGI("keep_timeout", keep_timeout), TYPE_TIME, NULL, "200ms", 0, HOURS, 0,
     "Time an idle connection is kept"},

    {SITE("hosts", hosts), TYPE_HOSTS, NULL, "*", 0, 0, 0,
     "Host names of this site; * is for all others"},
    {SITE("root", root), TYPE_PATH, NULL, NULL, 0, 0, KEY_REQUIRED, "Folder of the site's files"},
    {SITE("index", index), TYPE_NAMES, NULL, "index.html", 0, 0, 0,
     "Files that answer for their folder, the first that exists"},
    {SITE("try", try_list), TYPE_TRY, NULL, NULL, 0, 0, 0,
     "What to look for in turn: $path, $path/ or a path of the site"},
    {SITE("access_log", access_log), TYPE_PATH, "off stdout", "off", 0, 0, 0,
     "Where requests are noted"},

    {ROUTE("match", match), TYPE_MATCH, NULL, NULL, 0, 0, KEY_REQUIRED,
     "Requests that this route takes"},
    {ROUTE("handler", handler), TYPE_CHOICE, "static fastcgi cgi", NULL, 0, 0, KEY_REQUIRED,
     "Who answers: files, a FastCGI application or CGI programs"},
    {ROUTE("backend", backend), TYPE_SECTION, NULL, NULL, 0, 0, KEY_FASTCGI,
     "Name of the [fastcgi NAME] section that answers"},
    {ROUTE("root", root), TYPE_PATH, NULL, NULL, 0, 0, 0,
     "Folder of the files or programs, or the one program; the site's unless given"},
    {ROUTE("request_body", request_body), TYPE_CHOICE, "auto stream spool", "auto", 0, 0, BACKENDS,
     "Whether the application gets the body while it arrives"},
    {ROUTE("max_body", max_body), TYPE_SIZE, NULL, "64M", 1, 1024 * GIB, BACKENDS,
     "Octets of a request body; larger ones are answered with 413"},
    {ROUTE("timeout", timeout), TYPE_TIME, NULL, "60s", 10, 168 * HOURS, BACKENDS,
     "Time without progress before the application is given up"},
    {ROUTE("kill_grace", kill_grace), TYPE_TIME, NULL, "10s", 0, HOURS, KEY_CGI,
     "Time between TERM and KILL for a program that is given up"},
    {ROUTE("linger", linger), TYPE_TIME, NULL, "2s", 0, HOURS, KEY_CGI,
     "Time a response stays open for what a program left running"},
    {ROUTE("hints", hints_pass), TYPE_CHOICE, "off pass", "pass", 0, 0, BACKENDS,
     "Whether informational (1xx) responses go to the client"},
    {ROUTE("hints_carry", hints_carry), TYPE_BOOL, NULL, "on", 0, 0, BACKENDS,
     "Repeat the Link fields of a 103 in the final response"},
    {ROUTE("underscores", underscores), TYPE_BOOL, NULL, "off", 0, 0, BACKENDS,
     "Let request fields with _ in their names through"},
    {ROUTE("realpath", realpath), TYPE_BOOL, NULL, "off", 0, 0, BACKENDS,
     "Give the application paths without symbolic links"},
    {ROUTE("max_hints", max_hints), TYPE_SIZE, NULL, "16K", 256, MIB, BACKENDS,
     "Octets of informational responses for each request"},
    {ROUTE("max_head", max_head), TYPE_SIZE, NULL, "64K", KIB, MIB, BACKENDS,
     "Octets of a response head from the application"},

    {SECTION_ENV, "NAME", 0, 0, TYPE_VARIABLE, NULL, NULL, 0, 0, 0,
     "Variable for the applications of the site or route above"},
};
/* clang-format on */

const size_t conf_key_count = sizeof conf_keys / sizeof *conf_keys;

const struct conf_key *conf_keys_of(enum conf_section section, size_t *n)
{
	const struct conf_key *first = NULL;

	*n = 0;
	for (size_t i = 0; i < conf_key_count; i++) {
		if (conf_keys[i].section != section)
			continue;
		if (!first)
			first = &conf_keys[i];
		++*n;
	}
	assert(*n <= CONF_KEYS_MAX);
	return first;
}

const struct conf_key *conf_key_find(enum conf_section section, struct text name)
{
	for (size_t i = 0; i < conf_key_count; i++) {
		if (conf_keys[i].section == section && conf_keys[i].type != TYPE_VARIABLE &&
		    text_eq(text_of(conf_keys[i].name), name))
			return &conf_keys[i];
	}
	return NULL;
}

const char *conf_key_home(struct pool *pool, struct text name)
{
	const char *home = NULL;

	for (int s = 0; s < SECTION_COUNT; s++) {
		if (!conf_key_find((enum conf_section)s, name))
			continue;
		home = pool_printf(pool, "%s%s[%s]", home ? home : "", home ? " or " : "",
				   conf_sections[s])
			   .p;
	}
	return home;
}

/* ---- what was meant ---- */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * Optimal string alignment: octets added, left out, replaced, and neighbours swapped cost 1 each.
 * Three rows of the matrix are enough. Words may differ by a third of their length.
 */
int conf_distance(struct text a, struct text b)
{
	enum { LONGEST = 32 };
	unsigned rows[3][LONGEST + 1], *above = rows[0], *row = rows[1], *spare = rows[2], *t;
	size_t longer = a.n > b.n ? a.n : b.n;

	if (longer > LONGEST)
		return -1;
	for (size_t j = 0; j <= b.n; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b.n; j++) {
			bool same = ascii_lower(a.p[i - 1]) == ascii_lower(b.p[j - 1]);

			row[j] = least(above[j - 1] + !same, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && ascii_lower(a.p[i - 1]) == ascii_lower(b.p[j - 2]) &&
			    ascii_lower(a.p[i - 2]) == ascii_lower(b.p[j - 1]))
				row[j] = least(row[j], spare[j - 2] + 1);
		}
		t = spare;
		spare = above;
		above = row;
		row = t;
	}
	return above[b.n] <= (longer + 1) / 3 ? (int)above[b.n] : -1;
}

/* Keeps NAME as the best so far when it is nearer to WHAT. */
static void consider(struct text what, const char *name, const char **best, int *distance)
{
	int d = conf_distance(what, text_of(name));

	if (d < 0 || (*best && d >= *distance))
		return;
	*best = name;
	*distance = d;
}

const char *conf_key_nearest(enum conf_section section, struct text name)
{
	const char *best = NULL;
	int distance = 0;

	for (size_t i = 0; i < conf_key_count; i++) {
		if ((conf_keys[i].section == section || section == SECTION_COUNT) &&
		    conf_keys[i].type != TYPE_VARIABLE)
			consider(name, conf_keys[i].name, &best, &distance);
	}
	return best;
}

const char *conf_section_nearest(struct text name)
{
	const char *best = NULL;
	int distance = 0;

	for (int s = 0; s < SECTION_COUNT; s++)
		consider(name, conf_sections[s], &best, &distance);
	return best;
}

/* ---- what is allowed ---- */

/* "a, b or c" with the given words in place of ", " and " or ". */
static const char *join(struct pool *pool, const char *words, const char *comma, const char *last)
{
	struct text rest = text_of(words);
	const char *r = "";

	while (rest.p) {
		struct text word = text_cut(&rest, ' ');

		r = pool_printf(pool, "%s%s%.*s", r,
				!*r	 ? ""
				: rest.p ? comma
					 : last,
				(int)word.n, word.p)
			.p;
	}
	return r;
}

static const char *size_text(struct pool *pool, uint64_t v)
{
	static const char unit[] = "KMG";
	int i = -1;

	while (v && v % KIB == 0 && i < 2) {
		v /= KIB;
		i++;
	}
	if (i < 0)
		return pool_printf(pool, "%" PRIu64, v).p;
	return pool_printf(pool, "%" PRIu64 "%c", v, unit[i]).p;
}

static const char *time_text(struct pool *pool, uint64_t ms)
{
	if (ms % HOURS == 0 && ms)
		return pool_printf(pool, "%" PRIu64 "h", ms / HOURS).p;
	if (ms % SECONDS == 0)
		return pool_printf(pool, "%" PRIu64 "s", ms / SECONDS).p;
	return pool_printf(pool, "%" PRIu64 "ms", ms).p;
}

const char *conf_key_allowed(struct pool *pool, const struct conf_key *key)
{
	switch (key->type) {
	case TYPE_BOOL:
		return "on, off, yes, no, true and false";
	case TYPE_CHOICE:
		return join(pool, key->words, ", ", " and ");
	case TYPE_NUMBER:
		return pool_printf(pool, "%s%s%" PRIu64 " to %" PRIu64,
				   key->words ? key->words : "", key->words ? " and " : "",
				   key->min, key->max)
		    .p;
	case TYPE_SIZE:
		return pool_printf(pool, "%s to %s", size_text(pool, key->min),
				   size_text(pool, key->max))
		    .p;
	case TYPE_TIME:
		return pool_printf(pool, "%s to %s", time_text(pool, key->min),
				   time_text(pool, key->max))
		    .p;
	default:
		return NULL;
	}
}

const char *conf_key_kind(const struct conf_key *key)
{
	static const char *const kinds[] = {
	    [TYPE_STRING] = "text",	 [TYPE_PATH] = "path",
	    [TYPE_NUMBER] = "number",	 [TYPE_SIZE] = "size",
	    [TYPE_TIME] = "time",	 [TYPE_BOOL] = "on or off",
	    [TYPE_CHOICE] = "word",	 [TYPE_ADDRESS] = "addresses",
	    [TYPE_BACKEND] = "address",	 [TYPE_COMMAND] = "program and arguments",
	    [TYPE_HOSTS] = "host names", [TYPE_NAMES] = "file names",
	    [TYPE_TRY] = "paths",	 [TYPE_MATCH] = "path or *.extension",
	    [TYPE_SECTION] = "name",	 [TYPE_INCLUDE] = "path or pattern",
	    [TYPE_VARIABLE] = "text",
	};

	return kinds[key->type];
}

/*
 * One line a key, fields between tabs: section, key, kind, default ("required" and "none" where
 * there is none), values allowed ("any"), explanation.
 */
void config_print_keys(FILE *to)
{
	struct pool_cache cache;
	struct pool *pool;

	pool_cache_init(&cache, 0);
	pool = pool_new(&cache);
	for (size_t i = 0; i < conf_key_count; i++) {
		const struct conf_key *k = &conf_keys[i];
		const char *allowed = conf_key_allowed(pool, k);
		const char *none = k->flags & KEY_REQUIRED ? "required" : "none";

		fprintf(to, "%s\t%s\t%s\t%s\t%s\t%s\n", conf_sections[k->section], k->name,
			conf_key_kind(k), k->def ? k->def : none, allowed ? allowed : "any",
			k->help);
	}
	pool_free(pool);
}
