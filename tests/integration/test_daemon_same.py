#!/usr/bin/env python3
"""The same verdicts with a daemon and without: every example of every rule, and every file below the folders that are named, through ScanText,
ScanFd and ScanObjects against what scan finds.

    RULE_EXAMPLES=PROGRAM test_daemon_same.py CREDWATCHD CREDWATCH [FOLDER...]"""
import json
import os
import subprocess
import sys
import unittest

import daemon_harness
import harness

FOLDERS = []
SHOWN = ("rule", "title", "severity", "proof", "line", "column", "end_line", "end_column", "redacted", "fingerprint", "label", "decoded", "cut")
TEXT_MAX = 8 << 20  # bytes


def place(finding):
    return tuple(finding.get(name) for name in SHOWN)


class Same(daemon_harness.Case):
    def examples(self):
        """Files of examples, each with lines before and behind it."""
        folder = os.path.join(self.top, "examples")
        os.mkdir(folder)
        out = subprocess.run([os.environ["RULE_EXAMPLES"]], stdout=subprocess.PIPE, check=True).stdout.decode()
        for i, line in enumerate(out.splitlines()):
            with open(os.path.join(folder, "%05d.py" % i), "wb") as file:
                file.write(b"# example\n" + bytes.fromhex(line.split()[3]) + b"\nend = 1\n")
        return folder

    def alone(self, folder):
        """File -> places, as the program finds them without a daemon."""
        done = subprocess.run([harness.PROGRAM, "scan", "--daemon=never", "--show-suppressed", "--format", "jsonl", folder], check=False,
                              stdout=subprocess.PIPE, env=self.daemons[0].env)
        self.assertIn(done.returncode, (0, 1))
        found = {}
        for line in done.stdout.splitlines():
            record = json.loads(line)
            if record["type"] == "finding":
                found.setdefault(record["path"], []).append(place(record))
        return found

    def fd(self, client, content, path):
        fd = daemon_harness.memfd(content)
        try:
            return client.call("ScanFd", {"path": path}, fds=[fd])["result"]
        finally:
            os.close(fd)

    def is_clean(self, client, content):
        fd = daemon_harness.memfd(content)
        try:
            reply = client.call("ScanObjects", {"objects": [{"oid": "", "type": "blob", "offset": 0, "length": len(content)}]}, fds=[fd])
            return reply["clean"][0]
        finally:
            os.close(fd)

    def compare(self, folder):
        alone, files, self.unclean = self.alone(folder), 0, 0
        with self.daemons[0].connect() as client:
            for parent, _, names in os.walk(folder):
                for name in names:
                    path = os.path.join(parent, name)
                    if os.path.islink(path) or not os.path.isfile(path):
                        continue
                    with open(path, "rb") as file:
                        content = file.read()
                    if content:
                        self.compare_file(client, path, content, sorted(alone.get(path, []), key=repr))
                        files += 1
        return files, sum(len(places) for places in alone.values())

    def compare_file(self, client, path, content, want):
        result = self.fd(client, content, path)
        self.assertEqual(sorted(map(place, result["findings"]), key=repr), want, path)
        self.assertTrue(result["complete"], path)
        self.assertGreaterEqual(result["hits"], len(want))
        if result["hits"] > 0:  # but not the other way: it knows no path, and takes what a rule finds at some paths alone for unclean
            self.assertFalse(self.is_clean(client, content), path)
        if b"\0" in content or len(content) > TEXT_MAX:
            return
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return
        self.assertEqual(client.call("ScanText", {"text": text, "path": path})["result"], result, path)

    def test_examples(self):
        self.daemon()
        files, places = self.compare(self.examples())
        self.assertGreater(files, 1000)
        self.assertGreater(places, 1000)

    def test_folders(self):
        self.daemon()
        for folder in FOLDERS or [os.path.dirname(os.path.abspath(__file__))]:
            files, places = self.compare(folder)
            print("%s: %d files, %d places, no difference" % (folder, files, places), file=sys.stderr)


if __name__ == "__main__":
    FOLDERS = [os.path.abspath(name) for name in sys.argv[3:]]
    del sys.argv[3:]
    daemon_harness.main()
