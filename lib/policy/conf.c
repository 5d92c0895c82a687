/* policy/conf.c - the tables made of conf.def, defaults, and the files of the levels. */
#include "policy/conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/num.h"
#include "policy/conf_int.h"

const char *const cw_conf_repository_policies[] = {"apply", "audit", "ignore", "default-branch", NULL};
const char *const cw_conf_severities[] = {"low", "medium", "high", "critical", NULL};
const char *const cw_conf_judges[] = {"new", "all", NULL};
const char *const cw_conf_thresholds[] = {"low", "medium", "high", "critical", "none", NULL};
const char *const cw_conf_proofs[] = {"context", "pattern", "structure", "checksum", NULL};
const char *const cw_conf_presets[] = {"plain", "ghes", "gitlab", NULL};
const char *const cw_conf_on_errors[] = {"reject", "accept", NULL};
const char *const cw_conf_on_timeouts[] = {"reject", "accept-and-queue", NULL};
const char *const cw_conf_bypasses[] = {"forbid", "allow", NULL};
const char *const cw_conf_daemon_uses[] = {"auto", "never", "require", NULL};
const char *const cw_conf_log_levels[] = {"error", "warning", "notice", "info", "debug", NULL};

#define R (1u << CW_LEVEL_REPOSITORY)
#define U (1u << CW_LEVEL_USER)
#define S (1u << CW_LEVEL_SYSTEM)

const struct cw_conf_row cw_conf_rows[CW_CONF_COUNT_] = {
#define CW_CONF(id, key, type, member, text, low, high, names, who, meaning)                                           \
	[CW_CONF_##id] = {.name = (key), .kind = CW_KIND_##type, .offset = offsetof(struct cw_conf, member),           \
			  .value = (text), .min = (low), .max = (high), .choices = (names), .levels = (who),           \
			  .about = (meaning)},
#define CW_CONF_FIELD(list, name, kind, member, about)
#include "policy/conf.def"
#undef CW_CONF
#undef CW_CONF_FIELD
};

const struct cw_conf_field cw_conf_fields[] = {
#define CW_CONF(id, name, kind, member, value, min, max, choices, levels, about)
#define CW_CONF_FIELD(id, key, type, member, meaning)                                                                  \
	{.list = CW_CONF_##id, .name = (key), .kind = CW_KIND_##type, .offset = offsetof(struct cw_conf_entry, member), \
	 .about = (meaning)},
#include "policy/conf.def"
#undef CW_CONF
#undef CW_CONF_FIELD
};

const size_t cw_conf_fields_len = sizeof(cw_conf_fields) / sizeof(*cw_conf_fields);

const char *cw_conf_level_name(enum cw_conf_level l)
{
	static const char *const names[] = {"default", "repository", "user", "system"};

	return names[l];
}

const char *cw_conf_keep(struct cw_conf *c, const char *text, size_t len)
{
	char **slot = cw_vec_push(&c->strings);

	if (!slot)
		return NULL;
	*slot = strndup(text, len);
	return *slot;
}

static bool read_choice(const char *const *choices, const char *text, int *ret)
{
	for (int i = 0; choices[i]; i++) {
		if (strcmp(choices[i], text) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

bool cw_conf_scalar(const struct cw_conf_row *row, const char *text, void *field)
{
	size_t len = strlen(text);

	switch (row->kind) {
	case CW_KIND_NUMBER:
		return cw_num_u64(text, len, row->min, row->max, row->name, field, NULL) == 0;
	case CW_KIND_SIZE:
		return cw_num_size(text, len, row->min, row->max, row->name, field, NULL) == 0;
	case CW_KIND_CHOICE:
		return read_choice(row->choices, text, field);
	case CW_KIND_BOOL:
		*(bool *)field = strcmp(text, "true") == 0;
		return *(bool *)field || strcmp(text, "false") == 0;
	default:
		return false;
	}
}

int cw_conf_new(struct cw_conf **ret, struct cw_err *err)
{
	struct cw_conf *c = calloc(1, sizeof(*c));

	if (!c)
		return cw_err_nomem(err);
	c->strings = (struct cw_vec)CW_VEC_INIT(char *, 16 * CW_CONF_LIST_MAX);
	for (int i = 0; i < CW_CONF_COUNT_; i++) {
		const struct cw_conf_row *row = &cw_conf_rows[i];
		void *field = (char *)c + row->offset;

		if (row->kind == CW_KIND_TEXT)
			*(const char **)field = row->value;
		else if (row->kind == CW_KIND_PATHS)
			*(struct cw_vec *)field = (struct cw_vec)CW_VEC_INIT(struct cw_conf_path, CW_CONF_LIST_MAX);
		else if (row->kind == CW_KIND_ENTRIES)
			*(struct cw_vec *)field = (struct cw_vec)CW_VEC_INIT(struct cw_conf_entry, CW_CONF_LIST_MAX);
		else if (row->kind == CW_KIND_TEXTS)
			*(struct cw_vec *)field = (struct cw_vec)CW_VEC_INIT(const char *, row->max);
		else
			cw_conf_scalar(row, row->value, field);
	}
	*ret = c;
	return 0;
}

void cw_conf_free(struct cw_conf *c)
{
	if (!c)
		return;
	for (int i = 0; i < CW_CONF_COUNT_; i++)
		if (cw_conf_is_list(cw_conf_rows[i].kind))
			cw_vec_release((struct cw_vec *)(void *)((char *)c + cw_conf_rows[i].offset));
	for (size_t i = 0; i < c->strings.len; i++)
		free(CW_VEC_AT(&c->strings, char *, i));
	cw_vec_release(&c->strings);
	free(c);
}

/* ---- files ---- */

static int load_file(struct cw_conf *c, enum cw_conf_level level, const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_err why = CW_ERR_INIT;
	int rc = cw_io_read_file(path, CW_CONF_FILE_MAX, CW_IO_TRUSTED, &text, &why);

	if (rc == CW_E_NOTFOUND)
		return 0;
	if (rc != 0)
		return cw_err_set(err, rc, "%s", cw_err_msg(&why));
	return cw_conf_add(c, level, path, text.data, text.len, err);
}

static int load_user(struct cw_conf *c, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		cw_buf_addf(&path, "%s/credwatch/config.yaml", xdg);
	else if (home && home[0] == '/')
		cw_buf_addf(&path, "%s/.config/credwatch/config.yaml", home);
	else
		return 0;
	if (cw_buf_fail(&path, "path", err) != 0)
		return path.fail;
	return load_file(c, CW_LEVEL_USER, path.data, err);
}

int cw_conf_load_trusted(struct cw_conf *c, struct cw_err *err)
{
	int rc = load_user(c, err);

	return rc == 0 ? load_file(c, CW_LEVEL_SYSTEM, CW_CONF_SYSTEM, err) : rc;
}

int cw_conf_load_server(struct cw_conf *c, const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int rc = cw_io_read_file(path, CW_CONF_FILE_MAX, CW_IO_TRUSTED, &text, err);

	return rc == 0 ? cw_conf_add(c, CW_LEVEL_SYSTEM, path, text.data, text.len, err) : rc;
}

int cw_conf_load_repository(struct cw_conf *c, const struct cw_source *source, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int rc;

	if (c->repository_policy == CW_REPOSITORY_IGNORE)
		return 0;
	rc = cw_source_read(source, CW_CONF_FILE, CW_CONF_FILE_MAX, &text, err);
	if (rc == CW_E_NOTFOUND)
		return 0;
	return rc == 0 ? cw_conf_add(c, CW_LEVEL_REPOSITORY, CW_CONF_FILE, text.data, text.len, err) : rc;
}

int cw_conf_read(const struct cw_conf_path *p, const struct cw_source *source, size_t max, struct cw_buf *out,
		 struct cw_err *err)
{
	int rc;

	if (p->from.level != CW_LEVEL_REPOSITORY)
		rc = cw_io_read_file(p->path, max, 0, out, err);
	else if (source)
		rc = cw_source_read(source, p->path, max, out, err);
	else
		rc = cw_err_set(err, CW_E_NOTFOUND, "'%s': there is no repository", p->path);
	if (rc != 0 && p->from.file)
		return cw_err_wrap(err, rc, "%s:%d", p->from.file, p->from.line);
	return rc;
}
