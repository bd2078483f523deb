/* SPDX-License-Identifier: MIT */
/* A small page, the same for people and programs; nothing of the request is repeated in it. */
#include "server/app/errpage.h"

#include "server/base/pool.h"
#include "server/http/exchange.h"
#include "server/http/status.h"

static unsigned status_of(const struct exchange *x)
{
	switch (x->why) {
	case XCHG_REFUSED:
		return x->refusal;
	case XCHG_BACKEND_DOWN:
		return 503;
	case XCHG_BACKEND_BAD:
		return 502;
	case XCHG_TIMEOUT:
		return 504;
	case XCHG_CLIENT_GONE:
	case XCHG_INTERNAL:
		break;
	}
	return 500;
}

static void start(struct exchange *x)
{
	unsigned status = status_of(x);
	const char *reason = http_reason(status);
	struct http_head head = http_response(status);
	struct text page =
	    pool_printf(x->pool,
			"<!DOCTYPE html>\n"
			"<html lang=\"en\"><meta charset=\"utf-8\"><title>%u %s</title>\n"
			"<meta name=\"viewport\" content=\"width=device-width\">\n"
			"<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:20vh "
			"auto;padding:0 1em;"
			"color-scheme:light dark}h1{font-weight:600}</style>\n"
			"<h1>%u %s</h1>\n",
			status, reason, status, reason);

	http_fields_add(&head.fields, x->pool, HTTP_CONTENT_TYPE, TEXT("text/html; charset=utf-8"));
	/* RFC 9110 section 10.2.3: when to come again. */
	if (status == 503)
		http_fields_add(&head.fields, x->pool, HTTP_RETRY_AFTER, TEXT("5"));
	head.content_length = (int64_t)page.n;
	xchg_respond(x, &head, false);
	xchg_write(x, page.p, page.n);
	xchg_finish(x);
}

const struct handler errpage_handler = {.name = "error page", .start = start};
