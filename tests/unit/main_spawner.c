/* SPDX-License-Identifier: MIT */
#include "tests/unit/run.h"

suite_maker spawn_talk_suite;
suite_maker spawner_suite;

int main(void)
{
	static suite_maker *const all[] = {spawn_talk_suite, spawner_suite, NULL};

	return run_suites(all);
}
