/* match/story.c - see story.h. */
#include "match/story.h"

#include <stdarg.h>

const char *cw_step_result_name(enum cw_step_result r)
{
	static const char *const names[] = {"passed", "failed", "not asked", "note"};

	return (size_t)r < sizeof(names) / sizeof(*names) ? names[r] : "?";
}

void cw_story_clear(struct cw_story *s)
{
	cw_vec_clear(&s->steps);
	cw_buf_clear(&s->texts);
}

void cw_story_release(struct cw_story *s)
{
	cw_vec_release(&s->steps);
	cw_buf_release(&s->texts);
}

int cw_story_copy(struct cw_story *into, const struct cw_story *from, struct cw_err *err)
{
	cw_story_clear(into);
	for (size_t i = 0; i < from->steps.len; i++) {
		struct cw_step *slot = cw_vec_push(&into->steps);

		if (slot)
			*slot = CW_VEC_AT(&from->steps, struct cw_step, i);
	}
	cw_buf_add(&into->texts, from->texts.data, from->texts.len);
	return cw_story_fail(into, err);
}

const char *cw_story_text(const struct cw_story *s, size_t i)
{
	return s->texts.data + CW_VEC_AT(&s->steps, struct cw_step, i).text;
}

int cw_story_fail(const struct cw_story *s, struct cw_err *err)
{
	int rc = cw_vec_fail(&s->steps, "the story of a verdict", err);

	return rc == 0 ? cw_buf_fail(&s->texts, "the story of a verdict", err) : rc;
}

void cw_story_add(struct cw_story *s, const char *check, enum cw_step_result result, const char *fmt, ...)
{
	struct cw_step *step;
	va_list ap;

	if (!s)
		return;
	step = cw_vec_push(&s->steps);
	if (!step)
		return;
	*step = (struct cw_step){.check = check, .result = result, .text = s->texts.len};
	va_start(ap, fmt);
	cw_buf_addv(&s->texts, fmt, ap);
	va_end(ap);
	cw_buf_addc(&s->texts, '\0');
}

bool cw_story_fails(struct cw_story *s, const char *check, bool wrong, const char *if_wrong, const char *if_right)
{
	if (s)
		cw_story_add(s, check, wrong ? CW_STEP_FAILED : CW_STEP_PASSED, "%s", wrong ? if_wrong : if_right);
	return wrong;
}
