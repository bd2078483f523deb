/* SPDX-License-Identifier: MIT */
/*
 * The error log: one line a call, written with one write(2) so that lines of several processes do
 * not mix. This is the one piece of state that a process keeps globally.
 *
 * A line reads `2026-11-21T22:30:01.123Z warn [4711] fcgi: message`. Messages say what happened,
 * to whom, and what the operator can do; octets of peers go through text_escape() first.
 */
#ifndef OUTRIDER_BASE_LOG_H
#define OUTRIDER_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG };

/* Who speaks; as a bit, an area whose frames or records are traced (-d). */
enum log_area {
	AREA_SERVER = 1 << 0,
	AREA_H2 = 1 << 1,
	AREA_FCGI = 1 << 2,
	AREA_CGI = 1 << 3,
	AREA_HTTP = 1 << 4,
	AREA_TLS = 1 << 5,
	AREA_FILES = 1 << 6,
};

/*
 * Sends the log to "stderr" (the state at start), "syslog" or a file, opened for appending. -1 and
 * errno when the file cannot be opened; the old target stays then. NAME is copied.
 */
int log_open(const char *name);
/* Opens the file anew, after rotation; no effect for other targets. */
int log_reopen(void);
/* Lines above LEVEL are dropped; the default is LEVEL_INFO. */
void log_set_level(enum log_level);
/* Turns tracing on for the areas named in a comma-separated list; -1 for an unknown name. */
int log_set_trace(const char *areas);
/* The areas' names for messages: "server, h2, fcgi, ...". */
const char *log_area_names(void);

void log_line(enum log_level, enum log_area, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A trace line; call it through log_trace() so that an area that is off costs one test. */
void log_trace_line(enum log_area, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prints to stderr and ends the process: memory is exhausted though every use is bounded. */
_Noreturn void oom(void);

extern unsigned log_traced; /* bits of enum log_area; read only */
extern enum log_level log_limit;

#define log_error(area, ...) log_line(LEVEL_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...)                                      \
	do {                                                     \
		if (log_limit >= LEVEL_WARN)                     \
			log_line(LEVEL_WARN, area, __VA_ARGS__); \
	} while (0)
#define log_info(area, ...)                                      \
	do {                                                     \
		if (log_limit >= LEVEL_INFO)                     \
			log_line(LEVEL_INFO, area, __VA_ARGS__); \
	} while (0)
#define log_debug(area, ...)                                      \
	do {                                                      \
		if (log_limit >= LEVEL_DEBUG)                     \
			log_line(LEVEL_DEBUG, area, __VA_ARGS__); \
	} while (0)
#define log_tracing(area) (log_traced & (area))
#define log_trace(area, ...)                               \
	do {                                               \
		if (log_tracing(area))                     \
			log_trace_line(area, __VA_ARGS__); \
	} while (0)

#endif
