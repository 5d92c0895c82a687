/* match/value_placeholder.c - values that stand for a value: <token>, ${TOKEN}, xxxx, changeme, your-key-here. */
#include <string.h>

#include "match/value_checks.h"
#include "match/value_lists.h"

/* At the start or the end of a word, in any case: these make a value an example of one. */
static const char *const marks[] = { "example", "placeholder", "changeme", "change_me", "change-me", "changeit", "replaceme",
				     "replace_me", "replace-me", "replace_with", "replace-with", "replace with", "redacted",
				     "dummy", "fixme", "sample", "goes_here", "goes-here", "goes here", "notreal",
				     "not_real", "not-real", "insert_", "insert-", "insert ", "enter_", "enter-", "enter your",
				     "enter_your", "todo", "tbd", "foobar", "lorem", "ipsum", "fake", "mock", "put_", "put-your",
				     "yourpass", "yoursecret", "yourtoken", "yourkey", "yourapi", "your_", "your-", "your ", "<your",
				     "my_", "my-", "some_", "some-", "_here", "-here", " here", "this_is", "this-is" };

enum inside { ANYTHING, NAMES, ONE_NAME };

struct brackets {
	char open, close;
	enum inside inside;
};

/* Names and words, but not the quotes of JSON. */
static bool names(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!cw_is_ident(s[i]) && !strchr(" .-:/|$*<>{}[]()#!=,", s[i]) && (unsigned char)s[i] < 0x80)
			return false;
	return len <= 80;
}

static bool enclosed(const struct cw_view *v)
{
	static const struct brackets pairs[] = { { '<', '>', ANYTHING }, { '{', '}', NAMES },	 { '[', ']', NAMES },
						 { '%', '%', ONE_NAME }, { '@', '@', ONE_NAME }, { '#', '#', ONE_NAME } };

	if (v->len < 2)
		return false;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (v->s[0] == pairs[i].open && v->s[v->len - 1] == pairs[i].close &&
		    (pairs[i].inside == ANYTHING ||
		     (pairs[i].inside == NAMES ? names : cw_view_identifier)(v->s + 1, v->len - 2)))
			return true;
	return v->len > 4 && cw_view_starts(v->s, v->len, "__") && cw_view_ends(v->s, v->len, "__") &&
	       cw_view_identifier(v->s, v->len);
}

/* An opening of a template with a name behind it. The end may be missing: a rule's pattern often stops at a sign. */
static bool template_opens(const struct cw_view *v, size_t i)
{
	static const char *const openings[] = { "${", "$(", "{{", "#{", "<%=", "<% ", "<%-", "{%", "@{", "%(", "$[[" };

	for (size_t k = 0; k < sizeof(openings) / sizeof(*openings); k++) {
		size_t at = i + strlen(openings[k]);

		if (!cw_view_starts(v->s + i, v->len - i, openings[k]))
			continue;
		while (at < v->len && strchr(" =-.$\"'", v->s[at]))
			at++;
		if (at + 1 < v->len && (cw_is_letter(v->s[at]) || v->s[at] == '_') &&
		    (cw_is_ident(v->s[at + 1]) || strchr("}) .:", v->s[at + 1])))
			return true;
	}
	return false;
}

/* {} {0} {name} {a.b} */
static bool format_field(const struct cw_view *v, size_t i)
{
	size_t n = i + 1;

	while (n < v->len && (cw_is_ident(v->s[n]) || v->s[n] == '.'))
		n++;
	return v->s[i] == '{' && n < v->len && v->s[n] == '}' && (n - i < 3 || !cw_is_digit(v->s[i + 1]));
}

/* %s %d %v %r at the end of a word. */
static bool format_verb(const struct cw_view *v, size_t i)
{
	return v->s[i] == '%' && i + 1 < v->len && strchr("sdvr@", v->s[i + 1]) &&
	       (i + 2 == v->len || strchr(" :/-.,;\"')]", v->s[i + 2]));
}

static bool interpolated(const struct cw_view *v)
{
	/* {+} is the joint that rule files (a pattern may stop at its brace) put into their examples to keep them from being tokens */
	if (memmem(v->s, v->len, "{+", 2))
		return true;
	for (size_t i = 0; i < v->len; i++)
		if (strchr("$#{<@%", v->s[i]) && (template_opens(v, i) || format_field(v, i) || format_verb(v, i)))
			return true;
	return false;
}

/* $VAR, $1, $env:VAR, %VAR, @VAR, :param - nothing but a variable's name behind the sign. */
static bool variable(const struct cw_view *v)
{
	const char *s = v->s;
	size_t len = v->len;

	if (len < 2 || !strchr("$%@:", s[0]))
		return false;
	if (cw_view_starts(s, len, "$env:"))
		return true;
	if (s[0] == '$' && len == 2)
		return true;
	if (s[0] == '@' && s[1] == '@')
		s++, len--;
	/* $name$name, $name.$name: a text made of variables only */
	for (size_t i = 1; s[0] == '$' && i < len; i++)
		if (s[i] == '$' && cw_view_identifier(s + 1, i - 1) && cw_view_identifier(s + i + 1, len - i - 1))
			return true;
	return cw_view_identifier(s + 1, len - 1);
}

/* xxxx, ****, ...., AKIAXXXXXXXX, ab...yz */
static bool masked(const struct cw_view *v)
{
	size_t run = 0, marks_of_masks = 0, letters = 0;

	for (size_t i = 0; i < v->len; i++) {
		char c = v->s[i] == 'X' ? 'x' : v->s[i];
		char before = i == 0 ? 0 : v->s[i - 1] == 'X' ? 'x' : v->s[i - 1];

		run = c == before ? run + 1 : 1;
		if ((c == '*' && run >= 3) || (c == '.' && run >= 3) || (c == 'x' && run >= 4) || (c == '?' && run >= 3))
			return true;
		marks_of_masks += strchr("x*.-#?_ ", c) != NULL;
		letters += cw_is_letter(v->s[i]) || cw_is_digit(v->s[i]) || (unsigned char)c >= 0x80;
	}
	return letters == 0 || marks_of_masks == v->len;
}

/* Does one of the marks stand where a word begins or ends? */
static bool marked(const struct cw_view *v)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		size_t n = strlen(marks[i]);

		if (!cw_view_has(v, marks[i]))
			continue;
		for (size_t at = cw_view_find(v->s, v->len, 0, marks[i]); at < v->len;
		     at = cw_view_find(v->s, v->len, at + 1, marks[i])) {
			bool begins = at == 0 || !cw_is_letter(v->s[at - 1]) ||
				      (cw_is_lower(v->s[at - 1]) && cw_is_upper(v->s[at]));
			bool ends = at + n == v->len || !cw_is_letter(v->s[at + n]) ||
				    (cw_is_upper(v->s[at + n]) && cw_is_lower(v->s[at + n - 1]));

			if (!cw_is_letter(marks[i][n - 1]) ? begins : !cw_is_letter(marks[i][0]) ? ends : begins && ends)
				return true;
			if (n >= 7) /* long enough to be no accident */
				return true;
		}
	}
	return false;
}

/* A mark with digits behind it and nothing else ("changeme123") is a password that somebody set. */
static bool mark_with_digits(const struct cw_view *v)
{
	size_t n = v->len;

	while (n > 0 && cw_is_digit(v->s[n - 1]))
		n--;
	return v->len - n >= 2 && (cw_view_equals(v->s, n, "changeme") || cw_view_equals(v->s, n, "changeit"));
}

bool cw_value_is_placeholder(const struct cw_view *v)
{
	if (v->len == 0 || cw_word_listed(v->s, v->len, CW_WORDS_PLACEHOLDERS) || enclosed(v) || variable(v) || masked(v) ||
	    interpolated(v))
		return true;
	return marked(v) && !mark_with_digits(v);
}
