#!/usr/bin/env python3
"""Policy as the user meets it: .credwatch.yaml, allow entries, excluded paths, inline marks, levels of trust, exit statuses."""
import datetime
import os

import harness
from harness import acme


class Policy(harness.Case):
    def config(self, text):
        self.write(".credwatch.yaml", text)

    def user_config(self, text):
        folder = self.home + "/.config/credwatch"
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(folder + "/config.yaml", "w", encoding="utf-8") as file:
            file.write(text)

    def jsonl(self, *args, status=1, command="scan", **more):
        done = self.acme(command, "--format", "jsonl", *args, **more)
        self.assertStatus(done, status)
        lines = done.json_lines()
        return lines[1:-1], lines[-1], done.errors

    def places(self, *args, **more):
        return [f["path"] for f in self.jsonl(*args, **more)[0]]

    def fingerprint(self):
        return self.jsonl("--no-repository-config", ".")[0][0]["fingerprint"]

    def audit(self, *args, **more):
        return self.jsonl(*args, command="audit", **more)

    def init(self):
        self.git("init", "-q", "-b", "main")
        self.commit()

    # ---- allow ----

    def test_allow(self):
        # By each condition; what is suppressed is counted, ends in status 0, and is shown when asked for.
        token = acme("a")
        self.write("test/a.py", "key = '%s'\n" % token)
        for condition in ("fingerprint: " + self.fingerprint(), "rule: acme.key", "path: 'test/**'", "value: '^acme_'"):
            self.config("allow:\n- %s\n  reason: known to us\n" % condition)
            findings, summary, errors = self.jsonl(".", status=0)
            self.assertEqual((findings, errors), ([], ""))
            self.assertEqual((summary["findings"], summary["secrets"]), (0, 0))
            self.assertEqual(summary["suppressed"], {"allow": 1, "exclude": 0, "baseline": 0, "mark": 0})
            self.assertEqual(summary["coverage"]["expected"], 2)
            findings, summary, _ = self.jsonl("--show-suppressed", ".", status=0)
            self.assertEqual(findings[0]["suppressed"],
                             {"by": "allow", "reason": "known to us", "file": ".credwatch.yaml", "line": 2})
            self.assertEqual(summary["findings"], 0)
        text = self.acme("scan", ".").text
        self.assertIn("Suppressed and not counted: 1 by allow entries", text)
        self.assertIn("No other secrets found.", text)
        self.assertIn("(suppressed: allow, known to us)", self.acme("scan", "--show-suppressed", ".").text)

    def test_not_allowed(self):
        # Another rule, another path, another value: the finding counts.
        self.write("test/a.py", acme("n"))
        for condition in ("rule: acme.other", "path: 'src/**'", "value: 'acme_$'", "fingerprint: 0000:" + "0" * 32,
                          "rule: acme.key\n  path: 'src/**'"):
            self.config("allow:\n- %s\n  reason: r\n" % condition)
            self.assertEqual(self.places("."), ["./test/a.py"])

    def test_expired(self):
        # An entry that expired does not apply, and that is said.
        self.write("a", acme("e"))
        for days, status in ((1, 0), (-1, 1)):
            day = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=days)
            self.config("allow:\n- {rule: acme.key, reason: r, expires: %s}\n" % day)
            errors = self.jsonl(".", status=status)[2]
            self.assertEqual("expired on %s" % day in errors, days < 0, errors)
            self.assertEqual(errors.startswith("credwatch: note: .credwatch.yaml:2: "), days < 0)

    def test_secret_in_reason(self):
        # Our own text holds no secret, also when the configuration does.
        token = acme("r")
        self.write("a", acme("x"))
        self.config("allow:\n- {path: a, reason: 'the key %s is old'}\n- {path: b, reason: '%s', expires: 2020-01-01}\n" % (token, token))
        for form in ("text", "jsonl"):
            done = self.acme("scan", "--show-suppressed", "--format", form, ".")
            self.assertIn("the key acme_", done.text)
            self.assertNotIn(token, done.text + done.errors)

    # ---- exclude ----

    def test_exclude(self):
        # Excluded files are not read, counted, and said; a file that the user names is read.
        self.write("vendor/a", acme("v"))
        self.write("b", acme("b"))
        self.config("exclude: [{path: 'vendor/**', reason: not ours}]\n")
        findings, summary, _ = self.jsonl(".")
        self.assertEqual([f["path"] for f in findings], ["./b"])
        self.assertEqual((summary["coverage"]["excluded"], summary["coverage"]["expected"]), (1, 2))
        self.assertIn("Excluded by configuration and not read: 1 file.", self.acme("scan", ".").text)
        self.assertEqual(self.places("vendor/a"), ["vendor/a"])

    def test_exclude_in_audit(self):
        # An audit reads every object; findings at excluded paths are suppressed and counted.
        self.write("vendor/a", acme("v"))
        self.config("exclude: [{path: 'vendor/**', reason: not ours}]\n")
        self.init()
        findings, summary, _ = self.audit(status=0)
        self.assertEqual(summary["suppressed"]["exclude"], 1)
        self.assertEqual(summary["coverage"]["excluded"], 0)
        self.assertEqual(summary["coverage"]["expected"], summary["coverage"]["scanned"])

    # ---- marks ----

    def test_marks(self):
        # On the line, or on the line above for marks of the next line; never with --no-inline-marks.
        lines = ["%s # credwatch:allow", "%s # gitleaks:allow", "%s  # pragma: allowlist secret", "%s // trufflehog:ignore",
                 "%s # kingfisher:ignore", "%s # nosec", "# pragma: allowlist nextline secret\n%s",
                 "// credwatch:allow-next-line\n%s"]
        for i, line in enumerate(lines):
            self.write("f%d" % i, line % acme("m%d" % i) + "\n")
        self.write("g", "# nosec\n%s\n" % acme("g"))
        findings, summary, _ = self.jsonl(".")
        self.assertEqual([f["path"] for f in findings], ["./g"])
        self.assertEqual(summary["suppressed"]["mark"], len(lines))
        self.assertEqual(len(self.places("--no-inline-marks", ".")), len(lines) + 1)
        self.config("inline_marks: false\n")
        self.assertEqual(len(self.places(".")), len(lines) + 1)

    def test_marks_in_messages(self):
        # Anybody may write a commit message: marks in it count for nothing.
        self.init()
        self.commit("see %s # gitleaks:allow" % acme("msg"))
        findings, summary, _ = self.audit()
        self.assertEqual(len(findings), 1)
        self.assertEqual(summary["suppressed"]["mark"], 0)

    def test_marks_in_audit(self):
        # A place is suppressed when every version of the file that holds the secret there has the mark; --no-inline-marks undoes it.
        self.write("always", acme("always") + " # credwatch:allow\n")
        self.write("later", acme("later") + "\n")
        self.init()
        self.write("always", "moved\n" + acme("always") + " # gitleaks:allow\n")
        self.write("later", acme("later") + " # credwatch:allow\n")
        self.write("above", "# credwatch:allow-next-line\n" + acme("above"))
        self.commit()
        self.write("merged", acme("merged") + " # nosec\n")
        self.git("checkout", "-q", "-b", "side")
        self.commit()
        self.git("checkout", "-q", "main")
        findings, summary, _ = self.audit()
        self.assertEqual([f["path"] for f in findings], ["later"])
        self.assertEqual(summary["suppressed"]["mark"], 3)
        findings, summary, _ = self.audit("--show-suppressed")
        self.assertEqual({f["path"]: f.get("suppressed", {}).get("reason") for f in findings},
                         {"above": "credwatch:allow-next-line", "always": "credwatch:allow", "later": None, "merged": "nosec"})
        self.assertEqual([f["state"] for f in findings], ["tip"] * 4)
        findings, summary, _ = self.audit("--no-inline-marks")
        self.assertEqual([f["path"] for f in findings], ["above", "always", "later", "merged"])
        self.assertEqual(summary["suppressed"]["mark"], 0)
        # Two secrets on lines of one file, one of them without a mark.
        self.write("two", acme("x") + " # credwatch:allow\n" + acme("y") + "\n" + acme("x") + "\n")
        self.commit()
        self.assertEqual([f["path"] for f in self.audit()[0]], ["later", "two", "two"])

    # ---- levels ----

    def test_levels(self):
        # The user's word counts over the repository's.
        self.write("a", acme("l"))
        self.config("fail_on: critical\n")
        self.assertEqual(len(self.places(".", status=0)), 1)
        self.user_config("fail_on: low\n")
        self.assertEqual(len(self.places(".", status=1)), 1)
        self.assertEqual(len(self.places("--fail-on", "critical", ".", status=0)), 1)

    def test_repository_policy(self):
        # ignore: nothing of the repository counts, not even its marks; audit: it is shown and counts all the same.
        self.write("a", acme("one"))
        self.write("b", acme("two") + " # nosec\n")
        self.config("allow: [{path: a, reason: theirs}]\n")
        self.assertEqual(self.places(".", status=0), [])
        self.user_config("repository_policy: ignore\n")
        self.assertEqual(self.places("."), ["./a", "./b"])
        self.user_config("repository_policy: audit\n")
        findings, summary, _ = self.jsonl(".")
        self.assertEqual([f["advisory"]["by"] for f in findings], ["allow", "mark"])
        self.assertEqual(summary["findings"], 2)
        # A broken configuration is not even read where it is forbidden.
        self.config("?\n")
        self.user_config("repository_policy: ignore\n")
        self.jsonl(".")

    def test_options(self):
        # Without the repository's configuration, and with another in its place.
        self.write("a", acme("o"))
        self.config("allow: [{path: a, reason: r}]\n")
        self.jsonl(".", status=0)
        self.jsonl("--no-repository-config", ".")
        other = self.write_top("other.yaml", "object_max: 1K\nformat: json\n")
        self.jsonl("--config", other, ".")
        self.assertTrue(self.acme("scan", "--config", other, ".").text.startswith('{"type":"report"'))
        self.assertStatus(self.acme("scan", "--config", other + "x", "."), 2)

    def test_values(self):
        # Limits come from the configuration, options win.
        self.write("a", "x" * 3000)
        self.config("object_max: 2K\n")
        self.jsonl(".", status=3)
        self.jsonl("--object-max", "4K", ".", status=0)
        self.user_config("jobs: 2\nformat: nonsense\n")
        done = self.acme("scan", ".")
        self.assertStatus(done, 2)
        self.assertIn("config.yaml:2: 'format' must be text", done.errors)

    def test_errors(self):
        # A wrong configuration ends in status 2 with file and line: nothing is scanned under half a policy.
        self.write("a", acme("w"))
        for text, message in (("alow: []\n", ".credwatch.yaml:1: unknown key 'alow'"),
                              ("allow:\n- rule: x\n", ".credwatch.yaml:2: an entry of 'allow' needs a reason"),
                              ("jobs: 3\n", "'jobs' cannot be set by a repository"),
                              ("baseline: none\n", ".credwatch.yaml:1: cannot open 'none'"),
                              ("baseline: ../x\n", "does not lie in the repository"),
                              ("rules: {files: [/etc/passwd]}\n", "does not lie in the repository")):
            self.config(text)
            done = self.acme("scan", ".")
            self.assertStatus(done, 2)
            self.assertEqual(done.out, b"")
            self.assertIn(message, done.errors)
        # The way out is named.
        self.config("alow: []\n")
        self.assertIn("--no-repository-config", self.acme("scan", ".").errors)

    def test_hostile_file(self):
        # Links and FIFOs in its place are refused, not followed or waited for.
        self.write("a", acme("h"))
        os.symlink("/etc/passwd", self.dir + "/.credwatch.yaml")
        done = self.acme("scan", ".")
        self.assertStatus(done, 2)
        self.assertIn("symbolic link", done.errors)
        self.assertNotIn("root:", done.errors)
        os.unlink(self.dir + "/.credwatch.yaml")
        os.mkfifo(self.dir + "/.credwatch.yaml")
        self.assertStatus(self.acme("scan", "."), 2)

    def test_untrusted_user_file(self):
        # A user's configuration that others may write is refused.
        self.user_config("fail_on: critical\n")
        os.chmod(self.home + "/.config/credwatch/config.yaml", 0o666)
        self.write("a", "x")
        self.assertNotEqual(self.acme("scan", ".").status, 0)

    def test_where(self):
        # It is that of the folder scanned; of several folders none is read, and that is said; none for standard input.
        self.write("x/a", acme("x"))
        self.write("x/.credwatch.yaml", "allow: [{path: a, reason: r}]\n")
        self.write("y/a", acme("y"))
        self.assertEqual(self.places("x", status=0), [])
        self.assertEqual(self.places("x/a", status=0), [])
        self.assertEqual(self.places("."), ["./x/a", "./y/a"])
        findings, _, errors = self.jsonl("x", "y")
        self.assertEqual(len(findings), 2)
        self.assertIn("several folders", errors)
        self.jsonl("-", data=acme("in").encode())

    # ---- audit ----

    def test_audit(self):
        # HEAD's version counts, not that of the work tree; paths are those of the repository.
        self.write("src/a", acme("h"))
        self.config("allow: [{path: 'src/*', reason: r}]\n")
        self.init()
        self.config("nonsense\n")
        self.audit(status=0)
        self.audit(self.dir + "/src", status=0)
        self.audit("--no-repository-config")
        # In a bare repository too.
        self.git("clone", "-q", "--bare", ".", self.top + "/bare")
        self.audit(self.top + "/bare", status=0)
        self.git("reset", "-q", "--hard")
        self.git("rm", "-q", ".credwatch.yaml")
        self.commit()
        self.audit()

    # ---- config ----

    def test_config(self):
        # The dump says who set what, and is a configuration itself; a file is checked by what it is called; keys are listed.
        self.user_config("jobs: 3\n")
        self.config("fail_on: high\nallow: [{path: a, reason: 'the %s'}]\n" % harness.github("reason"))
        done = self.run_it("config")
        self.assertStatus(done, 0)
        self.assertIn("jobs: 3 # user: ", done.text)
        self.assertIn("fail_on: high # repository: .credwatch.yaml:1\n", done.text)
        self.assertNotIn(harness.github("reason"), done.text)
        self.assertStatus(self.run_it("config", "--check", self.write("dump.yaml", done.text)), 0)
        done = self.run_it("config", "--check", ".credwatch.yaml")
        self.assertStatus(done, 0)
        self.assertEqual(done.text, ".credwatch.yaml: valid\n")
        self.config("jobs: 3\n")
        self.assertStatus(self.run_it("config", "--check", ".credwatch.yaml"), 2)
        self.assertIn("inline_marks: true or false (default true)", self.run_it("config", "--keys").text)
        self.assertStatus(self.run_it("config", "--keys", "--dump"), 2)
        self.config("fail_on: high\n")
        self.init()
        os.unlink(self.dir + "/.credwatch.yaml")
        self.assertIn("fail_on: high", self.run_it("config", "--head").text)
        self.assertIn("fail_on: low", self.run_it("config").text)

    # ---- rules ----

    def test_rules(self):
        # Rule files of the repository are used, from HEAD's tree in an audit; disabled rules find nothing.
        text = harness.ACME_RULES.replace("acme", "zeta")
        token = acme("z").replace("acme", "zeta")
        self.write("rules/zeta.yaml", text)
        self.write("a", token)
        self.config("rules: {files: rules/zeta.yaml}\n")
        self.assertIn("./a", self.places("."))
        self.init()
        os.unlink(self.dir + "/rules/zeta.yaml")
        self.assertIn("a", [f["path"] for f in self.audit()[0]])
        self.write("b", acme("b"))
        os.unlink(self.dir + "/a")
        for entry in ("id: acme.key", "provider: acme"):
            self.write("zeta.yaml", text)
            self.config("rules:\n  files: [zeta.yaml]\n  disable:\n  - %s\n    reason: r\n" % entry)
            self.assertNotIn("./b", self.places(".", status=0))
        # One that does not exist is said.
        self.write("zeta.yaml", text)
        self.config("rules:\n  disable:\n  - {id: acme.none, reason: r}\n")
        self.assertIn(".credwatch.yaml:3: there is no such rule", self.jsonl(".")[2])


if __name__ == "__main__":
    harness.main()
