#!/bin/sh
# credwatch audit and references of every number and kind: what they name is looked at once, and tells what is live (fault 23).
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

begin '5,000 references, loose and packed: every object once, the first branch that holds the token is named'
new_repo many
commit many secret "$(token many)"
seq 1 4998 | awk '{ printf "commit refs/heads/b%04d\ncommitter C <c@example.com> 1700000000 +0000\ndata 1\nm\nfrom refs/heads/main^0\n", $1
	printf "M 100644 inline n\ndata <<E\n%d\nE\n", $1 }' | git -C many fast-import --quiet
git -C many tag -a -m tag v1
objects=$(git_objects many | grep -c -v ' tree ')
for form in loose packed; do
	assert_eq "$(git -C many for-each-ref | wc -l)" 5000
	report 1 audit many
	assert_eq "$(count scanned)" "$objects" $form
	assert_eq "$(count expected)" "$objects" $form
	assert_eq "$(findings path state introductions)" 'secret tip 1'
	assert_has out '"tip":{"ref":"refs/heads/b0001"'
	git -C many pack-refs --all
	[ -z "$(find many/.git/refs -type f)" ] || fail 'the case needs packed references'
done

begin 'all branches deleted: the objects are still scanned, and are live nowhere'
git -C many checkout -q --detach
git -C many for-each-ref --format='delete %(refname)' | git -C many update-ref --stdin
report 1 audit many
assert_eq "$(count scanned)" "$objects"
assert_has out '"tip":{"ref":"HEAD"'
echo 'ref: refs/heads/none' >many/.git/HEAD
report 1 audit many
assert_eq "$(count scanned)" "$objects"
assert_eq "$(findings path state)" 'secret unreachable'

begin 'a tag of a tag of a blob, of a tree, of a commit; a ref that names a blob or a tree itself'
new_repo tags
tag() {
	git -C tags -c advice.nestedTag=false tag -a -m "$1" "$1" "$2"
}
blob=$(token blob | git -C tags hash-object -w --stdin)
tag b1 "$blob"
tag b2 b1
tag b3 b2
tree=$(printf '100644 blob %s\tf\n' "$(token tree | git -C tags hash-object -w --stdin)" | git -C tags mktree)
tag t1 "$tree"
tag t2 t1
commit tags gone "$(token commit)"
tag c1 HEAD
tag c2 c1
git -C tags reset -q --hard HEAD^
git -C tags update-ref refs/custom/blob "$(token ref | git -C tags hash-object -w --stdin)"
git -C tags update-ref refs/custom/tree "$(printf '100644 blob %s\tg\n' "$(token reftree | git -C tags hash-object -w --stdin)" | git -C tags mktree)"
for form in loose packed; do
	report 1 audit --show-secrets tags
	findings secret path state object_type >places
	while read -r word rest; do
		token "$word" | sed "s,\$, $rest,"
	done <<-END | sort >expected
		blob None history blob
		tree f history None
		commit gone history None
		ref None history blob
		reftree g history None
	END
	sort places >seen
	assert_same seen expected
	assert_eq "$(count scanned)" "$(git_objects tags | grep -c -v ' tree ')"
	git -C tags gc -q --prune=now
done

begin 'names that a file system or a report may stumble over'
new_repo odd
commit odd secret "$(token odd)"
long=$(head -c 200 /dev/zero | tr '\0' l)
for name in 'a"b' "$(printf 'l\303\251')" "$(printf 'x\377y')" "a'b" "$long/$long/$long" '<b>' 'HEAD'; do
	git -C odd update-ref "refs/heads/$name" HEAD
done
git -C odd update-ref -d refs/heads/main
report 1 audit odd
assert_eq "$(findings path state)" 'secret tip'
assert_has out '"tip":{"ref":"refs/heads/<b>"'
assert_eq "$(count unscanned_count)" 0
git -C odd pack-refs --all
report 1 audit odd
assert_has out '"tip":{"ref":"refs/heads/<b>"'
assert_eq "$(count unscanned_count)" 0

begin 'branches and HEAD that name nothing: said, and the rest is known'
cp -r tags broken
printf '%040d\n' 1 >broken/.git/refs/heads/nothing
: >broken/.git/refs/heads/empty
printf 'garbage\n' >broken/.git/refs/heads/garbage
report 3 audit broken
for name in nothing empty garbage; do
	assert_has out "{\"object\":\"refs/heads/$name\",\"reason\":\""
done
assert_eq "$(findings path | wc -l)" 5
printf 'ref: ../../etc/passwd\n' >broken/.git/HEAD
report 3 audit broken
assert_has out '"object":"HEAD"'

finish
