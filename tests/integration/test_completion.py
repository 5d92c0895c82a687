#!/usr/bin/env python3
"""The shell completions: bash offers what --help lists, and zsh can read its file.

    test_completion.py PROGRAM BASH-COMPLETION ZSH-COMPLETION"""
import os
import re
import shutil
import subprocess
import sys

import harness

BASH_FILE = ZSH_FILE = ""
# Completes the words given as arguments as readline would after the last of them.
COMPLETE = r"""
. "$1" || exit 9
shift
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_credwatch
if [ "${#COMPREPLY[@]}" != 0 ]; then printf '%s\n' "${COMPREPLY[@]}"; fi
"""


class Completion(harness.Case):
    def bash(self, script, *args):
        env = dict(self.env, PATH=os.path.dirname(harness.PROGRAM) + ":" + self.env["PATH"])
        done = subprocess.run(["bash", "--norc", "-c", script, "bash", *args], cwd=self.dir, env=env, text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), args)
        return done.stdout.splitlines()

    def complete(self, *words):
        return self.bash(COMPLETE, BASH_FILE, "credwatch", *words)

    def commands(self, *words):
        """The commands that a help text lists."""
        text = self.run_it(*words, "--help").text if words else self.run_it("help").text
        if "\nCommands:\n" not in text:
            return []
        return re.findall(r"^  ([a-z-]+) ", text.split("\nCommands:\n")[1].split("\n\n")[0], re.MULTILINE)

    def options(self, *words):
        found = re.findall(r"^  (?:(-\w), |    )(--[a-z0-9-]+)", self.run_it(*words, "--help").text, re.MULTILINE)
        return {word for pair in found for word in pair if word}

    def leaves(self):
        for command in self.commands():
            below = self.commands(command) if command not in ("help", "version") else []
            yield from ((command, member) for member in below) if below else [(command,)]

    def test_commands(self):
        # The first word, and the second below a group.
        self.assertEqual(self.complete("au"), ["audit"])
        self.assertEqual(set(self.complete("")), set(self.commands()) | {"--help", "--version"})
        self.assertEqual(self.complete("--v"), ["--version"])
        self.assertEqual(set(self.complete("rules", "")), set(self.commands("rules")) | {"--help"})
        self.assertEqual(self.complete("rules", "li"), ["list"])
        self.assertEqual(set(self.complete("help", "")), set(self.commands()))

    def test_options(self):
        # Of every command exactly those that its help lists.
        seen = 0
        for words in self.leaves():
            if words[0] not in ("help", "version"):
                self.assertEqual(set(self.complete(*words, "-")), self.options(*words), words)
                seen += 1
        self.assertGreater(seen, 8)
        self.assertEqual(self.complete("audit", "--show-s"), ["--show-secrets", "--show-suppressed"])
        self.assertEqual(self.complete("audit", "--jobs", "2", "--no-pr"), ["--no-progress"])

    def test_values(self):
        # Of --format the formats, with a blank, an equals sign, and the letter; numbers have none.
        formats = self.formats()
        for words in (("--format", ""), ("--format", "="), ("--format", "=", ""), ("-f", "")):
            self.assertEqual(self.complete("audit", *words), formats, words)
        self.assertEqual(self.complete("scan", "--format", "=", "js"), ["json", "jsonl"])
        self.assertEqual(self.complete("rules", "list", "--format", ""), ["text", "jsonl"])
        self.assertEqual(self.complete("scan", "--colour", "n"), ["never"])
        self.write("2", "")
        self.assertEqual(self.complete("scan", "--jobs", ""), [])

    def test_names(self):
        # Files with blanks, folders alone for a repository, ids of rules.
        self.write("my file.yaml", "")
        self.write("my folder/x", "")
        self.assertEqual(set(self.complete("scan", "my")), {"my file.yaml", "my folder"})
        self.assertEqual(set(self.complete("scan", "--rules", "my")), {"my file.yaml", "my folder"})
        self.assertEqual(self.complete("audit", "my"), ["my folder"])
        self.assertEqual(self.complete("rules", "show", "github.pa"), ["github.pat"])
        self.assertEqual(self.complete("allow", "--rule", "github.pa"), ["github.pat"])
        self.assertEqual(self.complete("rules", "list", "m"), [])
        # words that are typed as they stand in the usage
        self.assertEqual(self.complete("allow", "l"), ["list"])

    def test_bash_file(self):
        # It is registered for the program, leaves nothing else behind, and shellcheck has nothing to say.
        self.assertEqual(self.bash('. "$1" && complete -p', BASH_FILE), ["complete -F _credwatch credwatch"])
        names = self.bash('compgen -v -A function > old; . "$1"; compgen -v -A function | grep -vxF -f old', BASH_FILE)
        self.assertEqual([name for name in names if not name.startswith(("_credwatch", "_", "BASH", "PIPESTATUS"))], [])
        if shutil.which("shellcheck"):
            subprocess.run(["shellcheck", "-s", "bash", BASH_FILE], check=True)

    def test_zsh_file(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        subprocess.run(["zsh", "-n", ZSH_FILE], check=True)


if __name__ == "__main__":
    BASH_FILE, ZSH_FILE = (os.path.abspath(name) for name in sys.argv[2:4])
    del sys.argv[2:4]
    harness.main()
