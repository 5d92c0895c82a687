#!/bin/sh
# bench.sh BUILD [matcher [PATH...] | audit REPO...] - what `./dev bench` runs. Prints numbers; judges nothing.
set -eu

here=$(dirname "$0")
build=$1
shift

# Medians need an odd number of rounds.
rounds=5

default_sources() {
	for path in /usr/include /usr/lib/python3 /usr/lib/python3.11 /usr/share; do
		[ ! -d "$path" ] || echo "$path"
	done
}

bench_matcher() {
	if [ $# = 0 ]; then
		# shellcheck disable=SC2046,SC2086 # one word a path
		set -- ${CREDWATCH_BENCH_SRC:-$(default_sources)}
	fi
	"$build/tests/bench/bench_matcher" "$here/reference.rules" "$@"
}

# now: milliseconds
now() {
	echo $(($(date +%s%N) / 1000000))
}

median() {
	sort -n | sed -n "$(((rounds + 1) / 2))p"
}

read_all_objects() {
	git -C "$1" cat-file --batch-all-objects --unordered --batch --buffer >/dev/null
}

# 1 (findings) and 3 (incomplete) are results here too; the status is shown.
audit() {
	status=0
	"$build/cli/credwatch" audit --format jsonl "$1" >/dev/null 2>&1 || status=$?
}

# The two take turns, so that a busy machine slows both.
bench_audit() {
	times=$(mktemp -d)
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf '$times'" EXIT
	for repo in "$@"; do
		rm -f "$times"/*
		read_all_objects "$repo"
		for _ in $(seq "$rounds"); do
			start=$(now)
			read_all_objects "$repo"
			middle=$(now)
			audit "$repo"
			echo $((middle - start)) >>"$times/git"
			echo $(($(now) - middle)) >>"$times/audit"
		done
		awk -v repo="$repo" -v git="$(median <"$times/git")" -v ours="$(median <"$times/audit")" -v status="$status" \
			-v rounds="$rounds" 'BEGIN {
				printf "%s: audit %d ms, git cat-file %d ms, ratio %.2f, median of %d, exit status %d\n",
					repo, ours, git, ours / (git > 0 ? git : 1), rounds, status
			}'
	done
}

name=${1:-matcher}
[ $# = 0 ] || shift
case $name in
matcher) bench_matcher "$@" ;;
audit)
	[ $# != 0 ] || set -- "$(git rev-parse --show-toplevel)"
	bench_audit "$@"
	;;
*)
	echo "bench: unknown name '$name'; there are matcher and audit" >&2
	exit 2
	;;
esac
