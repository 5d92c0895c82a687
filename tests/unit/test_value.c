/* Tests of match/value.h and match/model.h: what a secret looks like and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "match/model.h"
#include "match/value.h"
#include "match/value_checks.h"
#include "match/value_lists.h"

static enum cw_value_verdict judge_n(enum cw_value_model model, const char *s, size_t len, bool quoted)
{
	struct cw_value_spec spec = { .model = model };

	return cw_value_judge(&spec, s, len, quoted);
}

static void expect(enum cw_value_model model, bool quoted, enum cw_value_verdict want, const char *const *list)
{
	for (; *list; list++) {
		enum cw_value_verdict got = judge_n(model, *list, strlen(*list), quoted);

		if (got != want)
			fail_msg("'%s': %s, not %s", *list, cw_value_verdict_name(got), cw_value_verdict_name(want));
	}
}

#define EXPECT(model, quoted, want, ...) expect(model, quoted, want, (const char *const[]){ __VA_ARGS__, NULL })
#define QUOTED(want, ...) EXPECT(CW_MODEL_PASSWORD, true, want, __VA_ARGS__)
#define BARE(want, ...) EXPECT(CW_MODEL_PASSWORD, false, want, __VA_ARGS__)
#define TOKEN(want, ...) EXPECT(CW_MODEL_TOKEN, true, want, __VA_ARGS__)

/* Passwords that people choose: words with digits and signs, mixed case, keyboard tricks. */
static void test_human_passwords(void **state)
{
	QUOTED(CW_VALUE_OK, "P@ssw0rd1", "hunter2!", "correct-horse-9", "sup3rs3cret", "secret!", "Pass" "word123", "pass" "word1",
	       "grape87", "Mechanic#123", "qwerty123", "MyPass" "word1", "Passw0rd", "admin123", "s3cr3tp@ssw0rd 2", "changeme123",
	       "dkajc\xc3\xb6" "1", "831204");
	BARE(CW_VALUE_OK, "hunter2", "Pass" "word123", "hardcoded1", "grape87", "s3cr3t_pw", "sEcr3t!x");
}

/* One small word in quotes that code does not use may be a password; names of things, labels and bare words may not. */
static void test_single_words(void **state)
{
	QUOTED(CW_VALUE_OK, "xkqzvbmw", "pqzzlkfw", "hunter", "sunshine", "chicken");
	QUOTED(CW_VALUE_WORDS, "mypassword", "nexttoken", "Dragon", "DRAGON", "conan", "directory", "monkeykey");
	QUOTED(CW_VALUE_PLACEHOLDER, "passwort", "heslo", "contrase\xc3\xb1" "a");
	BARE(CW_VALUE_CODE, "hunter", "pbuf", "pass" "wdp", "alt_" "passwd", "pass" "word_ptr");
	BARE(CW_VALUE_OK, "xkqzvbmw", "qmga");
}

/* A phrase of unusual words is a password; what a prompt, a label or a message says is not. */
static void test_phrases(void **state)
{
	QUOTED(CW_VALUE_OK, "correct horse battery staple", "my voice is my passport");
	QUOTED(CW_VALUE_WORDS, "invalid battery staple for horses", "Correct horse battery staple", "unable to connect",
	       "list of names and files", "new horse battery");
	BARE(CW_VALUE_WORDS, "correct horse battery staple");
}

/* Random characters pass whatever signs they hold, and JSON in quotes is not a placeholder. */
static void test_signs(void **state)
{
	QUOTED(CW_VALUE_OK, "!;RQ,il2se0M{)o=", "kVnd7<%zV>kEaG;", "9+H&i,d==3*N^^&?", "{\"a\":\"9f86d081884c7d65\"}", "a$b#c1x!");
	BARE(CW_VALUE_OK, "dG9wLVNlY3JldA==", "9f3kD83hfU/q0ZxP2m==");
	TOKEN(CW_VALUE_OK, "dG9wLVNlY3JldHM9MTIzNA==");
	QUOTED(CW_VALUE_OK, "https://bob:" "x9Kd2pLq@db.host/x");
	QUOTED(CW_VALUE_CODE, "https://bob:<hidden>@db.host/x", "https://bob@db.host/x");
}

/* Templates, variables, masks and words that say "put something here". */
static void test_placeholders(void **state)
{
	QUOTED(CW_VALUE_PLACEHOLDER, "", "<password>", "${DB_PASS}", "{{ password }}", "%(password)s", "$PASSWORD", "%s", "%PASS%",
	       "xxxx", "XXXX-XXXX", "****", "....", "----", "changeme", "change_me", "your-password", "YOUR_API_KEY", "my-secret",
	       "example", "password", "string", "required", "none", "null", "True", "TODO", "foobar", "{password}", "pw-{}",
	       "Enter your password", "secret_goes_here", "@PASSWORD@", "#{pass}", "{{pass", "prefix-${PASS", "<%= pass %>", "abc...xyz", "__PASSWORD__");
}

/* Calls, attributes, subscripts, paths, addresses, numbers and patterns, quoted or not. */
static void test_code(void **state)
{
	QUOTED(CW_VALUE_CODE, "get_password()", "os.environ['X']", "self.password", "config.db.password", "/etc/ssl/private/key.pem",
	       "./keys/id_rsa", "~/.ssh/id_rsa", "http://host.test/login", "application/json", "1.2.3", "2020-01-01",
	       "10.0.0.1:8080", "0x31c45018", "[a-z0-9]{8,}", "^\\w+$", "a <b>bold</b> word", "SELECT a FROM b", "12", "joe@host.org",
	       "C:\\keys\\server.key", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
	BARE(CW_VALUE_PLACEHOLDER, "nil)", "True):", "$PASS}", "None,");
	BARE(CW_VALUE_CODE, "foo()", "g_strdup(", "Leaf(kind", "arg4)", "6.hours", "$HOME/pass", "getenv(\"X\")", "os.environ.get(", "request.form['password']", "user.password,", "argv[1]",
	     "a->b", "Foo::bar", "*alias", "&buffer", "!Ref", "30s", "3600", "arg1", "password1", "get_password", "userPassword");
}

/* Words in every style of joining them. */
static void test_words(void **state)
{
	QUOTED(CW_VALUE_WORDS, "userPassword", "user_password", "USER_PASSWORD", "user-password", "Password:", "Password *",
	       "#password", "--password", "Wrong password!", "The password must be at least 8 characters", "sha256", "utf-8",
	       "us-east-1", "api-key-2", "base64_decode", "item1", "user1", "newPassword2", "x86_64", "en_US",
	       "\xe8\xaf\xb7\xe8\xbe\x93\xe5\x85\xa5");
}

/* What a finger makes. */
static void test_repeated(void **state)
{
	QUOTED(CW_VALUE_REPEATED, "aaaa", "abababab", "abcabcabc", "12345678", "87654321", "abcdefgh", "qwerty", "asdfghjkl",
	       "0000-0000-0000", "123456");
	TOKEN(CW_VALUE_REPEATED, "0123456789abcdef0123456789abcdef", "00000000-0000-0000-0000-000000000000", "1234567890",
	      "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "deadbeefdeadbeefdeadbeef");
	QUOTED(CW_VALUE_OK, "qwerty123");
}

/* Values that a machine drew at random. */
static void test_tokens(void **state)
{
	TOKEN(CW_VALUE_OK, "9f86d081884c7d659a2feaa0c55ad015", "3f2b8c1e-77aa-4d19-9e0b-5c6d1f2a8b34", "kD83hfUwq0ZxP2mVb7Rt",
	      "wq7vbn2mzx9k", "c3VwZXIgc2VjcmV0IHZhbHVlIDE", "Qx/9tPz+Lw2mVb7RtkD83hfUwq0Z", "zqxwvkjhpbnmtrfg");
}

/* Names, paths and prose where a token is looked for. */
static void test_no_tokens(void **state)
{
	TOKEN(CW_VALUE_WORDS, "the_database_connection", "AbstractProxyFactory", "some text with several words", "production-server-2");
	TOKEN(CW_VALUE_CODE, "com.server.auth.Token", "/usr/lib/python3/dist-packages", "https://host.test/a/b", "getToken()",
	      "2020-01-01T00:00:00Z", "4711", "config['token']");
	TOKEN(CW_VALUE_PLACEHOLDER, "<token>", "${TOKEN}", "your-token-here", "xxxxxxxxxxxxxxxx", "token", "{{token}}",
	      "A1B2EXAMPLEKEYC3D4");
	TOKEN(CW_VALUE_COMMON, "aB3x");
}

/* The model separates random characters of any kind from words and identifiers. */
static void test_rarity_separates(void **state)
{
	static const char *const ordinary[] = { "password", "connection", "AbstractProxyFactory", "my_database_name" };
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	unsigned x = 12345;

	for (size_t i = 0; i < sizeof(ordinary) / sizeof(*ordinary); i++)
		assert_true(cw_value_rarity(ordinary[i], strlen(ordinary[i])) < 4.2);
	for (int round = 0; round < 500; round++) {
		char s[24];

		for (size_t i = 0; i < sizeof(s); i++) {
			x = x * 1103515245u + 12345u;
			s[i] = letters[(x >> 16) % (sizeof(letters) - 1)];
		}
		assert_true(cw_value_rarity(s, sizeof(s)) > 5.5);
		assert_int_equal(judge_n(CW_MODEL_TOKEN, s, sizeof(s), true), CW_VALUE_OK);
	}
	assert_true(cw_value_rarity("", 0) == 0);
}

/* The word list knows words of code in either case, and no others. */
static void test_common_words(void **state)
{
	assert_true(cw_model_common_word("password", 8));
	assert_true(cw_model_common_word("STRING", 6));
	assert_true(cw_model_common_word("the", 3));
	assert_false(cw_model_common_word("hunter", 6));
	assert_false(cw_model_common_word("is", 2));
	for (size_t i = 1; i < CW_MODEL_WORDS; i++)
		assert_true(cw_model_words[i - 1] < cw_model_words[i]);
}

/* Every step of the table is a step, and the rows of a context are about one probability. */
static void test_table_is_sound(void **state)
{
	size_t n = (size_t)CW_MODEL_SYMBOLS * CW_MODEL_SYMBOLS * CW_MODEL_SYMBOLS;

	assert_int_equal(strlen(cw_model_surprise), n);
	for (size_t i = 0; i < n; i++)
		assert_in_range((unsigned char)cw_model_surprise[i], '#', '#' + 90);
}

/* The word lists are ascending and in small letters, or the search would miss words. */
static void test_lists_are_sorted(void **state)
{
	for (int k = 0; k < CW_WORDS_COUNT_; k++)
		for (size_t i = 0; i < cw_word_lists[k].len; i++) {
			const char *word = cw_word_lists[k].words[i];

			if (i > 0 && strcmp(cw_word_lists[k].words[i - 1], word) >= 0)
				fail_msg("'%s' stands behind '%s'", word, cw_word_lists[k].words[i - 1]);
			for (const char *p = word; *p; p++)
				assert_false(cw_is_upper(*p));
			assert_true(cw_word_listed(word, strlen(word), (enum cw_words)k));
		}
	assert_true(cw_word_listed("PassWord", 8, CW_WORDS_PLACEHOLDERS));
	assert_false(cw_word_listed("passwor", 7, CW_WORDS_PLACEHOLDERS));
	assert_false(cw_word_listed("password\0", 9, CW_WORDS_PLACEHOLDERS));
	assert_false(cw_word_listed("", 0, CW_WORDS_PLACEHOLDERS));
}

/* Entropy of known distributions. */
static void test_entropy(void **state)
{
	assert_true(cw_value_entropy("", 0) == 0);
	assert_true(cw_value_entropy("aaaa", 4) == 0);
	assert_true(cw_value_entropy("abab", 4) == 1);
	assert_true(cw_value_entropy("abcdabcd", 8) == 2);
}

/* Entropy and stop words count for every model and come first. */
static void test_spec(void **state)
{
	static const char *const stop[] = { "sandbox" };
	struct cw_value_spec spec = { .entropy = 3.0, .stopwords = stop, .stopwords_len = 1, .model = CW_MODEL_NONE };

	assert_int_equal(cw_value_judge(&spec, "aabb", 4, true), CW_VALUE_LOW_ENTROPY);
	assert_int_equal(cw_value_judge(&spec, "9x7SandBox2kq", 13, true), CW_VALUE_STOPWORD);
	assert_int_equal(cw_value_judge(&spec, "<placeholder>", 13, true), CW_VALUE_OK);
	spec.model = CW_MODEL_TOKEN;
	assert_int_equal(cw_value_judge(&spec, "<placeholder>", 13, true), CW_VALUE_PLACEHOLDER);
}

/* White space around a value does not count; NULs and any other byte are harmless; long values are cut. */
static void test_any_bytes(void **state)
{
	static char big[3 * CW_VALUE_LOOK_MAX];
	unsigned x = 99;

	assert_int_equal(judge_n(CW_MODEL_PASSWORD, "  ${X}\n", 7, true), CW_VALUE_PLACEHOLDER);
	assert_int_equal(judge_n(CW_MODEL_PASSWORD, "   ", 3, true), CW_VALUE_PLACEHOLDER);
	for (int round = 0; round < 20000; round++) {
		char s[16];
		size_t n = (size_t)round % (sizeof(s) + 1);

		for (size_t i = 0; i < n; i++) {
			x = x * 1103515245u + 12345u;
			s[i] = round % 2 ? (char)(x >> 16) : " $%(){}<>[]*&!@.:/\\-_=x0Aa#'\""[(x >> 16) % 30];
		}
		judge_n(CW_MODEL_TOKEN, s, n, round % 3);
		judge_n(CW_MODEL_PASSWORD, s, n, round % 3);
	}
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 % 251);
	judge_n(CW_MODEL_TOKEN, big, sizeof(big), true);
	memset(big, 'a', sizeof(big));
	assert_int_equal(judge_n(CW_MODEL_TOKEN, big, sizeof(big), true), CW_VALUE_REPEATED);
}

/* Names of verdicts, as explain shows them. */
static void test_names(void **state)
{
	assert_string_equal(cw_value_verdict_name(CW_VALUE_OK), "ok");
	assert_string_equal(cw_value_verdict_name(CW_VALUE_LOW_ENTROPY), "low-entropy");
	assert_string_equal(cw_value_verdict_name(CW_VALUE_COMMON), "common");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_human_passwords), cmocka_unit_test(test_single_words), cmocka_unit_test(test_phrases),
		cmocka_unit_test(test_signs),		cmocka_unit_test(test_placeholders),
		cmocka_unit_test(test_code),		cmocka_unit_test(test_words),	     cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_tokens),		cmocka_unit_test(test_no_tokens),    cmocka_unit_test(test_rarity_separates),
		cmocka_unit_test(test_common_words),	cmocka_unit_test(test_table_is_sound), cmocka_unit_test(test_lists_are_sorted), cmocka_unit_test(test_entropy),
		cmocka_unit_test(test_spec),		cmocka_unit_test(test_any_bytes),    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
