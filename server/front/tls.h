/* SPDX-License-Identifier: MIT */
/* TLS for listeners: OpenSSL contexts with ALPN. TLS 1.2 and newer, AEAD ciphers with forward
 * secrecy only, so no cipher of RFC 9113 appendix A is ever negotiated. */
#ifndef OUTRIDER_FRONT_TLS_H
#define OUTRIDER_FRONT_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

/*
 * A context for one listener; made before workers are forked, so that they share its ticket keys.
 * NULL when a file cannot be used: WHY says so in words, with OpenSSL's reason.
 */
SSL_CTX *tls_context(const char *certificate, const char *private_key, char *why, size_t cap);
/* Whether the handshake agreed on h2. */
bool tls_chose_h2(const SSL *);
/* The newest error of OpenSSL in words; clears its queue. */
const char *tls_error(char *buf, size_t cap);

#endif
