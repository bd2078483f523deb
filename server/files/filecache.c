/* SPDX-License-Identifier: MIT */
/*
 * A hash table of entries, each also on a list by its last use:
 *
 *     get ──→ found, checked in this turn ──────────────────────────────→ hold
 *               found, stat the same ──→ front of the list ─────────────→ hold
 *               found, stat differs ───→ open and read anew, forget old ─→ hold
 *               not found ─────────────→ open and read, forget the oldest → hold
 *
 * An entry never changes after it was made. It is counted: each holder is one, being in the table
 * is one; the last to let go frees it. So forgetting an entry that is being sent does no harm.
 *
 * Device, inode, size and the times of content and inode say whether it is still the same file. The
 * time of the inode stands for what the time of the content hides: changed rights (they must be
 * asked anew) and times set by hand. What they cannot show is a second change within one tick of
 * the file system's clock; a content read within that tick is not `settled` and is read once more
 * whenever it is asked for in a later turn.
 *
 * The hash is quick and not secret. Only files that exist get in and the table is bounded, so the
 * worst that chosen names can do is one long chain of comparisons of numbers.
 */
#include "server/files/filecache.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/files/mime.h"
#include "server/http/date.h"
#include "server/io/loop.h"

enum { SWEEP_SECONDS = 60 };

/* Nanoseconds in which a file system may fail to tell two changes apart. */
static const int64_t FINE_TICK = 20000000, COARSE_TICK = 2000000000;

struct identity {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec content, inode; /* mtime, ctime */
};

struct entry {
	struct cached_file file;
	struct entry *next; /* of the same bucket */
	struct list recent;
	uint64_t hash, turn; /* turn: the last in which it was checked */
	struct identity id;
	unsigned holders; /* the table counts as one */
	bool settled;
	char room[]; /* path, NUL, content */
};

struct filecache {
	struct loop *loop;
	struct entry **buckets;
	size_t mask, count, max, small;
	struct list recent; /* entries, used last first */
	struct timer sweeper;
	uint64_t swept; /* turn of the last sweep */
};

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

static uint64_t load8(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof word);
	return word;
}

static uint64_t hash_path(struct text t)
{
	uint64_t h = mix(0, t.n), word = 0;
	size_t i = 0;

	for (; i + 8 < t.n; i += 8)
		h = mix(h, load8(t.p + i));
	if (t.n >= 8)
		return mix(h, load8(t.p + t.n - 8));
	for (; i < t.n; i++)
		word = word << 8 | (uint8_t)t.p[i];
	return mix(h, word);
}

/* ---- entries ---- */

static void entry_put(struct entry *e)
{
	if (--e->holders)
		return;
	if (e->file.fd >= 0)
		close(e->file.fd);
	free(e);
}

static struct identity identity_of(const struct stat *st)
{
	return (struct identity){st->st_dev, st->st_ino, st->st_size, st->st_mtim, st->st_ctim};
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_file(const struct identity *a, const struct identity *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->size == b->size &&
	       same_time(a->content, b->content) && same_time(a->inode, b->inode);
}

/* Whether any later change will be seen in the times. READ: before the content was read. */
static bool is_settled(const struct stat *st, struct timespec read)
{
	/* File systems without fractions of seconds have none in any of their times. */
	int64_t tick = st->st_ctim.tv_nsec % 1000000 ? FINE_TICK : COARSE_TICK;
	int64_t seconds = (int64_t)read.tv_sec - st->st_ctim.tv_sec;

	return seconds > 10 ||
	       (seconds >= 0 && seconds * 1000000000 + read.tv_nsec - st->st_ctim.tv_nsec > tick);
}

static struct entry *entry_new(struct filecache *c, const char *name, size_t n,
			       const struct stat *st, time_t now)
{
	bool small = (uint64_t)st->st_size <= c->small;
	struct entry *e = malloc(sizeof *e + n + 1 + (small ? (size_t)st->st_size : 0));

	if (!e)
		oom();
	*e = (struct entry){.id = identity_of(st), .turn = c->loop->turn, .holders = 1};
	memcpy(e->room, name, n + 1);
	e->file.path = (struct text){e->room, n};
	e->file.type = mime_find(e->file.path);
	e->file.fd = -1;
	e->file.size = (uint64_t)st->st_size;
	e->file.modified = st->st_mtim.tv_sec > 0 ? st->st_mtim.tv_sec : 0;
	/* RFC 9110 section 8.8.2.1: never tell a time that is still to come. */
	e->file.future = e->file.modified > now;
	http_date_put(e->file.modified_text, e->file.future ? now : e->file.modified);
	return e;
}

/* ---- the file system ---- */

static int check_kind(const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return 0;
	errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
	return -1;
}

/* A file that shrank since fstat() counts as what is left; its next check will find it changed. */
static int read_content(struct entry *e, int fd)
{
	char *to = e->room + e->file.path.n + 1;
	uint64_t have = 0;

	while (have < e->file.size) {
		ssize_t n = read(fd, to + have, (size_t)(e->file.size - have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (uint64_t)n;
	}
	e->file.memory = to;
	e->file.size = have;
	return 0;
}

/* O_NONBLOCK: should the file have become a FIFO since stat(), nobody waits for its other end. */
static struct entry *load(struct filecache *c, const char *name, size_t n)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), saved;
	struct entry *e = NULL;
	struct timespec now;
	struct stat st;

	if (fd < 0)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	if (fstat(fd, &st) || check_kind(&st))
		goto fail;
	e = entry_new(c, name, n, &st, now.tv_sec);
	if (e->file.size > c->small) {
		e->file.fd = fd;
		e->settled = true;
		return e;
	}
	if (read_content(e, fd))
		goto fail;
	e->settled = is_settled(&st, now);
	close(fd);
	return e;
fail:
	saved = errno;
	if (e)
		entry_put(e);
	close(fd);
	errno = saved;
	return NULL;
}

/* ---- the table ---- */

static struct entry *find(const struct filecache *c, uint64_t hash, struct text path)
{
	struct entry *e = c->buckets[hash & c->mask];

	while (e && !(e->hash == hash && text_eq(e->file.path, path)))
		e = e->next;
	return e;
}

static void forget(struct filecache *c, struct entry *e)
{
	struct entry **link = &c->buckets[e->hash & c->mask];

	while (*link != e)
		link = &(*link)->next;
	*link = e->next;
	list_remove(&e->recent);
	c->count--;
	entry_put(e);
}

static struct entry *oldest(struct filecache *c)
{
	return list_entry(c->recent.prev, struct entry, recent);
}

static void remember(struct filecache *c, struct entry *e, uint64_t hash)
{
	struct entry **bucket = &c->buckets[hash & c->mask];

	if (c->max == 0)
		return;
	if (c->count == c->max)
		forget(c, oldest(c));
	e->hash = hash;
	e->next = *bucket;
	*bucket = e;
	list_prepend(&c->recent, &e->recent);
	c->count++;
	e->holders++;
	if (!timer_running(&c->sweeper))
		timer_start(loop_timers(c->loop, SWEEP_SECONDS), &c->sweeper);
}

/* OLD, if there is one, was not checked in this turn. */
static struct entry *look(struct filecache *c, struct entry *old, struct text path, uint64_t hash)
{
	char name[PATH_MAX];
	struct identity id;
	struct stat st;
	struct entry *e = NULL;

	if (path.n >= sizeof name) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(name, path.p, path.n);
	name[path.n] = '\0';
	if (stat(name, &st) == 0 && check_kind(&st) == 0) {
		id = identity_of(&st);
		if (old && old->settled && same_file(&old->id, &id)) {
			old->turn = c->loop->turn;
			old->holders++;
			list_remove(&old->recent);
			list_prepend(&c->recent, &old->recent);
			return old;
		}
		e = load(c, name, path.n);
	}
	if (old) {
		int saved = errno;

		forget(c, old);
		errno = saved;
	}
	if (e)
		remember(c, e, hash);
	return e;
}

/* ---- public ---- */

static void sweep_fired(struct timer *t)
{
	filecache_sweep(list_entry(t, struct filecache, sweeper));
}

struct filecache *filecache_new(struct loop *loop, size_t entries, size_t small)
{
	struct filecache *c = heap_zalloc(1, sizeof *c);
	size_t buckets = 1;

	while (buckets < entries)
		buckets *= 2;
	c->buckets = heap_zalloc(buckets, sizeof *c->buckets);
	c->loop = loop;
	c->mask = buckets - 1;
	c->max = entries;
	c->small = small;
	c->swept = loop->turn;
	list_init(&c->recent);
	timer_init(&c->sweeper, sweep_fired);
	return c;
}

void filecache_free(struct filecache *c)
{
	if (!c)
		return;
	while (c->count) {
		assert(oldest(c)->holders == 1);
		forget(c, oldest(c));
	}
	timer_stop(&c->sweeper);
	free(c->buckets);
	free(c);
}

struct cached_file *filecache_get(struct filecache *c, struct text path)
{
	uint64_t hash = hash_path(path);
	struct entry *e = find(c, hash, path);

	if (e && e->turn == c->loop->turn)
		e->holders++;
	else
		e = look(c, e, path, hash);
	return e ? &e->file : NULL;
}

void filecache_put(struct filecache *c, struct cached_file *file)
{
	(void)c;
	entry_put(list_entry(file, struct entry, file));
}

void filecache_sweep(struct filecache *c)
{
	while (c->count && oldest(c)->turn <= c->swept)
		forget(c, oldest(c));
	c->swept = c->loop->turn;
	timer_stop(&c->sweeper);
	if (c->count)
		timer_start(loop_timers(c->loop, SWEEP_SECONDS), &c->sweeper);
}
