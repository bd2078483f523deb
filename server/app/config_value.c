/* SPDX-License-Identifier: MIT */
/*
 * A function for each type of the table. Each checks the whole of its text and says what would
 * have been right, because the reader of the message has nothing else to go by.
 *
 * There is no quoting: quotes around a value are refused rather than made a part of a path, and so
 * is a `#` after a blank, which was meant to begin a comment.
 */
#include "server/app/config_value.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/app/config.h"
#include "server/base/pool.h"

enum { SHOWN = 100 }; /* octets of a value in a message */

struct value {
	const struct conf_key *key;
	struct text text;
	const char *dir;
	struct pool *pool;
	void *to; /* the member */
};

typedef const char *parse_value(const struct value *);

/* The message for a value: "VALUE" FMT, with the value escaped and cut. */
static const char *wrong(const struct value *v, struct text what, const char *why)
{
	char shown[SHOWN];

	return pool_printf(v->pool, "\"%s\" %s", text_escape(shown, sizeof shown, what), why).p;
}

static const char *wrong_range(const struct value *v, const char *why)
{
	const char *allowed = conf_key_allowed(v->pool, v->key);
	const char *text = pool_printf(v->pool, "%s; allowed are %s", why, allowed).p;

	return wrong(v, v->text, text);
}

/* ---- numbers ---- */

/* The member may be unsigned, size_t, uint64_t, bool or an enumeration: its width tells. */
static void store(const struct value *v, uint64_t n)
{
	uint32_t n32 = (uint32_t)n;
	bool truth = n != 0;

	switch (v->key->width) {
	case sizeof n:
		memcpy(v->to, &n, sizeof n);
		break;
	case sizeof n32:
		memcpy(v->to, &n32, sizeof n32);
		break;
	default:
		assert(v->key->width == sizeof truth);
		memcpy(v->to, &truth, sizeof truth);
	}
}

static const char *store_in_range(const struct value *v, uint64_t n)
{
	if (n < v->key->min)
		return wrong_range(v, "is too small");
	if (n > v->key->max)
		return wrong_range(v, "is too large");
	store(v, n);
	return NULL;
}

static const char *parse_number(const struct value *v)
{
	uint64_t n;
	long online;

	if (v->key->words && text_eq(v->text, text_of(v->key->words))) {
		online = sysconf(_SC_NPROCESSORS_ONLN); /* workers = auto is the one such key */
		n = online < 1 ? 1 : (uint64_t)online;
		store(v, n > v->key->max ? v->key->max : n);
		return NULL;
	}
	if (text_u64(v->text, UINT64_MAX, &n))
		return wrong_range(v, "is not a whole number");
	return store_in_range(v, n);
}

/* Number and unit apart; -1 when there is no number or it is beyond all reason. */
static int cut_number(struct text t, uint64_t *n, struct text *unit)
{
	size_t digits = 0;

	while (digits < t.n && ascii_digit(t.p[digits]))
		digits++;
	*unit = text_trim(text_after(t, digits));
	return text_u64((struct text){t.p, digits}, UINT64_C(1) << 53, n);
}

static const char *parse_size(const struct value *v)
{
	static const char units[] = "kmg";
	uint64_t n;
	struct text unit;
	const char *at;

	if (cut_number(v->text, &n, &unit) || unit.n > 1)
		return wrong_range(v, "is not a size such as 64K, 1M or 2G");
	if (unit.n) {
		at = strchr(units, ascii_lower(unit.p[0]));
		if (!at)
			return wrong_range(v, "is not a size such as 64K, 1M or 2G");
		for (long i = 0; i <= at - units; i++)
			n = n > UINT64_MAX / 1024 ? UINT64_MAX : n * 1024;
	}
	return store_in_range(v, n);
}

static const char *parse_time(const struct value *v)
{
	static const struct {
		struct text name;
		uint64_t ms;
	} units[] = {{TEXT(""), 1000},
		     {TEXT("ms"), 1},
		     {TEXT("s"), 1000},
		     {TEXT("m"), 60000},
		     {TEXT("h"), 3600000}};
	uint64_t n;
	struct text unit;
	double seconds;

	if (cut_number(v->text, &n, &unit) == 0) {
		for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
			if (!text_same(unit, units[i].name))
				continue;
			if (n > v->key->max || n * units[i].ms > v->key->max)
				return wrong_range(v, "is too long");
			if (n * units[i].ms < v->key->min)
				return wrong_range(v, "is too short");
			seconds = (double)(n * units[i].ms) / 1000;
			memcpy(v->to, &seconds, sizeof seconds);
			return NULL;
		}
	}
	return wrong_range(v, "is not a time such as 500ms, 10s, 5m or 1h");
}

static const char *parse_bool(const struct value *v)
{
	static const struct text words[] = {TEXT("off"), TEXT("on"),	TEXT("no"),
					    TEXT("yes"), TEXT("false"), TEXT("true")};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (text_same(v->text, words[i])) {
			store(v, i & 1);
			return NULL;
		}
	}
	return wrong_range(v, "is neither on nor off");
}

/* ---- words ---- */

/* Position of the value among the words of the row, -1 for none. */
static int word_index(const struct value *v)
{
	struct text rest = text_of(v->key->words);

	for (int i = 0; rest.p; i++) {
		if (text_eq(text_cut(&rest, ' '), v->text))
			return i;
	}
	return -1;
}

static const char *parse_choice(const struct value *v)
{
	int i = word_index(v);

	if (i < 0)
		return wrong_range(v, "is not allowed here");
	store(v, (uint64_t)i);
	return NULL;
}

/* What is wrong with one word of a list, or NULL; it may put another in its place. */
typedef const char *check_word(const struct value *, struct text *word, size_t index);

static const char *parse_words(const struct value *v, check_word *check)
{
	struct conf_words words = {NULL, 0};
	size_t room = 1;

	for (size_t i = 0; i < v->text.n; i++)
		room += v->text.p[i] == ' ' || v->text.p[i] == '\t';
	words.v = pool_alloc(v->pool, room * sizeof *words.v);
	for (size_t at = 0, n; at < v->text.n; at += n + 1) {
		struct text word = text_after(v->text, at);
		const char *why;

		for (n = 0; n < word.n && word.p[n] != ' ' && word.p[n] != '\t';)
			n++;
		word.n = n;
		if (!n)
			continue;
		why = check(v, &word, words.n);
		if (why)
			return why;
		words.v[words.n++] = pool_dup(v->pool, word.p, word.n);
	}
	memcpy(v->to, &words, sizeof words);
	return NULL;
}

/* ---- text and paths ---- */

static void store_text(const struct value *v, struct text t)
{
	const char *s = pool_dup(v->pool, t.p, t.n);

	memcpy(v->to, &s, sizeof s);
}

static const char *parse_string(const struct value *v)
{
	for (size_t i = 0; i < v->text.n; i++) {
		if (v->text.p[i] == ' ' || v->text.p[i] == '\t')
			return wrong(v, v->text, "has a blank in it; one word is expected here");
	}
	store_text(v, v->text);
	return NULL;
}

/* Absolute, without `.` and empty segments; `..` stays, for it may lead through a link. */
static struct text make_path(const struct value *v, struct text t)
{
	struct text rest =
	    pool_printf(v->pool, "%s/%.*s", t.p[0] == '/' ? "" : v->dir, (int)t.n, t.p);
	char *path = pool_alloc(v->pool, rest.n + 1);
	size_t n = 0;

	while (rest.p) {
		struct text segment = text_cut(&rest, '/');

		if (segment.n == 0 || text_is(segment, "."))
			continue;
		path[n++] = '/';
		memcpy(path + n, segment.p, segment.n);
		n += segment.n;
	}
	if (n == 0)
		path[n++] = '/';
	path[n] = '\0';
	return (struct text){path, n};
}

static const char *parse_path(const struct value *v)
{
	const char *none = NULL;

	if (v->key->words && word_index(v) >= 0) {
		if (text_is(v->text, "off"))
			memcpy(v->to, &none, sizeof none);
		else
			store_text(v, v->text);
		return NULL;
	}
	store_text(v, make_path(v, v->text));
	return NULL;
}

static const char *check_argument(const struct value *v, struct text *word, size_t index)
{
	if (word->p[0] == '"' || word->p[0] == '\'')
		return wrong(v, *word,
			     "begins with a quote, but quotes have no meaning here: "
			     "arguments end at blanks, and no shell reads them");
	if (index == 0)
		*word = make_path(v, *word);
	return NULL;
}

static const char *parse_command(const struct value *v)
{
	return parse_words(v, check_argument);
}

static const char *check_name(const struct value *v, struct text *word, size_t index)
{
	(void)index;
	if (text_find(*word, '/') < word->n || text_is(*word, ".") || text_is(*word, ".."))
		return wrong(v, *word,
			     "is not the name of a file; names without \"/\" are expected");
	return NULL;
}

static const char *parse_names(const struct value *v)
{
	return parse_words(v, check_name);
}

static const char *check_try(const struct value *v, struct text *word, size_t index)
{
	(void)index;
	if (text_is(*word, "$path") || text_is(*word, "$path/"))
		return NULL;
	if (word->p[0] == '/' && text_find(*word, '$') == word->n)
		return NULL;
	return wrong(v, *word,
		     "is not allowed here; allowed are $path, $path/ and paths such as "
		     "/index.php");
}

static const char *parse_try(const struct value *v)
{
	return parse_words(v, check_try);
}

/* ---- hosts and addresses ---- */

static bool host_octets(struct text t)
{
	if (t.n == 0 || t.n > 253 || t.p[0] == '.' || t.p[t.n - 1] == '.')
		return false;
	for (size_t i = 0; i < t.n; i++) {
		char c = t.p[i];

		if (!ascii_alpha(c) && !ascii_digit(c) && c != '-' && c != '_' && c != '.')
			return false;
		if (c == '.' && t.p[i + 1] == '.')
			return false;
	}
	return true;
}

/* Whether the text is a numeric address of the family. */
static bool numeric(int family, struct text t)
{
	char buf[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	if (t.n >= sizeof buf)
		return false;
	memcpy(buf, t.p, t.n);
	buf[t.n] = '\0';
	return inet_pton(family, buf, &addr) == 1;
}

static bool bracketed(struct text t)
{
	return t.n > 2 && t.p[0] == '[' && t.p[t.n - 1] == ']' &&
	       numeric(AF_INET6, (struct text){t.p + 1, t.n - 2});
}

static const char *check_host(const struct value *v, struct text *word, size_t index)
{
	struct text name = *word;
	size_t colon = text_rfind(name, ':');
	uint64_t port;
	char *lower;

	(void)index;
	if (text_is(name, "*") || bracketed(name))
		goto lower;
	if (colon < name.n && text_u64(text_after(name, colon + 1), 65535, &port) == 0)
		return wrong(v, *word,
			     "has a port in it; [listen] says the port, hosts only names");
	if (text_starts(name, TEXT("*.")))
		name = text_after(name, 2);
	if (!host_octets(name))
		return wrong(v, *word,
			     "is not a host name; allowed are example.org, *.example.org "
			     "and * for all hosts");
lower:
	lower = pool_dup(v->pool, word->p, word->n);
	for (size_t i = 0; i < word->n; i++)
		lower[i] = ascii_lower(lower[i]);
	word->p = lower;
	return NULL;
}

static const char *parse_hosts(const struct value *v)
{
	return parse_words(v, check_host);
}

/* Host and port: what is wrong with them, or NULL. STAR: whether `*` is a host. */
static const char *wrong_address(struct text t, bool star)
{
	size_t colon = text_rfind(t, ':');
	struct text host = {t.p, colon};
	uint64_t port;

	if (text_starts(t, TEXT("unix:")) || t.p[0] == '/')
		return "is a socket in the file system, which is not possible here; write "
		       "HOST:PORT";
	if (numeric(AF_INET6, t) || (numeric(AF_INET6, host) && colon < t.n))
		return "is not clear; an IPv6 address stands in brackets, [::1]:8080";
	if (colon == t.n || bracketed(t))
		return "has no port; write for example 127.0.0.1:8080, [::1]:8080 or "
		       "localhost:8080";
	if (text_u64(text_after(t, colon + 1), 65535, &port) || port == 0)
		return "has no valid port; a port is a number from 1 to 65535";
	if (text_is(host, "*"))
		return star ? NULL : "names no host; * is for [listen] only";
	if (!bracketed(host) && !numeric(AF_INET, host) && !text_is(host, "localhost"))
		return "has no valid host; allowed are numeric addresses such as 127.0.0.1 and "
		       "[::1], and localhost";
	return NULL;
}

static const char *check_address(const struct value *v, struct text *word, size_t index)
{
	const char *why = wrong_address(*word, true);

	(void)index;
	return why ? wrong(v, *word, why) : NULL;
}

static const char *parse_address(const struct value *v)
{
	return parse_words(v, check_address);
}

static const char *parse_backend(const struct value *v)
{
	struct text scheme = TEXT("unix:"), path;
	const char *why;

	if (text_starts(v->text, scheme) && v->text.n > scheme.n) {
		path = make_path(v, text_after(v->text, scheme.n));
		if (path.n >= sizeof((struct sockaddr_un *)NULL)->sun_path)
			return wrong(v, path,
				     "is too long for a socket; 107 characters are the limit");
		store_text(v, pool_printf(v->pool, "unix:%s", path.p));
		return NULL;
	}
	if (text_starts(v->text, scheme) || v->text.p[0] == '/')
		return wrong(v, v->text, "is not an address; write unix:/run/NAME.sock");
	why = wrong_address(v->text, false);
	if (why)
		return wrong(v, v->text, why);
	store_text(v, v->text);
	return NULL;
}

/* ---- routes ---- */

/* A path as the router has it after normalising: no empty, `.` or `..` segments. */
static bool normal_path(struct text t)
{
	struct text rest = text_after(t, 1);

	while (rest.n) {
		struct text segment = text_cut(&rest, '/');

		if (segment.n == 0 || text_is(segment, ".") || text_is(segment, ".."))
			return false;
	}
	return true;
}

static const char *parse_match(const struct value *v)
{
	struct text t = v->text, bare = t;

	if (text_starts(t, TEXT("*."))) {
		bare = text_after(t, 2);
		if (!bare.n || text_find(bare, '/') < bare.n)
			bare.n = 0;
	} else if (t.p[0] != '/') {
		bare.n = 0;
	}
	if (!bare.n || text_find(bare, '*') < bare.n || text_find(bare, ' ') < bare.n)
		return wrong(v, t,
			     "matches nothing; allowed are an extension such as *.php, a path "
			     "that ends in / for all below it, and the path of one file");
	if (t.p[0] == '/' &&
	    (text_find(t, '?') < t.n || text_find(t, '#') < t.n || !normal_path(t)))
		return wrong(v, t,
			     "matches nothing; paths are compared without query and after "
			     "//, /./ and /../ are gone");
	store_text(v, t);
	return NULL;
}

/* ---- all of them ---- */

static parse_value *const parsers[] = {
    [TYPE_STRING] = parse_string,   [TYPE_PATH] = parse_path,	    [TYPE_NUMBER] = parse_number,
    [TYPE_SIZE] = parse_size,	    [TYPE_TIME] = parse_time,	    [TYPE_BOOL] = parse_bool,
    [TYPE_CHOICE] = parse_choice,   [TYPE_ADDRESS] = parse_address, [TYPE_BACKEND] = parse_backend,
    [TYPE_COMMAND] = parse_command, [TYPE_HOSTS] = parse_hosts,	    [TYPE_NAMES] = parse_names,
    [TYPE_TRY] = parse_try,	    [TYPE_MATCH] = parse_match,	    [TYPE_SECTION] = parse_string,
};

/* Position of a `#` that stands where a comment would begin, t.n when there is none. */
static size_t find_hash(struct text t)
{
	for (size_t i = 1; i < t.n; i++) {
		if (t.p[i] == '#' && (t.p[i - 1] == ' ' || t.p[i - 1] == '\t'))
			return i;
	}
	return t.n;
}

const char *conf_value_set(const struct conf_key *key, const char *value, const char *dir,
			   struct pool *pool, void *into)
{
	struct value v = {key, text_of(value), dir, pool, (char *)into + key->offset};

	assert(key->type < sizeof parsers / sizeof *parsers);
	if (!v.text.n)
		return "there is no value after the \"=\"";
	if (v.text.p[0] == '"' || v.text.p[0] == '\'')
		return "the value begins with a quote; values are written without quotes";
	if (find_hash(v.text) < v.text.n)
		return wrong(&v, v.text,
			     "has a # after a blank; a comment behind a value begins with ;");
	return parsers[key->type](&v);
}
