/* SPDX-License-Identifier: MIT */
/* The first process: holds the sockets, starts the spawner and the workers, starts anew what dies.
 */
#ifndef OUTRIDER_APP_SUPERVISOR_H
#define OUTRIDER_APP_SUPERVISOR_H

struct config;

/*
 * Serves until SIGTERM or SIGINT and returns the exit status. The first ends gracefully, the second
 * at once. SIGUSR1 makes all processes open their logs anew.
 */
int supervisor_run(const struct config *);

#endif
