#!/usr/bin/env python3
"""Compares what an audit says of findings in a real repository with what git says: for findings drawn by a seed, the introductions by
'git log --find-object' and by the content of every version of the file, the state and the tip, the line and the column. It is not
run with the other tests, since it takes a repository:

    find_object.py PROGRAM REPOSITORY [SEED [NUMBER]]"""
import json
import os
import random
import subprocess
import sys
import tempfile

os.environ.update(GIT_NO_REPLACE_OBJECTS="1", GIT_CONFIG_NOSYSTEM="1", LC_ALL="C")
REPORT = ["--format=jsonl", "--show-secrets", "--show-suppressed"]


def findings(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line for line in lines if line["type"] == "finding"]


class Checker:
    def __init__(self, program, repository):
        self.program, self.repository = program, repository
        self.held = {}  # (blob, name of the file): {(rule, secret)}
        self.refs = sorted(self.git("for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes"))

    def git(self, *args):
        done = subprocess.run(["git", "-C", self.repository, *args], stdout=subprocess.PIPE, check=True)
        return done.stdout.decode("utf-8", "surrogateescape").splitlines()

    def content(self, blob):
        return subprocess.run(["git", "-C", self.repository, "cat-file", "blob", blob], stdout=subprocess.PIPE, check=True).stdout

    def blob_at(self, commit, path):
        """The id of the file's blob, or None."""
        lines = self.git("ls-tree", "-z", commit, "--", ":(literal)" + path)
        return lines[0].split("\t")[0].split(" ")[2] if lines else None

    def in_blob(self, blob, path):
        """What the program finds in this blob alone."""
        if (blob, path) not in self.held:
            with tempfile.TemporaryDirectory() as folder:
                file = os.path.join(folder, path)
                os.makedirs(os.path.dirname(file), exist_ok=True)
                with open(file, "wb") as out:
                    out.write(self.content(blob))
                found = findings([self.program, "scan", *REPORT, folder])
            self.held[blob, path] = {(f["rule"], f.get("secret")) for f in found}
        return self.held[blob, path]

    def holds(self, commit, f):
        blob = self.blob_at(commit, f["path"])
        return blob is not None and (f["rule"], f["secret"]) in self.in_blob(blob, f["path"])

    def check_introductions(self, f):
        path = ["--", ":(literal)" + f["path"]]
        brought = self.git("log", "--all", "--full-history", "-m", "--format=%H", "--find-object=" + f["blob"], *path)
        if f["commit"] not in brought or self.blob_at(f["commit"], f["path"]) != f["blob"]:
            yield "%s does not bring %s" % (f["commit"], f["blob"])
        found = set()
        for line in set(self.git("log", "--all", "--full-history", "-m", "--format=%ct %H %P", *path)):
            time, commit, *parents = line.split()
            if self.holds(commit, f) and not any(self.holds(parent, f) for parent in parents):
                found.add((int(time), commit))
        if not found or min(found)[1] != f["commit"]:
            yield "introduced by %s, not by %s" % (min(found, default=None), f["commit"])
        if len(found) != f["introductions"]:
            yield "%d introductions, not %d" % (len(found), f["introductions"])

    def check_tip(self, f):
        live = next((ref for ref in self.refs + ["HEAD"] if self.holds(ref, f)), None)
        if (f["state"] == "tip") != (live is not None):
            yield "state %s, but it is live at %s" % (f["state"], live)
        elif live and (f["tip"]["ref"], f["tip"]["blob"]) != (live, self.blob_at(live, f["path"])):
            yield "tip %s, not %s" % (f["tip"], live)

    def check_position(self, f):
        secret, line = f["secret"].encode().split(b"\n")[0], self.content(f["blob"]).split(b"\n")[f["line"] - 1]
        if not line[f["column"] - 1:].startswith(secret):
            yield "it is not at line %d, column %d" % (f["line"], f["column"])


def main():
    program, repository = sys.argv[1:3]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    number = int(sys.argv[4]) if len(sys.argv) > 4 else 50
    found = [f for f in findings([program, "audit", *REPORT, repository])
             if f["path"] and f["state"] != "unreachable" and "blob" in f and "secret" in f and "path_b64" not in f and "decoded" not in f]
    checker, wrong = Checker(program, repository), 0
    drawn = random.Random(seed).sample(found, min(number, len(found)))
    for f in drawn:
        faults = [fault for check in (checker.check_introductions, checker.check_tip, checker.check_position) for fault in check(f)]
        wrong += bool(faults)
        for fault in faults:
            print("%s at %s: %s" % (f["rule"], f["path"], fault))
    print("%d of %d findings drawn with seed %d, %d of them wrong" % (len(drawn), len(found), seed, wrong))
    return wrong > 0 or not drawn


sys.exit(main())
