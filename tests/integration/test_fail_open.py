#!/usr/bin/env python3
"""Ways in which hooks of this kind have let secrets through while they said that all was well: each has its case here, in a real
repository.

    test_fail_open.py PROGRAM"""
import base64
import os
import resource
import unittest
import stat

import client_harness
import harness
import push_harness
from harness import github, stripe

COMMIT = ("commit", "-q", "-m", "x")


def line(secret, name="token"):
    return "%s = '%s'\n" % (name, secret)


# Keys of a repository's configuration whose values git runs as commands; %s is the command.
COMMANDS = (
    "core.fsmonitor", "core.sshCommand", "core.gitProxy", "core.pager", "core.editor", "core.askPass", "core.alternateRefsCommand",
    "diff.external", "diff.x.command", "diff.x.textconv", "filter.x.clean", "filter.x.smudge", "filter.x.process", "merge.x.driver",
    "pager.log", "pager.diff", "gpg.program", "gpg.ssh.program", "sequence.editor", "interactive.diffFilter",
    "uploadpack.packObjectsHook", "remote.origin.uploadpack", "remote.origin.receivepack", "trailer.x.command", "credential.helper")


class Hostile(client_harness.ClientCase):
    """A repository whose configuration names commands: nothing of it is run, and what it holds is scanned all the same."""
    hooks = ()

    def setUp(self):
        super().setUp()
        self.secret = github(self.id())
        self.mark = os.path.join(self.top, "was-run")
        self.command = self.write_top("command", "#!/bin/sh\n: >'%s'\ncat\n" % self.mark)
        os.chmod(self.command, 0o755)
        self.first = self.head()
        self.write(".gitattributes", "* diff=x filter=x merge=x\n")
        self.skip_hooks("a.txt", line(self.secret))
        self.stage("b.txt", line(stripe(self.id())))
        with open(os.path.join(self.dir, ".git", "config"), "a", encoding="utf-8") as file:
            for key in COMMANDS:
                section, name = key.rsplit(".", 1)
                section, _, part = section.partition(".")
                file.write("[%s%s]\n\t%s = %s\n" % (section, ' "%s"' % part if part else "", name, self.command))
            file.write("[core]\n\thooksPath = %s\n" % self.top)

    def runs_nothing(self, *args, status=1, text=None, data=b""):
        done = self.run_it(*args, data=data)
        self.assertStatus(done, status)
        self.assertFalse(os.path.exists(self.mark), "%s ran a command of the repository's configuration" % (args,))
        if text:
            self.assertIn(text, done.text + done.errors)

    def test_commands(self):
        self.runs_nothing("pre-commit", text="b.txt:1")
        self.runs_nothing("pre-merge-commit", text="b.txt:1")
        self.runs_nothing("commit-msg", self.write_top("message", self.secret))
        self.runs_nothing("pre-push", "origin", text="a.txt:1",
                          data=("refs/heads/main %s refs/heads/main %s\n" % (self.head(), self.first)).encode())
        self.env.update({"PRE_COMMIT": "1", "PRE_COMMIT_FROM_REF": "HEAD~1", "PRE_COMMIT_TO_REF": "HEAD"})
        self.runs_nothing("pre-push", "origin", text="a.txt:1")
        self.runs_nothing("audit", ".", text="a.txt")
        self.runs_nothing("scan", ".", text="a.txt")


class Staged(client_harness.ClientCase):
    """What is staged is read from the index and the object store, whatever git would print of it."""

    def setUp(self):
        super().setUp()
        self.secret = github(self.id())

    def test_forms_of_diffs(self):
        # Settings that change what `git diff --staged` prints, or that it prints anything.
        for key, value in (("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("color.ui", "always"),
                           ("diff.external", "true"), ("diff.ignoreSubmodules", "all"), ("diff.renames", "copies"),
                           ("diff.context", "0"), ("diff.wordRegex", "."), ("core.quotePath", "false"),
                           ("diff.srcPrefix", "x/"), ("diff.orderFile", "/dev/null")):
            self.git("config", key, value)
            self.stage("dir/%s.txt" % key, line(github(self.id() + key)))
            self.stopped(*COMMIT, texts=("dir/%s.txt:1" % key,))
            self.git("rm", "-q", "-f", "--cached", "dir/%s.txt" % key)
            self.git("config", "--unset", key)

    def test_attributes(self):
        # Attributes by which git takes a file for binary, generated, or not worth a diff.
        for number, attribute in enumerate(("-diff", "binary", "linguist-generated", "export-ignore", "-text", "diff=none")):
            self.stage(".gitattributes", "*.txt %s\n" % attribute)
            self.stage("a.txt", line(github(self.id() + str(number))))
            self.stopped(*COMMIT, texts=("a.txt:1",))

    def test_ignored(self):
        # Ignored, assumed unchanged, to be skipped in the work tree: staged all the same.
        self.stage(".gitignore", "*.txt\n")
        self.write("a.txt", line(self.secret))
        self.git("add", "-f", "a.txt")
        self.git("update-index", "--assume-unchanged", "a.txt")
        self.stopped(*COMMIT, texts=("a.txt:1",))
        self.git("update-index", "--no-assume-unchanged", "--skip-worktree", "a.txt")
        self.stopped(*COMMIT, texts=("a.txt:1",))

    def test_large_and_binary(self):
        # No kind or size of file is passed over: 3 MiB with NULs, the secret at its end, without a last newline.
        self.stage("big.bin", b"\0\1\2\3" * (3 << 18) + b"\n" + line(self.secret).encode()[:-1])
        self.stopped(*COMMIT, texts=("big.bin:2",))

    def test_moved_hook_variables(self):
        # As other programs call hooks: from a subfolder, with GIT_DIR and GIT_WORK_TREE, with GIT_INDEX_FILE alone.
        self.stage("sub/a.txt", line(self.secret))
        git = os.path.join(self.dir, ".git")
        for env in ({}, {"GIT_DIR": git}, {"GIT_DIR": git, "GIT_WORK_TREE": self.dir},
                    {"GIT_INDEX_FILE": os.path.join(git, "index")}, {"GIT_DIR": git, "GIT_PREFIX": "sub/"}):
            self.env.update(env)
            done = self.run_it("pre-commit", preexec_fn=lambda: os.chdir(os.path.join(self.dir, "sub")))
            self.assertNotEqual(done.status, 0, env)
            if done.status == 1:
                self.assertIn("sub/a.txt:1", done.errors)
            for name in env:
                del self.env[name]


class Partial(push_harness.PushCase):
    """Clones that do not have everything."""

    def clone(self, *args):
        self.server_git("config", "uploadpack.allowFilter", "true")
        self.commit_file("old.txt", "one\n")
        self.commit_file("old.txt", "two\n")
        self.accepted(self.push("HEAD:refs/heads/main"))
        self.dir = os.path.join(self.top, "clone")
        self.run_git(self.top, "clone", "-q", *args, "file://" + self.server, self.dir)
        for name in ("pre-commit", "pre-push"):
            path = os.path.join(self.dir, ".git", "hooks", name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(client_harness.HOOK % (harness.PROGRAM, name))
            os.chmod(path, 0o755)

    def stopped_in(self, secret):
        """Commits and pushes with SECRET are stopped; without it they go on."""
        self.write("a.txt", line(secret))
        self.git("add", "a.txt")
        done = self.run_git(self.dir, *COMMIT, check=False)
        self.assertStatus(done, 1)
        self.assertIn("a.txt:1", done.errors)
        self.git("commit", "-q", "--no-verify", "-m", "leak")
        before = self.ref()
        done = self.push("HEAD:refs/heads/main")
        self.assertStatus(done, 1)
        self.assertIn("credwatch: push rejected: it brings 1 secret", done.errors)
        self.assertEqual(self.ref(), before)
        done = self.push("--no-verify", "HEAD:refs/heads/main")
        self.rejected(done, "a.txt:1", before=before)
        self.git("reset", "-q", "--hard", "HEAD~1")
        self.write("b.txt", "clean\n")
        self.git("add", "b.txt")
        self.assertStatus(self.run_git(self.dir, *COMMIT, check=False), 0)
        self.accepted(self.push("HEAD:refs/heads/main"))
        self.assertEqual(self.ref(), self.out("rev-parse", "HEAD"))

    def test_shallow_clone(self):
        # The history ends before its first commit; where it ends is no error and no end of the list.
        self.clone("--depth", "1")
        self.stopped_in(github(self.id()))

    def test_shallow_push(self):
        # A server that takes histories without a beginning.
        self.clone("--depth", "1")
        other = os.path.join(self.top, "other.git")
        self.run_git(self.top, "init", "-q", "--bare", "-b", "main", other)
        self.run_git(other, "config", "receive.shallowUpdate", "true")
        self.server = other
        self.install()
        self.git("remote", "set-url", "origin", other)
        self.write("a.txt", line(github(self.id())))
        self.git("add", "a.txt")
        self.git("commit", "-q", "--no-verify", "-m", "leak")
        # where the history ends is only in a file for this push, which the hook does not follow: nothing is taken
        self.rejected(self.push("--no-verify", "HEAD:refs/heads/main"), "could not be scanned", before="")
        self.git("reset", "-q", "--hard", "HEAD~1")
        self.uninstall()
        self.accepted(self.push("--no-verify", "HEAD:refs/heads/main"))
        self.install()
        self.assertTrue(os.path.exists(os.path.join(other, "shallow")))
        before = self.ref()
        self.write("b.txt", line(github(self.id() + "b")))
        self.git("add", "b.txt")
        self.git("commit", "-q", "--no-verify", "-m", "leak")
        self.rejected(self.push("--no-verify", "HEAD:refs/heads/main"), "b.txt:1", before=before)
        self.git("reset", "-q", "--hard", "HEAD~1")
        self.write("c.txt", "clean\n")
        self.git("add", "c.txt")
        self.git("commit", "-q", "--no-verify", "-m", "clean")
        self.accepted(self.push("--no-verify", "HEAD:refs/heads/main"))

    def test_partial_clone(self):
        # Old file versions are not here and are promised: what is new is here.
        self.clone("--filter=blob:none")
        self.stopped_in(github(self.id()))


class Decoding(push_harness.PushCase):
    @unittest.skipIf(os.environ.get("SANITIZED"), "sanitizers have memory of their own")
    def test_nested(self):
        # Text that is encoded again and again, more than 10 MB of it: memory stays bounded, and what lies flat is found.
        text = os.urandom(1 << 20)
        for _ in range(8):
            text = base64.b64encode(text)
        secret = github(self.id())
        self.write("nested.txt", text + b"\n" + line(secret).encode())
        self.commit()
        before = self.ref()
        self.install("#!/bin/sh\nulimit -d 400000\n" + push_harness.HOOK.split("\n", 1)[1] % (harness.PROGRAM, self.policy))
        self.rejected(self.push("HEAD:refs/heads/main"), "nested.txt:2", before=before)
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 1 << 20)  # KiB


class ServerHook(push_harness.PushCase):
    """A server's hook that git would pass over in silence: doctor says so."""

    def doctor(self, status, text=""):
        done = self.run_it("doctor", self.server)
        self.assertStatus(done, status)
        self.assertIn(text, done.text)

    def test_not_in_force(self):
        path = os.path.join(self.server, "hooks", "pre-receive")
        self.doctor(0, "ok   pre-receive")
        os.chmod(path, 0o644)
        self.doctor(1, "not executable")
        # git takes the push then: that is what doctor is for
        self.commit_file("a.txt", line(github(self.id())))
        self.accepted(self.push("HEAD:refs/heads/main"))
        os.chmod(path, 0o755)
        self.server_git("config", "core.hooksPath", os.path.join(self.top, "none"))
        self.doctor(1)
        self.server_git("config", "core.hooksPath", "hooks")
        self.doctor(0, "ok   pre-receive")

    def test_interpreter_gone(self):
        # git stops the push itself then, and doctor says what is wrong.
        self.install("#!/no/such/shell\n")
        self.commit_file("a.txt", "one\n")
        before = self.ref()
        self.assertStatus(self.push("HEAD:refs/heads/main"), 1)
        self.assertEqual(self.ref(), before)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.server, "hooks", "pre-receive")).st_mode), 0o755)


if __name__ == "__main__":
    harness.main()
