/* vcs/packs.h - every entry of every pack of a repository, as the packs hold them: where it stands, what it is a delta of, what
 * it is. The one reader of pack bytes beside libgit2.
 *
 * Nothing here is trusted: offsets, sizes and bases come from foreign files, and are checked before they are used. Pack bytes are
 * read with pread only, so that a pack that is cut short or replaced meanwhile is an error (CW_E_CHANGED) and never a signal.
 * Threads: struct cw_packs is immutable once opened and shared; one struct cw_pack_reader per thread. */
#ifndef CW_VCS_PACKS_H
#define CW_VCS_PACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/vec.h"
#include "vcs/oid.h"
#include "vcs/repo.h"

#define CW_PACK_ENTRIES_MAX ((uint32_t)1 << 28)
#define CW_ENTRY_NONE UINT32_MAX	  /* no entry; as a base: none is needed, this is a full object */
#define CW_ENTRY_OUTSIDE (UINT32_MAX - 1) /* a delta whose base stands in no pack: loose, absent, or in a pack that is left out */

enum cw_entry_state {
	CW_ENTRY_GOOD = 1, /* a full object, or its chain of bases ends at one; its bytes have not been looked at */
	CW_ENTRY_ADRIFT,   /* the chain ends at a base that stands in no pack */
	CW_ENTRY_CORRUPT,  /* the header of the entry, or of one it is built on, is damaged; or the chain is a cycle */
};

struct cw_entry {
	uint64_t offset, end; /* of its header in the pack; of the next entry or the trailer */
	uint64_t size;	      /* bytes that it inflates to: of the delta for a delta. As the pack says: maybe a lie */
	uint32_t pack;	      /* < cw_packs_count() */
	uint32_t base;	      /* entry, CW_ENTRY_NONE or CW_ENTRY_OUTSIDE */
	uint32_t child;	      /* the first entry that is a delta of this one; CW_ENTRY_NONE */
	uint32_t sibling;     /* the next entry with the same base; families are in ascending order; CW_ENTRY_NONE */
	uint8_t type;	      /* enum cw_object_type of the object, also of a delta; 0 unless the state is good */
	uint8_t state;	      /* enum cw_entry_state */
	uint8_t head;	      /* bytes from offset to the zlib stream */
	bool delta;
};
/* Entries whose state is good form trees: base, child and sibling lead to no cycle. Those of others may. */

struct cw_packs;
/* All packs of R's object directories and alternates, as they are now. R is not needed afterwards. A pack whose index is wrong is
 * left out and becomes a fault: objects that cw_repo_objects() names and cw_packs_find() does not know (of packs left out, and
 * loose ones) are read with cw_repo_read_ref(). CW_E_CHANGED: a pack changed while it was read; CW_E_LIMIT: more than
 * CW_PACK_ENTRIES_MAX entries; CW_E_NOMEM, CW_E_IO. */
int cw_packs_open(struct cw_repo *r, struct cw_packs **ret, struct cw_err *err);
/* The packs of the object directory STORE alone. */
int cw_packs_open_in(const char *store, struct cw_packs **ret, struct cw_err *err);
void cw_packs_free(struct cw_packs *p);
CW_DEFINE_CLEANUP(struct cw_packs, cw_packs_free)
/* The packs that were left out and why (struct cw_store_fault); borrowed. cw_repo_faults() says the same. */
const struct cw_vec *cw_packs_faults(const struct cw_packs *p);

/* Entries of all packs: those of one pack stand together, in ascending order of their offsets. */
uint32_t cw_packs_len(const struct cw_packs *p);
const struct cw_entry *cw_packs_entry(const struct cw_packs *p, uint32_t i);
/* The id that the index gives to entry I. Several entries may have one id. */
void cw_packs_oid(const struct cw_packs *p, uint32_t i, struct cw_oid *ret);
/* The first entry with this id, or CW_ENTRY_NONE; and the next one with the id of entry I. */
uint32_t cw_packs_find(const struct cw_packs *p, const struct cw_oid *oid);
uint32_t cw_packs_next_copy(const struct cw_packs *p, uint32_t i);
/* The id of the base of entry I, whose base is CW_ENTRY_OUTSIDE. */
void cw_packs_outside_base(const struct cw_packs *p, uint32_t i, struct cw_oid *ret);

/* Packs in use, and the path of one (of its .pack file; borrowed). */
uint32_t cw_packs_count(const struct cw_packs *p);
const char *cw_packs_path(const struct cw_packs *p, uint32_t pack);

struct cw_pack_reader;
/* P must outlive the reader. */
int cw_pack_reader_new(const struct cw_packs *p, struct cw_pack_reader **ret, struct cw_err *err);
void cw_pack_reader_free(struct cw_pack_reader *r);
CW_DEFINE_CLEANUP(struct cw_pack_reader, cw_pack_reader_free)

/* Both replace OUT's content, which is of no use after a failure. CW_E_LIMIT: more than MAX bytes (or OUT's own maximum), said
 * before memory is taken; CW_E_CORRUPT: damaged; CW_E_CHANGED: the pack is not as it was when it was opened; CW_E_NOMEM, CW_E_IO. */

/* What entry I itself holds, `size` bytes: an object, or delta instructions. */
int cw_pack_inflate(struct cw_pack_reader *r, uint32_t i, uint64_t max, struct cw_buf *out, struct cw_err *err);
/* The object of entry I, rebuilt from its chain of bases; none of them, nor their deltas, may have more than MAX bytes. At a time
 * there are in memory a base, a delta and what they make. Its id is not compared with the content. CW_E_NOTFOUND: a base is in no
 * pack (state CW_ENTRY_ADRIFT). */
int cw_pack_read(struct cw_pack_reader *r, uint32_t i, uint64_t max, struct cw_buf *out, enum cw_object_type *ret_type,
		 struct cw_err *err);

#endif
