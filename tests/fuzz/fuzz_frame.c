/* Fuzz target: framing. The first byte gives the limit, the second how many bytes come at once; what is handed out has to be what stands
 * between the NULs, up to the first message that is too long. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* Take out all whole messages; they have to be the next ones of the input. */
static void take_messages(struct cw_framer *f, const char **next, const char *end, size_t max)
{
	const char *message;
	size_t n;

	while (cw_framer_next(f, &message, &n)) {
		const char *nul = memchr(*next, '\0', (size_t)(end - *next));

		require(nul != NULL && n == (size_t)(nul - *next) && n <= max);
		require(memcmp(message, *next, n + 1) == 0);
		*next = nul + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CW_CLEANUP(cw_framer_release) struct cw_framer f = {.start = 0};
	const char *p, *end, *next;
	size_t max, step;

	if (len < 2)
		return 0;
	max = data[0];
	step = (size_t)data[1] + 1;
	p = next = (const char *)data + 2;
	end = (const char *)data + len;
	cw_framer_init(&f, max);
	while (p < end) {
		char *space;
		size_t room, n = (size_t)(end - p) < step ? (size_t)(end - p) : step;

		if (cw_framer_space(&f, &space, &room, NULL) != 0) {
			/* Too long: no NUL in so many bytes. */
			require((size_t)(p - next) > max && memchr(next, '\0', max + 1) == NULL);
			return 0;
		}
		require(room > 0);
		n = n < room ? n : room;
		memcpy(space, p, n);
		cw_framer_commit(&f, n);
		p += n;
		take_messages(&f, &next, p, max);
		require(cw_framer_partial(&f) == (next < p));
		require(cw_framer_count(&f) == (next < p));
		cw_framer_trim(&f);
		require(f.buf.cap <= max + 1);
	}
	return 0;
}
