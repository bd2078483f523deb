/* SPDX-License-Identifier: MIT */
#include "tests/unit/run.h"

suite_maker config_suite;

int main(void)
{
	static suite_maker *const all[] = {config_suite, NULL};

	return run_suites(all);
}
