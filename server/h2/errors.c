/* SPDX-License-Identifier: MIT */
/* Names of error codes, from the one table. */
#include "server/h2/errors.h"

const char *h2_err_name(uint32_t code)
{
	switch (code) {
#define X(id, value) \
	case value:  \
		return #id;
		H2_ERRORS(X)
#undef X
	default:
		return "unknown error";
	}
}
