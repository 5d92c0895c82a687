/* base/cleanup.c - owns: the two destructors for plain memory and descriptors. */
#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cw_freep(void *pp)
{
	void *p;

	/* The variable may be a pointer of any type; copying its bytes keeps clear of aliasing rules. */
	memcpy(&p, pp, sizeof(p));
	free(p);
}

void cw_closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}
