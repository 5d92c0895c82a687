/* scan/scanner.h - one worker's way from bytes to the sink: matches a blob or file, finds lines and columns, hands the hits over
 * and keeps the coverage. Threads: one scanner per thread. */
#ifndef CW_SCAN_SCANNER_H
#define CW_SCAN_SCANNER_H

#include "scan/asker.h"
#include "scan/coverage.h"
#include "scan/families.h"
#include "scan/hit.h"

struct cw_scanner {
	const struct cw_set *set;	/* borrowed, as sink and progress */
	const struct cw_sink *sink;
	struct cw_progress *progress;
	unsigned worker;
	struct cw_matcher *matcher; /* NULL: `asker` is set */
	const struct cw_asker *asker; /* takes everything; borrowed. NULL: it is scanned here */
	struct cw_result res; /* of the last blob */
	struct cw_coverage coverage;
};

struct cw_scanned { /* what is scanned; all borrowed */
	const char *data;
	size_t len;
	const char *name;     /* for messages: object id or path */
	struct cw_oid object; /* len 0 outside git */
	enum cw_object_type type;
	const char *const *paths; /* each hit goes to the sink once per path; without any, once with a NULL path */
	size_t paths_len;
	const struct cw_version *version; /* of a file, scanned by what changed in it; or NULL */
	struct cw_facts *facts;		  /* out with `version`: what it leaves for its children; may be NULL */
	bool beside; /* no object of its own: it does not count as expected or scanned */
};

/* Make worker WORKER's scanner. FIRST is the first worker's, whose matcher is cloned, or NULL for the first itself. */
int cw_scanner_init(struct cw_scanner *e, const struct cw_set *set, const struct cw_sink *sink,
		    struct cw_progress *progress, unsigned worker, const struct cw_scanner *first, struct cw_err *err);
/* A scanner that hands everything to ASKER, counts it as scanned and finds nothing. */
void cw_scanner_init_asking(struct cw_scanner *e, const struct cw_asker *asker, struct cw_progress *progress);
/* Scan and hand over. A failure of the matcher makes the object unscanned; only the sink's failure is returned. */
int cw_scanner_scan(struct cw_scanner *e, const struct cw_scanned *s, struct cw_err *err);
/* Count NAME as unscanned because of its SIZE in bytes (0: not known). */
void cw_scanner_too_large(struct cw_scanner *e, const char *name, uint64_t size, uint64_t max);
/* Move the coverage to INTO and free the rest. */
void cw_scanner_finish(struct cw_scanner *e, struct cw_coverage *into);

#endif
