/* SPDX-License-Identifier: MIT */
/*
 * Files of a folder made for each test, served to a fake transport (fetch.h). A turn of the loop is
 * a number that a test counts up.
 */
#include "tests/unit/fetch.h"
#include "tests/unit/folder.h"
#include "tests/unit/run.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/files/filecache.h"
#include "server/files/static.h"
#include "server/io/loop.h"

suite_maker files_suite;

enum { SMALL = 16384, LARGE = FETCH_MOST, PIPE = FETCH_PIPE, ENTRIES = 8 };
#define DATED " last-modified=" FOLDER_DATE_TEXT
#define PLAIN " content-type=text/plain; charset=utf-8" DATED

static struct loop loop;
static struct filecache *cache;
static const struct text index_names[] = {{"index.html", 10}, {"index.txt", 9}};
static struct static_target target = {.index = index_names, .index_count = 2};
static char large[LARGE], other[LARGE];
static int descriptors;

/* ---- fixture ---- */

static void settle(void)
{
	folder_settle();
	loop.turn++;
}

static void use_cache(size_t entries, size_t small)
{
	filecache_free(cache);
	cache = filecache_new(&loop, entries, small);
	target.cache = cache;
}

static void make(void)
{
	target.root = folder_make();
	loop_init(&loop);
	fetch.loop = &loop;
	fetch.handler = &static_handler;
	fetch.target = &target;
	use_cache(ENTRIES, SMALL);
	folder_fill(large, LARGE, 1);
	folder_fill(other, LARGE, 2);
	log_set_level(LEVEL_ERROR);
	descriptors = folder_descriptors();
}

static void clear(void)
{
	filecache_free(cache);
	cache = NULL;
	ck_assert_int_eq(folder_descriptors(), descriptors);
	loop_clear(&loop);
	folder_clear();
}

/* ---- whole responses ---- */

START_TEST(small_file)
{
	folder_put_text("a.txt", "hello");
	ck_get("/a.txt", "200 length=5" PLAIN "; fin");
	ck_body("hello", 5);
	ck_get("/%61.txt?x=1", "200 length=5" PLAIN "; fin");
}
END_TEST

START_TEST(empty_file)
{
	folder_put_text("a.txt", "");
	ck_get("/a.txt", "200 length=0" PLAIN " last; fin");
}
END_TEST

START_TEST(large_file)
{
	static const size_t steps[] = {1000, 16375, 16384, PIPE};
	struct exchange *x;

	folder_put("a", large, LARGE);
	x = ask("GET", "/a");
	ck_assert_uint_eq(x->out.len, PIPE);
	drain_all(x, steps[_i]);
	end(x);
	ck_trace("200 length=1048576 content-type=application/octet-stream" DATED "; fin");
	ck_body(large, LARGE);
}
END_TEST

START_TEST(memory_larger_than_the_pipe)
{
	struct exchange *x;

	use_cache(ENTRIES, LARGE);
	folder_put("a", large, LARGE);
	x = ask("GET", "/a");
	ck_assert_uint_eq(x->out.len, PIPE);
	drain_all(x, 10000);
	end(x);
	ck_body(large, LARGE);
}
END_TEST

START_TEST(sizes_around_the_limits)
{
	static const size_t sizes[] = {1,    SMALL - 1, SMALL,	  SMALL + 1,   PIPE - 1,
				       PIPE, PIPE + 1,	2 * PIPE, 2 * PIPE - 1};
	char want[128];

	folder_put("a.txt", large, sizes[_i]);
	snprintf(want, sizeof want, "200 length=%zu" PLAIN "; fin", sizes[_i]);
	ck_get("/a.txt", want);
	ck_body(large, sizes[_i]);
}
END_TEST

START_TEST(head_has_no_body)
{
	struct exchange *x;

	folder_put_text("a.txt", "hello");
	folder_put("b", large, LARGE);
	x = ask("HEAD", "/a.txt");
	ck_assert(x->detached);
	ck_assert_uint_eq(x->out.len, 0);
	end(x);
	ck_trace("200 length=5" PLAIN " last; fin");
	x = ask("HEAD", "/b");
	end(x);
	ck_trace("200 length=1048576 content-type=application/octet-stream" DATED " last; fin");
}
END_TEST

START_TEST(other_methods)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "get"};
	struct exchange *x;

	folder_put_text("a.txt", "hello");
	x = ask(methods[_i], "/a.txt");
	end(x);
	ck_trace("405 length=0 allow=GET, HEAD last; fin");
}
END_TEST

static struct exchange *ask_since(const char *method, const char *date, const char *etag)
{
	struct http_field v[2] = {
	    {.token = HTTP_IF_MODIFIED_SINCE, .value = text_of(date)},
	    {.token = HTTP_IF_NONE_MATCH, .value = text_of(etag)},
	};

	return ask_with(method, "/a.txt", &(struct http_fields){.v = v, .n = etag ? 2 : 1});
}

/* RFC 9110 section 13.1.3 */
START_TEST(if_modified_since)
{
	static const char *const same[] = {FOLDER_DATE_TEXT, "Sun, 06 Nov 1994 08:49:38 GMT",
					   "Sunday, 06-Nov-94 08:49:37 GMT",
					   "Sun Nov  6 08:49:37 1994"};
	static const char *const changed[] = {"Sun, 06 Nov 1994 08:49:36 GMT", "", "yesterday",
					      "Sun, 06 Nov 1994 08:49:37 CET"};
	struct exchange *x;

	folder_put_text("a.txt", "hello");
	x = ask_since("GET", same[_i], NULL);
	end(x);
	ck_trace("304" DATED " last; fin");
	x = ask_since("HEAD", same[_i], NULL);
	end(x);
	ck_trace("304" DATED " last; fin");
	x = ask_since("GET", changed[_i], NULL);
	drain_all(x, PIPE);
	end(x);
	ck_trace("200 length=5" PLAIN "; fin");
	x = ask_since("GET", same[_i], "\"x\"");
	drain_all(x, PIPE);
	end(x);
	ck_trace("200 length=5" PLAIN "; fin");
}
END_TEST

/* RFC 9110 section 8.8.2.1: no date that is still to come. */
START_TEST(file_of_the_future)
{
	struct exchange *x;
	const char *date;
	char since[64];

	folder_put_text("a.txt", "hello");
	folder_set_date("a.txt", time(NULL) + 86400);
	x = ask("GET", "/a.txt");
	end(x);
	date = strstr(fetch.trace, "last-modified=");
	ck_assert_ptr_nonnull(date);
	snprintf(since, sizeof since, "%.29s", date + strlen("last-modified="));
	ck_assert_int_eq(strncmp(since, loop.date_text, 16), 0);
	x = ask_since("GET", since, NULL);
	end(x);
	ck_assert_int_eq(strncmp(fetch.trace, "200 ", 4), 0);
}
END_TEST

/* ---- folders ---- */

START_TEST(index_of_a_folder)
{
	folder_mkdir("dir");
	folder_put_text("index.html", "top");
	folder_put_text("dir/index.txt", "inner");
	ck_get("/", "200 length=3 content-type=text/html; charset=utf-8" DATED "; fin");
	ck_body("top", 3);
	ck_get("/dir/?a", "200 length=5" PLAIN "; fin");
	ck_body("inner", 5);
	folder_put_text("dir/index.html", "first");
	ck_get("/dir/", "200 length=5 content-type=text/html; charset=utf-8" DATED "; fin");
	ck_body("first", 5);
}
END_TEST

START_TEST(folder_without_index)
{
	folder_mkdir("dir");
	ck_get("/dir/", "refused 404");
	ck_get("/none/", "refused 404");
	folder_mkdir("dir/index.html");
	ck_get("/dir/", "refused 404");
	folder_put_text("dir/index.txt", "next");
	ck_get("/dir/", "200 length=4" PLAIN "; fin");
	target.index_count = 0;
	ck_get("/dir/", "refused 404");
	target.index_count = 2;
}
END_TEST

START_TEST(folder_without_slash)
{
	folder_mkdir("dir");
	ck_get("/dir", "301 length=0 location=/dir/ last; fin");
	ck_get("/dir?a=b/c?d&%20", "301 length=0 location=/dir/?a=b/c?d&%20 last; fin");
	ck_get("/dir?", "301 length=0 location=/dir/? last; fin");
	ck_get("/x/../dir?\xc3\xa4\"<", "301 length=0 location=/dir/?%C3%A4%22%3C last; fin");
}
END_TEST

START_TEST(redirect_is_safe)
{
	folder_mkdir("evil.example");
	folder_mkdir("\\evil.example");
	folder_mkdir("a b%?#\xc3\xa4:");
	ck_get("//evil.example", "301 length=0 location=/evil.example/ last; fin");
	ck_get("/.//evil.example", "301 length=0 location=/evil.example/ last; fin");
	ck_get("/x/..//evil.example", "301 length=0 location=/evil.example/ last; fin");
	ck_get("/%5Cevil.example", "301 length=0 location=/%5Cevil.example/ last; fin");
	ck_get("/\\evil.example", "301 length=0 location=/%5Cevil.example/ last; fin");
	ck_get("/a%20b%25%3f%23%c3%a4:", "301 length=0 location=/a%20b%25%3F%23%C3%A4:/ last; fin");
}
END_TEST

/* ---- refusals ---- */

START_TEST(missing_file)
{
	char path[PATH_MAX + 100] = "/";

	folder_put_text("a.txt", "hello");
	ck_get("/none", "refused 404");
	ck_get("/a.txt/", "refused 404");
	ck_get("/a.txt/b", "refused 404");
	memset(path + 1, 'x', 300);
	ck_get(path, "refused 404");
	for (size_t i = 1; i < sizeof path - 1; i++)
		path[i] = i % 2 ? 'x' : '/';
	ck_get(path, "refused 404");
	path[sizeof path - 2] = '/';
	ck_get(path, "refused 404");
}
END_TEST

/* Paths just below and above PATH_MAX, with root and index. */
START_TEST(path_near_its_limit)
{
	char path[PATH_MAX + 2] = "/";
	size_t n = PATH_MAX - strlen(target.root) - 15;

	for (size_t i = 1; i < n; i++)
		path[i] = i % 2 ? 'x' : '/';
	for (; n < PATH_MAX - strlen(target.root) + 5; n++) {
		path[n] = 'y';
		ck_get(path, "refused 404");
		path[n] = '/';
		ck_get(path, "refused 404");
		path[n] = 'y';
	}
}
END_TEST

START_TEST(unreadable_file)
{
	bool root_user = geteuid() == 0;

	folder_put_text("a.txt", "hello");
	folder_mkdir("dir");
	folder_put_text("dir/index.html", "hello");
	folder_put_text("later.txt", "hello");
	settle();
	ck_get("/later.txt", "200 length=5" PLAIN "; fin");
	ck_assert_int_eq(chmod(folder_path("a.txt"), 0), 0);
	ck_assert_int_eq(chmod(folder_path("dir"), 0), 0);
	ck_assert_int_eq(chmod(folder_path("later.txt"), 0), 0);
	/* Root may read everything: be somebody else. */
	if (root_user && seteuid(65534))
		return;
	loop.turn++;
	ck_get("/a.txt", "refused 403");
	ck_get("/dir/", "refused 403");
	ck_get("/dir/index.html", "refused 403");
	/* That it lies in memory does not make it readable. */
	ck_get("/later.txt", "refused 403");
	if (root_user)
		ck_assert_int_eq(seteuid(0), 0);
	chmod(folder_path("dir"), 0755);
}
END_TEST

START_TEST(unreadable_file_is_named_in_the_log)
{
	char name[96], line[1024] = "";
	FILE *f;

	snprintf(name, sizeof name, "%s/log", target.root);
	ck_assert_int_eq(log_open(name), 0);
	log_set_level(LEVEL_WARN);
	ck_assert_int_eq(mkfifo(folder_path("pipe\xff"), 0644), 0);
	ck_get("/pipe%ff", "refused 403");
	log_open("stderr");
	f = fopen(name, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	fclose(f);
	ck_assert_ptr_nonnull(strstr(line, " warn "));
	ck_assert_ptr_nonnull(strstr(line, target.root));
	ck_assert_ptr_nonnull(strstr(line, "/pipe\\xff: refused"));
}
END_TEST

START_TEST(dot_files)
{
	folder_put_text(".htaccess", "secret");
	folder_mkdir(".git");
	folder_put_text(".git/config", "secret");
	folder_mkdir("dir");
	folder_put_text("dir/.env", "secret");
	folder_put_text("a.b", "fine");
	folder_mkdir(".well-known");
	folder_put_text(".well-known/x.txt", "known");
	folder_put_text(".well-known/.y", "secret");
	folder_mkdir("dir/.well-known");
	folder_put_text("dir/.well-known/x.txt", "secret");
	ck_get("/.htaccess", "refused 404");
	ck_get("/.git/config", "refused 404");
	ck_get("/.git", "refused 404");
	ck_get("/dir/%2eenv", "refused 404");
	ck_get("/.well-known/.y", "refused 404");
	ck_get("/.well-known", "refused 404");
	ck_get("/dir/.well-known/x.txt", "refused 404");
	ck_get("/.well-known/x.txt", "200 length=5" PLAIN "; fin");
	ck_get("/a.b", "200 length=4 content-type=application/octet-stream" DATED "; fin");
}
END_TEST

START_TEST(neither_file_nor_folder)
{
	int fd;

	ck_assert_int_eq(mkfifo(folder_path("pipe"), 0644), 0);
	ck_get("/pipe", "refused 403");
	ck_assert_int_eq(symlink("/dev/null", folder_path("null")), 0);
	ck_get("/null", "refused 403");
	/* With a writer at its other end, too. */
	fd = open(folder_path("pipe"), O_RDWR | O_NONBLOCK);
	ck_get("/pipe", "refused 403");
	close(fd);
}
END_TEST

START_TEST(symbolic_links)
{
	folder_put_text("a.txt", "hello");
	folder_mkdir("dir");
	folder_put_text("dir/index.txt", "index");
	ck_assert_int_eq(symlink("a.txt", folder_path("b.html")), 0);
	ck_assert_int_eq(symlink("dir", folder_path("alias")), 0);
	ck_assert_int_eq(symlink("none", folder_path("dangling")), 0);
	ck_assert_int_eq(symlink("circle", folder_path("circle")), 0);
	ck_get("/b.html", "200 length=5 content-type=text/html; charset=utf-8" DATED "; fin");
	ck_get("/alias/", "200 length=5" PLAIN "; fin");
	ck_get("/alias", "301 length=0 location=/alias/ last; fin");
	ck_get("/dangling", "refused 404");
	ck_get("/circle", "refused 403");
}
END_TEST

START_TEST(no_descriptor_left)
{
	struct rlimit old, none;

	folder_put_text("a.txt", "hello");
	folder_put_text("b.txt", "hello");
	ck_get("/a.txt", "200 length=5" PLAIN "; fin");
	ck_assert_int_eq(log_open("/dev/null"), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_get("/b.txt", "refused 503");
	ck_get("/a.txt", "200 length=5" PLAIN "; fin");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	log_open("stderr");
	ck_get("/b.txt", "200 length=5" PLAIN "; fin");
}
END_TEST

/* ---- change ---- */

START_TEST(replaced_between_turns)
{
	folder_put_text("a.txt", "hello");
	ck_get("/a.txt", "200 length=5" PLAIN "; fin");
	folder_replace("a.txt", "good night", 10);
	/* One look a turn. */
	ck_get("/a.txt", "200 length=5" PLAIN "; fin");
	loop.turn++;
	ck_get("/a.txt", "200 length=10" PLAIN "; fin");
	ck_body("good night", 10);
	ck_assert_int_eq(unlink(folder_path("a.txt")), 0);
	loop.turn++;
	ck_get("/a.txt", "refused 404");
	folder_mkdir("a.txt");
	ck_get("/a.txt", "301 length=0 location=/a.txt/ last; fin");
	ck_assert_int_eq(rmdir(folder_path("a.txt")), 0);
	folder_put("a.txt", large, LARGE);
	ck_get("/a.txt", "200 length=1048576" PLAIN "; fin");
	ck_body(large, LARGE);
}
END_TEST

/* Same size, same date, within one tick of the clock of the file system. */
START_TEST(rewritten_at_once)
{
	char text[8];

	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof text, "%05d", i);
		folder_put_text("a.txt", text);
		loop.turn++;
		ck_get("/a.txt", "200 length=5" PLAIN "; fin");
		ck_body(text, 5);
	}
}
END_TEST

START_TEST(date_set_by_hand)
{
	folder_put_text("a.txt", "hello");
	settle();
	ck_get("/a.txt", "200 length=5" PLAIN "; fin");
	folder_set_date("a.txt", FOLDER_DATE + 1);
	loop.turn++;
	ck_get("/a.txt", "200 length=5 content-type=text/plain; charset=utf-8 "
			 "last-modified=Sun, 06 Nov 1994 08:49:38 GMT; fin");
	folder_set_date("a.txt", 0);
	loop.turn++;
	ck_get("/a.txt", "200 length=5 content-type=text/plain; charset=utf-8 "
			 "last-modified=Thu, 01 Jan 1970 00:00:00 GMT; fin");
}
END_TEST

START_TEST(replaced_during_a_transfer)
{
	struct exchange *x, *y;
	size_t have;

	folder_put("a", large, LARGE);
	x = ask("GET", "/a");
	drain(x, 100000);
	have = fetch.body_n;
	ck_body(large, have);
	folder_replace("a", other, LARGE);
	loop.turn++;
	/* A second one gets the new file in the midst of the first. */
	y = ask("GET", "/a");
	drain_all(y, PIPE);
	end(y);
	ck_body(other, LARGE);
	memcpy(fetch.body, large, have);
	fetch.body_n = have;
	drain_all(x, 5000);
	end(x);
	ck_body(large, LARGE);
}
END_TEST

START_TEST(removed_during_a_transfer)
{
	struct exchange *x;

	folder_put("a", large, LARGE);
	x = ask("GET", "/a");
	ck_assert_int_eq(unlink(folder_path("a")), 0);
	loop.turn++;
	drain_all(x, PIPE);
	end(x);
	ck_body(large, LARGE);
}
END_TEST

START_TEST(truncated_during_a_transfer)
{
	struct exchange *x;

	folder_put("a", large, LARGE);
	x = ask("GET", "/a");
	drain(x, 1000);
	ck_assert_int_eq(truncate(folder_path("a"), 200000), 0);
	fetch.trace[0] = '\0';
	drain_all(x, PIPE);
	ck_trace(" reset 4");
	ck_assert(x->tally.reset);
	ck_assert_uint_le(fetch.body_n, 200000);
	ck_assert_mem_eq(fetch.body, large, fetch.body_n);
	end(x);
	folder_set_date("a", FOLDER_DATE);
	loop.turn++;
	ck_get("/a", "200 length=200000 content-type=application/octet-stream" DATED "; fin");
}
END_TEST

START_TEST(truncated_before_the_first_octet)
{
	struct exchange *x;

	folder_put("a", large, LARGE);
	x = ask("HEAD", "/a");
	end(x);
	ck_assert_int_eq(truncate(folder_path("a"), 0), 0);
	x = ask("GET", "/a"); /* same turn: not looked at again */
	ck_assert(x->detached);
	end(x);
	ck_trace("200 length=1048576 content-type=application/octet-stream" DATED "; reset 4");
}
END_TEST

START_TEST(grown_during_a_transfer)
{
	struct exchange *x;
	int fd;

	folder_put("a", large, LARGE);
	x = ask("GET", "/a");
	fd = open(folder_path("a"), O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "more", 4), 4);
	close(fd);
	drain_all(x, PIPE);
	end(x);
	ck_body(large, LARGE);
}
END_TEST

START_TEST(client_gone_during_a_transfer)
{
	struct exchange *x;

	folder_put("a", large, LARGE);
	x = ask("GET", "/a");
	drain(x, 1000);
	end(x); /* clear() counts the descriptors */
	use_cache(0, 0);
	ck_assert_int_eq(folder_descriptors(), descriptors);
}
END_TEST

START_TEST(evicted_while_it_is_sent)
{
	static const char *const names[] = {"/b", "/c", "/d"};
	struct exchange *x;

	use_cache(2, SMALL);
	folder_put("a", large, LARGE);
	x = ask("GET", "/a");
	for (int i = 0; i < 3; i++) {
		struct exchange *y;

		folder_put(names[i] + 1, other, LARGE);
		y = ask("GET", names[i]);
		end(y);
	}
	fetch.body_n = 0;
	drain_all(x, 30000);
	end(x);
	ck_body(large, LARGE);
	ck_assert_int_eq(folder_descriptors(), descriptors + 2);
}
END_TEST

static TCase *static_case(void)
{
	TCase *c = tcase_create("static");

	tcase_add_checked_fixture(c, make, clear);
	tcase_add_test(c, small_file);
	tcase_add_test(c, empty_file);
	tcase_add_loop_test(c, large_file, 0, 4);
	tcase_add_test(c, memory_larger_than_the_pipe);
	tcase_add_loop_test(c, sizes_around_the_limits, 0, 9);
	tcase_add_test(c, head_has_no_body);
	tcase_add_loop_test(c, other_methods, 0, 5);
	tcase_add_loop_test(c, if_modified_since, 0, 4);
	tcase_add_test(c, file_of_the_future);
	tcase_add_test(c, index_of_a_folder);
	tcase_add_test(c, folder_without_index);
	tcase_add_test(c, folder_without_slash);
	tcase_add_test(c, redirect_is_safe);
	tcase_add_test(c, missing_file);
	tcase_add_test(c, path_near_its_limit);
	tcase_add_test(c, unreadable_file);
	tcase_add_test(c, unreadable_file_is_named_in_the_log);
	tcase_add_test(c, dot_files);
	tcase_add_test(c, neither_file_nor_folder);
	tcase_add_test(c, symbolic_links);
	tcase_add_test(c, no_descriptor_left);
	return c;
}

static TCase *change_case(void)
{
	TCase *c = tcase_create("change");

	tcase_add_checked_fixture(c, make, clear);
	tcase_add_test(c, replaced_between_turns);
	tcase_add_test(c, rewritten_at_once);
	tcase_add_test(c, date_set_by_hand);
	tcase_add_test(c, replaced_during_a_transfer);
	tcase_add_test(c, removed_during_a_transfer);
	tcase_add_test(c, truncated_during_a_transfer);
	tcase_add_test(c, truncated_before_the_first_octet);
	tcase_add_test(c, grown_during_a_transfer);
	tcase_add_test(c, client_gone_during_a_transfer);
	tcase_add_test(c, evicted_while_it_is_sent);
	return c;
}

Suite *files_suite(void)
{
	Suite *s = suite_create("files");

	suite_add_tcase(s, static_case());
	suite_add_tcase(s, change_case());
	return s;
}
