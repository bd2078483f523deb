/* SPDX-License-Identifier: MIT */
#include "tests/unit/run.h"

suite_maker hpack_suite;
suite_maker hpack_enc_suite;
suite_maker h2_conn_suite;
suite_maker h2_recv_suite;
suite_maker h2_send_suite;

int main(void)
{
	static suite_maker *const all[] = {hpack_suite,	  hpack_enc_suite, h2_conn_suite,
					   h2_recv_suite, h2_send_suite,   NULL};

	return run_suites(all);
}
