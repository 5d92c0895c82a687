#!/usr/bin/env python3
"""Signals, closed streams, terminals and what the process allows others to see of it."""
import os
import pty
import re
import resource
import select
import signal
import subprocess

import harness
from harness import acme


def status_field(pid, name):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return re.search(r"(?m)^%s:\s*(\S+)" % name, file.read()).group(1)


def catches(pid, number):
    return int(status_field(pid, "SigCgt"), 16) >> (number - 1) & 1


def pending(pid, number):
    return (int(status_field(pid, "ShdPnd"), 16) | int(status_field(pid, "SigPnd"), 16)) >> (number - 1) & 1


class Streams(harness.Case):
    def start(self, *args, **more):
        return subprocess.Popen([harness.PROGRAM, "scan", "--no-default-rules", "--rules", self.rules, *args],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir,
                                env=self.env, **more)

    def wait_until(self, process, condition):
        while not condition():
            self.assertIsNone(process.poll(), "ended early")
            os.sched_yield()

    def test_signal(self):
        # The first signal: what is there is reported as incomplete, status 3.
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number=number):
                process = self.start("--format=jsonl", "-")
                self.wait_until(process, lambda p=process, n=number: catches(p.pid, n))
                process.send_signal(number)
                self.wait_until(process, lambda p=process, n=number: not pending(p.pid, n))
                out, err = process.communicate(acme("s").encode(), timeout=60)
                self.assertEqual(process.returncode, 3, err)
                lines = harness.Done(3, out, err).json_lines()
                self.assertEqual(lines[-1]["type"], "summary")
                self.assertIs(lines[-1]["interrupted"], True)

    def test_signals_together(self):
        # Two signals at once, as timeout(1) sends them to its child and its process group, are one request: the partial report comes.
        process = self.start("--format=jsonl", "-")
        self.wait_until(process, lambda: catches(process.pid, signal.SIGTERM))
        process.send_signal(signal.SIGTERM)
        self.wait_until(process, lambda: not pending(process.pid, signal.SIGTERM))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3, err)
        self.assertIs(harness.Done(3, out, err).json_lines()[-1]["interrupted"], True)

    def test_later_signal(self):
        # A later one ends the process at once by that signal, here while nobody reads its report.
        process = self.start("--format=jsonl", *["none%d" % i for i in range(4000)])
        self.wait_until(process, lambda: catches(process.pid, signal.SIGTERM))
        while process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                pass
        self.assertEqual(process.returncode, -signal.SIGTERM)
        process.stdout.close()
        process.communicate()

    def test_signal_in_large_input(self):
        # A signal while a large input is matched: it is not scanned to its end.
        process = self.start("--format=jsonl", "-")
        block = b" ".join(acme("b%d" % i).encode()[:20] for i in range(40000))
        for _ in range(300):
            process.stdin.write(block)
        process.stdin.close()
        process.stdin = None
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3, err)
        coverage = harness.Done(3, out, err).json_lines()[-1]["coverage"]
        self.assertEqual(coverage["unscanned"], [{"object": "<stdin>", "reason": "interrupted"}])

    def test_pipes_by_name(self):
        # What a shell gives for <(command), and a pipe named /dev/stdin, are read to their end, within the limit.
        for name in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
            with self.subTest(name=name):
                done = self.acme("scan", "--format=jsonl", name, data=b"x" * 200000 + b"\n" + acme("p").encode())
                self.assertStatus(done, 1)
                finding, summary = done.json_lines()[1:]
                self.assertEqual((finding["path"], finding["line"]), (name, 2))
                self.assertEqual(summary["coverage"]["expected"], 1)
                self.assertStatus(self.acme("scan", "--object-max=1K", name, data=b"x" * 1025), 3)
        shell = '"$0" scan --format=jsonl --no-default-rules --rules "$1" <(echo "$2") <(echo clean)'
        done = subprocess.run(["bash", "-c", shell, harness.PROGRAM, self.rules, acme("sub")], stdout=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, cwd=self.dir, env=self.env, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        coverage = harness.Done(1, done.stdout, b"").json_lines()[-1]["coverage"]
        self.assertEqual((coverage["expected"], coverage["scanned"]), (2, 2))

    def test_ignored_signal(self):
        # Who starts the program with SIGINT ignored (nohup, a background job) finds it ignored.
        process = self.start("-", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        self.wait_until(process, lambda: catches(process.pid, signal.SIGTERM))
        self.assertFalse(catches(process.pid, signal.SIGINT))
        process.send_signal(signal.SIGINT)
        process.communicate(b"nothing here", timeout=60)
        self.assertEqual(process.returncode, 0)

    def test_report_not_written(self):
        # A closed standard output, a full device, a reader that went away: status 4 and a message, findings or not.
        self.write("clean", "x")
        for form in self.formats():
            command = [harness.PROGRAM, "scan", "--format", form, "--no-default-rules", "--rules", self.rules, "."]
            with open("/dev/full", "wb") as full:
                self.expect_4(command, stdout=full)
            self.expect_4(command, preexec_fn=lambda: os.close(1))
            reader, writer = os.pipe()
            os.close(reader)
            self.expect_4(command, stdout=writer)
            os.close(writer)

    def test_help_not_written(self):
        # The same for help and lists.
        with open("/dev/full", "wb") as full:
            for args in (["--help"], ["scan", "--help"], ["--version"], ["rules", "list"]):
                self.expect_4([harness.PROGRAM, *args], stdout=full)

    def expect_4(self, command, **more):
        done = subprocess.run(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, cwd=self.dir, env=self.env,
                              timeout=60, check=False, **more)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertRegex(done.stderr, rb"^credwatch: [^\n]*write[^\n]*\n$")

    def test_closed_streams(self):
        # With all three streams closed no file of ours takes their numbers; the report is still missed.
        done = subprocess.run([harness.PROGRAM, "scan", "."], cwd=self.dir, env=self.env, timeout=60, check=False,
                              preexec_fn=lambda: [os.close(fd) for fd in (0, 1, 2)])
        self.assertEqual(done.returncode, 4)

    def test_not_dumpable(self):
        # No core file, and no debugger of another user: the limit is zero although the parent's is not.
        process = self.start("-", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (1000, 1000)))
        self.wait_until(process, lambda: catches(process.pid, signal.SIGTERM))
        with open("/proc/%d/limits" % process.pid, encoding="ascii") as file:
            self.assertRegex(file.read(), r"Max core file size +0 +0 ")
        self.assertEqual(os.stat("/proc/%d/mem" % process.pid).st_uid, 0)
        process.communicate(b"", timeout=60)

    def on_terminal(self, *args, **env):
        """Run with a terminal as standard error; returns (status, stdout, what the terminal got)."""
        parent, child = pty.openpty()
        process = subprocess.Popen([harness.PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=child, cwd=self.dir, env=dict(self.env, TERM="xterm", **env))
        os.close(child)
        got = b""
        while True:
            select.select([parent], [], [])
            try:
                data = os.read(parent, 65536)
            except OSError:
                break
            if not data:
                break
            got += data
        out = process.communicate(timeout=60)[0]
        os.close(parent)
        return process.returncode, out, got

    def test_progress(self):
        # On a terminal: lines that end cleared. Off a terminal or when told so: nothing.
        self.write("a", acme("t"))
        rules = ["--no-default-rules", "--rules", self.rules]
        status, out, got = self.on_terminal("scan", *rules, ".")
        self.assertEqual(status, 1)
        self.assertNotIn(b"\033", out)
        self.assertTrue(got.startswith(b"\r"), got)
        self.assertTrue(got.endswith(b"\r\033[K"), got)
        self.assertNotIn(acme("t").encode(), got)
        for option in ("--quiet", "--no-progress"):
            self.assertEqual(self.on_terminal("scan", option, *rules, ".")[2], b"")
        self.assertEqual(self.acme("scan", ".").err, b"")

    def colours_on_terminal(self, **env):
        parent, child = pty.openpty()
        process = subprocess.Popen([harness.PROGRAM, "scan", "-q", "--no-default-rules", "--rules", self.rules, "a"],
                                   stdin=subprocess.DEVNULL, stdout=child, cwd=self.dir,
                                   env=dict(self.env, TERM="xterm", **env))
        os.close(child)
        got = b""
        while True:
            try:
                data = os.read(parent, 65536)
            except OSError:
                break
            if not data:
                break
            got += data
        process.wait(timeout=60)
        os.close(parent)
        return b"\033[" in got

    def test_colours(self):
        # On a terminal by default; not with NO_COLOR, which counts when it is not empty.
        self.write("a", acme("col"))
        self.assertTrue(self.colours_on_terminal())
        self.assertFalse(self.colours_on_terminal(NO_COLOR="1"))
        self.assertTrue(self.colours_on_terminal(NO_COLOR=""))


if __name__ == "__main__":
    harness.main()
