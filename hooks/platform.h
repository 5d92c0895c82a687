/* hooks/platform.h - who runs the server hook, as its environment says: for the form of what is said and for the audit log, never for
 * the policy, since some of it is the pusher's word. */
#ifndef CW_HOOKS_PLATFORM_H
#define CW_HOOKS_PLATFORM_H

struct cw_platform {
	const char *name;	 /* "git", "gitlab", "gitea", "github", "bitbucket", "gitolite" */
	const char *line_prefix; /* what makes the platform show a line to the user; "" */
	const char *user;	 /* who pushes, as the platform claims; NULL: it does not say. Borrowed from the environment */
	const char *repository;	 /* likewise */
};

struct cw_platform cw_platform_find(void);

#endif
