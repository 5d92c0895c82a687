/* policy/conf_dump.c - a configuration, and the table of keys, as text. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "policy/conf_int.h"
#include "policy/date.h"

#define INDENT "  "

static bool is_plain(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		uint32_t cp = 0;
		size_t n = cw_utf8_next(text + i, len - i, &cp);

		/* what YAML lets stand as it is, less what moves other text or breaks lines */
		if (n == 0 || cw_text_is_control(cp) || cp == 0xfeff || cp == 0x2028 || cp == 0x2029 ||
		    (cp >= 0xfffe && cp <= 0xffff))
			return false;
		i += n;
	}
	return true;
}

void cw_conf_quote(const char *text, struct cw_buf *out)
{
	if (is_plain(text)) {
		cw_buf_addc(out, '\'');
		for (; *text; text++)
			cw_buf_addf(out, "%s%c", *text == '\'' ? "'" : "", *text);
		cw_buf_addc(out, '\'');
		return;
	}
	cw_buf_addc(out, '"');
	for (size_t len = strlen(text), n; len > 0; text += n, len -= n) {
		uint32_t cp = 0xfffd;

		n = cw_utf8_next(text, len, &cp);
		n = n > 0 ? n : 1;
		if (cp == '"' || cp == '\\')
			cw_buf_addf(out, "\\%c", (char)cp);
		else if (cp < 0x20 || cp >= 0x7f)
			cw_buf_addf(out, "\\U%08" PRIX32, cp);
		else
			cw_buf_addc(out, (char)cp);
	}
	cw_buf_addc(out, '"');
}

static void add_from(struct cw_buf *out, const struct cw_conf_from *from)
{
	if (from->level == CW_LEVEL_DEFAULT) {
		cw_buf_adds(out, " # default\n");
		return;
	}
	cw_buf_addf(out, " # %s: ", cw_conf_level_name(from->level));
	cw_escape(out, from->file, strlen(from->file));
	cw_buf_addf(out, ":%d\n", from->line);
}

static void add_size(struct cw_buf *out, uint64_t n)
{
	static const char units[] = {'\0', 'K', 'M', 'G'};
	int u = 0;

	while (u < 3 && n > 0 && n % 1024 == 0) {
		n /= 1024;
		u++;
	}
	cw_buf_addf(out, "%" PRIu64, n);
	if (u > 0)
		cw_buf_addc(out, units[u]);
}

static void add_scalar(struct cw_buf *out, const struct cw_conf *c, const struct cw_conf_row *row)
{
	const void *field = (const char *)c + row->offset;

	switch (row->kind) {
	case CW_KIND_NUMBER:
		cw_buf_addf(out, "%" PRIu64, *(const uint64_t *)field);
		break;
	case CW_KIND_SIZE:
		add_size(out, *(const uint64_t *)field);
		break;
	case CW_KIND_BOOL:
		cw_buf_adds(out, *(const bool *)field ? "true" : "false");
		break;
	case CW_KIND_CHOICE:
		cw_buf_adds(out, row->choices[*(const int *)field]);
		break;
	default:
		cw_conf_quote(*(const char *const *)field, out);
	}
}

void cw_conf_print_entry(struct cw_buf *out, const char *indent, enum cw_conf_key key, const struct cw_conf_entry *e)
{
	const char *lead = "- ";

	for (size_t i = 0; i < cw_conf_fields_len; i++) {
		const struct cw_conf_field *f = &cw_conf_fields[i];
		char day[CW_DATE_SIZE];

		if (f->list != key || (f->kind == CW_KIND_DATE ? e->expires == CW_CONF_NEVER : !*cw_conf_field_text(f, e)))
			continue;
		cw_buf_addf(out, "%s%s%s: ", indent, lead, f->name);
		if (f->kind == CW_KIND_DATE) {
			cw_date_format(e->expires, day);
			cw_buf_adds(out, day);
		} else {
			cw_conf_quote(*cw_conf_field_text(f, e), out);
		}
		if (lead[0] == '-' && e->from.file)
			add_from(out, &e->from);
		else
			cw_buf_addc(out, '\n');
		lead = "  ";
	}
}

static void add_list(struct cw_buf *out, const char *indent, const struct cw_conf *c, enum cw_conf_key key)
{
	const struct cw_vec *list = (const struct cw_vec *)(const void *)((const char *)c + cw_conf_rows[key].offset);

	if (list->len == 0) {
		cw_buf_adds(out, " [] # default\n");
		return;
	}
	cw_buf_addc(out, '\n');
	for (size_t i = 0; i < list->len; i++) {
		if (cw_conf_rows[key].kind == CW_KIND_ENTRIES) {
			cw_conf_print_entry(out, indent, key, &CW_VEC_AT(list, struct cw_conf_entry, i));
			continue;
		}
		cw_buf_addf(out, "%s- ", indent);
		cw_conf_quote(CW_VEC_AT(list, struct cw_conf_path, i).path, out);
		add_from(out, &CW_VEC_AT(list, struct cw_conf_path, i).from);
	}
}

static void add_texts(struct cw_buf *out, const struct cw_conf *c, enum cw_conf_key key)
{
	const struct cw_vec *list = (const struct cw_vec *)(const void *)((const char *)c + cw_conf_rows[key].offset);

	cw_buf_adds(out, " [");
	for (size_t i = 0; i < list->len; i++) {
		cw_buf_adds(out, i > 0 ? ", " : "");
		cw_conf_quote(CW_VEC_AT(list, const char *, i), out);
	}
	cw_buf_addc(out, ']');
	add_from(out, &c->from[key]);
}

int cw_conf_dump(const struct cw_conf *c, struct cw_buf *out, struct cw_err *err)
{
	const char *section = "";
	size_t section_len = 0;

	for (int i = 0; i < CW_CONF_COUNT_; i++) {
		const struct cw_conf_row *row = &cw_conf_rows[i];
		const char *dot = strchr(row->name, '.');

		if (dot && ((size_t)(dot - row->name) != section_len || strncmp(section, row->name, section_len) != 0)) {
			section = row->name;
			section_len = (size_t)(dot - row->name);
			cw_buf_addf(out, "%.*s:\n", (int)section_len, section);
		}
		cw_buf_addf(out, "%s%s:", dot ? INDENT : "", dot ? dot + 1 : row->name);
		if (row->kind == CW_KIND_PATHS || row->kind == CW_KIND_ENTRIES) {
			add_list(out, dot ? INDENT INDENT : INDENT, c, (enum cw_conf_key)i);
			continue;
		}
		if (row->kind == CW_KIND_TEXTS) {
			add_texts(out, c, (enum cw_conf_key)i);
			continue;
		}
		cw_buf_addc(out, ' ');
		add_scalar(out, c, row);
		add_from(out, &c->from[i]);
	}
	return cw_buf_fail(out, "configuration", err);
}

/* ---- the table of keys ---- */

static void add_kind(struct cw_buf *out, const struct cw_conf_row *row)
{
	switch (row->kind) {
	case CW_KIND_NUMBER:
		cw_buf_addf(out, "a number from %" PRIu64 " to %" PRIu64, row->min, row->max);
		break;
	case CW_KIND_SIZE:
		cw_buf_adds(out, "a size from ");
		add_size(out, row->min);
		cw_buf_adds(out, " to ");
		add_size(out, row->max);
		break;
	case CW_KIND_BOOL:
		cw_buf_adds(out, "true or false");
		break;
	case CW_KIND_CHOICE:
		for (int k = 0; row->choices[k]; k++)
			cw_buf_addf(out, "%s%s", k == 0 ? "" : row->choices[k + 1] ? ", " : " or ", row->choices[k]);
		break;
	case CW_KIND_PATHS:
		cw_buf_adds(out, "a path or a list of paths");
		break;
	case CW_KIND_TEXTS:
		cw_buf_adds(out, "a list of texts");
		break;
	case CW_KIND_ENTRIES:
		cw_buf_adds(out, "a list of maps");
		break;
	default:
		cw_buf_adds(out, "a text");
	}
}

static void add_levels(struct cw_buf *out, unsigned levels)
{
	const char *before = "";

	for (int l = CW_LEVEL_REPOSITORY; l <= CW_LEVEL_SYSTEM; l++) {
		if (!(levels & 1u << l))
			continue;
		cw_buf_addf(out, "%s%s", before, cw_conf_level_name((enum cw_conf_level)l));
		before = ", ";
	}
}

int cw_conf_keys(struct cw_buf *out, struct cw_err *err)
{
	for (int i = 0; i < CW_CONF_COUNT_; i++) {
		const struct cw_conf_row *row = &cw_conf_rows[i];

		cw_buf_addf(out, "%s: ", row->name);
		add_kind(out, row);
		if (row->value[0])
			cw_buf_addf(out, " (default %s)", row->value);
		cw_buf_adds(out, "; set by ");
		add_levels(out, row->levels);
		cw_buf_addf(out, "\n    %s\n", row->about);
		for (size_t k = 0; k < cw_conf_fields_len; k++)
			if ((int)cw_conf_fields[k].list == i)
				cw_buf_addf(out, "    %s: %s\n", cw_conf_fields[k].name, cw_conf_fields[k].about);
	}
	return cw_buf_fail(out, "keys", err);
}
