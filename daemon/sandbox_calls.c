/* daemon/sandbox_calls.c - the lists. A call that is in none of them ends the process. */
#include "daemon/sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The macros of libseccomp leave out what their comparison does not use; clang says so at each. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* Descriptors that are open, memory, time, and the end. */
static const char *const basic[] = {
	"read", "readv", "write", "writev", "recvmsg", "close", "lseek", "poll", "ppoll", "munmap", "mremap", "madvise",
	"brk", "futex", "clock_gettime", "clock_getres", "gettimeofday", "time", "clock_nanosleep", "nanosleep", "getrandom",
	"exit", "exit_group", "rt_sigreturn", "rt_sigprocmask", "rt_sigaction", "sigaltstack", "restart_syscall", "sched_yield",
	"sched_getaffinity", "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "membarrier", "getcpu",
};

/* Files: which of them Landlock and file permissions say. */
static const char *const files[] = {
	"open", "openat", "openat2", "stat", "lstat", "fstat", "newfstatat", "statx", "access", "faccessat", "faccessat2",
	"readlink", "readlinkat", "getdents64", "getcwd", "pread64", "preadv", "pwrite64", "pwritev", "ftruncate", "fsync",
	"fdatasync", "flock", "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "umask",
	"fadvise64", "dup", "fstatfs", "statfs", "fallocate",
};

/* Threads; and to give up more rights. */
static const char *const threads[] = {"set_robust_list", "rseq", "set_tid_address", "sched_setaffinity",
	"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"};

/* What libraries ask for without need. */
static const char *const probes[] = {
	"open", "openat", "stat", "lstat", "fstat", "newfstatat", "statx", "access", "faccessat", "readlink", "readlinkat",
	"getcwd", "uname", "sysinfo", "getrusage", "getrlimit", "setrlimit", "ioctl", "getdents64", "unlink",
	"pipe2", "mlock", "munlock", "sched_getparam", "sched_getscheduler",
};

#define LEN(list) (sizeof(list) / sizeof((list)[0]))

/* 0 or a negative errno, here and below. */
static int add(scmp_filter_ctx c, uint32_t action, const char *name)
{
	int call = seccomp_syscall_resolve_name(name);
	int rc = call == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(c, action, call, 0);

	/* The architecture may lack it. */
	return rc == -EDOM ? 0 : rc;
}

static int allow_all(scmp_filter_ctx c, const char *const *names, size_t len)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < len; i++)
		rc = add(c, SCMP_ACT_ALLOW, names[i]);
	return rc;
}

static bool is_file_call(const char *name)
{
	for (size_t i = 0; i < LEN(files); i++) {
		if (strcmp(files[i], name) == 0)
			return true;
	}
	return false;
}

static int refuse_probes(scmp_filter_ctx c, enum cw_sandbox_kind kind)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < LEN(probes); i++) {
		if (kind != CW_SANDBOX_REPOSITORY || !is_file_call(probes[i]))
			rc = add(c, SCMP_ACT_ERRNO(EACCES), probes[i]);
	}
	return rc;
}

/* Memory, but none that can be run; limits, but only to ask for them; signals, but only to the process itself. */
static int add_conditional(scmp_filter_ctx c)
{
	const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC);
	int rc = seccomp_rule_add_array(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec);

	rc = rc ? rc : seccomp_rule_add_array(c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_exec);
	rc = rc ? rc : seccomp_rule_add_array(c, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mmap), 1, &exec);
	rc = rc ? rc : seccomp_rule_add_array(c, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mprotect), 1, &exec);
	rc = rc ? rc : seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NO_NEW_PRIVS));
	rc = rc ? rc : seccomp_rule_add(c, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_NE, PR_SET_NO_NEW_PRIVS));
	rc = rc ? rc : seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
	rc = rc ? rc : seccomp_rule_add(c, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_NE, 0));
	rc = rc ? rc : seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	return rc;
}

/* Not those by which a descriptor has the kernel send any signal to any process of the same user (F_SETOWN, F_SETSIG), or that hold up others
 * who open a file (F_SETLEASE). */
static int add_descriptor_calls(scmp_filter_ctx c)
{
	static const int commands[] = {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK,
				       F_OFD_SETLK, F_OFD_SETLKW, F_DUPFD_CLOEXEC, F_GET_SEALS};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < LEN(commands); i++)
		rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i]));
	return rc;
}

/* The store's files are for their owner alone. Landlock says nothing of modes: no other may be set. */
static int add_modes(scmp_filter_ctx c)
{
	int rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(fchmod), 1, SCMP_A1(SCMP_CMP_EQ, 0600));

	return rc ? rc : seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(fchmod), 1, SCMP_A1(SCMP_CMP_NE, 0600));
}

/* A thread, but no process. What clone3 asks for lies in memory, where no filter can look: the library then tries clone. */
static int add_threads(scmp_filter_ctx c)
{
	int rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

	return rc ? rc : seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int fill(scmp_filter_ctx c, enum cw_sandbox_kind kind)
{
	int rc = allow_all(c, basic, LEN(basic));

	rc = rc ? rc : add_conditional(c);
	rc = rc ? rc : add_descriptor_calls(c);
	if (kind == CW_SANDBOX_REPOSITORY) {
		rc = rc ? rc : allow_all(c, files, LEN(files));
		rc = rc ? rc : allow_all(c, threads, LEN(threads));
		rc = rc ? rc : add_modes(c);
		rc = rc ? rc : add_threads(c);
	}
	return rc ? rc : refuse_probes(c, kind);
}

int cw_sandbox_calls(enum cw_sandbox_kind kind, struct cw_err *err)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!c)
		return cw_err_nomem(err);
	/* A tree of comparisons in place of a list: the calls of a busy worker stand anywhere in it. */
	(void)seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	rc = fill(c, kind);
	rc = rc ? rc : seccomp_load(c);
	seccomp_release(c);
	return rc < 0 ? cw_err_sys(err, -rc, "cannot forbid system calls") : 0;
}
