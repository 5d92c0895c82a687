#!/usr/bin/env python3
"""What one audit has found, the next one does not look for again; and it says the same as one that looks at everything."""
import os
import random
import shutil
import subprocess
import tempfile
import zlib

import harness
import rawgit
from store_case import StoreCase


class Store(StoreCase):
    # ---- nothing new ----

    def test_again(self):
        # Everything is said again, nothing is looked at; by any number of threads and in every form.
        self.rich()
        first = self.same(cached=0)
        self.assertEqual(first.status, 1)
        self.assertGreater(len(first.json_lines()), 10)
        for packed in (False, True):
            if packed:
                self.git("repack", "-q", "-a", "-d", "-k")
                self.same()
            self.replayed()
            self.replayed("--jobs", "3")
            for form in self.formats():
                args = ("audit", "--format", form)
                if form not in ("json", "jsonl", "sarif", "text", "html"):  # which show how much was known
                    self.assertEqual(harness.timeless(self.acme(*args, "--no-cache").out), harness.timeless(self.acme(*args).out))
        os.chmod(self.file(), 0o600)
        self.assertEqual(os.stat(self.home + "/.cache/credwatch").st_mode & 0o7777, 0o700)

    def test_clean(self):
        self.write("a", "nothing")
        self.commit()
        self.assertEqual(self.same(cached=0).status, 0)
        self.assertEqual(self.replayed().status, 0)
        self.assertIn(b"known from before", self.acme("audit").out)

    def test_empty(self):
        self.same()
        self.replayed()

    # ---- something new ----

    def test_new_commit(self):
        # Only what is new is scanned: here two blobs and a commit, and loose objects that git has touched.
        self.rich()
        for packed in (False, True):
            if packed:
                self.git("repack", "-q", "-a", "-d", "-k")
            self.same()
            self.write("a.txt", "zero\none\n%s\nkey = %s\n" % (packed, harness.acme("tip")))
            self.write("new.txt", harness.acme("new%s" % packed))
            self.commit("third")
            done = self.same()
            self.assertLess(done.coverage["scanned"], 4 if packed else 10)
            self.assertGreater(done.coverage["cached"], 5)
            self.replayed()

    def test_touched(self):
        # git touches packs whose objects it would have written. Their content says that they are the same.
        self.rich()
        self.git("repack", "-q", "-a", "-d", "-k")
        self.same()
        folder = self.dir + "/.git/objects/pack"
        for name in os.listdir(folder):
            os.utime(os.path.join(folder, name))
            self.replayed()
        # Or that they are not: a pack changed in place, its size and last bytes as they were.
        name = [name for name in os.listdir(folder) if name.endswith(".pack")][0]
        os.chmod(os.path.join(folder, name), 0o600)
        with open(os.path.join(folder, name), "r+b") as file:
            file.seek(60)
            file.write(b"garbage")
        self.assertEqual(self.same().status, 3)
        self.assertEqual(self.same().status, 3)

    def test_pushed_pack(self):
        # A pack beside the known one: its objects alone.
        self.rich()
        self.git("repack", "-q", "-a", "-d", "-k")
        self.same(cached=0)
        self.write("more.txt", harness.acme("more"))
        self.commit("more")
        self.git("repack", "-q", "-d")
        self.same(scanned=2) # a blob and a commit
        self.replayed()

    def test_repacked(self):
        # Another pack with the same ids is looked at: an index may say anything.
        self.rich()
        self.same()
        for args in (("repack", "-q", "-a", "-d", "-k"), ("gc", "-q", "--prune=now"), ("prune-packed",), ("repack", "-q", "-a", "-d", "-f"),
                     ("multi-pack-index", "write"), ("pack-refs", "--all")):
            self.git(*args)
            self.same()
            self.replayed()

    def test_refs(self):
        # States follow the references, without a look at any object.
        self.rich()
        self.same()
        steps = (("branch", "other"), ("branch", "-D", "side"), ("tag", "-d", "v1"), ("update-ref", "refs/x/y", "HEAD~1"),
                 ("symbolic-ref", "HEAD", "refs/heads/other"), ("branch", "-D", "main"), ("update-ref", "--no-deref", "HEAD", "HEAD~1"))
        for args in steps:
            self.git(*args)
            self.same(scanned=0)
            self.replayed()

    def test_shallow(self):
        self.rich()
        self.same()
        with open(self.dir + "/.git/shallow", "w", encoding="ascii") as file:
            file.write(subprocess.check_output(["git", "rev-parse", "main"], cwd=self.dir, env=self.env, text=True))
        self.same(scanned=0)
        self.replayed()

    def test_pruned(self):
        # Objects are gone, and with them what was found in them.
        self.rich()
        before = self.same()
        self.git("prune", "--expire=now")
        after = self.same(scanned=0)
        self.assertLess(after.coverage["expected"], before.coverage["expected"])
        self.replayed()

    def test_alternates(self):
        # Packs of an alternate are known like one's own, until it goes.
        self.rich()
        self.git("repack", "-q", "-a", "-d", "-k")
        self.git("clone", "-q", "--bare", "--shared", ".", self.top + "/shared.git")
        self.dir = self.top + "/shared.git"
        self.same(cached=0)
        self.replayed()
        shutil.move(self.top + "/dir", self.top + "/moved")
        self.assertEqual(self.same().status, 3)

    def test_worktree(self):
        # Linked work trees have one object directory and different HEADs.
        self.rich()
        self.git("worktree", "add", "-q", "--detach", self.top + "/tree", "HEAD~1")
        self.same()
        self.replayed()
        self.dir = self.top + "/tree"
        self.same(scanned=0)
        self.replayed()

    def test_shared_copies(self):
        # Of two copies one was scanned. When that one goes, the other is looked at.
        self.rich()
        self.git("repack", "-q", "-a", "-d", "-k")
        packs = self.dir + "/.git/objects/pack"
        shutil.copytree(packs, self.top + "/packs")
        os.mkdir(self.top + "/away")
        self.git("repack", "-q", "-a", "-d", "-f", "-k", "--depth=1")
        for name in os.listdir(self.top + "/packs"):
            if not os.path.exists(packs + "/" + name):
                shutil.copy(self.top + "/packs/" + name, packs)
        self.same()
        self.replayed()
        for name in os.listdir(self.top + "/packs"):
            os.remove(packs + "/" + name)
        self.same()
        self.replayed()

    def test_hard_links(self):
        # One file under two names, in two object directories: the names are what is known.
        self.rich()
        self.git("repack", "-q", "-a", "-d", "-k")
        self.git("clone", "-q", "--bare", "--local", ".", self.top + "/linked.git")
        with open(self.top + "/linked.git/objects/info/alternates", "w", encoding="ascii") as file:
            file.write(self.dir + "/.git/objects\n")
        self.dir = self.top + "/linked.git"
        self.same(cached=0)
        self.replayed()
        os.remove(self.dir + "/objects/info/alternates")
        self.same()
        self.replayed()

    def test_anything(self):
        # Whatever happens to a repository, the next audit is right.
        number = random.randrange(1 << 32)
        for seed in (1, number):
            with self.subTest(seed=seed):
                self.anything(random.Random(seed))

    def anything(self, rnd):
        self.dir = tempfile.mkdtemp(dir=self.top)
        self.git("init", "-q", "-b", "main")
        self.git("config", "gc.auto", "0")
        self.write("a", "one")
        self.commit()
        for step in range(20):
            getattr(self, "do_" + rnd.choice(("commit", "commit", "commit", "branch", "drop", "pack", "reset", "loose")))(rnd)
            if rnd.random() < 0.6:
                done = self.same()
                self.assertEqual(done.coverage["unscanned_count"], 0, "step %d" % step)
                self.replayed()

    def do_commit(self, rnd):
        for _ in range(rnd.randrange(1, 4)):
            name = rnd.choice(("a", "b", "d/a", "d/e/c"))
            lines = [rnd.choice(("plain %d" % rnd.randrange(9), harness.acme(str(rnd.randrange(6))))) for _ in range(rnd.randrange(1, 30))]
            self.write(name, "\n".join(lines))
        self.commit(rnd.choice(("change", harness.acme(str(rnd.randrange(6))))))

    def do_branch(self, rnd):
        self.git("branch", "-f", "b%d" % rnd.randrange(3), "HEAD" + rnd.choice(("", "^0")))
        self.git("tag", "-f", "-a", "-m", harness.acme(str(rnd.randrange(6))), "t%d" % rnd.randrange(3))

    def do_drop(self, rnd):
        names = subprocess.check_output(["git", "for-each-ref", "--format=%(refname)"], cwd=self.dir, env=self.env, text=True).split()
        name = rnd.choice(names)
        if name != "refs/heads/main":
            self.git("update-ref", "-d", name)

    def do_pack(self, rnd):
        self.git(*rnd.choice((("repack", "-q", "-d"), ("repack", "-q", "-a", "-d"), ("repack", "-q", "-A", "-d"), ("gc", "-q", "--prune=now"),
                              ("repack", "-q"), ("prune", "--expire=now"), ("pack-refs", "--all"))))

    def do_reset(self, rnd):
        count = int(subprocess.check_output(["git", "rev-list", "--first-parent", "--count", "HEAD"], cwd=self.dir, env=self.env))
        self.git("reset", "-q", "--hard", "HEAD~%d" % rnd.randrange(min(count, 3)))
        if rnd.random() < 0.5:
            self.git("reflog", "expire", "--expire=now", "--all")

    def do_loose(self, rnd):
        self.write("loose", harness.acme(str(rnd.randrange(6))))
        self.git("hash-object", "-w", "loose")
        os.remove(self.dir + "/loose")

    # ---- other rules, keys, limits, policies ----

    def test_rules(self):
        # Other rules: nothing is known, and the store is made anew.
        self.rich()
        self.same()
        text = harness.ACME_RULES.replace("(?<![A-Za-z0-9])(?<secret>", "(?<![A-Za-z0-9\\x27])(?<secret>")
        self.rules = self.write_top("acme.yaml", text)
        fewer = self.same(cached=0)
        self.assertIn("marked", "".join(os.listdir(self.dir)))
        self.assertNotIn("marked.py", fewer.text)
        self.replayed()
        self.rules = self.write_top("acme.yaml", harness.ACME_RULES)
        self.assertIn("marked.py", self.same("--no-inline-marks", cached=0).text)
        self.file()

    def test_key(self):
        # Another key: other fingerprints.
        self.rich()
        self.same()
        self.env["CREDWATCH_KEY_FILE"] = self.write_top("key", "5a" * 32 + "\n")
        os.chmod(self.env["CREDWATCH_KEY_FILE"], 0o600)
        self.same(cached=0)
        self.replayed()

    def test_object_max(self):
        # What was too large is no verdict: unscanned each time, and nothing of it is known under another limit.
        self.rich()
        self.write("large", "x" * 5000 + "\n" + harness.acme("large"))
        self.commit()
        for _ in range(2):
            self.assertEqual(self.same("--object-max", "4K").status, 3)
        done = self.audit("--object-max", "4K")
        self.assertEqual((done.coverage["scanned"], done.coverage["unscanned_count"]), (0, 1))
        self.assertIn("large", self.same(cached=0).text)

    def test_policy(self):
        # Policy comes after the store, and may change from run to run.
        self.rich()
        self.same()
        finding = self.audit().json_lines()[1]
        policies = ("allow:\n- path: 'a.txt'\n  reason: r\n", "allow:\n- fingerprint: '%s'\n  reason: r\n" % finding["fingerprint"],
                    "allow:\n- rule: acme.key\n  reason: r\n", "exclude:\n- path: 'dir/**'\n  reason: r\n", "inline_marks: false\n")
        for text in policies:
            conf = self.write_top("conf.yaml", text)
            for more in ((), ("--show-suppressed",), ("--fail-on", "critical")):
                self.replayed("--config", conf, *more)

    def test_values(self):
        # Conditions on values need the secret: other ones, another store.
        self.rich()
        self.same()
        for i in range(2):
            conf = self.write_top("conf.yaml", "allow:\n- value: '%s'\n  reason: r\n" % harness.acme(("tip", "gone")[i])[:20])
            done = self.same("--config", conf, cached=0)
            self.assertGreater(done.json_lines()[-1]["suppressed"]["allow"], 0)
            self.replayed("--config", conf)

    def test_show_secrets(self):
        # A store has no secrets to show.
        self.rich()
        self.same()
        done = self.audit("--show-secrets")
        self.assertEqual(done.coverage["cached"], 0)
        self.assertIn(harness.acme("tip"), done.text)
        self.replayed()

    # ---- nothing but what was scanned ----

    def test_undecided(self):
        # A rule that could not be decided in an object: nothing is known of that object.
        rules = self.write_top("slow.yaml", harness.ACME_RULES.replace("acme.key", "slow.key").replace("provider: acme", "provider: slow")
                               .replace("(?<secret>acme_[A-Za-z0-9]{32})", "(?<secret>acme_(?:(?:[A-Za-z0-9]+)+)+)_?(?![-])(?=[^-]|$)")
                               .replace("after: 32", "after: 200"))
        self.write("a", "acme" + "_" + "a" * 100 + "-")
        self.write("b", harness.acme("b") + "\n")
        self.commit()
        args = ("audit", "--format", "jsonl", "--no-default-rules", "--rules", rules)
        right = self.run_it(*args, "--no-cache")
        self.assertEqual(right.status, 3, right.text)
        for scanned in (3, 1, 1):
            done = self.run_it(*args)
            self.assertEqual(self.plain(done), self.plain(right))
            self.assertEqual(done.json_lines()[-1]["coverage"]["scanned"], scanned)

    def test_damaged(self):
        # What could not be read is read again; and once it can be, what it holds is found.
        self.write("a", harness.acme("a"))
        self.commit()
        oid = rawgit.object_id(rawgit.BLOB, harness.acme("late").encode())
        rawgit.write_loose_bytes(self.dir + "/.git", oid, b"garbage")
        for _ in range(2):
            self.assertEqual(self.same().status, 3)
        rawgit.write_loose(self.dir + "/.git", rawgit.BLOB, harness.acme("late").encode())
        self.assertIn(oid, self.same(scanned=1).text)
        self.replayed()

    def test_changed_file(self):
        # A file under the same name with other content, of the same size even, is another file.
        git, text = self.dir + "/.git", harness.acme("x").encode()
        oid = rawgit.object_id(rawgit.BLOB, text)
        true, lie = (zlib.compress(rawgit.raw_object(rawgit.BLOB, data), 0) for data in (text, b"x" * len(text)))
        self.assertEqual(len(true), len(lie))
        rawgit.write_loose_bytes(git, oid, lie)
        self.assertEqual(self.same().status, 0)
        self.replayed()
        with open(rawgit.loose_path(git, oid), "r+b") as file:
            file.write(true)
        self.assertEqual(self.same(scanned=1).status, 1)
        # And back, with the old time put on it.
        times = os.stat(rawgit.loose_path(git, oid))
        with open(rawgit.loose_path(git, oid), "r+b") as file:
            file.write(lie)
        os.utime(rawgit.loose_path(git, oid), ns=(times.st_atime_ns, times.st_mtime_ns))
        self.assertEqual(self.same(scanned=1).status, 0)

    def test_lying_index(self):
        # An index gives a harmless text the id of a secret. When the true one comes, in another pack, nothing is known of it.
        git, text = self.dir + "/.git", harness.acme("y").encode()
        oid = rawgit.object_id(rawgit.BLOB, text)
        rawgit.write_pack(git, [(oid, rawgit.entry(rawgit.BLOB, b"harmless"))])
        self.assertEqual(self.same().status, 0)
        self.replayed()
        for name in os.listdir(git + "/objects/pack"):
            os.remove(git + "/objects/pack/" + name)
        rawgit.write_pack(git, [(oid, rawgit.entry(rawgit.BLOB, text))])
        self.assertEqual(self.same(scanned=1).status, 1)
        # Both at once: the true copy counts.
        rawgit.write_pack(git, [(oid, rawgit.entry(rawgit.BLOB, b"as harmless"))])
        self.assertEqual(self.same(scanned=1).status, 1)
        self.replayed()

    def test_names(self):
        # A secret in a name cannot be stored, so the audit is not said again, but done; what objects hold is known all the same.
        self.write("f/" + harness.acme("n"), harness.acme("m"))
        self.commit()
        self.same(cached=0)
        self.same(scanned=0)
        self.git("checkout", "-q", "-b", harness.acme("branch"))
        self.same(scanned=0)
        with open(self.file(), "rb") as file:
            stored = file.read()
        for seed in ("n", "m", "branch"):
            self.assertNotIn(harness.acme(seed)[10:].encode(), stored)

    # ---- what it costs ----

    def test_size(self):
        # Clean objects take no room in the store, wherever they stand.
        for i in range(300):
            self.write("d%d/f" % i, "%d\n" % i)
        self.commit()
        self.git("repack", "-q", "-a", "-d")
        self.audit()
        self.assertLess(os.path.getsize(self.file()), 1000)


if __name__ == "__main__":
    harness.main()
