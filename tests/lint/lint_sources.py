#!/usr/bin/env python3
"""Nothing lies about unbuilt: every .c file and every test program is named in a meson.build.

That of its own folder, or of a folder above."""
import os
import re

import common

LISTS = re.compile(r"'([^'\n]*)'")
PREFIXES = {"tests/unit": "test_", "tests/integration": "test_", "tests/fuzz": "fuzz_", "tests/lint": "lint_"}
SUFFIXES = (".c", ".sh", ".py")
UNLISTED = ("tests/lint/common.py",)


def listed(root, folder):
    """What the meson.build files of FOLDER and of all folders above name, as paths relative to FOLDER."""
    names = set()
    here = folder
    while True:
        path = os.path.join(here, "meson.build")
        if os.path.isfile(os.path.join(root, path)):
            for word in LISTS.findall(re.sub(r"#[^\n]*", "", common.read(root, path))):
                names.add(os.path.relpath(os.path.join(here or ".", word), folder or "."))
        if not here:
            return names
        here = os.path.dirname(here)


def is_listed(name, names):
    folder, file = os.path.split(name)
    stem, _ = os.path.splitext(file)
    prefix = PREFIXES.get(folder, "")
    short = stem[len(prefix):] if prefix and stem.startswith(prefix) else stem
    return bool({file, stem, short} & names) if prefix and stem != short else file in names


def lint(root):
    problems = []
    for name in common.files(root):
        top = name.split("/")[0]
        c_file = name.endswith(".c") and top in common.C_FOLDERS + ("tests",)
        program = os.path.dirname(name) in PREFIXES and name.endswith(SUFFIXES) and name not in UNLISTED
        if (c_file or program) and not is_listed(name, listed(root, os.path.dirname(name))):
            problems.append("%s: not named in a meson.build" % name)
    return problems


CLEAN = {
    "lib/meson.build": "subdir('base')\n",
    "lib/base/meson.build": "cw_sources += files('x.c')\n",
    "lib/base/x.c": "\n",
    "lib/base/x.h": "\n",
    "tests/lib/meson.build": "",
    "tests/meson.build": "lib = files('lib/repo.c')\n",
    "tests/lib/repo.c": "\n",
    "tests/unit/meson.build": "unit_tests = ['x']\n",
    "tests/unit/test_x.c": "\n",
    "tests/fuzz/meson.build": "fuzz_targets = ['x']\nfiles('replay.c')\n",
    "tests/fuzz/fuzz_x.c": "\n",
    "tests/fuzz/replay.c": "\n",
}
OFFENCES = [
    ("a source", {"lib/base/y.c": "\n"}, "lib/base/y.c: not named"),
    ("only in a comment", {"lib/base/y.c": "\n", "lib/base/meson.build": "files('x.c') # 'y.c'\n"}, "y.c: not named"),
    ("named in another folder", {"lib/rules/x.c": "\n"}, "lib/rules/x.c"),
    ("a unit test", {"tests/unit/test_y.c": "\n"}, "test_y.c"),
    ("a fuzz target", {"tests/fuzz/fuzz_y.c": "\n"}, "fuzz_y.c"),
    ("a helper of tests", {"tests/lib/y.c": "\n"}, "tests/lib/y.c"),
    ("an integration test", {"tests/integration/test_y.sh": "\n"}, "test_y.sh"),
]

if __name__ == "__main__":
    common.run(lint, CLEAN, OFFENCES)
