/* SPDX-License-Identifier: MIT */
/* Thin covers of the system calls; what may block (name look-up) is for start-up only. */
#include "server/io/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int parse_unix(const char *path, struct sock_addr *to, const char **why)
{
	if (strlen(path) >= sizeof to->u.un.sun_path) {
		*why = "the path of a Unix socket has at most 107 octets";
		return -1;
	}
	if (path[0] != '/') {
		*why = "the path of a Unix socket must begin with /";
		return -1;
	}
	memset(to, 0, sizeof *to);
	to->u.un.sun_family = AF_UNIX;
	strcpy(to->u.un.sun_path, path);
	to->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
	return 1;
}

/* Splits "host:port"; host without brackets. */
static int split(const char *text, char *host, size_t cap, const char **port, const char **why)
{
	const char *colon = strrchr(text, ':'), *end = colon;

	if (!colon || !colon[1]) {
		*why = "a port is missing: host:port";
		return -1;
	}
	if (*text == '[') {
		text++;
		end = colon - 1;
		if (end < text || *end != ']') {
			*why = "an IPv6 address is written [address]:port";
			return -1;
		}
	} else if (memchr(text, ':', (size_t)(colon - text))) {
		*why = "an IPv6 address is written [address]:port";
		return -1;
	}
	if ((size_t)(end - text) >= cap) {
		*why = "the host name is too long";
		return -1;
	}
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = '\0';
	*port = colon + 1;
	return 0;
}

int sock_parse(const char *text, bool passive, struct sock_addr to[SOCK_ADDRS], const char **why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0};
	struct addrinfo *found, *a;
	char host[256];
	const char *port;
	int n = 0, r;

	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, to, why);
	if (split(text, host, sizeof host, &port, why))
		return -1;
	if (strspn(port, "0123456789") != strlen(port) || strlen(port) > 5 || atoi(port) > 65535 ||
	    atoi(port) < 1) {
		*why = "the port is a number from 1 to 65535";
		return -1;
	}
	r = getaddrinfo(host[0] && strcmp(host, "*") != 0 ? host : NULL, port, &hints, &found);
	if (r) {
		*why = gai_strerror(r);
		return -1;
	}
	for (a = found; a && n < SOCK_ADDRS; a = a->ai_next) {
		memset(&to[n], 0, sizeof to[n]);
		memcpy(&to[n].u.storage, a->ai_addr, a->ai_addrlen);
		to[n++].len = a->ai_addrlen;
	}
	freeaddrinfo(found);
	return n;
}

static void set(int fd, int level, int option)
{
	int on = 1;

	/* Each of these is a wish; a kernel without it serves all the same. */
	(void)setsockopt(fd, level, option, &on, sizeof on);
}

/* Whether somebody still listens at a Unix socket's path; if not, the path is removed. */
static bool unix_in_use(const struct sock_addr *a)
{
	struct stat st;
	int fd, r;

	if (lstat(a->u.un.sun_path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	r = connect(fd, &a->u.sa, a->len);
	if (r < 0 && errno == ECONNREFUSED)
		unlink(a->u.un.sun_path);
	close(fd);
	return r == 0;
}

int sock_listen(const struct sock_addr *a, bool share, int backlog, unsigned mode)
{
	int family = a->u.sa.sa_family, saved;
	int fd;

	if (family == AF_UNIX && unix_in_use(a)) {
		errno = EADDRINUSE;
		return -1;
	}
	fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (family != AF_UNIX) {
		set(fd, SOL_SOCKET, SO_REUSEADDR);
		if (share)
			set(fd, SOL_SOCKET, SO_REUSEPORT);
	}
	if (bind(fd, &a->u.sa, a->len))
		goto fail;
	if (family == AF_UNIX && chmod(a->u.un.sun_path, mode))
		goto fail;
	if (listen(fd, backlog))
		goto fail;
	return fd;
fail:
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int sock_accept(int fd, struct sock_addr *peer)
{
	int r;

	peer->len = sizeof peer->u.storage;
	r = accept4(fd, &peer->u.sa, &peer->len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (r >= 0 && peer->u.sa.sa_family != AF_UNIX)
		set(r, IPPROTO_TCP, TCP_NODELAY);
	return r;
}

int sock_connect(const struct sock_addr *a, bool *done)
{
	int fd = socket(a->u.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int saved;

	*done = false;
	if (fd < 0)
		return -1;
	if (a->u.sa.sa_family != AF_UNIX)
		set(fd, IPPROTO_TCP, TCP_NODELAY);
	if (connect(fd, &a->u.sa, a->len) == 0) {
		*done = true;
		return fd;
	}
	if (errno == EINPROGRESS)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int sock_error(int fd)
{
	int err = 0;
	socklen_t len = sizeof err;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
		return errno;
	return err;
}

void sock_name(const struct sock_addr *a, char addr[SOCK_TEXT], char port[8])
{
	addr[0] = port[0] = '\0';
	if (a->u.sa.sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)&a->u.storage;

		inet_ntop(AF_INET, &in->sin_addr, addr, SOCK_TEXT);
		snprintf(port, 8, "%u", ntohs(in->sin_port));
	} else if (a->u.sa.sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)&a->u.storage;

		inet_ntop(AF_INET6, &in6->sin6_addr, addr, SOCK_TEXT);
		snprintf(port, 8, "%u", ntohs(in6->sin6_port));
	}
}

void sock_print(const struct sock_addr *a, char *buf, size_t cap)
{
	char addr[SOCK_TEXT], port[8];

	if (a->u.sa.sa_family == AF_UNIX) {
		snprintf(buf, cap, "unix:%s", a->u.un.sun_path);
		return;
	}
	sock_name(a, addr, port);
	snprintf(buf, cap, a->u.sa.sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", addr, port);
}

bool sock_is_remote(const struct sock_addr *a)
{
	if (a->u.sa.sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)&a->u.storage;

		return ntohl(in->sin_addr.s_addr) >> 24 != 127;
	}
	if (a->u.sa.sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)&a->u.storage;

		return !IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	}
	return false;
}
