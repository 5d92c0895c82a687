/* bench_matcher - how fast bytes become verdicts, on one core, beside a yardstick: hs_scan alone with reference.rules.
 * Both run over the same files in memory, in turns, so that a busy machine slows both; medians are printed.
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

struct reference {
	hs_database_t *db;
	hs_scratch_t *scratch;
};

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

static int pass_reference(void *engine, const struct corpus *c, uint64_t *ret_found, struct cw_err *err)
{
	const struct reference *ref = engine;
	uint64_t found = 0;

	for (size_t i = 0; i < c->files.len; i++) {
		const struct corpus_file *file = &CW_VEC_AT(&c->files, struct corpus_file, i);

		if (hs_scan(ref->db, file->data, (unsigned)file->len, 0, ref->scratch, count_match, &found) != HS_SUCCESS)
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

static int reference_open(const char *path, struct reference *ref, struct cw_err *err)
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
	if (hs_compile_multi(expressions, flags, ids, len, HS_MODE_BLOCK, NULL, &ref->db, &failure) != HS_SUCCESS) {
		r = cw_err_set(err, CW_E_RULE, "%s: %s", path, failure ? failure->message : "hs_compile_multi failed");
		hs_free_compile_error(failure);
		return r;
	}
	if (hs_alloc_scratch(ref->db, &ref->scratch) != HS_SUCCESS)
		return cw_err_nomem(err);
	return 0;
}

static void reference_close(struct reference *ref)
{
	hs_free_scratch(ref->scratch);
	hs_free_database(ref->db);
}

static void print_engine(const char *name, struct sample *s, uint64_t bytes, double *ret_wall, double *ret_cpu)
{
	*ret_wall = median(s->wall);
	*ret_cpu = median(s->cpu);
	printf("%-10s %6.3f GB/s  (by processor time %6.3f)  %" PRIu64 " found\n", name, (double)bytes / *ret_wall / 1e9,
	       (double)bytes / *ret_cpu / 1e9, s->found);
}

static void print_results(const struct corpus *c, struct sample *ours, struct sample *theirs)
{
	double wall, cpu, ref_wall, ref_cpu;

	printf("corpus     %zu files, %.1f MB:", c->files.len, (double)c->total / 1e6);
	for (int kind = 0; kind < CORPUS_KINDS; kind++)
		printf(" %s %.1f", corpus_kind_name((enum corpus_kind)kind), (double)c->bytes[kind] / 1e6);
	putchar('\n');
	print_engine("credwatch", ours, c->total, &wall, &cpu);
	print_engine("reference", theirs, c->total, &ref_wall, &ref_cpu);
	printf("ratio      %6.3f       (by processor time %6.3f)  median of %d, one core\n", ref_wall / wall, ref_cpu / cpu,
	       ROUNDS);
}

static int measure(struct cw_matcher *m, struct reference *ref, const struct corpus *c, struct cw_err *err)
{
	struct sample ours, theirs;
	int r;

	/* Once each to warm up: patterns are compiled at their first candidate. */
	r = run_round(pass_matcher, m, c, &ours, 0, err);
	if (r == 0)
		r = run_round(pass_reference, ref, c, &theirs, 0, err);
	for (size_t i = 0; r == 0 && i < ROUNDS; i++) {
		r = run_round(pass_matcher, m, c, &ours, i, err);
		if (r == 0)
			r = run_round(pass_reference, ref, c, &theirs, i, err);
	}
	if (r == 0)
		print_results(c, &ours, &theirs);
	return r;
}

static int run(const char *rules, char *const *paths, struct corpus *c, struct reference *ref, struct cw_err *err)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	CW_CLEANUP(cw_matcher_free_p) struct cw_matcher *matcher = NULL;
	int r;

	if ((r = corpus_load(c, paths, err)) != 0 || (r = reference_open(rules, ref, err)) != 0 ||
	    (r = cw_set_default(&set, err)) != 0 || (r = cw_matcher_new(set, &matcher, err)) != 0)
		return r;
	if (c->total == 0)
		return cw_err_set(err, CW_E_NOTFOUND, "no C, Python or YAML file below the given paths");
	return measure(matcher, ref, c, err);
}

int main(int argc, char **argv)
{
	struct cw_err err = CW_ERR_INIT;
	struct reference ref = { NULL, NULL };
	struct corpus corpus;
	int r;

	if (argc < 3) {
		fputs("usage: bench_matcher REFERENCE_RULES PATH...\n", stderr);
		return 2;
	}
	corpus_init(&corpus);
	r = run(argv[1], argv + 2, &corpus, &ref, &err);
	if (r != 0)
		fprintf(stderr, "bench_matcher: %s\n", cw_err_msg(&err));
	reference_close(&ref);
	corpus_release(&corpus);
	return r == 0 ? 0 : 1;
}
