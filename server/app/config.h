/* SPDX-License-Identifier: MIT */
/*
 * The configuration as read from INI files: plain values with their defaults filled in, checked for
 * sense, before anything is opened or started. Everything lives in config->pool; texts are
 * NUL-terminated. Times are seconds, sizes octets.
 */
#ifndef OUTRIDER_APP_CONFIG_H
#define OUTRIDER_APP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "gateway/cgi_env.h"
#include "server/base/log.h"

struct pool;

/* A list of words of one value. */
struct conf_words {
	const char **v;
	size_t n;
};

struct conf_server {
	unsigned workers; /* `auto` is the number of processors on line */
	const char *user, *group;
	const char *error_log;
	enum log_level log_level;
	const char *pid_file;
	size_t max_connections; /* a worker */
	unsigned max_streams;
	size_t stream_window, connection_window, max_header_list, header_table;
	size_t response_buffer;
	double preface_timeout, handshake_timeout, settings_timeout, header_timeout, body_timeout;
	double idle_timeout, write_timeout, shutdown_timeout;
};

struct conf_listen {
	const char *name;
	struct conf_words address; /* host:port, [v6]:port, *:port */
	bool tls;
	const char *certificate, *private_key; /* both set with tls; may be one file */
	struct conf_listen *next;
	unsigned line;
	const char *file;
};

struct conf_fastcgi {
	const char *name;
	const char *connect;	   /* unix:/path or host:port; NULL with command */
	struct conf_words command; /* program and arguments, no shell */
	unsigned processes;	   /* of a command */
	unsigned keep;		   /* idle connections kept, a worker; 0: a connection a request */
	unsigned max_connections;  /* at one time, a worker */
	unsigned queue;		   /* most requests that wait for a connection */
	double queue_timeout, connect_timeout, keep_timeout;
	struct conf_fastcgi *next;
	unsigned index; /* position in the list */
	unsigned line;
	const char *file;
};

enum conf_match { CONF_MATCH_PREFIX, CONF_MATCH_EXACT, CONF_MATCH_EXTENSION };
enum conf_handler { CONF_STATIC, CONF_FASTCGI, CONF_CGI };
enum conf_body { CONF_BODY_AUTO, CONF_BODY_STREAM, CONF_BODY_SPOOL };

struct conf_vars {
	struct cgi_var *v;
	size_t n;
};

struct conf_route {
	const char *name;
	const char *match;    /* as written */
	enum conf_match kind; /* `*.php`: extension; ends in /: prefix; else exact */
	enum conf_handler handler;
	const char *backend;		    /* name of a [fastcgi] section */
	const struct conf_fastcgi *fastcgi; /* resolved */
	const char *root;		    /* NULL: the site's */
	enum conf_body request_body;
	uint64_t max_body;
	double timeout, kill_grace, linger;
	bool hints_pass, hints_carry, underscores, realpath;
	size_t max_hints, max_head;
	struct conf_vars env; /* [env]: the site's first, the route's own in place of equal names */
	struct conf_site *site;
	struct conf_route *next;
	unsigned index; /* position among all routes of the configuration */
	unsigned line;
	const char *file;
};

struct conf_site {
	const char *name;
	struct conf_words hosts; /* `*`, a name, or *.name */
	const char *root;	 /* NULL: no files; every route that needs some has its own */
	struct conf_words index;
	struct conf_words try_list; /* `$path`, `$path/`, or a path; empty: none */
	const char *access_log;	    /* path, "stdout" or NULL for off */
	struct conf_vars env;
	struct conf_route *routes; /* in the order of the file */
	struct conf_site *next;
	unsigned line;
	const char *file;
};

/* Folder of a route's files, its own or the site's. */
static inline const char *conf_route_root(const struct conf_route *r)
{
	return r->root ? r->root : r->site->root;
}

struct config {
	struct pool *pool;
	struct conf_server server;
	struct conf_listen *listens;
	struct conf_fastcgi *fastcgis;
	struct conf_site *sites;
	unsigned route_count, fastcgi_count;
};

/*
 * Reads FILE and what it includes. Errors go to ERRORS, all of them and not just the first, a line
 * each: `FILE:LINE: [section] key: what is wrong; what is allowed; did you mean ...?`. NULL when
 * there was any. The result is freed with config_free().
 */
struct config *config_read(const char *file, FILE *errors);
/*
 * The same from memory. NAME stands for the file in messages, and its folder is where relative
 * paths begin; such a text cannot include files. ERRORS may be NULL, here and above.
 */
struct config *config_read_text(const char *name, const char *text, size_t n, FILE *errors);
void config_free(struct config *);

/* Prints every key with section, kind, default and a line of explanation, for documentation tests.
 */
void config_print_keys(FILE *);

#endif
