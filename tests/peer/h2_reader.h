/* SPDX-License-Identifier: MIT */
/*
 * The receiving half of an HTTP/2 client: octets of a server in any cut → one line of text for each
 * frame, header blocks decoded and in one piece:
 *
 *     < HEADERS 1 :status=103 link=</a>
 *     < DATA 1 "hello" END                 (long content as its length: [16384])
 *     < RST_STREAM 1 PROTOCOL_ERROR
 *
 * It holds the server to the order of frames that RFC 9113 demands (sections 3.4, 4.3, 5.1, 6.8,
 * 8.1); what is against it stands in `bad` and in a line beginning with "!".
 */
#ifndef OUTRIDER_TESTS_PEER_H2_READER_H
#define OUTRIDER_TESTS_PEER_H2_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/h2/frame.h"
#include "server/h2/hpack.h"
#include "tests/peer/octets.h"

struct pool_cache;

/* What a server has done to a stream. */
struct h2_reader_stream {
	uint32_t id;
	bool head, end, reset;
};

struct h2_reader {
	struct octets in; /* the frame at hand, as far as it came */
	struct hpack_decoder dec;
	struct pool_cache *pools;
	struct octets *trace; /* where lines go; NULL: only the order is checked */
	struct octets block;
	uint32_t block_stream; /* 0: no header block is open */
	bool block_end;
	bool settled;	    /* SETTINGS came */
	uint32_t tables[8]; /* HEADER_TABLE_SIZE of our SETTINGS not yet acknowledged */
	unsigned asked;
	uint32_t last;	  /* of the newest GOAWAY */
	uint32_t highest; /* stream that the client has opened; 0: not known, not checked */
	struct h2_reader_stream *streams;
	size_t count, cap;
	size_t data;	 /* octets of DATA so far */
	const char *bad; /* the first thing that was wrong */
};

void h2_reader_init(struct h2_reader *, struct pool_cache *, struct octets *trace);
/* SETTINGS were sent to the server; SIZE of our table holds once they are acknowledged. */
void h2_reader_ask(struct h2_reader *, uint32_t size);
void h2_reader_clear(struct h2_reader *);
void h2_reader_take(struct h2_reader *, const void *, size_t);

#endif
