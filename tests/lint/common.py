"""What every lint shares: the list of source files, reporting, and the self-test.

A lint is a function lint(root) -> list of "place: what is wrong, what to do". `run` makes a program of it:
    lint_x.py ROOT         checks the tree, exits 1 when something is wrong
    lint_x.py --self-test  plants each offence in a small clean tree and fails unless the lint reports it
"""
import os
import subprocess
import sys
import tempfile

C_FOLDERS = ("lib", "cli", "hooks", "daemon")


def files(root):
    """Paths below root, with /, that belong to the sources: what git knows or would add, else what is there."""
    command = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        names = sorted(set(os.fsdecode(out).split("\0")) - {""})
    except (OSError, subprocess.CalledProcessError):
        names = sorted(walk(root))
    return [name for name in names if os.path.isfile(os.path.join(root, name))]


def walk(root):
    for folder, dirs, names in os.walk(root):
        relative = os.path.relpath(folder, root)
        dirs[:] = [d for d in dirs if d != ".git" and not (relative == "." and d.startswith("build"))]
        for name in names:
            yield os.path.normpath(os.path.join(relative, name))


def read(root, name):
    with open(os.path.join(root, name), "rb") as file:
        return file.read().decode("utf-8", "replace")


def is_text(root, name):
    with open(os.path.join(root, name), "rb") as file:
        return b"\0" not in file.read(8192)


def c_files(root, folders=C_FOLDERS + ("tests",)):
    return [name for name in files(root) if name.endswith((".c", ".h", ".def")) and name.split("/")[0] in folders]


def write_tree(root, tree):
    for name, text in tree.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def problems_of(lint, tree):
    with tempfile.TemporaryDirectory() as root:
        write_tree(root, tree)
        return lint(root)


def self_test(lint, clean, offences):
    """clean: {path: text} without an offence. offences: [(name, {path: text} added or replaced, word expected)]."""
    failures = []
    found = problems_of(lint, clean)
    if found:
        failures.append("the clean tree is reported: %s" % found)
    for name, planted, word in offences:
        found = problems_of(lint, {**clean, **planted})
        if not any(word in problem for problem in found):
            failures.append("%s: nothing with '%s' reported, but %s" % (name, word, found))
    for failure in failures:
        print("self-test: " + failure)
    print("self-test: %d offences planted, %d failures" % (len(offences), len(failures)))
    return 1 if failures or not offences else 0


def run(lint, clean, offences):
    if sys.argv[1] == "--self-test":
        sys.exit(self_test(lint, clean, offences))
    problems = lint(sys.argv[1])
    for problem in problems:
        print(problem)
    print("%d problems" % len(problems))
    sys.exit(1 if problems else 0)
