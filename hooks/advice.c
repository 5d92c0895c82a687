/* hooks/advice.c - see advice.h. */
#include "hooks/advice.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/words.h"
#include "vcs/oid_hash.h"
#include "vcs/push.h"

#define COMMITS_LISTED 5

struct bad { /* a commit that brings a secret */
	const struct cw_range_commit *commit;
	const char *path; /* the one path where it does, redacted; NULL: there are several, or none */
	bool in_content, in_text;
};

struct advice {
	struct cw_gate *g;
	const struct cw_vec *refs;
	const struct cw_range *range;
	struct cw_oid_hash index; /* of the commits in range */
	struct cw_vec bad;	  /* struct bad, by time */
	const struct cw_oid *tag; /* a tag whose text holds one, or NULL */
	bool in_name, in_ref, unnamed;
};

static void add_id(struct cw_gate *g, const struct cw_oid *oid)
{
	char hex[CW_OID_HEX_SIZE];

	cw_oid_hex(oid, hex);
	cw_gate_say(g, "%.*s", CW_REPORT_SHORT_ID, hex);
}

static const struct cw_push_ref *ref_with(const struct advice *a, const struct cw_oid *oid)
{
	for (size_t i = 0; i < a->refs->len; i++) {
		const struct cw_push_ref *ref = &CW_VEC_AT(a->refs, struct cw_push_ref, i);

		if (ref->new_oid.len > 0 && cw_oid_cmp(&ref->new_oid, oid) == 0)
			return ref;
	}
	return NULL;
}

/* ---- which commits ---- */

static int index_range(struct advice *a, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < a->range->commits.len; i++)
		rc = cw_oid_hash_put(&a->index, &CW_VEC_AT(&a->range->commits, struct cw_range_commit, i).oid, (uint32_t)i,
				     NULL, NULL, err);
	return rc;
}

/* Note what F says of its commit in the slot that every commit of the range has. */
static void note(struct advice *a, struct bad *slots, const struct cw_finding *f)
{
	const uint32_t *i = f->origin && f->origin->commit.len > 0 ? cw_oid_hash_get(&a->index, &f->origin->commit) : NULL;
	struct bad *b = i ? &slots[*i] : NULL;

	if (f->type == CW_OBJ_TAG)
		a->tag = &f->object;
	else if (f->origin && f->origin->tip_ref)
		a->in_ref = true;
	else if (!b && cw_coverage_complete(&a->g->coverage))
		a->unnamed = true;
	if (!b)
		return;
	if (f->type == CW_OBJ_COMMIT) {
		b->in_text = true;
		return;
	}
	a->in_name = a->in_name || f->type == CW_OBJ_TREE;
	if (!b->in_content)
		b->path = f->path;
	else if (!b->path || !f->path || strcmp(b->path, f->path) != 0)
		b->path = NULL;
	b->in_content = true;
}

static int find_bad(struct advice *a, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) struct bad *slots = calloc(a->range->commits.len + 1, sizeof(*slots));

	if (!slots)
		return cw_err_nomem(err);
	for (size_t i = 0; i < a->g->items.len; i++) {
		const struct cw_gate_item *item = &CW_VEC_AT(&a->g->items, struct cw_gate_item, i);

		if (item->verdict == CW_VERDICT_BLOCK)
			note(a, slots, item->finding);
	}
	for (size_t i = 0; i < a->range->commits.len; i++) {
		struct bad *slot;

		if (!slots[i].in_content && !slots[i].in_text)
			continue;
		slots[i].commit = &CW_VEC_AT(&a->range->commits, struct cw_range_commit, i);
		slot = cw_vec_push(&a->bad);
		if (!slot)
			return cw_vec_fail(&a->bad, "commits", err);
		*slot = slots[i];
	}
	return 0;
}

/* ---- words ---- */

static void say_edit(struct cw_gate *g, const struct bad *b, const char *indent)
{
	cw_gate_say(g, "%s", indent);
	if (b->path) {
		cw_gate_say(g, "(edit ");
		cw_escape(&g->text, b->path, strlen(b->path));
		cw_gate_say(g, ")\n");
	} else {
		cw_gate_say(g, "(edit the files named above)\n");
	}
}

static void amend(struct cw_gate *g, const struct bad *b)
{
	cw_gate_say(g, "It is in your last commit. Take it out and push again:\n");
	if (b->in_content) {
		say_edit(g, b, "    ");
		cw_gate_say(g, "    git add -u\n");
	}
	cw_gate_say(g, "    git commit --amend%s\n", b->in_text ? "" : " --no-edit");
	if (b->in_text)
		cw_gate_say(g, "    (change the message; if it is the author, add --author='NAME <MAIL>')\n");
	cw_gate_say(g, "    git push\n");
}

static bool has_merges(const struct cw_range *range)
{
	for (size_t i = 0; i < range->commits.len; i++)
		if (CW_VEC_AT(&range->commits, struct cw_range_commit, i).parents_len > 1)
			return true;
	return false;
}

static void say_commits(struct cw_gate *g, const struct cw_vec *bad)
{
	for (size_t i = 0; i < bad->len && i < COMMITS_LISTED; i++) {
		cw_gate_say(g, "%s", i == 0 ? "" : ", ");
		add_id(g, &CW_VEC_AT(bad, struct bad, i).commit->oid);
	}
	if (bad->len > COMMITS_LISTED)
		cw_gate_say(g, " and %zu more", bad->len - COMMITS_LISTED);
}

static void rebase(const struct advice *a)
{
	const struct bad *oldest = &CW_VEC_AT(&a->bad, struct bad, 0);
	struct cw_gate *g = a->g;

	cw_gate_say(g, "To remove it in a later commit does not help: the older one would keep it.\n"
		       "Rewrite your commits from the first that holds it, then push again:\n"
		       "    git rebase -i %s", has_merges(a->range) ? "--rebase-merges " : "");
	if (oldest->commit->parents_len == 0) {
		cw_gate_say(g, "--root");
	} else {
		add_id(g, &oldest->commit->oid);
		cw_gate_say(g, "^");
	}
	cw_gate_say(g, "\n    (write 'edit' in place of 'pick' for ");
	say_commits(g, &a->bad);
	cw_gate_say(g, "; at each stop:)\n");
	say_edit(g, a->bad.len == 1 ? oldest : &(struct bad){.path = NULL}, "        ");
	cw_gate_say(g, "        git add -u && git commit --amend && git rebase --continue\n"
		       "    git push\n");
}

static void say_tag(const struct advice *a)
{
	const struct cw_push_ref *ref = ref_with(a, a->tag);
	const char *name = ref && strncmp(ref->name, "refs/tags/", 10) == 0 ? ref->name + 10 : NULL;

	cw_gate_say(a->g, "The text of a tag holds it: make the tag anew, with another text:\n    git tag -f -a ");
	if (name)
		cw_gate_add_foreign(a->g, name);
	cw_gate_say(a->g, "%s\n", name ? "^{}" : "NAME");
}

static void say_others(const struct advice *a)
{
	struct cw_gate *g = a->g;

	if (a->tag)
		say_tag(a);
	if (a->in_name)
		cw_gate_say(g, "The name of a file or folder holds it: git mv it to another name.\n");
	if (a->in_ref)
		cw_gate_say(g, "The name of a branch or tag holds it: git branch -m, or push it under another name.\n");
	if (a->unnamed)
		cw_gate_say(g, "The push carries an object with it that no commit of the push names: push from a fresh clone\n"
			       "to which only your commits were fetched.\n");
}

int cw_advise_push(struct cw_gate *g, const struct cw_vec *refs, const struct cw_range *range, struct cw_err *err)
{
	struct advice a = {.g = g, .refs = refs, .range = range, .index = CW_OID_HASH_INIT,
			   .bad = CW_VEC_INIT(struct bad, UINT32_MAX)};
	int rc = index_range(&a, err);

	if (rc == 0)
		rc = find_bad(&a, err);
	if (rc == 0) {
		const struct bad *first = a.bad.len > 0 ? &CW_VEC_AT(&a.bad, struct bad, 0) : NULL;

		if (a.bad.len == 1 && ref_with(&a, &first->commit->oid))
			amend(g, first);
		else if (first)
			rebase(&a);
		say_others(&a);
	}
	cw_oid_hash_release(&a.index);
	cw_vec_release(&a.bad);
	return rc;
}
