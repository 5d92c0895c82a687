/* cli/dump.c - see dump.h. */
#include "cli/dump.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

#define DUMP_MAX ((size_t)2 << 30) /* bytes */

static int keep(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_kept *ret, struct cw_err *err)
{
	struct cw_dump *d = payload;
	char hex[CW_OID_HEX_SIZE];
	int rc;

	cw_oid_hex(&hit->object, hex);
	pthread_mutex_lock(&d->lock);
	cw_buf_addf(&d->lines, "%s %s %" PRIu64 " %" PRIu64 " accept %s %s%s%s more=%" PRIu64 " line=%" PRIu64 "\n", hex, hit->rule->id,
		    hit->start, hit->end, cw_proof_level_name(hit->proof), hit->decoded ? hit->decoded : "plain",
		    hit->cut ? " cut" : "", hit->label ? " label" : "", hit->more, hit->line);
	rc = cw_buf_fail(&d->lines, "list of verdicts", err);
	pthread_mutex_unlock(&d->lock);
	return rc ? rc : d->next.keep(d->next.payload, worker, hit, ret, err);
}

static int hit_at_path(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_err *err)
{
	struct cw_dump *d = payload;

	return d->next.hit(d->next.payload, worker, hit, err);
}

static int place(void *payload, const struct cw_scan_place *p, struct cw_err *err)
{
	struct cw_dump *d = payload;

	return d->next.place(d->next.payload, p, err);
}

void cw_dump_init(struct cw_dump *d)
{
	*d = (struct cw_dump){.lines = CW_BUF_INIT_MAX(DUMP_MAX)};
	pthread_mutex_init(&d->lock, NULL);
}

void cw_dump_release(struct cw_dump *d)
{
	pthread_mutex_destroy(&d->lock);
	cw_buf_release(&d->lines);
}

struct cw_sink cw_dump_sink(struct cw_dump *d, const struct cw_sink *next)
{
	d->next = *next;
	return (struct cw_sink){.hit = hit_at_path, .keep = keep, .place = place, .payload = d};
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int cw_dump_write(struct cw_dump *d, const struct cw_coverage *coverage, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec lines = CW_VEC_INIT(char *, DUMP_MAX);

	for (size_t i = 0; i < coverage->list.len; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(&coverage->list, struct cw_unscanned, i);

		cw_buf_addf(&d->lines, "%s unscanned %s\n", u->object, u->reason);
	}
	if (cw_buf_fail(&d->lines, "list of verdicts", err))
		return d->lines.fail;
	for (char *s = d->lines.data, *end; (end = strchr(s, '\n')) != NULL; s = end + 1) {
		char **slot = cw_vec_push(&lines);

		if (!slot)
			return cw_vec_fail(&lines, "list of verdicts", err);
		*end = '\0';
		*slot = s;
	}
	if (lines.len > 0)
		qsort(lines.items, lines.len, sizeof(char *), by_text);
	for (size_t i = 0; i < lines.len; i++)
		fprintf(out, "%s\n", CW_VEC_AT(&lines, char *, i));
	if (fflush(out) || ferror(out))
		return cw_err_set(err, CW_E_IO, "cannot write the list of verdicts");
	return 0;
}
