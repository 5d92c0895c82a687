"""Clients that know the right answer to each of their calls, and what the system tells of a daemon's processes.

A client has one call in flight, and the numbers of secrets in its texts go round in a cycle: an answer that is missing, wrong, or given
twice shows at once, or at the next call. Nothing here sleeps."""
import os
import random
import select
import socket
import threading

import daemon_harness
import harness
from daemon_harness import CallError, Client

SENTENCES = ("static int count(const char *text, size_t len)\n{\n\tsize_t n = 0;\n\n\tfor (size_t i = 0; i < len; i++)\n\t\tn += text[i] == 10;\n",
             "# The quick brown fox jumps over the lazy dog.\nfor line in sorted(lines):\n    print(line.strip())\n",
             "The parts are put together in the order in which they need each other; what is given back goes the other way.\n")


def text_with(count, seed, size=4096):
    """About SIZE bytes of source in which COUNT secrets stand, each on its own line."""
    generator = random.Random(seed)
    lines = ["token = '%s'\n" % harness.github("%s.%d" % (seed, i)) for i in range(count)]
    parts, length = [], 0
    while length < size:
        parts.append(generator.choice(SENTENCES))
        length += len(parts[-1])
    step = max(1, len(parts) // (count + 1))
    for i, line in enumerate(lines):
        parts.insert((i + 1) * step + i, line)
    return "".join(parts)


def is_right(result, count):
    return (result["hits"] == count and len(result["findings"]) == count and result["complete"] is True
            and all(f["rule"] == "github.pat" for f in result["findings"]))


class Load:
    """CLIENTS connections that call ScanText without a pause, in threads. A connection that the daemon ends is counted in `cut`, an error
    among ALLOWED in `errors`; everything else that is not the right answer is in `wrong`. With AGAIN a client that was cut off
    connects anew."""

    texts = [(count, text_with(count, "load%d" % count)) for count in (0, 1, 0, 3, 2)]

    def __init__(self, path, clients=2, allowed=(), again=False):
        self.path, self.allowed, self.again = path, allowed, again
        self.answered, self.cut, self.errors, self.wrong = 0, 0, 0, []
        self.lock, self.stopping = threading.Lock(), False
        self.counted = threading.Condition(self.lock)
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join(120)
            if thread.is_alive():
                self.note(wrong="a call was never answered")

    def wait_for_end(self):
        """The daemon has ended: wait until every client has seen it."""
        for thread in self.threads:
            thread.join(60)

    def note(self, answered=0, cut=0, errors=0, wrong=None):
        with self.lock:
            self.answered += answered
            self.cut += cut
            self.errors += errors
            if wrong is not None:
                self.wrong.append(wrong)
            self.counted.notify_all()

    def wait_for_more(self, count, seconds=60):
        """Wait until COUNT more calls have been answered, or all clients have ended."""
        with self.lock:
            goal = self.answered + count
            self.counted.wait_for(lambda: self.answered >= goal or not any(t.is_alive() for t in self.threads), seconds)
            assert self.answered >= goal or not any(t.is_alive() for t in self.threads), "the calls beside are not answered"

    def run(self, turn):
        while not self.stopping:
            try:
                with Client(self.path) as client:
                    while not self.stopping:
                        turn += 1
                        self.one(client, *self.texts[turn % len(self.texts)])
            except (EOFError, ConnectionError, FileNotFoundError):
                self.note(cut=1)
                if not self.again:
                    return
            except socket.timeout:
                self.note(wrong="a call was never answered")
                return
            except Exception as error:  # a test must not pass because a thread of it died
                self.note(wrong=repr(error))
                return

    def one(self, client, count, text):
        try:
            result = client.call("ScanText", {"text": text})["result"]
        except CallError as error:
            if error.name.split(".")[-1] in self.allowed:
                self.note(errors=1)
            else:
                self.note(wrong=str(error))
            return
        if is_right(result, count):
            self.note(answered=1)
        else:
            self.note(wrong="%d secrets, and the answer is %d hits, %d findings, complete %s" % (
                count, result["hits"], len(result["findings"]), result["complete"]))


class Beside:
    """Clients beside a hostile one: all their calls are answered rightly; at the end the daemon still lives, and its log is clean."""

    def __init__(self, case, daemon, clients=2):
        self.case, self.daemon, self.load = case, daemon, Load(daemon.socket, clients)

    def __enter__(self):
        self.load.__enter__()
        self.load.wait_for_more(5)
        return self.load

    def __exit__(self, kind, *_):
        if kind is None:
            self.load.wait_for_more(20)
        self.load.stop()
        if kind is not None:
            return
        self.case.assertEqual(self.load.wrong, [])
        self.case.assertEqual(self.load.cut, 0)
        self.case.assertEqual(self.daemon.call("Status")["pid"], self.daemon.process.pid)
        self.case.assertNotIn(self.case.token, self.daemon.log())


class Case(daemon_harness.Case):
    """self.token is a secret that hostile input holds: nothing may repeat it."""

    def setUp(self):
        super().setUp()
        self.token = harness.github("hostile")

    def beside(self, daemon, clients=2):
        return Beside(self, daemon, clients)

    def grew_less(self, daemon, before, kib):
        """The daemon's own memory is less than KIB above BEFORE; a sanitizer keeps what is freed, so it says nothing with one."""
        if not os.environ.get("SANITIZED"):
            self.assertLess(anonymous_kib(daemon.process.pid) - before, kib)

    def closed(self, client):
        """The daemon closes this connection without another word."""
        self.assertIsNone(client.receive_raw())


# ---- processes ----

def status_kib(pid, *names):
    """The sum of these lines of /proc/PID/status, in KiB."""
    with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
        lines = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    return sum(int(lines[name].split()[0]) for name in names)


def anonymous_kib(pid):
    return status_kib(pid, "RssAnon")


def pss_kib(pid):
    """Memory of it, shared pages divided among those who share them."""
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


def peak_kib(pid):
    return status_kib(pid, "VmHWM")


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def wait_gone(pids, seconds=30):
    """Wait until none of these processes, which need not be our children, runs. Returns those that still do."""
    left = []
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
            with open("/proc/%d/cmdline" % pid, "rb") as file:
                ours = b"credwatchd" in file.read()
        except (ProcessLookupError, FileNotFoundError):
            continue
        if not ours:  # a number that has a new owner
            os.close(fd)
            continue
        if not select.select([fd], [], [], seconds)[0]:
            left.append(pid)
        os.close(fd)
    return left
