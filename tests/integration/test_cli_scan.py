#!/usr/bin/env python3
"""scan and audit as programs: exit statuses, formats, coverage, escapes, the same bytes for every number of threads."""
import base64
import os
import re

import harness
from harness import acme

FINDING_KEYS = ["type", "rule", "title", "severity", "proof", "path", "line", "column", "end_line", "end_column",
                "redacted", "fingerprint"]


class Scan(harness.Case):
    def jsonl(self, *args, status=1, **more):
        done = self.acme("scan", "--format", "jsonl", *args, **more)
        self.assertStatus(done, status)
        lines = done.json_lines()
        self.assertEqual(lines[0]["type"], "header")
        self.assertEqual(lines[0]["version"], 1)
        self.assertEqual(lines[-1]["type"], "summary")
        for line in lines[1:-1]:
            self.assertEqual(line["type"], "finding")
        self.assertEqual(lines[-1]["findings"], len(lines) - 2)
        self.assertEqual(lines[-1]["secrets"], len({line["fingerprint"] for line in lines[1:-1]}))
        return lines[0], lines[1:-1], lines[-1]

    def test_clean(self):
        # Nothing found: status 0, and the coverage says that something was looked at.
        self.write("a.c", "int main(void);\n")
        done = self.acme("scan", ".")
        self.assertStatus(done, 0)
        self.assertIn("complete: 1 file expected, all scanned", done.text)
        self.assertIn("No secrets found.", done.text)
        self.assertEqual(done.errors, "")

    def test_finding(self):
        # One line a place with all keys in order; numbers are numbers; lines and columns count from 1.
        token = acme("one")
        self.write("src/a.py", "x = 1\nkey = '%s'\n" % token)
        header, findings, summary = self.jsonl("src")
        self.assertEqual(header["command"], "scan")
        self.assertEqual(header["target"], "src")
        self.assertEqual(header["rules"], 1)
        f = findings[0]
        self.assertEqual((f["rule"], f["severity"], f["proof"], f["path"]), ("acme.key", "high", "pattern", "src/a.py"))
        self.assertEqual((f["line"], f["column"], f["end_line"], f["end_column"]), (2, 8, 2, 8 + len(token)))
        self.assertEqual(f["redacted"], token[:9] + "\u2026(37)")
        self.assertRegex(f["fingerprint"], r"^[0-9a-f]{4}:[0-9a-f]{32}$")
        self.assertEqual(list(f), FINDING_KEYS)
        self.assertEqual(summary["coverage"], {"expected": 1, "scanned": 1, "cached": 0, "unscanned": [],
                         "unscanned_count": 0, "bytes": os.path.getsize(self.dir + "/src/a.py"), "skipped": 0,
                         "submodules": 0, "lfs_pointers": 0, "excluded": 0})

    def test_show_secrets(self):
        # Only when asked for; bytes that are not UTF-8 in base64.
        token = acme("shown")
        self.write("a", token)
        self.assertEqual(self.jsonl("--show-secrets", ".")[1][0]["secret"], token)
        self.assertIn(token, self.acme("scan", "--show-secrets", ".").text)
        self.assertNotIn(token, self.acme("scan", ".").text)

    def test_stdin(self):
        # Standard input, alone and beside files.
        self.write("a", acme("file"))
        findings = self.jsonl("-", data=b"x\n" + acme("in").encode())[1]
        self.assertEqual([(f["path"], f["line"]) for f in findings], [("<stdin>", 2)])
        findings = self.jsonl("a", "-", data=acme("in").encode())[1]
        self.assertEqual([f["path"] for f in findings], ["<stdin>", "a"])
        # Nothing on it is a complete scan of nothing.
        self.jsonl("-", status=0)

    def test_same_secret(self):
        # The same secret in two files: one secret, two places, one block of text.
        token = acme("same")
        self.write("a", token)
        self.write("b", token + "\n" + token)
        _, findings, summary = self.jsonl(".")
        self.assertEqual(len({f["fingerprint"] for f in findings}), 1)
        self.assertEqual((summary["findings"], summary["secrets"]), (2, 1))
        done = self.acme("scan", ".")
        self.assertEqual(done.text.count("Acme key"), 1)
        self.assertRegex(done.text, r"found at +\S*a:1:1\n +\S*b:1:1\n")
        self.assertIn("Revoke it in the console", done.text)
        self.assertIn("1 secret at 2 places: 1 high.", done.text)

    def test_fingerprint_key(self):
        # The same key gives the same fingerprints in another run; another key gives others.
        self.write("a", acme("k"))
        first, second = (self.jsonl(".")[1][0]["fingerprint"] for _ in range(2))
        self.assertEqual(first, second)
        os.chmod(self.write_top("key", "5" * 64 + "\n"), 0o600)
        self.env["CREDWATCH_KEY_FILE"] = self.top + "/key"
        self.assertNotEqual(self.jsonl(".")[1][0]["fingerprint"], first)

    def test_severity_by_path(self):
        # One step lower where the rule says so.
        self.write("test/a", acme("p"))
        self.assertEqual(self.jsonl(".")[1][0]["severity"], "medium")

    def test_names(self):
        # File names with control bytes, escapes, quotes, bytes that are not UTF-8: escaped in text, exact in JSON.
        names = [b"new\nline", b"esc\x1b[31m", b"q\"uote'", b"back\\slash", b"bad\xff\xfe", "ünï".encode(), b" blank "]
        for i, name in enumerate(names):
            self.write(name, acme("n%d" % i))
        done = self.acme("scan", ".")
        self.assertStatus(done, 1)
        self.assertIsNone(re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", done.out))
        done.out.decode("utf-8", "strict")
        self.assertIn("new\\nline", done.text)
        found = set()
        for f in self.jsonl(".")[1]:
            path = base64.b64decode(f["path_b64"]) if "path_b64" in f else f["path"].encode()
            found.add(os.path.basename(path))
        self.assertEqual(found, set(names))

    def test_unscanned(self):
        # Too large, missing and unreadable: listed with a reason, status 3, which beats 1.
        self.write("found", acme("f"))
        self.write("large", b"x" * 5000)
        _, findings, summary = self.jsonl("--object-max", "4K", ".", "missing", "/proc/self/mem", status=3)
        self.assertEqual(len(findings), 1)
        coverage = summary["coverage"]
        listed = {os.path.basename(u["object"]): u["reason"] for u in coverage["unscanned"]}
        self.assertEqual(set(listed), {"large", "missing", "mem"})
        self.assertTrue(all(listed.values()))
        self.assertEqual(coverage["expected"], coverage["scanned"] + len(listed))
        self.assertEqual(coverage["unscanned_count"], 3)
        done = self.acme("scan", "--object-max", "4K", ".")
        self.assertStatus(done, 3)
        self.assertIn("INCOMPLETE", done.text)
        self.assertRegex(done.text, r"large: \S")

    def test_no_permission(self):
        # A file and a folder that may not be read.
        if os.geteuid() == 0:
            self.skipTest("root may read everything")
        os.chmod(self.write("file", "x"), 0)
        self.write("folder/x", "x")
        os.chmod(self.dir + "/folder", 0)
        summary = self.jsonl(".", status=3)[2]
        os.chmod(self.dir + "/folder", 0o755)
        self.assertEqual(len(summary["coverage"]["unscanned"]), 2)

    def test_output_file(self):
        # The report replaces the file whole; others may not read it; nothing else is left in the folder.
        self.write("a", acme("o"))
        os.mkdir(self.top + "/out")
        report = self.top + "/out/report"
        done = self.acme("scan", "--format=jsonl", "--output", report, ".")
        self.assertStatus(done, 1)
        self.assertEqual(done.out, b"")
        with open(report, "rb") as file:
            self.assertEqual(file.read().count(b"\n"), 3)
        self.assertEqual(os.stat(report).st_mode & 0o777, 0o600)
        self.assertEqual(os.listdir(self.top + "/out"), ["report"])
        # A run that fails leaves the old report alone.
        before = os.stat(report).st_ino
        self.assertStatus(self.acme("scan", "--rules", "none", "--output", report, "."), 2)
        self.assertEqual(os.stat(report).st_ino, before)
        self.assertEqual(os.listdir(self.top + "/out"), ["report"])
        # A symbolic link stays one.
        os.symlink(report, self.top + "/link")
        self.assertStatus(self.acme("scan", "--output", self.top + "/link", "."), 1)
        self.assertTrue(os.path.islink(self.top + "/link"))
        # What is no regular file is written to, not replaced.
        os.mkfifo(self.top + "/fifo")
        reader = os.open(self.top + "/fifo", os.O_RDONLY | os.O_NONBLOCK)
        self.assertStatus(self.acme("scan", "--output", self.top + "/fifo", "."), 1)
        self.assertIn(b"Acme key", os.read(reader, 65536))
        os.close(reader)

    def test_colours(self):
        # Never into a pipe by itself, always when asked for.
        self.write("a", acme("c"))
        self.assertNotIn("\033", self.acme("scan", ".").text)
        self.assertIn("\033[", self.acme("scan", "--colour", "always", ".").text)
        self.assertNotIn("\033", self.acme("scan", "--colour=never", ".").text)

    def test_jobs(self):
        # Byte-identical output for one thread and four, in every format.
        for i in range(200):
            self.write("d%d/f%d" % (i % 7, i), "%s\n" % acme("j%d" % (i % 40)) * (i % 3))
        for form in self.formats():
            outs = {harness.timeless(self.acme("scan", "--format", form, "--jobs", n, ".").out) for n in ("1", "4", "3")}
            self.assertEqual(len(outs), 1)


class Audit(harness.Case):
    def setUp(self):
        super().setUp()
        self.git("init", "-q", "-b", "main")

    def jsonl(self, *args, status=1):
        done = self.acme("audit", "--format", "jsonl", *args)
        self.assertStatus(done, status)
        lines = done.json_lines()
        return lines[0], lines[1:-1], lines[-1]

    def test_empty(self):
        # A repository without objects is complete and clean.
        done = self.acme("audit")
        self.assertStatus(done, 0)
        self.assertIn("no objects to scan", done.text)

    def test_history(self):
        # In HEAD with its path and blob; only in history likewise; in a commit message, without a path.
        now, then, said = acme("now"), acme("then"), acme("said")
        self.write("a", then)
        self.commit()
        self.write("a", now)
        self.commit("message with " + said)
        header, findings, summary = self.jsonl()
        self.assertEqual(header["command"], "audit")
        by_text = {f["redacted"][:9]: f for f in findings}
        self.assertEqual(len(by_text), 3)
        live, gone, message = by_text[now[:9]], by_text[then[:9]], by_text[said[:9]]
        self.assertEqual(live["path"], "a")
        self.assertRegex(live["blob"], r"^[0-9a-f]{40}$")
        self.assertEqual((gone["path"], gone["state"]), ("a", "history"))
        self.assertRegex(gone["blob"], r"^[0-9a-f]{40}$")
        self.assertEqual(message["object_type"], "commit")
        self.assertEqual(summary["coverage"]["expected"], summary["coverage"]["scanned"])
        text = self.acme("audit").text
        self.assertIn("commit " + message["object"], text)

    def test_default_repository(self):
        # From a folder inside, and given as a path.
        self.write("deep/er/a", acme("d"))
        self.commit()
        outs = {self.acme("audit", "--format=jsonl").out.split(b"\n", 1)[1],
                self.acme("audit", "--format=jsonl", self.dir + "/deep/er").out.split(b"\n", 1)[1],
                self.acme("audit", "--format=jsonl", self.dir + "/.git").out.split(b"\n", 1)[1]}
        self.assertEqual(len(outs), 1)
        self.assertIn(b"deep/er/a", outs.pop())

    def test_missing_object(self):
        # An object that cannot be read is never passed over: status 3, with its id.
        self.write("a", acme("m"))
        self.commit()
        objects = self.dir + "/.git/objects"
        victim = next(os.path.join(path, names[0]) for path, _, names in sorted(os.walk(objects)) if names)
        os.chmod(victim, 0o644)
        with open(victim, "wb") as file:
            file.write(b"damaged")
        summary = self.jsonl(status=3)[2]
        oid = os.path.basename(os.path.dirname(victim)) + os.path.basename(victim)
        self.assertIn(oid, [u["object"] for u in summary["coverage"]["unscanned"]])

    def test_sha256(self):
        # A format that cannot be read is incomplete, never empty and clean.
        harness.shutil.rmtree(self.dir + "/.git")
        self.git("init", "-q", "--object-format=sha256")
        done = self.acme("audit")
        self.assertStatus(done, 3)
        self.assertIn("objectformat", done.errors)

    def test_jobs(self):
        # Byte-identical for every number of threads.
        for i in range(30):
            self.write("f%d" % (i % 9), "%s\n" % acme("a%d" % i))
            self.commit()
        for form in self.formats():
            outs = {harness.timeless(self.acme("audit", "--format", form, "-j", n).out) for n in ("1", "4")}
            self.assertEqual(len(outs), 1)


if __name__ == "__main__":
    harness.main()
