/* match/value_lists.c - words that say what a value is. Each list is sorted by bytes (a test checks it) and in small letters. */
#include <string.h>

#include "match/value_lists.h"

/* Short forms that names are made of and the statistics do not know. */
static const char *const short_forms[] = {
	"acl", "api", "app", "argon", "args", "attr", "auth", "aws", "bcrypt", "btn", "cfg", "cli", "conf", "config",
	"cpu", "ctx", "dns", "docker", "dsn", "eks", "env", "ftp", "gcp", "github", "gitlab", "gke", "gpu", "grp",
	"gui", "guid", "href", "html", "http", "https", "iam", "idp", "imap", "impl", "init", "jdbc", "json", "jwt",
	"kafka", "kms", "kwargs", "lbl", "ldap", "len", "mongo", "mysql", "nginx", "num", "oauth", "odbc", "oidc",
	"otp", "params", "pwd", "rabbitmq", "rds", "redis", "saml", "sftp", "smtp", "sql", "ssh", "ssl", "str",
	"svc", "tcp", "tls", "tmp", "toml", "totp", "txt", "udp", "uri", "url", "usr", "uuid", "vpn", "yaml",
};

/* Whole values that stand for a value; "password" as the user interfaces of other languages have it too. */
static const char *const placeholders[] = {
	"adgangskode", "admin", "administrator", "any", "api-key", "api_key", "apikey", "array", "ask", "auto",
	"bar", "baz", "blah", "bool", "boolean", "buffer", "bytes", "censored", "change-me", "change_me", "changed",
	"changeit", "changeme", "char", "contrasena", ("contrase\xc3\xb1" "a"), "correct", "credential", "credentials",
	"default", "demo", "dict", "disabled", "double", "dummy", "empty", "enabled", "encrypted", "env",
	"environment", "example", "false", "fixme", "float", "foo", "foobar", "foobaz", "guest", "haslo",
	"has\xc5\x82o", "heslo", "hidden", "incorrect", "input", "int", "integer", "interactive", "invalid",
	"jelszo", "kennwort", "key", "keys", "list", "login", "losenord", "l\xc3\xb6senord", "map", "masked",
	"missing", "motdepasse", "n/a", "na", "nil", "no", "none", "null", "number", "object", "off", "on",
	"optional", "output", "parola", "parole", "pass", "passord", "passphrase", "passwd", "password", "passwort",
	"placeholder", "private", "prompt", "public", "pw", "pwd", "quux", "qux", "redacted", "removed", "required",
	"root", "salasana", "sample", "secret", "secrets", "senha", "sifre", "slaptazodis", "something", "str",
	"string", "tbd", "test", "tester", "testing", "tests", "text", "todo", "token", "tokens", "true",
	"unchanged", "undefined", "unknown", "unset", "user", "username", "val", "valid", "value", "var", "varchar",
	"variable", "vault", "wachtwoord", "whatever", "wrong", "xxx", "yes", "\xc5\x9fifre",
};

/* Objects whose attributes code reads. */
static const char *const objects[] = {
	"account", "app", "arg", "args", "auth", "cfg", "client", "cls", "conf", "config", "context", "cred",
	"credentials", "creds", "ctx", "data", "django", "document", "entity", "env", "environ", "environment",
	"event", "flask", "form", "import_meta", "input", "item", "kwargs", "local", "model", "module", "node",
	"obj", "option", "options", "opts", "os", "param", "params", "process", "props", "record", "req", "request",
	"res", "response", "row", "secrets", "self", "session", "setting", "settings", "state", "sys", "this",
	"user", "var", "vars", "window",
};

/* Attributes that say what they are. */
static const char *const attributes[] = {
	"credentials", "false", "hash", "key", "nil", "none", "null", "pass", "passwd", "password", "pwd", "salt",
	"secret", "text", "token", "true", "user", "username", "value",
};

/* What names of algorithms, types and machines begin with: their digits are no sign of a password. */
static const char *const technical[] = {
	"aes", "amd", "ap", "arm", "base", "blake", "ca", "central", "cp", "crc", "curve", "des", "double", "dsa",
	"east", "ec", "ecdsa", "ed", "es", "eu", "float", "h", "hmac", "hs", "http", "https", "int", "ipv", "iso",
	"java", "k", "latin", "level", "long", "md", "mp", "mysql", "node", "north", "oauth", "p", "pg", "php",
	"postgres", "ps", "py", "python", "rs", "rsa", "s", "sa", "secp", "sha", "south", "ssl", "step", "tls",
	"type", "uint", "us", "utf", "v", "vp", "west", "win", "x",
};

/* Words people build passwords from when they add digits or signs. */
static const char *const human[] = {
	"admin", "changeme", "database", "default", "guest", "hello", "letmein", "login", "love", "master", "mysql",
	"oracle", "pass", "passwd", "password", "postgres", "pwd", "qwerty", "root", "secret", "server", "test",
	"welcome",
};

/* What prompts, labels and messages talk about. */
static const char *const prompts[] = {
	"account", "and", "cannot", "change", "confirm", "credential", "credentials", "current", "default", "email",
	"empty", "enter", "error", "errors", "example", "failed", "failure", "file", "following", "for", "forgot",
	"from", "get", "if", "incorrect", "invalid", "key", "keys", "login", "missing", "must", "name", "new", "not",
	"of", "old", "optional", "or", "pass", "passcode", "passphrase", "passphrases", "password", "passwords",
	"please", "repeat", "required", "reset", "secret", "secrets", "see", "set", "should", "string", "text",
	"to", "token", "tokens", "unable", "unset", "use", "used", "user", "username", "users", "using",
	"value", "when", "with", "wrong", "you", "your",
};

#define LIST(name) { name, sizeof(name) / sizeof(*name) }

const struct cw_word_list cw_word_lists[CW_WORDS_COUNT_] = {
	[CW_WORDS_SHORT_FORMS] = LIST(short_forms),
	[CW_WORDS_PLACEHOLDERS] = LIST(placeholders),
	[CW_WORDS_OBJECTS] = LIST(objects),
	[CW_WORDS_ATTRIBUTES] = LIST(attributes),
	[CW_WORDS_TECHNICAL] = LIST(technical),
	[CW_WORDS_HUMAN] = LIST(human),
	[CW_WORDS_PROMPTS] = LIST(prompts),
};

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Order of S, in any case, against WORD: as strcmp. */
static int compare(const char *s, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char a = (unsigned char)fold(s[i]), b = (unsigned char)word[i];

		if (a != b || b == 0)
			return a < b ? -1 : 1;
	}
	return word[len] ? -1 : 0;
}

bool cw_word_listed(const char *s, size_t len, enum cw_words which)
{
	const struct cw_word_list *list = &cw_word_lists[which];
	size_t lo = 0, hi = list->len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = compare(s, len, list->words[mid]);

		if (order == 0)
			return true;
		if (order < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return false;
}
