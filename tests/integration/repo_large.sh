#!/bin/sh
# credwatch audit with objects that are large or say that they are, and with trees made to be walked for ever: scanned, or named and
# status 3, in bounded memory and time.
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

begin 'a blob of 100 MB with a token in its last line, loose and packed'
new_repo large
{
	head -c 100000000 /dev/zero | tr '\0' '\n'
	printf '%s' "$(token last)"
} >large/big
git -C large add big
git -C large commit -q -m big
report 1 audit large
assert_eq "$(findings path line)" 'big 100000001'
git -C large repack -q -a -d
report 1 audit large
assert_eq "$(findings path line)" 'big 100000001'

begin 'the same over the limit: named, never read (fault 7)'
report 3 audit --object-max 1M large
assert_has out 'too large: 100000033 bytes'
assert_eq "$(count unscanned_count)" 1
assert_adds_up 0
git -C large unpack-objects -q <"$(ls large/.git/objects/pack/*.pack)"
report 3 audit --object-max 1M large
assert_has out 'too large: 100000033 bytes'

limit_memory

begin 'a blob of 3 GB of zeros, loose and packed, over the limit that is set by default: its header is read, no more (fault 7)'
for where in loose packed; do
	new_repo zeros
	commit zeros secret "$(token zeros)"
	python3 - $where <<'END'
import os, sys, zlib
from rawgit import *
import struct
piece, pieces = b"\0" * (64 << 20), 48
size = len(piece) * pieces
def stream(head):
    """A zlib stream of HEAD and SIZE zeros, whose pieces are compressed once."""
    sum_a, sum_b = zlib.adler32(head) & 0xFFFF, zlib.adler32(head) >> 16
    sum_b = (sum_b + sum_a * size) % 65521
    flush = lambda data: (lambda z: z.compress(data) + z.flush(zlib.Z_FULL_FLUSH))(zlib.compressobj(9, zlib.DEFLATED, -15))
    return b"\x78\xda" + flush(head) + flush(piece) * pieces + b"\x03\0" + struct.pack(">I", sum_b << 16 | sum_a)
if sys.argv[1] == "loose":
    write_loose_bytes("zeros/.git", "3b" * 20, stream(b"blob %d\0" % size))
else:
    path = write_pack("zeros/.git", [("3b" * 20, entry_header(BLOB, size) + stream(b""))])
    assert os.path.getsize(path + ".pack") < 4000000
END
	report 3 audit zeros
	assert_eq "$(findings path)" secret
	assert_has out '3b3b3b3b","reason":"too large: 3221225472 bytes, the limit is 1073741824"'
	assert_eq "$(count unscanned_count)" 1
	assert_adds_up 0
	rm -rf zeros
done

begin 'a delta bomb: a pack of some kilobytes that asks for 1.6 GB (fault 8)'
new_repo bomb
commit bomb secret "$(token bomb)"
python3 - <<'END'
import os
from rawgit import *
base = b"\0" * 0xFFFF00
count = 100
delta = varint(len(base)) + varint(count * len(base)) + delta_copy(0, len(base)) * count
path = write_pack("bomb/.git", [(object_id(BLOB, base), entry(BLOB, base)), ("bb" * 20, ref_delta(object_id(BLOB, base), delta))])
assert os.path.getsize(path + ".pack") < 20000
END
report 3 audit bomb
assert_eq "$(findings path)" secret
assert_has out '"object":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","reason":"too large: 1677'
assert_eq "$(count unscanned_count)" 1
assert_adds_up 0

finish
