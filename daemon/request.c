/* daemon/request.c - owns: how a handler's answer becomes a message. See method.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/conn.h"
#include "daemon/method.h"
#include "proto/call.h"
#include "proto/interface.h"

#define REASON_MAX 512 /* bytes */

/* What is answered when there is no memory for the answer. */
static const char no_memory[] = "{\"error\":\"io.credwatch.InternalError\",\"parameters\":{\"reason\":\"out of memory\"}}";

int cw_request_json(struct cw_request *r, struct cw_json **ret)
{
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_json_parse(r->parameters.data, r->parameters.len, r->parameters.len, ret, &err);

	if (rc == CW_E_NOMEM)
		cw_request_fail_err(r, &err);
	else if (rc != 0)
		cw_request_invalid(r, "parameters");
	return rc;
}

int cw_request_take_fd(struct cw_request *r)
{
	struct cw_conn *c = cw_conn_of(r);
	int fd = c->passed;

	if (fd < 0 || c->passed_for + 1 != c->messages)
		return -1;
	c->passed = -1;
	return fd;
}

void cw_request_on_gone(struct cw_request *r, void (*fn)(void *payload), void *payload)
{
	struct cw_conn *c = cw_conn_of(r);

	c->gone = fn;
	c->gone_payload = payload;
}

/* ---- replies ---- */

/* Send what stands in the scratch buffer, or what RC says instead. */
static void send_scratch(struct cw_request *r, int rc, bool last)
{
	struct cw_conn *c = cw_conn_of(r);
	const struct cw_buf *scratch = &c->all->scratch;

	if (rc == 0)
		cw_conn_send(c, scratch->data, scratch->len, last);
	else
		cw_conn_send(c, no_memory, sizeof(no_memory), true);
}

static struct cw_buf *fresh_scratch(struct cw_request *r)
{
	struct cw_buf *scratch = &cw_conn_of(r)->all->scratch;

	cw_buf_clear(scratch);
	return scratch;
}

void cw_request_reply(struct cw_request *r, const struct cw_json *parameters)
{
	send_scratch(r, cw_reply_add(fresh_scratch(r), parameters, false, NULL), true);
}

void cw_request_reply_text(struct cw_request *r, const char *text, size_t len)
{
	struct cw_buf *scratch = fresh_scratch(r);

	if (len == 0 || text[0] != '{' || memchr(text, '\0', len) != NULL) {
		cw_request_fail(r, "InternalError", "a worker's answer is no message");
		return;
	}
	cw_buf_add(scratch, text, len);
	cw_buf_addc(scratch, '\0');
	send_scratch(r, cw_buf_fail(scratch, "reply", NULL), true);
}

/* A stream that nobody reads ends before it takes too much memory. */
static bool continue_scratch(struct cw_request *r, int rc)
{
	struct cw_conn *c = cw_conn_of(r);

	if (rc != 0 || cw_conn_waiting(c) > CW_CONN_OUT_MAX) {
		cw_conn_close(c, rc != 0 ? "no room for a reply" : "it does not read its replies");
		return false;
	}
	send_scratch(r, 0, false);
	return c->fd >= 0;
}

bool cw_request_continue(struct cw_request *r, const struct cw_json *parameters)
{
	return continue_scratch(r, cw_reply_add(fresh_scratch(r), parameters, true, NULL));
}

bool cw_request_continue_text(struct cw_request *r, const char *parameters, size_t len)
{
	static const char head[] = "{\"parameters\":", tail[] = ",\"continues\":true}";
	struct cw_buf *scratch = fresh_scratch(r);

	cw_buf_add(scratch, head, sizeof(head) - 1);
	cw_buf_add(scratch, parameters, len);
	cw_buf_add(scratch, tail, sizeof(tail));
	return continue_scratch(r, cw_buf_fail(scratch, "reply", NULL));
}

bool cw_request_has_room(const struct cw_request *r)
{
	return cw_conn_waiting(cw_conn_of(r)) < CW_CONN_ROOM;
}

void cw_request_when_room(struct cw_request *r, void (*fn)(void *payload), void *payload)
{
	struct cw_conn *c = cw_conn_of(r);

	c->room = fn;
	c->room_payload = payload;
	cw_conn_rearm(c);
}

/* ---- errors ---- */

/* PARAMETERS is owned. */
static void fail_full(struct cw_request *r, const char *error, struct cw_json *parameters)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *owned = parameters;
	int rc = owned != NULL ? cw_reply_add_error(fresh_scratch(r), error, owned, NULL) : CW_E_NOMEM;

	send_scratch(r, rc, true);
}

void cw_request_fail_json(struct cw_request *r, const char *name, struct cw_json *parameters)
{
	char error[128];

	snprintf(error, sizeof(error), "%s.%s", CW_INTERFACE, name);
	fail_full(r, error, parameters);
}

void cw_request_fail(struct cw_request *r, const char *name, const char *fmt, ...)
{
	struct cw_json *parameters = cw_json_object();
	char reason[REASON_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	cw_json_add_str(parameters, "reason", reason);
	cw_request_fail_json(r, name, parameters);
}

void cw_request_fail_err(struct cw_request *r, const struct cw_err *err)
{
	const char *name = "InternalError";

	if (err->code == CW_E_NOTFOUND)
		name = "NotFound";
	else if (err->code == CW_E_LIMIT || err->code == CW_E_CANCELLED)
		name = "Unavailable";
	cw_request_fail(r, name, "%s", cw_err_msg(err));
}

void cw_request_fail_as(struct cw_request *r, const char *error, const char *key, const char *value, size_t len)
{
	struct cw_json *parameters = cw_json_object();

	if (key != NULL)
		cw_json_add_strn(parameters, key, value, len);
	fail_full(r, error, parameters);
}

void cw_request_invalid(struct cw_request *r, const char *parameter)
{
	cw_request_fail_as(r, "org.varlink.service.InvalidParameter", "parameter", parameter, strlen(parameter));
}

void cw_request_no_upgrade(struct cw_request *r, struct cw_slice method)
{
	cw_request_fail_as(r, "org.varlink.service.MethodNotImplemented", "method", method.data, method.len);
}
