/* match/value_words.c - values that are words: a plain word, an identifier in any style, a sentence, a label. */
#include <string.h>

#include "match/model.h"
#include "match/value_checks.h"
#include "match/value_lists.h"

#define SECRET_WORD_MIN 6

struct count {
	size_t words;	 /* ordinary or common */
	size_t common;
	size_t rare, shorts;
	size_t rare_letters;
	size_t numbers;
	size_t covered;	 /* letters of words */
	size_t inside;	 /* numbers with letters touching on both sides */
	bool technical;	 /* every number stands behind a technical name */
	bool human;	 /* a word that passwords are built from */
};

static void count_parts(const struct cw_view *v, struct count *c)
{
	struct cw_part_of_value part, before = { 0 };
	size_t pos = 0;

	*c = (struct count){ .technical = true };
	while (cw_view_part(v, &pos, &part)) {
		if (part.digits) {
			c->numbers++;
			c->inside += part.joined && pos < v->len && cw_is_letter(v->s[pos]);
			if (!before.s || (!before.digits && !cw_word_listed(before.s, before.len, CW_WORDS_TECHNICAL)))
				c->technical = false;
		} else {
			enum cw_wordness w = cw_value_wordness(part.s, part.len);

			if (part.len > 2 && cw_word_listed(part.s, part.len, CW_WORDS_TECHNICAL))
				w = CW_WORD_COMMON;
			c->words += w >= CW_WORD_ORDINARY;
			c->common += w == CW_WORD_COMMON;
			c->rare += w == CW_WORD_RARE;
			c->rare_letters += w == CW_WORD_RARE ? part.len : 0;
			c->shorts += w == CW_WORD_SHORT;
			c->covered += w >= CW_WORD_ORDINARY ? part.len : 0;
			c->human |= cw_word_listed(part.s, part.len, CW_WORDS_HUMAN);
		}
		before = part;
	}
}

/* Three or more small words, at least two of them no words of source code, and none that a prompt would use: a passphrase. */
static bool passphrase(const struct cw_view *v)
{
	struct cw_part_of_value part;
	size_t pos = 0, words = 0, unusual = 0;

	if (!v->quoted || v->lower + v->spaces + v->joiners < v->len)
		return false;
	while (cw_view_part(v, &pos, &part)) {
		bool rare = part.len > 3 && !cw_model_common_word(part.s, part.len);

		if (cw_word_listed(part.s, part.len, CW_WORDS_PROMPTS))
			return false;
		words++;
		unusual += rare;
	}
	return words >= 3 && words == v->spaces + 1 && unusual >= 2;
}

/* Words with white space between them, whatever stands at their ends: "Enter your password:", "can't be blank". */
static bool sentence(const struct cw_view *v, const struct count *c)
{
	if (v->spaces == 0)
		return false;
	return c->words >= 2 && c->words * 2 > c->rare + c->numbers && c->covered * 2 > v->len - v->spaces;
}

/* One word in small letters, in quotes, that source code does not use and that does not name what it stands for: "hunter". */
static bool secret_word(const struct cw_view *v)
{
	static const char *const nouns[] = { "pass", "token", "secret", "user", "name", "login", "auth", "cred", "value", "field",
					     "test", "text", "word", "type", "account", "admin" };

	if (!v->quoted || v->len < SECRET_WORD_MIN || v->lower < v->len || cw_value_wordness(v->s, v->len) == CW_WORD_COMMON)
		return false;
	for (size_t i = 0; i < sizeof(nouns) / sizeof(*nouns); i++)
		if (cw_view_has(v, nouns[i]))
			return false;
	return !cw_view_ends(v->s, v->len, "key");
}

/* Text in another script has no place in a token, and as a password it is a label. */
static bool foreign_text(const struct cw_view *v)
{
	return v->foreign * 2 > v->len && v->digits == 0;
}

/* Letters and joining signs only. Signs in front are a selector's ("#password"), some behind are a label's ("Password *"). */
static bool plain_words(const struct cw_view *v, const struct count *c)
{
	size_t outer = 0, i = 0, end = v->len, letters;

	while (i < end && strchr("#@&?*=+<>()[]{}|~%^$", v->s[i]))
		i++;
	while (end > i && strchr("*?=<>()[]{}|& ", v->s[end - 1]))
		outer += v->s[--end] != ' ';
	outer += i;
	if (v->digits > 0 || v->signs > outer || v->foreign > 0)
		return false;
	letters = v->lower + v->upper;
	if (c->rare > 0) /* a product's name among words: "tumblr_consumer_secret" */
		return c->words >= 2 && c->covered >= 2 * c->rare_letters;
	if (c->words == 0)
		return letters <= 4;
	if (v->joiners + v->spaces == 0) /* random letters hold short words too: camel case must be words nearly throughout */
		return c->covered * 4 >= letters * 3;
	return c->covered * 2 > letters;
}

/* key=value, a&b, a|b with nothing but common words. */
static bool list_of_words(const struct cw_view *v, const struct count *c)
{
	size_t odd = 0;

	for (size_t i = 0; i < v->len; i++)
		odd += strchr("!@#$%^~", v->s[i]) != NULL;
	return v->signs > 0 && odd == 0 && v->digits == 0 && c->rare == 0 && c->words >= 1;
}

/* Words with numbers that are names all the same: "sha256", "us-east-1", "api-key-2", "base64_decode", "item1". */
static bool numbered_name(const struct cw_view *v, const struct count *c)
{
	if (c->numbers == 0 || v->signs > 0 || v->spaces > 0 || v->foreign > 0 || c->rare > 0 || v->digits > 6)
		return false;
	if (c->technical)
		return true;
	if (c->words != c->common || c->inside > 0)
		return c->words == c->common && c->inside == 1 && c->shorts == 0 && c->words >= 2 && v->digits <= 3;
	if (c->words + c->shorts >= 2 && c->common > 0)
		return v->joiners > 0 ? v->digits <= 4 : v->digits <= 1 && !cw_is_upper(v->s[0]);
	return v->digits == 1 && !c->human && (c->common > 0 || v->len <= 4);
}

/* More than half of a token's letters and digits are words. */
static bool mostly_words(const struct cw_view *v, const struct count *c)
{
	size_t body = v->lower + v->upper + v->digits;

	return c->words >= 2 && c->covered * 2 > body && v->digits * 4 < body;
}

bool cw_value_is_words(const struct cw_view *v, bool token)
{
	struct count c;

	if (v->len == 0)
		return false;
	if (!token && (secret_word(v) || passphrase(v)))
		return false;
	count_parts(v, &c);
	if (sentence(v, &c) || foreign_text(v) || plain_words(v, &c) || list_of_words(v, &c))
		return true;
	return numbered_name(v, &c) || (token && mostly_words(v, &c));
}
