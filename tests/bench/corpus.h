/* bench/corpus.h - source files in memory, so that a bench measures matching and not reading.
 * Owns the bytes. Takes C, Python and YAML, each up to a limit, in byte order of the paths. */
#ifndef CW_BENCH_CORPUS_H
#define CW_BENCH_CORPUS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"

#define CORPUS_KIND_BYTES_MAX ((uint64_t)64 << 20) /* of each kind */

enum corpus_kind { CORPUS_C, CORPUS_PYTHON, CORPUS_YAML, CORPUS_KINDS };

struct corpus_file {
	char *data; /* owned */
	size_t len;
};

struct corpus {
	struct cw_vec files; /* struct corpus_file */
	uint64_t bytes[CORPUS_KINDS];
	uint64_t total; /* bytes */
};

void corpus_init(struct corpus *c);
void corpus_release(struct corpus *c);
/* Add what lies below PATHS (ended by NULL); paths that do not exist and files that cannot be read are passed over. */
int corpus_load(struct corpus *c, char *const *paths, struct cw_err *err);
const char *corpus_kind_name(enum corpus_kind kind);

#endif
