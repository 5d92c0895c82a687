#!/usr/bin/env python3
"""The daemon's own process with its n-th allocation failing, alone and with all that follow: it does not start, and says so, or it
serves; it never dies, never says "clean" of a text with a secret, and ends when it is told to.

    python3 -B test_daemon_nomem.py CREDWATCHD PRELOAD [RUNS]"""
import os
import select
import sys
from concurrent.futures import ThreadPoolExecutor

import daemon_harness
from daemon_harness import CallError, Client
from harness import github

PRELOAD = ""
RUNS = 80  # spread over all allocations


class NoMemory(daemon_harness.Case):
    def one(self, number, every):
        folder = os.path.join(self.top, "%d.%d" % (number, every))
        os.mkdir(folder)
        env = {"LD_PRELOAD": PRELOAD, "CW_FAIL_AT": str(number), "CW_FAIL_COUNT": folder + "/count"}
        if every:
            env["CW_FAIL_ALL"] = "1"
        daemon = daemon_harness.Daemon(folder, "daemon: {workers: 1, audit_log: %s/audit, metrics: %s/m}\n" % (folder, folder), env=env)
        try:
            daemon.start(ready=False)
            started = self.is_ready(daemon)
            answers = self.use(daemon) if started else []
            status = daemon.end()
            return number, started, answers, status, daemon.log()
        finally:
            daemon.close()

    def is_ready(self, daemon):
        """READY, or its end, or neither: without memory it cannot tell, and is used all the same."""
        watch = os.pidfd_open(daemon.process.pid)
        try:
            select.select([daemon.notify, watch], [], [], 2)
            return daemon.process.poll() is None
        finally:
            os.close(watch)

    def use(self, daemon):
        answers = []
        for method, parameters in (("ScanText", {"text": "token = " + github("nomem")}), ("Status", None), ("Reload", None),
                                   ("ScanText", {"text": "nothing"})):
            try:
                client = Client(daemon.socket)
                client.sock.settimeout(5)
                with client:
                    answers.append((method, client.call(method, parameters)))
            except (CallError, EOFError, OSError) as error:
                answers.append((method, error))
        return answers

    def check(self, number, started, answers, status, log):
        where = "allocation %d: status %s, %s\n%s" % (number, status, answers, log)
        self.assertIn(status, (0, 2, 4), where)
        if not started:
            self.assertIn("credwatchd: ", log, where)
        if answers and isinstance(answers[0][1], dict):
            self.assertEqual(answers[0][1]["result"]["hits"], 1, where)

    def test_all(self):
        number, started, answers, status, log = self.one(0, False)
        self.check(number, started, answers, status, log)
        self.assertTrue(all(isinstance(answer, dict) for _, answer in answers), answers)
        with open(self.top + "/0.0/count", encoding="ascii") as file:
            total = int(file.read())
        self.assertGreater(total, 100)
        for every in (False, True):
            step = max(1, total * (1 + every) // RUNS)
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                for result in pool.map(lambda n, every=every: self.one(n, every), range(1, total + 1, step)):
                    self.check(*result)


if __name__ == "__main__":
    if len(sys.argv) > 3 and sys.argv[3].isdigit():
        RUNS = int(sys.argv.pop(3))
    PRELOAD = os.path.abspath(sys.argv.pop(2))
    daemon_harness.main()
