/* hooks/scratch.c - see scratch.h. */
#include "hooks/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/io.h"
#include "hooks/git.h"

#define BODY_LEN 30
#define SUM_LEN 6
#define HOOK_MAX ((size_t)1 << 20) /* bytes */

struct try { /* one hook in one repository */
	const char *hook;
	char work[96], server[96];
	struct cw_buf hooks; /* "core.hooksPath=FOLDER"; empty: as git is set */
	bool at_server;
};

/* ---- the canary ---- */

static uint32_t crc32_of(const char *data, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return ~crc;
}

/* A token of the form that GitHub gives out, with a true checksum: random, so nobody's. */
static int add_canary(struct cw_buf *out, struct cw_err *err)
{
	static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	uint8_t raw[BODY_LEN];
	char token[BODY_LEN + SUM_LEN + 1];
	uint32_t sum;
	int rc = cw_random(raw, sizeof(raw), err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < BODY_LEN; i++)
		token[i] = letters[raw[i] % (sizeof(letters) - 1)];
	sum = crc32_of(token, BODY_LEN);
	for (size_t i = BODY_LEN + SUM_LEN; i-- > BODY_LEN; sum /= 62)
		token[i] = letters[sum % 62];
	token[BODY_LEN + SUM_LEN] = '\0';
	cw_buf_addf(out, "token = \"gh%s%s\"\n", "p_", token);
	return cw_buf_fail(out, "the canary", err);
}

/* ---- git ---- */

/* Run git in FOLDER; *ret_said (may be NULL) gets all it says. HOOKS: with those to be tried. */
static int git(const struct try *t, const char *folder, bool hooks, const char *const *args, struct cw_buf *said, int *ret_status,
	       struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf own = CW_BUF_INIT;
	const char *argv[24] = {"-c", "user.name=credwatch doctor", "-c", "user.email=doctor@example.invalid", "-c",
				"commit.gpgSign=false"};
	size_t n = 6;

	if (!hooks || t->hooks.len > 0) {
		argv[n++] = "-c";
		argv[n++] = hooks ? t->hooks.data : "core.hooksPath=/dev/null";
	}
	while (*args && n < sizeof(argv) / sizeof(argv[0]) - 1)
		argv[n++] = *args++;
	return cw_git_run(folder, argv, true, said ? said : &own, ret_status, err);
}

/* The same without the hooks, and it must work. */
static int prepare(const struct try *t, const char *const *args, struct cw_err *err)
{
	int status = 0, rc = git(t, t->work, false, args, NULL, &status, err);

	return rc == 0 && status != 0 ? cw_err_set(err, CW_E_IO, "it cannot be tried: git does not work in a scratch folder") : rc;
}

static int write_file(const struct try *t, const char *name, const struct cw_buf *text, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;

	cw_buf_addf(&path, "%s/%s", t->work, name);
	if (cw_buf_fail(&path, NULL, NULL) != 0)
		return cw_err_nomem(err);
	return cw_io_replace_file(path.data, text->data, text->len, 0600, err);
}

static int stage(const struct try *t, const char *name, const struct cw_buf *text, struct cw_err *err)
{
	const char *const add[] = {"add", name, NULL};
	int rc = write_file(t, name, text, err);

	return rc == 0 ? prepare(t, add, err) : rc;
}

/* ---- the tries ---- */

/* Do what makes git run the hook, with what is staged, or with TEXT as the message. git merges nothing while something is staged, so
 * that hook is run as git would run it. */
static int act(const struct try *t, const struct cw_buf *text, struct cw_buf *said, int *ret_status, struct cw_err *err)
{
	static const char *const commit[] = {"commit", "-q", "-m", "x", NULL};
	static const char *const merge[] = {"hook", "run", "pre-merge-commit", NULL};
	const char *const message[] = {"commit", "-q", "--allow-empty", "-m", text->data, NULL};
	const char *const push[] = {"push", "-q", t->server, "HEAD:refs/heads/try", NULL};

	if (strcmp(t->hook, "pre-commit") == 0)
		return git(t, t->work, true, commit, said, ret_status, err);
	if (strcmp(t->hook, "pre-merge-commit") == 0)
		return git(t, t->work, true, merge, said, ret_status, err);
	if (strcmp(t->hook, "commit-msg") == 0)
		return git(t, t->work, true, message, said, ret_status, err);
	return git(t, t->work, !t->at_server, push, said, ret_status, err);
}

static int one_try(const struct try *t, const char *name, const struct cw_buf *text, struct cw_buf *said, int *ret_status,
		   struct cw_err *err)
{
	static const char *const commit[] = {"commit", "-q", "-m", "x", NULL};
	/* of a message alone: else the hook of what is staged would stop it first */
	int rc = strcmp(t->hook, "commit-msg") == 0 ? 0 : stage(t, name, text, err);

	if (rc == 0 && (strcmp(t->hook, "pre-push") == 0 || t->at_server))
		rc = prepare(t, commit, err);
	return rc == 0 ? act(t, text, said, ret_status, err) : rc;
}

/* What the hook said, in one line; the reader sees it behind the reason. */
static const char *last_line(struct cw_buf *said)
{
	char *line;

	while (said->len > 0 && said->data[said->len - 1] == '\n')
		cw_buf_truncate(said, said->len - 1);
	line = strrchr(said->data, '\n');
	return line ? line + 1 : said->data;
}

static int try_both(const struct try *t, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf clean = CW_BUF_INIT, canary = CW_BUF_INIT, said = CW_BUF_INIT;
	int status = 0, rc;

	cw_buf_adds(&clean, "nothing here\n");
	rc = one_try(t, "clean.txt", &clean, &said, &status, err);
	if (rc == 0 && status != 0)
		return cw_err_set(err, CW_E_INVALID, "a clean change is stopped: %.120s", last_line(&said));
	if (rc == 0)
		rc = add_canary(&canary, err);
	cw_buf_clear(&said);
	if (rc == 0)
		rc = one_try(t, "canary.txt", &canary, &said, &status, err);
	if (rc != 0)
		return rc;
	if (status == 0)
		return cw_err_set(err, CW_E_INVALID, "a canary is NOT stopped");
	if (!strstr(said.data, "credwatch: ") || !strstr(said.data, "it brings 1 secret"))
		return cw_err_set(err, CW_E_INVALID, "a canary is stopped, but not by credwatch: %.120s", last_line(&said));
	return 0;
}

static int make_repositories(struct try *t, struct cw_err *err)
{
	const char *const init[] = {"init", "-q", t->work, NULL};
	const char *const bare[] = {"init", "-q", "--bare", t->server, NULL};
	const char *const first[] = {"commit", "-q", "--allow-empty", "-m", "first", NULL};
	int status = 0, rc = cw_git_run(NULL, init, false, &t->hooks, &status, err);

	cw_buf_clear(&t->hooks);
	if (rc == 0 && status == 0)
		rc = prepare(t, first, err);
	if (rc == 0 && status == 0)
		rc = prepare(t, bare, err);
	return rc == 0 && status != 0 ? cw_err_set(err, CW_E_IO, "git cannot make a scratch repository") : rc;
}

/* A server has its hooks by its own configuration. */
static int configure_server(const struct try *t, const char *folder, struct cw_err *err)
{
	const char *const set[] = {"-C", t->server, "config", "core.hooksPath", folder, NULL};

	return prepare(t, set, err);
}

int cw_scratch_try(struct cw_scratch *s, const char *folder, const char *hook, struct cw_err *err)
{
	struct try t = {.hook = hook, .hooks = CW_BUF_INIT, .at_server = strcmp(hook, "pre-receive") == 0};
	int rc;

	snprintf(t.work, sizeof(t.work), "%s/%.15s", s->folder, hook + 4);
	snprintf(t.server, sizeof(t.server), "%s/%.15s.git", s->folder, hook + 4);
	rc = make_repositories(&t, err);
	if (folder)
		cw_buf_addf(&t.hooks, "core.hooksPath=%s", folder);
	if (rc == 0)
		rc = cw_buf_fail(&t.hooks, "hooks", err);
	if (rc == 0 && folder && t.at_server)
		rc = configure_server(&t, folder, err);
	if (rc == 0)
		rc = try_both(&t, err);
	cw_buf_release(&t.hooks);
	return rc;
}

/* ---- the folder ---- */

int cw_scratch_make(struct cw_scratch *s, struct cw_err *err)
{
	const char *tmp = getenv("TMPDIR");

	if (!tmp || *tmp != '/' || strlen(tmp) > 30)
		tmp = "/tmp";
	snprintf(s->folder, sizeof(s->folder), "%s/credwatch-doctor.XXXXXX", tmp);
	if (mkdtemp(s->folder))
		return 0;
	s->folder[0] = '\0';
	return cw_err_sys(err, errno, "cannot make a temporary folder");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

void cw_scratch_remove(struct cw_scratch *s)
{
	if (s->folder[0])
		nftw(s->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	s->folder[0] = '\0';
}

int cw_scratch_mentions(const char *path, bool *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int rc = cw_io_read_file(path, HOOK_MAX, 0, &text, NULL);

	if (rc == CW_E_NOMEM)
		return cw_err_nomem(err);
	*ret = rc == 0 && memmem(text.data, text.len, "credwatch", 9) != NULL;
	return 0;
}
