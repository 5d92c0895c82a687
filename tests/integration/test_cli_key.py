#!/usr/bin/env python3
"""credwatch key: its id is shown, the key itself only by export, and import never loses another one by accident."""
import os
import pty
import stat
import subprocess

import harness

KEY = "00" * 31 + "5a"
OTHER = "11" * 32


class Key(harness.Case):
    def setUp(self):
        super().setUp()
        if os.path.exists("/etc/credwatch/key"):
            self.skipTest("this machine has a key")
        self.file = self.home + "/.config/credwatch/key"

    def read(self, path):
        with open(path, encoding="ascii") as file:
            return file.read()

    def put(self, path, text, mode=0o600):
        path = self.write_top(path, text)
        os.chmod(path, mode)
        return path

    def silent(self, done, status, word):
        """It failed, said why, and told nothing of any key."""
        self.assertStatus(done, status)
        self.assertIn(word, done.errors)
        self.assertEqual(done.out, b"")
        for key in (KEY, OTHER):
            self.assertNotIn(key[:16], done.errors)

    def on_terminal(self, *args, terminal):
        master, slave = pty.openpty()
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, terminal: slave}
        done = subprocess.run([harness.PROGRAM, *args], **streams, stderr=subprocess.PIPE, cwd=self.dir, env=self.env, timeout=60)
        os.close(slave)
        os.close(master)
        return harness.Done(done.returncode, done.stdout or b"", done.stderr)

    def test_show_id(self):
        # The id that stands in front of fingerprints, and where the key is; it is made on first use.
        done = self.run_it("key", "show-id")
        self.assertStatus(done, 0)
        self.assertRegex(done.text, r"^[0-9a-f]{4} " + self.file + r"\n$")
        self.assertEqual(done.errors, "")
        self.write("a", harness.acme("id"))
        finding = self.acme("scan", "--format", "jsonl", "a").json_lines()[1]
        self.assertEqual(finding["fingerprint"][:4], done.text[:4])
        self.assertEqual(self.run_it("key", "show-id").text, done.text)
        # A named file is named.
        self.env["CREDWATCH_KEY_FILE"] = self.put("named", KEY)
        self.assertIn(" " + self.top + "/named\n", self.run_it("key", "show-id").text)

    def test_bad_files(self):
        # Files that are open to others, of the wrong form, or no files: refused, by every command, with the file's name.
        for text, mode, word in ((KEY, 0o644, "open to others"), (KEY, 0o620, "open to others"), (KEY[1:], 0o600, "hex digits"),
                                 (KEY + "\n\n", 0o600, "hex digits"), (KEY + "zz", 0o600, "hex digits"), ("", 0o600, "hex digits")):
            self.env["CREDWATCH_KEY_FILE"] = self.put("bad", text, mode)
            for args in (["key", "show-id"], ["key", "export"], ["scan", "."]):
                done = self.run_it(*args)
                self.silent(done, 2, word)
                self.assertIn(self.top + "/bad", done.errors)
        self.env["CREDWATCH_KEY_FILE"] = self.top + "/none"
        self.silent(self.run_it("key", "show-id"), 2, "cannot open key file")
        self.env["CREDWATCH_KEY_FILE"] = self.dir
        self.silent(self.run_it("key", "export"), 2, "not a regular file")

    def test_export(self):
        # To a pipe, and to a new file that only the user can read.
        self.env["CREDWATCH_KEY_FILE"] = self.put("key", KEY)
        done = self.run_it("key", "export")
        self.assertStatus(done, 0)
        self.assertEqual((done.text, done.errors), (KEY + "\n", ""))
        for args in (["out1"], ["--output", "out2"], ["-o", "out3"]):
            done = self.run_it("key", "export", *args)
            self.assertStatus(done, 0)
            self.assertEqual((done.text, done.errors), ("", ""))
            self.assertEqual(self.read(self.dir + "/" + args[-1]), KEY + "\n")
            self.assertEqual(stat.S_IMODE(os.stat(self.dir + "/" + args[-1]).st_mode), 0o600)

    def test_export_refused(self):
        # An existing file, a symbolic link, a terminal, a folder that cannot be written to, a full disk: nothing is left behind.
        self.env["CREDWATCH_KEY_FILE"] = self.put("key", KEY)
        self.write("there", "old")
        self.silent(self.run_it("key", "export", "there"), 2, "exists already")
        self.assertEqual(self.read(self.dir + "/there"), "old")
        os.symlink("nowhere", self.dir + "/link")
        self.silent(self.run_it("key", "export", "link"), 2, "exists already")
        self.assertFalse(os.path.exists(self.dir + "/nowhere"))
        self.silent(self.on_terminal("key", "export", terminal="stdout"), 2, "terminal")
        os.mkdir(self.dir + "/closed", 0o500)
        self.silent(self.run_it("key", "export", "closed/key", preexec_fn=harness.without_override), 4, "Permission denied")
        self.silent(self.run_it("key", "export", "full", preexec_fn=harness.full_disk), 4, "File too large")
        self.assertFalse(os.path.exists(self.dir + "/full"))
        self.silent(self.run_it("key", "export", "one", "two"), 2, "takes one file")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([harness.PROGRAM, "key", "export"], stdout=full, stderr=subprocess.PIPE, env=self.env, timeout=60)
        self.assertEqual(done.returncode, 4)

    def test_import(self):
        # From a file and from standard input, with and without a newline; then it is the key.
        for i, args in enumerate((["IN"], ["-"], [])):
            self.env["XDG_CONFIG_HOME"] = self.top + "/config%d" % i
            source = self.put("in", KEY + ("\n" if i else ""))
            done = self.run_it("key", "import", *[source if a == "IN" else a for a in args], data=KEY.encode())
            self.assertStatus(done, 0)
            self.assertEqual(done.errors, "")
            file = self.top + "/config%d/credwatch/key" % i
            self.assertEqual(done.text, "key %s is now in %s\n" % (self.run_it("key", "show-id").text[:4], file))
            self.assertEqual(self.run_it("key", "export").text, KEY + "\n")
            self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600)
            self.assertEqual(os.listdir(os.path.dirname(file)), ["key"])

    def test_import_over_another(self):
        # Another key stays unless it is to go; the same one is no reason to complain.
        self.assertStatus(self.run_it("key", "import", data=KEY.encode()), 0)
        done = self.run_it("key", "import", data=KEY.encode())
        self.assertStatus(done, 0)
        self.assertIn("was already in", done.text)
        self.silent(self.run_it("key", "import", data=OTHER.encode()), 2, "'--replace'")
        self.assertEqual(self.read(self.file), KEY + "\n")
        done = self.run_it("key", "import", "--replace", data=OTHER.encode())
        self.assertStatus(done, 0)
        self.assertIn("has replaced another", done.text)
        self.assertEqual(self.read(self.file), OTHER + "\n")
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)
        # A file that is unusable as a key is another key too.
        os.chmod(self.file, 0o644)
        self.silent(self.run_it("key", "import", data=OTHER.encode()), 2, "'--replace'")
        # A symbolic link is replaced, what it points to stays.
        os.rename(self.file, self.file + ".old")
        os.symlink("key.old", self.file)
        self.assertStatus(self.run_it("key", "import", "--replace", data=KEY.encode()), 0)
        self.assertFalse(os.path.islink(self.file))
        self.assertEqual(self.read(self.file + ".old"), OTHER + "\n")

    def test_import_refused(self):
        # What is no key, is too large, is not there, comes from a terminal: nothing is made.
        for text in (b"", b"\n", KEY[:-1].encode(), b"x" * 64, KEY.encode() + b"\r\n", b"0" * 100000, b"\0" * 64):
            done = self.run_it("key", "import", data=text)
            self.assertStatus(done, 2)
            self.assertIn("standard input", done.errors)
            done = self.run_it("key", "import", self.put("in", text.decode()))
            self.assertStatus(done, 2)
            self.assertIn(self.top + "/in", done.errors)
        self.silent(self.run_it("key", "import", "none"), 2, "none")
        self.silent(self.run_it("key", "import", "a", "b"), 2, "takes one file")
        self.silent(self.on_terminal("key", "import", terminal="stdin"), 2, "terminal")
        os.mkfifo(self.top + "/fifo")
        self.assertStatus(self.run_it("key", "import", self.top + "/fifo"), 2)
        self.assertFalse(os.path.exists(self.file))
        # A source that others can read is said to be one.
        done = self.run_it("key", "import", self.put("open", KEY, 0o644))
        self.assertStatus(done, 0)
        self.assertIn("others than you may read", done.errors)

    def test_import_cannot_write(self):
        # A folder that cannot be written to, a full disk: the old key stays, and nothing beside it.
        self.assertStatus(self.run_it("key", "import", data=KEY.encode()), 0)
        self.silent(self.run_it("key", "import", "--replace", data=OTHER.encode(), preexec_fn=harness.full_disk), 4, "File too large")
        os.chmod(os.path.dirname(self.file), 0o500)
        self.silent(self.run_it("key", "import", "--replace", data=OTHER.encode(), preexec_fn=harness.without_override), 4,
                    "Permission denied")
        self.assertEqual(self.read(self.file), KEY + "\n")
        self.assertEqual(os.listdir(os.path.dirname(self.file)), ["key"])
        # Nor is a first one made in part.
        self.env["XDG_CONFIG_HOME"] = self.top + "/new"
        self.silent(self.run_it("key", "import", data=KEY.encode(), preexec_fn=harness.full_disk), 4, "File too large")
        self.assertEqual(os.listdir(self.top + "/new/credwatch"), [])

    def test_named_destination(self):
        # CREDWATCH_KEY_FILE names where an imported key goes.
        self.env["CREDWATCH_KEY_FILE"] = self.top + "/team.key"
        self.assertStatus(self.run_it("key", "import", data=KEY.encode()), 0)
        self.assertEqual(self.read(self.top + "/team.key"), KEY + "\n")
        self.assertFalse(os.path.exists(self.file))

    def test_team(self):
        # With one key two people have the same fingerprints.
        self.write("a", harness.acme("t"))
        first = self.acme("scan", "--format", "jsonl", "a").json_lines()[1]["fingerprint"]
        exported = self.run_it("key", "export").out
        self.env["HOME"] = self.top + "/second"
        os.mkdir(self.env["HOME"])
        self.assertNotEqual(self.acme("scan", "--format", "jsonl", "a").json_lines()[1]["fingerprint"], first)
        self.assertStatus(self.run_it("key", "import", "--replace", data=exported), 0)
        self.assertEqual(self.acme("scan", "--format", "jsonl", "a").json_lines()[1]["fingerprint"], first)


if __name__ == "__main__":
    harness.main()
