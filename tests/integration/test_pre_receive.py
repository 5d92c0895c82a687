#!/usr/bin/env python3
"""credwatch pre-receive in real pushes: what is found, what is new, and what must not be stopped.

    test_pre_receive.py PROGRAM"""
import harness
import push_harness
from harness import github, stripe


def line(secret, name="token"):
    return "%s = '%s'\n" % (name, secret)


class Found(push_harness.PushCase):
    """Wherever a push carries a secret, it is stopped."""

    def setUp(self):
        super().setUp()
        self.before = self.ref()
        self.secret = github(self.id())

    def check(self, done, *texts, ref="refs/heads/main", before=None):
        text = self.rejected(done, *texts, ref=ref, before=self.before if before is None else before)
        self.assertNotIn(self.secret, text)
        return text

    def test_clean(self):
        # Nothing is found: the push is taken, and nothing is said.
        tip = self.commit_file("a.py", "x = 1\n")
        done = self.push("HEAD:refs/heads/main")
        self.accepted(done)
        self.assertEqual(self.messages(done), "")
        self.assertEqual(self.ref(), tip)

    def test_tip(self):
        # In the last commit: commit, path and line are named, and how to amend it.
        tip = self.commit_file("src/a.py", "\n\n" + line(self.secret, "API_TOKEN"))
        self.check(self.push("HEAD:refs/heads/main"), "it brings 1 secret", "commit %s  src/a.py:3" % tip[:12],
                   "git commit --amend", "API_TOKEN = os.environ[\"API_TOKEN\"]", "fingerprint ")

    def test_removed_again(self):
        # Added by one commit and removed by the next of the same push.
        first = self.commit_file("a.txt", line(self.secret))
        self.commit_file("a.txt", "gone\n")
        self.check(self.push("HEAD:refs/heads/main"), "commit %s  a.txt:1" % first[:12],
                   "git rebase -i %s^" % first[:12])

    def test_root_commit(self):
        # The first commit of a new history can only be rewritten with --root.
        self.git("checkout", "-q", "--orphan", "other")
        self.commit_file("a.txt", line(self.secret))
        self.commit_file("b.txt", "b\n")
        self.check(self.push("HEAD:refs/heads/other"), "git rebase -i --root", ref="refs/heads/other", before="")

    def test_merge_alone(self):
        # No parent has it: it came with the merge itself.
        self.git("checkout", "-q", "-b", "side")
        self.commit_file("side.txt", "side\n")
        self.git("checkout", "-q", "main")
        self.commit_file("main.txt", "main\n")
        self.git("merge", "-q", "--no-ff", "--no-commit", "side")
        merge = self.commit_file("evil.txt", line(self.secret))
        self.check(self.push("HEAD:refs/heads/main"), "commit %s  evil.txt:1" % merge[:12])

    def test_tag_message(self):
        self.git("tag", "-a", "v1", "-m", "release with " + self.secret)
        self.check(self.push("v1"), "in its text", "git tag -f -a v1", ref="refs/tags/v1", before="")

    def test_tag_of_tag_of_blob(self):
        # Two tags on top of a blob that no commit names.
        blob = self.blob(line(self.secret))
        self.git("tag", "-a", "inner", blob, "-m", "i")
        self.git("tag", "-a", "outer", "inner", "-m", "o")
        self.check(self.push("outer"), "it brings 1 secret", ref="refs/tags/outer", before="")

    def test_ref_to_tree(self):
        tree = self.tree(("100644", "blob", self.blob(line(self.secret)), "a.txt"))
        self.check(self.push(tree + ":refs/odd/tree"), "a.txt:1", ref="refs/odd/tree", before="")

    def test_commit_message(self):
        self.git("commit", "-q", "--allow-empty", "-m", "use " + self.secret)
        self.check(self.push("HEAD:refs/heads/main"), "in its text", "git commit --amend")

    def test_author_field(self):
        self.env["GIT_AUTHOR_NAME"] = "bot " + self.secret
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        self.check(self.push("HEAD:refs/heads/main"), "in its text", "--author")

    def test_behind_nul_of_commit(self):
        # git shows a commit's text up to a NUL; the object holds more.
        raw = self.run_git(self.dir, "cat-file", "commit", "HEAD").out + b"x\0" + line(self.secret).encode()
        oid = self.out("hash-object", "-w", "-t", "commit", "--literally", "--stdin", data=raw)
        self.check(self.push(oid + ":refs/heads/nul"), "in its text", ref="refs/heads/nul", before="")

    def test_path(self):
        tip = self.commit_file("keys/%s.txt" % self.secret, "nothing\n")
        text = self.check(self.push("HEAD:refs/heads/main"), "(the name itself)", "commit %s" % tip[:12])
        self.assertIn("keys/gh" + "p_", text)

    def test_ref_name(self):
        self.check(self.push("HEAD:refs/heads/" + self.secret), "in the name of refs/heads/",
                   ref="refs/heads/" + self.secret, before="")

    def test_new_namespace(self):
        tip = self.commit_file("a.txt", line(self.secret))
        self.check(self.push("HEAD:refs/foo/bar"), "commit %s" % tip[:12], ref="refs/foo/bar", before="")

    def test_note(self):
        self.git("notes", "add", "-m", line(self.secret))
        self.check(self.push("refs/notes/commits"), "it brings 1 secret", ref="refs/notes/commits", before="")

    def test_utf16(self):
        self.write("a.txt", line(self.secret).encode("utf-16"))
        self.commit()
        self.check(self.push("HEAD:refs/heads/main"), "a.txt:1", "utf-16")

    def test_no_newline_and_crlf(self):
        other = stripe(self.id())
        self.write("a.txt", "x\r\n" + self.secret)
        self.write("b.txt", "x\r\n%s\r\n" % other)
        self.commit()
        self.check(self.push("HEAD:refs/heads/main"), "it brings 2 secrets", "a.txt:2", "b.txt:2")

    def test_forged_allowance(self):
        # Whatever the pusher writes into the repository allows nothing.
        self.write("a.py", "x = '%s'  # credwatch:allow\n" % self.secret)
        self.write(".credwatch.yaml", "allow:\n- path: '**'\n  reason: I say so\nhooks:\n  block_severity: none\n")
        self.commit("[skip secret push protection]")
        self.check(self.push("HEAD:refs/heads/main"), "a.py:1")

    def test_policy_first(self):
        # Nor in two pushes: first the policy, then the secret.
        self.commit_file(".credwatch.yaml", "allow:\n- path: '**'\n  reason: I say so\n")
        self.accepted(self.push("HEAD:refs/heads/main"))
        self.before = self.ref()
        self.commit_file("a.py", line(self.secret))
        self.check(self.push("HEAD:refs/heads/main"), "a.py:1")

    def test_strange_path(self):
        # A path with a newline and an escape sequence cannot reach the terminal.
        name = b"a\n\x1b[31mb\\\xff.txt"
        self.write(name, line(self.secret))
        self.commit()
        done = self.push("HEAD:refs/heads/main")
        self.check(done, "a\\n\\x1b[31mb\\\\\\xff.txt:1")
        self.assertNotIn(b"\x1b", done.err)

    def test_force_push(self):
        # The old tip is thrown away; what replaces it is looked at, old value or not.
        self.git("checkout", "-q", "--orphan", "again")
        self.commit_file("a.txt", line(self.secret))
        self.check(self.push("-f", "HEAD:refs/heads/main"), "a.txt:1")

    def test_mixed(self):
        # A deletion, an update and a creation in one push: one secret stops all.
        self.accepted(self.push("HEAD:refs/heads/old"))
        self.commit_file("a.txt", line(self.secret))
        self.check(self.push(":refs/heads/old", "HEAD~1:refs/heads/fine", "HEAD:refs/heads/main"), "a.txt:1")
        self.assertEqual(self.ref("refs/heads/fine"), "")
        self.assertEqual(self.ref("refs/heads/old"), self.before)

    def test_unpack_limits(self):
        # One pack, or loose objects: as receive.unpackLimit says.
        for limit in ("1", "1000"):
            self.server_git("config", "receive.unpackLimit", limit)
            self.commit_file("a%s.txt" % limit, line(github(self.id() + limit)))
            self.check(self.push("HEAD:refs/heads/main"), "a%s.txt:1" % limit)
            self.git("reset", "-q", "--hard", "HEAD~1")

    def test_several_commits(self):
        # Three leaks in two commits: each is named, and the oldest commit is where to begin.
        self.write("a.txt", line(self.secret))
        first = self.commit_file("b.txt", line(stripe("b" + self.id())))
        second = self.commit_file("c.txt", line(github("c" + self.id())))
        self.check(self.push("HEAD:refs/heads/main"), "it brings 3 secrets", "commit %s  a.txt:1" % first[:12],
                   "commit %s  b.txt:1" % first[:12], "commit %s  c.txt:1" % second[:12],
                   "git rebase -i %s^" % first[:12], "%s, %s" % (first[:12], second[:12]))

    def test_order_in_one_second(self):
        # Commits of one second stand in the order of history, whatever their ids: the first is where to begin.
        made = [self.commit_file("f%d.txt" % i, line(github("%s%d" % (self.id(), i)))) for i in range(8)]
        self.check(self.push("HEAD:refs/heads/main"), "git rebase -i %s^" % made[0][:12],
                   ", ".join(each[:12] for each in made[:5]) + " and 3 more")

    def test_brought_twice(self):
        # Taken out and brought in again: the first commit that brings it is named.
        first = self.commit_file("a.txt", line(self.secret))
        self.commit_file("a.txt", "gone\n")
        self.commit_file("a.txt", line(self.secret))
        self.check(self.push("HEAD:refs/heads/main"), "commit %s  a.txt:1" % first[:12],
                   "git rebase -i %s^" % first[:12])

    def test_python_in_all(self):
        # A line of a folder that is new as a whole, in a second branch of the same push.
        self.commit_file("pkg/deep/er/a.py", "conf = {'password': '%s'}\n" % self.secret)
        self.check(self.push("HEAD~1:refs/heads/x", "HEAD:refs/heads/y"), "pkg/deep/er/a.py:1",
                   ref="refs/heads/y", before="")


class Unnamed(push_harness.PushCase):
    """Objects that the tips of the push do not show."""

    def send(self, oids, refs):
        """Push the objects OIDS by hand, together with the ref updates REFS (old, new, name)."""
        pack = self.run_git(self.dir, "pack-objects", "--stdout", "-q", data="".join(o + "\n" for o in oids).encode()).out
        lines = b""
        for i, (old, new, name) in enumerate(refs):
            text = ("%s %s %s" % (old, new, name)).encode()
            text += b"\0report-status side-band-64k" if i == 0 else b""
            lines += b"%04x" % (len(text) + 4) + text
        return self.run_git(self.top, "receive-pack", self.server, data=lines + b"0000" + pack, check=False)

    def test_smuggled(self):
        # The pack carries a blob that nothing names, behind a clean commit.
        before = self.ref()
        secret = github(self.id())
        blob = self.blob(line(secret))
        tip = self.commit_file("a.txt", "clean\n")
        tree = self.out("rev-parse", "HEAD^{tree}")
        clean = self.out("rev-parse", "HEAD:a.txt")
        done = self.send([tip, tree, clean, blob], [(before, tip, "refs/heads/main")])
        self.assertIn(b"pre-receive hook declined", done.out)
        self.assertIn(b"in no commit of the push", done.out)
        self.assertNotIn(secret.encode(), done.out)
        self.assertEqual(self.ref(), before)
        # The same without it is taken, so it was the blob that counted.
        done = self.send([tip, tree, clean], [(before, tip, "refs/heads/main")])
        self.assertIn(b"ok refs/heads/main", done.out)
        self.assertEqual(self.ref(), tip)

    def test_smuggled_commit_tree_and_tag(self):
        # The same for a commit's text, a name in a tree and a tag.
        before = self.ref()
        empty = self.blob("")
        tip = self.commit_file("a.txt", "clean\n")
        base = [tip, self.out("rev-parse", "HEAD^{tree}"), self.out("rev-parse", "HEAD:a.txt"), empty]
        tree = self.tree(("100644", "blob", empty, github("t" + self.id())))
        commit = self.commit_tree(base[1], message="use " + github("c" + self.id()))
        tag = self.out("mktag", data=("object %s\ntype commit\ntag x\ntagger A <a@example.org> 1 +0000\n\n%s\n" % (
            tip, github("g" + self.id()))).encode())
        for extra in (tree, commit, tag):
            done = self.send(base + [extra], [(before, tip, "refs/heads/main")])
            self.assertIn(b"pre-receive hook declined", done.out, extra)
            self.assertEqual(self.ref(), before)

    def test_old_unreachable(self):
        # The object lies in the server's store since long, unreachable; a push with an empty pack makes a ref reach it.
        secret = github(self.id())
        self.uninstall()
        tip = self.commit_file("a.txt", line(secret))
        self.accepted(self.push("HEAD:refs/heads/leak"))
        self.accepted(self.push(":refs/heads/leak"))
        self.install()
        before = self.ref()
        self.assertEqual(self.server_git("cat-file", "-t", tip).text.strip(), "commit")
        self.rejected(self.push("HEAD:refs/heads/main"), "commit %s  a.txt:1" % tip[:12], before=before)
        # a tag of the commit, a tag of the blob
        self.rejected(self.push("HEAD:refs/tags/x"), "a.txt:1", ref="refs/tags/x", before="")
        self.rejected(self.push(self.out("rev-parse", "HEAD:a.txt") + ":refs/tags/y"), "it brings 1 secret",
                      ref="refs/tags/y", before="")

    def test_two_pushes(self):
        # First the blob behind a clean commit, then a commit that names it, in a pack that does not hold it.
        secret = github(self.id())
        before = self.ref()
        blob = self.blob(line(secret))
        clean = self.commit_file("a.txt", "clean\n")
        objects = [clean, self.out("rev-parse", "HEAD^{tree}"), self.out("rev-parse", "HEAD:a.txt")]
        done = self.send(objects + [blob], [(before, clean, "refs/heads/main")])
        self.assertIn(b"declined", done.out)
        # The server has it all the same: put there when there was no hook.
        self.blob(line(secret), where=self.server)
        self.accepted(self.push("HEAD:refs/heads/main"))
        tree = self.tree(("100644", "blob", blob, "b.txt"), ("100644", "blob", objects[2], "a.txt"))
        second = self.commit_tree(tree, clean)
        done = self.send([second, tree], [(clean, second, "refs/heads/main")])
        self.assertIn(b"declined", done.out)
        self.assertIn(b"b.txt:1", done.out)
        self.assertEqual(self.ref(), clean)

    def test_old_tree_below_new_commit(self):
        # A tree that the server has, unreachable, under a new commit: its blobs came with no push that was looked at.
        blob = self.blob(line(github(self.id())), where=self.server)
        self.blob(line(github(self.id())))
        entry = ("100644", "blob", blob, "b.txt")
        inner = self.tree(entry, where=self.server)
        self.tree(entry)
        tree = self.tree(("040000", "tree", inner, "dir"))
        before = self.ref()
        commit = self.commit_tree(tree, before)
        done = self.send([commit, tree], [(before, commit, "refs/heads/main")])
        self.assertIn(b"declined", done.out)
        self.assertIn(b"dir/b.txt:1", done.out)

    def test_lying_old_value(self):
        # The old value in the request is the pusher's word: claiming the leak itself as old hides nothing.
        before = self.ref()
        tip = self.commit_file("a.txt", line(github(self.id())))
        oids = [tip, self.out("rev-parse", "HEAD^{tree}"), self.out("rev-parse", "HEAD:a.txt"),
                self.out("rev-parse", "HEAD:README")]
        done = self.send(oids, [(tip, tip, "refs/heads/main")])
        self.assertIn(b"declined", done.out)
        self.assertEqual(self.ref(), before)


class NotNew(push_harness.PushCase):
    """A secret of old does not stand in the way of other work."""

    def setUp(self):
        super().setUp()
        self.uninstall()
        self.secret = github(self.id())
        self.text = "".join("line %d\n" % i for i in range(200))
        self.write("dir/legacy.py", self.text + line(self.secret))
        self.commit()
        self.accepted(self.push("HEAD:refs/heads/main"))
        self.install()

    def taken(self, *args):
        self.accepted(self.push(*(args or ("HEAD:refs/heads/main",))))
        self.assertEqual(self.ref(), self.out("rev-parse", "HEAD"))

    def test_touched(self):
        for limit in ("1", "1000"):
            self.server_git("config", "receive.unpackLimit", limit)
            self.write("dir/legacy.py", self.text + line(self.secret) + "# %s\n" % limit)
            self.commit()
            self.taken()

    def test_moved_in_file(self):
        # Another line, indented anew, another name.
        self.write("dir/legacy.py", "def f():\n    " + line(self.secret, "api_key") + self.text)
        self.commit()
        self.taken()

    def test_renamed(self):
        self.git("mv", "dir/legacy.py", "renamed.py")
        self.commit()
        self.taken()

    def test_folder_renamed(self):
        self.git("mv", "dir", "other")
        self.commit()
        self.taken()

    def test_moved_to_another_file(self):
        self.write("dir/legacy.py", self.text)
        self.write("new/place.py", "x = 1\n" + line(self.secret))
        self.commit()
        self.taken()

    def test_copied(self):
        # A copy leaves the old one in place: now two files leak.
        self.write("copy.py", line(self.secret))
        self.commit()
        self.rejected(self.push("HEAD:refs/heads/main"), "copy.py:1")

    def test_another_secret_in_the_file(self):
        self.write("dir/legacy.py", self.text + line(self.secret) + line(stripe(self.id())))
        self.commit()
        text = self.rejected(self.push("HEAD:refs/heads/main"), "it brings 1 secret", "dir/legacy.py:202")
        self.assertNotIn("legacy.py:201", text)

    def test_branch_from_old_commit(self):
        # A branch that starts below the tip, merged with it: the secret comes from a parent.
        self.git("checkout", "-q", "-b", "topic", "HEAD~1")
        self.commit_file("topic.txt", "t\n")
        self.git("merge", "-q", "-m", "merge", "main")
        self.accepted(self.push("HEAD:refs/heads/topic"))
        self.accepted(self.push("HEAD:refs/heads/main"))

    def test_new_branch_at_old_commit(self):
        # No new commit at all, at a tip and below one.
        self.accepted(self.push("HEAD:refs/heads/x"))
        self.commit_file("z.txt", "z\n")
        self.taken()
        self.accepted(self.push("HEAD~1:refs/heads/y"))

    def test_whole_history_again(self):
        # A pusher that knows nothing of the server's objects sends all of them: old ones stay old.
        tip = self.commit_file("z.txt", "z\n")
        oids = self.out("rev-list", "--objects", "HEAD").split("\n")
        pack = self.run_git(self.dir, "pack-objects", "--stdout", "-q",
                            data="".join(o.split(" ")[0] + "\n" for o in oids).encode()).out
        text = ("%s %s refs/heads/main" % (self.ref(), tip)).encode() + b"\0report-status side-band-64k"
        self.server_git("config", "receive.unpackLimit", "1")
        done = self.run_git(self.top, "receive-pack", self.server, check=False,
                            data=b"%04x" % (len(text) + 4) + text + b"0000" + pack)
        self.assertIn(b"ok refs/heads/main", done.out)
        self.assertEqual(self.ref(), tip)

    def test_judge_all(self):
        self.configure(judge="all")
        self.write("dir/legacy.py", self.text + line(self.secret) + "#\n")
        self.commit()
        self.rejected(self.push("HEAD:refs/heads/main"), "dir/legacy.py:201")

    def test_forgotten_branch(self):
        # Only a deleted branch held the secret: then it is new again.
        self.accepted(self.push("-f", "HEAD~1:refs/heads/main"))
        self.rejected(self.push("HEAD:refs/heads/main"), "dir/legacy.py:201")


class Many(push_harness.PushCase):
    def test_refs(self):
        # 5,000 new references, one of which holds a secret.
        tip = self.out("rev-parse", "HEAD")
        self.run_git(self.dir, "update-ref", "--stdin",
                     data="".join("create refs/heads/b/%d %s\n" % (i, tip) for i in range(5000)).encode())
        self.accepted(self.push("refs/heads/b/*:refs/heads/b/*"))
        self.assertEqual(len(self.server_git("for-each-ref", "refs/heads/b").text.splitlines()), 5000)
        self.commit_file("a.txt", line(github(self.id())))
        self.run_git(self.dir, "update-ref", "--stdin",
                     data="".join("create refs/heads/c/%d %s\n" % (i, tip if i < 4999 else "HEAD")
                                  for i in range(5000)).encode())
        self.rejected(self.push("refs/heads/c/*:refs/heads/c/*"), "a.txt:1", ref="refs/heads/c/1", before="")

    def versions(self, secrets):
        """A branch of 300 versions of one file, made without a work tree; SECRETS: version -> what it holds as well."""
        lines = ["line %d of a file that grows\n" % i for i in range(300)]
        feed = []
        for i in range(300):
            text = "".join(lines[:i + 20]) + (line(secrets[i]) if i in secrets else "")
            feed.append("commit refs/heads/long\ncommitter A <a@example.org> %d +0000\ndata 2\nv\n\n"
                        "M 100644 inline src/deep/file.txt\ndata %d\n%s\n" % (1700000000 + i, len(text), text))
        self.run_git(self.dir, "fast-import", "--quiet", data="".join(feed).encode())
        return self.out("rev-list", "--reverse", "long").split()

    def test_long_history(self):
        # Many versions in one pack, made of each other: each is looked at, by what changed in it.
        commits = self.versions({100: github(self.id()), 101: github(self.id()), 200: stripe(self.id())})
        text = self.rejected(self.push("long"), "it brings 2 secrets", ref="refs/heads/long", before="")
        self.assertIn("commit %s  src/deep/file.txt:121" % commits[100][:12], text)
        self.assertIn("commit %s  src/deep/file.txt:221" % commits[200][:12], text)
        self.assertNotIn(commits[101][:12] + "  src", text)
        # The same objects loose give the same message.
        self.server_git("config", "receive.unpackLimit", "100000")
        self.assertEqual(self.rejected(self.push("long")), text)

    def test_long_history_clean(self):
        commits = self.versions({})
        self.accepted(self.push("long"))
        self.assertEqual(self.ref("refs/heads/long"), commits[-1])

    def test_long_history_damaged(self):
        # A byte of the pack is wrong, or the pack is cut short, when the hook comes to it.
        self.versions({})
        real = push_harness.HOOK.split("\n", 1)[1] % (harness.PROGRAM, self.policy)
        for damage in ("printf xxxxxxxx | dd of=\"$p\" bs=1 seek=2000 conv=notrunc 2>/dev/null", "truncate -s -40 \"$p\""):
            self.install("#!/bin/sh\np=$(echo \"$GIT_QUARANTINE_PATH\"/pack/*.pack)\nchmod u+w \"$p\"; %s\n%s" % (damage, real))
            self.rejected(self.push("long"), "could not be scanned", ref="refs/heads/long", before="")

    def test_delete_only(self):
        # Nothing comes in, so nothing is needed: not even a configuration that can be read.
        self.accepted(self.push("HEAD:refs/heads/x", "HEAD:refs/heads/" + "y"))
        with open(self.policy, "w", encoding="utf-8") as file:
            file.write("nonsense: [")
        self.accepted(self.push(":refs/heads/x", ":refs/heads/y"))
        self.assertEqual(self.ref("refs/heads/x"), "")

    def test_planted(self):
        # 500 secrets in 20 pushes, in all places: every push is stopped, every secret is in the list of its push.
        self.configure(bypass="allow")
        stopped = 0
        for number in range(20):
            before = self.ref("refs/heads/p%d" % number)
            self.git("checkout", "-q", "-B", "p%d" % number, "main")
            for i in range(20):
                seed = "%d-%d" % (number, i)
                secret = stripe(seed) if i % 2 else github(seed)
                self.write("d%d/f%d.%s" % (i % 3, i, ("py", "c", "yaml", "txt")[i % 4]), "x\n" * i + line(secret))
                if i % 5 == 4:
                    self.commit("part %d" % i)
            for i in range(20, 25):
                self.git("commit", "-q", "--allow-empty", "-m", "message " + github("%d-%d" % (number, i)))
            done = self.push("HEAD:refs/heads/p%d" % number)
            self.rejected(done, "it brings 25 secrets", "and 5 more", before=before, ref="refs/heads/p%d" % number)
            stopped += 25
        self.assertEqual(stopped, 500)


if __name__ == "__main__":
    harness.main()
