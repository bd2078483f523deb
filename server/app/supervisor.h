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

/*
 * Looks at what the configuration names: user, group, certificates, logs, roots. 0, or -1 when the
 * server could not start with it; all that is wrong is logged.
 */
int supervisor_check(const struct config *);

#endif
