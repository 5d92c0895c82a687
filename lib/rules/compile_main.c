/* rules/compile_main.c - build tool: compiles patterns/ into the image that the library embeds.
 * Usage: compile-rules OUT.c OUT.d FOLDER; writes C source with the image as an array of bytes, and what it depends on: the
 * folder itself too, so that a rule file that comes or goes is seen. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "rules/image.h"
#include "rules/load.h"
#include "rules/set.h"

/* This program makes the default image, so it has none. */
const unsigned char cw_default_image[1] = {0};
const size_t cw_default_image_len = 0;

static int build(const char *folder, struct cw_buf *image, struct cw_err *err)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	int rc = cw_rulebook_new(&book, err);

	if (rc == 0)
		rc = cw_rulebook_add_path(book, folder, err);
	if (rc == 0)
		rc = cw_rulebook_finish(book, err);
	if (rc == 0)
		rc = cw_set_compile(book, &set, err);
	return rc < 0 ? rc : cw_set_image_shared(set, image, err);
}

static int write_depfile(const char *path, const char *out, const char *folder)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf pattern = CW_BUF_INIT;
	glob_t files;
	FILE *f;

	cw_buf_addf(&pattern, "%s/*.yaml", folder);
	if (cw_buf_fail(&pattern, "pattern", NULL) < 0 || glob(pattern.data, 0, NULL, &files) != 0)
		return -1;
	f = fopen(path, "we");
	if (f) {
		fprintf(f, "%s: %s", out, folder);
		for (size_t i = 0; i < files.gl_pathc; i++)
			fprintf(f, " %s", files.gl_pathv[i]);
		fputc('\n', f);
	}
	globfree(&files);
	return f ? ferror(f) | fclose(f) : -1;
}

static int write_source(const char *path, const struct cw_buf *image)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -1;
	fprintf(f, "#include \"rules/image.h\"\nconst size_t cw_default_image_len = %zu;\n", image->len);
	fprintf(f, "const unsigned char cw_default_image[] __attribute__((aligned(CW_IMAGE_ALIGN))) = \n");
	/* String literals compile much faster than lists of numbers. */
	for (size_t i = 0; i < image->len; i++)
		fprintf(f, "%s\\%03o%s", i % 64 == 0 ? "\"" : "", (unsigned char)image->data[i],
			i % 64 == 63 || i + 1 == image->len ? "\"\n" : "");
	fprintf(f, ";\n");
	return ferror(f) | fclose(f);
}

int main(int argc, char **argv)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	if (argc != 4) {
		fprintf(stderr, "usage: compile-rules OUT.c OUT.d FOLDER\n");
		return 2;
	}
	if (build(argv[3], &image, &err) < 0) {
		fprintf(stderr, "compile-rules: %s\n", cw_err_msg(&err));
		return 1;
	}
	if (write_source(argv[1], &image) != 0 || write_depfile(argv[2], argv[1], argv[3]) != 0) {
		fprintf(stderr, "compile-rules: cannot write %s or %s\n", argv[1], argv[2]);
		return 1;
	}
	return 0;
}
