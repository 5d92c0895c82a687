#!/usr/bin/env python3
"""Workers of a running daemon that are killed, stopped, and fed what they cannot bear: every request is answered exactly once, and the
others do not notice."""
import collections
import json
import os
import signal
import subprocess
import threading

import daemon_harness
import harness

FINE = "int main(void)\n{\n\treturn 0;\n}\n" * 100


class Workers(daemon_harness.Case):
    def counts(self):
        return collections.Counter(w["kind"] for w in self.daemons[0].call("Status")["workers"])

    def settled(self, kind="content", number=2):
        """Wait until NUMBER workers of KIND are there and answer."""
        for _ in range(1000):
            if len(self.daemons[0].workers(kind)) >= number:
                return self.daemons[0].workers(kind)
            self.daemons[0].call("ScanText", {"text": "x"})
        raise AssertionError("no workers: " + self.daemons[0].log())

    # ---- what they find ----

    def test_same_as_scan(self):
        # every rule's own examples, in the sandbox: the hits of a scan in the process
        self.daemon("daemon: {workers: 2}\n")
        lines = subprocess.run([os.environ["RULE_EXAMPLES"]], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
        folder = os.path.join(self.top, "files")
        os.mkdir(folder)
        right, answered, texts = collections.Counter(), collections.Counter(), {}
        for i, line in enumerate(lines):
            data = bytes.fromhex(line.split(" ")[3])
            try:
                text = data.decode()
            except UnicodeDecodeError:
                continue
            if "\0" in text:
                continue
            name = os.path.join(folder, "%d.txt" % i)
            texts[name] = text
            with open(name, "wb") as file:
                file.write(data)
        env = dict(self.daemons[0].env)
        done = subprocess.run([harness.PROGRAM, "scan", "--format", "jsonl", "--show-suppressed", folder], stdout=subprocess.PIPE,
                              env=env, cwd=self.top, check=False)
        for line in done.stdout.decode().splitlines():
            finding = json.loads(line)
            if finding["type"] == "finding":
                right[(finding["path"], finding["rule"], finding["fingerprint"], finding["line"], finding["column"])] += 1
        with self.daemons[0].connect() as client:
            for name, text in texts.items():
                result = client.call("ScanText", {"text": text, "path": name})["result"]
                self.assertEqual(result["complete"], True, name)
                for finding in result["findings"]:
                    answered[(finding["path"], finding["rule"], finding["fingerprint"], finding["line"],
                              finding["column"])] += 1
        self.assertGreater(len(right), 1000)
        self.assertEqual(answered, right)
        self.assertNotIn("worker_died", self.daemons[0].log())

    # ---- killed ----

    def test_ignored_children(self):
        # whoever started the daemon ignores SIGCHLD: a dead worker is noticed and replaced all the same
        daemon = self.new_daemon("daemon: {workers: 1}\n")
        daemon.before = lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        daemon.start()
        first = self.settled(number=1)
        os.kill(first[0], signal.SIGKILL)
        self.assertEqual(daemon.call("ScanText", {"text": "x"})["result"]["hits"], 0)
        self.assertNotEqual(self.settled(number=1), first)

    def load(self, stop, answers, errors):
        """Ask until STOP is set; each answer must be the right one, in turn."""
        with self.daemons[0].connect() as client:
            number = 0
            while not stop.is_set() or number < 50:
                number += 1
                secret = harness.github("%d" % (number % 3))
                for text, hits in ((FINE, 0), ("k = %s\n" % secret, 1)):
                    try:
                        result = client.call("ScanText", {"text": text, "path": "f%d" % number})["result"]
                    except daemon_harness.CallError as error:
                        errors.append(error)
                        continue
                    answers.append(result["hits"] == hits and result["complete"])

    def test_killed_under_load(self):
        # kill -9 of workers while eight clients ask: nobody gets a wrong answer, none, or two
        self.daemon("daemon: {workers: 2}\n")
        stop, answers, errors, threads = threading.Event(), [], [], []
        for _ in range(8):
            threads.append(threading.Thread(target=self.load, args=(stop, answers, errors)))
            threads[-1].start()
        for _ in range(15):
            for pid in self.daemons[0].workers("content")[:1]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        stop.set()
        for thread in threads:
            thread.join()
        self.assertGreaterEqual(len(answers) + len(errors), 8 * 100)
        self.assertTrue(all(answers))
        # a text whose workers were killed twice over it has an error for an answer
        self.assertLess(len(errors), len(answers))
        for error in errors:
            self.assertEqual(error.name, "io.credwatch.ScanFailed")
        self.assertIn("worker_died", self.daemons[0].log())
        self.settled()

    def test_stopped(self):
        # workers that hang are replaced; the request that was being worked at is answered
        self.daemon("daemon: {workers: 1, job_ms: 300}\n")
        pid = self.settled(number=1)[0]
        os.kill(pid, signal.SIGSTOP)
        self.assertEqual(self.daemons[0].call("ScanText", {"text": FINE})["result"]["hits"], 0)
        self.assertNotIn(pid, self.daemons[0].workers("content"))
        self.assertIn("deadline", self.daemons[0].log())

    def test_stopped_twice(self):
        # a request that hangs twice ends as failed, and those behind it are answered
        self.daemon("daemon: {workers: 1, job_ms: 300}\n")
        with self.daemons[0].connect() as client, self.daemons[0].connect() as other:
            os.kill(self.settled(number=1)[0], signal.SIGSTOP)
            client.send("ScanText", {"text": FINE})
            stopped = set()
            while len(stopped) < 2:
                for pid in self.daemons[0].workers("content"):
                    if pid not in stopped:
                        try:
                            os.kill(pid, signal.SIGSTOP)
                        except ProcessLookupError:
                            continue
                        stopped.add(pid)
            try:
                self.assertEqual(client.answer()["result"]["hits"], 0)
            except daemon_harness.CallError as error:
                self.assertEqual(error.name, "io.credwatch.ScanFailed")
            self.assertEqual(other.call("ScanText", {"text": FINE})["result"]["hits"], 0)

    # ---- fed ----

    def test_large_beside_small(self):
        # 100 MB of text without a line end, with many hits, and of nothing but opening brackets: small requests go on
        self.daemon("daemon: {workers: 1}\n")
        flood = (harness.github("x") + " ").encode() * 200000
        with self.daemons[0].connect() as large, self.daemons[0].connect() as small:
            for content in (b"a" * 100000000, flood, b"[" * 50000000):
                fd = daemon_harness.memfd(content)
                large.send("ScanFd", {}, (fd,))
                os.close(fd)
                for _ in range(20):
                    self.assertEqual(small.call("ScanText", {"text": FINE})["result"]["hits"], 0)
                result = large.answer()["result"]
                self.assertEqual(result["hits"], 200000 if content is flood else 0)
        self.assertNotIn("worker_died", self.daemons[0].log())

    def test_memory(self):
        # content that needs more memory than a worker may have: an answer that is not "clean", and the next one works
        self.daemon("daemon: {workers: 1, worker_memory: 64M}\n")
        text = "".join("key%d = %s\n" % (i, harness.github(str(i))) for i in range(40000))
        fd = daemon_harness.memfd(text.encode())
        with self.daemons[0].connect() as client:
            try:
                result = client.call("ScanFd", {}, (fd,))["result"]
                self.assertTrue(result["hits"] > 0 or not result["complete"])
            except daemon_harness.CallError as error:
                self.assertEqual(error.name, "io.credwatch.ScanFailed")
            self.assertEqual(client.call("ScanText", {"text": FINE})["result"]["hits"], 0)
        os.close(fd)

    def test_parent_killed(self):
        # no worker outlives the daemon
        daemon = self.daemon("daemon: {workers: 2}\n")
        workers = self.settled()
        os.kill(workers[0], signal.SIGSTOP)
        daemon.end(signal.SIGKILL)
        for pid in workers:
            for _ in range(1000000):
                try:
                    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
                        if file.read().split(")")[1].split()[0] in "ZX":
                            break
                except (FileNotFoundError, ProcessLookupError):
                    break
            else:
                self.fail("worker %d is still there" % pid)


if __name__ == "__main__":
    daemon_harness.main()
