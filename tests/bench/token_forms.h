/* token_forms.h - tokens of make-token whose checksum or structure is more than a sum over a template. */
#ifndef TOKEN_FORMS_H
#define TOKEN_FORMS_H

#include <stddef.h>

#include "base/buf.h"

struct token {
	struct cw_buf text; /* without the marker */
	size_t mark;	    /* where {+} goes; SIZE_MAX: nowhere */
};

_Noreturn void die(const char *what, const char *arg);
size_t number(const char *s, size_t len);
/* COUNT random characters of a named alphabet, which dies when there is none of this name. */
void add_random(struct cw_buf *out, size_t count, const char *alphabet, size_t alphabet_len);
void random_bytes(void *out, size_t len);

/* The form named argv[0], with its arguments; returns 0, or -1 when there is none of this name and number of arguments. */
int make_form(struct token *t, int argc, char **argv);
extern const char token_forms_usage[];

#endif
