/* SPDX-License-Identifier: MIT */
#include "tests/unit/run.h"

suite_maker filecache_suite;
suite_maker files_suite;

int main(void)
{
	static suite_maker *const all[] = {filecache_suite, files_suite, NULL};

	return run_suites(all);
}
