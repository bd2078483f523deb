/* SPDX-License-Identifier: MIT */
/*
 * From a request to the site and the handler that serve it. One router per worker, made from the
 * configuration.
 *
 * Site: the exact host name, else the longest wildcard, else `*`; none: 421.
 * Route: exact match, else the longest prefix, else the first extension in the order of the file;
 * none of them: `try`, the index of a folder, static files.
 */
#ifndef OUTRIDER_APP_ROUTER_H
#define OUTRIDER_APP_ROUTER_H

struct access_logs;
struct config;
struct conf_site;
struct exchange;
struct fcgi_pool;
struct loop;
struct router;
struct spawn_client;

/* POOLS: by the index of their section. All is borrowed and must outlive the router. */
struct router *router_new(struct loop *, const struct config *, struct fcgi_pool *const *pools,
			  struct spawn_client *);
void router_free(struct router *);
/* Sets handler, target, fallback, path and site (struct conf_site) of a new exchange. */
void router_route(struct router *, struct exchange *);

#endif
