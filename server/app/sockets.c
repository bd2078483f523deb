/* SPDX-License-Identifier: MIT */
/* A failure is reported and the rest is tried all the same, so that one run shows all that is
 * wrong. */
#include "server/app/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/app/config.h"
#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/front/tls.h"
#include "server/io/sock.h"

enum { BACKLOG = 4096, MESSAGE_BUFFER = 512 * 1024 };

static int *descriptors(size_t n)
{
	int *fds = heap_zalloc(n, sizeof *fds);

	for (size_t i = 0; i < n; i++)
		fds[i] = -1;
	return fds;
}

/* ---- listeners ---- */

static int listen_failed(const struct app_listener *l)
{
	log_error(AREA_SERVER, "[listen %s] cannot listen on %s: %s%s", l->conf->name, l->address,
		  strerror(errno),
		  errno == EADDRINUSE ? "; does another server use the port?"
		  : errno == EACCES   ? "; ports below 1024 need root"
				      : "");
	return -1;
}

static int open_address(struct sockets *s, const struct conf_listen *c, const struct sock_addr *a,
			SSL_CTX *ctx)
{
	struct app_listener *l;

	s->listeners = realloc(s->listeners, (s->listener_count + 1) * sizeof *s->listeners);
	if (!s->listeners)
		oom();
	l = &s->listeners[s->listener_count++];
	*l = (struct app_listener){.conf = c, .ctx = ctx, .fds = descriptors(s->workers)};
	if (ctx)
		SSL_CTX_up_ref(ctx);
	sock_print(a, l->address, sizeof l->address);
	/* SO_REUSEPORT would let a second server of ours share the port unnoticed. */
	l->fds[0] = sock_listen(a, false, BACKLOG, 0666);
	if (l->fds[0] >= 0)
		close(l->fds[0]);
	if (l->fds[0] < 0)
		return listen_failed(l);
	for (unsigned i = 0; i < s->workers; i++) {
		l->fds[i] = sock_listen(a, s->workers > 1, BACKLOG, 0666);
		if (l->fds[i] < 0)
			return listen_failed(l);
	}
	return 0;
}

static int open_listen(struct sockets *s, const struct conf_listen *c)
{
	SSL_CTX *ctx = NULL;
	char why[512];
	int r = 0;

	if (c->tls) {
		ctx = tls_context(c->certificate, c->private_key, why, sizeof why);
		if (!ctx) {
			log_error(AREA_TLS, "[listen %s] %s", c->name, why);
			return -1;
		}
	}
	for (size_t i = 0; i < c->address.n; i++) {
		struct sock_addr addrs[SOCK_ADDRS];
		const char *wrong;
		int n = sock_parse(c->address.v[i], true, addrs, &wrong);

		if (n < 1) {
			log_error(AREA_SERVER, "[listen %s] address %s: %s", c->name,
				  c->address.v[i], wrong);
			r = -1;
		}
		for (int k = 0; k < n; k++)
			r |= open_address(s, c, &addrs[k], ctx);
	}
	SSL_CTX_free(ctx);
	return r;
}

/* ---- FastCGI ---- */

/* It stays root's until all sockets are in it: nobody else may put links in our way. */
static int make_folder(struct sockets *s)
{
	const char *base = getuid() == 0 ? "/run" : getenv("XDG_RUNTIME_DIR");

	if (s->folder[0])
		return 0;
	if (!base || access(base, W_OK) || strlen(base) > 40)
		base = "/tmp";
	snprintf(s->folder, sizeof s->folder, "%s/outrider-XXXXXX", base);
	if (!mkdtemp(s->folder)) {
		log_error(AREA_SERVER, "cannot make a folder %s for the sockets of `command`: %s",
			  s->folder, strerror(errno));
		s->folder[0] = '\0';
		return -1;
	}
	return 0;
}

static int open_command(struct sockets *s, const struct conf_fastcgi *c, uid_t uid, gid_t gid)
{
	struct fcgi_pool_settings *p = &s->pools[c->index];
	const char *why;
	char text[160];

	if (make_folder(s))
		return -1;
	snprintf(text, sizeof text, "unix:%s/%u.sock", s->folder, c->index);
	p->addr_count = sock_parse(text, true, p->addrs, &why);
	s->pool_fds[c->index] = sock_listen(&p->addrs[0], false, BACKLOG, 0600);
	if (s->pool_fds[c->index] < 0 ||
	    (getuid() == 0 && chown(p->addrs[0].u.un.sun_path, uid, gid))) {
		log_error(AREA_FCGI, "[fastcgi %s] cannot listen on %s: %s", c->name, text,
			  strerror(errno));
		return -1;
	}
	return 0;
}

/*
 * How many idle connections a worker may keep to programs of our own. Each serves one connection at
 * a time, so kept ones hold their processes: all workers together must leave one free for whoever
 * has none.
 */
static unsigned keep_of(const struct conf_fastcgi *c, unsigned workers)
{
	unsigned most = workers == 1 ? c->processes : (c->processes - 1) / workers;

	return c->connect || c->keep < most ? c->keep : most;
}

/* More connections than processes would only wait to be accepted; in our queue they are better off.
 */
static unsigned connections_of(const struct conf_fastcgi *c)
{
	return c->connect || c->max_connections < c->processes ? c->max_connections : c->processes;
}

static int open_pool(struct sockets *s, const struct conf_fastcgi *c, uid_t uid, gid_t gid)
{
	struct fcgi_pool_settings *p = &s->pools[c->index];
	const char *why;

	*p = (struct fcgi_pool_settings){.name = c->name,
					 .keep = keep_of(c, s->workers),
					 .max_connections = connections_of(c),
					 .queue = c->queue,
					 .connect_timeout = c->connect_timeout,
					 .queue_timeout = c->queue_timeout,
					 .keep_timeout = c->keep_timeout};
	if (!c->connect)
		return open_command(s, c, uid, gid);
	p->addr_count = sock_parse(c->connect, false, p->addrs, &why);
	if (p->addr_count < 1) {
		log_error(AREA_FCGI, "[fastcgi %s] connect = %s: %s", c->name, c->connect, why);
		return -1;
	}
	return 0;
}

/* ---- all ---- */

static int open_pairs(struct sockets *s)
{
	int size = MESSAGE_BUFFER;

	s->worker_ends = descriptors(s->workers);
	s->spawner_ends = descriptors(s->workers);
	for (unsigned i = 0; i < s->workers; i++) {
		int fd[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd)) {
			log_error(AREA_SERVER, "socketpair: %s", strerror(errno));
			return -1;
		}
		s->worker_ends[i] = fd[0];
		s->spawner_ends[i] = fd[1];
		for (int k = 0; k < 2; k++) {
			/* Root may go over the system's limit; others get what it allows. */
			if (setsockopt(fd[k], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size))
				(void)setsockopt(fd[k], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
		}
	}
	return 0;
}

int sockets_open(struct sockets *s, const struct config *c, uid_t uid, gid_t gid)
{
	int r = 0;

	*s = (struct sockets){.workers = c->server.workers, .pool_count = c->fastcgi_count};
	s->pools = heap_zalloc(s->pool_count, sizeof *s->pools);
	s->pool_fds = descriptors(s->pool_count);
	for (const struct conf_listen *l = c->listens; l; l = l->next)
		r |= open_listen(s, l);
	for (const struct conf_fastcgi *f = c->fastcgis; f; f = f->next)
		r |= open_pool(s, f, uid, gid);
	if (s->folder[0] && getuid() == 0 && chown(s->folder, uid, gid)) {
		log_error(AREA_SERVER, "cannot give the folder %s to the server's user: %s",
			  s->folder, strerror(errno));
		r = -1;
	}
	return r | open_pairs(s);
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; fds && i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	free(fds);
}

static void close_others(int *fds, size_t n, int index)
{
	for (size_t i = 0; i < n; i++) {
		if (fds[i] >= 0 && (int)i != index) {
			close(fds[i]);
			fds[i] = -1;
		}
	}
}

void sockets_keep(struct sockets *s, int index)
{
	for (size_t i = 0; i < s->listener_count; i++)
		close_others(s->listeners[i].fds, s->workers, index);
	close_others(s->worker_ends, s->workers, index);
	if (index >= 0) {
		close_others(s->spawner_ends, s->workers, -1);
		close_others(s->pool_fds, s->pool_count, -1);
	}
}

void sockets_close(struct sockets *s)
{
	for (size_t i = 0; i < s->listener_count; i++) {
		close_all(s->listeners[i].fds, s->workers);
		SSL_CTX_free(s->listeners[i].ctx);
	}
	for (size_t i = 0; i < s->pool_count; i++) {
		if (s->pool_fds[i] >= 0)
			unlink(s->pools[i].addrs[0].u.un.sun_path);
	}
	close_all(s->pool_fds, s->pool_count);
	close_all(s->worker_ends, s->workers);
	close_all(s->spawner_ends, s->workers);
	if (s->folder[0])
		rmdir(s->folder);
	free(s->listeners);
	free(s->pools);
}
