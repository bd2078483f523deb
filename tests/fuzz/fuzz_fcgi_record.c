/* SPDX-License-Identifier: MIT */
/*
 * The record parser, fed with anything: what it says must not depend on how the input was cut, nor
 * on whether STDOUT content went through it or past it. The first octets of the input also become
 * name-value pairs, which must come back from the writer of PARAMS as they went in.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/fcgi_record.h"
#include "server/base/pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Events as octets; slices of one stream that follow each other are one. */
struct trace {
	uint8_t *p;
	size_t n, cap;
	size_t slice; /* where the length of the newest slice stands; 0: not a slice */
};

static void must(int holds)
{
	if (!holds)
		abort();
}

static void put(struct trace *t, const void *p, size_t n)
{
	if (t->cap - t->n < n) {
		t->cap = (t->cap + n) * 2;
		t->p = realloc(t->p, t->cap);
		must(t->p != NULL);
	}
	if (n)
		memcpy(t->p + t->n, p, n);
	t->n += n;
}

/* A slice: kind, id, length so far, octets. */
static void put_slice(struct trace *t, const struct frec_event *ev)
{
	uint8_t head[3] = {(uint8_t)ev->kind, (uint8_t)(ev->id >> 8), (uint8_t)ev->id};
	size_t len = 0;

	must(ev->len > 0 && ev->id > 0);
	if (!t->slice || memcmp(t->p + t->slice - 3, head, 3) != 0) {
		put(t, head, 3);
		t->slice = t->n;
		put(t, &len, sizeof len);
	}
	memcpy(&len, t->p + t->slice, sizeof len);
	len += ev->len;
	memcpy(t->p + t->slice, &len, sizeof len);
	put(t, ev->data, ev->len);
}

static void put_event(struct trace *t, const struct frec_event *ev)
{
	uint8_t head[9] = {(uint8_t)ev->kind,	      (uint8_t)(ev->id >> 8),
			   (uint8_t)ev->id,	      (uint8_t)(ev->app_status >> 24),
			   (uint8_t)(ev->app_status), ev->proto_status,
			   ev->unknown_type};

	if (ev->kind == FREC_STDOUT || ev->kind == FREC_STDERR) {
		put_slice(t, ev);
		return;
	}
	t->slice = 0;
	put(t, head, sizeof head);
	if (ev->kind == FREC_VALUES)
		put(t, ev->data, ev->len);
	if (ev->kind == FREC_BAD)
		put(t, ev->why, strlen(ev->why));
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

/* STDOUT content that does not pass through the parser. */
static size_t read_past(struct frec_parser *p, const uint8_t *in, size_t n, struct trace *t)
{
	size_t left = frec_stdout_left(p);
	struct frec_event ev = {.kind = FREC_STDOUT, .id = p->id, .data = in};

	ev.len = left < n ? left : n;
	if (ev.len) {
		put_slice(t, &ev);
		frec_skip(p, ev.len);
	}
	return ev.len;
}

static bool feed(struct frec_parser *p, const uint8_t *in, size_t n, struct trace *t, bool past)
{
	struct frec_event ev;
	size_t at = 0;

	do {
		if (past)
			at += read_past(p, in + at, n - at, t);
		at += frec_parse(p, in + at, n - at, &ev);
		must(at <= n);
		if (ev.kind != FREC_NONE)
			put_event(t, &ev);
	} while (ev.kind != FREC_NONE && ev.kind != FREC_BAD);
	must(ev.kind == FREC_BAD || at == n);
	return ev.kind != FREC_BAD;
}

/* In pieces of at most MOST octets, each in memory of its own. */
static struct trace parse(const uint8_t *in, size_t n, size_t most, uint32_t seed, bool past)
{
	struct frec_parser p;
	struct trace t = {.p = NULL};
	bool good = true;

	frec_parser_init(&p);
	for (size_t at = 0, piece; at < n && good; at += piece) {
		uint8_t *copy;

		piece = most < n ? 1 + next(&seed) % most : n;
		if (piece > n - at)
			piece = n - at;
		copy = malloc(piece);
		must(copy != NULL);
		memcpy(copy, in + at, piece);
		good = feed(&p, copy, piece, &t, past);
		free(copy);
	}
	return t;
}

static void compare(const struct trace *whole, struct trace other)
{
	must(whole->n == other.n);
	must(whole->n == 0 || memcmp(whole->p, other.p, whole->n) == 0);
	free(other.p);
}

/* Each octet is a length, the octets behind it are the text, as far as there are any. */
static struct text take_text(const uint8_t **in, const uint8_t *end)
{
	size_t n = *in < end ? *(*in)++ : 0, left = (size_t)(end - *in);
	struct text t = {(const char *)*in, n < left ? n : left};

	*in += t.n;
	return t;
}

static void check_params(const uint8_t *in, size_t n)
{
	struct pool_cache cache;
	struct frec_params f;
	const uint8_t *end = in + (n < 4096 ? n : 4096), *again = in, *at, *stop;
	struct text name, value;

	pool_cache_init(&cache, 0);
	frec_params_init(&f, pool_new(&cache), 1, FREC_BEGIN);
	while (in < end) {
		name = take_text(&in, end);
		value = take_text(&in, end);
		must(frec_params_add(&f, name, value) == 0);
	}
	frec_params_end(&f);
	at = f.buf + FREC_BEGIN;
	if (f.len > FREC_BEGIN + FREC_HEAD) {
		stop = at + FREC_HEAD + (at[4] << 8 | at[5]);
		at += FREC_HEAD;
		while (frec_pair(&at, stop, &name, &value) == 0) {
			must(text_eq(name, take_text(&again, end)));
			must(text_eq(value, take_text(&again, end)));
		}
		must(at == stop && again == end);
	}
	must(at + FREC_HEAD == f.buf + f.len);
	pool_free(f.pool);
	pool_cache_clear(&cache);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct trace whole = parse(in, n, n, 0, false);
	uint32_t seed = (uint32_t)n;

	for (size_t i = 0; i < n; i++)
		seed = (seed ^ in[i]) * 16777619;
	compare(&whole, parse(in, n, 1, seed, false));
	compare(&whole, parse(in, n, 40, seed, false));
	compare(&whole, parse(in, n, 40, ~seed, true));
	compare(&whole, parse(in, n, n, seed, true));
	free(whole.p);
	check_params(in, n);
	return 0;
}
