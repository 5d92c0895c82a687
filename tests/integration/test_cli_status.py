#!/usr/bin/env python3
"""credwatch status and sessions: what they show of a running daemon, and what they say when there is none.

    python3 -B test_cli_status.py CREDWATCHD CREDWATCH"""
import json
import os
import signal
import socket
import subprocess

import daemon_harness
import harness


def dead_socket(path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)


def file(path):
    with open(path, "w", encoding="utf-8"):
        pass


class Status(daemon_harness.Case):
    def credwatch(self, *args):
        env = {"HOME": self.top, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        done = subprocess.run([harness.PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=env, cwd=self.top, timeout=daemon_harness.WAIT, check=False)
        return harness.Done(done.returncode, done.stdout, done.stderr)

    def test_none(self):
        # no socket; a socket at which nobody listens; a file
        for make in (lambda path: None, dead_socket, file):
            path = self.top + "/none"
            if os.path.lexists(path):
                os.unlink(path)
            make(path)
            for command in (("status",), ("sessions", "list"), ("sessions", "cut", "1")):
                done = self.credwatch(*command, "--socket", path)
                self.assertEqual((done.status, done.text), (3, ""), (command, done.errors))
                self.assertIn("no daemon listens", done.errors)

    def test_status(self):
        daemon = self.daemon()
        done = self.credwatch("status", "--socket", daemon.socket)
        self.assertEqual(done.status, 0, done.errors)
        self.assertIn("process %d" % daemon.process.pid, done.text)
        self.assertIn("it judges as this program with its default rules\n", done.text)
        self.assertNotIn("refused:\n", done.text)
        # for programs: the daemon's answer
        real = daemon.call("Status")
        shown = json.loads(self.credwatch("status", "--format", "json", "--socket", daemon.socket).text)
        self.assertEqual({k: v for k, v in shown.items() if k not in ("calls", "workers", "connections")},
                         {k: v for k, v in real.items() if k not in ("calls", "workers", "connections")})
        # other rules, and a reload that was refused, are said
        daemon.configure("rules: {disable: [{id: github.pat, reason: test}]}\n")
        daemon.reload()
        daemon.configure("nothing: of this\n")
        daemon.reload()
        done = self.credwatch("status", "--socket", daemon.socket)
        self.assertEqual(done.status, 0)
        self.assertIn("it judges by other rules", done.text)
        self.assertIn("the last reload was refused: ", done.text)
        self.assertIn("unknown key 'nothing'", done.text)

    def test_configured(self):
        """The socket of the user's configuration."""
        daemon = self.daemon()
        os.makedirs(self.top + "/.config/credwatch", mode=0o700)
        with open(self.top + "/.config/credwatch/config.yaml", "w", encoding="utf-8") as out:
            out.write("daemon: {socket: %s}\n" % daemon.socket)
        self.assertEqual(self.credwatch("status").status, 0)

    def test_sessions(self):
        daemon = self.daemon()
        with daemon.connect() as client:
            client.call("Status")
            done = self.credwatch("sessions", "list", "--socket", daemon.socket)
            self.assertEqual(done.status, 0, done.errors)
            lines = [line.split("\t") for line in done.text.split("\n")[:-1]]
            rows = [dict(zip(lines[0], line)) for line in lines[1:]]
            mine = [row for row in rows if row["pid"] == str(os.getpid())]
            self.assertEqual(len(mine), 1)
            self.assertEqual((mine[0]["uid"], mine[0]["roles"]), (str(os.getuid()), "scan,audit,admin"))
            # it is cut, and others are not
            with daemon.connect() as other:
                other.call("Status")
                self.assertEqual(self.credwatch("sessions", "cut", mine[0]["id"], "--socket", daemon.socket).status, 0)
                self.assertIsNone(client.receive_raw())
                other.call("Status")
            listed = json.loads(self.credwatch("sessions", "list", "-f", "json", "--socket", daemon.socket).text)
            self.assertNotIn(int(mine[0]["id"]), [s["id"] for s in listed["sessions"]])
        # one that is not there, and what is no number
        done = self.credwatch("sessions", "cut", "999999", "--socket", daemon.socket)
        self.assertEqual(done.status, 3)
        self.assertIn("no session 999999", done.errors)
        self.assertEqual(self.credwatch("sessions", "cut", "x", "--socket", daemon.socket).status, 2)
        self.assertEqual(self.credwatch("sessions", "cut", "--socket", daemon.socket).status, 2)

    def test_stopped(self):
        """A daemon that hangs is said after the time for a call, not waited for without end: here it is let go before."""
        daemon = self.daemon()
        daemon.process.send_signal(signal.SIGSTOP)
        command = subprocess.Popen([harness.PROGRAM, "status", "--socket", daemon.socket], stdout=subprocess.PIPE,
                                   env={"HOME": self.top}, cwd=self.top)
        daemon.process.send_signal(signal.SIGCONT)
        out, _ = command.communicate(timeout=daemon_harness.WAIT)
        self.assertEqual(command.returncode, 0)
        self.assertIn(b"credwatchd", out)


if __name__ == "__main__":
    daemon_harness.main()
