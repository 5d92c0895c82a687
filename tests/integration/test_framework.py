#!/usr/bin/env python3
"""The hooks for the pre-commit framework: .pre-commit-hooks.yaml against its schema, then under the real program `pre-commit`.

    test_framework.py PROGRAM"""
import json
import os
import re
import shutil
import subprocess
import unittest

import client_harness
import harness
from harness import github, stripe

harness.need_modules("jsonschema", "yaml")
try:
    import jsonschema
    import yaml
except ImportError:
    jsonschema = yaml = None

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
SCHEMA = os.path.join(HERE, "data", "schemas", "pre-commit-hooks.json")
MANIFEST = os.path.join(SOURCE, ".pre-commit-hooks.yaml")
ENTRYPOINT = os.path.join(SOURCE, "contrib", "docker", "entrypoint")

# What `docker run` does as far as the hook can see it: only the variables that are asked for, and the host's paths are not there.
DOCKER = r"""#!/usr/bin/env python3
import os, sys
args, env, top = sys.argv[1:], {"PATH": os.environ["PATH"]}, None
if args[0] != "run":
    sys.exit(0)
args = args[1:]
while args[0].startswith("-"):
    name = args.pop(0)
    if name == "--rm":
        continue
    value = args.pop(0)
    if name == "-v":
        top = value.split(":")[0]
    elif name == "-e" and value in os.environ:
        text = os.environ[value]
        env[value] = "/host" + text if text.startswith("/") else text
    elif name not in ("-e", "-u", "--workdir"):
        sys.exit("docker: %s" % name)
if args.pop(0) != "localhost/credwatch":
    sys.exit("docker: no such image")
os.chdir(top)
os.execve("ENTRYPOINT", ["entrypoint"] + args, env)
"""


def line(secret, name="token"):
    return "%s = '%s'\n" % (name, secret)


@unittest.skipUnless(jsonschema, "python3-jsonschema or python3-yaml is not installed")
class Manifest(unittest.TestCase):
    def test_schema(self):
        with open(SCHEMA, encoding="utf-8") as file:
            schema = json.load(file)
        with open(MANIFEST, encoding="utf-8") as file:
            hooks = yaml.safe_load(file)
        jsonschema.Draft7Validator.check_schema(schema)
        jsonschema.Draft7Validator(schema).validate(hooks)
        found = {hook["id"]: hook["language"] for hook in hooks}
        self.assertEqual(found, {"credwatch": "system", "credwatch-message": "system", "credwatch-push": "system",
                                 "credwatch-docker": "docker_image"})
        # The schema says no to what is wrong.
        hooks[0]["langauge"] = hooks[0].pop("language")
        self.assertFalse(jsonschema.Draft7Validator(schema).is_valid(hooks))


class Image(unittest.TestCase):
    """The image is not built here; what it takes from Debian and from this source is there."""

    def setUp(self):
        with open(os.path.join(SOURCE, "contrib", "docker", "Dockerfile"), encoding="utf-8") as file:
            self.text = file.read().replace("\\\n", " ")

    def test_files(self):
        sources = re.findall(r"^COPY (?!--from)(\S+) ", self.text, re.MULTILINE)
        self.assertEqual(sources, [".", "contrib/docker/entrypoint"])
        self.assertTrue(os.access(ENTRYPOINT, os.X_OK))
        with open(os.path.join(SOURCE, "meson_options.txt"), encoding="utf-8") as file:
            self.assertIn("option('tests'", file.read())

    @unittest.skipUnless(shutil.which("dpkg") and shutil.which("readelf"), "dpkg or readelf is not installed")
    def test_libraries(self):
        # Each library that the program is linked with comes with a package that is installed in the image.
        installed = set(re.findall(r"apt-get install -y --no-install-recommends (.*?)&&", self.text)[0].split())
        head = subprocess.run(["readelf", "-d", harness.PROGRAM], stdout=subprocess.PIPE, check=True).stdout.decode()
        for library in re.findall(r"NEEDED.*\[(.*)\]", head):
            owners = subprocess.run(["dpkg", "-S", "*/" + library], stdout=subprocess.PIPE, check=False).stdout.decode()
            packages = {line.split(":")[0] for line in owners.splitlines()}
            packages = {"libhyperscan5" if each == "libvectorscan5" else each for each in packages}
            self.assertTrue(packages & (installed | {"libc6", "libgcc-s1", "libstdc++6"}) or "san.so" in library, library)


@unittest.skipUnless(shutil.which("pre-commit"), "pre-commit is not installed")
class Framework(client_harness.ClientCase):
    """A work tree whose hooks the framework manages; ours come from a repository that holds the manifest."""
    hooks = ()
    ids = ("credwatch", "credwatch-message", "credwatch-push")

    def setUp(self):
        super().setUp()
        self.secret = github(self.id())
        tools = os.path.join(self.top, "tools")
        os.mkdir(tools)
        os.symlink(harness.PROGRAM, os.path.join(tools, "credwatch"))
        with open(os.path.join(tools, "docker"), "w", encoding="utf-8") as file:
            file.write(DOCKER.replace("ENTRYPOINT", ENTRYPOINT))
        os.chmod(file.name, 0o755)
        self.env["PATH"] = tools + ":" + self.env["PATH"]
        source = os.path.join(self.top, "source")
        self.ok("init", "-q", source)
        shutil.copy(MANIFEST, source)
        self.ok("add", "-A", folder=source)
        self.ok("commit", "-q", "-m", "x", folder=source)
        rev = self.out("rev-parse", "HEAD", folder=source)
        self.write(".pre-commit-config.yaml", "repos:\n- repo: %s\n  rev: %s\n  hooks:\n%s" % (
            source, rev, "".join("  - id: %s\n" % each for each in self.ids)))
        self.commit("the framework")
        self.framework("install", *[part for kind in ("pre-commit", "pre-merge-commit", "commit-msg", "pre-push")
                                    for part in ("-t", kind)])
        self.server = os.path.join(self.top, "server.git")
        self.ok("init", "-q", "--bare", "-b", "main", self.server)
        self.git("remote", "add", "origin", self.server)

    def ok(self, *args, folder=None):
        self.assertStatus(self.run_git(*args, folder=folder), 0)

    def framework(self, *args, status=0):
        done = subprocess.run(["pre-commit", *args], cwd=self.dir, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, timeout=120, check=False)
        done = harness.Done(done.returncode, done.stdout, done.stderr)
        self.assertStatus(done, status)
        return done.text

    def stops(self, *args, text):
        """`git ARGS` fails, by our hook."""
        before = self.head()
        done = self.run_git(*args)
        self.assertStatus(done, 1)
        self.assertEqual(self.head(), before)
        self.assertIn(text, done.text + done.errors)
        self.assertNotIn(self.secret, done.text + done.errors)

    def test_commit(self):
        self.stage("a.txt", line(self.secret))
        self.stops("commit", "-m", "x", text="a.txt:1")
        self.stage("a.txt", "clean\n")
        self.passes("commit", "-m", "x")
        # `commit -a`, `commit PATH`: git makes an index of its own
        self.write("a.txt", line(self.secret))
        self.stops("commit", "-a", "-m", "x", text="a.txt:1")
        self.stops("commit", "-m", "x", "a.txt", text="a.txt:1")

    def test_message_and_merge(self):
        self.stage("a.txt", "one\n")
        self.stops("commit", "-m", "use " + self.secret, text="in the message")
        self.git("commit", "-q", "-m", "one")
        self.git("checkout", "-q", "-b", "side", "HEAD~1")
        self.skip_hooks("b.txt", line(self.secret))
        self.git("checkout", "-q", "main")
        # what the other side brings, is no secret of the merge; what only the merge holds is
        self.passes("merge", "-q", "--no-ff", "--no-edit", "side")

    def test_all_files(self):
        # Nothing is staged: all that is tracked is looked at, and not called clean unseen.
        self.skip_hooks("sub/a.txt", line(self.secret))
        text = self.framework("run", "--all-files", status=1)
        self.assertIn("sub/a.txt:1", text)
        self.assertIn("Failed", text)
        self.assertIn("sub/a.txt:1", self.framework("run", self.ids[0], status=1))
        # A commit that brings nothing is not stopped by what was there before.
        self.passes("commit", "--allow-empty", "-m", "x")
        self.git("rm", "-q", "sub/a.txt")
        self.passes("commit", "-m", "x")
        self.assertIn("Passed", self.framework("run", "--all-files"))

    def test_range(self):
        self.skip_hooks("a.txt", line(self.secret))
        self.skip_hooks("b.txt", "clean\n")
        for stage in ("commit", "push"):
            for ends in (("HEAD~2", "HEAD"), (self.out("rev-parse", "HEAD~2"), "main")):
                self.assertIn("a.txt:1", self.framework("run", "--hook-stage", stage, "--from-ref", ends[0], "--to-ref", ends[1],
                                                        status=1))
            self.framework("run", "--hook-stage", stage, "--from-ref", "HEAD~1", "--to-ref", "HEAD")

    def pushed(self, *args, text=None):
        done = self.run_git("push", "origin", *args)
        self.assertStatus(done, 1 if text else 0)
        if text:
            self.assertIn(text, done.text + done.errors)

    def test_push(self):
        # The first push of a history, for which the framework names no range; then a branch, then a new one.
        self.skip_hooks("a.txt", line(self.secret))
        self.pushed("main", text="a.txt:1")
        self.assertEqual(self.out("ls-remote", self.server), "")
        self.ok("push", "-q", "--no-verify", "origin", "main")
        self.skip_hooks("b.txt", "clean\n")
        self.pushed("main")
        self.git("checkout", "-q", "-b", "side")
        self.skip_hooks("c.txt", line(stripe(self.id())))
        self.pushed("side", text="c.txt:1")
        self.git("checkout", "-q", "main")
        self.skip_hooks("d.txt", line(stripe(self.id() + "d")))
        self.pushed("main", text="d.txt:1")

    def test_push_of_several(self):
        # The framework tells its hooks of one reference alone. Our own hook beside it, which it runs first, is told of all.
        self.ok("push", "-q", "--no-verify", "origin", "main")
        self.git("checkout", "-q", "-b", "z")
        self.skip_hooks("c.txt", line(self.secret))
        self.git("branch", "a", "main~1")
        self.assertStatus(self.run_it("install", "--folder", ".git/hooks", "pre-push"), 0)
        self.pushed("a", "z", text="c.txt:1")
        self.framework("install", "-f", "-t", "pre-push")
        self.pushed("a", "z", text="c.txt:1")


class Container(Framework):
    """The same in a container: what is staged for the commit is what is looked at."""
    ids = ("credwatch-docker", "credwatch-push")

    test_message_and_merge = test_push = test_push_of_several = None

    def test_range(self):
        self.skip_hooks("a.txt", line(self.secret))
        self.assertIn("a.txt:1", self.framework("run", "--from-ref", "HEAD~1", "--to-ref", "HEAD", status=1))
        self.framework("run", "--from-ref", "HEAD", "--to-ref", "HEAD")

    def test_index_out_of_sight(self):
        # An index that is nowhere to be seen: nothing is let through.
        self.stage("a.txt", "clean\n")
        self.env["GIT_INDEX_FILE"] = os.path.join(self.top, "index")
        shutil.copy(os.path.join(self.dir, ".git", "index"), self.env["GIT_INDEX_FILE"])
        self.stops("commit", "-m", "x", text="cannot be seen in the container")


if __name__ == "__main__":
    harness.main()
