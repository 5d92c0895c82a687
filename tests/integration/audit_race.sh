#!/bin/sh
# The store changes while it is audited, the audit is cancelled, the caller fails: nothing is lost without a word.
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

# hook REPO JOBS WHAT...: the audit with something happening at the first hit
hook() {
	repo=$1 jobs=$2
	shift 2
	must_exit 0 "$AUDIT_HOOK" "$RULES" "$repo" "$jobs" "$@"
}

# A packed repository whose first objects hold a token, so that the first hit comes early.
first_token_repo() {
	new_repo "$1"
	for i in 1 2 3 4 5 6 7 8 9; do
		commit "$1" "f$i" "text $i $(token "$i")"
	done
	git -C "$1" repack -q -a -d
}

begin 'an object that appears during the audit is scanned too'
first_token_repo added
token late >late.txt
hook added 1 run git -C added hash-object -w "$T/late.txt"
id=$(git -C added hash-object "$T/late.txt")
assert_has out "hit $id"
assert_has out 'complete 1'
assert_has out "expected $(git_objects added | grep -c -v ' tree ') "

begin 'a repack during the audit'
for jobs in 1 3; do
	rm -rf repacked
	first_token_repo repacked
	commit repacked more more
	hook repacked $jobs run git -C repacked repack -q -a -d -f --depth=3
	assert_has out 'complete 1'
	assert_has out "expected $(git_objects repacked | grep -c -v ' tree ') "
	assert_eq "$(grep '^hit' out | sort | uniq -d)" '' 'hits reported twice'
done

begin 'all objects are unpacked during the audit'
first_token_repo unpacked
cat >unpack.sh <<'END'
mv "$1"/.git/objects/pack "$1"/away
git -C "$1" unpack-objects -q <"$(ls "$1"/away/*.pack)"
END
hook unpacked 1 run sh unpack.sh unpacked
assert_has out 'complete 1'
assert_has out "expected $(git_objects unpacked | grep -c -v ' tree ') "

begin 'a pack that is cut short, overwritten or replaced by another during the audit: what is lost is said (fault 13)'
cat >spoil.sh <<'END'
for pack in "$2"/.git/objects/pack/*.pack; do
	chmod u+w "$pack"
	case $1 in
	cut) truncate -s 3000 "$pack" ;;
	overwritten) head -c "$(wc -c <"$pack")" /dev/zero | dd of="$pack" conv=notrunc status=none ;;
	replaced) cp plain.pack "$pack.new" && mv "$pack.new" "$pack" ;;
	esac
done
END
new_repo plain
git -C plain repack -q -a -d
cp plain/.git/objects/pack/*.pack plain.pack
# the token comes first, and behind it more than anybody reads ahead
git init -q spoilt
{
	printf 'commit refs/heads/main\ncommitter C <c@example.com> 1700000000 +0000\ndata 1\nm\n'
	printf 'M 100644 inline a\ndata <<E\n%s\nE\n' "$(token first)"
	for i in 1 2 3 4; do
		printf 'M 100644 inline random%s\ndata 1000000\n' $i
		head -c 1000000 /dev/urandom
		echo
	done
} | git -C spoilt fast-import --quiet
git -C spoilt repack -q -a -d
token loose | git -C spoilt hash-object -w --stdin >/dev/null
for how in cut overwritten replaced; do
	for jobs in 1 3; do
		rm -rf copy
		cp -r spoilt copy
		hook copy $jobs run sh spoil.sh $how copy
		assert_has out "hit $(token first | git hash-object --stdin)"
		assert_has out "hit $(token loose | git hash-object --stdin)"
		assert_has out 'unscanned '
		assert_has out 'complete 0'
		assert_eq "$(sed -n 's/^rc .* expected \([0-9]*\) .*/\1/p' out)" "$(git_objects spoilt | grep -c -v ' tree ')" "$how, $jobs threads"
	done
done

begin 'an object that vanishes before it was read is unscanned'
new_repo gone
commit gone early "$(token early)"
git -C gone repack -q -a -d
commit gone late 'late and loose'
id=$(git -C gone rev-parse HEAD:late)
hook gone 1 run rm -f "gone/.git/objects/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-)"
assert_has out "unscanned $id: "
assert_has out 'complete 0'

begin 'a store that never stands still: said, and never complete'
first_token_repo restless
cat >restless.sh <<'END'
# each hit makes another object, which is a hit again
echo >>counter
printf 'acmetest_%024d' "$(wc -l <counter)" | git -C "$1" hash-object -w --stdin
END
hook restless 1 always sh restless.sh restless
assert_has out 'kept changing'
assert_has out 'complete 0'

begin 'cancelled at the first hit: the rest is unscanned and counted'
for jobs in 1 3; do
	hook repacked $jobs cancel
	assert_has out ': interrupted'
	assert_has out 'rc 0 '
	assert_has out 'complete 0'
	sum=$(sed -n 's/^rc .* scanned \([0-9]*\) unscanned \([0-9]*\) .*/\1 \2/p' out | awk '{ print $1 + $2 }')
	assert_has out "expected $sum "
done

begin 'the caller fails at the first hit: its error, and nothing counts as scanned that was not'
hook repacked 2 fail
assert_has out 'rc -2 '
assert_has out 'complete 0'

finish
