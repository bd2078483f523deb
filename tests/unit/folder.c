/* SPDX-License-Identifier: MIT */
/* Whatever goes wrong here is no fault of what is tested: it ends in a failed check as well. */
#include "tests/unit/folder.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64], root[80];

const char *folder_make(void)
{
	strcpy(top, "/tmp/outrider-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	/* A test that drops root's rights still has to get in. */
	ck_assert_int_eq(chmod(top, 0755), 0);
	snprintf(root, sizeof root, "%s/www", top);
	ck_assert_int_eq(mkdir(root, 0755), 0);
	return root;
}

void folder_clear(void)
{
	char command[96];

	snprintf(command, sizeof command, "rm -rf %s", top);
	ck_assert_int_eq(system(command), 0);
}

const char *folder_path(const char *name)
{
	static char buf[4][PATH_MAX];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(buf[turn], sizeof buf[turn], "%s/%s", root, name);
	return buf[turn];
}

void folder_set_date(const char *name, time_t when)
{
	struct timespec t[2] = {{.tv_sec = when}, {.tv_sec = when}};

	ck_assert_int_eq(utimensat(AT_FDCWD, folder_path(name), t, 0), 0);
}

void folder_put(const char *name, const void *from, size_t n)
{
	int fd = open(folder_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, from, n), (ssize_t)n);
	close(fd);
	folder_set_date(name, FOLDER_DATE);
}

void folder_put_text(const char *name, const char *from)
{
	folder_put(name, from, strlen(from));
}

void folder_replace(const char *name, const void *from, size_t n)
{
	folder_put("new", from, n);
	ck_assert_int_eq(rename(folder_path("new"), folder_path(name)), 0);
}

void folder_mkdir(const char *name)
{
	ck_assert_int_eq(mkdir(folder_path(name), 0755), 0);
}

void folder_fill(char *to, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		to[i] = (char)(seed >> 16);
	}
}

void folder_settle(void)
{
	struct timespec t = {.tv_nsec = 50000000};

	nanosleep(&t, NULL);
}

int folder_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}
