#!/bin/sh
# forms.sh REPO.git FORM DEST.git: the same objects and references as in REPO, stored in another way, for measuring and comparing.
# FORM: loose (every object in a file), packs (twenty packs, each complete in itself), cruft (half of the history in a pack of an
# alternate, the rest in a pack and a cruft pack of unreachable objects), doubled (as many commits again, each editing one line).
set -eu
[ $# -eq 3 ] || { sed -n '2,4p' "$0" >&2; exit 2; }
src=$(cd "$1" && pwd)
form=$2
dest=$3
[ ! -e "$dest" ] || { echo "$dest is there already" >&2; exit 2; }

# The references of $src in $1, whose objects are complete.
copy_refs()
{
	git -C "$src" for-each-ref --format='create %(refname) %(objectname)' | git -C "$1" update-ref --stdin
	git -C "$1" symbolic-ref HEAD "$(git -C "$src" symbolic-ref HEAD)"
}

every_object()
{
	git -C "$src" cat-file --batch-all-objects --batch-check='%(objectname)' --unordered
}

git init -q --bare "$dest"
dest=$(cd "$dest" && pwd)
case $form in
loose)
	every_object | git -C "$src" pack-objects -q --stdout --window=0 | git -C "$dest" unpack-objects -q
	copy_refs "$dest"
	;;
packs)
	every_object >"$dest/objects.list"
	lines=$((($(wc -l <"$dest/objects.list") + 19) / 20))
	split -l "$lines" "$dest/objects.list" "$dest/part."
	for part in "$dest"/part.*; do
		git -C "$src" pack-objects -q "$dest/objects/pack/pack" <"$part" >/dev/null
		rm "$part"
	done
	rm "$dest/objects.list"
	copy_refs "$dest"
	;;
cruft)
	git init -q --bare "$dest/alternate.git"
	middle=$(git -C "$src" rev-list --first-parent HEAD | awk '{ id[NR] = $0 } END { print id[int(NR / 2) + 1] }')
	echo "$middle" | git -C "$src" pack-objects -q --revs "$dest/alternate.git/objects/pack/pack" >/dev/null
	echo "$dest/alternate.git/objects" >"$dest/objects/info/alternates"
	every_object | git -C "$src" pack-objects -q --stdout | git -C "$dest" index-pack --stdin >/dev/null
	copy_refs "$dest"
	# a quarter of the branches and tags go: what only they reached stays in the cruft pack
	git -C "$dest" for-each-ref --format='delete %(refname)' | awk 'NR % 4 == 0' |
		grep -v " $(git -C "$dest" symbolic-ref HEAD)$" | git -C "$dest" update-ref --stdin
	git -C "$dest" repack -q -d --cruft --cruft-expiration=never
	;;
doubled)
	cp -R "$src/." "$dest/"
	commits=$(git -C "$src" rev-list --count HEAD)
	# one line of one file changes in each commit, files taken in turn
	git -C "$dest" ls-tree -r HEAD | awk '$1 == "100644" { print }' | head -200 >"$dest/files.list"
	python3 - "$dest" "$commits" <<'EOF' | git -C "$dest" fast-import --quiet --force
import subprocess
import sys

repo, commits = sys.argv[1], int(sys.argv[2])
files = [line.rstrip("\n").split("\t", 1) for line in open(repo + "/files.list")]
content = {}
for meta, path in files:
    data = subprocess.run(["git", "-C", repo, "cat-file", "blob", meta.split()[2]], stdout=subprocess.PIPE, check=True).stdout
    content[path] = data.split(b"\n")
out = sys.stdout.buffer
for n in range(commits):
    path = files[n % len(files)][1]
    lines = content[path]
    lines[n * 7919 % len(lines)] = b"edited line number %d of the second half" % n
    data = b"\n".join(lines)
    out.write(b"commit refs/heads/doubled\ncommitter A U Thor <author@example.com> %d +0000\ndata 4\nedit" % (1700000000 + n))
    out.write(b"\n" + (b"from HEAD^0\n" if n == 0 else b""))
    out.write(b"M 100644 inline %s\ndata %d\n" % (path.encode(), len(data)) + data + b"\n")
EOF
	rm "$dest/files.list"
	git -C "$dest" repack -adfq --window=20 --depth=50
	;;
*)
	echo "unknown form: $form" >&2
	exit 2
	;;
esac
