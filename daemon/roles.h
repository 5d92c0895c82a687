/* daemon/roles.h - who may do what: names out of the configuration, as ids.
 *
 * Names are looked up once, when the configuration is taken over; a connection is judged by the ids that the kernel gives for its peer (user,
 * group and supplementary groups at the time of connect()), so that no look-up can hold up the loop.
 * Threads: immutable once made. */
#ifndef CW_DAEMON_ROLES_H
#define CW_DAEMON_ROLES_H

#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

/* What a caller may do: a set of bits. Who is an admin may all, an auditor may scan. */
enum cw_role { CW_ROLE_NONE = 0, CW_ROLE_SCAN = 1 << 0, CW_ROLE_AUDIT = 1 << 1, CW_ROLE_ADMIN = 1 << 2 };
/* "scan", "audit", "admin"; "none". */
const char *cw_role_name(enum cw_role r);

struct cw_roles;

/* Lists of users and @groups, by name or number, between blanks; "*" is everybody. CW_E_INVALID: one is not known (said with its
 * key); CW_E_LIMIT, CW_E_NOMEM. */
int cw_roles_new(const char *scan, const char *audit, const char *admin, struct cw_roles **ret, struct cw_err *err);
void cw_roles_free(struct cw_roles *r);
CW_DEFINE_CLEANUP(struct cw_roles, cw_roles_free)
/* All roles (bits of enum cw_role) of a peer with GROUPS. Root and the daemon's own user have all. */
unsigned cw_roles_of(const struct cw_roles *r, uid_t uid, const gid_t *groups, size_t len);
/* The mode that the socket needs so that all who have a role can connect; *ret_gid is the group it has to belong to, or -1. */
mode_t cw_roles_socket_mode(const struct cw_roles *r, gid_t *ret_gid);

#endif
