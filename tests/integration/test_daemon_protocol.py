#!/usr/bin/env python3
"""The example exchanges of credwatch-protocol(7), replayed: each reply has the shape that the page shows.

    python3 -B test_daemon_protocol.py CREDWATCHD PAGE PAGE-OF-CREDWATCHD"""
import json
import os
import re
import subprocess
import sys

import daemon_harness
from daemon_harness import memfd

PAGE = DAEMON_PAGE = ""
ROOT = "/srv/git"  # of the page
SHAPES = {"engine": r"[0-9a-f]{64}", "digest": r"[0-9a-f]{64}", "fingerprint": r"[0-9a-f]{4}:[0-9a-f]{32}",
          "started": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "connected": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"}


def exchanges():
    """[(content of the descriptor or None, call, reply)]"""
    with open(PAGE, encoding="utf-8") as file:
        text = file.read().replace("{+}", "")
    lines = [line for block in re.findall(r"(?ms)^```\n(.*?)^```$", text) for line in block.split("\n") if line]
    found, content, call = [], None, None
    for line in lines:
        kind, rest = line[:3], line[3:]
        if kind == "F: ":
            content = rest.encode()
        elif kind == "C: ":
            call = json.loads(rest)
        else:
            assert kind == "S: ", line
            found.append((content, call, json.loads(rest)))
            content = None
    return found


class Protocol(daemon_harness.Case):
    def same_shape(self, shown, real, where):
        if shown is None or real is None:
            return
        self.assertEqual(type(shown), type(real), where)
        if isinstance(shown, dict):
            self.assertEqual({k for k, v in shown.items() if v is not None}, {k for k, v in real.items() if v is not None}, where)
            for key, value in shown.items():
                self.same_shape(value, real.get(key), where + "." + key)
        elif isinstance(shown, list):
            self.assertEqual(bool(shown), bool(real), where)
            for value in real:
                self.same_shape(shown[0], value, where + "[]")
        elif isinstance(shown, str) and where.split(".")[-1] in SHAPES:
            self.assertRegex(real, "^%s$" % SHAPES[where.split(".")[-1]], where)

    def placed(self, value):
        """The page's repositories lie below this test's folder."""
        return json.loads(json.dumps(value).replace(ROOT, self.top + "/git"))

    def test_examples(self):
        os.makedirs(self.top + "/git")
        subprocess.run(["git", "init", "-q", "--bare", self.top + "/git/project.git"], check=True)
        daemon = self.daemon("daemon: {roots: [%s/git]}\n" % self.top)
        found = exchanges()
        self.assertGreater(len(found), 10)
        with daemon.connect() as client:
            for content, call, shown in found:
                fds = () if content is None else (memfd(content),)
                client.send_raw(json.dumps(self.placed(call)).encode() + b"\0", fds)
                for fd in fds:
                    os.close(fd)
                real = client.receive()
                where = "%s -> %s" % (call["method"], json.dumps(real)[:400])
                self.assertEqual(shown.get("error"), real.get("error"), where)
                self.same_shape(shown, real, where)
                # what the page says of a scan is so, but for fingerprints, which hang on the key
                if "result" in shown.get("parameters", {}):
                    for key in ("hits", "complete", "reasons"):
                        self.assertEqual(shown["parameters"]["result"][key], real["parameters"]["result"][key], where)

    def test_every_method(self):
        """Each method and error of the interface is explained, and each of those that need nothing special is shown."""
        with open(PAGE, encoding="utf-8") as file:
            text = file.read()
        daemon = self.daemon()
        interface = daemon.call("org.varlink.service.GetInterfaceDescription", {"interface": "io.credwatch"})["description"]
        methods = re.findall(r"(?m)^method (\w+)", interface)
        self.assertGreater(len(methods), 10)
        for name in methods:
            self.assertIn("*%s*" % name, text)
        for name in re.findall(r"(?m)^error (\w+)", interface):
            self.assertIn("*%s*" % name, text)


class Options(daemon_harness.Case):
    def test_options(self):
        """credwatchd(8) has the options of --help, and no others."""
        text = self.new_daemon().run("--help").stdout
        real = set(re.findall(r"(?m)^  (?:-(\w), |    )--([a-z-]+)(?: ([A-Z]+))?", text))
        with open(DAEMON_PAGE, encoding="utf-8") as file:
            section = file.read().split("\n# OPTIONS\n")[1].split("\n# ")[0]
        written = set(re.findall(r"(?m)^(?:\*-(\w)\*, )?\*--([a-z-]+)\*(?: _([A-Z]+)_)?$", section))
        self.assertEqual(written, real)


if __name__ == "__main__":
    DAEMON_PAGE = sys.argv.pop(3)
    PAGE = sys.argv.pop(2)
    daemon_harness.main()
