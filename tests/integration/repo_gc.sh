#!/bin/sh
# credwatch audit while git repacks the repository again and again: the same findings each time, or status 3 (fault 13).
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

new_repo r
for i in 1 2 3 4 5 6 7 8 9; do
	seq "$i" 200 >r/numbers
	commit r "f$i" "$(token "$i")"
done

begin 'repacked and collected without end'
(
	while [ ! -e stop ]; do
		git -C r repack -q -a -d -f --depth="$((1 + $$ % 7))" || :
		git -C r repack -q -a -d -A --unpack-unreachable=now || :
		git -C r multi-pack-index write || :
		echo more | git -C r hash-object -w --stdin || :
		git -C r gc -q --prune=now || :
	done
) 2>/dev/null &
pid=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
	got=0
	timeout -k 5 60 "$CREDWATCH" audit --format jsonl --no-progress --no-default-rules --rules "$RULES" r >out 2>err || got=$?
	[ "$got" -eq 1 ] || [ "$got" -eq 3 ] || fail "status $got"
	if [ "$got" -eq 1 ]; then
		assert_eq "$(count unscanned_count)" 0
		[ "$(findings rule | wc -l)" -eq 9 ] || fail 'status 1 with tokens lost in silence'
	fi
done
: >stop
wait "$pid" || :

begin 'afterwards'
report 1 audit r
assert_eq "$(findings rule | wc -l)" 9

finish
