#!/usr/bin/env python3
"""Every report format read by something that is not ours: json, jsonschema, csv, an XML parser, a browser. The names of files are hostile.

    test_reports.py PROGRAM"""
import base64
import csv
import hashlib
import html.parser
import io
import json
import os
import re
import shutil
import unittest
import urllib.parse
import xml.etree.ElementTree

import harness
from harness import acme

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMAS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "schemas")
CHROMIUM = shutil.which("chromium")
NO_JSONSCHEMA = "python3-jsonschema is not installed"

# File names that break a careless writer of some format.
NAMES = [
    b"plain.py", b"with space.txt", b"</script><script>alert(1)<script>", b"]]><x attr='\"'&amp;", b"=cmd()", b"+1", b"-1+2", b"@SUM(1)",
    b" =1", b"new\nline", b"tab\there", b"cr\rhere", b"\x1b[31mred", b"latin-\xe9\xff", b"quote\"quote'", b"back\\slash", b"a,b;c",
    b"100%25", b"c:colon", b"{0}[x](y)", "ÜÄ €漢\U0001f511".encode(), "line\u2028sep".encode(), "\uff1dwide".encode(),
    "bidi\u202etxt".encode(), "non\ufffechar".encode(),
]

TEXT = {"type": "string", "minLength": 1}
TIME = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}
URL = {"type": "string", "pattern": "^(https?|ftp)://.+"}


def closed(required, optional=None):
    """An object with these members and no others."""
    return {"type": "object", "additionalProperties": False, "required": list(required),
            "properties": {**required, **(optional or {})}}


def array(items, **more):
    return {"type": "array", "items": items, **more}


PROGRAM_INFO = closed({"id": TEXT, "name": TEXT, "version": TEXT, "vendor": closed({"name": TEXT})})
DETAIL = closed({"name": TEXT, "type": {"enum": ["text"]}, "value": {"type": "string"}})
# What GitLab's schema 15.2.1 for secret detection demands, without the members that credwatch does not write.
GITLAB = closed({
    "version": {"enum": ["15.2.1"]},
    "scan": closed({
        "analyzer": PROGRAM_INFO, "scanner": PROGRAM_INFO, "start_time": TIME, "end_time": TIME,
        "status": {"enum": ["success", "failure"]}, "type": {"enum": ["secret_detection"]},
        "messages": array(closed({"level": {"enum": ["info", "warn", "fatal"]}, "value": TEXT}))}),
    "vulnerabilities": array(closed({
        "id": {"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"},
        "name": {"type": "string", "maxLength": 255}, "description": {"type": "string", "maxLength": 1048576},
        "severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
        "solution": {"type": "string", "maxLength": 7000},
        "identifiers": array(closed({"type": TEXT, "name": TEXT, "value": TEXT}, {"url": URL}), minItems=1),
        "location": closed({"commit": closed({"sha": TEXT}, {"author": {"type": "string"}, "date": {"type": "string"}})},
                           {"file": {"type": "string"}, "start_line": {"type": "number"}, "end_line": {"type": "number"}}),
        "details": {"type": "object", "additionalProperties": DETAIL},
        "links": array(closed({"url": URL})),
        "raw_source_code_extract": {"type": "string"}}))})


class Elements(html.parser.HTMLParser):
    """Every start tag with its attributes, and the text of style, script and data."""

    def __init__(self):
        super().__init__()
        self.seen, self.text, self.inside = [], {}, None

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.seen.append((tag, attributes))
        self.inside = attributes.get("id", tag) if tag in ("style", "script") else None

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.text[self.inside] = self.text.get(self.inside, "") + data


class Reports(harness.Case):
    def setUp(self):
        super().setUp()
        for i, name in enumerate(NAMES):
            self.write(os.fsdecode(name), "x\nkey = '%s'\n" % acme("p%d" % i))

    def report(self, form, *args, status=1, command="scan"):
        done = self.acme(command, "--format", form, *args)
        self.assertStatus(done, status)
        return done.out

    def json(self, form, *args, **more):
        return json.loads(self.report(form, *args, **more).decode("utf-8"), object_pairs_hook=harness.single)

    def paths(self, places):
        """The exact paths of places as json and jsonl write them."""
        return sorted(base64.b64decode(p["path_b64"]) if "path_b64" in p else p["path"].encode() for p in places)

    def test_json(self):
        # One object with what jsonl has, every path exact.
        whole = self.json("json", ".")
        lines = harness.Done(1, self.report("jsonl", "."), b"").json_lines()
        self.assertEqual(whole["findings"], lines[1:-1])
        self.assertEqual(whole["summary"], lines[-1])
        self.assertEqual({**lines[0], "type": "report"}, {k: v for k, v in whole.items() if k not in ("findings", "summary")})
        self.assertEqual(self.paths(whole["findings"]), sorted(b"./" + name for name in NAMES))

    def test_csv(self):
        # csv's own strict reader; no field begins a formula; what is shown changed is there in base64.
        out = self.report("csv", ".").decode("utf-8")
        self.assertEqual(out.count("\r\n"), len(NAMES) + 2)
        self.assertEqual(out.count("\n"), out.count("\r\n"))
        rows = list(csv.DictReader(io.StringIO(out, newline=""), strict=True))
        self.assertTrue(all(None not in row and None not in row.values() for row in rows))
        self.assertEqual([row["record"] for row in rows], ["finding"] * len(NAMES) + ["summary"])
        for field in (field for row in rows for field in row.values()):
            self.assertNotRegex(field, r"^ *[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]")
            self.assertNotRegex(field, "[\0-\x1f\x7f-\x9f\u202e]")
        places = [row for row in rows if row["record"] == "finding"]
        exact = sorted(base64.b64decode(row["path_b64"]) if row["path_b64"] else row["path"].encode() for row in places)
        self.assertEqual(exact, sorted(b"./" + name for name in NAMES))
        self.assertEqual({(row["line"], row["column"]) for row in places}, {("2", "8")})

    def test_csv_formulas(self):
        # The same with paths that begin with the sign itself.
        names = [os.fsdecode(name) for name in NAMES]
        rows = list(csv.DictReader(io.StringIO(self.report("csv", "--", *names).decode("utf-8"), newline=""), strict=True))
        shown = {row["path"] for row in rows}
        for name in ("=cmd()", "+1", "-1+2", "@SUM(1)", " =1", "\uff1dwide"):
            self.assertIn("'" + name, shown)
        self.assertNotIn("'plain.py", shown)
        exact = sorted(base64.b64decode(row["path_b64"]) if row["path_b64"] else row["path"].encode() for row in rows[:-1])
        self.assertEqual(exact, sorted(NAMES))

    def test_junit(self):
        # An XML parser; counts that are true; one failure a place and nothing else.
        root = xml.etree.ElementTree.fromstring(self.report("junit", "."))
        suite = root.find("testsuite")
        cases = suite.findall("testcase")
        for node in (root, suite):
            self.assertEqual((node.get("tests"), node.get("failures"), node.get("errors")),
                             (str(len(cases)), str(len(NAMES)), "0"))
        failures = suite.findall("testcase/failure")
        self.assertEqual(len(failures), len(NAMES))
        self.assertEqual({node.tag for node in root.iter()},
                         {"testsuites", "testsuite", "properties", "property", "testcase", "failure"})
        names = [case.get("name") for case in cases]
        self.assertIn("./</script><script>alert(1)<script>:2:8: Acme key", names)
        self.assertIn("./new\\nline:2:8: Acme key", names)
        self.assertIn("./latin-\\xe9\\xff:2:8: Acme key", names)
        self.assertIn("./]]><x attr='\"'&amp;:2:8: Acme key", names)
        # Nothing found: one passed test, so that no reader takes an empty suite for an error.
        root = xml.etree.ElementTree.fromstring(self.acme("scan", "--format", "junit", "-").out)
        self.assertEqual((root.get("tests"), root.get("failures"), root.get("errors")), ("1", "0", "0"))

    @unittest.skipUnless(jsonschema, NO_JSONSCHEMA)
    def test_gitlab(self):
        # The schema; ids that differ and stay; paths as far as JSON can hold them.
        report = self.json("gitlab", ".")
        jsonschema.Draft7Validator(GITLAB).validate(report)
        self.assertEqual(report["scan"]["status"], "success")
        ids = [v["id"] for v in report["vulnerabilities"]]
        self.assertEqual(len(set(ids)), len(NAMES))
        self.assertEqual(ids, [v["id"] for v in self.json("gitlab", ".")["vulnerabilities"]])
        files = {v["location"]["file"] for v in report["vulnerabilities"]}
        self.assertIn("./new\nline", files)
        self.assertIn("./latin-\ufffd\ufffd", files)

    def sarif_run(self, *args, **more):
        log = self.json("sarif", *args, **more)
        with open(os.path.join(SCHEMAS, "sarif-2.1.0-rtm.5.json"), encoding="utf-8") as file:
            jsonschema.Draft4Validator(json.load(file)).validate(log)
        return log["runs"][0]

    @unittest.skipUnless(jsonschema, NO_JSONSCHEMA)
    def test_sarif(self):
        # The published schema; what GitHub demands beyond it; uris that give the exact bytes back.
        run = self.sarif_run(".")
        self.assertTrue(run["invocations"][0]["executionSuccessful"])
        rules = run["tool"]["driver"]["rules"]
        self.assertEqual([rule["id"] for rule in rules], ["acme.key"])
        self.assertTrue(all(rules[0][key]["text"] for key in ("shortDescription", "fullDescription", "help")))
        self.assertLessEqual(len(rules[0]["properties"]["tags"]), 20)
        self.assertTrue(0.1 <= float(rules[0]["properties"]["security-severity"]) <= 10)
        uris, hashes = [], set()
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
            place = result["locations"][0]["physicalLocation"]
            self.assertEqual((place["region"]["startLine"], place["region"]["startColumn"]), (2, 8))
            self.assertRegex(place["artifactLocation"]["uri"], r"^[A-Za-z0-9%._~/-]+$")
            uris.append(urllib.parse.unquote_to_bytes(place["artifactLocation"]["uri"]))
            hashes.add(result["partialFingerprints"]["primaryLocationLineHash"])
            self.assertNotRegex(result["message"]["text"], r"(?<!\\)[\[\]]|\{|\}")
        self.assertEqual(sorted(uris), sorted(NAMES))
        self.assertEqual(len(hashes), len(NAMES))
        self.assertNotIn("versionControlProvenance", run)

    @unittest.skipUnless(jsonschema, NO_JSONSCHEMA)
    def test_sarif_absolute(self):
        # An absolute path is a file uri without a base.
        run = self.sarif_run(self.dir + "/plain.py")
        location = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
        self.assertEqual(location, {"uri": "file://" + self.dir + "/plain.py"})

    def repository(self):
        self.git("init", "-q", "-b", "main")
        self.commit("the key is " + acme("message"))

    @unittest.skipUnless(jsonschema, NO_JSONSCHEMA)
    def test_sarif_audit(self):
        # Of a repository: which one and at which commit; a place without a file has the name of its object.
        self.repository()
        run = self.sarif_run(command="audit")
        head = self.run_git("rev-parse", "HEAD")
        provenance = run["versionControlProvenance"][0]
        self.assertEqual(provenance["revisionId"], head)
        self.assertEqual(provenance["repositoryUri"], "file://" + os.path.realpath(self.dir))
        logical = [r["locations"][0] for r in run["results"] if "logicalLocations" in r["locations"][0]]
        self.assertEqual([place["logicalLocations"][0]["fullyQualifiedName"] for place in logical], ["commit " + head])
        self.assertEqual(logical[0]["physicalLocation"]["artifactLocation"]["uri"],
                         ".git/objects/%s/%s" % (head[:2], head[2:]))

    def run_git(self, *args):
        return harness.subprocess.run(["git", *args], cwd=self.dir, env=self.env, check=True, timeout=60,
                                      stdout=harness.subprocess.PIPE).stdout.decode().strip()

    @unittest.skipUnless(jsonschema, NO_JSONSCHEMA)
    def test_audit(self):
        # Paths of a tree, and a place without one, in every format.
        self.repository()
        jsonschema.Draft7Validator(GITLAB).validate(self.json("gitlab", command="audit"))
        places = self.json("json", command="audit")["findings"]
        self.assertEqual(self.paths([p for p in places if p["path"] is not None]), sorted(NAMES))
        self.assertEqual([p["object_type"] for p in places if p["path"] is None], ["commit"])
        rows = list(csv.DictReader(io.StringIO(self.report("csv", command="audit").decode("utf-8"), newline="")))
        self.assertEqual([row["object_type"] for row in rows if row["path"] == ""][:-1], ["commit"])
        xml.etree.ElementTree.fromstring(self.report("junit", command="audit"))

    def page(self, *args, **more):
        """The html report, and its path in a file."""
        page = self.report("html", *args, **more).decode("utf-8")
        return page, self.write_top("page.html", page)

    def test_html(self):
        # One file: no element loads anything, style and script are the ones that the policy names, names stay text.
        page, _ = self.page(".")
        reader = Elements()
        reader.feed(page)
        reader.close()
        self.assertEqual([tag for tag, _ in reader.seen if tag == "script"], ["script"] * 2)
        for tag, attributes in reader.seen:
            self.assertNotIn(tag, ("link", "img", "iframe", "object", "embed", "base", "form", "attr"))
            self.assertFalse({"src", "href", "style", "action", "srcset"} & set(attributes), (tag, attributes))
            self.assertFalse([name for name in attributes if name.startswith("on")])
        policy = [a["content"] for tag, a in reader.seen if a.get("http-equiv") == "Content-Security-Policy"][0]
        parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        self.assertEqual(parts.pop("default-src"), "'none'")
        for kind, text in (("style", reader.text["style"]), ("script", reader.text["script"])):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            self.assertEqual(parts[kind + "-src"], "'sha256-%s'" % digest)
        data = json.loads(reader.text["data"])
        self.assertEqual(len(data["rows"]), len(NAMES))
        self.assertIn("./</script><script>alert(1)<script>", [row[3] for row in data["rows"]])
        self.assertNotRegex(page, "[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]")

    @unittest.skipUnless(CHROMIUM, "no chromium")
    def test_html_in_browser(self):
        # The script runs under the policy, lists every place as text, and filters by what stands behind #.
        _, path = self.page(".")
        for words, count in (("", len(NAMES)), ("#q=plain.PY", 1), ("#q=acme+script", 1), ("#sev=high", len(NAMES)),
                             ("#sev=low", 0), ("#rule=acme.key&q=x1b", 1), ("#q=%00", 0)):
            dom = self.dump_dom("file://" + path + words)
            self.assertEqual(dom.count('<tr class="place"'), count, words)
            self.assertIn(">%d of %d places<" % (count, len(NAMES)), dom)
            self.assertEqual(dom.count("<script"), 2)
        self.assertIn("./&lt;/script&gt;&lt;script&gt;alert(1)&lt;script&gt;:2:8", self.dump_dom("file://" + path))

    def dump_dom(self, url):
        done = harness.subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + self.top + "/browser",
             "--dump-dom", url], stdout=harness.subprocess.PIPE, stderr=harness.subprocess.DEVNULL, timeout=120, check=True)
        return done.stdout.decode("utf-8")

    def test_html_empty(self):
        # Nothing found is said so, without a script; an incomplete scan never sounds clean.
        page = self.acme("scan", "--format", "html", "-").out.decode()
        self.assertIn("No secrets found.", page)
        self.assertNotIn("<script", page)
        page, _ = self.page("--object-max", "1", "plain.py", status=3)
        self.assertIn("No secrets found in what was scanned.", page)
        self.assertIn('<b class="bad">Incomplete.</b> 0 of 1 files scanned', page)

    def test_suppressed(self):
        # What policy suppresses counts in no number; listed on request, it is told apart in every format, and left out of GitLab's.
        self.write("plain.py", "x\nkey = '%s' # credwatch:allow\n" % acme("p0"))
        self.write(".credwatch.yaml", "allow: [{path: '=cmd()', reason: '=known'}]\n")
        count = len(NAMES)
        marked = [f for f in self.json("json", "--show-suppressed", ".")["findings"] if "suppressed" in f]
        self.assertGreater(len(marked), 0)
        left, note = count - len(marked), "suppressed and not counted: %d place" % len(marked)
        for show in ([], ["--show-suppressed"]):
            listed = count if show else left
            rows = list(csv.DictReader(io.StringIO(self.report("csv", *show, ".").decode("utf-8"), newline=""), strict=True))
            places = [row for row in rows if row["record"] == "finding"]
            self.assertEqual((len(places), len([row for row in places if row["suppressed"]])), (listed, listed - left))
            self.assertIn("at %d places; %s" % (left, note), rows[-1]["title"])
            self.assertEqual({None in row for row in rows}, {False})
            self.assertEqual({row["reason"] for row in places if row["suppressed"] == "allow"}, {"'=known"} if show else set())
            report = self.json("gitlab", *show, ".")
            if jsonschema:
                jsonschema.Draft7Validator(GITLAB).validate(report)
            self.assertEqual(len(report["vulnerabilities"]), left)
            self.assertIn(note, report["scan"]["messages"][0]["value"])
            page, path = self.page(*show, ".")
            self.assertIn("<b>%d</b><span>places</span>" % left, page)
            self.assertIn("<b>%d</b><span>suppressed</span>" % len(marked), page)
            if CHROMIUM:
                for words, places in (("", listed), ("#policy=counts", left), ("#policy=suppressed", listed - left)):
                    self.assertEqual(self.dump_dom("file://" + path + words).count('<tr class="place'), places, words)
            self.assertIn("at %d places: " % left, self.report("text", *show, ".").decode())

    def test_incomplete(self):
        # What was not scanned is said in every format, none calls the run a success.
        self.write("large\x1b", "x" * 3000)
        args = ["--object-max", "2K", "."]
        gitlab = self.json("gitlab", *args, status=3)
        self.assertEqual(gitlab["scan"]["status"], "failure")
        self.assertEqual([m["level"] for m in gitlab["scan"]["messages"]], ["fatal", "warn"])
        run = self.sarif_run(*args, status=3) if jsonschema else self.json("sarif", *args, status=3)["runs"][0]
        invocation = run["invocations"][0]
        self.assertFalse(invocation["executionSuccessful"])
        self.assertEqual([n["level"] for n in invocation["toolExecutionNotifications"]], ["error", "error"])
        self.assertIn("large\\x1b: too large", invocation["toolExecutionNotifications"][1]["message"]["text"])
        rows = list(csv.DictReader(io.StringIO(self.report("csv", *args, status=3).decode("utf-8"), newline="")))
        self.assertEqual([row["path"] for row in rows if row["record"] == "unscanned"], ["./large\\x1b"])
        self.assertTrue(rows[-1]["title"].startswith("INCOMPLETE: "))
        error = xml.etree.ElementTree.fromstring(self.report("junit", *args, status=3)).find("testsuite/testcase/error")
        self.assertIn("large\\x1b: too large", error.text)
        self.assertEqual(self.json("json", *args, status=3)["summary"]["coverage"]["unscanned_count"], 1)

    def test_python(self):
        # In Python the line rewritten, in other files not; no name that might be a secret itself.
        line = "in Python    api_key = os.environ[\"API_KEY\"]\n"
        self.write("a/x.py", "if x:\n    api_key = '%s'  # mine\n" % acme("a"))
        self.write("a/x.c", "api_key = '%s'\n" % acme("b"))
        self.write("a/y.py", "d = {'%s': '%s'}\n" % (acme("c"), acme("d")))
        self.assertIn(line, self.report("text", "a/x.py").decode())
        self.assertIn('api_key = os.environ[&quot;API_KEY&quot;]', self.report("junit", "a/x.py").decode())
        self.assertIn('api_key = os.environ[\\"API_KEY\\"]', self.report("html", "a/x.py").decode())
        for form in self.formats():
            out = self.report(form, "a/x.c", "a/y.py").decode()
            self.assertNotIn("os.environ[", out)
            self.assertNotIn(acme("c")[5:], out)

    def test_show_secrets(self):
        # On request the secret stands in every format; otherwise in none (test_redaction.py).
        for form in self.formats():
            out = self.report(form, "--show-secrets", "plain.py")
            self.assertIn(acme("p0").encode(), out, form)
            self.assertNotIn(acme("p0").encode(), self.report(form, "plain.py"), form)

    def test_times(self):
        # Only GitLab's schema demands times; no other format has any.
        out = self.report("gitlab", "plain.py")
        self.assertRegex(out, rb'"start_time":"20\d\d-')
        for form in self.formats():
            if form != "gitlab":
                self.assertFalse(re.search(rb"20\d\d-\d\d-\d\dT", self.report(form, "plain.py")), form)


if __name__ == "__main__":
    harness.main()
