/* unit/test_fpkey.c - the fingerprint key: where it is found, when it is refused, what it makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "policy/key.h"

/* Bytes 00 01 02 ... 1f. */
#define COUNTING "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static char dir[64];
static char path[128];

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/cw-fpkey.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/key", dir);
	unsetenv("CREDWATCH_KEY_FILE");
	setenv("XDG_CONFIG_HOME", dir, 1);
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"key", "credwatch/key", "credwatch", "link"};
	char name[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", dir, names[i]);
		remove(name);
	}
	return rmdir(dir);
}

static void put(const char *text, mode_t mode)
{
	assert_int_equal(cw_io_replace_file(path, text, strlen(text), mode, NULL), 0);
	assert_int_equal(chmod(path, mode), 0);
	setenv("CREDWATCH_KEY_FILE", path, 1);
}

static void refused(const char *word)
{
	struct cw_err err = CW_ERR_INIT;
	struct cw_key key = {.id = "same"};

	assert_int_equal(cw_key_load(&key, &err), CW_E_INVALID);
	assert_non_null(strstr(err.msg, word));
	/* outputs are untouched on failure */
	assert_string_equal(key.id, "same");
}

static void test_named_file(void **state)
{
	struct cw_key key;

	/* a named file, with and without a line feed */
	put(COUNTING "\n", 0600);
	assert_int_equal(cw_key_load(&key, NULL), 0);
	for (int i = 0; i < CW_KEY_LEN; i++)
		assert_int_equal(key.bytes[i], i);
	put(COUNTING, 0400);
	assert_int_equal(cw_key_load(&key, NULL), 0);
	/* first four digits of SHA-256("cwid" 00 01 ... 1f) */
	assert_string_equal(key.id, "5f54");
}

static void test_refused(void **state)
{
	char link_path[128];

	/* open to the group's writes, or to anybody */
	put(COUNTING "\n", 0660);
	refused("chmod");
	put(COUNTING "\n", 0604);
	refused("chmod");
	/* too short, too long, not hex, a second line, empty */
	put("0011\n", 0600);
	refused("hex digits");
	put(COUNTING "00\n", 0600);
	refused("hex digits");
	put("zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", 0600);
	refused("hex digits");
	put(COUNTING "\n\n", 0600);
	refused("hex digits");
	put("", 0600);
	refused("hex digits");
	/* a folder, and a FIFO that would block */
	setenv("CREDWATCH_KEY_FILE", dir, 1);
	refused("regular file");
	snprintf(link_path, sizeof(link_path), "%s/link", dir);
	assert_int_equal(mkfifo(link_path, 0600), 0);
	setenv("CREDWATCH_KEY_FILE", link_path, 1);
	refused("regular file");
}

static void test_named_file_missing(void **state)
{
	struct cw_key key;

	/* a named file that is not there is an error: never another key in its place */
	setenv("CREDWATCH_KEY_FILE", path, 1);
	assert_int_equal(cw_key_load(&key, NULL), CW_E_NOTFOUND);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void test_made_on_first_use(void **state)
{
	struct cw_key first, second;
	struct stat st;
	char made[128];

	if (access("/etc/credwatch/key", F_OK) == 0)
		skip();
	/* made once, then read */
	assert_int_equal(cw_key_load(&first, NULL), 0);
	assert_int_equal(cw_key_load(&second, NULL), 0);
	assert_memory_equal(first.bytes, second.bytes, CW_KEY_LEN);
	snprintf(made, sizeof(made), "%s/credwatch/key", dir);
	assert_int_equal(stat(made, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 2 * CW_KEY_LEN + 1);
	/* no temporary file is left behind: the folder can be removed */
	unlink(made);
	snprintf(made, sizeof(made), "%s/credwatch", dir);
	assert_int_equal(rmdir(made), 0);
}

static void test_no_home(void **state)
{
	struct cw_key key;
	struct cw_err err = CW_ERR_INIT;
	char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;

	if (access("/etc/credwatch/key", F_OK) == 0)
		skip();
	/* no place to keep a key; a relative XDG folder does not count */
	setenv("XDG_CONFIG_HOME", "relative", 1);
	unsetenv("HOME");
	assert_int_equal(cw_key_load(&key, &err), CW_E_INVALID);
	assert_non_null(strstr(err.msg, "CREDWATCH_KEY_FILE"));
	if (home)
		setenv("HOME", home, 1);
	free(home);
}

static void test_fingerprint(void **state)
{
	struct cw_key key, other;
	char fp[CW_FINGERPRINT_SIZE], again[CW_FINGERPRINT_SIZE];

	put(COUNTING "\n", 0600);
	assert_int_equal(cw_key_load(&key, NULL), 0);
	/* computed with Python's hmac module over b"cw1" + b"abc" */
	assert_int_equal(cw_key_fingerprint(&key, "abc", 3, fp, NULL), 0);
	assert_string_equal(fp, "5f54:0c9ca7c66c7f5a9ffacb8d4469ff2ae2");
	/* NUL bytes count */
	assert_int_equal(cw_key_fingerprint(&key, "abc\0", 4, again, NULL), 0);
	assert_string_not_equal(fp, again);
	/* another key gives another id and another fingerprint */
	put("ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", 0600);
	assert_int_equal(cw_key_load(&other, NULL), 0);
	assert_int_equal(cw_key_fingerprint(&other, "abc", 3, again, NULL), 0);
	assert_memory_not_equal(fp, again, 4);
	assert_string_not_equal(fp + 5, again + 5);
	/* a wiped key holds nothing */
	cw_key_wipe(&key);
	for (int i = 0; i < CW_KEY_LEN; i++)
		assert_int_equal(key.bytes[i], 0);
	cw_key_wipe(NULL);
}

static void test_put(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf where = CW_BUF_INIT, text = CW_BUF_INIT_SECRET;
	struct cw_key key, other, again;
	enum cw_key_put how = CW_KEY_PUT_SAME;
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_key_parse_text("in", COUNTING "\n", 65, &key, NULL), 0);
	assert_int_equal(cw_key_parse_text("in", "ff" COUNTING, 64, &other, NULL), 0);
	/* what is read is what is printed */
	assert_int_equal(cw_key_print(&key, &text, NULL), 0);
	assert_string_equal(text.data, COUNTING "\n");
	/* a new file, then the same key, then another, which needs leave */
	setenv("CREDWATCH_KEY_FILE", path, 1);
	assert_int_equal(cw_key_put(&key, false, &how, &where, NULL), 0);
	assert_int_equal(how, CW_KEY_PUT_NEW);
	assert_string_equal(where.data, path);
	assert_int_equal(cw_key_put(&key, false, &how, &where, NULL), 0);
	assert_int_equal(how, CW_KEY_PUT_SAME);
	assert_int_equal(cw_key_put(&other, false, &how, &where, &err), CW_E_INVALID);
	assert_non_null(strstr(err.msg, path));
	assert_int_equal(cw_key_load(&again, NULL), 0);
	assert_memory_equal(again.bytes, key.bytes, CW_KEY_LEN);
	assert_int_equal(cw_key_put(&other, true, &how, &where, NULL), 0);
	assert_int_equal(how, CW_KEY_PUT_REPLACED);
	/* the file it came from is named, after what the buffer held */
	assert_int_equal(cw_key_load_from(&again, &where, NULL), 0);
	assert_memory_equal(again.bytes, other.bytes, CW_KEY_LEN);
	assert_string_equal(where.data + where.len - strlen(path), path);
}

static void test_text_refused(void **state)
{
	static const char *const texts[] = {"", "\n", COUNTING "0", COUNTING "\n\n", "0x" COUNTING, " " COUNTING};
	struct cw_err err = CW_ERR_INIT;
	struct cw_key key;

	/* what is no key is not repeated */
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(cw_key_parse_text("in", texts[i], strlen(texts[i]), &key, &err), CW_E_INVALID);
		assert_null(strstr(err.msg, "0001"));
		assert_non_null(strstr(err.msg, "'in'"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_named_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_named_file_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_made_on_first_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_home, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fingerprint, setup, teardown),
		cmocka_unit_test_setup_teardown(test_put, setup, teardown),
		cmocka_unit_test(test_text_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
