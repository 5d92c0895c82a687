#!/usr/bin/env python3
"""Mixed load on one daemon with faults injected, for as long as asked. Every request is counted and must have its one right answer.

    python3 -B soak.py CREDWATCHD [SECONDS]     (1200 seconds if not said; ./dev bench soak)
Clients scan texts, memfds, objects and a repository, one listens to events, one pushes into watched repositories. Meanwhile workers are
killed, rules are reloaded, and other clients send half messages, wrong descriptors and garbage, or go in the middle of a call. At the end
memory and descriptors of the daemon are shown as they were first and last. Exit status 1: something was answered wrongly, twice or not at all."""
import collections
import contextlib
import hashlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import daemon_harness  # noqa: E402
import daemon_load  # noqa: E402
import harness  # noqa: E402
from daemon_harness import CallError, memfd  # noqa: E402

WARM = 10        # seconds before the first figures are taken
REPOSITORIES = 3
# What a call may fail with because its worker was killed twice over it.
ALLOWED = ("ScanFailed",)


class Count:
    """What all clients came to."""

    def __init__(self):
        self.lock = threading.Lock()
        self.asked, self.right, self.failed = collections.Counter(), collections.Counter(), collections.Counter()
        self.injected, self.wrong, self.times = collections.Counter(), [], []

    def add(self, which, name, count=1):
        with self.lock:
            getattr(self, which)[name] += count

    def say_wrong(self, text):
        with self.lock:
            self.wrong.append(text)


class Soak:
    def __init__(self, top, seconds):
        self.top, self.count = top, Count()
        self.stop, self.count_again, self.seconds = threading.Event(), threading.Event(), seconds
        os.mkdir(top + "/git")
        with open(top + "/acme.yaml", "w", encoding="utf-8") as file:
            file.write(harness.ACME_RULES)
        self.daemon = daemon_harness.Daemon(top, self.config(False))
        self.env = dict(self.daemon.env, GIT_CONFIG_NOSYSTEM="1")
        for who in ("AUTHOR", "COMMITTER"):
            self.env.update({"GIT_%s_NAME" % who: "A", "GIT_%s_EMAIL" % who: "a@example.org"})
        self.pushed = collections.defaultdict(set)
        self.events = collections.Counter()
        self.listening = threading.Event()

    def config(self, acme):
        return "daemon: {roots: [%s/git], message_ms: 2000, log_level: warning}\n%s" % (
            self.top, "rules: {files: [%s/acme.yaml]}\n" % self.top if acme else "")

    def git(self, *args, folder=None, data=b""):
        return subprocess.run(["git", *args], cwd=folder or self.top, env=self.env, input=data, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120).stdout.decode().strip()

    # ---- clients: each makes one call after the other, and knows the answer ----

    def client(self, name, call, pause=0.0, calls=500):
        """Call CALL(client, turn) until the end; a new connection after CALLS of them. It returns whether the answer was right."""
        turn = 0
        while not self.stop.is_set():
            with daemon_harness.Client(self.daemon.socket) as client:
                for _ in range(calls):
                    if self.stop.is_set():
                        break
                    turn += 1
                    self.one(name, call, client, turn)
                    if pause:
                        self.stop.wait(pause)
                self.alone(name, client)

    def one(self, name, call, client, turn):
        self.count.add("asked", name)
        begin = time.monotonic()
        try:
            right = call(client, turn)
        except CallError as error:
            kind = error.name.split(".")[-1]
            self.count.add("failed", name + ": " + kind)
            if kind not in ALLOWED:
                self.count.say_wrong("%s: %s" % (name, error))
            return
        if not right:
            self.count.say_wrong("%s: a wrong answer to call %d" % (name, turn))
            return
        self.count.add("right", name)
        if name == "ScanText":
            with self.count.lock:
                self.count.times.append(time.monotonic() - begin)

    def alone(self, name, client):
        """Nothing more comes: no call was answered twice."""
        client.call("Status")
        client.sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            if client.buffer or client.sock.recv(1):
                self.count.say_wrong(name + ": answered twice")

    def guarded(self, name, run, *args):
        try:
            run(*args)
        except Exception as error:  # a client that is cut off, or was never answered
            if not self.stop.is_set() or not isinstance(error, (EOFError, ConnectionError)):
                self.count.say_wrong("%s: not answered: %r" % (name, error))

    def scan_text(self, client, turn):
        number, text = daemon_load.Load.texts[turn % len(daemon_load.Load.texts)]
        return daemon_load.is_right(client.call("ScanText", {"text": text})["result"], number)

    def make_contents(self):
        self.contents = [(n, memfd(daemon_load.text_with(n, "fd%d" % i, size).encode()))
                         for i, (n, size) in enumerate(((0, 1 << 16), (2, 1 << 18), (0, 1 << 20), (5, 1 << 22)))]
        blobs = [daemon_load.text_with(i % 3 == 0, "object%d" % i, 2000).encode() for i in range(60)]
        self.clean = [i % 3 != 0 for i in range(60)]
        self.objects, offset = [], 0
        for blob in blobs:
            oid = hashlib.sha1(b"blob %d\0" % len(blob) + blob).hexdigest()
            self.objects.append({"oid": oid, "type": "blob", "offset": offset, "length": len(blob)})
            offset += len(blob)
        self.objects_fd = memfd(b"".join(blobs))

    def scan_fd(self, client, turn):
        number, fd = self.contents[turn % len(self.contents)]
        return daemon_load.is_right(client.call("ScanFd", {}, (fd,))["result"], number)

    def scan_objects(self, client, turn):
        return client.call("ScanObjects", {"objects": self.objects}, (self.objects_fd,))["clean"] == self.clean

    def make_repository(self, name, files):
        path = "%s/git/%s" % (self.top, name)
        self.git("init", "-q", "--bare", "-b", "main", path)
        self.git("config", "gc.auto", "0", folder=path)
        for i in range(files):
            self.add_commit(path, "f%d.txt" % i, "token = '%s'\n" % harness.github(name + str(i)))
        return path

    def add_commit(self, path, file, text):
        """A commit with one more file, and the branch moved to it."""
        oid = self.git("hash-object", "-w", "--stdin", data=text.encode(), folder=path)
        tip = subprocess.run(["git", "rev-parse", "-q", "--verify", "main"], cwd=path, env=self.env, check=False,
                             stdout=subprocess.PIPE).stdout.decode().strip()
        listed = self.git("ls-tree", "main", folder=path) + "\n" if tip else ""
        tree = self.git("mktree", data=(listed + "100644 blob %s\t%s\n" % (oid, file)).encode(), folder=path)
        self.git("update-ref", "refs/heads/main", self.git("commit-tree", "-m", file, *(["-p", tip] if tip else []), tree, folder=path),
                 folder=path)

    def scan_repository(self, client, turn):
        prints, last = [], None
        for last in client.stream("ScanRepository", {"path": self.scanned}):
            if last.get("finding"):
                prints.append(last["finding"]["fingerprint"])
        return len(prints) == 20 == len(set(prints)) and last["findings"] == 20 and last["coverage"]["unscanned"] == 0

    def listen(self):
        with daemon_harness.Client(self.daemon.socket) as client:
            client.sock.settimeout(1)
            client.send("Subscribe", {}, more=True)
            self.listening.set()
            while not self.stop.is_set():
                try:
                    event = client.receive()["parameters"]["event"]
                except socket.timeout:
                    continue
                self.count.add("right", "event " + event["event"])
                if event["event"] == "finding":
                    self.events[(event["repository"], event.get("path"))] += 1

    def push(self):
        turn = 0
        while not self.stop.is_set():
            path = self.watched[turn % REPOSITORIES]
            file = "p%05d.txt" % turn
            self.add_commit(path, file, "token = '%s'\n" % harness.github("push%d" % turn))
            self.pushed[path].add(file)
            self.count.add("asked", "push")
            turn += 1
            self.stop.wait(1)

    # ---- faults ----

    def kill_worker(self):
        pids = self.daemon.workers()
        if pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(random.choice(pids), signal.SIGKILL)

    def reload(self):
        self.daemon.configure(self.config(random.random() < 0.3))
        os.kill(self.daemon.process.pid, signal.SIGHUP)

    def half_message(self, client):
        client.send_raw(b'{"method":"io.credwatch.ScanText","parameters":{"text":"' + b"a" * random.randrange(100000))
        if random.random() < 0.2:
            client.receive_raw()

    def gone_in_the_middle(self, client):
        client.send("ScanText", {"text": daemon_load.Load.texts[1][1] * random.randrange(1, 50)})

    def gone_in_a_stream(self, client):
        client.send(random.choice(("ListFindings", "Subscribe")), {}, more=True)

    def gone_from_a_repository(self, client):
        client.send("ScanRepository", {"path": self.scanned}, more=True)
        if random.random() < 0.5:
            client.receive_raw()

    def bad_seals(self, client):
        fd = memfd(b"content", random.randrange(16) & ~8)
        with contextlib.suppress(CallError):
            client.call("ScanFd", {}, (fd,))
            self.count.say_wrong("a memfd without seals was taken")
        os.close(fd)

    def many_descriptors(self, client):
        with contextlib.suppress(CallError):
            client.call("ScanFd", {}, (0,) * 250)
            self.count.say_wrong("250 descriptors were taken")

    def garbage(self, client):
        client.send_raw(bytes(random.randrange(256) for _ in range(random.randrange(1, 5000))) + b"\0")
        client.receive_raw()

    def inject(self):
        """Hostile clients, one after the other."""
        faults = [self.half_message, self.gone_in_the_middle, self.gone_in_a_stream, self.gone_from_a_repository, self.bad_seals,
                  self.many_descriptors, self.garbage]
        while not self.stop.wait(0.05):
            fault = random.choice(faults)
            with contextlib.suppress(ConnectionError, EOFError), daemon_harness.Client(self.daemon.socket) as client:
                fault(client)
            self.count.add("injected", fault.__name__.replace("_", " "))

    def disturb(self):
        """Deaths and reloads."""
        turn = 0
        while not self.stop.wait(1):
            turn += 1
            fault = self.reload if turn % 10 == 0 else self.kill_worker
            fault()
            self.count.add("injected", fault.__name__.replace("_", " "))

    # ---- the whole ----

    def figures(self):
        """(anonymous KiB, PSS KiB, descriptors) of the parent, and the same summed over its content workers, with their number."""
        rows = []
        for pids in ([self.daemon.process.pid], self.daemon.workers("content")):
            total = [0, 0, 0, 0]
            for pid in pids:
                with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError, KeyError):
                    row = (daemon_load.anonymous_kib(pid), daemon_load.pss_kib(pid), daemon_load.descriptors(pid), 1)
                    total = [a + b for a, b in zip(total, row)]
            rows.append(total)
        return rows

    def start(self):
        self.make_contents()
        self.scanned = self.make_repository("scanned", 20)
        self.watched = [self.make_repository("watched%d" % i, 1) for i in range(REPOSITORIES)]
        self.daemon.start()
        for path in self.watched:
            self.daemon.call("Watch", {"path": path})
            self.pushed[path].add("f0.txt")
            self.count.add("asked", "push")
        jobs = [("ScanText", self.scan_text, 0.0)] * 4 + [("ScanFd", self.scan_fd, 0.01), ("ScanObjects", self.scan_objects, 0.01),
                                                         ("ScanRepository", self.scan_repository, 0.5)]
        self.clients = [threading.Thread(target=self.guarded, args=(name, self.client, name, call, pause), daemon=True)
                        for name, call, pause in jobs]
        for name, run in (("Subscribe", self.listen), ("push", self.push), ("faults", self.inject), ("deaths", self.disturb)):
            self.clients.append(threading.Thread(target=self.guarded, args=(name, run), daemon=True))
        for thread in self.clients:
            thread.start()

    def settle(self):
        """Everything that was pushed is stored in the end, and once."""
        end = time.monotonic() + 60
        for path, files in self.pushed.items():
            while True:
                with daemon_harness.Client(self.daemon.socket) as client:
                    pages = list(client.stream("ListFindings", {"repository": path}))
                # a blob that was seen before its commit is gone as what it was then, and stored anew with its path
                stored = [finding["finding"]["path"] for page in pages for finding in page["findings"] if finding["state"] == "live"]
                if set(stored) == files or time.monotonic() > end:
                    break
                self.count_again.wait(0.2)
            missing, doubled = files - set(stored), len(stored) - len(set(stored))
            if missing or doubled:
                self.count.say_wrong("%s: %d findings missing, %d stored twice" % (os.path.basename(path), len(missing), doubled))
            self.count.add("right", "push", len(files & set(stored)))
        twice = [where for where, n in self.events.items() if n > 1]
        if twice:
            self.count.say_wrong("%d findings told twice to a subscriber" % len(twice))

    def run(self):
        self.start()
        begin = time.monotonic()
        self.stop.wait(min(WARM, self.seconds / 3))
        first, last = self.figures(), None
        while time.monotonic() < begin + self.seconds and self.daemon.process.poll() is None and len(self.count.wrong) < 100:
            self.stop.wait(min(10, max(0.1, begin + self.seconds - time.monotonic())))
        if self.daemon.process.poll() is None:
            last = self.figures()
        self.stop.set()
        for thread in self.clients:
            thread.join(daemon_harness.WAIT + 30)
            if thread.is_alive():
                self.count.say_wrong("a client was never answered")
        if self.daemon.process.poll() is not None:
            self.count.say_wrong("the daemon ended with %s:\n%s" % (self.daemon.process.returncode, self.daemon.log()[-2000:]))
            return self.report(first, first, time.monotonic() - begin)
        self.settle()
        workers = self.daemon.workers()
        status = self.daemon.end()
        if status != 0:
            self.count.say_wrong("the daemon ended with %s" % status)
        if daemon_load.wait_gone(workers):
            self.count.say_wrong("workers outlive the daemon")
        return self.report(first, last, time.monotonic() - begin)

    def report(self, first, last, seconds):
        count = self.count
        print("%.0f seconds" % seconds)
        for name in sorted(count.asked):
            print("%-16s asked %8d, right %8d" % (name, count.asked[name], count.right[name]))
        for name in sorted(n for n in count.right if n.startswith("event ")):
            print("%-16s %d" % (name, count.right[name]))
        for name, number in sorted(count.failed.items()):
            print("failed: %s %d" % (name, number))
        print("injected: " + ", ".join("%s %d" % item for item in sorted(count.injected.items())))
        times = sorted(count.times)
        if times:
            print("ScanText: median %.2f ms, p99 %.2f ms" % (1000 * times[len(times) // 2], 1000 * times[len(times) * 99 // 100]))
        for name, a, b in zip(("parent", "content workers"), first, last):
            print("%s (%d, %d): anonymous %d -> %d KiB, PSS %d -> %d KiB, descriptors %d -> %d" % (
                name, a[3], b[3], a[0], b[0], a[1], b[1], a[2], b[2]))
        for text in count.wrong[:20]:
            print("WRONG: " + text)
        print("%d wrong" % len(count.wrong))
        return 1 if count.wrong else 0


def main():
    daemon_harness.DAEMON = os.path.abspath(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1200.0
    top = tempfile.mkdtemp(prefix="cw-soak.")
    soak = Soak(top, seconds)
    try:
        return soak.run()
    finally:
        soak.daemon.close()
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
