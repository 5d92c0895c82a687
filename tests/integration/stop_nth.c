/* integration/stop_nth.c - preloaded into the program: at the call number $CW_STOP_AT (1-based) of those below, all of which change or
 * open files, it is killed ($CW_STOP_HOW=kill), the call fails with EIO, ENOSPC or EMFILE (io, space, files), or it is told to end
 * (term). At exit the number of calls is written into the file $CW_STOP_COUNT. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic unsigned long calls;
static unsigned long stop_at;
static const char *how = "";

__attribute__((constructor)) static void start(void)
{
	const char *at = getenv("CW_STOP_AT");

	/* Digits only: the test writes them. */
	for (const char *p = at; p && *p >= '0' && *p <= '9'; p++)
		stop_at = 10 * stop_at + (unsigned long)(*p - '0');
	unsetenv("LD_PRELOAD"); /* what the program runs is not what is tried */
	how = getenv("CW_STOP_HOW") ? getenv("CW_STOP_HOW") : "";
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("CW_STOP_COUNT");
	FILE *file = path ? fopen(path, "w") : NULL;

	if (!file)
		return;
	fprintf(file, "%lu", atomic_load(&calls));
	fclose(file);
}

/* Whether this call fails, with errno set. */
static bool stops(void)
{
	if (atomic_fetch_add(&calls, 1) + 1 != stop_at)
		return false;
	if (!strcmp(how, "kill"))
		raise(SIGKILL);
	if (!strcmp(how, "term"))
		raise(SIGTERM);
	errno = !strcmp(how, "io") ? EIO : !strcmp(how, "space") ? ENOSPC : !strcmp(how, "files") ? EMFILE : 0;
	return errno != 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t len)
{
	return stops() ? -1 : REAL(write)(fd, data, len);
}

int fsync(int fd)
{
	return stops() ? -1 : REAL(fsync)(fd);
}

int rename(const char *from, const char *to)
{
	return stops() ? -1 : REAL(rename)(from, to);
}

int fchmod(int fd, mode_t mode)
{
	return stops() ? -1 : REAL(fchmod)(fd, mode);
}

int mkdir(const char *path, mode_t mode)
{
	return stops() ? -1 : REAL(mkdir)(path, mode);
}

int mkostemp(char *name, int flags)
{
	return stops() ? -1 : REAL(mkostemp)(name, flags);
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return stops() ? -1 : REAL(open)(path, flags, mode);
}

/* What open() becomes where its flags are no constant. */
int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags)
{
	return stops() ? -1 : REAL(open)(path, flags, 0);
}
