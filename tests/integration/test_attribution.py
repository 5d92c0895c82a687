"""Where secrets came from and whether they are live: cases by hand, and random histories against history_oracle.py."""
import base64
import os
import random
import subprocess

import harness
import history_oracle
import rawgit
from harness import Case, acme

PEOPLE = ["A <a@example.org>", "B\u00e9 <b@example.org>", "C D <c@example.org>"]


class History(Case):
    def setUp(self):
        super().setUp()
        self.clock = 1700000000
        self.git("init", "-q", "-b", "main")

    def commit(self, message="more", author=PEOPLE[0]):
        self.clock += 60
        self.env["GIT_COMMITTER_DATE"] = "%d +0000" % self.clock
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "--author", author, "-m", message)
        return self.out("rev-parse", "HEAD")

    def out(self, *args, data=None):
        done = subprocess.run(["git", *args], cwd=self.dir, env=self.env, check=True, input=data, stdout=subprocess.PIPE)
        return done.stdout.decode().strip()

    def audit(self, *args, status=1):
        done = self.acme("audit", "--format", "jsonl", "--show-secrets", *args)
        self.assertStatus(done, status)
        return done.json_lines()

    def findings(self, *args, status=1):
        return [line for line in self.audit(*args, status=status) if line["type"] == "finding"]

    def one(self, secret, path="any", **more):
        """The only finding for this secret (at this path)."""
        found = [f for f in self.findings(**more) if f.get("secret") == secret and path in ("any", f["path"])]
        self.assertEqual(len(found), 1, found)
        return found[0]

    def check(self, *args, status=1):
        """The report says what the oracle says, for every number of threads."""
        outs = [self.acme("audit", "--format", "jsonl", "--show-secrets", "--jobs", jobs, *args).out for jobs in ("1", "2", "5")]
        self.assertEqual(outs[0], outs[1])
        self.assertEqual(outs[0], outs[2])
        expected = history_oracle.Repository(self.dir, self.env).places()
        reported = {}
        for f in self.findings(*args, status=status):
            if f["path"] is None:
                continue
            path = base64.b64decode(f["path_b64"]) if "path_b64" in f else f["path"].encode()
            secret = f["secret"]
            reported[secret, path] = {name: f[name] for name in ("commit", "author", "date", "state", "introductions", "line",
                                                                 "column", "tip") if name in f}
            reported[secret, path]["blob"] = f.get("blob", f.get("object"))
            in_name = secret.encode() in path.rsplit(b"/", 1)[-1]
            reported[secret, path]["objects"] = None if in_name else f.get("objects", 1)
        self.assertEqual(sorted(reported), sorted(expected))
        for key, place in expected.items():
            self.assertEqual(reported[key], place, key)
        return expected


class ByHand(History):
    def test_edit_keeps_introduction(self):
        # The file changes around the secret, and the secret moves to another line: still the first commit's.
        secret = acme("edit")
        self.write("a", secret)
        first = self.commit(author=PEOPLE[1])
        self.write("a", "x\ny " + secret + "\n")
        self.commit()
        place = self.one(secret)
        self.assertEqual((place["commit"], place["author"]), (first, PEOPLE[1]))
        self.assertEqual((place["line"], place["column"]), (1, 1))
        self.assertEqual((place["state"], place["tip"]["ref"], place["tip"]["line"]), ("tip", "refs/heads/main", 2))
        self.assertEqual(place["tip"]["blob"], self.out("rev-parse", "HEAD:a"))
        self.assertEqual((place["introductions"], place["objects"]), (1, 2))
        self.check()

    def test_revert_and_again(self):
        # Removed and put back: two introductions, the first one counts.
        secret = acme("again")
        self.write("a", secret)
        first = self.commit()
        self.write("a", "")
        self.commit()
        self.assertEqual(self.one(secret)["state"], "history")
        self.assertNotIn("tip", self.one(secret))
        self.write("a", secret)
        self.commit()
        place = self.one(secret)
        self.assertEqual((place["commit"], place["introductions"], place["state"]), (first, 2, "tip"))
        self.check()

    def test_renamed_and_copied(self):
        # A renamed file is a second place, which the rename introduces; a copy in another file likewise.
        secret = acme("rename")
        self.write("old/name", secret)
        self.commit()
        self.git("mv", "old", "new")
        second = self.commit()
        self.write("copy", "1\n2\n" + secret)
        self.commit()
        self.assertEqual(self.one(secret, "old/name")["state"], "history")
        self.assertEqual(self.one(secret, "new/name")["commit"], second)
        self.assertEqual(self.one(secret, "copy")["line"], 3)
        self.check()

    def test_evil_merge(self):
        # Content that only the merge has is the merge's; what a parent had is not.
        ours, evil = acme("ours"), acme("evil")
        self.write("a", "1")
        self.commit()
        self.git("checkout", "-q", "-b", "side")
        self.write("b", ours)
        side = self.commit()
        self.git("checkout", "-q", "main")
        self.write("c", "2")
        self.commit()
        self.git("merge", "-q", "--no-commit", "--no-ff", "side")
        self.write("evil", evil)
        merge = self.commit("merge")
        self.assertEqual(self.one(evil)["commit"], merge)
        self.assertEqual((self.one(ours)["commit"], self.one(ours)["introductions"]), (side, 1))
        self.check()

    def test_both_sides(self):
        # Introduced on two branches apart, then merged: two introductions, none by the merge.
        secret = acme("sides")
        self.write("x", "")
        self.commit()
        for branch in ("one", "two"):
            self.git("checkout", "-q", "-b", branch, "main")
            self.write("a", secret)
            self.write(branch, branch)
            self.commit()
        self.git("merge", "-q", "one")
        self.assertEqual(self.one(secret)["introductions"], 2)
        self.assertEqual(self.one(secret)["tip"]["ref"], "refs/heads/one")
        self.check()

    def test_octopus(self):
        # A merge of three: only what none of them had.
        secrets = [acme("octopus%d" % i) for i in range(4)]
        self.write("x", "")
        self.commit()
        for i in range(3):
            self.git("checkout", "-q", "-b", "b%d" % i, "main")
            self.write("f%d" % i, secrets[i])
            self.commit()
        self.git("checkout", "-q", "main")
        self.git("merge", "-q", "--no-commit", "b0", "b1", "b2")
        self.write("own", secrets[3])
        merge = self.commit("octopus")
        self.assertEqual(self.out("rev-list", "--parents", "-1", "HEAD").count(" "), 3)
        self.assertEqual(self.one(secrets[3])["commit"], merge)
        self.assertNotEqual(self.one(secrets[1])["commit"], merge)
        self.check()

    def test_deleted_branch(self):
        # Commits that no reference reaches any more keep path and commit.
        secret = acme("deleted")
        self.write("x", "")
        self.commit()
        self.git("checkout", "-q", "-b", "gone")
        self.write("lost", secret)
        lost = self.commit()
        self.git("checkout", "-q", "main")
        self.git("branch", "-q", "-D", "gone")
        place = self.one(secret)
        self.assertEqual((place["path"], place["commit"], place["state"]), ("lost", lost, "unreachable"))
        self.check()

    def test_other_references(self):
        # Tags, notes and stashes keep history, but are no tip; a remote branch is one.
        tag, note, stash, remote = (acme(name) for name in ("tag", "note", "stash", "remote"))
        self.write("x", "")
        self.commit()
        self.git("checkout", "-q", "--detach")
        self.write("t", tag)
        self.commit()
        self.git("tag", "-a", "-m", "tag", "v1")
        self.git("tag", "-a", "-m", "tag of tag", "v2", "v1")
        self.git("checkout", "-q", "-b", "elsewhere", "main")
        self.write("r", remote)
        self.commit()
        self.git("update-ref", "refs/remotes/origin/topic", "HEAD")
        self.git("checkout", "-q", "main")
        self.git("branch", "-q", "-D", "elsewhere")
        self.git("notes", "add", "-m", note)
        self.write("x", stash)
        self.git("stash")
        self.assertEqual(self.one(tag)["state"], "history")
        self.assertEqual(self.one(note)["state"], "history")
        self.assertEqual(self.one(stash)["state"], "history")
        self.assertEqual(self.one(remote)["tip"]["ref"], "refs/remotes/origin/topic")
        self.git("tag", "-d", "v1")
        self.assertEqual(self.one(tag)["state"], "history")
        self.git("tag", "-d", "v2")
        self.assertEqual(self.one(tag)["state"], "unreachable")
        self.check()

    def test_detached_head(self):
        # HEAD is named where no branch is.
        secret = acme("detached")
        self.write("x", "")
        self.commit()
        self.git("checkout", "-q", "--detach")
        self.write("a", secret)
        self.commit()
        self.assertEqual(self.one(secret)["tip"]["ref"], "HEAD")
        self.check()

    def test_work_trees(self):
        # The detached HEAD of a linked work tree is live, too, seen from the main one and from itself.
        secret = acme("worktree")
        self.write("x", "")
        self.commit()
        self.git("worktree", "add", "-q", "--detach", self.top + "/linked")
        with open(self.top + "/linked/a", "w", encoding="ascii") as file:
            file.write(secret)
        self.git("-C", self.top + "/linked", "add", "a")
        self.git("-C", self.top + "/linked", "commit", "-q", "-m", "linked")
        self.assertEqual(self.one(secret)["tip"]["ref"], "worktrees/linked/HEAD")
        found = self.findings(self.top + "/linked")
        self.assertEqual([f["tip"]["ref"] for f in found], ["HEAD"])

    def test_without_a_tree(self):
        # An unreachable blob, an annotated tag on a blob, texts of commits and tags: no path, but an object and a state.
        blob, tagged, text, tag, behind, author = (acme(n) for n in ("blob", "tagged", "text", "tag", "behind", "author"))
        self.write("x", "")
        lost = self.out("hash-object", "-w", "--stdin", data=blob.encode())
        kept = self.out("hash-object", "-w", "--stdin", data=tagged.encode())
        first = self.commit("a message with " + text, author=PEOPLE[1])
        self.git("tag", "-a", "-m", "on a blob", "v1", kept)
        self.git("tag", "-a", "-m", "says " + tag, "v2")
        self.git("tag", "-a", "-m", "on a tag", "v3", "v2")
        by = self.commit(author="Mr %s <m@example.org>" % author)
        raw = subprocess.run(["git", "cat-file", "commit", "HEAD"], cwd=self.dir, env=self.env, check=True,
                             stdout=subprocess.PIPE).stdout + b"\0" + behind.encode()
        hidden = self.out("hash-object", "-w", "-t", "commit", "--literally", "--stdin", data=raw)
        for secret, oid, kind, state in ((blob, lost, "blob", "unreachable"), (tagged, kept, "blob", "history"),
                                         (text, first, "commit", "history"), (behind, hidden, "commit", "unreachable"),
                                         (tag, self.out("rev-parse", "v2"), "tag", "history"),
                                         (author, by, "commit", "history")):
            place = self.one(secret)
            self.assertIsNone(place["path"])
            self.assertEqual((place["object"], place["object_type"], place["state"]), (oid, kind, state))
        self.assertEqual((self.one(text)["commit"], self.one(text)["author"]), (first, PEOPLE[1]))
        self.assertNotIn("commit", self.one(tag))
        # The author's name is shown as such in other places: never with the secret in it.
        self.write("a", acme("by"))
        self.commit(author="Mr %s <m@example.org>" % author)
        out = self.acme("audit", "--format", "jsonl").text
        self.assertIn("Mr acme", out)
        self.assertNotIn(author, out)

    def test_loose_tree(self):
        # A tree that no commit names still gives paths.
        secret = acme("loose")
        self.write("x", "")
        self.commit()
        self.write("dir/a", secret)
        self.git("add", "-A")
        tree = self.out("write-tree")
        place = self.one(secret)
        self.assertEqual((place["path"], place["state"], place["introductions"]), ("dir/a", "unreachable", 0))
        self.assertNotIn("commit", place)
        self.git("tag", "tree", tree)
        self.assertEqual(self.one(secret)["state"], "history")

    def test_names(self):
        # A secret as the name of a file, of a folder, of a submodule; redacted when paths are shown.
        file, folder, module = acme("file"), acme("folder"), acme("module")
        self.write("a/" + file + ".txt", "clean")
        self.write("b/x." + folder + "/deep/c", "clean")
        first = self.commit()
        self.git("update-index", "--add", "--cacheinfo", "160000," + "1" * 40 + "," + module)
        self.env["GIT_COMMITTER_DATE"] = "%d +0000" % (self.clock + 60)
        self.git("commit", "-q", "-m", "module")
        place = self.one(file)
        self.assertEqual((place["path"], place["commit"], place["state"]), ("a/" + file + ".txt", first, "tip"))
        self.assertEqual((place["line"], place["column"]), (1, 1))
        self.assertEqual(self.one(folder)["path"], "b/x." + folder)
        self.assertEqual(self.one(module)["path"], module)
        self.check()
        text = self.acme("audit", "--format", "jsonl").text
        for secret in (file, folder, module):
            self.assertNotIn(secret, text)

    def test_orphan_branches(self):
        # Histories without a common root: each root introduces.
        secret = acme("orphan")
        self.write("a", secret)
        first = self.commit()
        self.git("checkout", "-q", "--orphan", "other")
        self.commit()
        place = self.one(secret)
        self.assertEqual((place["commit"], place["introductions"], place["tip"]["ref"]), (first, 2, "refs/heads/main"))
        self.check()

    def test_submodules_and_links(self):
        # Gitlinks are no content; a symbolic link is, its target.
        secret = acme("link")
        os.symlink(secret, os.path.join(self.dir, "link"))
        self.git("update-index", "--add", "--cacheinfo", "160000," + "2" * 40 + ",sub/module")
        self.git("add", "link")
        self.git("commit", "-q", "-m", "both")
        self.assertEqual(self.one(secret)["path"], "link")
        self.assertEqual(self.audit()[-1]["coverage"]["submodules"], 1)
        self.check()

    def test_shallow(self):
        # The oldest commit that a shallow clone has is a root.
        secret = acme("shallow")
        self.write("a", secret)
        self.commit()
        for i in range(4):
            self.write("b", str(i))
            self.commit()
        self.git("clone", "-q", "--depth", "2", "file://" + self.dir, self.top + "/shallow")
        self.dir = self.top + "/shallow"
        self.assertEqual(self.one(secret)["commit"], self.out("rev-parse", "HEAD^"))
        self.check()

    def test_grafts_and_replace(self):
        # Neither changes what is introduced.
        secret = acme("graft")
        self.write("a", secret)
        first = self.commit()
        self.write("a", "")
        self.commit()
        self.write("b", "")
        last = self.commit()
        self.write(".git/info/grafts", last + "\n")
        self.git("replace", "--graft", last)
        place = self.one(secret)
        self.assertEqual((place["commit"], place["state"], place["introductions"]), (first, "history", 1))
        self.check()

    def test_clock_goes_back(self):
        # A child older than its parent: the parent introduces all the same.
        secret = acme("clock")
        self.write("a", secret)
        first = self.commit()
        self.clock -= 100000
        self.write("a", "more\n" + secret)
        self.commit()
        self.assertEqual(self.one(secret)["commit"], first)
        self.check()

    def test_file_becomes_folder(self):
        # A path that was a file, then a folder, then a file again.
        secret = acme("turn")
        self.write("p", secret)
        self.commit()
        self.git("rm", "-q", "p")
        self.write("p/p", secret)
        self.commit()
        self.git("rm", "-q", "-r", "p")
        self.write("p", "x\n" + secret)
        self.commit()
        self.assertEqual(self.one(secret, "p")["introductions"], 2)
        self.check()

    def test_missing(self):
        # What references, commits and trees name, but the store lacks, is said.
        self.write("a", acme("missing"))
        first = self.commit()
        self.write("b", "x")
        self.commit()
        os.unlink(os.path.join(self.dir, ".git/objects", first[:2], first[2:]))
        lines = self.audit(status=3)
        self.assertIn("a parent of this commit is not in the object store", [u["reason"] for u in lines[-1]["coverage"]["unscanned"]])
        self.write(".git/refs/heads/nothing", "1" * 40 + "\n")
        self.write(".git/refs/heads/garbage", "garbage\n")
        said = {u["object"]: u["reason"] for u in self.audit(status=3)[-1]["coverage"]["unscanned"]}
        self.assertIn("not in the object store", said["refs/heads/nothing"])
        self.assertEqual(said["refs/heads/garbage"], "not a reference")

    def test_fifo_among_references(self):
        # It does not block, and is said.
        self.write("a", "x")
        self.commit()
        os.mkfifo(os.path.join(self.dir, ".git/refs/heads/pipe"))
        said = {u["object"]: u["reason"] for u in self.audit(status=3)[-1]["coverage"]["unscanned"]}
        self.assertIn("refs/heads/pipe", said)


class Hostile(History):
    def tree(self, *entries):
        raw = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
        return self.out("hash-object", "-w", "-t", "tree", "--literally", "--stdin", data=raw)

    def blob(self, text):
        return self.out("hash-object", "-w", "--stdin", data=text.encode())

    def commit_tree(self, tree):
        raw = "tree %s\nauthor A <a> 1700000000 +0000\ncommitter A <a> 1700000000 +0000\n\nm\n" % tree
        oid = self.out("hash-object", "-w", "-t", "commit", "--literally", "--stdin", data=raw.encode())
        self.git("update-ref", "refs/heads/main", oid)
        return oid

    def test_bomb(self):
        # Ten trees of ten equal entries: 10^10 paths, a thousand listed, all counted.
        secret = acme("bomb")
        oid, mode = self.blob(secret), b"100644"
        for _ in range(10):
            oid = self.tree(*[(mode, b"%d" % i, oid) for i in range(10)])
            mode = b"40000"
        self.commit_tree(oid)
        found = self.findings()
        self.assertEqual(len(found), 1000)
        self.assertEqual(found[0]["path"], "/".join("0" * 10))
        self.assertTrue(all(f["state"] == "tip" for f in found))
        self.assertEqual(sum(f.get("unlisted_places", 0) for f in found), 10 ** 10 - 1000)

    def test_many_places(self):
        # Twelve hundred copies: a thousand places, the rest counted once each.
        secret = acme("copies")
        blob = self.blob(secret)
        oid = self.tree(*[(b"100644", b"f%04d" % i, blob) for i in range(1200)])
        self.commit_tree(oid)
        found = self.findings()
        self.assertEqual(len(found), 1000)
        self.assertEqual(sum(f.get("unlisted_places", 0) for f in found), 200)

    def test_deep(self):
        # A tree too deep: its blob is scanned, the path is not known, and that is said.
        secret = acme("deep")
        oid = self.tree((b"100644", b"f", self.blob(secret)))
        for _ in range(3000):
            oid = rawgit.write_loose(os.path.join(self.dir, ".git"), rawgit.TREE, rawgit.tree_entry(b"40000", b"d", oid))
        self.commit_tree(oid)
        lines = self.audit(status=3)
        self.assertIn("too deep", lines[-1]["coverage"]["unscanned"][0]["reason"])
        self.assertEqual([(f["path"], f["object"]) for f in lines[1:-1]], [(None, self.blob(secret))])

    def test_odd_names(self):
        # Odd modes and names: blobs are scanned, paths are listed, the trees are counted.
        secrets = [acme("odd%d" % i) for i in range(7)]
        long = b"n" * 5000
        inner = self.tree((b"100644", b"..", self.blob(secrets[0])), (b"100644", b".git", self.blob(secrets[1])),
                          (b"100644", b"a\nb\x1b", self.blob(secrets[2])), (b"100644", long, self.blob(secrets[3])))
        twice = self.tree((b"100644", b"t", self.blob(secrets[4])), (b"100644", b"t", self.blob(secrets[5])))
        root = self.tree((b"40000", b"in", inner), (b"7777", b"odd", self.blob(secrets[6])), (b"40000", b"tw", twice))
        self.commit_tree(root)
        lines = self.audit(status=1)
        paths = {f["secret"]: f["path"] for f in lines[1:-1]}
        self.assertEqual([paths[s] for s in secrets], ["in/..", "in/.git", "in/a\nb\x1b", "in/" + long.decode(), "tw/t", "tw/t",
                                                       "odd"])
        self.assertEqual(lines[-1]["coverage"]["malformed_trees"], 3)
        text = self.acme("audit").text
        self.assertIn("in/a\\nb\\x1b", text)
        self.assertNotIn("\x1b", text)

    def test_cut_tree(self):
        # A tree that ends in the middle of an entry: what stands before is known, the rest is said.
        secret, other = acme("cut"), acme("behind")
        blob = self.blob(secret)
        lost = self.blob(other)
        raw = b"100644 a\0" + bytes.fromhex(blob) + b"100644 b\0" + bytes.fromhex(lost)[:12]
        self.commit_tree(self.out("hash-object", "-w", "-t", "tree", "--literally", "--stdin", data=raw))
        lines = self.audit(status=3)
        self.assertEqual({f["secret"]: f["path"] for f in lines[1:-1]}, {secret: "a", other: None})
        self.assertIn("malformed tree", lines[-1]["coverage"]["unscanned"][0]["reason"])

    def test_entries_of_another_type(self):
        # An entry that calls a blob a tree, and one that calls a tree a file or a link: both are looked into, the tree is counted.
        secrets = [acme("type%d" % i) for i in range(4)]
        inner = [self.tree((b"100644", b"f", self.blob(secret))) for secret in secrets[1:]]
        root = self.tree((b"40000", b"blob", self.blob(secrets[0])), (b"100644", b"file", inner[0]),
                         (b"120000", b"link", inner[1]), (b"160000", b"module", inner[2]))
        self.commit_tree(root)
        lines = self.audit(status=1)
        places = {f["secret"]: (f["path"], f["state"]) for f in lines[1:-1]}
        self.assertEqual([places[s] for s in secrets], [("blob", "tip"), ("file/f", "tip"), ("link/f", "tip"), ("f", "unreachable")])
        self.assertEqual(lines[-1]["coverage"]["malformed_trees"], 1)

    def test_garbage_tree(self):
        # A tree that is no tree at all, and one that is only at first: their bytes are looked at, and status 3 says it.
        first, second, name = acme("garbage"), acme("behind"), acme("name")
        for raw in (b"no tree " + first.encode(),
                    b"100644 " + name.encode() + b"\0" + bytes.fromhex(self.blob("x")) + b"garbage\n" + second.encode()):
            tree = self.out("hash-object", "-w", "-t", "tree", "--literally", "--stdin", data=raw)
            self.commit_tree(self.tree((b"40000", b"d", tree)))
        lines = self.audit(status=3)
        places = {(f["secret"], f["path"]): (f.get("object_type"), f["state"]) for f in lines[1:-1]}
        self.assertEqual(places[first, None], ("tree", "unreachable"))
        self.assertEqual(places[second, None], ("tree", "history"))
        self.assertIn((name, "d/" + name), places)
        self.assertEqual(lines[-1]["coverage"]["malformed_trees"], 2)
        self.assertEqual(sum(u["reason"].startswith("malformed tree") for u in lines[-1]["coverage"]["unscanned"]), 2)

    def test_unreadable_tree(self):
        # A damaged tree: its blobs are found without a path, and it is said.
        secret = acme("damaged")
        blob = self.blob(secret)
        tree = self.tree((b"100644", b"a", blob))
        self.commit_tree(self.tree((b"40000", b"d", tree)))
        path = os.path.join(self.dir, ".git/objects", tree[:2], tree[2:])
        with open(path, "rb") as file:
            good = file.read()
        os.chmod(path, 0o644)
        with open(path, "wb") as file:
            file.write(good[:-6])
        lines = self.audit(status=3)
        self.assertEqual([(f["path"], f["object"]) for f in lines[1:-1]], [(None, blob)])
        self.assertEqual([u["object"] for u in lines[-1]["coverage"]["unscanned"]], [tree])


class Random(History):
    """Histories made with git fast-import."""

    PATHS = ["a", "b", "d/a", "d/b", "d/e/a", "d/e/f/g", "z/z", "d e/\u00fc", "test/x"]

    def content(self, rng, secrets):
        lines = ["line %d" % rng.randrange(4) for _ in range(rng.randrange(4))]
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(("", "k = ")) + rng.choice(secrets))
        return "\n".join(lines) + rng.choice(("", "\n"))

    def changes(self, rng, secrets, out):
        for _ in range(rng.choice((0, 1, 1, 2, 4))):
            path = rng.choice(self.PATHS + ["n/" + rng.choice(secrets), rng.choice(secrets) + "/x"])
            kind = rng.randrange(12)
            if kind < 2:
                out.append("D " + path)
            elif kind == 2:
                out.append("D d")
            elif kind == 3:
                out.append("M 160000 %040d sub" % rng.randrange(1, 4))
            elif kind == 4:
                self.inline(out, "M 120000 inline " + path, rng.choice(secrets))
            else:
                self.inline(out, "M 100644 inline " + path, self.content(rng, secrets))

    @staticmethod
    def inline(out, command, text):
        out.append(command)
        out.append("data %d\n%s" % (len(text.encode()), text))

    def stream(self, rng, commits):
        secrets = [acme("r%d" % rng.randrange(1000)) for _ in range(rng.choice((2, 5)))]
        out, marks = [], []
        for mark in range(1, commits + 1):
            branch = "refs/heads/b%d" % mark
            out.append("commit %s\nmark :%d" % (branch, mark))
            out.append("author %s %d +0100" % (rng.choice(PEOPLE), 1600000000 + rng.randrange(1000)))
            out.append("committer C <c@example.org> %d +0000" % (1600000000 + rng.choice((mark * 60, rng.randrange(5000)))))
            out.append("data 1\nm")
            parents = rng.sample(marks[-8:], min(len(marks), rng.choice((1, 1, 1, 1, 2, 2, 3, 0))))
            out.extend(("merge" if i else "from") + " :%d" % p for i, p in enumerate(parents))
            self.changes(rng, secrets, out)
            marks.append(mark)
        return "\n".join(out) + "\n"

    def references(self, rng, commits):
        kept = rng.sample(range(1, commits + 1), rng.choice((1, 3, commits // 2)))
        for mark in range(1, commits + 1):
            name = "refs/heads/b%d" % mark
            if mark in kept:
                other = rng.choice((None, None, "refs/remotes/o/r%d", "refs/tags/t%d", "refs/custom/c%d"))
                if not other:
                    continue
                self.git("update-ref", other % mark, name)
            self.git("update-ref", "-d", name)
        self.git("symbolic-ref", "HEAD", "refs/heads/b%d" % rng.choice(kept))
        if rng.randrange(2):
            self.git("pack-refs", "--all")
        if rng.randrange(2):
            self.git("repack", "-q", "-a", "-d", "-k")

    def history(self, seed, commits=30):
        rng = random.Random(seed)
        subprocess.run(["git", "fast-import", "--quiet"], cwd=self.dir, env=self.env, check=True,
                       input=self.stream(rng, commits).encode())
        self.references(rng, commits)
        with self.subTest(seed=seed):
            findings = self.acme("audit", "--format", "jsonl").out.count(b'"finding"')
            self.assertGreater(len(self.check(status=1 if findings else 0)), 0)

    def test_random(self):
        fresh = random.SystemRandom().randrange(1 << 30)
        print("random seed:", fresh)
        for seed in list(range(1, 9)) + [fresh]:
            subprocess.run(["rm", "-rf", os.path.join(self.dir, ".git")], check=True)
            self.git("init", "-q", "-b", "main")
            self.history(seed)


harness.main()
