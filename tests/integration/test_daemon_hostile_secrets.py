#!/usr/bin/env python3
"""The secret never leaves: secrets of many kinds are given to a daemon in every way there is, as contents, in repositories, and in places where
none belongs, and all that it answers, logs, stores, notifies and shows of its processes is searched for them: as they are, in base64 at
each alignment, in hex, and for any part longer than a redacted form may show.

    python3 -B test_daemon_hostile_secrets.py CREDWATCHD"""
import contextlib
import json
import os
import subprocess

import daemon_harness
import daemon_load
import harness
from daemon_harness import memfd
from test_redaction import Secret, planted


class Secrets(daemon_load.Case):
    def setUp(self):
        super().setUp()
        self.plants = planted()
        self.secrets = [secret for _, _, secrets in self.plants for secret in secrets]
        self.seen, self.found = [], 0
        os.mkdir(self.top + "/git")
        self.env = {"HOME": self.top, "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
        for who in ("AUTHOR", "COMMITTER"):
            self.env.update({"GIT_%s_NAME" % who: "A", "GIT_%s_EMAIL" % who: "a@example.org"})
        notify = self.write("notify", '#!/bin/sh\ncat >>"%s/told"\n' % self.top)
        os.chmod(notify, 0o755)
        self.service = self.daemon("daemon: {roots: [%s/git], metrics: %s/metrics, audit_log: %s/audit, log_level: debug}\n"
                                   "watch: {notify: [%s]}\n" % (self.top, self.top, self.top, notify))

    def fresh(self, seed):
        """A new token that has to stay hidden."""
        token = harness.stripe(seed)
        self.secrets.append(Secret(token, 8))
        return token

    def git(self, *args, folder):
        subprocess.run(["git", *args], cwd=folder, env=self.env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120)

    def repository(self, name):
        """All that is planted, a name and a message with tokens, in a work tree."""
        path = self.top + "/git/" + name
        os.mkdir(path)
        self.git("init", "-q", "-b", "main", folder=path)
        for file, text, _ in self.plants:
            with open(os.path.join(path, file), "wb") as out:
                out.write(text if isinstance(text, bytes) else text.encode())
        with open(os.path.join(path, self.fresh("file name")), "w", encoding="ascii") as out:
            out.write("password = '%s'\n" % self.fresh("in it"))
        self.git("add", "-A", folder=path)
        self.git("commit", "-q", "-m", "message " + self.fresh("message"), folder=path)
        self.git("tag", "-a", "-m", "text " + self.fresh("tag text"), self.fresh("tag name"), folder=path)
        self.git("branch", "feature/" + self.fresh("branch"), folder=path)
        return path

    def tell(self, method, parameters, fds=(), more=False):
        """Make a call; whatever comes is looked at."""
        with self.service.connect() as client:
            client.send(method, parameters, fds, **({"more": True} if more else {}))
            while True:
                message = client.receive_raw()
                if message is None:
                    return
                self.seen.append(message)
                reply = json.loads(message)
                self.found += len(reply.get("parameters", {}).get("result", {}).get("findings", []))
                if not reply.get("continues"):
                    return

    def collect(self):
        """What the daemon leaves behind, while it runs and after it has ended."""
        pids = [self.service.process.pid, *self.service.workers()]
        for pid in pids:
            for name in ("cmdline", "environ", "comm", "maps"):
                with contextlib.suppress(PermissionError, FileNotFoundError, ProcessLookupError), open("/proc/%d/%s" % (pid, name), "rb") as file:
                    self.seen.append(file.read())
        self.tell("Status", {})
        self.tell("Sessions", {})
        self.read_files()
        self.assertEqual(self.service.end(), 0)
        self.read_files()

    def read_files(self):
        for folder, _, names in os.walk(self.top):
            for name in names:
                path = os.path.join(folder, name)
                if path.startswith(self.top + "/git/") or not os.path.isfile(path):
                    continue
                with open(path, "rb") as file:
                    self.seen.append(file.read())

    def check(self):
        everything = b"\0".join(self.seen)
        for secret in self.secrets:
            for form in secret.forms():
                if form in everything:
                    where = everything.index(form)
                    self.fail("part %r is shown: %r" % (form, everything[max(0, where - 100):where + 90]))

    def test_contents(self):
        # Contents of all kinds, as texts, memfds and objects.
        for name, text, _ in self.plants:
            data = text if isinstance(text, bytes) else text.encode()
            if not isinstance(text, bytes):
                self.tell("ScanText", {"text": text, "path": name})
            fd = memfd(data)
            self.tell("ScanFd", {"path": name}, (fd,))
            self.tell("ScanObjects", {"objects": [{"oid": "0" * 40, "type": "blob", "offset": 0, "length": len(data)}]}, (fd,))
            os.close(fd)
        self.assertGreaterEqual(self.found, 15)
        self.collect()
        self.check()

    def test_repositories(self):
        # A repository that is scanned, and one that is watched: events, the notification, the stored findings.
        self.tell("ScanRepository", {"path": self.repository("scanned")}, more=True)
        self.assertGreater(len(self.seen), 8)
        with self.service.connect() as subscriber:
            subscriber.send("Subscribe", {}, more=True)
            self.tell("Watch", {"path": self.repository("watched")})
            event = {"event": ""}
            while event["event"] != "scan":
                self.seen.append(subscriber.receive_raw())
                event = json.loads(self.seen[-1])["parameters"]["event"]
        with daemon_load.Load(self.service.socket, 1) as load:
            while not os.path.exists(self.top + "/told"):
                load.wait_for_more(20)
        self.tell("ListFindings", {}, more=True)
        self.tell("ListFindings", {})
        self.tell("ListWatches", {})
        self.collect()
        self.check()

    def test_where_none_belongs(self):
        # Tokens in place of methods, parameters, reasons, users, references; in messages that are none; in descriptors that are refused.
        fingerprint = "0123:" + "0" * 32
        finding = {"rule": self.fresh("rule"), "path": self.fresh("path"), "fingerprint": self.fresh("print"), "redacted": self.fresh("redacted"),
                   "severity": self.fresh("severity"), "state": self.fresh("state"), self.fresh("key"): self.fresh("value")}
        with self.service.connect() as subscriber:
            subscriber.send("Subscribe", {}, more=True)
            for method, parameters in (
                    ("ReportOutcome", {"command": self.fresh("command"), "repository": "/" + self.fresh("repository"), "status": 1,
                                       "user": self.fresh("user"), "refs": ["refs/heads/" + self.fresh("ref")], "findings": [finding],
                                       "expected": 1, "unscanned": 0}),
                    ("Allow", {"fingerprint": fingerprint, "reason": "because of " + self.fresh("reason")}),
                    ("Allow", {"fingerprint": self.fresh("no print"), "reason": "r"}), ("Revoke", {"fingerprint": self.fresh("no print 2")}),
                    ("Allow", {"fingerprint": fingerprint, "reason": "r", "expires": self.fresh("date")}),
                    ("ScanText", {"text": "a", "engine": self.fresh("engine")}), ("ScanText", {"text": "a", "digest": self.fresh("digest")}),
                    ("Disconnect", {"session": self.fresh("session")})):
                self.tell(method, parameters)
            self.service.call("Reload")
            event = {"event": ""}
            while event["event"] != "reload":
                self.seen.append(subscriber.receive_raw())
                event = json.loads(self.seen[-1])["parameters"]["event"]
        for raw in (b'{"method":"' + self.fresh("bad").encode(), b'{"%s":1}' % self.fresh("bad key").encode(), self.fresh("bare").encode()):
            with self.service.connect() as client:
                client.send_raw(raw + b"\0")
                self.seen.append(client.receive_raw() or b"")
            with self.service.connect() as client:
                client.send_raw(raw)
        fd = memfd(self.fresh("unsealed").encode(), 0)
        self.tell("ScanFd", {}, (fd,))
        os.close(fd)
        # what the caller itself gave as a name may come back in its own error, and nowhere else
        own = len(self.seen)
        for method, parameters in ((self.fresh("method"), {}), ("Status", {self.fresh("parameter"): 1}),
                                   ("ScanRepository", {"path": "/" + self.fresh("path out")}), ("Watch", {"path": "/" + self.fresh("watch out")}),
                                   ("Unwatch", {"path": "/" + self.fresh("unwatch")}), ("ListFindings", {"repository": "/" + self.fresh("list")}),
                                   ("org.varlink.service.GetInterfaceDescription", {"interface": self.fresh("interface")})):
            self.tell(method, parameters)
        del self.seen[own:]
        self.collect()
        self.check()

    def test_the_test(self):
        # What is not redacted is found: the search can fail.
        self.seen.append(json.dumps({"text": self.plants[0][1]}).encode())
        self.assertRaises(AssertionError, self.check)


if __name__ == "__main__":
    daemon_harness.main()
