/* SPDX-License-Identifier: MIT */
/* Set-up only; the bytes go through channel.c. */
#include "server/front/tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

static const unsigned char session_context[] = "outrider";

/* RFC 7301: our order, h2 first. Without a common protocol the handshake fails. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *outlen,
			   const unsigned char *in, unsigned inlen, void *arg)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1";
	unsigned char *found;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&found, outlen, ours, sizeof ours - 1, in, inlen) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = found;
	return SSL_TLSEXT_ERR_OK;
}

const char *tls_error(char *buf, size_t cap)
{
	unsigned long e = ERR_peek_last_error();

	if (e)
		ERR_error_string_n(e, buf, cap);
	else
		snprintf(buf, cap, "no reason given");
	ERR_clear_error();
	return buf;
}

static int fail(SSL_CTX *ctx, char *why, size_t cap, const char *what, const char *file)
{
	char shown[256];
	const char *reason = NULL;

	/* The first error of the queue is the cause, the last only where it was noticed. */
	if (access(file, R_OK))
		reason = strerror(errno);
	else if (ERR_GET_REASON(ERR_peek_error()) == PEM_R_NO_START_LINE)
		reason = "there is none in that file (PEM is wanted)";
	else if (ERR_peek_error())
		reason = ERR_reason_error_string(ERR_peek_error());
	snprintf(why, cap, "%s %s: %s", what, file,
		 reason ? reason : tls_error(shown, sizeof shown));
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return -1;
}

static int load(SSL_CTX *ctx, const char *certificate, const char *key, char *why, size_t cap)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
		return fail(ctx, why, cap, "cannot use the certificate", certificate);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return fail(ctx, why, cap, "cannot use the private key", key);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return fail(ctx, why, cap, "the certificate does not belong to the private key",
			    key);
	return 0;
}

SSL_CTX *tls_context(const char *certificate, const char *private_key, char *why, size_t cap)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx) {
		tls_error(why, cap);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* RFC 9113 section 9.2.2: nothing of the blocklist. TLS 1.3 has its own list. */
	SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
				     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_id_context(ctx, session_context, sizeof session_context - 1);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	return load(ctx, certificate, private_key, why, cap) ? NULL : ctx;
}

bool tls_chose_h2(const SSL *ssl)
{
	const unsigned char *p;
	unsigned n;

	SSL_get0_alpn_selected(ssl, &p, &n);
	return n == 2 && memcmp(p, "h2", 2) == 0;
}
