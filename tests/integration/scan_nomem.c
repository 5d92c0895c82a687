/* tests/integration/scan_nomem.c - an audit and a file scan in which each allocation fails in turn, the matcher's too:
 * scan_nomem RULES REPOSITORY FOLDER. Required outcome: an error, or an incomplete coverage, or the whole result; never fewer hits with
 * a coverage that claims to be complete. libgit2 gets an allocator that does not fail: version 1.5 crashes without memory while
 * it opens a pack, which ends a scan as unmistakably as an error does, but would end this test too. */
#include <git2.h>
#include <git2/sys/alloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "rules/load.h"
#include "scan/audit.h"
#include "scan/files.h"
#include "vcs/repo.h"

/* glibc's own functions, which the failing ones stand in front of. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static void *git_malloc(size_t n, const char *file, int line)
{
	return __libc_malloc(n);
}

static void *git_calloc(size_t count, size_t size, const char *file, int line)
{
	return __libc_calloc(count, size);
}

static char *git_substrdup(const char *s, size_t n, const char *file, int line)
{
	char *copy = __libc_malloc(n + 1);

	if (copy) {
		memcpy(copy, s, n);
		copy[n] = '\0';
	}
	return copy;
}

static char *git_strndup(const char *s, size_t n, const char *file, int line)
{
	return git_substrdup(s, strnlen(s, n), file, line);
}

static char *git_strdup(const char *s, const char *file, int line)
{
	return git_substrdup(s, strlen(s), file, line);
}

static void *git_realloc(void *p, size_t size, const char *file, int line)
{
	return __libc_realloc(p, size);
}

static void *git_reallocarray(void *p, size_t count, size_t size, const char *file, int line)
{
	size_t bytes;

	return __builtin_mul_overflow(count, size, &bytes) ? NULL : __libc_realloc(p, bytes);
}

static void *git_mallocarray(size_t count, size_t size, const char *file, int line)
{
	return git_reallocarray(NULL, count, size, file, line);
}

static git_allocator steady = { git_malloc,  git_calloc,	git_strdup,	 git_strndup, git_substrdup,
				git_realloc, git_reallocarray, git_mallocarray, __libc_free };

struct outcome {
	int rc;
	bool complete;
	uint64_t hits, expected;
};

static int on_hit(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_err *err)
{
	((struct outcome *)payload)->hits++;
	return 0;
}

static int on_keep(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_kept *ret, struct cw_err *err)
{
	*ret = (struct cw_kept){ .handle = payload };
	memcpy(ret->secret, hit->canonical, hit->canonical_len < sizeof(ret->secret) ? hit->canonical_len : sizeof(ret->secret));
	return 0;
}

static int on_place(void *payload, const struct cw_scan_place *place, struct cw_err *err)
{
	((struct outcome *)payload)->hits++;
	return 0;
}

static int audit(const struct cw_set *set, const char *path, struct outcome *out, struct cw_coverage *coverage)
{
	struct cw_audit_opts opts = { .path = path, .jobs = 1, .object_max = CW_OBJECT_MAX_DEFAULT };
	struct cw_sink sink = { .keep = on_keep, .place = on_place, .payload = out };
	struct cw_progress progress = { .total = 0 };
	struct cw_err err = CW_ERR_INIT;
	int rc;

	if (git_libgit2_opts(GIT_OPT_SET_ALLOCATOR, &steady))
		return CW_E_INTERNAL;
	rc = cw_vcs_init(&err);
	if (rc)
		return rc;
	rc = cw_audit_run(set, &opts, &sink, &progress, coverage, &err);
	cw_vcs_shutdown();
	return rc;
}

static int files(const struct cw_set *set, const char *path, struct outcome *out, struct cw_coverage *coverage)
{
	struct cw_files_opts opts = { .paths = &path, .paths_len = 1, .jobs = 1, .object_max = CW_OBJECT_MAX_DEFAULT };
	struct cw_sink sink = { .hit = on_hit, .payload = out };
	struct cw_progress progress = { .total = 0 };
	struct cw_err err = CW_ERR_INIT;

	return cw_files_run(set, &opts, &sink, &progress, coverage, &err);
}

typedef int (*scan_fn)(const struct cw_set *set, const char *path, struct outcome *out, struct cw_coverage *coverage);

static struct outcome run(scan_fn scan, const struct cw_set *set, const char *path)
{
	CW_CLEANUP(cw_coverage_release) struct cw_coverage coverage;
	struct outcome out = { .rc = 0 };

	cw_coverage_init(&coverage);
	out.rc = scan(set, path, &out, &coverage);
	out.complete = cw_coverage_complete(&coverage);
	out.expected = coverage.expected;
	return out;
}

/* Whether OUT is honest: it never claims more than was done. */
static bool honest(const struct outcome *out, const struct outcome *whole)
{
	if (out->rc || !out->complete)
		return true;
	return out->hits == whole->hits && out->expected == whole->expected;
}

static int check(const char *name, scan_fn scan, const struct cw_set *set, const char *path, enum cw_fail_alloc_mode mode)
{
	struct outcome whole = run(scan, set, path);
	unsigned long n = 1, count;
	int wrong = 0;

	if (whole.rc || !whole.complete || !whole.hits) {
		printf("%s: the undisturbed scan is not whole\n", name);
		return 1;
	}
	do {
		struct outcome out;

		cw_fail_alloc_mode(n, mode);
		out = run(scan, set, path);
		count = cw_fail_alloc_count();
		cw_fail_alloc_at(0);
		if (!honest(&out, &whole)) {
			printf("%s: allocation %lu: complete with %d hits\n", name, n, (int)out.hits);
			wrong++;
		}
		n++;
	} while (count >= n - 1);
	printf("%s: %lu allocations\n", name, n - 2);
	return wrong;
}

static int load(const char *path, struct cw_set **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	int rc = cw_rulebook_new(&book, err);

	rc = rc ? rc : cw_rulebook_add_path(book, path, err);
	rc = rc ? rc : cw_rulebook_finish(book, err);
	return rc ? rc : cw_set_compile(book, ret, err);
}

int main(int argc, char **argv)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct cw_err err = CW_ERR_INIT;
	int wrong = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 4 || load(argv[1], &set, &err)) {
		fprintf(stderr, "scan_nomem: %s\n", cw_err_msg(&err));
		return 2;
	}
	wrong += check("audit, one fails", audit, set, argv[2], CW_FAIL_ALLOC_ONCE);
	wrong += check("audit, all later fail", audit, set, argv[2], CW_FAIL_ALLOC_FROM);
	wrong += check("files, one fails", files, set, argv[3], CW_FAIL_ALLOC_ONCE);
	wrong += check("files, all later fail", files, set, argv[3], CW_FAIL_ALLOC_FROM);
	return wrong ? 1 : 0;
}
