/* SPDX-License-Identifier: MIT */
/* Status codes of the IANA registry and their reason phrases. */
#ifndef OUTRIDER_HTTP_STATUS_H
#define OUTRIDER_HTTP_STATUS_H

/* Constant, NUL-terminated; "Unknown" for a code that is not registered. */
const char *http_reason(unsigned status);

#endif
