#!/usr/bin/env python3
"""Repository workers in their sandbox: they find what an audit finds, see every reference, and no repository can block them, lead them
elsewhere, or end them without a word."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import unittest

import harness
import rawgit

WORKER_RUN = ""


class Answer:
    def __init__(self, done):
        self.errors = done.errors
        self.refs, self.records, self.done, self.failed = None, [], None, None
        for line in done.text.splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "failed":
                self.failed = rest
            elif kind == "record":
                self.records.append(json.loads(rest))
            elif kind == "refs":
                assert self.refs is None and not self.records
                self.refs = json.loads(rest)
            else:
                self.done = json.loads(rest)["parameters"]


class Repository(harness.Case):
    def setUp(self):
        super().setUp()
        self.roots = os.path.join(self.top, "roots")
        os.rename(self.dir, os.path.join(self.top, "empty"))
        self.dir = os.path.join(self.roots, "one")
        os.makedirs(self.dir)
        self.store = os.path.join(self.top, "store")
        os.makedirs(os.path.join(self.home, ".config", "credwatch"), 0o700)
        key = os.path.join(self.home, ".config", "credwatch", "key")
        with open(key, "w", encoding="ascii") as file:
            file.write("0" * 64 + "\n")
        os.chmod(key, 0o600)
        self.git("init", "-q", "-b", "main")
        self.git("config", "gc.auto", "0")

    def work(self, action="scan", path=None, known="", cache=None, roots=None, deadline="", conf=""):
        args = [WORKER_RUN, roots or self.roots, self.store if cache is None else cache, path or self.dir, action, known]
        done = subprocess.run(args + ([deadline] if deadline else []), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=dict(self.env, WORKER_CONF=conf), timeout=240, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return Answer(harness.Done(done.returncode, done.stdout, done.stderr))

    def well(self, *args, **more):
        answer = self.work(*args, **more)
        self.assertIsNone(answer.failed, answer.errors)
        self.assertIsNotNone(answer.done)
        self.assertNotIn("died", answer.errors)
        return answer

    def audit(self):
        done = self.run_it("audit", "--format", "jsonl", "--show-suppressed")
        return [line for line in done.json_lines() if line["type"] == "finding"]

    def rich(self):
        for i in range(3):
            self.write("src/a.py", "token = '%s'\nnumber = %d\n" % (harness.github("a"), i))
            self.write("b%d.txt" % i, "key: %s\n" % harness.stripe("b%d" % i))
            self.commit("commit %d" % i)
        self.git("tag", "-a", "-m", "release", "v1")

    def copy(self, name):
        path = os.path.join(self.roots, name)
        shutil.copytree(self.dir, path)
        return path

    # ---- what it finds ----

    def test_same_as_audit(self):
        # findings are those of an audit, loose and packed, with the store and without
        self.rich()
        right = self.audit()
        self.assertEqual(len(right), 4)
        for cache in ("", self.store, self.store):
            answer = self.well(cache=cache)
            self.assertEqual(answer.records, right)
            self.assertEqual(answer.done["findings"], 4)
            self.assertEqual(answer.done["coverage"]["unscanned"], 0)
        self.assertGreater(answer.done["coverage"]["cached"], 0)
        # each repository has a store of its own, which no other can write to
        self.well(path=self.copy("two"))
        self.assertEqual(len(os.listdir(self.store)), 2)
        for name in os.listdir(self.store):
            self.assertEqual(len(os.listdir(os.path.join(self.store, name, "credwatch"))), 1)
        self.git("repack", "-q", "-a", "-d")
        self.assertEqual(self.well(cache="").records, right)
        shutil.rmtree(os.path.join(self.dir, "src"))
        bare = os.path.join(self.roots, "bare.git")
        self.git("clone", "-q", "--bare", self.dir, bare)
        self.assertEqual(len(self.well(path=bare).records), 4)

    def test_no_store(self):
        # a store that cannot be made is done without
        self.rich()
        with open(self.store, "w", encoding="ascii"):
            pass
        self.assertEqual(len(self.well().records), 4)
        os.unlink(self.store)
        os.mkdir(self.store)
        name = hashlib.sha256(self.dir.encode()).hexdigest()[:32]
        with open(os.path.join(self.store, name), "w", encoding="ascii"):
            pass
        self.assertEqual(len(self.well().records), 4)

    def test_no_secret(self):
        # no answer holds a secret, not even one that is part of a path
        secret = harness.github("path")
        self.write("dir/%s.txt" % secret, "x %s\n" % secret)
        self.commit()
        answer = self.well()
        self.assertGreater(len(answer.records), 0)
        self.assertNotIn(secret, json.dumps(answer.records) + json.dumps(answer.done))

    def test_policy(self):
        # the system's configuration counts; the repository's only where the system says so
        self.rich()
        allow = "allow:\n  - rule: stripe.secret-key\n    reason: test\n"
        answer = self.well(conf=allow)
        self.assertEqual(answer.done["findings"], 1)
        self.assertEqual(len([r for r in answer.records if "suppressed" in r]), 3)
        self.write(".credwatch.yaml", allow)
        self.commit("policy")
        self.assertEqual(self.well().done["findings"], 4)
        self.assertEqual(self.well(conf="repository_policy: default-branch\n").done["findings"], 1)
        self.write(".credwatch.yaml", "nonsense: [")
        self.commit("broken policy")
        self.assertEqual(self.well(conf="repository_policy: default-branch\n").done["findings"], 4)

    # ---- references ----

    def refs(self, **more):
        return self.well("refs", **more).refs

    def test_fingerprint(self):
        # it changes with every reference, and with nothing else
        empty = self.refs()
        self.assertEqual(empty["refs"], 0)
        self.rich()
        first = self.refs()
        out = subprocess.run(["git", "for-each-ref", "--format=%(objectname) %(refname)"], cwd=self.dir, env=self.env,
                             stdout=subprocess.PIPE, check=True).stdout.decode()
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.dir, env=self.env, stdout=subprocess.PIPE,
                              check=True).stdout.decode().strip()
        lines = sorted(out.splitlines() + [head + " HEAD"], key=lambda line: line.split(" ", 1)[1])
        self.assertEqual(first["fingerprint"], hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest())
        self.assertEqual(first["refs"], len(lines))
        self.git("pack-refs", "--all")
        self.git("gc", "-q")
        self.assertEqual(self.refs()["fingerprint"], first["fingerprint"])
        seen = {empty["fingerprint"], first["fingerprint"]}
        for args in (("branch", "b"), ("tag", "t"), ("update-ref", "refs/notes/x", "HEAD"), ("branch", "-D", "b"),
                     ("worktree", "add", "-q", "--detach", os.path.join(self.roots, "tree"), "HEAD~1")):
            self.git(*args)
            now = self.refs()["fingerprint"]
            self.assertNotIn(now, seen)
            seen.add(now)

    def test_known(self):
        # a scan of what is known already is not made
        self.rich()
        known = self.refs()["fingerprint"]
        answer = self.well(known=known)
        self.assertEqual(answer.done, {"unchanged": True})
        self.assertEqual(answer.records, [])
        self.git("branch", "other")
        self.assertEqual(self.well(known=known).done["findings"], 4)

    def test_folders(self):
        # the folders to watch: every one in which a reference may change
        self.rich()
        self.git("branch", "deep/er/branch")
        self.git("worktree", "add", "-q", os.path.join(self.roots, "tree"), "deep/er/branch")
        watch = self.refs()["watch"]
        git = os.path.join(self.dir, ".git")
        for folder in ("", "/refs", "/refs/heads", "/refs/heads/deep/er", "/refs/tags", "/worktrees", "/worktrees/tree"):
            self.assertIn(git + folder, watch)
        self.assertNotIn(git + "/objects", watch)
        self.assertIn(git + "/worktrees/tree", self.refs(path=os.path.join(self.roots, "tree"))["watch"])

    # ---- where it may go ----

    def test_outside(self):
        # what lies elsewhere, or is reached by a link that leads elsewhere, is refused
        self.rich()
        outside = os.path.join(self.top, "outside")
        shutil.copytree(self.dir, outside)
        os.symlink(outside, os.path.join(self.roots, "link"))
        os.symlink("../outside", os.path.join(self.roots, "up"))
        for path in (outside, self.roots + "/../outside", self.roots + "/link", self.roots + "/up",
                     self.roots + "/nothing", "/etc"):
            self.assertIn("below a configured root", self.work(path=path).failed or "", path)
        self.assertIn("no absolute path", self.work(path="roots/one").failed)
        # a link inside the roots is followed
        os.symlink("one", os.path.join(self.roots, "inner"))
        self.assertEqual(len(self.well(path=self.roots + "/inner").records), 4)

    def test_inside_another(self):
        # a folder in a repository is not the repository
        self.rich()
        self.assertIn("not a git repository", self.work(path=self.dir + "/src").failed)

    def test_gitdir_elsewhere(self):
        # a .git file that points out of the roots is not followed
        self.rich()
        outside = os.path.join(self.top, "outside.git")
        os.rename(self.dir + "/.git", outside)
        with open(self.dir + "/.git", "w", encoding="ascii") as file:
            file.write("gitdir: %s\n" % outside)
        answer = self.work()
        self.assertIsNotNone(answer.failed)
        self.assertEqual(answer.records, [])

    def test_alternates_elsewhere(self):
        # objects of an alternate outside the roots are not read, and missed; below the roots they are
        self.rich()
        for place, complete in ((os.path.join(self.roots, "pool"), True), (os.path.join(self.top, "pool"), False)):
            shutil.copytree(self.dir, place)
            clone = os.path.join(self.roots, "clone%d" % complete)
            self.git("clone", "-q", "--bare", "--shared", place, clone)
            answer = self.work(path=clone)
            if complete:
                self.assertEqual(len(answer.records), 4)
                self.assertEqual(answer.done["coverage"]["unscanned"], 0)
            else:
                self.assertTrue(answer.failed or answer.done["coverage"]["unscanned"] > 0)
                self.assertEqual(answer.records, [])

    # ---- hostile repositories ----

    def test_fifos(self):
        # nothing blocks: the job fails with a reason, or its coverage is incomplete
        self.rich()
        for name in ("config", "packed-refs", "refs/heads/x", "objects/info/alternates", "HEAD", "shallow"):
            copy = os.path.join(self.roots, "fifo")
            shutil.copytree(self.dir, copy)
            path = os.path.join(copy, ".git", name)
            if os.path.exists(path):
                os.unlink(path)
            os.mkfifo(path)
            answer = self.work(path=copy, deadline="60000")
            self.assertTrue(answer.failed or answer.done["coverage"]["unscanned"] > 0, name)
            self.assertNotIn("longer than", answer.failed or "")
            shutil.rmtree(copy)

    def test_damaged_pack(self):
        # a pack that was cut short
        self.rich()
        self.git("repack", "-q", "-a", "-d")
        folder = self.dir + "/.git/objects/pack/"
        pack = [name for name in os.listdir(folder) if name.endswith(".pack")][0]
        os.chmod(folder + pack, 0o600)
        os.truncate(folder + pack, os.path.getsize(folder + pack) // 2)
        answer = self.work()
        self.assertTrue(answer.failed or answer.done["coverage"]["unscanned"] > 0)
        self.assertNotIn("died", answer.errors)

    def test_large_file(self):
        # a file above the limit: too large, and said so
        with open(self.dir + "/big", "wb") as file:
            file.truncate(120000000)
        self.commit()
        answer = self.well()
        self.assertEqual(answer.done["coverage"]["unscanned"], 1)
        self.assertIn("too large", answer.done["coverage"]["unscanned_reasons"][0])

    def write_pack(self, entries):
        rawgit.write_pack(os.path.join(self.dir, ".git"), entries)

    def test_delta_bomb(self):
        # a pack of some kilobytes that asks for 1.6 GB: that object is unscanned, the rest is scanned
        self.rich()
        base = b"0123456789abcdef" * 4096
        count = 25000
        delta = rawgit.varint(len(base)) + rawgit.varint(count * len(base)) + rawgit.delta_copy(0, len(base)) * count
        oid = rawgit.object_id(rawgit.BLOB, base)
        self.write_pack([(oid, rawgit.entry(rawgit.BLOB, base)), ("bb" * 20, rawgit.ref_delta(oid, delta))])
        answer = self.well()
        self.assertEqual(answer.done["coverage"]["unscanned"], 1)
        self.assertIn("too large", answer.done["coverage"]["unscanned_reasons"][0])
        self.assertEqual(len(answer.records), 4)

    def test_deep_tree(self):
        # 20,000 levels: what is below them is scanned, and that paths are not known is said
        entries = []

        def add(kind, data):
            entries.append((rawgit.object_id(kind, data), rawgit.entry(kind, data)))
            return entries[-1][0]
        tree, mode = add(rawgit.BLOB, harness.github("deep").encode()), b"100644"
        for _ in range(20000):
            tree, mode = add(rawgit.TREE, rawgit.tree_entry(mode, b"d", tree)), b"40000"
        commit = add(rawgit.COMMIT, b"tree %s\nauthor A <a> 1700000000 +0000\ncommitter A <a> 1700000000 +0000\n\nm\n"
                     % tree.encode())
        self.write_pack(entries)
        with open(os.path.join(self.dir, ".git/refs/heads/main"), "w", encoding="ascii") as file:
            file.write(commit + "\n")
        answer = self.well()
        self.assertEqual(len(answer.records), 1)
        self.assertIn("too deep", answer.done["coverage"]["unscanned_reasons"][0])

    def test_foreign_configuration(self):
        # what the repository's configuration includes is not opened, and not shown
        self.rich()
        with open(self.dir + "/.git/config", "a", encoding="ascii") as file:
            file.write("[include]\n\tpath = /etc/passwd\n[core]\n\tworktree = /etc\n")
        answer = self.well()
        self.assertEqual(len(answer.records), 4)
        self.assertNotIn("root:", answer.errors + json.dumps(answer.done))

    def test_unsupported(self):
        # another object format is named, never taken for an empty repository
        other = os.path.join(self.roots, "sha256")
        self.git("init", "-q", "--object-format=sha256", other)
        self.assertIn("sha256", self.work(path=other).failed.lower())


def main():
    global WORKER_RUN
    WORKER_RUN = os.path.abspath(sys.argv.pop(2))
    harness.PROGRAM = os.path.abspath(sys.argv.pop(1))
    os.umask(0o022)
    unittest.main(module="__main__", verbosity=1)


if __name__ == "__main__":
    main()
