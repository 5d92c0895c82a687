#!/usr/bin/env python3
"""Repositories made to hurt, scanned and watched by a daemon (faults 5, 6, 8, 13, 14, 15): a job with one ends in an error or in coverage that says what
was not scanned, nothing outside the roots is read, and the calls of others are all answered meanwhile.

    python3 -B test_daemon_hostile_repo.py CREDWATCHD"""
import contextlib
import glob
import json
import os
import select
import shutil
import signal
import subprocess
import sys

import daemon_harness
import daemon_load
import harness
from daemon_harness import CallError

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import rawgit  # noqa: E402

PRIVATE = "private" + "line-that-nobody-may-see"


class Repositories(daemon_load.Case):
    def setUp(self):
        super().setUp()
        self.root = self.top + "/git"
        os.mkdir(self.root)
        self.outside = harness.github("outside")
        self.env = {"HOME": self.top, "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
        for who in ("AUTHOR", "COMMITTER"):
            self.env.update({"GIT_%s_NAME" % who: "A", "GIT_%s_EMAIL" % who: "a@example.org"})
        self.plain = self.make("plain", {"secret.txt": "token = '%s'\n" % harness.github("inside")})
        self.count = 0

    def git(self, *args, data=b"", folder=None):
        return subprocess.run(["git", *args], cwd=folder or self.root, env=self.env, input=data, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120).stdout.decode().strip()

    def make(self, name, files, top=None):
        """A bare repository with one commit of FILES; its path."""
        path = os.path.join(top or self.root, name)
        self.git("init", "-q", "--bare", "-b", "main", path)
        index = dict(self.env, GIT_INDEX_FILE=path + "/index")
        for file, text in files.items():
            oid = self.git("hash-object", "-w", "--stdin", data=text.encode(), folder=path)
            subprocess.run(["git", "update-index", "--add", "--cacheinfo", "100644,%s,%s" % (oid, file)], cwd=path, env=index, check=True)
        tree = subprocess.run(["git", "write-tree"], cwd=path, env=index, check=True, stdout=subprocess.PIPE).stdout.decode().strip()
        self.git("update-ref", "refs/heads/main", self.git("commit-tree", "-m", "m", tree, folder=path), folder=path)
        os.unlink(path + "/index")
        return path

    def copy(self, name):
        path = os.path.join(self.root, name)
        shutil.copytree(self.plain, path)
        return path

    def write_in(self, path, name, text):
        os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
        with open(os.path.join(path, name), "w", encoding="utf-8") as file:
            file.write(text)

    def raw(self, name, entries, tip):
        """A repository of a pack with these entries, whose main is a commit of the tree TIP."""
        path = os.path.join(self.root, name)
        self.git("init", "-q", "--bare", "-b", "main", path)
        who = b"A <a> 1700000000 +0000"
        commit = b"tree %s\nauthor %s\ncommitter %s\n\nm\n" % (tip.encode(), who, who)
        oid = rawgit.object_id(rawgit.COMMIT, commit)
        rawgit.write_pack(path, entries + [(oid, rawgit.entry(rawgit.COMMIT, commit))])
        self.write_in(path, "refs/heads/main", oid + "\n")
        return path

    def whole(self, kind, data):
        return rawgit.object_id(kind, data), rawgit.entry(kind, data)

    # ---- the repositories ----

    def fifos(self):
        for file in ("config", "HEAD", "packed-refs", "objects/info/alternates", "commondir", "refs/heads/main", "refs/heads/x/y",
                     "objects/pack/pack-x.idx"):
            path = self.copy("fifo-" + file.replace("/", "-"))
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(path, file))
            os.makedirs(os.path.dirname(os.path.join(path, file)), exist_ok=True)
            os.mkfifo(os.path.join(path, file))
            yield path

    def devices(self):
        for file in ("HEAD", "packed-refs", "config", "objects/info/alternates", "refs/heads/main"):
            path = self.copy("device-" + file.replace("/", "-"))
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(path, file))
            os.symlink("/dev/zero", os.path.join(path, file))
            yield path

    def damaged(self):
        path = self.copy("cut-pack")
        self.git("repack", "-q", "-a", "-d", folder=path)
        pack = glob.glob(path + "/objects/pack/*.pack")[0]
        os.chmod(pack, 0o644)
        os.truncate(pack, os.path.getsize(pack) // 2)
        yield path
        path = self.copy("empty-objects")
        shutil.rmtree(path + "/objects")
        os.mkdir(path + "/objects")
        yield path
        path = self.copy("no-repository")
        shutil.rmtree(path)
        os.mkdir(path)
        yield path

    def bombs(self):
        # a delta that says to copy its base again and again: 16 KB that become 1.7 GB
        base = os.urandom(4096)
        base_id, entry = self.whole(rawgit.BLOB, base)
        entries, size, last = [(base_id, entry)], 4096, base_id
        for i in range(3):
            copies = [rawgit.delta_copy(0, min(size, 0xffffff))] * (75 if i else 100)
            grown = sum(min(size, 0xffffff) for _ in copies)
            name = ("%02x" % (0xb0 + i)) * 20  # its true id would take as long to know as the bomb takes to burst
            entries.append((name, rawgit.ref_delta(last, rawgit.make_delta(size, grown, *copies))))
            size, last = grown, name
        tree, entry = self.whole(rawgit.TREE, rawgit.tree_entry(b"100644", b"bomb", last))
        yield self.raw("delta-bomb", entries + [(tree, entry)], tree)
        tree, entry = self.whole(rawgit.BLOB, b"deep\n")
        entries, mode = [(tree, entry)], b"100644"
        for _ in range(60000):
            tree, entry = self.whole(rawgit.TREE, rawgit.tree_entry(mode, b"d", tree))
            entries.append((tree, entry))
            mode = b"40000"
        yield self.raw("deep-trees", entries, tree)

    def leading_out(self):
        """Repositories that point at what lies outside the roots."""
        self.write("private", PRIVATE + "\n[broken\n")
        store = self.make("store", {"other.txt": "token = '%s'\n" % self.outside}, top=self.top)
        for file in ("config", "HEAD", "packed-refs", "objects/info/alternates", "commondir", "refs/heads/main", "shallow"):
            path = self.copy("link-" + file.replace("/", "-"))
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(path, file))
            os.symlink(self.top + "/private", os.path.join(path, file))
            yield path
        path = self.copy("alternates")
        self.write_in(path, "objects/info/alternates", store + "/objects\n")
        yield path
        path = self.copy("alternates-relative")
        self.write_in(path, "objects/info/alternates", "../../../store/objects\n")
        yield path
        path = self.copy("objects-link")
        shutil.rmtree(path + "/objects")
        os.symlink(store + "/objects", path + "/objects")
        shutil.copy(store + "/refs/heads/main", path + "/refs/heads/main")
        yield path
        path = self.copy("common")
        self.write_in(path, "commondir", store + "\n")
        yield path
        path = os.path.join(self.root, "link-out")
        os.symlink(store, path)
        yield path
        path = os.path.join(self.root, "gitdir-out")
        os.mkdir(path)
        self.write_in(path, ".git", "gitdir: %s\n" % store)
        yield path
        yield self.root + "/../store"
        yield self.root + "/plain/../../store"
        yield store
        yield "/etc"
        yield self.root + "/"
        yield self.top + "/git-other"

    def configured(self):
        """A hostile configuration: nothing of it is done, and the repository is scanned."""
        path = self.copy("configured")
        ran = self.top + "/ran"
        for key, value in (("include.path", "/etc/shadow"), ("include.path", self.top + "/private"), ("core.worktree", "/etc"),
                           ("core.fsmonitor", "touch " + ran), ("core.alternateRefsCommand", "touch " + ran),
                           ("core.attributesFile", self.top + "/private"), ("filter.x.clean", "touch " + ran),
                           ("diff.x.textconv", "touch " + ran), ("extensions.worktreeConfig", "true"), ("core.hooksPath", self.top)):
            self.git("config", "-f", path + "/config", "--add", key, value)
        return path

    # ---- what is looked at ----

    def scanned(self, daemon, path):
        """(error or None, coverage or None, findings) of a whole scan."""
        findings, last = [], None
        with daemon.connect() as client:
            try:
                for reply in client.stream("ScanRepository", {"path": path}):
                    if reply.get("finding"):
                        findings.append(reply["finding"])
                    last = reply
            except CallError as error:
                return error, None, findings
        return None, last["coverage"], findings

    def adds_up(self, coverage):
        """No object is lost; references and files that could not be read are unscanned as well."""
        self.assertLessEqual(coverage["expected"], coverage["scanned"] + coverage["cached"] + coverage["unscanned"])

    def is_bad(self, daemon, path):
        error, coverage, findings = self.scanned(daemon, path)
        if error is None:
            self.assertGreater(coverage["unscanned"], 0, path)
            self.adds_up(coverage)
            self.assertGreater(len(coverage["unscanned_reasons"]), 0)
        said = json.dumps([str(error), coverage, findings])
        self.assertNotIn(PRIVATE, said)
        self.assertNotIn(self.outside, said)
        self.assertNotIn("other.txt", said)
        self.count += 1

    def nothing_seen(self, daemon):
        """Neither log nor state folder hold what lies outside."""
        seen = daemon.log().encode()
        for folder, _, names in os.walk(daemon.state):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    seen += file.read()
        for text in (PRIVATE, self.outside, self.token):
            self.assertNotIn(text.encode(), seen)

    def run_bad(self, repositories, least, repository_ms=15000):
        daemon = self.daemon("daemon: {roots: [%s], repository_ms: %d}\n" % (self.root, repository_ms))
        with self.beside(daemon):
            for path in repositories:
                with self.subTest(path=os.path.basename(path)):
                    self.is_bad(daemon, path)
            # a good one is scanned after all of them
            error, coverage, findings = self.scanned(daemon, self.plain)
            self.assertIsNone(error, daemon.log())
            self.assertEqual((coverage["unscanned"], len(findings)), (0, 1))
        self.assertGreaterEqual(self.count, least)
        self.nothing_seen(daemon)

    def test_fifos(self):
        # A FIFO in place of any file that is read: never waited for (fault 14).
        self.run_bad(self.fifos(), 8)

    def test_devices(self):
        # Links to a device that never ends (fault 14).
        self.run_bad(self.devices(), 5)

    def test_damaged(self):
        # A pack cut short, a store without objects, a folder without a repository (fault 13).
        self.run_bad(self.damaged(), 3)

    def test_bombs(self):
        # A delta bomb and trees of 60,000 levels (faults 6 and 8).
        self.run_bad(self.bombs(), 2, 6000)

    def test_leading_out(self):
        # Links, alternates, folders and paths that lead out of the roots (fault 15).
        self.run_bad((path for path in self.leading_out() if not path.endswith("link-shallow")), 18)

    def test_configuration(self):
        # A configuration that includes /etc/shadow, names commands and a work tree elsewhere (fault 15).
        self.write("private", PRIVATE + "\n")
        path = self.configured()
        daemon = self.daemon("daemon: {roots: [%s]}\n" % self.root)
        with self.beside(daemon):
            error, coverage, findings = self.scanned(daemon, path)
            self.assertIsNone(error, daemon.log())
            self.assertEqual((coverage["unscanned"], len(findings)), (0, 1))
        self.assertFalse(os.path.exists(self.top + "/ran"))
        self.nothing_seen(daemon)
        self.assertNotIn("root:", daemon.log())

    def test_watched(self):
        # All of them watched at once: refused, or failing with a reason; a good one among them is watched.
        self.write("private", PRIVATE + "\n")
        bad = [*self.fifos(), *self.devices(), *self.damaged(), *self.leading_out()]
        daemon = self.daemon("daemon: {roots: [%s], repository_ms: 15000}\n" % self.root)
        with self.beside(daemon) as load, daemon.connect() as client:
            taken = 0
            for path in bad:
                with contextlib.suppress(CallError):
                    client.call("Watch", {"path": path})
                    taken += 1
            client.call("Watch", {"path": self.plain})
            while True:
                watches = client.call("ListWatches")["watches"]
                if all(w["state"] != "baselining" for w in watches):
                    break
                load.wait_for_more(20)
            self.assertEqual(len(watches), taken + 1)
            by_path = {w["path"]: w for w in watches}
            self.assertEqual(by_path[self.plain]["state"], "watching")
            self.assertEqual(by_path[self.plain]["findings"], 1)
            for watch in watches:
                if watch["state"] == "failing":
                    self.assertTrue(watch["reason"])
                self.assertNotIn(PRIVATE, json.dumps(watch))
            for name in ("fifo-HEAD", "fifo-config", "device-HEAD", "no-repository"):
                self.assertEqual(by_path[self.root + "/" + name]["state"], "failing", name)
            found = client.call("ListFindings")["findings"]
            self.assertNotIn("other.txt", json.dumps(found))
        self.nothing_seen(daemon)

    # ---- changes and deaths in the middle ----

    def many_findings(self, name, count):
        blobs = [self.whole(rawgit.BLOB, ("token = '%s'\n" % harness.github("%s%d" % (name, i))).encode()) for i in range(count)]
        tree = self.whole(rawgit.TREE, b"".join(rawgit.tree_entry(b"100644", b"%06d" % i, b[0]) for i, b in enumerate(blobs)))
        return self.raw(name, blobs + [tree], tree[0])

    def at_work(self, daemon):
        """The process id of a repository worker that is at its job."""
        while True:
            for worker in daemon.call("Status")["workers"]:
                if worker["kind"] == "repository" and worker["busy"]:
                    return worker["pid"]

    def test_pack_cut_while_it_is_read(self):
        # The pack becomes shorter under a worker's hands (SIGBUS, fault 13): an error or coverage, and nobody else is disturbed.
        daemon = self.daemon("daemon: {roots: [%s], repository_ms: 15000}\n" % self.root)
        with self.beside(daemon):
            for turn in range(4):
                blobs = [self.whole(rawgit.BLOB, os.urandom(1 << 20)) for _ in range(6)]
                tree = self.whole(rawgit.TREE, b"".join(rawgit.tree_entry(b"100644", b"%02d" % i, b[0]) for i, b in enumerate(blobs)))
                path = self.raw("cut%d" % turn, blobs + [tree], tree[0])
                pack = glob.glob(path + "/objects/pack/*.pack")[0]
                with daemon.connect() as client:
                    client.send("ScanRepository", {"path": path})
                    pid = self.at_work(daemon)
                    os.kill(pid, signal.SIGSTOP)
                    os.truncate(pack, 4096 if turn % 2 else 0)
                    os.kill(pid, signal.SIGCONT)
                    reply = client.receive()
                    if "error" not in reply:
                        self.adds_up(reply["parameters"]["coverage"])
        self.assertEqual(daemon.end(), 0)

    def test_worker_killed_in_a_stream(self):
        # kill -9 of a repository worker whose findings are being told: no finding comes twice, and an end that looks whole is whole.
        daemon = self.daemon("daemon: {roots: [%s]}\n" % self.root)
        path = self.many_findings("many", 3000)
        with self.beside(daemon), daemon.connect() as client:
            client.send("ScanRepository", {"path": path}, more=True)
            first = client.receive()  # what is not read holds the worker back
            self.assertTrue(first["continues"])
            for pid in daemon.workers("repository"):
                os.kill(pid, signal.SIGKILL)
            seen, reply = [first["parameters"]["finding"]], client.receive()
            while reply.get("continues"):
                seen.append(reply["parameters"]["finding"])
                reply = client.receive()
        prints = [finding["fingerprint"] for finding in seen]
        self.assertEqual(len(prints), len(set(prints)))
        if "error" not in reply:
            self.assertEqual(len(prints), 3000)

    def test_worker_killed_while_watching(self):
        # kill -9 of the worker of a watched repository, again and again: each finding is stored, and stored once.
        daemon = self.daemon("daemon: {roots: [%s]}\n" % self.root)
        path = self.many_findings("many", 900)
        with self.beside(daemon) as load, daemon.connect() as client:
            client.call("Watch", {"path": path})
            os.kill(self.at_work(daemon), signal.SIGKILL)
            while client.call("ListWatches")["watches"][0]["state"] != "watching":
                load.wait_for_more(20)
            stored = [reply["findings"] for reply in client.stream("ListFindings")]
        prints = [finding["finding"]["fingerprint"] for page in stored for finding in page]
        self.assertEqual((len(prints), len(set(prints))), (900, 900))

    def test_client_gone_in_a_stream(self):
        # Clients that go while a repository is scanned for them: its worker is ended, and others have their turn.
        daemon = self.daemon("daemon: {roots: [%s]}\n" % self.root)
        path = self.many_findings("many", 1000)
        with self.beside(daemon):
            for turn in range(6):
                with daemon.connect() as client:
                    client.send("ScanRepository", {"path": path}, more=True)
                    if turn % 2:
                        client.receive()
            error, _, findings = self.scanned(daemon, path)
            self.assertIsNone(error, daemon.log())
            self.assertEqual(len(findings), 1000)
        self.assertEqual(daemon.workers("repository"), [])
        self.assertNotIn("worker_died", daemon.log())

    def test_deadline(self):
        # A worker that stops: the job ends when its time is over, and the next one is done.
        daemon = self.daemon("daemon: {roots: [%s], repository_ms: 1500}\n" % self.root)
        path = self.many_findings("many", 2000)
        with self.beside(daemon), daemon.connect() as client:
            client.send("ScanRepository", {"path": path})
            os.kill(self.at_work(daemon), signal.SIGSTOP)
            self.assertTrue(select.select([client.sock], [], [], 30)[0])
            self.assertError("ScanFailed", client.answer)
            self.assertIsNone(self.scanned(daemon, self.plain)[0])


if __name__ == "__main__":
    daemon_harness.main()
