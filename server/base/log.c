/* SPDX-License-Identifier: MIT */
/* Lines are built in a fixed buffer and cut at its end: a log line never allocates. */
#include "server/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 8192 };

unsigned log_traced;
enum log_level log_limit = LEVEL_INFO;

static struct {
	int fd;
	bool system;
	char path[4096];
} target = {.fd = STDERR_FILENO};

static const struct {
	const char *name;
	unsigned bit;
} areas[] = {
    {"server", AREA_SERVER}, {"h2", AREA_H2},	{"fcgi", AREA_FCGI},   {"cgi", AREA_CGI},
    {"http", AREA_HTTP},     {"tls", AREA_TLS}, {"files", AREA_FILES},
};

static const char *const levels[] = {"error", "warn", "info", "debug"};

static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

static void switch_to(int fd, bool system, const char *path)
{
	if (target.fd > STDERR_FILENO)
		close(target.fd);
	target.fd = fd;
	target.system = system;
	snprintf(target.path, sizeof target.path, "%s", path);
}

int log_open(const char *name)
{
	int fd;

	if (strcmp(name, "stderr") == 0) {
		switch_to(STDERR_FILENO, false, "");
		return 0;
	}
	if (strcmp(name, "syslog") == 0) {
		openlog("outrider", LOG_PID, LOG_DAEMON);
		switch_to(STDERR_FILENO, true, "");
		return 0;
	}
	if (strlen(name) >= sizeof target.path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open_file(name);
	if (fd < 0)
		return -1;
	switch_to(fd, false, name);
	return 0;
}

int log_reopen(void)
{
	char path[sizeof target.path];
	int fd;

	if (!target.path[0])
		return 0;
	fd = open_file(target.path);
	if (fd < 0)
		return -1;
	memcpy(path, target.path, sizeof path);
	switch_to(fd, false, path);
	return 0;
}

void log_set_level(enum log_level level)
{
	log_limit = level;
}

static unsigned area_bit(const char *name, size_t n)
{
	for (unsigned i = 0; i < sizeof areas / sizeof *areas; i++) {
		if (strlen(areas[i].name) == n && memcmp(areas[i].name, name, n) == 0)
			return areas[i].bit;
	}
	return 0;
}

int log_set_trace(const char *list)
{
	unsigned set = 0;

	while (*list) {
		size_t n = strcspn(list, ",");
		unsigned bit = area_bit(list, n);

		if (!bit)
			return -1;
		set |= bit;
		list += n;
		list += *list == ',';
	}
	log_traced |= set;
	return 0;
}

const char *log_area_names(void)
{
	return "server, h2, fcgi, cgi, http, tls, files";
}

static const char *area_name(enum log_area area)
{
	for (unsigned i = 0; i < sizeof areas / sizeof *areas; i++) {
		if (areas[i].bit == (unsigned)area)
			return areas[i].name;
	}
	return "server";
}

static size_t put_time(char *buf, size_t cap)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(buf, cap, "%Y-%m-%dT%H:%M:%S", &tm);
	return n + (size_t)snprintf(buf + n, cap - n, ".%03ldZ", now.tv_nsec / 1000000);
}

static void put_line(int priority, const char *word, enum log_area area, const char *fmt,
		     va_list ap)
{
	char buf[LINE];
	size_t n = put_time(buf, sizeof buf), start;
	int saved = errno, r;

	n += (size_t)snprintf(buf + n, sizeof buf - n, " %s [%d] ", word, (int)getpid());
	start = n;
	n += (size_t)snprintf(buf + n, sizeof buf - n, "%s: ", area_name(area));
	r = vsnprintf(buf + n, sizeof buf - n - 1, fmt, ap);
	if (r > 0)
		n += (size_t)r < sizeof buf - n - 1 ? (size_t)r : sizeof buf - n - 2;
	if (target.system) {
		syslog(priority, "%s", buf + start);
	} else {
		buf[n++] = '\n';
		/* Nobody is left to tell when the log itself cannot be written. */
		if (write(target.fd, buf, n) < 0)
			errno = saved;
	}
	errno = saved;
}

void log_line(enum log_level level, enum log_area area, const char *fmt, ...)
{
	static const int priority[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
	va_list ap;

	if (level > log_limit)
		return;
	va_start(ap, fmt);
	put_line(priority[level], levels[level], area, fmt, ap);
	va_end(ap);
}

void log_trace_line(enum log_area area, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(LOG_DEBUG, "trace", area, fmt, ap);
	va_end(ap);
}

_Noreturn void oom(void)
{
	static const char text[] = "outrider: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
		abort();
	abort();
}
