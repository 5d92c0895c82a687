/* hooks/ask.h - asks the daemon, if there is one to trust, whether all that a hook has gathered is clean (scan/asker.h).
 *
 * Only "everything is clean, by this engine and these rules" counts as an answer; then the hook is done without rules or key of its own.
 * On anything else it scans itself, so that verdicts and messages are the same with a daemon and without. Threads: one. */
#ifndef CW_HOOKS_ASK_H
#define CW_HOOKS_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/vec.h"
#include "policy/conf.h"
#include "scan/asker.h"

/* The option --daemon: row of a table for the member MEMBER (int) of struct S: 0 when it was not given, else enum cw_daemon_use and 1. */
#define CW_ASK_OPTION(s, member)                                                                                       \
	{.kind = CW_OPT_CHOICE, .name = "daemon", .arg = "WHEN", .offset = offsetof(s, member), .choices = cw_ask_uses, \
	 .help = "ask a running daemon first: auto (default: if there is one), never or require"}
extern const char *const cw_ask_uses[];

#define CW_ASK_BYTES_MAX ((size_t)64 << 20) /* what is more is scanned here */
#define CW_ASK_PIECES_MAX ((size_t)100000)
#define CW_ASK_TIMEOUT_MS 5000

struct cw_ask {
	struct cw_asker asker; /* gathers here; give it to a scan */
	struct cw_buf data;    /* all pieces, one behind the other; wiped */
	struct cw_vec lens;    /* size_t: of each piece */
};

void cw_ask_init(struct cw_ask *a); /* A must stay where it is */
void cw_ask_release(struct cw_ask *a);
/* Whether a daemon is to be asked at all under CONF: daemon.use does not say never (auto: there is a socket), and the rules are the default
 * ones. Other rules under "require" are a failure: the daemon does not know them. */
int cw_ask_possible(const struct cw_conf *conf, bool *ret, struct cw_err *err);
/* What daemon.use makes of it: *ret_clean true is the answer; else the hook scans itself. NOTE (may be NULL) says why although there
 * is a daemon. A failure only under "require". */
int cw_ask_settle(struct cw_ask *a, const struct cw_conf *conf, bool *ret_clean, struct cw_buf *note, struct cw_err *err);
/* Ask. *ret_clean is true only if the daemon has scanned every piece and found nothing. CW_E_NOTFOUND: there is no daemon; else ERR says why it
 * could not be asked. */
int cw_ask_clean(struct cw_ask *a, const struct cw_conf *conf, bool *ret_clean, struct cw_err *err);

#endif
