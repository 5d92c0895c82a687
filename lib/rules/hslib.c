/* rules/hslib.c - see hslib.h. */
#include "rules/hslib.h"

#include <hs_compile.h>

#ifdef CW_HS_LIBRARY /* the file name of the whole library */

#include <dlfcn.h>
#include <hs_runtime.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define THREAD_MEMORY ((size_t)64 << 10) /* bytes: far more than what is asked for */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cw_hslib lib;
static void *handle;
static void *(*thread_globals)(void); /* of the C++ library; NULL: another one */

static int cannot_load(struct cw_err *err)
{
	const char *why = dlerror();

	if (!why || strstr(why, "memory") || strstr(why, "cannot create"))
		return cw_err_nomem(err);
	return cw_err_set(err, CW_E_UNSUPPORTED, "rules cannot be compiled: %s", why);
}

/* The function NAME, into the pointer to it at RET: ISO C has no conversion for that. */
static bool find(void *from, const char *name, void *ret)
{
	void *symbol = dlsym(from, name);

	memcpy(ret, &symbol, sizeof(symbol));
	return symbol;
}

/* A database is of use only to the version that made it. */
static bool same_version(void *from)
{
	__typeof__(hs_version) *version;

	return find(from, "hs_version", &version) && strcmp(version(), hs_version()) == 0;
}

static int load(struct cw_err *err)
{
	void *from = dlopen(CW_HS_LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!from)
		return cannot_load(err);
	if (!find(from, "hs_compile_multi", &lib.compile_multi) || !find(from, "hs_expression_info", &lib.expression_info) ||
	    !find(from, "hs_free_compile_error", &lib.free_compile_error) || !same_version(from)) {
		dlclose(from);
		return cw_err_set(err, CW_E_UNSUPPORTED, "rules cannot be compiled: %s is of another version than the library "
							 "that scans", CW_HS_LIBRARY);
	}
	if (!find(from, "__cxa_get_globals", &thread_globals))
		thread_globals = NULL;
	handle = from;
	return 0;
}

/* What a library that was not there at the start keeps for each thread is allocated at its first use, here in the midst of a
 * compilation, and the dynamic linker ends a process that has no memory for it. So it is used now, when there is some. */
static int prepare_thread(struct cw_err *err)
{
	void *volatile memory = malloc(THREAD_MEMORY);

	if (!memory)
		return cw_err_nomem(err);
	free(memory);
	if (thread_globals)
		thread_globals();
	return 0;
}

int cw_hslib(const struct cw_hslib **ret, struct cw_err *err)
{
	int rc;

	pthread_mutex_lock(&lock);
	rc = handle ? 0 : load(err);
	pthread_mutex_unlock(&lock);
	if (rc == 0)
		rc = prepare_thread(err);
	if (rc == 0)
		*ret = &lib;
	return rc;
}

#else

int cw_hslib(const struct cw_hslib **ret, struct cw_err *err)
{
	static const struct cw_hslib lib = {hs_compile_multi, hs_expression_info, hs_free_compile_error};

	(void)err;
	*ret = &lib;
	return 0;
}

#endif
