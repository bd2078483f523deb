/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over files, without libFuzzer: `fuzz_NAME [FILE | FOLDER]...`. Without
 * arguments it takes the corpus of its own name, $top_srcdir/tests/fuzz/corpus/NAME. Each input is
 * handed over in memory of exactly its size, so that the sanitizers see a read beyond it.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static unsigned done;

static _Noreturn void give_up(const char *path)
{
	perror(path);
	exit(EXIT_FAILURE);
}

static void run_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *octets = malloc(size ? size : 1);

	if (!f || !octets || fread(octets, 1, size, f) != size)
		give_up(path);
	fclose(f);
	LLVMFuzzerTestOneInput(octets, size);
	free(octets);
	done++;
}

static void run_path(const char *path);

static void run_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char name[4096];

	if (!dir)
		give_up(path);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		run_path(name);
	}
	closedir(dir);
}

static void run_path(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		give_up(path);
	if (S_ISDIR(st.st_mode))
		run_folder(path);
	else
		run_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
	const char *top = getenv("top_srcdir");
	char corpus[4096];

	for (int i = 1; i < argc; i++)
		run_path(argv[i]);
	if (argc == 1) {
		if (strncmp(name, "fuzz_", 5) == 0)
			name += 5;
		snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/%s", top ? top : ".", name);
		run_folder(corpus);
	}
	printf("%s: %u inputs\n", argv[0], done);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
