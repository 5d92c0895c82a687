#!/usr/bin/env python3
"""Deaths, reloads and ends under load (faults 12, 13, 20, 21, 25): every call is answered exactly once and rightly; none is lost but those of a
parent that was killed; no process is left behind.

    python3 -B test_daemon_faults.py CREDWATCHD"""
import contextlib
import os
import select
import signal
import socket
import subprocess

import daemon_harness
import daemon_load
import harness
from daemon_harness import CallError, memfd


def kill(pid, number=signal.SIGKILL):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


class Faults(daemon_load.Case):
    def end_and_look(self, daemon, number=signal.SIGTERM):
        """End the daemon; its workers end with it. Returns its status."""
        workers = daemon.workers() if number != signal.SIGKILL else []
        status = daemon.end(number)
        self.assertEqual(daemon_load.wait_gone(workers), [])
        return status

    def test_workers_killed(self):
        # kill -9 of content workers, one after the other and all at once, under load: every call is answered rightly. The one that a worker
        # was at is tried again; only when it is met twice it may fail, and says so.
        daemon = self.daemon()
        with daemon_load.Load(daemon.socket, 8, allowed=("ScanFailed",)) as load:
            for turn in range(12):
                load.wait_for_more(30)
                pids = daemon.workers("content")
                for pid in pids if turn % 3 == 2 else pids[:1]:
                    kill(pid)
            load.wait_for_more(100)
        self.assertEqual(load.wrong, [])
        self.assertEqual(load.cut, 0)
        self.assertLess(load.errors, 12)
        self.assertIn("worker_died", daemon.log())
        self.assertEqual(self.end_and_look(daemon), 0)

    def test_workers_killed_at_large_contents(self):
        # The same for workers that are at a large content.
        daemon = self.daemon()
        fd = memfd(daemon_load.text_with(3, "large", 4 << 20).encode())
        with self.beside(daemon):
            for turn in range(6):
                with daemon.connect() as client:
                    client.send("ScanFd", {}, (fd,))
                    if turn % 2:
                        for pid in daemon.workers("large"):
                            kill(pid)
                    self.assertEqual(client.answer()["result"]["hits"], 3)
        os.close(fd)

    def test_poison(self):
        # A content that kills its worker each time (its killer stands in for a fault in the matcher): it fails after two tries, calls that
        # wait behind it are answered (fault 21).
        daemon = self.daemon("daemon: {workers: 1}\n")
        poison = memfd(daemon_load.text_with(1, "poison", 64 << 20).encode())
        with daemon_load.Load(daemon.socket, 4) as load, daemon.connect() as client:
            client.send("ScanFd", {}, (poison,))
            killed = 0
            while not select.select([client.sock], [], [], 0)[0]:
                for worker in daemon.call("Status")["workers"]:
                    if worker["kind"] == "large" and worker["busy"]:
                        kill(worker["pid"])
                        killed += 1
            self.assertError("ScanFailed", client.answer)
            self.assertGreaterEqual(killed, 2)
            load.wait_for_more(20)
        self.assertEqual(load.wrong, [])
        self.assertEqual(load.cut, 0)
        os.close(poison)

    def test_hung_worker(self):
        # A worker that stops: its call is given to another, or fails, when its time is over; it is never called clean.
        daemon = self.daemon("daemon: {workers: 1, job_ms: 500}\n")
        for pid in daemon.workers("content"):
            kill(pid, signal.SIGSTOP)
        clients = [daemon.connect() for _ in range(20)]
        for client in clients:
            client.send("ScanText", {"text": self.token})
        for client in clients:
            reply = client.receive()
            if "error" in reply:
                self.assertEqual(reply["error"], "io.credwatch.ScanFailed")
            else:
                self.assertEqual(reply["parameters"]["result"]["hits"], 1)
        with self.beside(daemon):
            pass
        for client in clients:
            client.close()

    def test_parent_killed(self):
        # kill -9 of the parent under load: each call has its answer or its connection ends; no worker lives on; the next daemon takes the
        # socket that was left over (faults 20 and 25).
        for _ in range(3):
            daemon = self.daemon()
            workers = daemon.workers()
            self.assertGreater(len(workers), 0)
            with daemon_load.Load(daemon.socket, 8) as load:
                load.wait_for_more(50)
                self.end_and_look(daemon, signal.SIGKILL)
                load.wait_for_end()
            self.assertEqual(load.wrong, [])
            self.assertEqual(load.cut, 8)
            self.assertEqual(daemon_load.wait_gone(workers), [])
            self.assertTrue(os.path.exists(daemon.socket))
        daemon = self.daemon()
        with self.beside(daemon):
            pass

    def test_reload_under_load(self):
        # Rules come and go while calls run: each is judged by one set or the other, none is lost (fault 12: a broken set is not taken).
        acme = self.write("acme.yaml", harness.ACME_RULES)
        broken = self.write("broken.yaml", harness.ACME_RULES.replace("acme_[A-Za-z0-9]{20}", "acme_[A-Za-z0-9{20}"))
        daemon = self.daemon()
        digest = daemon.call("Status")["digest"]
        key = "It is " + harness.acme("reload") + " today.\n"
        with daemon_load.Load(daemon.socket, 6) as load:
            for turn in range(4):
                load.wait_for_more(30)
                daemon.configure("rules: {files: [%s]}\n" % (acme if turn % 2 == 0 else broken))
                daemon.reload()
                status = daemon.call("Status")
                self.assertEqual(turn % 2 == 1, "last_reload_error" in status)
                self.assertNotEqual(status["digest"], digest)
                self.assertEqual(daemon.call("ScanText", {"text": key})["result"]["hits"], 1)
            daemon.configure("")
            daemon.reload()
            self.assertEqual(daemon.call("Status")["digest"], digest)
            self.assertEqual(daemon.call("ScanText", {"text": key})["result"]["hits"], 0)
            # many signals in a row: fewer reloads may answer them
            for _ in range(20):
                kill(daemon.process.pid, signal.SIGHUP)
            load.wait_for_more(100)
        self.assertEqual(load.wrong, [])
        self.assertEqual(load.cut, 0)
        self.assertEqual(self.end_and_look(daemon), 0)

    def test_reload_and_deaths(self):
        # Workers are killed while new rules are taken up.
        acme = self.write("acme.yaml", harness.ACME_RULES)
        daemon = self.daemon()
        with daemon_load.Load(daemon.socket, 6, allowed=("ScanFailed",)) as load:
            for turn in range(4):
                daemon.configure("rules: {files: [%s]}\n" % acme if turn % 2 == 0 else "")
                kill(daemon.process.pid, signal.SIGHUP)
                for pid in daemon.workers():
                    kill(pid)
                daemon.wait_for("READY=1")
                load.wait_for_more(30)
        self.assertEqual(load.wrong, [])
        self.assertEqual(load.cut, 0)

    def test_end_with_calls_in_flight(self):
        # SIGTERM while calls wait for a worker: each of them is answered rightly before the daemon ends (fault 25).
        daemon = self.daemon("daemon: {workers: 1}\n")
        workers = daemon.workers()
        content = daemon.workers("content")
        for pid in content:
            kill(pid, signal.SIGSTOP)
        clients = [daemon.connect() for _ in range(50)]
        for client in clients:
            client.send("ScanText", {"text": self.token})
        for _ in range(3):
            daemon.call("Status")  # newer connections: the calls before are taken in
        kill(daemon.process.pid, signal.SIGTERM)
        daemon.wait_for("STOPPING=1")
        for pid in content:
            kill(pid, signal.SIGCONT)
        for client in clients:
            self.assertEqual(client.answer()["result"]["hits"], 1)
            self.closed(client)
            client.close()
        self.assertEqual(daemon.end(), 0)
        self.assertEqual(daemon_load.wait_gone(workers), [])
        self.assertFalse(os.path.exists(daemon.socket))

    def test_end_under_load(self):
        # SIGTERM under load: what is answered is right, the rest sees its connection end, the daemon ends with 0.
        daemon = self.daemon()
        with daemon_load.Load(daemon.socket, 8) as load:
            load.wait_for_more(50)
            self.assertEqual(self.end_and_look(daemon), 0)
            load.wait_for_end()
        self.assertEqual(load.wrong, [])
        self.assertEqual(load.cut, 8)

    def test_end_with_hostile_clients(self):
        # SIGTERM while others hold half messages, do not read, or subscribe: it ends all the same.
        daemon = self.daemon()
        half, idle, subscriber = daemon.connect(), daemon.connect(), daemon.connect()
        half.send_raw(b'{"method":')
        subscriber.send("Subscribe", {}, more=True)
        idle.call("Status")
        self.assertEqual(self.end_and_look(daemon), 0)
        self.closed(idle)
        self.closed(half)
        for client in (half, idle, subscriber):
            client.close()

    def test_second_daemon(self):
        # A second daemon on the socket, and one on the state folder, of a first one: refused with a reason, the first is not disturbed,
        # also when it is asked for under load (fault 25).
        daemon = self.daemon()
        with self.beside(daemon):
            for change in ("socket", "state"):
                other = self.new_daemon(name="other")
                setattr(other, change, getattr(daemon, change))
                other.start(ready=False)
                self.assertGreater(other.process.wait(daemon_harness.WAIT), 0)
                self.assertIn("another daemon", other.log())
                other.close()
        self.assertEqual(self.end_and_look(daemon), 0)

    def test_socket_of_another(self):
        # Something in the socket's place that is no stale socket is left alone: a file, a folder, a live server of somebody else.
        os.mkdir(self.top + "/folder")
        self.write("file", "mine\n")
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(self.top + "/server")
        server.listen(5)
        for name in ("folder", "file", "server"):
            daemon = self.new_daemon(name="of-" + name)
            daemon.socket = os.path.join(self.top, name)
            before = os.stat(daemon.socket).st_ino
            daemon.start(ready=False)
            self.assertGreater(daemon.process.wait(daemon_harness.WAIT), 0)
            self.assertEqual(os.stat(daemon.socket).st_ino, before)
        server.close()

    def test_full_disk(self):
        # The disk of the state folder is full (fault 19): what has to be stored fails and says so, contents are scanned on; with room again
        # all is done.
        import ctypes
        libc, state = ctypes.CDLL(None, use_errno=True), self.top + "/d.state"
        os.mkdir(state, 0o700)
        if libc.unshare(0x20000) != 0 or libc.mount(None, b"/", None, 0x44000, None) != 0 or \
                libc.mount(b"small", state.encode(), b"tmpfs", 0, b"size=2m,mode=700") != 0:
            self.skipTest("no file system can be mounted here")
        try:
            self.fill_and_empty(state)
        finally:
            libc.umount2(state.encode(), 2)

    def fill_and_empty(self, state):
        os.mkdir(self.top + "/git")
        paths = ["%s/git/%d.git" % (self.top, i) for i in range(40)]
        for path in paths:
            subprocess.run(["git", "init", "-q", "--bare", path], check=True)
        daemon = self.daemon("daemon: {roots: [%s/git]}\n" % self.top)
        with open(state + "/filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(b"x" * 4096)
        failed = 0
        with self.beside(daemon) as load:
            for path in paths:
                try:
                    daemon.call("Watch", {"path": path})
                except CallError as error:
                    self.assertIn(error.name, ("io.credwatch.InternalError", "io.credwatch.Unavailable"))
                    failed += 1
            self.assertGreater(failed, 0)
            load.wait_for_more(50)
            os.unlink(state + "/filler")
            watched = {watch["path"] for watch in daemon.call("ListWatches")["watches"]}
            self.assertEqual(len(watched), len(paths) - failed)
            for path in paths:
                if path not in watched:
                    daemon.call("Watch", {"path": path})
        self.assertEqual(len(daemon.call("ListWatches")["watches"]), len(paths))
        self.assertEqual(daemon.end(), 0)

    def test_stale_socket_and_long_path(self):
        # A socket that nobody serves is replaced; a path that no socket can have is refused.
        stale = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stale.bind(self.top + "/d.socket")
        stale.close()
        daemon = self.daemon()
        self.assertEqual(daemon.call("ScanText", {"text": self.token})["result"]["hits"], 1)
        other = self.new_daemon(name="long")
        other.socket = os.path.join(self.top, "s" * 120)
        other.start(ready=False)
        self.assertGreater(other.process.wait(daemon_harness.WAIT), 0)


if __name__ == "__main__":
    daemon_harness.main()
