/* SPDX-License-Identifier: MIT */
#include "tests/unit/run.h"

suite_maker hpack_suite;
suite_maker hpack_enc_suite;

int main(void)
{
	static suite_maker *const all[] = {hpack_suite, hpack_enc_suite, NULL};

	return run_suites(all);
}
