#!/usr/bin/env python3
"""The man pages are shown without a complaint, and their examples do what they say.

    test_man.py PROGRAM SOURCE... [PAGE...]      PAGE: built pages; none where scdoc is not installed"""
import os
import re
import shutil
import subprocess
import sys

import harness
from harness import stripe

SOURCES = {}
PAGES = []
BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(name, heading):
    """The literal blocks under HEADING of the page NAME."""
    section = re.search(r"^# %s$(.*?)(?=^# |\Z)" % heading, SOURCES[name], re.MULTILINE | re.DOTALL)
    return BLOCK.findall(section.group(1))


def shown(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          env=dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="80"))
    return done.returncode, done.stdout, done.stderr


class Pages(harness.Case):
    def test_man(self):
        # groff has nothing to complain about, and the page holds what its source does.
        if not shutil.which("man") or not shutil.which("groff"):
            self.skipTest("man or groff is not installed")
        for page in PAGES:
            status, out, errors = shown(["man", "--warnings", "-E", "UTF-8", "-l", page])
            self.assertEqual((status, errors), (0, ""), page)
            for heading in re.findall(r"^# (.*)$", SOURCES[os.path.basename(page)], re.MULTILINE):
                self.assertIn("\n" + heading + "\n", out)

    def test_mandoc(self):
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is not installed")
        for page in PAGES:
            status, out, errors = shown(["mandoc", "-Tlint", "-Wwarning", page])
            self.assertEqual((status, out, errors), (0, "", ""), page)

    def test_rules_example(self):
        # The rule file in credwatch-rules(5) is valid and finds its examples.
        done = self.run_it("rules", "check", self.write("acme.yaml", blocks("credwatch-rules.5", "EXAMPLE")[0]))
        self.assertStatus(done, 0)

    def test_configurations(self):
        # Those in credwatch.yaml(5) are valid, the first for a repository; the rules they name exist.
        repository, user = blocks("credwatch.yaml.5", "EXAMPLES")
        self.assertStatus(self.run_it("config", "--check", self.write(".credwatch.yaml", repository)), 0)
        self.assertStatus(self.run_it("config", "--check", self.write("config.yaml", user)), 0)
        for rule in re.findall(r"(?:- id|rule): (\S+)", repository):
            self.assertStatus(self.run_it("rules", "show", rule), 0)

    def example(self, block):
        """Run the lines of an example in one shell: each ends with status 0 or 1, and with notes at most."""
        env = dict(self.env, PATH=os.path.dirname(harness.PROGRAM) + ":" + self.env["PATH"])
        script = "".join("%s || [ $? = 1 ] || exit 99\n" % line for line in block.splitlines())
        done = subprocess.run(["sh", "-c", script], cwd=self.dir, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, check=False)
        messages = [line for line in done.stderr.decode().splitlines() if not line.startswith("credwatch: note: ")]
        self.assertEqual((done.returncode, messages), (0, []), block)
        return done.stdout.decode()

    def test_examples(self):
        # Every block under EXAMPLES of credwatch(1), one after the other in one folder.
        self.write("src/a.py", "key = '%s'\n" % stripe("e"))
        self.write("deploy.yaml", "replicas: 2\n")
        self.write("my-rules.yaml", harness.ACME_RULES.replace("provider: acme", "provider: my-rules").replace(
            "id: acme.key", "id: my-rules.key"))
        self.git("init", "-q", "-b", "main")
        self.commit()
        shown_by = [self.example(block) for block in blocks("credwatch.1", "EXAMPLES")]
        self.assertGreaterEqual(len(shown_by), 8)
        self.assertIn("stripe.secret-key", shown_by[0])
        self.assertEqual(sum("How it was found" in out for out in shown_by), 1)


if __name__ == "__main__":
    rest = sys.argv[2:]
    del sys.argv[2:]
    for name in rest:
        if name.endswith(".scd"):
            with open(name, encoding="utf-8") as file:
                SOURCES[os.path.basename(name)[:-len(".scd")]] = file.read()
        else:
            PAGES.append(name)
    harness.main()
