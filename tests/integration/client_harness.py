"""What the tests of client hooks share: a work tree with the real hooks, real commits."""
import os
import subprocess

import harness

HOOK = """#!/bin/sh
exec '%s' %s "$@"
"""


class ClientCase(harness.Case):
    """self.dir is a work tree with one commit and the hooks named in HOOKS."""
    hooks = ("pre-commit", "pre-merge-commit")

    def setUp(self):
        super().setUp()
        self.env["GIT_TERMINAL_PROMPT"] = "0"
        self.env["GIT_EDITOR"] = "true"
        self.git("init", "-q", "-b", "main")
        self.git("config", "gc.auto", "0")
        self.write("README", "nothing here\n")
        self.commit("first")
        self.install()

    def install(self):
        for name in self.hooks:
            path = os.path.join(self.dir, ".git", "hooks", name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(HOOK % (harness.PROGRAM, name))
            os.chmod(path, 0o755)

    def run_git(self, *args, data=b"", env=None, folder=None):
        done = subprocess.run(["git", *args], cwd=folder or self.dir, env=dict(self.env, **(env or {})), input=data, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        return harness.Done(done.returncode, done.stdout, done.stderr)

    def out(self, *args, folder=None):
        done = self.run_git(*args, folder=folder)
        self.assertStatus(done, 0)
        return done.text.strip()

    def head(self, folder=None):
        """The commit of HEAD; "" before the first."""
        return self.run_git("rev-parse", "--verify", "-q", "HEAD", folder=folder).text.strip()

    def stage(self, name, content):
        self.write(name, content)
        self.git("add", "--", name)

    def skip_hooks(self, name, content, message="old"):
        """Commit a file without hooks."""
        self.stage(name, content)
        self.git("commit", "-q", "--no-verify", "-m", message)

    def passes(self, *args, folder=None, env=None):
        """`git ARGS` makes a commit."""
        before = self.head(folder)
        done = self.run_git(*args, folder=folder, env=env)
        self.assertStatus(done, 0)
        self.assertNotEqual(self.head(folder), before)
        return done

    def stopped(self, *args, texts=(), status=1, folder=None, env=None):
        """`git ARGS` fails by the hook, and HEAD stays; what the hook said."""
        before = self.head(folder)
        done = self.run_git(*args, folder=folder, env=env)
        self.assertStatus(done, status)
        self.assertEqual(self.head(folder), before)
        self.assertIn("credwatch: ", done.errors)
        for text in texts:
            self.assertIn(text, done.errors)
        return done.errors
