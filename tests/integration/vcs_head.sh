#!/bin/sh
# The paths of HEAD's tree: the same as git ls-tree, for every kind of HEAD and for trees that git itself would not write.
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

# same_paths DIR: compare with git ls-tree, whose -z output has no quoting
same_paths() {
	must_exit 0 "$VCS_DUMP" "$1"
	sed -n 's/^path //p' out >seen
	git -C "$1" ls-tree -r -z HEAD | sed -z 's/^\([0-7]*\) [a-z]* \([0-9a-f]*\)\t/\1 \2 /' | tr '\0' '\n' >git_seen
	[ -s git_seen ] || fail 'git sees no paths'
	assert_same seen git_seen
	assert_lacks out 'head -'
}

# commit_raw_tree DIR: make the raw tree on stdin HEAD's
commit_raw_tree() {
	tree=$(git -C "$1" hash-object -t tree -w --literally --stdin)
	git -C "$1" update-ref HEAD "$(git -C "$1" commit-tree -m raw "$tree")"
}

begin 'folders, executables, symbolic links, submodules, names that are not UTF-8'
new_repo r
mkdir -p r/a/b/c
printf x >r/a/b/c/deep
printf x >r/a/same
printf '#!' >r/a/run
chmod +x r/a/run
ln -s ../hello.txt r/a/link
printf x >"r/$(printf 'n\303\244me \377')"
git -C r add -A
git -C r update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,sub
git -C r commit -q -m more
same_paths r

begin 'one file of HEAD: at the root, below folders, not there, a folder, a link, below a file, too large'
must_exit 0 "$VCS_DUMP" r hello.txt
assert_has out 'file hello'
must_exit 0 "$VCS_DUMP" r a/b/c/deep
assert_has out 'file x'
for absent in none a/none a/b/c/deep/x hello; do
	must_exit 1 "$VCS_DUMP" r "$absent"
	assert_has out 'error -3 '
done
for irregular in a/b a/link sub; do
	must_exit 1 "$VCS_DUMP" r "$irregular"
	assert_has out 'error -4 '
done
cp -r r large
commit large file "$(printf '%65s' x)"
must_exit 1 "$VCS_DUMP" large file
assert_has out 'error -5 '

begin 'packed, detached and tagged HEAD; an empty folder beside a packed reference'
git -C r repack -q -a -d
git -C r pack-refs --all
same_paths r
mkdir -p r/.git/refs/heads/main
same_paths r
git -C r checkout -q --detach
same_paths r
git -C r tag -a -m t one
git -C r -c advice.nestedTag=false tag -a -m t two one
tag=$(git -C r rev-parse two)
echo "$tag" >r/.git/HEAD
must_exit 0 "$VCS_DUMP" r
assert_has out ' a/same'
git -C r symbolic-ref HEAD refs/heads/main

begin 'HEAD of a linked work tree is its own'
git -C r worktree add -q -b other ../linked 2>/dev/null
commit linked only-here x
same_paths linked
must_exit 0 "$VCS_DUMP" r
assert_lacks out ' only-here'

begin 'an unborn HEAD has no paths'
git -C r symbolic-ref HEAD refs/heads/unborn
must_exit 0 "$VCS_DUMP" r
assert_lacks out 'path '
assert_lacks out 'head -'
must_exit 1 "$VCS_DUMP" r hello.txt
assert_has out 'error -3 '

begin 'references in a circle'
printf 'ref: refs/heads/x\n' >r/.git/refs/heads/y
printf 'ref: refs/heads/y\n' >r/.git/refs/heads/x
git -C r symbolic-ref HEAD refs/heads/x
must_exit 0 "$VCS_DUMP" r
assert_has out 'head -'
git -C r symbolic-ref HEAD refs/heads/main

begin 'a reference to an object that is missing'
cp -r r missing
git -C missing checkout -q --detach
echo 1234567890123456789012345678901234567890 >missing/.git/HEAD
must_exit 0 "$VCS_DUMP" missing
assert_has out 'head -3'

blob=$(git -C r rev-parse HEAD:hello.txt)
raw_blob=$(echo "$blob" | sed 's/../\\x&/g')

# shellcheck disable=SC2059 # the id is an escape sequence
begin 'an odd mode, names with .git, a slash and control bytes'
{
	/usr/bin/printf '100000 odd\0'"$raw_blob"
	/usr/bin/printf '100644 .git\0'"$raw_blob"
	/usr/bin/printf '100644 a/b\0'"$raw_blob"
	/usr/bin/printf '777 bell\007\0'"$raw_blob"
} | commit_raw_tree r
must_exit 0 "$VCS_DUMP" r
assert_has out "path 100000 $blob odd"
assert_has out "path 100644 $blob .git"
assert_has out "path 100644 $blob a/b"
assert_has out "path 000777 $blob bell"

# shellcheck disable=SC2059
begin 'a tree that is cut short: what stands before is reported, and the damage'
/usr/bin/printf '100644 good\0'"$raw_blob"'100644 cut\0abc' | commit_raw_tree r
must_exit 0 "$VCS_DUMP" r
assert_has out "path 100644 $blob good"
assert_has out 'malformed'

# shellcheck disable=SC2059
begin 'a subtree that is missing does not hide its neighbours'
/usr/bin/printf '40000 gone\0\x12\x34567890123456789012100644 kept\0'"$raw_blob" | commit_raw_tree r
must_exit 0 "$VCS_DUMP" r
assert_has out "path 100644 $blob kept"
assert_has out 'gone'
assert_has out 'head -'

begin 'a tree of 3000 levels ends with a limit; what stands above it is reported'
tree=$(python3 - r "$blob" <<'END'
import hashlib, os, sys, zlib
repo, oid = sys.argv[1], bytes.fromhex(sys.argv[2])
def write(data):
    raw = b"tree %d\0" % len(data) + data
    name = hashlib.sha1(raw).hexdigest()
    path = os.path.join(repo, ".git/objects", name[:2], name[2:])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.exists(path):
        with open(path, "wb") as f:
            f.write(zlib.compress(raw, 1))
    return bytes.fromhex(name)
tree = write(b"100644 bottom\0" + oid)
for _ in range(3000):
    tree = write(b"40000 d\0" + tree + b"100644 f\0" + oid)
print(tree.hex())
END
)
git -C r update-ref HEAD "$(git -C r commit-tree -m deep "$tree")"
must_exit 0 "$VCS_DUMP" r
assert_has out 'more than 2048 levels'
assert_eq "$(grep -c '^path ' out)" 2048

finish
