#!/usr/bin/env python3
"""The units are what systemd understands, and say what the daemon needs."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

DAEMON, UNITS = "", []


def settings(path):
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


class Units(unittest.TestCase):
    def path(self, name):
        return next(path for path in UNITS if os.path.basename(path) == name)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze here")
    def test_verify(self):
        # the program is the built one, since the installed one is not there
        with tempfile.TemporaryDirectory() as folder:
            with open(self.path("credwatchd.service"), encoding="utf-8") as file:
                text = re.sub(r"(?m)^ExecStart=.*", "ExecStart=" + DAEMON, file.read())
            with open(folder + "/credwatchd.service", "w", encoding="utf-8") as file:
                file.write(text)
            shutil.copy(self.path("credwatchd.socket"), folder)
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", folder + "/credwatchd.service", folder + "/credwatchd.socket"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
            ours = [line for line in done.stdout.split("\n") if "credwatchd" in line]
            self.assertEqual(ours, [], done.stdout)

    def test_hardening(self):
        """What must not be lost when the unit is edited."""
        unit = settings(self.path("credwatchd.service"))
        for name, value in {"Type": "notify", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateNetwork": "yes",
                            "MemoryDenyWriteExecute": "yes", "LimitCORE": "0", "UMask": "0077", "CapabilityBoundingSet": "",
                            "RestrictAddressFamilies": "AF_UNIX", "Restart": "on-failure", "OOMPolicy": "continue"}.items():
            self.assertEqual(unit.get(name), value, name)
        self.assertNotIn("PrivateUsers", unit)
        self.assertIn("HUP", unit["ExecReload"])

    def test_same_socket(self):
        """The unit's socket is the one that clients look for."""
        listed = subprocess.run([os.environ["CREDWATCH"], "config", "--keys"], stdout=subprocess.PIPE, text=True, check=True).stdout
        default = re.search(r"daemon\.socket: a text \(default (.*?)\)", listed).group(1)
        self.assertEqual(settings(self.path("credwatchd.socket"))["ListenStream"], default)

    @unittest.skipUnless(shutil.which("systemd-sysusers") and shutil.which("systemd-tmpfiles") and os.geteuid() == 0,
                         "no systemd-sysusers and systemd-tmpfiles here, or not root")
    def test_folders(self):
        """Both files do what they say below a root of their own."""
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(root + "/etc")
            for tool, conf in (("systemd-sysusers", "sysusers.conf"), ("systemd-tmpfiles", "tmpfiles.conf")):
                args = [tool, "--root=" + root] + (["--create"] if "tmpfiles" in tool else []) + [self.path(conf)]
                done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
                self.assertEqual(done.returncode, 0, done.stdout)
            with open(root + "/etc/passwd", encoding="utf-8") as file:
                self.assertIn("credwatch:", file.read())
            self.assertEqual(os.stat(root + "/var/lib/credwatch").st_mode & 0o777, 0o700)
            self.assertEqual(os.stat(root + "/run/credwatch").st_mode & 0o777, 0o755)


if __name__ == "__main__":
    DAEMON = os.path.abspath(sys.argv.pop(1))
    while len(sys.argv) > 1 and os.path.exists(sys.argv[1]):
        UNITS.append(os.path.abspath(sys.argv.pop(1)))
    unittest.main(verbosity=1)
