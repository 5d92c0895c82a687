#!/usr/bin/env python3
"""Shape of the text: length of files, white space, marks of unfinished work, and paths of somebody's machine."""
import re

import common

LINES_MAX = 600
# Data keeps its own shape: inputs of fuzz targets and patterns are looked at by their own tests.
DATA = re.compile(r"tests/fuzz/corpus/|tests/[a-z]+/(data|corpus|fixtures)/|LICENSE$")
CODE = re.compile(r"\.(c|h|def|py|sh|build)$|^dev$|^\.ci/run$")
WORDS = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X"))
# A mark, not the word: matchers know these words as placeholders.
MARK = re.compile(r"\b(%s)[:(]|(/\*|//|#) *(%s)\b" % (WORDS, WORDS))
MACHINE = re.compile(r"(?<![\w.*])/(%s)/\w" % "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers")))


def check_lines(name, lines):
    for number, line in enumerate(lines, 1):
        place = "%s:%d: " % (name, number)
        if line != line.rstrip():
            yield place + "trailing white space"
        if MARK.search(line):
            yield place + "unfinished work: do it or open an issue"
        if not name.startswith("patterns/") and MACHINE.search(line):
            yield place + "path of a machine"


def lint(root):
    problems = []
    for name in common.files(root):
        if DATA.search(name) or not common.is_text(root, name):
            continue
        text = common.read(root, name)
        lines = text.split("\n")
        if text and not text.endswith("\n"):
            problems.append("%s: no newline at the end" % name)
        if CODE.search(name) and len(lines) > LINES_MAX + 1:
            problems.append("%s: %d lines; over %d a file has two responsibilities" % (name, len(lines) - 1, LINES_MAX))
        problems.extend(check_lines(name, lines))
    return problems


CLEAN = {
    "lib/base/x.c": "int x;\n" * LINES_MAX,
    "patterns/x.yaml": "path: '/ho" + "me/user'\n",
    "tests/fuzz/corpus/x/a": "no newline, white space ",
    "README.md": "a" * 200 + "\n",
    "lib/match/x.c": "words(TO" + "DO, FIX" + "ME) are placeholders\n",
}
OFFENCES = [
    ("long file", {"lib/base/y.c": "int x;\n" * (LINES_MAX + 1)}, "601 lines"),
    ("trailing space", {"README.md": "a \n"}, "README.md:1: trailing"),
    ("trailing tab", {"patterns/y.yaml": "a:\t\n"}, "trailing"),
    ("no newline", {"README.md": "a"}, "no newline"),
    ("mark", {"cli/x.c": "/* TO" + "DO: more */\n"}, "unfinished"),
    ("another mark", {"dev": "# FIX" + "ME\n"}, "unfinished"),
    ("a home folder", {"README.md": "see /ho" + "me/me/x\n"}, "path of a machine"),
    ("a work folder", {"cli/x.c": "open(\"/wo" + "rk/x\");\n"}, "path of a machine"),
]

if __name__ == "__main__":
    common.run(lint, CLEAN, OFFENCES)
