/* vcs/pack_file.h - the bytes of pack files: the one function that all of them come through. Internal to vcs/.
 *
 * A pack may be cut short, replaced or deleted while it is read. It is never mapped: reading a mapped file that was cut short is a
 * signal. Threads: struct cw_pack_file is immutable once opened; one window per thread. */
#ifndef CW_VCS_PACK_FILE_H
#define CW_VCS_PACK_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"

#define CW_PACK_SUM_LEN 20  /* bytes of the checksum at the end: SHA-1 */
#define CW_PACK_HEADER_LEN 12 /* "PACK", version, number of entries */
#define CW_PACK_SIZE_MAX ((uint64_t)1 << 56)

struct cw_pack_file {
	char *path; /* owned */
	int fd;	    /* owned; -1 when only a window opens it */
	uint64_t size; /* bytes; size and checksum say which pack it is */
	uint8_t sum[CW_PACK_SUM_LEN]; /* its last bytes */
	struct timespec changed; /* git touches packs that it does not change, so this alone says little */
};

/* How many packs a process may keep open: a store may hold more packs than that. */
size_t cw_pack_files_max(void);

#define CW_PACK_FILE_INIT { .fd = -1 }
/* Open PATH, which is copied. CW_E_INVALID: not a regular file; CW_E_CORRUPT: shorter than any pack. */
int cw_pack_file_open(const char *path, struct cw_pack_file *ret, struct cw_err *err);
/* Close the descriptor; windows open the file again when they need it. */
void cw_pack_file_park(struct cw_pack_file *f);
void cw_pack_file_release(struct cw_pack_file *f);

/* A part of a pack in memory. */
struct cw_pack_window {
	const struct cw_pack_file *file; /* NULL: nothing is there yet */
	uint64_t at;			 /* offset in the file of what is there */
	size_t len, cap;		 /* bytes */
	uint8_t *data;
	int fd; /* of `file` when that is parked, else -1 */
};

#define CW_PACK_WINDOW_INIT { .fd = -1 }
void cw_pack_window_release(struct cw_pack_window *w);
/* NEED bytes of F from AT on, in memory until the next call; when they are not there yet, WANT >= NEED bytes are read, or as many
 * as the file has. CW_E_CHANGED: the file is shorter than it was, or when it is opened again, another one. */
int cw_pack_window_get(struct cw_pack_window *w, const struct cw_pack_file *f, uint64_t at, size_t need, size_t want,
		       const uint8_t **ret, struct cw_err *err);
/* After a failure that looks like damage: CW_E_CHANGED when F changed meanwhile, else RC, which is in ERR. */
int cw_pack_window_blame(struct cw_pack_window *w, const struct cw_pack_file *f, int rc, struct cw_err *err);

#endif
