/* policy/rewrite.c - see rewrite.h. The line is read backwards from the secret: rest of the string, quote, operator, name. */
#include "policy/rewrite.h"

#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 40

struct target { /* what the secret is given to */
	const char *name;
	size_t len;
	enum { ASSIGNMENT, ARGUMENT, MEMBER } shape; /* NAME = "...", NAME="...", "NAME": "..." */
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

static size_t skip_blanks(const char *s, size_t end)
{
	while (end > 0 && (s[end - 1] == ' ' || s[end - 1] == '\t'))
		end--;
	return end;
}

/* The word that ends at END; its beginning. */
static size_t word_start(const char *s, size_t end)
{
	size_t i = end;

	while (i > 0 && (is_letter(s[i - 1]) || is_digit(s[i - 1])))
		i--;
	return i;
}

/* Where the literal around the end of S begins, with its prefix letters; 0 when there is none. */
static size_t literal_start(const char *s, size_t len)
{
	size_t i = len, letters;

	while (i > 0 && !is_quote(s[i - 1]))
		i--;
	if (i == 0)
		return 0;
	for (char quote = s[i - 1]; i > 0 && s[i - 1] == quote;)
		i--;
	letters = word_start(s, i);
	return i - letters <= 2 && strspn(s + letters, "bBrRuUfF") >= i - letters ? letters : i;
}

/* A quoted name that ends at END, as in {"name": or x["name"] =. */
static bool take_quoted(const char *s, size_t end, struct target *t)
{
	size_t start;

	if (end < 3 || !is_quote(s[end - 1]))
		return false;
	start = end - 1;
	while (start > 0 && (is_letter(s[start - 1]) || is_digit(s[start - 1]) || s[start - 1] == '-'))
		start--;
	if (start == 0 || s[start - 1] != s[end - 1])
		return false;
	t->name = s + start;
	t->len = end - 1 - start;
	return true;
}

/* NAME, NAME: type, x["NAME"] in front of the equals sign at END. */
static bool take_assigned(const char *s, size_t end, struct target *t)
{
	size_t at = skip_blanks(s, end), start, front;
	bool spaced = at < end;

	if (at > 0 && s[at - 1] == ']') {
		t->shape = MEMBER;
		return take_quoted(s, at - 1, t);
	}
	start = word_start(s, at);
	front = skip_blanks(s, start);
	if (front > 0 && s[front - 1] == ':' && start < at) { /* the word was a type */
		at = skip_blanks(s, front - 1);
		start = word_start(s, at);
		spaced = true;
	}
	t->name = s + start;
	t->len = at - start;
	t->shape = spaced || skip_blanks(s, start) == 0 ? ASSIGNMENT : ARGUMENT;
	return true;
}

static bool find_target(const char *s, size_t len, struct target *t)
{
	size_t end = skip_blanks(s, literal_start(s, len));

	if (end < 2)
		return false;
	if (s[end - 1] == ':') {
		t->shape = MEMBER;
		return take_quoted(s, skip_blanks(s, end - 1), t);
	}
	if (s[end - 1] != '=' || strchr("=!<>+-*/%&|^@:", s[end - 2]))
		return false;
	return take_assigned(s, end - 1, t);
}

/* Whether a word begins at I of the name: after a line, or an upper-case letter after another one. */
static bool begins_word(const char *s, size_t i)
{
	return i == 0 || s[i - 1] == '_' || s[i - 1] == '-' || (s[i] >= 'A' && s[i] <= 'Z' && s[i - 1] >= 'a' && s[i - 1] <= 'z');
}

/* Whether one of the name's words says that it holds a secret. */
static bool is_telling(const struct target *t)
{
	static const char *const words[] = {"password", "passwd", "passphrase", "pass",	 "pwd",	       "secret",  "secrets",	"token",
					    "key",	"apikey", "auth",	"dsn",	 "credential", "url",	  "uri",	"webhook",
					    "api",	"login",  "database",	"conn",	 "connection", "private", "salt",	"signature"};
	size_t digits = 0;

	for (size_t i = 0; i < t->len; i++)
		digits += is_digit(t->name[i]);
	if (t->len == 0 || t->len > NAME_MAX_LEN || digits > 3 || !is_letter(t->name[0]))
		return false;
	for (size_t i = 0; i < t->len; i++) {
		size_t end = i + 1;

		if (!begins_word(t->name, i))
			continue;
		while (end < t->len && !begins_word(t->name, end) && t->name[end] != '_' && t->name[end] != '-')
			end++;
		for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
			if (strlen(words[k]) == end - i && strncasecmp(words[k], t->name + i, end - i) == 0)
				return true;
	}
	return false;
}

/* apiKey and api-key become API_KEY. */
static void add_variable(struct cw_buf *out, const struct target *t)
{
	cw_buf_adds(out, "os.environ[\"");
	for (size_t i = 0; i < t->len; i++) {
		char c = t->name[i];

		if (i > 0 && begins_word(t->name, i) && t->name[i - 1] != '_' && t->name[i - 1] != '-')
			cw_buf_addc(out, '_');
		cw_buf_addc(out, c == '-' ? '_' : c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
	}
	cw_buf_adds(out, "\"]");
}

bool cw_rewrite_python(const char *before, size_t len, struct cw_buf *out)
{
	struct target t = {0};

	if (!find_target(before, len, &t) || !is_telling(&t))
		return false;
	if (t.shape == MEMBER)
		cw_buf_addc(out, '"');
	cw_buf_add(out, t.name, t.len);
	cw_buf_adds(out, t.shape == MEMBER ? "\": " : t.shape == ARGUMENT ? "=" : " = ");
	add_variable(out, &t);
	return true;
}
