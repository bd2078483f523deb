/* SPDX-License-Identifier: MIT */
#include "tests/unit/run.h"

suite_maker base_suite;
suite_maker pipe_suite;

int main(void)
{
	static suite_maker *const all[] = {base_suite, pipe_suite, NULL};

	return run_suites(all);
}
