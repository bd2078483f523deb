/* SPDX-License-Identifier: MIT */
/*
 * Browsers act on the Link fields of a 103, caches and crawlers see only the final head: so what
 * was hinted early is repeated there (RFC 8297 section 2 lets a server do so, and expects it).
 */
#include "gateway/hints.h"

#include <string.h>

#include "server/base/pool.h"

/* A head costs something even without a field: `:status` and its frame. */
enum { HEAD_COST = 16 };

static size_t octets_of(const struct http_head *h)
{
	size_t n = HEAD_COST;

	for (uint32_t i = 0; i < h->fields.n; i++)
		n += h->fields.v[i].name.n + h->fields.v[i].value.n;
	return n;
}

/* Whether a list holds the link as a member of its own, between commas. */
static bool lists(struct text v, struct text link)
{
	while (v.n >= link.n) {
		const char *at = memmem(v.p, v.n, link.p, link.n);
		struct text before, after;

		if (!at)
			return false;
		before = text_trim((struct text){v.p, (size_t)(at - v.p)});
		v = text_after(v, (size_t)(at - v.p) + link.n);
		after = text_trim(v);
		if ((!before.n || before.p[before.n - 1] == ',') && (!after.n || after.p[0] == ','))
			return true;
	}
	return false;
}

/* Whether the fields have this link: as a field of its own, or as a member of a joined one. */
static bool has_link(const struct http_fields *f, struct text link)
{
	for (uint32_t i = 0; i < f->n; i++) {
		if (f->v[i].token == HTTP_LINK && lists(f->v[i].value, link))
			return true;
	}
	return false;
}

static void remember(struct hints *k, const struct http_head *h, struct pool *pool)
{
	for (uint32_t i = 0; i < h->fields.n; i++) {
		const struct http_field *f = &h->fields.v[i];

		if (f->token == HTTP_LINK && f->value.n && !has_link(&k->links, f->value))
			http_fields_add(&k->links, pool, HTTP_LINK, pool_text(pool, f->value));
	}
}

enum hints_verdict hints_judge(struct hints *k, const struct http_head *h, struct pool *pool,
			       bool pass, bool carry, size_t max)
{
	if (h->status == 100)
		return HINTS_PASS;
	/* RFC 9113 section 8.6: HTTP/2 has no 101. */
	if (h->status == 101)
		return HINTS_DROP;
	k->octets += octets_of(h);
	if (k->octets > max) {
		bool first = !k->dropped;

		k->dropped = true;
		return first ? HINTS_OVER : HINTS_DROP;
	}
	if (carry && h->status == 103)
		remember(k, h, pool);
	return pass ? HINTS_PASS : HINTS_DROP;
}

void hints_carry(const struct hints *k, struct http_head *final, struct pool *pool)
{
	uint32_t own = final->fields.n;

	for (uint32_t i = 0; i < k->links.n; i++) {
		struct http_fields present = {.v = final->fields.v, .n = own};

		if (!has_link(&present, k->links.v[i].value))
			http_fields_add(&final->fields, pool, HTTP_LINK, k->links.v[i].value);
	}
}
