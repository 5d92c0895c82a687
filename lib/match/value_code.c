/* match/value_code.c - values that are code or a place: calls, attributes, types, operators, paths, URLs, numbers, patterns. */
#include <string.h>

#include "match/model.h"
#include "match/value_checks.h"
#include "match/value_lists.h"

/* Bits a letter below which up to five letters without quotes are taken for a variable: abbreviations ("pbuf", "acct") lie
 * between 4 and 7, most random letters above. */
#define SHORT_NAME_BITS 7.0

/* Files that a setting names. */
static const char *const extensions[] = { ".pem",  ".key",  ".txt", ".json",	   ".yml", ".yaml", ".xml",  ".py",  ".js",
					  ".ts",   ".jsx",  ".tsx", ".html",	   ".htm", ".php",  ".rb",   ".go",  ".java",
					  ".sh",   ".css",  ".sql", ".crt",	   ".cer", ".jks",  ".p12",  ".pfx", ".env",
					  ".conf", ".cfg",  ".ini", ".properties", ".toml", ".pub",  ".keystore", ".gpg", ".asc",
					  ".log",  ".md",   ".csv", ".db",	   ".zip", ".gz",   ".tar",  ".png", ".jpg",
					  ".svg",  ".so",   ".exe", ".dll",	   ".local", ".service" };

static bool any_of(const struct cw_view *v, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cw_view_has(v, list[i]))
			return true;
	return false;
}

/* A dotted or arrowed name at the start: "os.environ", "self->key", "Config::KEY", "get". Returns its length. */
static size_t name_length(const struct cw_view *v, size_t *ret_names)
{
	size_t i = 0;

	*ret_names = 0;
	while (i < v->len && (cw_is_letter(v->s[i]) || v->s[i] == '_' || v->s[i] == '$')) {
		while (i < v->len && (cw_is_ident(v->s[i]) || v->s[i] == '$'))
			i++;
		++*ret_names;
		if (i + 1 < v->len && v->s[i] == '.')
			i++;
		else if (i + 2 < v->len && (!memcmp(v->s + i, "->", 2) || !memcmp(v->s + i, "::", 2) || !memcmp(v->s + i, "?.", 2)))
			i += 2;
		else
			break;
	}
	return i;
}

/* Does a part of a path or the name of a call read like a name? Up to three characters say nothing. */
static bool names_segment(const char *s, size_t len)
{
	struct cw_view seg;
	struct cw_part_of_value part;
	size_t pos = 0, words = 0;

	cw_view_init(&seg, s, len, true);
	if (len <= 3)
		return true;
	while (cw_view_part(&seg, &pos, &part))
		words += !part.digits && cw_value_wordness(part.s, part.len) >= CW_WORD_ORDINARY ? part.len : 0;
	return words * 2 >= seg.lower + seg.upper + seg.digits;
}

/* Does S, in front of a bracket, read like a function's name: words, or one spelling throughout ("strdup", "g_strv")? */
static bool names_function(const char *s, size_t len)
{
	size_t i = 1;

	while (i < len && (cw_is_lower(s[i]) || s[i] == '_' || s[i] == '.'))
		i++;
	return len > 3 && (i == len || names_segment(s, len));
}

/* name(...), name[...], name<...>: the bracket must close at the end, but for a value without quotes whose rule may have cut it. */
static bool call_or_index(const struct cw_view *v)
{
	size_t names, n = name_length(v, &names), last = v->len;

	while (last > 0 && strchr(";,: ", v->s[last - 1]))
		last--;
	if (n == 0 || n + 1 >= v->len + !v->quoted || last == 0)
		return false;
	if (!v->quoted && strchr("([", v->s[n]) && names_function(v->s, n))
		return true;
	switch (v->s[n]) {
	case '(':
		return v->s[last - 1] == ')' || cw_view_has(v, ").");
	case '[':
		return v->s[last - 1] == ']';
	case '<':
		return v->s[last - 1] == '>';
	}
	return false;
}

/* a.b.c where every name reads like one, or the first is an object that code reads, or the last says what it is. */
static bool attribute(const struct cw_view *v)
{
	size_t names, n = name_length(v, &names), first = 0, last, pos = 0;
	struct cw_part_of_value part;

	if (names < 2 || (n < v->len && (v->quoted || !strchr("&|+-*/<>=?;,)]} ", v->s[n]))))
		return false;
	while (cw_is_ident(v->s[first]))
		first++;
	for (last = n; last > 0 && cw_is_letter(v->s[last - 1]); last--)
		;
	if (cw_word_listed(v->s, first, CW_WORDS_OBJECTS) ||
	    (!v->quoted && cw_word_listed(v->s + last, n - last, CW_WORDS_ATTRIBUTES)))
		return true;
	while (cw_view_part(v, &pos, &part))
		if (!part.digits && cw_value_wordness(part.s, part.len) == CW_WORD_RARE)
			return false;
	return !v->quoted || v->digits == 0;
}

static bool operators(const struct cw_view *v)
{
	static const char *const binary[] = { "->", "::", "=>", "==", "!=", "&&", "||", " + ", " or ", " ? ", "+=", " if ", ":=" };
	static const char *const statements[] = { "return ", "new ", "await ", "lambda ", "function", "const ", "func(", "def ",
						  "typeof ", "sizeof", "raise ", "import ", "public ", "static ", "string." };

	/* in quotes only the first two; nothing behind it: base64 padding, no operator */
	for (size_t i = 0; i < (v->quoted ? 2 : sizeof(binary) / sizeof(*binary)); i++)
		if (cw_view_has(v, binary[i]) && cw_view_find(v->s, v->len, 0, binary[i]) + strlen(binary[i]) < v->len)
			return !v->quoted || v->digits == 0;
	if (cw_view_starts(v->s, v->len, "+ ") || cw_view_ends(v->s, v->len, " +"))
		return true; /* text between two strings */
	for (size_t i = 0; !v->quoted && i < sizeof(statements) / sizeof(*statements); i++)
		if (cw_view_starts(v->s, v->len, statements[i]))
			return true;
	return false;
}

/* *alias &anchor !Ref !!str &variable @field (value without quotes: a name behind the sign; and $VAR/more, quoted or not. */
static bool sigil(const struct cw_view *v)
{
	size_t n = 1;

	if (v->len < 2)
		return false;
	if (v->s[0] == '$' && !cw_is_digit(v->s[1])) {
		while (n < v->len && cw_is_ident(v->s[n]))
			n++;
		return n > 1 && n < v->len && strchr("/:.[-", v->s[n]);
	}
	if (v->quoted || !strchr("*&!@([{", v->s[0]))
		return false;
	while (n < v->len && (cw_is_letter(v->s[n]) || strchr("_!:.-", v->s[n])))
		n++;
	return n == v->len || v->s[n] == ' ';
}

/* Most of what stands between slashes reads like names; the text of base64 with slashes in it does not. */
static bool names_between_slashes(const struct cw_view *v)
{
	size_t names = 0, others = 0, at = 0;

	while (at < v->len) {
		size_t n = 0;

		while (at + n < v->len && v->s[at + n] != '/' && v->s[at + n] != '\\')
			n++;
		if (n > 3 && names_segment(v->s + at, n))
			names += n;
		else if (n > 3)
			others += n;
		at += n + 1;
	}
	return names > 0 && names > 2 * others && v->signs <= 2;
}

static bool path(const struct cw_view *v)
{
	const char *s = v->s;
	size_t len = v->len;

	if (cw_view_has(v, "://"))
		return false;
	if (v->spaces == 0 && cw_view_has(v, "."))
		for (size_t i = 0; i < sizeof(extensions) / sizeof(*extensions); i++)
			if (len > strlen(extensions[i]) + 1 && cw_view_ends(s, len, extensions[i]) && v->signs <= 2)
				return true;
	if (cw_view_starts(s, len, "./") || cw_view_starts(s, len, "../") || cw_view_starts(s, len, "~/") ||
	    (len > 3 && cw_is_letter(s[0]) && s[1] == ':' && s[2] == '\\'))
		return true;
	return (memchr(s, '/', len) || memchr(s, '\\', len)) && names_between_slashes(v);
}

static bool printable_name(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len && (cw_is_ident(s[i]) || strchr("+.-", s[i])))
		i++;
	return len > 0 && i == len;
}

/* scheme://... unless user:password@ stands in it. */
static bool url(const struct cw_view *v)
{
	struct cw_view password;
	size_t at = cw_view_find(v->s, v->len, 0, "://"), colon, host;

	if (cw_view_starts(v->s, v->len, "data:") || cw_view_starts(v->s, v->len, "mailto:") ||
	    cw_view_starts(v->s, v->len, "arn:") || cw_view_starts(v->s, v->len, "urn:"))
		return true;
	if (at == v->len || !printable_name(v->s, at))
		return false;
	at += 3;
	for (host = at; host < v->len && v->s[host] != '@' && v->s[host] != '/'; host++)
		;
	colon = cw_view_find(v->s, host, at, ":");
	if (host == v->len || v->s[host] != '@' || colon + 1 >= host)
		return true;
	cw_view_init(&password, v->s + colon + 1, host - colon - 1, true);
	return cw_value_is_placeholder(&password);
}

/* name@host.tld */
static bool mail_address(const struct cw_view *v)
{
	const char *at = memchr(v->s, '@', v->len), *dot;
	size_t host;

	if (!at || at == v->s || !printable_name(v->s, (size_t)(at - v->s)))
		return false;
	host = v->len - (size_t)(at + 1 - v->s);
	dot = host ? memrchr(at + 1, '.', host) : NULL;
	if (!dot || dot == at + 1 || !printable_name(at + 1, host))
		return false;
	for (const char *p = dot + 1; p < v->s + v->len; p++)
		if (!cw_is_lower(*p))
			return false;
	return v->s + v->len - dot > 2;
}

/* Numbers in all their dress: 0x1f, 1.5e3, 1_000, 30s, 1.2.3, v2.0, 2020-01-01, 12:30, 10.0.0.1:80, #a0b1c2, 50%. */
static bool number(const struct cw_view *v, bool token)
{
	const char *s = v->s;
	size_t len = v->len, i = 0;

	if (v->digits == 0 && s[0] != '#')
		return false;
	if (v->digits + 1 == len && memchr(s, '.', len))
		return true;
	if (v->digits == len) /* a PIN or a numeric password, if it is quoted and long */
		return token ? len < 16 : !v->quoted || len < 6;
	if ((s[0] == '#' && len <= 9) || (s[0] == '0' && len > 2 && (s[1] | 0x20) == 'x' && len <= 18)) {
		for (i = 1 + (s[0] == '0'); i < len && (cw_is_digit(s[i]) || strchr("abcdefABCDEF", s[i])); i++)
			;
		return i == len || (i + 2 >= len && strchr("uUlLhH", s[i]));
	}
	if ((s[0] == 'v' || s[0] == 'V' || s[0] == '-' || s[0] == '+' || s[0] == '^' || s[0] == '~') && len > 1 && cw_is_digit(s[1]))
		i = 1;
	while (i < len && (cw_is_digit(s[i]) || strchr(".,:_/- TZ+", s[i])))
		i++;
	if (i == len)
		return token || v->digits < 14 || v->spaces > 0;
	if (!v->quoted && i > 1 && s[i - 1] == '.' && cw_view_identifier(s + i, len - i)) /* 6.hours */
		return true;
	return i > 0 && len - i <= 2 && v->digits >= i - i / 3; /* a unit */
}

static bool expression_pattern(const struct cw_view *v)
{
	static const char *const patterns[] = { "\\w", "\\d", "\\s", "[^", "[a-z", "[0-9", "(?", "[\\", ".*)", ".+)" };
	static const char *const markup[] = { "<br", "<a ", "<b>", "</a", "</b", "</c", "</d", "</i", "</l", "</p", "</s", "</t", "&lt;", "&nbsp;", "&quot;", "&#x", "&rdquo", "&ldquo" };
	static const char *const queries[] = { "select ", "insert into", "update ", "delete from", "create ", "alter ", "where " };

	if (any_of(v, patterns, sizeof(patterns) / sizeof(*patterns)))
		return true;
	if (any_of(v, markup, sizeof(markup) / sizeof(*markup)))
		return true;
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
		if (cw_view_starts(v->s, v->len, queries[i]))
			return true;
	return v->s[0] == '^' && v->s[v->len - 1] == '$';
}

/* Digests and public keys name themselves. */
static bool public_value(const struct cw_view *v)
{
	static const char *const prefixes[] = { "sha1-", "sha256-", "sha384-", "sha512-", "sha1:", "sha256:", "sha512:", "md5:",
						"ssh-rsa ", "ssh-ed25519 ", "ssh-dss ", "ecdsa-sha2-", "aaaab3nzac1", "aaaac3nzac1" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (cw_view_starts(v->s, v->len, prefixes[i]))
			return true;
	return false;
}

struct name {
	size_t words, common;	/* parts */
	size_t covered, rare;	/* letters of words, and of parts that are none */
	size_t digits;		/* parts */
	bool last_common;	/* its last word is a common one */
};

static void look_at_name(const struct cw_view *v, struct name *n)
{
	struct cw_part_of_value part;
	size_t pos = 0;

	*n = (struct name){ 0 };
	while (cw_view_part(v, &pos, &part)) {
		enum cw_wordness w = part.digits ? CW_WORD_SHORT : cw_value_wordness(part.s, part.len);

		n->digits += part.digits;
		n->words += w >= CW_WORD_ORDINARY;
		n->common += w == CW_WORD_COMMON;
		n->covered += w >= CW_WORD_ORDINARY ? part.len : 0;
		n->rare += w == CW_WORD_RARE ? part.len : 0;
		if (!part.digits)
			n->last_common = w == CW_WORD_COMMON;
	}
}

/* A variable by its looks, when nothing quotes it: common words with at most two digits behind ("arg1", "newPassword2"), words that
 * name what they hold ("alt_passwd"), a few letters ("buf"). */
static bool bare_name(const struct cw_view *v)
{
	static const char *const nouns[] = { "passw", "secret", "token", "_key", "key_", "pass_", "_pass", "pwd", "cred" };
	struct name n;

	if (v->quoted || v->digits > 2 || !cw_view_identifier(v->s, v->len))
		return false;
	look_at_name(v, &n);
	if (v->digits > 0) /* only behind it */
		return n.digits == 1 && cw_is_digit(v->s[v->len - 1]) &&
		       ((n.rare == 0 && n.words == n.common) || (n.last_common && memchr(v->s, '_', v->len)));
	if (any_of(v, nouns, sizeof(nouns) / sizeof(*nouns)))
		return true;
	if (v->len < 6)
		return cw_model_word_bits(v->s, v->len) < SHORT_NAME_BITS * (double)v->len;
	return n.rare > 0 ? n.common >= 2 && n.covered >= n.rare : n.covered * 2 > v->lower + v->upper;
}

bool cw_value_is_code(const struct cw_view *v, bool token)
{
	if (v->len == 0)
		return false;
	if (url(v) || path(v) || mail_address(v) || number(v, token) || call_or_index(v) || attribute(v) || public_value(v))
		return true;
	return operators(v) || sigil(v) || expression_pattern(v) || (!token && bare_name(v));
}
