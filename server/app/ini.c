/* SPDX-License-Identifier: MIT */
/*
 * inih asks for lines through a callback and answers with pairs of name and value. This file is
 * that callback, and the judge of each line before inih gets it:
 *
 *     text --take_line--> admit --next_line--> inih --take_pair--> name, value --flush--> sink->key
 *                           |
 *                           +-- sink->section, sink->error
 *
 * The judge is there because inih 55, as Debian builds it, cuts a line after 199 octets and a name
 * of a section after 49, says nothing of a section without keys, takes `:` for `=`, joins any
 * indented line (be it a key or a section) to the value above, leaves comments on such lines in
 * place, and gives no line numbers. So sections are announced from here, comments are cut here,
 * and a value is handed on only when the line after it shows that it is complete.
 *
 * After a line that was refused the indented lines below it are skipped: they would continue
 * something that is not there. A section header that was refused is told as NULL.
 */
#include "server/app/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/base/log.h"

struct reader {
	struct text rest;
	const struct ini_sink *sink;
	void *to;
	unsigned line;
	bool joins;    /* the line that inih has continues the value at hand */
	bool owed;     /* inih has a line and has not answered with a pair yet */
	bool skip;     /* indented lines continue something that was refused */
	bool complete; /* name and value below hold a pair, begun at key_line */
	unsigned key_line;
	size_t value_len;
	char name[INI_LINE_MAX + 1];
	char value[INI_VALUE_MAX + 1];
};

static __attribute__((format(printf, 2, 3))) void refuse(struct reader *r, const char *fmt, ...)
{
	char message[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	r->skip = true;
	r->sink->error(r->to, r->line, message);
}

/* Hands on the pair at hand: what comes next does not continue it. */
static void flush(struct reader *r)
{
	if (!r->complete)
		return;
	r->complete = false;
	r->value[r->value_len] = '\0';
	r->sink->key(r->to, r->key_line, r->name, r->value);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool word_octet(char c)
{
	return ascii_alpha(c) || ascii_digit(c) || c == '_' || c == '-';
}

/* The line without a comment at its end, which begins at a `;` after a blank. */
static struct text without_comment(struct text t)
{
	for (size_t i = 1; i < t.n; i++) {
		if (t.p[i] == ';' && blank(t.p[i - 1])) {
			t.n = i;
			break;
		}
	}
	return text_trim(t);
}

/* ---- the judge ---- */

/* A header: `[` and a name and `]`, and nothing more. */
static bool admit_section(struct reader *r, struct text t)
{
	char name[INI_SECTION_MAX + 1];
	struct text inner;
	size_t end = text_find(t, ']');

	if (end == t.n) {
		refuse(r, "a section begins with \"[\" but has no \"]\"");
	} else if (end + 1 < t.n) {
		refuse(r,
		       "there is something behind the \"]\" of a section; a comment there begins "
		       "with \" ;\"");
	} else if (end - 1 > INI_SECTION_MAX) {
		refuse(r, "the name of a section may have %d characters, this one has %zu",
		       INI_SECTION_MAX, end - 1);
	} else {
		inner = text_trim((struct text){t.p + 1, end - 1});
		memcpy(name, inner.p, inner.n);
		name[inner.n] = '\0';
		r->sink->section(r->to, r->line, name);
		r->skip = false;
		return true;
	}
	r->sink->section(r->to, r->line, NULL);
	return false;
}

static bool admit_key(struct reader *r, struct text t)
{
	size_t at = text_find(t, '='), colon = text_find(t, ':');
	char shown[80];

	if (at == 0) {
		refuse(r, "there is no key before the \"=\"");
	} else if (colon < at) {
		text_escape(shown, sizeof shown, text_trim((struct text){t.p, colon}));
		refuse(r, "\"%s\" is followed by \":\"; write \"KEY = VALUE\"", shown);
	} else if (at == t.n) {
		text_escape(shown, sizeof shown, t);
		refuse(r, "there is no \"=\" after \"%s\"; write \"KEY = VALUE\"", shown);
	} else {
		r->skip = false;
		r->joins = false;
		r->owed = true;
		return true;
	}
	return false;
}

/*
 * An indented line. Whoever indents all keys of a section means keys, but by the rules of the
 * format the second one is a part of the first one's value: so what looks like a key or a section
 * is refused. `WORD =` does always, `WORD=` when there is such a key, since values such as
 * `env LANG=C program` are allowed to be continued before the word.
 */
static bool admit_continuation(struct reader *r, struct text t)
{
	size_t n = 0, at;
	char shown[80], above[80];

	if (r->skip)
		return false;
	while (n < t.n && word_octet(t.p[n]))
		n++;
	for (at = n; at < t.n && blank(t.p[at]);)
		at++;
	text_escape(shown, sizeof shown, (struct text){t.p, n});
	text_escape(above, sizeof above, r->complete ? text_of(r->name) : TEXT(""));
	if (t.p[0] == '[' && t.p[t.n - 1] == ']') {
		refuse(r, "a section begins in the first column; this line begins with a blank");
	} else if (!r->complete) {
		refuse(r, "this line begins with a blank, as if it continued a value, but there is "
			  "no key "
			  "right above it; keys begin in the first column");
	} else if (n && at < t.n && t.p[at] == '=' &&
		   (at > n || r->sink->is_key(r->to, (struct text){t.p, n}))) {
		refuse(r,
		       "this line begins with a blank and so continues the value of \"%s\"; "
		       "move \"%s\" to the first column",
		       above, shown);
	} else {
		r->joins = true;
		r->owed = true;
		return true;
	}
	return false;
}

/* Position of the first octet that no text has, t.n when there is none. */
static size_t find_junk(struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		unsigned char c = (unsigned char)t.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return i;
	}
	return t.n;
}

/* Whether inih may see the line; *T loses its comment. */
static bool admit(struct reader *r, struct text *t)
{
	bool indented = t->n && blank(t->p[0]);
	struct text whole = *t;
	size_t junk = find_junk(whole);

	*t = text_trim(whole);
	if (t->n && (t->p[0] == ';' || t->p[0] == '#') && junk == whole.n)
		return false;
	if (!indented || !t->n)
		flush(r);
	if (junk < whole.n) {
		refuse(r, "octet 0x%02x in column %zu: this is not a text file",
		       (unsigned)(unsigned char)whole.p[junk], junk + 1);
		r->sink->section(r->to, r->line, NULL); /* nobody knows what would have come */
		r->rest.n = 0;
		return false;
	}
	if (!t->n)
		return false;
	if (whole.n > INI_LINE_MAX) {
		refuse(r,
		       "a line may have %d characters, this one has %zu; a value may go on in the "
		       "next line when that begins with a blank",
		       INI_LINE_MAX, whole.n);
		if (whole.p[0] == '[')
			r->sink->section(r->to, r->line, NULL);
		return false;
	}
	*t = without_comment(*t);
	if (indented)
		return admit_continuation(r, *t);
	return t->p[0] == '[' ? admit_section(r, *t) : admit_key(r, *t);
}

/* ---- between here and inih ---- */

static struct text take_line(struct reader *r)
{
	struct text t = text_cut(&r->rest, '\n');

	if (t.n && t.p[t.n - 1] == '\r')
		t.n--;
	r->line++;
	return t;
}

/* inih has looked at the line it was given; one that promised a pair and gave none is lost. */
static void settle(struct reader *r)
{
	if (r->owed)
		refuse(r, "the INI library does not understand this line");
	r->owed = false;
}

/*
 * ini_reader of inih, like fgets(). A continuation goes with one blank before it, whatever it had,
 * which is all inih looks at.
 */
static char *next_line(char *to, int room, void *from)
{
	struct reader *r = from;

	settle(r);
	while (r->rest.n) {
		struct text t = take_line(r);
		bool joins;

		if (!admit(r, &t))
			continue;
		joins = r->owed && r->joins;
		/* Room for the longest line is there in inih 55; another build might have less. */
		if (t.n + joins + 2 > (size_t)room) {
			r->owed = false;
			refuse(r, "the INI library takes lines of %d characters only", room - 2);
			continue;
		}
		snprintf(to, (size_t)room, "%s%.*s\n", joins ? " " : "", (int)t.n, t.p);
		return to;
	}
	flush(r);
	return NULL;
}

static void append(struct reader *r, const char *value)
{
	size_t n = strlen(value), space = r->value_len ? 1 : 0;
	char shown[80];

	if (r->value_len + space + n > INI_VALUE_MAX) {
		r->complete = false;
		text_escape(shown, sizeof shown, text_of(r->name));
		refuse(r, "the value of \"%s\" grows over %d characters here", shown,
		       INI_VALUE_MAX);
		return;
	}
	if (space)
		r->value[r->value_len++] = ' ';
	memcpy(r->value + r->value_len, value, n);
	r->value_len += n;
}

/* ini_handler of inih; some builds of it announce sections with a name of NULL. */
static int take_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;

	(void)section;
	if (!name || !r->owed)
		return 1;
	r->owed = false;
	if (!r->joins) {
		snprintf(r->name, sizeof r->name, "%s", name);
		r->key_line = r->line;
		r->value_len = 0;
		r->complete = true;
	}
	append(r, value ? value : "");
	return 1;
}

void ini_read(struct text t, const struct ini_sink *sink, void *to)
{
	struct reader r;

	if (text_starts(t, TEXT("\xef\xbb\xbf"))) /* a byte order mark, which some editors leave */
		t = text_after(t, 3);
	memset(&r, 0, offsetof(struct reader, name));
	r.rest = t;
	r.sink = sink;
	r.to = to;
	/* Its result says only that some line had an error: settle() has told which. */
	ini_parse_stream(next_line, &r, take_pair, &r);
}

/* ---- files ---- */

/* The octets up to the end of the file, or one more than a file may have; NULL and errno. */
static char *read_all(int fd, size_t *n)
{
	char *octets = malloc(INI_FILE_MAX + 1);
	ssize_t got;

	if (!octets)
		oom();
	for (*n = 0; *n <= INI_FILE_MAX; *n += (size_t)got) {
		do
			got = read(fd, octets + *n, INI_FILE_MAX + 1 - *n);
		while (got < 0 && errno == EINTR);
		if (got < 0) {
			free(octets);
			return NULL;
		}
		if (got == 0)
			break;
	}
	return octets;
}

char *ini_load(const char *path, size_t *n, struct stat *st, const char **why)
{
	/* O_NONBLOCK: a named pipe must not make the start of the server wait for ever. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *octets = NULL;

	if (fd < 0) {
		*why = strerror(errno);
		return NULL;
	}
	if (fstat(fd, st))
		*why = strerror(errno);
	else if (S_ISDIR(st->st_mode))
		*why = "it is a directory";
	else if (!S_ISREG(st->st_mode))
		*why = "it is not a regular file";
	else if (!(octets = read_all(fd, n)))
		*why = strerror(errno);
	close(fd);
	if (octets && *n > INI_FILE_MAX) {
		*why = "it is larger than 1 MiB, which no configuration is";
		free(octets);
		octets = NULL;
	}
	return octets;
}
