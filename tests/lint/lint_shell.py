#!/usr/bin/env python3
"""shellcheck on every shell script. Skipped where shellcheck is not installed."""
import os
import re
import shutil
import subprocess
import sys

import common

SHELL = re.compile(r"#! ?/(usr/)?bin/(env )?(ba|da)?sh\b")


def is_script(root, name):
    return name.endswith(".sh") or SHELL.match(common.read(root, name).split("\n")[0]) is not None


def lint(root):
    names = [name for name in common.files(root) if common.is_text(root, name) and is_script(root, name)]
    problems = ["%s: a script is executable" % name for name in names
                if not os.access(os.path.join(root, name), os.X_OK) and SHELL.match(common.read(root, name))]
    if names:
        done = subprocess.run(["shellcheck", "-x", "--"] + names, cwd=root, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode != 0:
            problems.append(done.stdout)
    return problems


CLEAN = {"a.sh": "# shellcheck shell=sh\necho \"$1\"\n", "b": "not a script: $1\n"}
OFFENCES = [
    ("no quotes", {"c": "#!/bin/sh\nrm $1\n"}, "SC2086"),
    ("a bash word in sh", {"c.sh": "#!/bin/sh\nif [[ $1 ]]; then echo x; fi\n"}, "SC3010"),
    ("not executable", {"c.sh": "#!/bin/sh\necho x\n"}, "executable"),
]

if __name__ == "__main__":
    if shutil.which("shellcheck") is None:
        print("shellcheck is not installed")
        sys.exit(77)
    common.run(lint, CLEAN, OFFENCES)
