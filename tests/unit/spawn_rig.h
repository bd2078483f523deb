/* SPDX-License-Identifier: MIT */
/*
 * A spawner in a process of its own, with two workers' sockets and real programs in a folder of
 * route 0. The test is the supervisor, which keeps all ends open, and the workers.
 */
#ifndef OUTRIDER_TESTS_UNIT_SPAWN_RIG_H
#define OUTRIDER_TESTS_UNIT_SPAWN_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "gateway/spawn_proto.h"
#include "gateway/spawner.h"
#include "server/io/loop.h"

#define RIG_GRACE 0.3 /* kill_grace of route 0 */

enum { RIG_WORKERS = 2, RIG_ROUTES = 3, RIG_NOT_YET = -1 };

/* How many routes the next spawner has: 0 the folder, 1 not CGI, 2 the program "only". */
extern size_t rig_routes;

extern struct rig {
	struct loop loop;
	struct spawn_client *client; /* of worker 0 */
	pid_t spawner;
	int spawner_ends[RIG_WORKERS], worker_ends[RIG_WORKERS];
	struct spawn_pool pool; /* used when it has a name */
} rig;

/* One program from its start to its end. */
struct kid {
	struct spawn_child child;
	int out;      /* its output, read by kid_output() */
	size_t out_n; /* octets that this has read last */
	int started, status;
	unsigned calls; /* made after the last that was due: a fault */
};

/* Folder, loop, spawner, client; rig_open() is without the spawner and the client. */
void rig_open(void);
void rig_run_spawner(void);
void rig_make(void);
/* Ends the spawner, which must go orderly, and checks that no descriptor was left open. */
void rig_clear(void);
/* SIGTERM and its exit status. */
int rig_stop_spawner(void);

/* Writes a program of route 0; returns its path. */
const char *rig_program(const char *name, const char *text);

void kid_init(struct kid *);
/* The result of spawn_start(); standard input is /dev/null. */
int kid_ask(struct kid *, const char *path, const char *env, size_t env_n);
/* Asks for a program of TEXT and waits until it runs. */
void kid_run(struct kid *, const char *text);
/* Asks for a path and returns what started() said; must not start. */
int kid_refused(const char *path);
int kid_refused_on(unsigned route, const char *path);
void kid_wait_started(struct kid *);
void kid_wait_exited(struct kid *);
/* All output, or the first line of it; constant until the next call. */
const char *kid_output(struct kid *);
const char *kid_line(struct kid *);
/* The number in the first line of the output. */
pid_t kid_number(struct kid *);
void kid_close(struct kid *);

/* Runs the loop until the test is true, or fails after some seconds. */
void rig_until(bool (*)(const void *), const void *);
/* Runs the loop for some time. */
void rig_spin(double seconds);
bool rig_alive(pid_t);
void rig_wait_gone(pid_t);
/* How many children the spawner has, zombies included. */
int rig_children(void);
/* Waits until it has none. */
void rig_wait_childless(void);
double rig_now(void);
/* Whether the spawner has written these words to its log. */
bool rig_logged(const char *words);

/* Messages by hand, on worker 1's socket. */
void rig_send(const void *, size_t, const int *fds, int fd_count);
/* False when the socket is full. */
bool rig_try_send(const void *, size_t, const int *fds, int fd_count);
/* Waits for the next message of this kind. */
struct spawn_msg rig_receive(enum spawn_kind);

#endif
