/* SPDX-License-Identifier: MIT */
/*
 * Response heads of applications, told as text:
 *
 *     INFORM 103 link=</a>; FINAL 200 content-type=text/plain body=hello
 *
 * After a final status: `(made)` when the program did not give one, then the fields, then
 * `(length N)`, `(chunked)` and `(close)`. `MORE` and `END` say how the input left the parser:
 * within a block or between two.
 *
 * Every case runs whole, octet by octet and at each split in two; those of informational responses
 * also at each split in three, and through FastCGI records in the cuts that applications make.
 */
#include "tests/unit/run.h"

#include <fastcgi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cgi_head.h"
#include "gateway/fcgi_record.h"
#include "server/base/pool.h"

suite_maker cgi_head_suite;

enum { MAX = 4096 };

/* ---- trace ---- */

/* Check notes each assertion that holds in a file; those that run a million times go without. */
static void must(bool holds)
{
	if (!holds)
		ck_abort_msg("an inner assertion of the test failed");
}

static void same(const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		ck_assert_str_eq(got, want);
}

static char trace[65536];
static size_t traced;

__attribute__((format(printf, 1, 2))) static void tell(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	traced += (size_t)vsnprintf(trace + traced, sizeof trace - traced, fmt, ap);
	va_end(ap);
	must(traced < sizeof trace);
}

/* ---- the parser under test, and what it leaves to its caller ---- */

struct reader {
	struct cgi_head parser;
	bool in_body, failed;
};

static struct pool_cache cache;
static struct pool *pool;
static size_t max = MAX;

static void make(void)
{
	pool_cache_init(&cache, 64);
	max = MAX;
}

static void clear(void)
{
	pool_cache_clear(&cache);
}

static void reader_start(struct reader *r)
{
	*r = (struct reader){.in_body = false};
	pool = pool_new(&cache);
	cgi_head_init(&r->parser, pool, max);
	trace[0] = '\0';
	traced = 0;
}

static void tell_head(const struct reader *r, const struct http_head *head, bool chunked)
{
	tell("%s%s %u", traced ? "; " : "", head->status < 200 ? "INFORM" : "FINAL", head->status);
	if (!r->parser.status_given)
		tell(" (made)");
	for (uint32_t i = 0; i < head->fields.n; i++) {
		const struct http_field *f = &head->fields.v[i];

		/* RFC 9113 section 8.2.1 */
		must(http_name_valid(f->name) && http_value_valid(f->value));
		must(f->token == http_token(f->name));
		tell(" %.*s=%.*s", (int)f->name.n, f->name.p, (int)f->value.n, f->value.p);
	}
	if (head->content_length >= 0)
		tell(" (length %ld)", (long)head->content_length);
	if (chunked)
		tell(" (chunked)");
	if (r->parser.close)
		tell(" (close)");
}

static void tell_bad(const struct reader *r)
{
	struct text sample = r->parser.sample;

	tell("%sBAD %s", traced ? "; " : "", r->parser.why);
	if (sample.n)
		tell(" [%.*s]", (int)sample.n, sample.p);
}

static void read_head(struct reader *r, const char *in, size_t n, size_t *at)
{
	struct http_head head;
	size_t used;
	bool chunked;

	switch (cgi_head_feed(&r->parser, in + *at, n - *at, &used, &head, &chunked)) {
	case CGI_HEAD_MORE:
		must(used == n - *at);
		break;
	case CGI_HEAD_FINAL:
		r->in_body = true;
		tell_head(r, &head, chunked);
		tell(" body=");
		break;
	case CGI_HEAD_INFORM:
		must(!cgi_head_begun(&r->parser));
		tell_head(r, &head, chunked);
		break;
	case CGI_HEAD_BAD:
		r->failed = true;
		tell_bad(r);
		break;
	}
	*at += used;
}

/* Hands over a piece in memory of its own that is gone afterwards. */
static void feed(struct reader *r, const char *in, size_t n)
{
	char *copy = malloc(n + 1);
	size_t at = 0;

	memcpy(copy, in, n);
	while (at < n && !r->failed) {
		if (r->in_body) {
			tell("%.*s", (int)(n - at), copy + at);
			at = n;
		} else {
			read_head(r, copy, n, &at);
		}
	}
	free(copy);
}

static const char *reader_end(struct reader *r)
{
	if (!r->in_body && !r->failed)
		tell("%s%s", traced ? "; " : "", cgi_head_begun(&r->parser) ? "MORE" : "END");
	pool_free(pool);
	return trace;
}

/* The pieces end at A and B; A <= B <= n. */
static const char *parse_cut(const char *in, size_t n, size_t a, size_t b)
{
	struct reader r;

	reader_start(&r);
	feed(&r, in, a);
	feed(&r, in + a, b - a);
	feed(&r, in + b, n - b);
	return reader_end(&r);
}

static const char *parse_octets(const char *in, size_t n)
{
	struct reader r;

	reader_start(&r);
	for (size_t i = 0; i < n; i++)
		feed(&r, in + i, 1);
	return reader_end(&r);
}

static void check_two(const char *in, size_t n, const char *want)
{
	same(parse_cut(in, n, n, n), want);
	same(parse_octets(in, n), want);
	for (size_t a = 1; a < n; a++)
		same(parse_cut(in, n, a, n), want);
}

static void check_three(const char *in, size_t n, const char *want)
{
	for (size_t a = 1; a < n; a++) {
		for (size_t b = a + 1; b < n; b++)
			same(parse_cut(in, n, a, b), want);
	}
}

/* ---- FastCGI records around it ---- */

static uint8_t wire[65536];
static size_t wired;

static void record(uint8_t type, const void *content, size_t n, uint8_t pad)
{
	must(wired + FREC_HEAD + n + pad < sizeof wire);
	frec_put_head(wire + wired, type, 1, n, pad);
	memcpy(wire + wired + FREC_HEAD, content, n);
	memset(wire + wired + FREC_HEAD + n, '\n', pad);
	wired += FREC_HEAD + n + pad;
}

/* STDOUT in records of STEP octets, with STDERR before each of them if NOISE. */
static void wrap(const char *in, size_t n, size_t step, bool noise)
{
	static const uint8_t end[8] = {0};

	wired = 0;
	for (size_t at = 0; at < n; at += step) {
		if (noise)
			record(FCGI_STDERR, "Status: 500\n\n", 13, (uint8_t)(at % 8));
		record(FCGI_STDOUT, in + at, step < n - at ? step : n - at, (uint8_t)(at % 5));
	}
	record(FCGI_STDOUT, "", 0, 0);
	record(FCGI_END_REQUEST, end, sizeof end, 0);
}

static void unwrap(struct frec_parser *p, struct reader *r, const uint8_t *in, size_t n)
{
	struct frec_event ev;
	size_t at = 0;

	do {
		at += frec_parse(p, in + at, n - at, &ev);
		must(ev.kind != FREC_BAD);
		if (ev.kind == FREC_STDOUT)
			feed(r, (const char *)ev.data, ev.len);
	} while (ev.kind != FREC_NONE);
}

/* The wire in pieces of STEP octets. */
static const char *parse_wire(size_t step)
{
	struct frec_parser p;
	struct reader r;

	frec_parser_init(&p);
	reader_start(&r);
	for (size_t at = 0; at < wired; at += step)
		unwrap(&p, &r, wire + at, step < wired - at ? step : wired - at);
	return reader_end(&r);
}

static void check_records(const char *in, size_t n, const char *want)
{
	static const size_t steps[] = {1, 2, 7, 30, 65536};

	for (size_t i = 0; i < 5; i++) {
		for (int noise = 0; noise < 2; noise++) {
			wrap(in, n, steps[i], noise);
			same(parse_wire(sizeof wire), want);
			same(parse_wire(1), want);
			same(parse_wire(13), want);
		}
	}
}

/* ---- informational responses ---- */

#define CSS   "Link: </style.css>; rel=preload; as=style\r\n"
#define FINAL "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nhello"

static const struct {
	const char *name, *in, *want;
} informs[] = {
    {"one 103", "Status: 103 Early Hints\r\n" CSS "\r\n" FINAL,
     "INFORM 103 link=</style.css>; rel=preload; as=style; "
     "FINAL 200 content-type=text/plain body=hello"},
    {"103 without a reason", "Status: 103\r\n" CSS "\r\n" FINAL,
     "INFORM 103 link=</style.css>; rel=preload; as=style; "
     "FINAL 200 content-type=text/plain body=hello"},
    {"two 103", "Status: 103\r\nLink: </a>\r\n\r\nStatus: 103\r\nLink: </b>\r\n\r\n" FINAL,
     "INFORM 103 link=</a>; INFORM 103 link=</b>; "
     "FINAL 200 content-type=text/plain body=hello"},
    {"102 and 103", "Status: 102 Processing\r\n\r\nStatus: 103\r\nLink: </b>\r\n\r\n" FINAL,
     "INFORM 102; INFORM 103 link=</b>; FINAL 200 content-type=text/plain body=hello"},
    {"100, 101 and unknown ones", "Status: 100\n\nStatus: 101\n\nStatus: 199 ?\nX: y\n\n" FINAL,
     "INFORM 100; INFORM 101; INFORM 199 x=y; FINAL 200 content-type=text/plain body=hello"},
    {"LF only", "Status: 103\nLink: </a>\n\nContent-Type: text/html\n\n\n<p>",
     "INFORM 103 link=</a>; FINAL 200 (made) content-type=text/html body=\n<p>"},
    {"mixed line ends", "Status: 103\nLink: </a>\r\n\nStatus: 404\r\nX: y\n\r\nno",
     "INFORM 103 link=</a>; FINAL 404 x=y body=no"},
    {"status lines",
     "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n\r\n",
     "INFORM 103 link=</a>; FINAL 200 x=y body="},
    {"status line and nothing else", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204\r\n\r\n",
     "INFORM 100; FINAL 204 body="},
    {"php",
     "X-Powered-By: PHP/8.2\r\nStatus: 103 Early Hints\r\nLink: </a>\r\n"
     "Content-type: text/html; charset=UTF-8\r\n\r\nX-A: 1\r\n"
     "Status: 404 Nope\r\nContent-Type: text/html\r\n\r\n<p>body</p>",
     "INFORM 103 link=</a>; FINAL 404 x-a=1 content-type=text/html body=<p>body</p>"},
    {"upper case", "STATUS: 103\r\nLINK: </A>\r\n\r\nStatus: 200\r\nX-UPPER: V\r\n\r\n",
     "INFORM 103 link=</A>; FINAL 200 x-upper=V body="},
    {"what has no business in it",
     "Status: 103\r\nContent-Type: a/b\r\nContent-Length: 5, 6\r\nContent-Encoding: gzip\r\n"
     "Content-Security-Policy: x\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n"
     "Keep-Alive: 5\r\nUpgrade: h2c\r\nProxy-Connection: x\r\nTE: trailers\r\nSet-Cookie: a=b\r\n"
     "Date: now\r\nServer: x\r\nX-Powered-By: PHP\r\nLink: </a>\r\n\r\n"
     "Status: 200\r\nSet-Cookie: a=b\r\nDate: now\r\nServer: x\r\n\r\n",
     "INFORM 103 link=</a> (close); FINAL 200 set-cookie=a=b date=now server=x body="},
    {"end after 1xx only", "Status: 103\r\nLink: </a>\r\n\r\n", "INFORM 103 link=</a>; END"},
    {"end within the next block", "Status: 103\r\nLink: </a>\r\n\r\nS",
     "INFORM 103 link=</a>; MORE"},
    {"nothing", "", "END"},
    {"broken block after 103", "Status: 103\r\n\r\nhello\r\n",
     "INFORM 103; BAD line without a colon [hello]"},
    {"empty block after 103", "Status: 103\r\n\r\n\r\nStatus: 200\r\n\r\n",
     "INFORM 103; BAD no header line before the empty line"},
};

START_TEST(inform)
{
	const char *in = informs[_i].in, *want = informs[_i].want;
	size_t n = strlen(in);

	check_two(in, n, want);
	check_three(in, n, want);
	check_records(in, n, want);
}
END_TEST

/* Memory of one block serves all: a program may say 102 for hours. */
START_TEST(informs_without_end)
{
	static const char in[] = "Status: 103\r\nLink: </style.css>\r\nX: y\r\n\r\n";
	struct reader r;
	size_t size;

	reader_start(&r);
	feed(&r, in, sizeof in - 1);
	size = pool_size(pool);
	for (int i = 0; i < 100000; i++) {
		traced = 0;
		feed(&r, in, sizeof in - 1);
	}
	ck_assert_uint_eq(pool_size(pool), size);
	ck_assert_str_eq(reader_end(&r), "INFORM 103 link=</style.css> x=y; END");
}
END_TEST

/* ---- final heads ---- */

static const struct {
	const char *in, *want;
} finals[] = {
    {"Content-Type: text/plain\n\nx", "FINAL 200 (made) content-type=text/plain body=x"},
    {"Content-Type: a/b\nX: y\nContent-Type: text/html\n\n",
     "FINAL 200 (made) x=y content-type=text/html body="}, /* the last one counts */
    {"Location: /a\nLocation: /b\n\n", "FINAL 302 (made) location=/b body="},
    {"Location: /there\n\n", "FINAL 302 (made) location=/there body="},
    {"Status: 301\nLocation: http://a/\n\n", "FINAL 301 location=http://a/ body="},
    {"Location: \nX: y\n\n", "FINAL 200 (made) location= x=y body="},
    {"Status: 404 Not Found\n\n", "FINAL 404 body="},
    {"Status:404\n\n", "FINAL 404 body="},
    {"Status: 404\t\n\n", "FINAL 404 body="},
    {"status: 599\n\n", "FINAL 599 body="},
    {"X: y\nStatus: 200\nStatus: 404\nStatus: 418 Teapot\n\n", "FINAL 418 x=y body="},
    {"HTTP/1.1 404 Nope\r\nStatus: 200\r\n\r\n", "FINAL 404 body="},
    {"HTTP/1.0 200 OK\nA: b\n\n", "FINAL 200 a=b body="},
    {"HTTP/2.0 200 OK\nA: b\n\n", "FINAL 200 a=b body="},
    {"HTTP/2 200\nA: b\n\n", "FINAL 200 a=b body="},
    {"HTTP/1.1 200 \nA: b\n\n", "FINAL 200 a=b body="},
    {"A: b\nA: c\nSet-Cookie: x\nSet-Cookie: y\n\n",
     "FINAL 200 (made) a=b a=c set-cookie=x set-cookie=y body="},
    {"A:\nB: \t \nC:  v  w \t\r\n\n", "FINAL 200 (made) a= b= c=v  w body="},
    {"A: b: c\nB: \xc3\xa9\n\n", "FINAL 200 (made) a=b: c b=\xc3\xa9 body="},
    {"A!#$%&'*+-.^_`|~9: b\n\n", "FINAL 200 (made) a!#$%&'*+-.^_`|~9=b body="},
    /* continued lines */
    {"A: b\n  c \r\n\td\nX: y\n\n", "FINAL 200 (made) a=b c d x=y body="},
    {"A:\n b\n\n", "FINAL 200 (made) a=b body="},
    {"A:\r\n \r\n \t\r\n b\r\n  \r\n\n", "FINAL 200 (made) a=b body="},
    {"Status: 404 Not\n Found\nX: y\n\n", "FINAL 404 x=y body="},
    {"Content-Length: 5\n , 5\nA: b\n\nhello", "FINAL 200 (made) a=b (length 5) body=hello"},
    /* framing */
    {"Content-Length: 5\n\nhello", "FINAL 200 (made) (length 5) body=hello"},
    {"Content-Length: 0\n\n", "FINAL 200 (made) (length 0) body="},
    {"Content-Length: 5\nA: b\nContent-Length: 5\nContent-length: 5, 5\n\n",
     "FINAL 200 (made) a=b (length 5) body="},
    {"Content-Length: 9223372036854775807\n\n",
     "FINAL 200 (made) (length 9223372036854775807) body="},
    {"Transfer-Encoding: chunked\n\n0\n", "FINAL 200 (made) (chunked) body=0\n"},
    {"Transfer-Encoding: Chunked\nTrailer: grpc-status\n\n",
     "FINAL 200 (made) trailer=grpc-status (chunked) body="},
    {"Content-Length: 5\nTransfer-Encoding: chunked\n\n", "FINAL 200 (made) (chunked) body="},
    /* connection-specific fields */
    {"Connection: close\nKeep-Alive: timeout=5\nProxy-Connection: close\nUpgrade: h2c\n"
     "HTTP2-Settings: x\nTE: trailers\nA: b\n\n",
     "FINAL 200 (made) a=b (close) body="},
    {"X-A: 1\nConnection: X-A , Close, x-b\nX-B: 2\nX-C: 3\nConnection: x-d\nX-D: 4\n\n",
     "FINAL 200 (made) x-c=3 (close) body="},
    {"Connection: transfer-encoding, content-length\nTransfer-Encoding: chunked\n\n",
     "FINAL 200 (made) (chunked) body="},
    {"Connection:\nConnection: ,\nA: b\n\n", "FINAL 200 (made) a=b body="},
    {"Connection: 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,close\nA: b\n\n",
     "FINAL 200 (made) a=b (close) body="},
};

START_TEST(final)
{
	check_two(finals[_i].in, strlen(finals[_i].in), finals[_i].want);
}
END_TEST

/* ---- what is refused ---- */

#define IN(lit) lit, sizeof(lit) - 1

static const struct {
	const char *in;
	size_t n;
	const char *want;
} bads[] = {
    {IN("\n"), "BAD no header line before the empty line"},
    {IN("\r\nStatus: 200\r\n\r\n"), "BAD no header line before the empty line"},
    {IN("Hello\n"), "BAD line without a colon [Hello]"},
    {IN("A: b\nHello world, this is not a header but the body of a program that forgot its head. "
	"And more.\n"),
     "BAD line without a colon [Hello world, this is not a header but the body of a program that "
     "forgot its head]"},
    {IN("<!DOCTYPE html>\n"), "BAD line without a colon [<!DOCTYPE html>]"},
    {IN("A: b\n:status: 200\n"), "BAD invalid field name [:status: 200]"},
    {IN(": x\n"), "BAD invalid field name [: x]"},
    {IN("A b: c\n"), "BAD invalid field name [A b: c]"},
    {IN("A(b): c\n"), "BAD invalid field name [A(b): c]"},
    {IN("\xc3\xa9: c\n"), "BAD invalid field name [\xc3\xa9: c]"},
    {IN("A : b\n"), "BAD space between a field name and its colon [A : b]"},
    {IN("A\t: b\n"), "BAD space between a field name and its colon [A\t: b]"},
    {IN("A: b\rX: y\n"), "BAD control octet in a field value [A: b\rX: y]"},
    {IN("A: b\r\r\n"), "BAD control octet in a field value [A: b\r]"},
    {IN("A: b\x01\n"), "BAD control octet in a field value [A: b\x01]"},
    {IN("A: b\x7f"
	"c\n"),
     "BAD control octet in a field value [A: b\x7f"
     "c]"},
    {IN("A: b\n c\r d\n"), "BAD control octet in a field value [ c\r d]"},
    {IN(" A: b\n"), "BAD continuation line without a field [ A: b]"},
    {IN("HTTP/1.1 200\n A: b\n"), "BAD continuation line without a field [ A: b]"},
    /* status */
    {IN("Status: \n"), "BAD Status is not from 100 to 599 [status: ]"},
    {IN("Status: OK\n"), "BAD Status is not from 100 to 599 [status: OK]"},
    {IN("Status: 20\n"), "BAD Status is not from 100 to 599 [status: 20]"},
    {IN("Status: 2000\n"), "BAD Status is not from 100 to 599 [status: 2000]"},
    {IN("Status: 200OK\n"), "BAD Status is not from 100 to 599 [status: 200OK]"},
    {IN("Status: 099\n"), "BAD Status is not from 100 to 599 [status: 099]"},
    {IN("Status: 600\n"), "BAD Status is not from 100 to 599 [status: 600]"},
    {IN("Status: +20\n"), "BAD Status is not from 100 to 599 [status: +20]"},
    {IN("Status: HTTP/1.1 200\n"), "BAD Status is not from 100 to 599 [status: HTTP/1.1 200]"},
    {IN("Status: 200\nStatus: x\n"), "BAD Status is not from 100 to 599 [status: x]"},
    {IN("HTTP/1.1\n"), "BAD status line without a status from 100 to 599 [HTTP/1.1]"},
    {IN("HTTP/1.1 \n"), "BAD status line without a status from 100 to 599 [HTTP/1.1 ]"},
    {IN("HTTP/1.1 99\n"), "BAD status line without a status from 100 to 599 [HTTP/1.1 99]"},
    {IN("HTTP/1.1  200\n"), "BAD status line without a status from 100 to 599 [HTTP/1.1  200]"},
    {IN("HTTP/1.1 600 X\n"), "BAD status line without a status from 100 to 599 [HTTP/1.1 600 X]"},
    {IN("HTTP/1.1 200-X\n"), "BAD status line without a status from 100 to 599 [HTTP/1.1 200-X]"},
    {IN("HTTP/ 200\n"), "BAD malformed status line [HTTP/ 200]"},
    {IN("HTTP/1. 200\n"), "BAD malformed status line [HTTP/1. 200]"},
    {IN("HTTP/1.1.1 200\n"), "BAD malformed status line [HTTP/1.1.1 200]"},
    {IN("HTTP/x.y 200\n"), "BAD malformed status line [HTTP/x.y 200]"},
    {IN("HTTP/1.1 200 O\rK\n"), "BAD control octet in the status line [HTTP/1.1 200 O\rK]"},
    {IN("A: b\nHTTP/1.1 200 OK\n"), "BAD line without a colon [HTTP/1.1 200 OK]"},
    /* framing */
    {IN("Content-Length: 5\nContent-Length: 6\n\n"),
     "BAD invalid or contradictory Content-Length [5]"},
    {IN("Content-Length: 5, 6\n\n"), "BAD invalid or contradictory Content-Length [5, 6]"},
    {IN("Content-Length: -1\n\n"), "BAD invalid or contradictory Content-Length [-1]"},
    {IN("Content-Length: +5\n\n"), "BAD invalid or contradictory Content-Length [+5]"},
    {IN("Content-Length: 0x5\n\n"), "BAD invalid or contradictory Content-Length [0x5]"},
    {IN("Content-Length:\n\n"), "BAD invalid or contradictory Content-Length"},
    {IN("Content-Length: 9223372036854775808\n\n"),
     "BAD invalid or contradictory Content-Length [9223372036854775808]"},
    {IN("Content-Length: 5\n 6\n\n"), "BAD invalid or contradictory Content-Length [5 6]"},
    {IN("Transfer-Encoding: gzip\n\n"), "BAD transfer coding other than chunked [gzip]"},
    {IN("Transfer-Encoding: gzip, chunked\n\n"),
     "BAD transfer coding other than chunked [gzip, chunked]"},
    {IN("Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n"),
     "BAD transfer coding other than chunked [chunked]"},
    {IN("Transfer-Encoding: identity\n\n"), "BAD transfer coding other than chunked [identity]"},
    {IN("Transfer-Encoding:\n\n"), "BAD transfer coding other than chunked"},
    {IN("Connection: 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n\n"),
     "BAD too many names in Connection [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]"},
};

START_TEST(bad)
{
	check_two(bads[_i].in, bads[_i].n, bads[_i].want);
}
END_TEST

/* NUL would end the text that tells of it, so the reason is looked at instead. */
START_TEST(nul_octets)
{
	static const struct {
		const char *in;
		size_t n;
		const char *why;
	} nuls[] = {
	    {IN("A: b\0c\n"), "control octet in a field value"},
	    {IN("A\0b: c\n"), "invalid field name"},
	    {IN("A: b\n c\0d\n"), "control octet in a field value"},
	    {IN("HTTP/1.1 200 O\0K\n"), "control octet in the status line"},
	    {IN("\0\0\0\n"), "line without a colon"},
	};

	for (size_t cut = 0; cut <= nuls[_i].n; cut++) {
		parse_cut(nuls[_i].in, nuls[_i].n, cut, nuls[_i].n);
		ck_assert_msg(strstr(trace, nuls[_i].why), "%s", trace);
	}
}
END_TEST

START_TEST(bad_stays_bad)
{
	struct reader r;
	struct http_head head;
	size_t used;
	bool chunked;

	reader_start(&r);
	feed(&r, "nonsense\n", 9);
	ck_assert(r.failed);
	ck_assert_int_eq(cgi_head_feed(&r.parser, FINAL, 20, &used, &head, &chunked), CGI_HEAD_BAD);
	ck_assert_uint_eq(used, 0);
	ck_assert_str_eq(r.parser.why, "line without a colon");
	reader_end(&r);
}
END_TEST

/* ---- sizes ---- */

START_TEST(largest_block)
{
	static const char in[] = "Status: 103\nA: b\n\nStatus: 200\nA: bc\n\nbody beyond the limit";
	size_t n = sizeof in - 1;

	max = 19;
	check_two(in, n, "INFORM 103 a=b; FINAL 200 a=bc body=body beyond the limit");
	max = 18;
	check_two(in, n, "INFORM 103 a=b; BAD header block is larger than allowed");
	max = 17;
	check_two(in, n, "BAD header block is larger than allowed");
	max = 16;
	check_two(in, n, "BAD header block is larger than allowed [A: b]");
}
END_TEST

START_TEST(endless_line)
{
	static char in[3 * MAX];
	const char *want =
	    "BAD header block is larger than allowed "
	    "[xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxx]";

	memset(in, 'x', sizeof in);
	ck_assert_str_eq(parse_cut(in, sizeof in, sizeof in, sizeof in), want);
	ck_assert_str_eq(parse_octets(in, sizeof in), want);
	ck_assert_str_eq(parse_cut(in, sizeof in, MAX, MAX + 1), want);
}
END_TEST

/* Many fields and a long one, so that the buffer grows and moves while fields point into it. */
START_TEST(growing_block)
{
	static char in[MAX + 8], want[2 * MAX];
	size_t n = 0, w = 0;

	w += (size_t)sprintf(want, "FINAL 200 (made)");
	while (n < MAX - 1000) {
		n += (size_t)sprintf(in + n, "Field-%zu: value %zu\r\n continued\r\n", n, n);
		w += (size_t)sprintf(want + w, " field-%zu=value %zu continued",
				     (size_t)atol(strrchr(in, '-') + 1),
				     (size_t)atol(strrchr(in, '-') + 1));
	}
	n += (size_t)sprintf(in + n, "Long: %0800d\r\n\r\nbody", 7);
	sprintf(want + w, " long=%0800d body=body", 7);
	ck_assert_str_eq(parse_cut(in, n, n, n), want);
	ck_assert_str_eq(parse_octets(in, n), want);
	for (size_t cut = 1; cut < n; cut += 11)
		ck_assert_str_eq(parse_cut(in, n, cut, n), want);
}
END_TEST

/* A block of nothing but continued lines costs no more than its size. */
START_TEST(many_continuations)
{
	enum { LINES = 20000 };
	static char in[16 + 3 * LINES];
	struct reader r;
	size_t n = (size_t)sprintf(in, "A: b\n");

	for (int i = 0; i < LINES; i++, n += 3)
		memcpy(in + n, " c\n", 3);
	in[n++] = '\n';
	max = 65536;
	reader_start(&r);
	feed(&r, in, n);
	ck_assert(r.in_body);
	ck_assert_uint_lt(pool_size(pool), 4 * max);
	ck_assert_uint_eq(strlen(reader_end(&r)),
			  strlen("FINAL 200 (made) a= body=") + 1 + 2 * LINES);
}
END_TEST

Suite *cgi_head_suite(void)
{
	Suite *s = suite_create("cgi_head");
	TCase *c = tcase_create("inform");

	tcase_add_checked_fixture(c, make, clear);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, inform, 0, (int)(sizeof informs / sizeof *informs));
	tcase_add_test(c, informs_without_end);
	suite_add_tcase(s, c);
	c = tcase_create("final");
	tcase_add_checked_fixture(c, make, clear);
	tcase_add_loop_test(c, final, 0, (int)(sizeof finals / sizeof *finals));
	tcase_add_loop_test(c, bad, 0, (int)(sizeof bads / sizeof *bads));
	tcase_add_loop_test(c, nul_octets, 0, 5);
	tcase_add_test(c, bad_stays_bad);
	tcase_add_test(c, largest_block);
	tcase_add_test(c, endless_line);
	tcase_add_test(c, growing_block);
	tcase_add_test(c, many_continuations);
	suite_add_tcase(s, c);
	return s;
}
