/* SPDX-License-Identifier: MIT */
/*
 * The cache of open files without its handler: which entry is found, what leaves it and when, that
 * no descriptor stays behind; and the table of media types. A turn of the loop is a number that a
 * test counts up.
 */
#include "tests/unit/folder.h"
#include "tests/unit/run.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/files/filecache.h"
#include "server/files/mime.h"
#include "server/io/loop.h"

suite_maker filecache_suite;

enum { SMALL = 16384, LARGE = 100000, ENTRIES = 8 };

static struct loop loop;
static struct filecache *cache;
static char large[LARGE];
static int descriptors;

static void settle(void)
{
	folder_settle();
	loop.turn++;
}

static void use_cache(size_t entries, size_t small)
{
	filecache_free(cache);
	cache = filecache_new(&loop, entries, small);
}

static void make(void)
{
	folder_make();
	loop_init(&loop);
	use_cache(ENTRIES, SMALL);
	folder_fill(large, LARGE, 1);
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

static struct cached_file *get(const char *name)
{
	return filecache_get(cache, text_of(folder_path(name)));
}

START_TEST(same_entry_while_unchanged)
{
	struct cached_file *f, *g;

	folder_put_text("a.txt", "hello");
	folder_put("b", large, LARGE);
	settle();
	for (int i = 0; i < 2; i++) {
		f = get(i ? "b" : "a.txt");
		ck_assert_ptr_nonnull(f);
		ck_assert_str_eq(f->path.p, folder_path(i ? "b" : "a.txt"));
		filecache_put(cache, f);
		loop.turn++;
		g = get(i ? "b" : "a.txt");
		ck_assert_ptr_eq(f, g);
		filecache_put(cache, g);
	}
}
END_TEST

START_TEST(errors_are_named)
{
	static const struct {
		const char *name;
		int err;
	} rows[] = {{"none", ENOENT},  {"a.txt/b", ENOTDIR}, {"dir", EISDIR},	 {"dir/", EISDIR},
		    {"circle", ELOOP}, {"pipe", EINVAL},     {"a.txt/", ENOTDIR}};
	char path[2 * PATH_MAX];

	folder_put_text("a.txt", "hello");
	folder_mkdir("dir");
	ck_assert_int_eq(symlink("circle", folder_path("circle")), 0);
	ck_assert_int_eq(mkfifo(folder_path("pipe"), 0644), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		errno = 0;
		ck_assert_ptr_null(get(rows[i].name));
		ck_assert_int_eq(errno, rows[i].err);
	}
	memset(path, '/', sizeof path);
	ck_assert_ptr_null(filecache_get(cache, (struct text){path, PATH_MAX}));
	ck_assert_int_eq(errno, ENAMETOOLONG);
	ck_assert_ptr_null(filecache_get(cache, (struct text){path, PATH_MAX - 1}));
	ck_assert_int_eq(errno, EISDIR);
}
END_TEST

START_TEST(oldest_goes_first)
{
	struct cached_file *f, *kept[3];
	const char *const names[] = {"0", "1", "2"};

	use_cache(2, 0);
	for (int i = 0; i < 3; i++)
		folder_put(names[i], large, 100);
	for (int i = 0; i < 2; i++) {
		kept[i] = get(names[i]);
		filecache_put(cache, kept[i]);
	}
	ck_assert_int_eq(folder_descriptors(), descriptors + 2);
	loop.turn++;
	filecache_put(cache, get("0")); /* now 1 is the oldest */
	kept[2] = get("2");
	filecache_put(cache, kept[2]);
	ck_assert_int_eq(folder_descriptors(), descriptors + 2);
	f = get("0");
	ck_assert_ptr_eq(f, kept[0]);
	filecache_put(cache, f);
	f = get("2");
	ck_assert_ptr_eq(f, kept[2]);
	filecache_put(cache, f);
}
END_TEST

START_TEST(cache_without_room)
{
	struct cached_file *f, *g;

	use_cache(0, SMALL);
	folder_put("b", large, LARGE);
	f = get("b");
	g = get("b");
	ck_assert_ptr_ne(f, g);
	filecache_put(cache, f);
	filecache_put(cache, g);
	ck_assert_int_eq(folder_descriptors(), descriptors);
}
END_TEST

START_TEST(many_files)
{
	char name[16], text[16];

	use_cache(50, SMALL);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "f%d", i);
		folder_put_text(name, name);
	}
	settle();
	for (int i = 0; i < 1000; i++) {
		struct cached_file *f;

		snprintf(name, sizeof name, "f%d", i * 37 % 100);
		f = get(name);
		ck_assert_ptr_nonnull(f);
		snprintf(text, sizeof text, "%.*s", (int)f->size, f->memory);
		ck_assert_str_eq(text, name);
		filecache_put(cache, f);
		loop.turn += i % 3 == 0;
	}
}
END_TEST

START_TEST(sweep_drops_what_is_not_used)
{
	struct cached_file *f;

	folder_put("a", large, LARGE);
	folder_put("b", large, LARGE);
	f = get("a");
	filecache_put(cache, get("b"));
	filecache_sweep(cache); /* both are of this turn or later than the last sweep */
	loop.turn++;
	filecache_sweep(cache);
	/* b is gone, a only forgotten */
	ck_assert_int_eq(folder_descriptors(), descriptors + 1);
	filecache_put(cache, f);
	ck_assert_int_eq(folder_descriptors(), descriptors);
	filecache_put(cache, get("a"));
	loop.turn++;
	filecache_sweep(cache);
	filecache_put(cache, get("a"));
	loop.turn++;
	filecache_put(cache, get("a"));
	filecache_sweep(cache);
	ck_assert_int_eq(folder_descriptors(), descriptors + 1);
}
END_TEST

/* ---- media types ---- */

static void ck_type(const char *path, const char *want)
{
	struct text type = mime_find(text_of(path));

	ck_assert_uint_eq(type.n, strlen(want));
	ck_assert_mem_eq(type.p, want, type.n);
}

START_TEST(types)
{
	ck_type("/a/b.html", "text/html; charset=utf-8");
	ck_type("/a/B.HtMl", "text/html; charset=utf-8");
	ck_type("x.css", "text/css; charset=utf-8");
	ck_type("x.min.js", "text/javascript; charset=utf-8");
	ck_type("x.json", "application/json");
	ck_type("x.svg", "image/svg+xml");
	ck_type("x.woff2", "font/woff2");
	ck_type("x.wasm", "application/wasm");
	ck_type("x.tar.gz", "application/gzip");
	ck_type("x.webmanifest", "application/manifest+json");
	ck_type("x.webmanifests", "application/octet-stream");
	ck_type("x.html5", "application/octet-stream");
	ck_type("x.", "application/octet-stream");
	ck_type("x", "application/octet-stream");
	ck_type("a.html/x", "application/octet-stream");
	ck_type("", "application/octet-stream");
}
END_TEST

/* The table is searched by halving: an entry out of order would not be found. */
START_TEST(every_extension_is_found)
{
	struct text rest = TEXT(
	    "7z aac apk apng atom avi avif bmp br bz2 c conf css csv deb doc docx eot epub flac "
	    "geojson gif gz h heic htm html ico ics ini jar jpeg jpg js json jsonld jxl log m3u8 "
	    "m4a m4s m4v map md mid mjs mkv mov mp3 mp4 mpd mpeg mpg odp ods odt oga ogg ogv opus "
	    "otf patch pdf pem png ppt pptx ps rar rss rtf svg tar tgz tif tiff toml ts ttf txt "
	    "vcf vtt wasm wav weba webm webmanifest webp woff woff2 xhtml xls xlsx xml xsl xz yaml "
	    "yml zip zst");
	unsigned n = 0;

	while (rest.p) {
		char name[32];
		struct text one = text_cut(&rest, ' '), type;

		snprintf(name, sizeof name, "x.%.*s", (int)one.n, one.p);
		type = mime_find(text_of(name));
		ck_assert_msg(!text_is(type, "application/octet-stream"), "%s", name);
		n++;
	}
	ck_assert_uint_eq(n, 100);
}
END_TEST

static TCase *cache_case(void)
{
	TCase *c = tcase_create("cache");

	tcase_add_checked_fixture(c, make, clear);
	tcase_add_test(c, same_entry_while_unchanged);
	tcase_add_test(c, errors_are_named);
	tcase_add_test(c, oldest_goes_first);
	tcase_add_test(c, cache_without_room);
	tcase_add_test(c, many_files);
	tcase_add_test(c, sweep_drops_what_is_not_used);
	return c;
}

Suite *filecache_suite(void)
{
	Suite *s = suite_create("filecache");
	TCase *c = tcase_create("types");

	tcase_add_test(c, types);
	tcase_add_test(c, every_extension_is_found);
	suite_add_tcase(s, c);
	suite_add_tcase(s, cache_case());
	return s;
}
