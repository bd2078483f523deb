/* SPDX-License-Identifier: MIT */
/* The command line. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ev.h>
#include <openssl/crypto.h>

#include "build.h"
#include "server/app/config.h"
#include "server/app/supervisor.h"
#include "server/base/log.h"

static const char usage[] =
    "usage: outrider [-c FILE] [-t] [-d AREAS]\n"
    "\n"
    "  -c FILE         configuration (" OUTRIDER_CONFIG ")\n"
    "  -t              check the configuration and exit\n"
    "  -d AREAS        trace to the error log: server, h2, fcgi, cgi, http, tls, files\n"
    "                  (several with commas: -d h2,fcgi)\n"
    "      --version   show versions and exit\n"
    "      --help      show this and exit\n"
    "\n"
    "Signals: TERM ends gracefully, a second TERM at once; USR1 opens the logs anew.\n"
    "More in outrider(8) and outrider.conf(5).\n";

struct options {
	const char *config;
	bool check;
};

static void print_version(void)
{
	printf("outrider %s\n%s\nlibev %d.%d\n", PACKAGE_VERSION, OpenSSL_version(OPENSSL_VERSION),
	       ev_version_major(), ev_version_minor());
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"version", no_argument, NULL, 'V'},
					      {"help", no_argument, NULL, 'h'},
					      {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "c:td:", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 't':
			o->check = true;
			break;
		case 'd':
			if (log_set_trace(optarg)) {
				fprintf(stderr, "outrider: -d %s: the areas are %s\n", optarg,
					log_area_names());
				return 2;
			}
			break;
		case 'V':
			print_version();
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("outrider --help shows what there is\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr,
			"outrider: unexpected argument %s; outrider --help shows what there is\n",
			argv[optind]);
		return 2;
	}
	return -1;
}

/* What is opened later must not take the place of a standard stream that was closed. */
static void keep_standard_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct options o = {.config = OUTRIDER_CONFIG};
	struct config *config;
	int r;

	keep_standard_streams();
	r = parse_options(argc, argv, &o);

	if (r >= 0)
		return r;
	config = config_read(o.config, stderr);
	if (!config) {
		if (!o.check)
			fprintf(stderr, "outrider: not started\n");
		return EXIT_FAILURE;
	}
	if (o.check) {
		r = supervisor_check(config) ? EXIT_FAILURE : EXIT_SUCCESS;
		if (r == EXIT_SUCCESS)
			printf("%s: the configuration is fine\n", o.config);
		config_free(config);
		return r;
	}
	if (log_open(config->server.error_log)) {
		fprintf(stderr, "outrider: error_log %s cannot be opened: %s\n",
			config->server.error_log, strerror(errno));
		config_free(config);
		return EXIT_FAILURE;
	}
	log_set_level(config->server.log_level);
	r = supervisor_run(config);
	config_free(config);
	return r;
}
