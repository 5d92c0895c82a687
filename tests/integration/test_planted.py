#!/usr/bin/env python3
"""Five hundred secrets planted at random in one repository: any rule, in any encoding, in any kind of object. The audit finds all of them,
with the right rule, place and state, however the objects are stored.

The secrets are the rules' own examples, which the program's rule set gives when the test runs."""
import base64
import os
import random
import subprocess

import harness
import rawgit

PLANTS = 500
FILLER = b"".join(b"line %d of many that all files have\n" % i for i in range(50))  # so that git packs one as a delta of another
PEOPLE = b"author A <a@example.org> 1700000000 +0000\ncommitter A <a@example.org> 1700000000 +0000\n"


def one_line(text):
    return not set(text) & set(b"\r\n<>")


def is_name(text):
    return one_line(text) and b"/" not in text and b" " not in text


def as_lines(text):
    return FILLER + b"(before)\n" + text + b"\n(behind)\n" + FILLER


def in_line(text):
    return b"author " + text + b" <a@example.org> 1700000000 +0000\n"


def plain(text):
    return as_lines(text)


def crlf(text):
    return as_lines(text).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def encoded(text):
    return as_lines(base64.b64encode(text))


def utf16(codec, mark):
    return lambda text: mark + as_lines(text).decode("utf-8").encode(codec)


ENCODINGS = {"plain": plain, "base64": encoded, "crlf": crlf, "utf-16le": utf16("utf-16-le", b"\xff\xfe"),
             "utf-16be": utf16("utf-16-be", b"\xfe\xff")}
BARE = {"plain": lambda text: text, "base64": lambda text: base64.urlsafe_b64encode(text)}
TEXT = {name: ENCODINGS[name] for name in ("plain", "base64", "crlf")}
LAST = {"plain": lambda text: b"first\n" + text, "base64": lambda text: b"first\n" + base64.b64encode(text),
        "crlf": lambda text: b"first\r\n" + text}


class Builder:
    """Writes the repository as loose objects; remembers where each secret must be found."""

    def __init__(self, git_dir):
        self.git_dir = git_dir
        self.main, self.merged, self.deleted = {}, {}, {}  # {(folder, name): (mode, blob)}
        self.refs = {}
        self.first = self.last = self.commit(self.tree({}), [])

    def write(self, kind, data):
        return rawgit.write_loose(self.git_dir, kind, data)

    def tree(self, files):
        """A tree of {"folder/name": (mode, blob)}, with one level of folders."""
        folders = {}
        for (folder, name), item in files.items():
            folders.setdefault(folder, {})[name] = item
        entries = []
        for folder in sorted(folders):
            inner = b"".join(rawgit.tree_entry(mode, name, oid) for name, (mode, oid) in sorted(folders[folder].items()))
            entries.append(rawgit.tree_entry(b"40000", folder, self.write(rawgit.TREE, inner)))
        return self.write(rawgit.TREE, b"".join(entries))

    def commit(self, tree, parents, *, message=b"m\n", people=PEOPLE):
        head = b"tree " + tree.encode() + b"\n" + b"".join(b"parent %s\n" % p.encode() for p in parents)
        return self.write(rawgit.COMMIT, head + people + b"\n" + message)

    def next_commit(self, **more):
        """One more commit of the main branch, which changes no file."""
        self.last = self.commit(self.tree({}), [self.last], **more)
        return self.last

    def finish(self):
        """All files: on the main branch, in a merge of it and in no commit after that, on a branch that is deleted."""
        side = self.commit(self.tree({}), [self.first])
        merge = self.commit(self.tree(self.merged), [self.last, side])
        self.refs["refs/heads/main"] = self.commit(self.tree(self.main), [merge])
        self.commit(self.tree(self.deleted), [self.first])
        for name, oid in self.refs.items():
            path = os.path.join(self.git_dir, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as file:
                file.write(oid + "\n")

    def tag(self, target, kind, name, message):
        return self.write(rawgit.TAG, b"object %s\ntype %s\ntag %s\ntagger A <a@example.org> 1700000000 +0000\n\n%s" %
                          (target.encode(), kind, name, message))


class Planted(harness.Case):
    def examples(self):
        done = subprocess.run([os.environ["RULE_EXAMPLES"]], stdout=subprocess.PIPE, check=True)
        for line in done.stdout.decode().splitlines():
            rule, kind, gated, text = line.split(" ")
            if gated == "0":
                yield rule, kind, bytes.fromhex(text)

    def plain_findings(self, examples):
        """What the examples hold, each in a file of its own: {number: [(rules, names of the secret)]}; and a set of those whose rule
        finds them inside a line too."""
        for number, (_, _, text) in enumerate(examples):
            self.write("ex/lines/%d" % number, as_lines(text))
            self.write("ex/line/%d" % number, in_line(text))
        done = self.run_it("scan", "--format=jsonl", "--show-secrets", "--no-inline-marks", "ex")
        found, inside = {}, set()
        for line in done.json_lines():
            if line["type"] != "finding":
                continue
            rules, number = {line["rule"], *line.get("also", [])}, int(line["path"].split("/")[2])
            if line["path"].startswith("ex/lines/"):
                found.setdefault(number, []).append((rules, self.names(line)))
            elif examples[number][0] in rules:
                inside.add(number)
        return found, inside

    @staticmethod
    def names(finding):
        """The bytes of a secret, whatever its line ends, and its fingerprint, which is the same for all forms of a private key."""
        secret = base64.b64decode(finding["secret_b64"]) if "secret_b64" in finding else finding["secret"].encode()
        return secret.replace(b"\r", b"").strip(), finding["fingerprint"]

    def choose(self, rng):
        """PLANTS examples of distinct secrets, as (rule, names of the secret, text, properties); nearly all examples are found."""
        examples = list(self.examples())
        found, inside = self.plain_findings(examples)
        chosen, taken, silent = [], set(), 0
        for number in rng.sample(range(len(examples)), len(examples)):
            rule, kind, text = examples[number]
            mine = [names for rules, names in found.get(number, []) if rule in rules]
            silent += not mine
            secrets = {name for _, names in found.get(number, []) for name in names}
            if mine and not secrets & taken and len(chosen) < PLANTS:
                taken |= secrets
                chosen.append((rule, mine[0], text, {kind} | ({"inside"} if number in inside and one_line(text) else set())))
        self.assertLess(silent, len(examples) // 100)
        self.assertEqual(len(chosen), PLANTS)
        return chosen

    # ---- where a secret can be: each puts the bytes somewhere and returns (path or None, object or None, state) ----

    @staticmethod
    def in_blob(b, data, n):
        b.main[b"blob", b"%d" % n] = (b"100644", b.write(rawgit.BLOB, data))
        return b"blob/%d" % n, None, "tip"

    @staticmethod
    def in_last_line(b, data, n):
        b.main[b"last", b"%d" % n] = (b"100755", b.write(rawgit.BLOB, data))
        return b"last/%d" % n, None, "tip"

    @staticmethod
    def in_symlink(b, data, n):
        b.main[b"link", b"%d" % n] = (b"120000", b.write(rawgit.BLOB, data))
        return b"link/%d" % n, None, "tip"

    @staticmethod
    def in_name(b, data, n):
        b.main[b"name", data] = (b"100644", b.write(rawgit.BLOB, b"%d" % n))
        return b"name/" + data, None, "tip"

    @staticmethod
    def in_merge(b, data, n):
        b.merged[b"merge", b"%d" % n] = (b"100644", b.write(rawgit.BLOB, data))
        return b"merge/%d" % n, None, "history"

    @staticmethod
    def in_deleted_branch(b, data, n):
        b.deleted[b"deleted", b"%d" % n] = (b"100644", b.write(rawgit.BLOB, data))
        return b"deleted/%d" % n, None, "unreachable"

    @staticmethod
    def in_unreachable_blob(b, data, n):
        return None, b.write(rawgit.BLOB, data), "unreachable"

    @staticmethod
    def in_message(b, data, n):
        return None, b.next_commit(message=data), "history"

    @staticmethod
    def behind_nul(b, data, n):
        return None, b.next_commit(message=b"m\n\0" + data), "history"

    @staticmethod
    def in_author(b, data, n):
        return None, b.next_commit(people=PEOPLE.replace(b"A", data, 1)), "history"

    @staticmethod
    def in_tag(b, data, n):
        oid = b.tag(b.first, b"commit", b"t%d" % n, data)
        b.refs["refs/tags/t%d" % n] = oid
        return None, oid, "history"

    @staticmethod
    def in_tagged_blob(b, data, n):
        oid = b.write(rawgit.BLOB, data)
        b.refs["refs/tags/b%d" % n] = b.tag(oid, b"blob", b"b%d" % n, b"m\n")
        return None, oid, "history"

    def kinds(self):
        """(how, encodings, which examples it can hold)"""
        def anything(text, properties):
            return True
        return [(self.in_blob, ENCODINGS, anything), (self.in_last_line, LAST, anything), (self.in_symlink, BARE, anything),
                (self.in_name, BARE, lambda text, properties: is_name(text)), (self.in_merge, TEXT, anything),
                (self.in_deleted_branch, ENCODINGS, anything), (self.in_unreachable_blob, ENCODINGS, anything),
                (self.in_message, TEXT, anything),
                # what holds a NUL is binary: only specific rules speak there
                (self.behind_nul, TEXT, lambda text, properties: "specific" in properties),
                (self.in_author, BARE, lambda text, properties: "inside" in properties), (self.in_tag, TEXT, anything),
                (self.in_tagged_blob, ENCODINGS, anything)]

    def plant(self, rng, builder):
        """Returns [(what, rule, names of the secret, path, object, state)]."""
        ways = [(how, name, fits, encode) for how, encodings, fits in self.kinds() for name, encode in encodings.items()]
        planted, used = [], set()
        for n, (rule, names, text, properties) in enumerate(self.choose(rng)):
            rng.shuffle(ways)
            ways.sort(key=lambda way: (way[0], way[1]) in used)
            how, name, _, encode = next(way for way in ways if way[2](text, properties))
            used.add((how, name))
            planted.append(("%s, %s" % (how.__name__, name), rule, names, *how(builder, encode(text), n)))
        self.assertEqual(len(used), len(ways))
        return planted

    # ---- what the audit says ----

    def audit(self, *args):
        done = self.run_it("audit", "--format=jsonl", "--show-secrets", "--no-inline-marks", *args)
        self.assertStatus(done, 1)
        lines = done.json_lines()
        self.assertEqual(lines[-1]["coverage"]["unscanned_count"], 0)
        return [line for line in lines if line["type"] == "finding"]

    def places(self, findings):
        """{name of a secret: [(rules, path, object, state)]}"""
        places = {}
        for f in findings:
            path = base64.b64decode(f["path_b64"]) if "path_b64" in f else f["path"] and f["path"].encode()
            for name in self.names(f):
                places.setdefault(name, []).append(
                    ({f["rule"], *f.get("also", [])}, path, None if path else f["object"], f["state"]))
        return places

    def check(self, planted, findings):
        places, lost = self.places(findings), []
        for what, rule, names, *place in planted:
            found = [item for name in names for item in places.get(name, [])]
            if not any(rule in rules and [path, oid, state] == place for rules, path, oid, state in found):
                lost.append("%s in %s: %s, not %s" % (rule, what, [(sorted(f[0]), *f[1:]) for f in found], place))
        self.assertEqual(lost, [])

    def check_redacted(self, planted):
        for form in ("text", "jsonl"):
            done = self.run_it("audit", "--format", form, "--no-inline-marks")
            self.assertStatus(done, 1)
            for what, rule, (secret, _), *_ in planted:
                self.assertFalse(len(secret) >= 20 and secret in done.out + done.err, "%s in %s is shown" % (rule, what))

    def check_deltas(self):
        folder = self.dir + "/.git/objects/pack"
        index = [name for name in os.listdir(folder) if name.endswith(".idx")]
        done = subprocess.run(["git", "verify-pack", "-s", *index], cwd=folder, env=self.env, stdout=subprocess.PIPE, check=True)
        full = int(done.stdout.split(b"non delta: ")[1].split()[0])
        self.assertLess(full, 2 * PLANTS // 3)

    def run_seed(self, seed):
        subprocess.run(["rm", "-rf", self.dir + "/.git", self.dir + "/ex"], check=True)
        self.git("init", "-q", "-b", "main")
        builder = Builder(self.dir + "/.git")
        planted = self.plant(random.Random(seed), builder)
        builder.finish()
        loose = self.audit()
        self.check(planted, loose)
        self.git("repack", "-q", "-a", "-d", "-f", "-k", "--window=50")
        self.check_deltas()
        self.assertEqual(self.audit(), loose)
        self.assertEqual(self.audit("--exhaustive"), loose)
        self.check_redacted(planted)

    def test_planted(self):
        fresh = random.SystemRandom().randrange(1 << 30)
        print("random seed:", fresh)
        for seed in (1, fresh):
            with self.subTest(seed=seed):
                self.run_seed(seed)


harness.main()
