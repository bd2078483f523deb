/* SPDX-License-Identifier: MIT */
/*
 * The errors of the configuration, word by word, because a message is all that the person at the
 * keyboard has. Texts are read from memory under the name x.ini; BASE is the least that is valid,
 * so what follows it begins on line 5.
 */
#include "tests/unit/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/app/config.h"
#include "server/app/ini.h"

void add_config_errors(Suite *);

#define BASE "[listen l]\naddress = *:80\n[site s]\nroot = /r\n"

/* The errors of a text, to be freed; "" when it is valid. */
static char *errors_of(const char *name, const char *text, size_t n)
{
	char *errors;
	size_t len;
	FILE *to = open_memstream(&errors, &len);
	struct config *c = config_read_text(name, text, n, to);

	fclose(to);
	ck_assert_msg((c == NULL) == (len > 0), "errors and result disagree: %s", errors);
	config_free(c);
	return errors;
}

static void expect_errors(const char *text, const char *expected)
{
	char *errors = errors_of("x.ini", text, strlen(text));

	ck_assert_str_eq(errors, expected);
	free(errors);
}

#define AT5(text) "x.ini:5: " text "\n"
#define AT6(text) "x.ini:6: " text "\n"
#define AT7(text) "x.ini:7: " text "\n"
#define AT8(text) "x.ini:8: " text "\n"
#define AT9(text) "x.ini:9: " text "\n"
#define SERVER	  "[server]\n"
#define LISTEN	  "[listen m]\n"
#define FASTCGI	  "[fastcgi f]\n"
#define SITE	  "[site t]\nhosts = t\n"
#define ROUTE	  "[route r]\nmatch = /x/\nhandler = cgi\n"

struct error_case {
	const char *text, *errors;
};

/* What stands behind BASE, and the messages. */
static const struct error_case cases[] = {
    /* names nobody knows */
    {SERVER "max_stream = 1\n",
     AT6("[server] max_stream: unknown key; did you mean \"max_streams\"?")},
    {SERVER "workesr = 1\n", AT6("[server] workesr: unknown key; did you mean \"workers\"?")},
    {SERVER "root = 1\n", AT6("[server] root: unknown key; \"root\" belongs in [site] or [route]")},
    {SERVER "timout = 1\n", AT6("[server] timout: unknown key; there is \"timeout\" in [route]")},
    {SERVER "x\\y = 1\n", AT6("[server] x\\\\y: unknown key")},
    {ROUTE "Timeout = 1\n", AT8("[route r] Timeout: unknown key; did you mean \"timeout\"?")},
    {ROUTE "hint = a\n", AT8("[route r] hint: unknown key; did you mean \"hints\"?")},
    {ROUTE "processing_interval = 10s\n", AT8("[route r] processing_interval: unknown key")},
    {"[fastgci f]\nconnect = unix:/s\n",
     AT5("[fastgci f]: unknown section; did you mean \"fastcgi\"?")},
    {"[Site t]\nhosts = t\nrot = /\n", AT5("[Site t]: unknown section; did you mean \"site\"?") AT7(
					   "[Site t] rot: unknown key; did you mean \"root\"?")},
    {"[upstream f]\nconnect = unix:/s\n[route r]\nmatch=/\nhandler=fastcgi\nbackend=f\n",
     AT5("[upstream f]: unknown section; there are [server], [listen NAME], [fastcgi NAME], "
	 "[site NAME], [route NAME] and [env]")},

    {"[route r]\nmach = /x/\nhander = cgi\n",
     AT6("[route r] mach: unknown key; did you mean \"match\"?")
	 AT7("[route r] hander: unknown key; did you mean \"handler\"?")},
    {"[route r]\nmatch = /x/\nhandler = static\ntimout = 1s\n",
     AT8("[route r] timout: unknown key; did you mean \"timeout\"?")},
    {SERVER "usr = a\nuser = b\ngroup = c\nusr = d\n",
     AT6("[server] usr: unknown key; did you mean \"user\"?")
	 AT9("[server] usr: unknown key; did you mean \"user\"?")},

    /* sections */
    {"[listen]\naddress = *:1\n",
     AT5("[listen]: this section needs a name of your choice, as in [listen main]")},
    {"[server x]\n", AT5("[server x]: this section takes no name")},
    {"[env x]\nA = 1\n", AT5("[env x]: this section takes no name")},
    {"[fastcgi a b]\nconnect = unix:/s\n",
     AT5("[fastcgi a b]: a name has letters, digits and the characters _ - . only")},
    {"[listen l]\naddress = *:1\n", AT5("[listen l]: given twice; first at x.ini:1")},
    {"[server]\n[server]\n", AT6("[server]: given twice; first at x.ini:5")},
    {ROUTE "[route r]\nmatch=/y\nhandler=cgi\n", AT8("[route r]: given twice; first at x.ini:5")},
    {FASTCGI "connect = unix:/s\n[env]\nA = 1\n",
     AT7("[env]: there is no [site NAME] or [route NAME] right above it, to which the variables "
	 "would belong")},

    /* keys */
    {SERVER "user = a\nuser = b\n", AT7("[server] user: given twice; first on line 6")},
    {SERVER "user = a\nuser = b\nuser = c\n",
     AT7("[server] user: given twice; first on line 6")
	 AT8("[server] user: given twice; first on line 6")},
    {SERVER "user =\n", AT6("[server] user: there is no value after the \"=\"")},
    {SERVER "user = a b\n",
     AT6("[server] user: \"a b\" has a blank in it; one word is expected here")},
    {SERVER "user = \"a\"\n", AT6("[server] user: the value begins with a quote; values are "
				  "written without quotes")},
    {SERVER "pid_file = /p # here\n", AT6("[server] pid_file: \"/p # here\" has a # after a "
					  "blank; a comment behind a value begins with ;")},
    {SERVER "include = x.ini\n", AT6("[server] include: not possible here")},
    {SERVER "include =\n", AT6("[server] include: there is no value after the \"=\"")},
    {SITE "root = /\n[env]\nfoo = 1\n",
     AT9("[env] foo: is no name of a variable; names have capital letters, digits and _ only and "
	 "do not begin with a digit")},
    {SITE "root = /\n[env]\nA = 1\n1A = 2\n",
     "x.ini:10: [env] 1A: is no name of a variable; names have capital letters, digits and _ "
     "only and do not begin with a digit\n"},
    {SITE "root = /\n[env]\nA = 1\nA = 2\n", "x.ini:10: [env] A: given twice\n"},

    /* numbers, sizes, times, switches, words */
    {SERVER "workers = two\n", AT6("[server] workers: \"two\" is not a whole number; allowed are "
				   "auto and 1 to 1024")},
    {SERVER "workers = 0\n",
     AT6("[server] workers: \"0\" is too small; allowed are auto and 1 to 1024")},
    {SERVER "max_streams = 99999999999999999999\n",
     AT6("[server] max_streams: \"99999999999999999999\" is not a whole number; allowed are 1 to "
	 "10000")},
    {SERVER "max_streams = 10001\n",
     AT6("[server] max_streams: \"10001\" is too large; allowed are 1 to 10000")},
    {SERVER "stream_window = 65534\n",
     AT6("[server] stream_window: \"65534\" is too small; allowed are 65535 to 16M")},
    {SERVER "stream_window = 17M\n",
     AT6("[server] stream_window: \"17M\" is too large; allowed are 65535 to 16M")},
    {SERVER "stream_window = 9007199254740992G\n",
     AT6("[server] stream_window: \"9007199254740992G\" is too large; allowed are 65535 to 16M")},
    {SERVER "stream_window = 1T\n", AT6("[server] stream_window: \"1T\" is not a size such as "
					"64K, 1M or 2G; allowed are 65535 to 16M")},
    {SERVER "stream_window = K\n", AT6("[server] stream_window: \"K\" is not a size such as 64K, "
				       "1M or 2G; allowed are 65535 to 16M")},
    {SERVER "stream_window = 2M\n",
     AT6("[server] stream_window: stream_window (2097152 octets) must not be larger than "
	 "connection_window (1048576 octets), which bounds it")},
    {SERVER "connection_window = 128K\n",
     AT6("[server] connection_window: stream_window (262144 octets) must not be larger than "
	 "connection_window (131072 octets), which bounds it")},
    {SERVER "idle_timeout = 1d\n", AT6("[server] idle_timeout: \"1d\" is not a time such as "
				       "500ms, 10s, 5m or 1h; allowed are 10ms to 24h")},
    {SERVER "idle_timeout = 1.5s\n", AT6("[server] idle_timeout: \"1.5s\" is not a time such as "
					 "500ms, 10s, 5m or 1h; allowed are 10ms to 24h")},
    {SERVER "idle_timeout = 0\n",
     AT6("[server] idle_timeout: \"0\" is too short; allowed are 10ms to 24h")},
    {SERVER "idle_timeout = 25h\n",
     AT6("[server] idle_timeout: \"25h\" is too long; allowed are 10ms to 24h")},
    {SERVER "idle_timeout = 9007199254740992h\n",
     AT6("[server] idle_timeout: \"9007199254740992h\" is too long; allowed are 10ms to 24h")},
    {SERVER "log_level = warning\n", AT6("[server] log_level: \"warning\" is not allowed here; "
					 "allowed are error, warn, info and debug")},
    {ROUTE "hints = learn\n",
     AT8("[route r] hints: \"learn\" is not allowed here; allowed are off and pass")},
    {ROUTE "request_body = chunked\n", AT8("[route r] request_body: \"chunked\" is not allowed "
					   "here; allowed are auto, stream and spool")},
    {ROUTE "realpath = maybe\n", AT8("[route r] realpath: \"maybe\" is neither on nor off; "
				     "allowed are on, off, yes, no, true and false")},
    {SERVER "group = g\n", AT6("[server] group: a group without \"user\" has no effect")},

    /* addresses */
    {LISTEN, AT5("[listen m]: \"address\" is missing; every [listen] needs it")},
    {LISTEN "address = 8080\n",
     AT6("[listen m] address: \"8080\" has no port; write for example 127.0.0.1:8080, "
	 "[::1]:8080 or localhost:8080")},
    {LISTEN "address = [::1]\n",
     AT6("[listen m] address: \"[::1]\" has no port; write for example 127.0.0.1:8080, "
	 "[::1]:8080 or localhost:8080")},
    {LISTEN "address = *:1 ::1:8080\n", AT6("[listen m] address: \"::1:8080\" is not clear; an "
					    "IPv6 address stands in brackets, [::1]:8080")},
    {LISTEN "address = *:0\n", AT6("[listen m] address: \"*:0\" has no valid port; a port is a "
				   "number from 1 to 65535")},
    {LISTEN "address = *:65536\n", AT6("[listen m] address: \"*:65536\" has no valid port; a "
				       "port is a number from 1 to 65535")},
    {LISTEN "address = *:http\n", AT6("[listen m] address: \"*:http\" has no valid port; a port "
				      "is a number from 1 to 65535")},
    {LISTEN "address = example.org:80\n",
     AT6("[listen m] address: \"example.org:80\" has no valid host; allowed are numeric "
	 "addresses such as 127.0.0.1 and [::1], and localhost")},
    {LISTEN "address = 1.2.3.256:80\n",
     AT6("[listen m] address: \"1.2.3.256:80\" has no valid host; allowed are numeric addresses "
	 "such as 127.0.0.1 and [::1], and localhost")},
    {LISTEN "address = :80\n",
     AT6("[listen m] address: \":80\" has no valid host; allowed are numeric addresses such as "
	 "127.0.0.1 and [::1], and localhost")},
    {LISTEN "address = unix:/s\n", AT6("[listen m] address: \"unix:/s\" is a socket in the file "
				       "system, which is not possible here; write HOST:PORT")},
    {LISTEN "address = *:1 *:1\n", AT6("[listen m] address: \"*:1\" is given twice")},
    {LISTEN "address = *:80\n",
     AT6("[listen m] address: \"*:80\" is taken by [listen l] at x.ini:1")},
    {LISTEN "address = *:1\ntls = on\n",
     AT7("[listen m] tls: TLS needs a certificate; add \"certificate = FILE\" and \"private_key = "
	 "FILE\"")},
    {LISTEN "address = *:1\ncertificate = c\n",
     AT7("[listen m] certificate: is for TLS; add \"tls = on\"")},
    {LISTEN "address = *:1\nprivate_key = c\ntls = off\n",
     AT7("[listen m] private_key: is for TLS; add \"tls = on\"")},

    /* backends */
    {FASTCGI, AT5("[fastcgi f]: there is no \"connect\" for an application that is running, nor "
		  "\"command\" for one to start")},
    {FASTCGI "connect = unix:/s\ncommand = /c\n",
     AT7("[fastcgi f] command: \"connect\" and \"command\" exclude each other: an application is "
	 "running already or is started from here")},
    {FASTCGI "connect = unix:/s\nprocesses = 2\n",
     AT7("[fastcgi f] processes: is for \"command\"; what \"connect\" leads to has its own "
	 "processes")},
    {FASTCGI "connect = /s\n",
     AT6("[fastcgi f] connect: \"/s\" is not an address; write unix:/run/NAME.sock")},
    {FASTCGI "connect = unix:\n",
     AT6("[fastcgi f] connect: \"unix:\" is not an address; write unix:/run/NAME.sock")},
    {FASTCGI "connect = *:9000\n",
     AT6("[fastcgi f] connect: \"*:9000\" names no host; * is for [listen] only")},
    {FASTCGI "connect = 127.0.0.1\n",
     AT6("[fastcgi f] connect: \"127.0.0.1\" has no port; write for example 127.0.0.1:8080, "
	 "[::1]:8080 or localhost:8080")},
    {FASTCGI "command = /bin/sh 'a b'\n",
     AT6("[fastcgi f] command: \"'a\" begins with a quote, but quotes have no meaning here: "
	 "arguments end at blanks, and no shell reads them")},
    {FASTCGI "connect = unix:/s\nkeep = 9\nmax_connections = 8\n",
     AT7("[fastcgi f] keep: 9 connections cannot be kept of at most 8 (max_connections)")},

    /* sites */
    {"[site t]\nhosts = t\n", AT5("[site t]: \"root\" is missing; every [site] needs it")},
    {"[site t]\nroot = /\n",
     AT5("[site t] hosts: \"*\" (the default) is taken by [site s] at x.ini:3")},
    {"[site t]\nhosts = a A\nroot = /\n", AT6("[site t] hosts: \"a\" is given twice")},
    {"[site t]\nhosts = a:80\nroot = /\n",
     AT6("[site t] hosts: \"a:80\" has a port in it; [listen] says the port, hosts only names")},
    {"[site t]\nhosts = a*\nroot = /\n",
     AT6("[site t] hosts: \"a*\" is not a host name; allowed are example.org, *.example.org and * "
	 "for all hosts")},
    {SITE "root = /\nindex = a/b\n", AT8("[site t] index: \"a/b\" is not the name of a file; "
					 "names without \"/\" are expected")},
    {SITE "root = /\ntry = $uri\n", AT8("[site t] try: \"$uri\" is not allowed here; allowed are "
					"$path, $path/ and paths such as /index.php")},

    /* routes */
    {"[route r]\n", AT5("[route r]: \"match\" is missing; every [route] needs it")
			AT5("[route r]: \"handler\" is missing; every [route] needs it")},
    {"[route r]\nmatch = php\nhandler = cgi\n",
     AT6("[route r] match: \"php\" matches nothing; allowed are an extension such as *.php, a "
	 "path that ends in / for all below it, and the path of one file")},
    {"[route r]\nmatch = /*.php\nhandler = cgi\n",
     AT6("[route r] match: \"/*.php\" matches nothing; allowed are an extension such as *.php, a "
	 "path that ends in / for all below it, and the path of one file")},
    {"[route r]\nmatch = /a/../b\nhandler = cgi\n",
     AT6("[route r] match: \"/a/../b\" matches nothing; paths are compared without query and "
	 "after //, /./ and /../ are gone")},
    {ROUTE "[route q]\nmatch = /x/\nhandler = cgi\n",
     "x.ini:9: [route q] match: [route r] on line 5 matches the same\n"},
    {"[route r]\nmatch = /x\nhandler = php\n", AT7("[route r] handler: \"php\" is not allowed "
						   "here; allowed are static, fastcgi and cgi")},
    {"[route r]\nmatch = /x\nhandler = fastcgi\n",
     AT7("[route r] handler: fastcgi needs \"backend = NAME\", the name of a [fastcgi NAME]")},
    {"[route r]\nmatch = /x\nhandler = fastcgi\nbackend = f\n",
     AT8("[route r] backend: there is no [fastcgi f]")},
    {"[route r]\nmatch = /x\nhandler = fastcgi\nbackend = pph\n[fastcgi php]\nconnect = "
     "unix:/s\n",
     AT8("[route r] backend: there is no [fastcgi pph]; did you mean \"php\"?")},
    {"[route r]\nmatch = /x\nhandler = static\nbackend = f\n",
     AT8("[route r] backend: is for \"handler = fastcgi\" only; this route has \"handler = "
	 "static\"")},
    {"[route r]\nmatch = /x\nhandler = static\nhints = off\nlinger = 1s\n",
     AT8("[route r] hints: is for \"handler = fastcgi\" and \"handler = cgi\" only; this route has "
	 "\"handler = static\"")
	 AT9("[route r] linger: is for \"handler = cgi\" only; this route has \"handler = "
	     "static\"")},

    /* what is no INI file */
    {"[server\nuser = a\n", AT5("a section begins with \"[\" but has no \"]\"")},
    {"[server] user = a\n",
     AT5("there is something behind the \"]\" of a section; a comment there begins with \" ;\"")},
    {"[]\n", AT5("[]: unknown section; there are [server], [listen NAME], [fastcgi NAME], [site "
		 "NAME], [route NAME] and [env]")},
    {SERVER "user\n", AT6("there is no \"=\" after \"user\"; write \"KEY = VALUE\"")},
    {SERVER "user: a\n", AT6("\"user\" is followed by \":\"; write \"KEY = VALUE\"")},
    {SERVER "pid_file /p:x = 1\n",
     AT6("\"pid_file /p\" is followed by \":\"; write \"KEY = VALUE\"")},
    {SERVER "= a\n", AT6("there is no key before the \"=\"")},
    {SERVER "user ;= a\n", AT6("there is no \"=\" after \"user\"; write \"KEY = VALUE\"")},
    {SERVER "user = a\x01\nnonsense\n", AT6("octet 0x01 in column 9: this is not a text file")},
    {SERVER "user = a\rgroup = b\n", AT6("octet 0x0d in column 9: this is not a text file")},

    /* indented lines */
    {"[server]\n  user = a\n  group = b\n",
     AT6("this line begins with a blank, as if it continued a value, but there is no key right "
	 "above it; keys begin in the first column")},
    {SERVER "user = a\n\n  b\n",
     AT8("this line begins with a blank, as if it continued a value, but there is no key right "
	 "above it; keys begin in the first column")},
    {SERVER "user = a\n\tgroup = b\n",
     AT7("this line begins with a blank and so continues the value of \"user\"; move \"group\" to "
	 "the first column")},
    {SERVER "user = a\n group=b\n more\n",
     AT7("this line begins with a blank and so continues the value of \"user\"; move \"group\" to "
	 "the first column")},
    {SERVER "us\xffr = a\n  group = b\n",
     AT6("[server] us\\xffr: unknown key; did you mean \"user\"?")
	 AT7("this line begins with a blank and so continues the value of \"us\\xffr\"; move "
	     "\"group\" to "
	     "the first column")},
    {SERVER "user = a\n [site t]\n",
     AT7("a section begins in the first column; this line begins with a blank")},
};

START_TEST(error_case)
{
	char text[4096];

	snprintf(text, sizeof text, BASE "%s", cases[_i].text);
	expect_errors(text, cases[_i].errors);
}
END_TEST

/* ---- errors of a whole file ---- */

static const struct error_case whole[] = {
    {"", "x.ini: there is no [listen NAME], so nobody could connect; add one with \"address = "
	 "127.0.0.1:8080\"\nx.ini: there is no [site NAME], so there is nothing to serve; add one "
	 "with \"root = FOLDER\"\n"},
    {"[listen l]\naddress = *:80\n", "x.ini: there is no [site NAME], so there is nothing to "
				     "serve; add one with \"root = FOLDER\"\n"},
    {"[site s]\nroot = /\n", "x.ini: there is no [listen NAME], so nobody could connect; add one "
			     "with \"address = 127.0.0.1:8080\"\n"},
    {"root = /\nnonsense = 1\n" BASE,
     "x.ini:1: root: stands before the first section; \"root\" belongs in [site] or [route]\n"
     "x.ini:2: nonsense: unknown key, before the first section\n"},
    {"[route r]\nmatch = /\nhandler = cgi\n" BASE,
     "x.ini:1: [route r]: there is no [site NAME] above it in this file; a route belongs to the "
     "site above it\n"},
    {"[env]\nA = 1\n" BASE, "x.ini:1: [env]: there is no [site NAME] or [route NAME] right above "
			    "it, to which the variables would belong\n"},
    {"\x7f\x45LF", "x.ini:1: octet 0x7f in column 1: this is not a text file\n"},
};

START_TEST(error_whole)
{
	expect_errors(whole[_i].text, whole[_i].errors);
}
END_TEST

START_TEST(error_nul)
{
	static const char utf16[] = "\xff\xfe[\0s\0", nul[] = BASE "[server]\nuser = a\0b\n[x]\n";
	char *errors = errors_of("x.ini", utf16, sizeof utf16 - 1);

	ck_assert_str_eq(errors, "x.ini:1: octet 0x00 in column 4: this is not a text file\n");
	free(errors);
	errors = errors_of("x.ini", nul, sizeof nul - 1);
	ck_assert_str_eq(errors, "x.ini:6: octet 0x00 in column 9: this is not a text file\n");
	free(errors);
}
END_TEST

/* ---- limits ---- */

/* BASE, BEFORE, so many octets x, AFTER. */
static char *with_run(const char *before, size_t n, const char *after)
{
	char *text = malloc(sizeof BASE + strlen(before) + n + strlen(after));
	char *at = stpcpy(stpcpy(text, BASE), before);

	ck_assert_ptr_nonnull(text);
	memset(at, 'x', n);
	strcpy(at + n, after);
	return text;
}

static void expect_run(const char *before, size_t n, const char *after, const char *errors)
{
	char *text = with_run(before, n, after);

	expect_errors(text, errors);
	free(text);
}

START_TEST(limit_line)
{
	expect_run("[server]\nuser = ", INI_LINE_MAX - 7, "\n", "");
	expect_run("[server]\nuser = ", INI_LINE_MAX - 7, "\r\n", "");
	expect_run("[server]\nuser = ", INI_LINE_MAX - 7, "", "");
	expect_run("[server]\nuser =\n ", INI_LINE_MAX - 1, "\n", "");
	expect_run("[server]\nuser = ", INI_LINE_MAX - 6, "\nlog_level = x\n",
		   AT6("a line may have 198 characters, this one has 199; a value may go on in the "
		       "next line when that begins with a blank")
		       AT7("[server] log_level: \"x\" is not allowed here; allowed are error, "
			   "warn, "
			   "info and debug"));
	expect_run("[server]\nuser =\n ", 400, "\n more\n",
		   AT6("[server] user: there is no value after the \"=\"") AT7(
		       "a line may have 198 characters, this one has 401; a value may go on in the "
		       "next line when that begins with a blank"));
	expect_run("# ", 5000, "\n", "");
	expect_run("[server]\n", 100000, "",
		   AT6("a line may have 198 characters, this one has "
		       "100000; a value may go on in the next line when "
		       "that begins with a blank"));
}
END_TEST

START_TEST(limit_section)
{
	expect_run("[site t", INI_SECTION_MAX - 6, "]\nhosts = t\nroot = /\n", "");
	expect_run("[site t", INI_SECTION_MAX - 5, "]\nnonsense = 1\n[route r]\nmore = 1\n",
		   AT5("the name of a section may have 49 characters, this one has 50")
		       AT7("[route r]: \"match\" is missing; every [route] needs it")
			   AT7("[route r]: \"handler\" is missing; every [route] needs it")
			       AT8("[route r] more: unknown key"));
	expect_run("[site t", INI_LINE_MAX, "]\nnonsense = 1\n",
		   AT5("a line may have 198 characters, this one has 206; a value may go on in the "
		       "next line when that begins with a blank"));
}
END_TEST

/* A text of many equal lines behind BASE and HEAD. */
static char *with_lines(const char *head, const char *line, unsigned n)
{
	char *text = malloc(sizeof BASE + strlen(head) + n * (strlen(line) + 10));
	char *at = stpcpy(stpcpy(text, BASE), head);

	ck_assert_ptr_nonnull(text);
	for (unsigned i = 0; i < n; i++)
		at += sprintf(at, line, i);
	return text;
}

START_TEST(limit_value)
{
	/* 8191 lines of "x" make 16381 octets with the blanks between them. */
	char *text = with_lines("[env]\nA =\n", " x\n", 8192);

	expect_errors(text, "");
	free(text);
	text = with_lines("[env]\nA =\n", " x\n", 8194);
	expect_errors(text, "x.ini:8199: the value of \"A\" grows over 16384 characters here\n");
	free(text);
}
END_TEST

START_TEST(limit_variables)
{
	char *text = with_lines("[env]\n", "A%u = 1\n", 257);

	expect_errors(text, "x.ini:262: [env] A256: more than 256 variables\n");
	free(text);
}
END_TEST

START_TEST(limit_sections)
{
	char *text = with_lines("", "[site a%1$u]\nhosts=a%1$u\nroot=/\n", 9998);

	expect_errors(text, "");
	free(text);
	text = with_lines("", "[site a%1$u]\nhosts=a%1$u\nroot=/\n", 9999);
	expect_errors(text, "x.ini:29999: more than 10000 sections; the rest is not read\n");
	free(text);
}
END_TEST

START_TEST(limit_errors)
{
	char *text = with_lines("", "nonsense %u\n", 150);
	char *errors = errors_of("x.ini", text, strlen(text));
	size_t lines = 0;

	for (const char *p = errors; *p; p++)
		lines += *p == '\n';
	ck_assert_uint_eq(lines, 101);
	ck_assert_ptr_nonnull(strstr(errors, "\nand 50 more errors\n"));
	free(errors);
	free(text);
	ck_assert_ptr_null(config_read_text("x.ini", "a\n", 2, NULL));
}
END_TEST

void add_config_errors(Suite *suite)
{
	TCase *t = tcase_create("errors");

	tcase_add_loop_test(t, error_case, 0, (int)(sizeof cases / sizeof *cases));
	tcase_add_loop_test(t, error_whole, 0, (int)(sizeof whole / sizeof *whole));
	tcase_add_test(t, error_nul);
	suite_add_tcase(suite, t);
	t = tcase_create("limits");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, limit_line);
	tcase_add_test(t, limit_section);
	tcase_add_test(t, limit_value);
	tcase_add_test(t, limit_variables);
	tcase_add_test(t, limit_sections);
	tcase_add_test(t, limit_errors);
	suite_add_tcase(suite, t);
}
