/* vcs/pack_stream.h - inflates a long entry of a pack piece by piece, so that its packed bytes need no memory. Internal to vcs/. */
#ifndef CW_VCS_PACK_STREAM_H
#define CW_VCS_PACK_STREAM_H

#include <stdint.h>

#include "base/err.h"
#include "vcs/pack_file.h"

/* Inflate the PACKED bytes of F from AT on to exactly SIZE bytes at OUT, PIECE bytes of the pack at a time. CW_E_CORRUPT when they do
 * not make SIZE bytes, or fewer of them do; failures of cw_pack_window_get(). */
int cw_pack_stream(struct cw_pack_window *w, const struct cw_pack_file *f, uint64_t at, uint64_t packed, size_t piece, void *out,
		   uint64_t size, struct cw_err *err);

#endif
