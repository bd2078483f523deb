/* SPDX-License-Identifier: MIT */
/* The smallest answer: one line of text. */
#include "etc/demo/apps/app.h"

static void answer(FCGX_Request *r)
{
	FCGX_PutS("Content-Type: text/plain; charset=utf-8\r\n\r\nHello from FastCGI.\n", r->out);
}

int main(void)
{
	return app_serve(answer);
}
