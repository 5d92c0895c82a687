#!/usr/bin/env python3
"""Who may include whom, and the one home of each third-party header. CONTRIBUTING.md says the same in words."""
import os
import re

import common

BASE = {"base"}
RULES = BASE | {"rules"}
MATCH = RULES | {"match"}
SCAN = MATCH | {"vcs", "store", "scan"}
REPORT = SCAN | {"policy", "report"}
PROGRAM = REPORT | {"proto"}

# Folder: the folders whose headers it may include.
MAY_INCLUDE = {
    "base": BASE,
    "rules": RULES,
    "match": MATCH,
    "vcs": BASE | {"vcs"},
    "store": BASE | {"store"},
    "proto": BASE | {"proto"},
    "scan": SCAN,
    "policy": SCAN | {"policy"},
    "report": REPORT,
    "cli": PROGRAM | {"cli", "hooks"},
    "hooks": PROGRAM | {"cli", "hooks"},
    "daemon": PROGRAM | {"daemon"},
}

# Third-party header (regular expression) and the path prefixes that may include it.
HOMES = (
    (r"(cjson/)?cJSON\.h", ("lib/base/json.c",)),
    (r"yaml\.h", ("lib/base/yaml.c",)),
    (r"openssl/.*", ("lib/base/",)),
    (r"libdeflate\.h|zlib\.h", ("lib/base/", "lib/match/", "lib/vcs/")),
    (r"(hs/)?hs(_compile)?\.h", ("lib/rules/",)),
    (r"(hs/)?hs_(runtime|common)\.h", ("lib/rules/", "lib/match/")),
    (r"pcre2.*\.h", ("lib/rules/pattern.c",)),
    (r"git2(/.*)?\.h", ("lib/vcs/",)),
    (r"sqlite3\.h", ("lib/store/state",)),
    (r"seccomp\.h|linux/(landlock|seccomp)\.h", ("daemon/sandbox",)),
)

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def module(name):
    parts = name.split("/")
    return parts[1] if parts[0] == "lib" and len(parts) > 2 else parts[0]


def check_home(name, header):
    for pattern, homes in HOMES:
        if re.fullmatch(pattern, header) and not name.startswith(homes):
            return "%s: <%s> is included outside its home (%s)" % (name, header, ", ".join(homes))
    return None


def check_module(name, header):
    source, target = module(name), header.split("/")[0] if "/" in header else module(name)
    if target in MAY_INCLUDE and target not in MAY_INCLUDE[source]:
        return '%s: %s may not include %s ("%s")' % (name, source, target, header)
    return None


def lint(root):
    problems = []
    for name in common.c_files(root, common.C_FOLDERS):
        if module(name) not in MAY_INCLUDE:
            problems.append("%s: this folder has no include rule; add one" % name)
            continue
        for quote, header in INCLUDE.findall(common.read(root, name)):
            header = os.path.normpath(header)
            check = check_home(name, header) or check_module(name, header)
            if check:
                problems.append(check)
            if quote == "<" and header.split("/")[0] in MAY_INCLUDE:
                problems.append('%s: write "%s", not <%s>' % (name, header, header))
    return problems


CLEAN = {
    "lib/base/json.c": '#include "base/json.h"\n#include <cjson/cJSON.h>\n',
    "lib/match/blob.c": '#include "rules/set.h"\n#include <hs/hs_runtime.h>\n',
    "lib/scan/audit.c": '#include "vcs/repo.h"\n#include "match/blob.h"\n#include "base/err.h"\n',
    "cli/main.c": '#include "report/report.h"\n#include "cmd.h"\n',
    "tests/unit/test_x.c": '#include <git2.h>\n',
}
OFFENCES = [
    ("base looks up", {"lib/base/x.c": '#include "rules/rule.h"\n'}, "base may not include rules"),
    ("rules include match", {"lib/rules/x.h": '#include "match/blob.h"\n'}, "rules may not include match"),
    ("match knows git", {"lib/match/x.c": '#include "vcs/repo.h"\n'}, "match may not include vcs"),
    ("vcs knows rules", {"lib/vcs/x.c": '#  include "rules/set.h"\n'}, "vcs may not include rules"),
    ("proto knows scan", {"lib/proto/x.c": '#include "scan/hit.h"\n'}, "proto may not include scan"),
    ("scan knows policy", {"lib/scan/x.c": '#include "policy/key.h"\n'}, "scan may not include policy"),
    ("policy knows report", {"lib/policy/x.c": '#include "report/report.h"\n'}, "policy may not include report"),
    ("lib knows cli", {"lib/report/x.c": '#include "cli/exit.h"\n'}, "report may not include cli"),
    ("daemon and cli", {"daemon/x.c": '#include "cli/exit.h"\n'}, "daemon may not include cli"),
    ("cli and daemon", {"cli/x.c": '#include "daemon/loop.h"\n'}, "cli may not include daemon"),
    ("dots do not help", {"lib/vcs/y.c": '#include "vcs/../rules/set.h"\n'}, "vcs may not include rules"),
    ("second home of cJSON", {"lib/base/x.c": "#include <cjson/cJSON.h>\n"}, "outside its home"),
    ("second home of libyaml", {"lib/rules/x.c": "#include <yaml.h>\n"}, "outside its home"),
    ("openssl outside base", {"lib/match/x.c": "#include <openssl/evp.h>\n"}, "outside its home"),
    ("inflate in rules", {"lib/rules/x.c": "#include <zlib.h>\n"}, "outside its home"),
    ("compiler in match", {"lib/match/x.c": "#include <hs/hs_compile.h>\n"}, "outside its home"),
    ("runtime in scan", {"lib/scan/x.c": "#include <hs_runtime.h>\n"}, "outside its home"),
    ("pcre2 beside pattern.c", {"lib/rules/x.c": "#include <pcre2.h>\n"}, "outside its home"),
    ("git2 in cli", {"cli/x.c": "#include <git2/oid.h>\n"}, "outside its home"),
    ("sqlite in scan", {"lib/scan/x.c": "#include <sqlite3.h>\n"}, "outside its home"),
    ("angle brackets", {"lib/match/x.c": "#include <rules/set.h>\n"}, "write \"rules/set.h\""),
    ("a new folder", {"lib/misc/x.c": "\n"}, "no include rule"),
]

if __name__ == "__main__":
    common.run(lint, CLEAN, OFFENCES)
