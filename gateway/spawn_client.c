/* SPDX-License-Identifier: MIT */
/*
 * A worker's end of the pair. Answers are matched by the child's number and by our session, which
 * keeps out what was meant for the worker before us (spawn_proto.h).
 *
 * END and FORGET must not be lost, so what the socket does not take waits in `late`, in order; at
 * most two a child. START is not kept: the caller is told EAGAIN, since it can queue requests, and
 * knows their deadlines. Nothing overtakes what is late.
 *
 * When the spawner dies its successor says HELLO with another number. All our children are lost
 * then: each gets its last call, and we begin a new session, so that what the successor may have
 * read of the old one is ended by our HELLO and its answers are dropped.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "gateway/spawn_proto.h"
#include "gateway/spawner.h"
#include "server/base/idmap.h"
#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/io/loop.h"

enum {
	BATCH = 64,	       /* messages read in one go */
	SEND_BUFFER = 1 << 20, /* a wish; net.core.wmem_max is the limit */
	LOST_STATUS = SIGKILL, /* as wait(2) would say it */
};

struct spawn_client {
	struct loop *loop;
	ev_io read, write;
	int fd;
	bool dead; /* the pair is broken: no spawner can come back */
	uint32_t session;
	uint32_t spawner; /* its number; 0: not heard yet */
	uint32_t next_id;
	struct idmap by_id;
	struct list children;
	struct spawn_msg *late;
	size_t late_count, late_cap;
};

/* ---- sending ---- */

static int send_parts(const struct spawn_client *c, struct msghdr *mh)
{
	if (c->dead) {
		errno = EPIPE;
		return -1;
	}
	return sendmsg(c->fd, mh, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int send_msg(const struct spawn_client *c, struct spawn_msg *msg)
{
	struct iovec iov = {msg, sizeof *msg};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	return send_parts(c, &mh);
}

static bool is_full(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == ETOOMANYREFS;
}

static void keep(struct spawn_client *c, const struct spawn_msg *msg)
{
	if (c->late_count == c->late_cap) {
		c->late_cap = c->late_cap ? c->late_cap * 2 : 16;
		c->late = realloc(c->late, c->late_cap * sizeof *c->late);
		if (!c->late)
			oom();
	}
	c->late[c->late_count++] = *msg;
	ev_io_start(c->loop->ev, &c->write);
}

/* A message that must arrive. */
static void post(struct spawn_client *c, enum spawn_kind kind, uint32_t id)
{
	struct spawn_msg msg = {.kind = kind, .session = c->session, .id = id};

	/* Other errors are found, and answered for all children, when reading. */
	if (c->late_count || (send_msg(c, &msg) && is_full(errno)))
		keep(c, &msg);
}

static void write_cb(struct ev_loop *ev, ev_io *w, int events)
{
	struct spawn_client *c = w->data;
	size_t n = 0;

	(void)events;
	while (n < c->late_count && (!send_msg(c, &c->late[n]) || !is_full(errno)))
		n++;
	c->late_count -= n;
	memmove(c->late, c->late + n, c->late_count * sizeof *c->late);
	if (!c->late_count)
		ev_io_stop(ev, w);
}

/* ---- children ---- */

static bool is_known(const struct spawn_client *c, const struct spawn_child *child)
{
	return idmap_get(&c->by_id, child->id) == child;
}

static void remove_child(struct spawn_client *c, struct spawn_child *child)
{
	idmap_del(&c->by_id, child->id);
	list_remove(&child->link);
}

/* The last call of a child that no spawner knows. */
static void fail(struct spawn_client *c, struct spawn_child *child)
{
	remove_child(c, child);
	if (child->state == SPAWN_CHILD_ASKED)
		child->started(child, EPIPE);
	else if (child->state == SPAWN_CHILD_RUNS)
		child->exited(child, LOST_STATUS);
}

static void fail_all(struct spawn_client *c)
{
	struct list lost;

	/* Calls may start new ones, or forget others of the lost. */
	list_init(&lost);
	list_move(&lost, &c->children);
	while (!list_empty(&lost))
		fail(c, list_entry(lost.next, struct spawn_child, link));
}

static void break_off(struct spawn_client *c, const char *why)
{
	log_error(AREA_CGI,
		  "the way to the helper that starts programs is broken (%s): this "
		  "worker can start none any more; restart Outrider",
		  why);
	c->dead = true;
	c->late_count = 0;
	ev_io_stop(c->loop->ev, &c->read);
	ev_io_stop(c->loop->ev, &c->write);
	fail_all(c);
}

/* ---- receiving ---- */

static void begin_session(struct spawn_client *c)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	c->session = (uint32_t)getpid() ^ ((uint32_t)t.tv_sec << 20) ^ (uint32_t)t.tv_nsec;
	/* END and FORGET of the old one have become idle: HELLO does it for all. */
	c->late_count = 0;
	post(c, SPAWN_HELLO, 0);
}

static void on_hello(struct spawn_client *c, uint32_t spawner)
{
	uint32_t before = c->spawner;

	c->spawner = spawner;
	if (!before || before == spawner)
		return;
	if (!list_empty(&c->children))
		log_warn(AREA_CGI, "the helper that starts programs has died and was replaced; its "
				   "programs are lost");
	begin_session(c);
	fail_all(c);
}

static void on_started(struct spawn_client *c, struct spawn_child *child, int error)
{
	if (error)
		remove_child(c, child);
	else
		child->state = SPAWN_CHILD_RUNS;
	child->started(child, error);
}

static void on_exited(struct spawn_client *c, struct spawn_child *child,
		      const struct spawn_msg *msg)
{
	child->state = SPAWN_CHILD_EXITED;
	if (!msg->left)
		remove_child(c, child);
	child->exited(child, (int)msg->value);
}

static void handle(struct spawn_client *c, const struct spawn_msg *msg)
{
	struct spawn_child *child = NULL;

	if (msg->kind == SPAWN_HELLO) {
		on_hello(c, msg->session);
		return;
	}
	if (msg->session == c->session)
		child = idmap_get(&c->by_id, msg->id);
	if (!child)
		return;
	if (msg->kind == SPAWN_STARTED && child->state == SPAWN_CHILD_ASKED)
		on_started(c, child, (int)msg->value);
	else if (msg->kind == SPAWN_EXITED && child->state == SPAWN_CHILD_RUNS)
		on_exited(c, child, msg);
}

/* Whether there may be more. */
static bool read_one(struct spawn_client *c)
{
	struct spawn_msg msg;
	ssize_t n = recv(c->fd, &msg, sizeof msg, MSG_DONTWAIT);

	if (n == (ssize_t)sizeof msg) {
		handle(c, &msg);
		return !c->dead;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOMEM))
		return false;
	break_off(c, n < 0 ? strerror(errno) : n ? "half a message" : "it was closed");
	return false;
}

static void read_all(struct spawn_client *c)
{
	for (int i = 0; i < BATCH && read_one(c); i++)
		;
}

static void read_cb(struct ev_loop *ev, ev_io *w, int events)
{
	(void)ev;
	(void)events;
	read_all(w->data);
}

/* ---- verbs ---- */

struct spawn_client *spawn_client_new(struct loop *loop, int fd)
{
	struct spawn_client *c = heap_zalloc(1, sizeof *c);
	int size = SEND_BUFFER;

	c->loop = loop;
	c->fd = fd;
	list_init(&c->children);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	ev_io_init(&c->read, read_cb, fd, EV_READ);
	ev_io_init(&c->write, write_cb, fd, EV_WRITE);
	c->read.data = c->write.data = c;
	ev_io_start(loop->ev, &c->read);
	begin_session(c);
	/* The last HELLO that our predecessor left unread is that of the spawner we have. */
	read_all(c);
	return c;
}

void spawn_client_free(struct spawn_client *c)
{
	if (!c)
		return;
	/* Their owners free them; some have outlived their exchanges. */
	fail_all(c);
	ev_io_stop(c->loop->ev, &c->read);
	ev_io_stop(c->loop->ev, &c->write);
	close(c->fd);
	idmap_clear(&c->by_id);
	free(c->late);
	free(c);
}

static uint32_t new_id(struct spawn_client *c)
{
	do {
		c->next_id++;
	} while (!c->next_id || idmap_get(&c->by_id, c->next_id));
	return c->next_id;
}

static int send_start(struct spawn_client *c, struct spawn_msg *msg,
		      const struct spawn_request *req, const int fds[3])
{
	static const char nul[1] = "";
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(3 * sizeof(int))];
	} control = {.room = {0}};
	struct iovec iov[] = {{msg, sizeof *msg},
			      {(void *)(uintptr_t)req->program.p, req->program.n},
			      {(void *)(uintptr_t)nul, 1},
			      {(void *)(uintptr_t)req->env.p, req->env.n}};
	struct msghdr mh = {.msg_iov = iov,
			    .msg_iovlen = 4,
			    .msg_control = &control,
			    .msg_controllen = sizeof control.room};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(3 * sizeof(int));
	memcpy(CMSG_DATA(&control.head), fds, 3 * sizeof(int));
	return send_parts(c, &mh);
}

int spawn_start(struct spawn_client *c, struct spawn_child *child, const struct spawn_request *req,
		const int fds[3])
{
	struct spawn_msg msg = {.kind = SPAWN_START,
				.session = c->session,
				.value = req->route,
				.program = (uint32_t)req->program.n,
				.env = (uint32_t)req->env.n};
	size_t room = SPAWN_MESSAGE_MAX - sizeof msg - 1;

	if (req->program.n > room || req->env.n > room - req->program.n) {
		errno = E2BIG;
		return -1;
	}
	if (c->late_count) {
		errno = EAGAIN;
		return -1;
	}
	msg.id = new_id(c);
	if (send_start(c, &msg, req, fds)) {
		if (is_full(errno))
			errno = EAGAIN;
		else if (errno == EMSGSIZE)
			errno = E2BIG;
		else
			errno = EPIPE;
		return -1;
	}
	child->id = msg.id;
	child->state = SPAWN_CHILD_ASKED;
	child->ended = false;
	list_append(&c->children, &child->link);
	idmap_put(&c->by_id, child->id, child);
	return 0;
}

void spawn_end(struct spawn_client *c, struct spawn_child *child)
{
	if (!is_known(c, child) || child->ended)
		return;
	child->ended = true;
	post(c, SPAWN_END, child->id);
}

void spawn_forget(struct spawn_client *c, struct spawn_child *child)
{
	if (!is_known(c, child))
		return;
	remove_child(c, child);
	post(c, SPAWN_FORGET, child->id);
}
