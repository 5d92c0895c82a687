#!/usr/bin/env python3
"""What a server's hook came to is told to the daemon, and changes nothing for who pushes.

    python3 -B test_daemon_receive.py CREDWATCHD CREDWATCH"""
import json
import os
import shutil
import tempfile

import daemon_harness
import push_harness
from harness import github


class Receive(push_harness.PushCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cw-d.")
        self.audit = os.path.join(self.folder, "audit.log")
        self.daemon = daemon_harness.Daemon(self.folder, "daemon: {audit_log: %s}\n" % self.audit)
        super().setUp()
        self.policy = self.configure(extra="daemon: {socket: %s}" % self.daemon.socket)

    def tearDown(self):
        self.daemon.close()
        shutil.rmtree(self.folder)
        super().tearDown()

    def outcomes(self):
        if not os.path.exists(self.audit):
            return []
        with open(self.audit, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def test_told(self):
        """An accepted push and a rejected one, with what the platform says of the pusher, without the secret."""
        self.daemon.start()
        self.env["GL_ID"], self.env["GL_USERNAME"], self.env["GL_PROTOCOL"] = "user-1", "alice", "ssh"
        self.write("a.txt", "one\n")
        self.commit()
        self.accepted(self.push("HEAD:refs/heads/main"))
        token = github("receive")
        self.write("b.txt", "token = %s\n" % token)
        self.commit()
        self.assertNotEqual(self.push("HEAD:refs/heads/main").status, 0)
        good, bad = self.outcomes()
        for line in (good, bad):
            self.assertEqual((line["event"], line["method"], line["repository"], line["refs"], line["claimed_user"], line["uid"]),
                             ("outcome", "pre-receive", os.path.realpath(self.server), "refs/heads/main", "alice", os.getuid()))
        self.assertEqual((good["status"], good["findings"]), (0, 0))
        self.assertEqual((bad["status"], bad["findings"], bad["rule"]), (1, 1, "github.pat"))
        self.assertNotIn(token, json.dumps(bad))

    def test_alone(self):
        """Without a daemon, and with one that is gone, a push is judged as ever."""
        self.write("a.txt", "one\n")
        self.commit()
        self.accepted(self.push("HEAD:refs/heads/main"))
        self.daemon.start()
        self.daemon.end(9)
        self.write("b.txt", "token = %s\n" % github("alone"))
        self.commit()
        done = self.push("HEAD:refs/heads/main")
        self.assertNotEqual(done.status, 0)
        self.assertIn("push rejected", done.errors)
        self.assertNotIn("daemon", done.errors)
        self.assertEqual(self.outcomes(), [])


if __name__ == "__main__":
    daemon_harness.main()
