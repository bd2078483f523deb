/* SPDX-License-Identifier: MIT */
/* A worker process: one event loop, its clients and their exchanges. */
#ifndef OUTRIDER_APP_WORKER_H
#define OUTRIDER_APP_WORKER_H

struct config;
struct sockets;

/*
 * Serves until SIGTERM, then lets what is under way finish (at most shutdown_timeout; a second
 * SIGTERM ends it at once). SIGUSR1 opens the logs anew. Returns the exit status.
 */
int worker_run(const struct config *, const struct sockets *, unsigned index);

#endif
