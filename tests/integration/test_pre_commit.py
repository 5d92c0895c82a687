#!/usr/bin/env python3
"""credwatch pre-commit and pre-merge-commit under real git commands: what stops a commit, and what must not.

    test_pre_commit.py PROGRAM"""
import os

import client_harness
from harness import github, main, stripe

COMMIT = ("commit", "-q", "-m", "x")


def line(secret, name="token"):
    return "%s = '%s'\n" % (name, secret)


class Base(client_harness.ClientCase):
    def setUp(self):
        super().setUp()
        self.secret = github(self.id())


class Found(Base):
    """Whatever is staged is looked at, as it is staged."""

    def check(self, *args, texts=(), **more):
        said = self.stopped(*(args or COMMIT), texts=("commit rejected: it brings 1 secret", *texts), **more)
        self.assertNotIn(self.secret, said)
        return said

    def test_clean(self):
        # Nothing is found: the commit is made, and nothing is said.
        self.stage("a.py", "x = 1\n")
        self.assertEqual(self.passes(*COMMIT).errors, "")

    def test_new_file(self):
        # The message says what, where, what to write, what to do, how to allow it and how to go on.
        self.stage("src/a.py", "\n\n" + line(self.secret, "API_TOKEN"))
        self.check(texts=("GitHub personal access token", "src/a.py:3", "API_TOKEN = os.environ[\"API_TOKEN\"]",
                          "    git add src/a.py\n", "credwatch allow ", "credwatch:allow", "git commit --no-verify"))
        # the same commit passes when the user says so
        self.passes(*COMMIT, "--no-verify")

    def test_first_commit(self):
        # There is no HEAD yet.
        self.git("checkout", "-q", "--orphan", "other")
        self.stage("a.txt", line(self.secret))
        done = self.run_git(*COMMIT)
        self.assertStatus(done, 1)
        self.assertIn("a.txt:1", done.errors)
        self.assertEqual(self.run_git("rev-parse", "--verify", "-q", "HEAD").text, "")

    def test_changed_file(self):
        self.skip_hooks("a/b/c.txt", "one\n")
        self.stage("a/b/c.txt", "one\n" + line(self.secret))
        self.check(texts=("a/b/c.txt:2",))

    def test_cleaned_work_tree(self):
        # Staged with the secret, then cleaned in the work tree alone: the commit would hold it.
        self.stage("a.txt", line(self.secret))
        self.write("a.txt", "clean\n")
        self.check(texts=("a.txt:1",))

    def test_dirty_work_tree(self):
        # Clean in the index, the secret only in the work tree: the commit is clean.
        self.stage("a.txt", "clean\n")
        self.write("a.txt", line(self.secret))
        self.passes(*COMMIT)

    def test_commit_all(self):
        self.skip_hooks("a.txt", "one\n")
        self.write("a.txt", line(self.secret))
        self.check("commit", "-q", "-a", "-m", "x", texts=("a.txt:1",))
        self.check("commit", "-q", "-am", "x", texts=("a.txt:1",))

    def test_commit_path(self):
        # `commit -- path` commits that path alone, whatever else is staged.
        self.skip_hooks("a.txt", "one\n")
        self.skip_hooks("b.txt", "one\n")
        self.stage("b.txt", line(self.secret))
        self.write("a.txt", "two\n")
        self.passes("commit", "-q", "-m", "x", "--", "a.txt")
        self.assertEqual(self.out("show", "--name-only", "--format="), "a.txt")
        self.write("a.txt", line(stripe(self.id())))
        self.check("commit", "-q", "-m", "x", "--", "a.txt", texts=("a.txt:1",))
        self.check("commit", "-q", "-i", "-m", "x", "--", "b.txt", texts=("b.txt:1",))

    def test_amend(self):
        # What an amended commit adds is looked at; what it held before is not new.
        self.stage("a.txt", "one\n")
        self.passes(*COMMIT)
        self.stage("a.txt", "one\n" + line(self.secret))
        self.check("commit", "-q", "--amend", "--no-edit", texts=("a.txt:2",))

    def test_subfolder(self):
        # git runs the hook at the top, wherever the user stands.
        self.stage("deep/er/a.txt", line(self.secret))
        self.check(folder=os.path.join(self.dir, "deep"), texts=("deep/er/a.txt:1",))

    def test_linked_work_tree(self):
        other = os.path.join(self.top, "other")
        self.git("worktree", "add", "-q", "-b", "side", other)
        with open(os.path.join(other, "a.txt"), "w", encoding="utf-8") as file:
            file.write(line(self.secret))
        self.assertStatus(self.run_git("add", "a.txt", folder=other), 0)
        self.check(folder=other, texts=("a.txt:1",))
        with open(os.path.join(other, "a.txt"), "w", encoding="utf-8") as file:
            file.write("clean\n")
        self.passes("commit", "-q", "-am", "x", folder=other)

    def test_symbolic_link(self):
        os.symlink(self.secret, os.path.join(self.dir, "link"))
        self.git("add", "link")
        self.check(texts=("link:1",))

    def test_symbolic_link_for_file(self):
        # The same bytes as another kind of entry.
        self.skip_hooks("a", "target")
        os.remove(os.path.join(self.dir, "a"))
        os.symlink("target", os.path.join(self.dir, "a"))
        self.git("add", "a")
        self.passes(*COMMIT)

    def test_name(self):
        # In a new folder's name, in a file's name in an old folder.
        self.stage("keys/%s/a.txt" % self.secret, "nothing\n")
        said = self.check(texts=("(the name itself)",))
        self.assertIn("keys/gh" + "p_", said)
        self.git("rm", "-q", "-r", "--cached", "keys")
        self.skip_hooks("keys/other", "nothing\n")
        self.stage("keys/%s.txt" % self.secret, "nothing\n")
        self.check(texts=("(the name itself)",))

    def test_executable_and_mode_change(self):
        self.skip_hooks("a.sh", line(self.secret))
        os.chmod(os.path.join(self.dir, "a.sh"), 0o755)
        self.passes("commit", "-q", "-am", "x")

    def test_lines(self):
        # Windows line ends, no line end, UTF-16.
        self.stage("a.txt", "x\r\n" + self.secret)
        self.stage("b.txt", "x\r\n%s\r\n" % stripe(self.id()))
        self.stage("c.txt", line(github("c" + self.id())).encode("utf-16"))
        said = self.stopped(*COMMIT, texts=("it brings 3 secrets", "a.txt:2", "b.txt:2", "c.txt:1"))
        self.assertNotIn(self.secret, said)

    def test_filtered(self):
        # With core.autocrlf the staged blob is what counts.
        self.git("config", "core.autocrlf", "true")
        self.stage("a.txt", "x\r\n\r\n%s\r\n" % self.secret)
        self.check(texts=("a.txt:3",))

    def test_strange_path(self):
        # A path with a newline and an escape sequence cannot reach the terminal, and is not offered to be typed.
        self.write(b"a\n\x1b[31mb.txt", line(self.secret))
        self.git("add", "-A")
        said = self.check(texts=("a\\n\\x1b[31mb.txt:1", "    git add ...\n"))
        self.assertNotIn("\x1b", said)

    def test_quoted_path(self):
        self.stage("my file.txt", line(self.secret))
        self.check(texts=("    git add 'my file.txt'\n",))

    def test_intent_to_add(self):
        # `add -N` stages nothing.
        self.write("a.txt", line(self.secret))
        self.git("add", "-N", "a.txt")
        self.stage("b.txt", "clean\n")
        self.passes(*COMMIT)
        self.git("add", "a.txt")
        self.check(texts=("a.txt:1",))

    def test_submodule(self):
        # A gitlink names a commit of another repository, which is not looked for.
        self.git("update-index", "--add", "--cacheinfo", "160000,%s,sub" % ("1" * 40))
        self.passes(*COMMIT)

    def test_deletion(self):
        self.skip_hooks("a.txt", line(self.secret))
        self.git("rm", "-q", "a.txt")
        self.passes(*COMMIT)

    def test_file_becomes_folder(self):
        self.skip_hooks("a", "one\n")
        self.git("rm", "-q", "a")
        self.stage("a/b.txt", line(self.secret))
        self.check(texts=("a/b.txt:1",))

    def test_many_folders(self):
        # Folders beside each other whose names sort in other ways as names and as paths.
        for name in ("a", "a.b", "a-b", "ab", "a0", "z/a", "z/ab", "z/a.b"):
            self.skip_hooks(name + "/f.txt", name + "\n")
        for name in ("a", "a.b", "a-b", "ab", "a0", "z/a", "z/ab", "z/a.b"):
            self.stage(name + "/f.txt", name + "\n" + line(github(name)))
            self.stopped(*COMMIT, texts=("it brings 1 secret", " %s/f.txt:2" % name))
            self.git("reset", "-q", "--hard")


class NotNew(Base):
    """Secrets of old do not stop work on what holds them."""

    def setUp(self):
        super().setUp()
        self.skip_hooks("old.txt", line(self.secret) + "text\n" * 20)

    def test_edited(self):
        self.stage("old.txt", "new\n" + line(self.secret) + "text\n" * 21)
        self.passes(*COMMIT)

    def test_renamed(self):
        self.git("mv", "old.txt", "new.txt")
        self.passes(*COMMIT)

    def test_folder_renamed(self):
        self.git("mv", "old.txt", "a.txt")
        self.skip_hooks("dir/sub/b.txt", line(stripe(self.id())))
        self.git("mv", "dir", "other")
        self.passes(*COMMIT)

    def test_moved(self):
        # Out of one file into another, in one commit.
        self.stage("old.txt", "text\n" * 20)
        self.stage("conf/new.txt", "    " + line(self.secret))
        self.passes(*COMMIT)

    def test_copied(self):
        # Copied into a second file: that is one more place, and new.
        self.stage("copy.txt", line(self.secret))
        self.stopped(*COMMIT, texts=("copy.txt:1",))

    def test_judge_all(self):
        # hooks.judge: all stops also what is not new.
        self.skip_hooks(".credwatch.yaml", "hooks:\n  judge: all\n")
        self.stage("old.txt", "new\n" + line(self.secret))
        self.stopped(*COMMIT, texts=("old.txt:2",))


class Merges(Base):
    def setUp(self):
        super().setUp()
        self.git("checkout", "-q", "-b", "side")
        self.skip_hooks("side.txt", line(self.secret))
        self.git("checkout", "-q", "main")

    def test_merge(self):
        # What the other side holds already is not brought by the merge.
        self.skip_hooks("main.txt", "one\n")
        self.passes("merge", "-q", "-m", "m", "side")

    def test_merge_brings(self):
        # What neither side has is: here a driver writes it while git merges.
        token = stripe(self.id())
        self.skip_hooks(".gitattributes", "both.txt merge=add\n")
        self.skip_hooks("both.txt", "one\n")
        self.git("checkout", "-q", "side")
        self.skip_hooks(".gitattributes", "both.txt merge=add\n")
        self.skip_hooks("both.txt", "two\n")
        self.git("checkout", "-q", "main")
        driver = self.write_top("driver", "#!/bin/sh\necho \"key = '%s'\" > \"$1\"\n" % token)
        os.chmod(driver, 0o755)
        self.git("config", "merge.add.driver", driver + " %A")
        said = self.stopped("merge", "-q", "-m", "m", "side", texts=("both.txt:1", "it brings 1 secret", "git merge --no-verify"))
        self.assertNotIn("side.txt", said)

    def test_conflict(self):
        # A merge with conflicts is ended by `commit`, whose hook knows both parents too.
        self.skip_hooks("side.txt", "main\n")
        self.assertStatus(self.run_git("merge", "-q", "side"), 1)
        # in the middle of a conflict each side is looked at, those of the parents are not new
        self.assertStatus(self.run_it("pre-commit"), 0)
        self.stage("side.txt", "main\n" + line(self.secret))
        self.passes("commit", "-q", "-m", "m")

    def test_conflict_brings(self):
        self.skip_hooks("side.txt", "main\n")
        self.assertStatus(self.run_git("merge", "-q", "side"), 1)
        self.stage("side.txt", line(self.secret) + line(stripe(self.id())))
        self.stopped("commit", "-q", "-m", "m", texts=("side.txt:2", "it brings 1 secret"))


class Indexes(Base):
    """Forms of the index other than the usual one."""

    def check(self):
        self.skip_hooks("a/one.txt", "one\n")
        self.skip_hooks("b/c/two.txt", "two\n")
        self.stage("b/c/three.txt", line(self.secret))
        self.stage("a/four.txt", "clean\n")
        self.stopped(*COMMIT, texts=("it brings 1 secret", " b/c/three.txt:1"))
        self.stage("b/c/three.txt", "clean\n")
        self.passes(*COMMIT)

    def test_versions(self):
        for version in ("2", "3", "4"):
            self.git("update-index", "--index-version", version)
            self.skip_hooks("v.txt", version)
            self.check()
            self.git("reset", "-q", "--hard", "HEAD~4")

    def test_split(self):
        self.git("config", "splitIndex.maxPercentChange", "100")
        self.skip_hooks("d/e.txt", "one\n")
        self.skip_hooks("d/f.txt", "one\n")
        self.git("update-index", "--split-index")
        self.stage("d/e.txt", "two\n")
        self.git("rm", "-q", "d/f.txt")
        self.check()

    def test_split_without_its_shared_part(self):
        self.git("update-index", "--split-index")
        self.stage("a.txt", "one\n")
        folder = os.path.join(self.dir, ".git")
        for name in os.listdir(folder):
            if name.startswith("sharedindex."):
                os.remove(os.path.join(folder, name))
        done = self.run_it("pre-commit")
        self.assertStatus(done, 3)
        self.assertIn("its shared part is not there", done.errors)

    def test_split_and_version_4(self):
        self.git("update-index", "--index-version", "4")
        self.test_split()

    def test_sparse(self):
        for name in ("in/a.txt", "out/b.txt", "out/deep/c.txt", "other/d.txt"):
            self.skip_hooks(name, "one\n")
        self.git("sparse-checkout", "set", "--cone", "--sparse-index", "in")
        self.assertIn("040000", self.out("ls-files", "--sparse", "--stage"))
        self.stage("in/a.txt", line(self.secret))
        self.stopped(*COMMIT, texts=("in/a.txt:1", "it brings 1 secret"))
        self.stage("in/a.txt", "two\n")
        self.passes(*COMMIT)

    def test_sparse_folder_changes(self):
        # A folder that is not listed differs as a whole: the secret in it is found all the same.
        self.skip_hooks("in/a.txt", "one\n")
        self.skip_hooks("out/b.txt", "one\n")
        self.skip_hooks("out/deep/c.txt", line(self.secret))
        self.git("sparse-checkout", "set", "--cone", "--sparse-index", "in")
        self.git("reset", "-q", "--soft", "HEAD~1")
        self.stopped(*COMMIT, texts=("out/deep/c.txt:1", "it brings 1 secret"))

    def test_without_trees(self):
        # An index that knows no tree of its folders.
        self.skip_hooks("a/b/c.txt", "one\n")
        entries = self.out("ls-files", "-s")
        os.remove(os.path.join(self.dir, ".git", "index"))
        done = self.run_git("update-index", "--index-info", data=(entries + "\n").encode())
        self.assertStatus(done, 0)
        self.check()

    def test_damaged(self):
        self.stage("a.txt", "one\n")
        path = os.path.join(self.dir, ".git", "index")
        with open(path, "rb") as file:
            data = file.read()
        for bad in (data[:40], b"DIRC" + data[4:8] + b"\xff\xff\xff\xff" + data[12:], b"DIRX" + data[4:],
                    data[:4] + b"\0\0\0\x09" + data[8:], data[:-20] + b"abcd\0\0\0\0" + data[-20:],
                    data.replace(b"TREE", b"XREE")[:-20] + b"TREE\0\0\0\x02\0x" + data[-20:]):
            with open(path, "wb") as file:
                file.write(bad)
            done = self.run_it("pre-commit")
            self.assertStatus(done, 3)
            self.assertIn("commit rejected", done.errors)
            self.assertIn("Nothing is accepted that was not scanned.", done.errors)


class Policy(Base):
    """What is staged beside the secret may allow it."""

    def fingerprint(self):
        said = self.stopped(*COMMIT)
        return said.split("fingerprint ")[1].split()[0]

    def test_allow(self):
        self.stage("a.txt", line(self.secret))
        fingerprint = self.fingerprint()
        self.assertStatus(self.run_it("allow", fingerprint, "--reason", "a test"), 0)
        # the entry counts when it is staged, not before
        self.stopped(*COMMIT)
        self.git("add", ".credwatch.yaml")
        self.passes(*COMMIT)

    def test_mark(self):
        self.stage("a.py", "x = '%s'  # credwatch:allow\n" % self.secret)
        self.passes(*COMMIT)

    def test_mark_forbidden(self):
        config = os.path.join(self.home, ".config", "credwatch")
        os.makedirs(config, mode=0o700)
        with open(os.path.join(config, "config.yaml"), "w", encoding="utf-8") as file:
            file.write("repository_policy: ignore\nhooks:\n  bypass: forbid\n")
        self.stage("a.py", "x = '%s'  # credwatch:allow\n" % self.secret)
        self.stage(".credwatch.yaml", "allow:\n- path: '**'\n  reason: I say so\n")
        said = self.stopped(*COMMIT, texts=("a.py:1",))
        self.assertNotIn("--no-verify", said)

    def test_baseline(self):
        self.skip_hooks("a.txt", line(self.secret))
        self.assertStatus(self.run_it("baseline", "create"), 0)
        self.write(".credwatch.yaml", "baseline: .credwatch.baseline\n")
        self.git("add", "-A")
        self.stage("b.txt", line(self.secret))
        self.passes(*COMMIT)

    def test_thresholds(self):
        # What does not block is said.
        self.stage(".credwatch.yaml", "hooks:\n  block_severity: none\n")
        self.stage("a.txt", line(self.secret))
        done = self.passes(*COMMIT)
        self.assertIn("warning: 1 finding that does not stop a commit", done.errors)
        self.assertIn("a.txt:1", done.errors)

    def test_documented_example(self):
        # An example that the vendor prints in its documentation is said and does not block.
        self.stage("a.txt", "aws_access_key_id = AKIA" + "IOSFODNN7" + "EXAMPLE\n")
        self.passes(*COMMIT)

    def test_bad_configuration(self):
        self.stage(".credwatch.yaml", "no_such_key: 1\n")
        said = self.stopped(*COMMIT, texts=("no_such_key",))
        self.assertIn(".credwatch.yaml:1", said)
        self.assertStatus(self.run_it("pre-commit"), 2)


class Errors(Base):
    """What cannot be scanned stops the commit."""

    def remove_blob(self, name):
        oid = self.out("rev-parse", ":" + name)
        os.remove(os.path.join(self.dir, ".git", "objects", oid[:2], oid[2:]))
        return oid

    def configure(self, text):
        config = os.path.join(self.home, ".config", "credwatch")
        os.makedirs(config, mode=0o700, exist_ok=True)
        with open(os.path.join(config, "config.yaml"), "w", encoding="utf-8") as file:
            file.write(text)

    def test_missing_blob(self):
        self.stage("a.txt", "one\n")
        oid = self.remove_blob("a.txt")
        done = self.run_it("pre-commit")
        self.assertStatus(done, 3)
        self.assertIn("1 part of it could not be scanned", done.errors)
        self.assertIn(oid, done.errors)

    def test_missing_blob_accepted(self):
        # The policy takes it, says so, and a secret beside it still stops the commit.
        self.configure("hooks:\n  on_error: accept\n")
        self.stage("a.txt", "one\n")
        self.remove_blob("a.txt")
        done = self.run_it("pre-commit")
        self.assertStatus(done, 0)
        self.assertIn("accepted unscanned (hooks.on_error)", done.errors)
        self.stage("b.txt", line(self.secret))
        done = self.run_it("pre-commit")
        self.assertStatus(done, 3)
        self.assertIn("b.txt:1", done.errors)

    def test_unsupported_format(self):
        self.stage("a.txt", "one\n")
        self.git("config", "core.repositoryformatversion", "1")
        self.git("config", "extensions.objectformat", "sha256")
        done = self.run_it("pre-commit")
        self.assertStatus(done, 3)
        self.assertIn("commit rejected: ", done.errors)
        self.assertIn("unsupported repository format", done.errors)
        self.assertIn("git commit --no-verify", done.errors)

    def test_no_repository(self):
        done = self.run_it("pre-commit", preexec_fn=lambda: os.chdir(self.home))
        self.assertNotEqual(done.status, 0)
        self.assertIn("commit rejected", done.errors)

    def test_too_large(self):
        self.configure("object_max: 10\n")
        self.stage("a.txt", "x" * 100)
        self.stopped(*COMMIT, texts=("too large",))

    def test_arguments(self):
        done = self.run_it("pre-commit", "a.txt")
        self.assertStatus(done, 2)
        self.assertIn("takes no arguments", done.errors)

    def test_nothing_staged(self):
        # Under git there is nothing to look at then; `pre-commit run --all-files` means all that is tracked.
        done = self.run_it("pre-commit")
        self.assertEqual((done.status, done.errors), (0, ""))
        self.skip_hooks("sub/a.txt", line(self.secret))
        self.env["PRE_COMMIT"] = "1"
        done = self.run_it("pre-commit")
        self.assertStatus(done, 1)
        self.assertIn("sub/a.txt:1", done.errors)
        self.assertIn("Nothing is staged, so all files", done.errors)
        # git itself names its index: `git commit --amend`, `--allow-empty`
        self.passes("commit", "-q", "--allow-empty", "-m", "x")
        self.git("rm", "-q", "sub/a.txt")
        self.passes(*COMMIT)
        done = self.run_it("pre-commit")
        self.assertEqual((done.status, done.errors), (0, ""))


if __name__ == "__main__":
    main()
