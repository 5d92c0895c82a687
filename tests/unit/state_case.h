/* state_case.h - a state in a folder of its own, and short words for what tests do with it. Memory file systems are preferred: the
 * tests are about what is written, not about disks. */
#ifndef CW_TESTS_STATE_CASE_H
#define CW_TESTS_STATE_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/state.h"

#define DAY INT64_C(86400)
#define NOW (20000 * DAY)

extern char state_folder[64], state_path[96];

/* Make and remove the folder; each is a fixture of cmocka. */
int state_set_up(void **state);
int state_tear_down(void **state);
struct cw_state *state_open_at(const char *name);
int64_t state_add_watch(struct cw_state *s, const char *repository, bool from_now);

/* One finding of secret SECRET at path PLACE; whether it was new. */
bool state_find(struct cw_state *s, const char *secret, const char *place, bool suppressed);
void state_begin(struct cw_state *s, int64_t id, int64_t now);
void state_end(struct cw_state *s, const char *refs, bool complete);
/* A whole scan that finds SECRET (NULL: nothing) at "a". */
bool state_scan(struct cw_state *s, int64_t id, const char *refs, const char *secret);
void state_allow(struct cw_state *s, const char *secret, int64_t expires);

struct state_watches {
	size_t n;
	struct cw_state_watch last;
	char path[64], reason[64], refs[64];
};
struct state_watches state_watches(struct cw_state *s);

struct state_findings {
	size_t n, of_state[4];
	int64_t last_id, first_seen, last_seen;
	char text[1024];
};
struct state_findings state_findings(struct cw_state *s, const char *repository, int64_t since, int64_t today);

struct state_notice {
	int64_t id; /* 0: none */
	unsigned tries;
	char repository[64], record[192];
};
struct state_notice state_next_notice(struct cw_state *s, int64_t now);
uint64_t state_notices(struct cw_state *s);
uint64_t state_counted(struct cw_state *s);

#endif
