/* daemon/sandbox.c - limits and files. See sandbox.h. */
#include "daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/num.h"
#include "daemon/sandbox_calls.h"

#define CONTENT_FILES 128 /* descriptors: those that may come with jobs, and some */
#define REPOSITORY_FILES 1024

/* What later kernels know and the headers of this system do not. */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define NET_ALL UINT64_C(3)		     /* ABI 4: to bind and to connect TCP sockets */
#define SCOPE_ALL UINT64_C(3)		     /* ABI 6: abstract Unix sockets and signals */

struct ruleset {
	uint64_t fs, net, scoped;
};

#define ACCESS_READ ((uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR))
#define ACCESS_WRITE                                                                                                   \
	((uint64_t)(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |        \
		    LANDLOCK_ACCESS_FS_REMOVE_FILE))
#define ACCESS_ABI_1 ((UINT64_C(1) << 13) - 1)

/* Everything that the kernel's ABI can forbid; *ret_size is how much of the struct it knows. */
static struct ruleset all_rights(int abi, size_t *ret_size)
{
	struct ruleset r = {.fs = ACCESS_ABI_1};

	if (abi >= 2)
		r.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		r.fs |= ACCESS_TRUNCATE;
	if (abi >= 5)
		r.fs |= ACCESS_IOCTL_DEV;
	r.net = abi >= 4 ? NET_ALL : 0;
	r.scoped = abi >= 6 ? SCOPE_ALL : 0;
	*ret_size = sizeof(uint64_t) * (abi >= 6 ? 3 : abi >= 4 ? 2 : 1);
	return r;
}

static int allow(int ruleset, const char *path, uint64_t access, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};

	if (fd < 0)
		return cw_err_sys(err, errno, "cannot open '%s'", path);
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		return cw_err_sys(err, errno, "cannot allow files below '%s'", path);
	return 0;
}

static int restrict_self(const struct cw_sandbox *s, const struct ruleset *all, size_t size, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = (int)syscall(SYS_landlock_create_ruleset, all, size, 0);
	int rc = 0;

	if (fd < 0)
		return cw_err_sys(err, errno, "cannot make rules for files");
	for (size_t i = 0; rc == 0 && i < s->read_len; i++)
		rc = allow(fd, s->read[i], ACCESS_READ, err);
	for (size_t i = 0; rc == 0 && i < s->write_len; i++)
		rc = allow(fd, s->write[i], (ACCESS_READ | ACCESS_WRITE | ACCESS_TRUNCATE) & all->fs, err);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		rc = cw_err_sys(err, errno, "cannot enter the rules for files");
	return rc;
}

int cw_sandbox_files(const struct cw_sandbox *s, bool *ret_landlock, struct cw_err *err)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset all;
	size_t size;

	*ret_landlock = abi >= 1;
	if (abi < 1 && errno != ENOSYS && errno != EOPNOTSUPP)
		return cw_err_sys(err, errno, "cannot ask for Landlock");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return cw_err_sys(err, errno, "cannot give up new privileges");
	if (abi < 1)
		return 0;
	all = all_rights(abi, &size);
	return restrict_self(s, &all, size, err);
}

/* ---- limits ---- */

static int limit(__rlimit_resource_t what, rlim_t max, const char *name, struct cw_err *err)
{
	struct rlimit now, want = {max, max};

	if (getrlimit(what, &now) != 0)
		return cw_err_sys(err, errno, "cannot ask for the limit of %s", name);
	if (now.rlim_max < max)
		want = (struct rlimit){now.rlim_max, now.rlim_max};
	return setrlimit(what, &want) == 0 ? 0 : cw_err_sys(err, errno, "cannot limit %s", name);
}

/* Bytes of data that the process has: the sixth number of statm, in pages. */
static int data_size(uint64_t *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int rc = cw_io_read_file("/proc/self/statm", 4096, 0, &text, err);
	const char *p = text.data, *end;
	uint64_t pages;

	if (rc < 0)
		return rc;
	for (int i = 0; i < 5 && p; i++)
		p = strchr(p + (i > 0), ' ');
	if (!p)
		return cw_err_set(err, CW_E_INTERNAL, "/proc/self/statm has another form");
	end = strchrnul(++p, ' ');
	rc = cw_num_u64(p, (size_t)(end - p), 0, UINT32_MAX, "pages", &pages, err);
	if (rc == 0)
		*ret = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return rc;
}

static int set_limits(const struct cw_sandbox *s, struct cw_err *err)
{
	bool content = s->kind == CW_SANDBOX_CONTENT;
	uint64_t has = 0;
	int rc = limit(RLIMIT_CORE, 0, "core files", err);

	if (rc == 0 && s->memory > 0)
		rc = data_size(&has, err);
	if (rc == 0 && s->memory > 0)
		rc = limit(RLIMIT_DATA, has + s->memory, "memory", err);
	if (rc == 0)
		rc = limit(RLIMIT_NOFILE, content ? CONTENT_FILES : REPOSITORY_FILES, "descriptors", err);
	if (rc == 0 && content)
		rc = limit(RLIMIT_FSIZE, 0, "written files", err);
	if (rc == 0 && content)
		rc = limit(RLIMIT_NPROC, 0, "processes", err);
	if (rc == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		rc = cw_err_sys(err, errno, "cannot protect the memory of the process");
	return rc;
}

int cw_sandbox_enter(const struct cw_sandbox *s, bool *ret_landlock, struct cw_err *err)
{
	const struct cw_sandbox none = {.kind = CW_SANDBOX_CONTENT};
	int rc = set_limits(s, err);

	if (rc == 0)
		rc = cw_sandbox_files(s->kind == CW_SANDBOX_CONTENT ? &none : s, ret_landlock, err);
	return rc == 0 ? cw_sandbox_calls(s->kind, err) : rc;
}
