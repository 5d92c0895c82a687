"""Writes what git itself would not: loose objects, packs and pack indexes byte by byte, so that tests can make them lie."""
import collections
import hashlib
import itertools
import os
import struct
import zlib

COMMIT, TREE, BLOB, TAG, OFS_DELTA, REF_DELTA = 1, 2, 3, 4, 6, 7
NAMES = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob", TAG: b"tag"}


def raw_object(kind, data):
    return NAMES[kind] + b" %d\0" % len(data) + data


def object_id(kind, data):
    return hashlib.sha1(raw_object(kind, data)).hexdigest()


def loose_path(git_dir, oid):
    return os.path.join(git_dir, "objects", oid[:2], oid[2:])


def write_loose_bytes(git_dir, oid, compressed):
    path = loose_path(git_dir, oid)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(compressed)


def write_loose(git_dir, kind, data, oid=None):
    """Write a loose object; a given OID need not be its own."""
    raw = raw_object(kind, data)
    oid = oid or hashlib.sha1(raw).hexdigest()
    write_loose_bytes(git_dir, oid, zlib.compress(raw, 1))
    return oid


def tree_entry(mode, name, oid):
    return mode + b" " + name + b"\0" + bytes.fromhex(oid)


def varint(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def entry_header(kind, size):
    first, size = kind << 4 | size & 15, size >> 4
    return bytes([first | 0x80]) + varint(size) if size else bytes([first])


def deflate(data):
    """A zlib stream; small ones are stored, which is far quicker for many of them."""
    if len(data) > 200:
        return zlib.compress(data)
    return b"\x78\x01\x01" + struct.pack("<HH", len(data), len(data) ^ 0xFFFF) + data + struct.pack(">I", zlib.adler32(data))


def entry(kind, data, size=None):
    """The bytes of a whole object in a pack; a given SIZE need not be its own."""
    return entry_header(kind, len(data) if size is None else size) + deflate(data)


def ref_delta(base, delta):
    return entry_header(REF_DELTA, len(delta)) + bytes.fromhex(base) + zlib.compress(delta)


def ofs_delta(distance, delta, size=None):
    """A delta whose base begins DISTANCE bytes before it."""
    back, distance = [distance & 0x7F], distance >> 7
    while distance:
        distance -= 1
        back.insert(0, distance & 0x7F | 0x80)
        distance >>= 7
    return entry_header(OFS_DELTA, len(delta) if size is None else size) + bytes(back) + zlib.compress(delta)


def make_delta(base_len, child_len, *instructions):
    return varint(base_len) + varint(child_len) + b"".join(instructions)


def delta_insert(data):
    return bytes([len(data)]) + data


def delta_copy(offset, size):
    """A copy instruction."""
    op, args = 0x80, b""
    for i in range(4):
        if offset >> 8 * i & 0xFF:
            op |= 1 << i
            args += bytes([offset >> 8 * i & 0xFF])
    for i in range(3):
        if size >> 8 * i & 0xFF:
            op |= 0x10 << i
            args += bytes([size >> 8 * i & 0xFF])
    return bytes([op]) + args


def write_pack(git_dir, entries, index=None, count=None, lie=None):
    """Write a pack of ENTRIES [(id, bytes)] and its index. INDEX [(id, number of the entry)] need not tell the truth, nor need
    COUNT; LIE changes the offsets that the index gives, a list in the order of the entries. Returns the path without its
    ending."""
    data = bytearray(b"PACK" + struct.pack(">II", 2, len(entries) if count is None else count))
    offsets = []
    for _, item in entries:
        offsets.append(len(data))
        data += item
    data = bytes(data + hashlib.sha1(data).digest())
    if lie:
        lie(offsets)
    if index is None:
        index = [(oid, i) for i, (oid, _) in enumerate(entries)]
    index = sorted(index)
    firsts = collections.Counter(int(oid[:2], 16) for oid, _ in index)
    fan = list(itertools.accumulate(firsts[i] for i in range(256)))
    idx = b"\xfftOc" + struct.pack(">I", 2) + b"".join(struct.pack(">I", n) for n in fan)
    idx += b"".join(bytes.fromhex(oid) for oid, _ in index)
    idx += b"".join(struct.pack(">I", zlib.crc32(entries[i][1])) for _, i in index)
    idx += b"".join(struct.pack(">I", offsets[i]) for _, i in index) + data[-20:]
    folder = os.path.join(git_dir, "objects", "pack")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "pack-" + data[-20:].hex())
    with open(path + ".pack", "wb") as file:
        file.write(data)
    with open(path + ".idx", "wb") as file:
        file.write(idx + hashlib.sha1(idx).digest())
    return path
