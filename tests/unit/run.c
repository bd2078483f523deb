/* SPDX-License-Identifier: MIT */
/*
 * Check prints a line with the totals; tests/run adds them up. CK_FORK=no in the environment keeps
 * all tests in one process, for a debugger.
 */
#include "tests/unit/run.h"

#include <stdlib.h>

int run_suites(suite_maker *const *make)
{
	SRunner *runner = srunner_create(NULL);
	int failed;

	for (; *make; make++)
		srunner_add_suite(runner, (*make)());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
