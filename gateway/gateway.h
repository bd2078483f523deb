/* SPDX-License-Identifier: MIT */
/*
 * The gateway: exchanges to FastCGI applications and CGI programs. What a request becomes is
 * decided here: its script, how its body travels, what the answer's heads may carry.
 */
#ifndef OUTRIDER_GATEWAY_GATEWAY_H
#define OUTRIDER_GATEWAY_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/cgi_env.h"
#include "server/base/text.h"

struct fcgi_pool;
struct handler;
struct loop;
struct spawn_client;

enum gateway_body {
	GATEWAY_BODY_AUTO,   /* FastCGI spools; CGI streams if the length is known, else spools */
	GATEWAY_BODY_STREAM, /* at once, both ways; CONTENT_LENGTH only if it is known */
	GATEWAY_BODY_SPOOL,  /* complete before the application is asked */
};

/* How a path becomes a script. */
enum gateway_match {
	GATEWAY_EXTENSION, /* the first file under root whose name ends in the extension */
	GATEWAY_PROGRAM,   /* `root` is the program, mounted at `mount`; the rest is PATH_INFO */
	GATEWAY_MOUNT,	   /* one application at `mount`; the rest is PATH_INFO */
	GATEWAY_FOLDER,	   /* `root` stands for `mount`; the first file on the way is the program */
};

/* Settings of a route; an exchange's `target`. All borrowed, constant while exchanges use them. */
struct gateway_target {
	const char *site, *route; /* names for the log */
	struct loop *loop;
	struct fcgi_pool *pool;	      /* FastCGI; NULL for CGI */
	struct spawn_client *spawner; /* CGI; NULL for FastCGI */
	uint32_t route_index;	      /* as the spawner knows the route */
	enum gateway_match match;
	struct text mount;	   /* "/echo/" or "/api" */
	struct text extension;	   /* ".php" */
	struct text root;	   /* of scripts; absolute, no slash at its end */
	struct text document_root; /* of the site */
	bool look;		   /* scripts are on this machine: see whether they exist */
	bool realpath;
	enum gateway_body body;
	uint64_t max_body;
	double timeout;	  /* seconds without progress of the application */
	double linger;	  /* seconds a grand-child may hold stdout after the program's end */
	bool hints;	  /* pass 1xx on */
	bool hints_carry; /* Link fields of 103s go into the final head too */
	bool underscores; /* field names with _ become variables */
	size_t max_hints, max_head;
	const struct cgi_var *env;
	size_t env_count;
};

extern const struct handler gateway_handler;

#endif
