"""A daemon of one's own: its configuration, socket, state and log in a throw-away folder, and raw calls to it.

    python3 -B test_daemon_x.py CREDWATCHD [CREDWATCH]
Nothing here sleeps: the daemon says READY=1 to a socket, as it would to systemd, and every other wait is for an answer."""
import array
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import harness

DAEMON = ""
WAIT = 60  # seconds: a test that waits longer has failed
F_ADD_SEALS, SEALS = 1033, 0x1 | 0x2 | 0x4 | 0x8  # fcntl(2): sealing, shrinking, growing, writing


class CallError(Exception):
    """The daemon answered with an error."""

    def __init__(self, name, parameters):
        super().__init__("%s %s" % (name, json.dumps(parameters)))
        self.name, self.parameters = name, parameters


def memfd(content, seals=SEALS):
    """A memfd with CONTENT and these seals; the caller closes it."""
    import fcntl
    fd = os.memfd_create("test", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with open(fd, "wb", closefd=False) as file:
        file.write(content)
    if seals:
        fcntl.fcntl(fd, F_ADD_SEALS, seals)
    return fd


class Client:
    """A connection. call() returns the parameters of the reply or raises CallError; send() and receive() are its two halves."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(WAIT)
        self.buffer = b""
        try:
            self.sock.connect(path)
        except OSError:
            self.sock.close()
            raise

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send_raw(self, data, fds=()):
        if fds:
            control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
            sent = self.sock.sendmsg([data], control)
            data = data[sent:]
        if data:
            self.sock.sendall(data)

    def send(self, method, parameters=None, fds=(), **flags):
        call = {"method": method if "." in method else "io.credwatch." + method}
        if parameters is not None:
            call["parameters"] = parameters
        call.update(flags)
        self.send_raw(json.dumps(call).encode() + b"\0", fds)

    def receive_raw(self):
        """The next message without its NUL; None: the daemon has closed."""
        while b"\0" not in self.buffer:
            try:
                got = self.sock.recv(1 << 16)
            except ConnectionResetError:
                got = b""
            if not got:
                return None
            self.buffer += got
        message, self.buffer = self.buffer.split(b"\0", 1)
        return message

    def receive(self):
        """The next reply as an object."""
        message = self.receive_raw()
        if message is None:
            raise EOFError("the daemon closed the connection")
        return json.loads(message, object_pairs_hook=harness.single)

    def answer(self):
        reply = self.receive()
        if "error" in reply:
            raise CallError(reply["error"], reply.get("parameters", {}))
        return reply.get("parameters", {})

    def call(self, method, parameters=None, fds=(), **flags):
        self.send(method, parameters, fds, **flags)
        return self.answer()

    def stream(self, method, parameters=None, fds=()):
        """All replies of a call with `more`."""
        self.send(method, parameters, fds, more=True)
        while True:
            reply = self.receive()
            if "error" in reply:
                raise CallError(reply["error"], reply.get("parameters", {}))
            yield reply.get("parameters", {})
            if not reply.get("continues"):
                return


class Daemon:
    """One daemon. CONFIG is YAML; ARGS come before --config; ENV adds to the environment; UID runs it as another user."""

    def __init__(self, top, config="", args=(), env=None, program=None, pass_fd=None, name="d"):
        self.top, self.args, self.program = top, list(args), program or DAEMON
        self.socket = os.path.join(top, name + ".socket")
        self.state = os.path.join(top, name + ".state")
        self.config_path = os.path.join(top, name + ".yaml")
        self.log_path = os.path.join(top, name + ".log")
        self.key_path = os.path.join(top, "key")
        self.env = {"HOME": top, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "CREDWATCH_KEY_FILE": self.key_path,
                    "XDG_CACHE_HOME": os.path.join(top, "cache")}
        for variable in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if variable in os.environ:
                self.env[variable] = os.environ[variable]
        self.env.update(env or {})
        self.process, self.pass_fd, self.before = None, pass_fd, None  # before: runs in the new process
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify_path = os.path.join(top, name + ".notify")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(notify_path)
        self.notify.bind(notify_path)
        self.env["NOTIFY_SOCKET"] = notify_path
        if not os.path.exists(self.key_path):
            with open(os.open(self.key_path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
                file.write("0123456789abcdef" * 4 + "\n")
        self.configure(config)

    def configure(self, config):
        with open(self.config_path, "w", encoding="utf-8") as file:
            file.write(config)

    def command(self):
        return [self.program, "--config", self.config_path, "--socket", self.socket, "--state", self.state, *self.args]

    def start(self, ready=True):
        """Start; with READY wait until it serves."""
        command, more, env = self.command(), {}, dict(self.env)
        if self.pass_fd is not None:
            # LISTEN_PID has to be the daemon's own: a shell that becomes it
            command = ["/bin/sh", "-c", 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&%d' % self.pass_fd, "sh", *command]
            more["pass_fds"] = (self.pass_fd,)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=self.top,
                                            start_new_session=True, preexec_fn=self.before, **more)
        if ready:
            self.wait_for("READY=1")
        return self

    def wait_for(self, word, seconds=WAIT):
        """The notification that holds the line WORD; those before it are dropped. The daemon's death ends the wait."""
        end = time.monotonic() + seconds
        while True:
            if select.select([self.notify], [], [], 0.1)[0]:
                text = self.notify.recv(4096).decode()
                if word in text.split("\n"):
                    return text
            elif self.process.poll() is not None:
                raise AssertionError("the daemon ended with %s:\n%s" % (self.process.returncode, self.log()))
            if time.monotonic() > end:
                raise AssertionError("no '%s' within %d s:\n%s" % (word, seconds, self.log()))

    def run(self, *args):
        """The program with its configuration and ARGS, to its end."""
        return subprocess.run([self.program, "--config", self.config_path, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, text=True, env=self.env, cwd=self.top, timeout=WAIT, check=False)

    def reload(self):
        """SIGHUP, and wait until it is done with it."""
        self.process.send_signal(signal.SIGHUP)
        self.wait_for("RELOADING=1")
        return self.wait_for("READY=1")

    def connect(self):
        return Client(self.socket)

    def call(self, method, parameters=None, **more):
        with self.connect() as client:
            return client.call(method, parameters, **more)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def workers(self, kind=None):
        """Process ids of its workers."""
        return [w["pid"] for w in self.call("Status")["workers"] if w["pid"] and kind in (None, w["kind"])]

    def end(self, number=signal.SIGTERM):
        """Stop; the exit status (negative: a signal)."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the daemon does not end:\n" + self.log()) from None

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.notify.close()


class Case(unittest.TestCase):
    """Each test has a folder of its own; daemons made by daemon() end with it."""

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="cw-d.")
        self.daemons = []

    def tearDown(self):
        for daemon in self.daemons:
            daemon.close()
        shutil.rmtree(self.top, ignore_errors=True)

    def write(self, name, text):
        path = os.path.join(self.top, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def new_daemon(self, config="", **more):
        daemon = Daemon(self.top, config, **more)
        self.daemons.append(daemon)
        return daemon

    def daemon(self, config="", **more):
        return self.new_daemon(config, **more).start()

    def assertError(self, name, function, *args, **more):
        with self.assertRaises(CallError) as caught:
            function(*args, **more)
        self.assertEqual(caught.exception.name, name if "." in name else "io.credwatch." + name)
        return caught.exception.parameters


def main():
    global DAEMON
    DAEMON = os.path.abspath(sys.argv.pop(1))
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-") and os.path.exists(sys.argv[1]):
        harness.PROGRAM = os.path.abspath(sys.argv.pop(1))
    os.umask(0o022)
    unittest.main(module="__main__", verbosity=1)
