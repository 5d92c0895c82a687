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

finish
