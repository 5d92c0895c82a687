#!/bin/sh
# bench.sh BUILD [matcher [PATH...] | audit REPO... | push REPO... | pre-commit [REPO|FILES]... |
# daemon [OPTION]... [PATH]...] - what `./dev bench` runs. Prints numbers; judges nothing.
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

# make_files FOLDER COUNT: a repository of COUNT small files, a hundred a folder.
make_files() {
	git init -q "$1"
	awk -v dir="$1" -v count="$2" 'BEGIN {
		for (i = 0; i < count; i++) {
			if (i % 100 == 0)
				system("mkdir -p " dir "/src/" int(i / 100))
			path = dir "/src/" int(i / 100) "/file" i ".c"
			printf "int f%d(void)\n{\n\treturn %d;\n}\n", i, i >path
			close(path)
		}
	}'
	git -C "$1" add .
	git -C "$1" -c user.name=bench -c user.email=bench@localhost commit -qm files
	git -C "$1" repack -adq
}

# stage_one FOLDER: change the file of middle size, and stage it.
stage_one() {
	file=$(git -C "$1" ls-tree -r -l HEAD | awk '$2 == "blob" && $4 > 0' | sort -n -k 4 |
		awk '{ line[NR] = $0 } END { print line[int((NR + 1) / 2)] }' | cut -f 2)
	echo 'one more line' >>"$1/$file"
	git -C "$1" add -- "$file"
}

# What a commit of one changed file waits for, with a key of its own.
bench_pre_commit() {
	work=$(mktemp -d)
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf '$work'" EXIT
	for what in "$@"; do
		rm -rf "$work/tree"
		case $what in
		*[!0-9]*) git clone -q "$what" "$work/tree" ;;
		*) make_files "$work/tree" "$what" ;;
		esac
		stage_one "$work/tree"
		printf '%s, %s files: pre-commit against git diff --cached --raw: ' "$what" "$(git -C "$work/tree" ls-files | wc -l)"
		(cd "$work/tree" && XDG_CONFIG_HOME=$work/config "$pair" 30 "$program" pre-commit -- git diff --cached --raw)
	done
}

# A daemon of its own, with a key of its own, for as long as it takes. Options go to bench_daemon.
bench_daemon() {
	work=$(mktemp -d)
	# shellcheck disable=SC2064 # the folder of now
	trap "end_daemon; rm -rf '$work'" EXIT
	XDG_CONFIG_HOME=$work/config "$build/daemon/credwatchd" --socket "$work/socket" --state "$work/state" --log-level warning &
	daemon=$!
	for _ in $(seq 300); do
		[ ! -S "$work/socket" ] || break
		sleep 0.1
	done
	case " $* " in
	*" /"*) ;;
	*)
		# shellcheck disable=SC2046,SC2086 # one word a path
		set -- "$@" ${CREDWATCH_BENCH_SRC:-$(default_sources)}
		;;
	esac
	"$build/tests/bench/bench_daemon" "$work/socket" "$@"
}

end_daemon() {
	if kill "$daemon" 2>/dev/null; then
		wait "$daemon" || :
	fi
}

name=${1:-matcher}
[ $# = 0 ] || shift
case $name in
matcher) bench_matcher "$@" ;;
audit)
	[ $# != 0 ] || set -- "$(git rev-parse --show-toplevel)"
	bench_audit "$@"
	;;
pre-commit)
	[ $# != 0 ] || set -- "$(git rev-parse --show-toplevel)" 2000 20000
	program=$(realpath "$build/cli/credwatch")
	pair=$(realpath "$build/tests/bench/bench_pair")
	bench_pre_commit "$@"
	;;
push)
	[ $# != 0 ] || set -- "$(git rev-parse --show-toplevel)"
	"$here/push.sh" "$(realpath "$build/cli/credwatch")" "$@"
	;;
daemon) bench_daemon "$@" ;;
watch) python3 -B "$here/watch.py" "$build/daemon/credwatchd" "$@" ;;
soak) python3 -B "$here/soak.py" "$build/daemon/credwatchd" "$@" ;;
*)
	echo "bench: unknown name '$name'; there are matcher, audit, push, pre-commit, daemon, watch and soak" >&2
	exit 2
	;;
esac
