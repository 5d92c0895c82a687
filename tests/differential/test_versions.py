#!/usr/bin/env python3
"""test_versions.py PROGRAM PATTERNS - scanning what changed finds what scanning everything finds.

Makes thousands of versions of files, trees and commits, stores them as deltas of exactly the form that a case wants, and compares the
list of verdicts and the report of both ways, for several numbers of threads, little memory and several ways to store the same objects.
CW_TEST_SEED repeats a run; it is printed when something differs."""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import history
import packing
import rawgit
import versions
from packing import World
from rawgit import BLOB

PROGRAM = PATTERNS = ""
HERE = os.path.dirname(os.path.abspath(__file__))
FIXED_SEED = 20261
OBJECT_MAX = 2 << 20
SHOWN_MAX = 10


def make_world(rng, secrets, edgy):
    """All kinds of families, and a history that names their members. Returns the world and its last commit."""
    world = World()
    m = versions.Maker(world, rng, secrets, edgy)
    m.odd_ends()
    for secret in rng.sample(secrets, min(len(secrets), 90)) if not edgy else secrets * 4:
        m.seams(secret, 14)
    for secret in rng.sample(secrets, 4):
        m.ends_at_secret(secret)
    for size in (300, 1500, 1500, 6000, 6000, 20000):
        m.random_tree(40, size)
    for make in (m.encoded, m.encoded, m.encoded, m.binary, m.binary, m.utf16, m.utf16, m.tiny_copies, m.long_copies, m.long_run, m.many_hits):
        make()
    if edgy:
        m.far_reach()
        m.made_dense()
        m.window_edges()
        for secret in secrets:
            m.every_cut(secret)
        for secret in secrets[:5]:
            m.every_cut(b" " + versions.encoded_line(secret) + b" ")
        m.many_candidates()
    m.too_large(OBJECT_MAX)
    m.chain(50)
    m.chain(3000)
    m.wide(500)
    message = lambda: m.filler(60) + (m.secret() if rng.random() < 0.3 else b"")
    return world, history.History(world, rng, secrets).make(200, 40, message)


# ---- ways to store the same objects ----

def in_one_pack(path, world, head, rng):
    packing.new_repository(path, head)
    packing.write_pack(path, list(world.nodes.values()), rng)


def in_disorder(path, world, head, rng):
    """Bases behind what is made of them, named by their ids; some objects whole."""
    nodes = list(world.nodes.values())
    rng.shuffle(nodes)
    packing.new_repository(path, head)
    packing.write_pack(path, nodes, rng, whole={node.oid for node in nodes if rng.random() < 0.05}, refs=0.5)


def scattered(path, world, head, rng):
    """Several packs, an alternate with two more, loose objects; some stand twice."""
    packs = [[] for _ in range(6)]
    packing.new_repository(path, head)
    packing.new_repository(path + ".alternate")
    with open(os.path.join(path, "objects", "info", "alternates"), "w", encoding="ascii") as file:
        file.write(path + ".alternate/objects\n")
    place = {}
    for node in world.nodes.values():
        # mostly where the base is
        where = place.get(node.base.oid) if node.base and rng.random() < 0.9 else None
        where = rng.randrange(len(packs)) if where is None else where
        place[node.oid] = where
        if rng.random() < 0.02:
            rawgit.write_loose(path, node.kind, node.data)
            if rng.random() < 0.5:
                continue
        packs[where].append(node)
        if rng.random() < 0.08:
            packs[(where + 1) % len(packs)].append(node)
    for i, nodes in enumerate(packs):
        packing.write_pack(path if i < 4 else path + ".alternate", nodes, rng, refs=0.2)


def thin(path, world, head, rng):
    """Deltas of what stands in another pack or in an alternate, which git does not read, and this project does."""
    packs = [[] for _ in range(4)]
    packing.new_repository(path, head)
    packing.new_repository(path + ".alternate")
    with open(os.path.join(path, "objects", "info", "alternates"), "w", encoding="ascii") as file:
        file.write(path + ".alternate/objects\n")
    for node in world.nodes.values():
        if node.base and node.kind == BLOB:
            packs[rng.randrange(4)].append((node.oid, packing.ref_entry(node.base.oid, packing.encode(node))))
        else:
            packs[rng.randrange(4)].append((node.oid, packing.whole_entry(node.kind, node.data)))
    for i, entries in enumerate(packs):
        rawgit.write_pack(path if i < 3 else path + ".alternate", entries)


def with_bad_copies(path, world, head, rng):
    """All in one pack; another holds copies of some that are damaged, or of something else, and good copies of others as deltas of those."""
    packing.new_repository(path, head)
    nodes = list(world.nodes.values())
    packing.write_pack(path, nodes, rng)
    entries, seen = [], set()
    for node in rng.sample([n for n in nodes if n.kind == BLOB and n.base and n.base.base], 150):
        if {node.oid, node.base.oid} & seen:
            continue
        seen |= {node.oid, node.base.oid}
        raw = bytearray(packing.whole_entry(BLOB, node.base.data))
        kind = rng.randrange(4)
        if kind == 0:
            raw[len(raw) // 2] ^= 0x55
        elif kind == 1:
            raw = packing.whole_entry(BLOB, bytes(len(node.base.data)))
        elif kind == 2:
            raw = packing.whole_entry(BLOB, node.base.data[1:])
        entries += [(node.base.oid, bytes(raw)), (node.oid, packing.ref_entry(node.base.oid, packing.encode(node)))]
    rawgit.write_pack(path, entries)


LAYOUTS = {"one pack": in_one_pack, "disorder": in_disorder, "scattered": scattered, "thin": thin, "bad copies": with_bad_copies}


# ---- running and comparing ----

class Differences(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="credwatch-test.")
        self.addCleanup(shutil.rmtree, self.top)
        self.env = {"HOME": self.top, "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
        self.env.update((name, value) for name, value in os.environ.items() if name.endswith("SAN_OPTIONS"))
        self.lines = self.inherited = 0

    def audit(self, repo, rules, *args):
        done = subprocess.run([PROGRAM, "audit", "--no-cache", "--no-progress", "--quiet", "--object-max", str(OBJECT_MAX), "--stats", *rules, *args, repo],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env, check=False, timeout=900)
        self.assertIn(done.returncode, (1, 3), done.stderr[-2000:])
        inherited = re.search(rb"(\d+) (?:facts )?inherited", done.stderr)
        self.inherited += int(inherited.group(1)) if inherited else 0
        return done.stdout.decode().splitlines()

    def compare(self, what, want, got):
        """The lines of both, without those that both have."""
        if want == got:
            return
        gone, new = set(want) - set(got), set(got) - set(want)
        shown = ["- " + line for line in sorted(gone)[:SHOWN_MAX]] + ["+ " + line for line in sorted(new)[:SHOWN_MAX]]
        self.fail("CW_TEST_SEED=%d: %s: %d lines missing, %d too many\n%s" % (self.seed, what, len(gone), len(new), "\n".join(shown)))

    def check(self, seed, edgy):
        self.seed = seed
        rng = random.Random(seed)
        rules = ["--no-default-rules", "--rules", os.path.join(HERE, "edgy.yaml")] if edgy else []
        secrets = versions.edgy_secrets(rng) if edgy else versions.default_secrets(PATTERNS)
        self.assertGreater(len(secrets), 10)
        began = time.monotonic()
        world, head = make_world(rng, secrets, edgy)
        repos = {}
        for name, layout in LAYOUTS.items():
            repos[name] = os.path.join(self.top, "%d-%s" % (edgy, name.replace(" ", "-")))
            layout(repos[name], world, head, rng)
        print("%d objects made in %.1f s" % (len(world.nodes), time.monotonic() - began), file=sys.stderr)
        first = repos["one pack"]
        dump = self.audit(first, rules, "--dump-verdicts", "--exhaustive", "--jobs", "2")
        report = self.audit(first, rules, "--format", "jsonl", "--exhaustive", "--jobs", "2")
        self.assertGreater(len(dump), 1000)
        self.assertGreater(len(report), 20)
        self.assertEqual(self.inherited, 0)
        for jobs in ("1", "7"):
            self.compare("verdicts, jobs " + jobs, dump, self.audit(first, rules, "--dump-verdicts", "--jobs", jobs))
        self.compare("report", report, self.audit(first, rules, "--format", "jsonl", "--jobs", "2"))
        self.compare("verdicts, little memory", dump, self.audit(first, rules, "--dump-verdicts", "--max-memory", "16M", "--jobs", "3"))
        for name in list(LAYOUTS)[1:]:
            self.compare("verdicts, " + name, dump, self.audit(repos[name], rules, "--dump-verdicts", "--jobs", "2"))
        # the first line names the repository
        self.compare("report, scattered", report[1:], self.audit(repos["scattered"], rules, "--format", "jsonl", "--jobs", "1")[1:])
        self.compare("verdicts, bad copies, whole", dump, self.audit(repos["bad copies"], rules, "--dump-verdicts", "--exhaustive"))
        self.assertGreater(self.inherited, 10000)
        print("%d verdicts, %d places, %.1f s" % (len(dump), len(report), time.monotonic() - began), file=sys.stderr)

    def other_seed(self):
        given = os.environ.get("CW_TEST_SEED")
        return int(given, 0) if given else time.time_ns() % 10 ** 9

    def test_default_rules(self):
        # The rules that the program brings along.
        self.check(self.other_seed(), False)

    def test_edgy_rules(self):
        # Rules that look at everything they may look at, always the same versions.
        self.check(FIXED_SEED, True)

    def test_edgy_rules_again(self):
        # The same with other versions each time.
        self.check(self.other_seed(), True)


if __name__ == "__main__":
    PROGRAM, PATTERNS = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))
    unittest.main()
