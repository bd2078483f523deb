/* SPDX-License-Identifier: MIT */
#include "tests/unit/run.h"

suite_maker http_suite;
suite_maker exchange_suite;

int main(void)
{
	static suite_maker *const all[] = {http_suite, exchange_suite, NULL};

	return run_suites(all);
}
