/* tests/lib/fail_alloc.c - the malloc family on top of glibc's own, with failures on demand. See fail_alloc.h. */
#include "fail_alloc.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* glibc keeps its functions reachable under these names for programs that define malloc. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);

static atomic_ulong counted;
static atomic_ulong fail_number; /* 0: none fails */
static atomic_int fail_mode;
static atomic_long live;
static atomic_bool spare_aligned;

void cw_fail_alloc_at(unsigned long n)
{
	cw_fail_alloc_mode(n, CW_FAIL_ALLOC_ONCE);
}

void cw_fail_alloc_mode(unsigned long n, enum cw_fail_alloc_mode mode)
{
	atomic_store(&fail_mode, (int)mode);
	atomic_store(&counted, 0);
	atomic_store(&fail_number, n);
}

unsigned long cw_fail_alloc_count(void)
{
	return atomic_load(&counted);
}

void cw_fail_alloc_spare_aligned(bool spare)
{
	atomic_store(&spare_aligned, spare);
}

long cw_fail_alloc_live(void)
{
	return atomic_load(&live);
}

/* Count one allocation; whether it has to fail. */
static bool must_fail(void)
{
	unsigned long number = atomic_fetch_add(&counted, 1) + 1, wanted = atomic_load(&fail_number);
	bool from = atomic_load(&fail_mode) == CW_FAIL_ALLOC_FROM;

	if (wanted == 0 || (from ? number < wanted : number != wanted))
		return false;
	errno = ENOMEM;
	return true;
}

static void *count_live(void *p)
{
	if (p != NULL)
		atomic_fetch_add(&live, 1);
	return p;
}

void *malloc(size_t size)
{
	return must_fail() ? NULL : count_live(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : count_live(__libc_calloc(count, size));
}

void *realloc(void *p, size_t size)
{
	void *moved;

	if (must_fail())
		return NULL;
	moved = __libc_realloc(p, size);
	if (p == NULL)
		return count_live(moved);
	if (size == 0 && moved == NULL) /* glibc frees the block */
		atomic_fetch_sub(&live, 1);
	return moved;
}

void free(void *p)
{
	if (p == NULL)
		return;
	atomic_fetch_sub(&live, 1);
	__libc_free(p);
}

void *memalign(size_t alignment, size_t size)
{
	if (!atomic_load(&spare_aligned) && must_fail())
		return NULL;
	return count_live(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
	int saved = errno;
	void *p;

	if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
		return EINVAL;
	p = memalign(alignment, size);
	errno = saved; /* the result says it all */
	if (p == NULL)
		return ENOMEM;
	*ret = p;
	return 0;
}
