/* SPDX-License-Identifier: MIT */
/*
 * What the engine sends, and in which order: the same whether the socket takes all at once or
 * single octets. Windows of the client, trailers, early ends, the share of each stream.
 */
#include "tests/peer/h2_client.h"
#include "tests/unit/h2_cases.h"
#include "tests/unit/run.h"

suite_maker h2_send_suite;

#define ROWS(table) (sizeof(table) / sizeof *(table))

#define GET1  "> REQUEST 1 GET / END\n"
#define POST1 "> REQUEST 1 POST /\n"
#define OPEN  "headers 1 +end GET /;"
#define HEAD1 "< HEADERS 1 :status=200\n"

static const struct h2_case responses[] = {
    {"8.1 head alone", "hello;" OPEN "respond 1 204 +end x=y",
     GET1 "< HEADERS 1 :status=204 x=y END\n"},
    {"8.1 head and body", "hello;" OPEN "respond 1 200; body 1 hello; finish 1",
     GET1 HEAD1 "< DATA 1 \"hello\" END\n"},
    {"8.1 the end comes late", "hello;" OPEN "respond 1 200; body 1 hello; flush; finish 1",
     GET1 HEAD1 "< DATA 1 \"hello\"\n< DATA 1 \"\" END\n"},
    {"8.1 no body, but that comes late", "hello;" OPEN "respond 1 200; flush; finish 1",
     GET1 HEAD1 "< DATA 1 \"\" END\n"},
    {"8.1 interim heads", "hello;" OPEN "inform 1 100; inform 1 103 link=</a>; respond 1 200 +end",
     GET1 "< HEADERS 1 :status=100\n< HEADERS 1 :status=103 link=</a>\n"
	  "< HEADERS 1 :status=200 END\n"},
    {"8.1 trailers", "hello;" OPEN "respond 1 200; body 1 hello; trailers 1 x-sum=5; finish 1",
     GET1 HEAD1 "< DATA 1 \"hello\"\n< HEADERS 1 x-sum=5 END\n"},
    {"8.1 trailers without body", "hello;" OPEN "respond 1 200; trailers 1 x-sum=5; finish 1",
     GET1 HEAD1 "< HEADERS 1 x-sum=5 END\n"},
    {"8.1 trailers come late",
     "hello;" OPEN "respond 1 200; body 1 hello; flush; trailers 1 x-sum=5; finish 1",
     GET1 HEAD1 "< DATA 1 \"hello\"\n< HEADERS 1 x-sum=5 END\n"},
    {"8.1 empty trailers", "hello;" OPEN "respond 1 200; body 1 hello; trailers 1; finish 1",
     GET1 HEAD1 "< DATA 1 \"hello\" END\n"},
    {"8.2.2 connection-specific fields never leave",
     "hello;" OPEN "respond 1 200 connection=close transfer-encoding=chunked keep-alive=1 "
     "upgrade=h2c proxy-connection=x +end",
     GET1 "< HEADERS 1 :status=200 END\n"},
    {"6.10 large head", "hello;" OPEN "respond 1 200 a=*20000 b=*20000 c=d +end",
     GET1 "< HEADERS 1 :status=200 a=[20000] b=[20000] c=d END\n"},
    {"6.10 large interim head", "hello;" OPEN "inform 1 103 link=*40000; respond 1 200 +end",
     GET1 "< HEADERS 1 :status=103 link=[40000]\n< HEADERS 1 :status=200 END\n"},
    {"6.10 large trailers, with control frames around",
     "hello;" OPEN "respond 1 200; body 1 a; trailers 1 t=*40000 u=v; finish 1; ping 12345678;"
     "feed; write 100; ping abcdefgh; feed; write 20000; ping 87654321",
     GET1 HEAD1 "< PING ACK 12345678\n< DATA 1 \"a\"\n< HEADERS 1 t=[40000] u=v END\n"
		"< PING ACK abcdefgh\n< PING ACK 87654321\n"},
    {"8.1 full answer before the end of the request: RST_STREAM(NO_ERROR)",
     "hello; headers 1 POST /; respond 1 200; body 1 hello; finish 1; flush; data 1 abc +end;"
     "ping 12345678",
     POST1 HEAD1 "< DATA 1 \"hello\" END\n< RST_STREAM 1 NO_ERROR\n< PING ACK 12345678\n"},
    {"8.1 the same with nothing but a head", "hello; headers 1 POST /; respond 1 413 +end",
     POST1 "< HEADERS 1 :status=413 END\n< RST_STREAM 1 NO_ERROR\n"},
    {"8.1 the same with trailers",
     "hello; headers 1 POST /; respond 1 200; body 1 a; trailers 1 x=y; finish 1",
     POST1 HEAD1 "< DATA 1 \"a\"\n< HEADERS 1 x=y END\n< RST_STREAM 1 NO_ERROR\n"},
    {"5.4.2 response ends early: CANCEL on release",
     "hello;" OPEN "respond 1 200; body 1 hello; flush; release 1",
     GET1 HEAD1 "< DATA 1 \"hello\"\n< RST_STREAM 1 CANCEL\n"},
    {"5.4.2 reset by the session", "hello;" OPEN "respond 1 200; body 1 hello; flush; reset 1 2",
     GET1 HEAD1 "< DATA 1 \"hello\"\n< RST_STREAM 1 INTERNAL_ERROR\n"},
    {"5.1 verbs on a closed stream do nothing",
     "hello; keep streams;" OPEN "reset 1 2; inform 1 103 a=b; respond 1 200; body 1 abc;"
     "trailers 1 a=b; finish 1; reset 1 1; credit 1 5",
     GET1 "< RST_STREAM 1 INTERNAL_ERROR\n"},
    {"5.1 reset by the client while it is due to send",
     "hello; keep streams;" OPEN "respond 1 200; body 1 *100000; feed; rst 1 8; feed; flush",
     GET1 "> RESET 1 CANCEL\n" HEAD1},
    {"5.1 nothing follows RST_STREAM: its DATA was in the batch",
     "hello;" OPEN "respond 1 200; body 1 *30000; write 100; reset 1 2; flush",
     GET1 HEAD1 "< DATA 1 [16375]\n< DATA 1 [13625]\n< RST_STREAM 1 INTERNAL_ERROR\n"},
    {"5.1 the same when the client's frame is at fault",
     "hello;" OPEN "respond 1 200; body 1 *30000; write 100; window 1 0; flush",
     GET1 HEAD1 "> RESET 1 PROTOCOL_ERROR\n"
		"< DATA 1 [16375]\n< DATA 1 [13625]\n< RST_STREAM 1 PROTOCOL_ERROR\n"},
};

static const struct h2_case order[] = {
    {"an interim head goes before a body that waits",
     "hello;" OPEN "headers 3 +end GET /; respond 1 200; body 1 *60000; inform 3 103 a=b; flush",
     GET1 "> REQUEST 3 GET / END\n" HEAD1 "< HEADERS 3 :status=103 a=b\n"
	  "< DATA 1 [16375]\n< DATA 1 [16375]\n< DATA 1 [16375]\n< DATA 1 [10875]\n"},
    {"an interim head is behind no more than the chunk that is partly written",
     "hello;" OPEN "headers 3 +end GET /; respond 1 200; body 1 *60000; write 17000;"
     "inform 3 103 a=b; flush",
     GET1 "> REQUEST 3 GET / END\n" HEAD1 "< DATA 1 [16375]\n< DATA 1 [16375]\n"
	  "< HEADERS 3 :status=103 a=b\n< DATA 1 [16375]\n< DATA 1 [10875]\n"},
    {"the same after the reset of another stream",
     "hello;" OPEN "headers 3 +end GET /; headers 5 +end GET /; respond 1 200; body 1 *60000;"
     "write 17000; reset 5 2; inform 3 103 a=b; flush",
     GET1 "> REQUEST 3 GET / END\n> REQUEST 5 GET / END\n" HEAD1
	  "< DATA 1 [16375]\n< DATA 1 [16375]\n< RST_STREAM 5 INTERNAL_ERROR\n"
	  "< HEADERS 3 :status=103 a=b\n< DATA 1 [16375]\n< DATA 1 [10875]\n"},
    {"the same after a stream was refused",
     "limit max_streams=2; hello;" OPEN "headers 3 +end GET /; respond 1 200; body 1 *60000;"
     "write 17000; headers 5 +end GET /; inform 3 103 a=b; flush",
     GET1 "> REQUEST 3 GET / END\n" HEAD1 "< DATA 1 [16375]\n< DATA 1 [16375]\n"
	  "< RST_STREAM 5 REFUSED_STREAM\n< HEADERS 3 :status=103 a=b\n< DATA 1 [16375]\n"
	  "< DATA 1 [10875]\n"},
    {"RFC 7541 2.2: header blocks leave in the order of their encoding",
     "hello;" OPEN "headers 3 +end GET /; headers 5 +end GET /; respond 1 200 k=1; body 1 *20000;"
     "trailers 1 k=2 l=1; finish 1; write 30; inform 3 103 k=2 l=1; write 17000;"
     "respond 3 200 k=3 l=2; body 3 abc; trailers 3 k=3 l=2; finish 3; flush;"
     "respond 5 200 k=3 l=2 +end",
     GET1 "> REQUEST 3 GET / END\n> REQUEST 5 GET / END\n< HEADERS 1 :status=200 k=1\n"
	  "< DATA 1 [16375]\n< DATA 1 [3625]\n< HEADERS 1 k=2 l=1 END\n"
	  "< HEADERS 3 :status=103 k=2 l=1\n< HEADERS 3 :status=200 k=3 l=2\n< DATA 3 \"abc\"\n"
	  "< HEADERS 3 k=3 l=2 END\n< HEADERS 5 :status=200 k=3 l=2 END\n"},
    {"RFC 7541 4.2: the client's table changes between the trailers and the next head",
     "hello;" OPEN "headers 3 +end GET /; respond 1 200 k=1; body 1 *20000; trailers 1 k=2 l=1;"
     "finish 1; write 30; settings 1=0; settings 1=4096; inform 3 103 k=2 l=1; write 17000;"
     "settings 1=100; respond 3 200 k=2 l=1 +end",
     GET1 "> REQUEST 3 GET / END\n< HEADERS 1 :status=200 k=1\n< DATA 1 [16375]\n< DATA 1 [3625]\n"
	  "< HEADERS 1 k=2 l=1 END\n< SETTINGS ACK\n< SETTINGS ACK\n"
	  "< HEADERS 3 :status=103 k=2 l=1\n< SETTINGS ACK\n< HEADERS 3 :status=200 k=2 l=1 END\n"},
    {"three streams take turns, a frame each",
     "hello;" OPEN "headers 3 +end GET /; headers 5 +end GET /; respond 1 200; respond 3 200;"
     "respond 5 200; body 1 *20000; body 3 *20000; body 5 *20000; finish 1; finish 3; finish 5",
     GET1 "> REQUEST 3 GET / END\n> REQUEST 5 GET / END\n" HEAD1
	  "< HEADERS 3 :status=200\n< HEADERS 5 :status=200\n"
	  "< DATA 1 [16375]\n< DATA 3 [16375]\n< DATA 5 [16375]\n"
	  "< DATA 1 [3625] END\n< DATA 3 [3625] END\n< DATA 5 [3625] END\n"},
    {"a stream that joins has its turn",
     "hello 4=1000000; window 0 1000000;" OPEN "headers 3 +end GET /; respond 1 200;"
     "body 1 *200000; write 140000; respond 3 200; body 3 hello; finish 3; mark joined; flush",
     GET1 "> REQUEST 3 GET / END\n" HEAD1
	  "< DATA 1 [16375]\n< DATA 1 [16375]\n< DATA 1 [16375]\n< DATA 1 [16375]\n"
	  "< DATA 1 [16375]\n< DATA 1 [16375]\n< DATA 1 [16375]\n< DATA 1 [16375]\n# joined\n"
	  "< DATA 1 [16375]\n< HEADERS 3 :status=200\n< DATA 1 [16375]\n< DATA 1 [16375]\n"
	  "< DATA 1 [16375]\n< DATA 1 [3500]\n< DATA 3 \"hello\" END\n"},
};

static const struct h2_case windows[] = {
    {"6.9.1 window of 1",
     "hello 4=1;" OPEN "respond 1 200; body 1 abc; finish 1; flush; window 1 1;"
     "flush; window 1 2",
     GET1 HEAD1 "< DATA 1 \"a\"\n< DATA 1 \"b\"\n< DATA 1 \"c\" END\n"},
    {"6.9.1 window of 0: heads and the end need none",
     "hello 4=0;" OPEN "headers 3 +end GET /; respond 1 200; finish 1; respond 3 200;"
     "trailers 3 a=b; finish 3",
     GET1 "> REQUEST 3 GET / END\n" HEAD1 "< HEADERS 3 :status=200\n< DATA 1 \"\" END\n"
	  "< HEADERS 3 a=b END\n"},
    {"6.9.1 trailers wait for the body, not for the window",
     "hello 4=3;" OPEN "respond 1 200; body 1 abc; trailers 1 a=b; finish 1",
     GET1 HEAD1 "< DATA 1 \"abc\"\n< HEADERS 1 a=b END\n"},
    {"6.9.1 connection window is shared, the rest follows",
     "hello;" OPEN "headers 3 +end GET /; respond 1 200; respond 3 200; body 1 *40000;"
     "body 3 *40000; finish 1; finish 3; flush; window 0 1; flush; window 0 100000",
     GET1 "> REQUEST 3 GET / END\n" HEAD1 "< HEADERS 3 :status=200\n"
	  "< DATA 1 [16375]\n< DATA 3 [16375]\n< DATA 1 [16375]\n< DATA 3 [16375]\n"
	  "< DATA 1 \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n< DATA 3 \"x\"\n"
	  "< DATA 1 [7215] END\n< DATA 3 [7249] END\n"},
    {"6.9.1 an end without octets passes an exhausted connection window",
     "hello;" OPEN "headers 3 +end GET /; respond 1 200; respond 3 200; body 1 *65535; flush;"
     "body 1 z; finish 3",
     GET1 "> REQUEST 3 GET / END\n" HEAD1 "< HEADERS 3 :status=200\n< DATA 1 [16375]\n"
	  "< DATA 1 [16375]\n< DATA 1 [16375]\n< DATA 1 [16375]\n"
	  "< DATA 1 \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n< DATA 3 \"\" END\n"},
    {"6.9.2 SETTINGS change the windows of open streams",
     "hello 4=0;" OPEN "respond 1 200; body 1 abcdef; finish 1; flush; settings 4=2; flush;"
     "settings 4=65535",
     GET1 HEAD1 "< SETTINGS ACK\n< DATA 1 \"ab\"\n< SETTINGS ACK\n< DATA 1 \"cdef\" END\n"},
    {"6.9.2 a window may become negative",
     "hello 4=5;" OPEN "respond 1 200; body 1 abcdefgh; finish 1; flush; settings 4=2; flush;"
     "window 1 3; flush; mark zero; window 1 1; flush; settings 4=10",
     GET1 HEAD1 "< DATA 1 \"abcde\"\n< SETTINGS ACK\n# zero\n< DATA 1 \"f\"\n< SETTINGS ACK\n"
		"< DATA 1 \"gh\" END\n"},
    {"6.9.2 a window becomes negative while the stream is due to send",
     "hello 4=5;" OPEN "respond 1 200; body 1 abcde; flush; body 1 fgh; finish 1; window 1 3;"
     "settings 4=0; flush; mark none; settings 4=5",
     GET1 HEAD1 "< DATA 1 \"abcde\"\n< SETTINGS ACK\n# none\n< SETTINGS ACK\n"
		"< DATA 1 \"fgh\" END\n"},
    {"6.5.3 DATA of before stays before the acknowledgement of smaller windows",
     "hello;" OPEN "respond 1 200; body 1 *30000; write 100; settings 4=0; ping abcdefgh; flush",
     GET1 HEAD1 "< DATA 1 [16375]\n< DATA 1 [13625]\n< SETTINGS ACK\n< PING ACK abcdefgh\n"},
    {"6.9.2 SETTINGS do not change the connection window",
     "hello 4=1000000;" OPEN "respond 1 200; body 1 *70000; flush; settings 4=2000000; flush;"
     "mark still; window 0 5000",
     GET1 HEAD1 "< DATA 1 [16375]\n< DATA 1 [16375]\n< DATA 1 [16375]\n< DATA 1 [16375]\n"
		"< DATA 1 \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n< SETTINGS ACK\n# still\n"
		"< DATA 1 [4465]\n"},
};

START_TEST(response)
{
	h2_cases_run(responses, ROWS(responses));
}
END_TEST

START_TEST(in_order)
{
	h2_cases_run(order, ROWS(order));
}
END_TEST

START_TEST(window)
{
	h2_cases_run(windows, ROWS(windows));
}
END_TEST

static void open_client(struct h2_client *c, struct h2_cuts cuts, const char *script)
{
	h2_client_init(c, cuts);
	ck_assert(h2_client_run(c, script));
}

/* A megabyte through windows of one octet: every octet arrives, no frame is wrong. */
START_TEST(window_of_one)
{
	enum { BODY = 3000 };
	struct h2_client c;

	open_client(&c, (struct h2_cuts){0},
		    "hello 4=1; headers 1 +end GET /; respond 1 200; body 1 *3000; finish 1; "
		    "flush");
	for (int i = 1; i < BODY; i++) {
		ck_assert_uint_eq(c.reader.data, (size_t)i);
		ck_assert(h2_client_run(&c, "window 1 1; flush"));
	}
	ck_assert_uint_eq(c.reader.data, BODY);
	ck_assert_ptr_null(c.reader.bad);
	ck_assert(c.reader.streams[0].end);
	h2_client_clear(&c);
}
END_TEST

/* Every step of the socket: the same frames, whatever the engine is told meanwhile. */
START_TEST(every_step)
{
	static const char script[] =
	    "hello; headers 1 +end GET /; headers 3 +end GET /; inform 1 103 a=b; respond 1 200 "
	    "k=v;"
	    "body 1 *5000; trailers 1 t=u; finish 1; inform 3 103 a=b c=d; respond 3 404 k=w;"
	    "body 3 *900; finish 3; flush; headers 5 +end GET /; respond 5 200 k=w t=u +end";
	char *want = h2_client_play(script, (struct h2_cuts){0});

	ck_assert_ptr_null(strchr(want, '!'));
	for (size_t n = 1; n <= strlen(want) + 6000; n += n < 300 ? 1 : 97) {
		char *trace = h2_client_play(script, (struct h2_cuts){.write = n});

		ck_assert_str_eq(trace, want);
		free(trace);
	}
	free(want);
}
END_TEST

/* Octet by octet where frames meet. */
static size_t step(size_t n)
{
	bool near = n < 80 || (n > 16400 && n < 16460) || (n > 17000 && n < 17120) || n > 20080;

	return near ? 1 : 41;
}

/* Control frames are told between any two octets that the socket takes: always a legal order. */
START_TEST(told_between)
{
	static const char begin[] =
	    "hello; keep credit; headers 1 +end GET /; headers 3 POST /; headers 5 +end GET /;"
	    "headers 7 POST /; respond 1 200 k=1; respond 3 200 k=2; body 1 *17000; body 3 *3000;"
	    "trailers 1 k=3 l=4; finish 1; finish 3";
	static const char *const told[] = {
	    "inform 5 103 k=3 l=4; respond 5 200 k=3 +end",
	    "settings 1=0; inform 5 103 k=3; settings 1=4096; respond 5 200 k=3 l=4 +end",
	    "reset 7 2; inform 5 103 k=3 l=4",
	    "release 3; inform 5 103 k=3 l=4",
	    "rst 1 8; inform 5 103 k=3 l=4",
	    "release 7; respond 5 200 k=3; body 5 *300; trailers 5 k=3 l=4; finish 5",
	    "window 0 0",
	    "shutdown; shutdown; ping 12345678; fail",
	};

	for (size_t n = 1; n < 20500; n += step(n)) {
		struct h2_client c;

		open_client(&c, (struct h2_cuts){0}, begin);
		h2_client_write(&c, n);
		if (!h2_client_run(&c, told[(size_t)_i])) /* the stream may be gone already */
			ck_assert_ptr_nonnull(strstr(told[_i], "release 3"));
		h2_client_flush(&c);
		if (c.reader.bad || c.reader.in.n || h2_control_queued(c.h2))
			ck_abort_msg("%s after %zu octets: %s\n%s", told[_i], n,
				     c.reader.bad ? c.reader.bad : "something is left",
				     (char *)c.trace.p);
		if (h2_failed(c.h2))
			ck_assert_ptr_nonnull(strstr((char *)c.trace.p, "< GOAWAY last=7 "));
		h2_client_clear(&c);
	}
}
END_TEST

Suite *h2_send_suite(void)
{
	Suite *suite = suite_create("h2_send");
	TCase *tc = tcase_create("send");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, response);
	tcase_add_test(tc, in_order);
	tcase_add_test(tc, window);
	tcase_add_test(tc, window_of_one);
	tcase_add_test(tc, every_step);
	tcase_add_loop_test(tc, told_between, 0, 8);
	suite_add_tcase(suite, tc);
	return suite;
}
