/* SPDX-License-Identifier: MIT */
/* Values: from the text behind the "=" to the member of a structure in config.h. */
#ifndef OUTRIDER_APP_CONFIG_VALUE_H
#define OUTRIDER_APP_CONFIG_VALUE_H

#include "server/app/config_keys.h"

struct pool;

/*
 * Reads VALUE into the member of *INTO that the row names. DIR is the folder that relative paths
 * begin at, absolute. The result is NULL, or what is wrong with the value, for a message; the
 * member is untouched then. What is stored and what is returned lives in the pool.
 */
const char *conf_value_set(const struct conf_key *, const char *value, const char *dir,
			   struct pool *, void *into);

#endif
