#!/usr/bin/env python3
"""credwatch install --global, --system and --template: hooks for many repositories, put in force, proved, and taken back.

    test_install_wide.py PROGRAM"""
import os
import shutil
import stat

import client_harness
import harness
from harness import github, main

COMMIT = ("commit", "-q", "-m", "x")
CLIENT = {"commit-msg", "pre-commit", "pre-merge-commit", "pre-push"}
SERVER = "pre-receive"


def line(secret, name="token"):
    return "%s = '%s'\n" % (name, secret)


class Base(client_harness.ClientCase):
    hooks = ()

    def setUp(self):
        super().setUp()
        del self.env["GIT_CONFIG_NOSYSTEM"]
        self.env["GIT_CONFIG_SYSTEM"] = os.path.join(self.top, "system-config")
        self.secret = github(self.id())
        self.folder = os.path.join(self.home, ".config", "credwatch", "hooks")

    def ok(self, *args):
        done = self.run_it(*args)
        self.assertStatus(done, 0)
        return done

    def refused(self, *args, status=2, text=""):
        done = self.run_it(*args)
        self.assertStatus(done, status)
        self.assertIn(text, done.text + done.errors)

    def setting(self, scope, key):
        return self.run_git("config", scope, "--get", key).text.strip()

    def own(self, name, text, folder=None):
        path = os.path.join(folder or self.dir, ".git", "hooks", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)

    def everything(self):
        """All settings and files that install could change."""
        found = {}
        for top in (self.home, os.path.join(self.top, "system-config"), os.path.join(self.top, "template")):
            for folder, _, names in os.walk(top):
                found[folder] = None
                for name in names:
                    path = os.path.join(folder, name)
                    with open(path, "rb") as file:
                        found[path] = (file.read(), stat.S_IMODE(os.stat(path).st_mode))
            if os.path.isfile(top):
                with open(top, "rb") as file:
                    found[top] = file.read()
        # what any command may leave: the key, and a configuration file without settings
        config = os.path.join(self.home, ".config")
        return {path: what for path, what in found.items() if what not in (b"", (b"", 0o644)) and not (
            path.startswith(config) and (what is None or path.endswith("/key")))}


class Global(Base):
    scope, more = "--global", ()

    def put(self, *hooks):
        return self.ok("install", self.scope, *self.more, *hooks)

    def test_in_force(self):
        # In all repositories, those made later too; a repository's own hooks still run, also those we have no hook for.
        self.refused("doctor", self.scope, *self.more, status=1, text="git is not set to these hooks")
        self.put()
        self.assertEqual(self.setting(self.scope, "core.hooksPath"), self.folder)
        self.own("pre-commit", "echo own >&2\n[ ! -e fail ]\n")
        for name in ("post-commit", "prepare-commit-msg", "post-checkout"):
            self.own(name, "echo \"%s $#\" >>'%s/ran'\n" % (name, self.top))
        self.stage("a.txt", "one\n")
        self.assertIn("own", self.passes(*COMMIT).errors)
        self.git("checkout", "-q", "-b", "side")
        with open(os.path.join(self.top, "ran"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "prepare-commit-msg 2\npost-commit 0\npost-checkout 3\n")
        self.stage("a.txt", line(self.secret))
        self.stopped(*COMMIT, texts=("own", "a.txt:1"))
        self.write("fail", "")
        self.assertNotIn("credwatch", self.run_git(*COMMIT).errors)
        made = os.path.join(self.top, "made")
        self.assertStatus(self.run_git("init", "-q", made), 0)
        with open(os.path.join(made, "a.txt"), "w", encoding="utf-8") as file:
            file.write(line(self.secret))
        self.assertStatus(self.run_git("add", "a.txt", folder=made), 0)
        self.stopped(*COMMIT, folder=made, texts=("a.txt:1",))
        done = self.ok("doctor", self.scope, *self.more)
        for hook in self.expected():
            self.assertIn("ok   %s: " % hook, done.text)
        self.assertNotIn("another version", done.text)
        self.assertIn("ok   pre-commit", self.ok("doctor", made).text)

    def expected(self):
        return CLIENT

    def test_restored(self):
        # All is as before; a second time nothing changes, in either direction.
        before = self.everything()
        self.put()
        between = self.everything()
        self.assertIn("is installed already", self.put().text)
        self.assertEqual(self.everything(), between)
        self.assertIn("is not set any more", self.ok("uninstall", self.scope, *self.more).text)
        self.assertEqual(self.everything(), before)
        self.assertFalse(os.path.exists(self.folder))
        self.ok("uninstall", self.scope, *self.more)
        self.assertEqual(self.everything(), before)
        self.stage("a.txt", line(self.secret))
        self.passes(*COMMIT)

    def test_some(self):
        # One hook; a repository's own others run. The last one that goes takes the setting with it.
        self.put("pre-commit", "pre-push")
        self.own("commit-msg", "echo own >&2\n")
        self.stage("a.txt", "one\n")
        self.assertIn("own", self.passes("commit", "-q", "-m", self.secret).errors)
        self.ok("uninstall", self.scope, *self.more, "pre-commit")
        self.assertEqual(self.setting(self.scope, "core.hooksPath"), self.folder)
        self.own("pre-commit", "echo first >&2\n")
        self.stage("b.txt", line(self.secret))
        self.assertIn("first", self.passes(*COMMIT).errors)
        self.ok("uninstall", self.scope, *self.more, "pre-push")
        self.assertEqual(self.setting(self.scope, "core.hooksPath"), "")
        self.assertFalse(os.path.exists(self.folder))

    def test_foreign_setting(self):
        # Set to something else: it stays, and nothing is written. uninstall takes nothing away either.
        for scope in {"--system", self.scope}:
            self.git("config", scope, "core.hooksPath", "/somewhere/else")
            before = self.everything()
            self.refused("install", self.scope, *self.more, text="core.hooksPath is '/somewhere/else' already")
            self.ok("uninstall", self.scope, *self.more)
            self.assertEqual(self.everything(), before)
            self.refused("doctor", self.scope, *self.more, status=1, text="it is set to: /somewhere/else")
            self.git("config", scope, "--unset", "core.hooksPath")

    def test_foreign_files(self):
        # Somebody's own hook in the folder is kept and comes back; another file there stays.
        os.makedirs(self.folder)
        for name in ("pre-commit", "post-commit", "notes"):
            path = os.path.join(self.folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\necho 'mine %s' >&2\n" % name)
            os.chmod(path, 0o755)
        before = self.everything()
        self.put()
        self.stage("a.txt", "one\n")
        self.assertIn("mine post-commit", self.passes(*COMMIT).errors)
        self.ok("uninstall", self.scope, *self.more)
        self.assertEqual(self.everything(), before)

    def test_changed_after(self):
        # The setting was changed since: it is another's, and stays.
        self.put()
        self.git("config", self.scope, "core.hooksPath", "/somewhere/else")
        self.refused("doctor", self.scope, *self.more, status=1, text="git is not set to these hooks")
        self.ok("uninstall", self.scope, *self.more)
        self.assertEqual(self.setting(self.scope, "core.hooksPath"), "/somewhere/else")

    def test_beside_a_repository(self):
        # Installed in a repository, too: both work, whichever came first.
        self.ok("install")
        self.put("pre-commit")
        self.stage("a.txt", line(self.secret))
        self.stopped(*COMMIT, texts=("a.txt:1",))
        self.assertIn("ok   pre-commit", self.ok("doctor").text)
        self.stage("a.txt", "clean\n")
        self.stopped("commit", "-q", "-m", self.secret, texts=("in the message",))
        self.ok("uninstall", self.scope, *self.more)
        self.assertIn("ok   pre-commit", self.ok("doctor").text)

    def test_own_setting_of_a_repository(self):
        # A repository with a folder of its own is not reached; doctor says so there.
        self.put()
        self.git("config", "core.hooksPath", ".githooks")
        done = self.run_it("doctor")
        self.assertStatus(done, 1)
        self.assertIn("not installed here", done.text)


class System(Global):
    scope = "--system"

    def setUp(self):
        super().setUp()
        self.folder = os.path.join(self.top, "hooks of all")
        self.more = ("--folder", self.folder)

    def expected(self):
        return CLIENT | {SERVER}

    def test_server(self):
        # Every bare repository has the hook, beside those of its own.
        server = os.path.join(self.top, "server.git")
        self.assertStatus(self.run_git("init", "-q", "--bare", "-b", "main", server), 0)
        for name in (SERVER, "update", "post-receive"):
            path = os.path.join(server, "hooks", name)
            with open(path, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\n{ echo %s $#; [ %s = update ] || cat; } >>'%s/ran'\n" % (name, name, self.top))
            os.chmod(path, 0o755)
        self.put()
        self.assertStatus(self.run_git("push", "-q", "--no-verify", server, "main"), 0)
        with open(os.path.join(self.top, "ran"), encoding="utf-8") as file:
            head = "%s %s refs/heads/main\n" % ("0" * 40, self.head())
            self.assertEqual(file.read(), "pre-receive 0\n" + head + "update 3\npost-receive 0\n" + head)
        self.skip_hooks("a.txt", line(self.secret))
        done = self.run_git("push", "-q", "--no-verify", server, "main")
        self.assertStatus(done, 1)
        self.assertIn("a.txt:1", done.errors)
        self.assertIn("pre-receive hook declined", done.errors)

    def test_no_rights(self):
        # git cannot write its configuration: that is said, and the status is not 0.
        self.env["GIT_CONFIG_SYSTEM"] = os.path.join(self.top, "none", "config")
        done = self.run_it("install", "--system", *self.more)
        self.assertStatus(done, 4)
        self.assertIn("git config --system cannot change", done.errors)


class Template(Base):
    def setUp(self):
        super().setUp()
        self.template = os.path.join(self.top, "template")

    def make(self):
        made = os.path.join(self.top, "made")
        shutil.rmtree(made, ignore_errors=True)
        self.assertStatus(self.run_git("init", "-q", made), 0)
        with open(os.path.join(made, "a.txt"), "w", encoding="utf-8") as file:
            file.write(line(self.secret))
        self.assertStatus(self.run_git("add", "a.txt", folder=made), 0)
        return made

    def test_in_force(self):
        self.refused("doctor", "--template", self.template, status=1, text="git is not set to these hooks")
        self.ok("install", "--template", self.template)
        made = self.make()
        self.stopped(*COMMIT, folder=made, texts=("a.txt:1",))
        done = self.ok("doctor", "--template", self.template)
        for hook in CLIENT:
            self.assertIn("ok   %s: " % hook, done.text)
        # With a folder for all repositories, git does not run what the template put there.
        self.git("config", "--global", "core.hooksPath", os.path.join(self.top, "none"))
        self.refused("doctor", "--template", self.template, status=1, text="a canary is NOT stopped")

    def test_restored(self):
        os.makedirs(os.path.join(self.template, "hooks"))
        path = os.path.join(self.template, "hooks", "pre-commit")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho mine >&2\n")
        os.chmod(path, 0o755)
        before = self.everything()
        self.ok("install", "--template", self.template)
        self.stopped(*COMMIT, folder=self.make(), texts=("a.txt:1", "mine"))
        self.ok("uninstall", "--template", self.template)
        self.assertEqual(self.everything(), before)
        self.passes(*COMMIT, folder=self.make())

    def test_set_before(self):
        # The user has this template already: it stays set afterwards.
        self.git("config", "--global", "init.templateDir", self.template)
        before = self.everything()
        self.ok("install", "--template", self.template, "pre-commit")
        self.ok("uninstall", "--template", self.template)
        self.assertEqual({k: v for k, v in self.everything().items() if not k.startswith(self.template)}, before)

    def test_foreign(self):
        self.git("config", "--global", "init.templateDir", "~/mine")
        self.refused("install", "--template", self.template, text="init.templateDir is '%s/mine' already" % self.home)
        self.assertFalse(os.path.exists(self.template))

    def test_relative(self):
        self.ok("install", "--template", "t/x", "pre-commit")
        self.assertEqual(self.setting("--global", "init.templateDir"), os.path.join(self.dir, "t/x"))


if __name__ == "__main__":
    main()
