#!/usr/bin/env python3
"""test_packs.py PACKS_DUMP - the pack reader on packs that lie, made byte by byte."""
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

import rawgit
from rawgit import BLOB, TREE, delta_copy, delta_insert, entry, make_delta, object_id, ofs_delta, ref_delta

PROGRAM = ""
NOTFOUND, LIMIT, CORRUPT = -3, -5, -8
GOOD, ADRIFT, DAMAGED = 1, 2, 3  # states of entries
MEMORY_MAX = 400 << 20


def limit_memory():
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_MAX, MEMORY_MAX))


def blob(data):
    return object_id(BLOB, data), entry(BLOB, data)


def stored(data):
    """A zlib stream of short DATA without compression: fast to make."""
    return b"\x78\x01\x01" + struct.pack("<HH", len(data), len(data) ^ 0xFFFF) + data + struct.pack(">I", zlib.adler32(data))


def fake_id(n):
    return "%040x" % n


class Packs(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="credwatch-test.")
        self.addCleanup(shutil.rmtree, self.top)
        os.makedirs(os.path.join(self.top, "refs"))
        os.makedirs(os.path.join(self.top, "objects"))
        with open(os.path.join(self.top, "HEAD"), "w", encoding="ascii") as file:
            file.write("ref: refs/heads/main\n")

    def dump(self, mode, *more):
        done = subprocess.run([PROGRAM, mode, self.top, *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=100, check=False, preexec_fn=None if os.environ.get("SANITIZED") else limit_memory)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:])
        return done.stdout.splitlines()

    def pack(self, *entries, **kwargs):
        return rawgit.write_pack(self.top, list(entries), **kwargs)

    def expect(self, *lines, mode="read", more=()):
        """Both orders of reading give these LINES; a fault is given by a part of its reason."""
        got = self.dump(mode, *more)
        faults = [line for line in got if line.startswith("fault ")]
        wanted = [line for line in lines if line.startswith("fault ")]
        self.assertEqual(len(faults), len(wanted), faults)
        for fault, part in zip(faults, wanted):
            self.assertIn(part[len("fault "):], fault)
        self.assertEqual(sorted(set(got) - set(faults)), sorted(set(lines) - set(wanted)))

    def broken(self, oid, code=CORRUPT, state=GOOD):
        return "broken %s %d %d" % (oid, code, state)

    def good(self, data, kind=BLOB):
        return "entry %s %s %d" % (object_id(kind, data), rawgit.NAMES[kind].decode(), len(data))

    def test_by_hand(self):
        # A base before and behind its deltas, a delta of a delta, an empty object, a tree.
        tree = rawgit.tree_entry(b"100644", b"f", object_id(BLOB, b"one"))
        child, grandchild = b"onetwo", b"twotwoX"
        first = entry(BLOB, b"one")
        delta = make_delta(3, 6, delta_copy(0, 3), delta_insert(b"two"))
        second = make_delta(6, 7, delta_copy(3, 3), delta_copy(3, 3), delta_insert(b"X"))
        self.pack((object_id(BLOB, grandchild), ref_delta(object_id(BLOB, child), second)),
                  (object_id(BLOB, b"one"), first),
                  (object_id(BLOB, child), ofs_delta(len(first), delta)),
                  (object_id(TREE, tree), entry(TREE, tree)),
                  blob(b""))
        lines = [self.good(child), self.good(grandchild), self.good(b"one"), self.good(tree, TREE), self.good(b"")]
        self.expect(*lines)
        self.expect(*lines, mode="families")

    def chain(self, length, backwards):
        """A chain of REF_DELTAs: each object is its base with another number in it."""
        data = b"%08d tail" % 0
        entries, oid = [blob(data)], object_id(BLOB, data)
        head = rawgit.entry_header(rawgit.REF_DELTA, 14)
        for n in range(1, length + 1):
            number = b"%08d" % n
            delta = make_delta(13, 13, delta_insert(number), delta_copy(8, 5))
            data = number + data[8:]
            entries.append((object_id(BLOB, data), head + bytes.fromhex(oid) + stored(delta)))
            oid = entries[-1][0]
        self.pack(*(reversed(entries) if backwards else entries))
        self.assertEqual(self.dump("one", oid), [self.good(data)])
        lines = self.dump("families")
        self.assertEqual(len(lines), length + 1)
        self.assertTrue(all(line.startswith("entry ") for line in lines))

    def test_long_chain(self):
        self.chain(100000, False)

    def test_long_chain_backwards(self):
        self.chain(100000, True)

    def test_wide_family(self):
        # 20,000 deltas of one base.
        base = b"b" * 100
        first = entry(BLOB, base)
        entries, at, lines = [(object_id(BLOB, base), first)], len(first), [self.good(base)]
        for n in range(20000):
            data = b"%06d" % n + base
            raw = ofs_delta(at, make_delta(100, 106, delta_insert(data[:6]), delta_copy(0, 100)))
            entries.append((object_id(BLOB, data), raw))
            at += len(raw)
            lines.append(self.good(data))
        self.pack(*entries)
        self.expect(*lines, mode="families")

    def test_cycles(self):
        # Two deltas of each other, one that hangs on them, one of itself; another object of the pack is read all the same.
        a, b, c, d = (fake_id(n << 152) for n in range(1, 5))
        delta = make_delta(3, 3, delta_copy(0, 3))
        self.pack((a, ref_delta(b, delta)), (b, ref_delta(a, delta)), (c, ref_delta(b, delta)), (d, ref_delta(d, delta)), blob(b"x"))
        lines = [self.broken(oid, state=DAMAGED) for oid in (a, b, c, d)] + [self.good(b"x")]
        self.expect(*lines)
        self.expect(self.good(b"x"), mode="families")

    def test_long_cycle(self):
        # A cycle of 50,000 and a tail of as many.
        length = 50000
        delta = make_delta(3, 3, delta_copy(0, 3))
        bases = [(n + 1) % length + 1 for n in range(length)] + list(range(length, 2 * length))
        head, packed = rawgit.entry_header(rawgit.REF_DELTA, len(delta)), zlib.compress(delta)
        entries = [(fake_id(n + 1), head + bytes.fromhex(fake_id(base)) + packed) for n, base in enumerate(bases)]
        self.pack(*entries)
        self.expect(*(self.broken(oid, state=DAMAGED) for oid, _ in entries))

    def test_cycle_over_packs(self):
        # Two packs, each with a delta of what the other has.
        a, b, c = (fake_id(n << 152) for n in range(1, 4))
        delta = make_delta(3, 3, delta_copy(0, 3))
        self.pack((a, ref_delta(b, delta)), blob(b"x"))
        self.pack((b, ref_delta(a, delta)), (c, ref_delta(b, delta)))
        self.expect(self.good(b"x"), *(self.broken(oid, state=DAMAGED) for oid in (a, b, c)))

    def test_base_in_another_pack(self):
        base, child = b"the base", b"the child"
        delta = make_delta(8, 9, delta_copy(0, 4), delta_insert(b"child"))
        self.pack((object_id(BLOB, child), ref_delta(object_id(BLOB, base), delta)))
        self.pack(blob(b"other"), blob(base))
        lines = [self.good(base), self.good(child), self.good(b"other")]
        self.expect(*lines)
        self.expect(*lines, mode="families")

    def test_base_in_the_same_pack_first(self):
        # The other pack, whichever comes first, gives the id of the base to something of another length.
        base, child = b"the base", b"the child"
        oid = object_id(BLOB, base)
        delta = make_delta(8, 9, delta_copy(0, 4), delta_insert(b"child"))
        good = [(object_id(BLOB, child), ref_delta(oid, delta)), blob(base)]
        for n in range(6):
            self.pack((oid, entry(BLOB, b"a liar's %d" % n)))
        self.pack(*good)
        self.assertEqual(self.dump("one", object_id(BLOB, child)), [self.good(child)])

    def test_base_outside(self):
        # A loose base, one that is nowhere, and a delta of such a delta.
        base, child = b"the base", b"the child"
        oid = rawgit.write_loose(self.top, BLOB, base)
        delta = make_delta(8, 9, delta_copy(0, 4), delta_insert(b"child"))
        second = make_delta(9, 1, delta_copy(0, 1))
        first = ref_delta(oid, delta)
        ids = object_id(BLOB, child), object_id(BLOB, b"t"), fake_id(7)
        self.pack((ids[0], first), (ids[1], ofs_delta(len(first), second)), (ids[2], ref_delta(fake_id(9), delta)))
        self.expect(*(self.broken(i, NOTFOUND, ADRIFT) for i in ids))

    def test_bad_headers(self):
        # Kinds that are none, a size of more than 64 bits, one that does not end, a distance before the pack, into an entry, of
        # nothing, too large, of the entry before the last byte; an id that is cut short. A delta of each is damaged, too.
        packed = zlib.compress(b"\3\3\x90\3")
        long_size = bytes([0xB0] + [0xFF] * 9 + [1])
        heads = [b"\0", b"\x50", b"\xb0" + b"\xff" * 8 + b"\x7f", long_size, b"\xb0" + b"\x80" * 40, b"\x64\x7f", b"\x64\x01", b"\x64\0",
                 b"\x64" + b"\xff" * 30, b"\x64\x80"]
        entries = [blob(b"abc")]
        for n, head in enumerate(heads):
            entries.append((fake_id(n + 1), head + packed))
            entries.append((fake_id(n + 101), ofs_delta(len(head + packed), make_delta(3, 3, delta_copy(0, 3)))))
        entries.append((fake_id(99), b"\x74" + b"\1" * 12))
        self.pack(*entries)
        self.expect(self.good(b"abc"), *(self.broken(oid, state=DAMAGED) for oid, _ in entries[1:]))

    def test_bad_bodies(self):
        # Sizes that are too small, too large, enormous; a damaged checksum; bytes behind the stream; half a stream; no stream.
        data = b"some content that is worth being compressed, compressed, compressed"
        raw = entry(BLOB, data)
        bodies = [entry(BLOB, data, size=len(data) - 1), entry(BLOB, data, size=len(data) + 1), entry(BLOB, data, size=0),
                  entry(BLOB, data, size=1 << 32), entry(BLOB, data, size=(1 << 60) - 1), entry(BLOB, b"", size=1),
                  raw[:-1] + bytes([raw[-1] ^ 1]), raw + b"\0", raw + raw, raw[:-4], raw[:len(raw) // 2], raw[:2],
                  entry(BLOB, b"")[:-1], raw[:2] + b"\0" * 40]
        entries = [(fake_id(n + 1), body) for n, body in enumerate(bodies)]
        self.pack(*entries)
        self.expect(*(self.broken(oid) for oid, _ in entries))
        self.expect(*(self.broken(oid) for oid, _ in entries), mode="families")

    def test_bad_long_bodies(self):
        # The same of bodies that are inflated piece by piece.
        data = os.urandom(5 << 20)
        raw = entry(BLOB, data)
        bodies = [entry(BLOB, data, size=len(data) - 1), entry(BLOB, data, size=len(data) + 1), entry(BLOB, data, size=1),
                  entry(BLOB, data, size=1 << 32), entry(BLOB, data, size=0),
                  raw[:-1] + bytes([raw[-1] ^ 1]), raw + b"\0", raw + raw, raw[:-1], raw[:-5], raw[:4 << 20] + raw[(4 << 20) + 1:]]
        entries = [(fake_id(n + 1), body) for n, body in enumerate(bodies)]
        self.pack(*entries, blob(data))
        # a size of 4 GiB may be true of 5 MiB: it is refused for the limit
        codes = [LIMIT if n == 3 else CORRUPT for n in range(len(bodies))]
        self.expect(self.good(data), *(self.broken(oid, code) for (oid, _), code in zip(entries, codes)))

    def test_bad_deltas(self):
        # A delta for another base, a copy outside, a wrong result; what is built on one that is damaged.
        base = b"abc"
        first = entry(BLOB, base)
        deltas = [make_delta(4, 3, delta_copy(0, 3)), make_delta(3, 3, delta_copy(1, 3)), make_delta(3, 4, delta_copy(0, 3)),
                  make_delta(3, 2, delta_copy(0, 3)), make_delta(3, 3, delta_copy(0, 3), b"\0"), b"", b"\3"]
        entries, at = [(object_id(BLOB, base), first)], len(first)
        for n, delta in enumerate(deltas):
            raw = ofs_delta(at, delta)
            entries.append((fake_id(n + 1), raw))
            at += len(raw)
        last = len(entries[-1][1])
        entries.append((fake_id(99), ofs_delta(last, make_delta(3, 3, delta_copy(0, 3)))))
        self.pack(*entries)
        self.expect(self.good(base), *(self.broken(oid) for oid, _ in entries[1:]))

    def test_bombs(self):
        # A small pack that makes 4 GiB of one blob; one of zeros that deflates a thousandfold.
        base = b"z" * 0xFFFF
        first = entry(BLOB, base)
        count = 65536
        bomb = make_delta(len(base), count * len(base), delta_copy(0, len(base)) * count)
        zeros = bytes(64 << 20)
        second = ofs_delta(len(first), bomb)
        third = ofs_delta(len(second), make_delta(count * len(base), 1, delta_copy(0, 1)))
        self.pack((object_id(BLOB, base), first), (fake_id(1), second), (fake_id(2), third), (fake_id(3), entry(BLOB, zeros)))
        self.expect(self.good(base), *(self.broken(fake_id(n), LIMIT) for n in (1, 2, 3)), more=("1M",))

    def test_bomb_by_steps(self):
        # Each delta doubles its base: forty steps are a terabyte.
        data = b"d" * 1024
        raw = entry(BLOB, data)
        entries, size = [(object_id(BLOB, data), raw)], len(data)
        for n in range(40):
            last = len(entries[-1][1])
            copies = b"".join(delta_copy(at, min(size - at, 0xFFFFFF)) for at in range(0, min(size, 1 << 32), 0xFFFFFF))
            entries.append((fake_id(n + 1), ofs_delta(last, make_delta(size, 2 * size, copies, copies))))
            size *= 2
        self.pack(*entries)
        lines = self.dump("read", "1M")
        self.assertEqual(sum(line.endswith(" %d 1" % LIMIT) for line in lines), 30)
        self.assertEqual(len(lines), 41)

    def test_lying_index(self):
        # Offsets: into an entry, two the same, outside, into the trailer, before the first entry, nothing at the first.
        entries = [blob(b"%d" % n * 50) for n in range(3)]
        good = [self.good(b"%d" % n * 50) for n in range(3)]

        def put(n, offset):
            def lie(offsets):
                offsets[n] = offset(offsets)
            return lie

        cases = [
            (put(1, lambda o: o[1] + 3), None),
            (put(1, lambda o: o[0]), "same place"),
            (put(2, lambda o: 100000), "outside"),
            (put(2, lambda o: o[2] + len(entries[2][1])), "outside"),
            (put(0, lambda o: 11), "outside"),
            (put(0, lambda o: 13), "first object"),
        ]
        for lie, reason in cases:
            path = self.pack(*entries, lie=lie)
            with self.subTest(reason):
                if reason:
                    self.expect("fault " + reason)
                else:  # the entry before does not fill its place any more, and the bytes there are no entry
                    lines = self.dump("read")
                    self.assertIn(good[2], lines)
                    self.assertEqual(sum(line.startswith("broken ") for line in lines), 2)
            os.unlink(path + ".idx")
            os.unlink(path + ".pack")

    def test_lying_counts(self):
        # The index leaves an object out; the pack states another number.
        entries = [blob(b"%d" % n * 50) for n in range(3)]
        index = [(oid, n) for n, (oid, _) in enumerate(entries)]
        self.pack(*entries, index=index[:2])
        self.expect("fault names 2 objects")
        self.pack(*entries, count=4)
        reasons = " ".join(self.dump("read"))
        self.assertIn("names 2 objects, the pack has 3", reasons)
        self.assertIn("names 3 objects, the pack has 4", reasons)

    def test_ids_in_disorder(self):
        path = self.pack(*(blob(b"%d" % n) for n in range(3)))
        with open(path + ".idx", "r+b") as file:
            file.seek(8 + 1024)
            ids = file.read(60)
            file.seek(8 + 1024)
            file.write(ids[20:40] + ids[:20] + ids[40:])
        self.expect("fault not in order")

    def test_lying_ids(self):
        # The reader gives what stands there; the caller compares ids where that matters.
        self.pack((fake_id(5), entry(BLOB, b"x")), blob(b"y"))
        self.expect("differs " + fake_id(5), self.good(b"y"))

    def test_one_id_many_times(self):
        # 5,000 entries of one pack with one id, and some more in another pack.
        raw = [(object_id(BLOB, b"same"), entry(BLOB, b"same"))]
        self.pack(*(raw * 5000), blob(b"other"))
        self.pack(*(raw * 30))
        lines = self.dump("one", raw[0][0])
        self.assertEqual(lines, [self.good(b"same")] * 5030)

    def test_truncated(self):
        # The pack cut short at its end, in its header, to nothing; the index cut short, and empty.
        for ending, size in (("pack", -1), ("pack", -20), ("pack", 31), ("pack", 11), ("pack", 0), ("idx", -1), ("idx", 1000), ("idx", 0)):
            path = self.pack(*(blob(b"%d" % n) for n in range(3)))
            full = os.path.getsize(path + "." + ending)
            os.truncate(path + "." + ending, size if size >= 0 else full + size)
            with self.subTest(ending=ending, size=size):
                lines = self.dump("read")
                self.assertEqual([line.split(" ")[0] for line in lines], ["fault"])
            os.unlink(path + ".idx")
            os.unlink(path + ".pack")

    def test_empty_pack(self):
        self.pack()
        self.expect()

    def test_huge_sparse_files(self):
        # An index that could only belong to an enormous pack is not read.
        path = self.pack(blob(b"x"))
        os.truncate(path + ".idx", 10 << 30)
        self.expect("fault length that its pack needs")

    def test_newer_version(self):
        path = self.pack(blob(b"x"))
        with open(path + ".idx", "r+b") as file:
            file.seek(4)
            file.write(struct.pack(">I", 3))
        self.expect("fault version 3")

    def test_no_file(self):
        # A directory and a FIFO in place of packs, a pack without an index, an index without a pack.
        path = self.pack(blob(b"x"))
        self.pack(blob(b"y"))
        folder = os.path.dirname(path)
        os.unlink(path + ".idx")
        os.mkdir(os.path.join(folder, "pack-a.pack"))
        os.mkfifo(os.path.join(folder, "pack-b.idx"))
        with open(os.path.join(folder, "pack-c.idx"), "wb"):
            pass
        lines = self.dump("read")
        self.assertEqual(sum(line.startswith("fault ") for line in lines), 4)
        self.assertIn(self.good(b"y"), lines)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
