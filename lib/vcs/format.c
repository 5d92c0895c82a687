/* vcs/format.c - see format.h. A reader of git-config(5) syntax that looks at core.repositoryformatversion and extensions.*
 * and must find them wherever git would: continuation lines, quotes and several sections of one name are understood. */
#include "vcs/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"

#define NAME_MAX_LEN 128 /* longer names and values are cut: none that matters is that long */

struct word {
	char text[NAME_MAX_LEN + 1];
	size_t len;
};

struct format {
	uint64_t version;
	/* the first that cannot be read at all, and the first that a repository of version 1 must not have */
	struct word refused, unknown;
};

struct reader {
	const char *p, *end;
	unsigned line;
};

static void word_add(struct word *w, char c)
{
	if (w->len < NAME_MAX_LEN)
		w->text[w->len++] = c;
	w->text[w->len] = '\0';
}

static int peek(const struct reader *r)
{
	return r->p < r->end ? (unsigned char)*r->p : -1;
}

static int next(struct reader *r)
{
	int c = peek(r);

	if (c >= 0)
		r->p++;
	if (c == '\n')
		r->line++;
	return c;
}

static bool is_name(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct reader *r)
{
	while (is_blank(peek(r)))
		next(r);
}

static void skip_line(struct reader *r)
{
	int c;

	do {
		c = next(r);
	} while (c >= 0 && c != '\n');
}

/* Behind '[': name, optional "subsection", ']'. A subsection is appended after a dot. */
static bool read_section(struct reader *r, struct word *section)
{
	int c;

	*section = (struct word){ .len = 0 };
	for (c = next(r); is_name(c) || c == '.'; c = next(r))
		word_add(section, (char)c);
	while (is_blank(c))
		c = next(r);
	if (c == '"') {
		word_add(section, '.');
		for (c = next(r); c != '"'; c = next(r)) {
			if (c == '\\')
				c = next(r);
			if (c < 0 || c == '\n')
				return false;
			word_add(section, (char)c);
		}
		c = next(r);
	}
	return c == ']';
}

/* Behind '=': up to the end of the line; a backslash at its end continues it. */
static bool read_value(struct reader *r, struct word *value)
{
	bool quoted = false;
	size_t kept = 0; /* length without the blanks at the end */

	*value = (struct word){ .len = 0 };
	skip_blanks(r);
	for (;;) {
		int c = next(r);

		if (c < 0 || c == '\n')
			break;
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (!quoted && (c == '#' || c == ';')) {
			skip_line(r);
			break;
		}
		if (c == '\\') {
			c = next(r);
			if (c == '\r' && peek(r) == '\n')
				c = next(r);
			if (c == '\n')
				continue;
			if (c < 0)
				return false;
		}
		word_add(value, (char)c);
		if (quoted || !is_blank(c))
			kept = value->len;
	}
	value->len = kept;
	value->text[kept] = '\0';
	return !quoted;
}

static bool is_known_extension(const char *name)
{
	static const char *const known[] = { "noop",	       "noop-v1",	   "preciousobjects", "partialclone",
					     "worktreeconfig", "relativeworktrees" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcasecmp(name, known[i]))
			return true;
	}
	return false;
}

static void judge_extension(struct format *f, const char *name, const struct word *value)
{
	struct word *where = NULL;

	if (!strcasecmp(name, "objectformat"))
		where = strcasecmp(value->text, "sha1") ? &f->refused : NULL;
	else if (!strcasecmp(name, "refstorage"))
		where = strcasecmp(value->text, "files") ? &f->refused : NULL;
	else if (!strcasecmp(name, "compatobjectformat"))
		where = &f->refused;
	else if (!is_known_extension(name))
		where = &f->unknown;
	if (!where || where->len)
		return;
	for (size_t i = 0; name[i]; i++)
		word_add(where, name[i]);
}

static int judge_setting(struct format *f, const struct word *section, const struct word *key, const struct word *value,
			 struct cw_err *err)
{
	static const char ext[] = "extensions";
	size_t n = sizeof(ext) - 1;

	if (!strcasecmp(section->text, "core") && !strcasecmp(key->text, "repositoryformatversion"))
		return cw_num_u64(value->text, value->len, 0, UINT32_MAX, "core.repositoryformatversion", &f->version, err);
	if (!strcasecmp(section->text, ext)) {
		judge_extension(f, key->text, value);
	} else if (!strncasecmp(section->text, ext, n) && section->text[n] == '.' && !f->unknown.len) {
		f->unknown = *section;
	}
	return 0;
}

static int read_setting(struct reader *r, struct format *f, const struct word *section, struct cw_err *err)
{
	struct word key = { .len = 0 }, value = { .len = 0 };
	unsigned line = r->line;

	while (is_name(peek(r)))
		word_add(&key, (char)next(r));
	skip_blanks(r);
	if (peek(r) == '=') {
		next(r);
		if (!read_value(r, &value))
			return cw_err_set(err, CW_E_CORRUPT, "line %u of the repository's config is broken", line);
	} else if (peek(r) >= 0 && peek(r) != '\n' && peek(r) != '#' && peek(r) != ';') {
		return cw_err_set(err, CW_E_CORRUPT, "line %u of the repository's config is broken", line);
	} else {
		skip_line(r);
	}
	return judge_setting(f, section, &key, &value, err);
}

static int read_config(struct reader *r, struct format *f, struct cw_err *err)
{
	struct word section = { .len = 0 };
	int rc = 0;

	while (!rc && peek(r) >= 0) {
		int c = peek(r);

		if (is_blank(c) || c == '\n') {
			next(r);
		} else if (c == '#' || c == ';') {
			skip_line(r);
		} else if (c == '[') {
			next(r);
			if (!read_section(r, &section))
				rc = cw_err_set(err, CW_E_CORRUPT, "line %u of the repository's config is broken", r->line);
		} else if (is_name(c)) {
			rc = read_setting(r, f, &section, err);
		} else {
			rc = cw_err_set(err, CW_E_CORRUPT, "line %u of the repository's config is broken", r->line);
		}
	}
	return rc;
}

int cw_format_check(const char *config, size_t len, struct cw_err *err)
{
	struct reader r = { .p = config, .end = config + len, .line = 1 };
	struct format f = { .version = 0 };
	int rc;

	if (len >= 3 && !memcmp(config, "\xef\xbb\xbf", 3))
		r.p += 3;
	rc = read_config(&r, &f, err);
	if (rc)
		return rc;
	if (f.refused.len)
		return cw_err_set(err, CW_E_UNSUPPORTED, "unsupported repository format: extensions.%s", f.refused.text);
	if (f.version > 1)
		return cw_err_set(err, CW_E_UNSUPPORTED, "unsupported repository format: version %u", (unsigned)f.version);
	if (f.version == 1 && f.unknown.len)
		return cw_err_set(err, CW_E_UNSUPPORTED, "unsupported repository format: extension %s", f.unknown.text);
	return 0;
}
