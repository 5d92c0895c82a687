#!/usr/bin/env python3
"""Users of a daemon and what they may do: a second user id gets what its role allows and nothing else, and what it was refused is reported.

    python3 -B test_daemon_hostile_roles.py CREDWATCHD"""
import json
import os
import unittest

import daemon_harness
import daemon_load
from daemon_harness import CallError, memfd

NOBODY, AUDITOR, ADMIN, STRANGER, GROUP = 65534, 12341, 12342, 12343, 54321
SCAN = [("ScanText", {"text": "a"}), ("Status", {}),
        ("ReportOutcome", {"command": "audit", "repository": "r", "status": 0, "findings": [], "expected": 1, "unscanned": 0})]
AUDIT = [("Sessions", {}), ("ListFindings", {}), ("ListWatches", {})]
FOR_ADMINS = [("Disconnect", {"session": 999999}), ("ScanRepository", {"path": "/none"}), ("Watch", {"path": "/none"}), ("Unwatch", {"path": "/none"}),
              ("Allow", {"fingerprint": "x", "reason": "y"}), ("Revoke", {"fingerprint": "x"}), ("Reload", {})]


@unittest.skipUnless(os.getuid() == 0, "needs root for other users")
class Roles(daemon_load.Case):
    def setUp(self):
        super().setUp()
        os.chmod(self.top, 0o755)

    def as_user(self, daemon, uid, calls, groups=()):
        """The name of the error of each call, "" for none; made by this user. "cut" when it has no connection."""
        word, said = os.pipe()
        pid = os.fork()
        if pid == 0:
            results = []
            try:
                os.close(word)
                os.setgroups(groups)
                os.setgid(uid)
                os.setuid(uid)
                results = [self.outcome(daemon, *call) for call in calls]
            finally:
                os.write(said, json.dumps(results).encode())
                os._exit(0)
        os.close(said)
        with open(word, "rb") as file:
            results = json.loads(file.read())
        os.waitpid(pid, 0)
        self.assertEqual(len(results), len(calls))
        return results

    @staticmethod
    def outcome(daemon, method, parameters, fds=()):
        try:
            daemon.call(method, parameters, fds=fds)
        except CallError as error:
            return error.name.split(".")[-1] + " " + error.parameters.get("role", "")
        except OSError:
            return "cut"
        except EOFError:
            return "cut"
        return ""

    def allowed(self, daemon, uid, calls, groups=()):
        for call, result in zip(calls, self.as_user(daemon, uid, calls, groups)):
            self.assertNotIn("PermissionDenied", result, call)
            self.assertNotEqual(result, "cut")

    def denied(self, daemon, uid, calls, role, groups=()):
        self.assertEqual(set(self.as_user(daemon, uid, calls, groups)), {"PermissionDenied " + role})

    def test_roles(self):
        # Everybody may scan, one may audit, one is an administrator by its number, one by its group.
        daemon = self.daemon("daemon: {audit: '%d', admin: '%d @%d', audit_log: %s/audit}\n" % (AUDITOR, ADMIN, GROUP, self.top))
        with self.beside(daemon), daemon.connect() as subscriber:
            subscriber.send("Subscribe", {}, more=True)
            for uid, groups in ((NOBODY, ()), (STRANGER, (GROUP + 1,))):
                self.allowed(daemon, uid, SCAN, groups)
                self.denied(daemon, uid, AUDIT, "audit", groups)
                self.denied(daemon, uid, FOR_ADMINS, "admin", groups)
            self.allowed(daemon, AUDITOR, SCAN + AUDIT)
            self.denied(daemon, AUDITOR, FOR_ADMINS, "admin")
            for uid, groups in ((ADMIN, ()), (STRANGER, (GROUP,)), (0, ())):
                self.allowed(daemon, uid, SCAN + AUDIT + FOR_ADMINS, groups)
            # who is refused again and again is reported, once and not each time
            for _ in range(5):
                self.denied(daemon, NOBODY, FOR_ADMINS, "admin")
            events = []
            while not any(e["event"] == "refused" and e["uid"] == NOBODY for e in events):
                events.append(subscriber.receive()["parameters"]["event"])
        self.assertIn("uid=%d" % NOBODY, [line for line in daemon.log().split("\n") if "refused" in line][0])
        with open(self.top + "/audit", encoding="ascii") as file:
            lines = [json.loads(line) for line in file]
        self.assertIn(NOBODY, [line["uid"] for line in lines])
        self.assertEqual(os.stat(self.top + "/audit").st_mode & 0o777, 0o640)

    def test_scan_is_for_some(self):
        # With a list of who may scan, others cannot even connect, or are refused.
        daemon = self.daemon("daemon: {scan: '%d'}\n" % AUDITOR)
        self.allowed(daemon, AUDITOR, SCAN)
        for result in self.as_user(daemon, NOBODY, SCAN):
            self.assertIn(result, ("cut", "PermissionDenied scan"))

    def test_descriptors_of_others(self):
        # A memfd of another user is content like any other.
        daemon = self.daemon()
        fd = memfd(self.token.encode())
        self.assertEqual(self.as_user(daemon, NOBODY, [("ScanFd", {}, (fd,))]), [""])
        os.close(fd)

    def test_reload_changes_roles(self):
        # A reload that takes a role away takes it from those who are connected.
        daemon = self.daemon("daemon: {audit: '%d'}\n" % AUDITOR)
        ready, go = os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.setgroups(())
                os.setuid(AUDITOR)
                with daemon.connect() as client:
                    client.call("Sessions")
                    os.write(ready[1], b"x")
                    os.read(go[0], 1)
                    try:
                        client.call("Sessions")
                    except CallError as error:
                        status = 0 if error.name == "io.credwatch.PermissionDenied" else 2
            finally:
                os._exit(status)
        self.assertEqual(os.read(ready[0], 1), b"x")
        daemon.configure("")
        daemon.reload()
        os.write(go[1], b"x")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        for end in ready + go:
            os.close(end)

    def test_nobody_can_take_the_socket(self):
        # The socket, the state folder and the log of the audit cannot be changed by others.
        daemon = self.daemon("daemon: {audit_log: %s/audit}\n" % self.top)
        daemon.call("Reload")
        for path in (daemon.socket, daemon.state, daemon.state + "/state.db", self.top + "/audit"):
            mode = os.stat(path).st_mode
            self.assertEqual(mode & (0o022 if path != daemon.socket else 0), 0, path)
        self.assertEqual(os.stat(daemon.state).st_mode & 0o777, 0o700)


if __name__ == "__main__":
    daemon_harness.main()
