/* SPDX-License-Identifier: MIT */
/*
 * A folder of real files for one test, under /tmp. Names are relative to it. Every file gets the
 * same date, so that responses can be compared as text.
 */
#ifndef OUTRIDER_TESTS_UNIT_FOLDER_H
#define OUTRIDER_TESTS_UNIT_FOLDER_H

#include <stddef.h>
#include <time.h>

enum { FOLDER_DATE = 784111777 };
#define FOLDER_DATE_TEXT "Sun, 06 Nov 1994 08:49:37 GMT"

/* Makes the folder and returns its absolute path, "/tmp/.../www", constant until folder_clear(). */
const char *folder_make(void);
/* Removes it and all that is in it. */
void folder_clear(void);

/* The absolute path of a name; the four newest results stay valid. */
const char *folder_path(const char *name);
/* Writes a file, into the old one when there is one; without any content when N is 0. */
void folder_put(const char *name, const void *from, size_t n);
void folder_put_text(const char *name, const char *from);
/* As an editor or a deployment does it: a new file takes the name over. */
void folder_replace(const char *name, const void *from, size_t n);
void folder_set_date(const char *name, time_t);
void folder_mkdir(const char *name);

/* Octets that repeat nowhere near, other ones for each SEED. */
void folder_fill(char *to, size_t n, unsigned seed);
/* Waits until a further change to any file is sure to show in its times. */
void folder_settle(void);
/* Descriptors that the process has open. */
int folder_descriptors(void);

#endif
