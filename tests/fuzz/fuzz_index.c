/* Fuzz target: index files, the shared part of a split one included. What is accepted is sorted, and everything it says lies in it. The
 * first two bytes are the length of the index itself; the rest is the shared part that it names. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "vcs/index.h"

#define LINK_LEN 8 /* bytes of an extension before its content */
#define ID_LEN 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char folder[] = "/tmp/cw-fuzz-index.XXXXXX";
static char path[64], shared[128];

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void clean(void)
{
	unlink(path);
	if (shared[0])
		unlink(shared);
	rmdir(folder);
}

static void start(void)
{
	require(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/index", folder);
	atexit(clean);
}

/* The file that the LEN bytes at DATA name as their shared part. */
static void write_shared(const uint8_t *data, size_t len, const uint8_t *rest, size_t rest_len)
{
	const uint8_t *link = memmem(data, len, "link", 4);
	char hex[CW_OID_HEX_SIZE];
	struct cw_oid oid;

	if (shared[0])
		unlink(shared);
	shared[0] = '\0';
	if (!link || (size_t)(data + len - link) < LINK_LEN + ID_LEN)
		return;
	oid = cw_index_oid(link + LINK_LEN);
	cw_oid_hex(&oid, hex);
	snprintf(shared, sizeof(shared), "%s/sharedindex.%s", folder, hex);
	require(cw_io_replace_file(shared, rest, rest_len, 0600, NULL) == 0);
}

static void check(const struct cw_index *x)
{
	const struct cw_vec *entries = cw_index_entries(x), *trees = cw_index_trees(x);
	volatile uint8_t last;

	for (size_t i = 0; i < entries->len; i++) {
		const struct cw_index_entry *e = &CW_VEC_AT(entries, struct cw_index_entry, i);
		const struct cw_index_entry *found = cw_index_find(x, e->path);

		require(strlen(e->path) == e->path_len && e->stage <= 3);
		last = e->id[ID_LEN - 1];
		if (i > 0)
			require(strcmp(e[-1].path, e->path) <= 0);
		if (e->stage == 0 && !e->intent_to_add)
			require(found == e);
	}
	for (size_t i = 0; i < trees->len; i++) {
		const struct cw_index_tree *t = &CW_VEC_AT(trees, struct cw_index_tree, i);

		require(t->end > i && t->end <= trees->len && memchr(t->name, '\0', t->name_len) == NULL);
		if (t->id)
			last = t->id[ID_LEN - 1];
	}
	(void)last;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cw_index *x = NULL;
	size_t own;
	int rc;

	if (len < 2)
		return 0;
	if (!path[0])
		start();
	own = (size_t)data[0] << 8 | data[1];
	if (own > len - 2)
		own = len - 2;
	require(cw_io_replace_file(path, data + 2, own, 0600, NULL) == 0);
	write_shared(data + 2, own, data + 2 + own, len - 2 - own);
	rc = cw_index_read(path, folder, &x, NULL);
	if (rc == 0)
		check(x);
	else
		require(rc == CW_E_CORRUPT || rc == CW_E_UNSUPPORTED || rc == CW_E_LIMIT);
	cw_index_free(x);
	return 0;
}
