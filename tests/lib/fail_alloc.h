/* tests/lib/fail_alloc.h - makes chosen allocations fail, and counts live blocks.
 * A program that links fail_alloc.c gets its malloc family from there, for itself and for every shared library it uses.
 * Not usable with sanitizers, which bring a malloc of their own. Threads: counting is atomic, but failing allocations
 * are chosen for the whole process, so use it while one thread runs. */
#ifndef CW_TESTS_FAIL_ALLOC_H
#define CW_TESTS_FAIL_ALLOC_H

#include <stdbool.h>

enum cw_fail_alloc_mode {
	CW_FAIL_ALLOC_ONCE, /* only the n-th allocation fails */
	CW_FAIL_ALLOC_FROM, /* the n-th and all later ones fail */
};

/* Let the N-th allocation from now (1-based) fail, only it; 0 stops failing. Restarts the count. */
void cw_fail_alloc_at(unsigned long n);
/* The same with a choice of what happens after the N-th. */
void cw_fail_alloc_mode(unsigned long n, enum cw_fail_alloc_mode mode);
/* Whether allocations with an alignment (memalign, posix_memalign, aligned_alloc) are left out: neither counted nor
 * failed. For libraries that do not survive such a failure. */
void cw_fail_alloc_spare_aligned(bool spare);
/* Allocations asked for since the last call of the two above, failed ones included. realloc() of a block counts. */
unsigned long cw_fail_alloc_count(void);
/* Blocks that are allocated and not freed now. */
long cw_fail_alloc_live(void);

#endif
