/* SPDX-License-Identifier: MIT */
/*
 * Early Hints from C: a header block with the status 103 goes out at once, the page itself only
 * after a second of "work" (?sleep=SECONDS). Meanwhile the browser fetches what the page will need.
 */
#include "etc/demo/apps/app.h"

static void put_page(FCGX_Request *r, double hinted, double ready)
{
	FCGX_PutS("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		  "<title>C, libfcgi - Outrider</title>\n"
		  "<link rel=\"icon\" href=\"/logo.svg\">\n"
		  "<link rel=\"stylesheet\" href=\"/style.css\">\n"
		  "<script src=\"/app.js\" defer></script>\n</head>\n<body>\n<main>\n"
		  "<p><a href=\"/\">&larr; Outrider</a></p>\n<h1>C, libfcgi</h1>\n"
		  "<p class=\"lead\">103 (Early Hints) by <code>FCGX_PutS</code> and "
		  "<code>FCGX_FFlush</code>, the page a second "
		  "later.</p>\n<dl>\n<dt>Protocol</dt><dd>",
		  r->out);
	app_put_escaped(r, app_var(r, "SERVER_PROTOCOL"));
	FCGX_FPrintF(r->out,
		     "</dd>\n<dt>103 written after</dt><dd>%.1f ms</dd>\n"
		     "<dt>200 written after</dt><dd>%.1f ms</dd>\n</dl>\n",
		     hinted * 1e3, ready * 1e3);
	FCGX_PutS("<h2>What the browser saw</h2>\n<div id=\"timings\"></div>\n"
		  "</main>\n</body>\n</html>\n",
		  r->out);
}

static void answer(FCGX_Request *r)
{
	double start = app_now(), hinted;

	FCGX_PutS("Status: 103 Early Hints\r\n"
		  "Link: </style.css>; rel=preload; as=style\r\n"
		  "Link: </app.js>; rel=preload; as=script\r\n\r\n",
		  r->out);
	app_flush(r);
	hinted = app_now() - start;
	app_sleep(app_query(r, "sleep", 1));
	FCGX_PutS("Status: 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
		  "Cache-Control: no-store\r\n\r\n",
		  r->out);
	put_page(r, hinted, app_now() - start);
}

int main(void)
{
	return app_serve(answer);
}
