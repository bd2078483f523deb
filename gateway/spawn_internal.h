/* SPDX-License-Identifier: MIT */
/*
 * The parts of the spawner, for each other: judging an order, starting a program, ending and
 * reaping its process group, keeping the programs of pools alive. spawner.c ties them together. One
 * thread, one process; none of this is for workers.
 */
#ifndef OUTRIDER_GATEWAY_SPAWN_INTERNAL_H
#define OUTRIDER_GATEWAY_SPAWN_INTERNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gateway/spawn_proto.h"
#include "gateway/spawner.h"
#include "server/base/idmap.h"
#include "server/base/list.h"

/* Seconds on the monotonic clock. */
double spawn_now(void);

/* ---- judging what a worker asks for (spawn_order.c) ---- */

/* A START message that was found good. All but dir and the arrays points into the message. */
struct spawn_order {
	struct spawn_msg msg;
	char *argv[2];
	char *envp[SPAWN_ENV_MAX + 1];
	char dir[PATH_MAX]; /* the program's folder */
};

/*
 * Judges a datagram of N octets that says START; MESSAGE must have room for one octet more. 0, or
 * an errno value and *why in words. N >= sizeof(struct spawn_msg); order->msg is set in any case,
 * argv[0] when it is a string (else NULL).
 */
int spawn_order_read(struct spawn_order *, const struct spawner_setup *, char *message, size_t n,
		     const char **why);

/* ---- starting a program (spawn_exec.c) ---- */

struct spawn_launcher {
	int report[2]; /* a child that cannot exec writes its errno here */
	pid_t self;
};

struct spawn_plan {
	char *const *argv; /* argv[0] is the program's path */
	char *const *envp;
	const char *dir;
	int fds[3]; /* its descriptors 0 to 2; all above 2 here */
};

/* 0, or -1 and errno. */
int spawn_launcher_init(struct spawn_launcher *);
void spawn_launcher_clear(struct spawn_launcher *);
/* The pid of the running program, leader of its own group; -1 and errno when there is none. */
pid_t spawn_launch(const struct spawn_launcher *, const struct spawn_plan *);

/* ---- process groups (spawn_group.c) ---- */

struct spawn_group;

/*
 * The leader has ended and was reaped. `left`: others of its group live on, and the record stays
 * until the owner releases it, which it may do at once. Otherwise this is the last call, the record
 * goes afterwards and must not be released.
 */
typedef void spawn_group_exited(struct spawn_group *, int status, bool left);

enum spawn_group_state { GROUP_LIVES, GROUP_TERMED, GROUP_KILLED };

/* A program that was started and all that it starts, as far as that stays in its process group. */
struct spawn_group {
	struct list all;    /* of the set */
	struct list ending; /* those that got TERM and wait for KILL */
	struct list owned;  /* for the owner's use */
	void *owner;	    /* NULL: released, nobody is told */
	spawn_group_exited *exited;
	size_t *tally;	      /* counts this group while the record exists; NULL: nobody counts */
	uint32_t session, id; /* a worker's names for it */
	pid_t pid;	      /* of the leader, and number of the group */
	int pidfd;	      /* of a reaped leader whose group lives on, if the system has it */
	bool running;	      /* the leader was not reaped yet */
	bool gone;	      /* its number now is that of another group: nobody is left */
	enum spawn_group_state state;
	double grace, kill_at;
};

struct spawn_groups {
	struct idmap by_pid; /* all that are not gone */
	struct list all, ending;
};

void spawn_groups_init(struct spawn_groups *);
/* Drops all records; the processes are left alone. */
void spawn_groups_clear(struct spawn_groups *);
/* Starts a program; the owner fills in its part of the record. NULL and errno. */
struct spawn_group *spawn_group_start(struct spawn_groups *, const struct spawn_launcher *,
				      const struct spawn_plan *, double grace);
/* TERM now, KILL after the grace. No effect when that was done before. */
void spawn_group_end(struct spawn_groups *, struct spawn_group *);
/* The owner lets go: the group is ended, if anything of it lives, and its record goes in time. */
void spawn_group_release(struct spawn_groups *, struct spawn_group *);
/* After SIGCHLD: reaps all that has ended, orphans too. */
void spawn_groups_reap(struct spawn_groups *);
/* Ends all; none is given more than `grace` seconds from now. */
void spawn_groups_end_all(struct spawn_groups *, double grace);
/* When spawn_groups_expire() is due; INFINITY when nothing waits for it. */
double spawn_groups_due(const struct spawn_groups *);
/* KILL to those whose time has come. */
void spawn_groups_expire(struct spawn_groups *);

/* ---- the programs of pools (spawn_keeper.c) ---- */

struct spawn_kept;

struct spawn_keeper {
	struct spawn_groups *groups;
	const struct spawn_launcher *launcher;
	struct spawn_kept *kept; /* one a process that shall run */
	size_t count;
	char **names; /* a pool's OUTRIDER_POOL=name */
	size_t pools;
	bool stopping;
};

/* The pools must outlive the keeper. Makes their sockets blocking. */
void spawn_keeper_init(struct spawn_keeper *, const struct spawner_setup *, struct spawn_groups *,
		       const struct spawn_launcher *);
void spawn_keeper_clear(struct spawn_keeper *);
/* When spawn_keeper_run() is due; INFINITY when all run. */
double spawn_keeper_due(const struct spawn_keeper *);
/* Starts what should run and does not, when its time has come. */
void spawn_keeper_run(struct spawn_keeper *);
/* Nothing is started any more; ending what runs is the caller's. */
void spawn_keeper_stop(struct spawn_keeper *);

/* ---- the whole (spawner.c), and its view of one worker (spawn_worker.c) ---- */

struct spawner;
struct pollfd;

struct spawn_worker {
	struct spawner *spawner;
	size_t index;
	int fd; /* -1: nobody can be there any more */
	struct idmap by_id;
	struct list children; /* groups that this worker owns */
	struct list replies;  /* not sent yet */
	size_t unsent;
	size_t groups; /* records, those that it has forgotten included */
};

struct spawner {
	const struct spawner_setup *setup;
	struct spawn_launcher launcher;
	struct spawn_groups groups;
	struct spawn_keeper keeper;
	struct spawn_worker *workers;
	struct pollfd *polls; /* the signals, then one a worker */
	int signals;
	uint32_t instance; /* our number in HELLO, not 0 */
	unsigned stops;	   /* how often we were told to end */
	double give_up;	   /* when to end with processes left */
	char *buffer;	   /* for the message at hand: SPAWN_MESSAGE_MAX octets and one */
	struct spawn_order order;
};

/* Also tells the worker who we are. */
void spawn_worker_init(struct spawn_worker *, struct spawner *, size_t index);
/* After spawn_groups_clear(). */
void spawn_worker_clear(struct spawn_worker *);
/* What to poll(2) for; then what to do with the answer. Sets fd to -1 when nobody is left. */
short spawn_worker_events(const struct spawn_worker *);
void spawn_worker_serve(struct spawn_worker *, short events);
/* Lets go of children whose leader has ended: nobody will tell us to, any more. */
void spawn_worker_stop(struct spawn_worker *);

#endif
