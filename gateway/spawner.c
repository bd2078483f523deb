/* SPDX-License-Identifier: MIT */
/*
 * The spawner's loop: signals and messages in, programs and answers out. All it waits for is in one
 * poll(2): a signalfd and a socket a worker.
 *
 *     worker ── START ──→ spawn_worker.c ──→ spawn_order.c, spawn_group.c, spawn_exec.c
 *     SIGCHLD ──→ spawn_group.c ──→ spawn_worker.c ──→ EXITED
 *                              └──→ spawn_keeper.c: started again
 *
 * The end comes with SIGTERM, from the supervisor or, when that has died, from the kernel
 * (PR_SET_PDEATHSIG); as that signal may be missed, also when no worker has its end open any more.
 */
#include "gateway/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gateway/spawn_internal.h"
#include "server/base/log.h"
#include "server/base/pool.h"

#define STOP_GRACE 5.0 /* seconds at most from our SIGTERM to KILL */
#define LAST_WAIT  1.0 /* seconds from KILL to giving up */

/* ---- the end ---- */

static double stop_grace(const struct spawner_setup *setup)
{
	double longest = 0;
	bool any = false;

	for (size_t i = 0; i < setup->route_count; i++) {
		if (!setup->routes[i].root)
			continue;
		any = true;
		if (setup->routes[i].kill_grace > longest)
			longest = setup->routes[i].kill_grace;
	}
	return any && longest < STOP_GRACE ? longest : STOP_GRACE;
}

static void stop(struct spawner *s)
{
	double grace = s->stops ? 0 : stop_grace(s->setup);

	s->stops++;
	spawn_keeper_stop(&s->keeper);
	for (size_t i = 0; i < s->setup->workers; i++)
		spawn_worker_stop(&s->workers[i]);
	spawn_groups_end_all(&s->groups, grace);
	s->give_up = spawn_now() + grace + LAST_WAIT;
}

static bool nobody_left(const struct spawner *s)
{
	for (size_t i = 0; i < s->setup->workers; i++) {
		if (s->workers[i].fd >= 0)
			return false;
	}
	return s->setup->workers > 0;
}

static bool finished(const struct spawner *s)
{
	if (!s->stops)
		return false;
	if (list_empty(&s->groups.all))
		return true;
	if (spawn_now() < s->give_up)
		return false;
	log_warn(AREA_CGI, "some programs do not end even when killed; they are left alone");
	return true;
}

/* ---- the loop ---- */

static void read_signals(struct spawner *s)
{
	struct signalfd_siginfo si;

	while (read(s->signals, &si, sizeof si) == (ssize_t)sizeof si) {
		if (si.ssi_signo == SIGTERM)
			stop(s);
		else if (si.ssi_signo == SIGUSR1 && log_reopen())
			log_warn(AREA_SERVER, "the log file cannot be opened anew: %s",
				 strerror(errno));
	}
	spawn_groups_reap(&s->groups);
}

static int timeout(const struct spawner *s)
{
	double due = fmin(spawn_groups_due(&s->groups), spawn_keeper_due(&s->keeper)), wait;

	if (s->stops)
		due = fmin(due, s->give_up);
	wait = ceil((due - spawn_now()) * 1000);
	if (wait > 60000)
		return isinf(due) ? -1 : 60000;
	return wait > 0 ? (int)wait : 0;
}

static void turn(struct spawner *s)
{
	size_t workers = s->setup->workers;
	bool lost = false;

	for (size_t i = 0; i < workers; i++) {
		const struct spawn_worker *w = &s->workers[i];

		s->polls[i + 1] = (struct pollfd){.fd = w->fd, .events = spawn_worker_events(w)};
	}
	if (poll(s->polls, workers + 1, timeout(s)) < 0)
		return;
	if (s->polls[0].revents)
		read_signals(s);
	for (size_t i = 0; i < workers; i++) {
		struct spawn_worker *w = &s->workers[i];
		short events = s->polls[i + 1].revents;

		if (events)
			spawn_worker_serve(w, events);
		lost |= events && w->fd < 0;
	}
	if (lost && !s->stops && nobody_left(s))
		stop(s);
	spawn_groups_expire(&s->groups);
	spawn_keeper_run(&s->keeper);
}

/* ---- birth and death ---- */

/* What was sent is read in turn; what we do not care for is blocked with it, not ignored, since a
 * program inherits what is ignored. */
static int open_signals(void)
{
	static const int blocked[] = {SIGCHLD, SIGTERM, SIGINT,	 SIGHUP,
				      SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM};
	sigset_t set;

	for (int i = 1; i < NSIG; i++) {
		if (i != SIGKILL && i != SIGSTOP)
			(void)signal(i, SIG_DFL);
	}
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++)
		sigaddset(&set, blocked[i]);
	if (sigprocmask(SIG_SETMASK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Descriptors 0 to 2 must be taken: those of a child must not come to lie there. */
static int fill_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -1;
	return close(fd);
}

/* What we inherited must not reach a program, on an old kernel either. */
static void seal_descriptors(void)
{
	long max = sysconf(_SC_OPEN_MAX);

	if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	for (int fd = STDERR_FILENO + 1; fd < max && fd < 65536; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int become(struct spawner *s)
{
	pid_t parent = getppid();

	if (prctl(PR_SET_PDEATHSIG, SIGTERM) || prctl(PR_SET_CHILD_SUBREAPER, 1))
		return -1;
	seal_descriptors();
	if (fill_standard() || spawn_launcher_init(&s->launcher))
		return -1;
	s->signals = open_signals();
	if (s->signals < 0)
		return -1;
	if (getppid() != parent)
		raise(SIGTERM);
	return 0;
}

static void begin(struct spawner *s)
{
	const struct spawner_setup *setup = s->setup;

	s->instance = (uint32_t)getpid() ^ (uint32_t)(uint64_t)(spawn_now() * 1e6);
	s->instance |= 1; /* not 0 */
	s->buffer = heap_zalloc(1, SPAWN_MESSAGE_MAX + 1);
	s->workers = heap_zalloc(setup->workers + 1, sizeof *s->workers);
	s->polls = heap_zalloc(setup->workers + 1, sizeof *s->polls);
	s->polls[0] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	spawn_groups_init(&s->groups);
	spawn_keeper_init(&s->keeper, setup, &s->groups, &s->launcher);
	for (size_t i = 0; i < setup->workers; i++)
		spawn_worker_init(&s->workers[i], s, i);
	spawn_keeper_run(&s->keeper);
}

static void end(struct spawner *s)
{
	spawn_groups_clear(&s->groups);
	spawn_keeper_clear(&s->keeper);
	for (size_t i = 0; i < s->setup->workers; i++)
		spawn_worker_clear(&s->workers[i]);
	free(s->workers);
	free(s->polls);
	free(s->buffer);
	spawn_launcher_clear(&s->launcher);
	close(s->signals);
}

int spawner_run(const struct spawner_setup *setup)
{
	struct spawner *s = heap_zalloc(1, sizeof *s);

	s->setup = setup;
	if (become(s)) {
		log_error(AREA_SERVER, "the helper that starts programs cannot run: %s",
			  strerror(errno));
		free(s);
		return EXIT_FAILURE;
	}
	begin(s);
	while (!finished(s))
		turn(s);
	end(s);
	free(s);
	return EXIT_SUCCESS;
}
