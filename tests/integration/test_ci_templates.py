#!/usr/bin/env python3
"""The templates of contrib/ci: their shell steps are run as the CI would run them, on a repository with and without a secret.

    test_ci_templates.py PROGRAM"""
import json
import os
import re
import subprocess
import unittest
import xml.etree.ElementTree

import harness
from harness import github

harness.need_modules("yaml")
try:
    import yaml
except ImportError:
    yaml = None

CI = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "contrib", "ci")


def read(name):
    with open(os.path.join(CI, name), encoding="utf-8") as file:
        return file.read()


@unittest.skipUnless(yaml, "python3-yaml is not installed")
class Templates(harness.Case):
    def setUp(self):
        super().setUp()
        self.secret = github(self.id())
        tools = os.path.join(self.top, "tools")
        os.mkdir(tools)
        os.symlink(harness.PROGRAM, os.path.join(tools, "credwatch"))
        self.env["PATH"] = tools + ":" + self.env["PATH"]
        self.assertStatus(self.run_it("key", "show-id"), 0)
        self.key = os.path.join(self.top, "key")
        self.assertStatus(self.run_it("key", "export", self.key), 0)
        self.key_id = self.run_it("key", "show-id").text.split()[0]
        os.remove(os.path.join(self.home, ".config", "credwatch", "key"))
        self.git("init", "-q", "-b", "main")
        self.write("a.txt", "one\n")
        self.commit("first")

    def leak(self):
        """A secret in the history that the last commit does not have any more."""
        self.write("b.txt", "token = '%s'\n" % self.secret)
        self.commit("leak")
        os.remove(os.path.join(self.dir, "b.txt"))
        self.commit("gone")

    def shell(self, argv, script, env):
        done = subprocess.run([*argv, script], cwd=self.dir, env=dict(self.env, **env), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, check=False)
        done = harness.Done(done.returncode, done.stdout, done.stderr)
        self.assertNotIn(self.secret, done.text + done.errors)
        return done

    def report(self, name):
        """What the CI takes up, which is removed then."""
        path = os.path.join(self.dir, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        os.remove(path)
        self.assertNotIn(self.secret, text)
        return text

    def three_times(self, run, name, count):
        """Clean, with a leak, in a repository that cannot be read whole: RUN gives the outcome, COUNT the report's findings."""
        self.assertStatus(run(), 0)
        self.assertEqual(count(self.report(name)), 0)
        self.leak()
        self.assertStatus(run(), 1)
        text = self.report(name)
        self.assertEqual(count(text), 1)
        self.assertIn(self.key_id, text)
        for folder, _, names in os.walk(os.path.join(self.dir, ".git", "objects")):
            for each in names:
                os.chmod(os.path.join(folder, each), 0o644)
                with open(os.path.join(folder, each), "wb"):
                    pass
            if names:
                break
        self.assertStatus(run(), 3)

    def test_github(self):
        flow = yaml.safe_load(read("github-actions.yml"))
        # YAML 1.1 takes the key `on` for a boolean.
        self.assertLessEqual(set(flow), {"name", True, "permissions", "jobs"})
        self.assertLessEqual({"push", "pull_request"}, set(flow[True]))
        self.assertEqual(flow["permissions"], {"contents": "read", "security-events": "write"})
        job, = flow["jobs"].values()
        self.assertLessEqual(set(job), {"runs-on", "env", "steps"})
        checkout, audit, upload = job["steps"]
        self.assertRegex(checkout["uses"], r"^actions/checkout@v\d+$")
        self.assertEqual(checkout["with"]["fetch-depth"], 0)
        self.assertEqual(set(audit), {"name", "run"})
        self.assertRegex(upload["uses"], r"^github/codeql-action/upload-sarif@v\d+$")
        self.assertEqual(upload["if"], "always()")
        self.assertEqual(job["env"], {"CREDWATCH_KEY": "${{ secrets.CREDWATCH_KEY }}"})
        with open(self.key, encoding="utf-8") as file:
            env = {"CREDWATCH_KEY": file.read().rstrip("\n"), "RUNNER_TEMP": self.top + "/runner"}
        os.mkdir(env["RUNNER_TEMP"])
        self.three_times(lambda: self.shell(("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"), audit["run"], env),
                         upload["with"]["sarif_file"], lambda text: len(json.loads(text)["runs"][0]["results"]))
        self.assertEqual(os.stat(env["RUNNER_TEMP"] + "/key").st_mode & 0o777, 0o600)

    def test_github_without_key(self):
        # A fork's pull request has no secrets: it is audited all the same.
        audit = yaml.safe_load(read("github-actions.yml"))["jobs"]["audit"]["steps"][1]
        self.leak()
        done = self.shell(("bash", "-e", "-c"), audit["run"], {"CREDWATCH_KEY": "", "RUNNER_TEMP": self.top})
        self.assertStatus(done, 1)

    def test_gitlab(self):
        jobs = yaml.safe_load(read("gitlab-ci.yml"))
        job, = jobs.values()
        self.assertLessEqual(set(job), {"stage", "variables", "script", "artifacts"})
        self.assertEqual(job["variables"]["GIT_DEPTH"], "0")
        self.assertEqual(job["artifacts"]["when"], "always")
        self.three_times(lambda: self.shell(("sh", "-e", "-c"), "\n".join(job["script"]),
                                            dict(job["variables"], CREDWATCH_KEY_FILE=self.key)),
                         job["artifacts"]["reports"]["secret_detection"], lambda text: len(json.loads(text)["vulnerabilities"]))

    def test_jenkins(self):
        text = read("Jenkinsfile")
        self.assertEqual([text.count(each) for each in "{(["], [text.count(each) for each in "})]"])
        steps = re.findall(r"^\s*sh '([^']*)'$", text, re.MULTILINE)
        self.assertEqual(len(steps), text.count("sh '"))
        self.assertIn("variable: 'CREDWATCH_KEY_FILE'", text)
        result, = re.findall(r"testResults: '([^']*)'", text)

        def failures(report):
            return len(list(xml.etree.ElementTree.fromstring(report).iter("failure")))
        self.three_times(lambda: self.shell(("sh", "-xe", "-c"), "\n".join(steps), {"CREDWATCH_KEY_FILE": self.key}), result,
                         failures)


if __name__ == "__main__":
    harness.main()
