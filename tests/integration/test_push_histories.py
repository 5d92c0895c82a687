#!/usr/bin/env python3
"""credwatch pre-receive on histories made at random: what is new is computed here from the definition, commit by commit and path by
path; and a push that stands in a pack is judged as the same push in loose objects, which are read one by one.

    test_push_histories.py PROGRAM"""
import random
import re

import harness
import push_harness
from harness import github, stripe

SECRETS = 7
COMMITS = 90
GITLINK = "1" * 40


class History:
    """Commits 0, 1, ... with rising times; trees[i] is {path: (mode, content)}, parents[i] are smaller numbers."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.secrets = [(stripe if i % 2 else github)("%s-%d" % (seed, i)) for i in range(SECRETS)]
        self.parents, self.trees, self.messages = [], [], []
        for _ in range(COMMITS):
            self.add()
        # The last commit brings something new in any case.
        self.secrets.append(github("last %s" % seed))
        self.add(lambda tree: tree.update({"last.txt": ("100644", "last = '%s'\n" % self.secrets[-1])}))

    def add(self, also=None):
        rnd, number = self.random, len(self.trees)
        parents = []
        if number and rnd.random() < 0.97:
            recent = list(range(max(0, number - 8), number))
            parents = rnd.sample(recent, min(len(recent), rnd.choice((1, 1, 1, 1, 2, 2, 3))))
            if rnd.random() < 0.8 and number - 1 not in parents:
                parents[0] = number - 1
        tree = {}
        for parent in reversed(parents):
            tree.update(self.trees[parent])
        for _ in range(rnd.randint(1, 3)):
            self.change(tree)
        tree["count.txt"] = ("100644", "%d\n" % number)
        if also:
            also(tree)
        # A path is a file or a folder, never both.
        for path in list(tree):
            if any(other.startswith(path + "/") for other in tree):
                del tree[path]
        self.parents.append(parents)
        self.trees.append(tree)
        text = " for " + rnd.choice(self.secrets) if rnd.random() < 0.02 else ""
        self.messages.append("commit %d%s\n" % (number, text))

    def path(self):
        rnd = self.random
        parts = [rnd.choice("abc") + rnd.choice("xyz-.0") for _ in range(rnd.randint(1, 4))]
        if rnd.random() < 0.02:
            parts[rnd.randrange(len(parts))] = rnd.choice(self.secrets[:SECRETS])
        return "/".join(parts)

    def content(self):
        rnd = self.random
        lines = ["line %d\n" % rnd.randrange(1000) for _ in range(rnd.randint(1, 6))]
        if rnd.random() < 0.08:
            lines.insert(rnd.randrange(len(lines)), "token = '%s'\n" % rnd.choice(self.secrets[:SECRETS]))
        return "".join(lines)

    def change(self, tree):
        rnd = self.random
        kind = rnd.random()
        paths = sorted(tree)
        if kind < 0.5 or not paths:
            tree[self.path()] = (rnd.choice(("100644", "100644", "100644", "100755", "120000")), self.content())
        elif kind < 0.6:
            tree[self.path()] = ("160000", GITLINK)
        elif kind < 0.7:
            del tree[rnd.choice(paths)]
        elif kind < 0.8:
            tree[self.path()] = tree[rnd.choice(paths)]
        elif kind < 0.9:
            tree[self.path()] = tree.pop(rnd.choice(paths))
        else:
            self.move_folder(tree, rnd.choice(paths).split("/")[0], self.path())

    @staticmethod
    def move_folder(tree, old, new):
        for path in [path for path in tree if path.startswith(old + "/")]:
            tree[new + path[len(old):]] = tree.pop(path)

    # ---- for git ----

    def feed(self):
        out = []
        for number, tree in enumerate(self.trees):
            out.append("commit refs/heads/c%d\nmark :%d\ncommitter A <a@example.org> %d +0000\ndata %d\n%s" % (
                number, number + 1, 1700000000 + number, len(self.messages[number]), self.messages[number]))
            for i, parent in enumerate(self.parents[number]):
                out.append("%s :%d\n" % ("merge" if i else "from", parent + 1))
            out.append("deleteall\n")
            for path, (mode, content) in sorted(tree.items()):
                if mode == "160000":
                    out.append("M 160000 %s %s\n" % (content, path))
                else:
                    out.append("M %s inline %s\ndata %d\n%s\n" % (mode, path, len(content), content))
        return "".join(out).encode()

    def reach(self, tips):
        seen, todo = set(), list(tips)
        while todo:
            commit = todo.pop()
            if commit not in seen:
                seen.add(commit)
                todo += self.parents[commit]
        return seen

    # ---- the definition ----

    def entries(self, number):
        """Every path of a commit, folders too: what stands there, as it can be compared."""
        found = {}
        for path, (mode, content) in self.trees[number].items():
            found[path] = ("link" if mode == "160000" else "blob", content)
            parts = path.split("/")
            for i in range(1, len(parts)):
                found.setdefault("/".join(parts[:i]), ("tree", []))[1].append((path, mode, content))
        return {path: (kind, content if kind != "tree" else tuple(sorted(content))) for path, (kind, content) in found.items()}

    def held(self, text):
        return {secret for secret in self.secrets if secret in text}

    def new_in(self, number):
        """{(secret, path)}, path None for the text of the commit."""
        now = self.entries(number)
        parents = [self.entries(parent) for parent in self.parents[number]]
        after, before = set(), set()
        for path, (kind, content) in now.items():
            if not any(path in parent for parent in parents):
                after |= {(secret, path) for secret in self.held(path.split("/")[-1])}
            if kind == "blob" and not any(parent.get(path) == (kind, content) for parent in parents):
                after |= {(secret, path) for secret in self.held(content)}
        for parent in parents:
            for path, (kind, content) in parent.items():
                if now.get(path) != (kind, content):
                    before |= self.held(path.split("/")[-1])
                    before |= self.held(content) if kind == "blob" else set()
        new = {(secret, path) for secret, path in after if secret not in before}
        return new | {(secret, None) for secret in self.held(self.messages[number])}

    def expected(self, commits):
        """{secret: {path: the first commit that brings it there}}"""
        found = {}
        for number in sorted(commits):
            for secret, path in self.new_in(number):
                found.setdefault(secret, {}).setdefault(path, number)
        return found


class Histories(push_harness.PushCase):
    def groups(self, text):
        """The places of each secret of a message: (commit, path) with '' for a text."""
        found, group = [], None
        for row in text.split("\n"):
            if re.match(r"\d+\. ", row):
                group = set()
                found.append(group)
            place = re.match(r"   commit ([0-9a-f]{12})  (?:(in its text), line|(.*) \(the name itself\)|(.*):\d+)", row)
            if place:
                group.add((place.group(1), "" if place.group(2) else place.group(3) or place.group(4)))
        return found

    def hidden(self, history, path):
        """A path as a message shows it."""
        for secret in history.secrets:
            path = (path or "").replace(secret, "*")
        return path

    def check(self, seed):
        history = History(seed)
        rnd = random.Random(seed + 1)
        self.run_git(self.dir, "fast-import", "--quiet", "--force", data=history.feed())
        ids = [self.out("rev-parse", "c%d" % i) for i in range(len(history.trees))]
        old = set()
        if seed % 3:
            tips = rnd.sample(range(COMMITS), rnd.randint(1, 3)) if seed % 3 == 1 else [rnd.randrange(3)]
            old = history.reach(tips)
            self.uninstall()
            self.accepted(self.push("-f", *["%s:refs/heads/%d-old%d" % (ids[tip], seed, tip) for tip in tips]))
            self.install()
        heads = rnd.sample(range(COMMITS), 3) + [COMMITS]
        refs = ["%s:refs/heads/%d-%d" % (ids[head], seed, head) for head in heads]
        objects = self.out("rev-list", "--objects", *[ids[head] for head in heads], *["^" + ids[tip] for tip in old])
        self.assertGreater(len(objects.split("\n")), 256)  # a push that is large enough for the reader of packs
        texts = []
        for limit in ("1", "1000000"):
            self.server_git("config", "receive.unpackLimit", limit)
            texts.append(self.rejected(self.push(*refs), "it brings"))
        self.assertEqual(texts[0], texts[1])
        self.compare(history, ids, history.expected(history.reach(heads) - old), texts[0])

    def compare(self, history, ids, expected, text):
        groups = self.groups(text)
        self.assertIn("it brings %d secret" % len(expected), text)
        self.assertEqual(len(groups), len(expected))
        places = [{(ids[number][:12], self.hidden(history, path)) for path, number in paths.items()} for paths in expected.values()]
        for group in groups:
            # Folders that are equal, and new in one commit, are gone through once: not every place is listed.
            fitting = [place for place in places if {(c, re.sub(r"[^/]*…[^/]*", "*", p)) for c, p in group} <= place]
            self.assertTrue(group and fitting, (group, places))


def make(seed):
    def test(self):
        self.check(seed)
    return test


for SEED in range(9):
    setattr(Histories, "test_history_%d" % SEED, make(SEED))


if __name__ == "__main__":
    harness.main()
