/* SPDX-License-Identifier: MIT */
/* Fields, request heads (a test a rule), dates, status and the path table with hostile input. */
#include "tests/unit/run.h"

#include <string.h>

#include "server/base/pool.h"
#include "server/http/date.h"
#include "server/http/head.h"
#include "server/http/path.h"
#include "server/http/status.h"

suite_maker http_suite;

static struct pool_cache cache;
static struct pool *pool;

static void make_pool(void)
{
	pool_cache_init(&cache, 4);
	pool = pool_new(&cache);
}

static void free_pool(void)
{
	pool_free(pool);
	pool_cache_clear(&cache);
}

/* ---- fields ---- */

START_TEST(tokens_and_names)
{
	ck_assert_int_eq(http_token(TEXT("")), HTTP_OTHER);
	ck_assert_int_eq(http_token(TEXT("x")), HTTP_OTHER);
	ck_assert_int_eq(http_token(TEXT("linq")), HTTP_OTHER);
	ck_assert_int_eq(http_token(TEXT("a-name-longer-than-any-of-the-table")), HTTP_OTHER);
	for (unsigned t = HTTP_OTHER + 1; t < HTTP_TOKEN_COUNT; t++) {
		struct text name = http_token_name((enum http_token)t);
		char other[64];

		ck_assert_msg(http_token(name) == t, "%s", name.p);
		ck_assert(http_name_valid(name));
		/* One octet more or less is another name. */
		memcpy(other, name.p, name.n + 1);
		other[name.n] = 'x';
		ck_assert_int_ne(http_token((struct text){other, name.n + 1}), t);
		ck_assert_int_ne(http_token((struct text){other, name.n - 1}), t);
	}
}
END_TEST

START_TEST(fields_list)
{
	struct http_fields f = {0};

	ck_assert_ptr_null(http_fields_get(&f, HTTP_LINK));
	ck_assert_ptr_null(http_fields_value(&f, HTTP_LINK).p);
	for (int i = 0; i < 100; i++)
		http_fields_add_named(&f, pool, TEXT("x-filler"), TEXT("v"));
	http_fields_add(&f, pool, HTTP_LINK, TEXT("first"));
	http_fields_add_named(&f, pool, TEXT("link"), TEXT("second"));
	ck_assert_uint_eq(f.n, 102);
	ck_assert(text_is(http_fields_value(&f, HTTP_LINK), "first"));
	ck_assert(text_is(f.v[100].name, "link"));
	ck_assert_int_eq(f.v[101].token, HTTP_LINK);
	ck_assert_int_eq(f.v[0].token, HTTP_OTHER);
}
END_TEST

/* RFC 9113 section 8.2.1 */
START_TEST(field_names)
{
	ck_assert(http_name_valid(TEXT("x-a_b.c!#$%&'*+^`|~09")));
	ck_assert(!http_name_valid(TEXT("")));
	for (int c = 0; c < 256; c++) {
		char name[3] = {'a', (char)c, 'b'};
		bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    (c && strchr("!#$%&'*+-.^_`|~", c));

		ck_assert_msg(http_name_valid((struct text){name, 3}) == fine, "octet %d", c);
		ck_assert_int_eq(http_is_token((struct text){name, 3}),
				 fine || (c >= 'A' && c <= 'Z'));
	}
}
END_TEST

START_TEST(field_values)
{
	ck_assert(http_value_valid(TEXT("")));
	ck_assert(http_value_valid(TEXT("a \t b\x80\xff")));
	ck_assert(!http_value_valid(TEXT(" a")));
	ck_assert(!http_value_valid(TEXT("\ta")));
	ck_assert(!http_value_valid(TEXT("a ")));
	ck_assert(!http_value_valid(TEXT("a\t")));
	ck_assert(!http_value_valid(TEXT(" ")));
	for (int c = 0; c < 256; c++) {
		char value[3] = {'a', (char)c, 'b'};
		bool fine = c == '\t' || (c >= 0x20 && c != 0x7f);

		ck_assert_msg(http_value_valid((struct text){value, 3}) == fine, "octet %d", c);
	}
}
END_TEST

START_TEST(statuses)
{
	ck_assert_str_eq(http_reason(103), "Early Hints");
	ck_assert_str_eq(http_reason(200), "OK");
	ck_assert_str_eq(http_reason(599), "Unknown");
	ck_assert(http_status_bodyless(103));
	ck_assert(http_status_bodyless(204));
	ck_assert(http_status_bodyless(304));
	ck_assert(!http_status_bodyless(200));
	ck_assert(!http_status_bodyless(404));
}
END_TEST

/* ---- request heads ---- */

static struct http_head head;

static void add(const char *name, const char *value)
{
	http_fields_add_named(&head.fields, pool, text_of(name), text_of(value));
}

/* A head that is in order; a test spoils it. */
static void make_head(void)
{
	make_pool();
	head = (struct http_head){.method = TEXT("GET"),
				  .scheme = TEXT("https"),
				  .authority = TEXT("example.org"),
				  .path = TEXT("/"),
				  .content_length = -1};
}

static void ck_refused(const char *why)
{
	const char *got = http_head_check_request(&head, pool);

	ck_assert_ptr_nonnull(got);
	ck_assert_str_eq(got, why);
}

static void ck_fine(void)
{
	const char *got = http_head_check_request(&head, pool);

	ck_assert_msg(!got, "%s", got);
}

START_TEST(head_in_order)
{
	add("accept", "*/*");
	add("te", "trailers");
	ck_fine();
	ck_assert_int_eq(head.content_length, -1);
	ck_assert_uint_eq(head.fields.n, 2);
}
END_TEST

START_TEST(rfc9113_8_2_2_connection_fields)
{
	static const char *const names[] = {"connection",	 "keep-alive", "proxy-connection",
					    "transfer-encoding", "upgrade",    "http2-settings"};

	add(names[_i], "x");
	ck_refused("connection-specific field");
}
END_TEST

START_TEST(rfc9113_8_2_2_te)
{
	add("te", "trailers, gzip");
	ck_refused("te other than trailers");
}
END_TEST

START_TEST(rfc9113_8_2_3_cookies)
{
	add("cookie", "a=1");
	add("accept", "*/*");
	add("cookie", "b=2");
	add("x-last", "1");
	add("cookie", "c=3");
	ck_fine();
	ck_assert_uint_eq(head.fields.n, 3);
	ck_assert(text_is(head.fields.v[0].value, "a=1; b=2; c=3"));
	ck_assert(text_is(head.fields.v[1].name, "accept"));
	ck_assert(text_is(head.fields.v[2].name, "x-last"));
}
END_TEST

START_TEST(rfc9113_8_2_3_empty_cookie)
{
	add("cookie", "");
	add("cookie", "b=2");
	ck_fine();
	ck_assert_uint_eq(head.fields.n, 1);
	ck_assert(text_ends(head.fields.v[0].value, TEXT("b=2")));
}
END_TEST

START_TEST(rfc9113_8_3_1_method)
{
	head.method = (struct text){NULL, 0};
	ck_refused("no valid :method");
	head.method = TEXT("");
	ck_refused("no valid :method");
	head.method = TEXT("GE T");
	ck_refused("no valid :method");
	head.method = TEXT("get");
	ck_fine();
}
END_TEST

START_TEST(rfc9113_8_3_1_scheme)
{
	head.scheme = (struct text){NULL, 0};
	ck_refused("no valid :scheme");
	head.scheme = TEXT("");
	ck_refused("no valid :scheme");
	head.scheme = TEXT("ht tp");
	ck_refused("no valid :scheme");
	head.scheme = TEXT("1x");
	ck_refused("no valid :scheme");
	head.scheme = TEXT("x+1-.");
	ck_fine();
}
END_TEST

START_TEST(rfc9113_8_3_1_path)
{
	static const char *const bad[] = {"*", "a", "http://h/", "/a b", "/\t", "/a\x7f", "/#x"};

	head.path = (struct text){NULL, 0};
	ck_refused("no :path");
	head.path = TEXT("");
	ck_refused("empty :path");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		head.path = text_of(bad[i]);
		ck_assert_msg(http_head_check_request(&head, pool) != NULL, "%s", bad[i]);
	}
	head.path = TEXT("/\0");
	ck_refused("forbidden octet in :path");
	head.path = TEXT("/a?b=c?d\xc3\xa4");
	ck_fine();
}
END_TEST

START_TEST(rfc9113_8_3_1_options_asterisk)
{
	head.method = TEXT("OPTIONS");
	head.path = TEXT("*");
	ck_fine();
	head.path = TEXT("**");
	ck_refused(":path does not begin with /");
}
END_TEST

START_TEST(rfc9113_8_3_1_authority)
{
	static const char *const bad[] =
	    {"user@example.org", "a b", "a/b", "a?b", "a\\b", "a\"b", "<a>", "", "a,b\x80"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		head.authority = text_of(bad[i]);
		ck_refused("forbidden octet in the authority");
	}
	head.authority = (struct text){NULL, 0};
	ck_refused("neither :authority nor host");
	head.authority = TEXT("[2001:db8::1]:8443");
	ck_fine();
}
END_TEST

START_TEST(rfc9113_8_3_1_host)
{
	add("host", "EXAMPLE.org");
	ck_fine();
	/* Compared after normalisation: the default port says nothing. */
	head.authority = TEXT("example.org:443");
	head.scheme = TEXT("https");
	ck_fine();
	head.scheme = TEXT("http");
	ck_refused("host differs from :authority");
	head.authority = TEXT("example.org:80");
	ck_fine();
	head.authority = TEXT("example.com");
	ck_refused("host differs from :authority");
	head.authority = (struct text){NULL, 0};
	ck_fine();
	ck_assert(text_is(head.authority, "EXAMPLE.org"));
	add("host", "example.org");
	ck_refused("more than one host field");
}
END_TEST

START_TEST(rfc9113_8_5_connect)
{
	head.method = TEXT("CONNECT");
	head.authority = TEXT("example.org:443");
	ck_refused("CONNECT with :scheme or :path, or without :authority");
	head.scheme = (struct text){NULL, 0};
	ck_refused("CONNECT with :scheme or :path, or without :authority");
	head.path = (struct text){NULL, 0};
	ck_fine();
	head.authority = (struct text){NULL, 0};
	ck_refused("CONNECT with :scheme or :path, or without :authority");
}
END_TEST

START_TEST(rfc8441_4_protocol)
{
	head.protocol = TEXT("websocket");
	ck_refused(":protocol without CONNECT");
	head.method = TEXT("CONNECT");
	ck_fine();
	head.path = (struct text){NULL, 0};
	ck_refused("no :path");
	head.path = TEXT("/");
	head.scheme = (struct text){NULL, 0};
	ck_refused("no valid :scheme");
}
END_TEST

START_TEST(rfc9110_8_6_content_length)
{
	static const struct {
		const char *value;
		int64_t length; /* -2: not valid */
	} table[] = {
	    {"0", 0},
	    {"42", 42},
	    {"42, 42", 42},
	    {"9223372036854775807", INT64_MAX},
	    {"9223372036854775808", -2},
	    {"42, 43", -2},
	    {"", -2},
	    {"-1", -2},
	    {"+1", -2},
	    {"0x10", -2},
	    {"1 2", -2},
	    {"1,", -2},
	    {",1", -2},
	    {"1e3", -2},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		head.fields.n = 0;
		add("content-length", table[i].value);
		if (table[i].length == -2) {
			ck_refused("invalid content-length");
			continue;
		}
		ck_fine();
		ck_assert_int_eq(head.content_length, table[i].length);
	}
	head.fields.n = 0;
	add("content-length", "5");
	add("content-length", "5");
	ck_fine();
	add("content-length", "6");
	ck_refused("invalid content-length");
}
END_TEST

START_TEST(authority_parts)
{
	static const struct {
		const char *authority, *host, *port;
	} table[] = {
	    {"example.org", "example.org", "443"},  {"example.org:8443", "example.org", "8443"},
	    {"[::1]:8443", "::1", "8443"},	    {"[::1]", "::1", "443"},
	    {"example.org:", "example.org", "443"}, {"127.0.0.1:1", "127.0.0.1", "1"},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct text a = text_of(table[i].authority);

		ck_assert_msg(text_eq(http_authority_host(a), text_of(table[i].host)), "%s", a.p);
		ck_assert_msg(text_eq(http_authority_port(a, true), text_of(table[i].port)), "%s",
			      a.p);
	}
	ck_assert(text_is(http_authority_port(TEXT("a"), false), "80"));
}
END_TEST

/* ---- dates ---- */

START_TEST(date_formats)
{
	static const char *const same[] = {
	    "Sun, 06 Nov 1994 08:49:37 GMT",
	    "Sunday, 06-Nov-94 08:49:37 GMT",
	    "Sun Nov  6 08:49:37 1994",
	};
	char buf[HTTP_DATE_LEN + 1];
	time_t t;

	for (size_t i = 0; i < 3; i++) {
		t = 0;
		ck_assert_msg(http_date_parse(text_of(same[i]), &t) == 0, "%s", same[i]);
		ck_assert_int_eq(t, 784111777);
	}
	http_date_put(buf, 784111777);
	ck_assert_str_eq(buf, same[0]);
	http_date_put(buf, 0);
	ck_assert_str_eq(buf, "Thu, 01 Jan 1970 00:00:00 GMT");
	ck_assert_int_eq(http_date_parse(TEXT("Sunday, 06-Nov-16 08:49:37 GMT"), &t), 0);
	http_date_put(buf, t);
	ck_assert_str_eq(buf, "Sun, 06 Nov 2016 08:49:37 GMT");
}
END_TEST

START_TEST(date_round_trip)
{
	for (time_t t = 0; t < (time_t)4102444800; t += 86400 * 13 + 3607) {
		char buf[HTTP_DATE_LEN + 1];
		time_t back = -1;

		http_date_put(buf, t);
		ck_assert_int_eq(http_date_parse((struct text){buf, HTTP_DATE_LEN}, &back), 0);
		ck_assert_int_eq(back, t);
	}
}
END_TEST

START_TEST(date_nonsense)
{
	static const char *const bad[] = {
	    "",
	    "x",
	    "Sun,",
	    "Sun, ",
	    "Sun, 06 Nov 1994",
	    "Sun, 06 Nov 1994 08:49:37",
	    "Sun, 06 Nov 1994 08:49:37 CET",
	    "Sun, 06 Nov 1994 08:49:37 GMT ",
	    "Sun, 06 Nov 194 08:49:37 GMT",
	    "Sun, 06 Nov 19944 08:49:37 GMT",
	    "Sun, 00 Nov 1994 08:49:37 GMT",
	    "Sun, 32 Nov 1994 08:49:37 GMT",
	    "Sun, 06 nov 1994 08:49:37 GMT",
	    "Sun, 06 Nov 1994 24:49:37 GMT",
	    "Sun, 06 Nov 1994 08:60:37 GMT",
	    "Sun, 06 Nov 1994 08-49-37 GMT",
	    "Sun, 06 Nov 1994 8:49:37 GMT",
	    "Sun, +6 Nov 1994 08:49:37 GMT",
	    "Sun Nov  6 08:49:37 94",
	    "Sun Nov  6 08:49:37",
	    "1994-11-06T08:49:37Z",
	};
	time_t t = 42;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(http_date_parse(text_of(bad[i]), &t) == -1, "%s", bad[i]);
	ck_assert_int_eq(t, 42);
}
END_TEST

/* ---- paths ---- */

struct path_case {
	const char *target, *decoded; /* decoded: NULL when refused */
	enum path_verdict verdict;
};

static const struct path_case path_cases[] = {
    {"/", "/", PATH_OK},
    {"/a", "/a", PATH_OK},
    {"/a/", "/a/", PATH_OK},
    {"/a/b.php/c", "/a/b.php/c", PATH_OK},
    {"//", "/", PATH_OK},
    {"///a////b//", "/a/b/", PATH_OK},
    {"/.", "/", PATH_OK},
    {"/./", "/", PATH_OK},
    {"/a/.", "/a/", PATH_OK},
    {"/a/./b", "/a/b", PATH_OK},
    {"/a/..", "/", PATH_OK},
    {"/a/../", "/", PATH_OK},
    {"/a/b/..", "/a/", PATH_OK},
    {"/a/b/../c", "/a/c", PATH_OK},
    {"/a//../c", "/c", PATH_OK}, /* a doubled slash is no segment of its own */
    {"/a/b/../../c", "/c", PATH_OK},
    {"/...", "/...", PATH_OK},
    {"/..a/a..", "/..a/a..", PATH_OK},
    {"/.well-known/x", "/.well-known/x", PATH_OK},
    {"/%61%2Eb", "/a.b", PATH_OK},
    {"/a%20b", "/a b", PATH_OK},
    {"/%e4%B8%ad", "/\xe4\xb8\xad", PATH_OK},
    {"/%25", "/%", PATH_OK},
    {"/%252e%252e/x", "/%2e%2e/x", PATH_OK}, /* decoded once, not twice */
    {"/a%5cb", "/a\\b", PATH_OK},
    {"/a+b", "/a+b", PATH_OK},
    {"/a;p=1/b", "/a;p=1/b", PATH_OK},
    {"/a%3fb", "/a?b", PATH_OK},
    {"/a%23b", "/a#b", PATH_OK},
    {"/..", NULL, PATH_ABOVE_ROOT},
    {"/../", NULL, PATH_ABOVE_ROOT},
    {"/../etc/passwd", NULL, PATH_ABOVE_ROOT},
    {"/a/../../etc/passwd", NULL, PATH_ABOVE_ROOT},
    {"/a/../../a", NULL, PATH_ABOVE_ROOT}, /* though it would come back */
    {"//..", NULL, PATH_ABOVE_ROOT},
    {"/./..", NULL, PATH_ABOVE_ROOT},
    {"/%2e%2e/etc/passwd", NULL, PATH_ABOVE_ROOT},
    {"/.%2E/", NULL, PATH_ABOVE_ROOT},
    {"/a/%2e%2e/%2e%2e", NULL, PATH_ABOVE_ROOT},
    {"/%2f", NULL, PATH_BAD_SLASH},
    {"/..%2fetc", NULL, PATH_BAD_SLASH},
    {"/a%2Fb", NULL, PATH_BAD_SLASH},
    {"/%00", NULL, PATH_BAD_OCTET},
    {"/a.php%00.jpg", NULL, PATH_BAD_OCTET},
    {"/a%0ab", NULL, PATH_BAD_OCTET},
    {"/a%0d%0aSet-Cookie:x", NULL, PATH_BAD_OCTET},
    {"/a%7f", NULL, PATH_BAD_OCTET},
    {"/a\tb", NULL, PATH_BAD_OCTET},
    {"/%", NULL, PATH_BAD_ESCAPE},
    {"/%4", NULL, PATH_BAD_ESCAPE},
    {"/%zz", NULL, PATH_BAD_ESCAPE},
    {"/%4g", NULL, PATH_BAD_ESCAPE},
    {"/%+1", NULL, PATH_BAD_ESCAPE},
    {"/%%41", NULL, PATH_BAD_ESCAPE},
    {"/%u002e", NULL, PATH_BAD_ESCAPE},
    {"/%c", NULL, PATH_BAD_ESCAPE},
    {"", NULL, PATH_NOT_ABSOLUTE},
    {"*", NULL, PATH_NOT_ABSOLUTE},
    {"?/", NULL, PATH_NOT_ABSOLUTE},
    {"a/b", NULL, PATH_NOT_ABSOLUTE},
    {"%2fa", NULL, PATH_NOT_ABSOLUTE},
    {"http://h/", NULL, PATH_NOT_ABSOLUTE},
};

START_TEST(path_table)
{
	const struct path_case *c = &path_cases[_i];
	struct path path;
	/* Memory of exactly the target's size, so that a read beyond it shows. */
	struct text target = {memcpy(pool_alloc(pool, strlen(c->target)), c->target,
				     strlen(c->target)),
			      strlen(c->target)};

	ck_assert_msg(path_parse(&path, target, pool) == c->verdict, "%s", c->target);
	if (!c->decoded) {
		ck_assert_ptr_null(path.decoded.p);
		ck_assert_str_ne(path_verdict_text(c->verdict), "fine");
		return;
	}
	ck_assert_msg(text_eq(path.decoded, text_of(c->decoded)), "%s: %s", c->target,
		      path.decoded.p);
	ck_assert_uint_eq(strlen(path.decoded.p), path.decoded.n);
	ck_assert(text_eq(path.raw, target));
}
END_TEST

START_TEST(path_nul_octet)
{
	struct path path;

	ck_assert_int_eq(path_parse(&path, TEXT("/a\0b"), pool), PATH_BAD_OCTET);
}
END_TEST

START_TEST(path_query)
{
	struct path path;

	ck_assert_int_eq(path_parse(&path, TEXT("/a%62?q=%2f../?x"), pool), PATH_OK);
	ck_assert(text_is(path.decoded, "/ab"));
	ck_assert(text_is(path.raw, "/a%62"));
	ck_assert(text_is(path.query, "q=%2f../?x"));
	ck_assert_int_eq(path_parse(&path, TEXT("/a"), pool), PATH_OK);
	ck_assert_ptr_null(path.query.p);
	ck_assert_int_eq(path_parse(&path, TEXT("/a?"), pool), PATH_OK);
	ck_assert_ptr_nonnull(path.query.p);
	ck_assert_uint_eq(path.query.n, 0);
}
END_TEST

/* Every path of up to six octets over a small alphabet: what comes out is always in normal form. */
START_TEST(path_exhaustive)
{
	static const char letters[] = "/.a";

	for (unsigned number = 0; number < 729; number++) {
		char target[8] = "/";
		struct path path;

		for (unsigned i = 1, rest = number; rest; i++, rest /= 3)
			target[i] = letters[rest % 3];
		if (path_parse(&path, text_of(target), pool) != PATH_OK)
			continue;
		ck_assert_int_eq(path.decoded.p[0], '/');
		ck_assert_ptr_null(strstr(path.decoded.p, "//"));
		ck_assert_ptr_null(strstr(path.decoded.p, "/./"));
		ck_assert_ptr_null(strstr(path.decoded.p, "/../"));
		ck_assert(!text_ends(path.decoded, TEXT("/.")));
		ck_assert(!text_ends(path.decoded, TEXT("/..")));
	}
}
END_TEST

START_TEST(path_extensions)
{
	ck_assert(text_is(path_extension(TEXT("/a/b.php")), ".php"));
	ck_assert(text_is(path_extension(TEXT("/a.b/c.tar.gz")), ".gz"));
	ck_assert_ptr_null(path_extension(TEXT("/a.b/c")).p);
	ck_assert_ptr_null(path_extension(TEXT("/a.b/")).p);
	ck_assert_ptr_null(path_extension(TEXT("/")).p);
}
END_TEST

static TCase *head_case(void)
{
	TCase *c = tcase_create("head");

	tcase_add_checked_fixture(c, make_head, free_pool);
	tcase_add_test(c, head_in_order);
	tcase_add_loop_test(c, rfc9113_8_2_2_connection_fields, 0, 6);
	tcase_add_test(c, rfc9113_8_2_2_te);
	tcase_add_test(c, rfc9113_8_2_3_cookies);
	tcase_add_test(c, rfc9113_8_2_3_empty_cookie);
	tcase_add_test(c, rfc9113_8_3_1_method);
	tcase_add_test(c, rfc9113_8_3_1_scheme);
	tcase_add_test(c, rfc9113_8_3_1_path);
	tcase_add_test(c, rfc9113_8_3_1_options_asterisk);
	tcase_add_test(c, rfc9113_8_3_1_authority);
	tcase_add_test(c, rfc9113_8_3_1_host);
	tcase_add_test(c, rfc9113_8_5_connect);
	tcase_add_test(c, rfc8441_4_protocol);
	tcase_add_test(c, rfc9110_8_6_content_length);
	tcase_add_test(c, authority_parts);
	return c;
}

Suite *http_suite(void)
{
	Suite *s = suite_create("http");
	TCase *c = tcase_create("fields");

	tcase_add_checked_fixture(c, make_pool, free_pool);
	tcase_add_test(c, tokens_and_names);
	tcase_add_test(c, fields_list);
	tcase_add_test(c, field_names);
	tcase_add_test(c, field_values);
	tcase_add_test(c, statuses);
	suite_add_tcase(s, c);
	suite_add_tcase(s, head_case());

	c = tcase_create("date");
	tcase_add_test(c, date_formats);
	tcase_add_test(c, date_round_trip);
	tcase_add_test(c, date_nonsense);
	suite_add_tcase(s, c);

	c = tcase_create("path");
	tcase_add_checked_fixture(c, make_pool, free_pool);
	tcase_add_loop_test(c, path_table, 0, sizeof path_cases / sizeof *path_cases);
	tcase_add_test(c, path_nul_octet);
	tcase_add_test(c, path_query);
	tcase_add_test(c, path_exhaustive);
	tcase_add_test(c, path_extensions);
	suite_add_tcase(s, c);
	return s;
}
