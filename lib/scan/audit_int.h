/* scan/audit_int.h - one audit while it runs: what audit.c (objects) and audit_passes.c (the store they are listed from) share. */
#ifndef CW_SCAN_AUDIT_INT_H
#define CW_SCAN_AUDIT_INT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "scan/audit.h"
#include "scan/commits.h"
#include "scan/kept.h"
#include "scan/known.h"
#include "scan/scanner.h"
#include "vcs/repo.h"
#include "vcs/snapshot.h"

struct cw_audit_job { /* one worker's own */
	struct cw_repo *repo;
	struct cw_scanner scanner;
	struct cw_coverage failed; /* of this pass: unreadable, may be tried again */
	struct cw_notes notes;
	struct cw_stage stage; /* hits of the object in hand */
};

struct cw_audit {
	const struct cw_set *set;
	const struct cw_audit_opts *opts;
	const struct cw_sink *sink;
	struct cw_sink stage; /* what the workers' scanners are given */
	struct cw_progress *progress;
	struct cw_coverage *coverage;
	struct cw_repo *repo; /* of the enumeration; also the first worker's */
	struct cw_packs *packs; /* NULL: everything is read through the repository */
	struct cw_audit_stats stats;
	struct cw_kept_table kept;
	struct cw_known *known; /* NULL: no verdict store */
	struct cw_snapshot before; /* taken in front of the last enumeration */
	bool snapshot;		   /* it says all that there is to say */
	struct cw_vec refs;	  /* struct cw_ref, read before the last enumeration */
	struct cw_vec ref_faults; /* struct cw_store_fault */
	struct cw_audit_job *jobs;
	unsigned jobs_len;   /* usable */
	struct cw_vec work;  /* struct cw_object_ref of this pass, in reading order */
	struct cw_vec seen;  /* every id of all passes, sorted; empty until the store changes */
	struct cw_vec listed; /* the last enumeration */
	_Atomic size_t next; /* in work */
	size_t chunk;	     /* objects */
	_Atomic bool stop;
};

/* Whether nothing has become of the object yet. */
static inline bool cw_audit_is_open(const struct cw_object_ref *ref)
{
	return ref->mark == CW_MARK_NONE || ref->mark == CW_MARK_KNOWN;
}

/* An empty list of objects. */
struct cw_vec cw_audit_no_refs(void);
/* Append FROM to OUT, nothing marked. */
int cw_audit_append(struct cw_vec *out, const struct cw_vec *from, struct cw_err *err);
/* Read the references into A, and list all objects into OUT. */
int cw_audit_list(struct cw_audit *a, struct cw_vec *out, struct cw_err *err);
/* After a pass: list again. *ret_again says that another pass is worth it; its work is then in A->work. */
int cw_audit_check(struct cw_audit *a, bool last, bool *ret_again, struct cw_err *err);
/* Unscanned entries: for work that nothing became of, and for FAULTS (struct cw_store_fault). */
void cw_audit_note_unreached(struct cw_audit *a);
void cw_audit_note_faults(struct cw_audit *a, const struct cw_vec *faults);

#endif
