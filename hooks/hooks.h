/* hooks/hooks.h - the commands that git runs as hooks. Each returns 0 to let git go on; any other status stops the push or commit. */
#ifndef CW_HOOKS_HOOKS_H
#define CW_HOOKS_HOOKS_H

#include "cli/exit.h"

enum cw_exit cw_cmd_pre_commit(int argc, char **argv);
enum cw_exit cw_cmd_pre_merge_commit(int argc, char **argv);
enum cw_exit cw_cmd_pre_push(int argc, char **argv);
enum cw_exit cw_cmd_commit_msg(int argc, char **argv);
enum cw_exit cw_cmd_pre_receive(int argc, char **argv);

/* And those that see to it. */
enum cw_exit cw_cmd_install(int argc, char **argv);
enum cw_exit cw_cmd_uninstall(int argc, char **argv);
enum cw_exit cw_cmd_doctor(int argc, char **argv);

#endif
