/* SPDX-License-Identifier: MIT */
/*
 * Full duplex: the response begins before the request body has ended, and every piece of the body
 * goes back the moment it arrives. Behind a route with `request_body = stream`.
 */
#include "etc/demo/apps/app.h"

static void answer(FCGX_Request *r)
{
	const char *type = app_var(r, "CONTENT_TYPE");
	char buf[16384];
	int n;

	FCGX_FPrintF(r->out, "Content-Type: %s\r\n\r\n", *type ? type : "application/octet-stream");
	app_flush(r);
	while ((n = app_read(r, buf, sizeof buf)) > 0) {
		if (FCGX_PutStr(buf, n, r->out) < 0)
			return;
		app_flush(r);
	}
}

int main(void)
{
	return app_serve(answer);
}
