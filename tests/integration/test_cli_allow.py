#!/usr/bin/env python3
"""credwatch allow: an entry comes into .credwatch.yaml, nothing else in it changes, and the finding no longer counts."""
import datetime
import os
import stat

import harness
from harness import acme

CONF = ".credwatch.yaml"
PRINT = "0000:" + "1" * 32


def day(days):
    return str(datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=days))


class Allow(harness.Case):
    def read(self, name=CONF):
        with open(os.path.join(self.dir, name), encoding="utf-8", newline="") as file:
            return file.read()

    def allow(self, *args, status=0, **more):
        done = self.run_it("allow", *args, **more)
        self.assertStatus(done, status)
        return done

    def refused(self, *args, word="", status=2, **more):
        before = self.read() if os.path.isfile(self.dir + "/" + CONF) else None
        done = self.allow(*args, status=status, **more)
        self.assertIn(word, done.errors)
        self.assertEqual(done.out, b"")
        self.assertEqual(self.read() if os.path.isfile(self.dir + "/" + CONF) else None, before)
        return done

    def fingerprints(self, *args):
        done = self.acme("scan", "--format", "jsonl", *args)
        return [f["fingerprint"] for f in done.json_lines()[1:-1]]

    # ---- adding ----

    def test_fingerprint(self):
        # The finding is there, is allowed by what the report shows, and is gone; another one stays.
        self.write("a", acme("a"))
        self.write("b", acme("b"))
        first = self.fingerprints("a")[0]
        done = self.allow(first, "--reason", "it's revoked: see #12")
        self.assertEqual((done.text, done.errors), (CONF + ":2: added\n", ""))
        self.assertEqual(self.read(), "allow:\n- fingerprint: '%s'\n  reason: 'it''s revoked: see #12'\n" % first)
        self.assertEqual(stat.S_IMODE(os.stat(self.dir + "/" + CONF).st_mode), 0o644)
        self.assertEqual(self.fingerprints("."), self.fingerprints("b"))
        self.allow(self.fingerprints("b")[0], "--reason", "r", "--expires", day(1))
        self.assertEqual(self.fingerprints("."), [])
        self.assertTrue(self.read().endswith("  reason: 'r'\n  expires: %s\n" % day(1)))

    def test_conditions(self):
        # A rule, a path, both: all must hold.
        for name in ("src/a", "test/a"):
            self.write(name, acme(name))
        self.allow("--rule", "acme.key", "--path", "test/**", "--reason", "only tests")
        self.assertEqual(self.fingerprints("."), self.fingerprints("src/a"))
        self.allow("--path=src/*", "--reason", "old")
        self.assertEqual(self.fingerprints("."), [])
        self.assertEqual(self.read(), "allow:\n- rule: 'acme.key'\n  path: 'test/**'\n  reason: 'only tests'\n"
                                      "- path: 'src/*'\n  reason: 'old'\n")

    def test_keeps_the_rest(self):
        # Order, comments, quotes and the mode stay as they are.
        text = ("# ours\n\nfail_on: 'low' # all\nallow:\n  # the first\n  - {path: x, reason: \"r\"}   # end\n\n"
                "# about the rest\nobject_max: 2M\n")
        self.write(CONF, text)
        os.chmod(self.dir + "/" + CONF, 0o640)
        done = self.allow(PRINT, "--reason", "ü")
        self.assertIn(CONF + ":7: added", done.text)
        self.assertEqual(self.read(), text.replace("# end\n", "# end\n  - fingerprint: '%s'\n    reason: 'ü'\n" % PRINT))
        self.assertEqual(stat.S_IMODE(os.stat(self.dir + "/" + CONF).st_mode), 0o640)

    def test_cannot_place(self):
        # A file in a form that cannot be added to safely stays; the lines to add are printed.
        text = "{fail_on: low, allow: []}\n"
        self.write(CONF, text)
        done = self.allow(PRINT, "--reason", "r", status=2)
        self.assertEqual(done.text, "allow:\n- fingerprint: '%s'\n  reason: 'r'\n" % PRINT)
        self.assertIn("add the lines that are printed yourself", done.errors)
        self.assertEqual(self.read(), text)

    def test_repository(self):
        # From a folder below the file at the root is meant; HEAD's counts for audits, and that is said; a bare one has none.
        self.write("src/a", acme("a"))
        self.git("init", "-q", "-b", "main")
        self.commit()
        done = self.allow(self.fingerprints("src")[0], "--reason", "r", "--repository", "src")
        self.assertIn("an audit reads .credwatch.yaml from HEAD: commit it", done.errors)
        self.assertTrue(os.path.exists(self.dir + "/" + CONF))
        self.assertStatus(self.acme("audit"), 1)
        self.commit()
        self.assertStatus(self.acme("audit"), 0)
        self.git("clone", "-q", "--bare", ".", self.top + "/bare")
        self.refused(PRINT, "--reason", "r", "--repository", self.top + "/bare", word="a bare repository has no files")
        self.assertIn("active", self.allow("list", "--repository", self.top + "/bare").text)
        # One that cannot be opened has files all the same.
        self.git("config", "core.repositoryformatversion", "1")
        self.git("config", "extensions.objectformat", "sha256")
        self.allow(PRINT, "--reason", "r")

    def test_other_file(self):
        # The user's configuration, or any other file.
        path = self.home + "/.config/credwatch/config.yaml"
        os.makedirs(os.path.dirname(path), mode=0o700)
        done = self.allow("--rule", "acme.key", "--reason", "r", "--config", path)
        self.assertEqual(done.text, path + ":2: added\n")
        self.write("a", acme("a"))
        self.assertEqual(self.fingerprints("."), [])
        self.assertFalse(os.path.exists(self.dir + "/" + CONF))

    def test_policy_forbids(self):
        # Where the user's own configuration does not let it count, that is said.
        os.makedirs(self.home + "/.config/credwatch", mode=0o700)
        with open(self.home + "/.config/credwatch/config.yaml", "w", encoding="utf-8") as file:
            file.write("repository_policy: audit\n")
        self.assertIn("repository_policy: audit", self.allow("--rule", "acme.key", "--reason", "r").errors)
        self.assertIn("advisory  %s:2" % CONF, self.allow("list").text)

    def test_wrong_key(self):
        # A fingerprint of another key may be added for those who have it; that it does not count here is said.
        done = self.allow(PRINT, "--reason", "r")
        self.assertIn("made with key 0000, and yours is", done.errors)
        # The key must be a good one.
        self.env["CREDWATCH_KEY_FILE"] = self.write("key", "x" * 64)
        os.chmod(self.dir + "/key", 0o644)
        self.refused("1111:" + "1" * 32, "--reason", "r", word="open to others")

    # ---- refused ----

    def test_usage(self):
        # Each mistake is named; nothing is written.
        for args, word in (([], "needs a FINGERPRINT"), (["--reason", "r"], "needs a FINGERPRINT"), ([PRINT], "'--reason TEXT' is needed"),
                           ([PRINT, "--reason", ""], "must not be empty"), ([PRINT, "--reason", "  "], "must not be empty"),
                           ([PRINT[:-1], "--reason", "r"], "a fingerprint as a report shows it"),
                           ([PRINT.upper().replace("1", "A"), "--reason", "r"], "a fingerprint as a report shows it"),
                           ([PRINT, PRINT, "--reason", "r"], "takes one FINGERPRINT"),
                           ([PRINT, "--reason", "r", "--expires", "tomorrow"], "a day such as"),
                           ([PRINT, "--reason", "r", "--expires", "2030-02-30"], "a day such as"),
                           ([PRINT, "--reason", "r", "--expires", day(-1)], "has passed"),
                           (["--path", "/x", "--reason", "r"], "'path' is relative"),
                           (["--rule", "A b", "--reason", "r"], "'rule' must be"),
                           ([PRINT, "--reason", "r" * 5000], "longer than"),
                           (["list", "--reason", "r"], "'--repository' and '--config' only"),
                           ([PRINT, "--reason", "r", "--repository", "none"], "none")):
            self.refused(*args, word=word)
        self.assertFalse(os.path.exists(self.dir + "/" + CONF))

    def test_control_bytes(self):
        # Nothing that moves a terminal's cursor, breaks a line or is no UTF-8 comes into the file or into a message.
        for text in ("a\nb", "a\x1b[2Jb", "a\rb", "a\tb", "a\x7f", "a\u0085b", "a\u202eb", "a\u2028b", b"a\xff".decode("utf-8", "surrogateescape")):
            for args in ((PRINT, "--reason", text), ("--path", text, "--reason", "r")):
                done = self.refused(*args, word="without control characters")
                self.assertEqual(len(done.err.split(b"\n")), 2)
                self.assertNotIn(b"\x1b", done.err)

    def test_secret_in_reason(self):
        # What looks like a secret does not come into the repository by way of a reason, nor into the message.
        token = harness.github("r")
        for args in ((PRINT, "--reason", "was " + token), ("--path", token, "--reason", "r")):
            self.assertNotIn(token, self.refused(*args, word="looks like a secret").errors)

    def test_twice(self):
        # An entry that is there is not added again.
        self.allow(PRINT, "--reason", "r")
        self.refused(PRINT, "--reason", "other", word=CONF + ":2: there is such an entry already")
        self.refused(PRINT, "--reason", "other", "--expires", day(3), word="already")
        # One that has expired can be renewed.
        self.write(CONF, "allow:\n- {fingerprint: '%s', reason: r, expires: 2020-01-01}\n" % PRINT)
        self.allow(PRINT, "--reason", "r", "--expires", day(3))

    def test_files(self):
        # Broken configurations, links, special files, folders without leave, a full disk: said, and left as they are.
        self.write(CONF, "alow: []\n")
        self.refused(PRINT, "--reason", "r", word=CONF + ":1: unknown key")
        os.rename(self.dir + "/" + CONF, self.dir + "/target")
        os.symlink("target", self.dir + "/" + CONF)
        self.refused(PRINT, "--reason", "r", word="is a symbolic link")
        os.unlink(self.dir + "/" + CONF)
        os.mkfifo(self.dir + "/" + CONF)
        self.refused(PRINT, "--reason", "r", word="no regular file")
        os.unlink(self.dir + "/" + CONF)
        self.assertStatus(self.run_it("key", "show-id"), 0)
        self.write(CONF, "fail_on: low\n")
        self.refused(PRINT, "--reason", "r", word="File too large", status=4, preexec_fn=harness.full_disk)
        os.chmod(self.dir, 0o500)
        self.refused(PRINT, "--reason", "r", word="cannot write '%s'" % CONF, status=4, preexec_fn=harness.without_override)
        os.chmod(self.dir, 0o700)
        self.assertEqual(sorted(os.listdir(self.dir)), [CONF, "target"])

    # ---- list ----

    def test_list(self):
        # All levels, each with its state; control bytes are escaped and secrets redacted.
        self.assertEqual(self.allow("list").text, "")
        mine = self.run_it("key", "show-id").text[:4] + ":" + "2" * 32
        token = harness.github("list")
        self.write(CONF, "allow:\n- {fingerprint: '%s', reason: ours}\n- {fingerprint: '%s', reason: theirs}\n"
                         "- {rule: a.b, path: 'x/**', value: '^z', reason: past, expires: 2020-01-01}\n"
                         "- {path: y, reason: \"two\\nlines\\e %s\", expires: 2999-12-31}\n" % (mine, PRINT, token))
        done = self.allow("list")
        self.assertEqual(done.errors, "")
        lines = done.text.split("\n")
        self.assertEqual(lines[:3], ["active    %s:2  fingerprint %s  reason ours" % (CONF, mine),
                                     "other-key %s:3  fingerprint %s  reason theirs" % (CONF, PRINT),
                                     "expired   %s:4  rule a.b  path x/**  value ^z  until 2020-01-01  reason past" % CONF])
        self.assertTrue(lines[3].startswith("active    %s:5  path y  until 2999-12-31  reason two\\nlines\\x1b ghp_" % CONF), lines[3])
        self.assertNotIn(token, done.text)
        self.assertEqual(lines[4:], [""])
        # What was added is listed.
        self.allow("--rule", "acme.key", "--reason", "new")
        self.assertIn("active    %s:6  rule acme.key  reason new\n" % CONF, self.allow("list").text)
        self.write(CONF, "alow: []\n")
        self.refused("list", word="unknown key")


if __name__ == "__main__":
    harness.main()
