/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL reads and writes through a BIO of ours: it reads from the octets that one read(2) brought
 * and writes into chunks, which one writev(2) sends. So a turn of the loop costs one system call
 * each way however many records there are, and SSL_write never waits.
 *
 *     socket → loop->buffer → BIO → SSL_read → loop->plain → session
 *     session → SSL_write → BIO → chunks → writev → socket
 */
#include "server/front/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "server/base/log.h"
#include "server/base/pipe.h"
#include "server/front/tls.h"
#include "server/io/loop.h"

/* ---- the BIO ---- */

static int bio_write(BIO *bio, const char *from, size_t n, size_t *written)
{
	struct channel *ch = BIO_get_data(bio);

	*written = n;
	ch->queued += n;
	while (n) {
		struct chunk *t = ch->out_tail;
		size_t part;

		if (!t || t->end == CHUNK_SIZE) {
			t = chunk_get(&ch->loop->chunks);
			t->off = t->end = 0;
			if (ch->out_tail)
				ch->out_tail->next = t;
			else
				ch->out = t;
			ch->out_tail = t;
		}
		part = CHUNK_SIZE - t->end;
		if (part > n)
			part = n;
		memcpy(t->data + t->end, from, part);
		t->end += (uint32_t)part;
		from += part;
		n -= part;
	}
	return 1;
}

static int bio_read(BIO *bio, char *to, size_t n, size_t *got)
{
	struct channel *ch = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (!ch->raw_len) {
		BIO_set_retry_read(bio);
		*got = 0;
		return -1;
	}
	if (n > ch->raw_len)
		n = ch->raw_len;
	memcpy(to, ch->raw, n);
	ch->raw += n;
	ch->raw_len -= n;
	*got = n;
	return 1;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

/* One method for the process; OpenSSL wants it made at run time. */
static BIO_METHOD *bio_method(void)
{
	static BIO_METHOD *method;

	if (!method) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "outrider");
		if (!method)
			oom();
		BIO_meth_set_write_ex(method, bio_write);
		BIO_meth_set_read_ex(method, bio_read);
		BIO_meth_set_ctrl(method, bio_ctrl);
	}
	return method;
}

/* ---- life ---- */

int channel_open(struct channel *ch, struct loop *loop, int fd, SSL_CTX *ctx)
{
	BIO *bio;

	*ch = (struct channel){.fd = fd, .loop = loop, .handshaken = !ctx};
	if (!ctx)
		return 0;
	ch->ssl = SSL_new(ctx);
	bio = ch->ssl ? BIO_new(bio_method()) : NULL;
	if (!bio) {
		SSL_free(ch->ssl);
		ch->ssl = NULL;
		return -1;
	}
	BIO_set_data(bio, ch);
	BIO_set_init(bio, 1);
	SSL_set_bio(ch->ssl, bio, bio);
	SSL_set_accept_state(ch->ssl);
	return 0;
}

static void drop_first(struct channel *ch)
{
	struct chunk *c = ch->out;

	ch->out = c->next;
	if (!ch->out)
		ch->out_tail = NULL;
	chunk_put(&ch->loop->chunks, c);
}

void channel_close(struct channel *ch)
{
	if (ch->fd < 0)
		return;
	while (ch->out)
		drop_first(ch);
	SSL_free(ch->ssl);
	ch->ssl = NULL;
	close(ch->fd);
	ch->fd = -1;
}

void channel_shutdown(struct channel *ch)
{
	if (ch->ssl && ch->handshaken) {
		ERR_clear_error();
		SSL_shutdown(ch->ssl);
		channel_flush(ch);
	}
	shutdown(ch->fd, SHUT_WR);
}

/* ---- reading ---- */

static enum channel_status tls_failed(struct channel *ch, int r, const char *doing)
{
	int e = SSL_get_error(ch->ssl, r);
	char why[256];

	if (e == SSL_ERROR_WANT_READ)
		return CHANNEL_AGAIN;
	if (e == SSL_ERROR_ZERO_RETURN)
		return CHANNEL_EOF;
	log_info(AREA_TLS, "%s: %s", doing, tls_error(why, sizeof why));
	return CHANNEL_ERROR;
}

static enum channel_status handshake(struct channel *ch)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(ch->ssl);
	if (r == 1) {
		ch->handshaken = true;
		log_trace(AREA_TLS, "fd %d: %s %s", ch->fd, SSL_get_version(ch->ssl),
			  SSL_get_cipher(ch->ssl));
		return CHANNEL_OK;
	}
	return tls_failed(ch, r, "handshake");
}

enum channel_status channel_read(struct channel *ch, const uint8_t **p, size_t *n)
{
	ssize_t r = recv(ch->fd, ch->loop->buffer, LOOP_BUFFER, 0);
	enum channel_status st;

	*n = 0;
	if (r == 0)
		return CHANNEL_EOF;
	if (r < 0)
		return errno == EAGAIN || errno == EINTR ? CHANNEL_AGAIN : CHANNEL_ERROR;
	if (!ch->ssl) {
		*p = ch->loop->buffer;
		*n = (size_t)r;
		return CHANNEL_OK;
	}
	ch->raw = ch->loop->buffer;
	ch->raw_len = (size_t)r;
	if (!ch->handshaken) {
		st = handshake(ch);
		channel_flush(ch);
		if (st != CHANNEL_OK)
			return st;
	}
	return CHANNEL_OK;
}

enum channel_status channel_next(struct channel *ch, const uint8_t **p, size_t *n)
{
	size_t got;
	int r;

	*n = 0;
	if (!ch->ssl)
		return CHANNEL_AGAIN;
	ERR_clear_error();
	r = SSL_read_ex(ch->ssl, ch->loop->plain, LOOP_BUFFER, &got);
	if (r != 1)
		return tls_failed(ch, r, "reading");
	*p = ch->loop->plain;
	*n = got;
	return CHANNEL_OK;
}

/* ---- writing ---- */

static enum channel_status write_clear(struct channel *ch, const struct iovec *v, int max,
				       size_t *n)
{
	struct msghdr m = {.msg_iov = (struct iovec *)(uintptr_t)v, .msg_iovlen = (size_t)max};
	ssize_t r = sendmsg(ch->fd, &m, MSG_NOSIGNAL);

	*n = 0;
	if (r < 0)
		return errno == EAGAIN || errno == EINTR ? CHANNEL_AGAIN : CHANNEL_ERROR;
	*n = (size_t)r;
	return CHANNEL_OK;
}

enum channel_status channel_flush(struct channel *ch)
{
	while (ch->out) {
		enum { PIECES = 16 };
		struct iovec v[PIECES];
		enum channel_status st;
		size_t sent;
		int n = 0;

		for (struct chunk *c = ch->out; c && n < PIECES; c = c->next)
			v[n++] = (struct iovec){c->data + c->off, c->end - c->off};
		st = write_clear(ch, v, n, &sent);
		if (st != CHANNEL_OK)
			return st;
		ch->queued -= sent;
		while (sent) {
			struct chunk *c = ch->out;
			size_t len = c->end - c->off;

			if (sent < len) {
				c->off += (uint32_t)sent;
				return CHANNEL_AGAIN;
			}
			sent -= len;
			drop_first(ch);
		}
	}
	return CHANNEL_OK;
}

static int encrypt(struct channel *ch, const void *p, size_t n)
{
	size_t done;

	while (n) {
		if (SSL_write_ex(ch->ssl, p, n, &done) != 1)
			return -1;
		p = (const char *)p + done;
		n -= done;
	}
	return 0;
}

/*
 * Small pieces are gathered, so that a record is worth its overhead; large ones go straight from
 * where they lie.
 */
static int encrypt_all(struct channel *ch, const struct iovec *v, int max, size_t *total)
{
	enum { RECORD = 16384, LARGE = 8192 };
	uint8_t *stage = ch->loop->plain;
	size_t staged = 0;

	for (int i = 0; i < max; i++) {
		size_t n = v[i].iov_len;

		*total += n;
		if (staged && (n >= LARGE || staged + n > RECORD)) {
			if (encrypt(ch, stage, staged))
				return -1;
			staged = 0;
		}
		if (n >= LARGE) {
			if (encrypt(ch, v[i].iov_base, n))
				return -1;
			continue;
		}
		memcpy(stage + staged, v[i].iov_base, n);
		staged += n;
	}
	return staged ? encrypt(ch, stage, staged) : 0;
}

enum channel_status channel_write(struct channel *ch, const struct iovec *v, int max, size_t *n)
{
	enum channel_status st;
	char why[256];

	if (!ch->ssl)
		return write_clear(ch, v, max, n);
	*n = 0;
	st = channel_flush(ch);
	if (st != CHANNEL_OK)
		return st;
	ERR_clear_error();
	if (encrypt_all(ch, v, max, n)) {
		log_debug(AREA_TLS, "writing: %s", tls_error(why, sizeof why));
		return CHANNEL_ERROR;
	}
	st = channel_flush(ch);
	return st == CHANNEL_ERROR ? st : CHANNEL_OK;
}
