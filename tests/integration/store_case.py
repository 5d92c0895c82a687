"""What the tests of the verdict store share: audits with it and without it, and a repository with secrets everywhere."""
import json
import os

import harness
import rawgit

VOLATILE = ("scanned", "cached", "bytes")  # of the coverage


class StoreCase(harness.Case):
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
