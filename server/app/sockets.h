/* SPDX-License-Identifier: MIT */
/* Everything the supervisor opens before it starts processes, and keeps open across their deaths.
 */
#ifndef OUTRIDER_APP_SOCKETS_H
#define OUTRIDER_APP_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <openssl/ssl.h>

#include "gateway/fcgi_pool.h"

struct conf_fastcgi;
struct conf_listen;
struct config;

struct app_listener {
	const struct conf_listen *conf;
	SSL_CTX *ctx; /* NULL in the clear */
	int *fds;     /* one a worker: each has its own SO_REUSEPORT socket */
	char address[160];
};

struct sockets {
	unsigned workers;
	struct app_listener *listeners;
	size_t listener_count;
	struct fcgi_pool_settings *pools; /* by index of the [fastcgi] section */
	int *pool_fds;			  /* listening sockets of `command`; -1 for the others */
	size_t pool_count;
	int *worker_ends, *spawner_ends; /* of the pairs between them, one a worker */
	char folder[64];		 /* of the sockets of `command`; "" when there is none */
};

/* Opens all; -1 when something cannot be, each failure is logged. UID and GID own the sockets of
 * `command`. */
int sockets_open(struct sockets *, const struct config *, uid_t uid, gid_t gid);
void sockets_close(struct sockets *);

/* In a child: closes what belongs to the others. INDEX: of a worker; -1: the spawner. */
void sockets_keep(struct sockets *, int index);

#endif
