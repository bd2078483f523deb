/* SPDX-License-Identifier: MIT */
/*
 * Files of a folder, served as they are: GET and HEAD, type by extension, length, Last-Modified.
 */
#ifndef OUTRIDER_FILES_STATIC_H
#define OUTRIDER_FILES_STATIC_H

#include <stddef.h>

#include "server/base/text.h"

struct filecache;
struct handler;

/* Settings; an exchange's `target`. All borrowed, constant while exchanges use them. */
struct static_target {
	size_t skip;		  /* octets at the front of the path that `root` stands for */
	const char *root;	  /* folder, absolute, without a slash at its end */
	const struct text *index; /* names tried for a folder */
	size_t index_count;
	struct filecache *cache; /* of this loop */
};

extern const struct handler static_handler;

#endif
