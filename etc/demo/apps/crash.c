/* SPDX-License-Identifier: MIT */
/*
 * Dies, ?when=start (before anything), hint (after a 103), head (in the middle of the head), body
 * (in the middle of the body) or exit (after the whole answer, before the end of the request is
 * told). With ?when=nothing the request ends without an answer; with ?when=nonsense the head is
 * broken. Anything else is a whole answer with this process's number.
 */
#include <stdlib.h>
#include <unistd.h>

#include "etc/demo/apps/app.h"

static _Noreturn void die(FCGX_Request *r)
{
	app_flush(r);
	_exit(1);
}

static void answer(FCGX_Request *r)
{
	if (app_query_is(r, "when", "nothing"))
		return;
	if (app_query_is(r, "when", "start"))
		die(r);
	if (app_query_is(r, "when", "nonsense")) {
		FCGX_PutS("this is\nno head at all\n\n", r->out);
		return;
	}
	if (app_query_is(r, "when", "hint")) {
		FCGX_PutS("Status: 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
			  r->out);
		die(r);
	}
	FCGX_PutS("Content-Type: text/plain\r\n", r->out);
	if (app_query_is(r, "when", "head"))
		die(r);
	FCGX_FPrintF(r->out, "\r\nprocess %d\n", (int)getpid());
	if (app_query_is(r, "when", "body") || app_query_is(r, "when", "exit"))
		die(r);
}

int main(void)
{
	return app_serve(answer);
}
