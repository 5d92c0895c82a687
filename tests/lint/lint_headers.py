#!/usr/bin/env python3
"""Every header of lib/ compiles alone, and twice, without a warning.

The compiler is what stands behind ROOT, else $CC."""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import common

FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c", "-"]


def compiler():
    return sys.argv[2:] or os.environ.get("CC", "cc").split()


def check(root, name):
    include = '#include "%s"\n' % name[len("lib/"):]
    command = compiler() + ["-I", os.path.join(root, "lib")] + FLAGS
    done = subprocess.run(command, input=2 * include, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return None if done.returncode == 0 else "%s: does not compile alone:\n%s" % (name, done.stdout)


def lint(root):
    headers = [name for name in common.files(root) if name.startswith("lib/") and name.endswith(".h")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [problem for problem in pool.map(lambda name: check(root, name), headers) if problem]


CLEAN = {"lib/base/x.h": "#ifndef X_H\n#define X_H\n#include <stddef.h>\nstruct x {\n\tsize_t len;\n};\n#endif\n"}
OFFENCES = [
    ("a missing include", {"lib/base/y.h": "size_t y(void);\n"}, "lib/base/y.h"),
    ("no guard", {"lib/base/y.h": "struct y {\n\tint a;\n};\n"}, "lib/base/y.h"),
    ("a warning", {"lib/base/y.h": "static int y(void)\n{\n}\n"}, "lib/base/y.h"),
]

if __name__ == "__main__":
    common.run(lint, CLEAN, OFFENCES)
