/* policy/conf_int.h - conf.def as tables. Internal to policy/. */
#ifndef CW_POLICY_CONF_INT_H
#define CW_POLICY_CONF_INT_H

#include "policy/conf.h"

enum cw_conf_kind {
	CW_KIND_NUMBER, /* uint64_t in [min, max] */
	CW_KIND_SIZE,	/* likewise, with K, M or G */
	CW_KIND_BOOL,
	CW_KIND_CHOICE, /* int: index into choices */
	CW_KIND_TEXT,	/* const char *, of min bytes at least */
	CW_KIND_PATHS,	/* struct cw_vec of struct cw_conf_path: one text or a list */
	CW_KIND_TEXTS,	/* struct cw_vec of const char *: a list of at most max texts; a level's list takes the place of another's */
	CW_KIND_ENTRIES, /* struct cw_vec of struct cw_conf_entry: a list of maps */
	/* of fields: all const char *, but DATE */
	CW_KIND_WORD,
	CW_KIND_REASON,
	CW_KIND_GLOB,
	CW_KIND_FINGERPRINT,
	CW_KIND_PATTERN,
	CW_KIND_DATE, /* int64_t */
};

struct cw_conf_row {
	const char *name; /* with dots: "rules.files" */
	enum cw_conf_kind kind;
	size_t offset; /* in struct cw_conf */
	const char *value; /* default, as written */
	uint64_t min, max;
	const char *const *choices;
	unsigned levels; /* bit 1 << level */
	const char *about;
};

struct cw_conf_field {
	enum cw_conf_key list;
	const char *name;
	enum cw_conf_kind kind;
	size_t offset; /* in struct cw_conf_entry */
	const char *about;
};

extern const struct cw_conf_row cw_conf_rows[CW_CONF_COUNT_];
extern const struct cw_conf_field cw_conf_fields[];
extern const size_t cw_conf_fields_len;

static inline bool cw_conf_is_list(enum cw_conf_kind kind)
{
	return kind == CW_KIND_PATHS || kind == CW_KIND_TEXTS || kind == CW_KIND_ENTRIES;
}

/* The field of ENTRY as text, or NULL. */
static inline const char *const *cw_conf_field_text(const struct cw_conf_field *f, const struct cw_conf_entry *entry)
{
	return (const char *const *)(const void *)((const char *)entry + f->offset);
}

/* LEN bytes at TEXT as a string that lives as long as C, or NULL without memory. */
const char *cw_conf_keep(struct cw_conf *c, const char *text, size_t len);
/* Append the lines of one entry of a list, with a comment for who set it unless it has no file. */
void cw_conf_print_entry(struct cw_buf *out, const char *indent, enum cw_conf_key key, const struct cw_conf_entry *e);
/* Read TEXT as a value of ROW, whose field is FIELD; no message. False: it is none. */
bool cw_conf_scalar(const struct cw_conf_row *row, const char *text, void *field);

#endif
