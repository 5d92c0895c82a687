/* scan/worker.c - see worker.h. */
#include "scan/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"

struct worker {
	cw_worker_fn fn;
	void *shared;
	unsigned number;
	pthread_t thread;
	bool started;
	int rc;
	struct cw_err err;
};

static void *run(void *arg)
{
	struct worker *w = arg;

	w->rc = w->fn(w->shared, w->number, &w->err);
	return NULL;
}

static void start_others(struct worker *workers, unsigned jobs)
{
	sigset_t all, before;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before))
		return;
	for (unsigned i = 1; i < jobs; i++)
		workers[i].started = !pthread_create(&workers[i].thread, NULL, run, &workers[i]);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int cw_workers_run(unsigned jobs, cw_worker_fn fn, void *shared, struct cw_err *err)
{
	unsigned n = jobs < 1 ? 1 : jobs > CW_JOBS_MAX ? CW_JOBS_MAX : jobs;
	CW_CLEANUP(cw_freep) struct worker *workers = calloc(n, sizeof(*workers));
	int rc = 0;

	if (!workers)
		return cw_err_nomem(err);
	for (unsigned i = 0; i < n; i++) {
		workers[i].fn = fn;
		workers[i].shared = shared;
		workers[i].number = i;
	}
	start_others(workers, n);
	run(&workers[0]);
	for (unsigned i = 1; i < n; i++) {
		if (workers[i].started)
			pthread_join(workers[i].thread, NULL);
	}
	for (unsigned i = 0; i < n && !rc; i++) {
		rc = workers[i].rc;
		if (rc && err)
			*err = workers[i].err;
	}
	return rc;
}
