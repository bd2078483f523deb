/* SPDX-License-Identifier: MIT */
/*
 * One worker as the spawner sees it: its socket, its children, and what it has not been told yet.
 *
 *     START ──→ spawn_order_read ──→ spawn_group_start ──→ STARTED
 *     leader's end ──→ child_exited ──→ EXITED
 *
 * Nothing here blocks on a worker. An answer that its socket does not take waits in a list; while
 * that is long the worker's messages are left unread, and as its children are bounded, so is the
 * list: at most BEHIND answers to messages, and an EXITED a child.
 *
 * Children belong to the worker's socket. HELLO on it says that another process sits there now: the
 * children of the one before are ended, and what it was not told is dropped.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/spawn_internal.h"
#include "server/base/log.h"
#include "server/base/pool.h"

enum {
	BEHIND = 64,	 /* answers that wait: the worker is not read from */
	BATCH = 32,	 /* messages of one worker before the next has its turn */
	DESCRIPTORS = 8, /* taken from a message; more than 3 are a fault */
	GONE = POLLHUP | POLLRDHUP | POLLERR | POLLNVAL, /* nothing more will come */
};

struct reply {
	struct list link;
	struct spawn_msg msg;
};

/* A message as it came. */
struct parcel {
	size_t n;
	int fds[DESCRIPTORS];
	size_t fd_count;
	bool cut;	 /* longer than any message */
	bool fds_missed; /* some descriptors did not fit, or we have no room for them */
};

/* ---- answers ---- */

static void drop_replies(struct spawn_worker *w)
{
	struct list *it;

	while ((it = list_shift(&w->replies)))
		free(list_entry(it, struct reply, link));
	w->unsent = 0;
}

/* Whether the message has gone, or never will. */
static bool try_send(const struct spawn_worker *w, const struct spawn_msg *msg)
{
	if (send(w->fd, msg, sizeof *msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return true;
	/* That nobody is there any more is found when reading. */
	return errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM;
}

static void tell(struct spawn_worker *w, const struct spawn_msg *msg)
{
	struct reply *r;

	if (w->fd < 0 || (!w->unsent && try_send(w, msg)))
		return;
	r = heap_zalloc(1, sizeof *r);
	r->msg = *msg;
	list_append(&w->replies, &r->link);
	w->unsent++;
}

static void flush(struct spawn_worker *w)
{
	list_each_safe(it, &w->replies) {
		struct reply *r = list_entry(it, struct reply, link);

		if (!try_send(w, &r->msg))
			return;
		list_remove(it);
		free(r);
		w->unsent--;
	}
}

static void tell_hello(struct spawn_worker *w)
{
	struct spawn_msg msg = {.kind = SPAWN_HELLO, .session = w->spawner->instance};

	tell(w, &msg);
}

static void tell_started(struct spawn_worker *w, const struct spawn_msg *asked, int error)
{
	struct spawn_msg msg = {.kind = SPAWN_STARTED,
				.session = asked->session,
				.id = asked->id,
				.value = (uint32_t)error};

	tell(w, &msg);
}

/* ---- children ---- */

static void forget(struct spawn_worker *w, struct spawn_group *g)
{
	idmap_del(&w->by_id, g->id);
	spawn_group_release(&w->spawner->groups, g);
}

static size_t forget_all(struct spawn_worker *w)
{
	size_t n = 0;

	list_each_safe(it, &w->children) {
		forget(w, list_entry(it, struct spawn_group, owned));
		n++;
	}
	return n;
}

static void child_exited(struct spawn_group *g, int status, bool left)
{
	struct spawn_worker *w = g->owner;
	struct spawn_msg msg = {.kind = SPAWN_EXITED,
				.session = g->session,
				.id = g->id,
				.value = (uint32_t)status,
				.left = left};

	tell(w, &msg);
	if (!left)
		idmap_del(&w->by_id, g->id);
	else if (w->spawner->stops)
		forget(w, g);
}

static void launch(struct spawn_worker *w, const int fds[3])
{
	struct spawner *s = w->spawner;
	struct spawn_order *o = &s->order;
	struct spawn_plan plan = {o->argv, o->envp, o->dir, {fds[0], fds[1], fds[2]}};
	struct spawn_group *g;

	g = spawn_group_start(&s->groups, &s->launcher, &plan,
			      s->setup->routes[o->msg.value].kill_grace);
	if (!g) {
		tell_started(w, &o->msg, errno);
		return;
	}
	g->owner = w;
	g->exited = child_exited;
	g->tally = &w->groups;
	g->session = o->msg.session;
	g->id = o->msg.id;
	w->groups++;
	idmap_put(&w->by_id, g->id, g);
	list_append(&w->children, &g->owned);
	tell_started(w, &o->msg, 0);
}

/* ---- messages ---- */

/* PROGRAM may be NULL. */
static void complain(const struct spawn_worker *w, const char *program, const char *why)
{
	char shown[256];

	text_escape(shown, sizeof shown, text_of(program));
	log_warn(AREA_CGI, "worker %zu sent a wrong message (%s%s%s); it is not obeyed", w->index,
		 why, program ? ": " : "", shown);
}

/* 0, or an errno value; *why is set when the worker is at fault. */
static int judge(struct spawn_worker *w, const struct parcel *p, const char **why)
{
	struct spawner *s = w->spawner;
	int error = spawn_order_read(&s->order, s->setup, s->buffer, p->n, why);

	if (p->cut) {
		*why = "it is too long";
		return EINVAL;
	}
	if (error)
		return error;
	if (p->fds_missed && p->fd_count < 3)
		return EMFILE;
	if (p->fds_missed || p->fd_count != 3) {
		*why = "three descriptors must come with it";
		return EINVAL;
	}
	if (idmap_get(&w->by_id, s->order.msg.id)) {
		*why = "the child's number is in use";
		return EINVAL;
	}
	if (s->stops)
		return ESHUTDOWN;
	return w->groups < SPAWN_CHILDREN_MAX ? 0 : EAGAIN;
}

static void on_start(struct spawn_worker *w, const struct parcel *p)
{
	const struct spawn_order *o = &w->spawner->order;
	const char *why = NULL;
	int error = judge(w, p, &why);

	if (why)
		complain(w, o->argv[0], why);
	if (error)
		tell_started(w, &o->msg, error);
	else
		launch(w, p->fds);
}

static void on_hello(struct spawn_worker *w)
{
	size_t n = forget_all(w);

	if (n)
		log_info(AREA_CGI, "worker %zu is new; %zu programs of its predecessor are ended",
			 w->index, n);
	drop_replies(w);
	tell_hello(w);
}

static void handle(struct spawn_worker *w, const struct parcel *p)
{
	struct spawn_group *g;
	struct spawn_msg msg;

	if (p->n < sizeof msg) {
		complain(w, NULL, "it is too short");
		return;
	}
	memcpy(&msg, w->spawner->buffer, sizeof msg);
	if (msg.kind == SPAWN_START) {
		on_start(w, p);
		return;
	}
	if (p->n != sizeof msg || p->fd_count) {
		complain(w, NULL, "its kind has no parts");
		return;
	}
	/* A child that is not known has ended already: the messages crossed. */
	g = idmap_get(&w->by_id, msg.id);
	if (msg.kind == SPAWN_HELLO)
		on_hello(w);
	else if (msg.kind == SPAWN_END && g)
		spawn_group_end(&w->spawner->groups, g);
	else if (msg.kind == SPAWN_FORGET && g)
		forget(w, g);
	else if (msg.kind != SPAWN_END && msg.kind != SPAWN_FORGET)
		complain(w, NULL, "its kind is unknown");
}

/* ---- reading ---- */

static void take_fds(struct parcel *p, struct msghdr *mh)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof *p->fds;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		assert(n <= DESCRIPTORS - p->fd_count);
		memcpy(p->fds + p->fd_count, CMSG_DATA(c), n * sizeof *p->fds);
		p->fd_count += n;
	}
}

/* recv(2)'s result. */
static ssize_t receive(const struct spawn_worker *w, struct parcel *p)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
	} control;
	struct iovec iov = {w->spawner->buffer, SPAWN_MESSAGE_MAX};
	struct msghdr mh = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof control};
	ssize_t n = recvmsg(w->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*p = (struct parcel){.n = n > 0 ? (size_t)n : 0};
	if (n < 0)
		return n;
	p->cut = mh.msg_flags & MSG_TRUNC;
	p->fds_missed = mh.msg_flags & MSG_CTRUNC;
	take_fds(p, &mh);
	return n;
}

static void lose(struct spawn_worker *w)
{
	log_debug(AREA_CGI, "worker %zu and all who could take its place are gone", w->index);
	w->fd = -1;
	drop_replies(w);
	forget_all(w);
}

void spawn_worker_serve(struct spawn_worker *w, short events)
{
	if (events & (POLLOUT | GONE))
		flush(w);
	for (int i = 0; i < BATCH && w->unsent < BEHIND; i++) {
		struct parcel p;
		ssize_t n = receive(w, &p);

		if (n <= 0 && (events & GONE)) {
			lose(w);
			return;
		}
		if (n < 0)
			return;
		handle(w, &p);
		for (size_t f = 0; f < p.fd_count; f++)
			close(p.fds[f]);
		/* An empty message, or the end that poll() did not see yet. */
		if (n == 0)
			return;
	}
}

void spawn_worker_stop(struct spawn_worker *w)
{
	list_each_safe(it, &w->children) {
		struct spawn_group *g = list_entry(it, struct spawn_group, owned);

		if (!g->running)
			forget(w, g);
	}
}

short spawn_worker_events(const struct spawn_worker *w)
{
	int events = w->unsent ? POLLOUT : 0;

	if (w->unsent < BEHIND)
		events |= POLLIN | POLLRDHUP;
	return (short)events;
}

void spawn_worker_init(struct spawn_worker *w, struct spawner *s, size_t index)
{
	*w = (struct spawn_worker){.spawner = s, .index = index, .fd = s->setup->worker_fds[index]};
	list_init(&w->children);
	list_init(&w->replies);
	tell_hello(w);
}

void spawn_worker_clear(struct spawn_worker *w)
{
	drop_replies(w);
	idmap_clear(&w->by_id);
}
