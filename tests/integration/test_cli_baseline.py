#!/usr/bin/env python3
"""credwatch baseline: what is known becomes a file, afterwards only what is new counts."""
import os
import stat

import harness
from harness import acme

NAME = ".credwatch.baseline"
HEAD = "# credwatch baseline 1\n"
FOREIGN = "0000:" + "3" * 32 + " acme.key 7 old/path\n"
SOURCE = "passw" + "ord = '%s'\n"


class Baseline(harness.Case):
    def init(self):
        self.git("init", "-q", "-b", "main")
        self.commit()

    def read(self, name=NAME):
        with open(os.path.join(self.dir, name), encoding="utf-8") as file:
            return file.read()

    def entries(self, name=NAME):
        return [line.split(" ", 3) for line in self.read(name).split("\n") if line and line[0] != "#"]

    def make(self, *args, status=0, **more):
        """baseline create or update with the test's own rules; what it printed."""
        done = self.run_it("baseline", args[0], "--no-default-rules", "--rules", self.rules, *args[1:], **more)
        self.assertStatus(done, status)
        return done

    def refused(self, *args, status=2, word="", **more):
        done = self.make(*args, status=status, **more)
        self.assertIn(word, done.errors)
        self.assertEqual(done.out, b"")
        return done

    def find(self, *args, status=0, command="audit"):
        done = self.acme(command, "--format", "jsonl", *args)
        self.assertStatus(done, status)
        lines = done.json_lines()
        return lines[1:-1], lines[-1], done.errors

    # ---- create ----

    def test_audit(self):
        # One line a secret; with it the audit is clean; a new secret is all that is found then.
        self.write("src/a", acme("a"))
        self.write("src/b", acme("b") + "\n" + acme("a"))
        self.init()
        self.find(status=1)
        done = self.make("create")
        self.assertEqual(done.text, NAME + ": 2 secrets: 2 added, 0 kept, 0 dropped\n")
        self.assertIn("put 'baseline: %s' into .credwatch.yaml, and commit both" % NAME, done.errors)
        self.assertTrue(self.read().startswith(HEAD + "# key "))
        entries = self.entries()
        self.assertEqual([e[1:] for e in sorted(entries, key=lambda e: e[3])],
                         [["acme.key", "2", "src/a"], ["acme.key", "1", "src/b"]])
        self.assertEqual(entries, sorted(entries))
        self.assertNotIn("acme_", self.read())
        self.assertEqual(stat.S_IMODE(os.stat(self.dir + "/" + NAME).st_mode), 0o644)
        self.assertEqual(self.find("--baseline", NAME)[1]["suppressed"]["baseline"], 3)
        # Named in the configuration, and committed.
        self.write(".credwatch.yaml", "baseline: %s\n" % NAME)
        self.commit()
        self.find()
        self.write("new", acme("new"))
        self.commit()
        findings, summary, _ = self.find(status=1)
        self.assertEqual([f["path"] for f in findings], ["new"])
        self.assertEqual(summary["suppressed"]["baseline"], 3)
        # An update takes it in, and counts when it is committed; another one has no hint to give.
        done = self.make("update")
        self.assertEqual((done.text, done.errors), (NAME + ": 3 secrets: 1 added, 2 kept, 0 dropped\n",
                                                    "credwatch: note: an audit reads it from HEAD: commit it\n"))
        self.find(status=1)
        self.commit()
        self.find()
        self.assertEqual(self.make("update").errors, "")

    def test_history(self):
        # What is in no file any more is in the history: it is known too, and not again when a file comes back.
        self.write("a", acme("gone"))
        self.init()
        os.unlink(self.dir + "/a")
        self.write("src/here/x", "nothing")
        self.commit()
        # From a folder below: the file is made at the root.
        self.make("create", "src/here")
        self.assertEqual([e[3] for e in self.entries()], ["a"])
        self.write("back", acme("gone"))
        self.commit()
        self.find("--baseline", NAME)

    def test_folder(self):
        # Without a repository the folder is scanned.
        self.write("deep/a", acme("a"))
        done = self.make("create", "deep")
        self.assertEqual(done.text, "deep/%s: 1 secret: 1 added, 0 kept, 0 dropped\n" % NAME)
        self.assertNotIn("commit", done.errors)
        self.assertEqual([e[3] for e in self.entries("deep/" + NAME)], ["deep/a"])
        self.write("deep/.credwatch.yaml", "baseline: %s\n" % NAME)
        self.find("deep", command="scan")
        self.write("deep/b", acme("b"))
        self.assertEqual([f["path"] for f in self.find("deep", command="scan", status=1)[0]], ["deep/b"])

    def test_nothing_found(self):
        # A baseline of nothing is a baseline; a scan of it finds nothing.
        self.init()
        self.make("create")
        self.assertEqual(self.entries(), [])
        self.make("update")
        self.assertStatus(self.run_it("scan", "."), 0)

    def test_default_rules(self):
        # The file itself gives no findings under the default rules.
        self.write("a", harness.github("b1") + "\n" + harness.stripe("b2") + "\n")
        self.assertStatus(self.run_it("baseline", "create"), 0)
        self.assertEqual(len(self.entries()), 2)
        self.assertStatus(self.run_it("scan", NAME), 0)

    def test_suppressed(self):
        # What an allow entry or a mark explains needs no entry; without marks it does.
        self.write("a", acme("a"))
        self.write("b", acme("b") + " # credwatch:allow\n")
        self.write("c", acme("c"))
        self.write(".credwatch.yaml", "allow: [{path: a, reason: r}]\n")
        self.make("create", ".")
        self.assertEqual([e[3] for e in self.entries()], ["./c"])
        self.make("update", "--no-inline-marks", ".")
        self.assertEqual(sorted(e[3] for e in self.entries()), ["./b", "./c"])
        self.make("update", "--no-repository-config", ".")
        self.assertEqual(sorted(e[3] for e in self.entries()), ["./a", "./b", "./c"])

    def test_secret_in_path(self):
        # A path that is itself a secret is not written down; control bytes are escaped.
        self.write("dir-%s/a\nb" % acme("path"), acme("p"))
        self.make("create", ".")
        self.assertNotIn(acme("path"), self.read())
        self.assertEqual(len(self.read().split("\n")), 5)
        self.make("update", ".")

    # ---- where ----

    def test_files(self):
        # A file of another name, one that is named in the configuration, one that exists, none in a bare repository.
        self.write("a", acme("a"))
        self.init()
        done = self.make("create", "--output", "known")
        self.assertIn("give '--baseline known'", done.errors)
        self.make("create", "--baseline", "known2")
        self.assertEqual(self.read("known"), self.read("known2"))
        self.refused("create", "--output", "known", word="there is a 'known' already")
        self.make("create", "--output", "known", "--replace")
        self.write(".credwatch.yaml", "baseline: [sec/base]\n")
        self.commit()
        self.refused("create", word="sec")
        os.mkdir(self.dir + "/sec")
        self.make("create")
        self.assertEqual(self.read("sec/base"), self.read("known"))
        self.make("update")
        self.write(".credwatch.yaml", "baseline: [sec/base, known]\n")
        self.commit()
        self.refused("update", word="names several baselines")
        self.make("update", "--baseline", "known")
        self.git("clone", "-q", "--bare", ".", self.top + "/bare")
        self.refused("create", self.top + "/bare", word="a bare repository has no files: say where with '--output FILE'")
        self.make("create", "--output", "from-bare", self.top + "/bare")
        self.refused("update", self.top + "/bare", word="--baseline FILE")

    def test_links(self):
        # A repository's symbolic link leads nowhere else: not as the file, not as its folder.
        self.write("a", acme("a"))
        victim = self.write_top("victim", "mine")
        os.symlink(victim, self.dir + "/" + NAME)
        self.refused("create", ".", word="is a symbolic link")
        self.refused("create", "--replace", ".", word="is a symbolic link")
        self.refused("update", ".")
        os.symlink(self.top, self.dir + "/sec")
        self.write(".credwatch.yaml", "baseline: sec/victim\n")
        self.refused("create", "--replace", ".", word="symbolic link")
        os.unlink(self.dir + "/" + NAME)
        os.mkfifo(self.dir + "/" + NAME)
        os.unlink(self.dir + "/.credwatch.yaml")
        self.refused("create", "--replace", "a", word="no regular file")
        with open(victim, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine")

    def test_cannot_write(self):
        # A folder that cannot be written to is found out first; a full disk leaves the old file and nothing else.
        self.write("sub/a", acme("a"))
        self.make("create", "sub")
        before = self.read("sub/" + NAME)
        self.write("sub/b", acme("b"))
        self.assertStatus(self.run_it("key", "show-id"), 0)
        self.refused("update", "sub", status=4, word="File too large", preexec_fn=harness.full_disk)
        os.chmod(self.dir + "/sub", 0o500)
        self.refused("update", "sub", status=4, word="cannot write 'sub/" + NAME, preexec_fn=harness.without_override)
        self.assertEqual(self.read("sub/" + NAME), before)
        self.assertEqual(sorted(os.listdir(self.dir + "/sub")), [NAME, "a", "b"])

    # ---- update ----

    def test_update(self):
        # New ones come in; what is gone stays until it is pruned; entries of another key stay and are counted.
        self.write("a", acme("a"))
        self.write("b", acme("b"))
        self.make("create", ".")
        self.write(NAME, self.read() + FOREIGN)
        os.chmod(self.dir + "/" + NAME, 0o600)
        os.unlink(self.dir + "/a")
        self.write("c", acme("c"))
        done = self.make("update", ".")
        self.assertEqual(done.text, "%s: 4 secrets: 1 added, 3 kept, 0 dropped\n" % NAME)
        self.assertIn("entries that were not found any more and stay: 1 ('--prune' drops them)", done.errors)
        self.assertRegex(done.errors, r"entries of another key than yours \([0-9a-f]{4}\), which stay as they are: 1\n")
        self.assertEqual(stat.S_IMODE(os.stat(self.dir + "/" + NAME).st_mode), 0o600)
        # Elsewhere on request.
        self.make("update", "--prune", "--output", "other", ".")
        self.assertEqual(len(self.entries()), 4)
        done = self.make("update", "--prune", ".")
        self.assertEqual(done.text, "%s: 3 secrets: 0 added, 3 kept, 1 dropped\n" % NAME)
        self.assertEqual(self.read(), self.read("other"))
        self.assertIn(FOREIGN, self.read())
        self.assertEqual(sorted(e[3] for e in self.entries()), ["./b", "./c", "old/path"])
        # The same again changes no byte.
        before = self.read()
        self.make("update", "--prune", ".")
        self.assertEqual(self.read(), before)

    def test_merge(self):
        # Two branches add a secret each: git merges the files, or both sides of a conflict are kept; update tidies.
        ones = [acme("m%d" % i) for i in range(6)]
        self.write("a", "\n".join(ones))
        self.make("create", "--output", NAME, ".")
        both = self.read().split("\n")
        self.write(NAME, "\n".join(both + both[3:5]))
        self.make("update", ".")
        self.assertEqual(self.read(), "\n".join(both))

    def test_malformed(self):
        # A baseline that cannot be read is not written over, and nothing is scanned.
        self.write("a", acme("a"))
        self.refused("update", word="credwatch baseline create")
        for text, word in (("", ":1: not a baseline"), ("# credwatch baseline 2\n", ":1: a baseline of a version"),
                           (HEAD + "<<<<<<< ours\n", ":2: not an entry"), (HEAD + FOREIGN[:20], ":2: not an entry")):
            self.write(NAME, text)
            self.refused("update", ".", word=NAME + word)
            self.assertEqual(self.read(), text)

    def test_wrong_key(self):
        # Under another key nothing of it applies, all of it stays, and the new key's entries come beside.
        self.write("a", acme("a"))
        self.make("create", ".")
        old = self.entries()
        self.env["HOME"] = self.top + "/second"
        os.mkdir(self.env["HOME"])
        errors = self.find("--baseline", NAME, ".", status=1, command="scan")[2]
        self.assertIn("1 of 1 entries were made with another key", errors)
        done = self.make("update", "--prune", ".")
        self.assertIn("which stay as they are: 1", done.errors)
        self.assertEqual(len(self.entries()), 2)
        self.assertIn(old[0], self.entries())
        self.find("--baseline", NAME, ".", command="scan")

    # ---- the key in the repository ----

    def test_key_in_repository(self):
        # A weak secret stays out of a baseline whose key comes with it: in the work tree, or anywhere in the history.
        self.write("conf.py", SOURCE % ("correct" + "-Horse7-battery!x"))
        self.write("a", harness.github("k"))
        self.git("init", "-q")
        self.commit()
        self.assertStatus(self.run_it("baseline", "create"), 0)
        self.assertEqual(len(self.entries()), 2)
        with open(self.home + "/.config/credwatch/key", "rb") as file:
            key = file.read()
        # In .git it is nobody else's; beside the files it is.
        for place, count in ((".git/key", 2), ("team.key", 1)):
            self.env["CREDWATCH_KEY_FILE"] = self.write(place, key)
            os.chmod(self.env["CREDWATCH_KEY_FILE"], 0o600)
            done = self.run_it("baseline", "create", "--output", "out-" + os.path.basename(place))
            self.assertStatus(done, 0)
            self.assertEqual(len(self.entries("out-" + os.path.basename(place))), count)
            self.assertEqual("who has both can test guesses" in done.errors, count == 1)
        # It was committed once, and the one in use lies elsewhere.
        self.git("add", "team.key")
        self.git("commit", "-q", "-m", "key")
        self.git("rm", "-q", "team.key")
        self.git("commit", "-q", "-m", "no key")
        del self.env["CREDWATCH_KEY_FILE"]
        done = self.run_it("baseline", "update")
        self.assertStatus(done, 0)
        self.assertIn("secrets of proof 'context' that are left out: 1; the key '%s/.config" % self.home, done.errors)
        self.assertEqual(len(self.entries()), 1)

    # ---- incomplete ----

    def test_incomplete(self):
        # Nothing is written unless asked; nothing is dropped for not having been seen.
        self.write("a", acme("a"))
        self.write("big", acme("big") + "\n" + "x" * 4000)
        self.make("create", ".")
        before = self.read()
        self.write("new", acme("new"))
        done = self.refused("update", "--prune", "--object-max", "2K", ".", status=3, word="no baseline is written")
        self.assertIn("not scanned: ./big: ", done.errors)
        self.assertEqual(self.read(), before)
        done = self.make("update", "--prune", "--object-max", "2K", "--allow-incomplete", ".", status=3)
        self.assertEqual(done.text, NAME + ": 3 secrets: 1 added, 2 kept, 0 dropped\n")
        self.assertIn("nothing is dropped", done.errors)
        self.refused("create", "--object-max", "2K", "--output", "x", ".", status=3)
        self.assertFalse(os.path.exists(self.dir + "/x"))

    def test_usage(self):
        # What makes no sense is said in one line.
        for args, word in ((["create", "a", "b"], "one PATH"), (["create", "-"], "not of standard input"),
                           (["create", "none"], "none"), (["create", "--prune"], "unknown option '--prune'")):
            done = self.run_it("baseline", *args)
            self.assertStatus(done, 2)
            self.assertIn(word, done.errors)
        done = self.run_it("baseline", "make")
        self.assertStatus(done, 2)
        self.assertIn("baseline needs one of create or update", done.errors)
        # A broken configuration.
        self.write(".credwatch.yaml", "alow: []\n")
        self.refused("create", ".", word=".credwatch.yaml:1: unknown key")
        # The program's own rule: no baseline out of a repository that cannot be read.
        self.git("init", "-q")
        self.write(".git/HEAD", "nonsense")
        self.assertNotEqual(self.run_it("baseline", "create").status, 0)


if __name__ == "__main__":
    harness.main()
