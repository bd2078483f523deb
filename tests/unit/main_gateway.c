/* SPDX-License-Identifier: MIT */
#include "tests/unit/run.h"

suite_maker cgi_env_suite;
suite_maker cgi_head_suite;
suite_maker fcgi_record_suite;

int main(void)
{
	static suite_maker *const all[] = {cgi_env_suite, cgi_head_suite, fcgi_record_suite, NULL};

	return run_suites(all);
}
