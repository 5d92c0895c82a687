/* daemon/roles.c - see roles.h. */
#include "daemon/roles.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/text.h"
#include "base/vec.h"

#define ENTRIES_MAX 4096 /* users and groups in all lists */
#define WORD_MAX_LEN ((size_t)255)
#define LOOKUP_MAX ((size_t)1 << 20) /* bytes of what the system knows of a group */

enum kind { USER, GROUP, EVERYBODY };

struct entry {
	enum kind kind;
	uint32_t id;
	unsigned roles;
};

struct cw_roles {
	struct cw_vec entries; /* struct entry */
	uid_t self;
};

static const unsigned implied[] = {
	CW_ROLE_SCAN,
	CW_ROLE_SCAN | CW_ROLE_AUDIT,
	CW_ROLE_SCAN | CW_ROLE_AUDIT | CW_ROLE_ADMIN,
};
static const char *const keys[] = {"daemon.scan", "daemon.audit", "daemon.admin"};

const char *cw_role_name(enum cw_role r)
{
	switch (r) {
	case CW_ROLE_SCAN:
		return "scan";
	case CW_ROLE_AUDIT:
		return "audit";
	case CW_ROLE_ADMIN:
		return "admin";
	case CW_ROLE_NONE:
		break;
	}
	return "none";
}

void cw_roles_free(struct cw_roles *r)
{
	if (r == NULL)
		return;
	cw_vec_release(&r->entries);
	free(r);
}

/* One look-up with BUF: 0, or an errno. *ret_found tells whether there is such a name. */
static int look_up_once(enum kind kind, const char *name, char *buf, size_t len, bool *ret_found, uint32_t *ret_id)
{
	struct passwd pw, *user = NULL;
	struct group gr, *group = NULL;
	int rc;

	if (kind == USER) {
		rc = getpwnam_r(name, &pw, buf, len, &user);
		*ret_found = user != NULL;
		if (user != NULL)
			*ret_id = user->pw_uid;
	} else {
		rc = getgrnam_r(name, &gr, buf, len, &group);
		*ret_found = group != NULL;
		if (group != NULL)
			*ret_id = group->gr_gid;
	}
	return rc;
}

/* A large group needs a large buffer. */
static int look_up(enum kind kind, const char *name, bool *ret_found, uint32_t *ret_id, struct cw_err *err)
{
	int rc = ERANGE;

	for (size_t len = 4096; rc == ERANGE && len <= LOOKUP_MAX; len *= 4) {
		CW_CLEANUP(cw_freep) char *buf = malloc(len);

		if (buf == NULL)
			return cw_err_nomem(err);
		rc = look_up_once(kind, name, buf, len, ret_found, ret_id);
	}
	/* Some sources of names tell with these that there is no such name. */
	if (rc == 0 || rc == ENOENT || rc == ESRCH || rc == EBADF || rc == EPERM)
		return 0;
	return cw_err_sys(err, rc, "looking up a name");
}

static int resolve(const char *word, struct entry *ret, struct cw_err *err)
{
	const char *name = word[0] == '@' ? word + 1 : word;
	uint64_t number = 0;
	uint32_t id = 0;
	bool found = false;
	int rc;

	if (strcmp(word, "*") == 0) {
		ret->kind = EVERYBODY;
		return 0;
	}
	ret->kind = word[0] == '@' ? GROUP : USER;
	if (cw_num_u64(name, strlen(name), 0, UINT32_MAX - 1, "id", &number, NULL) == 0) {
		ret->id = (uint32_t)number;
		return 0;
	}
	rc = look_up(ret->kind, name, &found, &id, err);
	if (rc != 0)
		return rc;
	if (!found)
		return cw_err_set(err, CW_E_INVALID, "there is no %s '%s'", ret->kind == GROUP ? "group" : "user", name);
	ret->id = id;
	return 0;
}

static int add_word(struct cw_roles *r, const char *text, size_t len, unsigned roles, struct cw_err *err)
{
	char word[WORD_MAX_LEN + 1];
	struct entry *e;
	int rc;

	if (len > WORD_MAX_LEN)
		return cw_err_set(err, CW_E_INVALID, "a name is longer than %zu bytes", WORD_MAX_LEN);
	memcpy(word, text, len);
	word[len] = '\0';
	e = cw_vec_push(&r->entries);
	if (e == NULL)
		return cw_vec_fail(&r->entries, "users and groups", err);
	e->roles = roles;
	rc = resolve(word, e, err);
	return rc;
}

static int add_list(struct cw_roles *r, const char *text, unsigned roles, struct cw_err *err)
{
	static const char blanks[] = " \t\n";

	for (;;) {
		size_t len;
		int rc;

		text += strspn(text, blanks);
		len = strcspn(text, blanks);
		if (len == 0)
			return 0;
		rc = add_word(r, text, len, roles, err);
		if (rc != 0)
			return rc;
		text += len;
	}
}

int cw_roles_new(const char *scan, const char *audit, const char *admin, struct cw_roles **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_roles_free_p) struct cw_roles *r = calloc(1, sizeof(*r));
	const char *lists[] = {scan, audit, admin};

	if (r == NULL)
		return cw_err_nomem(err);
	r->entries = (struct cw_vec)CW_VEC_INIT(struct entry, ENTRIES_MAX);
	r->self = geteuid();
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		int rc = add_list(r, lists[i], implied[i], err);

		if (rc != 0)
			return cw_err_wrap(err, rc, "%s", keys[i]);
	}
	*ret = cw_steal(&r);
	return 0;
}

static bool entry_matches(const struct entry *e, uid_t uid, const gid_t *groups, size_t len)
{
	if (e->kind != GROUP)
		return e->kind == EVERYBODY || e->id == uid;
	for (size_t i = 0; i < len; i++) {
		if (groups[i] == e->id)
			return true;
	}
	return false;
}

unsigned cw_roles_of(const struct cw_roles *r, uid_t uid, const gid_t *groups, size_t len)
{
	unsigned roles = CW_ROLE_NONE;

	if (uid == 0 || uid == r->self)
		return implied[2];
	for (size_t i = 0; i < r->entries.len; i++) {
		const struct entry *e = &CW_VEC_AT(&r->entries, struct entry, i);

		if (entry_matches(e, uid, groups, len))
			roles |= e->roles;
	}
	return roles;
}

mode_t cw_roles_socket_mode(const struct cw_roles *r, gid_t *ret_gid)
{
	gid_t gid = (gid_t)-1;

	*ret_gid = (gid_t)-1;
	for (size_t i = 0; i < r->entries.len; i++) {
		const struct entry *e = &CW_VEC_AT(&r->entries, struct entry, i);

		if (e->kind == USER && (e->id == 0 || e->id == r->self))
			continue;
		/* One group can be let in by the file's mode; for anything else calls are what is judged. */
		if (e->kind != GROUP || (gid != (gid_t)-1 && gid != e->id))
			return 0666;
		gid = e->id;
	}
	*ret_gid = gid;
	return gid == (gid_t)-1 ? 0600 : 0660;
}
