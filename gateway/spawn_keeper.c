/* SPDX-License-Identifier: MIT */
/*
 * The programs of `command =`: so many processes a pool, each started again when it ends.
 *
 *     ends ──→ at once ──→ ends ──→ 1 s ──→ ends ──→ 2 s ── … 4, 8, 16 … ──→ 30 s, and so on
 *
 * Each process has a pause of its own. One that lived a minute was healthy: it begins again at the
 * left. One that ends with status 0 after a second or more was not broken but had done its work
 * (PHP_FCGI_MAX_REQUESTS): it is started again at once, which is once a second at most.
 *
 * They get the listening socket as descriptor 0, blocking: all processes of a pool share one open
 * file, so O_NONBLOCK on it would make libfcgi's accept(2) fail in all of them. Descriptors 1 and 2
 * both are our standard error. The environment is small and the same for all.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/spawn_internal.h"
#include "server/base/log.h"
#include "server/base/pool.h"

#define HEALTHY	  60.0 /* seconds of life after which a crash is taken for the first */
#define RECYCLING 1.0  /* seconds of life after which status 0 is no failure */
#define GRACE	  5.0  /* seconds from TERM to KILL */

static const double pauses[] = {0, 1, 2, 4, 8, 16, 30};
enum { PAUSES = sizeof pauses / sizeof *pauses };

struct spawn_kept {
	struct spawn_keeper *keeper;
	const struct spawn_pool *pool;
	char *name;		   /* the variable with the pool's name */
	struct spawn_group *group; /* NULL: does not run */
	double born, start_at;
	unsigned failures; /* in a row; index of the next pause */
};

static void set_blocking(const struct spawn_pool *p)
{
	int flags = fcntl(p->listen_fd, F_GETFL);

	if (flags < 0 || fcntl(p->listen_fd, F_SETFL, flags & ~O_NONBLOCK))
		log_error(AREA_FCGI, "%s: its socket cannot be made blocking: %s", p->name,
			  strerror(errno));
}

static char *pool_variable(const struct spawn_pool *p)
{
	char *text;

	if (asprintf(&text, "OUTRIDER_POOL=%s", p->name) < 0)
		oom();
	return text;
}

void spawn_keeper_init(struct spawn_keeper *k, const struct spawner_setup *setup,
		       struct spawn_groups *groups, const struct spawn_launcher *launcher)
{
	size_t at = 0;

	*k = (struct spawn_keeper){.groups = groups,
				   .launcher = launcher,
				   .pools = setup->pool_count};
	for (size_t i = 0; i < setup->pool_count; i++)
		k->count += setup->pools[i].processes;
	k->names = heap_zalloc(k->pools + 1, sizeof *k->names);
	k->kept = heap_zalloc(k->count + 1, sizeof *k->kept);
	for (size_t i = 0; i < setup->pool_count; i++) {
		const struct spawn_pool *p = &setup->pools[i];

		set_blocking(p);
		k->names[i] = pool_variable(p);
		for (unsigned n = 0; n < p->processes; n++)
			k->kept[at++] =
			    (struct spawn_kept){.keeper = k, .pool = p, .name = k->names[i]};
	}
}

void spawn_keeper_clear(struct spawn_keeper *k)
{
	for (size_t i = 0; i < k->pools; i++)
		free(k->names[i]);
	free(k->names);
	free(k->kept);
}

void spawn_keeper_stop(struct spawn_keeper *k)
{
	k->stopping = true;
}

/* Plans the next start; returns the pause. */
static double plan_restart(struct spawn_kept *one, bool failed)
{
	double pause = failed ? pauses[one->failures] : 0;

	if (failed && one->failures + 1 < PAUSES)
		one->failures++;
	one->start_at = spawn_now() + pause;
	return pause;
}

static void print_end(char *buf, size_t cap, int status)
{
	if (WIFSIGNALED(status))
		snprintf(buf, cap, "was killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(buf, cap, "ended with status %d", WEXITSTATUS(status));
}

static void kept_exited(struct spawn_group *g, int status, bool left)
{
	struct spawn_kept *one = g->owner;
	double life = spawn_now() - one->born, pause;
	bool failed = status != 0 || life < RECYCLING;
	pid_t pid = g->pid;
	char end[80];

	one->group = NULL;
	if (left)
		spawn_group_release(one->keeper->groups, g);
	if (one->keeper->stopping)
		return;
	if (life >= HEALTHY)
		one->failures = 0;
	pause = plan_restart(one, failed);
	print_end(end, sizeof end, status);
	log_line(failed ? LEVEL_WARN : LEVEL_INFO, AREA_FCGI,
		 "%s: process %d (%s) %s after %.1f s; the next one starts in %.0f s",
		 one->pool->name, (int)pid, one->pool->argv[0], end, life, pause);
}

static void start(struct spawn_kept *one)
{
	char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	char *const envp[] = {path, one->name, NULL};
	const struct spawn_pool *p = one->pool;
	struct spawn_plan plan = {p->argv, envp, "/", {p->listen_fd, STDERR_FILENO, STDERR_FILENO}};
	struct spawn_group *g;
	int error;

	g = spawn_group_start(one->keeper->groups, one->keeper->launcher, &plan, GRACE);
	if (g) {
		g->owner = one;
		g->exited = kept_exited;
		one->group = g;
		one->born = spawn_now();
		log_debug(AREA_FCGI, "%s: process %d (%s) runs", p->name, (int)g->pid, p->argv[0]);
		return;
	}
	error = errno;
	log_error(AREA_FCGI, "%s: %s cannot be started: %s; %s; next attempt in %.0f s", p->name,
		  p->argv[0], strerror(error), spawn_advice(error), plan_restart(one, true));
}

double spawn_keeper_due(const struct spawn_keeper *k)
{
	double due = INFINITY;

	for (size_t i = 0; i < k->count && !k->stopping; i++) {
		if (!k->kept[i].group && k->kept[i].start_at < due)
			due = k->kept[i].start_at;
	}
	return due;
}

void spawn_keeper_run(struct spawn_keeper *k)
{
	double now = spawn_now();

	for (size_t i = 0; i < k->count && !k->stopping; i++) {
		if (!k->kept[i].group && k->kept[i].start_at <= now)
			start(&k->kept[i]);
	}
}
