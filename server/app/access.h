/* SPDX-License-Identifier: MIT */
/*
 * Access logs: the combined format and behind it what this server is about:
 *
 *   ::1 - - [21/Nov/2026:22:30:01 +0000] "GET /x.php HTTP/2.0" 200 5120 "-" "curl/8" \
 *       first=0.310 total=0.312 1xx=103x2
 *
 * first: seconds until the final head; total: until the exchange was over; 1xx: the last
 * informational status and the number of them, or -. A response that was cut off is marked `reset`.
 */
#ifndef OUTRIDER_APP_ACCESS_H
#define OUTRIDER_APP_ACCESS_H

struct access_log;
struct config;
struct exchange;
struct loop;

/* All logs of a configuration; NULL (and a line in the error log) when one cannot be opened. */
struct access_log *access_open(struct loop *, const struct config *);
/* Writes what is buffered, closes. */
void access_close(struct access_log *);
/* Opens the files anew, after rotation. */
void access_reopen(struct access_log *);
/* Logs a finished exchange, if its site has a log. */
void access_write(struct access_log *, const struct exchange *);

#endif
