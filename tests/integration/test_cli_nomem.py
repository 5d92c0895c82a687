#!/usr/bin/env python3
"""Every allocation of a command fails in turn, alone and with all that follow it: the result is the right one all the same, or an
error; never "clean", never a report that looks whole and is not.

    test_cli_nomem.py PROGRAM PRELOAD"""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import harness

PRELOAD = ""
REPORT_LOST = (3, 4)


class NoMemory(harness.Case):
    cache = True
    own_caches = False  # for each run a new one

    def setUp(self):
        super().setUp()
        self.write("src/a.py", "token = '%s'\n" % harness.stripe("a"))
        # The key exists, so that no run makes another.
        self.assertStatus(self.run_it("scan", "src"), 1)

    def run_failing(self, args, number, every):
        env = dict(self.env, LD_PRELOAD=PRELOAD, CW_FAIL_AT=str(number), CW_FAIL_COUNT=self.top + "/count%d" % number)
        if self.own_caches:
            env["XDG_CACHE_HOME"] = self.top + "/cache%d.%d" % (number, every)
        if every:
            env["CW_FAIL_ALL"] = "1"
        done = subprocess.run([harness.PROGRAM, *args], env=env, cwd=self.dir, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        return number, harness.Done(done.returncode, done.stdout, done.stderr)

    def every_failure(self, args, statuses, may_crash=False, late=False):
        """LATE: only the second half of all allocations, each alone."""
        _, right = self.run_failing(args, 0, False)
        with open(self.top + "/count0", encoding="ascii") as file:
            total = int(file.read())
        self.assertGreater(total, 0)
        for every in (False,) if late else (False, True):
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                for number, done in pool.map(lambda n: self.run_failing(args, n, every), range(total // 2 if late else 1, total + 1)):
                    if (done.status, done.out) == (right.status, right.out) or may_crash and done.status < 0:
                        continue
                    self.assertIn(done.status, statuses, "allocation %d: %s%s" % (number, done.text, done.errors))
                    # Status 3 comes with a report, any other with a message.
                    self.assertTrue(done.status == 3 or done.errors.startswith("credwatch: "))

    def every_change(self, args, name):
        """The file NAME, which the command changes, is after each failure the old one or the new one, and nothing is beside it."""
        with open(name, "rb") as file:
            before = file.read()
        self.assertEqual(self.run_failing(args, 0, False)[1].status, 0)
        with open(name, "rb") as file:
            after = file.read()
        with open(self.top + "/count0", encoding="ascii") as file:
            total = int(file.read())
        names = os.listdir(os.path.dirname(name))
        for number in range(1, total + 1):
            with open(name, "wb") as file:
                file.write(before)
            _, done = self.run_failing(args, number, False)
            with open(name, "rb") as file:
                self.assertIn(file.read(), (after,) if done.status == 0 else (before, after))
            self.assertTrue(done.status in (0, 4) or done.status < 0, "allocation %d: %s" % (number, done.errors))
            self.assertEqual(os.listdir(os.path.dirname(name)), names)

    def test_scan(self):
        for form in ("text", "jsonl"):
            self.every_failure(["scan", "--jobs", "1", "--format", form, "src"], REPORT_LOST)

    def test_output_file(self):
        # The old report stays, nothing else is left behind.
        os.mkdir(self.top + "/out")
        report = self.top + "/out/report"
        self.every_failure(["scan", "--jobs", "1", "--output", report, "src"], REPORT_LOST)
        self.assertEqual(os.listdir(self.top + "/out"), ["report"])
        with open(report, encoding="utf-8") as file:
            self.assertIn("1 secret at 1 place", file.read())

    # libgit2 1.5 crashes at some of its own failing allocations: a death by signal is no clean report either (may_crash).

    def test_audit(self):
        self.git("init", "-q")
        self.commit()
        self.every_failure(["audit", "--no-cache", "--jobs", "1"], (2,) + REPORT_LOST, may_crash=True)

    def test_store(self):
        # Said again out of the verdict store, or looked for after all; never "clean".
        self.git("init", "-q")
        self.commit()
        self.assertStatus(self.run_it("audit", "--quiet"), 1)
        args = ["audit", "--jobs", "1", "--format", "csv"]
        self.every_failure(args, (2,) + REPORT_LOST, may_crash=True)
        # And written down, each time for the first time.
        self.own_caches = True
        self.every_failure(args, (2,) + REPORT_LOST, may_crash=True, late=True)

    def test_explain(self):
        # Out of files and out of a report; "not found" would be wrong.
        report = self.run_it("scan", "--format", "jsonl", "src")
        fingerprint = report.json_lines()[1]["fingerprint"]
        with open(self.top + "/report", "wb") as file:
            file.write(report.out)
        self.every_failure(["explain", "--jobs", "1", fingerprint, "src"], REPORT_LOST)
        self.every_failure(["explain", fingerprint, self.top + "/report"], (4,))

    def test_baseline(self):
        # A baseline is written whole, or the old one stays.
        os.mkdir(self.top + "/out")
        name = self.top + "/out/known"
        self.assertStatus(self.run_it("baseline", "create", "--output", name, "src"), 0)
        with open(name, "rb") as file:
            before = file.read()
        self.every_failure(["baseline", "update", "--jobs", "1", "--baseline", name, "src"], REPORT_LOST,
                           may_crash=True)
        with open(name, "rb") as file:
            self.assertEqual(file.read(), before)
        self.assertEqual(os.listdir(self.top + "/out"), ["known"])

    def test_allow(self):
        # Nothing comes into the file by halves; the list is whole or missing.
        self.write(".credwatch.yaml", "allow: [{rule: a.b, reason: r}]\n")
        self.every_failure(["allow", "list"], (4,), may_crash=True)
        name = self.write("other.yaml", "allow:\n- {rule: a.b, reason: r}\n")
        self.every_change(["allow", "--rule", "acme.key", "--reason", "r", "--config", name], name)

    def test_key(self):
        key = self.home + "/.config/credwatch/key"
        self.every_failure(["key", "show-id"], (4,))
        self.every_failure(["key", "export"], (4,))
        self.every_failure(["key", "import", key], (4,))
        self.env["XDG_CONFIG_HOME"] = self.top + "/config"
        self.assertStatus(self.run_it("key", "show-id"), 0)
        self.every_change(["key", "import", "--replace", key], self.top + "/config/credwatch/key")

    def test_others(self):
        for args in (["help"], ["scan", "--help"], ["rules", "list"], ["rules", "show", "stripe.secret-key"]):
            self.every_failure(args, (4,))


if __name__ == "__main__":
    PRELOAD = os.path.abspath(sys.argv.pop(2))
    harness.main()
