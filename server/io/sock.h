/* SPDX-License-Identifier: MIT */
/* Sockets: addresses as operators write them, listening, accepting, connecting. All non-blocking.
 */
#ifndef OUTRIDER_IO_SOCK_H
#define OUTRIDER_IO_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { SOCK_ADDRS = 16, SOCK_TEXT = 64 };

struct sock_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
		struct sockaddr_storage storage;
	} u;
	socklen_t len;
};

/*
 * Reads "127.0.0.1:80", "[::1]:80", "*:80" (both families), "localhost:80", "name:80" or
 * "unix:/path" into at most SOCK_ADDRS addresses; returns their number, or -1 with *why in words.
 * `passive`: to listen on. Names are looked up, so this may block: call it at start only.
 */
int sock_parse(const char *text, bool passive, struct sock_addr to[SOCK_ADDRS], const char **why);
/*
 * A listening socket; -1 and errno. TCP sockets get SO_REUSEADDR and, with `share`, SO_REUSEPORT;
 * IPv6 ones are IPV6_V6ONLY. A Unix socket left behind by a dead process is replaced; MODE is its
 * permission.
 */
int sock_listen(const struct sock_addr *, bool share, int backlog, unsigned mode);
/* Takes a connection: non-blocking, close-on-exec, TCP_NODELAY. -1 and errno when there is none. */
int sock_accept(int fd, struct sock_addr *peer);
/* Starts a connection; -1 and errno (EAGAIN: the backlog of a Unix socket is full). *done: it is
 * established already. */
int sock_connect(const struct sock_addr *, bool *done);
/* The error pending on a socket, 0 for none. */
int sock_error(int fd);
/* Address and port as text, NUL-terminated; a Unix socket gives two empty texts. */
void sock_name(const struct sock_addr *, char addr[SOCK_TEXT], char port[8]);
/* "127.0.0.1:80", "[::1]:80", "unix:/path": for messages. */
void sock_print(const struct sock_addr *, char *buf, size_t cap);
bool sock_is_remote(const struct sock_addr *);

#endif
