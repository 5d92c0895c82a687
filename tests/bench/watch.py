#!/usr/bin/env python3
"""watch.py CREDWATCHD [REPOSITORIES [ROUNDS]] - how soon a moved reference is scanned, and what watching costs.

A daemon of its own watches so many bare repositories (default 200). Latency is from the time of the reference's file to the event that says that
its scan is stored:
  alone   pushes, one after the other, each scanned before the next
  pushes  pushes as fast as git makes them, to one repository after the other
  burst   one reference in every repository, moved as fast as files can be written
Memory is the sum of the PSS of all processes of the daemon. Nothing here is asserted."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

GIT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
       "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
       "GIT_COMMITTER_EMAIL": "a@example.org"}


def git(folder, *args):
    return subprocess.run(["git", "-C", folder, "-c", "gc.auto=0", *args], env=GIT, check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        for _ in range(300):
            try:
                self.sock.connect(path)
                break
            except OSError:
                time.sleep(0.1)
        self.buffer = b""

    def send(self, method, parameters=None, **flags):
        call = dict({"method": "io.credwatch." + method, "parameters": parameters or {}}, **flags)
        self.sock.sendall(json.dumps(call).encode() + b"\0")

    def receive(self):
        while b"\0" not in self.buffer:
            got = self.sock.recv(1 << 16)
            if not got:
                raise EOFError
            self.buffer += got
        message, self.buffer = self.buffer.split(b"\0", 1)
        reply = json.loads(message)
        if "error" in reply:
            raise SystemExit("the daemon answers %s" % reply)
        return reply["parameters"]

    def call(self, method, parameters=None):
        self.send(method, parameters)
        return self.receive()


class Scans(threading.Thread):
    """Counts scans of each repository, and keeps the time of the last."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.client = Client(path)
        self.client.send("Subscribe", more=True)
        self.changed = threading.Condition()
        self.count, self.at = {}, {}

    def run(self):
        try:
            while True:
                event = self.client.receive().get("event") or {}
                if event.get("event") != "scan":
                    continue
                with self.changed:
                    path = event["repository"]
                    self.count[path] = self.count.get(path, 0) + 1
                    self.at[path] = time.time()
                    self.changed.notify_all()
        except (EOFError, OSError):
            pass

    def wait(self, path, above):
        """Until there are more than ABOVE scans of PATH; the time of the last."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.count.get(path, 0) > above, timeout=300):
                raise SystemExit("%s is not scanned" % path)
            return self.at[path]


class Bench:
    def __init__(self, program, top, n):
        self.top, self.socket = top, os.path.join(top, "socket")
        self.root = os.path.join(top, "git")
        self.work = os.path.join(top, "work")
        os.mkdir(self.root)
        subprocess.run(["git", "init", "-q", "-b", "main", self.work], env=GIT, check=True)
        self.commit()
        first = os.path.join(self.root, "0.git")
        subprocess.run(["git", "clone", "-q", "--bare", self.work, first], env=GIT, check=True)
        shutil.rmtree(os.path.join(first, "hooks"), ignore_errors=True)
        self.repositories = [first]
        for i in range(1, n):
            self.repositories.append(os.path.join(self.root, "%d.git" % i))
            shutil.copytree(first, self.repositories[-1])
        config = os.path.join(top, "config.yaml")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"daemon": {"roots": [self.root]}}, file)
        self.daemon = subprocess.Popen([program, "--config", config, "--socket", self.socket, "--state", os.path.join(top, "state"),
                                        "--log-level", "warning"], env=dict(os.environ, XDG_CONFIG_HOME=os.path.join(top, "home")))
        self.client = Client(self.socket)
        self.scans = Scans(self.socket)
        self.scans.start()

    def commit(self):
        with open(os.path.join(self.work, "file"), "a", encoding="utf-8") as file:
            file.write("one more line at %f\n" % time.time())
        git(self.work, "add", "file")
        git(self.work, "commit", "-q", "-m", "change")

    def ref_time(self, repository):
        return os.stat(os.path.join(repository, "refs/heads/main")).st_mtime_ns / 1e9

    def watch(self):
        start = time.time()
        for path in self.repositories:
            self.client.call("Watch", {"path": path})
        for path in self.repositories:
            self.scans.wait(path, 0)
        return time.time() - start

    def settle(self):
        """Until no look is due any more."""
        while self.client.call("Status")["queued"] > 0 or any(w["busy"] for w in self.client.call("Status")["workers"]):
            time.sleep(0.3)

    def pss(self):
        total, parent = 0, 0
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.daemon.pid)], stdout=subprocess.PIPE, text=True,
                                  check=False).stdout.split()
        for pid in [str(self.daemon.pid), *children]:
            try:
                with open("/proc/%s/smaps_rollup" % pid, encoding="ascii") as file:
                    kib = next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            except (OSError, StopIteration):
                continue
            total += kib
            parent = parent or kib
        return total, parent

    def alone(self, rounds):
        times = []
        for i in range(rounds):
            path = self.repositories[i % len(self.repositories)]
            self.commit()
            before = self.scans.count.get(path, 0)
            git(self.work, "push", "-q", path, "HEAD:refs/heads/main")
            times.append(self.scans.wait(path, before) - self.ref_time(path))
        return times

    def pushes(self):
        self.commit()
        before = dict(self.scans.count)
        for path in self.repositories:
            git(self.work, "push", "-q", path, "HEAD:refs/heads/main")
        return [self.scans.wait(path, before.get(path, 0)) - self.ref_time(path) for path in self.repositories]

    def burst(self):
        tip = git(self.work, "rev-parse", "HEAD~1")
        before = dict(self.scans.count)
        for path in self.repositories:
            ref = os.path.join(path, "refs/heads/main")
            with open(ref + ".lock", "w", encoding="ascii") as file:
                file.write(tip + "\n")
            os.rename(ref + ".lock", ref)
        return [self.scans.wait(path, before.get(path, 0)) - self.ref_time(path) for path in self.repositories]


def show(name, times):
    times.sort()
    print("%-8s %4d scans: median %4.0f ms, p99 %4.0f ms, longest %4.0f ms" % (
        name, len(times), 1e3 * times[len(times) // 2], 1e3 * times[min(len(times) - 1, len(times) * 99 // 100)], 1e3 * times[-1]))


def run(program, n, rounds):
    top = os.path.realpath(tempfile.mkdtemp(prefix="cw-bench-watch."))
    bench = None
    try:
        bench = Bench(program, top, n)
        bench.settle()
        empty, empty_parent = bench.pss()
        print("%d repositories: first scans %.1f s" % (n, bench.watch()))
        bench.settle()
        show("alone", bench.alone(rounds))
        show("pushes", bench.pushes())
        bench.settle()
        show("burst", bench.burst())
        bench.settle()
        total, parent = bench.pss()
        state = sum(os.path.getsize(os.path.join(top, "state", name)) for name in os.listdir(os.path.join(top, "state"))
                    if name.startswith("state.db"))
        cache = subprocess.run(["du", "-s", "--apparent-size", "-B1", os.path.join(top, "state", "cache")], stdout=subprocess.PIPE,
                               text=True, check=False).stdout.split()
        print("PSS %d KiB at rest (%d before watching), of the parent %d KiB (%d before): %d bytes a repository" % (
            total, empty, parent, empty_parent, 1024 * max(0, parent - empty_parent) // n))
        print("state %d bytes, verdicts %s bytes" % (state, cache[0] if cache else "?"))
    finally:
        if bench is not None:
            bench.daemon.terminate()
            bench.daemon.wait()
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    run(os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200, int(sys.argv[3]) if len(sys.argv) > 3 else 60)
