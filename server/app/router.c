/* SPDX-License-Identifier: MIT */
/*
 * Routes of a site are few, so they are looked through in turn; a request touches the file system
 * here only for folders and `try`.
 */
#include "server/app/router.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "gateway/gateway.h"
#include "server/app/config.h"
#include "server/app/errpage.h"
#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/files/filecache.h"
#include "server/files/static.h"
#include "server/http/exchange.h"
#include "server/io/loop.h"
#include "server/io/sock.h"

enum { CACHE_ENTRIES = 1024, CACHE_SMALL = 16 * 1024 };

struct app_route {
	const struct conf_route *conf;
	struct text match; /* without the * of an extension */
	struct gateway_target gateway;
	struct static_target files;
};

struct app_site {
	const struct conf_site *conf;
	struct app_route *routes;
	size_t route_count;
	struct static_target files;
	struct text root;
	struct text *index;
	struct text *try_list;
};

struct router {
	struct app_site *sites;
	size_t site_count;
	struct filecache *cache;
};

/* ---- finding ---- */

/* How well a pattern fits a host: 0 not at all, else the better the more. */
static size_t host_fits(const char *pattern, struct text host)
{
	struct text p = text_of(pattern);

	if (text_is(p, "*"))
		return 1;
	if (p.n > 2 && p.p[0] == '*' && host.n > p.n - 1) {
		struct text tail = text_after(host, host.n - (p.n - 1));

		return text_same(tail, text_after(p, 1)) ? 1 + p.n : 0;
	}
	return text_same(p, host) ? SIZE_MAX : 0;
}

static const struct app_site *find_site(const struct router *r, struct text authority)
{
	struct text host = http_authority_host(authority);
	const struct app_site *best = NULL;
	size_t fit = 0;

	/* A name may end in the root's dot. */
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	for (size_t i = 0; i < r->site_count; i++) {
		const struct conf_words *hosts = &r->sites[i].conf->hosts;

		for (size_t k = 0; k < hosts->n; k++) {
			size_t f = host_fits(hosts->v[k], host);

			if (f > fit) {
				fit = f;
				best = &r->sites[i];
			}
		}
	}
	return best;
}

/* Whether a segment of the path ends in the extension. */
static bool has_extension(struct text path, struct text ext)
{
	for (size_t at = 0; at + ext.n <= path.n; at++) {
		size_t end = at + ext.n;

		if (memcmp(path.p + at, ext.p, ext.n) == 0 &&
		    (end == path.n || path.p[end] == '/') && at > 0 && path.p[at - 1] != '/')
			return true;
	}
	return false;
}

static const struct app_route *find_route(const struct app_site *s, struct text path)
{
	const struct app_route *prefix = NULL, *extension = NULL;

	for (size_t i = 0; i < s->route_count; i++) {
		const struct app_route *r = &s->routes[i];

		switch (r->conf->kind) {
		case CONF_MATCH_EXACT:
			if (text_eq(r->match, path))
				return r;
			break;
		case CONF_MATCH_PREFIX:
			if (text_starts(path, r->match) &&
			    (!prefix || r->match.n > prefix->match.n))
				prefix = r;
			break;
		case CONF_MATCH_EXTENSION:
			if (!extension && has_extension(path, r->match))
				extension = r;
			break;
		}
	}
	return prefix ? prefix : extension;
}

/* ---- files ---- */

enum kind { NOTHING, FILE_KIND, FOLDER };

static enum kind look(struct pool *pool, struct text root, struct text path)
{
	struct stat st;

	if (stat(pool_join(pool, root, path).p, &st))
		return NOTHING;
	return S_ISREG(st.st_mode) ? FILE_KIND : S_ISDIR(st.st_mode) ? FOLDER : NOTHING;
}

/* Of a folder: the first index file that a route serves becomes the path. */
static void look_for_index(const struct app_site *s, struct exchange *x)
{
	for (size_t i = 0; i < s->conf->index.n; i++) {
		struct text path = pool_join(x->pool, x->path.decoded, s->index[i]);

		if (look(x->pool, s->root, path) == FILE_KIND) {
			if (find_route(s, path))
				x->path.decoded = path;
			return;
		}
	}
}

static void try_paths(const struct app_site *s, struct exchange *x)
{
	struct text path = x->path.decoded;
	bool folder = path.p[path.n - 1] == '/';

	for (size_t i = 0; i < s->conf->try_list.n; i++) {
		struct text t = s->try_list[i];

		if (text_is(t, "$path")) {
			if (!folder && look(x->pool, s->root, path) == FILE_KIND)
				return;
		} else if (text_is(t, "$path/")) {
			if (look(x->pool, s->root, path) != FOLDER)
				continue;
			if (!folder)
				return; /* static files redirect to the name with the slash */
			for (size_t k = 0; k < s->conf->index.n; k++) {
				if (look(x->pool, s->root, pool_join(x->pool, path, s->index[k])) ==
				    FILE_KIND) {
					look_for_index(s, x);
					return;
				}
			}
		} else {
			x->path.decoded = t;
			return;
		}
	}
}

/* ---- routing ---- */

static void serve_files(struct exchange *x, const struct static_target *t)
{
	x->handler = &static_handler;
	x->target = t;
}

static void refuse(struct exchange *x, unsigned status)
{
	x->why = XCHG_REFUSED;
	x->refusal = (uint16_t)status;
	x->handler = &errpage_handler;
}

static void use_route(const struct app_site *s, const struct app_route *r, struct exchange *x)
{
	if (r->conf->handler != CONF_STATIC) {
		x->handler = &gateway_handler;
		x->target = &r->gateway;
		return;
	}
	serve_files(x, r->conf->root ? &r->files : &s->files);
}

static void log_bad_path(const struct exchange *x, enum path_verdict v)
{
	char shown[512];

	log_info(AREA_HTTP, "client %.*s: path \"%s\" has %s: answered 400",
		 (int)x->connection->remote_addr.n, x->connection->remote_addr.p,
		 text_escape(shown, sizeof shown, x->req->path), path_verdict_text(v));
}

static void answer_options(struct exchange *x)
{
	struct http_head head = http_response(204);

	xchg_respond(x, &head, true);
	xchg_finish(x);
}

static const struct handler options_handler = {.name = "options", .start = answer_options};

void router_route(struct router *r, struct exchange *x)
{
	const struct app_site *s = find_site(r, x->req->authority);
	const struct app_route *route;
	enum path_verdict v;

	x->fallback = &errpage_handler;
	if (text_is(x->req->method, "CONNECT") || text_is(x->req->method, "TRACE")) {
		refuse(x, 501);
		return;
	}
	/* RFC 9110 section 9.3.7: `OPTIONS *` asks about the server as a whole. */
	if (text_is(x->req->path, "*")) {
		x->handler = &options_handler;
		return;
	}
	v = path_parse(&x->path, x->req->path, x->pool);
	if (s)
		x->site = s->conf;
	if (v != PATH_OK) {
		log_bad_path(x, v);
		refuse(x, 400);
		return;
	}
	if (!s) {
		refuse(x, 421);
		return;
	}
	route = find_route(s, x->path.decoded);
	if (!route) {
		if (s->conf->try_list.n)
			try_paths(s, x);
		else if (x->path.decoded.p[x->path.decoded.n - 1] == '/')
			look_for_index(s, x);
		route = find_route(s, x->path.decoded);
	}
	if (route)
		use_route(s, route, x);
	else
		serve_files(x, &s->files);
}

/* ---- from the configuration ---- */

static struct text *texts(const struct conf_words *w)
{
	struct text *t = heap_zalloc(w->n, sizeof *t);

	for (size_t i = 0; i < w->n; i++)
		t[i] = text_of(w->v[i]);
	return t;
}

/* Without the slash at its end; "/" becomes "". */
static struct text folder(const char *name)
{
	struct text t = text_of(name ? name : "");

	while (t.n && t.p[t.n - 1] == '/')
		t.n--;
	return t;
}

static bool is_local(const struct conf_fastcgi *f)
{
	struct sock_addr addrs[SOCK_ADDRS];
	const char *why;
	int n;

	if (!f || !f->connect)
		return true;
	n = sock_parse(f->connect, false, addrs, &why);
	return n < 1 || !sock_is_remote(&addrs[0]);
}

static enum gateway_match match_of(const struct conf_route *c)
{
	struct stat st;

	if (c->kind == CONF_MATCH_EXTENSION)
		return GATEWAY_EXTENSION;
	if (c->handler != CONF_CGI)
		return GATEWAY_MOUNT;
	/* A CGI route whose root is a program: that program serves all below the prefix. */
	return c->root && stat(c->root, &st) == 0 && S_ISREG(st.st_mode) ? GATEWAY_PROGRAM
									 : GATEWAY_FOLDER;
}

static void fill_gateway(struct app_route *r, struct loop *loop, const struct app_site *s,
			 struct fcgi_pool *const *pools, struct spawn_client *spawner)
{
	const struct conf_route *c = r->conf;
	bool cgi = c->handler == CONF_CGI;
	enum gateway_match match = match_of(c);

	r->gateway = (struct gateway_target){
	    .site = s->conf->name,
	    .route = c->name,
	    .loop = loop,
	    .pool = cgi ? NULL : pools[c->fastcgi->index],
	    .spawner = cgi ? spawner : NULL,
	    .route_index = c->index,
	    .match = match,
	    .mount = match == GATEWAY_FOLDER && c->kind == CONF_MATCH_EXACT ? TEXT("") : r->match,
	    .extension = r->match,
	    .root = c->root ? folder(c->root) : s->root,
	    .document_root = s->root,
	    .look = cgi || is_local(c->fastcgi),
	    .realpath = c->realpath,
	    .body = c->request_body == CONF_BODY_STREAM	 ? GATEWAY_BODY_STREAM
		    : c->request_body == CONF_BODY_SPOOL ? GATEWAY_BODY_SPOOL
							 : GATEWAY_BODY_AUTO,
	    .max_body = c->max_body,
	    .timeout = c->timeout,
	    .linger = c->linger,
	    .hints = c->hints_pass,
	    .hints_carry = c->hints_carry,
	    .underscores = c->underscores,
	    .max_hints = c->max_hints,
	    .max_head = c->max_head,
	    .env = c->env.v,
	    .env_count = c->env.n,
	};
}

static void fill_files(struct static_target *t, const struct app_site *s, const char *root,
		       struct filecache *cache)
{
	*t = (struct static_target){.root = root,
				    .index = s->index,
				    .index_count = s->conf->index.n,
				    .cache = cache};
}

static void fill_site(struct app_site *s, const struct conf_site *c, struct router *r,
		      struct loop *loop, struct fcgi_pool *const *pools,
		      struct spawn_client *spawner)
{
	size_t n = 0;

	s->conf = c;
	s->root = folder(c->root);
	s->index = texts(&c->index);
	s->try_list = texts(&c->try_list);
	fill_files(&s->files, s, c->root, r->cache);
	for (const struct conf_route *k = c->routes; k; k = k->next)
		n++;
	s->routes = heap_zalloc(n, sizeof *s->routes);
	for (const struct conf_route *k = c->routes; k; k = k->next) {
		struct app_route *to = &s->routes[s->route_count++];

		to->conf = k;
		to->match = text_of(k->match);
		if (k->kind == CONF_MATCH_EXTENSION)
			to->match = text_after(to->match, 1);
		if (k->handler == CONF_STATIC) {
			fill_files(&to->files, s, k->root ? k->root : c->root, r->cache);
			/* A root of its own stands for the prefix, all but the slash at its end. */
			if (k->root && k->kind == CONF_MATCH_PREFIX)
				to->files.skip = to->match.n - 1;
		} else {
			fill_gateway(to, loop, s, pools, spawner);
		}
	}
}

struct router *router_new(struct loop *loop, const struct config *c, struct fcgi_pool *const *pools,
			  struct spawn_client *spawner)
{
	struct router *r = heap_zalloc(1, sizeof *r);
	size_t n = 0;

	r->cache = filecache_new(loop, CACHE_ENTRIES, CACHE_SMALL);
	for (const struct conf_site *s = c->sites; s; s = s->next)
		n++;
	r->sites = heap_zalloc(n, sizeof *r->sites);
	for (const struct conf_site *s = c->sites; s; s = s->next)
		fill_site(&r->sites[r->site_count++], s, r, loop, pools, spawner);
	return r;
}

void router_free(struct router *r)
{
	for (size_t i = 0; i < r->site_count; i++) {
		free(r->sites[i].routes);
		free(r->sites[i].index);
		free(r->sites[i].try_list);
	}
	free(r->sites);
	filecache_free(r->cache);
	free(r);
}
