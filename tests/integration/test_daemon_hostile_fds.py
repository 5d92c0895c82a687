#!/usr/bin/env python3
"""Descriptors made to hurt (faults 16, 17 and 29): too many, not sealed, of the wrong kind, of a file system that never answers. The call is
refused, nothing is left open, the daemon never waits for whoever stands behind a descriptor.

    python3 -B test_daemon_hostile_fds.py CREDWATCHD"""
import array
import contextlib
import fcntl
import hashlib
import os
import pty
import select
import socket
import tempfile

import daemon_harness
import daemon_load
import fuse_file
from daemon_harness import CallError, memfd

SEAL, SHRINK, GROW, WRITE = 1, 2, 4, 8


class Descriptors(daemon_load.Case):
    @contextlib.contextmanager
    def none_left(self, daemon):
        """All that is received within is closed again, soon."""
        daemon.call("Status")
        with daemon.connect() as client:
            client.call("Status")
            before = daemon_load.descriptors(daemon.process.pid)
            yield
            for _ in range(100000):
                # each answer is a turn of the loop; closing may be another thread's work
                client.call("Status")
                if daemon_load.descriptors(daemon.process.pid) <= before:
                    return
            self.fail("%d descriptors are left, of %d" % (daemon_load.descriptors(daemon.process.pid), before))

    def refused(self, daemon, fds, method="ScanFd", parameters=None):
        with daemon.connect() as client:
            self.assertError("BadDescriptor", client.call, method, parameters or {}, fds)
            # the connection goes on, and the next call has no descriptor
            self.assertError("BadDescriptor", client.call, "ScanFd", {})
            self.assertEqual(client.call("ScanText", {"text": self.token})["result"]["hits"], 1)

    def test_seals(self):
        # Every set of seals: only one with all three is content; a memfd that can still shrink, grow or be written never is (fault 17).
        daemon = self.daemon()
        content = ("x\n" + self.token + "\n").encode()
        with self.beside(daemon), self.none_left(daemon):
            for seals in range(16):
                fd = memfd(content, seals)
                if seals & (SHRINK | GROW | WRITE) == SHRINK | GROW | WRITE:
                    self.assertEqual(daemon.call("ScanFd", {}, fds=(fd,))["result"]["hits"], 1)
                else:
                    self.refused(daemon, (fd,))
                    if not seals & SHRINK:
                        os.ftruncate(fd, 0)
                os.close(fd)
            empty = memfd(b"")
            self.assertTrue(daemon.call("ScanFd", {}, fds=(empty,))["result"]["complete"])
            os.close(empty)

    def test_shrinks_while_it_is_passed(self):
        # An unsealed memfd that shrinks and grows without a pause (fault 17): always refused, nobody dies of it.
        daemon = self.daemon()
        with self.beside(daemon), daemon.connect() as client:
            fd = memfd(b"a" * 65536, 0)
            for _ in range(200):
                client.send("ScanFd", {}, (fd,))
                os.ftruncate(fd, 0)
                os.ftruncate(fd, 65536)
                self.assertRaises(CallError, client.answer)
            os.close(fd)
        self.assertNotIn("worker_died", daemon.log())

    def test_other_kinds(self):
        # Everything a descriptor can be that is no sealed memfd (fault 29).
        daemon = self.daemon()
        os.mkfifo(self.top + "/fifo")
        self.write("file", self.token)
        pipe, pair, terminal = os.pipe(), socket.socketpair(), pty.openpty()
        sealed = memfd(self.token.encode())
        kinds = {
            "pipe to read": pipe[0], "pipe to write": pipe[1], "socket": pair[0].fileno(), "terminal": terminal[0],
            "other side of it": terminal[1], "FIFO": os.open(self.top + "/fifo", os.O_RDWR), "file": os.open(self.top + "/file", os.O_RDONLY),
            "folder": os.open(self.top, os.O_RDONLY), "path only": os.open(self.top + "/file", os.O_PATH),
            "sealed memfd, path only": os.open("/proc/self/fd/%d" % sealed, os.O_PATH), "zeros": os.open("/dev/zero", os.O_RDONLY),
            "epoll": select.epoll().fileno(), "event": self.eventfd(), "process": os.pidfd_open(os.getpid()),
            "process memory": os.open("/proc/self/mem", os.O_RDONLY),
        }
        with contextlib.suppress(OSError), tempfile.TemporaryFile(dir="/dev/shm") as file:
            kinds["file in memory"] = os.dup(file.fileno())
        with self.beside(daemon), self.none_left(daemon):
            for name, fd in kinds.items():
                with self.subTest(kind=name):
                    self.refused(daemon, (fd,))
                    self.refused(daemon, (fd,), "ScanObjects", {"objects": []})
        self.assertGreater(len(kinds), 13)

    def eventfd(self):
        import ctypes
        return ctypes.CDLL(None).eventfd(0, 0)

    def test_too_many(self):
        # Two, five, 250 descriptors in one message (fault 16), again and again; and where none is wanted.
        daemon = self.daemon()
        with self.beside(daemon), self.none_left(daemon):
            sealed, plain = memfd(self.token.encode()), os.open("/dev/null", os.O_RDONLY)
            for fd in (sealed, plain):
                for count in (2, 4, 5, 250):
                    self.refused(daemon, (fd,) * count)
            for _ in range(50):
                self.refused(daemon, (sealed,) * 250)
            self.refused(daemon, (sealed,), "Status")
            self.refused(daemon, (sealed,), "ScanText", {"text": "a"})
            os.close(sealed)
            os.close(plain)

    def test_without_a_message(self):
        # Descriptors that come with single bytes, with half a message, with garbage, or with a connection that ends.
        daemon = self.daemon()
        with self.beside(daemon), self.none_left(daemon):
            fd = memfd(self.token.encode())
            call = b'{"method":"io.credwatch.ScanFd","parameters":{}}\0'
            for _ in range(20):
                with daemon.connect() as client:
                    client.send_raw(call[:10], (fd,) * 250)
                with daemon.connect() as client:
                    client.send_raw(b"garbage\0", (fd,))
                    self.closed(client)
                with daemon.connect() as client:
                    # one with every byte: too many for the one message
                    for byte in call:
                        client.send_raw(bytes([byte]), (fd,))
                    self.assertRaises(CallError, client.answer)
                with daemon.connect() as client:
                    # a connection of its own to itself
                    client.send_raw(call, (client.sock.fileno(),))
            os.close(fd)

    def test_pipelined(self):
        # Two calls in one write with two descriptors: none may be given to the wrong call.
        daemon = self.daemon()
        first, second = memfd(self.token.encode()), memfd(b"nothing\n")
        call = b'{"method":"io.credwatch.ScanFd","parameters":{}}\0'
        with daemon.connect() as client:
            control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [first]))]
            client.sock.sendmsg([call], control)
            control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [second]))]
            client.sock.sendmsg([call], control)
            self.assertEqual(client.answer()["result"]["hits"], 1)
            self.assertEqual(client.answer()["result"]["hits"], 0)
        os.close(first)
        os.close(second)

    def test_objects(self):
        # Objects that lie about their place, their kind or their id: none is called clean.
        daemon = self.daemon()
        content = b"nothing to see here\n"
        fd = memfd(content)
        oid = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        good = {"oid": oid, "type": "blob", "offset": 0, "length": len(content)}
        with self.beside(daemon):
            self.assertEqual(daemon.call("ScanObjects", {"objects": [good, good]}, fds=(fd,))["clean"], [True, True])
            for change in ({"oid": "0" * 40}, {"oid": "x" * 40}, {"oid": oid.upper()}, {"oid": oid + "0"}, {"oid": 7},
                           {"type": "tree"}, {"type": "blub"}, {"type": ""}, {"type": None}, {"offset": 1}, {"offset": -1},
                           {"offset": 1 << 62}, {"length": 1 << 62}, {"length": -1}, {"length": 19}, {"length": 21}, {"length": "20"},
                           {"offset": 9223372036854775807, "length": 9223372036854775807}, {"offset": 0.5}, {"length": 1e400}):
                with self.subTest(change=change), daemon.connect() as client:
                    try:
                        clean = client.call("ScanObjects", {"objects": [dict(good, **change), good]}, fds=(fd,))["clean"]
                        self.assertEqual(clean, [False, True])
                    except (CallError, EOFError):
                        pass
            # without an id there is nothing to lie about
            self.assertEqual(daemon.call("ScanObjects", {"objects": [dict(good, oid="")]}, fds=(fd,))["clean"], [True])
            for objects in ({}, [7], [[]], [None], None, "x"):
                self.assertRaises(CallError, daemon.call, "ScanObjects", {"objects": objects}, fds=(fd,))
            many = daemon.call("ScanObjects", {"objects": [good] * 20000}, fds=(fd,))
            self.assertEqual(many["clean"], [True] * 20000)
        os.close(fd)

    def test_hung_file_system(self):
        # A file of a file system that never answers: closing it waits for ever, and the daemon does not (fault 29).
        try:
            hung = fuse_file.HungFile(self.top + "/hung")
        except (OSError, AttributeError) as error:
            self.skipTest("no FUSE here: %s" % error)
        daemon = self.daemon()
        children = []
        # before the daemon is ended: a process with a call that hangs does not end either
        with contextlib.closing(hung), self.beside(daemon):
            for _ in range(40):
                children.append(self.pass_one(daemon, hung))
            self.assertTrue(hung.flushed.wait(60))
            # a good descriptor is still taken, or refused; never kept waiting
            fd = memfd(self.token.encode())
            with contextlib.suppress(CallError):
                self.assertEqual(daemon.call("ScanFd", {}, fds=(fd,))["result"]["hits"], 1)
            hung.release()
            for _ in range(100000):
                with contextlib.suppress(CallError):
                    self.assertEqual(daemon.call("ScanFd", {}, fds=(fd,))["result"]["hits"], 1)
                    break
            else:
                self.fail("after the file system answers, no descriptor is taken")
            os.close(fd)
        for pid in children:
            os.waitpid(pid, 0)

    def pass_one(self, daemon, hung):
        """A child passes a descriptor of the file; its own close() hangs as well, so only its word is waited for."""
        word, said = os.pipe()
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(Exception), daemon.connect() as client:
                self.assertError("BadDescriptor", client.call, "ScanFd", {}, (hung.open(),))
                os.write(said, b"refused")
            os._exit(0)
        os.close(said)
        self.assertTrue(select.select([word], [], [], daemon_harness.WAIT)[0])
        self.assertEqual(os.read(word, 100), b"refused")
        os.close(word)
        return pid


if __name__ == "__main__":
    daemon_harness.main()
