/* policy/gates.c - path gates and labels. */
#include "policy/gates.h"

#include <stddef.h>
#include <string.h>

#include "policy/glob.h"

static bool any_glob(const char *const *globs, size_t len, const char *path)
{
	for (size_t i = 0; i < len; i++)
		if (cw_glob_match(globs[i], path))
			return true;
	return false;
}

/* Standard input and other pipes have a name, but no path that says what they hold. */
static bool has_path(const char *path)
{
	static const char *const streams[] = {"<stdin>", "/dev/stdin", "/dev/fd/", "/proc/self/fd/"};

	for (size_t i = 0; path && i < sizeof(streams) / sizeof(streams[0]); i++)
		if (strncmp(path, streams[i], strlen(streams[i])) == 0)
			return false;
	return path && *path;
}

bool cw_gate_applies(const struct cw_rule *rule, const char *path)
{
	return !has_path(path) || rule->paths_only_len == 0 || any_glob(rule->paths_only, rule->paths_only_len, path);
}

enum cw_severity cw_gate_severity(const struct cw_rule *rule, const char *path, const char *label)
{
	if (label)
		return CW_SEVERITY_LOW;
	if (has_path(path) && rule->severity > CW_SEVERITY_LOW &&
	    any_glob(rule->paths_lower, rule->paths_lower_len, path))
		return rule->severity - 1;
	return rule->severity;
}
