#!/usr/bin/env python3
"""The secret never leaves: secrets of many kinds are planted in contents, names, messages and arguments, and every byte of standard
output, standard error, the report file, the cache and the configuration is searched for them: as they are, in base64 at each
alignment, in hex, and for any part longer than a redacted form may show."""
import base64
import os
import string

import harness

SHOWN_MAX = 4  # characters behind the public prefix that a redacted form may show
PART = 9       # so no part of this length may appear


def pem(seed):
    """The shape of a private key; nobody's. Returns (text, secret lines)."""
    lines = [harness.randoms("%s%d" % (seed, i), 64, harness.LETTERS + "+/") for i in range(12)]
    mark = "-----%s OPENSSH PRIVATE " + "KEY-----"
    return "\n".join([mark % "BEGIN", *lines, mark % "END"]) + "\n", lines


class Secret:
    def __init__(self, text, prefix=0):
        self.text, self.public = text, prefix

    def forms(self):
        """Every byte string that gives the secret, or a part of it, away."""
        raw = self.text.encode()
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        hidden = raw[self.public:]
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            for shift in range(3):
                # Characters at either end also hold bits of the neighbours: leave them out.
                text = encode(b"\0" * shift + hidden)
                yield text[2 if shift else 0:].rstrip(b"=")[2:-2]
        for i in range(len(hidden) - PART + 1):
            yield hidden[i:i + PART]


def planted():
    """(name, file text, secrets)"""
    rnd = harness.randoms
    github, jwt = harness.github("r1"), harness.jwt("r2")
    aws = "AK" + "IA" + rnd("r3", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    aws_secret = rnd("r4", 40, harness.LETTERS + "+/")
    slack = "xo" + "xb-" + rnd("r5", 12, string.digits) + "-" + rnd("r6", 12, string.digits) + "-" + rnd("r7", 24)
    stripe = harness.stripe("r8")
    google = "AI" + "za" + rnd("r9", 35)
    sendgrid = "SG" + "." + rnd("r10", 22) + "." + rnd("r11", 43)
    password, url_password = rnd("r12", 20) + "!", rnd("r13", 18)
    yaml_password = "Kx7" + rnd("r14", 9) + "#q"
    key_text, key_lines = pem("r15")
    hidden = harness.github("r16")
    wide = harness.github("r17")
    return [
        ("github.py", "token = '%s'\n" % github, [Secret(github, 4)]),
        ("jwt.js", "const t = \"%s\";\n" % jwt, [Secret(jwt.split(".")[2])]),
        ("aws.ini", "aws_access_key_id = %s\naws_secret_access_key = %s\n" % (aws, aws_secret),
         [Secret(aws, 4), Secret(aws_secret)]),
        ("slack.sh", "export SLACK_TOKEN=%s\n" % slack, [Secret(slack, 5)]),
        ("stripe.rb", "Stripe.api_key = '%s'\n" % stripe, [Secret(stripe, 8)]),
        ("google.java", "String key = \"%s\";\n" % google, [Secret(google, 4)]),
        ("sendgrid.env", "SENDGRID_API_KEY=%s\n" % sendgrid, [Secret(sendgrid, 3)]),
        ("settings.py", "DB_PASSWORD = '%s'\n" % password, [Secret(password)]),
        ("conf.yaml", "db:\n  password: '%s'\n" % yaml_password, [Secret(yaml_password)]),
        ("url.txt", "postgres://admin:%s@db.internal:5432/app\n" % url_password, [Secret(url_password)]),
        ("id_key", key_text, [Secret(line) for line in key_lines]),
        ("encoded.txt", "data: %s\n" % base64.b64encode(("token=" + hidden + "\n").encode()).decode(), [Secret(hidden, 4)]),
        ("wide.txt", ("key=" + wide + "\r\n").encode("utf-16"), [Secret(wide, 4)]),
    ]


class Redaction(harness.Case):
    cache = True

    def setUp(self):
        super().setUp()
        self.seen = []
        self.plants = planted()
        self.secrets = [secret for _, _, secrets in self.plants for secret in secrets]
        self.git("init", "-q", "-b", "main")
        for name, text, _ in self.plants:
            self.write("src/" + name, text)

    def look(self, done):
        self.seen += [done.out, done.err]
        return done

    def check(self, folders=True):
        seen = list(self.seen)
        for folder, _, names in os.walk(self.home) if folders else []:
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    seen.append(file.read())
        everything = b"\0".join(seen)
        for secret in self.secrets:
            for form in secret.forms():
                if form in everything:
                    where = everything.index(form)
                    self.fail("part %r is shown: %r" % (form, everything[max(0, where - 60):where + 90]))

    def test_contents(self):
        # In files, folders, standard input, with every format and with the default rules.
        for form in self.formats():
            self.assertStatus(self.look(self.run_it("scan", "--format", form, "src")), 1)
        # The search means something: most of what was planted is found.
        lines = self.run_it("scan", "--format", "jsonl", "src").json_lines()
        found = {os.path.basename(line["path"]) for line in lines[1:-1]}
        self.assertGreaterEqual(len(found), 8, found)
        everything = "\n".join(text for _, text, _ in self.plants if isinstance(text, str))
        self.look(self.run_it("scan", "-", data=everything.encode()))
        report = self.top + "/report"
        self.look(self.run_it("scan", "--output", report, "src"))
        with open(report, "rb") as file:
            self.seen.append(file.read())
        self.check()

    def test_history(self):
        # In blobs of the past, commit messages, tag texts.
        self.commit("one")
        harness.shutil.rmtree(self.dir + "/src")
        message = harness.stripe("m1")
        tag = harness.stripe("m2")
        self.secrets += [Secret(message, 8), Secret(tag, 8)]
        self.commit("message " + message)
        self.git("tag", "-a", "-m", "text " + tag, "v1")
        for form in self.formats():
            self.assertStatus(self.look(self.run_it("audit", "--format", form)), 1)
        # The verdict store was there to be searched.
        stores = [name for name in os.listdir(self.home + "/.cache/credwatch") if name.startswith("verdicts-")]
        self.assertEqual(len(stores), 1)
        self.check()

    def test_names(self):
        # Tokens in file names, folder names, a name that cannot be read, a repository that is not there, options.
        tokens = [harness.stripe("n%d" % i) for i in range(6)]
        self.secrets += [Secret(token, 8) for token in tokens]
        self.write("f/" + tokens[0], harness.stripe("n0"))
        self.write("g/" + tokens[1] + "/x", harness.stripe("n1") + "\n" + tokens[0])
        self.write("h/large-" + tokens[2], b"x" * 3000)
        self.commit("names")
        for form in self.formats():
            args = ["--format", form, "--object-max", "2K"]
            done = self.look(self.run_it("scan", *args, ".", tokens[3]))
            self.assertStatus(done, 3)
            self.assertStatus(self.look(self.run_it("audit", *args)), 3)
            self.look(self.run_it("audit", *args, "/none/" + tokens[4]))
            self.look(self.run_it("scan", "--" + tokens[5]))
            self.look(self.run_it("scan", "--jobs=" + tokens[5], "."))
            self.look(self.run_it(tokens[5]))
            self.look(self.run_it("rules", "show", tokens[5]))
        self.check()

    def test_references(self):
        # In the name of the branch at which a secret is live, of a tag, of references that name nothing or are damaged (fault 24).
        tokens = [harness.stripe("r%d" % i) for i in range(4)]
        self.secrets += [Secret(token, 8) for token in tokens]
        self.commit("references")
        self.git("branch", "-M", "feature/" + tokens[0])
        self.git("tag", "-a", "-m", "m", tokens[1])
        for form in self.formats():
            self.assertStatus(self.look(self.run_it("audit", "--format", form)), 1)
        for name, text in ((tokens[2], "1" * 40 + "\n"), (tokens[3], "garbage\n")):
            with open(self.dir + "/.git/refs/heads/" + name, "w", encoding="ascii") as file:
                file.write(text)
        for form in self.formats():
            self.assertStatus(self.look(self.run_it("audit", "--format", form)), 3)
        self.check()

    def test_rules(self):
        # A rule file that holds a token where none belongs: no message quotes it. (A valid one is cached as it is.)
        token = harness.stripe("u1")
        self.secrets.append(Secret(token, 8))
        for i, (old, new) in enumerate((("'acme_{+}tooshort'", "'acme_%s'" % token), ("Opens the door.", token),
                                        ("severity: high", "severity: " + token), ("anchor: '", "anchor: '(" + token))):
            os.mkdir(self.top + "/%d" % i)
            bad = self.write_top("%d/acme.yaml" % i, harness.ACME_RULES.replace(old, new))
            self.look(self.run_it("rules", "check", bad))
            self.look(self.run_it("scan", "--rules", bad, "src"))
        self.check(folders=False)

    def test_the_test(self):
        # With --show-secrets the search does find them: it can fail.
        self.look(self.run_it("scan", "--show-secrets", "src"))
        with self.assertRaises(AssertionError):
            self.check()


if __name__ == "__main__":
    harness.main()
