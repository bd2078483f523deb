/* SPDX-License-Identifier: MIT */
/*
 * A CGI program: three pipes, started by the spawner. Input and output flow independently.
 *
 * When is the answer complete? When stdout has ended and the program has exited. Either may come
 * first:
 *
 *     stdout ends, no exit yet     the answer is complete as soon as its Content-Length is met;
 * else the exit status is awaited for a moment, because a program that was killed must not look as
 * if it had finished exit, stdout still open      a grand-child holds it: it has `linger` seconds
 *
 * The process object outlives the exchange until the program has exited: what it does after closing
 * stdout is its own affair. Only when the client has gone, or time is up, is it ended.
 */
#include "gateway/cgi_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/gate.h"
#include "gateway/spawner.h"
#include "server/base/log.h"
#include "server/base/pool.h"

enum { PIECES = 8, STRAIGHT_MOST = 128 * 1024 };

static const double status_grace = 0.1; /* seconds to wait for the exit status after stdout ended */

struct cgi_proc {
	struct spawn_child child;
	struct spawn_client *spawner;
	struct loop *loop;
	struct gate *gate; /* NULL once the exchange has ended */
	int in, out, err;  /* our ends; -1 when closed */
	ev_io in_watcher, out_watcher, err_watcher;
	struct job flush, reap;
	struct timer timer;
	bool running; /* exec has succeeded */
	bool exited;
	int status; /* of wait(2) */
};

static const struct backend cgi_backend;

static struct cgi_proc *of_child(struct spawn_child *child)
{
	return list_entry(child, struct cgi_proc, child);
}

/* ---- life ---- */

static void close_end(struct cgi_proc *p, int *fd, ev_io *w)
{
	ev_io_stop(p->loop->ev, w);
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_all(struct cgi_proc *p)
{
	close_end(p, &p->in, &p->in_watcher);
	close_end(p, &p->out, &p->out_watcher);
	close_end(p, &p->err, &p->err_watcher);
}

static void reap(struct job *j)
{
	free(list_entry(j, struct cgi_proc, reap));
}

/* Nobody needs the object any more. What is left of the group ends, too. */
static void discard(struct cgi_proc *p)
{
	spawn_forget(p->spawner, &p->child);
	close_all(p);
	timer_stop(&p->timer);
	job_cancel(&p->flush);
	loop_reap_later(p->loop, &p->reap);
}

static struct gate *detach(struct cgi_proc *p)
{
	struct gate *g = p->gate;

	p->gate = NULL;
	g->backend = NULL;
	g->served_by = NULL;
	timer_stop(&p->timer);
	close_end(p, &p->in, &p->in_watcher);
	close_end(p, &p->out, &p->out_watcher);
	return g;
}

/* ---- error output ---- */

/* Reads what is there; false at its end. Without an exchange it is thrown away. */
static bool read_err(struct cgi_proc *p)
{
	char buf[4096];
	ssize_t r = read(p->err, buf, sizeof buf);

	if (r > 0 && p->gate)
		gate_stderr(p->gate, buf, (size_t)r);
	return r > 0 || (r < 0 && (errno == EAGAIN || errno == EINTR));
}

/* All that is there: it tells why a program failed. Bounded, for one that never stops. */
static void drain_err(struct cgi_proc *p)
{
	for (int i = 0; i < 32 && p->err >= 0; i++) {
		errno = 0;
		if (!read_err(p) || errno == EAGAIN)
			break;
	}
}

static void err_cb(struct ev_loop *ev, ev_io *w, int events)
{
	struct cgi_proc *p = w->data;

	(void)ev;
	(void)events;
	if (!read_err(p))
		close_end(p, &p->err, &p->err_watcher);
}

/* ---- the end of the answer ---- */

/* Whether the program met an end that its answer must not hide. */
static bool killed(const struct cgi_proc *p)
{
	return p->exited && WIFSIGNALED(p->status);
}

static void finish(struct cgi_proc *p)
{
	struct gate *g;

	drain_err(p);
	g = detach(p);
	if (p->exited)
		discard(p);
	if (killed(p))
		gate_fail(g, XCHG_BACKEND_BAD, "the program was killed by signal %d (%s)",
			  WTERMSIG(p->status), strsignal(WTERMSIG(p->status)));
	else
		gate_end(g);
}

static void time_over(struct timer *t)
{
	struct cgi_proc *p = list_entry(t, struct cgi_proc, timer);

	if (p->exited && p->out >= 0)
		log_info(AREA_CGI,
			 "%s: stdout is still open %g s after the program's end (linger): the "
			 "answer ends here",
			 gate_name(p->gate), p->gate->t->linger);
	finish(p);
}

static void out_ended(struct cgi_proc *p)
{
	close_end(p, &p->out, &p->out_watcher);
	if (p->exited || (p->gate->head_done && p->gate->x->left == 0))
		finish(p);
	else
		timer_start(loop_timers(p->loop, status_grace), &p->timer);
}

static void exited(struct spawn_child *child, int status)
{
	struct cgi_proc *p = of_child(child);

	p->exited = true;
	p->status = status;
	if (!p->gate)
		discard(p);
	else if (p->out < 0)
		finish(p);
	else
		timer_start(loop_timers(p->loop, p->gate->t->linger), &p->timer);
}

/* ---- output ---- */

static ssize_t read_straight(struct cgi_proc *p, size_t room)
{
	struct iovec v[PIECES];
	int n = xchg_reserve(p->gate->x, v, PIECES, room < STRAIGHT_MOST ? room : STRAIGHT_MOST);
	ssize_t r = readv(p->out, v, n);

	xchg_commit(p->gate->x, r > 0 ? (size_t)r : 0);
	return r;
}

static void out_cb(struct ev_loop *ev, ev_io *w, int events)
{
	struct cgi_proc *p = w->data;
	size_t room = gate_room(p->gate);
	size_t straight = gate_straight(p->gate);
	ssize_t r;

	(void)events;
	if (!room) {
		ev_io_stop(ev, w); /* resume() starts it again */
		return;
	}
	r = straight ? read_straight(p, room < straight ? room : straight)
		     : read(p->out, p->loop->buffer, room < LOOP_BUFFER ? room : LOOP_BUFFER);
	if (r > 0) {
		gate_progress(p->gate);
		if (!straight)
			gate_output(p->gate, (const char *)p->loop->buffer, (size_t)r);
	} else if (r == 0 || (errno != EAGAIN && errno != EINTR)) {
		out_ended(p);
	}
}

/* ---- input ---- */

static void flush(struct job *j)
{
	struct cgi_proc *p = list_entry(j, struct cgi_proc, flush);

	while (p->gate && p->in >= 0) {
		struct iovec v[PIECES];
		int n = gate_body_peek(p->gate, v, PIECES);
		ssize_t r;

		if (n < 0) {
			struct gate *g = p->gate;
			int err = errno;

			g->backend->abort(g);
			gate_fail(g, XCHG_INTERNAL,
				  "cannot read a request body back from its temporary file: %s",
				  strerror(err));
			return;
		}
		if (n == 0) {
			ev_io_stop(p->loop->ev, &p->in_watcher);
			if (gate_body_done(p->gate))
				close_end(p, &p->in, &p->in_watcher);
			return;
		}
		r = writev(p->in, v, n);
		if (r > 0) {
			gate_body_take(p->gate, (size_t)r);
			gate_progress(p->gate);
		} else if (errno == EAGAIN || errno == EINTR) {
			ev_io_start(p->loop->ev, &p->in_watcher);
			return;
		} else {
			/* It reads no more; that is its right (RFC 3875 section 4.2). */
			close_end(p, &p->in, &p->in_watcher);
		}
	}
}

static void in_cb(struct ev_loop *ev, ev_io *w, int events)
{
	struct cgi_proc *p = w->data;

	(void)ev;
	(void)events;
	loop_flush_later(p->loop, &p->flush);
}

static void kick(struct gate *g)
{
	struct cgi_proc *p = g->served_by;

	if (p->running)
		loop_flush_later(p->loop, &p->flush);
}

static void resume(struct gate *g)
{
	struct cgi_proc *p = g->served_by;

	if (p->out >= 0)
		ev_io_start(p->loop->ev, &p->out_watcher);
}

static void on_abort(struct gate *g)
{
	struct cgi_proc *p = g->served_by;

	drain_err(p);
	detach(p);
	discard(p);
}

static const struct backend cgi_backend = {
    .name = "cgi",
    .kick = kick,
    .resume = resume,
    .abort = on_abort,
};

/* ---- start ---- */

static void started(struct spawn_child *child, int error)
{
	struct cgi_proc *p = of_child(child);
	struct gate *g = p->gate;

	if (!error) {
		p->running = true;
		if (g) {
			xchg_want_body(g->x);
			loop_flush_later(p->loop, &p->flush);
		}
		return;
	}
	if (g)
		detach(p);
	discard(p);
	if (g)
		gate_fail(g, error == EAGAIN || error == ENOMEM ? XCHG_BACKEND_DOWN : XCHG_INTERNAL,
			  "the program cannot be started: %s%s", strerror(error),
			  error == EACCES    ? " (is it executable for the server's user?)"
			  : error == ENOENT  ? " (does the interpreter of its #! line exist?)"
			  : error == ENOEXEC ? " (does it begin with a #! line?)"
					     : "");
}

/* NAME=value strings in one growing block. */
struct env_block {
	struct pool *pool;
	char *p;
	size_t n, cap;
};

static int add_env(void *to, struct text name, struct text value)
{
	struct env_block *b = to;
	size_t need = name.n + value.n + 2;

	if (b->n + need > b->cap) {
		size_t cap = (b->n + need) * 2 + 2048;

		b->p = pool_extend(b->pool, b->p, b->cap, cap);
		b->cap = cap;
	}
	memcpy(b->p + b->n, name.p, name.n);
	b->p[b->n + name.n] = '=';
	if (value.n)
		memcpy(b->p + b->n + name.n + 1, value.p, value.n);
	b->p[b->n + need - 1] = '\0';
	b->n += need;
	return 0;
}

static bool has_path(const struct cgi_request *r)
{
	for (size_t i = 0; i < r->extra_count; i++) {
		if (text_is(r->extra[i].name, "PATH"))
			return true;
	}
	return false;
}

static struct text build_env(struct gate *g)
{
	struct env_block b = {.pool = g->x->pool};

	if (!has_path(&g->request))
		add_env(&b, TEXT("PATH"), TEXT("/usr/local/bin:/usr/bin:/bin"));
	cgi_env_build(&g->request, add_env, &b);
	return (struct text){b.p, b.n};
}

/* A pipe of which one end is ours: non-blocking, never inherited. */
static int make_pipe(int *ours, int *theirs, bool we_write)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC))
		return -1;
	*ours = fd[we_write ? 1 : 0];
	*theirs = fd[we_write ? 0 : 1];
	return fcntl(*ours, F_SETFL, O_NONBLOCK);
}

static struct cgi_proc *proc_new(struct gate *g)
{
	struct cgi_proc *p = heap_zalloc(1, sizeof *p);

	p->loop = g->t->loop;
	p->spawner = g->t->spawner;
	p->gate = g;
	p->in = p->out = p->err = -1;
	p->child.started = started;
	p->child.exited = exited;
	job_init(&p->flush, flush);
	job_init(&p->reap, reap);
	timer_init(&p->timer, time_over);
	g->backend = &cgi_backend;
	g->served_by = p;
	return p;
}

static void watch(struct cgi_proc *p)
{
	ev_io_init(&p->in_watcher, in_cb, p->in, EV_WRITE);
	ev_io_init(&p->out_watcher, out_cb, p->out, EV_READ);
	ev_io_init(&p->err_watcher, err_cb, p->err, EV_READ);
	p->in_watcher.data = p->out_watcher.data = p->err_watcher.data = p;
}

static void start_failed(struct cgi_proc *p, int err)
{
	struct gate *g = detach(p);

	discard(p);
	if (err == E2BIG) {
		log_warn(AREA_CGI,
			 "%s: variables too large for a program's environment: answered 431",
			 gate_name(g));
		gate_refuse(g, 431);
		return;
	}
	gate_fail(g, XCHG_BACKEND_DOWN, "the program cannot be started: %s", strerror(err));
}

void cgi_serve(struct gate *g)
{
	struct cgi_proc *p = proc_new(g);
	int theirs[3] = {-1, -1, -1}, r;
	struct spawn_request request = {.route = g->t->route_index, .program = g->program};

	r = make_pipe(&p->in, &theirs[0], true) || make_pipe(&p->out, &theirs[1], false) ||
	    make_pipe(&p->err, &theirs[2], false);
	watch(p);
	if (!r) {
		request.env = build_env(g);
		r = spawn_start(p->spawner, &p->child, &request, theirs);
	}
	if (r) {
		start_failed(p, errno);
	} else {
		ev_io_start(p->loop->ev, &p->out_watcher);
		ev_io_start(p->loop->ev, &p->err_watcher);
	}
	for (int i = 0; i < 3; i++) {
		if (theirs[i] >= 0)
			close(theirs[i]);
	}
}
