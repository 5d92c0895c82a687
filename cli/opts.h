/* cli/opts.h - the options of commands are read by base/opts.h. */
#ifndef CW_CLI_OPTS_H
#define CW_CLI_OPTS_H

#include "base/opts.h"

#endif
