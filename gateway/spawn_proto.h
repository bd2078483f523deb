/* SPDX-License-Identifier: MIT */
/*
 * What a worker and the spawner say to each other: one datagram a message.
 *
 *     worker → spawner                            spawner → worker
 *     HELLO   a new worker is here                HELLO    session: which spawner this is
 *     START   id, route, program, env, 3 fds      STARTED  id, errno value
 *     END     id: TERM, then KILL                 EXITED   id, wait status, whether some are left
 *     FORGET  id: as END, and no more of it
 *
 * The pair outlives both its users: a worker that dies is replaced, and so is the spawner, and what
 * the dead one had sent or left unread is still in the socket. So each worker gives itself a
 * number, its session; START carries it and what is told of that child carries it back, and a
 * worker drops what is not of its own session. The spawner says its number in each HELLO, sent at
 * its start and as the answer to a worker's; a worker that sees another number than before knows
 * that its children are lost.
 */
#ifndef OUTRIDER_GATEWAY_SPAWN_PROTO_H
#define OUTRIDER_GATEWAY_SPAWN_PROTO_H

#include <stdint.h>

enum spawn_kind {
	SPAWN_HELLO = 1,
	SPAWN_START,
	SPAWN_END,
	SPAWN_FORGET,
	SPAWN_STARTED,
	SPAWN_EXITED,
};

/*
 * The whole of every message but START, where the program, a NUL and the environment follow and the
 * child's descriptors 0 to 2 come as SCM_RIGHTS. Fields without a meaning are 0.
 */
struct spawn_msg {
	uint32_t kind;
	uint32_t session;
	uint32_t id;	  /* the worker's number of the child */
	uint32_t value;	  /* START: route; STARTED: errno value; EXITED: wait status */
	uint32_t program; /* START: octets of the path, without NUL */
	uint32_t env;	  /* START: octets of the environment, each variable ended by NUL */
	uint32_t left;	  /* EXITED: 1 when others of the group live on; FORGET is due then */
};

enum {
	/* Of a START. Below what the usual net.core.wmem_default (212,992) takes. */
	SPAWN_MESSAGE_MAX = 192 * 1024,
	SPAWN_ENV_MAX = 4096,	   /* variables of one program */
	SPAWN_CHILDREN_MAX = 1024, /* of one worker, those being ended included */
};

#endif
