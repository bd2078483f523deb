/* SPDX-License-Identifier: MIT */
/*
 * Lines gather in a buffer and are written when it is full or a second old, in one write(2) to a
 * descriptor in append mode, so that lines of several workers do not mix.
 */
#include "server/app/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/app/config.h"
#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/http/exchange.h"
#include "server/io/loop.h"

enum { BUFFER = 64 * 1024, LINE = 4096 };

struct sink {
	struct sink *next;
	const char *path; /* "stdout" or a file */
	int fd;
	size_t len;
	char buf[BUFFER];
};

struct access_log {
	struct loop *loop;
	struct sink *sinks;
	struct timer timer;
	time_t second; /* of stamp */
	char stamp[40];
};

static void put_out(struct sink *s)
{
	size_t at = 0;

	while (at < s->len) {
		ssize_t r = write(s->fd, s->buf + at, s->len - at);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			log_error(AREA_SERVER,
				  "access log %s cannot be written: %s; %zu octets lost", s->path,
				  strerror(errno), s->len - at);
			break;
		}
		at += (size_t)r;
	}
	s->len = 0;
}

static void timer_fired(struct timer *t)
{
	struct access_log *a = list_entry(t, struct access_log, timer);

	for (struct sink *s = a->sinks; s; s = s->next)
		put_out(s);
}

static int open_path(const char *path)
{
	if (strcmp(path, "stdout") == 0)
		return STDOUT_FILENO;
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

static struct sink *find(const struct access_log *a, const char *path)
{
	struct sink *s = a->sinks;

	while (s && strcmp(s->path, path) != 0)
		s = s->next;
	return s;
}

struct access_log *access_open(struct loop *loop, const struct config *c)
{
	struct access_log *a = heap_zalloc(1, sizeof *a);

	a->loop = loop;
	timer_init(&a->timer, timer_fired);
	for (const struct conf_site *site = c->sites; site; site = site->next) {
		struct sink *s;

		if (!site->access_log || find(a, site->access_log))
			continue;
		s = heap_zalloc(1, sizeof *s);
		s->path = site->access_log;
		s->fd = open_path(s->path);
		if (s->fd < 0) {
			log_error(AREA_SERVER, "access log %s cannot be opened: %s", s->path,
				  strerror(errno));
			free(s);
			access_close(a);
			return NULL;
		}
		s->next = a->sinks;
		a->sinks = s;
	}
	return a;
}

void access_close(struct access_log *a)
{
	timer_stop(&a->timer);
	while (a->sinks) {
		struct sink *s = a->sinks;

		put_out(s);
		if (s->fd != STDOUT_FILENO)
			close(s->fd);
		a->sinks = s->next;
		free(s);
	}
	free(a);
}

void access_reopen(struct access_log *a)
{
	for (struct sink *s = a->sinks; s; s = s->next) {
		int fd;

		put_out(s);
		fd = open_path(s->path);
		if (fd < 0) {
			log_error(AREA_SERVER,
				  "access log %s cannot be opened anew: %s; going on with "
				  "the old file",
				  s->path, strerror(errno));
			continue;
		}
		if (s->fd != STDOUT_FILENO)
			close(s->fd);
		s->fd = fd;
	}
}

static const char *stamp(struct access_log *a)
{
	time_t now = (time_t)loop_now(a->loop);
	struct tm tm;

	if (now != a->second) {
		a->second = now;
		localtime_r(&now, &tm);
		strftime(a->stamp, sizeof a->stamp, "%d/%b/%Y:%H:%M:%S %z", &tm);
	}
	return a->stamp;
}

/* A value of the peer between quotes: quotes are escaped too. */
static const char *quoted(char *buf, size_t cap, struct text t)
{
	size_t n;

	if (!t.n)
		return "-";
	text_escape(buf, cap, t);
	n = strlen(buf);
	for (size_t i = 0; i < n; i++) {
		if (buf[i] == '"')
			buf[i] = '\'';
	}
	return buf;
}

static void put_times(const struct access_log *a, const struct xchg_tally *t, char *buf, size_t cap)
{
	double total = loop_now(a->loop) - t->started;
	char first[24] = "-", informed[24] = "-";

	if (t->responded > 0)
		snprintf(first, sizeof first, "%.3f", t->responded - t->started);
	if (t->informed)
		snprintf(informed, sizeof informed, "%ux%u", t->last_informed, t->informed);
	snprintf(buf, cap, "first=%s total=%.3f 1xx=%s%s", first, total, informed,
		 t->reset ? " reset" : "");
}

void access_write(struct access_log *a, const struct exchange *x)
{
	const struct conf_site *site = x->site;
	char method[64], path[1500], referer[700], agent[500], times[120];
	struct sink *s = site && site->access_log ? find(a, site->access_log) : NULL;
	int n;

	if (!s)
		return;
	if (BUFFER - s->len < LINE)
		put_out(s);
	put_times(a, &x->tally, times, sizeof times);
	n = snprintf(s->buf + s->len, LINE, "%.*s - - [%s] \"%s %s %s\" %u %llu \"%s\" \"%s\" %s\n",
		     (int)x->connection->remote_addr.n, x->connection->remote_addr.p, stamp(a),
		     quoted(method, sizeof method, x->req->method),
		     quoted(path, sizeof path, x->req->path), x->connection->protocol,
		     x->tally.status, (unsigned long long)x->tally.sent,
		     quoted(referer, sizeof referer,
			    http_fields_value(&x->req->fields, HTTP_REFERER)),
		     quoted(agent, sizeof agent,
			    http_fields_value(&x->req->fields, HTTP_USER_AGENT)),
		     times);
	if (n > 0)
		s->len += n < LINE ? (size_t)n : LINE - 1;
	if (!timer_running(&a->timer))
		timer_start(loop_timers(a->loop, 1), &a->timer);
}
