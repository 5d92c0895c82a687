#!/bin/sh
# credwatch audit on real repositories: every object of the store is scanned, each once, and whatever is not is said.
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

# content_objects DIR: how many blobs, commits and tags the store has
content_objects() {
	git_objects "$1" | grep -c -v ' tree '
}

begin 'a clean history: all objects counted, status 0'
new_repo r
commit r dir/a 'some text
'
git -C r tag -a -m 'a tag' v1
report 0 audit r
assert_eq "$(count expected)" "$(content_objects r)"
assert_eq "$(count scanned)" "$(content_objects r)"
assert_adds_up 0
assert_has out '"unscanned":[]'

begin 'a token in a file of HEAD: path, line and column'
commit r dir/a "one
two: $(token head)
"
report 1 audit r
assert_eq "$(findings path line column end_line end_column rule)" 'dir/a 2 6 2 39 acmetest.token'
assert_lacks out "$(token head)"

begin 'the same blob at two paths: one secret, two places'
commit r b/copy "one
two: $(token head)
"
report 1 audit r
assert_eq "$(findings path)" 'b/copy
dir/a'
assert_has out '"secrets":1'
assert_adds_up 0

begin 'removed from HEAD: still found, where it was'
commit r dir/a clean
commit r b/copy clean
report 1 audit r
assert_eq "$(findings path line state)" 'b/copy 2 history
dir/a 2 history'

begin 'in a commit message, an author, a tag message, an unreachable blob'
git -C r commit -q --allow-empty -m "message $(token message)"
git -C r commit -q --allow-empty --author "A $(token author) <a@example.com>" -m author
git -C r tag -a -m "tag $(token tag)" v2
token lost | git -C r hash-object -w --stdin >/dev/null
report 1 audit r
assert_eq "$(findings object_type | sort | uniq -c | tr -s ' ' | tr '\n' ';')" ' 2 None; 1 blob; 2 commit; 1 tag;'
assert_adds_up 0

begin 'in a commit behind a NUL byte, where libraries stop reading'
{
	git -C r cat-file commit HEAD
	printf '\000hidden %s\n' "$(token nul)"
} >raw
id=$(git -C r hash-object -t commit -w --literally "$T/raw")
report 1 audit r
findings object >ids
assert_has ids "$id"

begin 'packed: the same findings'
findings rule path line object fingerprint | sort >loose
git -C r tag keep "$(git -C r fsck --no-reflogs --unreachable 2>/dev/null | sed -n 's/unreachable blob //p' | head -1)"
git -C r update-ref refs/heads/nul "$id"
git -C r repack -q -a -d -k
report 1 audit r
findings rule path line object fingerprint | sort >packed
assert_same packed loose

begin 'the report does not depend on the number of threads'
new_repo many
seq 1 2500 | awk '{ printf "blob\nmark :%d\ndata <<E\nfile %d\nE\n", $1, $1 }
	END { printf "commit refs/heads/many\ncommitter C <c@example.com> 1700000000 +0000\ndata 1\nm\n" }' >stream
for i in 1 500 1000 1500 2000 2500; do
	printf 'M 100644 :%s f%s\n' $i $i
	printf 'M 100644 inline g%s\ndata <<E\n%s\nE\n' $i "$(token "$i")"
done >>stream
git -C many fast-import --quiet <stream
git -C many symbolic-ref HEAD refs/heads/many
report 1 audit --jobs 1 many
cp out one
assert_eq "$(findings path | wc -l)" 6
assert_eq "$(count expected)" "$(content_objects many)"
for jobs in 2 3 16; do
	report 1 audit --jobs $jobs many
	assert_same out one
done

begin 'an object over the limit is unscanned: status 3, the rest is reported'
token small >many/small
head -c 200000 /dev/zero >many/large
git -C many add small large
report 3 audit --object-max 100K many
assert_has out 'too large: 200000 bytes'
assert_eq "$(findings path | wc -l)" 7
assert_eq "$(count unscanned_count)" 1
assert_eq "$(count expected)" "$(content_objects many)"
assert_adds_up 0

begin 'a damaged object is unscanned: status 3'
cp -r r damaged
id=$(printf 'to be damaged' | git -C damaged hash-object -w --stdin)
file=damaged/.git/objects/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-)
chmod u+w "$file"
printf garbage >"$file"
report 3 audit damaged
assert_has out "$id"
assert_eq "$(count unscanned_count)" 1
assert_adds_up 0

begin 'a pack that cannot be listed: status 3, an entry that is no object'
cp -r r unlisted
mv unlisted/.git/objects/pack/*.idx away
report 3 audit unlisted
assert_has out 'this pack has no index'

begin 'a blob that HEAD names but the store lacks: status 3'
cp -r many partial
id=$(git -C partial rev-parse HEAD:f500)
git -C partial unpack-objects -q <"$(ls many/.git/objects/pack/*.pack)" || :
git -C partial rev-list --objects --all | cut -d' ' -f1 | grep -v "$id" |
	git -C partial pack-objects -q ../part >/dev/null
rm -rf partial/.git/objects/pack partial/.git/objects/??
mkdir partial/.git/objects/pack
mv part-* partial/.git/objects/pack
report 3 audit partial
assert_has out "$id"
assert_has out 'not in the object store'
assert_adds_up 0

begin 'formats that cannot be read: status 3, never clean; no repository: status 2'
git init -q --object-format=sha256 sha256
report 3 audit sha256
assert_has err objectformat
mkdir plain
report 2 audit plain
report 2 audit nonexistent

begin 'an empty repository is clean'
git init -q empty
report 0 audit empty
assert_eq "$(count expected)" 0

begin 'submodules and LFS pointers of HEAD are counted'
new_repo notes
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n' >notes/big.bin
git -C notes add big.bin
git -C notes update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,sub
git -C notes commit -q -m notes
report 0 audit notes
assert_eq "$(count submodules)" 1
assert_eq "$(count lfs_pointers)" 1

begin 'replace refs hide nothing'
commit notes secret "$(token replaced)"
git -C notes replace "$(git -C notes rev-parse HEAD:secret)" "$(echo clean | git -C notes hash-object -w --stdin)"
report 1 audit notes
assert_eq "$(findings path)" secret

begin 'alternates belong to the store'
git clone -q --bare --shared notes shared.git
report 1 audit shared.git
assert_eq "$(count expected)" "$(content_objects shared.git)"

finish
