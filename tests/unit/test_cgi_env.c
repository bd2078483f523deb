/* SPDX-License-Identifier: MIT */
/*
 * The variables of a request, told one a line as NAME=value in the order they are made. A case
 * compares all of them, or only the HTTP_* ones.
 */
#ifdef HAVE_CONFIG_H
#include "build.h"
#endif

#include "tests/unit/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/cgi_env.h"
#include "server/base/log.h"
#include "server/base/pool.h"
#include "server/http/exchange.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

suite_maker cgi_env_suite;

static struct pool_cache cache;
static struct pool *pool;
static struct http_head head;
static struct http_connection connection;
static struct cgi_request request;
static char trace[1 << 18];
static size_t traced;
static int log_file;

static void make(void)
{
	char name[] = "/tmp/outrider-cgi-env-XXXXXX";

	log_file = mkstemp(name);
	ck_assert_int_ge(log_file, 0);
	ck_assert_int_eq(log_open(name), 0);
	unlink(name);
	pool_cache_init(&cache, 16);
	pool = pool_new(&cache);
	head = (struct http_head){
	    .method = TEXT("GET"),
	    .scheme = TEXT("http"),
	    .authority = TEXT("example.org:8080"),
	    .path = TEXT("/x.php/more?q=1"),
	    .content_length = -1,
	};
	connection = (struct http_connection){
	    .remote_addr = TEXT("192.0.2.1"),
	    .remote_port = TEXT("50000"),
	    .local_addr = TEXT("192.0.2.9"),
	    .local_port = TEXT("8443"),
	    .protocol = "HTTP/2.0",
	};
	request = (struct cgi_request){
	    .head = &head,
	    .connection = &connection,
	    .pool = pool,
	    .script_filename = TEXT("/srv/www/x.php"),
	    .script_name = TEXT("/x.php"),
	    .path_info = TEXT("/more"),
	    .document_root = TEXT("/srv/www"),
	    .document_uri = TEXT("/x.php/more"),
	    .query = TEXT("q=1"),
	    .content_length = -1,
	};
}

static void clear(void)
{
	log_open("stderr");
	close(log_file);
	pool_free(pool);
	pool_cache_clear(&cache);
}

/* ---- helpers ---- */

static void field(const char *name, const char *value)
{
	http_fields_add_named(&head.fields, pool, text_of(name), text_of(value));
}

static int tell(void *to, struct text name, struct text value)
{
	const char *only = to;

	if (only && !text_starts(name, text_of(only)))
		return 0;
	traced += (size_t)snprintf(trace + traced, sizeof trace - traced, "%.*s=%.*s\n",
				   (int)name.n, name.p, (int)value.n, value.p);
	if (traced >= sizeof trace)
		ck_abort_msg("the trace is too long");
	return 0;
}

/* The variables whose name begins with ONLY; NULL: all. */
static const char *build(const char *only)
{
	char prefix[16] = "";

	if (only)
		strcpy(prefix, only);
	trace[0] = '\0';
	traced = 0;
	ck_assert_int_eq(cgi_env_build(&request, tell, only ? prefix : NULL), 0);
	return trace;
}

/* What the log says, without time and level; at most one line. */
static const char *logged(void)
{
	static char text[4096];
	ssize_t n = pread(log_file, text, sizeof text - 1, 0);
	const char *message;

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	if (n == 0)
		return text;
	message = strstr(text, "cgi: ");
	ck_assert_ptr_nonnull(message);
	ck_assert_ptr_eq(strchr(text, '\n'), text + n - 1);
	return message + 5;
}

/* ---- fixed variables ---- */

START_TEST(all_in_the_clear)
{
	field("accept", "*/*");
	ck_assert_str_eq(build(NULL), "GATEWAY_INTERFACE=CGI/1.1\n"
				      "SERVER_SOFTWARE=outrider/" PACKAGE_VERSION "\n"
				      "SERVER_NAME=example.org\n"
				      "SERVER_ADDR=192.0.2.9\n"
				      "SERVER_PORT=8443\n"
				      "SERVER_PROTOCOL=HTTP/2.0\n"
				      "REMOTE_ADDR=192.0.2.1\n"
				      "REMOTE_PORT=50000\n"
				      "REQUEST_SCHEME=http\n"
				      "REQUEST_METHOD=GET\n"
				      "REQUEST_URI=/x.php/more?q=1\n"
				      "SCRIPT_NAME=/x.php\n"
				      "SCRIPT_FILENAME=/srv/www/x.php\n"
				      "PATH_INFO=/more\n"
				      "PATH_TRANSLATED=/srv/www/more\n"
				      "QUERY_STRING=q=1\n"
				      "DOCUMENT_ROOT=/srv/www\n"
				      "DOCUMENT_URI=/x.php/more\n"
				      "REDIRECT_STATUS=200\n"
				      "OUTRIDER_INFORMATIONAL=1\n"
				      "HTTP_HOST=example.org:8080\n"
				      "HTTP_ACCEPT=*/*\n");
	ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(under_tls)
{
	connection.tls = true;
	connection.tls_protocol = TEXT("TLSv1.3");
	connection.tls_cipher = TEXT("TLS_AES_128_GCM_SHA256");
	ck_assert_str_eq(build("HTTPS"), "HTTPS=on\n");
	ck_assert_str_eq(build("REQUEST_S"), "REQUEST_SCHEME=https\n");
	ck_assert_str_eq(build("SSL_"),
			 "SSL_PROTOCOL=TLSv1.3\nSSL_CIPHER=TLS_AES_128_GCM_SHA256\n");
}
END_TEST

START_TEST(request_body)
{
	request.content_length = 9223372036854775807;
	field("content-type", "text/x-one");
	field("content-length", "9223372036854775807");
	ck_assert_str_eq(build("CONTENT_"),
			 "CONTENT_TYPE=text/x-one\nCONTENT_LENGTH=9223372036854775807\n");
	/* RFC 3875 section 4.1.18 */
	ck_assert_str_eq(build("HTTP_C"), "");
	request.content_length = 0;
	ck_assert_str_eq(build("CONTENT_L"), "CONTENT_LENGTH=0\n");
}
END_TEST

START_TEST(what_may_be_absent)
{
	request.script_filename = request.path_info = request.document_root =
	    (struct text){NULL, 0};
	request.query = (struct text){NULL, 0};
	ck_assert_str_eq(build("CONTENT_"), "");
	ck_assert_str_eq(build("PATH_"), "");
	ck_assert_str_eq(build("DOCUMENT_R"), "");
	ck_assert_str_eq(build("SCRIPT_"), "SCRIPT_NAME=/x.php\n");
	ck_assert_str_eq(build("QUERY_"), "QUERY_STRING=\n");
	request.path_info = TEXT("/p");
	ck_assert_str_eq(build("PATH_"), "PATH_INFO=/p\n");
	request.document_root = TEXT("/");
	ck_assert_str_eq(build("PATH_"), "PATH_INFO=/p\nPATH_TRANSLATED=/p\n");
}
END_TEST

static const struct {
	const char *authority, *local_addr, *local_port, *want;
	bool tls;
} names[] = {
    {"example.org", "192.0.2.9", "80", "example.org|192.0.2.9|80|", false},
    {"example.org:81", "192.0.2.9", "80", "example.org|192.0.2.9|80|", false},
    {"[2001:db8::1]:81", "2001:db8::1", "80", "[2001:db8::1]|2001:db8::1|80|", false},
    {"[::1]", "::1", "80", "[::1]|::1|80|", false},
    {NULL, "192.0.2.9", "80", "192.0.2.9|192.0.2.9|80|", false},
    {"", "192.0.2.9", "80", "192.0.2.9|192.0.2.9|80|", false},
    {"example.org:81", "", "", "example.org||81|", false},
    {"example.org", "", "", "example.org||443|", true},
    {NULL, "", "", "localhost||80|", false},
};

static int tell_server(void *to, struct text name, struct text value)
{
	char *text = to;

	if (text_is(name, "SERVER_NAME") || text_is(name, "SERVER_ADDR") ||
	    text_is(name, "SERVER_PORT"))
		sprintf(text + strlen(text), "%.*s|", (int)value.n, value.p);
	return 0;
}

START_TEST(server_name)
{
	char got[256] = "";

	head.authority = text_of(names[_i].authority);
	connection.local_addr = text_of(names[_i].local_addr);
	connection.local_port = text_of(names[_i].local_port);
	connection.tls = names[_i].tls;
	ck_assert_int_eq(cgi_env_build(&request, tell_server, got), 0);
	ck_assert_str_eq(got, names[_i].want);
}
END_TEST

START_TEST(no_authority_no_http_host)
{
	head.authority = (struct text){NULL, 0};
	ck_assert_str_eq(build("HTTP_"), "");
}
END_TEST

static int refuse(void *to, struct text name, struct text value)
{
	int *left = to;

	(void)name;
	(void)value;
	return --*left ? 0 : 42;
}

/* The first refusal ends the building. */
START_TEST(refusal)
{
	static const struct cgi_var extra[] = {{TEXT("A"), TEXT("b")}, {TEXT("C"), TEXT("d")}};
	int left = _i + 1;

	field("accept", "*/*");
	field("x-a", "1");
	request.extra = extra;
	request.extra_count = 2;
	ck_assert_int_eq(cgi_env_build(&request, refuse, &left), _i < 25 ? 42 : 0);
	ck_assert_int_eq(left, _i < 25 ? 0 : _i + 1 - 25);
}
END_TEST

/* ---- fields ---- */

START_TEST(fields)
{
	field("host", "example.org:8080");
	field("user-agent", "curl/8");
	field("authorization", "Basic eDp5");
	field("x-9-a", "");
	field("te", "trailers");		    /* for us, not for what is behind us */
	field("proxy-authorization", "Basic eDp5"); /* likewise */
	field("cookie", "a=b; c=d");
	ck_assert_str_eq(build("HTTP_"), "HTTP_HOST=example.org:8080\n"
					 "HTTP_USER_AGENT=curl/8\n"
					 "HTTP_AUTHORIZATION=Basic eDp5\n"
					 "HTTP_X_9_A=\n"
					 "HTTP_COOKIE=a=b; c=d\n");
	ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(equal_names_are_joined)
{
	field("x-a", "1");
	field("cookie", "a=b");
	field("x-b", "2");
	field("x-a", "");
	field("cookie", "c=d");
	field("x-c", "3");
	field("x-a", "4");
	ck_assert_str_eq(build("HTTP_"), "HTTP_HOST=example.org:8080\n"
					 "HTTP_X_A=1, , 4\n"
					 "HTTP_COOKIE=a=b; c=d\n"
					 "HTTP_X_B=2\n"
					 "HTTP_X_C=3\n");
}
END_TEST

/* CVE-2016-5385: a client must not choose the proxy of an application. */
START_TEST(never_http_proxy)
{
	request.underscores = _i;
	field("proxy", "evil:3128");
	field("x-a", "1");
	field("proxy", "evil:3129");
	ck_assert_str_eq(build("HTTP_"), "HTTP_HOST=example.org:8080\nHTTP_X_A=1\n");
	ck_assert_str_eq(logged(), "2 request field(s) kept from the application, the first is "
				   "\"proxy\": it would make HTTP_PROXY\n");
}
END_TEST

START_TEST(hop_by_hop_fields_stay)
{
	field("connection", "keep-alive");
	field("keep-alive", "5");
	field("proxy-connection", "x");
	field("transfer-encoding", "chunked");
	field("upgrade", "h2c");
	field("http2-settings", "x");
	ck_assert_str_eq(build("HTTP_"), "HTTP_HOST=example.org:8080\n");
	ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(odd_names_are_dropped)
{
	field("x_real_ip", "1");
	field("x.y", "2");
	field("x!y", "3");
	field("x-ok", "4");
	ck_assert_str_eq(build("HTTP_"), "HTTP_HOST=example.org:8080\nHTTP_X_OK=4\n");
	ck_assert_str_eq(logged(), "3 request field(s) kept from the application, the first is "
				   "\"x_real_ip\": a program cannot tell its _ from -\n");
}
END_TEST

START_TEST(logged_names_are_escaped)
{
	field("x\n\x1b", "1");
	build(NULL);
	ck_assert_str_eq(logged(), "1 request field(s) kept from the application, the first is "
				   "\"x\\n\\x1b\": no variable can have such a name\n");
}
END_TEST

START_TEST(underscores_let_in)
{
	request.underscores = true;
	field("x_own", "1");
	field("x_a_name_that_is_longer_than_any_of_the_table", "2");
	field("x_real_ip", "evil");
	field("x-real-ip", "192.0.2.1");
	field("x_real-ip", "evil");
	field("x-real-ip", "192.0.2.2");
	field("x_a-b", "first");
	field("x-a_b", "second");
	field("x_a-b", "third");
	field("content_length", "7");
	field("content_type", "x");
	field("user_agent", "x");
	build("HTTP_");
	ck_assert_ptr_nonnull(strstr(trace, "HTTP_X_OWN=1\n"));
	ck_assert_ptr_nonnull(strstr(trace, "HTTP_X_REAL_IP=192.0.2.1, 192.0.2.2\n"));
	ck_assert_ptr_nonnull(strstr(trace, "HTTP_X_A_B=first, third\n"));
	ck_assert_uint_eq(strlen(trace),
			  strlen("HTTP_HOST=example.org:8080\nHTTP_X_OWN=1\n"
				 "HTTP_X_A_NAME_THAT_IS_LONGER_THAN_ANY_OF_THE_TABLE=2\n"
				 "HTTP_X_REAL_IP=192.0.2.1, 192.0.2.2\n"
				 "HTTP_X_A_B=first, third\n"));
	ck_assert_msg(strstr(logged(), "6 request field(s)"), "%s", logged());
}
END_TEST

START_TEST(long_names)
{
	static char name[4096], want[4200] = "HTTP_";
	size_t n = (size_t)_i + 120;

	if (_i == 10)
		n = sizeof name - 1;
	memset(name, 'a', n);
	memset(want + 5, 'A', n);
	name[n] = '\0';
	strcpy(want + 5 + n, "=v\n");
	head.authority = (struct text){NULL, 0};
	field(name, "v");
	ck_assert_str_eq(build("HTTP_"), want);
}
END_TEST

/* Equal names meet whatever the length of the list, that is, grouped in place or sorted. */
START_TEST(any_number_of_fields)
{
	static char name[300][16], want[32];
	size_t lines = 0;
	int count = _i;

	for (int i = 0; i < count; i++) {
		snprintf(name[i], sizeof name[i], "x-%d", i % 50 * 7919 % 1009);
		field(name[i], i < 50 ? "1" : i < 100 ? "2" : "3");
	}
	head.authority = (struct text){NULL, 0};
	build("HTTP_");
	for (const char *at = trace; (at = strchr(at, '\n')); at++)
		lines++;
	ck_assert_uint_eq(lines, count < 50 ? (size_t)count : 50);
	for (int i = 0; i < count && i < 50; i++) {
		snprintf(want, sizeof want, "HTTP_X_%d=1%s%s\n", i * 7919 % 1009,
			 count > 50 + i ? ", 2" : "", count > 100 + i ? ", 3" : "");
		ck_assert_ptr_nonnull(strstr(trace, want));
	}
}
END_TEST

static int count_only(void *to, struct text name, struct text value)
{
	(void)name;
	(void)value;
	++*(unsigned *)to;
	return 0;
}

/*
 * A header list of 64 KiB holds about 1,900 fields (RFC 7541 section 4.1 counts 32 octets for
 * each). Names that are alike, names that differ only at the end, one name: none may take long.
 */
START_TEST(many_fields_are_quick)
{
	enum { COUNT = 1900, ROUNDS = 20 };
	static char name[COUNT][32];
	unsigned made = 0;
	clock_t from;
	double each;

	request.underscores = _i >= 3;
	for (int i = 0; i < COUNT; i++) {
		snprintf(name[i], sizeof name[i],
			 _i % 3 == 0   ? "%d"
			 : _i % 3 == 1 ? "x-aaaaaaaaaaaaaaaaaaaaaa-%06d"
				       : "x",
			 i * 7919 % 10007);
		field(name[i], "");
	}
	from = clock();
	for (int i = 0; i < ROUNDS; i++)
		ck_assert_int_eq(cgi_env_build(&request, count_only, &made), 0);
	each = (double)(clock() - from) / CLOCKS_PER_SEC / ROUNDS;
	ck_assert_uint_eq(made, ROUNDS * (21 + (_i % 3 == 2 ? 1 : COUNT)));
	/* Measured: below half a millisecond; the limit is for sanitizers on a busy machine. */
	ck_assert_msg(each < 0.02, "%g s each", each);
}
END_TEST

/* ---- [env] ---- */

START_TEST(extra_wins)
{
	static const struct cgi_var extra[] = {
	    {TEXT("APP_ENV"), TEXT("prod")},	     {TEXT("SERVER_NAME"), TEXT("canonical")},
	    {TEXT("HTTP_X_A"), TEXT("ours")},	     {TEXT("REQUEST_METHOD"), TEXT("PUT")},
	    {TEXT("CONTENT_LENGTH"), TEXT("given")}, {TEXT("HTTP_PROXY"), TEXT("operator:3128")},
	    {TEXT("HTTP_HOST"), TEXT("")},
	};

	request.extra = extra;
	request.extra_count = sizeof extra / sizeof *extra;
	request.content_length = 5;
	field("x-a", "theirs");
	field("x-b", "2");
	field("x-a", "theirs too");
	field("proxy", "evil:3128");
	ck_assert_str_eq(build("HTTP_"), "HTTP_X_B=2\n"
					 "HTTP_X_A=ours\n"
					 "HTTP_PROXY=operator:3128\n"
					 "HTTP_HOST=\n");
	ck_assert_str_eq(build("SERVER_N"), "SERVER_NAME=canonical\n");
	ck_assert_str_eq(build("REQUEST_M"), "REQUEST_METHOD=PUT\n");
	ck_assert_str_eq(build("CONTENT_"), "CONTENT_LENGTH=given\n");
	ck_assert_str_eq(build("APP_"), "APP_ENV=prod\n");
}
END_TEST

Suite *cgi_env_suite(void)
{
	Suite *s = suite_create("cgi_env");
	TCase *c = tcase_create("fixed");

	tcase_add_checked_fixture(c, make, clear);
	tcase_add_test(c, all_in_the_clear);
	tcase_add_test(c, under_tls);
	tcase_add_test(c, request_body);
	tcase_add_test(c, what_may_be_absent);
	tcase_add_loop_test(c, server_name, 0, (int)(sizeof names / sizeof *names));
	tcase_add_test(c, no_authority_no_http_host);
	tcase_add_loop_test(c, refusal, 0, 26);
	tcase_add_test(c, extra_wins);
	suite_add_tcase(s, c);
	c = tcase_create("fields");
	tcase_add_checked_fixture(c, make, clear);
	tcase_add_test(c, fields);
	tcase_add_test(c, equal_names_are_joined);
	tcase_add_loop_test(c, never_http_proxy, 0, 2);
	tcase_add_test(c, hop_by_hop_fields_stay);
	tcase_add_test(c, odd_names_are_dropped);
	tcase_add_test(c, logged_names_are_escaped);
	tcase_add_test(c, underscores_let_in);
	tcase_add_loop_test(c, long_names, 0, 11);
	tcase_add_loop_test(c, any_number_of_fields, 0, 150);
	tcase_add_loop_test(c, many_fields_are_quick, 0, 6);
	suite_add_tcase(s, c);
	return s;
}
