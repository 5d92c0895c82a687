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
#include "token_forms.h"

#define LEN_MAX 4096 /* characters of one random run */

struct sum {		 /* the checksum of a template */
	size_t from, to; /* what it covers */
	size_t at, width;
	const char *as; /* encoding */
	bool little;
};

static const struct {
	const char *name, *letters;
} alphabets[] = {
	{"base62", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
	{"base64", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"},
	{"base64url", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"},
	{"base58", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"},
	{"base36", "0123456789abcdefghijklmnopqrstuvwxyz"},
	{"base32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"},
	{"base32-lower", "abcdefghijklmnopqrstuvwxyz234567"},
	{"hex", "0123456789abcdef"},
	{"upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"},
	{"letters", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
	{"digits", "0123456789"},
};

_Noreturn void die(const char *what, const char *arg)
{
	fprintf(stderr, "make-token: %s%s%s\n", what, arg ? ": " : "", arg ? arg : "");
	exit(2);
}

size_t number(const char *s, size_t len)
{
	struct cw_err err = CW_ERR_INIT;
	uint64_t n;

	if (cw_num_u64(s, len, 0, LEN_MAX, "length", &n, &err))
		die(cw_err_msg(&err), NULL);
	return (size_t)n;
}

void random_bytes(void *out, size_t len)
{
	struct cw_err err = CW_ERR_INIT;

	if (cw_random(out, len, &err))
		die(cw_err_msg(&err), NULL);
}

void add_random(struct cw_buf *out, size_t count, const char *alphabet, size_t alphabet_len)
{
	const char *letters = NULL;
	uint32_t r;

	for (size_t i = 0; i < sizeof(alphabets) / sizeof(alphabets[0]); i++) {
		if (strlen(alphabets[i].name) == alphabet_len && !memcmp(alphabets[i].name, alphabet, alphabet_len))
			letters = alphabets[i].letters;
	}
	if (!letters)
		die("unknown alphabet", alphabet);
	for (size_t i = 0; i < count; i++) {
		random_bytes(&r, sizeof(r));
		cw_buf_addc(out, letters[r % strlen(letters)]);
	}
}

/* One {...} of the template; returns the character behind it. */
static const char *add_hole(struct token *t, struct sum *sum, const char *p)
{
	const char *end = strchr(p, '}'), *colon;

	if (!end)
		die("missing }", p);
	colon = memchr(p, ':', (size_t)(end - p));
	if (!strncmp(p, "{+}", 3)) {
		t->mark = t->text.len;
	} else if (!strncmp(p, "{sum:", 5)) {
		sum->at = t->text.len;
		sum->width = number(p + 5, (size_t)(end - p) - 5);
		for (size_t i = 0; i < sum->width; i++)
			cw_buf_addc(&t->text, '?');
	} else if (colon) {
		add_random(&t->text, number(p + 1, (size_t)(colon - p) - 1), colon + 1, (size_t)(end - colon) - 1);
	} else {
		add_random(&t->text, number(p + 1, (size_t)(end - p) - 1), "base62", 6);
	}
	return end + 1;
}

static void fill_template(struct token *t, struct sum *sum, const char *p)
{
	while (*p) {
		if (*p == '{') {
			p = add_hole(t, sum, p);
			continue;
		}
		if (*p == '[')
			sum->from = t->text.len;
		else if (*p == ']')
			sum->to = t->text.len;
		else
			cw_buf_addc(&t->text, *p);
		p++;
	}
	if (sum->to == SIZE_MAX)
		sum->to = sum->at != SIZE_MAX ? sum->at : t->text.len;
}

static void encode_sum(const struct sum *sum, const uint8_t *bytes, size_t len, struct cw_buf *out)
{
	if (!strcmp(sum->as, "hex"))
		cw_hex_encode(bytes, len, out);
	else if (!strcmp(sum->as, "base64"))
		cw_base64_encode(bytes, len, false, out);
	else if (!strcmp(sum->as, "base32"))
		cw_base32_encode(bytes, len, out);
	else
		die("unknown encoding", sum->as);
	if (out->len < sum->width)
		die("the checksum is shorter than its place", NULL);
}

static void put_crc32(struct token *t, const struct sum *sum)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	uint32_t crc = cw_crc32(t->text.data + sum->from, sum->to - sum->from);
	unsigned base = !strcmp(sum->as, "base62") ? 62 : !strcmp(sum->as, "base36") ? 36 : 0;
	char digits[64];
	uint8_t bytes[4];

	if (base) {
		if (sum->width >= sizeof(digits) || !cw_radix_u32(crc, base, sum->width, digits))
			die("the checksum does not fit its place (base62 takes 6, base36 takes 7)", NULL);
		memcpy(t->text.data + sum->at, digits, sum->width);
		return;
	}
	for (unsigned i = 0; i < 4; i++)
		bytes[sum->little ? i : 3 - i] = (uint8_t)(crc >> (8 * i));
	encode_sum(sum, bytes, sizeof(bytes), &out);
	memcpy(t->text.data + sum->at, out.data, sum->width);
}

static void put_sha256(struct token *t, const struct sum *sum)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	uint8_t digest[CW_SHA256_LEN];
	struct cw_err err = CW_ERR_INIT;

	if (cw_sha256(t->text.data + sum->from, sum->to - sum->from, digest, &err))
		die(cw_err_msg(&err), NULL);
	encode_sum(sum, digest, sizeof(digest), &out);
	memcpy(t->text.data + sum->at, out.data, sum->width);
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
	      "       make-token [-p] text TEMPLATE\n",
	      out);
	fputs(token_forms_usage, out);
	fputs("A TEMPLATE is text with {+} (marker), {N} or {N:ALPHABET} (random), {sum:WIDTH} (checksum) and\n"
	      "[ ] around what the checksum covers (default: all before it). -p: without the marker.\n",
	      out);
}

/* crc32 and sha256, with a template or with the short form "PREFIX LEN". */
static void make_sum(struct token *t, struct sum *sum, int argc, char **argv)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int next = 3;

	if (argc >= 3 && strchr(argv[1], '{')) {
		cw_buf_adds(&text, argv[1]);
		sum->as = argv[2];
	} else if (argc >= 5) {
		cw_buf_addf(&text, "%s{+}[{%s}]{sum:%s}", argv[1], argv[2], argv[4]);
		sum->as = argv[3];
		next = 5;
	} else {
		usage(stderr);
		exit(2);
	}
	sum->little = next < argc && !strcmp(argv[next], "little");
	fill_template(t, sum, text.data);
	if (sum->at == SIZE_MAX)
		die("the template has no {sum:WIDTH}", NULL);
	if (!strcmp(argv[0], "crc32"))
		put_crc32(t, sum);
	else
		put_sha256(t, sum);
}

int main(int argc, char **argv)
{
	struct token t = {.text = CW_BUF_INIT, .mark = SIZE_MAX};
	struct sum sum = {.to = SIZE_MAX, .at = SIZE_MAX};
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
		make_sum(&t, &sum, argc, argv);
	} else if (argc == 2 && !strcmp(argv[0], "text")) {
		fill_template(&t, &sum, argv[1]);
	} else if (make_form(&t, argc, argv)) {
		usage(stderr);
		return 2;
	}
	if (cw_buf_fail(&t.text, "token", NULL))
		die("out of memory", NULL);
	print_token(&t, plain);
	cw_buf_release(&t.text);
	return 0;
}
