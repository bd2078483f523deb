/* SPDX-License-Identifier: MIT */
/* Tests of the HTTP/2 engine that are a script and the trace that it must leave. */
#ifndef OUTRIDER_TESTS_UNIT_H2_CASES_H
#define OUTRIDER_TESTS_UNIT_H2_CASES_H

#include <stddef.h>

struct h2_case {
	const char *name;   /* begins with the section of RFC 9113 where there is one */
	const char *script; /* see tests/peer/h2_script.c */
	const char *want;
};

/*
 * Plays the scripts of a table in many cuts of input and output; each trace must be the same in
 * all. All rows are tried before the test fails.
 */
void h2_cases_run(const struct h2_case *, size_t n);

#endif
