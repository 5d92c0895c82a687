/* daemon/publish.h - who has subscribed to events, and sending them. Threads: one. */
#ifndef CW_DAEMON_PUBLISH_H
#define CW_DAEMON_PUBLISH_H

#include <stddef.h>

#include "base/err.h"
#include "daemon/method.h"

struct cw_subscribers;

#define CW_SUBSCRIBERS_MAX 256

int cw_subscribers_new(struct cw_subscribers **ret, struct cw_err *err);
void cw_subscribers_free(struct cw_subscribers *s);
size_t cw_subscribers_len(const struct cw_subscribers *s);
/* Keep R until its connection ends. CW_E_LIMIT, CW_E_NOMEM: not kept, not answered. */
int cw_subscribers_add(struct cw_subscribers *s, struct cw_request *r, struct cw_err *err);
/* The daemon ends: so do all streams, with Unavailable. */
void cw_subscribers_end(struct cw_subscribers *s);
/* Who does not read what was sent before loses its connection. */
void cw_subscribers_send(struct cw_subscribers *s, const struct cw_json *event);

#endif
