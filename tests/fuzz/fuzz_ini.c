/* SPDX-License-Identifier: MIT */
/*
 * The configuration from arbitrary octets. A text that is refused must say why, a line each and of
 * printable characters only; one that is accepted must hold together.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/app/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void check_route(const struct config *c, const struct conf_route *r)
{
	assert(r->match && r->name && r->index < c->route_count);
	assert((r->handler == CONF_FASTCGI) == (r->fastcgi != NULL));
	assert(conf_route_root(r)[0] == '/');
	assert(r->env.n >= r->site->env.n);
	for (size_t i = 0; i < r->env.n; i++)
		assert(r->env.v[i].name.n && r->env.v[i].value.p);
}

static void check_config(const struct config *c)
{
	const struct conf_server *s = &c->server;

	assert(s->workers && s->max_streams && s->stream_window <= s->connection_window);
	assert(c->listens && c->sites);
	for (const struct conf_listen *l = c->listens; l; l = l->next)
		assert(l->address.n && l->tls == (l->certificate != NULL));
	for (const struct conf_fastcgi *f = c->fastcgis; f; f = f->next)
		assert((f->connect != NULL) != (f->command.n > 0) && f->keep <= f->max_connections);
	for (const struct conf_site *site = c->sites; site; site = site->next) {
		assert(site->hosts.n && site->index.n && site->root[0] == '/');
		for (const struct conf_route *r = site->routes; r; r = r->next)
			check_route(c, r);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
	char *errors;
	size_t len;
	FILE *to = open_memstream(&errors, &len);
	struct config *c = config_read_text("x.ini", (const char *)octets, n, to);

	fclose(to);
	assert((c == NULL) == (len > 0));
	for (size_t i = 0; i < len; i++)
		assert(errors[i] == '\n' || (errors[i] >= 0x20 && errors[i] < 0x7f));
	assert(!len || errors[len - 1] == '\n');
	if (c)
		check_config(c);
	config_free(c);
	free(errors);
	return 0;
}
