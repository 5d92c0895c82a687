/* cli/cmd_rules.h - the commands below `credwatch rules`. */
#ifndef CW_CLI_CMD_RULES_H
#define CW_CLI_CMD_RULES_H

#include "cli/exit.h"

enum cw_exit cw_cmd_rules_list(int argc, char **argv);
enum cw_exit cw_cmd_rules_show(int argc, char **argv);
enum cw_exit cw_cmd_rules_compile(int argc, char **argv);
enum cw_exit cw_cmd_rules_check(int argc, char **argv);
enum cw_exit cw_cmd_rules_test(int argc, char **argv);

#endif
