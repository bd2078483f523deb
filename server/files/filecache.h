/* SPDX-License-Identifier: MIT */
/*
 * Open files and small contents, remembered by path. What is remembered is checked against the file
 * system (one stat) once in every turn of the loop in which it is asked for, so nothing stale is
 * ever served, yet a burst of requests for one file costs one look.
 *
 * A file that was replaced gets a new entry; the old one, its descriptor and its content, lives
 * until its last holder lets go. That nothing was found is not remembered.
 */
#ifndef OUTRIDER_FILES_FILECACHE_H
#define OUTRIDER_FILES_FILECACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "server/base/text.h"

struct filecache;
struct loop;

/* One regular file. Counted: filecache_get() adds a holder, filecache_put() takes it away. */
struct cached_file {
	int fd;		    /* open for reading; -1 when the content is in memory */
	const char *memory; /* the whole content of a small file, or NULL */
	uint64_t size;
	time_t modified;	/* as the file system says */
	bool future;		/* it says a time that is still to come; the text then tells now */
	char modified_text[32]; /* as a Last-Modified field, HTTP_DATE_LEN octets */
	struct text type;	/* media type, constant */
	struct text path;	/* as asked for; NUL-terminated */
};

/*
 * ENTRIES: most files remembered, and so most descriptors kept for files that nobody holds; the
 * caller keeps it well below the limit of descriptors. SMALL: most octets of a file kept in memory.
 * The loop must outlive the cache.
 */
struct filecache *filecache_new(struct loop *, size_t entries, size_t small);
/* Nobody may hold a file any longer. */
void filecache_free(struct filecache *);
/*
 * The file at an absolute path, without a NUL in it. NULL and errno: ENOENT, ENOTDIR, ENAMETOOLONG,
 * EACCES, EISDIR (a folder), ELOOP, EINVAL (neither file nor folder), or what else open(2) and
 * read(2) may say.
 */
struct cached_file *filecache_get(struct filecache *, struct text path);
void filecache_put(struct filecache *, struct cached_file *);
/*
 * Forgets what was not asked for since the last call, so that files removed from the disk do not
 * keep their room. A timer calls it once a minute while there are entries.
 */
void filecache_sweep(struct filecache *);

#endif
