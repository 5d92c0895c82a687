#!/usr/bin/env python3
"""The file of the verdict store: where it is, who may have written it, damage, and audits that are killed, told to end, or fail.

    test_store_file.py PROGRAM [PRELOAD]"""
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import harness
from store_case import StoreCase

PRELOAD = ""


class StoreFile(StoreCase):
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
        for share in (0, 0.01, 0.03, 0.3, 1):
            if share == 1:
                self.git("branch", "one-more")
            at = int(share * (os.path.getsize(self.file()) - 1))
            with open(self.file(), "r+b") as file:
                file.seek(at)
                byte = file.read(1)
                file.seek(at)
                file.write(bytes([byte[0] ^ 0x10]))
            self.noted("damaged")
            self.replayed()
        os.truncate(self.file(), 1000)
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
        if not PRELOAD:
            self.skipTest("with a sanitizer nothing can be preloaded")
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


if __name__ == "__main__":
    if len(sys.argv) > 2:
        PRELOAD = os.path.abspath(sys.argv.pop(2))
    harness.main()
