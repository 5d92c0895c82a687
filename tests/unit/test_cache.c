/* Tests of rules/cache.h: compiled sets on disk are used when they can be trusted, and are never a reason to fail.
 * Compilations are counted: the linker puts the function below in front of the real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/crypto.h"
#include "base/io.h"
#include "fixture.h"
#include "rules/cache.h"
#include "rules/hsdb.h"

int __real_cw_hsdb_compile(const char *const *anchors, const unsigned *ids, size_t count, struct hs_database **ret,
			   size_t *ret_bad, struct cw_err *err);
int __wrap_cw_hsdb_compile(const char *const *anchors, const unsigned *ids, size_t count, struct hs_database **ret,
			   size_t *ret_bad, struct cw_err *err);

static int compiled;
static struct cw_rulebook *book;
static char home[64], dir[128], file[512];

int __wrap_cw_hsdb_compile(const char *const *anchors, const unsigned *ids, size_t count, struct hs_database **ret,
			   size_t *ret_bad, struct cw_err *err)
{
	compiled++;
	return __real_cw_hsdb_compile(anchors, ids, count, ret, ret_bad, err);
}

/* Get the set; returns how often something was compiled for it. */
static int get(void)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct cw_err err = CW_ERR_INIT;

	compiled = 0;
	if (cw_cache_set(book, &set, &err) < 0)
		fail_msg("%s", cw_err_msg(&err));
	assert_string_equal(cw_set_rule(set, 0)->id, "t.cached");
	return compiled;
}

/* The name of the one file in the cache folder goes to `file`; returns how many there are. */
static int find_file(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", dir, e->d_name);
		n++;
	}
	if (d)
		closedir(d);
	return n;
}

static int setup(void **state)
{
	static const struct fx_rule rule = {"t.cached", "key_[0-9]{4}", "(?<secret>key_[0-9]{4})", "key_1234", 0, 0, NULL};

	snprintf(home, sizeof(home), "/tmp/cw-test-cache-XXXXXX");
	if (!mkdtemp(home))
		return -1;
	snprintf(dir, sizeof(dir), "%s/credwatch", home);
	setenv("XDG_CACHE_HOME", home, 1);
	book = fx_book(&rule, 1);
	return 0;
}

static int teardown(void **state)
{
	cw_rulebook_free(book);
	while (find_file() > 0 && (unlink(file) == 0 || rmdir(file) == 0))
		;
	rmdir(dir);
	return rmdir(home);
}

/* compiled the first time, read the second; the file is nobody else's business */
static void test_second_time(void **state)
{
	struct stat st;

	assert_int_equal(get(), 1);
	assert_int_equal(find_file(), 1);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(get(), 0);
	assert_int_equal(find_file(), 1);
}

/* without XDG_CACHE_HOME, or with a relative one, ~/.cache counts; without a home nothing is stored */
static void test_home(void **state)
{
	CW_CLEANUP(cw_freep) char *old = strdup(getenv("HOME") ? getenv("HOME") : "/");
	CW_CLEANUP(cw_buf_release) struct cw_buf cache = CW_BUF_INIT;

	setenv("XDG_CACHE_HOME", "relative", 1);
	setenv("HOME", home, 1);
	cw_buf_addf(&cache, "%s/.cache", home);
	snprintf(dir, sizeof(dir), "%s/credwatch", cache.data);
	assert_int_equal(get(), 1);
	assert_int_equal(get(), 0);
	assert_int_equal(find_file(), 1);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(rmdir(cache.data), 0);
	unsetenv("XDG_CACHE_HOME");
	unsetenv("HOME");
	assert_int_equal(get(), 1);
	assert_int_equal(get(), 1);
	setenv("HOME", old, 1);
	snprintf(dir, sizeof(dir), "%s/credwatch", home);
}

/* a file that others may write is not believed, and is replaced by one that they may not */
static void test_writable_file(void **state)
{
	struct stat st;

	assert_int_equal(get(), 1);
	assert_int_equal(find_file(), 1);
	assert_int_equal(chmod(file, 0606), 0);
	assert_int_equal(get(), 1);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(get(), 0);
	assert_int_equal(chmod(file, 0660), 0);
	assert_int_equal(get(), 1);
}

/* nor is anything in a folder that others may write, or below one */
static void test_writable_folder(void **state)
{
	assert_int_equal(get(), 1);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(get(), 1);
	assert_int_equal(chmod(dir, 0700), 0);
	assert_int_equal(get(), 0);
	assert_int_equal(chmod(home, 0720), 0);
	assert_int_equal(get(), 1);
	assert_int_equal(chmod(home, 0700), 0);
	assert_int_equal(get(), 0);
}

/* nor a file of another user */
static void test_foreign_file(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(get(), 1);
	assert_int_equal(find_file(), 1);
	assert_int_equal(chown(file, 65534, 65534), 0);
	assert_int_equal(get(), 1);
	assert_int_equal(get(), 0);
}

/* nor a symbolic link, a folder, an empty, a cut or a damaged file */
static void test_damaged(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT;
	char target[600];

	assert_int_equal(get(), 1);
	assert_int_equal(find_file(), 1);
	assert_int_equal(cw_io_read_file(file, 1 << 24, 0, &image, NULL), 0);
	assert_int_equal(truncate(file, (off_t)image.len / 2), 0);
	assert_int_equal(get(), 1);
	assert_int_equal(truncate(file, 0), 0);
	assert_int_equal(get(), 1);
	image.data[image.len / 2] ^= 1;
	assert_int_equal(cw_io_replace_file(file, image.data, image.len, 0600, NULL), 0);
	assert_int_equal(get(), 1);
	assert_int_equal(get(), 0);
	snprintf(target, sizeof(target), "%s/target", home);
	assert_int_equal(rename(file, target), 0);
	assert_int_equal(symlink(target, file), 0);
	assert_int_equal(get(), 1);
	assert_int_equal(unlink(target), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(get(), 1);
	assert_int_equal(get(), 1);
}

/* nor an intact set of other rules under this name */
static void test_other_rules(void **state)
{
	static const struct fx_rule rule = {"t.other", "abc_[0-9]{4}", "(?<secret>abc_[0-9]{4})", "abc_1234", 0, 0, NULL};
	CW_CLEANUP(cw_set_unref_p) struct cw_set *other = fx_set(&rule, 1);
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT;

	assert_int_equal(get(), 1);
	assert_int_equal(find_file(), 1);
	assert_int_equal(cw_set_image(other, &image, NULL), 0);
	assert_int_equal(cw_io_replace_file(file, image.data, image.len, 0600, NULL), 0);
	assert_int_equal(get(), 1);
	assert_int_equal(get(), 0);
}

/* a cache that cannot be written, for a file is in its place */
static void test_unwritable(void **state)
{
	int fd = creat(dir, 0600);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(get(), 1);
	assert_int_equal(get(), 1);
	assert_int_equal(unlink(dir), 0);
}

/* storing on request reports what goes wrong */
static void test_store_error(void **state)
{
	struct cw_err err = CW_ERR_INIT;
	char *path = NULL;

	if (geteuid() == 0)
		skip(); /* root stores for the whole machine */
	setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
	assert_true(cw_cache_store(book, &path, &err) < 0);
	assert_null(path);
	assert_true(err.msg[0] != '\0');
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_second_time), TEST(test_home),       TEST(test_writable_file), TEST(test_writable_folder),
		TEST(test_foreign_file), TEST(test_damaged),   TEST(test_other_rules),	 TEST(test_unwritable),
		TEST(test_store_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
