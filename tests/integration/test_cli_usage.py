#!/usr/bin/env python3
"""Help, version, usage errors: where they are printed, how wide, with which status."""
import re

import harness

COMMANDS = (["scan"], ["audit"], ["rules"], ["rules", "list"], ["rules", "show"], ["rules", "check"], ["rules", "test"],
            ["rules", "compile"], ["baseline"], ["baseline", "create"], ["baseline", "update"], ["allow"], ["key"], ["key", "show-id"],
            ["key", "export"], ["key", "import"])


class Usage(harness.Case):
    def test_help(self):
        # Every help: on standard output, at most 80 columns, status 0, nothing on standard error.
        for args in ([["--help"], ["-h"], ["help"], ["help", "scan"], ["help", "rules"], ["help", "help"],
                      ["help", "rules", "list"]]
                     + [c + ["--help"] for c in COMMANDS]):
            with self.subTest(args=args):
                done = self.run_it(*args)
                self.assertStatus(done, 0)
                self.assertEqual(done.errors, "")
                self.assertTrue(done.text.startswith("Usage: credwatch"))
                self.assertLessEqual(max(len(line) for line in done.text.split("\n")), 80)
                self.assertTrue(done.text.endswith("\n"))

    def test_help_lists_what_there_is(self):
        # The general help names every command, the help of a command every option of the table.
        text = self.run_it("help").text
        for name in ("scan", "audit", "rules", "help", "version"):
            self.assertRegex(text, r"(?m)^  %s +\S" % name)
        text = self.run_it("scan", "--help").text
        for name in ("format", "output", "show-secrets", "jobs", "rules", "no-default-rules", "object-max", "quiet",
                     "no-progress", "colour", "help"):
            self.assertRegex(text, r"(?m)^ .*--%s\b" % name)

    def test_help_lists_formats(self):
        # The list of formats is the table: each works, the message for another one names them all.
        formats = self.formats()
        self.assertEqual(formats[:3], ["text", "json", "jsonl"])
        for form in formats:
            self.assertStatus(self.run_it("scan", "--format", form, "-"), 0)
        self.assertIn("must be %s or %s\n" % (", ".join(formats[:-1]), formats[-1]),
                      self.run_it("scan", "--format=xml", ".").errors)

    def test_version(self):
        for args in (["--version"], ["version"]):
            done = self.run_it(*args)
            self.assertStatus(done, 0)
            self.assertRegex(done.text, r"^credwatch \d+\.\d+\.\d+\n$")

    def test_usage_errors(self):
        # One line on standard error that names the fault, nothing on standard output, status 2.
        for args, word in (
                ([], "a command is needed"),
                (["scna"], "unknown command 'scna'"),
                (["scan"], "needs a file"),
                (["scan", "--nope", "."], "unknown option '--nope'"),
                (["scan", "--jobs", "0", "."], "'--jobs' must be a number from 1"),
                (["scan", "--jobs=many", "."], "'--jobs' must be a number"),
                (["scan", "--jobs"], "'--jobs' needs a value"),
                (["scan", "--format=xml", "."], "'--format' must be text, json"),
                (["scan", "--colour=red", "."], "'--colour' must be auto, always or never"),
                (["scan", "--object-max=x", "."], "'--object-max' must be a size"),
                (["scan", "--quiet=yes", "."], "'--quiet' takes no value"),
                (["scan", "--no-default-rules", "."], "needs '--rules PATH'"),
                (["audit", "a", "b"], "one repository"),
                (["rules"], "list, show, check, test or compile"),
                (["rules", "lits"], "list, show, check, test or compile"),
                (["rules", "show"], "the id of one rule"),
                (["rules", "show", "no.such"], "no rule with this id"),
                (["rules", "check"], "needs a rule file"),
                (["rules", "list", "x"], "takes no arguments"),
                (["help", "nothing"], "name of a command"),
                (["help", "rules", "nothing"], "rules needs one of"),
                (["help", "rules", "list", "more"], "name of a command"),
                (["audit", self.dir], "repository"),
                (["scan", "--rules", self.dir + "/none.yaml", "."], "none.yaml"),
                (["scan", "--output", self.dir + "/none/report", "."], "output file")):
            with self.subTest(args=args):
                done = self.run_it(*args)
                self.assertStatus(done, 2)
                self.assertEqual(done.text, "")
                self.assertRegex(done.errors, r"^credwatch: [^\n]+\n$")
                self.assertIn(word, done.errors)

    def test_typed_secrets_are_not_repeated(self):
        # What looks like no command and no option is not shown again; nor are paths that hold a token.
        token = harness.acme("typed")
        for args in ([token], ["help", token], ["scan", "--" + token], ["scan", "--jobs", token, "."],
                     ["scan", "--format", token, "."], ["rules", "show", token], ["rules", token]):
            with self.subTest(args=args):
                done = self.run_it(*args)
                self.assertStatus(done, 2)
                self.assertNotIn(token, done.errors)

    def test_bad_key(self):
        # A key file that others can read is a configuration error, not a reason to make another.
        key = self.write_top("key", "ab" * 32 + "\n")
        self.env["CREDWATCH_KEY_FILE"] = key
        done = self.acme("scan", ".")
        self.assertStatus(done, 2)
        self.assertIn("chmod", done.errors)
        self.assertNotIn("ab" * 32, done.errors)

    def test_bad_rules(self):
        # An invalid rule file is an error with file and line; nothing is scanned.
        bad = self.write_top("bad.yaml", "provider: bad\nrules:\n  - id: bad.x\n    colour: red\n")
        done = self.run_it("scan", "--rules", bad, ".")
        self.assertStatus(done, 2)
        self.assertRegex(done.errors, re.escape(bad) + r":\d+")

    def test_rules_commands(self):
        # list in columns and as JSON, show with everything but the examples.
        rules = ["--no-default-rules", "--rules", self.rules]
        done = self.run_it("rules", "list", *rules)
        self.assertStatus(done, 0)
        self.assertEqual(done.text, "acme.key  high      specific  Acme key\n")
        listed = self.run_it("rules", "list", "--format", "jsonl", *rules).json_lines()
        self.assertEqual(listed, [{"id": "acme.key", "provider": "acme", "title": "Acme key", "severity": "high",
                                   "class": "specific", "cwe": 798}])
        done = self.run_it("rules", "show", *rules, "acme.key")
        self.assertStatus(done, 0)
        for word in ("Opens the door.", "Revoke it", "acme_[A-Za-z0-9]{20}", "64 bytes before", "2 examples",
                     "https://acme.example/keys", "**/test/**"):
            self.assertIn(word, done.text)
        self.assertNotIn("Zk3Qw8", done.text)

    def test_rules_check(self):
        # A right file is status 0; a wrong example and a counterexample that is found are faults, status 1, shown redacted.
        done = self.run_it("rules", "check", "--costs", self.rules)
        self.assertStatus(done, 0)
        self.assertIn("1 rules checked, 0 faults", done.text)
        self.assertIn("acme.key: anchor", done.text)
        token = harness.acme("fault")
        text = harness.ACME_RULES.replace("'acme_{+}tooshort'", "'%s'" % token)
        bad = self.write_top("acme.yaml", text)
        done = self.run_it("rules", "check", bad)
        self.assertStatus(done, 1)
        self.assertIn("acme.key: ", done.text)
        self.assertNotIn(token, done.text + done.errors)

    def test_rules_compile(self):
        # The set lands in the user's cache and nothing else does; a second run uses it.
        if harness.os.geteuid() == 0:
            self.skipTest("root writes to the system's cache")
        done = self.run_it("rules", "compile", "--no-default-rules", "--rules", self.rules)
        self.assertStatus(done, 0)
        self.assertIn("1 rules compiled into " + self.home, done.text)
        self.assertStatus(self.acme("scan", "-"), 0)


if __name__ == "__main__":
    harness.main()
