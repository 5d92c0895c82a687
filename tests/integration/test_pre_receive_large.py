#!/usr/bin/env python3
"""credwatch pre-receive and pushes of 100,000 objects in a pack, and of 20,000 as loose files.

    test_pre_receive_large.py PROGRAM"""
import harness
import push_harness
from harness import github

FILES = 100000
LOOSE = 20000  # files are slow on a busy disk
FOLDER = 1000  # files in each


def feed(files, secrets):
    """For git fast-import: one commit of FILES different files; SECRETS: number of the file -> what it holds as well."""
    parts = []
    for i in range(files):
        text = "value %d\n" % i + ("token = '%s'\n" % secrets[i] if i in secrets else "")
        parts.append("blob\nmark :%d\ndata %d\n%s\n" % (i + 1, len(text), text))
    parts.append("commit refs/heads/many\ncommitter A <a@example.org> 1700000000 +0000\ndata 5\nmany\n")
    parts.extend("M 100644 :%d d%d/f%d\n" % (i + 1, i // FOLDER, i) for i in range(files))
    return "".join(parts).encode()


class Large(push_harness.PushCase):
    patience = 400

    def made(self, files, secrets):
        """A commit of its own history."""
        self.run_git(self.dir, "fast-import", "--quiet", "--force", data=feed(files, secrets))
        return self.out("rev-parse", "many")

    def leak(self, files, unpack_limit):
        # One secret among all the objects: it is found, and named with its commit and path.
        self.server_git("config", "receive.unpackLimit", str(unpack_limit))
        secret = github(self.id())
        where = files * 7 // 9
        tip = self.made(files, {where: secret})
        done = self.push("many")
        text = self.rejected(done, "it brings 1 secret", "commit %s  d%d/f%d:2" % (tip[:12], where // FOLDER, where),
                             ref="refs/heads/many", before="")
        self.assertNotIn(secret, text)
        self.assertEqual(self.server_git("cat-file", "-t", tip, check=False).status, 128)

    def test_pack(self):
        self.leak(FILES, 1)
        # The same without it is taken, so it was the one file that counted.
        tip = self.made(FILES, {})
        self.accepted(self.push("many"))
        self.assertEqual(self.ref("refs/heads/many"), tip)

    def test_loose(self):
        self.leak(LOOSE, 10 * LOOSE)


if __name__ == "__main__":
    harness.main()
