/* integration/fail_nth.c - preloaded into the program: the allocation number $CW_FAIL_AT (1-based) fails, and with $CW_FAIL_ALL set all
 * later ones too. At exit the number of allocations made is written into the file $CW_FAIL_COUNT. With $CW_FAIL_TOLD set the number is
 * what the last SIGUSR2 brought (sigqueue(3)), counted from then on: for a program that serves.
 *
 * libcrypto is left out, and given an allocator of its own: version 3.0 crashes in its own set-up when memory is short. That is a
 * death by signal, so never "clean", but it would hide what is looked for here. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fail_alloc.h"

void *__libc_malloc(size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static void *crypto_malloc(size_t size, const char *file, int line)
{
	return __libc_malloc(size);
}

static void *crypto_realloc(void *p, size_t size, const char *file, int line)
{
	return __libc_realloc(p, size);
}

static void crypto_free(void *p, const char *file, int line)
{
	__libc_free(p);
}

typedef int (*set_functions)(void *(*)(size_t, const char *, int), void *(*)(void *, size_t, const char *, int),
			     void (*)(void *, const char *, int));

static void told(int number, siginfo_t *info, void *context)
{
	cw_fail_alloc_mode((unsigned long)info->si_value.sival_int, CW_FAIL_ALLOC_ONCE);
}

static void listen_to_signals(void)
{
	struct sigaction action = {.sa_sigaction = told, .sa_flags = SA_SIGINFO};

	if (sigaction(SIGUSR2, &action, NULL) != 0)
		abort();
}

__attribute__((constructor)) static void start(void)
{
	const char *at = getenv("CW_FAIL_AT");
	set_functions set = (set_functions)dlsym(RTLD_DEFAULT, "CRYPTO_set_mem_functions");
	unsigned long n = 0;

	if (!set || set(crypto_malloc, crypto_realloc, crypto_free) != 1)
		abort();
	/* Digits only: the test writes them. */
	for (const char *p = at; p && *p >= '0' && *p <= '9'; p++)
		n = 10 * n + (unsigned long)(*p - '0');
	unsetenv("LD_PRELOAD"); /* what the program runs is not what is tried */
	if (getenv("CW_FAIL_TOLD"))
		listen_to_signals();
	cw_fail_alloc_mode(n, getenv("CW_FAIL_ALL") ? CW_FAIL_ALLOC_FROM : CW_FAIL_ALLOC_ONCE);
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("CW_FAIL_COUNT");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;

	if (fd < 0)
		return;
	dprintf(fd, "%lu", cw_fail_alloc_count());
	close(fd);
}
