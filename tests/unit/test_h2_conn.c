/* SPDX-License-Identifier: MIT */
/* The connection as a whole: windows that we give, the end in order, memory in steady state. */
#include "tests/peer/h2_client.h"
#include "tests/unit/h2_cases.h"
#include "tests/unit/run.h"

#include "server/http/head.h"

suite_maker h2_conn_suite;

#define ROWS(table) (sizeof(table) / sizeof *(table))

#define POST1 "> REQUEST 1 POST /\n"

static const struct h2_case credit[] = {
    {"6.9.1 small bodies: no WINDOW_UPDATE yet", "hello; headers 1 POST /; data 1 *16000",
     POST1 "> DATA 1 [16000]\n"},
    {"6.9.1 one WINDOW_UPDATE for half a window",
     "hello; headers 1 POST /; data 1 *16384; data 1 *16383; flush; data 1 x; flush; data 1 y",
     POST1 "> DATA 1 [32767]\n> DATA 1 \"x\"\n< WINDOW_UPDATE 0 +32768\n"
	   "< WINDOW_UPDATE 1 +32768\n> DATA 1 \"y\"\n"},
    {"6.9.1 nothing is given back before it was consumed",
     "hello; keep credit; headers 1 POST /; data 1 *16384; data 1 *16384; data 1 *16384; flush;"
     "mark consumed; credit 1 32768",
     POST1 "> DATA 1 [49152]\n# consumed\n< WINDOW_UPDATE 0 +32768\n< WINDOW_UPDATE 1 +32768\n"},
    {"6.9.1 no WINDOW_UPDATE for a stream after END_STREAM",
     "hello; keep credit; headers 1 POST /; data 1 *16384; data 1 *16384 +end; credit 1 32768",
     POST1 "> DATA 1 [32768] END\n< WINDOW_UPDATE 0 +32768\n"},
    {"6.9 stream window exceeded",
     "limit connection_window=1000000; hello; keep credit; headers 1 POST /; data 1 *16384;"
     "data 1 *16384; data 1 *16384; data 1 *16383; flush; data 1 x; data 1 y +end; ping 12345678",
     POST1 "> DATA 1 [65535]\n> RESET 1 FLOW_CONTROL_ERROR\n< RST_STREAM 1 FLOW_CONTROL_ERROR\n"
	   "< PING ACK 12345678\n"},
    {"6.9 connection window exceeded",
     "hello; keep credit; headers 1 POST /; headers 3 POST /; data 1 *16384; data 1 *16384;"
     "data 3 *16384; data 3 *16383; flush; data 3 x",
     POST1 "> REQUEST 3 POST /\n> DATA 1 [32768]\n> DATA 3 [32767]\n> DEAD FLOW_CONTROL_ERROR\n"
	   "< GOAWAY last=3 FLOW_CONTROL_ERROR\n"},
    {"6.9.1 padding counts, and is given back at once",
     "hello; keep credit; headers 1 POST /; data 1 *0 +pad=255; data 1 *16000 +pad=255;"
     "data 1 *16000 +pad=255; flush; credit 1 32000",
     POST1 "> DATA 1 [32000]\n< WINDOW_UPDATE 0 +32768\n< WINDOW_UPDATE 1 +32768\n"},
    {"5.1 DATA for a stream that we reset is given back to the connection",
     "hello; keep credit; headers 1 POST /; reset 1 8; flush; data 1 *16384; data 1 *16000 "
     "+pad=255;"
     "data 1 *1000 +end",
     POST1 "< RST_STREAM 1 CANCEL\n< WINDOW_UPDATE 0 +33640\n"},
    {"5.1 the same before it is released",
     "hello; keep credit; keep streams; headers 1 POST /; reset 1 8; flush; data 1 *16384;"
     "data 1 *16000 +pad=255; data 1 *1000 +end",
     POST1 "< RST_STREAM 1 CANCEL\n< WINDOW_UPDATE 0 +33640\n"},
    {"8.1.1 DATA beyond content-length is given back to the connection",
     "hello; keep credit; headers 1 POST / content-length=0; data 1 *16384; data 1 *16384;"
     "data 1 *1000",
     "> REQUEST 1 POST / content-length=0\n> RESET 1 PROTOCOL_ERROR\n"
     "< RST_STREAM 1 PROTOCOL_ERROR\n< WINDOW_UPDATE 0 +32768\n"},
    {"8.1.1 the last DATA of a short body as well",
     "hello; keep credit; headers 1 POST / content-length=90000; data 1 *16384; data 1 *16384;"
     "credit 1 32767; flush; mark one; data 1 z +end",
     "> REQUEST 1 POST / content-length=90000\n"
     "> DATA 1 [32768]\n"
     "# one\n"
     "> RESET 1 PROTOCOL_ERROR\n"
     "< WINDOW_UPDATE 0 +32768\n"
     "< RST_STREAM 1 PROTOCOL_ERROR\n"},
    {"6.9.2 our own window is what SETTINGS say",
     "limit stream_window=100000; limit connection_window=100000; hello; keep credit;"
     "headers 1 POST /; data 1 *16384; data 1 *16384; data 1 *16384; data 1 *16384;"
     "data 1 *16384; data 1 *16384; credit 1 98304",
     POST1 "> DATA 1 [98304]\n< WINDOW_UPDATE 0 +98304\n< WINDOW_UPDATE 1 +98304\n"},
};

static const struct h2_case endings[] = {
    {"6.8 in two steps, the second after a round trip",
     "hello; headers 1 POST /; shutdown; flush; headers 3 +end GET /; pong goodbye!; flush;"
     "headers 5 +end GET / t=kept; data 1 a +end; respond 1 200 +end; respond 3 200 +end; flush",
     "> REQUEST 1 POST /\n"
     "< GOAWAY last=2147483647 NO_ERROR\n"
     "< PING goodbye\n"
     "> REQUEST 3 GET / END\n"
     "< GOAWAY last=3 NO_ERROR\n"
     "> DATA 1 \"a\" END\n"
     "< RST_STREAM 5 REFUSED_STREAM\n"
     "< HEADERS 1 :status=200 END\n"
     "< HEADERS 3 :status=200 END\n"},
    {"6.8 both steps at once", "hello; headers 1 POST /; shutdown; shutdown; shutdown",
     "> REQUEST 1 POST /\n"
     "< GOAWAY last=2147483647 NO_ERROR\n"
     "< PING goodbye\n"
     "< GOAWAY last=1 NO_ERROR\n"},
    {"6.8 the last stream does not rise in a later GOAWAY",
     "hello; headers 1 POST /; shutdown; shutdown; headers 3 +end GET /; flush; window 0 0",
     "> REQUEST 1 POST /\n"
     "< GOAWAY last=2147483647 NO_ERROR\n"
     "< PING goodbye\n"
     "< GOAWAY last=1 NO_ERROR\n"
     "< RST_STREAM 3 REFUSED_STREAM\n"
     "> DEAD PROTOCOL_ERROR\n"
     "< GOAWAY last=1 PROTOCOL_ERROR\n"},
    {"6.8 failure by the session",
     "hello; headers 1 POST /; fail; respond 1 200 +end; shutdown; data 1 abc; ping 12345678",
     POST1 "< GOAWAY last=1 INTERNAL_ERROR\n"},
    {"5.4.1 GOAWAY is sent though a reset waits for the batch",
     "hello; headers 1 POST /; headers 3 POST /; respond 1 200; body 1 *40000; write 100;"
     "reset 1 2; window 0 0",
     "> REQUEST 1 POST /\n"
     "> REQUEST 3 POST /\n"
     "< HEADERS 1 :status=200\n"
     "> DEAD PROTOCOL_ERROR\n"
     "< DATA 1 [16375]\n"
     "< DATA 1 [16375]\n"
     "< DATA 1 [7250]\n"
     "< RST_STREAM 1 INTERNAL_ERROR\n"
     "< GOAWAY last=3 PROTOCOL_ERROR\n"},
    {"5.4.1 GOAWAY is sent though trailers wait in the batch",
     "hello; headers 1 +end GET /; headers 3 +end GET /; respond 1 200; body 1 *40000;"
     "trailers 1 a=b; finish 1; write 100; inform 3 103 a=b; window 0 0",
     "> REQUEST 1 GET / END\n"
     "> REQUEST 3 GET / END\n"
     "< HEADERS 1 :status=200\n"
     "> DEAD PROTOCOL_ERROR\n"
     "< DATA 1 [16375]\n"
     "< DATA 1 [16375]\n"
     "< DATA 1 [7250]\n"
     "< HEADERS 1 a=b END\n"
     "< HEADERS 3 :status=103 a=b\n"
     "< GOAWAY last=3 PROTOCOL_ERROR\n"},
    {"5.4.1 no more DATA is begun after a failure",
     "hello; headers 1 +end GET /; respond 1 200; body 1 *60000; write 100; window 0 0",
     "> REQUEST 1 GET / END\n"
     "< HEADERS 1 :status=200\n"
     "> DEAD PROTOCOL_ERROR\n"
     "< DATA 1 [16375]\n"
     "< GOAWAY last=1 PROTOCOL_ERROR\n"},
    {"5.1 many streams are reset, frames on their way are ignored for all",
     "hello; headers 1 POST /; headers 3 POST /; reset 1 8; reset 3 8; flush;"
     "data 1 a; data 3 b; ping 12345678",
     POST1 "> REQUEST 3 POST /\n< RST_STREAM 1 CANCEL\n< RST_STREAM 3 CANCEL\n"
	   "< PING ACK 12345678\n"},
};

START_TEST(credits)
{
	h2_cases_run(credit, ROWS(credit));
}
END_TEST

START_TEST(ending)
{
	h2_cases_run(endings, ROWS(endings));
}
END_TEST

/* RFC 9113 section 5.1: as many resets as there may be streams, twice, and then their frames. */
START_TEST(resets_are_remembered)
{
	struct h2_client c;
	char line[80];

	h2_client_init(&c, (struct h2_cuts){0});
	ck_assert(h2_client_run(&c, "hello"));
	for (int id = 1; id <= 399; id += 2) {
		const char *end = id == 1 ? "reset" : "respond";

		snprintf(line, sizeof line, "headers %d POST /; %s %d %d +end; flush", id, end, id,
			 id == 1 ? 8 : 200);
		ck_assert(h2_client_run(&c, line));
	}
	ck_assert(h2_client_run(&c, "data 1 abc; flush"));
	ck_assert(!h2_failed(c.h2));
	h2_client_clear(&c);
}
END_TEST

START_TEST(what_a_session_watches)
{
	struct h2_client c;

	h2_client_init(&c, (struct h2_cuts){0});
	h2_client_open(&c);
	ck_assert(h2_control_queued(c.h2) > 0);
	ck_assert(!h2_settings_received(c.h2));
	ck_assert(h2_client_run(&c, "preface; settings; feed"));
	ck_assert(h2_settings_received(c.h2) && !h2_settings_acked(c.h2));
	ck_assert(h2_client_run(&c, "settings ack; flush"));
	ck_assert(h2_settings_acked(c.h2));
	ck_assert_uint_eq(h2_control_queued(c.h2), 0);
	ck_assert(h2_client_run(&c, "bytes 000001010000000001; feed"));
	ck_assert(h2_in_header_block(c.h2));
	ck_assert(h2_client_run(&c, "bytes 82; feed"));
	ck_assert(h2_in_header_block(c.h2));
	ck_assert(h2_client_run(&c, "frame 9 4 1 8684410161; feed"));
	ck_assert(!h2_in_header_block(c.h2));
	ck_assert_uint_eq(h2_open_streams(c.h2), 1);
	ck_assert(!h2_stream_closed(c.streams[0].h2));
	ck_assert(!h2_stream_response_sent(c.streams[0].h2));
	ck_assert(h2_client_run(&c, "respond 1 200 +end"));
	ck_assert(h2_stream_response_sent(c.streams[0].h2));
	ck_assert(h2_client_run(&c, "flush"));
	ck_assert_uint_eq(h2_open_streams(c.h2), 0);
	ck_assert(!h2_shutting_down(c.h2) && !h2_failed(c.h2));
	ck_assert(h2_client_run(&c, "shutdown"));
	ck_assert(h2_shutting_down(c.h2) && !h2_failed(c.h2));
	ck_assert(h2_client_run(&c, "fail"));
	ck_assert(h2_failed(c.h2));
	h2_client_clear(&c);
}
END_TEST

/* RFC 9110 section 6.6.1: the server adds the date to final heads that have none. */
START_TEST(date)
{
	struct text now = TEXT("Tue, 15 Nov 1994 08:12:31 GMT");
	struct h2_client c;
	struct h2_env env;

	h2_client_init(&c, (struct h2_cuts){0});
	env = (struct h2_env){.limits = &c.limits,
			      .pools = &c.pools,
			      .chunks = &c.chunks,
			      .date = &now};
	c.h2 = h2_conn_new(&env, 1);
	ck_assert(h2_client_run(&c, "preface; settings; flush; headers 1 +end GET /;"
				    "headers 3 +end GET /; feed"));
	c.trace.n = 0;
	ck_assert(h2_client_run(&c, "inform 1 103 a=b; respond 1 200 +end;"
				    "respond 3 200 date=mine +end; flush"));
	ck_assert_str_eq((char *)c.trace.p,
			 "< HEADERS 1 :status=103 a=b\n"
			 "< HEADERS 1 :status=200 date=Tue, 15 Nov 1994 08:12:31 GMT END\n"
			 "< HEADERS 3 :status=200 date=mine END\n");
	h2_client_clear(&c);
}
END_TEST

/* ---- memory ---- */

/* The linker sends all calls of the program here (--wrap). */
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);

static unsigned long allocations;

void *__wrap_malloc(size_t n)
{
	allocations++;
	return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	allocations++;
	return __real_realloc(p, n);
}

/*
 * A request with a body, answered with heads, a body and trailers; *gone stays true if that is its
 * end. Neither scripts nor the assertions of Check: both allocate.
 */
static void exchange(struct h2_client *c, uint32_t id, bool *gone)
{
	static const char block[] = "\x83\x86\x84\x41\x01"
				    "a\x40\x01x\x01y";
	uint8_t wire[128];
	size_t n = sizeof block - 1;
	struct http_head head = {.status = 200, .content_length = 30000};
	struct http_fields trailers = {0};
	static uint8_t body[30000];
	struct h2_client_stream *s;

	h2_frame_put(wire, n, H2_HEADERS, H2_FLAG_END_HEADERS, id);
	memcpy(wire + H2_FRAME_HEAD, block, n);
	n += H2_FRAME_HEAD;
	h2_frame_put(wire + n, 5, H2_DATA, H2_FLAG_END_STREAM, id);
	memcpy(wire + n + H2_FRAME_HEAD, "hello", 5);
	n += H2_FRAME_HEAD + 5;
	h2_frame_put(wire + n, 4, H2_WINDOW_UPDATE, 0, 0);
	h2_put32(wire + n + H2_FRAME_HEAD, sizeof body);
	octets_add(&c->wire, wire, n + H2_FRAME_HEAD + 4);
	h2_client_feed(c);
	s = &c->streams[0];
	http_fields_add(&head.fields, s->pool, HTTP_CONTENT_TYPE, TEXT("text/html"));
	http_fields_add(&trailers, s->pool, HTTP_ETAG, TEXT("\"a\""));
	h2_inform(c->h2, s->h2, &(struct http_head){.status = 103, .content_length = -1});
	h2_respond(c->h2, s->h2, &head, false);
	pipe_write(&s->out, body, sizeof body);
	s->out.fin = s->finished = true;
	h2_trailers(c->h2, s->h2, &trailers);
	h2_client_flush(c);
	*gone = *gone && !s->h2;
	c->count = 0;
	c->trace.n = 0;
	c->reader.count = 0;
}

/* 10,000 requests after a warm-up; input in one piece, then octet by octet. */
START_TEST(no_malloc_in_steady_state)
{
	enum { WARM = 500, REQUESTS = 10000 };
	unsigned long before = 0;
	struct h2_client c;
	uint32_t id = 1;
	bool gone = true;

	h2_client_init(&c, (struct h2_cuts){.feed = (size_t)_i});
	ck_assert(h2_client_run(&c, "hello"));
	octets_room(&c.trace, 1 << 16);
	octets_room(&c.reader.in, 1 << 18);
	for (int i = 0; i < WARM + REQUESTS; i++, id += 2) {
		if (i == WARM)
			before = allocations;
		exchange(&c, id, &gone);
	}
	before = allocations - before;
	ck_assert_uint_eq(before, 0);
	ck_assert(gone && !c.reader.bad);
	ck_assert_uint_eq(c.reader.data, (size_t)(WARM + REQUESTS) * 30000);
	h2_client_clear(&c);
}
END_TEST

Suite *h2_conn_suite(void)
{
	Suite *suite = suite_create("h2_conn");
	TCase *tc = tcase_create("conn");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, credits);
	tcase_add_test(tc, ending);
	tcase_add_test(tc, resets_are_remembered);
	tcase_add_test(tc, what_a_session_watches);
	tcase_add_test(tc, date);
	tcase_add_loop_test(tc, no_malloc_in_steady_state, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}
