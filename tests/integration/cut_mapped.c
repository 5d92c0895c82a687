/* integration/cut_mapped.c - preloaded into the program: as soon as a file whose name ends in $CW_CUT has been mapped, it is cut
 * to nothing, so that reading the mapping is SIGBUS. */
#undef _FILE_OFFSET_BITS /* it would make one function of mmap and mmap64 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef void *(*mmap_fn)(void *, size_t, int, int, int, off_t);

static void cut(int fd)
{
	const char *tail = getenv("CW_CUT");
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (!tail || len < 0)
		return;
	path[len] = '\0';
	if ((size_t)len >= strlen(tail) && !strcmp(path + (size_t)len - strlen(tail), tail) && truncate(path, 0) != 0)
		abort();
}

static void *map(const char *name, void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	mmap_fn next;
	void *p;

	*(void **)&next = dlsym(RTLD_NEXT, name);
	p = next(at, len, prot, flags, fd, offset);
	if (p != MAP_FAILED && fd >= 0)
		cut(fd);
	return p;
}

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return map("mmap", at, len, prot, flags, fd, offset);
}

void *mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return map("mmap64", at, len, prot, flags, fd, offset);
}
