/* SPDX-License-Identifier: MIT */
/*
 * The normalised path is walked from its front; the first file that can be the script is the
 * script, and the rest is PATH_INFO. A name in PATH_INFO is never looked at, so
 * "/upload/cat.jpg/x.php" does not run a picture: x.php would have to exist below a folder cat.jpg.
 */
#include "gateway/script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/gateway.h"
#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/http/exchange.h"

/* What stands at a path. */
enum found { FOUND_FILE, FOUND_FOLDER, FOUND_NOTHING, FOUND_FORBIDDEN };

static enum found look_at(const char *name)
{
	struct stat st;

	if (stat(name, &st))
		return errno == EACCES ? FOUND_FORBIDDEN : FOUND_NOTHING;
	if (S_ISREG(st.st_mode))
		return FOUND_FILE;
	return S_ISDIR(st.st_mode) ? FOUND_FOLDER : FOUND_NOTHING;
}

static unsigned refuse(const struct gateway_target *t, const char *name, enum found found)
{
	char shown[1024];

	text_escape(shown, sizeof shown, text_of(name));
	if (found == FOUND_FORBIDDEN) {
		log_warn(AREA_CGI,
			 "site %s, route %s: script %s cannot be looked at: permission denied; let "
			 "the "
			 "server's user search the folders above it",
			 t->site, t->route, shown);
		return 403;
	}
	log_info(AREA_CGI, "site %s, route %s: no script %s: answered 404", t->site, t->route,
		 shown);
	return 404;
}

/* The end of the segment of PATH that begins at or after FROM. */
static size_t segment_end(struct text path, size_t from)
{
	while (from < path.n && path.p[from] != '/')
		from++;
	return from;
}

static void found_script(struct cgi_request *r, struct text file, struct text path, size_t end)
{
	r->script_filename = file;
	r->script_name = (struct text){path.p, end};
	r->path_info = text_after(path, end);
}

/* *.php: a segment that ends in the extension. */
static unsigned by_extension(struct cgi_request *r, const struct exchange *x,
			     const struct gateway_target *t)
{
	struct text path = x->path.decoded, file = pool_join(x->pool, t->root, path);

	for (size_t at = 1; at < path.n;) {
		size_t end = segment_end(path, at);
		struct text segment = {path.p + at, end - at};
		enum found found = FOUND_FILE;
		char *cut = (char *)(uintptr_t)file.p + t->root.n + end, saved = *cut;

		at = end + 1;
		if (segment.n <= t->extension.n || !text_ends(segment, t->extension))
			continue;
		*cut = '\0';
		if (t->look)
			found = look_at(file.p);
		if (found == FOUND_FILE) {
			found_script(r, (struct text){file.p, t->root.n + end}, path, end);
			return 0;
		}
		if (found != FOUND_FOLDER)
			return refuse(t, file.p, found);
		*cut = saved;
	}
	return refuse(t, file.p, FOUND_NOTHING);
}

/* /cgi-bin/: the first file on the way, below the folder that stands for the prefix. */
static unsigned by_folder(struct cgi_request *r, const struct exchange *x,
			  const struct gateway_target *t)
{
	struct text path = x->path.decoded;
	size_t skip = t->mount.n && t->mount.p[t->mount.n - 1] == '/' ? t->mount.n - 1 : t->mount.n;
	struct text below = text_after(path, skip <= path.n ? skip : path.n);
	struct text file = pool_join(x->pool, t->root, below);

	for (size_t at = 1; at <= below.n;) {
		size_t end = segment_end(below, at);
		char *cut = (char *)(uintptr_t)file.p + t->root.n + end, saved = *cut;
		enum found found;

		*cut = '\0';
		found = end > at ? look_at(file.p) : FOUND_NOTHING;
		if (found == FOUND_FILE) {
			found_script(r, (struct text){file.p, t->root.n + end}, path, skip + end);
			return 0;
		}
		if (found != FOUND_FOLDER)
			return refuse(t, file.p, found);
		*cut = saved;
		at = end + 1;
	}
	return refuse(t, file.p, FOUND_NOTHING);
}

/* /echo/: the application is mounted there. */
static void by_mount(struct cgi_request *r, const struct exchange *x,
		     const struct gateway_target *t)
{
	struct text path = x->path.decoded;
	size_t n = t->mount.n;

	if (n && t->mount.p[n - 1] == '/')
		n--;
	if (n > path.n)
		n = path.n;
	r->script_name = (struct text){path.p, n};
	r->path_info = text_after(path, n);
	r->script_filename =
	    t->match == GATEWAY_PROGRAM ? t->root : pool_join(x->pool, t->root, r->script_name);
}

static void resolve_links(struct cgi_request *r, struct pool *pool)
{
	char *file = realpath(r->script_filename.p, NULL);
	char *root = realpath(r->document_root.p, NULL);

	if (file)
		r->script_filename = pool_text(pool, text_of(file));
	if (root)
		r->document_root = pool_text(pool, text_of(root));
	free(file);
	free(root);
}

unsigned script_resolve(struct cgi_request *r, struct text *program, const struct exchange *x,
			const struct gateway_target *t)
{
	unsigned status = 0;

	r->document_root = t->document_root;
	r->document_uri = x->path.decoded;
	r->query = x->path.query;
	switch (t->match) {
	case GATEWAY_EXTENSION:
		status = by_extension(r, x, t);
		break;
	case GATEWAY_FOLDER:
		status = by_folder(r, x, t);
		break;
	case GATEWAY_MOUNT:
	case GATEWAY_PROGRAM:
		by_mount(r, x, t);
		break;
	}
	*program = r->script_filename;
	if (!status && t->realpath && t->match != GATEWAY_MOUNT)
		resolve_links(r, x->pool);
	return status;
}
