/* SPDX-License-Identifier: MIT */
/* What the files of the engine share; nobody else includes this. */
#ifndef OUTRIDER_H2_INTERNAL_H
#define OUTRIDER_H2_INTERNAL_H

#include "server/base/idmap.h"
#include "server/base/list.h"
#include "server/base/log.h"
#include "server/base/pipe.h"
#include "server/base/pool.h"
#include "server/h2/conn.h"
#include "server/h2/flow.h"
#include "server/h2/frame.h"
#include "server/h2/hpack.h"
#include "server/h2/stream.h"
#include "server/http/head.h"

enum {
	H2_MAX_SETTINGS = 32,	   /* entries in one SETTINGS frame */
	H2_MAX_CONTINUATIONS = 32, /* frames in one header block */
	H2_CLOSED_KEPT = 256,	   /* streams whose end is remembered: twice the usual limit */
	H2_BATCH = 128 * 1024,	   /* octets of DATA handed to the socket at a time */
	H2_SMALL = 2048,	   /* DATA up to this is copied, so that frames share a chunk */
};

/* Output waiting for the socket; every chunk holds whole frames, except that the first may be
 * partly sent. */
struct h2_queue {
	struct chunk *head, *tail;
	size_t len;
};

enum h2_rx {
	H2_RX_PREFACE,
	H2_RX_HEAD,    /* nine octets of frame header */
	H2_RX_PAYLOAD, /* a frame that is handled whole */
	H2_RX_PADLEN,  /* the Pad Length octet of DATA */
	H2_RX_DATA,    /* DATA, handed on as it comes */
	H2_RX_PADDING,
	H2_RX_SKIP, /* the rest of a frame of no interest */
	H2_RX_DEAD,
};

/* A header block being put together. */
struct h2_block {
	uint8_t *p;
	size_t len, cap;
	uint32_t stream; /* 0: none is open */
	unsigned frames;
	bool end_stream;
};

struct h2_conn {
	struct h2_env env;
	uint32_t id;

	/* receiving */
	enum h2_rx rx;
	uint8_t head[H2_PREFACE_LEN]; /* of the frame, or the preface, as far as it came */
	uint32_t got;
	struct h2_frame frame;
	uint32_t left, padding;
	struct chunk *gather; /* payload that did not come in one piece */
	struct h2_block block;
	struct hpack_decoder dec;
	struct h2_inflow recv;
	uint32_t last_stream; /* highest id that the client has used */

	/* streams */
	struct idmap streams;
	struct list all;
	uint32_t open;			 /* not yet released */
	uint32_t closed[H2_CLOSED_KEPT]; /* ids; the top bit says that we sent RST_STREAM */
	uint32_t closed_at;

	/* sending */
	struct hpack_encoder enc;
	struct h2_outflow send;
	int64_t peer_window; /* SETTINGS_INITIAL_WINDOW_SIZE of the client */
	uint32_t peer_frame;
	struct h2_queue control, batch;
	bool batch_begun;  /* the first chunk of the batch is partly sent */
	uint32_t batch_no; /* of the batch, to know whose frames are in it */
	bool hold;	   /* the batch holds something that control frames must not overtake, */
	size_t ahead;	   /* but for so many octets of them */
	struct list ready, drained;

	bool settings_received, settings_acked;
	uint32_t last_told; /* in the newest GOAWAY */
	bool failed;
	enum h2_err err; /* why it failed */
	enum { H2_STAYING, H2_WARNED, H2_LEAVING } leaving;
};

/* ---- send.c ---- */

/* Room for N <= H2_FRAME_SIZE octets of control frames; h2_control_used() follows. */
uint8_t *h2_control_room(struct h2_conn *, size_t n);
void h2_control_used(struct h2_conn *, size_t n);
/* From now on control frames stay behind the batch; those that wait already still go before it. */
void h2_control_behind_batch(struct h2_conn *);
void h2_send_settings(struct h2_conn *);
void h2_send_settings_ack(struct h2_conn *);
void h2_send_ping(struct h2_conn *, const uint8_t opaque[8], bool ack);
void h2_send_reset(struct h2_conn *, struct h2_stream *, uint32_t id, enum h2_err);
void h2_send_goaway(struct h2_conn *, uint32_t last, enum h2_err, const char *why);
void h2_send_window(struct h2_conn *, uint32_t stream, uint32_t increment);
/* A response of the engine's own, without exchange. */
void h2_send_plain(struct h2_conn *, uint32_t id, unsigned status);
/* Puts a stream on the ring if it has something to send and may. */
void h2_schedule(struct h2_conn *, struct h2_stream *);
void h2_queue_clear(struct h2_conn *, struct h2_queue *);
void h2_mark_drained(struct h2_conn *, struct h2_stream *);

/* ---- conn.c ---- */

struct h2_stream *h2_stream_find(const struct h2_conn *, uint32_t id);
/* Takes a closed stream off all lists and remembers how it ended. */
void h2_stream_forget(struct h2_conn *, struct h2_stream *);
/* Remembers a stream that was refused before it became one. */
void h2_remember_closed(struct h2_conn *, uint32_t id, bool reset_sent);
/* Whether the id was reset by us a short while ago, so that frames in flight are no fault. */
bool h2_recently_reset(const struct h2_conn *, uint32_t id);
/* Whether the id was used and ended without that. */
bool h2_recently_ended(const struct h2_conn *, uint32_t id);
/* Gives octets of the connection's window back. */
void h2_conn_give(struct h2_conn *, size_t n);

#endif
