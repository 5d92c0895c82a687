/* base/cleanup.h - scope-bound release of resources (gcc and clang cleanup attribute).
 * Every destructor used here accepts NULL and half-built objects. */
#ifndef CW_BASE_CLEANUP_H
#define CW_BASE_CLEANUP_H

#include <stddef.h>

/* Run fn(&variable) when the variable leaves its scope. */
#define CW_CLEANUP(fn) __attribute__((cleanup(fn)))

/* Declare `static inline void fn##_p(type **p)` that calls fn(*p): for CW_CLEANUP on pointers. */
#define CW_DEFINE_CLEANUP(type, fn)                                                                                    \
	static inline void fn##_p(type **p)                                                                            \
	{                                                                                                              \
		fn(*p);                                                                                                \
	}

/* Take the pointer out of a variable and leave NULL there. */
#define cw_steal(pp)                                                                                                   \
	__extension__({                                                                                                \
		__typeof__(pp) cw_steal_pp_ = (pp);                                                                    \
		__typeof__(*cw_steal_pp_) cw_steal_p_ = *cw_steal_pp_;                                                 \
		*cw_steal_pp_ = NULL;                                                                                  \
		cw_steal_p_;                                                                                           \
	})

/* CW_CLEANUP(cw_freep) char *s: free(s) at the end of the scope. */
void cw_freep(void *pp);
/* CW_CLEANUP(cw_closep) int fd = -1: close at the end of the scope; -1 means unset, errno is preserved. */
void cw_closep(int *fd);

#endif
