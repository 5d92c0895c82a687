"""A slow and simple statement of what attribution means, made from git's own commands, one tree a commit.

places(repository) gives a dictionary (secret, path) -> what the report must say; the only rule is acme.key of harness.py."""
import re
import subprocess
from datetime import datetime, timezone

ACME = re.compile(rb"(?<![A-Za-z0-9])acme_[A-Za-z0-9]{32}(?![A-Za-z0-9])")


class Repository:
    def __init__(self, folder, env):
        self.folder = folder
        self.env = dict(env, GIT_NO_REPLACE_OBJECTS="1")
        self.kinds = dict(line.split()[:2] for line in
                          self.git("cat-file", "--batch-all-objects", "--batch-check").decode().splitlines())
        self.raw = {oid: self.git("cat-file", kind, oid) for oid, kind in self.kinds.items() if kind != "tree"}
        self.shallow = set(self.shallow_commits())
        self.commits = {oid: self.commit(oid) for oid, kind in self.kinds.items() if kind == "commit"}
        self.hits = {oid: first_hits(data) for oid, data in self.raw.items()}
        self.trees = {}

    def git(self, *args):
        return subprocess.run(["git", *args], cwd=self.folder, env=self.env, check=True, stdout=subprocess.PIPE).stdout

    def shallow_commits(self):
        path = self.git("rev-parse", "--git-path", "shallow").decode().strip()
        try:
            with open(path if path.startswith("/") else self.folder + "/" + path, encoding="ascii") as file:
                return file.read().split()
        except FileNotFoundError:
            return []

    def commit(self, oid):
        head = self.raw[oid].split(b"\n\n", 1)[0].split(b"\n")
        parents = [line[7:].decode() for line in head if line.startswith(b"parent ")]
        author = [line for line in head if line.startswith(b"author ")][0]
        committer = [line for line in head if line.startswith(b"committer ")][0]
        return {"tree": head[0][5:].decode(),
                "parents": [] if oid in self.shallow else [p for p in parents if p in self.kinds],
                "author": author[7:author.rindex(b">") + 1].decode("utf-8", "replace"),
                "time": int(committer[committer.rindex(b">") + 2:].split()[0])}

    def holds(self, tree):
        """H of a commit with this tree: (secret, path) -> (object, line, column)."""
        if tree in self.trees:
            return self.trees[tree]
        found = {}
        for entry in self.git("ls-tree", "-r", "-t", "-z", "--full-tree", tree).split(b"\0")[:-1]:
            what, path = entry.split(b"\t", 1)
            _, kind, oid = what.decode().split()
            for secret, (line, column) in self.hits.get(oid, {}).items() if kind == "blob" else ():
                found[secret, path] = (oid, line, column)
            name = path.rsplit(b"/", 1)[-1]
            for secret, (line, column) in first_hits(name).items():
                folder = path[:-len(name)].rstrip(b"/").decode("utf-8", "surrogateescape")
                owner = self.git("rev-parse", tree + ":" + folder).decode().strip() if folder else tree
                found.setdefault((secret, path), (owner, line, column))
        self.trees[tree] = found
        return found

    def refs(self):
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname) %(symref)").decode().splitlines()
        refs = {line.split()[0]: line.split()[1] for line in lines if len(line.split()) == 2}
        head = subprocess.run(["git", "rev-parse", "-q", "--verify", "HEAD"], cwd=self.folder, env=self.env, check=False,
                              stdout=subprocess.PIPE).stdout.decode().strip()
        return refs, head or None

    def peel(self, oid):
        while self.kinds.get(oid) == "tag":
            oid = self.raw[oid].split(b"\n", 1)[0][7:].decode()
        return oid

    def reachable(self, tips):
        seen, todo = set(), [tip for tip in tips if tip in self.commits]
        while todo:
            oid = todo.pop()
            if oid not in seen:
                seen.add(oid)
                todo.extend(self.commits[oid]["parents"])
        return seen

    def tips(self):
        """(name, commit) in the order in which they are named."""
        refs, head = self.refs()
        names = sorted(name for name in refs if name.startswith(("refs/heads/", "refs/remotes/")))
        return [(name, self.peel(refs[name])) for name in names] + ([("HEAD", head)] if head else [])

    def places(self):
        refs, head = self.refs()
        live = self.reachable([self.peel(oid) for oid in refs.values()] + [head])
        found = {}
        for oid in sorted(self.commits, key=lambda c: (self.commits[c]["time"], c)):
            commit = self.commits[oid]
            before = set()
            for parent in commit["parents"]:
                before |= set(self.holds(self.commits[parent]["tree"]))
            for key, where in self.holds(commit["tree"]).items():
                place = found.setdefault(key, {"introductions": 0, "state": "unreachable", "objects": set()})
                place["objects"].add(where[0])
                if key in before:
                    continue
                place["introductions"] += 1
                if oid in live:
                    place["state"] = "history"
                if "commit" not in place:
                    place.update(commit=oid, author=commit["author"], blob=where[0], line=where[1], column=where[2],
                                 date=datetime.fromtimestamp(commit["time"], timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
        for name, tip in reversed(self.tips()):
            for key, where in self.holds(self.commits[tip]["tree"]).items() if tip in self.commits else ():
                found[key].update(state="tip", tip={"ref": name, "blob": where[0], "line": where[1]})
        for (secret, path), place in found.items():
            place["objects"] = len(place["objects"]) if secret.encode() not in path.rsplit(b"/", 1)[-1] else None
        return found


def first_hits(data):
    hits = {}
    for match in ACME.finditer(data):
        start = data.rfind(b"\n", 0, match.start()) + 1
        where = (data.count(b"\n", 0, match.start()) + 1, match.start() - start + 1)
        hits.setdefault(match.group().decode(), where)
    return hits
