/* Fuzz target: bytes as a rule file. What is accepted must finish, compile and survive the way through an image. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rules/load.h"
#include "rules/set.h"

#define COMPILE_MAX 4 /* rules: compiling is slow */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_rule(const struct cw_rule *r)
{
	require(r->width > 0 && r->width <= CW_ANCHOR_MAX && r->before > r->width && r->before <= CW_REACH_MAX);
	require(r->after <= CW_REACH_MAX && strlen(r->id) > 2 && r->examples_len >= 2 && r->counterexamples_len >= 2);
	for (size_t i = 0; i < r->examples_len; i++) {
		require(strlen(r->examples[i].text) == r->examples[i].len);
		require(r->examples[i].path != NULL);
	}
}

static void check_image(const struct cw_rulebook *book)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL, *copy = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_set_compile(book, &set, &err);

	/* an anchor may be too much for Hyperscan though it passes alone */
	require(rc == 0 || (rc == CW_E_RULE && err.msg[0] != '\0'));
	if (rc != 0)
		return;
	require(cw_set_image(set, &image, NULL) == 0);
	require(cw_set_from_image(image.data, image.len, &copy, NULL) == 0);
	require(cw_set_len(copy) == cw_rulebook_len(book));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	struct cw_err err = CW_ERR_INIT;

	require(cw_rulebook_new(&book, &err) == 0);
	if (cw_rulebook_add(book, "-", (const char *)data, len, &err) != 0) {
		require(err.code == CW_E_RULE || err.code == CW_E_INVALID || err.code == CW_E_LIMIT);
		require(err.msg[0] != '\0' && cw_rulebook_len(book) == 0);
		return 0;
	}
	require(cw_rulebook_len(book) > 0);
	for (size_t i = 0; i < cw_rulebook_len(book); i++)
		check_rule(cw_rulebook_rule(book, i));
	if (cw_rulebook_finish(book, &err) == 0 && cw_rulebook_len(book) <= COMPILE_MAX)
		check_image(book);
	return 0;
}
