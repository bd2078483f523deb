/* SPDX-License-Identifier: MIT */
/* Own tables instead of strftime: the locale must not matter. */
#include "server/http/date.h"

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static void put2(char *to, int v)
{
	to[0] = (char)('0' + v / 10 % 10);
	to[1] = (char)('0' + v % 10);
}

void http_date_put(char buf[HTTP_DATE_LEN + 1], time_t t)
{
	struct tm tm;

	gmtime_r(&t, &tm);
	memcpy(buf, "xxx, dd mmm yyyy HH:MM:SS GMT", HTTP_DATE_LEN + 1);
	memcpy(buf, days + tm.tm_wday * 3, 3);
	put2(buf + 5, tm.tm_mday);
	memcpy(buf + 8, months + tm.tm_mon * 3, 3);
	put2(buf + 12, (tm.tm_year + 1900) / 100);
	put2(buf + 14, (tm.tm_year + 1900) % 100);
	put2(buf + 17, tm.tm_hour);
	put2(buf + 20, tm.tm_min);
	put2(buf + 23, tm.tm_sec);
}

static int month_of(struct text t)
{
	for (int i = 0; t.n == 3 && i < 12; i++) {
		if (memcmp(t.p, months + (size_t)i * 3, 3) == 0)
			return i;
	}
	return -1;
}

static int number(struct text t, int max)
{
	uint64_t v;

	return text_u64(t, (uint64_t)max, &v) ? -1 : (int)v;
}

static int put_clock(struct tm *tm, struct text t)
{
	if (t.n != 8 || t.p[2] != ':' || t.p[5] != ':')
		return -1;
	tm->tm_hour = number((struct text){t.p, 2}, 23);
	tm->tm_min = number((struct text){t.p + 3, 2}, 59);
	tm->tm_sec = number((struct text){t.p + 6, 2}, 60);
	return tm->tm_hour < 0 || tm->tm_min < 0 || tm->tm_sec < 0 ? -1 : 0;
}

/* RFC 9110 section 5.6.7: more than 50 years ahead is meant to be past. */
static int full_year(int two_digits)
{
	time_t t = time(NULL);
	struct tm now;
	int year;

	gmtime_r(&t, &now);
	year = (now.tm_year + 1900) / 100 * 100 + two_digits;
	return year > now.tm_year + 1900 + 50 ? year - 100 : year;
}

/* "06 Nov 1994 08:49:37 GMT", or with dashes and two digits of year (RFC 850). */
static int parse_day_first(struct text t, struct tm *tm)
{
	char sep = t.n > 2 && t.p[2] == '-' ? '-' : ' ';
	struct text year;

	tm->tm_mday = number(text_cut(&t, sep), 31);
	tm->tm_mon = month_of(text_cut(&t, sep));
	year = text_cut(&t, ' ');
	tm->tm_year = number(year, 9999) - 1900;
	if (year.n == 2)
		tm->tm_year = full_year(tm->tm_year + 1900) - 1900;
	if ((year.n != 4 && year.n != 2) || put_clock(tm, text_cut(&t, ' ')))
		return -1;
	return text_is(t, "GMT") ? 0 : -1;
}

/* "Nov  6 08:49:37 1994" */
static int parse_asctime(struct text t, struct tm *tm)
{
	struct text day;

	tm->tm_mon = month_of(text_cut(&t, ' '));
	day = text_cut(&t, ' ');
	if (!day.n)
		day = text_cut(&t, ' ');
	tm->tm_mday = number(day, 31);
	if (put_clock(tm, text_cut(&t, ' ')))
		return -1;
	tm->tm_year = number(t, 9999) - 1900;
	return t.n == 4 ? 0 : -1;
}

int http_date_parse(struct text t, time_t *when)
{
	struct tm tm = {0};
	struct text rest = t, day = text_cut(&rest, ' ');
	int r;

	if (!rest.p || day.n < 3)
		return -1;
	r = day.p[day.n - 1] == ',' ? parse_day_first(rest, &tm) : parse_asctime(rest, &tm);
	if (r || tm.tm_mday < 1 || tm.tm_mon < 0 || tm.tm_year < 0)
		return -1;
	*when = timegm(&tm);
	return 0;
}
