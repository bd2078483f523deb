/* SPDX-License-Identifier: MIT */
/*
 * Octets between a client and a session: a socket, with TLS or in the clear. What TLS has encrypted
 * and the socket did not take waits in chunks here.
 */
#ifndef OUTRIDER_FRONT_CHANNEL_H
#define OUTRIDER_FRONT_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <openssl/ssl.h>

struct chunk;
struct loop;

enum channel_status {
	CHANNEL_OK,
	CHANNEL_AGAIN, /* nothing more for now */
	CHANNEL_EOF,   /* the client has ended its side */
	CHANNEL_ERROR, /* the connection is of no more use */
};

struct channel {
	int fd;
	struct loop *loop;
	SSL *ssl;	    /* NULL in the clear */
	const uint8_t *raw; /* received ciphertext that TLS has not read yet; set only while */
	size_t raw_len;	    /* channel_read() and its callers run */
	struct chunk *out, *out_tail; /* ciphertext for the socket */
	size_t queued;		      /* octets of it */
	bool handshaken;
};

/* Takes over the socket; CTX: for TLS, else NULL. -1 when OpenSSL refuses. */
int channel_open(struct channel *, struct loop *, int fd, SSL_CTX *ctx);
/* Sends close_notify if it fits, closes the socket. */
void channel_close(struct channel *);

/*
 * Reads from the socket once. In the clear, *p and *n are what came, in loop->buffer. With TLS the
 * ciphertext is kept for channel_next(). Before the handshake is finished it is carried on here.
 */
enum channel_status channel_read(struct channel *, const uint8_t **p, size_t *n);
/* With TLS: the next piece of plaintext of what channel_read() got, in loop->plain. AGAIN: no more.
 * In the clear always AGAIN. */
enum channel_status channel_next(struct channel *, const uint8_t **p, size_t *n);
/* Writes at most MAX pieces; *n says how many octets were taken. OK although *n is less than all:
 * AGAIN will be next. With TLS all is taken, or nothing while older ciphertext waits. */
enum channel_status channel_write(struct channel *, const struct iovec *, int max, size_t *n);
/* Writes ciphertext that waits: OK when none is left. */
enum channel_status channel_flush(struct channel *);
/* Ends our side: close_notify and FIN. */
void channel_shutdown(struct channel *);

#endif
