/* SPDX-License-Identifier: MIT */
/*
 * The pipe: octets come out as they went in, whatever the sizes on either side, and a producer that
 * was refused room is woken exactly once.
 */
#include "tests/unit/run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/pipe.h"

suite_maker pipe_suite;

static struct chunk_cache cache;
static struct pipe p;

static void make(void)
{
	chunk_cache_init(&cache, 4);
	pipe_init(&p, &cache, 65536);
}

static void clear(void)
{
	pipe_clear(&p);
	chunk_cache_clear(&cache);
}

/* Octet number `at` of the stream that all tests send. */
static uint8_t octet(uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7);
}

static void fill(uint8_t *to, uint64_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = octet(from + i);
}

/* Takes up to N octets and compares them with the stream from AT; returns how many there were. */
static size_t drain(uint64_t at, size_t n)
{
	struct iovec v[3];
	int pieces = pipe_peek(&p, v, 3);
	size_t got = 0, wrong = 0;

	for (int i = 0; i < pieces && got < n; i++) {
		const uint8_t *base = v[i].iov_base;

		ck_assert_uint_gt(v[i].iov_len, 0);
		for (size_t k = 0; k < v[i].iov_len && got < n; k++, got++)
			wrong += base[k] != octet(at + got);
	}
	ck_assert_uint_eq(wrong, 0);
	pipe_take(&p, got);
	return got;
}

START_TEST(write_within_limit)
{
	static uint8_t octets[70000];

	fill(octets, 0, sizeof octets);
	ck_assert_uint_eq(pipe_room(&p), 65536);
	ck_assert(!p.starved);
	ck_assert_uint_eq(pipe_write(&p, octets, sizeof octets), 65536);
	ck_assert_uint_eq(p.len, 65536);
	ck_assert(!p.starved); /* short, but not refused: the caller sees the count */
	ck_assert_uint_eq(pipe_room(&p), 0);
	ck_assert(p.starved);
	ck_assert_uint_eq(pipe_write(&p, octets, 1), 0);
	for (uint64_t at = 0; at < 65536;)
		at += drain(at, 10000);
	ck_assert_uint_eq(p.len, 0);
	ck_assert_ptr_null(p.head);
}
END_TEST

START_TEST(limit_may_shrink_below_length)
{
	ck_assert_uint_eq(pipe_write(&p, "abcdef", 6), 6);
	p.limit = 3;
	ck_assert_uint_eq(pipe_room(&p), 0);
	pipe_take(&p, 4);
	ck_assert_uint_eq(pipe_room(&p), 1);
}
END_TEST

START_TEST(reserve_and_commit)
{
	static const size_t wants[] = {1, 100, CHUNK_ROOM, CHUNK_ROOM + 1, 40000, 65536};
	uint64_t in = 0, out = 0;

	/* All of the room used, part of it, none of it. */
	for (size_t round = 0; round < 300; round++) {
		struct iovec v[8];
		size_t want = wants[round % 6], room = pipe_room(&p), lent = 0, used, left;
		int n = pipe_reserve(&p, v, 8, want);

		for (int i = 0; i < n; i++) {
			ck_assert_uint_gt(v[i].iov_len, 0);
			lent += v[i].iov_len;
		}
		ck_assert_uint_eq(lent, want < room ? want : room);
		used = round % 3 == 0 ? lent : round % 3 == 1 ? lent / 2 : 0;
		left = used;
		for (int i = 0; i < n && left; i++) {
			size_t part = v[i].iov_len < left ? v[i].iov_len : left;

			fill(v[i].iov_base, in + (used - left), part);
			left -= part;
		}
		pipe_commit(&p, used);
		in += used;
		ck_assert_uint_eq(p.len, in - out);
		out += drain(out, round * 997 % 30000);
	}
	while (out < in)
		out += drain(out, 65536);
	ck_assert_uint_eq(p.len, 0);
}
END_TEST

START_TEST(reserve_takes_few_entries)
{
	struct iovec v[1];

	/* The rest of the tail comes first; more entries are not touched. */
	ck_assert_uint_eq(pipe_write(&p, "abc", 3), 3);
	ck_assert_int_eq(pipe_reserve(&p, v, 1, 65536), 1);
	ck_assert_uint_eq(v[0].iov_len, CHUNK_ROOM - 3);
	memcpy(v[0].iov_base, "de", 2);
	pipe_commit(&p, 2);
	ck_assert_int_eq(pipe_peek(&p, v, 1), 1);
	ck_assert_uint_eq(v[0].iov_len, 5);
	ck_assert_mem_eq(v[0].iov_base, "abcde", 5);
	ck_assert_int_eq(pipe_reserve(&p, v, 0, 10), 0);
	pipe_commit(&p, 0);
}
END_TEST

START_TEST(reserve_without_room_starves)
{
	struct iovec v[2];

	p.limit = 4;
	pipe_write(&p, "abcd", 4);
	ck_assert_int_eq(pipe_reserve(&p, v, 2, 1), 0);
	ck_assert(p.starved);
	pipe_commit(&p, 0);
}
END_TEST

START_TEST(shift_gives_chunks_away)
{
	static uint8_t octets[40000];
	uint64_t at = 0;
	struct chunk *c;

	fill(octets, 0, sizeof octets);
	pipe_write(&p, octets, sizeof octets);
	pipe_take(&p, 5);
	at = 5;
	while ((c = pipe_shift(&p))) {
		/* Room for a frame header in front, whatever was taken. */
		ck_assert_uint_ge(c->off, CHUNK_HEADROOM);
		ck_assert_ptr_null(c->next);
		for (uint32_t i = c->off; i < c->end; i++)
			ck_assert_uint_eq(c->data[i], octet(at++));
		ck_assert_uint_eq(p.len, sizeof octets - at);
		chunk_put(&cache, c);
	}
	ck_assert_uint_eq(at, sizeof octets);
	ck_assert_ptr_null(p.tail);
	ck_assert_uint_eq(pipe_write(&p, "x", 1), 1);
}
END_TEST

START_TEST(clear_keeps_the_pipe_usable)
{
	struct iovec v[4];

	pipe_write(&p, "abc", 3);
	pipe_reserve(&p, v, 4, 50000);
	pipe_clear(&p);
	ck_assert_uint_eq(p.len, 0);
	ck_assert_int_eq(pipe_peek(&p, v, 4), 0);
	ck_assert_uint_eq(pipe_write(&p, "abc", 3), 3);
	ck_assert_int_eq(pipe_peek(&p, v, 4), 1);
}
END_TEST

START_TEST(take_more_than_there_is)
{
	pipe_write(&p, "abc", 3);
	pipe_take(&p, 4);
}
END_TEST

START_TEST(cache_is_bounded)
{
	struct chunk *c[8];

	for (int i = 0; i < 8; i++)
		c[i] = chunk_get(&cache);
	for (int i = 0; i < 8; i++) {
		c[i]->off = c[i]->end = 1000;
		chunk_put(&cache, c[i]);
	}
	ck_assert_uint_eq(cache.count, 4);
	c[0] = chunk_get(&cache);
	ck_assert_uint_eq(cache.count, 3);
	ck_assert_uint_eq(c[0]->off, CHUNK_HEADROOM);
	ck_assert_uint_eq(c[0]->end, CHUNK_HEADROOM);
	chunk_put(&cache, c[0]);
}
END_TEST

static const size_t sizes[] = {1, 700, 16384, 65536};

/* The producer: writes bursts until it is refused, then waits to be woken. */
static void produce(uint64_t *in, uint64_t total, size_t burst, bool *asleep)
{
	static uint8_t octets[65536];

	while (*in < total) {
		size_t n = burst < total - *in ? burst : (size_t)(total - *in);
		size_t room = pipe_room(&p), taken;

		if (!room) {
			*asleep = true;
			return;
		}
		fill(octets, *in, n);
		taken = pipe_write(&p, octets, n);
		ck_assert_uint_eq(taken, n < room ? n : room);
		*in += taken;
	}
}

/*
 * Producer and consumer of every pairing of sizes must come to the end: the sticky `starved` bit is
 * the only thing that wakes the producer, however slowly the consumer drains.
 */
START_TEST(starved_wakes_once)
{
	size_t burst = sizes[_i % 4], amount = sizes[_i / 4];
	uint64_t total = amount == 1 || burst == 1 ? 200000 : 2000000, in = 0, out = 0;
	bool asleep = false;
	unsigned wakes = 0, sleeps = 0;

	p.limit = 20000;
	produce(&in, total, burst, &asleep);
	while (out < total) {
		size_t got = drain(out, amount);

		ck_assert_msg(got > 0, "stalled at %lu of %lu", (unsigned long)out,
			      (unsigned long)total);
		out += got;
		sleeps += asleep;
		if (!p.starved || p.len >= p.limit)
			continue;
		p.starved = false;
		ck_assert(asleep || in == total);
		asleep = false;
		wakes++;
		produce(&in, total, burst, &asleep);
	}
	ck_assert_uint_eq(in, total);
	ck_assert_uint_eq(p.len, 0);
	ck_assert_uint_ge(sleeps, 1);
	ck_assert_uint_ge(wakes, 1);
}
END_TEST

Suite *pipe_suite(void)
{
	Suite *s = suite_create("pipe");
	TCase *c = tcase_create("pipe");

	tcase_add_checked_fixture(c, make, clear);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, write_within_limit);
	tcase_add_test(c, limit_may_shrink_below_length);
	tcase_add_test(c, reserve_and_commit);
	tcase_add_test(c, reserve_takes_few_entries);
	tcase_add_test(c, reserve_without_room_starves);
	tcase_add_test(c, shift_gives_chunks_away);
	tcase_add_test(c, clear_keeps_the_pipe_usable);
	tcase_add_test_raise_signal(c, take_more_than_there_is, SIGABRT);
	tcase_add_test(c, cache_is_bounded);
	tcase_add_loop_test(c, starved_wakes_once, 0, 16);
	suite_add_tcase(s, c);
	return s;
}
