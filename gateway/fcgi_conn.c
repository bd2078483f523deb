/* SPDX-License-Identifier: MIT */
/*
 * A FastCGI connection serves one request at a time (php-fpm and libfcgi know no other way).
 *
 * Output: BEGIN_REQUEST and PARAMS were built whole; STDIN records are framed around the pieces of
 * the body as they lie in the pipe, header first, so one writev(2) a turn carries PARAMS and body
 * without copying. Input: records are taken apart as they arrive; inside a long STDOUT record
 * octets are read straight into the response.
 *
 * The connection outlives the exchange: `gate` is NULL once the request has ended, and everything
 * that may end it returns to its caller before the gate is touched again.
 */
#include "gateway/fcgi_conn.h"

#include <errno.h>
#include <fastcgi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/gate.h"
#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/io/sock.h"

enum {
	REQUEST_ID = 1,
	PIECES = 12,
	STDIN_MOST = 65528,    /* content of one record: the largest multiple of 8 */
	STRAIGHT_LEAST = 2048, /* octets of a record left, for reading straight into the response */
};

static const struct backend fcgi_backend;

/* ---- life ---- */

static void reap(struct job *j)
{
	free(list_entry(j, struct fcgi_conn, reap));
}

void fcgi_conn_close(struct fcgi_conn *c)
{
	bool idle = c->state == FCGI_IDLE;

	if (c->state == FCGI_GONE)
		return;
	c->state = FCGI_GONE;
	c->gate = NULL;
	list_remove(&c->link);
	list_remove(&c->fresh);
	timer_stop(&c->timer);
	job_cancel(&c->flush);
	ev_io_stop(c->loop->ev, &c->reader);
	ev_io_stop(c->loop->ev, &c->writer);
	close(c->fd);
	loop_reap_later(c->loop, &c->reap);
	fcgi_pool_gone(c->pool, idle);
}

/* Takes the request off the connection. */
static struct gate *detach(struct fcgi_conn *c)
{
	struct gate *g = c->gate;

	c->gate = NULL;
	c->params = NULL;
	c->params_left = 0;
	g->backend = NULL;
	g->served_by = NULL;
	return g;
}

/* RFC 9110 section 9.2.2: what may be sent twice. */
static bool idempotent(const struct gate *g)
{
	static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (text_eq(g->x->req->method, text_of(methods[i])))
			return true;
	}
	return false;
}

/* The connection has failed: the request goes to another one, or fails. */
static void broken(struct fcgi_conn *c, const char *what)
{
	bool stale = c->reused && !c->answered;
	struct gate *g = detach(c);
	struct fcgi_pool *pool = c->pool;

	fcgi_conn_close(c);
	/* A kept connection may have been closed just when we used it (pm.max_requests). */
	if (stale && !g->retried && !g->body_touched && idempotent(g)) {
		g->retried = true;
		log_debug(AREA_FCGI, "%s: kept connection had ended: trying another",
			  fcgi_pool_name(pool));
		fcgi_pool_retry(pool, g);
		return;
	}
	gate_fail(g, XCHG_BACKEND_BAD, "[fastcgi %s] %s", fcgi_pool_name(pool), what);
}

/* ---- output ---- */

/* Makes the header of the next STDIN record: 1, 0 when there is none now, -1: the spool failed. */
static int next_record(struct fcgi_conn *c)
{
	struct iovec v[PIECES];
	size_t have = 0;
	int n;

	if (c->head_left || c->content_left)
		return 1;
	if (c->stdin_ended)
		return 0;
	n = gate_body_peek(c->gate, v, PIECES);
	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++)
		have += v[i].iov_len;
	if (have > STDIN_MOST)
		have = STDIN_MOST;
	if (!have && !gate_body_done(c->gate))
		return 0;
	c->stdin_ended = have == 0;
	log_trace(AREA_FCGI, "[%d] send STDIN id=%d length=%zu", c->fd, REQUEST_ID, have);
	frec_put_head(c->head, FCGI_STDIN, REQUEST_ID, have, 0);
	c->head_left = FREC_HEAD;
	c->content_left = have;
	return 1;
}

/* The pieces to write next; their number, or -1: the spool failed. */
static int gather(struct fcgi_conn *c, struct iovec *v)
{
	struct iovec body[PIECES];
	int n = 0, pieces, r;
	size_t left;

	if (c->params_left)
		v[n++] = (struct iovec){(void *)(uintptr_t)c->params, c->params_left};
	r = next_record(c);
	if (r <= 0)
		return r ? -1 : n;
	if (c->head_left)
		v[n++] = (struct iovec){c->head + FREC_HEAD - c->head_left, c->head_left};
	left = c->content_left;
	pieces = left ? gate_body_peek(c->gate, body, PIECES - 2) : 0;
	for (int i = 0; i < pieces && left; i++) {
		if (body[i].iov_len > left)
			body[i].iov_len = left;
		left -= body[i].iov_len;
		v[n++] = body[i];
	}
	return n;
}

static size_t consume(size_t *left, size_t *n)
{
	size_t part = *n < *left ? *n : *left;

	*left -= part;
	*n -= part;
	return part;
}

static void written(struct fcgi_conn *c, size_t n)
{
	size_t part = consume(&c->params_left, &n);

	c->params += part;
	consume(&c->head_left, &n);
	part = consume(&c->content_left, &n);
	if (part)
		gate_body_take(c->gate, part);
}

static void write_failed(struct fcgi_conn *c)
{
	if (errno == EAGAIN || errno == EINTR) {
		ev_io_start(c->loop->ev, &c->writer);
		return;
	}
	ev_io_stop(c->loop->ev, &c->writer);
	/*
	 * The application no longer reads. Its answer may be there all the same (php-fpm ends
	 * before the empty STDIN record came): reading tells.
	 */
	c->keep = false;
	c->params_left = c->head_left = 0;
	c->stdin_ended = true;
	c->content_left = 0;
}

static void spool_failed(struct fcgi_conn *c)
{
	struct gate *g = detach(c);
	int err = errno;

	fcgi_conn_close(c);
	gate_fail(g, XCHG_INTERNAL, "cannot read a request body back from its temporary file: %s",
		  strerror(err));
}

static void flush(struct job *j)
{
	struct fcgi_conn *c = list_entry(j, struct fcgi_conn, flush);

	if (c->state != FCGI_BUSY || !c->gate)
		return;
	for (;;) {
		struct iovec v[PIECES];
		int n = gather(c, v);
		struct msghdr m = {.msg_iov = v, .msg_iovlen = (size_t)n};
		ssize_t r;

		if (n < 0) {
			spool_failed(c);
			return;
		}
		if (!n)
			break;
		r = sendmsg(c->fd, &m, MSG_NOSIGNAL);
		if (r < 0) {
			write_failed(c);
			return;
		}
		written(c, (size_t)r);
		gate_progress(c->gate);
	}
	ev_io_stop(c->loop->ev, &c->writer);
}

static void established(struct fcgi_conn *c)
{
	c->state = FCGI_BUSY;
	timer_stop(&c->timer);
	ev_io_start(c->loop->ev, &c->reader);
	xchg_want_body(c->gate->x);
	loop_flush_later(c->loop, &c->flush);
}

static void connect_failed(struct fcgi_conn *c, const char *why)
{
	struct gate *g = detach(c);
	struct fcgi_pool *pool = c->pool;

	fcgi_conn_close(c);
	gate_fail(g, XCHG_BACKEND_DOWN,
		  "[fastcgi %s] cannot connect: %s; is the application running?",
		  fcgi_pool_name(pool), why);
}

static void writable_cb(struct ev_loop *ev, ev_io *w, int events)
{
	struct fcgi_conn *c = w->data;

	(void)events;
	if (c->state == FCGI_CONNECTING) {
		int err = sock_error(c->fd);

		ev_io_stop(ev, w);
		if (err)
			connect_failed(c, strerror(err));
		else
			established(c);
		return;
	}
	loop_flush_later(c->loop, &c->flush);
}

/* ---- input ---- */

static void ended(struct fcgi_conn *c, const struct frec_event *ev)
{
	static const char *const words[] = {"", "it cannot multiplex", "it is overloaded",
					    "it does not know the role"};
	bool clean = c->keep && c->stdin_ended && !c->params_left && !c->head_left;
	struct fcgi_pool *pool = c->pool;
	struct gate *g = detach(c);

	if (ev->proto_status != FCGI_REQUEST_COMPLETE) {
		fcgi_conn_close(c);
		gate_fail(g,
			  ev->proto_status == FCGI_OVERLOADED ? XCHG_BACKEND_DOWN
							      : XCHG_BACKEND_BAD,
			  "[fastcgi %s] the application refuses the request: %s",
			  fcgi_pool_name(pool),
			  ev->proto_status <= FCGI_UNKNOWN_ROLE ? words[ev->proto_status]
								: "unknown protocol status");
		return;
	}
	if (clean)
		fcgi_pool_release(pool, c);
	else
		fcgi_conn_close(c);
	gate_end(g);
}

static const char *kind_name(enum frec_kind kind)
{
	static const char *const names[] =
	    {"NONE", "STDOUT", "STDERR", "END_REQUEST", "GET_VALUES_RESULT", "UNKNOWN_TYPE", "BAD"};

	return names[kind];
}

/* Handles one event; false when the request on this connection is over. */
static bool handle(struct fcgi_conn *c, const struct frec_event *ev)
{
	log_trace(AREA_FCGI, "[%d] recv %s id=%u length=%zu", c->fd, kind_name(ev->kind), ev->id,
		  ev->len);
	if (ev->kind == FREC_BAD) {
		broken(c, ev->why);
		return false;
	}
	if (ev->kind != FREC_VALUES && ev->kind != FREC_UNKNOWN && ev->id != REQUEST_ID) {
		broken(c, "a record with a request id that was never used");
		return false;
	}
	switch (ev->kind) {
	case FREC_STDOUT:
		return gate_output(c->gate, (const char *)ev->data, ev->len);
	case FREC_STDERR:
		gate_stderr(c->gate, (const char *)ev->data, ev->len);
		return true;
	case FREC_END:
		ended(c, ev);
		return false;
	default:
		return true;
	}
}

static void parse(struct fcgi_conn *c, const uint8_t *p, size_t n)
{
	while (n) {
		struct frec_event ev;
		size_t used = frec_parse(&c->parser, p, n, &ev);

		p += used;
		n -= used;
		if (ev.kind == FREC_NONE)
			continue;
		/* Octets after the end belong to nobody: such a connection is not used again. */
		if (ev.kind == FREC_END && n)
			c->keep = false;
		if (!handle(c, &ev))
			break;
	}
}

/* An idle connection became readable: the application closed it, or talks out of turn. */
static void idle_readable(struct fcgi_conn *c)
{
	char one;

	if (recv(c->fd, &one, 1, MSG_PEEK) < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	fcgi_conn_close(c);
}

static void read_failed(struct fcgi_conn *c, ssize_t r)
{
	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (c->gate)
		broken(c, r < 0 ? strerror(errno) : "closed the connection before END_REQUEST");
	else
		fcgi_conn_close(c);
}

/*
 * Inside a STDOUT record: reads its content straight into the response, and what follows it into
 * the loop's buffer. Returns false when this does not apply.
 */
static bool read_straight(struct fcgi_conn *c, size_t room)
{
	size_t left = frec_stdout_left(&c->parser), most = gate_straight(c->gate);
	size_t lent = 0, got, body;
	struct iovec v[PIECES];
	ssize_t r;
	int n;

	if (left < STRAIGHT_LEAST || !most)
		return false;
	if (most > room)
		most = room;
	n = xchg_reserve(c->gate->x, v, PIECES - 1, left < most ? left : most);
	for (int i = 0; i < n; i++)
		lent += v[i].iov_len;
	/* What follows the record may be body, too: never more than there is room for. */
	room -= lent;
	if (lent == left && room)
		v[n++] = (struct iovec){c->loop->buffer, room < LOOP_BUFFER ? room : LOOP_BUFFER};
	r = readv(c->fd, v, n);
	got = r > 0 ? (size_t)r : 0;
	body = got < lent ? got : lent;
	frec_skip(&c->parser, body);
	xchg_commit(c->gate->x, body);
	if (r <= 0) {
		read_failed(c, r);
		return true;
	}
	gate_progress(c->gate);
	if (got > lent)
		parse(c, c->loop->buffer, got - lent);
	return true;
}

static void readable_cb(struct ev_loop *ev, ev_io *w, int events)
{
	struct fcgi_conn *c = w->data;
	size_t room;
	ssize_t r;

	(void)events;
	if (c->state == FCGI_IDLE) {
		idle_readable(c);
		return;
	}
	room = gate_room(c->gate);
	if (!room) {
		ev_io_stop(ev, w); /* resume() starts it again */
		return;
	}
	if (read_straight(c, room))
		return;
	r = recv(c->fd, c->loop->buffer, room < LOOP_BUFFER ? room : LOOP_BUFFER, 0);
	if (r <= 0) {
		read_failed(c, r);
		return;
	}
	list_remove(&c->fresh);
	c->answered = true;
	gate_progress(c->gate);
	parse(c, c->loop->buffer, (size_t)r);
}

/* ---- for the exchange ---- */

static void kick(struct gate *g)
{
	struct fcgi_conn *c = g->served_by;

	if (c->state == FCGI_BUSY)
		loop_flush_later(c->loop, &c->flush);
}

static void resume(struct gate *g)
{
	struct fcgi_conn *c = g->served_by;

	if (c->state == FCGI_BUSY)
		ev_io_start(c->loop->ev, &c->reader);
}

static void on_abort(struct gate *g)
{
	struct fcgi_conn *c = g->served_by;
	uint8_t record[FREC_HEAD];
	bool between = !c->params_left && !c->head_left && !c->content_left;

	detach(c);
	/* Few applications heed it, closing is what ends them (FastCGI 1.0 section 5.4). */
	if (c->state == FCGI_BUSY && between) {
		frec_put_head(record, FCGI_ABORT_REQUEST, REQUEST_ID, 0, 0);
		if (send(c->fd, record, sizeof record, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			log_debug(AREA_FCGI, "[%d] ABORT_REQUEST not sent", c->fd);
	}
	fcgi_conn_close(c);
}

static const struct backend fcgi_backend = {
    .name = "fastcgi",
    .kick = kick,
    .resume = resume,
    .abort = on_abort,
};

/* ---- requests ---- */

static int add_param(void *to, struct text name, struct text value)
{
	return frec_params_add(to, name, value);
}

static int build(struct fcgi_conn *c, struct gate *g)
{
	struct frec_params params;

	frec_params_init(&params, g->x->pool, REQUEST_ID, FREC_BEGIN);
	frec_put_begin(params.buf, REQUEST_ID, FCGI_RESPONDER, c->keep);
	if (cgi_env_build(&g->request, add_param, &params))
		return -1;
	frec_params_end(&params);
	c->params = params.buf;
	c->params_left = params.len;
	log_trace(AREA_FCGI, "[%d] send BEGIN_REQUEST id=%d keep=%d, PARAMS length=%zu", c->fd,
		  REQUEST_ID, c->keep, params.len);
	return 0;
}

static void assign(struct fcgi_conn *c, struct gate *g)
{
	c->gate = g;
	g->backend = &fcgi_backend;
	g->served_by = c;
	c->answered = c->stdin_ended = false;
	c->head_left = c->content_left = 0;
	frec_parser_init(&c->parser);
	if (build(c, g)) {
		log_warn(AREA_FCGI, "%s: a variable over 65,535 octets: answered 431",
			 gate_name(g));
		on_abort(g);
		gate_refuse(g, 431);
	}
}

static void timer_fired(struct timer *t)
{
	struct fcgi_conn *c = list_entry(t, struct fcgi_conn, timer);

	if (c->state == FCGI_CONNECTING)
		connect_failed(c, "no connection in time (connect_timeout)");
	else
		fcgi_conn_close(c);
}

struct fcgi_conn *fcgi_conn_new(struct fcgi_pool *pool, struct loop *loop, int fd, bool connected,
				double connect_timeout, struct gate *g, bool keep)
{
	struct fcgi_conn *c = heap_zalloc(1, sizeof *c);

	c->pool = pool;
	c->loop = loop;
	c->fd = fd;
	c->keep = keep;
	c->state = FCGI_CONNECTING;
	list_init(&c->link);
	list_init(&c->fresh);
	c->opened = loop->steady;
	job_init(&c->flush, flush);
	job_init(&c->reap, reap);
	timer_init(&c->timer, timer_fired);
	ev_io_init(&c->reader, readable_cb, fd, EV_READ);
	ev_io_init(&c->writer, writable_cb, fd, EV_WRITE);
	c->reader.data = c->writer.data = c;
	assign(c, g);
	if (!c->gate)
		return c;
	if (connected) {
		established(c);
	} else {
		timer_start(loop_timers(loop, connect_timeout), &c->timer);
		ev_io_start(loop->ev, &c->writer);
	}
	return c;
}

void fcgi_conn_serve(struct fcgi_conn *c, struct gate *g)
{
	c->reused = true;
	c->keep = true;
	c->state = FCGI_BUSY;
	assign(c, g);
	if (c->gate)
		established(c);
}
