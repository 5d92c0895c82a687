#!/usr/bin/env python3
"""What one audit has found, the next one does not look for again; and it says the same as one that looks at everything.

    test_store.py PROGRAM PRELOAD"""
import json
import os
import shutil
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import harness
import rawgit

PRELOAD = ""
VOLATILE = ("scanned", "cached", "bytes")  # of the coverage


class Store(harness.Case):
    def setUp(self):
        super().setUp()
        self.cache = True
        self.git("init", "-q", "-b", "main")
        self.git("config", "gc.auto", "0")

    # ---- what audits say ----

    def audit(self, *args, **more):
        done = self.acme("audit", "--format", "jsonl", *args, **more)
        self.assertIn(done.status, (0, 1, 3), done.errors)
        done.coverage = done.json_lines()[-1]["coverage"]
        counted = done.coverage["scanned"] + done.coverage["cached"]
        if done.status != 3:
            self.assertEqual(done.coverage["expected"], counted)
        return done

    @staticmethod
    def plain(done):
        """A report without what tells where its verdicts come from."""
        lines = done.json_lines()
        for name in VOLATILE:
            del lines[-1]["coverage"][name]
        return [json.dumps(line) for line in lines]

    def same(self, *args, cached=None, scanned=None):
        """An audit says what one without a store says; how much of it was known."""
        right = self.audit("--no-cache", *args)
        self.assertEqual(right.coverage["cached"], 0)
        done = self.audit(*args)
        self.assertEqual(self.plain(done), self.plain(right))
        self.assertEqual(done.status, right.status)
        self.assertEqual(done.errors, right.errors)
        if cached is not None:
            self.assertEqual(done.coverage["cached"], cached if cached >= 0 else right.coverage["expected"] + cached)
        if scanned is not None:
            self.assertEqual(done.coverage["scanned"], scanned)
        return done

    def replayed(self, *args):
        return self.same(*args, scanned=0)

    def files(self):
        folder = self.home + "/.cache/credwatch"
        names = os.listdir(folder) if os.path.isdir(folder) else []
        return [os.path.join(folder, name) for name in names if name.startswith("verdicts-")]

    def file(self):
        names = self.files()
        self.assertEqual(len(names), 1)
        return names[0]

    # ---- repositories ----

    def rich(self):
        """Secrets at tips, in the past, in names of tags, in messages, unreachable; marks, pointers, submodules."""
        self.write("a.txt", "one\nkey = %s\n" % harness.acme("tip"))
        self.write("dir/copy.txt", "one\nkey = %s\n" % harness.acme("tip"))
        self.write("test/low.txt", harness.acme("low"))
        self.write("marked.py", "k = '%s'  # gitleaks:allow\n" % harness.acme("marked"))
        self.write("gone.txt", harness.acme("gone") + "\n" + harness.acme("twice"))
        self.write("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 3\n" % ("0" * 64))
        self.commit("first " + harness.acme("message"))
        os.remove(self.dir + "/gone.txt")
        self.write("a.txt", "zero\none\nkey = %s\n" % harness.acme("tip"))
        self.write("wide.txt", ("key=" + harness.acme("wide") + "\r\n").encode("utf-16"))
        self.git("update-index", "--add", "--cacheinfo", "160000," + "1" * 40 + ",sub")
        self.commit("second")
        self.git("tag", "-a", "-m", "text " + harness.acme("tag"), "v1")
        self.git("checkout", "-q", "-b", "side", "HEAD~1")
        self.write("side.txt", harness.acme("side"))
        self.commit("side")
        self.git("checkout", "-q", "main")
        rawgit.write_loose(self.dir + "/.git", rawgit.BLOB, harness.acme("lost").encode())

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

    # ---- where it is ----

    def test_no_cache(self):
        # Neither read nor written.
        self.rich()
        for _ in range(2):
            self.assertEqual(self.audit("--no-cache").coverage["cached"], 0)
        self.assertEqual(self.files(), [])
        self.audit()
        with open(self.file(), "r+b") as file:
            file.write(b"damage")
        self.assertEqual(self.audit("--no-cache").errors, "")
        with open(self.file(), "rb") as file:
            self.assertEqual(file.read(6), b"damage")

    def noted(self, word):
        """An audit that says why it did not use the store, and nothing else differs."""
        right, done = self.audit("--no-cache"), self.audit()
        self.assertEqual(self.plain(done), self.plain(right))
        self.assertEqual((done.status, done.coverage["cached"]), (right.status, 0))
        self.assertEqual(len(done.errors.splitlines()), 1, done.errors)
        self.assertIn(word, done.errors)

    def test_damage(self):
        # Damaged in what is read: said, and rebuilt. The last part is read only when something is new.
        self.rich()
        self.audit()
        size = os.path.getsize(self.file())
        for at in (0, 20, 60, 100, size // 3, size - 1):
            if at == size - 1:
                self.git("branch", "one-more")
            with open(self.file(), "r+b") as file:
                file.seek(at)
                byte = file.read(1)
                file.seek(at)
                file.write(bytes([byte[0] ^ 0x10]))
            self.noted("damaged")
            self.replayed()
        os.truncate(self.file(), size // 2)
        self.noted("damaged")
        self.replayed()

    def test_other_version(self):
        # Of another version: of no use, and no matter.
        self.rich()
        self.audit()
        with open(self.file(), "r+b") as file:
            file.seek(8)
            file.write(b"\x63")
        self.same(cached=0)
        self.replayed()

    def test_trust(self):
        # What others could have read or written is not used, but replaced.
        self.rich()
        self.audit()
        os.chmod(self.file(), 0o644)
        self.noted("trusted")
        self.replayed()
        # In a folder that others may write to, nothing is.
        os.chmod(self.home + "/.cache/credwatch", 0o777)
        self.noted("trusted")
        self.noted("trusted")

    def test_no_folder(self):
        # A file where the folder should be; no home at all; a home that is not there.
        self.rich()
        with open(self.home + "/.cache", "w", encoding="ascii"):
            pass
        self.noted("ot a directory")
        self.env["XDG_CONFIG_HOME"] = self.home + "/.config"
        del self.env["HOME"]
        self.assertEqual(self.same(cached=0).errors, "")
        self.env["HOME"] = "/dev/null/none"
        for _ in range(2):
            self.assertEqual(self.same(cached=0).errors, "")

    def test_inside(self):
        # Never inside the repository.
        self.rich()
        self.env["XDG_CACHE_HOME"] = self.dir + "/.git"
        self.noted("inside the repository")
        self.assertEqual([name for name in os.listdir(self.dir + "/.git/credwatch") if "verdicts" in name], [])

    def test_moved(self):
        # Each object directory has its own file.
        self.rich()
        self.same()
        shutil.copytree(self.dir, self.top + "/copy", symlinks=True)
        self.dir = self.top + "/copy"
        self.same(cached=0)
        self.assertEqual(len(self.files()), 2)

    # ---- at once, and cut short ----

    def test_at_once(self):
        # Several audits of one repository, while it grows.
        self.rich()
        for i in range(3):
            self.write("n%d" % i, harness.acme("n%d" % i))
            self.commit("n%d" % i)
            right = self.plain(self.audit("--no-cache"))
            with ThreadPoolExecutor(4) as pool:
                for done in pool.map(lambda _: self.audit(), range(6)):
                    self.assertEqual(self.plain(done), right)
            self.replayed()

    def stopped(self, number, how):
        count = self.top + "/count"
        if os.path.exists(count):
            os.remove(count)
        env = dict(self.env, LD_PRELOAD=PRELOAD, CW_STOP_AT=str(number), CW_STOP_HOW=how, CW_STOP_COUNT=count)
        done = subprocess.run([harness.PROGRAM, "audit", "--format", "jsonl", "--jobs", "1", "--no-default-rules", "--rules", self.rules],
                              env=env, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=120, check=False)
        calls = 0
        if os.path.exists(count):
            with open(count, encoding="ascii") as file:
                calls = int(file.read())
        return harness.Done(done.returncode, done.stdout, done.stderr), calls

    def grown(self):
        """A repository whose store is one commit behind. The store, and the right report."""
        self.write("a", harness.acme("a"))
        self.commit("one")
        self.audit()
        saved = self.top + "/saved"
        shutil.copytree(self.home + "/.cache", saved)
        self.write("b", harness.acme("b"))
        self.write("c", "clean")
        self.commit("two")
        return saved, self.plain(self.audit("--no-cache"))

    def put_back(self, saved):
        shutil.rmtree(self.home + "/.cache")
        if saved:
            shutil.copytree(saved, self.home + "/.cache")

    def test_killed(self):
        # Killed at any call that opens or changes a file, with an old store and without one: the next audit is right.
        saved, right = self.grown()
        for start in (saved, None):
            self.put_back(start)
            _, total = self.stopped(0, "kill")
            self.assertGreater(total, 15)
            for number in range(1, total + 1):
                self.put_back(start)
                done, _ = self.stopped(number, "kill")
                self.assertEqual(done.status, -9)
                self.assertEqual(self.plain(self.audit()), right, "killed at call %d" % number)

    def test_failing(self):
        # The same calls fail: the report is right, or it says that it is not whole; and so is the next.
        saved, right = self.grown()
        for how in ("io", "space", "files"):
            self.put_back(saved)
            _, total = self.stopped(0, how)
            for number in range(1, total + 1):
                self.put_back(saved)
                done, _ = self.stopped(number, how)
                if done.status in (0, 1):
                    self.assertEqual(self.plain(done), right, "%s at call %d" % (how, number))
                else:
                    self.assertIn(done.status, (2, 3, 4), "%s at call %d" % (how, number))
                self.assertEqual(self.plain(self.audit()), right, "%s at call %d" % (how, number))

    def test_interrupted(self):
        # Told to end at any of them: what was not scanned is not known.
        saved, right = self.grown()
        for start in (saved, None):
            self.put_back(start)
            _, total = self.stopped(0, "term")
            for number in range(1, total + 1):
                self.put_back(start)
                self.stopped(number, "term")
                self.assertEqual(self.plain(self.audit()), right, "told to end at call %d" % number)

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
    PRELOAD = os.path.abspath(sys.argv.pop(2))
    harness.main()
