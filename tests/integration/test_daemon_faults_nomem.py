#!/usr/bin/env python3
"""Allocations of a serving daemon fail one by one (fault 18): a call is answered rightly, or with an error, or its connection ends; it is never
called clean when it is not, the daemon lives on, and the next call is answered.

    python3 -B test_daemon_faults_nomem.py CREDWATCHD FAIL_NTH"""
import contextlib
import ctypes
import os
import signal
import subprocess
import sys

import daemon_harness
import daemon_load
import harness
from daemon_harness import CallError, memfd

FAIL_NTH = ""
MOST = 60  # allocations of one call that are tried


class Nomem(daemon_load.Case):
    def start(self, config=""):
        daemon = self.new_daemon(config, env={"LD_PRELOAD": FAIL_NTH, "CW_FAIL_TOLD": "1"})
        daemon.start()
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.sigqueue.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
        return daemon

    def arm(self, daemon, n):
        """The N-th allocation from now fails."""
        self.assertEqual(self.libc.sigqueue(daemon.process.pid, signal.SIGUSR2, n), 0)

    def each(self, daemon, call, is_right):
        """Make CALL(client) with each of its allocations failing; how often it did not succeed."""
        failures = 0
        for n in range(1, MOST + 1):
            self.arm(daemon, n)
            try:
                with daemon.connect() as client:
                    answer = call(client)
                self.assertTrue(is_right(answer), "allocation %d: %s" % (n, answer))
            except (CallError, EOFError, ConnectionError):
                failures += 1
            self.arm(daemon, 0)
            with daemon.connect() as client:
                # at rest again; a worker that could not be started is started anew
                self.assertEqual(client.call("ScanText", {"text": self.token})["result"]["hits"], 1, "after allocation %d" % n)
        self.assertIsNone(daemon.process.poll())
        return failures

    def test_scans(self):
        # Texts and memfds with a secret, small and large.
        daemon = self.start()
        text = daemon_load.text_with(2, "nomem", 20000)
        failures = self.each(daemon, lambda c: c.call("ScanText", {"text": text})["result"], lambda r: daemon_load.is_right(r, 2))
        self.assertGreater(failures, 0)
        fd = memfd(text.encode())
        self.each(daemon, lambda c: c.call("ScanFd", {}, (fd,))["result"], lambda r: daemon_load.is_right(r, 2))
        os.close(fd)

    def test_new_worker(self):
        # All workers have died, and their successors are made without memory.
        daemon = self.start("daemon: {workers: 1}\n")
        for n in range(1, 40, 2):
            pids = daemon.workers("content")
            self.arm(daemon, n)
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(CallError, EOFError, ConnectionError), daemon.connect() as client:
                self.assertEqual(client.call("ScanText", {"text": self.token})["result"]["hits"], 1)
            self.arm(daemon, 0)
            self.assertEqual(daemon.call("ScanText", {"text": self.token})["result"]["hits"], 1)
        self.assertIsNone(daemon.process.poll())

    def test_other_calls(self):
        # Questions about the daemon, reports, lists.
        daemon = self.start()
        outcome = {"command": "audit", "repository": "r", "status": 1, "findings": [{"rule": "x"}], "expected": 1, "unscanned": 0}
        for method, parameters in (("Status", {}), ("Sessions", {}), ("ReportOutcome", outcome), ("ListFindings", {}), ("ListWatches", {}),
                                   ("Revoke", {"fingerprint": "x"}), ("ScanRepository", {"path": "/none"})):
            self.each(daemon, lambda c, m=method, p=parameters: c.call(m, p), lambda r: isinstance(r, dict))
        self.each(daemon, lambda c: next(c.stream("ListFindings")), lambda r: isinstance(r, dict))

    def test_repository(self):
        # A repository with a finding: it is told, or the call fails.
        root = self.top + "/git"
        path = root + "/one.git"
        subprocess.run(["git", "init", "-q", "--bare", path], check=True)
        subprocess.run(["git", "hash-object", "-w", "--stdin"], cwd=path, input=("token = '%s'\n" % harness.github("r")).encode(), check=True,
                       stdout=subprocess.DEVNULL)
        daemon = self.start("daemon: {roots: [%s]}\n" % root)
        for n in range(1, 60, 3):
            self.arm(daemon, n)
            with contextlib.suppress(CallError, EOFError, ConnectionError), daemon.connect() as client:
                replies = list(client.stream("ScanRepository", {"path": path}))
                self.assertEqual((len(replies), replies[-1]["findings"]), (2, 1), "allocation %d" % n)
            self.arm(daemon, 0)
        self.assertEqual(len(list(daemon.connect().stream("ScanRepository", {"path": path}))), 2)
        self.assertIsNone(daemon.process.poll())

    def test_reload(self):
        # A reload without memory: old or new rules serve, never none.
        acme = self.write("acme.yaml", harness.ACME_RULES)
        daemon = self.start()
        for n in range(1, 120, 6):
            daemon.configure("rules: {files: [%s]}\n" % acme if n % 4 == 1 else "")
            self.arm(daemon, n)
            with contextlib.suppress(CallError, EOFError, ConnectionError):
                daemon.call("Reload")
            self.arm(daemon, 0)
            self.assertEqual(daemon.call("ScanText", {"text": self.token})["result"]["hits"], 1, "allocation %d" % n)
        self.assertIsNone(daemon.process.poll())


    def test_interrupted(self):
        # Signals without end: every call of the parent to the kernel may be interrupted, and every answer is right (fault 19).
        daemon = self.start()
        with self.beside(daemon, 4) as load:
            for _ in range(100):
                for _ in range(50):
                    self.arm(daemon, 0)
                load.wait_for_more(5)


if __name__ == "__main__":
    FAIL_NTH = os.path.abspath(sys.argv.pop(2))
    daemon_harness.main()
