/* make-token - print a made-up token with a right checksum, for examples in rule files. See README.md.
 * Not installed. Everything it prints is random; the marker {+} keeps the printed text from being a token itself. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/num.h"

#define LEN_MAX 4096 /* characters of one random run */

struct token {
	struct cw_buf text;  /* without the marker */
	size_t mark;	     /* where {+} goes; SIZE_MAX: nowhere */
	size_t from, to;     /* what the checksum covers */
	size_t sum_at, sum_width;
	const char *sum_as;  /* encoding */
	bool little;
};

static const struct {
	const char *name, *letters;
} alphabets[] = {
	{ "base62", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" },
	{ "base64", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" },
	{ "base64url", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" },
	{ "base58", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz" },
	{ "base36", "0123456789abcdefghijklmnopqrstuvwxyz" },
	{ "base32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" },
	{ "base32-lower", "abcdefghijklmnopqrstuvwxyz234567" },
	{ "hex", "0123456789abcdef" },
	{ "upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" },
	{ "letters", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" },
	{ "digits", "0123456789" },
};

static _Noreturn void die(const char *what, const char *arg)
{
	fprintf(stderr, "make-token: %s%s%s\n", what, arg ? ": " : "", arg ? arg : "");
	exit(2);
}

static size_t number(const char *s, size_t len)
{
	struct cw_err err = CW_ERR_INIT;
	uint64_t n;

	if (cw_num_u64(s, len, 0, LEN_MAX, "length", &n, &err))
		die(cw_err_msg(&err), NULL);
	return (size_t)n;
}

static void add_random(struct cw_buf *out, size_t count, const char *name, size_t name_len)
{
	struct cw_err err = CW_ERR_INIT;
	const char *letters = NULL;

	for (size_t i = 0; i < sizeof(alphabets) / sizeof(alphabets[0]); i++) {
		if (strlen(alphabets[i].name) == name_len && !memcmp(alphabets[i].name, name, name_len))
			letters = alphabets[i].letters;
	}
	if (!letters)
		die("unknown alphabet", name);
	for (size_t i = 0; i < count; i++) {
		uint32_t r;
		if (cw_random(&r, sizeof(r), &err))
			die(cw_err_msg(&err), NULL);
		cw_buf_addc(out, letters[r % strlen(letters)]);
	}
}

/* One {...} of the template; returns the character behind it. */
static const char *add_hole(struct token *t, const char *p)
{
	const char *end = strchr(p, '}'), *colon;

	if (!end)
		die("missing }", p);
	colon = memchr(p, ':', (size_t)(end - p));
	if (!strncmp(p, "{+}", 3)) {
		t->mark = t->text.len;
	} else if (!strncmp(p, "{sum:", 5)) {
		t->sum_at = t->text.len;
		t->sum_width = number(p + 5, (size_t)(end - p) - 5);
		for (size_t i = 0; i < t->sum_width; i++)
			cw_buf_addc(&t->text, '?');
	} else if (colon) {
		add_random(&t->text, number(p + 1, (size_t)(colon - p) - 1), colon + 1, (size_t)(end - colon) - 1);
	} else {
		add_random(&t->text, number(p + 1, (size_t)(end - p) - 1), "base62", 6);
	}
	return end + 1;
}

static void fill_template(struct token *t, const char *p)
{
	while (*p) {
		if (*p == '{') {
			p = add_hole(t, p);
			continue;
		}
		if (*p == '[')
			t->from = t->text.len;
		else if (*p == ']')
			t->to = t->text.len;
		else
			cw_buf_addc(&t->text, *p);
		p++;
	}
	if (t->to == SIZE_MAX)
		t->to = t->sum_at != SIZE_MAX ? t->sum_at : t->text.len;
}

static void encode_sum(const struct token *t, const uint8_t *sum, size_t len, struct cw_buf *out)
{
	if (!strcmp(t->sum_as, "hex"))
		cw_hex_encode(sum, len, out);
	else if (!strcmp(t->sum_as, "base64"))
		cw_base64_encode(sum, len, false, out);
	else if (!strcmp(t->sum_as, "base32"))
		cw_base32_encode(sum, len, out);
	else
		die("unknown encoding", t->sum_as);
	if (out->len < t->sum_width)
		die("the checksum is shorter than its place", NULL);
}

static void put_crc32(struct token *t)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	uint32_t crc = cw_crc32(t->text.data + t->from, t->to - t->from);
	unsigned base = !strcmp(t->sum_as, "base62") ? 62 : !strcmp(t->sum_as, "base36") ? 36 : 0;
	char digits[64];
	uint8_t bytes[4];

	if (base) {
		if (t->sum_width >= sizeof(digits) || !cw_radix_u32(crc, base, t->sum_width, digits))
			die("the checksum does not fit its place (base62 takes 6, base36 takes 7)", NULL);
		memcpy(t->text.data + t->sum_at, digits, t->sum_width);
		return;
	}
	for (unsigned i = 0; i < 4; i++)
		bytes[t->little ? i : 3 - i] = (uint8_t)(crc >> (8 * i));
	encode_sum(t, bytes, sizeof(bytes), &out);
	memcpy(t->text.data + t->sum_at, out.data, t->sum_width);
}

static void put_sha256(struct token *t)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	uint8_t sum[CW_SHA256_LEN];
	struct cw_err err = CW_ERR_INIT;

	if (cw_sha256(t->text.data + t->from, t->to - t->from, sum, &err))
		die(cw_err_msg(&err), NULL);
	encode_sum(t, sum, sizeof(sum), &out);
	memcpy(t->text.data + t->sum_at, out.data, t->sum_width);
}

static void print_token(const struct token *t, bool plain)
{
	size_t mark = plain || t->mark == SIZE_MAX ? t->text.len : t->mark;

	fwrite(t->text.data, 1, mark, stdout);
	if (!plain && t->mark != SIZE_MAX)
		fputs("{+}", stdout);
	fwrite(t->text.data + mark, 1, t->text.len - mark, stdout);
	putchar('\n');
}

static void usage(FILE *out)
{
	fputs("usage: make-token [-p] crc32 PREFIX LEN ENCODING WIDTH [big|little]\n"
	      "       make-token [-p] sha256 PREFIX LEN ENCODING WIDTH\n"
	      "       make-token [-p] crc32 TEMPLATE ENCODING [big|little]\n"
	      "       make-token [-p] sha256 TEMPLATE ENCODING\n"
	      "       make-token [-p] text TEMPLATE\n"
	      "A TEMPLATE is text with {+} (marker), {N} or {N:ALPHABET} (random), {sum:WIDTH} (checksum) and\n"
	      "[ ] around what the checksum covers (default: all before it). -p: without the marker.\n",
	      out);
}

/* crc32 and sha256, with a template or with the short form "PREFIX LEN". */
static void make_sum(struct token *t, int argc, char **argv)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int next = 3;

	if (argc >= 3 && strchr(argv[1], '{')) {
		cw_buf_adds(&text, argv[1]);
		t->sum_as = argv[2];
	} else if (argc >= 5) {
		cw_buf_addf(&text, "%s{+}[{%s}]{sum:%s}", argv[1], argv[2], argv[4]);
		t->sum_as = argv[3];
		next = 5;
	} else {
		usage(stderr);
		exit(2);
	}
	t->little = next < argc && !strcmp(argv[next], "little");
	fill_template(t, text.data);
	if (t->sum_at == SIZE_MAX)
		die("the template has no {sum:WIDTH}", NULL);
	if (!strcmp(argv[0], "crc32"))
		put_crc32(t);
	else
		put_sha256(t);
}

int main(int argc, char **argv)
{
	struct token t = { .text = CW_BUF_INIT, .mark = SIZE_MAX, .to = SIZE_MAX, .sum_at = SIZE_MAX };
	bool plain = false;
	int opt;

	while ((opt = getopt(argc, argv, "+hp")) != -1) {
		if (opt == 'p') {
			plain = true;
			continue;
		}
		usage(opt == 'h' ? stdout : stderr);
		return opt == 'h' ? 0 : 2;
	}
	argc -= optind;
	argv += optind;
	if (argc >= 2 && (!strcmp(argv[0], "crc32") || !strcmp(argv[0], "sha256"))) {
		make_sum(&t, argc, argv);
	} else if (argc == 2 && !strcmp(argv[0], "text")) {
		fill_template(&t, argv[1]);
	} else {
		usage(stderr);
		return 2;
	}
	if (cw_buf_fail(&t.text, "token", NULL))
		die("out of memory", NULL);
	print_token(&t, plain);
	cw_buf_release(&t.text);
	return 0;
}
