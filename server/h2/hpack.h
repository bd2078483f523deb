/* SPDX-License-Identifier: MIT */
/*
 * HPACK (RFC 7541): header compression, both directions. No I/O, no knowledge of frames.
 */
#ifndef OUTRIDER_H2_HPACK_H
#define OUTRIDER_H2_HPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/text.h"
#include "server/http/fields.h"

struct pool;

/* ---- Huffman code (RFC 7541 section 5.2, appendix B) ---- */

/* Octets that the coded form of TEXT takes. */
size_t huffman_length(struct text);
/* Writes huffman_length() octets. */
void huffman_encode(uint8_t *to, struct text);
/* The most octets that N coded octets can decode to: the shortest code has 5 bits. */
#define HUFFMAN_MAX_DECODED(n) ((n)*8 / 5)
/*
 * Decodes into TO, which has room for HUFFMAN_MAX_DECODED(n). Returns the length, or -1: EOS in the
 * string, padding of more than 7 bits or not of ones (section 5.2).
 */
long huffman_decode(char *to, const uint8_t *from, size_t n);

/* ---- static and dynamic table (sections 2.3, 4) ---- */

enum {
	HPACK_STATIC = 61,
	HPACK_ENTRY_OVERHEAD = 32,
	HPACK_FIRST_LIMIT = 4096, /* before any SETTINGS, RFC 9113 section 6.5.2 */
};

/* Pseudo-header fields have tokens beyond those of ordinary fields. */
enum hpack_token {
	HPACK_AUTHORITY = HTTP_TOKEN_COUNT,
	HPACK_METHOD,
	HPACK_PATH,
	HPACK_SCHEME,
	HPACK_STATUS,
	HPACK_PROTOCOL,
	HPACK_TOKEN_COUNT,
};

struct hpack_entry {
	struct text name, value; /* the name is constant unless the token is HTTP_OTHER */
	uint16_t token;		 /* enum http_token or enum hpack_token */
	uint32_t older;		 /* the encoder's: an earlier insertion, see hpack_enc.c */
};

/*
 * The dynamic table: a ring of entries and a ring of octets. Both grow with use, the octets to
 * twice the limit at most, and never shrink: in steady state neither inserting nor evicting calls
 * malloc.
 */
struct hpack_table {
	struct hpack_entry *ring; /* insertion N is at N modulo ring_cap */
	uint32_t ring_cap;	  /* a power of two, or 0 while nothing was inserted */
	uint32_t head, count;	  /* number of the next insertion, modulo 2^32; entries */
	char *octets;		  /* text of the entries */
	size_t octets_cap, octets_at;
	size_t size;  /* as section 4.1 counts: name + value + 32 each */
	size_t limit; /* current maximum size */
};

/* A table of at most LIMIT octets; memory is taken at the first insertion. */
void hpack_table_init(struct hpack_table *, size_t limit);
/* Drops all entries and frees the memory; the table stays usable. */
void hpack_table_clear(struct hpack_table *);
/* Changes the maximum size, evicting as needed (section 4.3). */
void hpack_table_resize(struct hpack_table *, size_t limit);
/*
 * Inserts; an entry larger than the table empties it (section 4.4). TOKEN is that of the name. The
 * texts are copied; they must not lie in the table itself, whose memory is reused at once.
 */
void hpack_table_insert(struct hpack_table *, struct text name, struct text value, uint16_t token);
/*
 * Index as on the wire: 1..61 static, for which the table may be NULL, from 62 dynamic. NULL when
 * there is no such entry. A dynamic entry lives until the next insertion or resize.
 */
const struct hpack_entry *hpack_table_get(const struct hpack_table *, uint32_t index);
/* The token of any name, pseudo-header fields included; HTTP_OTHER when unknown. */
uint16_t hpack_token(struct text name);
/* The name of any token other than HTTP_OTHER; constant. */
struct text hpack_token_name(uint16_t token);

/* ---- decoder ---- */

enum hpack_status {
	HPACK_FIELD, /* *field is set; call again */
	HPACK_END,   /* the block is finished */
	HPACK_BAD,   /* COMPRESSION_ERROR: the connection cannot go on */
};

struct hpack_field {
	struct text name, value;
	uint16_t token;
	bool secret; /* was sent as never-indexed (section 6.2.3) */
};

struct hpack_decoder {
	struct hpack_table table;
	/*
	 * What our SETTINGS_HEADER_TABLE_SIZE permits. The owner sets it when the peer has
	 * acknowledged a change; when that is below what the peer uses, the next field is
	 * HPACK_BAD unless a size update comes before it (section 4.2).
	 */
	size_t allowed;
	const uint8_t *at, *end;
	bool started; /* a field was seen in this block: no more size updates */
};

/*
 * ALLOWED: SETTINGS_HEADER_TABLE_SIZE as the peer knows it. The table itself begins with that, but
 * with no more than the 4,096 octets of a peer that has not yet said otherwise.
 */
void hpack_decoder_init(struct hpack_decoder *, size_t allowed);
void hpack_decoder_clear(struct hpack_decoder *);
/* Begins a complete header block; it is borrowed until HPACK_END. */
void hpack_decode_begin(struct hpack_decoder *, const uint8_t *, size_t);
/*
 * The next field. Names that have a token and values of the static table are constant; other texts
 * are copied into the pool: at most the octets of the table entry, or HUFFMAN_MAX_DECODED of what
 * is left of the block, so the memory is bounded by block size and table size; the caller bounds
 * the number of calls that keep it. Names are not checked for case here. After HPACK_BAD every
 * call returns that, until the next block.
 */
enum hpack_status hpack_decode(struct hpack_decoder *, struct pool *, struct hpack_field *);

/* ---- encoder ---- */

/* Chains of entries with one name: one for each token, then some for all other names by hash. */
enum { HPACK_OTHER_CHAINS = 16, HPACK_CHAINS = HPACK_TOKEN_COUNT + HPACK_OTHER_CHAINS };

struct hpack_encoder {
	struct hpack_table table;
	size_t own_limit;	       /* what we are willing to keep */
	size_t lowest_pending;	       /* smallest limit since the last block */
	bool update_pending;	       /* a size update opens the next block (section 4.2) */
	uint32_t newest[HPACK_CHAINS]; /* number of the last insertion of each chain */
	uint8_t misses[HPACK_CHAINS];  /* fields since a value was found, see hpack_enc.c */
};

/* OWN_LIMIT: most octets of table kept for this peer; the peer's limit starts at 4,096. */
void hpack_encoder_init(struct hpack_encoder *, size_t own_limit);
void hpack_encoder_clear(struct hpack_encoder *);
/* The peer's SETTINGS_HEADER_TABLE_SIZE changed. */
void hpack_encoder_set_limit(struct hpack_encoder *, size_t peer_limit);

/* The most octets that one field can take in its coded form. */
#define HPACK_FIELD_MAX(name_n, value_n) ((name_n) + (value_n) + 16)
/* The most octets that the size updates at the beginning of a block take. */
enum { HPACK_UPDATE_MAX = 12 };

/* Begins a block: writes what size updates are due; returns the octets written. */
size_t hpack_encode_begin(struct hpack_encoder *, uint8_t *to);
/* Encodes :status. Room: HPACK_FIELD_MAX(7, 3). */
size_t hpack_encode_status(struct hpack_encoder *, uint8_t *to, unsigned status);
/*
 * Encodes one field; its name is lower case. Room: HPACK_FIELD_MAX. The policy (indexed, literal,
 * never indexed) is the encoder's, see hpack_enc.c; `secret` forces never-indexed.
 */
size_t hpack_encode(struct hpack_encoder *, uint8_t *to, const struct http_field *);
/* As hpack_encode for a pseudo-header field of a request, for server push and for test clients. */
size_t hpack_encode_named(struct hpack_encoder *, uint8_t *to, struct text name, struct text value);

#endif
