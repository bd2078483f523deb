/* SPDX-License-Identifier: MIT */
/*
 * FastCGI records (FastCGI 1.0 sections 3.3 to 5.5) as bytes: a parser that takes any split, and
 * writers. No I/O.
 */
#ifndef OUTRIDER_GATEWAY_FCGI_RECORD_H
#define OUTRIDER_GATEWAY_FCGI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/text.h"

struct pool;

/* ---- parser: what an application sends ---- */

enum frec_kind {
	FREC_NONE,    /* all input was used */
	FREC_STDOUT,  /* data, len: a slice of content, as it arrived */
	FREC_STDERR,  /* likewise */
	FREC_END,     /* app_status, proto_status */
	FREC_VALUES,  /* data, len: the whole content of GET_VALUES_RESULT */
	FREC_UNKNOWN, /* the application did not know our record type: unknown_type */
	FREC_BAD,     /* why; the connection cannot go on */
};

struct frec_event {
	enum frec_kind kind;
	uint16_t id;	     /* request id; 0 for management records */
	const uint8_t *data; /* borrowed from the input or the parser until the next call */
	size_t len;
	uint32_t app_status;  /* of END */
	uint8_t proto_status; /* FCGI_REQUEST_COMPLETE ... of END */
	uint8_t unknown_type;
	const char *why; /* of BAD: constant words for the log */
};

enum { FREC_HEAD = 8, FREC_CONTENT_MAX = 65535, FREC_VALUES_MAX = 512 };

struct frec_parser {
	uint8_t head[FREC_HEAD];
	uint8_t small[FREC_VALUES_MAX]; /* END and management bodies, gathered whole */
	uint32_t got;			/* octets of head, or of a gathered body */
	uint32_t content, padding;	/* left of the record at hand */
	uint8_t type;
	uint16_t id;
	enum { FREC_IN_HEAD, FREC_IN_STREAM, FREC_IN_GATHER, FREC_IN_PADDING, FREC_DEAD } state;
	const char *why; /* the parser is dead */
};

void frec_parser_init(struct frec_parser *);
/*
 * Consumes input up to the next event and returns the octets taken; call it again with the rest
 * until it says FREC_NONE, which is said only when all was taken. STDOUT and STDERR come in slices
 * as they arrive; a STDOUT or STDERR record without content is passed over: END is what ends a
 * request. END and management records are told once complete, before their padding.
 *
 * FREC_BAD, which is told again at each further call: a version other than 1, a type that an
 * application must not send, an END or UNKNOWN_TYPE of the wrong length, GET_VALUES_RESULT above
 * FREC_VALUES_MAX, a request id of 0 where one is needed or one where 0 is.
 */
size_t frec_parse(struct frec_parser *, const uint8_t *, size_t, struct frec_event *);
/*
 * When the parser stands inside the content of a STDOUT record: how much of it is still to come,
 * so that it can be read(2) straight to where it belongs; 0 otherwise. frec_skip() then says how
 * much was.
 */
size_t frec_stdout_left(const struct frec_parser *);
void frec_skip(struct frec_parser *, size_t);

/* ---- writers ---- */

/* A record header; CONTENT <= FREC_CONTENT_MAX. */
void frec_put_head(uint8_t to[FREC_HEAD], uint8_t type, uint16_t id, size_t content, uint8_t pad);
/* BEGIN_REQUEST with its header: 16 octets. `keep`: FCGI_KEEP_CONN. */
enum { FREC_BEGIN = 16 };
void frec_put_begin(uint8_t to[FREC_BEGIN], uint16_t id, uint16_t role, bool keep);

/*
 * The PARAMS stream of one request, built in a pool. A pair never straddles two records: php-fpm
 * parses each record by itself.
 */
struct frec_params {
	struct pool *pool;
	uint8_t *buf;
	size_t len, cap;
	size_t record; /* where the header of the open record stands */
	uint16_t id;
	bool open;
};

/* Starts with room for RESERVE octets at the front of buf, which the caller fills (BEGIN). */
void frec_params_init(struct frec_params *, struct pool *, uint16_t id, size_t reserve);
/*
 * Adds a pair; both texts are copied. -1 when it is too large for a record (the request is then a
 * 431); what was built so far stays as it is.
 */
int frec_params_add(struct frec_params *, struct text name, struct text value);
/* Closes the stream with its empty record; buf[0..len) is complete then. */
void frec_params_end(struct frec_params *);

/*
 * Reads the next pair of a name-value stream and moves *at behind it; the texts borrow the stream.
 * -1 at the end (*at == end) or when the pair is cut short (*at stays before it).
 */
int frec_pair(const uint8_t **at, const uint8_t *end, struct text *name, struct text *value);

#endif
