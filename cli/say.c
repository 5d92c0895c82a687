/* cli/say.c - what every command prints in the same way, and the exit status that goes with it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/cmd.h"
#include "policy/cleanse.h"
#include "rules/set.h"

enum cw_exit cw_exit_of(const struct cw_err *err)
{
	switch (err->code) {
	case CW_E_USAGE:
	case CW_E_RULE:
	case CW_E_INVALID:
	case CW_E_NOTFOUND:
		return CW_EXIT_USAGE;
	case CW_E_UNSUPPORTED: /* nothing of it could be read: never "clean" */
	case CW_E_CORRUPT:
	case CW_E_CHANGED:
	case CW_E_CANCELLED:
		return CW_EXIT_INCOMPLETE;
	default:
		return CW_EXIT_INTERNAL;
	}
}

int cw_cmd_cleanse(const char *message, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	CW_CLEANUP(cw_cleanser_free_p) struct cw_cleanser *cleanser = NULL;
	int rc = cw_set_default(&set, err);

	if (rc == 0)
		rc = cw_cleanser_new(set, &cleanser, err);
	return rc == 0 ? cw_cleanse(cleanser, message, strlen(message), out, err) : rc;
}

enum cw_exit cw_cmd_fail(const struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf clean = CW_BUF_INIT;
	struct cw_err fault = CW_ERR_INIT;

	/* A message may quote a path or a word of a rule file, and that may be anything. */
	if (err->code == CW_E_NOMEM)
		fprintf(stderr, "credwatch: %s\n", cw_err_text(err->code));
	else if (cw_cmd_cleanse(cw_err_msg(err), &clean, &fault) == 0)
		fprintf(stderr, "credwatch: %s\n", clean.data);
	else
		fprintf(stderr, "credwatch: %s (and the message cannot be checked for secrets: %s)\n",
			cw_err_text(err->code), cw_err_text(fault.code));
	return cw_exit_of(err);
}

void cw_cmd_note(const char *fmt, ...)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT, shown = CW_BUF_INIT, clean = CW_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	cw_buf_addv(&text, fmt, ap);
	va_end(ap);
	cw_escape(&shown, text.data, text.len);
	if (cw_buf_fail(&text, NULL, NULL) == 0 && cw_buf_fail(&shown, NULL, NULL) == 0 &&
	    cw_cmd_cleanse(shown.data, &clean, NULL) == 0)
		fprintf(stderr, "credwatch: note: %s\n", clean.data);
	else
		fputs("credwatch: note: a note cannot be shown: out of memory\n", stderr);
}

enum cw_exit cw_cmd_print(const char *text)
{
	struct cw_err err = CW_ERR_INIT;

	errno = 0;
	if (fputs(text, stdout) != EOF && fflush(stdout) == 0)
		return CW_EXIT_CLEAN;
	cw_err_sys(&err, errno ? errno : EIO, "cannot write to standard output");
	err.code = CW_E_IO;
	return cw_cmd_fail(&err);
}

enum cw_exit cw_cmd_print_clean(const char *text)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf clean = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	return cw_cmd_cleanse(text, &clean, &err) == 0 ? cw_cmd_print(clean.data) : cw_cmd_fail(&err);
}

enum cw_exit cw_cmd_print_help(const struct cw_usage *usage)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	if (cw_cmd_table)
		cw_opts_table(usage, &text);
	else
		cw_opts_help(usage, &text);
	if (cw_buf_fail(&text, "help", &err) != 0)
		return cw_cmd_fail(&err);
	return cw_cmd_print(text.data);
}
