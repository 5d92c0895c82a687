#!/bin/sh
# packs.sh - the pack reader against git, on packs of every form that git writes.
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

git config --global pack.threads 1 # the same deltas each time
CHANGED=' -12 1'

# What packs_dump reads of DIR, in both orders, is what git finds there; all is good, nothing is left out. Copies count once.
assert_reads() {
	git_objects "$1" >want
	for mode in read families; do
		must_exit 0 "$PACKS_DUMP" "$mode" "$1"
		sed -n 's/^entry //p' out | LC_ALL=C sort -u >got
		assert_same got want
		assert_eq "$(grep -cv '^entry ' out || :)" 0 'lines that are no entries'
	done
}

# copies DIR: how many entries there are beyond one an object
copies() {
	must_exit 0 "$PACKS_DUMP" read "$1"
	echo $(($(wc -l <out) - $(cut -d' ' -f2 out | sort -u | wc -l)))
}

packs_of() {
	find "$1/.git/objects/pack" -name '*.pack' | wc -l
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
pack=$(echo plain/.git/objects/pack/*.pack)
[ "$(git -C plain verify-pack -v ".${pack#plain}" | awk 'NF == 7' | wc -l)" -gt 50 ] || fail 'no deltas'

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

begin 'deltas that name their bases by id'
cp -r plain ref
git -C ref -c repack.useDeltaBaseOffset=false repack -q -adf
assert_reads ref
[ "$(stat -c %s ref/.git/objects/pack/*.pack)" -gt "$(stat -c %s plain/.git/objects/pack/*.pack)" ] || fail 'not by id'

begin 'not compressed at all'
cp -r plain stored
git -C stored -c core.compression=0 repack -q -adF
assert_reads stored

begin 'an index of version 1'
cp -r plain old
git -C old -c pack.indexVersion=1 repack -q -adf
assert_eq "$(head -c 4 old/.git/objects/pack/*.idx | od -An -tx1 | tr -d ' ' | grep -c ff744f63 || :)" 0 version
assert_reads old

begin 'an index with large offsets'
cp -r plain large
for file in large/.git/objects/pack/*.pack; do
	chmod u+w "${file%.pack}".*
	before=$(stat -c %s "${file%.pack}.idx")
	git -C large index-pack --index-version=2,0x40 -o "../${file%.pack}.idx" "../$file" >/dev/null
	[ "$(stat -c %s "${file%.pack}.idx")" -gt "$before" ] || fail 'no large offsets'
done
assert_reads large

begin 'several packs, the same object in two of them'
cp -r plain several
for i in 1 2 3 4 5; do
	commit several "more$i" "more $i"
	git -C several repack -q -d
done
git -C several rev-list --objects main~3 | cut -d' ' -f1 | head -50 | git -C several pack-objects -q .git/objects/pack/pack >/dev/null
assert_eq "$(packs_of several)" 7 packs
assert_reads several
assert_eq "$(copies several)" 50 copies

begin 'more packs than files may be open'
must_exit 0 prlimit --nofile=16 "$PACKS_DUMP" read several
assert_eq "$(grep -c '^entry ' out)" "$(($(git_objects several | wc -l) + 50))" entries
assert_lacks out broken
assert_lacks out fault

begin 'a multi-pack-index beside the packs'
cp -r several midx
git -C midx multi-pack-index write
assert_reads midx

begin 'alternates, and the same pack in both stores'
git clone -q --shared several borrower
commit borrower own 'own'
git -C borrower repack -q -d -l
assert_reads borrower
cp several/.git/objects/pack/* borrower/.git/objects/pack/
assert_reads borrower

begin 'a cruft pack'
cp -r plain cruft
git -C cruft reset -q --hard main~10
git -C cruft tag -d v1 >/dev/null
git -C cruft reflog expire --expire=now --all
git -C cruft repack -q -d --cruft
assert_eq "$(packs_of cruft)" 2 packs
assert_reads cruft

begin 'a thin pack that was completed, with loose objects beside'
git clone -q plain fetcher 2>/dev/null
git -C plain checkout -q -b side
for i in 1 2 3; do
	{ echo "side $i"; cat plain/large.txt; } >new
	commit plain large.txt "$(cat new)"
done
git -C fetcher -c fetch.unpackLimit=1 -c transfer.unpackLimit=1 fetch -q origin side:side
assert_eq "$(packs_of fetcher)" 2 packs
assert_reads fetcher

begin 'a partial clone'
git -C plain config uploadpack.allowFilter true
git clone -q --no-local --bare --filter=blob:none "file://$T/plain" partial
[ -n "$(find partial/objects/pack -name '*.promisor')" ] || fail 'no promisor pack'
assert_reads partial
git_objects partial >want
assert_lacks want ' blob '

begin 'objects that are larger than what is read at once'
git init -q huge
python3 -c 'import os, sys
noise = os.urandom(6 << 20)
open("huge/noise", "wb").write(noise)
open("huge/zeros", "wb").write(bytes(40 << 20))
open("huge/more", "wb").write(noise[:3 << 20] + b"seam" + noise[3 << 20:] + os.urandom(5 << 20))'
git -C huge add .
git -C huge commit -q -m huge
git -C huge repack -q -adf
assert_reads huge

begin 'no object above the limit is read'
must_exit 0 "$PACKS_DUMP" read huge 6M
assert_eq "$(grep -c '^broken [0-9a-f]* -5 1$' out)" 2 refused
assert_eq "$(grep -c '^entry ' out)" 3 read
must_exit 0 "$PACKS_DUMP" read huge 6291455
assert_eq "$(grep -c '^broken [0-9a-f]* -5 1$' out)" 3 refused

begin 'packs cut short once they are open'
cp -r several cut
must_exit 0 "$PACKS_DUMP" cut cut
assert_has out "$CHANGED"
assert_lacks out ' -8 '
assert_lacks out differs

begin 'packs overwritten once they are open'
cp -r plain scribbled
chmod u+w scribbled/.git/objects/pack/*
must_exit 0 "$PACKS_DUMP" scribble scribbled
assert_has out "$CHANGED"
assert_lacks out ' -8 '
assert_lacks out differs

begin 'packs deleted once they are open'
cp -r several gone
must_exit 0 "$PACKS_DUMP" gone gone
assert_lacks out broken

begin 'packs deleted that cannot be kept open'
cp -r several parked
must_exit 0 prlimit --nofile=16 "$PACKS_DUMP" gone parked
assert_has out "$CHANGED"
assert_has out 'entry '
assert_lacks out ' -8 '

finish
