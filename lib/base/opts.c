/* base/opts.c - parser and help of option tables. Values that the user typed are not repeated in messages: one might be a secret. */
#include "base/opts.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/num.h"

#define HELP_WIDTH 80 /* columns */
#define NAME_WIDTH 26 /* columns of an option before its text */
#define SHOWN_NAME_MAX 32

static bool is_option(const struct cw_opt *o)
{
	return o->kind != CW_OPT_END;
}

static const struct cw_opt *find_long(const struct cw_opt *table, const char *name, size_t len)
{
	for (const struct cw_opt *o = table; is_option(o); o++)
		if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static const struct cw_opt *find_letter(const struct cw_opt *table, char letter)
{
	for (const struct cw_opt *o = table; is_option(o); o++)
		if (o->letter && o->letter == letter)
			return o;
	return NULL;
}

static int append(struct cw_vec *list, const char *text, struct cw_err *err)
{
	const char **slot = cw_vec_push(list);

	if (!slot)
		return cw_vec_fail(list, "command line", err);
	*slot = text;
	return 0;
}

static int set_choice(const struct cw_opt *o, int *field, const char *value, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf names = CW_BUF_INIT;

	for (int i = 0; o->choices[i]; i++) {
		if (strcmp(o->choices[i], value) == 0) {
			*field = i;
			return 0;
		}
		cw_buf_addf(&names, "%s%s", i == 0 ? "" : o->choices[i + 1] ? ", " : " or ", o->choices[i]);
	}
	if (cw_buf_fail(&names, "help", err) != 0)
		return names.fail;
	return cw_err_set(err, CW_E_USAGE, "option '--%s' must be %s", o->name, names.data);
}

static int set_number(const struct cw_opt *o, uint64_t *field, const char *value, struct cw_err *err)
{
	int rc = o->kind == CW_OPT_SIZE ? cw_num_size(value, strlen(value), o->min, o->max, o->name, field, NULL)
					: cw_num_u64(value, strlen(value), o->min, o->max, o->name, field, NULL);

	if (rc == 0)
		return 0;
	if (o->kind == CW_OPT_SIZE)
		return cw_err_set(err, CW_E_USAGE, "option '--%s' must be a size such as 500K, 20M or 1G", o->name);
	return cw_err_set(err, CW_E_USAGE, "option '--%s' must be a number from %llu to %llu", o->name,
			  (unsigned long long)o->min, (unsigned long long)o->max);
}

static int set_value(const struct cw_opt *o, void *values, const char *value, struct cw_err *err)
{
	void *field = (char *)values + o->offset;

	switch (o->kind) {
	case CW_OPT_FLAG:
		*(bool *)field = true;
		return 0;
	case CW_OPT_STRING:
		*(const char **)field = value;
		return 0;
	case CW_OPT_LIST:
		return append(field, value, err);
	case CW_OPT_NUMBER:
	case CW_OPT_SIZE:
		return set_number(o, field, value, err);
	case CW_OPT_CHOICE:
		return set_choice(o, field, value, err);
	case CW_OPT_END:
		break;
	}
	return cw_err_set(err, CW_E_INTERNAL, "option '--%s' has no kind", o->name);
}

static const char *program(const struct cw_usage *usage)
{
	return usage->program ? usage->program : "credwatch";
}

/* An unknown option is named only if it looks like the name of one. */
static int unknown_option(const struct cw_usage *usage, const char *arg, struct cw_err *err)
{
	size_t len = strspn(arg, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
	bool plain = len <= SHOWN_NAME_MAX && (arg[len] == '\0' || arg[len] == '=');

	return cw_err_set(err, CW_E_USAGE, "unknown option%s%.*s%s: see '%s%s%s --help'", plain ? " '" : "",
			  plain ? (int)len : 0, arg, plain ? "'" : "", program(usage), usage->command ? " " : "",
			  usage->command ? usage->command : "");
}

struct cursor {
	const struct cw_usage *usage;
	int argc, i; /* i: the argument being read */
	char **argv;
	void *values;
};

static int parse_long(struct cursor *c, struct cw_err *err)
{
	const char *name = c->argv[c->i] + 2, *value = NULL;
	size_t len = strcspn(name, "=");
	const struct cw_opt *o;

	if (strcmp(name, "help") == 0)
		return CW_OPTS_HELP;
	o = find_long(c->usage->opts, name, len);
	if (!o)
		return unknown_option(c->usage, c->argv[c->i], err);
	if (name[len] == '=')
		value = name + len + 1;
	if (o->kind == CW_OPT_FLAG && value)
		return cw_err_set(err, CW_E_USAGE, "option '--%s' takes no value", o->name);
	if (o->kind != CW_OPT_FLAG && !value) {
		if (c->i + 1 >= c->argc)
			return cw_err_set(err, CW_E_USAGE, "option '--%s' needs a value", o->name);
		value = c->argv[++c->i];
	}
	return set_value(o, c->values, value, err);
}

/* One argument of short options: flags may be joined, the first that takes a value takes the rest. */
static int parse_short(struct cursor *c, struct cw_err *err)
{
	for (const char *p = c->argv[c->i] + 1; *p; p++) {
		const struct cw_opt *o = find_letter(c->usage->opts, *p);
		int rc;

		if (*p == 'h' && !o)
			return CW_OPTS_HELP;
		if (!o)
			return unknown_option(c->usage, c->argv[c->i], err);
		if (o->kind == CW_OPT_FLAG) {
			rc = set_value(o, c->values, NULL, err);
			if (rc != 0)
				return rc;
			continue;
		}
		if (p[1])
			return set_value(o, c->values, p + 1, err);
		if (c->i + 1 >= c->argc)
			return cw_err_set(err, CW_E_USAGE, "option '-%c' needs a value", o->letter);
		return set_value(o, c->values, c->argv[++c->i], err);
	}
	return 0;
}

int cw_opts_parse(const struct cw_usage *usage, int argc, char **argv, void *values, struct cw_vec *args,
		  struct cw_err *err)
{
	struct cursor c = {.usage = usage, .argc = argc, .argv = argv, .values = values};
	bool options = true;
	int rc = 0;

	for (c.i = 1; rc == 0 && c.i < argc; c.i++) {
		const char *arg = argv[c.i];

		if (options && strcmp(arg, "--") == 0)
			options = false;
		else if (options && strncmp(arg, "--", 2) == 0)
			rc = parse_long(&c, err);
		else if (options && arg[0] == '-' && arg[1])
			rc = parse_short(&c, err);
		else
			rc = append(args, arg, err);
	}
	return rc;
}

void cw_opts_wrap(struct cw_buf *out, const char *text, size_t column, size_t indent, size_t width)
{
	bool first = true;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");

		if (!first && column + 1 + len > width) {
			cw_buf_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			cw_buf_addc(out, ' ');
			column++;
		}
		cw_buf_add(out, text, len);
		column += len;
		text += len;
		first = false;
	}
	cw_buf_addc(out, '\n');
}

static void help_line(struct cw_buf *out, char letter, const char *name, const char *arg, const char *help)
{
	size_t start = out->len, column;

	if (letter)
		cw_buf_addf(out, "  -%c, --%s", letter, name);
	else
		cw_buf_addf(out, "      --%s", name);
	if (arg)
		cw_buf_addf(out, " %s", arg);
	column = out->len - start;
	if (column + 2 > NAME_WIDTH)
		cw_buf_addf(out, "\n%*s", NAME_WIDTH, "");
	else
		cw_buf_addf(out, "%*s", (int)(NAME_WIDTH - column), "");
	cw_opts_wrap(out, help, NAME_WIDTH, NAME_WIDTH, HELP_WIDTH);
}

void cw_opts_help(const struct cw_usage *usage, struct cw_buf *out)
{
	cw_buf_addf(out, "Usage: %s%s%s %s\n\n", program(usage), usage->command ? " " : "",
		    usage->command ? usage->command : "", usage->synopsis);
	cw_opts_wrap(out, usage->about, 0, 0, HELP_WIDTH);
	cw_buf_adds(out, "\nOptions:\n");
	for (const struct cw_opt *o = usage->opts; is_option(o); o++)
		if (o->help)
			help_line(out, o->letter, o->name, o->arg, o->help);
	help_line(out, 'h', "help", NULL, "show this text");
	if (usage->tail)
		cw_buf_addf(out, "\n%s", usage->tail);
	if (usage->add_tail)
		usage->add_tail(out);
}

static void table_line(struct cw_buf *out, const struct cw_usage *usage, const struct cw_opt *o)
{
	char letter[2] = {o->letter, '\0'};
	CW_CLEANUP(cw_buf_release) struct cw_buf values = CW_BUF_INIT;

	for (int i = 0; o->choices && o->choices[i]; i++)
		cw_buf_addf(&values, "%s%s", i == 0 ? "" : " ", o->choices[i]);
	if (o->add_values)
		o->add_values(&values);
	for (size_t i = 0; i < values.len; i++)
		if (values.data[i] == '\n')
			values.data[i] = i + 1 < values.len ? ' ' : '\0';
	cw_buf_addf(out, "option\t%s\t%s\t%s\t%s\t%s\t%s\n", usage->command, letter, o->name, o->arg ? o->arg : "", values.data,
		    o->help);
	if (out->fail == 0)
		out->fail = values.fail;
}

void cw_opts_table(const struct cw_usage *usage, struct cw_buf *out)
{
	static const struct cw_opt help = {.kind = CW_OPT_FLAG, .letter = 'h', .name = "help", .help = "show this text"};

	cw_buf_addf(out, "usage\t%s\t%s\n", usage->command, usage->synopsis);
	for (const struct cw_opt *o = usage->opts; is_option(o); o++)
		if (o->help)
			table_line(out, usage, o);
	table_line(out, usage, &help);
}
