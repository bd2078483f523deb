/* SPDX-License-Identifier: MIT */
/*
 * The helper process that starts and reaps all programs: CGI children for the workers, and the
 * FastCGI programs of `command =`. Workers hold too much memory and too little privilege to do that
 * themselves. It has its own copy of the configuration (it is forked after that was read) and never
 * believes a worker about which program may be started.
 *
 * Worker and spawner talk over one SOCK_SEQPACKET pair (spawn_proto.h); the child's descriptors 0
 * to 2 travel along.
 */
#ifndef OUTRIDER_GATEWAY_SPAWNER_H
#define OUTRIDER_GATEWAY_SPAWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/base/list.h"
#include "server/base/text.h"

struct loop;
struct pool;

/* ---- the spawner itself ---- */

/* A CGI route, as the spawner's own configuration has it; a worker names it by index. */
struct spawn_route {
	const char *root;  /* folder of the programs, or the one program; NULL: no CGI route */
	double kill_grace; /* seconds from TERM to KILL */
};

/* A FastCGI program that is kept running. */
struct spawn_pool {
	const char *name;
	char *const *argv; /* program first, no shell */
	int listen_fd;	   /* becomes descriptor 0; not 0 to 2 here */
	unsigned processes;
};

struct spawner_setup {
	const int *worker_fds; /* our ends, one a worker */
	size_t workers;
	const struct spawn_route *routes;
	size_t route_count;
	const struct spawn_pool *pools;
	size_t pool_count;
};

/*
 * Runs until SIGTERM: ends all programs and returns the exit status for the process. To be called
 * in a process of its own with one thread and the final user; it closes no descriptors that it does
 * not know, and gives none of them to a program. Other signals do nothing, but SIGUSR1 has the log
 * file opened anew; SIGTERM is also the death of the parent process.
 *
 * The programs get TERM, and KILL after 5 s or the largest kill_grace if that is less; a second
 * SIGTERM makes it KILL at once.
 *
 * A program of a pool that ends is started again: at once the first time, then after 1, 2, 4 ...
 * 30 s, beginning anew when it has lived a minute. One that ends with status 0 after a second or
 * more is started again at once. The sockets of pools are made blocking, for libfcgi; nobody
 * else must accept on them.
 */
int spawner_run(const struct spawner_setup *);

/* What an operator can do when a program could not be started; words that follow strerror(). */
const char *spawn_advice(int error);

/* ---- a worker's side ---- */

struct spawn_client;

enum spawn_child_state { SPAWN_CHILD_ASKED, SPAWN_CHILD_RUNS, SPAWN_CHILD_EXITED };

/*
 * One child as its owner sees it; embedded in the owner's structure, which fills in the callbacks.
 *
 *     spawn_start ──→ started(error): the end
 *                └──→ started(0) ──→ exited(status) ──→ spawn_forget: the end
 *
 * spawn_forget() is due once for each child that was not refused, at any time, and in the callbacks
 * too; until then the structure must stay. Callbacks come from the loop, never from within a call
 * of the owner's. They must not free the client.
 */
struct spawn_child {
	/* Of the client. */
	struct list link;
	uint32_t id;
	enum spawn_child_state state;
	bool ended; /* spawn_end() was called */
	/* The program runs (error 0), or could not be started (an errno value; the last call then,
	 * and nothing to forget). EPERM, EINVAL: the spawner's configuration does not allow it. */
	void (*started)(struct spawn_child *, int error);
	/*
	 * The program, leader of the group, has ended and was reaped: a wait(2) status. The last
	 * call. Others of the group may live on, and hold the output open: spawn_end() and
	 * spawn_forget() reach them still. When the spawner has died, the status is that of
	 * SIGKILL.
	 */
	void (*exited)(struct spawn_child *, int status);
};

struct spawn_request {
	uint32_t route;	     /* index of its route */
	struct text program; /* absolute path, normalised, under the route's root as written */
	struct text env;     /* NAME=value, each ended by NUL */
};

/* Takes over the descriptor; tells the spawner that this worker is new, which ends the children of
 * its predecessor. */
struct spawn_client *spawn_client_new(struct loop *, int fd);
/* Children that were not forgotten are told nothing more; the spawner ends them when the next
 * worker comes. */
void spawn_client_free(struct spawn_client *);
/*
 * Asks for a program with these descriptors as 0, 1 and 2 (they stay the caller's, who closes
 * them; they must be blocking, programs expect that). It gets a process group of its own; its
 * working directory is that of the program. 0, or -1 and errno, and the child is not known then:
 * E2BIG when program and environment do not fit a message, EAGAIN when the spawner is behind, EPIPE
 * when there is none any more.
 */
int spawn_start(struct spawn_client *, struct spawn_child *, const struct spawn_request *,
		const int fds[3]);
/*
 * Ends the whole process group: TERM now, KILL after the route's kill_grace. Also after exited(),
 * for those whom the program has left behind. No effect on a child that was ended before, or has
 * ended with all its group.
 */
void spawn_end(struct spawn_client *, struct spawn_child *);
/*
 * The owner goes away: no more calls. What lives of the group is ended as by spawn_end(), with the
 * grace counted from the first of the two. A job that shall outlive its request has to leave the
 * group (setsid). No effect on a child that is not known any more.
 */
void spawn_forget(struct spawn_client *, struct spawn_child *);

#endif
