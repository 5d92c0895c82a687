"""What the tests of server hooks share: a bare repository with the real hook, a clone, real pushes."""
import os
import subprocess

import harness

ZERO = "0" * 40
HOOK = """#!/bin/sh
exec '%s' pre-receive --config '%s' "$@"
"""


class PushCase(harness.Case):
    """self.server is a bare repository, self.dir a work tree whose `origin` it is."""
    server_name = "server.git"
    patience = 120  # seconds for one git command

    def setUp(self):
        super().setUp()
        self.env["GIT_TERMINAL_PROMPT"] = "0"
        self.audit_log = os.path.join(self.top, "audit.log")
        self.policy = self.configure()
        self.server = os.path.join(self.top, self.server_name)
        self.run_git(self.top, "init", "-q", "--bare", "-b", "main", self.server)
        self.server_git("config", "receive.advertisePushOptions", "true")
        self.install()
        self.git("init", "-q", "-b", "main")
        self.git("config", "gc.auto", "0")
        self.git("remote", "add", "origin", self.server)
        self.write("README", "nothing here\n")
        self.commit("first")
        self.accepted(self.push("HEAD:refs/heads/main"))

    def configure(self, **keys):
        """Write the server's configuration; keys are those of `hooks`, and `extra` other lines."""
        extra = keys.pop("extra", "")
        keys.setdefault("audit_log", self.audit_log)
        lines = ["hooks:"] + ["  %s: %s" % item for item in sorted(keys.items())] + [extra, ""]
        return self.write_top("server.yaml", "\n".join(lines))

    def install(self, script=None):
        path = os.path.join(self.server, "hooks", "pre-receive")
        with open(path, "w", encoding="utf-8") as file:
            file.write(script or HOOK % (harness.PROGRAM, self.policy))
        os.chmod(path, 0o755)

    def uninstall(self):
        os.remove(os.path.join(self.server, "hooks", "pre-receive"))

    # ---- git ----

    def run_git(self, folder, *args, data=b"", check=True, env=None):
        done = subprocess.run(["git", *args], cwd=folder, env=dict(self.env, **(env or {})), input=data, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=self.patience)
        if check and done.returncode != 0:
            raise AssertionError("git %s: %s" % (args, done.stderr.decode("utf-8", "replace")))
        return harness.Done(done.returncode, done.stdout, done.stderr)

    def server_git(self, *args, **more):
        return self.run_git(self.server, *args, **more)

    def out(self, *args, **more):
        return self.run_git(self.dir, *args, **more).text.strip()

    def commit_file(self, name, text, message="more"):
        self.write(name, text)
        self.commit(message)
        return self.out("rev-parse", "HEAD")

    def push(self, *args, env=None):
        return self.run_git(self.dir, "push", "origin", *args, check=False, env=env)

    def ref(self, name="refs/heads/main"):
        """What the server has under NAME; "" for nothing."""
        return self.run_git(self.server, "rev-parse", "--verify", "-q", name, check=False).text.strip()

    # ---- objects by hand ----

    def blob(self, text, where=None):
        return self.run_git(where or self.dir, "hash-object", "-w", "--stdin", data=text.encode()).text.strip()

    def tree(self, *entries, where=None):
        """Entries are (mode, type, id, name); git itself checks nothing but the shape."""
        data = b"".join(("%s %s %s\t" % entry[:3]).encode() + os.fsencode(entry[3]) + b"\0" for entry in entries)
        return self.run_git(where or self.dir, "mktree", "-z", "--missing", data=data).text.strip()

    def commit_tree(self, tree, *parents, message="made"):
        args = [arg for parent in parents for arg in ("-p", parent)]
        return self.out("commit-tree", tree, *args, "-m", message)

    # ---- outcomes ----

    def messages(self, done):
        """What the hook said, line by line, as the client shows it."""
        lines = [line[len("remote: "):].rstrip() for line in done.errors.split("\n") if line.startswith("remote: ")]
        return "\n".join(lines)

    def accepted(self, done):
        self.assertStatus(done, 0)
        self.assertNotIn("rejected", done.errors)

    def rejected(self, done, *texts, ref="refs/heads/main", before=None):
        """The push failed by the hook, and the server's REF is still BEFORE."""
        self.assertStatus(done, 1)
        self.assertIn("pre-receive hook declined", done.errors)
        self.assertIn("rejected", self.messages(done))
        for text in texts:
            self.assertIn(text, self.messages(done))
        if before is not None:
            self.assertEqual(self.ref(ref), before)
        return self.messages(done)
