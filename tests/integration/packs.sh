#!/bin/sh
# packs.sh - the pack reader against git, on packs of every form that git writes.
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

# What packs_dump reads of DIR is what git finds there, COPIES of objects counted once; all is good, nothing is left out.
assert_reads() {
	must_exit 0 "$PACKS_DUMP" read "$1"
	sed -n 's/^entry //p' out | LC_ALL=C sort -u >got
	git_objects "$1" >want
	assert_same got want
	assert_eq "$(grep -cv '^entry ' out || :)" 0 'lines that are no entries'
}

# many DIR: a repository with histories of several files, some of them large, a merge and tags.
many() {
	git init -q "$1"
	python3 - "$1" <<'END'
import os, random, subprocess, sys
rng = random.Random(7)
words = [bytes(rng.choice(b"abcdefgh \n") for _ in range(rng.randint(3, 60))) for _ in range(3000)]
files = {"small.txt": words[:5], "middle.txt": words[:300], "large.txt": words[:]}
out = []
for commit in range(40):
    for name, lines in files.items():
        for _ in range(rng.randint(0, 3)):
            lines[rng.randrange(len(lines))] = b"line %d\n" % rng.randrange(10 ** 9)
        if rng.random() < 0.2:
            at = rng.randrange(len(lines))
            lines[:] = lines[at:] + lines[:at]
    out.append(b"commit refs/heads/main\ncommitter C <c@example.com> %d +0000\ndata 5\nchang\n" % (1700000000 + commit))
    for name, lines in files.items():
        data = b"\n".join(lines)
        out.append(b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(data), data))
    out.append(b"M 100644 inline dir%d/f\ndata 3\n%03d\n" % (commit % 7, commit))
    out.append(b"M 100644 inline empty\ndata 0\n\n")
subprocess.run(["git", "-C", sys.argv[1], "fast-import", "--quiet"], input=b"".join(out), check=True)
END
	git -C "$1" tag -a -m 'a tag' v1 main~20
	git -C "$1" repack -q -adf
}

begin 'a pack with deltas'
many plain
assert_reads plain

begin 'an empty repository'
git init -q empty
assert_reads empty

begin 'a pack without deltas'
cp -r plain flat
git -C flat repack -q -adf --window=0
assert_reads flat

begin 'long chains'
cp -r plain deep
git -C deep repack -q -adf --window=50 --depth=200
assert_reads deep

finish
