/* daemon/ipc.c - see ipc.h. */
#include "daemon/ipc.h"

#include <string.h>

void cw_ipc_add(struct cw_buf *out, enum cw_ipc_kind kind, uint64_t job, unsigned fds, const void *data, size_t len)
{
	struct cw_ipc_head head = {.len = (uint32_t)len, .kind = (uint16_t)kind, .fds = (uint16_t)fds, .job = job};

	if (len > CW_IPC_MAX) {
		out->fail = out->fail ? out->fail : CW_E_LIMIT;
		return;
	}
	if (cw_buf_reserve(out, sizeof(head) + len) != 0)
		return;
	cw_buf_add(out, &head, sizeof(head));
	cw_buf_add(out, data, len);
}

int cw_ipc_parse(const void *data, size_t len, struct cw_ipc_head *ret, size_t *ret_size, struct cw_err *err)
{
	struct cw_ipc_head head;

	if (len < sizeof(head)) {
		*ret_size = 0;
		return 0;
	}
	memcpy(&head, data, sizeof(head));
	if (head.kind >= CW_IPC_KINDS || head.fds > 1 || head.len > CW_IPC_MAX)
		return cw_err_set(err, CW_E_INVALID, "a message that makes no sense");
	*ret = head;
	*ret_size = len - sizeof(head) < head.len ? 0 : sizeof(head) + head.len;
	return 0;
}
