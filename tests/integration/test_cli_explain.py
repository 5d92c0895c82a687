#!/usr/bin/env python3
"""credwatch explain: the tale agrees with the report, says why, and never shows the secret."""
import base64
import json
import os
import re

import harness
from harness import acme, github, stripe

# Two proofs that may fail, a label, a companion, and checks of the value.
SOFT_RULES = r"""provider: soft
rules:
  - id: soft.card
    title: Soft card
    class: specific
    severity: medium
    anchor: 'soft_[0-9]{4}'
    pattern: '(?<![a-z])(?<secret>soft_(?<body>[0-9]{11}))(?![0-9])'
    reach: {before: 64, after: 64}
    proof: [{check: luhn, of: body, on_fail: pattern}]
    labels: [{text: soft_0000, label: example}]
    parts: [{name: id, rule: soft.id, lines: 3, required: false}]
    value: {entropy: 1.5, stopwords: [nonsense]}
    description: A card.
    remediation: Tear it up.
    examples: ['soft_{+}79927398713', 'soft_{+}12345678903']
    counterexamples: ['soft_{+}1', 'soft_{+}x']
  - id: soft.id
    title: Soft id
    class: specific
    severity: low
    anchor: 'softid_[0-9]{4}'
    pattern: '(?<secret>softid_[0-9]{4})(?![0-9])'
    reach: {before: 64, after: 64}
    description: An id.
    remediation: None.
    examples: ['softid_{+}1234', 'softid_{+}4321']
    counterexamples: ['softid_{+}1', 'softid_{+}x']
"""


class Explain(harness.Case):
    def findings(self, *args):
        return [o for o in self.acme(*args, "--format", "jsonl").json_lines() if o["type"] == "finding"]

    def explain(self, fingerprint, target, *args, status=0, secrets=()):
        """With the test's own rules: the text. No secret is shown."""
        done = self.acme("explain", *args, fingerprint, target)
        return self.checked(done, status, secrets)

    def checked(self, done, status, secrets=()):
        self.assertStatus(done, status)
        for secret in secrets:
            for at in range(5, len(secret) - 7):
                self.assertNotIn(secret[at:at + 8], done.text + done.errors)
        if status != 0:
            self.assertEqual(done.text, "")
            self.assertEqual(done.errors.count("\n"), 1, done.errors)
            self.assertTrue(done.errors.startswith("credwatch: "))
            return done.errors
        return done.text

    def step(self, text, check):
        """The result and text of a check."""
        found = re.search(r"^  %s +(found|passed|failed|not asked|note) +(.*(?:\n {24}.*)*)" % re.escape(check), text, re.M)
        self.assertIsNotNone(found, text)
        return found.group(1), re.sub(r"\s+", " ", found.group(2))

    def init(self):
        self.git("init", "-q", "-b", "main")
        self.commit()

    # ---- a scan ----

    def test_file(self):
        # Rule, redacted form, place, severity, proof, advice.
        token = acme("f")
        self.write("src/a.py", "# x\nAPI_TOKEN = '%s'\n" % token)
        finding = self.findings("scan", "src")[0]
        text = self.explain(finding["fingerprint"], "src/a.py", secrets=[token])
        for word in ("high  Acme key\n", "acme.key", "Opens the door.", finding["redacted"], finding["fingerprint"],
                     "src/a.py:2:14\n", "high, as the rule says", "pattern: ", "Where: 1 place in the files", "nothing\n",
                     "Revoke it in the console", "In Python: API_TOKEN = os.environ[", "https://acme.example/keys"):
            self.assertIn(word, text)
        self.assertEqual(self.step(text, "anchor"), ("found", "it ends at byte %d" % (17 + 25)))
        self.assertIn("begins at byte 17", self.step(text, "pattern")[1])
        self.assertEqual(self.step(text, "entropy")[0], "not asked")
        # in the folder too, and with the path written in another way
        self.assertIn("src/a.py:2:14", self.explain(finding["fingerprint"], "src"))
        self.assertIn("./src/a.py:2:14", self.explain(finding["fingerprint"], "./src/a.py"))

    def test_values(self):
        # Checks with their values and limits, for a proof that holds and one that fails.
        rules = self.write_top("soft.yaml", SOFT_RULES)
        self.write("a", "soft" "_79927398713\nsoft" "id_1234\n")
        self.write("b", "soft" "_79927398714\n\n\n\n\nsoft" "id_1234\n")
        self.write("c", "soft" "_00001112345\n")
        args = ("--no-default-rules", "--rules", rules)
        lines = self.run_it("scan", *args, "--format", "jsonl", ".").json_lines()
        prints = {o["path"]: o["fingerprint"] for o in lines if o.get("rule") == "soft.card"}
        text = self.checked(self.run_it("explain", *args, prints["./a"], "a"), 0)
        self.assertRegex(self.step(text, "entropy")[1], r"^\d\.\d\d bits a character, at least 1\.50 asked for$")
        self.assertEqual(self.step(text, "stop words"), ("passed", "none of the rule's 1 is in it"))
        self.assertEqual(self.step(text, "proof"), ("passed", "luhn of group 'body' holds: checksum"))
        self.assertEqual(self.step(text, "part"), ("passed", "'id' by soft.id within 3 lines: found"))
        self.assertIn("checksum: ", text)
        text = self.checked(self.run_it("explain", *args, prints["./b"], "b"), 0)
        self.assertEqual(self.step(text, "proof"), ("failed", "luhn of group 'body' does not hold: the finding stands without it"))
        self.assertEqual(self.step(text, "part")[0], "note")
        self.assertIn("no proof of the rule gives more here", text)
        text = self.checked(self.run_it("explain", *args, prints["./c"], "c"), 0)
        self.assertIn("low, because of the label 'example': the rule says medium", text)
        self.assertEqual(self.step(text, "label")[0], "note")

    def test_default_rules(self):
        # Every finding is explained, and no check of its value failed.
        self.write("a.py", "a = '%s'\nb = '%s'\npass" "word = '%s'\n" % (github("d"), stripe("d"), "k" + "Zq8#vW2xL"))
        lines = self.run_it("scan", "--format", "jsonl", ".").json_lines()[1:-1]
        self.assertEqual(len(lines), 3)
        for finding in lines:
            text = self.checked(self.run_it("explain", finding["fingerprint"], "."), 0, [github("d"), stripe("d")])
            self.assertIn(finding["rule"] + "\n", text)
            self.assertNotIn("failed", text)
            self.assertIn("%s: " % finding["proof"], text)
            self.assertNotIn("not told", text)

    def test_lower(self):
        # Why the severity is not the rule's, and other places with another severity.
        token = acme("low")
        self.write("test/a", token)
        self.write("z", token)
        finding = self.findings("scan", ".")[0]
        text = self.explain(finding["fingerprint"], ".", secrets=[token])
        self.assertIn("./z:1:1\n", text)
        self.assertIn("./test/a:1:1 (medium)\n", text)
        text = self.explain(finding["fingerprint"], "./test")
        self.assertIn("Where: 1 place", text)
        text = self.explain(finding["fingerprint"], "test/a")
        self.assertRegex(text, r"medium, one step below the rule's high: the path matches\s+'\*\*/test/\*\*'")

    def test_decoded(self):
        # In base64 and UTF-16 the checks are told too.
        token = acme("dec")
        self.write("b64", "x: " + base64.b64encode(("some text before %s and behind" % token).encode()).decode())
        self.write("wide", ("the token is %s, says the file" % token).encode("utf-16"))
        fingerprint = self.findings("scan", ".")[0]["fingerprint"]
        text = self.explain(fingerprint, "b64", secrets=[token])
        self.assertIn("(in base64; bytes count in what was decoded)", text)
        self.assertIn("begins at byte 17", self.step(text, "pattern")[1])
        text = self.explain(fingerprint, "wide", secrets=[token])
        self.assertIn("(in utf-16le;", text)

    def test_two_rules(self):
        # One tale for each rule that found the secret.
        other = harness.ACME_RULES.replace("provider: acme", "provider: more").replace("id: acme.key", "id: more.key").replace(
            "'acme_[A-Za-z0-9]{20}'", "'acme_[A-Za-z0-9]{20}'").replace("title: Acme key", "title: Acme's other key").replace(
                "paths: {lower: ['**/test/**']}", "paths: {only: ['x']}").replace("severity: high", "severity: low")
        rules = self.write_top("more.yaml", other.replace("(?<![A-Za-z0-9])(?<secret>", "(?<=b)(?<secret>").replace(
            "'key = acme", "'bacme").replace("- 'acme_{+}Pq", "- 'bacme_{+}Pq").replace("- 'xacme_", "- 'cacme_"))
        token = acme("two")
        self.write("x", "b" + token)
        self.write("y", token)
        args = ("--no-default-rules", "--rules", self.rules, "--rules", rules)
        fingerprint = self.run_it("scan", *args, "--format", "jsonl", ".").json_lines()[1]["fingerprint"]
        text = self.checked(self.run_it("explain", *args, fingerprint, "."), 0, [token])
        self.assertEqual(text.count("How it was found"), 2)
        self.assertLess(text.index("high  Acme key"), text.index("low  Acme's other key"))

    # ---- suppression ----

    def test_suppressed(self):
        # What suppresses it is named with its place; by nothing, in part, by the repository alone.
        token = acme("s")
        self.write("a", token)
        self.write("b", "%s # gitleaks:allow\n" % token)
        fingerprint = self.findings("scan", "a")[0]["fingerprint"]
        text = self.explain(fingerprint, ".")
        self.assertIn("  an inline mark: gitleaks:allow\n  nothing at 1 of 2 places\n", text)
        self.assertIn("  nothing\n", self.explain(fingerprint, ".", "--no-inline-marks"))
        self.write(".credwatch.yaml", "allow:\n- {path: a, reason: 'known, ticket 7'}\n")
        text = self.explain(fingerprint, "a")
        self.assertIn("  an allow entry in .credwatch.yaml:2: known, ticket 7\n", text)
        self.assertIn("(suppressed: allow, known, ticket 7)", text)
        self.assertIn("  nothing\n", self.explain(fingerprint, "a", "--no-repository-config"))
        baseline = self.write_top("known", "# credwatch baseline 1\n%s acme.key 1 a\n" % fingerprint)
        self.assertIn("  a baseline", self.explain(fingerprint, "a", "--no-repository-config", "--baseline", baseline))

    # ---- a repository ----

    def test_repository(self):
        # Where it came from and whether it is live; below the folder, bare, and out of the files alone.
        token = acme("r")
        self.write("a", token)
        self.init()
        finding = self.findings("audit")[0]
        os.remove(os.path.join(self.dir, "a"))
        self.commit()
        text = self.explain(finding["fingerprint"], ".", secrets=[token])
        self.assertIn("a:1:1 in blob %s" % finding["blob"][:12], text)
        self.assertIn("first in %s of 2024-01-01 by A <a@example.org>; in history only" % finding["commit"][:12], text)
        self.assertIn("Where: 1 place in the repository", text)
        self.git("clone", "-q", "--bare", ".", "bare.git")
        self.assertIn(finding["commit"][:12], self.explain(finding["fingerprint"], "bare.git"))
        errors = self.explain(finding["fingerprint"], ".", "--files", status=2)
        self.assertIn("name the repository", errors)
        # not committed yet
        self.write("new", acme("new"))
        fresh = self.findings("scan", "new")[0]["fingerprint"]
        self.assertIn("--files", self.explain(fresh, ".", status=2))
        self.assertIn("./new:1:1", self.explain(fresh, ".", "--files"))

    def test_advice(self):
        # The command that it names makes the finding not count.
        self.write("a", acme("adv"))
        self.init()
        text = self.explain(self.findings("audit")[0]["fingerprint"], ".")
        command = re.search(r"^    credwatch (allow .* --reason) '\.\.\.'$", text, re.M).group(1).split()
        self.assertStatus(self.run_it(*command, "known"), 0)
        self.commit()
        self.assertStatus(self.acme("audit"), 0)
        self.assertIn("an allow entry in .credwatch.yaml:", self.explain(command[1], "."))

    def test_no_blob(self):
        # In a commit message, a tag's message and a name in a tree.
        tokens = [acme("msg"), acme("tag"), acme("name")]
        self.write("x", "x")
        self.write(tokens[2] + ".txt", "x")
        self.init()
        self.commit("see " + tokens[0])
        self.git("tag", "-a", "-m", "see " + tokens[1], "v1")
        kinds = {}
        for finding in self.findings("audit"):
            text = self.explain(finding["fingerprint"], ".", secrets=tokens)
            self.assertIn("\n  anchor      found ", text)
            kinds[finding.get("object_type", "path")] = text
        self.assertEqual(len(kinds), 3, kinds.keys())
        self.assertRegex(kinds["commit"], r"looked at   commit [0-9a-f]{40}:\d+:5\n")

    def test_incomplete(self):
        # Something cannot be read: what was found is explained, with status 3; what was not found may be there.
        token = acme("i")
        self.write("a", token)
        self.write("b", acme("gone"))
        self.init()
        prints = {o["path"]: o for o in self.findings("audit")}
        blob = prints["b"]["blob"]
        path = os.path.join(self.dir, ".git/objects", blob[:2], blob[2:])
        os.chmod(path, 0o600)
        with open(path, "wb") as file:
            file.write(b"damaged")
        done = self.acme("explain", prints["a"]["fingerprint"], ".")
        self.assertStatus(done, 3)
        self.assertIn("How it was found", done.text)
        self.assertIn("there may be more places", done.errors)
        done = self.acme("explain", prints["b"]["fingerprint"], ".")
        self.assertStatus(done, 3)
        self.assertEqual(done.text, "")
        self.assertIn("something could not", done.errors)

    # ---- a report ----

    def report(self, form, *args, status=1):
        done = self.acme(*args, "--format", form)
        self.assertStatus(done, status)
        return self.write_top("report." + form, done.text)

    def test_report(self):
        # From either format: places, origins and suppressions of the report, and the rule.
        token = acme("rep")
        self.write("test/a", "%s # nosec\n" % token)
        self.write("b", token)
        self.init()
        finding = self.findings("audit")[0]
        texts = []
        for form in ("jsonl", "json"):
            report = self.report(form, "audit", "--show-suppressed")
            text = self.explain(finding["fingerprint"], report, secrets=[token])
            self.assertIn("high  Acme key\n", text)
            self.assertIn("not in a report", text)
            self.assertIn("Where: 2 places in the report", text)
            self.assertIn("test/a:1:1 (medium) (suppressed: mark, nosec)\n", text)
            self.assertIn("  an inline mark: nosec\n  nothing at 1 of 2 places\n", text)
            self.assertIn("first in %s of 2024-01-01 by A <a@example.org>; live at refs/heads/main, line 1" % finding["commit"][:12],
                          text)
            self.assertIn("Revoke it in the console", text)
            texts.append(text)
        self.assertEqual(texts[0], texts[1])
        # the key is not needed, and no other is made
        os.remove(self.home + "/.config/credwatch/key")
        self.assertEqual(self.explain(finding["fingerprint"], report), texts[1])
        self.assertEqual(os.listdir(self.home + "/.config/credwatch"), [])

    def test_report_with_secrets(self):
        # A report that shows secrets: they are not shown again, also not out of a path.
        token = acme("shown")
        self.write("%s/a" % token, token)
        report = self.report("jsonl", "scan", "--show-secrets", ".")
        with open(report, encoding="utf-8") as file:
            finding = json.loads(file.read().split("\n")[1])
        self.assertEqual(finding["secret"], token)
        self.explain(finding["fingerprint"], report, secrets=[token])

    def test_report_of_other_rules(self):
        # A rule that is not known here: what the report says of it.
        self.write("a", acme("o"))
        report = self.report("jsonl", "scan", ".")
        fingerprint = self.findings("scan", ".")[0]["fingerprint"]
        text = self.checked(self.run_it("explain", fingerprint, report), 0)
        self.assertIn("high  Acme key\n  rule        acme.key\n", text)
        self.assertIn("Revoke it where it was issued", text)

    def test_wrong_reports(self):
        # Not in it, cut off in the middle of a line, without what a finding has.
        self.write("a", acme("w"))
        fingerprint = self.findings("scan", ".")[0]["fingerprint"]
        for form in ("jsonl", "json"):
            report = self.report(form, "scan", ".")
            self.assertIn("the report has no finding", self.explain("0000:" + "0" * 32, report, status=2))
            with open(report, encoding="utf-8") as file:
                whole = file.read()
            cut = self.write_top("cut." + form, whole[:whole.index(fingerprint) + len(fingerprint)])
            self.explain(fingerprint, cut, status=2)
            odd = self.write_top("odd." + form, whole.replace('"severity":"high"', '"severity":7'))
            self.assertIn("without a known severity", self.explain(fingerprint, odd, status=2))

    # ---- not found, and wrong usage ----

    def test_not_found(self):
        # In one line: what was looked at, and what to try.
        self.write("a", acme("n"))
        found = self.findings("scan", ".")[0]["fingerprint"]
        unknown = found[:5] + "0" * 32
        self.assertIn("name the repository", self.explain(unknown, "a", status=2))
        self.assertIn("name the repository", self.explain(unknown, ".", status=2))
        self.init()
        self.assertIn("not committed", self.explain(unknown, ".", status=2))
        other = ("0000" if found[:4] != "0000" else "1111") + found[4:]
        self.assertIn("made with the key %s, and yours is %s" % (other[:4], found[:4]), self.explain(other, ".", status=2))

    def test_usage(self):
        # Wrong arguments end in status 2, and are not repeated: one might be a secret.
        token = acme("u")
        self.write("a", token)
        good = "0000:" + "0" * 32
        for args in ((), (good,), (good, ".", "."), (token, "."), (good.upper() + "F", "."), ("--nothing", good, ".")):
            done = self.acme("explain", *args)
            self.checked(done, 2, [token])
        self.assertIn("unable to open", self.explain(good, "none", status=2))
        help_text = self.run_it("explain", "--help")
        self.assertStatus(help_text, 0)
        self.assertLessEqual(max(map(len, help_text.text.split("\n"))), 80)


if __name__ == "__main__":
    harness.main()
