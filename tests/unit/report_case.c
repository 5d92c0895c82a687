/* unit/report_case.c - see report_case.h. */
#include "report_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/load.h"

static const struct cw_key key = {.bytes = {9}, .id = "abcd"};

static const char rules[] =
	"provider: acme\n"
	"rules:\n"
	"  - {id: acme.one, title: 'Title \\with a backslash', class: specific, severity: high, anchor: 'secret_of_the',\n"
	"     pattern: '(?<secret>secret_of_the_[a-z_]+)', reach: {before: 64, after: 64}, description: d,\n"
	"     remediation: 'Revoke it in the console of the vendor, then look at the log of its use, and put the new one into a vault.',\n"
	"     examples: [secret_of_the_a, secret_of_the_b], counterexamples: [x, y]}\n"
	"  - {id: acme.two, title: Other, class: specific, severity: low, anchor: 'other_kind',\n"
	"     pattern: '(?<secret>other_kind)', reach: {before: 64, after: 64}, description: d, remediation: r,\n"
	"     examples: [other_kind, 'x other_kind'], counterexamples: [x, y]}\n";

int report_setup(void **state)
{
	struct report_case *f = calloc(1, sizeof(*f));
	struct cw_rulebook *book = NULL;
	struct cw_err err = CW_ERR_INIT;

	if (!f || cw_rulebook_new(&book, &err) != 0 ||
	    cw_rulebook_add(book, "acme.yaml", rules, strlen(rules), &err) != 0 || cw_rulebook_finish(book, &err) != 0 ||
	    cw_set_compile(book, &f->set, &err) != 0 || cw_findings_new(&key, 1, true, &f->findings, &err) != 0) {
		print_error("%s\n", err.msg);
		return -1;
	}
	cw_rulebook_free(book);
	cw_coverage_init(&f->coverage);
	f->in = (struct cw_report_input){.command = "scan", .target = "a b", .version = "1.2.3", .set = f->set,
					 .findings = f->findings, .coverage = &f->coverage};
	*state = f;
	return 0;
}

int report_teardown(void **state)
{
	struct report_case *f = *state;

	cw_findings_free(f->findings);
	cw_coverage_release(&f->coverage);
	cw_set_unref(f->set);
	free(f->text);
	free(f);
	return 0;
}

struct cw_scan_hit report_hit(struct report_case *f, const char *rule, const char *secret, const char *path)
{
	return (struct cw_scan_hit){.rule = cw_set_find(f->set, rule), .proof = CW_PROOF_CHECKSUM, .secret = secret,
				    .canonical = secret, .secret_len = strlen(secret), .canonical_len = strlen(secret),
				    .path = path, .line = 3, .column = 5, .end_line = 4, .end_column = 6};
}

void report_send(struct report_case *f, const struct cw_scan_hit *hit)
{
	struct cw_sink sink = cw_findings_sink(f->findings);

	assert_int_equal(sink.hit(sink.payload, 0, hit, NULL), 0);
}

void report_write(struct report_case *f, const char *format)
{
	FILE *out;

	free(f->text);
	f->text = NULL;
	out = open_memstream(&f->text, &f->len);
	assert_non_null(out);
	assert_int_equal(cw_report_find(format)->write(&f->in, out, NULL), 0);
	assert_int_equal(fclose(out), 0);
}

void report_has(struct report_case *f, const char *word)
{
	if (!strstr(f->text, word))
		fail_msg("'%s' is not in:\n%s", word, f->text);
}

void report_has_not(struct report_case *f, const char *word)
{
	if (strstr(f->text, word))
		fail_msg("'%s' is in:\n%s", word, f->text);
}

