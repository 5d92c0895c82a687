#!/bin/sh
# credwatch audit on damaged and lying stores: every object that can be read is scanned, every other one is named, and the program
# neither crashes nor calls the store clean.
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

begin 'loose objects that lie about their size or their type, or hold more than they say'
new_repo loose
python3 - "$(token hidden)" <<'END' >ids
import sys, zlib
from rawgit import *
hidden = sys.argv[1].encode()
def write(oid, raw, tail=b""):
    write_loose_bytes("loose/.git", oid * 20, zlib.compress(raw) + tail)
    print(oid * 20)
write("a0", b"blob 5\0hello " + hidden)
write("a1", b"blob 500\0hello " + hidden)
write("a2", b"blub 6\0hello\n")
write("a3", b"blob\0hello\n")
write("a4", b"blob 6\0hello\n", hidden)
write("a5", b"blob 99999999999999999999999\0hello\n")
write("a6", b"x" * 5000)
write("a7", b"")
END
: >loose/.git/objects/a7/not-an-object
: >loose/.git/objects/a7/00000000000000000000000000000000000000
report 3 audit loose
while read -r id; do
	assert_has out "{\"object\":\"$id\",\"reason\":\""
done <ids
assert_has out '"object":"a700000000000000000000000000000000000000"'
assert_eq "$(count unscanned_count)" 9
assert_eq "$(count scanned)" 2
assert_adds_up 0

begin 'a loose object that is cut short anywhere'
new_repo cut
head -c 3000 /dev/urandom >data
id=$(git -C cut hash-object -w "$T/data")
file=cut/.git/objects/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-)
chmod u+w "$file"
cp "$file" whole
size=$(wc -c <whole)
for length in 0 1 2 5 20 1500 $((size - 5)) $((size - 1)); do
	head -c "$length" whole >"$file"
	report 3 audit cut
	assert_has out "\"object\":\"$id\""
	assert_eq "$(count unscanned_count)" 1 "$length bytes"
done

begin 'the commit of HEAD cut short: status 3, in every format, and never without an end'
new_repo head
commit head secret "$(token head)"
id=$(git -C head rev-parse HEAD)
file=head/.git/objects/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-)
chmod u+w "$file"
cp "$file" whole
for length in 0 1 2 12 40 $(($(wc -c <whole) - 1)); do
	head -c "$length" whole >"$file"
	for form in jsonl text json sarif gitlab csv junit html; do
		must_exit 3 "$CREDWATCH" audit --format $form --no-progress --no-default-rules --rules "$RULES" head
		assert_has out "$id"
	done
	report 3 audit head
	assert_eq "$(findings path state)" 'secret unreachable' "$length bytes"
	assert_eq "$(grep -c "{\"object\":\"$id\"" out)" 1
done

# damage FILE OFFSET: change one byte
damage() {
	chmod u+w "$1"
	python3 - "$1" "$2" <<'END'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)[0]
    file.seek(-1, 1)
    file.write(bytes([byte ^ 0x55]))
END
}

# offset_of INDEX ID: where the object's entry begins in the pack
offset_of() {
	git show-index <"$1" | sed -n "s/^\([0-9]*\) $2 .*/\1/p"
}

begin 'an object with two copies of which one is damaged: the other one is scanned'
new_repo twice
commit twice secret "$(token twice)"
id=$(git -C twice rev-parse HEAD:secret)
git -C twice repack -q -a -d
echo "$id" | git -C twice pack-objects -q .git/objects/pack/pack >/dev/null
[ "$(find twice/.git/objects/pack -name '*.pack' | wc -l)" -eq 2 ] || fail 'the case needs two packs'
for damaged in first second; do
	rm -rf copies
	cp -r twice copies
	index=$(find copies/.git/objects/pack -name '*.idx' | sort | if [ $damaged = first ]; then head -1; else tail -1; fi)
	damage "${index%.idx}.pack" $(($(offset_of "$index" "$id") + 8))
	report 1 audit copies
	assert_eq "$(findings path)" secret
	assert_eq "$(count unscanned_count)" 0
done

begin 'a damaged copy in a pack, a good loose one; a damaged loose one, a good one in an alternate'
rm -rf copies
cp -r twice copies
for index in copies/.git/objects/pack/*.idx; do
	damage "${index%.idx}.pack" $(($(offset_of "$index" "$id") + 8))
done
report 3 audit copies
assert_has out "\"object\":\"$id\""
assert_eq "$(count unscanned_count)" 1
file=$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-)
mkdir -p "copies/.git/objects/$(dirname "$file")"
mkdir donor
git -C twice cat-file blob "$id" >content
git init -q donor
git -C donor hash-object -w "$T/content" >/dev/null
cp "donor/.git/objects/$file" "copies/.git/objects/$file"
report 1 audit copies
assert_eq "$(findings path)" secret
damage "copies/.git/objects/$file" 12
report 3 audit copies
echo "$T/donor/.git/objects" >copies/.git/objects/info/alternates
report 1 audit copies
assert_eq "$(findings path)" secret

begin 'an index that gives an object'\''s id to another one, which must not hide the true one (fault 28)'
for kind in BLOB TREE; do
	rm -rf lying
	new_repo lying
	commit lying secret "$(token lying)"
	id=$(git -C lying rev-parse HEAD:secret)
	python3 - "$id" $kind <<'END'
import sys
import rawgit
oid, kind = sys.argv[1], getattr(rawgit, sys.argv[2])
rawgit.write_pack("lying/.git", [(oid, rawgit.entry(kind, b""))])
END
	report 1 audit lying
	assert_eq "$(findings path)" secret
done

begin 'an index that gives a token'\''s blob another id: it is found, and the wrong id is said (fault 28)'
new_repo misnamed
python3 - "$(token misnamed)" <<'END'
import sys
from rawgit import *
write_pack("misnamed/.git", [("12" * 20, entry(BLOB, sys.argv[1].encode()))])
END
report 3 audit misnamed
assert_eq "$(findings object line)" "$(printf '12%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20) 1"
assert_has out 'has another id'
assert_adds_up 1

begin 'an index that hides an entry of its pack, or points nowhere: said, and never clean (fault 28)'
for lie in twice fewer more outside header other; do
	rm -rf hiding
	new_repo hiding
	python3 - $lie "$(token hidden)" <<'END'
import os, sys
from rawgit import *
lie, hidden = sys.argv[1], sys.argv[2].encode()
a, b, c = ((object_id(BLOB, data), entry(BLOB, data)) for data in (b"a" * 50, b"b" * 50, hidden))
entries = [a, b, c]
if lie == "twice":
    path = write_pack("hiding/.git", entries, index=[(a[0], 0), (b[0], 1), (c[0], 1)])
elif lie == "fewer":
    path = write_pack("hiding/.git", entries, index=[(a[0], 0), (b[0], 1)])
elif lie == "more":
    path = write_pack("hiding/.git", entries, index=[(a[0], 0), (b[0], 1), (c[0], 2), ("ee" * 20, 0)])
else:
    path = write_pack("hiding/.git", entries)
    data = bytearray(open(path + ".idx", "rb").read())
    if lie == "outside":
        data[-44:-40] = b"\x7f\xff\xff\xff"
    elif lie == "header":
        data[-44:-40] = b"\0\0\0\0"
    else:
        data[-40:-20] = b"\0" * 20
    open(path + ".idx", "wb").write(data)
END
	report 3 audit hiding
	assert_has out '.idx","reason":"the '
done

begin 'a pack that is cut short anywhere: its objects are scanned or named, the loose ones are scanned (fault 13)'
new_repo short
for i in 1 2 3 4 5 6 7 8; do
	commit short "f$i" "$(token "short$i")"
	seq "$i" 200 >short/numbers
done
git -C short repack -q -a -d
token loose | git -C short hash-object -w --stdin >/dev/null
pack=$(ls short/.git/objects/pack/*.pack)
chmod u+w "$pack"
size=$(wc -c <"$pack")
cp "$pack" whole
for length in 0 1 11 12 13 40 $((size / 4)) $((size / 2)) $((size - 30)) $((size - 20)) $((size - 1)); do
	head -c "$length" whole >"$pack"
	report 3 audit short
	assert_adds_up "$(grep -o '"object":"/[^"]*"\|"object":"HEAD"' out | wc -l)"
	assert_has out '"secret'
	[ "$(findings rule | wc -l)" -ge 1 ] || fail "$length bytes: the loose object was not scanned"
done

begin 'bits that flip anywhere in a pack or its index: no crash, and whatever is lost is said (fault 13)'
cat whole >"$pack"
git -C short prune
git_objects short >all
content=$(grep -c -v ' tree ' all)
report 1 audit short
assert_eq "$(findings rule | wc -l)" 8
for ending in pack idx; do
	file=${pack%.pack}.$ending
	chmod u+w "$file"
	cp "$file" whole
	size=$(wc -c <whole)
	seq 1 12 | while read -r i; do
		cat whole >"$file"
		damage "$file" $((i * 7919 * size / 198000 % size))
		got=0
		timeout -k 5 60 "$CREDWATCH" audit --no-cache --format jsonl --no-default-rules --rules "$RULES" short >out 2>err || got=$?
		[ "$got" -eq 1 ] || [ "$got" -eq 3 ] || fail "$ending, flip $i: status $got"
		[ "$got" -eq 3 ] || [ "$(findings rule | wc -l)" -eq 8 ] || fail "$ending, flip $i: a token was lost in silence"
		# a damaged tree counts too, since nobody can know what it was
		[ $ending = idx ] || [ "$(count expected)" -ge "$content" ] || fail "$ending, flip $i: objects are missing"
	done
	cat whole >"$file"
done

if [ -n "$CUT_MAPPED" ]; then
	begin 'a pack or an index that is cut while it is mapped: status 3, a line that says so, nothing left behind (fault 13)'
	for ending in .pack .idx; do
		rm -rf mapped
		cp -r short mapped
		chmod u+w mapped/.git/objects/pack/*
		token loose | git -C mapped hash-object -w --stdin >/dev/null
		must_exit 3 env LD_PRELOAD="$CUT_MAPPED" CW_CUT=$ending "$CREDWATCH" audit --no-cache --format jsonl --no-default-rules \
			--rules "$RULES" --output mapped/report mapped
		assert_has err 'was cut short'
		assert_eq "$(wc -l <err)" 1
		assert_eq "$(find mapped -maxdepth 1 -type f -name '*report*')" ''
		assert_eq "$(find mapped/.git/objects/pack -name "*$ending" -size 0 | wc -l)" 1
	done
fi

finish
