/* SPDX-License-Identifier: MIT */
/*
 * Process groups, from the start of the leader to the end of the last member.
 *
 *     leader lives ── exits ──→ nobody left: told, record gone
 *          │                └─→ others left: told; stays until released, then TERM … KILL, gone
 *          └── end: TERM ── grace ──→ KILL
 *
 * Killing by number must never hit a stranger who was given the number later. The number of a group
 * is free again when its leader is reaped and its last member is gone, so:
 *
 *   - While the leader was not reaped (only we reap it) the number is pinned.
 *   - When it has ended, and before it is reaped, we look whether a member lives on. We are the
 *     sub-reaper: members whose parents are gone are our own children, so wait(2) by group finds
 *     them. Usually there is none; the number is then never used again. If there is one, a pidfd
 *     of the leader is taken, and later signals go through it (PIDFD_SIGNAL_PROCESS_GROUP, Linux
 *     6.9): it names the group itself and not its number.
 *   - Without that system call the number is used only while wait(2) still finds a child of ours
 *     in the group, and no new program of ours was given it. That child pins the number, as we
 *     have not reaped it. (Fooled only if all members leave by themselves and, before KILL is due,
 *     a grandchild of another program is given the number and makes a group of its own.)
 *
 * Keeping the dead leader as a zombie would pin the number too, but it would also stand in the way
 * of reaping the orphans: wait(2) cannot be told to skip it.
 *
 * Who has left the group (setsid: a daemon) is on its own, with what hangs on it; we only reap it.
 */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/spawn_internal.h"
#include "server/base/log.h"
#include "server/base/pool.h"

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1U << 2)
#endif

void spawn_groups_init(struct spawn_groups *set)
{
	*set = (struct spawn_groups){.by_pid = {0}};
	list_init(&set->all);
	list_init(&set->ending);
}

static void drop(struct spawn_groups *set, struct spawn_group *g)
{
	if (!g->gone)
		idmap_del(&set->by_pid, (uint32_t)g->pid);
	list_remove(&g->all);
	list_remove(&g->ending);
	list_remove(&g->owned);
	if (g->tally)
		--*g->tally;
	if (g->pidfd >= 0)
		close(g->pidfd);
	free(g);
}

void spawn_groups_clear(struct spawn_groups *set)
{
	list_each_safe(it, &set->all)
		drop(set, list_entry(it, struct spawn_group, all));
	idmap_clear(&set->by_pid);
}

struct spawn_group *spawn_group_start(struct spawn_groups *set,
				      const struct spawn_launcher *launcher,
				      const struct spawn_plan *plan, double grace)
{
	pid_t pid = spawn_launch(launcher, plan);
	struct spawn_group *g, *old;

	if (pid < 0)
		return NULL;
	old = idmap_del(&set->by_pid, (uint32_t)pid);
	if (old)
		old->gone = true;
	g = heap_zalloc(1, sizeof *g);
	g->pid = pid;
	g->pidfd = -1;
	g->running = true;
	g->grace = grace;
	list_init(&g->ending);
	list_init(&g->owned);
	list_append(&set->all, &g->all);
	idmap_put(&set->by_pid, (uint32_t)pid, g);
	return g;
}

/* ---- signals ---- */

/* Whether a child of ours is in the group; with WEXITED in OPTIONS a zombie counts, too. */
static bool has_child(pid_t group, int options)
{
	siginfo_t si;

	return waitid(P_PGID, (id_t)group, &si, options | WSTOPPED | WNOHANG | WNOWAIT) == 0;
}

static bool has_members(const struct spawn_group *g)
{
	return g->running || (!g->gone && has_child(g->pid, WEXITED));
}

static void signal_group(struct spawn_group *g, int sig)
{
	if (g->running) {
		/* A leader may leave its group; it still is ours. */
		if (kill(-g->pid, sig) && errno == ESRCH)
			kill(g->pid, sig);
		return;
	}
	if (g->pidfd >= 0 &&
	    (syscall(SYS_pidfd_send_signal, g->pidfd, sig, NULL, PIDFD_SIGNAL_PROCESS_GROUP) == 0 ||
	     errno == ESRCH))
		return;
	if (has_members(g))
		kill(-g->pid, sig);
}

static void kill_group(struct spawn_groups *set, struct spawn_group *g)
{
	signal_group(g, SIGKILL);
	g->state = GROUP_KILLED;
	list_remove(&g->ending);
	/* Nothing more can be done; what is left is reaped as orphans. */
	if (!g->running && !g->owner)
		drop(set, g);
}

void spawn_group_end(struct spawn_groups *set, struct spawn_group *g)
{
	if (g->state != GROUP_LIVES)
		return;
	g->state = GROUP_TERMED;
	g->kill_at = spawn_now() + g->grace;
	list_append(&set->ending, &g->ending);
	signal_group(g, SIGTERM);
	/* A stopped process sees the TERM only when it goes on. */
	signal_group(g, SIGCONT);
}

void spawn_group_release(struct spawn_groups *set, struct spawn_group *g)
{
	g->owner = NULL;
	list_remove(&g->owned);
	if (!has_members(g) || (!g->running && g->state == GROUP_KILLED))
		drop(set, g);
	else
		spawn_group_end(set, g);
}

/* ---- reaping ---- */

static void leader_exited(struct spawn_groups *set, struct spawn_group *g)
{
	bool left = has_child(g->pid, 0) && g->state != GROUP_KILLED;
	int status = 0;

	if (left)
		g->pidfd = (int)syscall(SYS_pidfd_open, g->pid, 0);
	if (waitpid(g->pid, &status, 0) < 0)
		log_error(AREA_SERVER, "process %d cannot be reaped", (int)g->pid);
	g->running = false;
	if (g->owner)
		g->exited(g, status, left);
	if (!left)
		drop(set, g);
}

static void drop_the_gone(struct spawn_groups *set)
{
	list_each_safe(it, &set->ending) {
		struct spawn_group *g = list_entry(it, struct spawn_group, ending);

		if (!g->owner && !has_members(g))
			drop(set, g);
	}
}

void spawn_groups_reap(struct spawn_groups *set)
{
	for (;;) {
		siginfo_t si = {0};
		struct spawn_group *g;

		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) || !si.si_pid)
			break;
		g = idmap_get(&set->by_pid, (uint32_t)si.si_pid);
		if (g && g->running)
			leader_exited(set, g);
		else if (waitpid(si.si_pid, NULL, 0) < 0)
			break;
	}
	drop_the_gone(set);
}

/* ---- the end ---- */

void spawn_groups_end_all(struct spawn_groups *set, double grace)
{
	double latest = spawn_now() + grace;

	list_each_safe(it, &set->all) {
		struct spawn_group *g = list_entry(it, struct spawn_group, all);

		spawn_group_end(set, g);
		if (g->kill_at > latest)
			g->kill_at = latest;
	}
}

double spawn_groups_due(const struct spawn_groups *set)
{
	double due = INFINITY;

	list_each(it, &set->ending) {
		double at = list_entry(it, struct spawn_group, ending)->kill_at;

		if (at < due)
			due = at;
	}
	return due;
}

void spawn_groups_expire(struct spawn_groups *set)
{
	double now = spawn_now();

	if (list_empty(&set->ending))
		return;
	list_each_safe(it, &set->ending) {
		struct spawn_group *g = list_entry(it, struct spawn_group, ending);

		if (g->kill_at <= now)
			kill_group(set, g);
	}
}
