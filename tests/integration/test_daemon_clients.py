#!/usr/bin/env python3
"""The clients of a daemon: pre-commit, commit-msg and scan ask it; the same verdicts with it and without; whom they believe, and what they do
without a daemon, with a false one, a silent one and one of other rules."""
import contextlib
import json
import os
import socket
import subprocess
import threading

import client_harness
import daemon_harness
import harness

TOKEN = "gh" + "p_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"
CLEAN = "answer = 42\n"


class Impostor:
    """Listens on PATH as USER (a number) and answers each message with REPLY (bytes), or never when that is None."""

    def __init__(self, path, reply, uid=None):
        self.listener, self.reply, self.asked = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), reply, 0
        self.listener.bind(path)
        os.chmod(path, 0o777)
        if uid is not None:
            os.seteuid(uid)
        self.listener.listen(8)
        if uid is not None:
            os.seteuid(0)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                with contextlib.suppress(OSError), peer:
                    data = b""
                    while b"\0" not in data:
                        got = peer.recv(65536)
                        if not got:
                            break
                        data += got
                    self.asked += b"\0" in data
                    if self.reply is not None:
                        peer.sendall(self.reply + b"\0")
                    peer.recv(1)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)


class Base(client_harness.ClientCase):
    hooks = ()

    def setUp(self):
        super().setUp()
        self.daemons = []
        self.home = os.path.join(self.dir, "..", os.path.basename(self.dir) + ".home")
        os.makedirs(os.path.join(self.home, "credwatch"))
        self.socket = os.path.join(self.home, "d.socket")
        self.env["XDG_CONFIG_HOME"] = self.home
        self.env["CREDWATCH_KEY_FILE"] = os.path.join(self.home, "key")
        with open(os.open(self.env["CREDWATCH_KEY_FILE"], os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write("0123456789abcdef" * 4 + "\n")
        self.configure("auto")

    def tearDown(self):
        for daemon in self.daemons:
            daemon.close()
        subprocess.run(["rm", "-rf", self.home], check=True)
        super().tearDown()

    def configure(self, use):
        with open(os.path.join(self.home, "credwatch", "config.yaml"), "w", encoding="utf-8") as file:
            file.write("daemon:\n  use: %s\n  socket: %s\n" % (use, self.socket))

    def start(self, config=""):
        daemon = daemon_harness.Daemon(self.home, config)
        self.daemons.append(daemon)
        daemon.start()
        self.assertEqual(daemon.socket, self.socket)
        return daemon

    def calls(self, daemon):
        return daemon.call("Status")["calls"]


class Hooks(Base):
    hooks = ("pre-commit", "pre-merge-commit", "commit-msg")

    # a clean commit is made without rules and key of the hook's own, which could not even be read: the daemon was asked, once for the files
    # and once for the message
    def test_clean(self):
        daemon = self.start()
        before = self.calls(daemon)
        self.stage("new.py", CLEAN)
        self.passes("commit", "-q", "-m", "clean", env={"CREDWATCH_KEY_FILE": "/nonexistent/key"})
        self.assertEqual(self.calls(daemon) - before, 1 + 2)

    # what the daemon calls clean is not scanned once more: a hook that scans has to read its key
    def test_not_twice(self):
        daemon = self.start()
        with open(self.env["CREDWATCH_KEY_FILE"], "w", encoding="ascii") as file:
            file.write("nonsense\n")
        self.stage("new.py", CLEAN)
        self.passes("commit", "-q", "-m", "clean")
        daemon.close()
        self.daemons.remove(daemon)
        self.stage("other.py", CLEAN)
        self.assertNotEqual(self.run_git("commit", "-q", "-m", "clean").status, 0)

    # a leak is stopped with the same words as without a daemon
    def test_leak(self):
        self.stage("leak.py", "token = '%s'\n" % TOKEN)
        alone = self.run_git("commit", "-m", "leak")
        self.start()
        asked = self.run_git("commit", "-m", "leak")
        self.assertEqual((alone.status, alone.errors), (asked.status, asked.errors))
        self.assertNotEqual(asked.status, 0)
        self.assertIn(b"GitHub", asked.err)

    # in the message, and in the name of a file
    def test_message_and_name(self):
        self.start()
        self.stage("ok.py", CLEAN)
        self.assertNotEqual(self.run_git("commit", "-m", "use " + TOKEN).status, 0)
        self.stage(TOKEN + ".txt", CLEAN)
        self.assertNotEqual(self.run_git("commit", "-m", "name").status, 0)

    # content that no JSON string could carry
    def test_binary(self):
        self.start()
        self.stage("ok.bin", bytes(range(256)) * 10)
        self.passes("commit", "-q", "-m", "binary")
        self.stage("leak.bin", b"\0\xff" + TOKEN.encode() + b"\0")
        self.assertNotEqual(self.run_git("commit", "-m", "binary").status, 0)

    # an old secret in a file that is changed is not new, with a daemon as without
    def test_legacy(self):
        self.skip_hooks("old.py", "token = '%s'\n" % TOKEN)
        self.start()
        self.stage("old.py", "token = '%s'\nmore = 1\n" % TOKEN)
        self.passes("commit", "-q", "-m", "other work")

    # no daemon: in silence the process scans, but not when one is required
    def test_absent(self):
        self.stage("a.py", CLEAN)
        done = self.run_git("commit", "-m", "without")
        self.assertEqual((done.status, b"daemon" in done.err), (0, False))
        self.configure("require")
        self.stage("b.py", CLEAN)
        done = self.run_git("commit", "-m", "without")
        self.assertNotEqual(done.status, 0)
        self.assertIn(b"a daemon is required, but could not be asked", done.err)

    # a daemon that died and left its socket
    def test_dead(self):
        daemon = self.start()
        daemon.process.kill()
        daemon.process.wait()
        self.assertTrue(os.path.exists(self.socket))
        self.stage("leak.py", "token = '%s'\n" % TOKEN)
        self.assertNotEqual(self.run_git("commit", "-m", "leak").status, 0)
        self.stage("leak.py", CLEAN)
        self.passes("commit", "-q", "-m", "clean")

    # never means never
    def test_never(self):
        daemon = self.start()
        self.configure("never")
        before = self.calls(daemon)
        self.stage("a.py", CLEAN)
        self.passes("commit", "-q", "-m", "clean")
        self.assertEqual(self.calls(daemon) - before, 1)

    # somebody else's process says that all is clean: not believed, and said
    def test_stranger(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        impostor = Impostor(self.socket, b'{"parameters":{"clean":[true],"reasons":[]}}', uid=65534)
        self.addCleanup(impostor.close)
        self.stage("leak.py", "token = '%s'\n" % TOKEN)
        done = self.run_git("commit", "-m", "leak")
        self.assertNotEqual(done.status, 0)
        self.assertIn(b"user id 65534 listens, who is not to be trusted", done.err)
        self.assertEqual(impostor.asked, 0)

    # an answer that is none (the file and its name are two pieces): of the wrong length, of the wrong form, an error
    def test_nonsense(self):
        replies = [b'{"parameters":{"clean":[]}}', b'{"parameters":{"clean":[true]}}', b'{"parameters":{"clean":[true,true,true]}}',
                   b'{"parameters":{"clean":[true,1]}}', b'{"parameters":{"clean":[true,false]}}', b'{}', b'{"parameters":{}}', b'nonsense', b'{"error":"io.credwatch.WrongEngine","parameters":{}}',
                   b'{"parameters":{"clean":true}}']
        self.stage("leak.py", "token = '%s'\n" % TOKEN)
        for reply in replies:
            with self.subTest(reply=reply):
                impostor = Impostor(self.socket, reply)
                try:
                    self.assertNotEqual(self.run_git("commit", "-m", "leak").status, 0)
                    self.assertEqual(impostor.asked, 1)
                finally:
                    impostor.close()
                    os.unlink(self.socket)

    # a daemon that takes the call and says nothing: waited for, then scanned here, and said
    def test_silent(self):
        impostor = Impostor(self.socket, None)
        self.addCleanup(impostor.close)
        self.stage("leak.py", "token = '%s'\n" % TOKEN)
        done = self.run_git("commit", "-m", "leak")
        self.assertNotEqual(done.status, 0)
        self.assertIn(b"the daemon could not be asked, so this was scanned without it", done.err)

    # a repository with rules of its own: no daemon knows them
    def test_own_rules(self):
        daemon = self.start()
        before = self.calls(daemon)
        self.stage(".credwatch.yaml", "rules:\n  disable:\n    - {id: github.pat, reason: 'a test of it'}\n")
        self.stage("a.py", CLEAN)
        self.passes("commit", "-q", "-m", "clean")
        self.assertEqual(self.calls(daemon) - before, 1)
        self.configure("require")
        self.stage("b.py", CLEAN)
        self.assertIn(b"does not know the rules", self.run_git("commit", "-m", "more").err)

    # a daemon whose rules are others answers WrongEngine, and the process scans
    def test_other_rules(self):
        self.start("rules:\n  disable:\n    - {id: github.pat, reason: 'a test of it'}\n")
        self.stage("leak.py", "token = '%s'\n" % TOKEN)
        self.assertNotEqual(self.run_git("commit", "-m", "leak").status, 0)
        self.stage("leak.py", CLEAN)
        self.passes("commit", "-q", "-m", "clean")

    # what audit came to reaches the subscribers
    def test_outcome(self):
        daemon = self.start()
        self.skip_hooks("old.py", "token = '%s'\n" % TOKEN)
        with daemon.connect() as client:
            client.send("Subscribe", {}, more=True)
            self.calls(daemon)  # answered after the subscription, which came first
            done = subprocess.run([harness.PROGRAM, "audit", self.dir], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  check=False)
            self.assertEqual(done.returncode, 1)
            while True:
                event = client.receive()["parameters"]["event"]
                if event["event"] == "outcome":
                    break
        self.assertEqual((event["command"], event["status"]), ("audit", 1))
        self.assertNotIn(TOKEN, json.dumps(event))


class Scan(Base):
    def scan(self, *args):
        return subprocess.run([harness.PROGRAM, "scan", "--format", "jsonl", *args], env=self.env, cwd=self.dir, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    # clean and not clean files: the same report and status either way
    def test_same(self):
        self.write("clean.py", CLEAN)
        self.write("leak.py", "token = '%s'\n" % TOKEN)
        self.write("utf16.txt", ("token = '%s'\n" % TOKEN).encode("utf-16"))
        self.write("empty", "")
        sets = [["clean.py"], ["leak.py"], ["clean.py", "leak.py"], ["utf16.txt"], ["empty"], ["clean.py", "empty"]]
        alone = [self.scan(*names) for names in sets]
        daemon = self.start()
        for names, before in zip(sets, alone):
            with self.subTest(names=names):
                calls = self.calls(daemon)
                now = self.scan(*names)
                self.assertEqual((before.returncode, before.stdout, before.stderr), (now.returncode, now.stdout, now.stderr))
                self.assertEqual(self.calls(daemon) - calls, 1 + (names != ["empty"]))

    # folders and standard input are not asked about
    def test_large(self):
        daemon = self.start()
        before = self.calls(daemon)
        self.scan(".")
        self.assertEqual(self.calls(daemon) - before, 1)
        done = self.scan("--daemon=require", ".")
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"a daemon is required", done.stderr)


if __name__ == "__main__":
    daemon_harness.main()
