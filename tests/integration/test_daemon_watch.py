#!/usr/bin/env python3
"""Watched repositories: real pushes to bare repositories, a real daemon, its findings, and a notification command.

    python3 -B test_daemon_watch.py CREDWATCHD CREDWATCH
Every wait is for an event of the daemon or a line of the notification command."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

import daemon_harness
import harness
from harness import github

MANY = 200


class Events:
    """A subscription; events that were not waited for are kept."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.client = daemon.connect()
        self.client.send("Subscribe", more=True)
        self.seen = []

    def close(self):
        self.client.close()

    def wait(self, wanted):
        """The next event for which WANTED is true, seen before or not; it is taken out."""
        for i, event in enumerate(self.seen):
            if wanted(event):
                return self.seen.pop(i)
        while True:
            try:
                event = self.client.answer().get("event")
            except OSError as error:
                raise AssertionError("%s; seen: %s\n%s" % (error, self.seen, self.daemon.log())) from error
            if event is not None and wanted(event):
                return event
            if event is not None:
                self.seen.append(event)

    def scan(self, repository, new=None):
        return self.wait(lambda e: e["event"] == "scan" and e["repository"] == repository and new in (None, e["new"]))


class Watch(daemon_harness.Case):
    SWEEP_MS = 3600000  # nothing is found by the timer, unless a test wants it

    def setUp(self):
        super().setUp()
        self.top = os.path.realpath(self.top)
        self.root = os.path.join(self.top, "git")
        os.mkdir(self.root)
        self.work = os.path.join(self.top, "work")
        self.git("init", "-q", "-b", "main", self.work, cwd=self.top)
        self.number = 0
        self.commit("README", "nothing\n")
        self.notified = self.write("notified", "")
        self.command = self.write("notify.sh", '#!/bin/sh\ncat >>"%s"\n' % self.notified)
        os.chmod(self.command, 0o755)

    # ---- git ----

    def git(self, *args, cwd=None, check=True):
        env = {"HOME": self.top, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1",
               "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
               "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "gc.auto",
               "GIT_CONFIG_VALUE_0": "0", "GIT_CONFIG_KEY_1": "receive.autogc", "GIT_CONFIG_VALUE_1": "false"}
        done = subprocess.run(["git", *args], cwd=cwd or self.work, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if check and done.returncode != 0:
            raise AssertionError("git %s: %s" % (" ".join(args), done.stdout))
        return done.stdout.strip()

    def commit(self, path, text):
        with open(os.path.join(self.work, path), "w", encoding="utf-8") as file:
            file.write(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "change")

    def leak(self, seed):
        """A commit that brings a new secret."""
        self.number += 1
        self.commit("leak%d.ini" % self.number, "token = %s\n" % github("%s %d" % (seed, self.number)))

    def bare(self, name):
        path = os.path.join(self.root, name)
        self.git("clone", "-q", "--bare", self.work, path, cwd=self.top)
        shutil.rmtree(os.path.join(path, "hooks"), ignore_errors=True)
        return path

    def push(self, repository, ref="refs/heads/main", *more):
        self.git("push", "-q", "-f", repository, "HEAD:" + ref, *more)

    # ---- the daemon ----

    def config(self, sweep_ms=None, workers=2):
        return json.dumps({"daemon": {"roots": [self.root], "workers": 1, "repository_workers": workers},
                           "watch": {"sweep_ms": sweep_ms or self.SWEEP_MS, "notify": [self.command]}}) + "\n"

    def watching(self, *repositories, **more):
        """A daemon that watches them, and its events; their first scans are over."""
        daemon = self.daemon(self.config(**more))
        events = Events(daemon)
        self.addCleanup(events.close)
        for repository in repositories:
            daemon.call("Watch", {"path": repository})
        for repository in repositories:
            events.scan(repository)
        return daemon, events

    def findings(self, daemon, **filters):
        with daemon.connect() as client:
            return [f for reply in client.stream("ListFindings", filters) for f in reply["findings"]]

    def notices(self):
        """The notifications so far; the last line may still be being written."""
        with open(self.notified, encoding="utf-8") as file:
            return [json.loads(line) for line in file.read().split("\n")[:-1]]

    def wait_for_notices(self, n):
        """Until N have come. The command's file is the only sign of them."""
        end = time.monotonic() + daemon_harness.WAIT
        while len(self.notices()) < n:
            self.assertLess(time.monotonic(), end, "only %d of %d notifications" % (len(self.notices()), n))
            time.sleep(0.02)
        return self.notices()

    def state(self, daemon, path):
        return next(w for w in daemon.call("ListWatches")["watches"] if w["path"] == path)

    def assertOnce(self, daemon, n):
        """N findings, each stored once and told once, and nothing of a secret anywhere."""
        # a scan may come between a blob and the tree that names it: that finding is gone when the tree is there
        found = [f for f in self.findings(daemon) if f["state"] == "live" or f["finding"]["path"]]
        self.assertEqual(len(found), n)
        self.assertEqual(len({(f["repository"], f["finding"]["fingerprint"]) for f in found}), n)
        told = self.wait_for_notices(n)
        self.assertEqual(len({(t["repository"], t["finding"]["fingerprint"]) for t in told}), n)
        self.assertEqual(len({t["notice"] for t in told}), len(told))
        self.assertEqual(len(told), n)


class Changes(Watch):
    def test_first_and_later(self):
        # the history is scanned when the watch begins, a push when it comes; findings are stored and told once
        self.leak("history")
        a = self.bare("a.git")
        daemon, events = self.watching(a)
        self.assertEqual(len(self.findings(daemon)), 1)
        self.leak("push")
        self.push(a)
        self.assertEqual(events.scan(a, new=1)["findings"], 2)
        self.assertOnce(daemon, 2)
        watch = self.state(daemon, a)
        self.assertEqual((watch["state"], watch["findings"]), ("watching", 2))
        one = self.findings(daemon)[1]
        self.assertEqual((one["state"], one["finding"]["path"], one["finding"]["state"]), ("live", "leak2.ini", "tip"))
        self.assertEqual(self.findings(daemon, since=one["id"]), [])
        self.assertNotIn(github("push 2"), json.dumps(self.findings(daemon)) + daemon.log())
        with open(os.path.join(daemon.state, "state.db-wal"), "rb") as file:
            self.assertNotIn(github("push 2").encode(), file.read())

    def test_from_now(self):
        # what is there when the watch begins is known, and not told
        self.leak("history")
        a = self.bare("a.git")
        daemon, events = self.watching()
        daemon.call("Watch", {"path": a, "from_now": True})
        events.scan(a)
        self.leak("push")
        self.push(a)
        events.scan(a, new=1)
        self.assertEqual([t["finding"]["path"] for t in self.wait_for_notices(1)], ["leak2.ini"])
        self.assertEqual(len(self.findings(daemon)), 2)

    def test_kinds_of_change(self):
        # new branches in new folders, tags, packed references, deletion, a new HEAD: every one is seen
        a = self.bare("a.git")
        daemon, events = self.watching(a)
        for i, ref in enumerate(("refs/heads/feature/a/b", "refs/tags/v1", "refs/notes/x", "refs/heads/feature/a/c",
                                 "refs/merge-requests/1/head")):
            self.leak(ref)
            self.push(a, ref)
            events.scan(a, new=1)
            self.assertEqual(len(self.findings(daemon)), i + 1)
        # packed: nothing moves, and the next push to a packed reference is seen
        self.git("-C", a, "pack-refs", "--all", "--prune")
        self.leak("packed")
        self.push(a, "refs/heads/feature/a/b")
        events.scan(a, new=1)
        # all loose references of a folder go, the folder too, and it comes again
        self.push(a, "refs/heads/feature/a/b", ":refs/heads/feature/a/c")
        self.git("-C", a, "pack-refs", "--all", "--prune")
        self.leak("again")
        self.push(a, "refs/heads/feature/a/d")
        events.scan(a, new=1)
        # a commit that nothing refers to any more is still in the store: its secret is not gone
        self.git("-C", a, "update-ref", "-d", "refs/heads/feature/a/d")
        self.leak("after")
        self.push(a)
        events.wait(lambda e: e["event"] == "scan" and (e["findings"], e["new"]) == (8, 1))
        self.assertEqual({f["state"] for f in self.findings(daemon)}, {"live"})
        self.assertOnce(daemon, 8)

    def test_not_bare(self):
        # a repository with a work tree, and one linked to it: commits in either are seen
        a = os.path.join(self.root, "a")
        self.git("clone", "-q", self.work, a, cwd=self.top)
        daemon, events = self.watching(a)
        self.work = a
        self.leak("work tree")
        events.scan(a, new=1)
        linked = os.path.join(self.root, "linked")
        self.git("worktree", "add", "-q", "--detach", linked)
        self.work = linked
        self.leak("linked")
        events.scan(a, new=1)
        self.leak("linked")
        events.scan(a, new=1)
        self.assertOnce(daemon, 3)

    def test_gone_for_good(self):
        # a repository that is removed fails, says so, and is well again when it is back
        a = self.bare("a.git")
        daemon, events = self.watching(a, sweep_ms=300)
        self.leak("before")
        self.push(a)
        events.scan(a, new=1)
        os.rename(a, a + ".away")
        self.wait_for_state(daemon, a, "failing")
        self.assertEqual(len(self.findings(daemon)), 1)
        self.assertNotEqual(self.state(daemon, a)["reason"], "")
        os.rename(a + ".away", a)
        self.wait_for_state(daemon, a, "watching")
        self.leak("after")
        self.push(a)
        events.scan(a, new=1)
        self.assertOnce(daemon, 2)

    def wait_for_state(self, daemon, path, state):
        end = time.monotonic() + daemon_harness.WAIT
        while self.state(daemon, path)["state"] != state:
            self.assertLess(time.monotonic(), end, "it never becomes %s\n%s" % (state, daemon.log()))
            time.sleep(0.02)

    def test_damaged(self):
        # one that cannot be scanned wholly says so, beside one that is well
        a, b = self.bare("a.git"), self.bare("b.git")
        daemon, events = self.watching(a, b)
        self.leak("lost")
        self.push(a)
        events.scan(a, new=1)
        blob = self.git("-C", a, "rev-parse", "main:leak1.ini")
        self.leak("more")
        loose = os.path.join(a, "objects", blob[:2], blob[2:])
        self.assertTrue(os.path.exists(loose))
        os.chmod(loose, 0o644)
        with open(loose, "wb") as file:
            file.write(b"nonsense")
        self.push(a)
        events.scan(a, new=1)
        self.wait_for_state(daemon, a, "failing")
        self.assertIn("could not be scanned", self.state(daemon, a)["reason"])
        self.push(b)
        events.scan(b, new=2)
        self.assertEqual(self.state(daemon, b)["state"], "watching")

    def test_allow(self):
        # an allowed secret is neither counted nor told, wherever it comes up; revoked, it is
        a, b = self.bare("a.git"), self.bare("b.git")
        daemon, events = self.watching(a, b)
        self.leak("shared")
        self.push(a)
        events.scan(a, new=1)
        self.wait_for_notices(1)
        fingerprint = self.findings(daemon)[0]["finding"]["fingerprint"]
        daemon.call("Allow", {"fingerprint": fingerprint, "reason": "rotated"})
        self.push(b)
        events.scan(b, new=1)
        self.assertEqual({f["state"] for f in self.findings(daemon)}, {"allowed"})
        self.assertFalse(any(e["event"] == "finding" and e["repository"] == b for e in events.seen))
        self.assertEqual(daemon.call("Status")["findings"], 0)
        daemon.call("Revoke", {"fingerprint": fingerprint})
        self.assertEqual([t["repository"] for t in self.wait_for_notices(2)], [a, b])

    def test_fifo_refs(self):
        # a FIFO in place of a reference holds up neither the others nor the end of the daemon, and its repository says so
        a, b = self.bare("a.git"), self.bare("b.git")
        daemon, events = self.watching(a, b)
        os.mkfifo(os.path.join(a, "refs", "heads", "fifo"))
        self.leak("b")
        self.push(b)
        events.scan(b, new=1)
        self.assertEqual(self.state(daemon, b)["state"], "watching")
        self.wait_for_state(daemon, a, "failing")
        self.assertIn("fifo", self.state(daemon, a)["reason"])
        self.assertEqual(daemon.end(), 0)

    def test_unreadable(self):
        # a format that cannot be read, no repository at all, a link that leads out: failing, with the reason, and never clean
        daemon, _ = self.watching()
        odd = {}
        odd["table"] = self.bare("table.git")
        self.git("-C", odd["table"], "config", "core.repositoryformatversion", "1")
        self.git("-C", odd["table"], "config", "extensions.refstorage", "reftable")
        odd["none"] = os.path.join(self.root, "none")
        os.mkdir(odd["none"])
        odd["link"] = os.path.join(self.root, "link")
        os.symlink(self.work, odd["link"])
        for path in odd.values():
            daemon.call("Watch", {"path": path})
        for name, path in odd.items():
            self.wait_for_state(daemon, path, "failing")
            self.assertNotIn("last_scan", self.state(daemon, path), name)
        self.assertIn("git repository", self.state(daemon, odd["none"])["reason"])
        self.assertIn("a link leads out", self.state(daemon, odd["link"])["reason"])
        self.assertIn("refstorage", self.state(daemon, odd["table"])["reason"])

    def test_worker_killed(self):
        # whatever ends the workers, a change is scanned in the end, and told once
        a = self.bare("a.git")
        daemon, events = self.watching(a)
        self.leak("killed")
        self.push(a)
        end = time.monotonic() + daemon_harness.WAIT
        killed = 0
        while killed == 0 and daemon.call("Status")["findings"] == 0 and time.monotonic() < end:
            for pid in daemon.workers("repository"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
        events.scan(a, new=1)
        self.assertOnce(daemon, 1)

    def test_removed_watch(self):
        # a watch that is taken back: no more scans, its findings are forgotten; others go on
        self.leak("both")
        a, b = self.bare("a.git"), self.bare("b.git")
        daemon, events = self.watching(a, b)
        daemon.call("Unwatch", {"path": a})
        self.leak("later")
        self.push(a)
        self.push(b)
        events.scan(b, new=1)
        self.assertEqual({f["repository"] for f in self.findings(daemon)}, {b})
        self.assertFalse(any(e["event"] == "scan" and e["repository"] == a for e in events.seen))


class Many(Watch):
    def copies(self, n):
        first = self.bare("0.git")
        rest = [os.path.join(self.root, "%d.git" % i) for i in range(1, n)]
        for path in rest:
            shutil.copytree(first, path)
        return [first, *rest]

    def test_two_hundred(self):
        # a push to each of 200, the daemon killed twice on the way: everything is found, nothing is stored or told twice
        self.leak("base")
        repositories = self.copies(MANY)
        daemon, events = self.watching(*repositories)
        self.leak("first")
        for repository in repositories[:50]:
            self.push(repository)
        events.scan(repositories[0], new=1)
        daemon.end(signal.SIGKILL)
        self.leak("second")
        for repository in repositories[50:100]:
            self.push(repository)
        daemon.start()
        for repository in repositories[100:150]:
            self.push(repository)
        daemon.end(signal.SIGKILL)
        daemon.start()
        events = Events(daemon)
        self.addCleanup(events.close)
        for repository in repositories[150:]:
            self.push(repository)
        wanted = MANY + 50 * 1 + 150 * 2
        self.wait_for_findings(daemon, wanted)
        found = self.findings(daemon)
        self.assertEqual(len({(f["repository"], f["finding"]["fingerprint"], f["finding"]["path"]) for f in found}), wanted)
        told = self.wait_for_told(wanted)
        # only what was being delivered when the daemon was killed may come twice, then with the same number
        self.assertLessEqual(len(told) - wanted, 2)
        self.assertEqual(len({t["notice"] for t in told}), wanted)
        self.assertEqual(len({(t["repository"], t["finding"]["fingerprint"]) for t in told}), wanted)

    def wait_for_findings(self, daemon, n):
        end = time.monotonic() + 2 * daemon_harness.WAIT
        while daemon.call("Status")["findings"] < n:
            self.assertLess(time.monotonic(), end, "%d findings\n%s" % (daemon.call("Status")["findings"], daemon.log()[-3000:]))
            time.sleep(0.05)
        self.assertEqual(daemon.call("Status")["findings"], n)

    def wait_for_told(self, n):
        end = time.monotonic() + 2 * daemon_harness.WAIT
        while len({t["notice"] for t in self.notices()}) < n:
            self.assertLess(time.monotonic(), end, "%d notifications" % len(self.notices()))
            time.sleep(0.05)
        return self.notices()

    def test_stopped(self):
        # a daemon that is suspended while references move sees all of it when it goes on
        repositories = self.copies(20)
        daemon, _ = self.watching(*repositories)
        daemon.process.send_signal(signal.SIGSTOP)
        self.leak("meanwhile")
        for repository in repositories:
            self.push(repository)
            self.push(repository, "refs/heads/new/folder")
        daemon.process.send_signal(signal.SIGCONT)
        self.wait_for_findings(daemon, 20)
        self.assertOnce(daemon, 20)

    def test_overflow(self):
        # more events than the kernel keeps: everything is looked at, nothing is missed
        limit = "/proc/sys/fs/inotify/max_queued_events"
        with open(limit, encoding="ascii") as file:
            before = file.read()
        with contextlib.ExitStack() as stack:
            try:
                with open(limit, "w", encoding="ascii") as file:
                    file.write("16")
            except OSError as error:
                self.skipTest("the limit of events cannot be set: %s" % error)

            def restore():
                with open(limit, "w", encoding="ascii") as file:
                    file.write(before)
            stack.callback(restore)
            repositories = self.copies(20)
            daemon, _ = self.watching(*repositories)
        daemon.process.send_signal(signal.SIGSTOP)
        self.leak("flood")
        for repository in repositories:
            self.push(repository)
        daemon.process.send_signal(signal.SIGCONT)
        self.wait_for_findings(daemon, 20)
        self.assertIn("events_lost", daemon.log())
        self.assertOnce(daemon, 20)

    def test_timer(self):
        # changes of which no event tells (the folder of references is new, and nobody told) are found by the timer
        a = self.bare("a.git")
        daemon, events = self.watching(a, sweep_ms=400)
        self.leak("silent")
        self.push(a)
        events.scan(a, new=1)
        self.assertOnce(daemon, 1)


class Commands(Watch):
    def run_cli(self, *args, status=0):
        done = subprocess.run([harness.PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              text=True, cwd=self.top, check=False,
                              env={"HOME": self.top, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def test_commands(self):
        # watch add, list, remove and findings, as a user types them
        self.leak("a")
        self.bare("a.git")
        daemon, events = self.watching()
        at = ("--socket", daemon.socket)
        self.assertEqual(self.run_cli("findings", *at), "")
        self.assertEqual(self.run_cli("watch", "add", *at, "git/a.git"), "")
        a = os.path.join(self.root, "a.git")
        events.scan(a)
        self.run_cli("watch", "add", *at, "git/a.git", status=3)
        self.run_cli("watch", "add", *at, "/etc", status=3)
        self.run_cli("watch", "add", *at, status=2)
        self.assertIn("watching\t1\t", self.run_cli("watch", "list", *at))
        watch = json.loads(self.run_cli("watch", "list", "--format", "json", *at))["watches"][0]
        self.assertEqual((watch["path"], watch["findings"]), (a, 1))
        text = self.run_cli("findings", *at, status=1)
        self.assertRegex(text, r"^1\tlive\tcritical\tgithub\.pat\t[0-9a-f:]+\t%s\tleak1\.ini:1\n$" % a)
        line = json.loads(self.run_cli("findings", "--format", "jsonl", "--repository", a, *at, status=1))
        self.assertEqual(json.loads(self.run_cli("findings", "--format", "json", *at, status=1)), {"findings": [line]})
        self.assertEqual(self.run_cli("findings", "--since", "1", *at), "")
        daemon.call("Allow", {"fingerprint": line["finding"]["fingerprint"], "reason": "test"})
        self.assertEqual(self.run_cli("findings", *at), "")
        self.assertIn("\tallowed\t", self.run_cli("findings", "--all", *at))
        self.run_cli("watch", "remove", *at, a)
        self.assertEqual(self.run_cli("findings", "--all", "--format", "json", *at), '{"findings":[\n]}\n')
        self.run_cli("watch", "remove", *at, a, status=3)
        daemon.end()
        self.run_cli("findings", *at, status=3)
        self.run_cli("watch", "list", *at, status=3)


if __name__ == "__main__":
    daemon_harness.main()
