/* report/page/embed_main.c - build tool: makes C source of files.
 * Usage: embed-page OUT.c [NAME FILE]...; defines `const char NAME[]` with the file's bytes and a NUL, and `const size_t NAME_len`. */
#include <stdio.h>

static int embed(FILE *out, const char *name, const char *path)
{
	FILE *in = fopen(path, "rb");
	unsigned long len = 0;
	int c;

	if (!in) {
		fprintf(stderr, "embed-page: cannot read %s\n", path);
		return -1;
	}
	fprintf(out, "extern const char %s[];\nextern const size_t %s_len;\nconst char %s[] = {", name, name, name);
	for (; (c = getc(in)) != EOF; len++)
		fprintf(out, "%s%d,", len % 24 == 0 ? "\n" : "", c < 128 ? c : c - 256);
	fprintf(out, "0};\nconst size_t %s_len = %lu;\n", name, len);
	c = ferror(in);
	fclose(in);
	return c ? -1 : 0;
}

int main(int argc, char **argv)
{
	FILE *out = argc >= 2 ? fopen(argv[1], "wb") : NULL;
	int failed = !out;

	if (failed)
		fprintf(stderr, "embed-page: cannot write the output\n");
	else
		fputs("#include <stddef.h>\n", out);
	for (int i = 2; !failed && i + 1 < argc; i += 2)
		failed = embed(out, argv[i], argv[i + 1]) != 0;
	if (out && (ferror(out) || fclose(out) != 0))
		failed = 1;
	return failed;
}
