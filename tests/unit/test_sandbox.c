/* Tests of daemon/sandbox: what a worker cannot do any more, each tried in a process of its own, and what it still can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/sandbox.h"

#define MEMORY ((uint64_t)64 << 20)

enum { DID = 0, REFUSED = 1, NO_SANDBOX = 2, NO_LANDLOCK = 3 };

/* Folders: `mine` may be read, `store` written, `other` neither. */
static char top[64], mine[80], store[80], other[80], path[120];
static int listening, before; /* sockets that were open before */

/* Try DO in a sandbox of KIND: DID or REFUSED; a call that ends the process is refused, too. */
static int attempt(enum cw_sandbox_kind kind, int (*act)(void))
{
	const char *read_[] = {mine}, *write_[] = {store};
	struct cw_sandbox s = {.kind = kind, .read = read_, .read_len = 1, .write = write_, .write_len = 1, .memory = MEMORY};
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit none = {0, 0};
		bool landlock = false;

		(void)setrlimit(RLIMIT_CORE, &none);
		if (cw_sandbox_enter(&s, &landlock, NULL) != 0)
			_exit(NO_SANDBOX);
		_exit(act() == 0 ? DID : landlock || kind == CW_SANDBOX_CONTENT ? REFUSED : NO_LANDLOCK);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return REFUSED;
	}
	return WEXITSTATUS(status);
}

/* ---- what is tried; 0: it worked ---- */

static int open_passwd(void)
{
	return open("/etc/passwd", O_RDONLY) < 0;
}

static int open_proc(void)
{
	return open("/proc/self/mem", O_RDWR) < 0;
}

static int open_by_openat2(void)
{
	uint64_t how[3] = {O_RDONLY, 0, 0};

	return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof(how)) < 0;
}

static int make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static int make_inet_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int make_pair(void)
{
	int pair[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0;
}

/* with a socket that was left open */
static int connect_to_daemon(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/socket", top);
	return connect(before, (struct sockaddr *)&a, sizeof(a)) < 0;
}

static int accept_one(void)
{
	return accept(listening, NULL, NULL) < 0 && errno != EAGAIN;
}

static int fork_one(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid < 0;
}

static int exec_one(void)
{
	char name[] = "/bin/true", *argv[] = {name, NULL}, *envp[] = {NULL};

	execve("/bin/true", argv, envp);
	return -1;
}

static int exec_by_descriptor(void)
{
	char empty[] = "", *argv[] = {empty, NULL}, *envp[] = {NULL};

	syscall(SYS_execveat, 0, "", argv, envp, AT_EMPTY_PATH);
	return -1;
}

static int trace_parent(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0;
}

static int read_parent(void)
{
	char byte;
	struct iovec to = {&byte, 1}, from = {&byte, 1};

	return syscall(SYS_process_vm_readv, getppid(), &to, 1, &from, 1, 0) < 0;
}

static int kill_parent(void)
{
	return kill(getppid(), 0) < 0;
}

static int signal_thread_of_parent(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0) < 0;
}

/* what comes in at a socket is to send SIGKILL to the parent */
static int signal_parent_by_descriptor(void)
{
	return fcntl(before, F_SETOWN, getppid()) < 0;
}

static int choose_signal_of_descriptor(void)
{
	return fcntl(before, F_SETSIG, SIGKILL) < 0;
}

static int map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED || mprotect(p, 4096, PROT_READ | PROT_EXEC) != 0;
}

static int become_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0;
}

static int raise_limit(void)
{
	struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};

	return setrlimit(RLIMIT_DATA, &r) < 0;
}

static int new_namespace(void)
{
	return unshare(CLONE_NEWUSER) < 0;
}

static int change_user(void)
{
	return syscall(SYS_setuid, 1) < 0;
}

static int use_ring(void)
{
	char parameters[120] = {0};

	return syscall(SYS_io_uring_setup, 1, parameters) < 0;
}

static int load_program(void)
{
	return syscall(SYS_bpf, 0, NULL, 0) < 0 && errno != EFAULT && errno != EINVAL;
}

static int take_much_memory(void)
{
	volatile char *p = malloc(2 * MEMORY);

	return p == NULL;
}

static int read_other(void)
{
	snprintf(path, sizeof(path), "%s/file", other);
	return open(path, O_RDONLY) < 0;
}

static int list_other(void)
{
	return open(other, O_RDONLY | O_DIRECTORY) < 0;
}

static int read_above(void)
{
	snprintf(path, sizeof(path), "%s/../other/file", mine);
	return open(path, O_RDONLY) < 0;
}

static int write_mine(void)
{
	snprintf(path, sizeof(path), "%s/file", mine);
	return open(path, O_WRONLY) < 0;
}

static int make_in_mine(void)
{
	snprintf(path, sizeof(path), "%s/new", mine);
	return open(path, O_WRONLY | O_CREAT, 0600) < 0;
}

static int remove_from_mine(void)
{
	snprintf(path, sizeof(path), "%s/file", mine);
	return unlink(path) < 0;
}

static int move_out_of_mine(void)
{
	char to[120];

	snprintf(path, sizeof(path), "%s/file", mine);
	snprintf(to, sizeof(to), "%s/stolen", store);
	return rename(path, to) < 0;
}

static int link_into_mine(void)
{
	snprintf(path, sizeof(path), "%s/link", mine);
	return symlink("/etc", path) < 0;
}

static int change_mode_of_mine(void)
{
	int fd;

	snprintf(path, sizeof(path), "%s/file", mine);
	fd = open(path, O_RDONLY);
	return fd < 0 || fchmod(fd, 04777) < 0;
}

static int cut_mine(void)
{
	snprintf(path, sizeof(path), "%s/file", mine);
	return truncate(path, 0) < 0;
}

/* ---- what a worker needs ---- */

static int work_with_memory(void)
{
	char *p = malloc(MEMORY / 4);

	if (!p)
		return -1;
	memset(p, 1, MEMORY / 4);
	p = realloc(p, MEMORY / 2);
	free(p);
	return p ? 0 : -1;
}

static int use_descriptors(void)
{
	char byte = 1;

	return write(before, &byte, 0) < 0 && errno == EBADF ? -1 : 0;
}

static int read_mine(void)
{
	int fd;
	char byte;

	snprintf(path, sizeof(path), "%s/file", mine);
	fd = open(path, O_RDONLY);
	return fd < 0 || read(fd, &byte, 1) != 1;
}

static int write_store(void)
{
	char to[120];
	int fd;

	snprintf(path, sizeof(path), "%s/new", store);
	snprintf(to, sizeof(to), "%s/renamed", store);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	return fd < 0 || write(fd, "x", 1) != 1 || fchmod(fd, 0600) != 0 || fsync(fd) != 0 || rename(path, to) != 0 ||
	       unlink(to) != 0;
}

static void *nothing(void *payload)
{
	return payload;
}

static int make_thread(void)
{
	pthread_t t;

	return pthread_create(&t, NULL, nothing, NULL) != 0 || pthread_join(t, NULL) != 0;
}

/* ---- tests ---- */

struct trial {
	const char *name;
	int (*act)(void);
};
#define TRIAL(f) {#f, f}

static const struct trial never[] = {
	TRIAL(open_passwd), TRIAL(open_proc), TRIAL(open_by_openat2), TRIAL(make_socket), TRIAL(make_inet_socket), TRIAL(make_pair),
	TRIAL(connect_to_daemon), TRIAL(accept_one), TRIAL(fork_one), TRIAL(exec_one), TRIAL(exec_by_descriptor),
	TRIAL(trace_parent), TRIAL(read_parent), TRIAL(kill_parent), TRIAL(signal_thread_of_parent), TRIAL(signal_parent_by_descriptor), TRIAL(choose_signal_of_descriptor), TRIAL(map_code),
	TRIAL(make_code), TRIAL(become_dumpable), TRIAL(raise_limit), TRIAL(new_namespace), TRIAL(change_user), TRIAL(use_ring),
	TRIAL(load_program), TRIAL(take_much_memory), TRIAL(read_other), TRIAL(list_other), TRIAL(read_above), TRIAL(write_mine),
	TRIAL(make_in_mine), TRIAL(remove_from_mine), TRIAL(move_out_of_mine), TRIAL(link_into_mine), TRIAL(change_mode_of_mine),
	TRIAL(cut_mine),
};

static void refuse_all(enum cw_sandbox_kind kind)
{
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		int result;

#ifdef __SANITIZE_ADDRESS__
		/* its allocator ends the process instead */
		if (never[i].act == take_much_memory)
			continue;
#endif
		result = attempt(kind, never[i].act);
		if (result != REFUSED && result != NO_LANDLOCK)
			fail_msg("%s: %d", never[i].name, result);
	}
}

/* a content worker: no files at all, no sockets, no processes, no code */
static void test_content(void **state)
{
	refuse_all(CW_SANDBOX_CONTENT);
	assert_int_equal(attempt(CW_SANDBOX_CONTENT, read_mine), REFUSED);
	assert_int_equal(attempt(CW_SANDBOX_CONTENT, write_store), REFUSED);
	assert_int_equal(attempt(CW_SANDBOX_CONTENT, make_thread), REFUSED);
	assert_int_equal(attempt(CW_SANDBOX_CONTENT, work_with_memory), DID);
	assert_int_equal(attempt(CW_SANDBOX_CONTENT, use_descriptors), DID);
}

/* a repository worker: reads its repository, writes its store, and nothing else */
static void test_repository(void **state)
{
	refuse_all(CW_SANDBOX_REPOSITORY);
	assert_int_equal(attempt(CW_SANDBOX_REPOSITORY, read_mine), DID);
	assert_int_equal(attempt(CW_SANDBOX_REPOSITORY, write_store), DID);
	assert_int_equal(attempt(CW_SANDBOX_REPOSITORY, make_thread), DID);
	assert_int_equal(attempt(CW_SANDBOX_REPOSITORY, work_with_memory), DID);
}

static int narrowed(void)
{
	const char *folder = other;
	const struct cw_sandbox s = {.kind = CW_SANDBOX_REPOSITORY, .read = &folder, .read_len = 1};
	bool landlock;

	/* neither what was allowed before nor what is named now: both must allow it */
	return cw_sandbox_files(&s, &landlock, NULL) != 0 || (read_other() != 0 && read_mine() != 0 && write_store() != 0) ? -1 : 0;
}

/* from inside, rights can be given up, and none can be gained */
static void test_narrow(void **state)
{
	int result = attempt(CW_SANDBOX_REPOSITORY, narrowed);

	assert_true(result == REFUSED || result == NO_LANDLOCK);
}

/* a folder that is not there is an error, not a hole */
static void test_missing(void **state)
{
	const char *folder = "/nonexistent/folder";
	const struct cw_sandbox s = {.kind = CW_SANDBOX_REPOSITORY, .read = &folder, .read_len = 1};
	bool landlock = true;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(cw_sandbox_files(&s, &landlock, NULL) != 0 || !landlock ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void make_file(const char *folder)
{
	int fd;

	assert_int_equal(mkdir(folder, 0700), 0);
	snprintf(path, sizeof(path), "%s/file", folder);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "content", 7), 7);
	close(fd);
}

static int set_up(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(top, sizeof(top), "/tmp/cw-sandbox.XXXXXX");
	assert_non_null(mkdtemp(top));
	snprintf(mine, sizeof(mine), "%s/mine", top);
	snprintf(store, sizeof(store), "%s/store", top);
	snprintf(other, sizeof(other), "%s/other", top);
	make_file(mine);
	make_file(store);
	make_file(other);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	before = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/socket", top);
	assert_int_equal(bind(listening, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(listening, 1), 0);
	return 0;
}

static int tear_down(void **state)
{
	const char *folders[] = {mine, store, other};

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/file", folders[i]);
		unlink(path);
		rmdir(folders[i]);
	}
	snprintf(path, sizeof(path), "%s/socket", top);
	unlink(path);
	return rmdir(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_repository),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
