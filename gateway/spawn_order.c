/* SPDX-License-Identifier: MIT */
/*
 * The one place where the spawner believes or does not believe a worker. A worker parses what
 * strangers send; when one of them has taken it over, the most it may gain here is to run a program
 * of a CGI route, which any visitor can have run anyway. Hence:
 *
 *     lengths     the parts fill the datagram to the octet
 *     route       one of ours, and of CGI
 *     program     absolute, without empty, "." and ".." segments, under the route's folder (or, for
 *                 a route that is one program, that)
 *     env         NAME=value each, none empty, the last one ended too
 *
 * The path is judged as written and symbolic links are followed by the kernel as everywhere: the
 * folder of a CGI route belongs to the operator, who decides what a link in it stands for.
 */
#include <errno.h>
#include <string.h>

#include "gateway/spawn_internal.h"
#include "server/base/text.h"

static int refuse(int error, const char **why, const char *text)
{
	*why = text;
	return error;
}

/* Whether the path is absolute and each of its segments a name. */
static bool is_plain(struct text path)
{
	struct text segment;

	if (!path.n || path.p[0] != '/')
		return false;
	for (path = text_after(path, 1); path.p;) {
		segment = text_cut(&path, '/');
		if (!segment.n || text_is(segment, ".") || text_is(segment, ".."))
			return false;
	}
	return true;
}

static bool is_under(struct text path, struct text root)
{
	while (root.n && root.p[root.n - 1] == '/')
		root.n--;
	/* The root may be the one program itself. */
	return text_starts(path, root) && (path.n == root.n || path.p[root.n] == '/');
}

static int read_program(struct spawn_order *o, const struct spawner_setup *setup, char *path,
			const char **why)
{
	struct text program = {path, o->msg.program};
	size_t slash;

	if (o->msg.value >= setup->route_count || !setup->routes[o->msg.value].root)
		return refuse(EPERM, why, "there is no such CGI route");
	if (path[program.n] != '\0' || text_find(program, '\0') < program.n)
		return refuse(EINVAL, why, "the path contains NUL or does not end in it");
	o->argv[0] = path;
	o->argv[1] = NULL;
	if (program.n >= PATH_MAX)
		return refuse(ENAMETOOLONG, why, "the path is too long");
	if (!is_plain(program))
		return refuse(EPERM, why, "the path is not absolute and normalised");
	if (!is_under(program, text_of(setup->routes[o->msg.value].root)))
		return refuse(EPERM, why, "the path leads out of the route's folder");
	slash = text_rfind(program, '/');
	if (!slash)
		slash = 1; /* in the root folder, whose name is its slash */
	memcpy(o->dir, path, slash);
	o->dir[slash] = '\0';
	return 0;
}

static int read_env(struct spawn_order *o, char *env, const char **why)
{
	size_t count = 0, left = o->msg.env;

	if (left && env[left - 1] != '\0')
		return refuse(EINVAL, why, "the last variable does not end in NUL");
	while (left) {
		size_t n = strlen(env);
		const char *equals = memchr(env, '=', n);

		if (!equals || equals == env)
			return refuse(EINVAL, why, "a variable is not NAME=value");
		if (count == SPAWN_ENV_MAX)
			return refuse(E2BIG, why, "there are too many variables");
		o->envp[count++] = env;
		env += n + 1;
		left -= n + 1;
	}
	o->envp[count] = NULL;
	return 0;
}

int spawn_order_read(struct spawn_order *o, const struct spawner_setup *setup, char *message,
		     size_t n, const char **why)
{
	size_t head = sizeof o->msg;
	int error;

	memcpy(&o->msg, message, head);
	o->argv[0] = NULL;
	message[n] = '\0';
	/* Each by itself first: their sum may overflow where size_t is small. */
	if (o->msg.program > n || o->msg.env > n || n != head + o->msg.program + 1 + o->msg.env)
		return refuse(EINVAL, why, "its parts do not fill the message");
	error = read_program(o, setup, message + head, why);
	if (error)
		return error;
	return read_env(o, message + head + o->msg.program + 1, why);
}
