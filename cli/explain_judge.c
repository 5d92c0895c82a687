/* cli/explain_judge.c - judges a place again, with somebody who writes down how: the same matcher, and the same verdicts. */
#include <string.h>

#include "base/io.h"
#include "cli/explain.h"
#include "match/blob.h"
#include "vcs/parse.h"
#include "vcs/repo.h"

struct search {
	struct cw_matcher *matcher;
	const struct cw_set *set;
	const struct cw_key *key;
	const struct cw_finding *finding;
	struct cw_told *told;
};

void cw_told_release(struct cw_told *t)
{
	cw_story_release(&t->story);
}

/* Of several verdicts on the secret in one text the strongest is told, of equal ones the first. */
static bool is_better(const struct cw_told *t, const struct cw_verdict *v)
{
	if (!t->found || v->proof != t->proof)
		return !t->found || v->proof > t->proof;
	return t->cut && !v->cut;
}

static int on_verdict(void *payload, const struct cw_judged *j, struct cw_err *err)
{
	struct search *s = payload;
	const struct cw_verdict *v = j->verdict;
	const char *bytes = j->data + v->start;
	char fingerprint[CW_FINGERPRINT_SIZE];
	size_t len = v->end - v->start;
	int rc;

	if (v->kind != CW_VERDICT_ACCEPT || cw_set_rule(s->set, j->rule) != s->finding->rule || !is_better(s->told, v))
		return 0;
	if (v->has_canonical) {
		bytes = j->canonical->data;
		len = j->canonical->len;
	}
	rc = cw_key_fingerprint(s->key, bytes, len, fingerprint, err);
	if (rc != 0 || strcmp(fingerprint, s->finding->fingerprint) != 0)
		return rc;
	s->told->found = true;
	s->told->end = j->end;
	s->told->start = v->start;
	s->told->proof = v->proof;
	s->told->cut = v->cut;
	cw_verdict_window(s->finding->rule, j->end, j->len, &s->told->window_a, &s->told->window_b);
	return cw_story_copy(&s->told->story, j->story, err);
}

static int match(struct search *s, const char *data, size_t len, struct cw_err *err)
{
	struct cw_recorder recorder = {.verdict = on_verdict, .payload = s, .story = CW_STORY_INIT};
	struct cw_result res;
	int rc;

	cw_result_init(&res);
	cw_matcher_set_recorder(s->matcher, &recorder);
	rc = cw_match_blob(s->matcher, data, len, &res, err);
	cw_matcher_set_recorder(s->matcher, NULL);
	cw_result_release(&res);
	cw_story_release(&recorder.story);
	return rc;
}

/* A secret in a tree stands in a name, and names are looked at one by one. */
static int match_names(struct search *s, const struct cw_object *tree, struct cw_err *err)
{
	struct cw_tree_entry entry;
	size_t pos = 0;
	int rc = 0;

	while (rc == 0 && !s->told->found && cw_tree_next(tree->data, tree->len, &pos, &entry))
		rc = match(s, entry.name, entry.name_len, err);
	return rc;
}

static int match_object(struct search *s, const char *repository, struct cw_err *err)
{
	CW_CLEANUP(cw_repo_free_p) struct cw_repo *repo = NULL;
	struct cw_object o = {0};
	int rc = cw_repo_open(repository, &repo, err);

	if (rc == 0)
		rc = cw_repo_read(repo, &s->finding->object, &o, err);
	if (rc != 0)
		return rc;
	rc = o.type == CW_OBJ_TREE ? match_names(s, &o, err) : match(s, o.data, o.len, err);
	cw_object_release(&o);
	return rc;
}

static int match_file(struct search *s, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	int rc = cw_io_read_file(s->finding->path, text.max, 0, &text, err);

	return rc == 0 ? match(s, text.data, text.len, err) : rc;
}

static int match_repository(struct search *s, const char *repository, struct cw_err *err)
{
	int rc = cw_vcs_init(err);

	if (rc != 0)
		return rc;
	rc = match_object(s, repository, err);
	cw_vcs_shutdown();
	return rc;
}

int cw_explain_judge(const struct cw_set *set, const struct cw_key *key, const struct cw_finding *f, const char *repository,
		     struct cw_told *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_matcher_free_p) struct cw_matcher *matcher = NULL;
	struct search s = {.set = set, .key = key, .finding = f, .told = ret};
	int rc = cw_matcher_new(set, &matcher, err);

	s.matcher = matcher;
	if (rc != 0)
		return rc;
	return repository ? match_repository(&s, repository, err) : match_file(&s, err);
}
