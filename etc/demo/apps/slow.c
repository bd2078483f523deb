/* SPDX-License-Identifier: MIT */
/*
 * Takes its time: ?head=SECONDS before the head (1), then ?lines=N lines (5), ?gap=SECONDS between
 * one and the next (0.2). With ?progress=SECONDS, 102 (Processing) is sent in that interval while
 * the head is awaited.
 */
#include "etc/demo/apps/app.h"

static void wait_for_head(FCGX_Request *r, double seconds)
{
	double interval = app_query(r, "progress", 0);

	for (; interval > 0 && seconds > interval; seconds -= interval) {
		app_sleep(interval);
		FCGX_PutS("Status: 102 Processing\r\n\r\n", r->out);
		app_flush(r);
	}
	app_sleep(seconds);
}

static void answer(FCGX_Request *r)
{
	long lines = (long)app_query(r, "lines", 5);
	double gap = app_query(r, "gap", 0.2);

	wait_for_head(r, app_query(r, "head", 1));
	FCGX_PutS("Content-Type: text/plain; charset=utf-8\r\n\r\n", r->out);
	app_flush(r);
	for (long i = 1; i <= lines; i++) {
		if (FCGX_FPrintF(r->out, "line %ld\n", i) < 0)
			return;
		app_flush(r);
		if (i < lines)
			app_sleep(gap);
	}
}

int main(void)
{
	return app_serve(answer);
}
