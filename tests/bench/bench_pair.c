/* bench_pair.c - runs two short commands in turns and prints the median of each in milliseconds, and the ratio.
 * Usage: bench_pair ROUNDS COMMAND... -- COMMAND...; a shell that looks at the clock takes as long as they do. What they print goes
 * to /dev/null. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"

#define ROUNDS_MAX 10000
#define WARM_UP 3

extern char **environ;

struct side {
	char **argv;
	double *times; /* milliseconds, one a round */
	int status;    /* of the last run */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int run(struct side *s, double *ret_time)
{
	double start = now();
	int status = 0;
	pid_t pid;

	if (posix_spawnp(&pid, s->argv[0], NULL, NULL, s->argv, environ) != 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	*ret_time = now() - start;
	s->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return s->status == 127 ? -1 : 0;
}

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(struct side *s, size_t rounds)
{
	qsort(s->times, rounds, sizeof(*s->times), by_time);
	return (s->times[(rounds - 1) / 2] + s->times[rounds / 2]) / 2;
}

static int measure(struct side sides[2], size_t rounds)
{
	double cold;

	for (size_t i = 0; i < 2 * WARM_UP; i++) {
		if (run(&sides[i % 2], &cold) != 0)
			return -1;
	}
	for (size_t i = 0; i < 2 * rounds; i++) {
		if (run(&sides[i % 2], &sides[i % 2].times[i / 2]) != 0)
			return -1;
	}
	return 0;
}

/* Only the results are to be seen. */
static FILE *keep_stdout(void)
{
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (out < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return NULL;
	return fdopen(out, "w");
}

int main(int argc, char **argv)
{
	struct side sides[2] = {{.argv = argv + 2}};
	uint64_t rounds = 0;
	FILE *out;
	double a, b;

	for (int i = 3; i + 1 < argc && !sides[1].argv; i++) {
		if (strcmp(argv[i], "--") == 0) {
			argv[i] = NULL;
			sides[1].argv = argv + i + 1;
		}
	}
	if (!sides[1].argv || cw_num_u64(argv[1], strlen(argv[1]), 1, ROUNDS_MAX, "ROUNDS", &rounds, NULL) != 0) {
		fprintf(stderr, "usage: bench_pair ROUNDS COMMAND... -- COMMAND...\n");
		return 2;
	}
	sides[0].times = calloc(rounds, sizeof(double));
	sides[1].times = calloc(rounds, sizeof(double));
	out = keep_stdout();
	if (!sides[0].times || !sides[1].times || !out || measure(sides, rounds) != 0) {
		fprintf(stderr, "bench_pair: a command cannot be run\n");
		return 1;
	}
	a = median(&sides[0], rounds);
	b = median(&sides[1], rounds);
	fprintf(out, "%.2f ms against %.2f ms, ratio %.2f, medians of %d, exit status %d and %d\n", a, b, a / b, (int)rounds,
		sides[0].status, sides[1].status);
	free(sides[0].times);
	free(sides[1].times);
	return fclose(out) == 0 ? 0 : 1;
}
