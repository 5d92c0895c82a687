/* vcs/map.c - see map.h. */
#include "vcs/map.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"

void cw_map_release(struct cw_map *m)
{
	if (m->data)
		munmap(m->data, m->len);
	*m = (struct cw_map)CW_MAP_INIT;
}

int cw_map_file(const char *path, struct cw_map *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	struct stat st;
	void *data;
	int rc = cw_io_open_file(path, 0, &fd, err);

	if (rc)
		return rc;
	if (fstat(fd, &st) != 0)
		return cw_err_sys(err, errno, "unable to look at '%s'", path);
	if (st.st_size <= 0)
		return cw_err_set(err, CW_E_CORRUPT, "the file is empty");
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return cw_err_sys(err, errno, "unable to map '%s'", path);
	*ret = (struct cw_map){ .data = data, .len = (size_t)st.st_size };
	return 0;
}
