/* Tests of cw_key_parse(): OpenSSH's own format, PuTTY files and PGP blocks. Files are put together here from fresh keys; when
 * ssh-keygen is installed, its files are read too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <openssl/core_names.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/io.h"
#include "key_make.h"

extern char **environ;

/* The public half and the private fields of a key in SSH's order. */
static void ssh_fields(EVP_PKEY *key, struct cw_buf *pub, struct cw_buf *fields)
{
	unsigned char point[256], seed[32], raw[32];
	size_t len = sizeof(raw), point_len;

	if (EVP_PKEY_is_a(key, "RSA")) {
		const char *names[] = {OSSL_PKEY_PARAM_RSA_N,	    OSSL_PKEY_PARAM_RSA_E,
				       OSSL_PKEY_PARAM_RSA_D,	    OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
				       OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2};
		wire_text(pub, "ssh-rsa");
		wire_number(pub, key, OSSL_PKEY_PARAM_RSA_E);
		wire_number(pub, key, OSSL_PKEY_PARAM_RSA_N);
		wire_text(fields, "ssh-rsa");
		for (size_t i = 0; i < 6; i++)
			wire_number(fields, key, names[i]);
	} else if (EVP_PKEY_is_a(key, "EC")) {
		assert_int_equal(
			EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &point_len),
			1);
		wire_text(pub, "ecdsa-sha2-nistp256");
		wire_text(pub, "nistp256");
		wire_string(pub, point, point_len);
		cw_buf_add(fields, pub->data, pub->len);
		wire_number(fields, key, OSSL_PKEY_PARAM_PRIV_KEY);
	} else if (EVP_PKEY_is_a(key, "DSA")) {
		const char *names[] = {OSSL_PKEY_PARAM_FFC_P, OSSL_PKEY_PARAM_FFC_Q, OSSL_PKEY_PARAM_FFC_G,
				       OSSL_PKEY_PARAM_PUB_KEY};
		wire_text(pub, "ssh-dss");
		for (size_t i = 0; i < 4; i++)
			wire_number(pub, key, names[i]);
		cw_buf_add(fields, pub->data, pub->len);
		wire_number(fields, key, OSSL_PKEY_PARAM_PRIV_KEY);
	} else {
		assert_int_equal(EVP_PKEY_get_raw_public_key(key, raw, &len), 1);
		assert_int_equal(EVP_PKEY_get_raw_private_key(key, seed, &len), 1);
		wire_text(pub, "ssh-ed25519");
		wire_string(pub, raw, 32);
		cw_buf_add(fields, pub->data, pub->len);
		wire_u32(fields, 64);
		cw_buf_add(fields, seed, 32);
		cw_buf_add(fields, raw, 32);
	}
}

struct ssh_options {
	const char *cipher, *kdf, *comment;
	uint32_t check2; /* the second check number; the first is 7 */
};
static const struct ssh_options ssh_plain = {"none", "none", "me@host", 7};

/* The binary of openssh-key-v1. */
static void openssh_binary(EVP_PKEY *key, const struct ssh_options *o, struct cw_buf *out)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf pub = CW_BUF_INIT, secret = CW_BUF_INIT, options = CW_BUF_INIT;

	wire_u32(&secret, 7);
	wire_u32(&secret, o->check2);
	ssh_fields(key, &pub, &secret);
	wire_text(&secret, o->comment);
	for (char c = 1; secret.len % 8; c++)
		cw_buf_addc(&secret, c);
	if (strcmp(o->kdf, "none") != 0) {
		wire_text(&options, "sixteen byte slt");
		wire_u32(&options, 16);
	}
	cw_buf_add(out, "openssh-key-v1", 15);
	wire_text(out, o->cipher);
	wire_text(out, o->kdf);
	wire_string(out, options.data, options.len);
	wire_u32(out, 1);
	wire_string(out, pub.data, pub.len);
	wire_string(out, secret.data, secret.len);
}

static enum cw_key_state parse_openssh(EVP_PKEY *key, const struct ssh_options *o, struct cw_buf *canon)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT, pem = CW_BUF_INIT;

	openssh_binary(key, o, &raw);
	make_line(&pem, "BEGIN", "OPENSSH PRIVATE KEY");
	make_lines(&pem, raw.data, raw.len, 70);
	make_line(&pem, "END", "OPENSSH PRIVATE KEY");
	return parse(pem.data, pem.len, canon);
}

/* Each type plain and encrypted; check numbers that differ; a cipher without a key derivation. */
static void test_openssh(void **state)
{
	EVP_PKEY *keys[] = {make_rsa(), make_ec(), make_dsa(), make_ed25519()};
	const struct ssh_options locked = {"aes256-ctr", "bcrypt", "", 9}, unequal = {"none", "none", "", 8},
				 no_kdf = {"aes256-ctr", "none", "", 7};

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(parse_openssh(keys[i], &ssh_plain, NULL), CW_KEY_PLAIN);
		assert_int_equal(parse_openssh(keys[i], &locked, NULL), CW_KEY_ENCRYPTED);
		assert_int_equal(parse_openssh(keys[i], &unequal, NULL), CW_KEY_BROKEN);
		assert_int_equal(parse_openssh(keys[i], &no_kdf, NULL), CW_KEY_BROKEN);
	}
}

/* The same key with another comment and other check numbers has the same canonical form. */
static void test_openssh_canonical(void **state)
{
	const struct ssh_options other = {"none", "none", "somebody else's longer comment", 7};
	CW_CLEANUP(cw_buf_release) struct cw_buf a = CW_BUF_INIT, b = CW_BUF_INIT;

	assert_int_equal(parse_openssh(make_ed25519(), &ssh_plain, &a), CW_KEY_PLAIN);
	assert_int_equal(parse_openssh(make_ed25519(), &other, &b), CW_KEY_PLAIN);
	assert_true(a.len > 100);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
}

/* Every byte changed in turn, and every length: broken, or a change outside the key itself. */
static void test_openssh_damaged(void **state)
{
	EVP_PKEY *keys[] = {make_ed25519(), make_ec()};

	for (size_t k = 0; k < 2; k++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT, want = CW_BUF_INIT, canon = CW_BUF_INIT;
		openssh_binary(keys[k], &ssh_plain, &raw);
		assert_int_equal(parse(raw.data, raw.len, &want), CW_KEY_PLAIN);
		for (size_t i = 0; i < raw.len; i++) {
			raw.data[i] ^= 0x11;
			cw_buf_clear(&canon);
			if (parse(raw.data, raw.len, &canon) != CW_KEY_BROKEN)
				assert_memory_equal(canon.data, want.data, want.len);
			raw.data[i] ^= 0x11;
			assert_int_equal(parse(raw.data, i, NULL), CW_KEY_BROKEN);
		}
	}
}

/* Lengths that lie, in every u32 of the file. */
static void test_openssh_lengths(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT;
	static const char huge[] = "\xff\xff\xff\xff";

	openssh_binary(make_ed25519(), &ssh_plain, &raw);
	for (size_t i = 15; i + 4 < raw.len; i++) {
		char was[4];
		memcpy(was, raw.data + i, 4);
		memcpy(raw.data + i, huge, 4);
		char *exact = malloc(raw.len);
		assert_non_null(exact);
		memcpy(exact, raw.data, raw.len);
		parse(exact, raw.len, NULL); /* no read beyond the end: the sanitizer watches */
		free(exact);
		memcpy(raw.data + i, was, 4);
	}
}

/* A key of a type with unknown fields is plain; a security key's file opens nothing by itself. */
static void test_openssh_other_types(void **state)
{
	static const struct {
		const char *type;
		enum cw_key_state want;
	} cases[] = {{"ssh-tomorrow@example.org", CW_KEY_PLAIN}, {"sk-ssh-ed25519@openssh.com", CW_KEY_ENCRYPTED}};

	for (size_t i = 0; i < 2; i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT, pub = CW_BUF_INIT, secret = CW_BUF_INIT;
		wire_text(&pub, cases[i].type);
		wire_text(&pub, "public");
		wire_u32(&secret, 1);
		wire_u32(&secret, 1);
		cw_buf_add(&secret, pub.data, pub.len);
		wire_text(&secret, "private");
		while (secret.len % 8)
			cw_buf_addc(&secret, 1);
		cw_buf_add(&out, "openssh-key-v1", 15);
		wire_text(&out, "none");
		wire_text(&out, "none");
		wire_text(&out, "");
		wire_u32(&out, 1);
		wire_string(&out, pub.data, pub.len);
		wire_string(&out, secret.data, secret.len);
		assert_int_equal(parse(out.data, out.len, NULL), cases[i].want);
	}
}

/* Run ssh-keygen; false when it is not there. */
static bool keygen(const char *type, const char *word, const char *path)
{
	char *args[] = {(char *)"ssh-keygen", (char *)"-q", (char *)"-t", (char *)type, (char *)"-N", (char *)word,
			(char *)"-C",	      (char *)"",   (char *)"-f", (char *)path, NULL};
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, args[0], NULL, NULL, args, environ) != 0)
		return false;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* What ssh-keygen writes today, plain and encrypted. */
static void test_ssh_keygen(void **state)
{
	static const char *const types[] = {"ed25519", "ecdsa", "rsa"};
	char dir[] = "/tmp/cw-test-key-XXXXXX";
	bool found = true;

	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; found && i < 6; i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT, text = CW_BUF_INIT;
		cw_buf_addf(&path, "%s/key", dir);
		found = keygen(types[i / 2], i % 2 ? "pass phrase" : "", path.data);
		if (found) {
			assert_int_equal(cw_io_read_file(path.data, 65536, 0, &text, NULL), 0);
			assert_int_equal(parse(text.data, text.len, NULL), i % 2 ? CW_KEY_ENCRYPTED : CW_KEY_PLAIN);
			assert_int_equal(unlink(path.data), 0);
			cw_buf_adds(&path, ".pub");
			assert_int_equal(unlink(path.data), 0);
		}
	}
	assert_int_equal(rmdir(dir), 0);
	if (!found)
		skip();
}

/* A .ppk file. VERSION 2 or 3; BREAK_IT changes one byte of the private half. */
static void ppk(EVP_PKEY *key, int version, bool encrypted, bool break_it, struct cw_buf *out)
{
	CW_CLEANUP(cw_buf_release)
	struct cw_buf pub = CW_BUF_INIT,
		      fields = CW_BUF_INIT, secret = CW_BUF_INIT, lines = CW_BUF_INIT;
	size_t count;

	ssh_fields(key, &pub, &fields);
	if (EVP_PKEY_is_a(key, "RSA")) {
		wire_number(&secret, key, OSSL_PKEY_PARAM_RSA_D);
		wire_number(&secret, key, OSSL_PKEY_PARAM_RSA_FACTOR1);
		wire_number(&secret, key, OSSL_PKEY_PARAM_RSA_FACTOR2);
		wire_number(&secret, key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
	} else {
		wire_number(&secret, key, OSSL_PKEY_PARAM_PRIV_KEY);
	}
	while (encrypted && secret.len % 16)
		cw_buf_addc(&secret, 0);
	if (break_it)
		secret.data[20] ^= 1;
	cw_buf_addf(out, "PuTTY-User-Key-File-%d: %.*s\nEncryption: %s\nComment: rsa-key-20240101\n", version,
		    (int)(uint8_t)pub.data[3], pub.data + 4, encrypted ? "aes256-cbc" : "none");
	count = make_lines(&lines, pub.data, pub.len, 64);
	cw_buf_addf(out, "Public-Lines: %zu\n%s", count, lines.data);
	if (version == 3 && encrypted)
		cw_buf_adds(out, "Key-Derivation: Argon2id\nArgon2-Memory: 8192\nArgon2-Passes: 13\n");
	cw_buf_clear(&lines);
	count = make_lines(&lines, secret.data, secret.len, 64);
	cw_buf_addf(out, "Private-Lines: %zu\n%s", count, lines.data);
	cw_buf_addf(out, "Private-MAC: %.*s\n", version == 3 ? 64 : 40,
		    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
}

/* Both versions, plain and encrypted; damaged; cut at each byte; CRLF; as a string in source code. */
static void test_putty(void **state)
{
	EVP_PKEY *keys[] = {make_rsa(), make_ec(), make_dsa()};
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT, source = CW_BUF_INIT;

	for (size_t i = 0; i < 12; i++) {
		cw_buf_clear(&text);
		ppk(keys[i % 3], i & 1 ? 3 : 2, i >= 6, false, &text);
		assert_int_equal(parse(text.data, text.len, NULL), i >= 6 ? CW_KEY_ENCRYPTED : CW_KEY_PLAIN);
		cw_buf_clear(&source);
		for (size_t k = 0; k < text.len; k++)
			text.data[k] == '\n' ? cw_buf_adds(&source, i & 1 ? "\r\n" : "\\n\"\n  \"")
					     : cw_buf_addc(&source, text.data[k]);
		assert_int_equal(parse(source.data, source.len, NULL), i >= 6 ? CW_KEY_ENCRYPTED : CW_KEY_PLAIN);
		if (i < 3) {
			cw_buf_clear(&text);
			ppk(keys[i], 2, false, true, &text);
			assert_int_equal(parse(text.data, text.len, NULL), CW_KEY_BROKEN);
		}
	}
	cw_buf_clear(&text);
	ppk(make_ec(), 3, false, false, &text);
	for (size_t len = 0; len + 1 < text.len; len++)
		assert_int_equal(parse(text.data, len, NULL), CW_KEY_BROKEN);
}

static uint32_t crc24(const struct cw_buf *b)
{
	uint32_t crc = 0xb704ce;

	for (size_t i = 0; i < b->len; i++) {
		crc ^= (uint32_t)(uint8_t)b->data[i] << 16;
		for (int k = 0; k < 8; k++)
			crc = crc & 0x800000 ? crc << 1 ^ 0x1864cfb : crc << 1;
	}
	return crc & 0xffffff;
}

static void add_mpi(struct cw_buf *out, size_t bits)
{
	cw_buf_addc(out, (char)(bits >> 8));
	cw_buf_addc(out, (char)bits);
	for (size_t i = 0; i < (bits + 7) / 8; i++)
		cw_buf_addc(out, (char)(i + 1));
}

/* One packet; old or new format of the header, by the length of its body. */
static void add_packet(struct cw_buf *out, int tag, const struct cw_buf *body)
{
	if (body->len < 192) {
		cw_buf_addc(out, (char)(0xc0 | tag));
		cw_buf_addc(out, (char)body->len);
	} else {
		cw_buf_addc(out, (char)(0x80 | tag << 2 | 1));
		cw_buf_addc(out, (char)(body->len >> 8));
		cw_buf_addc(out, (char)body->len);
	}
	cw_buf_add(out, body->data, body->len);
}

/* A version 4 RSA secret key: USAGE 0 plain, 254 encrypted, 255 with GNU's stub. */
static void add_secret(struct cw_buf *out, int tag, int usage, size_t bits)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf body = CW_BUF_INIT;
	unsigned sum = 0;
	size_t from;

	cw_buf_add(&body, "\x04\x65\x43\x21\x00\x01", 6);
	add_mpi(&body, bits);
	add_mpi(&body, 17);
	cw_buf_addc(&body, (char)usage);
	from = body.len;
	if (usage == 255)
		cw_buf_add(&body, "\x00\x65\x00GNU\x01", 7);
	else if (usage == 254)
		cw_buf_add(&body,
			   "\x09\x03\x08saltsalt\xee"
			   "0123456789abcdefciphertextciphertext",
			   48);
	for (int i = 0; usage == 0 && i < 4; i++)
		add_mpi(&body, bits / 2);
	for (size_t i = from; i < body.len; i++)
		sum += (uint8_t)body.data[i];
	if (usage == 0) {
		cw_buf_addc(&body, (char)(sum >> 8));
		cw_buf_addc(&body, (char)sum);
	}
	add_packet(out, tag, &body);
}

/* Armour; CRC_XOR damages the checksum. */
static enum cw_key_state parse_pgp(const struct cw_buf *packets, uint32_t crc_xor)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	uint32_t crc = crc24(packets) ^ crc_xor;
	const char sum[3] = {(char)(crc >> 16), (char)(crc >> 8), (char)crc};

	make_line(&text, "BEGIN", "PGP PRIVATE KEY BLOCK");
	cw_buf_adds(&text, "Version: GnuPG v2\nComment: Bob's \"own\" key\n\n");
	make_lines(&text, packets->data, packets->len, 64);
	cw_buf_addc(&text, '=');
	make_lines(&text, sum, 3, 64);
	make_line(&text, "END", "PGP PRIVATE KEY BLOCK");
	return parse(text.data, text.len, NULL);
}

/* Plain, encrypted, stub with an encrypted subkey, stub alone; a wrong CRC; packets cut and of the wrong kind. */
static void test_pgp(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf plain = CW_BUF_INIT, b = CW_BUF_INIT, name = CW_BUF_INIT;

	cw_buf_adds(&name, "Bob <bob@example.org>");
	add_secret(&plain, 5, 0, 1024);
	add_packet(&plain, 13, &name);
	assert_int_equal(parse_pgp(&plain, 0), CW_KEY_PLAIN);
	assert_int_equal(parse_pgp(&plain, 0x10), CW_KEY_BROKEN);
	add_secret(&b, 5, 254, 512);
	add_packet(&b, 13, &name);
	assert_int_equal(parse_pgp(&b, 0), CW_KEY_ENCRYPTED);
	add_secret(&b, 7, 0, 1024);
	assert_int_equal(parse_pgp(&b, 0), CW_KEY_PLAIN);
	cw_buf_clear(&b);
	add_secret(&b, 5, 255, 1024);
	assert_int_equal(parse_pgp(&b, 0), CW_KEY_PUBLIC);
	add_secret(&b, 7, 254, 1024);
	assert_int_equal(parse_pgp(&b, 0), CW_KEY_ENCRYPTED);
	cw_buf_clear(&b);
	add_packet(&b, 13, &name);
	assert_int_equal(parse_pgp(&b, 0), CW_KEY_BROKEN);
	for (size_t len = 1; len < plain.len; len++) {
		/* Cut between two packets it is a key without a name. */
		bool whole = len == plain.len - name.len - 2;
		cw_buf_clear(&b);
		cw_buf_add(&b, plain.data, len);
		assert_int_equal(parse_pgp(&b, 0), whole ? CW_KEY_PLAIN : CW_KEY_BROKEN);
	}
	plain.data[200] ^= 1; /* in the secret numbers: their sum is wrong now */
	assert_int_equal(parse_pgp(&plain, 0), CW_KEY_BROKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openssh),
		cmocka_unit_test(test_openssh_canonical),
		cmocka_unit_test(test_openssh_damaged),
		cmocka_unit_test(test_openssh_lengths),
		cmocka_unit_test(test_openssh_other_types),
		cmocka_unit_test(test_ssh_keygen),
		cmocka_unit_test(test_putty),
		cmocka_unit_test(test_pgp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
