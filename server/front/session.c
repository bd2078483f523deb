/* SPDX-License-Identifier: MIT */
/*
 * The life of a client connection.
 *
 *     HANDSHAKE → DETECT → H2 ──→ LINGER → GONE
 *                   └──→ REFUSED ──┘
 *
 * Input is handled as it comes; output is written by the flush job, once at the end of a turn. A
 * connection that ends by our will lingers: our side is closed and input is thrown away for a
 * moment, because closing a socket with unread input would make the kernel destroy what the client
 * has not read.
 */
#include "server/front/session.h"

#include <stdlib.h>
#include <string.h>

#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/front/tls.h"
#include "server/h2/frame.h"

enum {
	CONTROL_MOST = 64 * 1024, /* unsent control octets at which reading stops */
	/* Unsent ciphertext that one client can pin: more than flush_h2() ever leaves. What goes
	 * beyond was provoked in OpenSSL (answers to KeyUpdate) by a client that reads nothing. */
	CIPHERTEXT_MOST = 1024 * 1024,
	FLUSH_MOST = 512 * 1024, /* octets for one client in a turn; others get their turn */
	PIECES = 24,
};

static const char answer_505[] = "HTTP/1.1 505 HTTP Version Not Supported\r\n"
				 "Content-Type: text/plain\r\n"
				 "Content-Length: 87\r\n"
				 "Connection: close\r\n"
				 "\r\n"
				 "This server speaks HTTP/2 only: h2 by ALPN over TLS, "
				 "h2c by prior knowledge otherwise.\n";

/* ---- time limits ---- */

static enum front_wait waits_for(const struct session *se)
{
	switch (se->state) {
	case SESSION_HANDSHAKE:
		return FRONT_HANDSHAKE;
	case SESSION_DETECT:
		return FRONT_PREFACE;
	case SESSION_REFUSED:
		return FRONT_WRITE;
	case SESSION_LINGER:
		return FRONT_LINGER;
	case SESSION_GONE:
		return FRONT_NOTHING;
	case SESSION_H2:
		break;
	}
	if (ev_is_active(&se->writer))
		return FRONT_WRITE;
	if (!h2_settings_received(se->h2) || !h2_settings_acked(se->h2))
		return FRONT_SETTINGS;
	if (h2_in_header_block(se->h2))
		return FRONT_HEADER;
	/* The socket takes what there is, so it is windows that hold a response back. */
	if (h2_session_owes(se))
		return FRONT_WRITE;
	return h2_open_streams(se->h2) ? FRONT_NOTHING : FRONT_IDLE;
}

/* Starts the time limit for what is waited for now; PROGRESS starts a running one anew. */
static void watch_time(struct session *se, bool progress)
{
	enum front_wait w = waits_for(se);

	if (w == se->waits && !(progress && (w == FRONT_WRITE || w == FRONT_IDLE)))
		return;
	se->waits = w;
	if (w == FRONT_NOTHING)
		timer_stop(&se->timer);
	else
		timer_start(se->front->timers[w], &se->timer);
}

static void timer_fired(struct timer *t)
{
	struct session *se = list_entry(t, struct session, timer);
	static const char *const words[FRONT_WAITS] = {
	    [FRONT_PREFACE] = "sent no complete preface in time (preface_timeout)",
	    [FRONT_HANDSHAKE] = "did not finish the TLS handshake in time (handshake_timeout)",
	    [FRONT_SETTINGS] = "did not send or acknowledge SETTINGS in time (settings_timeout)",
	    [FRONT_HEADER] = "did not finish a header block in time (header_timeout)",
	    [FRONT_WRITE] = "did not take what was due in time (write_timeout)",
	    [FRONT_IDLE] = "was idle too long (idle_timeout)",
	    [FRONT_LINGER] = "did not close",
	};
	enum front_wait w = se->waits;

	se->waits = FRONT_NOTHING;
	log_debug(AREA_SERVER, "[%u] client %s %s", se->id, se->remote_addr, words[w]);
	switch (w) {
	case FRONT_SETTINGS:
		h2_fail(se->h2, H2_SETTINGS_TIMEOUT, "SETTINGS");
		h2_session_abort(se);
		break;
	case FRONT_HEADER:
		h2_fail(se->h2, H2_ENHANCE_YOUR_CALM, "header block not finished in time");
		h2_session_abort(se);
		break;
	case FRONT_IDLE:
		h2_shutdown(se->h2);
		h2_shutdown(se->h2);
		break;
	default:
		session_kill(se);
		return;
	}
	session_flush_later(se);
}

/* ---- end ---- */

static void reap(struct job *j)
{
	struct session *se = list_entry(j, struct session, reap);
	struct front *f = se->front;

	list_remove(&se->link);
	if (se->h2)
		h2_conn_free(se->h2);
	free(se);
	front_session_gone(f);
}

void session_kill(struct session *se)
{
	if (se->state == SESSION_GONE)
		return;
	if (se->h2)
		h2_session_abort(se);
	se->state = SESSION_GONE;
	timer_stop(&se->timer);
	job_cancel(&se->flush);
	ev_io_stop(se->front->loop->ev, &se->reader);
	ev_io_stop(se->front->loop->ev, &se->writer);
	channel_close(&se->channel);
	loop_reap_later(se->front->loop, &se->reap);
}

static void start_linger(struct session *se)
{
	channel_shutdown(&se->channel);
	if (se->eof) {
		session_kill(se);
		return;
	}
	se->state = SESSION_LINGER;
	ev_io_stop(se->front->loop->ev, &se->writer);
	ev_io_start(se->front->loop->ev, &se->reader);
	watch_time(se, true);
}

/* ---- output ---- */

static void want_write(struct session *se, bool on)
{
	if (on)
		ev_io_start(se->front->loop->ev, &se->writer);
	else
		ev_io_stop(se->front->loop->ev, &se->writer);
}

static void flush_refusal(struct session *se)
{
	struct iovec v = {(void *)(uintptr_t)se->refusal, strlen(se->refusal)};
	enum channel_status st = CHANNEL_OK;
	size_t n = 0;

	if (v.iov_len)
		st = channel_write(&se->channel, &v, 1, &n);
	else
		st = channel_flush(&se->channel);
	if (st == CHANNEL_ERROR) {
		session_kill(se);
		return;
	}
	se->refusal += n;
	if (*se->refusal || se->channel.out)
		want_write(se, true);
	else
		start_linger(se);
	watch_time(se, n > 0);
}

/* Whether nothing is left to do on this connection. */
static bool h2_finished(const struct session *se)
{
	if (h2_failed(se->h2))
		return true;
	return h2_open_streams(se->h2) == 0 && (h2_shutting_down(se->h2) || se->eof);
}

/* Writes what there is; whether some of it is still waiting for the socket. */
static enum channel_status write_h2(struct session *se, bool *progress)
{
	size_t total = 0, n;

	for (;;) {
		struct iovec v[PIECES];
		enum channel_status st;
		size_t len = 0;
		int pieces;

		h2_session_settle(se);
		/* Nothing is left to be served: name the last stream and go. */
		if (h2_shutting_down(se->h2) && !h2_open_streams(se->h2))
			h2_shutdown(se->h2);
		pieces = h2_send(se->h2, v, PIECES);
		if (!pieces)
			return channel_flush(&se->channel);
		if (total >= FLUSH_MOST) {
			session_flush_later(se);
			return CHANNEL_OK;
		}
		for (int i = 0; i < pieces; i++)
			len += v[i].iov_len;
		st = channel_write(&se->channel, v, pieces, &n);
		if (st != CHANNEL_OK)
			return st;
		*progress = true;
		h2_sent(se->h2, n);
		total += n;
		if (n < len)
			return CHANNEL_AGAIN;
	}
}

static void flush_h2(struct session *se)
{
	bool progress = false;
	enum channel_status st = write_h2(se, &progress);

	if (st == CHANNEL_ERROR || se->state == SESSION_GONE) {
		session_kill(se);
		return;
	}
	want_write(se, st == CHANNEL_AGAIN);
	if (se->read_stopped && h2_control_queued(se->h2) < CONTROL_MOST) {
		se->read_stopped = false;
		ev_io_start(se->front->loop->ev, &se->reader);
	}
	if (st == CHANNEL_OK && list_empty(&se->flush.link) && h2_finished(se)) {
		start_linger(se);
		return;
	}
	watch_time(se, progress);
}

static void flush(struct job *j)
{
	struct session *se = list_entry(j, struct session, flush);

	if (se->state == SESSION_H2)
		flush_h2(se);
	else if (se->state == SESSION_REFUSED)
		flush_refusal(se);
	else if ((se->state == SESSION_HANDSHAKE || se->state == SESSION_DETECT) &&
		 channel_flush(&se->channel) != CHANNEL_ERROR)
		want_write(se, se->channel.out != NULL);
}

void session_flush_later(struct session *se)
{
	if (se->state != SESSION_GONE)
		loop_flush_later(se->front->loop, &se->flush);
}

static void writable_cb(struct ev_loop *ev, ev_io *w, int events)
{
	(void)ev;
	(void)events;
	session_flush_later(w->data);
}

/* ---- input ---- */

static void refuse_http1(struct session *se)
{
	log_info(AREA_SERVER,
		 "[%u] client %s speaks HTTP/1.x: answered 505, this server speaks HTTP/2 only",
		 se->id, se->remote_addr);
	se->state = SESSION_REFUSED;
	se->refusal = answer_505;
	ev_io_stop(se->front->loop->ev, &se->reader);
	session_flush_later(se);
	watch_time(se, true);
}

static void start_h2(struct session *se)
{
	se->state = SESSION_H2;
	h2_session_start(se);
	if (se->front->stopping)
		h2_shutdown(se->h2);
	session_flush_later(se);
	watch_time(se, true);
}

/* In the clear, or without ALPN: is it the preface? */
static void detect(struct session *se, const uint8_t *p, size_t n)
{
	uint32_t before = se->detect.seen;

	switch (detect_feed(&se->detect, p, n)) {
	case DETECT_MORE:
		break;
	case DETECT_H2:
		/* RFC 9113 section 3.2: over TLS, HTTP/2 is agreed on by ALPN. */
		if (se->channel.ssl) {
			log_info(AREA_SERVER,
				 "[%u] client %s speaks h2 over TLS without ALPN: closed", se->id,
				 se->remote_addr);
			session_kill(se);
			break;
		}
		start_h2(se);
		/* The part of the preface that came in earlier reads. */
		h2_session_recv(se, (const uint8_t *)H2_PREFACE, before);
		h2_session_recv(se, p, n);
		break;
	case DETECT_H1:
		refuse_http1(se);
		break;
	case DETECT_NONSENSE:
		log_info(AREA_SERVER, "[%u] client %s speaks %s: closed", se->id, se->remote_addr,
			 n && p[0] == 0x16 ? "TLS, but this port is in the clear" : "no HTTP");
		session_kill(se);
		break;
	}
}

static void take(struct session *se, const uint8_t *p, size_t n)
{
	if (se->state == SESSION_DETECT)
		detect(se, p, n);
	else if (se->state == SESSION_H2)
		h2_session_recv(se, p, n);
}

static void note_tls(struct session *se)
{
	const SSL *ssl = se->channel.ssl;

	se->facts.tls_protocol = text_of(SSL_get_version(ssl));
	se->facts.tls_cipher = text_of(SSL_get_cipher(ssl));
	if (tls_chose_h2(ssl))
		start_h2(se);
	else
		se->state = SESSION_DETECT;
	watch_time(se, true);
}

static void end_of_input(struct session *se)
{
	se->eof = true;
	ev_io_stop(se->front->loop->ev, &se->reader);
	/* No HTTP/2 client half-closes its connection: this one is gone, and so is whoever would
	 * have read what is under way. */
	session_kill(se);
}

static void readable_cb(struct ev_loop *ev, ev_io *w, int events)
{
	struct session *se = w->data;
	const uint8_t *p = NULL;
	size_t n;
	enum channel_status st;

	(void)events;
	st = channel_read(&se->channel, &p, &n);
	if (st == CHANNEL_OK && se->state == SESSION_HANDSHAKE)
		note_tls(se);
	else if (st == CHANNEL_AGAIN && se->state == SESSION_HANDSHAKE)
		want_write(se, se->channel.out != NULL);
	while (st == CHANNEL_OK && se->state != SESSION_GONE) {
		if (n)
			take(se, p, n);
		if (se->state != SESSION_GONE)
			st = channel_next(&se->channel, &p, &n);
	}
	if (se->state == SESSION_GONE)
		return;
	if (st == CHANNEL_ERROR || se->channel.queued > CIPHERTEXT_MOST) {
		session_kill(se);
	} else if (st == CHANNEL_EOF) {
		end_of_input(se);
	} else if (se->state == SESSION_H2) {
		if (h2_control_queued(se->h2) >= CONTROL_MOST) {
			se->read_stopped = true;
			ev_io_stop(ev, &se->reader);
		}
		session_flush_later(se);
		/* That a client sends does not mean that it takes what is due. */
		watch_time(se, se->waits != FRONT_WRITE);
	}
}

/* ---- birth ---- */

static void note_address(struct session *se)
{
	struct sock_addr a;

	a.len = sizeof a.u.storage;
	if (getpeername(se->channel.fd, &a.u.sa, &a.len) == 0)
		sock_name(&a, se->remote_addr, se->remote_port);
	a.len = sizeof a.u.storage;
	if (getsockname(se->channel.fd, &a.u.sa, &a.len) == 0)
		sock_name(&a, se->local_addr, se->local_port);
	se->facts = (struct http_connection){.remote_addr = text_of(se->remote_addr),
					     .remote_port = text_of(se->remote_port),
					     .local_addr = text_of(se->local_addr),
					     .local_port = text_of(se->local_port),
					     .tls = se->channel.ssl != NULL,
					     .protocol = "HTTP/2.0"};
}

void session_new(struct front *f, int fd, SSL_CTX *ctx)
{
	struct session *se = heap_zalloc(1, sizeof *se);

	se->front = f;
	se->id = f->next_id++;
	se->waits = FRONT_NOTHING;
	list_init(&se->exchanges);
	job_init(&se->flush, flush);
	job_init(&se->reap, reap);
	timer_init(&se->timer, timer_fired);
	ev_io_init(&se->reader, readable_cb, fd, EV_READ);
	ev_io_init(&se->writer, writable_cb, fd, EV_WRITE);
	se->reader.data = se->writer.data = se;
	list_append(&f->sessions, &se->link);
	f->connections++;
	if (channel_open(&se->channel, f->loop, fd, ctx)) {
		log_error(AREA_TLS, "OpenSSL gives no session: connection closed");
		session_kill(se);
		return;
	}
	note_address(se);
	log_debug(AREA_SERVER, "[%u] client %s port %s connected%s", se->id, se->remote_addr,
		  se->remote_port, ctx ? ", TLS" : "");
	se->state = ctx ? SESSION_HANDSHAKE : SESSION_DETECT;
	ev_io_start(f->loop->ev, &se->reader);
	watch_time(se, true);
}

void front_stop(struct front *f, void (*stopped)(struct front *))
{
	f->stopping = true;
	f->stopped = stopped;
	front_clear(f);
	list_each_safe(it, &f->sessions) {
		struct session *se = list_entry(it, struct session, link);

		if (se->state == SESSION_H2) {
			h2_shutdown(se->h2);
			/* Nothing under way: the second step at once. */
			if (!h2_open_streams(se->h2))
				h2_shutdown(se->h2);
			session_flush_later(se);
		} else if (se->state == SESSION_HANDSHAKE || se->state == SESSION_DETECT) {
			session_kill(se);
		}
	}
	if (!f->connections)
		stopped(f);
}

void front_kill(struct front *f)
{
	list_each_safe(it, &f->sessions)
		session_kill(list_entry(it, struct session, link));
}
