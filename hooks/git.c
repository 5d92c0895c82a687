/* hooks/git.c - see git.h. */
#include "hooks/git.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define ARGS_MAX 32
#define OUTPUT_MAX ((size_t)1 << 20) /* bytes */

extern char **environ;

void cw_git_forget(void)
{
	static const char *const names[] = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR",
					    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH", "GIT_PREFIX", "GIT_NAMESPACE"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}

static int spawn(const char *const *argv, int out, bool both, pid_t *ret, struct cw_err *err)
{
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc != 0)
		return cw_err_nomem(err);
	rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (rc == 0 && both)
		rc = posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	if (rc == 0 && !both)
		rc = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawnp(ret, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc == 0 ? 0 : cw_err_sys(err, rc, "cannot run git");
}

static int wait_for(pid_t child, int *ret_status, struct cw_err *err)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return cw_err_sys(err, errno, "cannot wait for git");
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

int cw_git_run(const char *folder, const char *const *args, bool both, struct cw_buf *out, int *ret_status, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int reader = -1;
	CW_CLEANUP(cw_closep) int writer = -1;
	const char *argv[ARGS_MAX + 4] = {"git", "-C", folder ? folder : "."};
	size_t n = 3;
	int fds[2], rc, waited;
	pid_t child;

	for (; *args && n < ARGS_MAX + 3; args++)
		argv[n++] = *args;
	if (pipe2(fds, O_CLOEXEC) != 0)
		return cw_err_sys(err, errno, "cannot make a pipe");
	reader = fds[0];
	writer = fds[1];
	rc = spawn(argv, writer, both, &child, err);
	if (rc != 0)
		return rc;
	cw_closep(&writer);
	rc = cw_io_read_fd(reader, "what git says", OUTPUT_MAX, out, err);
	cw_closep(&reader);
	waited = wait_for(child, ret_status, err);
	return rc == 0 ? waited : rc;
}

int cw_git_ask(const char *folder, const char *const *args, struct cw_buf *out, struct cw_err *err)
{
	int status, rc = cw_git_run(folder, args, false, out, &status, err);

	if (rc != 0)
		return rc;
	if (status != 0)
		return cw_err_set(err, CW_E_NOTFOUND, "git %s failed", args[0]);
	if (out->len > 0 && out->data[out->len - 1] == '\n')
		cw_buf_truncate(out, out->len - 1);
	return 0;
}

/* ---- where hooks are ---- */

void cw_hooks_at_release(struct cw_hooks_at *at)
{
	free(at->folder);
	free(at->own);
	free(at->top);
	*at = (struct cw_hooks_at)CW_HOOKS_AT_INIT;
}

/* What git answers, as a path that holds wherever this process stands: a relative one begins at BASE. */
static int ask_path(const char *folder, const char *base, const char *const *args, const char *below, char **ret,
		    struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT, full = CW_BUF_INIT;
	int rc = cw_git_ask(folder, args, &text, err);

	if (rc != 0)
		return rc;
	if (text.data[0] != '/')
		cw_buf_addf(&full, "%s/", base);
	cw_buf_addf(&full, "%s%s", text.data, below);
	*ret = cw_buf_detach(&full);
	return *ret ? 0 : cw_err_nomem(err);
}

int cw_hooks_find(const char *path, struct cw_hooks_at *ret, struct cw_err *err)
{
	static const char *const ask_common[] = {"rev-parse", "--path-format=absolute", "--git-common-dir", NULL};
	static const char *const ask_top[] = {"rev-parse", "--show-toplevel", NULL};
	static const char *const ask_folder[] = {"rev-parse", "--git-path", "hooks", NULL};
	CW_CLEANUP(cw_freep) char *common = NULL;
	const char *base;
	int rc = ask_path(path, path, ask_common, "", &common, err);

	if (rc == CW_E_NOTFOUND)
		return cw_err_set(err, CW_E_NOTFOUND, "'%s' is in no git repository that git can use", path);
	if (rc == 0)
		rc = ask_path(path, path, ask_top, "", &ret->top, NULL);
	if (rc != 0 && rc != CW_E_NOTFOUND)
		return cw_err_nomem(err);
	base = ret->top ? ret->top : common;
	/* git runs hooks at the top, so a relative core.hooksPath begins there */
	rc = ask_path(base, base, ask_folder, "", &ret->folder, err);
	if (rc == 0 && asprintf(&ret->own, "%s/hooks", common) < 0) {
		ret->own = NULL;
		rc = cw_err_nomem(err);
	}
	return rc;
}
