/* Runs a fuzz target over every file of the directories given as arguments: the corpus as a regression test.
 * A directory without files fails, so that a moved corpus is noticed. */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"

#define INPUT_MAX ((size_t)16 << 20) /* bytes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void closedirp(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

static int replay_file(const char *path)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf content = CW_BUF_INIT;
	CW_CLEANUP(cw_freep) uint8_t *exact = NULL;
	struct cw_err err = CW_ERR_INIT;

	if (cw_io_read_file(path, INPUT_MAX, 0, &content, &err) != 0) {
		fprintf(stderr, "replay: %s\n", cw_err_msg(&err));
		return -1;
	}
	/* A block of exactly this size shows a read beyond its end to a sanitizer. */
	exact = malloc(content.len > 0 ? content.len : 1);
	if (exact == NULL)
		return -1;
	memcpy(exact, content.data, content.len);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(exact, content.len);
	return 0;
}

/* Number of files replayed, or -1. */
static int replay_directory(const char *path)
{
	CW_CLEANUP(closedirp) DIR *dir = opendir(path);
	const struct dirent *entry;
	int count = 0;

	if (dir == NULL) {
		fprintf(stderr, "replay: cannot open %s\n", path);
		return -1;
	}
	while ((entry = readdir(dir)) != NULL) {
		CW_CLEANUP(cw_freep) char *file = NULL;

		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&file, "%s/%s", path, entry->d_name) < 0) {
			file = NULL;
			return -1;
		}
		if (replay_file(file) != 0)
			return -1;
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int count = replay_directory(argv[i]);

		if (count <= 0) {
			fprintf(stderr, "replay: %s: no input was replayed\n", argv[i]);
			return 1;
		}
	}
	return argc > 1 ? 0 : 1;
}
