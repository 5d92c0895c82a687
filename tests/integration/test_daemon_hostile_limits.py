#!/usr/bin/env python3
"""More than a limit allows: connections, waiting calls, descriptors, events that nobody reads (fault 16). What is above is refused or
closed, what is below is answered, and when there is room again new ones are served.

    python3 -B test_daemon_hostile_limits.py CREDWATCHD"""
import os
import resource
import select
import signal
import unittest

import daemon_harness
import daemon_load
from daemon_harness import CallError, memfd


class Limits(daemon_load.Case):
    def is_cut(self, client):
        """Whether the daemon has closed it: it is asked, and the answer or the end is waited for."""
        try:
            client.call("Status")
        except (EOFError, ConnectionError):
            return True
        return False

    def test_thousand_clients(self):
        # 1,000 connections at once, each with a call: every one is answered, and with its own answer.
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        daemon = self.daemon()
        texts = [daemon_load.text_with(count, "many%d" % count, 512) for count in range(5)]
        with self.beside(daemon):
            clients = [daemon.connect() for _ in range(1000)]
            for turn in range(3):
                for i, client in enumerate(clients):
                    client.send("ScanText", {"text": texts[(i + turn) % 5]})
                for i, client in enumerate(clients):
                    self.assertTrue(daemon_load.is_right(client.answer()["result"], (i + turn) % 5))
            self.assertGreaterEqual(clients[0].call("Status")["connections"], 1000)
            for client in clients:
                client.close()
        self.assertLess(daemon.call("Status")["connections"], 10)

    def test_connections_of_a_user(self):
        # One above what a user may have: closed at once; when another one ends there is room again.
        daemon = self.daemon("daemon: {max_connections_uid: 10}\n")
        clients = [daemon.connect() for _ in range(10)]
        for client in clients:
            client.call("Status")
        for _ in range(5):
            with daemon.connect() as client:
                self.assertTrue(self.is_cut(client))
        clients.pop().close()
        while True:  # its end may be seen after the next connection
            client = daemon.connect()
            if not self.is_cut(client):
                break
            client.close()
        clients.append(client)
        for client in clients:
            self.assertEqual(client.call("ScanText", {"text": self.token})["result"]["hits"], 1)
            client.close()
        self.assertIn("turned_away", daemon.log())

    def test_connections_of_all(self):
        # The limit of all connections; old ones are served on.
        daemon = self.daemon("daemon: {max_connections: 10, max_connections_uid: 1000}\n")
        clients = [daemon.connect() for _ in range(10)]
        for client in clients:
            client.call("Status")
        with daemon.connect() as client:
            self.assertTrue(self.is_cut(client))
        for client in clients:
            self.assertEqual(client.call("ScanText", {"text": self.token})["result"]["hits"], 1)
            client.close()

    @unittest.skipUnless(os.getuid() == 0, "needs root for a second user")
    def test_other_users_have_room(self):
        # One user at its limit takes no other's place.
        os.chmod(self.top, 0o755)
        daemon = self.daemon("daemon: {max_connections_uid: 5}\n")
        clients = [daemon.connect() for _ in range(5)]
        for client in clients:
            client.call("Status")
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                status = 0 if daemon.call("ScanText", {"text": self.token})["result"]["hits"] == 1 else 2
            finally:
                os._exit(status)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        for client in clients:
            client.close()

    def stopped(self, daemon):
        """Stop all workers for small contents, so that calls have to wait. Returns what lets them go on."""
        pids = daemon.workers("content")
        self.assertGreater(len(pids), 0)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        return lambda: [os.kill(pid, signal.SIGCONT) for pid in pids]

    def queued_and_refused(self, config, clients):
        daemon = self.daemon(config)
        go_on = self.stopped(daemon)
        callers = [daemon.connect() for _ in range(clients)]
        for client in callers:
            client.send("ScanText", {"text": self.token})
        # Those above the limit are told at once, while all others wait.
        for _ in range(3):
            # a connection that is newer than all of them: its turn comes after theirs
            daemon.call("Status")
        ready = select.select([client.sock for client in callers], [], [], 0)[0]
        refused = [client for client in callers if client.sock in ready]
        for client in refused:
            self.assertError("Unavailable", client.answer)
        go_on()
        for client in callers:
            if client not in refused:
                self.assertEqual(client.answer()["result"]["hits"], 1)
            # who was refused may ask again
            self.assertEqual(client.call("ScanText", {"text": self.token})["result"]["hits"], 1)
            client.close()
        self.assertNotIn(self.token, daemon.log())
        return len(refused)

    def test_queue_of_a_user(self):
        # More calls of one user than may wait: Unavailable at once, the others are answered.
        self.assertGreater(self.queued_and_refused("daemon: {workers: 1, queue_max_uid: 8, queue_max: 1000}\n", 200), 0)

    def test_queue_of_all(self):
        # More calls than may wait in all.
        self.assertGreater(self.queued_and_refused("daemon: {workers: 1, queue_max: 8, queue_max_uid: 1000}\n", 200), 0)

    def test_given_up_while_waiting(self):
        # Clients that go while their calls wait: nothing is left of them, and the others are answered.
        daemon = self.daemon("daemon: {workers: 1}\n")
        go_on = self.stopped(daemon)
        callers = [daemon.connect() for _ in range(200)]
        for client in callers:
            client.send("ScanText", {"text": self.token})
        for client in callers[::2]:
            client.close()
        go_on()
        for client in callers[1::2]:
            self.assertEqual(client.answer()["result"]["hits"], 1)
            client.close()
        with self.beside(daemon):
            pass
        self.assertEqual(daemon.call("Status")["queued"], 0)

    def test_deaf_subscriber(self):
        # A subscriber that reads nothing while events come: it is cut off, others get every event.
        daemon = self.daemon("daemon: {message_ms: 1000}\n")
        deaf, good, caller = daemon.connect(), daemon.connect(), daemon.connect()
        for client in (deaf, good):
            client.send("Subscribe", {}, more=True)
        while True:  # both are there
            if daemon.call("Status")["connections"] == 4:
                break
        before = daemon_load.anonymous_kib(daemon.process.pid)
        outcome = {"command": "audit", "repository": "/" + "r" * 4000, "status": 1, "findings": [], "expected": 1, "unscanned": 0}
        with self.beside(daemon):
            for i in range(4000):
                outcome["expected"] = i
                caller.call("ReportOutcome", outcome)
                self.assertEqual(good.answer()["event"]["expected"], i)
        self.grew_less(daemon, before, 32 << 10)
        # what the kernel held for it is read, then the end
        count = 0
        while deaf.receive_raw() is not None:
            count += 1
        self.assertLess(count, 4000)
        for client in (deaf, good, caller):
            client.close()

    def test_descriptors_used_up(self):
        # The daemon may have few descriptors and all are taken: accepting pauses, those connected are answered, later all are served.
        daemon = self.new_daemon()
        limit = 64
        daemon.program = self.write("few", '#!/bin/sh\nulimit -n %d\nexec %s "$@"\n' % (limit, daemon_harness.DAEMON))
        os.chmod(daemon.program, 0o755)
        daemon.start()
        first = daemon.connect()
        first.call("Status")
        fd = memfd(self.token.encode())
        # connect() succeeds while the daemon has room in its queue of new ones
        clients = [daemon.connect() for _ in range(limit + 20)]
        for client in clients:
            client.send("ScanText", {"text": self.token})
        for _ in range(20):
            self.assertEqual(first.call("ScanText", {"text": self.token})["result"]["hits"], 1)
            try:
                # a descriptor that cannot be taken is refused; the call is not taken for one without content
                self.assertEqual(first.call("ScanFd", {}, (fd,))["result"]["hits"], 1)
            except CallError as error:
                self.assertIn(error.name, ("io.credwatch.BadDescriptor", "io.credwatch.Unavailable", "io.credwatch.InternalError"))
        os.close(fd)
        for client in clients:
            # as each is answered and closed there is room for one that waits
            self.assertEqual(client.answer()["result"]["hits"], 1)
            client.close()
        self.assertIn("accept_paused", daemon.log())
        with self.beside(daemon):
            pass
        first.close()


if __name__ == "__main__":
    daemon_harness.main()
