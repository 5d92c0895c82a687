#!/usr/bin/env python3
"""credwatch pre-receive without memory, disk or descriptors: a push is never taken because something could not be looked at.

    test_pre_receive_nomem.py PROGRAM FAIL_NTH STOP_NTH"""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import harness
import push_harness

PRELOAD = STOP_NTH = ""


class NoMemory(push_harness.PushCase):
    """Every allocation of the hook fails in turn: the push with a secret is never taken, the clean one only when all went well."""

    def capture(self, secret):
        """Keep what a push leaves in quarantine, with the input and variables of the hook."""
        self.commit_file("src/a.py", "x = 1\n" + ("token = '%s'\n" % secret if secret else ""))
        keep = os.path.join(self.top, "kept")
        self.install("#!/bin/sh\ncat >'%s.in'; cp -r \"$GIT_QUARANTINE_PATH\" '%s'; exit 1\n" % (keep, keep))
        self.assertStatus(self.push("HEAD:refs/heads/main"), 1)
        with open(keep + ".in", "rb") as file:
            return file.read()

    def run_failing(self, data, number, every):
        more = {"CW_FAIL_ALL": "1"} if every else {}
        return number, self.run_kept(data, LD_PRELOAD=PRELOAD, CW_FAIL_AT=str(number), CW_FAIL_COUNT=self.top + "/count%d" % number,
                                     **more)

    def run_kept(self, data, **variables):
        kept = os.path.join(self.top, "kept")
        env = dict(self.env, GIT_DIR=self.server, GIT_QUARANTINE_PATH=kept, GIT_OBJECT_DIRECTORY=kept,
                   GIT_ALTERNATE_OBJECT_DIRECTORIES=os.path.join(self.server, "objects"), **variables)
        done = subprocess.run([harness.PROGRAM, "pre-receive", "--config", self.policy], env=env, cwd=self.server, check=False,
                              input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        return harness.Done(done.returncode, done.stdout, done.stderr)

    def every_failure(self, secret):
        data = self.capture(secret)
        right = 1 if secret else 0
        _, done = self.run_failing(data, 0, False)
        self.assertStatus(done, right)
        with open(self.top + "/count0", encoding="ascii") as file:
            total = int(file.read())
        for every in (False, True):
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                for number, done in pool.map(
                        lambda n: self.run_failing(data, n, every), range(1, total + 1, 3 if every else 1)):
                    if done.status == right and (right or not done.err):
                        continue
                    # A death by signal, as libgit2 1.5 dies, stops the push too.
                    self.assertNotEqual(done.status, 0, "allocation %d: %s" % (number, done.errors))
                    if done.status > 0:
                        self.assertIn("credwatch: ", done.errors)
                    self.assertNotIn(secret or "\0", done.errors)

    def every_stop(self, secret):
        """Each file that is opened or written in turn cannot be, or the hook ends there."""
        data = self.capture(secret)
        right = 1 if secret else 0
        count = self.top + "/calls"
        # The first run makes the key, so that is in it, too.
        key = os.path.join(self.home, ".config", "credwatch", "key")
        os.remove(key)
        self.assertStatus(self.run_kept(data, LD_PRELOAD=STOP_NTH, CW_STOP_COUNT=count), right)
        with open(count, encoding="ascii") as file:
            total = int(file.read())
        self.assertGreater(total, 5)
        for how in ("io", "space", "files", "kill", "term"):
            for number in range(1, total + 1):
                if os.path.exists(key):
                    os.remove(key)
                done = self.run_kept(data, LD_PRELOAD=STOP_NTH, CW_STOP_AT=str(number), CW_STOP_HOW=how)
                if done.status == right and (right or not done.err):
                    continue
                self.assertNotEqual(done.status, 0, "%s %d: %s" % (how, number, done.errors))
                if done.status > 0:
                    self.assertIn("credwatch: ", done.errors)
                self.assertNotIn(secret or "\0", done.errors)

    def test_files_leak(self):
        self.every_stop(harness.github(self.id()))

    def test_files_clean(self):
        self.every_stop(None)

    def test_leak(self):
        self.every_failure(harness.github(self.id()))

    def test_clean(self):
        self.every_failure(None)


if __name__ == "__main__":
    STOP_NTH = os.path.abspath(sys.argv.pop(3))
    PRELOAD = os.path.abspath(sys.argv.pop(2))
    harness.main()
