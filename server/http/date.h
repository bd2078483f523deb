/* SPDX-License-Identifier: MIT */
/* Dates in the preferred format of RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". */
#ifndef OUTRIDER_HTTP_DATE_H
#define OUTRIDER_HTTP_DATE_H

#include <time.h>

#include "server/base/text.h"

enum { HTTP_DATE_LEN = 29 };

/* Writes HTTP_DATE_LEN octets and a NUL. */
void http_date_put(char buf[HTTP_DATE_LEN + 1], time_t);
/* Reads any of the three formats of RFC 9110 section 5.6.7; -1 when it is none. */
int http_date_parse(struct text, time_t *);

#endif
