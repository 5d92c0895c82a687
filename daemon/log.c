/* daemon/log.c - the log's form. Values are escaped, so that no peer can write a line of its own; none is ever content. */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/text.h"

#define LINE_MAX_BYTES ((size_t)8192)
#define VALUE_MAX ((size_t)1024) /* bytes of one value */
#define INTS 4			 /* results of cw_log_int() that live at a time */

static enum cw_log_level max_level = CW_LOG_INFO;
static bool journal; /* standard error is systemd's journal */

/* $JOURNAL_STREAM names device and inode of the stream that the service manager made for us: systemd.exec(5). */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
	       st.st_dev == device && st.st_ino == inode;
}

void cw_log_start(enum cw_log_level max)
{
	max_level = max;
	journal = is_journal();
}

static bool is_plain(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (value[i] <= ' ' || value[i] == '"' || value[i] == '\\' || value[i] == '=' || value[i] == 0x7f)
			return false;
	return len > 0;
}

static void add_value(struct cw_buf *line, const char *value)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf shown = CW_BUF_INIT;
	size_t len = strnlen(value, VALUE_MAX);

	if (!value[len] && is_plain(value, len)) {
		cw_buf_add(line, value, len);
		return;
	}
	cw_escape(&shown, value, len);
	cw_buf_addc(line, '"');
	for (size_t i = 0; i < shown.len; i++)
		cw_buf_addf(line, "%s%c", shown.data[i] == '"' ? "\\" : "", shown.data[i]);
	cw_buf_adds(line, value[len] ? "...\"" : "\"");
}

static void add_head(struct cw_buf *line, enum cw_log_level level)
{
	static const char *const names[] = {"error", "warning", "notice", "info", "debug"};
	char now[CW_CLOCK_ISO_SIZE];

	if (journal) {
		cw_buf_addf(line, "<%d>", (int)level);
		return;
	}
	cw_clock_iso(cw_clock_wall(), now);
	cw_buf_addf(line, "%s %s ", now, names[level - CW_LOG_ERROR]);
}

void cw_log(enum cw_log_level level, const char *event, ...)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf line = CW_BUF_INIT_MAX(LINE_MAX_BYTES);
	const char *key;
	va_list ap;

	if (level > max_level)
		return;
	add_head(&line, level);
	cw_buf_addf(&line, "event=%s", event);
	va_start(ap, event);
	while ((key = va_arg(ap, const char *)) != NULL) {
		const char *value = va_arg(ap, const char *);

		if (!value)
			continue;
		cw_buf_addf(&line, " %s=", key);
		add_value(&line, value);
	}
	va_end(ap);
	cw_buf_addc(&line, '\n');
	if (line.fail != 0) { /* too long, or no memory: the event is still told */
		cw_buf_clear(&line);
		add_head(&line, level);
		cw_buf_addf(&line, "event=%s cut=true\n", event);
	}
	/* there is nobody to tell that the log cannot be written */
	(void)cw_io_write_full(STDERR_FILENO, line.data, line.len, NULL);
}

const char *cw_log_int(int64_t n)
{
	static char texts[INTS][24];
	static unsigned next;
	char *text = texts[next++ % INTS];

	snprintf(text, sizeof(texts[0]), "%lld", (long long)n);
	return text;
}

bool cw_log_may(struct cw_log_limit *l, int64_t now_ms, uint64_t *ret_dropped)
{
	if (l->used == 0 || now_ms - l->begin >= CW_LOG_WINDOW_MS) {
		l->begin = now_ms;
		l->used = 0;
	}
	if (l->used >= (l->max > 0 ? l->max : CW_LOG_BURST)) {
		l->dropped++;
		return false;
	}
	l->used++;
	*ret_dropped = l->dropped;
	l->dropped = 0;
	return true;
}
