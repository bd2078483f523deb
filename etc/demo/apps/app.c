/* SPDX-License-Identifier: MIT */
#include "etc/demo/apps/app.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int app_serve(void (*answer)(FCGX_Request *))
{
	FCGX_Request r;

	if (FCGX_IsCGI()) {
		fputs("This is a FastCGI program: descriptor 0 must be a listening socket.\n",
		      stderr);
		return 1;
	}
	if (FCGX_Init() || FCGX_InitRequest(&r, 0, 0))
		return 1;
	while (FCGX_Accept_r(&r) == 0) {
		answer(&r);
		FCGX_Finish_r(&r);
	}
	return 1;
}

const char *app_var(const FCGX_Request *r, const char *name)
{
	const char *value = FCGX_GetParam(name, r->envp);

	return value ? value : "";
}

/* What follows KEY= in the query string, up to the end of the string; NULL when there is none. */
static const char *query_value(const FCGX_Request *r, const char *key)
{
	const char *at = app_var(r, "QUERY_STRING");
	size_t n = strlen(key);

	for (; at; at = strchr(at, '&')) {
		at += *at == '&';
		if (strncmp(at, key, n) == 0 && at[n] == '=')
			return at + n + 1;
	}
	return NULL;
}

double app_query(const FCGX_Request *r, const char *key, double otherwise)
{
	const char *value = query_value(r, key);
	char *end;
	double number;

	if (!value)
		return otherwise;
	number = strtod(value, &end);
	return end > value && number >= 0 ? number : otherwise;
}

bool app_query_is(const FCGX_Request *r, const char *key, const char *wanted)
{
	const char *value = query_value(r, key);
	size_t n = strlen(wanted);

	return value && strncmp(value, wanted, n) == 0 && (value[n] == '\0' || value[n] == '&');
}

int app_read(FCGX_Request *r, char *to, int room)
{
	int first = FCGX_GetChar(r->in);
	long more;

	if (first < 0)
		return 0;
	to[0] = (char)first;
	more = r->in->stop - r->in->rdNext;
	if (more > room - 1)
		more = room - 1;
	return more > 0 ? 1 + FCGX_GetStr(to + 1, (int)more, r->in) : 1;
}

void app_put_escaped(FCGX_Request *r, const char *s)
{
	for (; *s; s++) {
		if (*s == '<')
			FCGX_PutS("&lt;", r->out);
		else if (*s == '>')
			FCGX_PutS("&gt;", r->out);
		else if (*s == '&')
			FCGX_PutS("&amp;", r->out);
		else if (*s == '"')
			FCGX_PutS("&quot;", r->out);
		else
			FCGX_PutChar(*s, r->out);
	}
}

void app_flush(FCGX_Request *r)
{
	FCGX_FFlush(r->out);
}

double app_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void app_sleep(double seconds)
{
	struct timespec t = {.tv_sec = (time_t)seconds};

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	while (nanosleep(&t, &t) && errno == EINTR)
		;
}
