/* SPDX-License-Identifier: MIT */
/*
 * The pipe holds the body until it would grow over SPOOL_MEMORY; then its content moves to the file
 * and everything after it goes there too. For reading, the pipe is filled from the file piece by
 * piece.
 */
#include "gateway/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECES = 8 };

void spool_init(struct spool *s, struct chunk_cache *cache)
{
	*s = (struct spool){.fd = -1};
	pipe_init(&s->memory, cache, SPOOL_MEMORY);
}

void spool_clear(struct spool *s)
{
	pipe_clear(&s->memory);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static int open_unlinked(void)
{
	const char *dir = getenv("TMPDIR");
	char name[4096];
	int fd;

	if (!dir || !*dir)
		dir = "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd;
	/* A file system without O_TMPFILE. */
	if ((size_t)snprintf(name, sizeof name, "%s/outrider-XXXXXX", dir) >= sizeof name) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

static int store(struct spool *s, const struct iovec *v, int n)
{
	for (int i = 0; i < n; i++) {
		const char *p = v[i].iov_base;
		size_t left = v[i].iov_len;

		while (left) {
			ssize_t r = pwrite(s->fd, p, left, (off_t)s->stored);

			if (r < 0 && errno == EINTR)
				continue;
			if (r <= 0)
				return -1;
			p += r;
			left -= (size_t)r;
			s->stored += (uint64_t)r;
		}
	}
	return 0;
}

static int move_to_file(struct spool *s)
{
	s->fd = open_unlinked();
	if (s->fd < 0)
		return -1;
	while (s->memory.len) {
		struct iovec v[PIECES];
		int n = pipe_peek(&s->memory, v, PIECES);
		uint64_t before = s->stored;

		if (store(s, v, n))
			return -1;
		pipe_take(&s->memory, (size_t)(s->stored - before));
	}
	return 0;
}

int spool_put(struct spool *s, const void *p, size_t n)
{
	struct iovec v = {(void *)(uintptr_t)p, n};

	s->total += n;
	if (s->fd < 0 && s->memory.len + n <= SPOOL_MEMORY) {
		pipe_write(&s->memory, p, n);
		return 0;
	}
	if (s->fd < 0 && move_to_file(s))
		return -1;
	return store(s, &v, 1);
}

static int fetch(struct spool *s)
{
	struct iovec v[PIECES];
	uint64_t left = s->stored - s->fetched;
	int n =
	    pipe_reserve(&s->memory, v, PIECES, left < SPOOL_MEMORY ? (size_t)left : SPOOL_MEMORY);
	ssize_t r = preadv(s->fd, v, n, (off_t)s->fetched);

	pipe_commit(&s->memory, r > 0 ? (size_t)r : 0);
	if (r == 0)
		errno = EIO; /* the file is ours alone: it cannot have shrunk */
	if (r <= 0)
		return -1;
	s->fetched += (uint64_t)r;
	return 0;
}

int spool_peek(struct spool *s, struct iovec *v, int max)
{
	if (s->memory.len == 0 && s->fetched < s->stored && fetch(s))
		return -1;
	return pipe_peek(&s->memory, v, max);
}

void spool_take(struct spool *s, size_t n)
{
	pipe_take(&s->memory, n);
}

bool spool_empty(const struct spool *s)
{
	return s->memory.len == 0 && s->fetched == s->stored;
}
