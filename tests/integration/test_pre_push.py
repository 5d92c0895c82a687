#!/usr/bin/env python3
"""credwatch pre-push and commit-msg under real git commands.

    test_pre_push.py PROGRAM"""
import os

import client_harness
from harness import github, main, stripe

COMMIT = ("commit", "-q", "-m", "x")


def line(secret, name="token"):
    return "%s = '%s'\n" % (name, secret)


class Push(client_harness.ClientCase):
    """self.server is the bare repository that `origin` names; it has the first commit."""
    hooks = ("pre-push",)

    def setUp(self):
        super().setUp()
        self.secret = github(self.id())
        self.server = os.path.join(self.top, "server.git")
        self.assertStatus(self.run_git("init", "-q", "--bare", "-b", "main", self.server), 0)
        self.git("remote", "add", "origin", self.server)
        self.assertStatus(self.run_git("push", "-q", "origin", "main"), 0)

    def ref(self, name="refs/heads/main"):
        return self.run_git("rev-parse", "--verify", "-q", name, folder=self.server).text.strip()

    def refused(self, *args, texts=(), ref="refs/heads/main", env=None):
        """The push fails by the hook, and the server's REF stays."""
        before = self.ref(ref)
        done = self.run_git("push", *args, env=env)
        self.assertStatus(done, 1)
        self.assertEqual(self.ref(ref), before)
        self.assertIn("credwatch: push rejected: ", done.errors)
        self.assertNotIn(self.secret, done.errors)
        for text in texts:
            self.assertIn(text, done.errors)
        return done.errors

    def taken(self, *args):
        done = self.run_git("push", "-q", *args)
        self.assertStatus(done, 0)
        self.assertNotIn("credwatch: ", done.errors)

    def test_clean(self):
        self.skip_hooks("a.txt", "one\n")
        self.taken("origin", "main")
        self.assertEqual(self.ref(), self.head())
        # nothing to push
        self.taken("origin", "main")

    def test_leak(self):
        # In the last commit; the user may go on all the same.
        self.skip_hooks("a.txt", line(self.secret))
        self.refused("origin", "main", texts=("it brings 1 secret", "commit %s  a.txt:1" % self.head()[:12],
                                              "git commit --amend", "git push --no-verify"))
        self.taken("--no-verify", "origin", "main")

    def test_removed_again(self):
        self.skip_hooks("a.txt", line(self.secret))
        first = self.head()
        self.skip_hooks("a.txt", "gone\n")
        self.refused("origin", "main", texts=("commit %s  a.txt:1" % first[:12], "git rebase -i"))

    def test_new_branch(self):
        # Only what the remote does not have yet: the old secret of main is there already.
        self.skip_hooks("old.txt", line(self.secret))
        self.taken("--no-verify", "origin", "main")
        self.git("checkout", "-q", "-b", "side")
        self.skip_hooks("b.txt", "clean\n")
        self.taken("origin", "side")
        self.skip_hooks("c.txt", line(stripe(self.id())))
        self.refused("origin", "side:other", texts=("c.txt:1", "it brings 1 secret"), ref="refs/heads/other")

    def test_not_fetched(self):
        # Without remote branches here the ids that git gives are enough.
        self.skip_hooks("old.txt", line(self.secret))
        self.taken("--no-verify", "origin", "main")
        self.skip_hooks("b.txt", "clean\n")
        self.taken(self.server, "main")

    def test_delete(self):
        self.taken("origin", "main:refs/heads/old")
        self.taken("origin", ":refs/heads/old")
        self.assertEqual(self.ref("refs/heads/old"), "")

    def test_tag(self):
        self.git("tag", "-a", "v1", "-m", "with " + self.secret)
        self.refused("origin", "v1", texts=("git tag -f -a v1",), ref="refs/tags/v1")

    def test_message_and_author(self):
        self.git("commit", "-q", "--allow-empty", "-m", "use " + self.secret)
        self.refused("origin", "main", texts=("in its text",))
        self.git("reset", "-q", "--hard", "HEAD~1")
        self.env["GIT_AUTHOR_NAME"] = "bot " + self.secret
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        self.refused("origin", "main", texts=("--author",))

    def test_ref_name(self):
        self.refused("origin", "main:refs/heads/" + self.secret, texts=("in the name of refs/heads/",),
                     ref="refs/heads/" + self.secret)

    def test_amended(self):
        # What an amended commit held, which pre-commit cannot see, is seen here.
        self.skip_hooks("a.txt", line(self.secret))
        self.git("commit", "-q", "--amend", "-m", "y")
        self.refused("origin", "main", texts=("a.txt:1",))

    def test_force_push(self):
        self.skip_hooks("a.txt", "one\n")
        self.taken("origin", "main")
        self.git("reset", "-q", "--hard", "HEAD~1")
        self.skip_hooks("a.txt", line(self.secret))
        self.refused("-f", "origin", "main", texts=("a.txt:1",))

    def test_old_revision(self):
        # The local side may be any expression, with blanks in it too.
        self.skip_hooks("a.txt", line(self.secret))
        self.refused("origin", "HEAD@{1 second ago}:refs/heads/x",
                     texts=("a.txt:1",), ref="refs/heads/x")

    def test_linked_work_tree(self):
        other = os.path.join(self.top, "other")
        self.git("worktree", "add", "-q", "-b", "side", other)
        with open(os.path.join(other, "a.txt"), "w", encoding="utf-8") as file:
            file.write(line(self.secret))
        self.assertStatus(self.run_git("add", "a.txt", folder=other), 0)
        self.assertStatus(self.run_git(*COMMIT, folder=other), 0)
        done = self.run_git("push", "origin", "side", folder=other)
        self.assertStatus(done, 1)
        self.assertIn("a.txt:1", done.errors)

    def test_framework(self):
        # The pre-commit framework gives the range in variables, to this hook and to pre-commit.
        before = self.head()
        self.skip_hooks("a.txt", line(self.secret))
        self.env.update({"PRE_COMMIT": "1", "PRE_COMMIT_FROM_REF": before, "PRE_COMMIT_TO_REF": "main"})
        for command in ("pre-push", "pre-commit"):
            done = self.run_it(command)
            self.assertStatus(done, 1)
            self.assertIn("commit %s  a.txt:1" % self.head()[:12], done.errors)
        self.env["PRE_COMMIT_FROM_REF"] = self.head()
        self.assertStatus(self.run_it("pre-commit"), 0)
        # The ends of the range may be whatever git understands.
        self.env.update({"PRE_COMMIT_FROM_REF": "HEAD~1", "PRE_COMMIT_TO_REF": "@"})
        for command in ("pre-push", "pre-commit"):
            self.assertStatus(self.run_it(command), 1)
        for name in ("no-such-branch", "HEAD~9", "--all"):
            self.env["PRE_COMMIT_FROM_REF"] = name
            done = self.run_it("pre-commit")
            self.assertStatus(done, 2)
            self.assertIn("git knows nothing by the name of", done.errors)

    def test_framework_first_push(self):
        # A branch that begins with a first commit: the framework names no range for it.
        self.skip_hooks("a.txt", line(self.secret))
        self.git("remote", "add", "new", os.path.join(self.top, "new.git"))
        self.env.update({"PRE_COMMIT": "1", "PRE_COMMIT_LOCAL_BRANCH": "refs/heads/main", "PRE_COMMIT_REMOTE_NAME": "new",
                         "PRE_COMMIT_REMOTE_URL": "x", "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/main"})
        done = self.run_it("pre-push")
        self.assertStatus(done, 1)
        self.assertIn("a.txt:1", done.errors)
        # Run by hand, with no word about a push: HEAD is meant, and the remote `origin`.
        for name in ("LOCAL_BRANCH", "REMOTE_NAME", "REMOTE_URL", "REMOTE_BRANCH"):
            del self.env["PRE_COMMIT_" + name]
        self.assertStatus(self.run_it("pre-push"), 1)
        self.taken("--no-verify", "origin", "main")
        self.assertStatus(self.run_it("pre-push"), 0)

    def test_variables_left(self):
        # A hook around this one left its variables: what git says counts, and what is staged.
        self.env.update({"PRE_COMMIT": "1", "PRE_COMMIT_FROM_REF": "HEAD", "PRE_COMMIT_TO_REF": "HEAD"})
        self.skip_hooks("a.txt", line(self.secret))
        self.refused("origin", "main", texts=("a.txt:1",))
        self.stage("b.txt", line(stripe(self.id())))
        done = self.run_it("pre-commit")
        self.assertStatus(done, 1)
        self.assertIn("b.txt:1", done.errors)

    def test_url(self):
        # A remote without a name: what any remote has is known; what none has is looked at.
        self.skip_hooks("old.txt", line(self.secret))
        self.taken("--no-verify", "origin", "main")
        self.git("checkout", "-q", "-b", "side")
        self.skip_hooks("b.txt", "clean\n")
        self.taken(self.server, "side")
        self.skip_hooks("c.txt", line(stripe(self.id())))
        text = self.refused(self.server, "side:other", texts=("c.txt:1", "it brings 1 secret"), ref="refs/heads/other")
        self.assertNotIn("old.txt", text)
        # A remote with a name that has nothing yet knows nothing.
        self.git("remote", "add", "empty", os.path.join(self.top, "empty.git"))
        self.assertStatus(self.run_git("init", "-q", "--bare", os.path.join(self.top, "empty.git")), 0)
        self.assertIn("old.txt:1", self.run_git("push", "empty", "side").errors)

    def test_bad_input(self):
        for data, text in ((b"refs/heads/main\n", "REMOTE-REF"), (b"a b c d", "no end"), (b"a b c d\n", "object id")):
            done = self.run_it("pre-push", "origin", data=data)
            self.assertNotEqual(done.status, 0)
            self.assertIn(text, done.errors)

    def test_missing_object(self):
        # A blob of the push is not there: it is named, and nothing goes out.
        self.skip_hooks("a.txt", "one\n")
        oid = self.out("rev-parse", "HEAD:a.txt")
        os.remove(os.path.join(self.dir, ".git", "objects", oid[:2], oid[2:]))
        zeros = "0" * 40
        done = self.run_it("pre-push", "origin", data=("x %s refs/heads/main %s\n" % (self.head(), zeros)).encode())
        self.assertStatus(done, 3)
        self.assertIn(oid, done.errors)


class Message(client_harness.ClientCase):
    hooks = ("commit-msg",)

    def setUp(self):
        super().setUp()
        self.secret = github(self.id())
        self.stage("a.txt", "one\n")

    def test_clean(self):
        self.assertEqual(self.passes("commit", "-q", "-m", "a message").errors, "")

    def test_leak(self):
        said = self.stopped("commit", "-q", "-m", "use\n\nthe key " + self.secret,
                            texts=("commit rejected: it brings 1 secret", "in the message, line 3", "git commit -e -F"))
        self.assertNotIn(self.secret, said)

    def test_verbose(self):
        # `commit -v` shows the diff below the scissors line: a secret that goes away stops nothing.
        self.skip_hooks("b.txt", line(self.secret))
        self.git("rm", "-q", "b.txt")
        editor = self.write_top("editor", "#!/bin/sh\n{ echo message; cat \"$1\"; } > \"$1.new\"; mv \"$1.new\" \"$1\"\n")
        os.chmod(editor, 0o755)
        self.env["GIT_EDITOR"] = editor
        self.passes("commit", "-q", "-v")
        self.assertNotIn(self.secret, self.out("log", "-1", "--format=%B"))

    def test_false_scissors(self):
        # A line that only looks so ends no message.
        self.stopped("commit", "-q", "-m", "x\n\n# ------------------------ >8 ------------------------\n" + self.secret)

    def test_arguments(self):
        self.assertStatus(self.run_it("commit-msg"), 2)
        done = self.run_it("commit-msg", "no/such/file")
        self.assertNotEqual(done.status, 0)
        self.assertIn("commit rejected", done.errors)


if __name__ == "__main__":
    main()
