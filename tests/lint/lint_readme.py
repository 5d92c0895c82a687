#!/usr/bin/env python3
"""What the README tells to type exists: `./dev X` as a command of ./dev, `credwatch X --y` in the help of credwatch.

The program is the argument behind ROOT; without one, credwatch's commands are not looked at."""
import os
import re
import subprocess
import sys

import common

COMMAND = re.compile(r"(?:^|[`$(| ])(\./dev|credwatch) +([a-z][a-z-]*)([^`\n|]*)", re.MULTILINE)
SHOWN = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
OPENING = ("./dev audit", "./dev test")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def output(command, cwd):
    done = subprocess.run(command, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout if done.returncode == 0 else None


def dev_commands(root):
    text = output([os.path.join(root, "dev"), "help"], root) or ""
    return set(re.findall(r"^([a-z]+)\b", text, re.MULTILINE)) - {"usage", "not"}


def check_credwatch(root, command, rest):
    if len(sys.argv) < 3:
        return None
    program = os.path.abspath(sys.argv[2])
    help_text = output([program, command, "--help"], root)
    if help_text is None:
        return "credwatch has no command '%s'" % command
    shown = re.match(r" *show +([a-z0-9.-]+)", rest)
    if command == "rules" and shown and output([program, "rules", "show", shown.group(1)], root) is None:
        return "there is no rule '%s'" % shown.group(1)
    for option in re.findall(r"(?<!\S)--[a-z][a-z-]+", rest):
        if option not in help_text:
            return "credwatch %s has no option '%s'" % (command, option)
    return None


def lint(root):
    text = common.read(root, "README.md")
    problems = ["README.md: no file '%s'" % path for path in LINK.findall(text)
                if not os.path.exists(os.path.join(root, path))]
    first = [line.strip() for line in text.split("\n") if line.strip().startswith("./dev")][:2]
    if [line.split("#")[0].strip() for line in first] != list(OPENING):
        problems.append("README.md: does not open with %s" % " and ".join(OPENING))
    known = dev_commands(root)
    for shown in SHOWN.findall(text):
        for program, command, rest in COMMAND.findall(shown):
            if program == "./dev" and command not in known:
                problems.append("README.md: ./dev has no command '%s'" % command)
            elif program == "credwatch":
                wrong = check_credwatch(root, command, rest)
                problems.extend(["README.md: " + wrong] if wrong else [])
    return problems


README = ("# x\n```sh\n./dev audit    # a\n./dev test     # b\n```\n"
          "see [the text](README.md), and `./dev help` [web](https://x)\n")
CLEAN = {"README.md": README, "dev": "echo 'audit a'; echo 'test b'; echo help\n"}
OFFENCES = [
    ("an unknown command", {"README.md": README + "`./dev fly`\n"}, "no command 'fly'"),
    ("in a block", {"README.md": README + "```\n./dev fly\n```\n"}, "no command 'fly'"),
    ("another opening", {"README.md": README.replace("./dev test", "./dev lint")}, "does not open"),
    ("a dead link", {"README.md": README + "[x](none.md)\n"}, "none.md"),
]


def lint_planted(root):
    os.chmod(os.path.join(root, "dev"), 0o755)
    with open(os.path.join(root, "dev"), "r+", encoding="utf-8") as file:
        text = file.read()
        file.seek(0)
        file.write("#!/bin/sh\n" + text)
    return lint(root)


if __name__ == "__main__":
    common.run(lint_planted if sys.argv[1] == "--self-test" else lint, CLEAN, OFFENCES)
