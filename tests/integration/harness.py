"""What the integration tests share: a throw-away home and folder, running the program, secrets made at run time.

    python3 -B test_x.py PROGRAM
No secret stands in these files: tokens are joined from parts and made of random characters with a fixed seed."""
import base64
import ctypes
import hashlib
import hmac
import importlib.util
import json
import os
import random
import re
import resource
import shutil
import signal
import string
import subprocess
import sys
import tempfile
import unittest
import zlib

PROGRAM = ""
LETTERS = string.ascii_letters + string.digits

# A rule file for tests that must not depend on the default rules. The loader deletes each {+}.
ACME_RULES = r"""provider: acme
rules:
  - id: acme.key
    title: Acme key
    class: specific
    severity: high
    anchor: 'acme_[A-Za-z0-9]{20}'
    pattern: '(?<![A-Za-z0-9])(?<secret>acme_[A-Za-z0-9]{32})(?![A-Za-z0-9])'
    reach: {before: 64, after: 32}
    paths: {lower: ['**/test/**']}
    description: Opens the door.
    remediation: Revoke it in the console and put a new one into the vault.
    references: ['https://acme.example/keys']
    examples:
      - 'key = acme_{+}Zk3Qw8Rt5Yp1Lm7Nb2Vc6Xd9Sf4Gh0Ja'
      - 'acme_{+}Pq9Wn4Er7Ty2Ui5Op8As1Df6Gh3Jk0Lz'
    counterexamples:
      - 'acme_{+}tooshort'
      - 'xacme_{+}Zk3Qw8Rt5Yp1Lm7Nb2Vc6Xd9Sf4Gh0Ja'
"""


def randoms(seed, length, alphabet=LETTERS):
    generator = random.Random(seed)
    return "".join(generator.choice(alphabet) for _ in range(length))


def acme(seed):
    return "acme" + "_" + randoms(seed, 32)


def github(seed):
    """A classic GitHub token: 30 characters and their CRC-32 in base 62."""
    body = randoms(seed, 30)
    number, digits = zlib.crc32(body.encode()), ""
    alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
    while number:
        number, rest = divmod(number, 62)
        digits = alphabet[rest] + digits
    return "gh" + "p_" + body + digits.rjust(6, "0")


def stripe(seed):
    return "sk" + "_live_" + randoms(seed, 24)


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(seed):
    head = b64url(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = b64url(json.dumps({"sub": randoms(seed, 12), "iat": 1516239022}).encode())
    mac = hmac.new(randoms(seed + "k", 32).encode(), (head + "." + body).encode(), hashlib.sha256).digest()
    return head + "." + body + "." + b64url(mac)


def without_override():
    """For preexec_fn: root, too, meets the modes of files (no CAP_DAC_OVERRIDE, no CAP_DAC_READ_SEARCH)."""
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def full_disk():
    """For preexec_fn: no file can grow beyond 20 bytes; the write fails, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))


def need_modules(*names):
    """Where this Python lacks modules that are packages of Debian, go on under Debian's own."""
    debian = "/usr/bin/python3"
    lacks = [name for name in names if importlib.util.find_spec(name) is None]
    if lacks and os.path.exists(debian) and os.path.realpath(sys.executable) != os.path.realpath(debian):
        os.execv(debian, [debian, "-B", *sys.argv])


class Done:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err
        self.text = out.decode("utf-8", "surrogateescape")
        self.errors = err.decode("utf-8", "surrogateescape")

    def json_lines(self):
        """The report as objects; every byte must be valid UTF-8 and every line a JSON object without doubled keys."""
        lines = self.out.decode("utf-8", "strict").split("\n")
        assert lines[-1] == "", "no newline at the end"
        return [json.loads(line, object_pairs_hook=single) for line in lines[:-1]]


def timeless(out):
    """A report without the two times that GitLab's format demands."""
    return re.sub(rb'"(start|end)_time":"[^"]*"', b"", out)


def single(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), "doubled key in %s" % names
    return dict(pairs)


class Case(unittest.TestCase):
    """Each test has a home, a cache and a working folder of its own."""

    cache = False  # audits neither use nor leave a verdict store

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="cw-cli.")
        self.home = os.path.join(self.top, "home")
        self.dir = os.path.join(self.top, "dir")
        os.mkdir(self.home, 0o700)
        os.mkdir(self.dir)
        self.env = {"HOME": self.home, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                    "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
                    "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
                    "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.rules = self.write_top("acme.yaml", ACME_RULES)

    def tearDown(self):
        shutil.rmtree(self.top)

    def write_top(self, name, text):
        path = os.path.join(self.top, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def write(self, name, content):
        path = os.path.join(os.fsencode(self.dir), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return os.fsdecode(path)

    def run_it(self, *args, data=b"", **more):
        if args[:1] == ("audit",) and not self.cache:
            args = ("audit", "--no-cache") + args[1:]
        done = subprocess.run([PROGRAM, *args], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir,
                              env=self.env, timeout=240, check=False, **more)
        return Done(done.returncode, done.stdout, done.stderr)

    def acme(self, command, *args, **more):
        """Scan or audit with the test's own rules alone."""
        return self.run_it(command, "--no-default-rules", "--rules", self.rules, *args, **more)

    def formats(self):
        """The names of all report formats, as help lists them."""
        listed = self.run_it("scan", "--help").text.split("\nFormats:\n")[1].split("\n\n")[0]
        return [line.split()[0] for line in listed.split("\n")]

    def git(self, *args):
        subprocess.run(["git", *args], cwd=self.dir, env=self.env, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, timeout=120)

    def commit(self, message="more"):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def assertStatus(self, done, status):
        self.assertEqual(done.status, status, "stdout: %s\nstderr: %s" % (done.text[-2000:], done.errors[-2000:]))


def main():
    global PROGRAM
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    os.umask(0o022)
    unittest.main(module="__main__", verbosity=1)
