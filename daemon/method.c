/* daemon/method.c - owns: the table of methods, and what is checked before one runs. See method.h. */
#include "daemon/method.h"

#include <stdio.h>
#include <string.h>

#include "daemon/conn.h"
#include "proto/fdpass.h"
#include "proto/interface.h"

#define IO "io.credwatch."
#define SERVICE "org.varlink.service."

/* clang-format off */
static const struct cw_method table[] = {
	{IO "ScanText", "text path engine digest", CW_ROLE_SCAN, 0, cw_method_scan_text},
	{IO "ScanFd", "path engine digest", CW_ROLE_SCAN, CW_METHOD_FD, cw_method_scan_fd},
	{IO "ScanObjects", "objects engine digest", CW_ROLE_SCAN, CW_METHOD_FD, cw_method_scan_objects},
	{IO "ScanRepository", "path", CW_ROLE_ADMIN, CW_METHOD_MORE, cw_method_scan_repository},
	{IO "ReportOutcome", "command repository status findings expected unscanned user refs", CW_ROLE_SCAN, 0, cw_method_report_outcome},
	{IO "Watch", "path from_now", CW_ROLE_ADMIN, 0, cw_method_watch},
	{IO "Unwatch", "path", CW_ROLE_ADMIN, 0, cw_method_unwatch},
	{IO "ListWatches", "", CW_ROLE_AUDIT, 0, cw_method_list_watches},
	{IO "ListFindings", "repository since", CW_ROLE_AUDIT, CW_METHOD_MORE, cw_method_list_findings},
	{IO "Allow", "fingerprint reason expires", CW_ROLE_ADMIN, 0, cw_method_allow},
	{IO "Revoke", "fingerprint", CW_ROLE_ADMIN, 0, cw_method_revoke},
	{IO "Status", "", CW_ROLE_SCAN, 0, cw_method_status},
	{IO "Sessions", "", CW_ROLE_AUDIT, 0, cw_method_sessions},
	{IO "Disconnect", "session", CW_ROLE_ADMIN, 0, cw_method_disconnect},
	{IO "Reload", "", CW_ROLE_ADMIN, 0, cw_method_reload},
	{IO "Subscribe", "", CW_ROLE_AUDIT, CW_METHOD_MORE | CW_METHOD_NEEDS_MORE, cw_method_subscribe},
	{SERVICE "GetInfo", "", CW_ROLE_NONE, 0, cw_method_get_info},
	{SERVICE "GetInterfaceDescription", "interface", CW_ROLE_NONE, 0, cw_method_get_description},
};
/* clang-format on */

const struct cw_method *cw_method_at(size_t i)
{
	return i < sizeof(table) / sizeof(table[0]) ? &table[i] : NULL;
}

const struct cw_method *cw_method_find(const char *name, size_t len)
{
	const struct cw_method *m;

	for (size_t i = 0; (m = cw_method_at(i)) != NULL; i++) {
		if (cw_slice_is((struct cw_slice){name, len}, m->name))
			return m;
	}
	return NULL;
}

/* The service's or the interface's: a caller learns which of both it spelt wrong. */
static void no_such_method(struct cw_request *r, struct cw_slice name)
{
	const char *point = memrchr(name.data, '.', name.len);
	size_t len = point != NULL ? (size_t)(point - name.data) : 0;
	struct cw_slice interface = {name.data, len};

	cw_conn_refused(cw_conn_of(r), "there is no such method");
	if (cw_slice_is(interface, CW_INTERFACE) || cw_slice_is(interface, "org.varlink.service"))
		cw_request_fail_as(r, SERVICE "MethodNotFound", "method", name.data, name.len);
	else
		cw_request_fail_as(r, SERVICE "InterfaceNotFound", "interface", name.data, len);
}

static bool has_word(const char *words, struct cw_slice word)
{
	while (*words != '\0') {
		size_t len = strcspn(words, " ");

		if (len == word.len && memcmp(words, word.data, len) == 0)
			return true;
		words += len + (words[len] == ' ');
	}
	return false;
}

/* A parameter that is spelt wrong must not be passed over: it may be the one that makes the call strict. */
static bool check_parameters(struct cw_request *r, const struct cw_method *m)
{
	for (size_t i = 0; i < r->members_len; i++) {
		struct cw_slice key = r->members[i].key;

		if (!has_word(m->parameters, key)) {
			cw_request_fail_as(r, SERVICE "InvalidParameter", "parameter", key.data, key.len);
			return false;
		}
	}
	return true;
}

static bool bad_descriptor(struct cw_request *r, const char *reason)
{
	cw_conn_refused(cw_conn_of(r), reason);
	cw_request_fail(r, "BadDescriptor", "%s", reason);
	return false;
}

/* Never touches a descriptor in a way that asks whoever stands behind it. */
static bool check_descriptor(struct cw_request *r, const struct cw_method *m)
{
	struct cw_conn *c = cw_conn_of(r);
	bool mine = c->passed_for + 1 == c->messages, has = mine && (c->passed >= 0 || c->unsealed);
	uint64_t size = 0;
	struct cw_json *p;

	if (mine && c->surplus)
		return bad_descriptor(r, "more than one descriptor came, or none could be taken");
	if ((m->flags & CW_METHOD_FD) == 0)
		return has ? bad_descriptor(r, "this call takes no descriptor") : true;
	if (!has)
		return bad_descriptor(r, "no descriptor came with the call");
	if (c->unsealed || cw_memfd_size(c->passed, &size, NULL) != 0)
		return bad_descriptor(r, "a memfd is wanted that is sealed against writing, shrinking and growing");
	if (size <= c->all->limits.fd_max)
		return true;
	p = cw_json_object();
	cw_json_add_str(p, "name", "daemon.fd_max");
	cw_json_add_int(p, "limit", (int64_t)c->all->limits.fd_max);
	cw_request_fail_json(r, "LimitExceeded", p);
	return false;
}

static bool check_role(struct cw_request *r, const struct cw_method *m)
{
	const char *role = cw_role_name(m->role);
	char why[64];
	struct cw_json *p;

	if (m->role == CW_ROLE_NONE || (r->peer.roles & m->role) != 0)
		return true;
	snprintf(why, sizeof(why), "it has not the role %s", role);
	cw_conn_refused(cw_conn_of(r), why);
	p = cw_json_object();
	cw_json_add_str(p, "role", role);
	cw_request_fail_json(r, "PermissionDenied", p);
	return false;
}

void cw_method_run(struct cw_request *r, struct cw_slice name)
{
	const struct cw_method *m = cw_method_find(name.data, name.len);

	if (m == NULL) {
		no_such_method(r, name);
		return;
	}
	cw_conn_of(r)->method = m->name;
	if (!check_role(r, m) || !check_parameters(r, m) || !check_descriptor(r, m))
		return;
	r->more = r->more && (m->flags & CW_METHOD_MORE) != 0;
	if (!r->more && (m->flags & CW_METHOD_NEEDS_MORE) != 0)
		cw_request_fail_as(r, SERVICE "ExpectedMore", NULL, NULL, 0);
	else if (m->run == NULL)
		cw_request_fail_as(r, SERVICE "MethodNotImplemented", "method", name.data, name.len);
	else
		m->run(r);
}
