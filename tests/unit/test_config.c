/* SPDX-License-Identifier: MIT */
/*
 * The configuration: values and defaults, files and includes, the sample and the examples of the
 * manual. Errors have a file of their own, test_config_errors.c.
 */
#include "tests/unit/run.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/app/config.h"
#include "server/app/config_keys.h"
#include "server/app/ini.h"

suite_maker config_suite;
void add_config_errors(Suite *);

#define BASE "[listen l]\naddress = *:80\n[site s]\nroot = /r\n"

/* Reads a text that must be valid. */
static struct config *read_good(const char *text)
{
	struct config *c = config_read_text("/etc/x.ini", text, strlen(text), stderr);

	ck_assert_ptr_nonnull(c);
	return c;
}

static void expect_words(const struct conf_words *words, const char *expected)
{
	char buf[512] = "";

	for (size_t i = 0; i < words->n; i++) {
		strcat(buf, i ? " " : "");
		strcat(buf, words->v[i]);
	}
	ck_assert_str_eq(buf, expected);
}

static void expect_vars(const struct conf_vars *vars, const char *expected)
{
	char buf[512];
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < vars->n; i++)
		n += (size_t)snprintf(buf + n, sizeof buf - n, "%s=%s;", vars->v[i].name.p,
				      vars->v[i].value.p);
	ck_assert_str_eq(buf, expected);
}

/* ---- values ---- */

START_TEST(server_defaults)
{
	struct config *c = read_good(BASE);
	const struct conf_server *s = &c->server;
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	ck_assert_uint_eq(s->workers, (unsigned)(online < 1 ? 1 : online > 1024 ? 1024 : online));
	ck_assert_ptr_null(s->user);
	ck_assert_ptr_null(s->group);
	ck_assert_str_eq(s->error_log, "stderr");
	ck_assert_int_eq(s->log_level, LEVEL_INFO);
	ck_assert_ptr_null(s->pid_file);
	ck_assert_uint_eq(s->max_connections, 10000);
	ck_assert_uint_eq(s->max_streams, 128);
	ck_assert_uint_eq(s->stream_window, 256 << 10);
	ck_assert_uint_eq(s->connection_window, 1 << 20);
	ck_assert_uint_eq(s->max_header_list, 64 << 10);
	ck_assert_uint_eq(s->header_table, 4 << 10);
	ck_assert_uint_eq(s->response_buffer, 256 << 10);
	ck_assert_double_eq(s->preface_timeout, 10);
	ck_assert_double_eq(s->handshake_timeout, 10);
	ck_assert_double_eq(s->settings_timeout, 10);
	ck_assert_double_eq(s->header_timeout, 10);
	ck_assert_double_eq(s->body_timeout, 30);
	ck_assert_double_eq(s->idle_timeout, 180);
	ck_assert_double_eq(s->write_timeout, 30);
	ck_assert_double_eq(s->shutdown_timeout, 30);
	config_free(c);
}
END_TEST

START_TEST(server_values)
{
	struct config *c =
	    read_good(BASE "[server]\nworkers=3\nuser=u\ngroup = g\nerror_log=e.log\n"
			   "log_level = debug\npid_file = ../p\nmax_connections = 1\n"
			   "max_streams = 10000\nstream_window = 65535\n"
			   "connection_window = 2m\nmax_header_list = 1M\n"
			   "header_table = 0\nresponse_buffer = 64 M\n"
			   "preface_timeout = 10ms\nhandshake_timeout = 1500ms\n"
			   "settings_timeout = 7\nheader_timeout = 2m\n"
			   "body_timeout = 1h\nidle_timeout = 24H\n"
			   "write_timeout = 5 s\nshutdown_timeout = 0\n");
	const struct conf_server *s = &c->server;

	ck_assert_uint_eq(s->workers, 3);
	ck_assert_str_eq(s->user, "u");
	ck_assert_str_eq(s->group, "g");
	ck_assert_str_eq(s->error_log, "/etc/e.log");
	ck_assert_int_eq(s->log_level, LEVEL_DEBUG);
	ck_assert_str_eq(s->pid_file, "/etc/../p");
	ck_assert_uint_eq(s->max_connections, 1);
	ck_assert_uint_eq(s->max_streams, 10000);
	ck_assert_uint_eq(s->stream_window, 65535);
	ck_assert_uint_eq(s->connection_window, 2 << 20);
	ck_assert_uint_eq(s->max_header_list, 1 << 20);
	ck_assert_uint_eq(s->header_table, 0);
	ck_assert_uint_eq(s->response_buffer, 64 << 20);
	ck_assert_double_eq(s->preface_timeout, 0.01);
	ck_assert_double_eq(s->handshake_timeout, 1.5);
	ck_assert_double_eq(s->settings_timeout, 7);
	ck_assert_double_eq(s->header_timeout, 120);
	ck_assert_double_eq(s->body_timeout, 3600);
	ck_assert_double_eq(s->idle_timeout, 86400);
	ck_assert_double_eq(s->write_timeout, 5);
	ck_assert_double_eq(s->shutdown_timeout, 0);
	config_free(c);
}
END_TEST

START_TEST(listen_values)
{
	struct config *c = read_good(
	    "[site s]\nroot=/\n[listen a]\naddress = 1.2.3.4:1 [::1]:65535 "
	    "*:80\tlocalhost:8080\n[listen b]\naddress = 127.0.0.1:443\ntls = yes\n"
	    "certificate = a/./b//c.pem\n[listen c]\naddress=[2001:db8::1]:443\ntls=TRUE\n"
	    "certificate = /c.pem\nprivate_key = k.pem\n");
	const struct conf_listen *l = c->listens;

	ck_assert_str_eq(l->name, "a");
	ck_assert_str_eq(l->file, "/etc/x.ini");
	ck_assert_uint_eq(l->line, 3);
	expect_words(&l->address, "1.2.3.4:1 [::1]:65535 *:80 localhost:8080");
	ck_assert(!l->tls);
	ck_assert_ptr_null(l->certificate);
	ck_assert_ptr_null(l->private_key);
	l = l->next;
	ck_assert(l->tls);
	ck_assert_str_eq(l->certificate, "/etc/a/b/c.pem");
	ck_assert_str_eq(l->private_key, "/etc/a/b/c.pem");
	l = l->next;
	ck_assert_str_eq(l->certificate, "/c.pem");
	ck_assert_str_eq(l->private_key, "/etc/k.pem");
	ck_assert_ptr_null(l->next);
	config_free(c);
}
END_TEST

START_TEST(fastcgi_values)
{
	struct config *c = read_good(
	    BASE "[fastcgi a]\nconnect = unix:run/a.sock\nmax_connections = 2\n[fastcgi b]\n"
		 "command = bin/b -x  --y=z\nprocesses = 5\nkeep = 0\nmax_connections = 7\n"
		 "queue = 0\nqueue_timeout = 0\nconnect_timeout = 1s\nkeep_timeout = 90s\n"
		 "[fastcgi c]\nconnect = [::1]:9000\n");
	const struct conf_fastcgi *f = c->fastcgis;

	ck_assert_uint_eq(c->fastcgi_count, 3);
	ck_assert_str_eq(f->connect, "unix:/etc/run/a.sock");
	ck_assert_uint_eq(f->command.n, 0);
	ck_assert_uint_eq(f->processes, 1);
	ck_assert_uint_eq(f->max_connections, 2);
	ck_assert_uint_eq(f->keep, 2); /* the default 4 gives way */
	ck_assert_uint_eq(f->queue, 1024);
	ck_assert_double_eq(f->queue_timeout, 10);
	ck_assert_double_eq(f->connect_timeout, 5);
	ck_assert_double_eq(f->keep_timeout, 0.2);
	f = f->next;
	ck_assert_uint_eq(f->index, 1);
	ck_assert_ptr_null(f->connect);
	expect_words(&f->command, "/etc/bin/b -x --y=z");
	ck_assert_uint_eq(f->processes, 5);
	ck_assert_uint_eq(f->keep, 0);
	ck_assert_uint_eq(f->max_connections, 7);
	ck_assert_uint_eq(f->queue, 0);
	ck_assert_double_eq(f->queue_timeout, 0);
	ck_assert_double_eq(f->connect_timeout, 1);
	ck_assert_double_eq(f->keep_timeout, 90);
	f = f->next;
	ck_assert_uint_eq(f->keep, 4);
	ck_assert_uint_eq(f->max_connections, 64);
	ck_assert_str_eq(f->connect, "[::1]:9000");
	config_free(c);
}
END_TEST

START_TEST(site_values)
{
	struct config *c = read_good(
	    "[listen l]\naddress=*:1\n[site a.b-c_d]\nroot = .\naccess_log = stdout\n[site b]\n"
	    "hosts = Example.ORG *.example.net [::1]\nroot = /w/\nindex = a.html b.php\n"
	    "try = $path $path/ /index.php\naccess_log = a.log\n[site c]\nhosts = c\nroot = /\n"
	    "access_log = off\n");
	const struct conf_site *s = c->sites;

	ck_assert_str_eq(s->name, "a.b-c_d");
	expect_words(&s->hosts, "*");
	expect_words(&s->index, "index.html");
	ck_assert_uint_eq(s->try_list.n, 0);
	ck_assert_str_eq(s->root, "/etc");
	ck_assert_str_eq(s->access_log, "stdout");
	s = s->next;
	expect_words(&s->hosts, "example.org *.example.net [::1]");
	expect_words(&s->index, "a.html b.php");
	expect_words(&s->try_list, "$path $path/ /index.php");
	ck_assert_str_eq(s->root, "/w");
	ck_assert_str_eq(s->access_log, "/etc/a.log");
	s = s->next;
	ck_assert_str_eq(s->root, "/");
	ck_assert_ptr_null(s->access_log);
	ck_assert_uint_eq(s->line, 12);
	config_free(c);
}
END_TEST

START_TEST(route_defaults)
{
	struct config *c = read_good(BASE "[route r]\nmatch = *.pl\nhandler = cgi\n");
	const struct conf_route *r = c->sites->routes;

	ck_assert_uint_eq(c->route_count, 1);
	ck_assert_str_eq(r->match, "*.pl");
	ck_assert_int_eq(r->kind, CONF_MATCH_EXTENSION);
	ck_assert_int_eq(r->handler, CONF_CGI);
	ck_assert_ptr_null(r->backend);
	ck_assert_ptr_null(r->fastcgi);
	ck_assert_ptr_null(r->root);
	ck_assert_str_eq(conf_route_root(r), "/r");
	ck_assert_int_eq(r->request_body, CONF_BODY_AUTO);
	ck_assert_uint_eq(r->max_body, 64 << 20);
	ck_assert_double_eq(r->timeout, 60);
	ck_assert_double_eq(r->kill_grace, 10);
	ck_assert_double_eq(r->linger, 2);
	ck_assert(r->hints_pass && r->hints_carry && !r->underscores && !r->realpath);
	ck_assert_uint_eq(r->max_hints, 16 << 10);
	ck_assert_uint_eq(r->max_head, 64 << 10);
	ck_assert_uint_eq(r->env.n, 0);
	ck_assert_ptr_eq(r->site, c->sites);
	ck_assert_uint_eq(r->line, 5);
	config_free(c);
}
END_TEST

START_TEST(route_values)
{
	struct config *c = read_good(
	    BASE "[route r]\nmatch = /x/\nhandler = cgi\nroot = cgi\nrequest_body = spool\n"
		 "max_body = 1024G\ntimeout = 168h\nkill_grace = 0\nlinger = 250ms\nhints = off\n"
		 "hints_carry = no\nunderscores = on\nrealpath = yes\nmax_hints = 256\n"
		 "max_head = 1K\n[route f]\nmatch = /\nhandler = fastcgi\nbackend = later\n"
		 "request_body = stream\n[route s]\nmatch = /x\nhandler = static\n"
		 "[fastcgi later]\nconnect = localhost:9000\n");
	const struct conf_route *r = c->sites->routes;

	ck_assert_int_eq(r->kind, CONF_MATCH_PREFIX);
	ck_assert_str_eq(conf_route_root(r), "/etc/cgi");
	ck_assert_int_eq(r->request_body, CONF_BODY_SPOOL);
	ck_assert_uint_eq(r->max_body, UINT64_C(1) << 40);
	ck_assert_double_eq(r->timeout, 168 * 3600);
	ck_assert_double_eq(r->kill_grace, 0);
	ck_assert_double_eq(r->linger, 0.25);
	ck_assert(!r->hints_pass && !r->hints_carry && r->underscores && r->realpath);
	ck_assert_uint_eq(r->max_hints, 256);
	ck_assert_uint_eq(r->max_head, 1024);
	r = r->next;
	ck_assert_int_eq(r->kind, CONF_MATCH_PREFIX);
	ck_assert_int_eq(r->handler, CONF_FASTCGI);
	ck_assert_str_eq(r->backend, "later");
	ck_assert_ptr_eq(r->fastcgi, c->fastcgis);
	ck_assert_int_eq(r->request_body, CONF_BODY_STREAM);
	r = r->next;
	ck_assert_int_eq(r->kind, CONF_MATCH_EXACT);
	ck_assert_int_eq(r->handler, CONF_STATIC);
	ck_assert_uint_eq(r->index, 2);
	config_free(c);
}
END_TEST

START_TEST(env_values)
{
	struct config *c = read_good(
	    BASE "[env]\nA = site\nB_2 = \"a b\" ; comment\n_C =\n[route a]\nmatch = /a\n"
		 "handler = cgi\n[env]\nD = </a.css>; rel=preload;\n  as=style\nA = route\n"
		 "[route b]\nmatch = /b\nhandler = cgi\n[site t]\nhosts = t\nroot = /t\n"
		 "[route a]\nmatch = /a\nhandler = cgi\n[env]\nA = t # kept\n");

	expect_vars(&c->sites->env, "A=site;B_2=\"a b\";_C=;");
	expect_vars(&c->sites->routes->env,
		    "A=route;B_2=\"a b\";_C=;D=</a.css>; rel=preload; as=style;");
	expect_vars(&c->sites->routes->next->env, "A=site;B_2=\"a b\";_C=;");
	expect_vars(&c->sites->next->routes->env, "A=t # kept;");
	config_free(c);
}
END_TEST

/* ---- the format ---- */

START_TEST(format_lines)
{
	struct config *c =
	    read_good("\xef\xbb\xbf; mark\r\n[listen l] ; comment\r\n"
		      "address=*:1\r\n   *:2 ;no\r\n# between\r\n\t*:3\r\n"
		      "  ; between\r\n  *:4\r\n \r\n[ site\t s ]\r\nroot = /a;b#c\r\n"
		      "hosts =\r\n  a.example\r\n  b.example");

	expect_words(&c->listens->address, "*:1 *:2 *:3 *:4");
	ck_assert_str_eq(c->sites->name, "s");
	ck_assert_str_eq(c->sites->root, "/a;b#c");
	expect_words(&c->sites->hosts, "a.example b.example");
	config_free(c);
}
END_TEST

/* What is no key may begin a continued line, even with a "=". */
START_TEST(format_assignments)
{
	struct config *c =
	    read_good(BASE "[fastcgi f]\ncommand = /usr/bin/env\n  LANG=C\n  /bin/x\n"
			   "[listen m]\naddress = *:1\n  [::1]:2\n");

	expect_words(&c->fastcgis->command, "/usr/bin/env LANG=C /bin/x");
	expect_words(&c->listens->next->address, "*:1 [::1]:2");
	config_free(c);
}
END_TEST

/* ---- files ---- */

static char folder[] = "/tmp/outrider-config-XXXXXX";

static void make_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(mkdir("conf.d", 0700), 0);
	ck_assert_int_eq(mkdir("odd[a]*", 0700), 0);
}

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)st;
	(void)what;
	(void)at;
	return remove(path);
}

static void remove_folder(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void put_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

/* Reads a file of the folder; the errors must be these. The result is to be freed. */
static struct config *read_file(const char *name, const char *expected)
{
	char *errors;
	size_t len;
	FILE *to = open_memstream(&errors, &len);
	struct config *c = config_read(name, to);

	fclose(to);
	ck_assert_str_eq(errors, expected);
	ck_assert_int_eq(c == NULL, *expected != '\0');
	free(errors);
	return c;
}

START_TEST(files_include)
{
	struct config *c;

	put_file("a.ini", "include = l.ini\n[server]\nuser = u\ninclude = conf.d/*.ini\n"
			  "include = nothing.d/*.ini\ninclude = conf.d/*.none\ngroup = g\n");
	put_file("l.ini", "[listen l]\naddress = *:1\n");
	put_file("conf.d/10.ini",
		 "[site b]\nhosts = b\nroot = b\n[route r]\nmatch = /\nhandler = cgi\n");
	put_file("conf.d/9.ini", "[site c]\nroot = ../c");
	put_file("conf.d/x.txt", "nonsense");
	c = read_file("a.ini", "");
	ck_assert_str_eq(c->server.user, "u");
	ck_assert_str_eq(c->server.group, "g");
	ck_assert_str_eq(c->listens->file, "l.ini");
	ck_assert_str_eq(c->sites->name, "b");
	ck_assert_str_eq(c->sites->file, "conf.d/10.ini");
	ck_assert_str_eq(c->sites->routes->name, "r");
	ck_assert_ptr_nonnull(strstr(c->sites->root, folder));
	ck_assert_str_eq(c->sites->root + strlen(folder), "/conf.d/b");
	ck_assert_str_eq(c->sites->next->root + strlen(folder), "/conf.d/../c");
	config_free(c);
}
END_TEST

/* A folder whose name looks like a pattern, and a path that is absolute. */
START_TEST(files_odd_folder)
{
	char path[256];

	put_file("odd[a]*/a.ini", "include = s.ini\ninclude = l?.ini");
	put_file("odd[a]*/s.ini", "[site s]\nroot = /\n");
	put_file("odd[a]*/l1.ini", "[listen l]\naddress = *:1\n");
	config_free(read_file("odd[a]*/a.ini", ""));
	snprintf(path, sizeof path, "%s/odd[a]*/a.ini", folder);
	config_free(read_file(path, ""));
}
END_TEST

START_TEST(files_errors)
{
	put_file("a.ini", BASE "[server]\nusr = u\ninclude = conf.d/*\ngroupe = g\n");
	put_file("conf.d/1", "\n\nroot = /x\n[route r]\nmatch = /\nhandler = cgi\n");
	put_file("conf.d/2", "[site s]\n");
	read_file(
	    "a.ini",
	    "a.ini:6: [server] usr: unknown key; did you mean \"user\"?\n"
	    "a.ini:8: [server] groupe: unknown key; did you mean \"group\"?\n"
	    "conf.d/1:3: root: stands before the first section; \"root\" belongs in [site] or "
	    "[route]\n"
	    "conf.d/1:4: [route r]: there is no [site NAME] above it in this file; a route "
	    "belongs to the site above it\n"
	    "conf.d/2:1: [site s]: given twice; first at a.ini:3\n"
	    "conf.d/2:1: [site s]: \"root\" is missing; every [site] needs it\n"
	    "conf.d/2:1: [site s] hosts: \"*\" (the default) is taken by [site s] at a.ini:3\n");
}
END_TEST

START_TEST(files_loops)
{
	char name[16], text[128];

	put_file("a.ini", BASE "[server]\ninclude = b.ini\n");
	put_file("b.ini", "include = ./a.ini\n");
	read_file("a.ini", "b.ini:1: include: \"./a.ini\" cannot be read: it includes itself\n");
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof name, "%d.ini", i);
		snprintf(text, sizeof text, "%sinclude = %d.ini\n", i ? "" : BASE "[server]\n",
			 i + 1);
		put_file(name, text);
	}
	read_file("0.ini",
		  "7.ini:1: include: \"8.ini\" cannot be read: too many files include each "
		  "other\n");
	put_file("7.ini", "");
	config_free(read_file("0.ini", ""));
}
END_TEST

START_TEST(files_unreadable)
{
	char *large = malloc(INI_FILE_MAX + 2);

	ck_assert_ptr_nonnull(large);
	memset(large, '\n', INI_FILE_MAX + 1);
	memcpy(large, BASE, sizeof BASE - 1);
	large[INI_FILE_MAX] = '\0';
	put_file("large.ini", large);
	config_free(read_file("large.ini", ""));
	memcpy(large + INI_FILE_MAX, "\n", 2);
	put_file("large.ini", large);
	free(large);
	read_file("large.ini", "large.ini: cannot be read: it is larger than 1 MiB, which no "
			       "configuration is\n");
	read_file("none.ini", "none.ini: cannot be read: No such file or directory\n");
	read_file("conf.d", "conf.d: cannot be read: it is a directory\n");
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	read_file("fifo", "fifo: cannot be read: it is not a regular file\n");
	put_file("a.ini", "include = none.ini\ninclude = conf.d\n[site s]\nroot = /\n");
	read_file("a.ini", "a.ini:1: include: \"none.ini\" cannot be read: no such file\n"
			   "a.ini:2: include: \"conf.d\" cannot be read: it is a directory\n");
}
END_TEST

/* ---- what is in the tree ---- */

/* A file of the source tree, to be freed. */
static char *tree_file(const char *name)
{
	const char *top = getenv("top_srcdir"), *why = NULL;
	char path[4096], *octets;
	struct stat st;
	size_t n;

	snprintf(path, sizeof path, "%s/%s", top ? top : ".", name);
	octets = ini_load(path, &n, &st, &why);
	ck_assert_msg(octets != NULL, "%s: %s", path, why ? why : "");
	octets[n] = '\0'; /* there is an octet more than a file may have */
	return octets;
}

START_TEST(tree_sample)
{
	char *text = tree_file("etc/outrider.ini");
	struct config *c = read_good(text);

	expect_words(&c->listens->address, "127.0.0.1:8080");
	ck_assert_str_eq(c->sites->root, "/var/www/html");
	config_free(c);
	free(text);
}
END_TEST

/* Every beginning and every end of the sample: whatever it says, it must not crash. */
START_TEST(tree_sample_cut)
{
	char *text = tree_file("etc/outrider.ini");
	size_t n = strlen(text);
	FILE *nowhere = fopen("/dev/null", "w");

	for (size_t at = 0; at <= n; at++) {
		char *head = malloc(at + 1), *tail = malloc(n - at + 1);

		memcpy(head, text, at);
		memcpy(tail, text + at, n - at);
		config_free(config_read_text("head", head, at, nowhere));
		config_free(config_read_text("tail", tail, n - at, nowhere));
		free(head);
		free(tail);
	}
	fclose(nowhere);
	free(text);
}
END_TEST

/* The examples of the manual that are whole configurations. */
START_TEST(tree_manual)
{
	char *text = tree_file("docs/outrider.conf.5"), *at = text, *end;
	int seen = 0;

	while ((at = strstr(at, ".Bd -literal"))) {
		at = strchr(at, '\n') + 1;
		end = strstr(at, ".Ed\n");
		ck_assert_ptr_nonnull(end);
		*end = '\0';
		if (strstr(at, "[listen ")) {
			config_free(read_good(at));
			seen++;
		}
		at = end + 1;
	}
	ck_assert_int_eq(seen, 3);
	free(text);
}
END_TEST

START_TEST(tree_keys)
{
	char *list, *line, *save;
	size_t len, n, lines = 0;
	FILE *to = open_memstream(&list, &len);

	config_print_keys(to);
	fclose(to);
	for (line = strtok_r(list, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		n = 0;
		for (const char *p = line; *p; p++)
			n += *p == '\t';
		ck_assert_uint_eq(n, 5);
		lines++;
	}
	ck_assert_uint_eq(lines, conf_key_count);
	free(list);
}
END_TEST

START_TEST(distances)
{
	ck_assert_int_eq(conf_distance(TEXT("timeout"), TEXT("timeout")), 0);
	ck_assert_int_eq(conf_distance(TEXT("timeout"), TEXT("TimeOut")), 0);
	ck_assert_int_eq(conf_distance(TEXT("timout"), TEXT("timeout")), 1);
	ck_assert_int_eq(conf_distance(TEXT("timeoutt"), TEXT("timeout")), 1);
	ck_assert_int_eq(conf_distance(TEXT("tiemouts"), TEXT("timeout")), 2);
	ck_assert_int_eq(conf_distance(TEXT("itmeout"), TEXT("timeout")), 1);
	ck_assert_int_eq(conf_distance(TEXT("root"), TEXT("user")), -1);
	ck_assert_int_eq(conf_distance(TEXT(""), TEXT("env")), -1);
	ck_assert_int_eq(conf_distance(TEXT("0123456789012345678901234567890123"), TEXT("a")), -1);
}
END_TEST

/* ---- the sample of the design ---- */

static const char design[] =
    "[server]\n"
    "workers = 2                     ; auto: one per core\n"
    "user = www-data                 ; only when started as root\n"
    "error_log = stderr              ; or a file, or syslog\n"
    "\n"
    "[listen clear]\n"
    "address = 127.0.0.1:8080        ; h2c by prior knowledge, and HTTP/1.1\n"
    "\n"
    "[listen secure]\n"
    "address = 127.0.0.1:8443\n"
    "tls = on                        ; h2 and http/1.1 by ALPN\n"
    "certificate = cert.pem\n"
    "private_key = key.pem\n"
    "\n"
    "[fastcgi php]\n"
    "connect = unix:/run/php/php8.2-fpm.sock\n"
    "keep = 2\n"
    "\n"
    "[fastcgi echo]\n"
    "command = /usr/local/lib/echo.fcgi\n"
    "processes = 2\n"
    "\n"
    "[site main]\n"
    "hosts = *                       ; or example.org www.example.org *.example.net\n"
    "root = /srv/www\n"
    "index = index.html index.php\n"
    "access_log = off\n"
    "\n"
    "[route php]\n"
    "match = *.php                   ; an extension: the script is a file under root\n"
    "handler = fastcgi\n"
    "backend = php\n"
    "hints = pass\n"
    "\n"
    "[route echo]\n"
    "match = /echo/                  ; a path: the application is mounted there, SCRIPT_NAME = "
    "/echo\n"
    "handler = fastcgi\n"
    "backend = echo\n"
    "request_body = stream\n"
    "\n"
    "[route cgi]\n"
    "match = /cgi-bin/\n"
    "handler = cgi\n"
    "root = /usr/lib/cgi-bin         ; stands for /cgi-bin/: /cgi-bin/x/y runs /usr/lib/cgi-bin/x "
    "with PATH_INFO=/y\n"
    "timeout = 60s\n";

START_TEST(design_sample)
{
	struct config *c = read_good(design);
	const struct conf_route *r = c->sites->routes;

	ck_assert_uint_eq(c->server.workers, 2);
	ck_assert_str_eq(c->listens->next->certificate, "/etc/cert.pem");
	ck_assert_str_eq(c->fastcgis->connect, "unix:/run/php/php8.2-fpm.sock");
	expect_words(&c->fastcgis->next->command, "/usr/local/lib/echo.fcgi");
	expect_words(&c->sites->index, "index.html index.php");
	ck_assert_str_eq(r->name, "php");
	ck_assert_ptr_eq(r->fastcgi, c->fastcgis);
	ck_assert_ptr_eq(r->next->fastcgi, c->fastcgis->next);
	ck_assert_int_eq(r->next->request_body, CONF_BODY_STREAM);
	ck_assert_str_eq(conf_route_root(r->next->next), "/usr/lib/cgi-bin");
	ck_assert_uint_eq(c->route_count, 3);
	config_free(c);
}
END_TEST

Suite *config_suite(void)
{
	Suite *suite = suite_create("config");
	TCase *t = tcase_create("values");

	tcase_add_test(t, server_defaults);
	tcase_add_test(t, server_values);
	tcase_add_test(t, listen_values);
	tcase_add_test(t, fastcgi_values);
	tcase_add_test(t, site_values);
	tcase_add_test(t, route_defaults);
	tcase_add_test(t, route_values);
	tcase_add_test(t, env_values);
	tcase_add_test(t, format_lines);
	tcase_add_test(t, format_assignments);
	tcase_add_test(t, design_sample);
	tcase_add_test(t, distances);
	suite_add_tcase(suite, t);
	t = tcase_create("files");
	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_test(t, files_include);
	tcase_add_test(t, files_odd_folder);
	tcase_add_test(t, files_errors);
	tcase_add_test(t, files_loops);
	tcase_add_test(t, files_unreadable);
	suite_add_tcase(suite, t);
	t = tcase_create("tree");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, tree_sample);
	tcase_add_test(t, tree_sample_cut);
	tcase_add_test(t, tree_manual);
	tcase_add_test(t, tree_keys);
	suite_add_tcase(suite, t);
	add_config_errors(suite);
	return suite;
}
