#!/usr/bin/env python3
"""credwatch install, uninstall and doctor, with real git commands.

    test_install.py PROGRAM"""
import os
import shutil

import client_harness
import harness
from harness import github, main

COMMIT = ("commit", "-q", "-m", "x")
CLIENT = ("commit-msg", "pre-commit", "pre-merge-commit", "pre-push")


def line(secret, name="token"):
    return "%s = '%s'\n" % (name, secret)


class Base(client_harness.ClientCase):
    hooks = ()

    def setUp(self):
        super().setUp()
        self.secret = github(self.id())
        self.hooks_folder = os.path.join(self.dir, ".git", "hooks")

    def there(self, folder=None):
        """{name: content} of the hooks in FOLDER, samples apart."""
        found = {}
        for name in sorted(os.listdir(folder or self.hooks_folder)):
            if not name.endswith(".sample"):
                with open(os.path.join(folder or self.hooks_folder, name), encoding="utf-8") as file:
                    found[name] = (file.read(), os.stat(file.name).st_mode & 0o777)
        return found

    def script(self, path, text, mode=0o755):
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path, mode)

    def ok(self, *args, **more):
        done = self.run_it(*args, **more)
        self.assertStatus(done, 0)
        return done


class Install(Base):
    def test_install(self):
        # The hooks are in force; a second time nothing changes; afterwards all is as before.
        self.assertEqual(self.there(), {})
        self.assertIn("credwatch doctor", self.ok("install").text)
        self.assertEqual(tuple(self.there()), CLIENT)
        before = self.there()
        self.assertIn("is installed already", self.ok("install").text)
        self.assertEqual(self.there(), before)
        self.stage("a.txt", line(self.secret))
        self.stopped(*COMMIT, texts=("a.txt:1",))
        self.stage("a.txt", "clean\n")
        self.stopped("commit", "-q", "-m", self.secret, texts=("in the message",))
        self.passes(*COMMIT)
        self.ok("uninstall")
        self.assertEqual(self.there(), {})

    def test_some(self):
        self.ok("install", "pre-commit")
        self.assertEqual(tuple(self.there()), ("pre-commit",))
        self.ok("uninstall", "pre-push")
        self.assertEqual(tuple(self.there()), ("pre-commit",))
        self.assertStatus(self.run_it("install", "post-commit"), 2)

    def test_chained(self):
        # A hook that is there runs first, with its arguments; what it stages is looked at; its failure counts.
        path = os.path.join(self.hooks_folder, "pre-commit")
        self.script(path, "echo mine >&2\n[ ! -e stage ] || git add stage\n[ ! -e fail ]\n")
        before = self.there()
        self.assertIn("is kept and runs first", self.ok("install", "pre-commit").text)
        self.assertEqual(tuple(self.there()), ("pre-commit", "pre-commit.credwatch-chained"))
        self.stage("a.txt", "one\n")
        self.assertIn("mine", self.passes(*COMMIT).errors)
        self.write("stage", line(self.secret))
        self.stage("a.txt", "two\n")
        self.stopped(*COMMIT, texts=("mine", "stage:1"))
        os.remove(os.path.join(self.dir, "stage"))
        self.git("rm", "-q", "--cached", "stage")
        self.write("fail", "")
        done = self.run_git(*COMMIT)
        self.assertStatus(done, 1)
        self.assertNotIn("credwatch: ", done.errors)
        self.ok("uninstall")
        self.assertEqual(self.there(), before)

    def test_chained_input(self):
        # Both hooks of a push get what git says on standard input.
        server = os.path.join(self.top, "server.git")
        self.assertStatus(self.run_git("init", "-q", "--bare", "-b", "main", server), 0)
        self.script(os.path.join(self.hooks_folder, "pre-push"), "cat >'%s/seen'\necho \"$1\" >>'%s/seen'\n" % (self.top, self.top))
        self.ok("install", "pre-push")
        self.assertStatus(self.run_git("push", "-q", server, "main"), 0)
        with open(os.path.join(self.top, "seen"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "refs/heads/main %s refs/heads/main %s\n%s\n" % (self.head(), "0" * 40, server))
        self.skip_hooks("a.txt", line(self.secret))
        done = self.run_git("push", "-q", server, "main")
        self.assertStatus(done, 1)
        self.assertIn("a.txt:1", done.errors)

    def test_not_executable(self):
        # A hook that git would not run is not run by ours either, and comes back as it was.
        self.script(os.path.join(self.hooks_folder, "pre-commit"), "exit 1\n", mode=0o644)
        before = self.there()
        self.ok("install", "pre-commit")
        self.stage("a.txt", "one\n")
        self.passes(*COMMIT)
        self.ok("uninstall")
        self.assertEqual(self.there(), before)

    def test_never_overwrites(self):
        # Two hooks of others: nothing is touched.
        self.script(os.path.join(self.hooks_folder, "pre-commit"), "true\n")
        self.script(os.path.join(self.hooks_folder, "pre-commit.credwatch-chained"), "false\n")
        before = self.there()
        self.assertNotEqual(self.run_it("install", "pre-commit").status, 0)
        self.assertEqual(self.there(), before)

    def test_program_gone(self):
        # The program was removed: git is stopped, and the user told why.
        program = os.path.join(self.top, "it's", "credwatch")
        os.mkdir(os.path.dirname(program))
        shutil.copy(harness.PROGRAM, program)
        self.assertStatus(self.run_git("-c", "alias.x=!\"%s\" install" % program, "x"), 0)
        self.stage("a.txt", "one\n")
        self.passes(*COMMIT)
        os.remove(program)
        self.stage("a.txt", "two\n")
        self.stopped(*COMMIT, texts=("is gone", program))

    def test_hooks_path(self):
        # core.hooksPath is where git looks, relative to the top of the work tree.
        self.git("config", "core.hooksPath", "my/hooks")
        self.ok("install", "pre-commit")
        self.assertEqual(self.there(), {})
        self.assertEqual(tuple(self.there(os.path.join(self.dir, "my/hooks"))), ("pre-commit",))
        self.stage("a.txt", line(self.secret))
        self.stopped(*COMMIT, texts=("a.txt:1",))

    def test_linked_work_tree(self):
        other = os.path.join(self.top, "other")
        self.git("worktree", "add", "-q", "-b", "side", other)
        self.ok("install", "--repository", other)
        self.assertEqual(tuple(self.there()), CLIENT)

    def test_server_folder(self):
        # GitLab, Gitea: a folder of hooks that all run.
        folder = os.path.join(self.top, "custom_hooks", "pre-receive.d")
        self.ok("install", "--folder", folder, "pre-receive")
        self.assertEqual(os.listdir(folder), ["credwatch"])
        self.assertStatus(self.run_it("install", "--folder", folder, "pre-commit"), 2)
        self.ok("uninstall", "--folder", folder)
        self.assertEqual(os.listdir(folder), [])

    def test_managers(self):
        # Others manage the hooks: the lines for them are printed, and nothing is installed.
        for name, text in ((".husky/pre-commit", "credwatch commit-msg"), ("lefthook.yml", "run: credwatch pre-commit"),
                           (".pre-commit-config.yaml", "language: system")):
            path = self.write(name, "\n")
            done = self.run_it("install")
            self.assertStatus(done, 2)
            self.assertIn(text, done.text)
            self.assertEqual(self.there(), {})
            os.remove(path)
            if name.startswith(".husky"):
                os.rmdir(os.path.dirname(path))

    def test_usage(self):
        for args in (("--global", "--system"), ("--template", "x", "--folder", "x"), ("--repository", ".", "--global")):
            self.assertStatus(self.run_it("install", *args), 2)
            self.assertStatus(self.run_it("uninstall", *args), 2)
        for args in (("--global", "--system"), ("--template", "x", "--folder", "x"), (".", "--global")):
            self.assertStatus(self.run_it("doctor", *args), 2)
        done = self.run_it("install", preexec_fn=lambda: os.chdir(self.home))
        self.assertStatus(done, 2)
        self.assertIn("no git repository", done.errors)


class Server(Base):
    def setUp(self):
        super().setUp()
        self.server = os.path.join(self.top, "server.git")
        self.assertStatus(self.run_git("init", "-q", "--bare", "-b", "main", self.server), 0)

    def test_pre_receive(self):
        # In a bare repository it is the server's hook.
        self.ok("install", "--repository", self.server)
        self.assertEqual(tuple(self.there(os.path.join(self.server, "hooks"))), ("pre-receive",))
        self.assertIn("ok   pre-receive", self.ok("doctor", self.server).text)
        self.assertStatus(self.run_git("push", "-q", self.server, "main"), 0)
        self.skip_hooks("a.txt", line(self.secret))
        self.assertStatus(self.run_git("push", "-q", self.server, "main"), 1)

    def test_chained(self):
        path = os.path.join(self.server, "hooks", "pre-receive")
        self.script(path, "cat >'%s/seen'\n" % self.top)
        self.ok("install", "--repository", self.server)
        self.assertStatus(self.run_git("push", "-q", self.server, "main"), 0)
        with open(os.path.join(self.top, "seen"), encoding="utf-8") as file:
            self.assertIn("refs/heads/main", file.read())
        self.skip_hooks("a.txt", line(self.secret))
        self.assertStatus(self.run_git("push", "-q", self.server, "main"), 1)


class Doctor(Base):
    def test_all(self):
        self.ok("install")
        done = self.ok("doctor")
        for hook in CLIENT:
            self.assertIn("ok   %s: " % hook, done.text)

    def test_not_installed(self):
        done = self.run_it("doctor")
        self.assertStatus(done, 1)
        self.assertIn("not installed here", done.text)

    def test_not_executable(self):
        # git passes over such a hook in silence.
        self.ok("install", "pre-commit")
        os.chmod(os.path.join(self.hooks_folder, "pre-commit"), 0o644)
        done = self.run_it("doctor")
        self.assertStatus(done, 1)
        self.assertIn("BAD  pre-commit: the file is not executable", done.text)

    def test_elsewhere(self):
        # Installed, then core.hooksPath was set to another folder.
        self.ok("install", "pre-commit")
        self.git("config", "core.hooksPath", os.path.join(self.top, "none"))
        done = self.run_it("doctor")
        self.assertStatus(done, 1)
        self.assertIn("where git does not look", done.text)

    def test_broken(self):
        # A hook that speaks of credwatch, and lets everything pass.
        self.script(os.path.join(self.hooks_folder, "pre-commit"), "# credwatch pre-commit\ntrue\n")
        done = self.run_it("doctor")
        self.assertStatus(done, 1)
        self.assertIn("a canary is NOT stopped", done.text)

    def test_weak_policy(self):
        # A policy under which nothing blocks is seen.
        self.ok("install", "pre-commit")
        config = os.path.join(self.home, ".config", "credwatch")
        os.makedirs(config, mode=0o700, exist_ok=True)
        with open(os.path.join(config, "config.yaml"), "w", encoding="utf-8") as file:
            file.write("hooks:\n  block_severity: none\n")
        done = self.run_it("doctor")
        self.assertStatus(done, 1)
        self.assertIn("a canary is NOT stopped", done.text)

    def test_others(self):
        # A hook of somebody else alone is no hook of ours.
        self.script(os.path.join(self.hooks_folder, "pre-commit"), "true\n")
        done = self.run_it("doctor")
        self.assertStatus(done, 1)
        self.assertIn("hook of somebody else", done.text)

    def test_nothing_left(self):
        # The scratch repositories are gone.
        scratch = os.path.join(self.top, "t")
        os.mkdir(scratch)
        self.env["TMPDIR"] = scratch
        self.ok("install")
        self.ok("doctor")
        self.assertEqual(os.listdir(scratch), [])


if __name__ == "__main__":
    main()
