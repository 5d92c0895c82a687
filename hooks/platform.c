/* hooks/platform.c - see platform.h: one table of variables. */
#include "hooks/platform.h"

#include <stddef.h>
#include <stdlib.h>

static const struct row {
	const char *sign; /* the variable that tells the platform */
	const char *name, *line_prefix, *user, *repository;
} rows[] = {
	{"GL_ID", "gitlab", "GL-HOOK-ERR: ", "GL_USERNAME", "GL_PROJECT_PATH"},
	{"GL_PROTOCOL", "gitlab", "GL-HOOK-ERR: ", "GL_USERNAME", "GL_PROJECT_PATH"},
	{"GL_REPOSITORY", "gitlab", "GL-HOOK-ERR: ", "GL_USERNAME", "GL_PROJECT_PATH"},
	{"GITEA_REPO_NAME", "gitea", "", "GITEA_PUSHER_NAME", "GITEA_REPO_NAME"},
	{"GITHUB_REPO_NAME", "github", "", "GITHUB_USER_LOGIN", "GITHUB_REPO_NAME"},
	{"BB_REPO_SLUG", "bitbucket", "", "BB_USER_NAME", "BB_REPO_SLUG"},
	{"GL_REPO", "gitolite", "", "GL_USER", "GL_REPO"},
	{NULL, "git", "", "REMOTE_USER", NULL},
};

static const char *value_of(const char *variable)
{
	const char *value = variable ? getenv(variable) : NULL;

	return value && *value ? value : NULL;
}

struct cw_platform cw_platform_find(void)
{
	const struct row *r = rows;

	while (r->sign && !value_of(r->sign))
		r++;
	return (struct cw_platform){.name = r->name, .line_prefix = r->line_prefix, .user = value_of(r->user),
				    .repository = value_of(r->repository)};
}
