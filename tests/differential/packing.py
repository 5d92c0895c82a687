"""Objects made of other objects, and repositories that hold them as deltas of exactly that form.

A node's ops say what it is made of: (from, length) copies bytes of the base, bytes are inserted. The packs follow the ops to the
letter, so that a copy may be split, repeated or stop at any byte, which git's own packing would never do."""
import os
import zlib

import rawgit
from rawgit import BLOB, REF_DELTA, object_id

COPY_MAX = 0x10000  # as git splits its copies


class Node:
    __slots__ = ("kind", "data", "base", "ops", "oid")

    def __init__(self, kind, data, base=None, ops=()):
        self.kind, self.data, self.base, self.ops = kind, data, base, ops
        self.oid = object_id(kind, data)


def apply(base, ops):
    return b"".join(base[op[0]:op[0] + op[1]] if isinstance(op, tuple) else op for op in ops)


def within(op, size):
    return (op[0], max(0, min(op[1], size - op[0]))) if isinstance(op, tuple) else op


def difference(base, child):
    """Ops for what BASE and CHILD have in common at their beginnings and ends."""
    first = 0
    while first < min(len(base), len(child)) and base[first] == child[first]:
        first += 1
    last = 0
    while last < min(len(base), len(child)) - first and base[-1 - last] == child[-1 - last]:
        last += 1
    return [(0, first), child[first:len(child) - last], (len(base) - last, last)]


class World:
    """Objects by id, bases before what is made of them."""

    def __init__(self):
        self.nodes = {}

    def add(self, node):
        """NODE, or the one that has the same content already."""
        return self.nodes.setdefault(node.oid, node)

    def whole(self, data, kind=BLOB):
        return self.add(Node(kind, data))

    def child(self, base, ops):
        """A node made of BASE; of copies that reach beyond it only what is there counts."""
        ops = [within(op, len(base.data)) for op in ops]
        ops = [op for op in ops if (op[1] if isinstance(op, tuple) else op)]
        return self.add(Node(base.kind, apply(base.data, ops), base, ops))

    def blobs(self):
        return [node for node in self.nodes.values() if node.kind == BLOB]


def encode(node):
    out = []
    for op in node.ops:
        if isinstance(op, tuple):
            at, left = op
            while left:
                size = min(left, COPY_MAX)
                out.append(rawgit.delta_copy(at, size))
                at, left = at + size, left - size
        else:
            out.extend(rawgit.delta_insert(op[i:i + 127]) for i in range(0, len(op), 127))
    return rawgit.make_delta(len(node.base.data), len(node.data), *out)


def packed(head, data):
    return head + zlib.compress(data, 1)


def whole_entry(kind, data):
    return packed(rawgit.entry_header(kind, len(data)), data)


def ref_entry(base_oid, delta):
    return packed(rawgit.entry_header(REF_DELTA, len(delta)) + bytes.fromhex(base_oid), delta)


def write_pack(git_dir, nodes, rng, whole=(), refs=0.0):
    """One pack of NODES, in this order. As deltas those that are not in WHOLE and whose base is in this pack; by the base's id where the
    base comes later, and for a share REFS of the others."""
    here, offsets, entries, at = {node.oid for node in nodes}, {}, [], 12
    for node in nodes:
        if node.base is None or node.oid in whole or node.base.oid not in here:
            raw = whole_entry(node.kind, node.data)
        elif node.base.oid not in offsets or rng.random() < refs:
            raw = ref_entry(node.base.oid, encode(node))
        else:
            raw = rawgit.ofs_delta(at - offsets[node.base.oid], encode(node))
        offsets[node.oid] = at
        entries.append((node.oid, raw))
        at += len(raw)
    return rawgit.write_pack(git_dir, entries)


def new_repository(path, head=None):
    os.makedirs(os.path.join(path, "objects", "info"))
    os.makedirs(os.path.join(path, "refs", "heads"))
    for name, text in (("HEAD", "ref: refs/heads/main\n"), ("config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n")):
        with open(os.path.join(path, name), "w", encoding="ascii") as file:
            file.write(text)
    if head:
        with open(os.path.join(path, "refs", "heads", "main"), "w", encoding="ascii") as file:
            file.write(head.oid + "\n")
    return path
