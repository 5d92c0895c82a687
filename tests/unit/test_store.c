/* unit/test_store.c - the verdict store's file and parts: what was written is read, and nothing else ever is. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "store/file.h"
#include "store/replay.h"
#include "store/verdicts.h"

#define OBJECTS "/nowhere/repo.git/objects"
#define GIT_DIR "/nowhere/repo.git"

static const uint8_t digest[CW_SHA256_LEN] = {1, 2, 3};
static const uint32_t also[] = {4, 700}, values[] = {9};

struct fixture {
	char home[64];
	struct cw_buf path;
};

/* ---- content ---- */

static void add_sight(struct cw_sight_list *l, struct cw_stored_sight sight)
{
	struct cw_stored_sight *slot = cw_vec_push(&l->items);

	assert_non_null(slot);
	*slot = sight;
}

static void add_sights(struct cw_sight_list *l)
{
	add_sight(l, (struct cw_stored_sight){.secret = {7}, .rule = 3, .proof = 2, .cut = true, .redacted = "ab...",
					      .label = "example", .decoded = "base64", .python = "x = 1", .also = also,
					      .also_len = 2, .values = values, .values_len = 1});
	add_sight(l, (struct cw_stored_sight){.secret = {8}, .rule = 70000, .redacted = ""});
}

static struct cw_stored_id id_of(uint8_t first)
{
	return (struct cw_stored_id){.len = 20, .id = {first, 1, 2}};
}

static void add_id(struct cw_vec *v, struct cw_stored_id id)
{
	struct cw_stored_id *slot = cw_vec_push(v);

	assert_non_null(slot);
	*slot = id;
}

static void add_object(struct cw_verdicts *v, uint8_t first, uint32_t hits)
{
	struct cw_stored_object *o = cw_vec_push(&v->objects);

	assert_non_null(o);
	*o = (struct cw_stored_object){.id = id_of(first), .type = 3, .pointer = hits == 0, .first = v->hits.len, .count = hits};
	for (uint32_t i = 0; i < hits; i++) {
		struct cw_stored_hit *hit = cw_vec_push(&v->hits);

		assert_non_null(hit);
		*hit = (struct cw_stored_hit){.sight = i % 2, .at = {.line = 1 + i, .column = 300, .end_line = 2, .end_column = UINT64_MAX,
								     .more = 5, .mark = i}};
	}
}

static void make_verdicts(struct cw_buf *out)
{
	struct cw_verdicts v = CW_VERDICTS_INIT;

	for (uint8_t i = 0; i < 4; i++) { /* descending, and the last one twice */
		struct cw_stored_stamp *slot = cw_vec_push(&v.loose);
		struct cw_stored_pack *pack = cw_vec_push(&v.packs);

		assert_non_null(slot);
		assert_non_null(pack);
		slot->bytes[0] = i == 3 ? 7 : 9 - i;
		pack->file.bytes[0] = i == 3 ? 17 : 19 - i;
		pack->times[3] = 1000000000ull + pack->file.bytes[0];
		pack->content[31] = pack->file.bytes[0];
	}
	add_id(&v.doubtful, id_of(200));
	add_id(&v.doubtful, id_of(100));
	add_id(&v.shared, id_of(50));
	add_object(&v, 30, 2);
	add_object(&v, 20, 0);
	add_object(&v, 10, 1);
	add_sights(&v.sights);
	cw_verdicts_sort(&v);
	assert_int_equal(cw_verdicts_write(&v, out, NULL), 0);
	cw_verdicts_release(&v);
}

static const struct cw_stored_place place = {
	.sight = 1, .path = "a/b", .object = {.len = 20, .id = {5}}, .type = 3, .at = {.line = 2, .column = 3, .end_line = 2, .end_column = 9},
	.objects = 4, .unlisted = 6, .state = 1, .commit = {.len = 20, .id = {6}}, .author = "A", .date = -5, .introductions = 2,
	.tip_ref = "refs/heads/m", .tip_blob = {.len = 20, .id = {7}}, .tip_line = 11};

static void make_replay(struct cw_buf *out)
{
	struct cw_replay r = CW_REPLAY_INIT;
	CW_CLEANUP(cw_buf_release) struct cw_buf places = CW_BUF_INIT;
	const struct cw_stored_place bare = {.type = 1};

	r.state[0] = 77;
	r.counts = (struct cw_stored_counts){.expected = 1000, .submodules = 1, .lfs_pointers = 2, .malformed_trees = 3};
	add_sights(&r.sights);
	cw_put_place(&places, &place);
	cw_put_place(&places, &bare);
	assert_int_equal(cw_replay_write(&r, 2, &places, out, NULL), 0);
	cw_replay_release(&r);
}

static int write_store(const char *path, const uint8_t key[CW_SHA256_LEN], struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf verdicts = CW_BUF_INIT, replay = CW_BUF_INIT;
	struct cw_bytes parts[CW_STORE_PARTS_];

	make_verdicts(&verdicts);
	make_replay(&replay);
	parts[CW_STORE_REPLAY] = (struct cw_bytes){replay.data, replay.len};
	parts[CW_STORE_VERDICTS] = (struct cw_bytes){verdicts.data, verdicts.len};
	return cw_store_write(path, key, parts, err);
}

static void assert_sights(const struct cw_sight_list *l)
{
	const struct cw_stored_sight *s = l->items.items;

	assert_int_equal(l->items.len, 2);
	assert_true(s[0].secret[0] == 7 && s[0].rule == 3 && s[0].proof == 2 && s[0].cut);
	assert_string_equal(s[0].redacted, "ab...");
	assert_string_equal(s[0].label, "example");
	assert_string_equal(s[0].decoded, "base64");
	assert_string_equal(s[0].python, "x = 1");
	assert_true(s[0].also_len == 2 && s[0].also[1] == 700 && s[0].values_len == 1 && s[0].values[0] == 9);
	assert_true(s[1].rule == 70000 && !s[1].cut && !s[1].label && !s[1].decoded && !s[1].python && s[1].also_len == 0);
}

static void assert_verdicts(const struct cw_verdicts *v)
{
	const struct cw_stored_id known = id_of(30), pointer = id_of(20), unknown = id_of(31);
	const struct cw_stored_stamp file = {{8}}, other = {{6}}, pack = {{18}};
	const struct cw_stored_object *o = cw_verdicts_find(v, &known);
	const struct cw_stored_hit *hit;

	assert_int_equal(v->loose.len, 3);
	assert_true(cw_verdicts_has_loose(v, &file));
	assert_false(cw_verdicts_has_loose(v, &other));
	assert_int_equal(v->packs.len, 3);
	assert_non_null(cw_verdicts_pack(v, &pack));
	assert_true(cw_verdicts_pack(v, &pack)->times[3] == 1000000018 && cw_verdicts_pack(v, &pack)->content[31] == 18);
	assert_null(cw_verdicts_pack(v, &other));
	assert_int_equal(v->doubtful.len, 2);
	assert_int_equal(CW_VEC_AT(&v->doubtful, struct cw_stored_id, 0).id[0], 100);
	assert_int_equal(v->shared.len, 1);
	assert_non_null(o);
	assert_true(o->count == 2 && o->type == 3 && !o->pointer);
	hit = &CW_VEC_AT(&v->hits, struct cw_stored_hit, o->first + 1);
	assert_true(hit->sight == 1 && hit->at.line == 2 && hit->at.column == 300 && hit->at.end_column == UINT64_MAX &&
		    hit->at.more == 5 && hit->at.mark == 1);
	assert_true(cw_verdicts_find(v, &pointer)->pointer);
	assert_null(cw_verdicts_find(v, &unknown));
	assert_sights(&v->sights);
}

static void assert_replay(const struct cw_replay *r)
{
	const struct cw_stored_place *p = r->places.items;

	assert_int_equal(r->places.len, 2);
	assert_true(r->counts.expected == 1000 && r->counts.submodules == 1 && r->counts.lfs_pointers == 2 && r->counts.malformed_trees == 3);
	assert_string_equal(p->path, "a/b");
	assert_string_equal(p->author, "A");
	assert_string_equal(p->tip_ref, "refs/heads/m");
	assert_memory_equal(&p->object, &place.object, sizeof(p->object));
	assert_memory_equal(&p->commit, &place.commit, sizeof(p->commit));
	assert_memory_equal(&p->tip_blob, &place.tip_blob, sizeof(p->tip_blob));
	assert_true(p->sight == 1 && p->objects == 4 && p->unlisted == 6 && p->state == 1 && p->date == -5 && p->introductions == 2 &&
		    p->tip_line == 11 && p->at.end_column == 9);
	assert_true(!p[1].path && !p[1].author && !p[1].tip_ref && p[1].object.len == 0);
	assert_sights(&r->sights);
}

/* Open and read both parts; the first failure. */
static int read_store(const char *path, const uint8_t key[CW_SHA256_LEN], struct cw_verdicts *v, struct cw_replay *r,
		      struct cw_err *err)
{
	CW_CLEANUP(cw_store_close_p) struct cw_store *s = NULL;
	const uint8_t state[CW_SHA256_LEN] = {77};
	int rc = cw_store_open(path, key, &s, err);

	rc = rc ? rc : cw_store_read(s, CW_STORE_VERDICTS, &v->text, err);
	rc = rc ? rc : cw_store_read(s, CW_STORE_REPLAY, &r->text, err);
	rc = rc ? rc : cw_verdicts_read(v, err);
	return rc ? rc : cw_replay_read(r, state, err);
}

static int try_read(const char *path, const uint8_t key[CW_SHA256_LEN])
{
	struct cw_verdicts v = CW_VERDICTS_INIT;
	struct cw_replay r = CW_REPLAY_INIT;
	int rc = read_store(path, key, &v, &r, NULL);

	if (rc == 0) {
		assert_verdicts(&v);
		assert_replay(&r);
	}
	cw_verdicts_release(&v);
	cw_replay_release(&r);
	return rc;
}

/* ---- a home of its own ---- */

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->path = (struct cw_buf)CW_BUF_INIT;
	snprintf(f->home, sizeof(f->home), "/tmp/credwatch-store.XXXXXX");
	unsetenv("XDG_CACHE_HOME");
	*state = f;
	return mkdtemp(f->home) && setenv("HOME", f->home, 1) == 0 && cw_store_path(OBJECTS, GIT_DIR, &f->path, NULL) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char dir[128];

	unlink(f->path.data);
	snprintf(dir, sizeof(dir), "%s/.cache/credwatch", f->home);
	rmdir(dir);
	snprintf(dir, sizeof(dir), "%s/.cache", f->home);
	rmdir(dir);
	rmdir(f->home);
	cw_buf_release(&f->path);
	free(f);
	return 0;
}

static void load(const struct fixture *f, struct cw_buf *out)
{
	assert_int_equal(cw_io_read_file(f->path.data, CW_STORE_FILE_MAX, 0, out, NULL), 0);
}

static void save(const struct fixture *f, const void *data, size_t len)
{
	int fd = open(f->path.data, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(cw_io_write_full(fd, data, len, NULL), 0);
	close(fd);
}

/* ---- cases ---- */

static void test_round_trip(void **state)
{
	const struct fixture *f = *state;
	struct stat st;
	char dir[128];

	/* Nothing is there. */
	assert_int_equal(try_read(f->path.data, digest), CW_E_NOTFOUND);
	/* What is written is read. */
	assert_int_equal(write_store(f->path.data, digest, NULL), 0);
	assert_int_equal(try_read(f->path.data, digest), 0);
	/* Nobody else may read it. */
	assert_int_equal(stat(f->path.data, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(dir, sizeof(dir), "%s/.cache/credwatch", f->home);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void test_other_digest(void **state)
{
	const struct fixture *f = *state;
	const uint8_t other[CW_SHA256_LEN] = {1, 2, 4};

	/* Made for other rules: as if it were not there; then replaced. */
	assert_int_equal(write_store(f->path.data, other, NULL), 0);
	assert_int_equal(try_read(f->path.data, digest), CW_E_NOTFOUND);
	assert_int_equal(write_store(f->path.data, digest, NULL), 0);
	assert_int_equal(try_read(f->path.data, digest), 0);
	assert_int_equal(try_read(f->path.data, other), CW_E_NOTFOUND);
}

static void test_other_version(void **state)
{
	const struct fixture *f = *state;
	CW_CLEANUP(cw_buf_release) struct cw_buf all = CW_BUF_INIT;

	/* Older or newer, even with a header of another shape behind the version. */
	assert_int_equal(write_store(f->path.data, digest, NULL), 0);
	load(f, &all);
	for (int version = 0; version < 3; version++) {
		all.data[8] = (char)version;
		save(f, all.data, all.len);
		assert_int_equal(try_read(f->path.data, digest), version == CW_STORE_VERSION ? 0 : CW_E_NOTFOUND);
	}
}

static void test_damage(void **state)
{
	const struct fixture *f = *state;
	CW_CLEANUP(cw_buf_release) struct cw_buf all = CW_BUF_INIT;

	/* Any one byte changed. */
	assert_int_equal(write_store(f->path.data, digest, NULL), 0);
	load(f, &all);
	for (size_t i = 0; i < all.len; i++) {
		int rc;

		all.data[i] ^= (char)(1 << (i % 8));
		save(f, all.data, all.len);
		rc = try_read(f->path.data, digest);
		assert_true(rc == CW_E_CORRUPT || rc == CW_E_NOTFOUND);
		all.data[i] ^= (char)(1 << (i % 8));
	}
	/* Cut short anywhere. */
	for (size_t len = 0; len < all.len; len++) {
		save(f, all.data, len);
		assert_int_equal(try_read(f->path.data, digest), CW_E_CORRUPT);
	}
	/* Something behind it. */
	cw_buf_addc(&all, '\0');
	save(f, all.data, all.len);
	assert_int_equal(try_read(f->path.data, digest), CW_E_CORRUPT);
}

/* Everything that a part says of itself stays within it, whatever its bytes are. */
static void check_bounds(const struct cw_verdicts *v, const struct cw_replay *r)
{
	for (size_t i = 0; i < v->objects.len; i++) {
		const struct cw_stored_object *o = &CW_VEC_AT(&v->objects, struct cw_stored_object, i);

		assert_true(o->first + o->count <= v->hits.len);
	}
	for (size_t i = 0; i < v->hits.len; i++)
		assert_true(CW_VEC_AT(&v->hits, struct cw_stored_hit, i).sight < v->sights.items.len);
	for (size_t i = 0; i < r->places.len; i++)
		assert_true(CW_VEC_AT(&r->places, struct cw_stored_place, i).sight < r->sights.items.len);
}

static void read_parts(const struct cw_buf *verdicts, const struct cw_buf *replay, int *ret_verdicts, int *ret_replay)
{
	struct cw_verdicts v = CW_VERDICTS_INIT, none = CW_VERDICTS_INIT;
	struct cw_replay r = CW_REPLAY_INIT, nothing = CW_REPLAY_INIT;
	const uint8_t now[CW_SHA256_LEN] = {77};

	cw_buf_add(&v.text, verdicts->data, verdicts->len);
	cw_buf_add(&r.text, replay->data, replay->len);
	*ret_verdicts = cw_verdicts_read(&v, NULL);
	*ret_replay = cw_replay_read(&r, now, NULL);
	check_bounds(*ret_verdicts == 0 ? &v : &none, *ret_replay == 0 ? &r : &nothing);
	cw_verdicts_release(&v);
	cw_replay_release(&r);
}

static void test_beyond_checksums(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf verdicts = CW_BUF_INIT, replay = CW_BUF_INIT;
	int a, b;

	make_verdicts(&verdicts);
	make_replay(&replay);
	/* Each byte in turn with every bit pattern: read or refused, never out of bounds. */
	for (size_t i = 0; i < verdicts.len || i < replay.len; i++) {
		char *v = i < verdicts.len ? &verdicts.data[i] : NULL, *r = i < replay.len ? &replay.data[i] : NULL;

		for (int k = 1; k < 256; k++) {
			if (v)
				*v ^= (char)k;
			if (r)
				*r ^= (char)k;
			read_parts(&verdicts, &replay, &a, &b);
			assert_true((a == 0 || a == CW_E_CORRUPT) && (b == 0 || b == CW_E_CORRUPT || b == CW_E_NOTFOUND));
			if (v)
				*v ^= (char)k;
			if (r)
				*r ^= (char)k;
		}
	}
	/* Cut short: refused. */
	while (verdicts.len > 0 || replay.len > 0) {
		cw_buf_truncate(&verdicts, verdicts.len - (verdicts.len > 0));
		cw_buf_truncate(&replay, replay.len - (replay.len > 0));
		read_parts(&verdicts, &replay, &a, &b);
		assert_true(a == CW_E_CORRUPT && (b == CW_E_CORRUPT || b == CW_E_NOTFOUND));
	}
}

static void test_order(void **state)
{
	struct cw_verdicts v = CW_VERDICTS_INIT, read = CW_VERDICTS_INIT;

	/* Out of order, something that is there would not be found: refused. */
	add_object(&v, 30, 0);
	add_object(&v, 20, 0);
	assert_int_equal(cw_verdicts_write(&v, &read.text, NULL), 0);
	assert_int_equal(cw_verdicts_read(&read, NULL), CW_E_CORRUPT);
	cw_verdicts_release(&v);
	cw_verdicts_release(&read);
}

static void test_replay_state(void **state)
{
	struct cw_replay r = CW_REPLAY_INIT;
	const uint8_t other[CW_SHA256_LEN] = {78};

	/* Another state of the repository, or an audit that could not be replayed. */
	assert_int_equal(cw_replay_read(&r, other, NULL), CW_E_NOTFOUND);
	make_replay(&r.text);
	assert_int_equal(cw_replay_read(&r, other, NULL), CW_E_NOTFOUND);
	cw_replay_release(&r);
}

static void test_trust(void **state)
{
	const struct fixture *f = *state;
	char dir[128], away[128];

	snprintf(dir, sizeof(dir), "%s/.cache/credwatch", f->home);
	snprintf(away, sizeof(away), "%s/away", f->home);
	assert_int_equal(write_store(f->path.data, digest, NULL), 0);
	/* Others may read it. */
	assert_int_equal(chmod(f->path.data, 0640), 0);
	assert_int_equal(try_read(f->path.data, digest), CW_E_INVALID);
	/* Others may write to it. */
	assert_int_equal(chmod(f->path.data, 0602), 0);
	assert_int_equal(try_read(f->path.data, digest), CW_E_INVALID);
	assert_int_equal(chmod(f->path.data, 0600), 0);
	/* Others may write to its folder: neither read nor written. */
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(try_read(f->path.data, digest), CW_E_INVALID);
	assert_int_equal(write_store(f->path.data, digest, NULL), CW_E_INVALID);
	assert_int_equal(chmod(dir, 0700), 0);
	assert_int_equal(try_read(f->path.data, digest), 0);
	/* A symbolic link, even to a good one; writing replaces it. */
	assert_int_equal(rename(f->path.data, away), 0);
	assert_int_equal(symlink(away, f->path.data), 0);
	assert_int_equal(try_read(f->path.data, digest), CW_E_INVALID);
	assert_int_equal(write_store(f->path.data, digest, NULL), 0);
	assert_int_equal(try_read(f->path.data, digest), 0);
	assert_int_equal(unlink(away), 0);
	/* A FIFO does not block. */
	assert_int_equal(unlink(f->path.data), 0);
	assert_int_equal(mkfifo(f->path.data, 0600), 0);
	assert_int_equal(try_read(f->path.data, digest), CW_E_INVALID);
}

static void test_owner(void **state)
{
	const struct fixture *f = *state;

	/* Somebody else's file. Only root can give one away. */
	if (geteuid() != 0)
		skip();
	assert_int_equal(write_store(f->path.data, digest, NULL), 0);
	assert_int_equal(chown(f->path.data, 12345, 12345), 0);
	assert_int_equal(try_read(f->path.data, digest), CW_E_INVALID);
}

static void test_path(void **state)
{
	const struct fixture *f = *state;
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;
	char dir[128];

	/* XDG_CACHE_HOME comes first; a relative one does not count. */
	setenv("XDG_CACHE_HOME", "/tmp/xdg", 1);
	assert_int_equal(cw_store_path(OBJECTS, GIT_DIR, &path, NULL), 0);
	assert_int_equal(strncmp(path.data, "/tmp/xdg/credwatch/verdicts-", 28), 0);
	setenv("XDG_CACHE_HOME", "xdg", 1);
	cw_buf_clear(&path);
	assert_int_equal(cw_store_path(OBJECTS, GIT_DIR, &path, NULL), 0);
	assert_string_equal(path.data, f->path.data);
	/* Another object directory, another file. */
	cw_buf_clear(&path);
	assert_int_equal(cw_store_path(OBJECTS "2", GIT_DIR, &path, NULL), 0);
	assert_string_not_equal(path.data, f->path.data);
	/* A cache that lies inside the repository is not used, whether it is there or not yet. */
	assert_int_equal(cw_store_path(OBJECTS, f->home, &path, NULL), CW_E_INVALID);
	snprintf(dir, sizeof(dir), "%s/", f->home);
	assert_int_equal(cw_store_path(dir, GIT_DIR, &path, NULL), CW_E_INVALID);
	/* A name that only begins like the repository's is another folder. */
	dir[strlen(dir) - 2] = '\0';
	assert_int_equal(cw_store_path(OBJECTS, dir, &path, NULL), 0);
	/* No home, or one that does not exist. */
	setenv("HOME", "/nowhere/home", 1);
	assert_int_equal(cw_store_path(OBJECTS, GIT_DIR, &path, NULL), CW_E_NOTFOUND);
	unsetenv("HOME");
	assert_int_equal(cw_store_path(OBJECTS, GIT_DIR, &path, NULL), CW_E_NOTFOUND);
	unsetenv("XDG_CACHE_HOME");
	setenv("HOME", f->home, 1);
}

static void test_unwritable(void **state)
{
	const struct fixture *f = *state;
	char name[128];
	struct cw_err err = CW_ERR_INIT;
	int fd;

	/* A file where the folder should be: said, nothing else. */
	snprintf(name, sizeof(name), "%s/.cache", f->home);
	fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(write_store(f->path.data, digest, &err), CW_E_INVALID);
	assert_int_equal(unlink(name), 0);
}

static void test_concurrent(void **state)
{
	const struct fixture *f = *state;
	pid_t writers[2];

	/* Two writers without end: whoever reads finds a whole file each time. */
	assert_int_equal(write_store(f->path.data, digest, NULL), 0);
	for (int i = 0; i < 2; i++) {
		writers[i] = fork();
		assert_true(writers[i] >= 0);
		for (int k = 0; writers[i] == 0 && k < 100; k++) {
			if (write_store(f->path.data, digest, NULL) != 0)
				_exit(1);
		}
		if (writers[i] == 0)
			_exit(0);
	}
	for (int left = 2; left > 0;) {
		int status = 0;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		assert_int_equal(try_read(f->path.data, digest), 0);
		assert_int_equal(status, 0);
		left -= pid > 0;
	}
}

static void test_numbers(void **state)
{
	static const uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX - 1, UINT64_MAX};
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	static const uint8_t overlong[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x03};
	struct cw_take t;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		cw_put_number(&b, numbers[i]);
	t = (struct cw_take){.at = (const uint8_t *)b.data, .end = (const uint8_t *)b.data + b.len};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		assert_true(cw_take_number(&t, UINT64_MAX) == numbers[i]);
	assert_true(cw_take_done(&t));
	/* More than 64 bits. */
	t = (struct cw_take){.at = overlong, .end = overlong + sizeof(overlong)};
	assert_true(cw_take_number(&t, UINT64_MAX) == 0 && t.bad);
	/* Above the limit, and from then on nothing. */
	t = (struct cw_take){.at = (const uint8_t *)b.data + 2, .end = (const uint8_t *)b.data + b.len};
	assert_true(cw_take_number(&t, 126) == 0 && t.bad && cw_take_number(&t, 200) == 0 && !cw_take_text(&t) && !cw_take_done(&t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_beyond_checksums),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_replay_state),
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_digest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trust, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unwritable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_concurrent, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
