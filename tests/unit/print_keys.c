/* SPDX-License-Identifier: MIT */
/* Prints the table of keys for tests/arch/keys.sh. */
#include <stdio.h>

#include "server/app/config.h"

int main(void)
{
	config_print_keys(stdout);
	return fflush(stdout) ? 1 : 0;
}
