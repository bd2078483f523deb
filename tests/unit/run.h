/* SPDX-License-Identifier: MIT */
/* The main program of every unit test: runs the suites it is given. */
#ifndef OUTRIDER_TESTS_UNIT_RUN_H
#define OUTRIDER_TESTS_UNIT_RUN_H

#include <check.h>

typedef Suite *suite_maker(void);

/* Runs all suites of a NULL-terminated list; the exit status of the program. */
int run_suites(suite_maker *const *);

#endif
