/* SPDX-License-Identifier: MIT */
/*
 * Both neighbours of the HTTP/2 engine in one: the client that sends it frames and reads what
 * comes, and the session that answers requests. A script of commands (h2_script.c) says what
 * happens; the trace is the text of it all:
 *
 *     > REQUEST 1 GET /x a=b END           events: ">"
 *     > DATA 1 "hello" END                 slices that follow each other are one line
 *     < HEADERS 1 :status=200              frames of the server: "<", see h2_reader.h
 *
 * Input goes into the engine and output out of it in any cut; the trace must not depend on that.
 */
#ifndef OUTRIDER_TESTS_PEER_H2_CLIENT_H
#define OUTRIDER_TESTS_PEER_H2_CLIENT_H

#include "server/base/pipe.h"
#include "server/base/pool.h"
#include "server/h2/conn.h"
#include "server/http/fields.h"
#include "tests/peer/h2_reader.h"

enum { H2_CLIENT_STREAMS = 256 };

struct h2_client_stream {
	struct h2_stream *h2; /* NULL: released */
	uint32_t id;
	struct pool *pool, *trailer_pool;
	struct pipe out;
	struct http_fields trailers;
	bool finished; /* nothing more will be said: release it when all is sent */
};

/* How octets are cut; 0 means not at all. */
struct h2_cuts {
	size_t first; /* octets of input in the first piece of each feed */
	size_t feed;  /* in all others */
	size_t write; /* octets that the socket takes at a time */
};

struct h2_client {
	struct h2_limits limits;
	struct h2_cuts cuts;
	struct pool_cache pools;
	struct chunk_cache chunks;
	struct h2_conn *h2;
	struct h2_reader reader;
	struct hpack_encoder enc;
	struct octets wire; /* built, not yet fed */
	struct octets trace;
	size_t fence_size;
	uint8_t *fence;	    /* pieces of input lie at its end */
	struct octets body; /* DATA events that are one line */
	uint32_t body_stream;
	bool body_end;
	bool keep_credit;  /* DATA is credited by command only */
	bool keep_streams; /* streams are released by command only */
	struct h2_client_stream streams[H2_CLIENT_STREAMS];
	unsigned count;
	uint32_t table; /* our SETTINGS_HEADER_TABLE_SIZE */
};

/* Limits may be changed after init; open() makes the connection. */
void h2_client_init(struct h2_client *, struct h2_cuts);
void h2_client_open(struct h2_client *);
void h2_client_clear(struct h2_client *);

/* Feeds what was built and handles the events. */
void h2_client_feed(struct h2_client *);
/* Reads all that the engine wants to send, or just N octets of what it offers at once. */
void h2_client_flush(struct h2_client *);
void h2_client_write(struct h2_client *, size_t n);
/* The stream that was handed out under this id; NULL when there was none. */
struct h2_client_stream *h2_client_stream(struct h2_client *, uint32_t id);
void h2_client_release(struct h2_client *, struct h2_client_stream *);

/*
 * Runs a script: commands separated by semicolons or newlines, words by blanks. Returns false for a
 * command that it does not know. See the table in h2_script.c.
 */
bool h2_client_run(struct h2_client *, const char *script);
/* The whole of it: a new client, the script, a flush; returns the trace, which the caller frees. */
char *h2_client_play(const char *script, struct h2_cuts);

#endif
