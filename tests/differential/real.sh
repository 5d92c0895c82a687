#!/bin/sh
# real.sh PROGRAM REPOSITORY... - scans real repositories in both ways, with the default rules and with rules that hit everywhere, and
# compares all verdicts and the reports. Says how many there were; ends with 1 when something differs.
set -u

[ $# -ge 2 ] || { echo "usage: $0 PROGRAM REPOSITORY..." >&2; exit 2; }
program=$1
shift
here=$(cd "$(dirname "$0")" && pwd -P) || exit 2
dir=$(mktemp -d "${TMPDIR:-/tmp}/credwatch-test.XXXXXX") || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' HUP INT TERM
export HOME="$dir" XDG_CACHE_HOME="$dir/cache" XDG_CONFIG_HOME="$dir/config" LC_ALL=C
status=0

# audit FILE ARGUMENT...: what the program prints; 1 and 3 are answers too
audit() {
	out=$1
	shift
	"$program" audit --no-cache --no-progress --quiet --no-repository-config "$@" >"$out" 2>"$dir/err"
	case $? in
	0 | 1 | 3) return 0 ;;
	esac
	cat "$dir/err" >&2
	return 1
}

# compare WHAT REPOSITORY ARGUMENT...: both ways
compare() {
	what=$1 repo=$2
	shift 2
	for form in --dump-verdicts --format=jsonl; do
		if ! audit "$dir/whole" "$form" --exhaustive "$@" "$repo" || ! audit "$dir/delta" "$form" "$@" "$repo"; then
			status=1
		elif cmp -s "$dir/whole" "$dir/delta"; then
			printf '%s, %s, %s: %d lines, no difference\n' "$repo" "$what" "$form" "$(wc -l <"$dir/whole")"
		else
			status=1
			printf '%s, %s, %s: %d lines differ\n' "$repo" "$what" "$form" "$(diff "$dir/whole" "$dir/delta" | grep -c '^[<>]')"
			[ "$form" != --dump-verdicts ] || diff "$dir/whole" "$dir/delta" | head -20
		fi
	done
}

for repo; do
	compare 'default rules' "$repo"
	compare 'hot rules' "$repo" --no-default-rules --rules "$here/hot.yaml"
	compare 'edgy rules' "$repo" --no-default-rules --rules "$here/edgy.yaml"
done
exit $status
