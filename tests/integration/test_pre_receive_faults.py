#!/usr/bin/env python3
"""credwatch pre-receive when something is wrong: whatever fails, nothing is accepted in silence. And what a pusher may ask for.

    test_pre_receive_faults.py PROGRAM"""
import hashlib
import http.server
import json
import os
import shutil
import stat
import subprocess
import threading
import zlib

import harness
import push_harness
from harness import github, stripe


def line(secret, name="token"):
    return "%s = '%s'\n" % (name, secret)


class Faults(push_harness.PushCase):
    def setUp(self):
        super().setUp()
        self.before = self.ref()

    def wrap(self, text):
        """A hook that does something before or instead of the real one."""
        real = push_harness.HOOK.split("\n", 1)[1] % (harness.PROGRAM, self.policy)
        self.install("#!/bin/sh\n" + text.replace("REAL", real))

    def test_killed(self):
        # By a signal, in whatever state.
        self.commit_file("a.txt", "clean\n")
        self.wrap("kill -9 $$\nREAL")
        done = self.push("HEAD:refs/heads/main")
        self.assertStatus(done, 1)
        self.assertEqual(self.ref(), self.before)
        # while it waits for the rest of its input
        self.wrap("mkfifo '%s/pipe'; sh -c 'exec 9>\"%s/pipe\"; kill -TERM $PPID' & exec 0<'%s/pipe'; REAL" % (
            (self.top,) * 3))
        done = self.push("HEAD:refs/heads/main")
        self.assertStatus(done, 1)
        self.assertEqual(self.ref(), self.before)

    def timeout(self, **keys):
        self.configure(deadline_ms=1, **keys)
        for i in range(40):
            self.write("big%d.txt" % i, "".join("%d %s\n" % (k, harness.randoms(str(k + i), 60)) for k in range(3000)))
        self.commit()
        return self.push("HEAD:refs/heads/main")

    def log(self):
        with open(self.audit_log, encoding="utf-8") as file:
            return [json.loads(text, object_pairs_hook=harness.single) for text in file]

    def test_timeout_rejected(self):
        self.rejected(self.timeout(), "the scan did not end within 1 ms", "objects were scanned", before=self.before)
        record, = self.log()
        self.assertEqual((record["event"], record["outcome"]), ("timeout", "rejected"))
        self.assertEqual(record["refs"][0]["ref"], "refs/heads/main")
        self.assertGreater(record["unscanned"], 0)

    def test_timeout_accepted(self):
        # By policy alone, said and on record.
        done = self.timeout(on_timeout="accept-and-queue")
        self.assertStatus(done, 0)
        self.assertIn("accepted unscanned", self.messages(done))
        record, = self.log()
        self.assertEqual((record["event"], record["outcome"]), ("timeout", "accepted"))
        self.assertEqual(record["refs"][0]["new"], self.ref())

    def test_timeout_not_on_record(self):
        self.audit_log = os.path.join(self.top, "none", "audit.log")
        self.rejected(self.timeout(on_timeout="accept-and-queue"), "cannot be written to the audit log",
                      before=self.before)

    def test_environment_is_no_policy(self):
        # What the pusher's side can set changes no deadline and no verdict.
        self.commit_file("a.txt", line(github(self.id())))
        done = self.push("HEAD:refs/heads/main", env={"GL_ID": "user-1", "GL_USERNAME": "root", "GITHUB_VIA": "x"})
        text = self.rejected(done, before=self.before)
        self.assertTrue(all(each.startswith("GL-HOOK-ERR: ") or each == "GL-HOOK-ERR:" for each in text.split("\n")), text)

    def test_unreadable_object(self):
        # One loose object of the push is damaged before the hook reads it.
        for damage in ("printf x > \"$f\"", "rm -f \"$f\"; mkfifo \"$f\"", ": > \"$f\""):
            self.commit_file("a.txt", damage)
            self.wrap("f=$(find \"$GIT_QUARANTINE_PATH\" -type f -path '*/[0-9a-f][0-9a-f]/*' | head -n1)\n"
                      "chmod u+w \"$f\"; %s\nREAL" % damage)
            self.rejected(self.push("HEAD:refs/heads/main"), "could not be scanned", before=self.before)

    def test_damaged_pack(self):
        self.server_git("config", "receive.unpackLimit", "1")
        self.commit_file("a.txt", "".join("%s\n" % harness.randoms(str(i), 60) for i in range(200)))
        for damage in ("truncate -s -40 \"$p\"", "rm -f \"${p%pack}idx\"",
                       "printf xxxxxxxx | dd of=\"$p\" bs=1 seek=60 conv=notrunc 2>/dev/null"):
            self.wrap("p=$(echo \"$GIT_QUARANTINE_PATH\"/pack/*.pack)\nchmod u+w \"$p\" \"${p%%pack}idx\"; %s\nREAL" % damage)
            self.rejected(self.push("HEAD:refs/heads/main"), before=self.before)

    def test_no_quarantine(self):
        # A wrapper that drops git's variables: nobody can tell what was pushed.
        self.commit_file("a.txt", "clean\n")
        self.wrap("unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\nREAL")
        self.rejected(self.push("HEAD:refs/heads/main"), "GIT_QUARANTINE_PATH is not set", before=self.before)

    def test_object_directory_alone(self):
        # As some servers run hooks: without GIT_QUARANTINE_PATH.
        self.wrap("unset GIT_QUARANTINE_PATH\nREAL")
        self.commit_file("a.txt", "clean\n")
        self.accepted(self.push("HEAD:refs/heads/main"))
        self.before = self.ref()
        self.commit_file("b.txt", line(github(self.id())))
        self.rejected(self.push("HEAD:refs/heads/main"), "b.txt:1", before=self.before)

    def test_input(self):
        # Lines that are none, no line at all, a line without an end.
        tip = self.commit_file("a.txt", "clean\n")
        good = "%s %s refs/heads/main\n" % (self.before, tip)
        for feed in ("", good[:-1], good + "x\n", "%s %s\n" % (self.before, tip), "%s %s \n" % (self.before, tip),
                     good.replace(" ", "\t"), good.upper(), "%s %s refs/heads/main\n" % (self.before[:39], tip)):
            self.wrap("printf '%%s' '%s' | REAL" % feed)
            self.rejected(self.push("HEAD:refs/heads/main"), "standard input", before=self.before)

    def test_configuration(self):
        # A configuration that is wrong, or that others may change.
        self.commit_file("a.txt", "clean\n")
        self.configure(judge="sometimes")
        self.rejected(self.push("HEAD:refs/heads/main"), "'hooks.judge' must be one of", before=self.before)
        self.configure()
        os.chmod(self.policy, 0o666)
        self.rejected(self.push("HEAD:refs/heads/main"), before=self.before)
        os.remove(self.policy)
        self.rejected(self.push("HEAD:refs/heads/main"), before=self.before)

    def test_no_home(self):
        # No place for the key of fingerprints.
        self.commit_file("a.txt", "clean\n")
        self.wrap("unset HOME XDG_CONFIG_HOME\nREAL")
        self.rejected(self.push("HEAD:refs/heads/main"), "fingerprint key", before=self.before)

    def test_too_large(self):
        self.configure(extra="object_max: 10K")
        self.commit_file("a.txt", "x" * 20000)
        self.rejected(self.push("HEAD:refs/heads/main"), "too large: 20000 bytes", before=self.before)

    def test_odd_trees(self):
        # Modes and names that git itself lets in: what is in them is looked at.
        blob, before = self.blob(line(github(self.id()))), self.before
        for entry in (("100666", "blob", blob, "a.txt"), ("100644", "blob", blob, ".git"),
                      ("100644", "blob", blob, ".."), ("100644", "blob", blob, "x" * 5000)):
            tree = self.tree(entry)
            self.rejected(self.push(self.commit_tree(tree, before) + ":refs/heads/main"), "it brings 1 secret",
                          before=before)

    def test_bomb(self):
        # Ten folders of ten equal entries each: 10^10 paths, one secret.
        oid, kind, mode = self.blob(line(github(self.id()))), "blob", "100644"
        for _ in range(10):
            oid, kind, mode = self.tree(*[(mode, kind, oid, "d%d" % i) for i in range(10)]), "tree", "040000"
        self.rejected(self.push(self.commit_tree(oid, self.before) + ":refs/heads/main"), "it brings 1 secret",
                      before=self.before)

    def test_deep(self):
        # More folders in folders than are followed: all objects are looked at, and a secret is found without its path.
        for text, last in ((line(github(self.id())), False), ("x\n", True)):
            oid, mode = self.blob(text), b"100644"
            for _ in range(2100):
                oid = self.write_object(mode + b" d\0" + bytes.fromhex(oid))
                mode = b"40000"
            done = self.push(self.commit_tree(oid, self.before) + ":refs/heads/main")
            if last:
                self.accepted(done)
            else:
                self.rejected(done, "too deep", "it brings 1 secret", before=self.before)

    def write_object(self, body):
        """A loose tree, without git's checks."""
        raw = b"tree %d\0" % len(body) + body
        oid = hashlib.sha1(raw).hexdigest()
        path = os.path.join(self.dir, ".git", "objects", oid[:2], oid[2:])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(zlib.compress(raw, 1))
        return oid

    def test_submodule_and_lfs(self):
        # Not content of the push: said where it matters, no reason to stop it.
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 1\n" % ("a" * 64)
        tree = self.tree(("160000", "commit", "1" * 40, "sub"), ("100644", "blob", self.blob(pointer), "big.bin"))
        done = self.push(self.commit_tree(tree, self.before) + ":refs/heads/main")
        self.accepted(done)
        self.assertIn("1 LFS pointer", self.messages(done))


class StrangePath(push_harness.PushCase):
    """Paths that git quotes in its variables."""
    server_name = "a:b\"c\n d'e.git"

    def install(self, script=None):
        policy = os.path.join(self.top, "server.yaml")
        super().install(script or push_harness.HOOK % (harness.PROGRAM, policy))

    def test_found(self):
        for limit in ("1", "1000"):
            self.server_git("config", "receive.unpackLimit", limit)
            before = self.ref()
            self.commit_file("a.txt", line(github(self.id() + limit)))
            self.rejected(self.push("HEAD:refs/heads/main"), "a.txt:1", before=before)
            self.git("reset", "-q", "--hard", before)
            tip = self.commit_file("b%s.txt" % limit, "clean\n")
            self.accepted(self.push("HEAD:refs/heads/main"))
            self.assertEqual(self.ref(), tip)


class Formats(harness.Case):
    """Repositories that cannot be read are refused by name, never taken for empty ones."""

    def make(self, *args):
        server = os.path.join(self.top, "server.git")
        subprocess.run(["git", "init", "-q", "--bare", *args, server], env=self.env, check=True)
        hook = os.path.join(server, "hooks", "pre-receive")
        with open(hook, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexec '%s' pre-receive\n" % harness.PROGRAM)
        os.chmod(hook, 0o755)
        self.git("init", "-q", "-b", "main", *args)
        self.write("a.txt", "clean\n")
        self.commit()
        return server

    def refused(self, server, text):
        done = subprocess.run(["git", "push", "-q", server, "HEAD:refs/heads/main"], cwd=self.dir, env=self.env, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"push rejected", done.stderr)
        self.assertIn(b"Ask the administrator", done.stderr)
        self.assertIn(text, done.stderr)
        self.assertIn(b"pre-receive hook declined", done.stderr)
        heads = subprocess.run(["git", "for-each-ref"], cwd=server, env=self.env, check=False, stdout=subprocess.PIPE)
        self.assertEqual(heads.stdout, b"")

    def test_sha256(self):
        self.refused(self.make("--object-format=sha256"), b"SHA-256")

    @staticmethod
    def make_reftable(folder):
        """Turn the repository into one whose references are in a table, as git 2.45 makes them; git here cannot."""
        for key, value in (("core.repositoryformatversion", "1"), ("extensions.refStorage", "reftable")):
            subprocess.run(["git", "config", "-f", os.path.join(folder, "config"), key, value], check=True)
        table = "0x000000000001-0x000000000002-2b7c5e8a.ref"
        for name, content in (("HEAD", "ref: refs/heads/.invalid\n"), ("refs/heads", "this repository uses the reftable format\n"),
                              ("reftable/tables.list", table + "\n"), ("reftable/" + table, "REFT\1\0\20\0" + "\0" * 60)):
            path = os.path.join(folder, name)
            if os.path.isdir(path):
                shutil.rmtree(path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="latin-1") as file:
                file.write(content)

    def run_as_hook(self, server, oid):
        """pre-receive as a git that knows the format would run it."""
        objects = os.path.join(server, "objects")
        env = dict(self.env, GIT_DIR=".", GIT_QUARANTINE_PATH=objects, GIT_OBJECT_DIRECTORY=objects)
        done = subprocess.run([harness.PROGRAM, "pre-receive"], cwd=server, env=env, check=False, stdout=subprocess.PIPE,
                              input=("%s %s refs/heads/main\n" % ("0" * 40, oid)).encode(), stderr=subprocess.PIPE)
        return harness.Done(done.returncode, done.stdout, done.stderr)

    def unsupported(self, done):
        self.assertStatus(done, 3)
        self.assertIn("unsupported repository format", done.errors)

    def test_reftable(self):
        # It is never taken for a repository without references: not by a server's hook, a client's, an audit or doctor.
        server = self.make()
        self.git("push", "-q", "--receive-pack=git -c core.hooksPath=/dev/null receive-pack", server, "HEAD:refs/heads/main")
        self.assertStatus(self.run_it("doctor", server), 0)
        self.make_reftable(server)
        self.unsupported(self.run_as_hook(server, "1" * 40))
        self.unsupported(self.run_it("audit", server))
        self.unsupported(self.run_it("doctor", server))
        self.write("b.txt", line(github(self.id())))
        self.git("add", "b.txt")
        self.make_reftable(os.path.join(self.dir, ".git"))
        for args, data in ((("pre-commit",), b""), (("audit", "."), b""), (("doctor",), b""),
                           (("pre-push", "x", "y"), b"refs/heads/x %s refs/heads/x %s\n" % (b"1" * 40, b"0" * 40))):
            self.unsupported(self.run_it(*args, data=data))

    def test_reftable_unsaid(self):
        # The configuration does not say it, the folder does.
        server = self.make()
        with open(os.path.join(server, "hooks", "pre-receive"), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nmkdir reftable; : >reftable/tables.list\n'%s' pre-receive; status=$?\n"
                       "rm -r reftable; exit $status\n" % harness.PROGRAM)
        self.refused(server, b"reftable")

    def test_doctor(self):
        # The hook works in a repository that can be read, but stops all that goes into this one.
        server = self.make("--object-format=sha256")
        self.unsupported(self.run_it("doctor", server))

    def test_unknown(self):
        # An extension that nobody knows yet, a version to come.
        server = self.make()
        for key, value in (("extensions.tomorrow", "true"), ("core.repositoryformatversion", "2")):
            subprocess.run(["git", "config", "-f", os.path.join(server, "config"), "core.repositoryformatversion", "1"], check=True)
            subprocess.run(["git", "config", "-f", os.path.join(server, "config"), key, value], check=True)
            self.unsupported(self.run_as_hook(server, "1" * 40))
            self.unsupported(self.run_it("doctor", server))


class Asked(push_harness.PushCase):
    """What a pusher may ask for with push options, and what the server's policy lets pass."""

    def setUp(self):
        super().setUp()
        self.configure(bypass="allow")
        self.before = self.ref()
        self.commit_file("a.txt", line(github(self.id())))
        text = self.rejected(self.push("HEAD:refs/heads/main"), "-o credwatch.allow=", before=self.before)
        self.print = text.split("fingerprint ")[1].split()[0]

    def ask(self, *options):
        return self.push(*[part for option in options for part in ("-o", option)], "HEAD:refs/heads/main")

    def test_bypass(self):
        secret = stripe(self.id())
        done = self.ask("credwatch.allow=" + self.print, "credwatch.reason=a test key\x1b[1m \\ " + secret)
        self.assertStatus(done, 0)
        self.assertIn("let pass this once", self.messages(done))
        self.assertEqual(self.ref(), self.out("rev-parse", "HEAD"))
        with open(self.audit_log, encoding="utf-8") as file:
            text = file.read()
        record = json.loads(text, object_pairs_hook=harness.single)
        self.assertEqual(stat.S_IMODE(os.stat(self.audit_log).st_mode), 0o640)
        self.assertEqual((record["event"], record["outcome"], record["uid"]), ("bypass", "accepted", os.getuid()))
        self.assertEqual(record["findings"][0]["fingerprint"], self.print)
        self.assertEqual(record["findings"][0]["rule"], "github.pat")
        self.assertIn("a test key\\x1b[1m \\\\ ", record["reason"])
        self.assertNotIn(secret, text)
        # This push alone: another that brings it again is stopped.
        self.commit_file("other.txt", line(github(self.id())))
        self.rejected(self.push("HEAD:refs/heads/main"), "other.txt:1", before=self.ref())

    def test_refused(self):
        allow, reason = "credwatch.allow=" + self.print, "credwatch.reason=why"
        self.rejected(self.ask(allow), "it needs '-o credwatch.reason=TEXT'", before=self.before)
        self.rejected(self.ask(allow, "credwatch.reason= "), "credwatch.reason=TEXT", before=self.before)
        self.rejected(self.ask(reason), before=self.before)
        self.rejected(self.ask("credwatch.allow=all", reason), "needs a fingerprint", before=self.before)
        self.rejected(self.ask("credwatch.skip", reason), "the only push options", before=self.before)
        other = self.print[:-1] + ("0" if self.print[-1] != "0" else "1")
        self.rejected(self.ask("credwatch.allow=" + other, reason), before=self.before)
        self.assertFalse(os.path.exists(self.audit_log))
        # One of two is not enough, and is not put on record.
        self.commit_file("b.txt", line(stripe(self.id())))
        self.rejected(self.ask(allow, reason), "it brings 1 secret", "b.txt:1", "would be let pass", before=self.before)
        self.assertFalse(os.path.exists(self.audit_log))

    def test_forbidden(self):
        self.configure()
        text = self.rejected(self.ask("credwatch.allow=" + self.print, "credwatch.reason=why"),
                             "this server does not permit it", before=self.before)
        self.assertNotIn("-o credwatch.allow=", text)

    def test_not_on_record(self):
        # No folder for the log, a log that is a pipe, a full disk: nothing is let pass.
        pipe = os.path.join(self.top, "pipe")
        os.mkfifo(pipe)
        for log in (os.path.join(self.top, "none", "log"), pipe, "/dev/full", "relative"):
            self.configure(bypass="allow", audit_log=log)
            self.rejected(self.ask("credwatch.allow=" + self.print, "credwatch.reason=why"),
                          "nothing is let pass", before=self.before)
        self.configure(bypass="allow")
        self.install("#!/bin/sh\ntrap '' XFSZ\nulimit -f 0\nexec '%s' pre-receive --config '%s'\n" % (
            harness.PROGRAM, self.policy))
        self.rejected(self.ask("credwatch.allow=" + self.print, "credwatch.reason=why"), "nothing is let pass",
                      before=self.before)

    def test_allow_list(self):
        # The server's own allow list.
        self.configure(extra="allow:\n- fingerprint: '%s'\n  reason: revoked" % self.print)
        self.accepted(self.push("HEAD:refs/heads/main"))

    def test_thresholds(self):
        self.configure(block_severity="none")
        done = self.push("HEAD:refs/heads/main")
        self.assertStatus(done, 0)
        self.assertIn("warning: 1 finding", self.messages(done))
        self.commit_file("c.txt", line(stripe(self.id())))
        self.configure(block_proof="checksum", warn_severity="none")
        done = self.push("HEAD:refs/heads/main")
        self.accepted(done)
        self.assertEqual(self.messages(done), "")
        self.commit_file("d.txt", line(github(self.id() + "d")))
        self.rejected(self.push("HEAD:refs/heads/main"), "it brings 1 secret")

    def test_default_branch(self):
        # Where the system says so, the policy of the default branch counts, as it was before the push.
        self.configure(extra="repository_policy: default-branch")
        policy = "allow:\n- path: a.txt\n  reason: test data\n"
        self.git("reset", "-q", "--hard", "HEAD~1")
        self.commit_file(".credwatch.yaml", policy)
        tip = self.commit_file("a.txt", line(github(self.id())))
        self.rejected(self.push("HEAD:refs/heads/main"), "a.txt:1", before=self.before)
        self.accepted(self.push("HEAD~1:refs/heads/main"))
        self.accepted(self.push("HEAD:refs/heads/main"))
        self.assertEqual(self.ref(), tip)
        # Another branch's policy does not count, and the repository cannot set the server's keys.
        self.commit_file(".credwatch.yaml", policy + "hooks:\n  bypass: allow\n")
        self.accepted(self.push("HEAD:refs/heads/main"))
        self.commit_file("a.txt", line(github(self.id() + "2")))
        self.rejected(self.push("HEAD:refs/heads/main"), "policy is not used")

    def test_documented_example(self):
        # Everybody knows this key: it is said, and stops nothing.
        self.git("reset", "-q", "--hard", "HEAD~1")
        self.commit_file("aws.txt", "aws_access_key_id = AKIA" + "IOSFODNN7" + "EXAMPLE\n")
        done = self.push("HEAD:refs/heads/main")
        self.assertStatus(done, 0)
        self.assertIn("label:", self.messages(done))


class Backend(http.server.BaseHTTPRequestHandler):
    """git http-backend as a CGI program."""
    environment, root = {}, ""

    def serve(self):
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        env = dict(self.environment, GIT_PROJECT_ROOT=self.root, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query,
                   REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("Content-Type", ""), REMOTE_USER="alice",
                   CONTENT_LENGTH=str(len(body)), REMOTE_ADDR="127.0.0.1",
                   HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""))
        done = subprocess.run(["git", "http-backend"], env=env, input=body, stdout=subprocess.PIPE, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(each.decode().split(": ", 1) for each in head.split(b"\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = serve

    def log_message(self, *args):
        pass


class Http(push_harness.PushCase):
    def setUp(self):
        super().setUp()
        self.server_git("config", "http.receivepack", "true")
        Backend.environment, Backend.root = self.env, self.top
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
        self.thread = threading.Thread(target=self.http.serve_forever)
        self.thread.start()
        self.git("remote", "set-url", "origin", "http://127.0.0.1:%d/server.git" % self.http.server_address[1])

    def tearDown(self):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()
        super().tearDown()

    def test_http(self):
        # Over git http-backend: clean, stopped, let pass with the name that the server claims.
        tip = self.commit_file("a.txt", "clean\n")
        self.accepted(self.push("HEAD:refs/heads/main"))
        self.assertEqual(self.ref(), tip)
        self.configure(bypass="allow")
        self.commit_file("b.txt", line(github(self.id())))
        text = self.rejected(self.push("HEAD:refs/heads/main"), "b.txt:1", before=tip)
        self.accepted(self.push("-o", "credwatch.allow=" + text.split("fingerprint ")[1].split()[0],
                                "-o", "credwatch.reason=why", "HEAD:refs/heads/main"))
        with open(self.audit_log, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["claimed_user"], "alice")


if __name__ == "__main__":
    harness.main()
