/* daemon/usage.c - see usage.h. */
#include "daemon/usage.h"

#include <stdlib.h>

#define KEPT_MAX 1024	      /* users without a connection that are remembered */
#define WINDOW_MS 60000
#define REPORT_FIRST 3

/* Threads that still close something will count it in these. */
static struct cw_usage *left_behind;

void cw_usages_release(struct cw_usages *u)
{
	while (u->first != NULL) {
		struct cw_usage *one = u->first;

		u->first = one->next;
		if (atomic_load(&one->closing) == 0) {
			free(one);
		} else {
			one->next = left_behind;
			left_behind = one;
		}
	}
	u->len = 0;
}

/* Forget the one that was looked up longest ago, of those that nothing refers to. */
static void forget_one(struct cw_usages *u)
{
	struct cw_usage **last = NULL;

	for (struct cw_usage **link = &u->first; *link != NULL; link = &(*link)->next) {
		if ((*link)->connections == 0 && atomic_load(&(*link)->closing) == 0)
			last = link;
	}
	if (last != NULL) {
		struct cw_usage *gone = *last;

		*last = gone->next;
		free(gone);
		u->len--;
	}
}

/* The list is in the order of the last look-ups: who comes often is found at once. */
struct cw_usage *cw_usages_get(struct cw_usages *u, uid_t uid)
{
	struct cw_usage *found = NULL;

	for (struct cw_usage **link = &u->first; *link != NULL && found == NULL; link = &(*link)->next) {
		if ((*link)->uid == uid) {
			found = *link;
			*link = found->next;
			break;
		}
	}
	if (found == NULL) {
		if (u->len >= KEPT_MAX)
			forget_one(u);
		found = calloc(1, sizeof(*found));
		if (found == NULL)
			return NULL;
		found->uid = uid;
		u->len++;
	}
	found->next = u->first;
	u->first = found;
	return found;
}

bool cw_usage_refused(struct cw_usage *u, int64_t now)
{
	if (u->refused == 0 || now - u->window >= WINDOW_MS) {
		u->window = now;
		u->refused = 0;
	}
	u->refused++;
	if (u->refused == REPORT_FIRST)
		return true;
	for (uint64_t step = 10; step <= u->refused; step *= 10) {
		if (step == u->refused)
			return true;
	}
	return false;
}
