/* bench_matcher - how fast bytes become verdicts, on one core, beside a yardstick: hs_scan alone with reference.rules.
 * A third number, hs_scan alone with the default rules, tells how much of the time is stage 1. All run over the same files
 * in memory, in turns, so that a busy machine slows all; medians are printed.
 * Usage: bench_matcher REFERENCE_RULES PATH... */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hs/hs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "corpus.h"
#include "match/blob.h"
#include "rules/set.h"

#define ROUNDS 7 /* odd: the median is one of them */
#define RULES_MAX 16
#define RULES_FILE_MAX 65536 /* bytes */

struct sample {
	double wall[ROUNDS], cpu[ROUNDS]; /* seconds */
	uint64_t found;			  /* hits or matches of one round */
};

/* hs_scan and nothing else. */
struct plain_scan {
	const hs_database_t *db;
	hs_scratch_t *scratch; /* owned */
};

enum contestant { MATCHER, REFERENCE, STAGE1, CONTESTANTS };

/* One pass over the corpus; *ret_found: what it found. */
typedef int (*pass_fn)(void *engine, const struct corpus *c, uint64_t *ret_found, struct cw_err *err);

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int pass_matcher(void *engine, const struct corpus *c, uint64_t *ret_found, struct cw_err *err)
{
	struct cw_result result;
	uint64_t found = 0;
	int r = 0;

	cw_result_init(&result);
	for (size_t i = 0; r == 0 && i < c->files.len; i++) {
		const struct corpus_file *file = &CW_VEC_AT(&c->files, struct corpus_file, i);

		r = cw_match_blob(engine, file->data, file->len, &result, err);
		found += result.hits.len;
	}
	cw_result_release(&result);
	*ret_found = found;
	return r;
}

static int count_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	(*(uint64_t *)context)++;
	return 0;
}

static int pass_scan(void *engine, const struct corpus *c, uint64_t *ret_found, struct cw_err *err)
{
	const struct plain_scan *scan = engine;
	uint64_t found = 0;

	for (size_t i = 0; i < c->files.len; i++) {
		const struct corpus_file *file = &CW_VEC_AT(&c->files, struct corpus_file, i);

		if (hs_scan(scan->db, file->data, (unsigned)file->len, 0, scan->scratch, count_match, &found) != HS_SUCCESS)
			return cw_err_set(err, CW_E_INTERNAL, "hs_scan failed");
	}
	*ret_found = found;
	return 0;
}

static int run_round(pass_fn pass, void *engine, const struct corpus *c, struct sample *s, size_t round, struct cw_err *err)
{
	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
	int r = pass(engine, c, &s->found, err);

	s->cpu[round] = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
	s->wall[round] = seconds(CLOCK_MONOTONIC) - wall;
	return r;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), by_value);
	return values[ROUNDS / 2];
}

/* Split the rules file into expressions, in place; returns how many. */
static unsigned parse_rules(char *text, const char **expressions)
{
	unsigned len = 0;
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")) != NULL && len < RULES_MAX) {
		char *space = strchr(line, ' ');

		if (line[0] != '#' && space)
			expressions[len++] = space + 1;
	}
	return len;
}

static int compile_reference(const char *path, hs_database_t **ret_db, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	const char *expressions[RULES_MAX];
	unsigned flags[RULES_MAX] = { 0 }, ids[RULES_MAX] = { 0 }, len;
	hs_compile_error_t *failure = NULL;
	int r;

	r = cw_io_read_file(path, RULES_FILE_MAX, 0, &text, err);
	if (r != 0)
		return r;
	len = parse_rules(text.data, expressions);
	for (unsigned i = 0; i < len; i++)
		ids[i] = i;
	if (hs_compile_multi(expressions, flags, ids, len, HS_MODE_BLOCK, NULL, ret_db, &failure) != HS_SUCCESS) {
		r = cw_err_set(err, CW_E_RULE, "%s: %s", path, failure ? failure->message : "hs_compile_multi failed");
		hs_free_compile_error(failure);
	}
	return r;
}

static int open_scan(const hs_database_t *db, struct plain_scan *scan, struct cw_err *err)
{
	scan->db = db;
	return hs_alloc_scratch(db, &scan->scratch) == HS_SUCCESS ? 0 : cw_err_nomem(err);
}

static double rate(const struct corpus *c, double elapsed)
{
	return (double)c->total / elapsed / 1e9;
}

static void print_results(const struct corpus *c, struct sample *samples)
{
	static const char *const names[] = { "credwatch", "reference", "whole text" };
	double wall[CONTESTANTS], cpu[CONTESTANTS];

	printf("corpus     %zu files, %.1f MB:", c->files.len, (double)c->total / 1e6);
	for (int kind = 0; kind < CORPUS_KINDS; kind++)
		printf(" %s %.1f", corpus_kind_name((enum corpus_kind)kind), (double)c->bytes[kind] / 1e6);
	putchar('\n');
	for (int i = 0; i < CONTESTANTS; i++) {
		wall[i] = median(samples[i].wall);
		cpu[i] = median(samples[i].cpu);
		printf("%-10s %6.3f GB/s  (by processor time %6.3f)  %" PRIu64 " found\n", names[i], rate(c, wall[i]),
		       rate(c, cpu[i]), samples[i].found);
	}
	printf("ratio      %6.3f       (by processor time %6.3f)  credwatch to reference, median of %d, one core\n",
	       wall[REFERENCE] / wall[MATCHER], cpu[REFERENCE] / cpu[MATCHER], ROUNDS);
}

static int measure(void *const *engines, const struct corpus *c, struct cw_err *err)
{
	static const pass_fn passes[] = { pass_matcher, pass_scan, pass_scan };
	struct sample samples[CONTESTANTS];
	int r = 0;

	/* The first round is a warm-up, overwritten by the second: patterns are compiled at their first candidate. */
	for (size_t i = 0; r == 0 && i <= ROUNDS; i++) {
		for (int k = 0; r == 0 && k < CONTESTANTS; k++)
			r = run_round(passes[k], engines[k], c, &samples[k], i == 0 ? 0 : i - 1, err);
	}
	if (r == 0)
		print_results(c, samples);
	return r;
}

static int run(const char *rules, const struct corpus *c, struct cw_err *err)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	CW_CLEANUP(cw_matcher_free_p) struct cw_matcher *matcher = NULL;
	struct plain_scan reference = { NULL, NULL }, stage1 = { NULL, NULL };
	hs_database_t *db = NULL;
	int r;

	if (c->total == 0)
		return cw_err_set(err, CW_E_NOTFOUND, "no C, Python or YAML file below the given paths");
	if ((r = compile_reference(rules, &db, err)) == 0 && (r = open_scan(db, &reference, err)) == 0 &&
	    (r = cw_set_default(&set, err)) == 0 && (r = open_scan(cw_set_db(set, false), &stage1, err)) == 0 &&
	    (r = cw_matcher_new(set, &matcher, err)) == 0) {
		void *const engines[] = { matcher, &reference, &stage1 };

		r = measure(engines, c, err);
	}
	hs_free_scratch(stage1.scratch);
	hs_free_scratch(reference.scratch);
	hs_free_database(db);
	return r;
}

int main(int argc, char **argv)
{
	struct cw_err err = CW_ERR_INIT;
	struct corpus corpus;
	int r;

	if (argc < 3) {
		fputs("usage: bench_matcher REFERENCE_RULES PATH...\n", stderr);
		return 2;
	}
	corpus_init(&corpus);
	r = corpus_load(&corpus, argv + 2, &err);
	if (r == 0)
		r = run(argv[1], &corpus, &err);
	if (r != 0)
		fprintf(stderr, "bench_matcher: %s\n", cw_err_msg(&err));
	corpus_release(&corpus);
	return r == 0 ? 0 : 1;
}
