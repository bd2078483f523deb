/* SPDX-License-Identifier: MIT */
/*
 * Sends ?n=OCTETS, by default 1,000,000: octet number i is i modulo 251, so that a reader can tell
 * whether one is missing. Content-Length is told unless ?length=off; ?length=NUMBER tells another
 * one, which makes a broken response.
 */
#include "etc/demo/apps/app.h"

static void answer(FCGX_Request *r)
{
	long long n = (long long)app_query(r, "n", 1e6);
	long long length = (long long)app_query(r, "length", (double)n);
	char buf[251 * 64];

	for (unsigned i = 0; i < sizeof buf; i++)
		buf[i] = (char)(i % 251);
	FCGX_PutS("Content-Type: application/octet-stream\r\n", r->out);
	if (!app_query_is(r, "length", "off"))
		FCGX_FPrintF(r->out, "Content-Length: %lld\r\n", length);
	FCGX_PutS("\r\n", r->out);
	for (; n > 0; n -= (long long)sizeof buf) {
		int part = n < (long long)sizeof buf ? (int)n : (int)sizeof buf;

		if (FCGX_PutStr(buf, part, r->out) < 0)
			return;
	}
}

int main(void)
{
	return app_serve(answer);
}
