/* SPDX-License-Identifier: MIT */
/*
 * INI files, read line by line with the number of each line. inih takes the lines apart; what it
 * would cut, join or overlook without a word is found here before it sees the line.
 *
 *     [section NAME]           a section begins
 *     key = value ; comment    a value; ` ;` begins a comment, `#` only in the first column
 *       more of the value      an indented line continues the value above, joined by one space
 */
#ifndef OUTRIDER_APP_INI_H
#define OUTRIDER_APP_INI_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "server/base/text.h"

enum {
	INI_LINE_MAX = 198,	/* octets of a line; inih 55 cuts longer ones */
	INI_SECTION_MAX = 49,	/* octets between the brackets; likewise */
	INI_VALUE_MAX = 16384,	/* octets of a value with all its continuation lines */
	INI_FILE_MAX = 1 << 20, /* octets of a file */
};

/*
 * Takes what a file is made of, in the order of the file; lines count from 1, those of a key are
 * the lines of its name. Texts are borrowed for the call only. SECTION is called with NULL for a
 * header that was refused, so that the keys below it are not taken for another section's, and
 * where reading ends early.
 */
struct ini_sink {
	void (*section)(void *to, unsigned line, const char *name);
	void (*key)(void *to, unsigned line, const char *name, const char *value);
	void (*error)(void *to, unsigned line, const char *message);
	/* Whether an indented line that begins `WORD=` is a key someone has indented. */
	bool (*is_key)(void *to, struct text word);
};

/* Reads text that is in memory. It goes on after an error, except in what is no text at all. */
void ini_read(struct text, const struct ini_sink *, void *to);

/*
 * The octets of a regular file, to be freed; *ST is what fstat() said. NULL when the file cannot be
 * read or is larger than INI_FILE_MAX, and then *WHY says why.
 */
char *ini_load(const char *path, size_t *n, struct stat *st, const char **why);

#endif
