/* tests/integration/audit_hook.c - an audit during which something happens: at the first hit the sink does what it is told.
 *   audit_hook RULES REPOSITORY JOBS run COMMAND...    run a command (the store changes under the audit)
 *   audit_hook RULES REPOSITORY JOBS always COMMAND... run it at every hit
 *   audit_hook RULES REPOSITORY JOBS cancel|fail       cancel the audit, or fail
 * Prints "hit ID" for each hit, "unscanned OBJECT: REASON", and last "rc N expected N scanned N unscanned N complete N". */
#include <inttypes.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/num.h"
#include "rules/load.h"
#include "scan/audit.h"
#include "vcs/repo.h"

struct hook {
	char **command; /* or NULL */
	bool always, cancel, fail;
	_Atomic bool done;
	struct cw_progress *progress;
};

static int run(char **command)
{
	int status = 0;
	pid_t pid;

	if (posix_spawnp(&pid, command[0], NULL, NULL, command, environ) || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

static int on_hit(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_kept *ret, struct cw_err *err)
{
	struct hook *h = payload;
	char hex[CW_OID_HEX_SIZE];

	*ret = (struct cw_kept){ .handle = h };
	memcpy(ret->secret, hit->canonical, hit->canonical_len < sizeof(ret->secret) ? hit->canonical_len : sizeof(ret->secret));

	cw_oid_hex(&hit->object, hex);
	printf("hit %s\n", hex);
	if (atomic_exchange(&h->done, true) && !h->always)
		return 0;
	if (h->command && run(h->command))
		return cw_err_set(err, CW_E_INTERNAL, "the command failed");
	if (h->cancel)
		atomic_store(&h->progress->cancel, 1);
	return h->fail ? cw_err_set(err, CW_E_IO, "told to fail") : 0;
}

static int on_place(void *payload, const struct cw_scan_place *place, struct cw_err *err)
{
	return place->handle == payload ? 0 : cw_err_set(err, CW_E_INTERNAL, "not a handle of this sink");
}

static int load(const char *path, struct cw_set **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	int rc = cw_rulebook_new(&book, err);

	rc = rc ? rc : cw_rulebook_add_path(book, path, err);
	rc = rc ? rc : cw_rulebook_finish(book, err);
	return rc ? rc : cw_set_compile(book, ret, err);
}

static void print(const struct cw_coverage *c, int rc)
{
	for (size_t i = 0; i < c->list.len; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(&c->list, struct cw_unscanned, i);

		printf("unscanned %s: %s\n", u->object, u->reason);
	}
	printf("rc %d expected %" PRIu64 " scanned %" PRIu64 " unscanned %" PRIu64 " complete %d\n", rc, c->expected,
	       c->scanned, c->unscanned - c->beside, cw_coverage_complete(c));
}

static int audit(char **argv, struct cw_err *err)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	CW_CLEANUP(cw_coverage_release) struct cw_coverage coverage;
	struct cw_progress progress = { .total = 0 };
	struct hook hook = { .progress = &progress };
	struct cw_sink sink = { .keep = on_hit, .place = on_place, .payload = &hook };
	struct cw_audit_opts opts = { .path = argv[2], .object_max = CW_OBJECT_MAX_DEFAULT };
	uint64_t jobs = 0;
	int rc = cw_num_u64(argv[3], strlen(argv[3]), 1, 64, "jobs", &jobs, err);

	opts.jobs = (unsigned)jobs;
	hook.always = !strcmp(argv[4], "always");
	hook.command = hook.always || !strcmp(argv[4], "run") ? argv + 5 : NULL;
	hook.cancel = !strcmp(argv[4], "cancel");
	hook.fail = !strcmp(argv[4], "fail");
	cw_coverage_init(&coverage);
	rc = rc ? rc : load(argv[1], &set, err);
	rc = rc ? rc : cw_vcs_init(err);
	if (rc)
		return rc;
	rc = cw_audit_run(set, &opts, &sink, &progress, &coverage, err);
	cw_vcs_shutdown();
	print(&coverage, rc);
	return 0;
}

int main(int argc, char **argv)
{
	struct cw_err err = CW_ERR_INIT;

	if (argc < 5 || audit(argv, &err)) {
		fprintf(stderr, "audit_hook: %s\n", cw_err_msg(&err));
		return 1;
	}
	return 0;
}
