#!/bin/sh
# engine_id.sh OUT DEPFILE LIB: the digest of all sources of the library, so that what one build has stored no other build trusts.
set -eu
out=$1 depfile=$2 lib=$3
export LC_ALL=C

files=$(cd "$lib" && find . -type f \( -name '*.c' -o -name '*.h' -o -name '*.def' -o -name meson.build \) | sort)
# shellcheck disable=SC2086 # one word a file
digest=$(cd "$lib" && sha256sum $files | sha256sum | cut -c1-64)
printf '#include "scan/known.h"\n\nconst char cw_engine_id[] = "%s";\n' "$digest" >"$out"
{
	printf '%s:' "$out"
	for file in $files; do
		printf ' %s/%s' "$lib" "${file#./}"
	done
	echo
} >"$depfile"
