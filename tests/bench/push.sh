#!/bin/sh
# push.sh PROGRAM REPO... - real pushes over a local path with the hook and without, in turns: what it adds, as medians.
# What is pushed: one commit, and ten, onto REPO; all of REPO into an empty repository, beside what index-pack takes for that pack.
set -eu

program=$1
shift
few=${CREDWATCH_BENCH_ROUNDS:-15}
whole=3

top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org \
	GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org
mkdir "$top/with" "$top/without"
printf '#!/bin/sh\nexec %s pre-receive\n' "'$program'" >"$top/with/pre-receive"
chmod +x "$top/with/pre-receive"

# now: microseconds
now() {
	echo $(($(date +%s%N) / 1000))
}

median() {
	sort -n "$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

# push HOOKS SERVER REFSPEC: to $top/times.HOOKS. A push that is refused for what it holds counts too.
push() {
	start=$(now)
	git -C "$top/client.git" push -q --receive-pack="git -c core.hooksPath=$top/$1 -c gc.auto=0 receive-pack" "$2" "$3" \
		>"$top/said" 2>&1 || grep -q 'pre-receive hook declined' "$top/said" || { cat "$top/said" >&2; exit 1; }
	echo $(($(now) - start)) >>"$top/times.$1"
}

# commits N ROUND: N commits on top of HEAD, each with one changed file; the id of the last
commits() {
	tip=$(git -C "$top/client.git" rev-parse HEAD)
	for i in $(seq "$1"); do
		blob=$(echo "a line of round $2, commit $i of $1" | git -C "$top/client.git" hash-object -w --stdin)
		git -C "$top/client.git" update-index --add --cacheinfo "100644,$blob,bench/$1/file.txt"
		tip=$(git -C "$top/client.git" commit-tree -p "$tip" -m "round $2" "$(git -C "$top/client.git" write-tree)")
	done
	echo "$tip"
}

bench_few() {
	rm -f "$top"/times.*
	for round in $(seq "$few"); do
		for hooks in without with; do
			tip=$(commits "$1" "$round$hooks")
			push $hooks "$top/server.git" "$tip:refs/heads/bench/$1/$round$hooks"
		done
	done
	awk -v repo="$2" -v n="$1" -v rounds="$few" -v with="$(median "$top/times.with")" -v without="$(median "$top/times.without")" \
		'BEGIN { printf "%s: %d on top pushed in %.1f ms, with the hook in %.1f ms: it adds %.1f ms, median of %d\n",
			repo, n, without / 1000, with / 1000, (with - without) / 1000, rounds }'
}

bench_whole() {
	rm -f "$top"/times.*
	git -C "$top/client.git" pack-objects --all --stdout -q </dev/null >"$top/pack"
	for _ in $(seq "$whole"); do
		for hooks in without with; do
			rm -rf "$top/empty.git"
			git init -q --bare "$top/empty.git"
			push $hooks "$top/empty.git" 'refs/*:refs/*'
		done
		rm -rf "$top/empty.git"
		git init -q --bare "$top/empty.git"
		start=$(now)
		git -C "$top/empty.git" index-pack --stdin --fix-thin <"$top/pack" >/dev/null
		echo $(($(now) - start)) >>"$top/times.index"
	done
	awk -v repo="$1" -v rounds="$whole" -v with="$(median "$top/times.with")" -v without="$(median "$top/times.without")" \
		-v index_pack="$(median "$top/times.index")" \
		'BEGIN { printf "%s: all pushed in %.2f s, with the hook in %.2f s; index-pack %.2f s: the hook adds %.2f of that, median of %d\n",
			repo, without / 1e6, with / 1e6, index_pack / 1e6, (with - without) / index_pack, rounds }'
}

for repo in "$@"; do
	rm -rf "$top"/*.git
	git clone -q --mirror "$repo" "$top/server.git"
	git clone -q --mirror --shared "$top/server.git" "$top/client.git"
	git -C "$top/client.git" read-tree HEAD
	bench_few 1 "$repo"
	bench_few 10 "$repo"
	bench_whole "$repo"
done
