/* policy/baseline.c - see baseline.h. */
#include "policy/baseline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/text.h"
#include "policy/policy.h"

#define HEADER "# credwatch baseline "
#define VERSION "1"
#define HEX "0123456789abcdef"
#define RULE_CHARS "abcdefghijklmnopqrstuvwxyz0123456789.-_"
#define WITHOUT_PATH "-"

void cw_baseline_init(struct cw_baseline *b)
{
	b->entries = (struct cw_vec)CW_VEC_INIT(struct cw_baseline_entry, CW_BASELINE_ENTRIES_MAX);
}

static void entry_release(struct cw_baseline_entry *e)
{
	free(e->rule);
	free(e->path);
}

void cw_baseline_release(struct cw_baseline *b)
{
	for (size_t i = 0; i < b->entries.len; i++)
		entry_release(&CW_VEC_AT(&b->entries, struct cw_baseline_entry, i));
	cw_vec_release(&b->entries);
	cw_baseline_init(b);
}

bool cw_fingerprint_valid(const char *text)
{
	return strlen(text) == CW_FINGERPRINT_SIZE - 1 && strspn(text, HEX) == CW_KEY_ID_SIZE - 1 &&
	       text[CW_KEY_ID_SIZE - 1] == ':' && strspn(text + CW_KEY_ID_SIZE, HEX) == CW_FINGERPRINT_SIZE - 1 - CW_KEY_ID_SIZE;
}

static int add_entry(struct cw_baseline *b, const char *fingerprint, const char *rule, uint64_t places, const char *path,
		     struct cw_err *err)
{
	struct cw_baseline_entry *e = cw_vec_push(&b->entries);

	if (!e)
		return cw_vec_fail(&b->entries, "baseline", err);
	memcpy(e->fingerprint, fingerprint, CW_FINGERPRINT_SIZE);
	e->places = places;
	e->rule = strdup(rule);
	e->path = strdup(path);
	return e->rule && e->path ? 0 : cw_err_nomem(err);
}

static int by_fingerprint(const void *va, const void *vb)
{
	const struct cw_baseline_entry *a = va, *b = vb;

	return strcmp(a->fingerprint, b->fingerprint);
}

/* Sort, and of entries with one fingerprint (a merge may leave two) keep the first. */
static void tidy(struct cw_baseline *b)
{
	struct cw_baseline_entry *e = b->entries.items;
	size_t n = 0;

	if (b->entries.len > 1)
		qsort(e, b->entries.len, sizeof(*e), by_fingerprint);
	for (size_t i = 0; i < b->entries.len; i++) {
		if (n > 0 && by_fingerprint(&e[n - 1], &e[i]) == 0)
			entry_release(&e[i]);
		else
			e[n++] = e[i];
	}
	b->entries.len = n;
}

/* ---- reading ---- */

/* Cut the next word off *REST, which a blank ends; NULL when there is none. */
static char *next_word(char **rest)
{
	char *word = *rest, *blank = strchr(word, ' ');

	if (!blank || blank == word)
		return NULL;
	*blank = '\0';
	*rest = blank + 1;
	return word;
}

static int parse_line(struct cw_baseline *b, char *line, const char *name, size_t number, struct cw_err *err)
{
	char *rest = line, *fingerprint = next_word(&rest), *rule, *places;
	uint64_t n;

	if (!fingerprint || !cw_fingerprint_valid(fingerprint))
		return cw_err_set(err, CW_E_INVALID, "%s:%zu: not an entry: a fingerprint, a rule, a number of places and a path "
				  "are expected (a conflict of a merge is resolved by keeping both sides)", name, number);
	rule = next_word(&rest);
	places = rule ? next_word(&rest) : NULL;
	if (!places || !*rest || rule[strspn(rule, RULE_CHARS)] ||
	    cw_num_u64(places, strlen(places), 0, UINT64_MAX, "places", &n, NULL) != 0)
		return cw_err_set(err, CW_E_INVALID, "%s:%zu: behind the fingerprint a rule, a number of places and a path are "
				  "expected", name, number);
	return add_entry(b, fingerprint, rule, n, rest, err);
}

static int check_header(const char *line, const char *name, struct cw_err *err)
{
	if (strncmp(line, HEADER, sizeof(HEADER) - 1) != 0)
		return cw_err_set(err, CW_E_INVALID, "%s:1: not a baseline: its first line must be '%s%s'", name, HEADER, VERSION);
	if (strcmp(line + sizeof(HEADER) - 1, VERSION) != 0)
		return cw_err_set(err, CW_E_INVALID, "%s:1: a baseline of a version that is not known here; this is version %s",
				  name, VERSION);
	return 0;
}

static int parse_lines(struct cw_baseline *b, const char *name, char *text, struct cw_err *err)
{
	char *next = text;
	int rc = 0;

	for (size_t number = 1; rc == 0 && next; number++) {
		char *line = next, *lf = strchr(line, '\n');

		next = lf ? lf + 1 : NULL;
		if (lf)
			*lf = '\0';
		if (lf && lf > line && lf[-1] == '\r')
			lf[-1] = '\0';
		if (number == 1)
			rc = check_header(line, name, err);
		else if (*line && *line != '#')
			rc = parse_line(b, line, name, number, err);
	}
	return rc;
}

int cw_baseline_parse(struct cw_baseline *b, const char *name, const char *data, size_t len, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *text = NULL;
	int rc;

	if (len > CW_BASELINE_FILE_MAX)
		return cw_err_set(err, CW_E_LIMIT, "%s: larger than %zu bytes", name, CW_BASELINE_FILE_MAX);
	if (memchr(data, '\0', len))
		return cw_err_set(err, CW_E_INVALID, "%s: not a baseline: it holds a NUL byte", name);
	text = strndup(data, len);
	if (!text)
		return cw_err_nomem(err);
	rc = parse_lines(b, name, text, err);
	if (rc == 0)
		tidy(b);
	return rc;
}

static const struct cw_baseline_entry *find(const struct cw_baseline *b, const char *fingerprint)
{
	struct cw_baseline_entry wanted;

	if (b->entries.len == 0 || !cw_fingerprint_valid(fingerprint))
		return NULL;
	memcpy(wanted.fingerprint, fingerprint, CW_FINGERPRINT_SIZE);
	return bsearch(&wanted, b->entries.items, b->entries.len, sizeof(wanted), by_fingerprint);
}

bool cw_baseline_has(const struct cw_baseline *b, const char *fingerprint)
{
	return find(b, fingerprint) != NULL;
}

static bool is_foreign(const struct cw_baseline_entry *e, const char *key_id)
{
	return strncmp(e->fingerprint, key_id, CW_KEY_ID_SIZE - 1) != 0;
}

size_t cw_baseline_foreign(const struct cw_baseline *b, const char *key_id)
{
	size_t n = 0;

	for (size_t i = 0; i < b->entries.len; i++)
		n += is_foreign(&CW_VEC_AT(&b->entries, struct cw_baseline_entry, i), key_id);
	return n;
}

/* ---- updating ---- */

struct secret { /* one of the findings, with the number of its places */
	const struct cw_finding *first;
	size_t rank;
	uint64_t places;
	enum cw_proof_level proof; /* the best */
};

static int by_secret(const void *va, const void *vb)
{
	const struct secret *a = va, *b = vb;
	int c = strcmp(a->first->fingerprint, b->first->fingerprint);

	return c != 0 ? c : (a->rank > b->rank) - (a->rank < b->rank);
}

/* A finding that an entry or a mark explains needs no place in a baseline. */
static bool is_wanted(const struct cw_finding *f)
{
	return !f->suppression || f->suppression->advisory || f->suppression->by == CW_BY_BASELINE;
}

/* The secrets of F, one each, sorted by fingerprint. */
static int gather(const struct cw_findings *f, struct cw_vec *out, struct cw_err *err)
{
	struct secret *s;
	size_t n = 0;

	for (size_t i = 0; i < cw_findings_len(f); i++) {
		struct secret *slot;

		if (!is_wanted(cw_findings_at(f, i)))
			continue;
		slot = cw_vec_push(out);
		if (!slot)
			return cw_vec_fail(out, "baseline", err);
		*slot = (struct secret){.first = cw_findings_at(f, i), .rank = i, .proof = cw_findings_at(f, i)->proof,
					.places = 1 + cw_findings_at(f, i)->unlisted};
	}
	s = out->items;
	if (out->len > 1)
		qsort(s, out->len, sizeof(*s), by_secret);
	for (size_t i = 0; i < out->len; i++) {
		if (n == 0 || strcmp(s[n - 1].first->fingerprint, s[i].first->fingerprint) != 0) {
			s[n++] = s[i];
			continue;
		}
		s[n - 1].places += s[i].places;
		if (s[i].proof > s[n - 1].proof)
			s[n - 1].proof = s[i].proof;
	}
	out->len = n;
	return 0;
}

static int add_secret(struct cw_baseline *b, const struct secret *s, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;
	const struct cw_finding *f = s->first;

	if (f->path && f->path[0])
		cw_escape(&path, f->path, strlen(f->path));
	else
		cw_buf_adds(&path, WITHOUT_PATH);
	if (cw_buf_fail(&path, "baseline", err) != 0)
		return path.fail;
	return add_entry(b, f->fingerprint, f->rule->id, s->places, path.data, err);
}

/* Of SECRETS, which are sorted, the one of this fingerprint. */
static const struct secret *find_secret(const struct cw_vec *secrets, const char *fingerprint)
{
	size_t low = 0, high = secrets->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct secret *s = &CW_VEC_AT(secrets, struct secret, middle);
		int c = strcmp(fingerprint, s->first->fingerprint);

		if (c == 0)
			return s;
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Carry an entry of the old one over if it is not among the new ones but has to stay. S is the secret it was found as, or NULL; a
 * secret that was not added is a weak one. */
static int carry(struct cw_baseline *b, const struct cw_baseline_entry *e, const struct secret *s, bool with_context, bool keep,
		 const char *key_id, struct cw_baseline_change *change, struct cw_err *err)
{
	bool foreign = is_foreign(e, key_id);

	change->foreign += foreign;
	if (s) {
		change->kept += with_context || s->proof != CW_PROOF_CONTEXT;
		return 0;
	}
	if (!foreign && !keep) {
		change->dropped++;
		return 0;
	}
	change->kept += !foreign;
	change->missing += !foreign;
	return add_entry(b, e->fingerprint, e->rule, e->places, e->path, err);
}

static int add_secrets(struct cw_baseline *b, const struct cw_vec *secrets, bool with_context,
		       struct cw_baseline_change *change, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < secrets->len; i++) {
		const struct secret *s = &CW_VEC_AT(secrets, struct secret, i);

		if (s->proof == CW_PROOF_CONTEXT && !with_context)
			change->weak++;
		else
			rc = add_secret(b, s, err);
	}
	return rc;
}

static size_t count_unsure(const struct cw_findings *f)
{
	size_t n = 0;

	for (size_t i = 0; i < cw_findings_len(f); i++)
		n += is_wanted(cw_findings_at(f, i)) && cw_findings_at(f, i)->more > 0;
	return n;
}

int cw_baseline_update(struct cw_baseline *b, const struct cw_findings *f, const char *key_id, bool keep, bool with_context,
		       struct cw_baseline_change *ret_change, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec secrets = CW_VEC_INIT(struct secret, SIZE_MAX / sizeof(struct secret));
	CW_CLEANUP(cw_baseline_release) struct cw_baseline fresh;
	struct cw_baseline_change change = {0};
	size_t found;
	int rc;

	cw_baseline_init(&fresh);
	rc = gather(f, &secrets, err);
	if (rc == 0)
		rc = add_secrets(&fresh, &secrets, with_context, &change, err);
	found = fresh.entries.len;
	for (size_t i = 0; rc == 0 && i < b->entries.len; i++) {
		const struct cw_baseline_entry *e = &CW_VEC_AT(&b->entries, struct cw_baseline_entry, i);

		rc = carry(&fresh, e, find_secret(&secrets, e->fingerprint), with_context, keep, key_id, &change, err);
	}
	change.unsure = count_unsure(f);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < found; i++)
		change.added += !cw_baseline_has(b, CW_VEC_AT(&fresh.entries, struct cw_baseline_entry, i).fingerprint);
	tidy(&fresh);
	cw_baseline_release(b);
	*b = fresh;
	cw_baseline_init(&fresh);
	*ret_change = change;
	return 0;
}

int cw_baseline_print(const struct cw_baseline *b, const char *key_id, struct cw_buf *out, struct cw_err *err)
{
	cw_buf_addf(out, "%s%s\n# key %s\n", HEADER, VERSION, key_id);
	cw_buf_adds(out, "# fingerprint rule places first-path\n");
	for (size_t i = 0; i < b->entries.len; i++) {
		const struct cw_baseline_entry *e = &CW_VEC_AT(&b->entries, struct cw_baseline_entry, i);

		cw_buf_addf(out, "%s %s %" PRIu64 " %s\n", e->fingerprint, e->rule, e->places, e->path);
	}
	return cw_buf_fail(out, "baseline", err);
}
