#!/bin/sh
# Which objects a repository has: the same as git says, in every layout of the store; formats that cannot be read, damage and
# hostile files are named, never taken for an empty store and never waited for.
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

# objects DIR: the objects that were read, as git_objects prints them
objects() {
	must_exit 0 "$VCS_DUMP" "$1"
	sed -n 's/^object //p' out | LC_ALL=C sort >seen
}

same_objects() {
	objects "$1"
	git_objects "$1" >git_seen
	[ -s git_seen ] || fail "git sees no objects"
	assert_same seen git_seen
	assert_lacks out fault
	assert_lacks out broken
}

# refused DIR CODE TEXT
refused() {
	must_exit 1 "$VCS_DUMP" "$1"
	assert_has out "error $2 "
	assert_has out "$3"
	! grep -q '^object ' out || fail 'objects of a repository that was refused'
}

NOTFOUND=-3
INVALID=-4
CORRUPT=-8
UNSUPPORTED=-7

fill() {
	new_repo "$1"
	for i in 1 2 3 4 5 6; do
		seq 1 200 | sed "s/^5$/line $i/" >"$1/numbers"
		commit "$1" "dir/file$i" "content $i"
	done
	git -C "$1" tag -a -m 'a tag' v1
}

begin 'loose objects'
fill loose
same_objects loose

begin 'one pack with deltas, and its order'
cp -r loose packed
git -C packed repack -q -a -d -f
same_objects packed
git show-index <"$(ls packed/.git/objects/pack/*.idx)" | sort -n | cut -d' ' -f2 >offsets
sed -n 's/^object \([0-9a-f]*\) .*/\1/p' out >order
assert_same order offsets

begin 'several packs, the same object in two of them, and loose ones'
cp -r packed mixed
commit mixed more 'more'
git -C mixed repack -q -d
git -C mixed rev-list --objects --all | cut -d' ' -f1 | head -8 |
	git -C mixed pack-objects -q .git/objects/pack/pack >/dev/null
commit mixed loose 'loose'
same_objects mixed

begin 'a multi-pack-index'
git -C mixed multi-pack-index write
same_objects mixed

begin 'objects that nothing reaches'
echo unreachable | git -C packed hash-object -w --stdin >/dev/null
same_objects packed

begin 'an index with 64-bit offsets'
cp -r loose large
git -C large -c pack.indexVersion=2 rev-list --objects --all | cut -d' ' -f1 |
	git -C large pack-objects -q --index-version=2,0x40 .git/objects/pack/pack >/dev/null
git -C large prune-packed -q
same_objects large

begin 'an empty repository'
git init -q empty
objects empty
assert_eq "$(cat seen)" ''
assert_lacks out head

begin 'a bare repository, a subfolder, a .git folder, a file in it'
git clone -q --bare loose bare.git
same_objects bare.git
must_exit 0 "$VCS_DUMP" loose/dir
assert_has out "dir $T/loose/.git $T/loose"
must_exit 0 "$VCS_DUMP" loose/.git
assert_has out "dir $T/loose/.git $T/loose"
must_exit 0 "$VCS_DUMP" bare.git/refs
assert_has out "dir $T/bare.git -"
must_exit 0 "$VCS_DUMP" loose/dir/file1
assert_has out "dir $T/loose/.git $T/loose"

begin 'a linked work tree'
git -C loose worktree add -q ../linked 2>/dev/null
git_objects loose >git_seen
objects linked
assert_same seen git_seen
assert_has out "dir $T/loose/.git/worktrees/linked $T/linked"

begin 'alternates: plain, relative, nested, quoted, with odd names, listed twice, in a circle'
mkdir odd
fill 'odd/a:b "c"'
git clone -q --bare --shared 'odd/a:b "c"' shared1.git
printf '"%s/odd/a:b \\"c\\"/.git/objects"\n# comment\n\n' "$T" >shared1.git/objects/info/alternates
same_objects shared1.git
git clone -q --bare --shared shared1.git shared2.git
printf '../../shared1.git/objects\n%s/shared1.git/objects\n' "$T" >shared2.git/objects/info/alternates
same_objects shared2.git
printf '../../shared2.git/objects\n' >>shared1.git/objects/info/alternates
same_objects shared2.git

begin 'an alternate that is missing, and one that is badly quoted'
cp -r shared2.git lost.git
echo /nonexistent/objects >>lost.git/objects/info/alternates
objects lost.git
assert_has out 'lost.git/objects/info/alternates: line 3: the alternate object directory is missing'
echo '"/nonexistent' >>lost.git/objects/info/alternates
objects lost.git
assert_has out 'badly quoted'

begin 'no repository at all'
mkdir plain
refused plain $NOTFOUND 'not in a git repository'
refused nonexistent $NOTFOUND nonexistent

begin 'SHA-256'
git init -q --object-format=sha256 sha256
commit sha256 a a
refused sha256 $UNSUPPORTED objectformat
refused sha256/.git $UNSUPPORTED objectformat
git clone -q --bare sha256 sha256.git
refused sha256.git $UNSUPPORTED objectformat

begin 'reftable, by its extension and by its files'
cp -r loose reftable
git -C reftable config extensions.refstorage reftable
refused reftable $UNSUPPORTED refstorage
git -C reftable config --unset extensions.refstorage
mkdir reftable/.git/reftable
: >reftable/.git/reftable/tables.list
refused reftable $UNSUPPORTED reftable

begin 'unknown extensions and versions; known harmless ones'
cp -r loose extended
git -C extended config core.repositoryformatversion 1
git -C extended config extensions.worktreeConfig true
git -C extended config extensions.partialClone origin
same_objects extended
git -C extended config extensions.fromTheFuture 1
refused extended $UNSUPPORTED fromTheFuture
git config -f extended/.git/config --remove-section extensions
git config -f extended/.git/config core.repositoryformatversion 7
refused extended $UNSUPPORTED 'version 7'

begin 'hostile configuration: an include of a file that is no configuration is not followed'
cp -r loose hostile
printf 'top line of a private file\n' >private
git config -f hostile/.git/config include.path "$T/private"
objects hostile
git_objects loose >git_seen
assert_same seen git_seen
assert_lacks out 'top line'

begin 'FIFOs in place of files do not block'
for file in config HEAD packed-refs refs/heads/main objects/info/alternates commondir; do
	rm -rf fifo
	cp -r loose fifo
	rm -f "fifo/.git/$file"
	mkdir -p "fifo/.git/$(dirname $file)"
	mkfifo "fifo/.git/$file"
	got=0
	timeout -k 5 30 "$VCS_DUMP" fifo >out 2>err || got=$?
	[ "$got" -le 1 ] || fail "$file: status $got"
	grep -q "^error $CORRUPT \|^head $INVALID " out || fail "$file: not reported"
done
rm -rf fifo
mkdir fifo
mkfifo fifo/.git
refused fifo $CORRUPT 'regular file'
rm -rf fifo
cp -r packed fifo
mkfifo fifo/.git/objects/pack/x.idx
objects fifo
assert_has out 'x.idx: not a regular file'
rm -rf fifo
cp -r loose fifo
mkdir -p fifo/.git/objects/aa
mkfifo fifo/.git/objects/aa/00000000000000000000000000000000000000
objects fifo
assert_has out 'not a regular file'
assert_same seen git_seen

begin 'a damaged pack index hides neither the other packs nor the loose objects'
cp -r mixed damaged
git_objects mixed >git_seen
rm damaged/.git/objects/pack/multi-pack-index
for idx in damaged/.git/objects/pack/*.idx; do
	break
done
git show-index <"$idx" | cut -d' ' -f2 | sort >inside
chmod u+w "$idx"
head -c 1500 "$idx" >part
cat part >"$idx"
objects damaged
assert_has out 'fault '
assert_has out "$(basename "$idx")"
sort inside >inside.sorted
join -v 1 git_seen inside.sorted >elsewhere
[ -s elsewhere ] || fail 'the case needs objects outside the damaged pack'
join -j 1 elsewhere seen >both
assert_eq "$(wc -l <both)" "$(wc -l <elsewhere)" 'objects outside the damaged pack'

begin 'a pack without an index, an index without a pack'
cp -r packed half
mv half/.git/objects/pack/*.idx half/.git/objects/pack/lonely.idx
objects half
assert_has out 'this pack has no index'
assert_has out 'the pack of this index is missing'

begin 'a damaged object is reported, the others are read'
cp -r loose broken
id=$(git -C loose rev-parse HEAD:hello.txt)
file="broken/.git/objects/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-)"
chmod u+w "$file"
printf garbage >"$file"
objects broken
assert_has out "broken $id"
git_objects loose | grep -v "^$id" >git_seen
assert_same seen git_seen

begin 'a pack that is cut short'
cp -r packed short
pack=$(ls short/.git/objects/pack/*.pack)
chmod u+w "$pack"
head -c 300 "$pack" >part
cat part >"$pack"
must_exit 0 "$VCS_DUMP" short
assert_has out broken

begin 'replace refs are ignored'
cp -r loose replaced
other=$(echo other | git -C replaced hash-object -w --stdin)
git -C replaced replace "$id" "$other"
objects replaced
assert_has seen "$id blob 6"

finish
