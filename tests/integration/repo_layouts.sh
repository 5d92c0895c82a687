#!/bin/sh
# credwatch audit in every layout of a repository: the same objects and the same findings as in the plain one, or a refusal that
# says what is not supported.
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

content_objects() {
	git_objects "$1" | grep -c -v ' tree '
}

# found DIR WORD...: the audit finds exactly these tokens and looks at every object
found() {
	dir=$1
	shift
	for word; do
		token "$word"
	done | sort >expected
	report 1 audit --show-secrets "$dir"
	findings secret | sort -u >seen
	assert_same seen expected
	assert_eq "$(count scanned)" "$(content_objects "$dir")"
	assert_eq "$(count unscanned_count)" 0
	assert_adds_up 0
}

new_repo plain
for word in one two three; do
	commit plain "dir/$word" "$(token "$word")
"
	seq 1 300 | sed "s/^7$/$word/" >plain/numbers
done
git -C plain rm -q dir/two
git -C plain commit -q -m 'remove two'
git -C plain tag -a -m 'a tag' v1
token lost | git -C plain hash-object -w --stdin >/dev/null

begin 'loose objects only'
found plain one two three lost

begin 'one pack, the rest loose'
cp -r plain packed
git -C packed repack -q -a -d -f
found packed one two three lost

begin 'a cruft pack'
cp -r packed cruft
git -C cruft repack -q -d --cruft
[ "$(find cruft/.git/objects/pack -name '*.mtimes' | wc -l)" -eq 1 ] || skip 'this git makes no cruft packs'
assert_eq "$(find cruft/.git/objects -path '*/objects/??/*' | wc -l)" 0
found cruft one two three lost

begin 'a pack for each object, some twice'
cp -r plain many
git_objects many | cut -d' ' -f1 | while read -r id; do
	echo "$id" | git -C many pack-objects -q .git/objects/pack/pack >/dev/null
done
git_objects many | cut -d' ' -f1 | head -5 | git -C many pack-objects -q .git/objects/pack/pack >/dev/null
git -C many prune-packed -q
[ "$(find many/.git/objects/pack -name '*.pack' | wc -l)" -gt 15 ] || fail 'the case needs many packs'
found many one two three lost

begin 'many packs and few file descriptors'
# shellcheck disable=SC3045 # every shell that is a sh here knows ulimit -n
(
	ulimit -n 20
	found many one two three lost
	rm -f out err
)

begin 'a multi-pack-index, with the packs and with some of them gone'
git -C many multi-pack-index write
found many one two three lost

begin 'an index of version 1'
cp -r plain version1
git_objects version1 | cut -d' ' -f1 | git -C version1 pack-objects -q --index-version=1 .git/objects/pack/pack >/dev/null
git -C version1 prune-packed -q
found version1 one two three lost

begin 'a bare repository'
git clone -q --bare --no-local plain bare.git
found bare.git one two three

begin 'a linked work tree'
git -C plain worktree add -q ../linked 2>/dev/null
found linked one two three lost
git -C plain worktree remove ../linked

begin 'a submodule: the checkout is its own repository, the outer one counts it'
new_repo outer
git -C outer -c protocol.file.allow=always submodule --quiet add "file://$T/plain" sub
git -C outer commit -q -m 'add the submodule'
[ -f outer/sub/.git ] || fail 'the case needs a .git file'
found outer/sub one two three
report 0 audit outer
assert_eq "$(count submodules)" 1

begin 'alternates: absolute, relative, chained, quoted with a colon, a quotation mark, a newline (fault 2)'
odd=$(printf 'odd/a:b "c" \\d\n e')
mkdir odd
cp -r packed "$odd"
git clone -q --bare --no-local "$odd" empty.git
rm -rf empty.git/objects/pack empty.git/objects/??
printf '"%s/odd/a:b \\"c\\" \\\\d\\n e/.git/objects"\n' "$T" >empty.git/objects/info/alternates
assert_eq "$(git -C empty.git cat-file -t HEAD)" commit
found empty.git one two three lost
cp -r empty.git chained.git
printf '../../empty.git/objects\n' >chained.git/objects/info/alternates
found chained.git one two three lost
commit packed own "$(token own)
"
printf '%s\n' "$T/chained.git/objects" >packed/.git/objects/info/alternates
found packed one two three lost own

begin 'a shallow clone: what is there is scanned; what was cut off is not missed'
git clone -q --bare --depth=1 "file://$T/plain" shallow.git
[ -s shallow.git/shallow ] || fail 'the case needs a shallow clone'
found shallow.git one three

begin 'a partial clone: each absent object is named, the present ones are scanned, status 3'
git -C plain config uploadpack.allowFilter true
git clone -q --bare --filter=blob:none "file://$T/plain" promised.git
git -C promised.git cat-file --batch-all-objects --batch-check | grep -q ' blob ' && fail 'the case needs a clone without blobs'
git -C plain rev-list --objects --all | cut -d' ' -f1 | git -C plain cat-file --batch-check | sed -n 's/ blob .*//p' | sort -u >absent
report 3 audit promised.git
assert_eq "$(count scanned)" "$(content_objects promised.git)"
assert_eq "$(count unscanned_count)" "$(wc -l <absent)"
while read -r id; do
	assert_has out "{\"object\":\"$id\",\"reason\":\"named by a tree, but not in the object store\"}"
done <absent
assert_adds_up 0
git -C promised.git fetch -q origin "$(git -C plain rev-parse HEAD:dir/one)"
report 3 audit promised.git
assert_eq "$(findings path state)" 'dir/one tip'
assert_eq "$(count unscanned_count)" $(($(wc -l <absent) - 1))
[ ! -e promised.git/shallow ] || fail 'the case needs all commits'

begin 'a partial clone without trees: the trees are named'
git clone -q --bare --filter=tree:0 "file://$T/plain" treeless.git
report 3 audit treeless.git
assert_eq "$(count scanned)" "$(content_objects treeless.git)"
assert_eq "$(count unscanned_count)" "$(git -C plain log --all --format=%T | sort -u | wc -l)"
assert_has out 'tree named by a commit, but not in the object store'

begin 'a shallow clone of a partial clone'
git clone -q --bare --depth=1 --filter=blob:none "file://$T/plain" both.git
[ -s both.git/shallow ] || fail 'the case needs a shallow clone'
report 3 audit both.git
assert_eq "$(count unscanned_count)" "$(git -C plain ls-tree -r HEAD | cut -d' ' -f3 | cut -f1 | sort -u | wc -l)"

begin 'replace refs and grafts hide nothing'
cp -r plain replaced
git -C replaced replace "$(git -C replaced rev-parse HEAD:dir/one)" "$(echo clean | git -C replaced hash-object -w --stdin)"
git -C replaced replace --graft HEAD
git -C replaced rev-parse HEAD >replaced/.git/info/grafts
GIT_NO_REPLACE_OBJECTS=1 found replaced one two three lost

begin 'an unborn HEAD, with and without objects'
git init -q unborn
report 0 audit unborn
assert_eq "$(count expected)" 0
token early | git -C unborn hash-object -w --stdin >/dev/null
found unborn early

begin 'an empty bare repository'
git init -q --bare empty-bare.git
report 0 audit empty-bare.git
assert_eq "$(count expected)" 0

begin 'SHA-256 and reftable: unsupported, by name, status 3 (fault 1)'
git init -q --object-format=sha256 sha256
commit sha256 secret "$(token sha256)"
git clone -q --bare sha256 sha256.git
for dir in sha256 sha256/.git sha256.git; do
	report 3 audit $dir
	assert_has err objectformat
	assert_lacks out '"type":"summary"'
done
cp -r plain reftable
git -C reftable config core.repositoryFormatVersion 1
git -C reftable config extensions.refStorage reftable
report 3 audit reftable
assert_has err refStorage

finish
