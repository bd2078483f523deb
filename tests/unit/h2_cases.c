/* SPDX-License-Identifier: MIT */
#include "tests/unit/h2_cases.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/peer/h2_client.h"
#include "tests/unit/run.h"

enum { TWO_WAY = 60 }; /* two-way splits of each feed: within the first so many octets */

/* Whether the trace is as it should be; a report of the difference otherwise. */
static bool run(const struct h2_case *t, struct h2_cuts cuts, struct octets *report)
{
	char *trace = h2_client_play(t->script, cuts);
	bool same = strcmp(trace, t->want) == 0;

	if (!same)
		octets_print(report,
			     "%s (first %zu, feed %zu, write %zu)\n--- wanted:\n%s--- came:\n%s",
			     t->name, cuts.first, cuts.feed, cuts.write, t->want, trace);
	free(trace);
	return same;
}

/* All cuts of one row, up to the first that makes a difference. */
static void run_row(const struct h2_case *t, struct octets *report)
{
	static const size_t steps[] = {0, 1, 2, 7, 16383};
	bool same = run(t, (struct h2_cuts){.feed = 1, .write = 1}, report);

	for (size_t i = 0; same && i < sizeof steps / sizeof *steps; i++)
		same = run(t, (struct h2_cuts){.feed = steps[i]}, report) &&
		       run(t, (struct h2_cuts){.write = steps[i]}, report);
	for (size_t first = 1; same && first <= TWO_WAY; first++)
		same = run(t, (struct h2_cuts){.first = first}, report);
}

void h2_cases_run(const struct h2_case *table, size_t n)
{
	struct octets report = {0};

	for (size_t i = 0; i < n; i++)
		run_row(&table[i], &report);
	if (report.n)
		ck_abort_msg("%s", (char *)report.p);
}
