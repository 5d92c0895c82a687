/* scan/asker.h - somebody else who scans, and is asked at the end: what a scan comes upon is only gathered, and taken to hold nothing.
 *
 * So a client's hook works that has a daemon at hand: it gathers, asks once, and is done when all of it is clean. On any other answer it
 * scans again, here. A scan that gathers needs no rules, no key and no sink. */
#ifndef CW_SCAN_ASKER_H
#define CW_SCAN_ASKER_H

#include <stddef.h>

#include "base/err.h"

struct cw_asker {
	/* Take note of the LEN bytes at DATA, borrowed for the call: a file, a message or a name. A failure ends the scan with it. */
	int (*add)(void *payload, const void *data, size_t len, struct cw_err *err);
	void *payload;
};

#endif
