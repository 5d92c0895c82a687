#!/bin/sh
# credwatch audit on trees made to exhaust whoever walks them: within the memory that an audit may use, with the status that says what is
# not known, and every blob scanned (faults 6 and 26).
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

limit_memory

# made KIND: the repository KIND, a pack with a commit of such a tree; the environment's TOKEN is in its blobs
made() {
	git init -q "$1"
	TOKEN=$(token "$1") python3 - "$1" <<'END'
import os, sys
from rawgit import *
kind, secret = sys.argv[1], os.environ["TOKEN"].encode()
entries = []
def add(kind, data):
    entries.append((object_id(kind, data), entry(kind, data)))
    return entries[-1][0]
blob, clean = add(BLOB, secret), add(BLOB, b"clean\n")
tree, mode = blob, b"100644"
if kind == "deep":
    for _ in range(60000):
        tree, mode = add(TREE, tree_entry(mode, b"d", tree)), b"40000"
elif kind == "wide":
    tree = add(TREE, b"".join(tree_entry(mode, b"f%07d" % i, clean if i % 250000 else blob) for i in range(1000000)))
elif kind == "long":
    folders = [add(TREE, b"".join(tree_entry(mode, b"%05d" % i + b"x" * 5000, clean) for i in range(n, n + 5000)))
               for n in range(0, 25000, 5000)]
    folders.append(add(TREE, tree_entry(mode, b"y" * 5000, blob)))
    tree = add(TREE, b"".join(tree_entry(b"40000", b"d%d" % i, oid) for i, oid in enumerate(folders)))
elif kind == "bomb":
    for _ in range(10):
        tree, mode = add(TREE, b"".join(tree_entry(mode, b"%d" % i, tree) for i in range(10))), b"40000"
elif kind == "history":
    # every commit has another bomb, so that each is compared with the one before it
    commits = []
    for n in range(40):
        tree, mode = add(BLOB, secret + b" %d" % n), b"100644"
        for _ in range(10):
            tree, mode = add(TREE, b"".join(tree_entry(mode, b"%d" % i, tree) for i in range(10))), b"40000"
        head = b"tree %s\n" % tree.encode() + b"".join(b"parent %s\n" % c.encode() for c in commits[-1:])
        commits.append(add(COMMIT, head + b"author A <a> 1700000000 +0000\ncommitter A <a> 17000%05d +0000\n\nm\n" % n))
commit = add(COMMIT, b"tree %s\nauthor A <a> 1700000000 +0000\ncommitter A <a> 1700000000 +0000\n\nm\n" % tree.encode())
if kind == "history":
    commit = commits[-1]
write_pack(kind + "/.git", entries)
open(kind + "/.git/refs/heads/main", "w").write(commit + "\n")
END
}

begin 'a tree of 60,000 levels: its blob is scanned, its path is not known, and that is said (fault 6)'
made deep
report 3 audit deep
assert_eq "$(findings path object_type state)" 'None blob history'
assert_has out 'tree too deep: paths of more than 2048 levels are not known'
assert_adds_up 1

begin 'a tree of a million entries: all paths are known (fault 6)'
made wide
report 1 audit wide
assert_eq "$(findings path)" 'f0000000
f0250000
f0500000
f0750000'
assert_eq "$(count unscanned_count)" 0

begin 'names of more than a hundred million bytes: what has no room is said (fault 6)'
made long
report 3 audit long
assert_has out 'too many names: some paths are not known'
assert_eq "$(findings path object_type)" 'None blob'
assert_adds_up 1

begin 'ten trees of ten equal entries, 10,000,000,000 paths: a thousand listed, the rest counted (fault 26)'
made bomb
report 1 audit bomb
assert_eq "$(findings path | wc -l)" 1000
assert_eq "$(findings unlisted_places | grep -v None)" 9999999000
assert_eq "$(count unscanned_count)" 0

begin 'a history of such trees, each other than the one before (fault 26)'
made history
report 3 audit history
assert_has out 'more paths than can be compared'
assert_eq "$(findings path | grep -c /)" 1000
assert_eq "$(count scanned)" 83

finish
