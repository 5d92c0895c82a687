/* cli/remote.h - the running daemon, for commands that are about it. */
#ifndef CW_CLI_REMOTE_H
#define CW_CLI_REMOTE_H

#include "base/err.h"
#include "base/json.h"
#include "base/opts.h"
#include "cli/exit.h"
#include "proto/client.h"

#define CW_REMOTE_TIMEOUT_MS 30000 /* of a call */

struct cw_remote_args { /* filled by CW_REMOTE_OPTIONS; all zero at first */
	const char *socket;
	int format; /* index into cw_remote_formats */
};
enum { CW_REMOTE_TEXT, CW_REMOTE_JSON };
extern const char *const cw_remote_formats[];

/* Rows of an option table for the member MEMBER of struct S. */
#define CW_REMOTE_SOCKET_OPTION(s, member)                                                                             \
	{.kind = CW_OPT_STRING, .name = "socket", .arg = "PATH", .offset = offsetof(s, member.socket),                 \
	 .help = "the daemon that listens here, whatever daemon.socket says"}
#define CW_REMOTE_OPTIONS(s, member)                                                                                   \
	CW_REMOTE_SOCKET_OPTION(s, member),                                                                            \
	{                                                                                                              \
		.kind = CW_OPT_CHOICE, .letter = 'f', .name = "format", .arg = "FORMAT",                               \
		.offset = offsetof(s, member.format), .choices = cw_remote_formats,                                    \
		.help = "text, for people (default), or json"                                                          \
	}

/* Connect to the daemon of the user's and the system's configuration, or at ARGS->socket. CW_E_NOTFOUND: there is none. */
int cw_cmd_remote_open(const struct cw_remote_args *args, struct cw_remote **ret, struct cw_err *err);
/* Connect, call "io.credwatch.<METHOD>", and return the reply's parameters. PARAMETERS may be NULL. */
int cw_cmd_remote_call(const struct cw_remote_args *args, const char *method, const struct cw_json *parameters, struct cw_json **ret,
		       struct cw_err *err);
/* Print "credwatch: <message>"; the status: INCOMPLETE when there is no daemon or it refuses. */
enum cw_exit cw_cmd_remote_fail(const struct cw_err *err);

/* The absolute path that PATH stands for, without links; as far as it can be told, for one that is gone. */
int cw_remote_path(const char *path, struct cw_buf *out, struct cw_err *err);
/* Append member KEY of OBJECT, a string with what could harm a terminal escaped, or an integer; "-" when it is not there. */
void cw_remote_add(struct cw_buf *out, const struct cw_json *object, const char *key);

#endif
