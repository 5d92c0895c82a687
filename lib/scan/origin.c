/* scan/origin.c - names of states. */
#include "scan/origin.h"

const char *cw_place_state_name(enum cw_place_state s)
{
	static const char *const names[] = {"tip", "history", "unreachable"};

	return (unsigned)s < sizeof(names) / sizeof(names[0]) ? names[s] : "?";
}
