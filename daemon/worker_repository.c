/* daemon/worker_repository.c - looks at one repository, scans it if its references have changed, and ends.
 *
 * The sandbox comes before the first byte of the repository is read: all that lies below the roots may be read. Once its folders are
 * known, those alone. What it may write is its own part of the cache: no repository can touch the verdicts of another. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/encode.h"
#include "base/io.h"
#include "daemon/worker.h"
#include "daemon/worker_int.h"
#include "daemon/worker_refs.h"
#include "policy/findings.h"
#include "policy/source.h"
#include "report/record.h"
#include "scan/audit.h"
#include "vcs/reach.h"

#define ROOTS_MAX 1000
#define FOLDERS_MAX 2000
#define REASONS_MAX 100 /* listed in the coverage */
#define CACHE_NAME_LEN 16 /* bytes, of the digest of the repository's path */
#define NICE 10
#define IOPRIO_LOWEST (2 << 13 | 7) /* best effort, level 7: ioprio_set(2) */
#define IOPRIO_WHO_PROCESS 1

struct repository {
	struct cw_worker w;
	struct cw_vec roots; /* char *: real paths */
	const char *cache;   /* folder of verdict stores, or NULL; from the job on that of this repository */
	char *conf_text;
	bool landlock;
	uint64_t job;
	/* of the job */
	struct cw_json *wanted;
	struct cw_repo *repo;
	struct cw_findings *findings;
	struct cw_coverage coverage;
	struct cw_progress progress;
};

/* ---- start ---- */

static void lower_priority(void)
{
	/* Best effort: it only concerns who else waits. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_LOWEST);
}

/* A root that is not there now holds no repositories now. */
static int take_roots(struct repository *r, struct cw_err *err)
{
	const struct cw_json *list = cw_json_get(r->w.setup, "roots");

	for (const struct cw_json *item = cw_json_first(list); item; item = cw_json_next(item)) {
		const char *path = cw_json_str(item);
		char *real = path && path[0] == '/' ? realpath(path, NULL) : NULL, **slot;

		if (!real)
			continue;
		slot = cw_vec_push(&r->roots);
		if (!slot) {
			free(real);
			return cw_vec_fail(&r->roots, "roots", err);
		}
		*slot = real;
	}
	return 0;
}

static int take_cache(struct repository *r, struct cw_err *err)
{
	const char *cache = cw_json_str(cw_json_get(r->w.setup, "cache"));
	struct cw_err why = CW_ERR_INIT;

	if (!cache || cw_io_mkdirs(cache, 0700, &why) != 0)
		return 0;
	if (setenv("XDG_CACHE_HOME", cache, 1) != 0)
		return cw_err_nomem(err);
	r->cache = getenv("XDG_CACHE_HOME");
	return 0;
}

static int take_settings(struct repository *r, struct cw_err *err)
{
	const char *conf = cw_json_str(cw_json_get(r->w.setup, "conf"));
	int rc = take_roots(r, err);

	if (rc == 0)
		rc = take_cache(r, err);
	r->conf_text = conf ? strdup(conf) : NULL;
	return rc == 0 && !r->conf_text ? cw_err_nomem(err) : rc;
}

static int start(struct repository *r, struct cw_err *err)
{
	struct cw_sandbox s = {.kind = CW_SANDBOX_REPOSITORY};
	int rc;

	lower_priority();
	rc = cw_worker_start(&r->w, err);
	if (rc == 0)
		rc = take_settings(r, err);
	if (rc == 0)
		rc = cw_vcs_init(err);
	s.memory = r->w.memory;
	s.read = (const char *const *)r->roots.items;
	s.read_len = r->roots.len;
	s.write = &r->cache;
	s.write_len = r->cache != NULL;
	return rc == 0 ? cw_worker_ready(&r->w, &s, &r->landlock, err) : rc;
}

/* ---- the repository ---- */

static bool is_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	while (len > 0 && root[len - 1] == '/')
		len--;
	return strncmp(path, root, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static bool is_allowed(const struct repository *r, const char *path)
{
	for (size_t i = 0; i < r->roots.len; i++) {
		if (is_below(path, CW_VEC_AT(&r->roots, char *, i)))
			return true;
	}
	return false;
}

/* Whether PATH can be reached from ROOT without a link that leads out of it. */
static bool stays_below(const char *path, const char *root)
{
	const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	CW_CLEANUP(cw_closep) int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CW_CLEANUP(cw_closep) int fd = -1;
	const char *rest = path + strlen(root);

	rest += strspn(rest, "/");
	if (top >= 0)
		fd = (int)syscall(SYS_openat2, top, *rest ? rest : ".", &how, sizeof(how));
	return fd >= 0;
}

static int check_path(const struct repository *r, const char *path, struct cw_err *err)
{
	if (!path || path[0] != '/')
		return cw_err_set(err, CW_E_INVALID, "no absolute path of a repository");
	for (size_t i = 0; i < r->roots.len; i++) {
		const char *root = CW_VEC_AT(&r->roots, char *, i);

		if (is_below(path, root) && stays_below(path, root))
			return 0;
	}
	return cw_err_set(err, CW_E_INVALID, "'%s' is not a folder below a configured root, or a link leads out of it", path);
}

/* Not the one that PATH lies in: its findings would be told of another repository than was asked about. */
static int check_same(const struct repository *r, const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *real = realpath(path, NULL);
	const char *work = cw_repo_work_dir(r->repo), *git = cw_repo_git_dir(r->repo);

	if (!real)
		return cw_err_sys(err, errno, "unable to open '%s'", path);
	if (strcmp(real, git) != 0 && (!work || strcmp(real, work) != 0))
		return cw_err_set(err, CW_E_NOTFOUND, "'%s' is not a git repository", path);
	return 0;
}

/* From here on nothing else can be opened. An alternate outside the roots cannot be read: then its objects are unscanned. */
static int narrow(struct repository *r, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec reach = CW_VEC_INIT(const char *, FOLDERS_MAX);
	struct cw_sandbox s = {.kind = CW_SANDBOX_REPOSITORY, .write = &r->cache, .write_len = r->cache != NULL};
	size_t n = 0;
	int rc = cw_repo_reach(r->repo, &reach, err);

	for (size_t i = 0; rc == 0 && i < reach.len; i++) {
		const char *path = CW_VEC_AT(&reach, const char *, i);

		if (is_allowed(r, path))
			CW_VEC_AT(&reach, const char *, n++) = path;
		else if (i == 0 || !r->landlock)
			return cw_err_set(err, CW_E_INVALID, "the repository leads to a folder outside the configured roots");
	}
	s.read = reach.items;
	s.read_len = n;
	return rc == 0 && r->landlock ? cw_sandbox_files(&s, &r->landlock, err) : rc;
}

/* Put a part of the cache that is named after PATH in place of the whole. What cannot be made is done without: a store only saves time. */
static int own_cache(struct repository *r, const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf folder = CW_BUF_INIT;
	struct cw_sandbox s = {.kind = CW_SANDBOX_REPOSITORY, .read = (const char *const *)r->roots.items, .read_len = r->roots.len,
			       .write = &r->cache, .write_len = 1};
	uint8_t sum[CW_SHA256_LEN];
	int rc = r->cache ? cw_sha256(path, strlen(path), sum, err) : 0;

	if (rc < 0 || !r->cache)
		return rc;
	cw_buf_addf(&folder, "%s/", r->cache);
	cw_hex_encode(sum, CACHE_NAME_LEN, &folder);
	rc = cw_buf_fail(&folder, "path", err);
	if (rc == 0 && cw_io_mkdirs(folder.data, 0700, NULL) != 0)
		(void)unsetenv("XDG_CACHE_HOME");
	else if (rc == 0 && setenv("XDG_CACHE_HOME", folder.data, 1) != 0)
		rc = cw_err_nomem(err);
	r->cache = getenv("XDG_CACHE_HOME");
	s.write_len = r->cache != NULL;
	return rc == 0 && r->landlock ? cw_sandbox_files(&s, &r->landlock, err) : rc;
}

static int open_repository(struct repository *r, struct cw_err *err)
{
	const char *path = cw_json_str(cw_json_get(r->wanted, "path"));
	int rc = check_path(r, path, err);

	if (rc == 0)
		rc = own_cache(r, path, err);
	if (rc == 0)
		rc = cw_repo_open(path, &r->repo, err);
	if (rc == 0)
		rc = check_same(r, path, err);
	return rc == 0 ? narrow(r, err) : rc;
}

/* ---- policy ---- */

/* What is stored in the repository is its pushers': it counts only where the system says so, and only if it makes sense. */
static int make_policy(struct repository *r, struct cw_err *err)
{
	struct cw_source source = cw_source_head(r->repo);
	struct cw_worker *w = &r->w;
	bool use = w->conf->repository_policy == CW_REPOSITORY_DEFAULT_BRANCH;

	cw_policy_free(w->policy);
	w->policy = NULL;
	if (use && cw_conf_load_repository(w->conf, &source, NULL) == 0 && cw_worker_make_policy(w, &source, NULL) == 0)
		return 0;
	cw_conf_free(w->conf);
	w->conf = NULL;
	if (cw_conf_new(&w->conf, err) != 0 ||
	    cw_conf_add(w->conf, CW_LEVEL_SYSTEM, "configuration", r->conf_text, strlen(r->conf_text), err) != 0)
		return err->code;
	w->conf->inline_marks = use && w->conf->inline_marks;
	return cw_worker_make_policy(w, NULL, err);
}

/* ---- the scan ---- */

static int run_audit(struct repository *r, struct cw_err *err)
{
	struct cw_audit_opts opts = {.path = cw_repo_git_dir(r->repo), .jobs = 1, .object_max = r->w.object_max,
				     .memory_max = r->w.memory / 2, .use_store = r->cache != NULL};
	struct cw_sink sink;
	int rc = make_policy(r, err);

	if (rc == 0)
		rc = cw_worker_load_rules(&r->w, err);
	if (rc == 0)
		rc = cw_findings_new(&r->w.key, 1, false, &r->findings, err);
	if (rc == 0)
		rc = cw_findings_set_policy(r->findings, r->w.policy, true, err);
	if (rc < 0)
		return rc;
	opts.memory_max = opts.memory_max < CW_MEMORY_MAX_MIN ? CW_MEMORY_MAX_MIN : opts.memory_max;
	sink = cw_findings_sink(r->findings);
	cw_coverage_init(&r->coverage);
	rc = cw_audit_run(r->w.set, &opts, &sink, &r->progress, &r->coverage, err);
	if (rc == 0)
		rc = cw_findings_finish(r->findings, err);
	if (rc == 0)
		rc = cw_cleanse_findings(r->w.cleanser, r->findings, err);
	if (rc == 0)
		rc = cw_cleanse_coverage(r->w.cleanser, &r->coverage, err);
	return rc;
}

static int tell_findings(struct repository *r, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < cw_findings_len(r->findings); i++) {
		CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
		CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_MAX(CW_IPC_MAX);

		rc = cw_report_record(r->w.set, cw_findings_at(r->findings, i), o, err);
		if (rc == 0)
			rc = cw_json_print(o, false, &text, err);
		if (rc == 0)
			rc = cw_worker_say(&r->w, CW_IPC_RECORD, r->job, text.data, text.len, err);
	}
	return rc;
}

static void add_coverage(const struct cw_coverage *c, struct cw_json *o)
{
	struct cw_json *reasons;

	cw_json_add_int(o, "expected", (int64_t)c->expected);
	cw_json_add_int(o, "scanned", (int64_t)c->scanned);
	cw_json_add_int(o, "cached", (int64_t)c->cached);
	cw_json_add_int(o, "unscanned", (int64_t)c->unscanned);
	reasons = cw_json_add_array(o, "unscanned_reasons");
	for (size_t i = 0; i < c->list.len && i < REASONS_MAX; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(&c->list, struct cw_unscanned, i);
		char text[400];

		snprintf(text, sizeof(text), "%s: %s", u->object ? u->object : "", u->reason ? u->reason : "");
		cw_json_add_str(reasons, NULL, text);
	}
}

static int scan(struct repository *r, struct cw_json *parameters, struct cw_err *err)
{
	bool findings = false;
	int rc = run_audit(r, err);

	(void)cw_json_bool(cw_json_get(r->wanted, "findings"), &findings);
	if (rc == 0 && findings)
		rc = tell_findings(r, err);
	if (rc < 0)
		return rc;
	cw_json_add_int(parameters, "findings", (int64_t)cw_findings_counted(r->findings, CW_SEVERITY_LOW));
	add_coverage(&r->coverage, cw_json_add_object(parameters, "coverage"));
	return 0;
}

/* ---- the job ---- */

static int work(struct repository *r, struct cw_buf *reply, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *root = cw_json_object();
	CW_CLEANUP(cw_buf_release) struct cw_buf refs = CW_BUF_INIT_MAX(CW_IPC_MAX);
	struct cw_json *parameters = cw_json_add_object(root, "parameters");
	const char *action = cw_json_str(cw_json_get(r->wanted, "action")), *known = cw_json_str(cw_json_get(r->wanted, "known"));
	char fingerprint[CW_REFS_FINGERPRINT_SIZE];
	int rc = open_repository(r, err);

	if (rc == 0)
		rc = cw_worker_refs(r->repo, &refs, fingerprint, err);
	if (rc == 0)
		rc = cw_worker_say(&r->w, CW_IPC_REFS, r->job, refs.data, refs.len, err);
	if (rc < 0)
		return rc;
	if (known && strcmp(known, fingerprint) == 0)
		cw_json_add_bool(parameters, "unchanged", true);
	else if (action && strcmp(action, "scan") == 0)
		rc = scan(r, parameters, err);
	return rc == 0 ? cw_json_print(root, false, reply, err) : rc;
}

/* Messages may quote paths of the repository: what the rules find in them is taken out. */
static int say_failed(struct repository *r, const struct cw_err *why, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	const char *msg = cw_err_msg(why);
	int rc = r->w.cleanser ? 0 : cw_worker_load_rules(&r->w, err);

	if (rc == 0)
		rc = cw_cleanse(r->w.cleanser, msg, strlen(msg), &text, err);
	if (rc < 0)
		msg = cw_err_text(why->code);
	else
		msg = text.data;
	return cw_worker_say(&r->w, CW_IPC_FAILED, r->job, msg, strlen(msg), err);
}

static int run_job(struct repository *r, const struct cw_ipc_head *head, const char *data, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf reply = CW_BUF_INIT_MAX(CW_IPC_MAX);
	struct cw_err why = CW_ERR_INIT;
	int rc;

	if (head->kind != CW_IPC_REPOSITORY)
		return cw_err_set(err, CW_E_INVALID, "a message that is not for this worker");
	r->job = head->job;
	cw_worker_begin(&r->w, head->job);
	rc = cw_json_parse(data, head->len, CW_IPC_MAX, &r->wanted, err);
	if (rc < 0)
		return rc;
	rc = work(r, &reply, &why);
	if (rc == 0)
		rc = cw_worker_say(&r->w, CW_IPC_DONE, r->job, reply.data, reply.len, err);
	else
		rc = say_failed(r, &why, err);
	cw_worker_end(&r->w);
	return rc == 0 ? cw_worker_flush(&r->w, err) : rc;
}

int cw_worker_repository_main(void)
{
	static struct repository r = {.roots = CW_VEC_INIT(char *, ROOTS_MAX)};
	struct cw_err err = CW_ERR_INIT;
	struct cw_ipc_head head;
	const char *data;
	bool any = false;
	int rc = start(&r, &err);

	if (rc == 0)
		rc = cw_worker_next(&r.w, &head, &data, &any, &err);
	if (rc == 0 && any)
		rc = run_job(&r, &head, data, &err);
	return rc == 0 ? cw_worker_exit(0) : cw_worker_fail("repository", &err);
}
