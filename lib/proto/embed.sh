#!/bin/sh
# embed.sh IN OUT: the text of IN as a C string, one line a line.
set -eu
{
	echo '#include "proto/interface.h"'
	echo
	echo 'const char cw_interface_text[] ='
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/	"/' -e 's/$/\\n"/' "$1"
	echo '	;'
} >"$2"
