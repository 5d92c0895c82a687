#!/usr/bin/env python3
"""test_faults.py PROGRAM PATTERNS - audits of packs that are no good, in both ways: what cannot be read is said, the rest is scanned,
the exit status is 3, and neither time nor memory run away (faults 27 and 28)."""
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

import packing
import rawgit
from packing import World, encode, ref_entry, whole_entry
from rawgit import BLOB, delta_copy, delta_insert, make_delta, object_id

PROGRAM = ""
HERE = os.path.dirname(os.path.abspath(__file__))
MEMORY_MAX = 400 << 20
TOKEN = b"key" + b"_%04d"


def limit_memory():
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_MAX, MEMORY_MAX))


def fake_id(n):
    return "%040x" % n


def stored(data):
    """A zlib stream of short DATA without compression: fast to make."""
    return b"\x78\x01\x01" + struct.pack("<HH", len(data), len(data) ^ 0xFFFF) + data + struct.pack(">I", zlib.adler32(data))


class Faults(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="credwatch-test.")
        self.addCleanup(shutil.rmtree, self.top)
        self.repo = packing.new_repository(os.path.join(self.top, "repo"))
        self.env = {"HOME": self.top, "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
        self.env.update((name, value) for name, value in os.environ.items() if name.endswith("SAN_OPTIONS"))

    def pack(self, *entries, **more):
        return rawgit.write_pack(self.repo, list(entries), **more)

    def dump(self, *args, status=(0, 1)):
        """The lines that the audit prints, as {object: text}; a fault of a pack is under its path's last part."""
        command = [PROGRAM, "audit", "--no-cache", "--quiet", "--no-progress", "--no-default-rules", "--rules", os.path.join(HERE, "edgy.yaml"),
                   "--dump-verdicts", *args, self.repo]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env, check=False, timeout=120,
                              preexec_fn=None if os.environ.get("SANITIZED") else limit_memory)
        self.assertIn(done.returncode, status, done.stderr[-2000:])
        return [line.split(" ", 1) for line in done.stdout.decode().splitlines()]

    def both(self, **more):
        """The verdicts without the reasons for which something is unscanned, the same in both ways and for several numbers of threads."""
        results = []
        for args in (["--exhaustive"], ["--jobs", "1"], ["--jobs", "5"], ["--max-memory", "16M"]):
            lines = self.dump(*args, **more)
            results.append([(what, text.split(" ")[0] if text.startswith("unscanned") else text) for what, text in lines])
            self.assertEqual(results[0], results[-1], args)
        return results[0]

    def hits(self, lines, rule="edgy.word"):
        return sorted(what for what, text in lines if text.startswith(rule + " "))

    def unscanned(self, lines):
        return sorted(what for what, text in lines if text.startswith("unscanned"))

    def chain(self, length, backwards):
        """A chain of deltas by id, each with another number behind the token; every object has its hit."""
        data = TOKEN % 0 + b"\ntail%06d" % 0
        entries, oid = [(object_id(BLOB, data), whole_entry(BLOB, data))], object_id(BLOB, data)
        for n in range(1, length + 1):
            delta = make_delta(19, 19, delta_copy(0, 13), delta_insert(b"%06d" % n))
            data = data[:13] + b"%06d" % n
            head = rawgit.entry_header(rawgit.REF_DELTA, len(delta))
            entries.append((object_id(BLOB, data), head + bytes.fromhex(oid) + stored(delta)))
            oid = entries[-1][0]
        self.pack(*(reversed(entries) if backwards else entries))
        lines = self.dump("--jobs", "2")
        self.assertEqual(self.unscanned(lines), [])
        self.assertEqual(self.hits(lines), sorted(name for name, _ in entries))

    def test_chain(self):
        # 100,000 deltas, each of the one before.
        self.chain(100000, False)

    def test_chain_backwards(self):
        # The same with the base at the end of the pack.
        self.chain(20000, True)

    def test_cycles(self):
        # Two deltas of each other, one that hangs on them, one of itself; what is beside them is scanned.
        good = TOKEN % 1 + b"\n"
        ids = [fake_id(n << 152) for n in range(1, 5)]
        a, b, c, d = ids
        delta = make_delta(9, 9, delta_copy(0, 9))
        self.pack((a, ref_entry(b, delta)), (b, ref_entry(a, delta)), (c, ref_entry(b, delta)), (d, ref_entry(d, delta)),
                  (object_id(BLOB, good), whole_entry(BLOB, good)))
        lines = self.both(status=(3,))
        self.assertEqual(self.unscanned(lines), sorted(ids))
        self.assertEqual(self.hits(lines), [object_id(BLOB, good)])

    def test_long_cycle(self):
        # 4,000 deltas in a circle and as many that hang on it, in the way that reads all headers first.
        length = 4000
        delta = make_delta(3, 3, delta_copy(0, 3))
        bases = [(n + 1) % length + 1 for n in range(length)] + list(range(length, 2 * length))
        entries = [(fake_id(n + 1), ref_entry(fake_id(base), delta)) for n, base in enumerate(bases)]
        self.pack(*entries)
        self.assertEqual(self.unscanned(self.dump("--jobs", "2", status=(3,))), [oid for oid, _ in entries])

    def test_cycle_over_packs(self):
        # Each of two packs has a delta of what the other has; a third object stands in both, once as part of the cycle.
        good = TOKEN % 2 + b"\n"
        a, b = fake_id(1 << 152), fake_id(2 << 152)
        delta = make_delta(9, 9, delta_copy(0, 9))
        self.pack((a, ref_entry(b, delta)), (object_id(BLOB, good), whole_entry(BLOB, good)))
        self.pack((b, ref_entry(a, delta)), (object_id(BLOB, good), ref_entry(b, delta)))
        lines = self.both(status=(3,))
        self.assertEqual(self.unscanned(lines), [a, b])
        self.assertEqual(self.hits(lines), [object_id(BLOB, good)])

    def test_lying_offset(self):
        # The index leads into the middle of an entry, to the same place twice, out of the pack, into the trailer.
        texts = [TOKEN % n + b"\n" + b"text " * n for n in range(1, 4)]
        entries = [(object_id(BLOB, text), whole_entry(BLOB, text)) for text in texts]
        sizes = [len(raw) for _, raw in entries]

        def put(n, offset):
            def lie(offsets):
                offsets[n] = offset(offsets)
            return lie

        for lie in (put(1, lambda o: o[1] + 3), put(1, lambda o: o[0]), put(2, lambda o: 1 << 30), put(2, lambda o: o[2] + sizes[2]),
                    put(0, lambda o: 3)):
            path = self.pack(*entries, lie=lie)
            # the pack reader refuses an entry that does not fill its place, which libgit2 reads
            whole, lines = self.dump("--exhaustive", status=(3,)), self.dump(status=(3,))
            self.assertTrue(self.unscanned(whole) and self.unscanned(lines))
            self.assertLessEqual(set(self.hits(whole)), set(self.hits(lines) + self.unscanned(lines)))
            os.unlink(path + ".idx")
            os.unlink(path + ".pack")

    def test_lying_count(self):
        # The index leaves an object out, and the pack says another number: not a word of "clean".
        texts = [TOKEN % n + b"\n" for n in range(1, 4)]
        entries = [(object_id(BLOB, text), whole_entry(BLOB, text)) for text in texts]
        path = self.pack(*entries, index=[(oid, n) for n, (oid, _) in enumerate(entries[:2])])
        self.assertTrue(self.unscanned(self.both(status=(3,))))
        os.unlink(path + ".idx")
        os.unlink(path + ".pack")
        self.pack(*entries, count=7)
        self.assertTrue(self.unscanned(self.both(status=(3,))))

    def test_lying_id(self):
        # The content of another id: a finding would name an object that is not it, so the object is unscanned as well.
        text = TOKEN % 5 + b"\n"
        self.pack((fake_id(5), whole_entry(BLOB, text)), (object_id(BLOB, b"x"), whole_entry(BLOB, b"x")))
        lines = self.both(status=(3,))
        self.assertEqual(self.unscanned(lines), [fake_id(5)])

    def test_lying_id_of_a_base(self):
        # What is made of content with a wrong id has a wrong id, too.
        world = World()
        base = world.whole(b"base text\n" * 30)
        child = world.child(base, [(0, 300), TOKEN % 6 + b"\n"])
        false = base.data.replace(b"base", b"face")
        self.pack((base.oid, whole_entry(BLOB, false)), (child.oid, ref_entry(base.oid, encode(child))))
        self.assertEqual(self.unscanned(self.both(status=(3,))), [child.oid])

    def test_base_outside(self):
        # A loose base, and one that is nowhere: said, and what was loose is scanned itself.
        world = World()
        base = world.whole(b"base text\n" * 30 + TOKEN % 7)
        child = world.child(base, [(0, len(base.data)), b"\n"])
        rawgit.write_loose(self.repo, BLOB, base.data)
        lost = fake_id(9)
        self.pack((child.oid, ref_entry(base.oid, encode(child))), (lost, ref_entry(fake_id(8), encode(child))))
        lines = self.both(status=(3,))
        self.assertEqual(self.unscanned(lines), sorted([child.oid, lost]))
        self.assertEqual(self.hits(lines), [base.oid])

    def test_damaged(self):
        # A damaged delta takes what is made of it with it; the rest of the family is scanned.
        world = World()
        base = world.whole(b"base text\n" * 30)
        good = world.child(base, [(0, 300), TOKEN % 8 + b"\n"])
        bad = world.child(base, [(0, 300), TOKEN % 9 + b"\n"])
        below = world.child(bad, [b"x\n", (0, len(bad.data))])
        raw = bytearray(ref_entry(base.oid, encode(bad)))
        raw[-6] ^= 0xFF
        self.pack((base.oid, whole_entry(BLOB, base.data)), (good.oid, ref_entry(base.oid, encode(good))), (bad.oid, bytes(raw)),
                  (below.oid, ref_entry(bad.oid, encode(below))))
        lines = self.both(status=(3,))
        self.assertEqual(self.unscanned(lines), sorted([bad.oid, below.oid]))
        self.assertEqual(self.hits(lines), [good.oid])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    del sys.argv[1]
    unittest.main()
