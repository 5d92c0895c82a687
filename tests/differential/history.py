"""Trees, commits and tags as deltas: entries copied whole, in part and from the middle of others; names that hold secrets; trees that
git would not write."""
import re

from packing import Node, apply, difference
from rawgit import BLOB, COMMIT, TAG, TREE, tree_entry

MODES = (b"100644", b"100644", b"100644", b"100755", b"120000", b"40000", b"160000", b"0100644", b"100664")


class History:
    def __init__(self, world, rng, secrets):
        self.world, self.rng = world, rng
        self.blobs = [node.oid for node in world.nodes.values() if node.kind == BLOB]
        self.names = [name for name in (re.sub(rb"[/\0\n]", b"-", secret)[:200] for secret in secrets) if name]
        self.good, self.trees, self.commits = [], [], []
        self.time = 1700000000

    def name(self):
        kind = self.rng.randrange(8)
        if kind == 0:
            return self.rng.choice(self.names)
        return (b"f%03d.c" if kind > 2 else b"dir%03d") % self.rng.randrange(600)

    def entry(self, name):
        rng = self.rng
        if self.trees and rng.random() < 0.05:
            return tree_entry(rng.choice((b"40000", b"40000", b"100644")), name, rng.choice(self.trees).oid)
        mode = b"100644" if rng.random() < 0.9 else rng.choice(MODES)
        return tree_entry(mode, name, rng.choice(self.blobs) if rng.random() < 0.995 else "%040x" % rng.getrandbits(160))

    def first_tree(self, size):
        names = sorted({self.name() for _ in range(size)})
        node = self.world.whole(b"".join(self.entry(name) for name in names), TREE)
        self.good.append(node)
        self.trees.append(node)

    def parts(self, data):
        """Where the entries of a well-formed tree begin and end."""
        at, found = 0, []
        while at < len(data):
            nul = data.find(b"\0", at)
            if nul < 0 or nul + 21 > len(data):
                return found
            found.append((at, nul, nul + 21))
            at = nul + 21
        return found

    def edit(self, data):
        """Ops for a tree that is made of DATA; whether git might have written it."""
        rng, size, parts = self.rng, len(data), self.parts(data)
        if len(parts) < 4:
            return [(0, size), self.entry(self.name())], True
        (at, nul, end), (at2, nul2, end2) = sorted(rng.sample(parts, 2))
        kind = rng.randrange(14)
        if kind < 3:  # another object, all or part of its id
            new = bytes.fromhex(rng.choice(self.blobs))
            return [(0, nul + 1), new, (end, size - end)], True
        if kind == 3:
            return [(0, at), self.entry(data[at + 7:nul] or b"x"), (end, size - end)], True
        if kind == 4:
            return [(0, at), (end, size - end)], True
        if kind == 5:
            return [(0, end), self.entry(data[nul - 3:nul] + b"~"), (end, size - end)], True
        if kind == 6:  # the end of a name and an id that stand elsewhere
            middle = rng.randrange(at2 + 7, nul2 + 1)
            return [(0, end), b"100644 zz", (middle, end2 - middle), (end, size - end)], False
        if kind == 7:  # the same entry twice, at once or later
            return [(0, end), (at, end - at), (end, size - end)], False
        if kind == 8:
            return [(0, at), (at2, end2 - at2), (end, at2 - end), (at, end - at), (end2, size - end2)], False
        if kind == 9:  # only the last byte of an id
            return [(0, end - 1), bytes([data[end - 1] ^ 1]), (end, size - end)], False
        if kind == 10:  # cut off, or something is missing
            cut = rng.randrange(at, end2)
            return ([(0, cut)] if rng.random() < 0.5 else [(0, cut), (min(size, cut + rng.randrange(1, 25)), 0), (end2, size - end2)]), False
        if kind == 11:
            junk = bytes(rng.choice(b"0147 \0ax\xff") for _ in range(rng.randrange(1, 30)))
            cut = rng.choice((at, nul, rng.randrange(at, end)))
            return [(0, cut), junk, (cut, size - cut)], False
        if kind == 12:  # a name of two entries
            return [(0, nul), (nul2 - 2, 2), (nul, size - nul)], True
        return [(i, min(50, size - i)) for i in range(0, size, 50)] + [self.entry(b"~~" + self.name())], True

    def grow(self, count):
        for _ in range(count):
            base = self.rng.choice(self.good[-5:] if self.rng.random() < 0.8 else self.trees)
            ops, good = self.edit(base.data)
            if not apply(base.data, ops):
                continue
            node = self.world.child(base, ops)
            self.trees.append(node)
            if good and base in self.good:
                self.good.append(node)

    def made_of(self, kind, base, text):
        if base is None:
            return self.world.whole(text, kind)
        ops = [op for op in difference(base.data, text) if op != b"" and not (isinstance(op, tuple) and not op[1])]
        return self.world.add(Node(kind, text, base, ops))

    def commit(self, tree, parents, message):
        self.time += 60
        lines = ["tree " + tree.oid] + ["parent " + parent.oid for parent in parents]
        lines += ["author A <a@example.com> %d +0000" % self.time, "committer C <c@example.com> %d +0000" % self.time, "", ""]
        node = self.made_of(COMMIT, self.commits[-1] if self.commits else None, "\n".join(lines).encode() + message)
        self.commits.append(node)
        return node

    def make(self, trees, commits, message):
        """History of that many TREES and COMMITS; MESSAGE() gives texts. Returns the last commit."""
        rng, last = self.rng, None
        for _ in range(3):
            self.first_tree(rng.randrange(20, 120))
        self.grow(trees)
        for n in range(commits):
            parents = [last] if last else []
            if n > 3 and rng.random() < 0.2:
                parents.append(rng.choice(self.commits))
            tree = rng.choice(self.good) if rng.random() < 0.9 else rng.choice(self.trees)
            last = self.commit(tree, parents, message() + b"\n")
        tag = None
        for n in range(5):
            text = b"object %s\ntype commit\ntag v%d\ntagger T <t@example.com> 1700000000 +0000\n\n" % (last.oid.encode(), n) + message()
            tag = self.made_of(TAG, tag, text)
        return last
