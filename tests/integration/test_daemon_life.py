#!/usr/bin/env python3
"""A daemon from its start to its end: configuration, sockets, reload, drain, what systemd is told, what its files say.

    python3 -B test_daemon_life.py CREDWATCHD"""
import ctypes
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import unittest

import daemon_harness
import harness
from daemon_harness import CallError, Client, memfd
from harness import ACME_RULES, acme, github


PR_SET_MDWE, PR_GET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 66, 1  # prctl(2)


def scan(client, text, **more):
    return client.call("ScanText", dict({"text": text}, **more))["result"]


class Start(daemon_harness.Case):
    def test_check_config(self):
        # a right configuration
        daemon = self.new_daemon("daemon: {workers: 1}\n")
        done = daemon.run("--check-config")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^valid: \d+ rules, key [0-9a-f]{4}\n$")
        # a wrong key, a rule file that is not there, a rule that is wrong: each with its name
        daemon.configure("daemon: {worker: 1}\n")
        done = daemon.run("--check-config")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("d.yaml:1: unknown key 'worker'", done.stderr)
        daemon.configure("rules: {files: [none.yaml]}\n")
        done = daemon.run("--check-config")
        self.assertEqual(done.returncode, 2)
        self.assertIn("none.yaml", done.stderr)
        self.write("acme.yaml", ACME_RULES.replace("anchor: 'acme_[A-Za-z0-9]{20}'", "anchor: 'acme_['"))
        daemon.configure("rules: {files: [acme.yaml]}\n")
        done = daemon.run("--check-config")
        self.assertEqual(done.returncode, 2)
        self.assertIn("acme.key", done.stderr)
        # a user that there is not
        daemon.configure("daemon: {audit: 'root no-such-user-here'}\n")
        done = daemon.run("--check-config")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("no-such-user-here", done.stderr)
        # an entry that disables nothing is said, and is no error
        daemon.configure("rules: {disable: [{id: no.such-rule, reason: test}]}\n")
        done = daemon.run("--check-config")
        self.assertEqual(done.returncode, 0)
        self.assertIn("no such rule", done.stderr)
        # a configuration that others may change
        os.chmod(daemon.config_path, 0o666)
        self.assertEqual(daemon.run("--check-config").returncode, 2)

    def test_usage(self):
        daemon = self.new_daemon()
        for args in (("--nothing",), ("word",), ("--log-level", "loud")):
            done = daemon.run(*args)
            self.assertEqual((done.returncode, done.stdout), (2, ""), args)
        self.assertEqual(daemon.run("--version").returncode, 0)
        self.assertIn("--check-config", daemon.run("--help").stdout)
        self.assertNotIn("--worker", daemon.run("--help").stdout)

    def test_bad_start(self):
        # a wrong configuration: it never listens
        daemon = self.new_daemon("daemon: {socket: ''}\n")
        daemon.start(ready=False)
        self.assertEqual(daemon.process.wait(daemon_harness.WAIT), 2)
        self.assertFalse(os.path.exists(daemon.socket))

    def test_scan(self):
        daemon = self.daemon()
        with daemon.connect() as client:
            token = github("life")
            self.assertEqual(scan(client, "nothing")["hits"], 0)
            result = scan(client, "token = %s\n" % token, path="a.ini")
            self.assertEqual((result["hits"], result["complete"], result["findings"][0]["rule"]), (1, True, "github.pat"))
            self.assertNotIn(token, json.dumps(result))
            fd = memfd(("x\n" * 1000 + token).encode())
            result = client.call("ScanFd", {}, fds=(fd,))["result"]
            os.close(fd)
            self.assertEqual(result["findings"][0]["line"], 1001)

    def test_second_daemon(self):
        """It is refused while the first lives, whichever of both it would share."""
        first = self.daemon()
        for args in ((), ("--socket", first.top + "/other.socket"), ("--state", first.top + "/other.state")):
            second = self.new_daemon(name="second", args=())
            second.socket, second.state = first.socket, first.state
            second.args = list(args)
            second.start(ready=False)
            self.assertEqual(second.process.wait(daemon_harness.WAIT), 2, second.log())
        with first.connect() as client:
            self.assertEqual(scan(client, "still there")["hits"], 0)

    def test_stale_socket(self):
        """One that a dead daemon left is taken; something that is no socket is left alone."""
        first = self.daemon()
        first.end(signal.SIGKILL)
        self.assertTrue(os.path.exists(first.socket))
        again = self.new_daemon().start()
        again.call("Status")
        self.assertEqual(again.end(), 0)
        self.assertFalse(os.path.exists(again.socket))
        with open(again.socket, "w", encoding="utf-8") as file:
            file.write("mine")
        third = self.new_daemon().start(ready=False)
        self.assertEqual(third.process.wait(daemon_harness.WAIT), 2, third.log())
        with open(again.socket, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine")

    def test_folders(self):
        """State and cache are for its user alone."""
        daemon = self.daemon()
        self.assertEqual(os.stat(daemon.state).st_mode & 0o777, 0o700)
        for name in os.listdir(daemon.state):
            self.assertEqual(os.stat(os.path.join(daemon.state, name)).st_mode & 0o077, 0, name)


class Systemd(daemon_harness.Case):
    def test_socket_activation(self):
        """The socket that was handed over is served, calls that waited in it too, and it is left at the end."""
        path = self.top + "/handed"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        listener.listen(16)
        early = Client(path)
        early.send("Status")
        daemon = self.new_daemon(pass_fd=listener.fileno()).start()
        self.assertIn("version", early.answer())
        early.close()
        self.assertFalse(os.path.exists(daemon.socket))
        # a restart: what is called in between is answered by the next
        self.assertEqual(daemon.end(), 0)
        self.assertTrue(os.path.exists(path))
        between = Client(path)
        between.send("ScanText", {"text": "x"})
        again = self.new_daemon(pass_fd=listener.fileno()).start()
        self.assertEqual(between.answer()["result"]["hits"], 0)
        between.close()
        self.assertEqual(again.end(), 0)
        listener.close()

    def test_watchdog(self):
        """It is fed after the self-test, and that a worker hangs does not stop it for good."""
        daemon = self.daemon("daemon: {workers: 1}\n", env={"WATCHDOG_USEC": "400000"})
        daemon.wait_for("WATCHDOG=1")
        daemon.wait_for("WATCHDOG=1")
        # no worker can answer: silence, until they are replaced
        for pid in daemon.workers("content"):
            os.kill(pid, signal.SIGKILL)
        daemon.wait_for("WATCHDOG=1")

    def test_no_executable_memory(self):
        """MemoryDenyWriteExecute=, as the unit has it: expressions run interpreted, and find the same."""
        if ctypes.CDLL(None).prctl(PR_GET_MDWE, 0, 0, 0, 0) < 0:
            self.skipTest("this kernel cannot refuse executable memory without systemd")
        daemon = self.new_daemon()
        daemon.before = lambda: ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
        daemon.start()
        with daemon.connect() as client:
            self.assertEqual(scan(client, "token = " + github("mdwe"))["findings"][0]["proof"], "checksum")

    def test_stopping(self):
        daemon = self.daemon()
        daemon.process.terminate()
        daemon.wait_for("STOPPING=1")
        self.assertEqual(daemon.process.wait(daemon_harness.WAIT), 0)

    def test_journal(self):
        """Lines carry priorities if standard error is the journal's stream."""
        daemon = self.new_daemon()
        with open(daemon.log_path, "ab") as file:
            st = os.fstat(file.fileno())
        daemon.env["JOURNAL_STREAM"] = "%d:%d" % (st.st_dev, st.st_ino)
        daemon.start()
        self.assertRegex(daemon.log(), r"(?m)^<5>event=ready ")


class Reload(daemon_harness.Case):
    def test_good(self):
        """New rules count, old connections stay."""
        self.write("acme.yaml", ACME_RULES)
        daemon = self.daemon()
        with daemon.connect() as client:
            text = "see " + acme("reload")
            before = client.call("Status")
            self.assertEqual(scan(client, text)["hits"], 0)
            daemon.configure("rules: {files: [acme.yaml]}\n")
            daemon.reload()
            self.assertEqual(scan(client, text)["findings"][0]["rule"], "acme.key")
            after = client.call("Status")
            self.assertEqual((after["rules"], after["reloads"]), (before["rules"] + 1, 1))
            self.assertNotEqual(after["digest"], before["digest"])
            self.assertIsNone(after.get("last_reload_error"))
            # who asks for the old rules is refused now
            self.assertError("WrongEngine", client.call, "ScanText", {"text": "x", "digest": before["digest"]})
            self.assertEqual(scan(client, "x", digest=after["digest"], engine=after["engine"])["hits"], 0)

    def test_bad(self):
        """The old rules stay, and why is said everywhere."""
        daemon = self.daemon()
        broken = ACME_RULES.replace("(?<secret>acme_[A-Za-z0-9]{32})", "(?<secret>acme_[A-Za-z0-9]{32}")
        self.write("acme.yaml", broken)
        with daemon.connect() as client, daemon.connect() as events:
            events.send("Subscribe", more=True)
            before = client.call("Status")
            for config, word in (("rules: {files: [acme.yaml]}\n", "acme.key"), ("daemon: {workers: many}\n", "daemon.workers"),
                                 ("daemon: {scan: no-such-user-here}\n", "no-such-user-here")):
                daemon.configure(config)
                daemon.reload()
                status = client.call("Status")
                self.assertEqual((status["digest"], status["reloads"]), (before["digest"], 0))
                self.assertIn(word, status["last_reload_error"])
                self.assertIn(word, daemon.log().rstrip("\n").split("\n")[-1])
                event = events.receive()["parameters"]["event"]
                self.assertEqual((event["event"], event["ok"]), ("reload", False))
                self.assertIn(word, event["reason"])
                self.assertEqual(scan(client, "token = " + github("bad"))["hits"], 1)
            # the call says the same, and a good configuration ends it
            with self.assertRaises(CallError) as caught:
                client.call("Reload")
            self.assertIn("no-such-user-here", json.dumps(caught.exception.parameters))
            daemon.configure("")
            client.call("Reload")
            self.assertIsNone(client.call("Status").get("last_reload_error"))

    def test_under_load(self):
        """Every request is answered exactly once, by the old rules or the new ones."""
        self.write("acme.yaml", ACME_RULES)
        daemon = self.daemon("daemon: {workers: 2}\n")
        text, stop, failures, counts = "see " + acme("load"), threading.Event(), [], []

        def load():
            done = 0
            try:
                with daemon.connect() as client:
                    while not stop.is_set():
                        hits = scan(client, text)["hits"]
                        if hits not in (0, 1):
                            failures.append(hits)
                        done += 1
            except (CallError, EOFError, OSError) as error:
                failures.append(error)
            counts.append(done)

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for i in range(4):
            daemon.configure("rules: {files: [acme.yaml]}\n" if i % 2 == 0 else "")
            daemon.reload()
        with daemon.connect() as client:
            self.assertEqual(scan(client, text)["hits"], 0)
            self.assertEqual(client.call("Status")["reloads"], 4)
        stop.set()
        for thread in threads:
            thread.join(daemon_harness.WAIT)
        self.assertEqual(failures, [])
        self.assertGreater(min(counts), 0)


class End(daemon_harness.Case):
    def test_drain(self):
        """What was asked before SIGTERM is answered; nobody new is taken."""
        daemon = self.daemon("daemon: {workers: 1}\n")
        text = "x = 1\n" * 20000
        clients = [daemon.connect() for _ in range(20)]
        idle = daemon.connect()
        idle.call("Status")
        for client in clients:
            client.send("ScanText", {"text": text})
        daemon.process.terminate()
        daemon.wait_for("STOPPING=1")
        answers = 0
        for client in clients:
            try:
                answers += client.answer()["result"]["hits"] == 0
            except (CallError, EOFError) as error:
                self.fail(error)
            client.close()
        self.assertEqual(answers, 20)
        self.assertIsNone(idle.receive_raw())
        idle.close()
        self.assertEqual(daemon.process.wait(daemon_harness.WAIT), 0)

    def test_twice(self):
        """The second signal does not wait."""
        daemon = self.daemon()
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
            if daemon.process.poll() is None:
                daemon.process.send_signal(number)
        self.assertEqual(daemon.process.wait(daemon_harness.WAIT), 0)

    def test_twice_while_busy(self):
        """A worker that hangs is waited for, until the second signal."""
        daemon = self.daemon("daemon: {workers: 1}\n")
        pid = daemon.workers("content")[0]
        os.kill(pid, signal.SIGSTOP)
        with daemon.connect() as client, daemon.connect() as idle:
            client.send("ScanText", {"text": "x"})
            idle.call("Status")
            daemon.process.terminate()
            daemon.wait_for("STOPPING=1")
            self.assertIsNone(idle.receive_raw())
            with self.assertRaises(OSError):
                daemon.connect()
            self.assertIsNone(daemon.process.poll())
            daemon.process.terminate()
            self.assertEqual(daemon.process.wait(daemon_harness.WAIT), 0)

    def test_kill(self):
        """Workers do not outlive a killed parent."""
        daemon = self.daemon("daemon: {workers: 2}\n")
        pids = [os.pidfd_open(pid) for pid in daemon.workers("content")]
        self.assertEqual(len(pids), 2)
        daemon.end(signal.SIGKILL)
        for fd in pids:
            self.assertTrue(select.select([fd], [], [], daemon_harness.WAIT)[0], "a worker lives on")
            os.close(fd)


class Files(daemon_harness.Case):
    def test_log(self):
        """Neither content nor a line that a peer wrote is in the log."""
        daemon = self.daemon("daemon: {log_level: debug}\n")
        token = github("log")
        with daemon.connect() as client:
            scan(client, "token = %s\nmarker-of-content\n" % token, path="path-of-a-peer\nevent=forged")
            client.send("io.credwatch.X\nevent=forged")
            client.receive_raw()
        with daemon.connect() as client:
            client.send_raw(b'{"method": "marker-of-garbage\0')
            client.receive_raw()
        daemon.call("Status")
        log = daemon.log()
        for word in (token, "marker-of-content", "marker-of-garbage"):
            self.assertNotIn(word, log)
        for line in log.split("\n")[:-1]:
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (error|warning|notice|info|debug) event=[a-z_]+( |$)")
            self.assertNotRegex(line, r"^\S+ \S+ event=forged")

    def test_metrics(self):
        """A file that others may read, of lines that a collector reads, without paths and users."""
        path = self.top + "/credwatch.prom"
        daemon = self.daemon("daemon: {metrics: %s}\n" % path)
        with daemon.connect() as client:
            for _ in range(3):
                scan(client, "x", path="/secret/path")
        self.assertEqual(daemon.end(), 0)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o644)
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        self.assertEqual(lines.pop(), "")
        values, types = {}, {}
        for line in lines:
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                types[name] = kind
            elif not line.startswith("# HELP "):
                self.assertRegex(line, r'^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+$')
                name = re.match(r"[a-z_]+", line).group()
                values[line.rsplit(" ", 1)[0]] = float(line.rsplit(" ", 1)[1])
                self.assertIn(name, types)
                self.assertEqual(types[name] == "counter", name.endswith("_total"), name)
        self.assertEqual(values["credwatchd_calls_total"], 3)
        self.assertGreaterEqual(values["credwatchd_self_tests_passed_total"], 1)
        self.assertEqual(values["credwatchd_self_tests_failed_total"], 0)
        self.assertNotIn("/secret", "\n".join(lines))
        self.assertEqual([name for name in os.listdir(self.top) if name.endswith(".tmp")], [])

    def audit_lines(self, path):
        with open(path, encoding="utf-8") as file:
            return [json.loads(line, object_pairs_hook=harness.single) for line in file]

    def test_audit_log(self):
        """Each change of an administrator, in order, without secrets."""
        path = self.top + "/audit.log"
        os.mkdir(self.top + "/git")
        subprocess.run(["git", "init", "-q", "--bare", self.top + "/git/a.git"], check=True)
        daemon = self.daemon("daemon: {audit_log: %s, roots: [%s/git]}\n" % (path, self.top))
        token, fingerprint = github("audit"), "0123:" + "0" * 32
        with daemon.connect() as client, daemon.connect() as other:
            other.call("Status")
            client.call("Allow", {"fingerprint": fingerprint, "reason": "it is " + token})
            client.call("Revoke", {"fingerprint": fingerprint})
            client.call("Watch", {"path": self.top + "/git/a.git"})
            client.call("Unwatch", {"path": self.top + "/git/a.git"})
            client.call("Reload")
            client.call("ReportOutcome", {"command": "pre-receive", "repository": "/srv/" + token, "status": 1, "user": "eve " + token,
                                          "findings": [{"rule": "github.pat", "fingerprint": fingerprint}],
                                          "refs": ["refs/heads/a", "refs/heads/b"], "expected": 5, "unscanned": 0})
            numbers = [s["id"] for s in client.call("Sessions")["sessions"]]
            client.call("Disconnect", {"session": max(numbers)})
            self.assertIsNone(other.receive_raw())
        lines = self.audit_lines(path)
        self.assertEqual([line["event"] for line in lines],
                         ["allow", "revoke", "watch", "unwatch", "reload", "outcome", "disconnect"])
        for line in lines:
            self.assertEqual((line["uid"], line["pid"]), (os.getuid(), os.getpid()), line)
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(lines[0]["fingerprint"], fingerprint)
        self.assertIn("it is ", lines[0]["reason"])
        self.assertEqual((lines[5]["status"], lines[5]["findings"], lines[5]["refs"], lines[5]["rule"]),
                         (1, 1, "refs/heads/a refs/heads/b", "github.pat"))
        self.assertIn("eve", lines[5]["claimed_user"])
        with open(path, encoding="utf-8") as file:
            self.assertNotIn(token, file.read())
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)

    def test_audit_many(self):
        """Refusals are limited, and how many were left out is said; reports of hooks are not lost with them."""
        path = self.top + "/audit.log"
        daemon = self.daemon("daemon: {audit_log: %s}\n" % path)
        with daemon.connect() as client:
            for _ in range(30):
                with self.assertRaises(CallError):
                    client.call("ScanFd", {})
            for _ in range(30):
                client.call("ReportOutcome", {"command": "audit", "repository": "/r", "status": 0, "findings": [], "expected": 1,
                                              "unscanned": 0})
        events = [line["event"] for line in self.audit_lines(path)]
        self.assertEqual((events.count("refused"), events.count("outcome")), (20, 30))


# What another user's client does: python3 -c AS_OTHER SOCKET METHOD PARAMETERS, and prints the reply.
AS_OTHER = """
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(json.dumps({"method": "io.credwatch." + sys.argv[2], "parameters": json.loads(sys.argv[3])}).encode() + b"\\0")
data = b""
while b"\\0" not in data:
    got = s.recv(65536)
    if not got:
        break
    data += got
sys.stdout.write(data.rstrip(b"\\0").decode())
"""
OTHER, OTHER_GROUP = 54321, 54322
PYTHON = "/usr/bin/python3"  # sys.executable may lie where others may not look


@unittest.skipUnless(os.geteuid() == 0 and os.path.exists(PYTHON), "only root can become another user")
class Roles(daemon_harness.Case):
    def setUp(self):
        super().setUp()
        os.chmod(self.top, 0o755)

    def as_other(self, daemon, method, parameters=None, uid=OTHER, groups=(OTHER_GROUP,)):
        done = subprocess.run([PYTHON, "-c", AS_OTHER, daemon.socket, method, json.dumps(parameters or {})],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=daemon_harness.WAIT,
                              user=uid, group=groups[0], extra_groups=list(groups))
        if not done.stdout:
            return "Traceback" if "Permission" not in done.stderr else "closed"
        reply = json.loads(done.stdout)
        return reply.get("error", "ok").split(".")[-1]

    def test_default(self):
        """Everybody may have content scanned, nobody else may do more."""
        daemon = self.daemon()
        self.assertEqual(self.as_other(daemon, "ScanText", {"text": "x"}), "ok")
        self.assertEqual(self.as_other(daemon, "Status"), "ok")
        for method, parameters in (("Sessions", None), ("ListWatches", None), ("ListFindings", None), ("Reload", None),
                                   ("Watch", {"path": "/srv"}), ("Disconnect", {"session": 1}),
                                   ("Allow", {"fingerprint": "0123:" + "0" * 32, "reason": "r"}), ("ScanRepository", {"path": "/srv"})):
            self.assertEqual(self.as_other(daemon, method, parameters), "PermissionDenied", method)

    def test_lists(self):
        """Users by number, groups by number; what a reload changes counts at once."""
        path = self.top + "/audit.log"
        daemon = self.daemon("daemon: {scan: '%d', audit: '@%d', audit_log: %s}\n" % (OTHER + 1, OTHER_GROUP, path))
        self.assertEqual(self.as_other(daemon, "Sessions"), "ok")
        self.assertEqual(self.as_other(daemon, "Reload"), "PermissionDenied")
        # neither the group's nor the list's
        self.assertIn(self.as_other(daemon, "ScanText", {"text": "x"}, groups=(OTHER_GROUP + 1,)), ("PermissionDenied", "closed"))
        self.assertEqual(self.as_other(daemon, "ScanText", {"text": "x"}, uid=OTHER + 1, groups=(OTHER_GROUP + 1,)), "ok")
        daemon.configure("daemon: {scan: '*', admin: '%d', audit_log: %s}\n" % (OTHER, path))
        daemon.reload()
        self.assertEqual(self.as_other(daemon, "Reload", groups=(OTHER_GROUP + 1,)), "ok")
        with open(path, encoding="utf-8") as file:
            refused = [json.loads(line) for line in file if '"refused"' in line]
        self.assertIn((OTHER, "io.credwatch.Reload"), [(line["uid"], line["method"]) for line in refused])

    def test_other_user(self):
        """A daemon of an ordinary user: its own folder, and root may call it."""
        folder = self.top + "/own"
        os.mkdir(folder)
        os.chown(folder, OTHER, OTHER_GROUP)
        daemon = daemon_harness.Daemon(folder)
        self.daemons.append(daemon)
        for name in ("key", "d.yaml"):
            os.chown(os.path.join(folder, name), OTHER, OTHER_GROUP)
        daemon.program = "/usr/bin/setpriv"
        daemon.args = []
        command = daemon.command()[1:]
        daemon.command = lambda: ["/usr/bin/setpriv", "--reuid", str(OTHER), "--regid", str(OTHER_GROUP), "--clear-groups",
                                  daemon_harness.DAEMON, *command]
        os.chmod(os.path.join(folder, "d.notify"), 0o777)
        daemon.start()
        self.assertEqual(os.stat(daemon.state).st_uid, OTHER)
        self.assertIn("version", daemon.call("Status"))
        self.assertEqual(self.as_other(daemon, "Sessions", groups=(OTHER_GROUP + 1,)), "ok")


class Memory(daemon_harness.Case):
    @unittest.skipIf(os.environ.get("SANITIZED"), "sanitizers have memory of their own")
    def test_pss(self):
        """The parent and each worker share what is the same: the sum is small."""
        daemon = self.daemon("daemon: {workers: 4}\n")
        total = 0
        for pid in [daemon.process.pid, *daemon.workers()]:
            try:
                with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
                    total += int(re.search(r"(?m)^Pss:\s+(\d+) kB", file.read()).group(1))
            except PermissionError:
                self.skipTest("only root sees the memory of a process that is not dumpable")
        self.assertLess(total, 60 * 1024, "kB")


if __name__ == "__main__":
    daemon_harness.main()
