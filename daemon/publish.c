/* daemon/publish.c - see publish.h. */
#include "daemon/publish.h"

#include <stdlib.h>

#include "daemon/server.h"

struct subscriber {
	struct cw_subscribers *all;
	struct cw_request *request;
	struct subscriber *next;
};

struct cw_subscribers {
	struct subscriber *first;
	size_t len;
};

int cw_subscribers_new(struct cw_subscribers **ret, struct cw_err *err)
{
	struct cw_subscribers *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return cw_err_nomem(err);
	*ret = s;
	return 0;
}

void cw_subscribers_free(struct cw_subscribers *s)
{
	if (s == NULL)
		return;
	while (s->first != NULL) {
		struct subscriber *next = s->first->next;

		free(s->first);
		s->first = next;
	}
	free(s);
}

size_t cw_subscribers_len(const struct cw_subscribers *s)
{
	return s->len;
}

/* The connection has ended. While events are sent the list is walked: the entry stays until then, without a request. */
static void gone(void *payload)
{
	struct subscriber *one = payload;

	one->request = NULL;
	one->all->len--;
}

static void remove_gone(struct cw_subscribers *s)
{
	struct subscriber **link = &s->first;

	while (*link != NULL) {
		struct subscriber *one = *link;

		if (one->request != NULL) {
			link = &one->next;
			continue;
		}
		*link = one->next;
		free(one);
	}
}

int cw_subscribers_add(struct cw_subscribers *s, struct cw_request *r, struct cw_err *err)
{
	struct subscriber *one;

	remove_gone(s);
	if (s->len >= CW_SUBSCRIBERS_MAX)
		return cw_err_set(err, CW_E_LIMIT, "there are %d subscribers", CW_SUBSCRIBERS_MAX);
	one = calloc(1, sizeof(*one));
	if (one == NULL)
		return cw_err_nomem(err);
	*one = (struct subscriber){.all = s, .request = r, .next = s->first};
	s->first = one;
	s->len++;
	cw_request_on_gone(r, gone, one);
	return 0;
}

void cw_subscribers_send(struct cw_subscribers *s, const struct cw_json *event)
{
	static const char head[] = "{\"event\":";
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

	if (s->len == 0 || event == NULL)
		return;
	cw_buf_adds(&text, head);
	if (cw_json_print(event, false, &text, NULL) != 0)
		return;
	cw_buf_addc(&text, '}');
	if (cw_buf_fail(&text, "event", NULL) != 0)
		return;
	for (struct subscriber *one = s->first; one != NULL; one = one->next) {
		if (one->request != NULL)
			cw_request_continue_text(one->request, text.data, text.len);
	}
}

void cw_subscribers_end(struct cw_subscribers *s)
{
	for (struct subscriber *one = s->first; one != NULL; one = one->next) {
		struct cw_request *r = one->request;

		if (r == NULL)
			continue;
		one->request = NULL;
		s->len--;
		cw_request_fail(r, "Unavailable", "the daemon ends");
	}
}

void cw_daemon_publish(struct cw_daemon *d, const struct cw_json *event)
{
	if (d->server != NULL)
		cw_subscribers_send(cw_server_subscribers(d->server), event);
}
