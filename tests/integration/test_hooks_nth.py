#!/usr/bin/env python3
"""The hooks of a work tree, install and doctor with their n-th allocation failing, or their n-th change or opening of a file: nothing is
let through because something failed, and no hook of others is lost.

    test_hooks_nth.py PROGRAM FAIL_NTH STOP_NTH"""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import client_harness
import harness
from harness import github

FAIL_NTH = STOP_NTH = ""
STOPS = ("io", "space", "files", "kill", "term")


class Base(client_harness.ClientCase):
    hooks = ()

    def setUp(self):
        super().setUp()
        self.secret = github(self.id())
        self.first = self.head()
        # The key exists, so that no run makes another.
        self.assertStatus(self.run_it("key", "show-id"), 0)

    def run_nth(self, args, data, variables):
        count = self.top + "/count.%s" % "-".join(variables.values()).replace("/", "_")
        env = dict(self.env, CW_FAIL_COUNT=count, CW_STOP_COUNT=count, **variables)
        done = subprocess.run([harness.PROGRAM, *args], env=env, cwd=self.dir, input=data, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, check=False)
        self.count = count
        return variables, harness.Done(done.returncode, done.stdout, done.stderr)

    def total(self, args, data, preload):
        _, done = self.run_nth(args, data, {"LD_PRELOAD": preload})
        with open(self.count, encoding="ascii") as file:
            return int(file.read()), done

    def failures(self, args, data=b""):
        """The variables for each way in which the command can fail, and its outcome when it does not."""
        ways = []
        total, right = self.total(args, data, FAIL_NTH)
        self.assertGreater(total, 30)
        for number in range(1, total + 1):
            ways.append({"LD_PRELOAD": FAIL_NTH, "CW_FAIL_AT": str(number)})
            if number % 3 == 0:
                ways.append(dict(ways[-1], CW_FAIL_ALL="1"))
        total, _ = self.total(args, data, STOP_NTH)
        for how in STOPS:
            ways.extend({"LD_PRELOAD": STOP_NTH, "CW_STOP_AT": str(number), "CW_STOP_HOW": how} for number in range(1, total + 1))
        return right, ways


class Hooks(Base):
    def every_failure(self, args, data=b""):
        """The outcome is the right one, or an error: a leak never passes, and what passes was looked at."""
        right, ways = self.failures(args, data)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for way, done in pool.map(lambda w: self.run_nth(args, data, w), ways):
                if done.status == right.status and (done.status or done.err == right.err):
                    continue
                self.assertNotEqual(done.status, 0, "%s: %s" % (way, done.errors))
                if done.status > 0:
                    self.assertIn("credwatch: ", done.errors, way)
                self.assertNotIn(self.secret, done.text + done.errors)
        return right.status

    def clean_and_leak(self, args, data=b""):
        self.stage("a.txt", "clean\n")
        self.assertEqual(self.every_failure(args, data), 0)
        self.stage("a.txt", "token = '%s'\n" % self.secret)
        self.assertEqual(self.every_failure(args, data), 1)

    def test_pre_commit(self):
        self.clean_and_leak(["pre-commit"])

    def test_all_files(self):
        # Nothing is staged, run by the framework.
        self.env["PRE_COMMIT"] = "1"
        self.skip_hooks("a.txt", "token = '%s'\n" % self.secret)
        self.assertEqual(self.every_failure(["pre-commit"]), 1)

    def test_range(self):
        self.skip_hooks("a.txt", "token = '%s'\n" % self.secret)
        self.env.update({"PRE_COMMIT": "1", "PRE_COMMIT_FROM_REF": "HEAD~1", "PRE_COMMIT_TO_REF": "HEAD"})
        self.assertEqual(self.every_failure(["pre-push"]), 1)

    def test_pre_push(self):
        for text, status in (("clean\n", 0), ("token = '%s'\n" % self.secret, 1)):
            self.skip_hooks("a.txt", text)
            data = "refs/heads/main %s refs/heads/main %s\n" % (self.head(), self.first)
            self.assertEqual(self.every_failure(["pre-push", "origin"], data.encode()), status)

    def test_commit_msg(self):
        for text, status in (("clean\n", 0), ("use %s\n" % self.secret, 1)):
            self.assertEqual(self.every_failure(["commit-msg", self.write_top("message", text)]), status)

    def test_doctor(self):
        # It never says that a hook works which does not.
        path = os.path.join(self.dir, ".git", "hooks", "pre-commit")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n# credwatch\n")
        os.chmod(path, 0o755)
        _, ways = self.failures(["doctor"])
        for way in ways[::5]:
            _, done = self.run_nth(["doctor"], b"", way)
            self.assertNotEqual(done.status, 0, "%s: %s%s" % (way, done.text, done.errors))


class Install(Base):
    def setUp(self):
        super().setUp()
        self.folder = os.path.join(self.dir, ".git", "hooks")
        for name in os.listdir(self.folder):
            os.remove(os.path.join(self.folder, name))
        path = os.path.join(self.folder, "pre-commit")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho mine >&2\n")
        os.chmod(path, 0o755)

    def state(self, top):
        found = {}
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[path] = (file.read(), os.stat(path).st_mode & 0o777)
        return {path: what for path, what in found.items() if what[0]}  # git leaves an empty .gitconfig

    def in_force(self, where):
        """The hook that was there runs, whether ours is there or not."""
        self.stage("a.txt", "%s\n" % where)
        self.assertIn("mine", self.passes("commit", "-q", "-m", "x").errors, where)

    def every_failure(self, args, top, step):
        """After each failure (STEP: each so many-th) what was there is in force; one more install and uninstall put all back."""
        before = self.state(top)
        _, ways = self.failures(["install", *args])
        usual = self.state(top)
        self.assertStatus(self.run_it("uninstall", *args), 0)
        self.assertEqual(self.state(top), before)
        for command in ("install", "uninstall"):
            for way in ways[::step]:
                if command == "uninstall":
                    self.assertStatus(self.run_it("install", *args), 0)
                self.run_nth([command, *args], b"", way)
                left = [path for path in self.state(top) if path not in usual]
                if way.get("CW_STOP_HOW") in ("kill", "term"):
                    for path in left:
                        os.remove(path)
                else:
                    self.assertEqual(left, [], way)
                if way.get("CW_FAIL_AT", way.get("CW_STOP_AT")).endswith("9"):
                    self.in_force(str((command, way)))
                if command == "install":
                    self.assertStatus(self.run_it("install", *args), 0)
                self.assertStatus(self.run_it("uninstall", *args), 0)
                self.assertEqual(self.state(top), before, (command, way))

    def test_repository(self):
        self.every_failure(["pre-commit"], self.folder, 2)

    def test_global(self):
        self.every_failure(["--global", "pre-commit"], self.home, 11)


if __name__ == "__main__":
    STOP_NTH = os.path.abspath(sys.argv.pop(3))
    FAIL_NTH = os.path.abspath(sys.argv.pop(2))
    harness.main()
