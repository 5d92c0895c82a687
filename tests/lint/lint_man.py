#!/usr/bin/env python3
"""The man pages say what the program does: each command with its usage, each option of --help (and no other), each format, exit
status, configuration key, key of a rule, proof and parameter.

The program is the argument behind ROOT. In credwatch.1.scd the options stand under headings "Options of scan and audit"."""
import os
import re
import subprocess
import sys

import common

PROGRAM_PAGE = "cli/credwatch.1.scd"
CONFIG_PAGE = "cli/credwatch.yaml.5.scd"
RULES_PAGE = "cli/credwatch-rules.5.scd"
OPTION = re.compile(r"(?:-(\w), )?--([a-z0-9-]+)(?: ([A-Z]+))?$")
HELP_OPTION = re.compile(r"^  (?:-(\w), |    )--([a-z0-9-]+)(?: ([A-Z]+))?(?:  |$)", re.MULTILINE)
HELP_ITEM = re.compile(r"^  ([a-z0-9-]+) ", re.MULTILINE)


def plain(line):
    """A line of scdoc without its markup."""
    out = ""
    escaped = False
    for i, char in enumerate(line):
        inside = 0 < i < len(line) - 1 and line[i - 1].isalnum() and line[i + 1].isalnum()
        if char == "\\" and not escaped:
            escaped = True
            continue
        if escaped or not (char == "*" or char == "_" and not inside):
            out += char
        escaped = False
    return out.strip()


def sections(text):
    """{heading: lines below it, up to the next heading of any level}"""
    found, heading = {}, ""
    for line in text.split("\n"):
        if line.startswith("#"):
            heading = line.lstrip("# ")
        else:
            found.setdefault(heading, []).append(line)
    return found


def definitions(lines, depth=0):
    """[(plain text of a bold or underlined line at DEPTH tabs, lines below it)]"""
    found = []
    for line in lines:
        level = len(line) - len(line.lstrip("\t"))
        if level == depth and line[depth:depth + 1] in ("*", "_"):
            found.append((plain(line), []))
        elif found and (level > depth or not line.strip()):
            found[-1][1].append(line)
    return found


def paragraph(lines):
    """The first paragraph, as one plain line."""
    words = []
    for line in lines:
        if not line.strip():
            break
        words.append(plain(line))
    return " ".join(words)


def listed(text, heading):
    """The names under HEADING of a help text, up to the next empty line."""
    if "\n%s:\n" % heading not in text:
        return []
    return HELP_ITEM.findall(text.split("\n%s:\n" % heading)[1].split("\n\n")[0] + "\n")


def output(root, *args):
    program = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else os.path.join(root, "program")
    return subprocess.run([program, *args], text=True, check=True, stdout=subprocess.PIPE).stdout


def help_texts(root, words=()):
    """[(command, its help)], those below groups of commands instead of the groups."""
    text = output(root, *words, "--help") if words else output(root, "help")
    if words and not text.startswith("Usage: credwatch %s" % " ".join(words)):
        return [(" ".join(words), "")]
    names = listed(text, "Commands")
    if not names:
        return [(" ".join(words), text)]
    return [found for name in names for found in help_texts(root, words + (name,))]


def differences(what, written, real):
    return (["%s: missing: %s" % (what, name) for name in sorted(real - written)] +
            ["%s: not there: %s" % (what, name) for name in sorted(written - real)])


def options_of(page, command):
    """What the page lists for COMMAND: (letter, name, value)."""
    found = set()
    for heading, lines in sections(page).items():
        if heading == "Options of every command":
            commands = [command]
        else:
            commands = re.split(r", | and ", heading[len("Options of "):] if heading.startswith("Options of ") else "")
        if command in commands:
            found |= {OPTION.match(text).groups("") for text, _ in definitions(lines) if OPTION.match(text)}
    return found


def check_commands(page, helps):
    usages = {re.sub(r" .*", "", text[len("credwatch "):]) if not text.startswith("credwatch ") else text
              for text, _ in definitions(sections(page).get("COMMANDS", []))}
    real = set()
    for command, text in helps:
        usage = text.split("\n")[0][len("Usage: "):]
        bare = [u for u in usages if u.split(" [")[0] == "credwatch " + command]
        real.add(usage or (bare[0] if bare else "credwatch " + command))
    return differences(PROGRAM_PAGE + ": usage", usages, real)


def check_options(page, helps):
    problems = []
    for command, text in helps:
        if text:
            name = "%s: options of %s" % (PROGRAM_PAGE, command)
            written, real = options_of(page, command), set(HELP_OPTION.findall(text))
            problems += differences(name, {"/".join(o) for o in written}, {"/".join(o) for o in real})
    known = {command for command, _ in helps} | {"every command"}
    for heading in sections(page):
        if heading.startswith("Options of "):
            for command in set(re.split(r", | and ", heading[len("Options of "):])) - known:
                problems.append("%s: options of a command that is not there: %s" % (PROGRAM_PAGE, command))
    return problems


def check_names(page, section, real):
    written = {text for text, _ in definitions(sections(page).get(section, []))}
    return differences("%s: %s" % (PROGRAM_PAGE, section), written, set(real))


def check_program(root):
    page, helps = common.read(root, PROGRAM_PAGE), help_texts(root)
    formats = {name for _, text in helps for name in listed(text, "Formats")}
    statuses = re.findall(r"CW_EXIT_\w+ = (\d+)", common.read(root, "cli/exit.h"))
    return (check_commands(page, helps) + check_options(page, helps) + check_names(page, "FORMATS", formats) +
            check_names(page, "EXIT STATUS", statuses))


def check_config(root):
    """Each key with what the table says of it, and each field of a list's entries."""
    keys, fields = {}, set()
    for line in output(root, "config", "--keys").split("\n"):
        if re.match(r"[a-z]", line):
            key, keys_text = line.split(": ", 1)
            keys[key] = keys_text
        elif re.match(r"    [a-z_]+: ", line) and keys[key].startswith("a list of maps"):
            fields.add(key + " / " + line.strip().split(":")[0])
    written = definitions(sections(common.read(root, CONFIG_PAGE)).get("KEYS", []))
    problems = differences(CONFIG_PAGE, {key for key, _ in written}, set(keys))
    for key, lines in written:
        if keys.get(key, paragraph(lines)) != paragraph(lines):
            problems.append("%s: '%s' should say: %s" % (CONFIG_PAGE, key, keys[key]))
    said = {"%s / %s" % (key, field) for key, lines in written for field, _ in definitions(lines, 1)
            if re.fullmatch(r"[a-z_]+", field)}
    return problems + differences(CONFIG_PAGE, said, fields)


def check_rules(root):
    """Keys of a rule from the loader's table, proofs and their parameters from proof.def."""
    page = sections(common.read(root, RULES_PAGE))
    table = common.read(root, "lib/rules/parse.c").split("struct key rule_keys[]")[-1].split("{0}")[0]
    required = dict(re.findall(r'\{"(\w+)", (true|false),', table))
    written = dict(definitions(page.get("KEYS OF A RULE", [])))
    problems = differences(RULES_PAGE, set(written), set(required))
    for key, lines in written.items():
        if ("Needed." in " ".join(lines)) != (required.get(key) == "true"):
            problems.append("%s: '%s' is %s" % (RULES_PAGE, key, "needed" if key in required else "not there"))
    every = " ".join(" ".join(lines) for lines in written.values())
    for key in re.findall(r'\{"(\w+)", (?:true|false), set_', common.read(root, "lib/rules/parse.c")):
        if key not in written and "*%s*" % key not in every:
            problems.append("%s: nothing about '%s'" % (RULES_PAGE, key))
    return problems + check_proofs(root, dict(definitions(page.get("PROOFS", []))))


def check_proofs(root, written):
    proofs = {name: (level.lower(), params.split()) for name, level, params in
              re.findall(r'^CW_PROOF\(\w+, "([\w-]+)", (\w+), "([^"]*)"\)', common.read(root, "lib/rules/proof.def"), re.MULTILINE)}
    problems = differences(RULES_PAGE + ": proofs", set(written), set(proofs))
    for name in set(written) & set(proofs):
        text = " ".join(line.strip() for line in written[name])
        level, params = proofs[name]
        wanted = ["Proves *%s*" % level] + ["*%s* (needed)" % p[:-1] if p.endswith("!") else "*%s*" % p for p in params]
        problems += ["%s: %s: lacks '%s'" % (RULES_PAGE, name, text_of) for text_of in wanted if text_of not in text]
    return problems


def lint(root):
    return check_program(root) + check_config(root) + check_rules(root)


PAGE = ("x(1)\n\n# COMMANDS\n\n*credwatch scan* [_OPTION_]... _PATH_\n\ttext\n\n*credwatch key id*\n\ttext\n\n# OPTIONS\n\n"
        "## Options of every command\n\n*-h*, *--help*\n\ttext\n\n## Options of scan\n\n*-f*, *--format* _FORMAT_\n\ttext\n\n"
        "# FORMATS\n\n*text*\n\ttext\n\n# EXIT STATUS\n\n*0*\n\ttext\n")
CONFIG = ("x(5)\n\n# KEYS\n\n*jobs*\n\ta number (default *0*); set by user\n\n*allow*\n\ta list of maps; set by user\n\n\ttext\n\n"
          "\t*rule*\n\t\ttext\n")
RULES = "x(5)\n\n# KEYS OF A RULE\n\n*id*\n\ttext *of*. Needed.\n\n# PROOFS\n\n*sum*\n\tProves *checksum*. *equals* (needed)\n"
SCRIPT = """#!/bin/sh
case "$*" in
help) printf 'Usage: x\\n\\nCommands:\\n  scan  a\\n  key   b\\n' ;;
"key --help") printf 'Usage: credwatch key COMMAND\\n\\nCommands:\\n  id    c\\n' ;;
"key id --help") printf 'Usage: credwatch key id\\n\\n  -h, --help  x\\n' ;;
"scan --help") printf 'Usage: credwatch scan [OPTION]... PATH\\n\\n  -f, --format FORMAT  x\\n  -h, --help  x\\n\\nFormats:\\n  text  a\\n' ;;
"config --keys") printf 'jobs: a number (default 0); set by user\\n    x\\nallow: a list of maps; set by user\\n    x\\n    rule: x\\n' ;;
esac
"""
CLEAN = {
    PROGRAM_PAGE: PAGE, CONFIG_PAGE: CONFIG, RULES_PAGE: RULES, "program": SCRIPT,
    "cli/exit.h": "\tCW_EXIT_CLEAN = 0,\n",
    "lib/rules/parse.c": '{"of", false, set_of}\nstruct key rule_keys[] = {\n\t{"id", true, set_id},\n\t{0},\n};\n',
    "lib/rules/proof.def": 'CW_PROOF(SUM, "sum", CHECKSUM, "equals!")\n',
}
OFFENCES = [
    ("an option is missing", {PROGRAM_PAGE: PAGE.replace("*-f*, *--format* _FORMAT_", "text")}, "missing: f/format/FORMAT"),
    ("another value", {PROGRAM_PAGE: PAGE.replace("_FORMAT_", "_NAME_")}, "not there: f/format/NAME"),
    ("an option of nothing", {PROGRAM_PAGE: PAGE.replace("Options of scan", "Options of scan and fly")}, "fly"),
    ("another usage", {PROGRAM_PAGE: PAGE.replace("_PATH_", "_FILE_")}, "missing: credwatch scan [OPTION]... PATH"),
    ("a command is missing", {PROGRAM_PAGE: PAGE.replace("*credwatch key id*", "text")}, "missing: credwatch key id"),
    ("a format", {PROGRAM_PAGE: PAGE.replace("# FORMATS\n\n*text*", "# FORMATS\n\n*html*")}, "missing: text"),
    ("a status", {"cli/exit.h": "\tCW_EXIT_CLEAN = 0,\n\tCW_EXIT_X = 7,\n"}, "missing: 7"),
    ("a key", {CONFIG_PAGE: CONFIG.replace("*jobs*", "*job*")}, "missing: jobs"),
    ("a default", {CONFIG_PAGE: CONFIG.replace("*0*", "*1*")}, "'jobs' should say"),
    ("a field", {CONFIG_PAGE: CONFIG.replace("*rule*", "*role*")}, "missing: allow / rule"),
    ("a key of rules", {RULES_PAGE: RULES.replace("*id*", "*name*")}, "missing: id"),
    ("not needed", {RULES_PAGE: RULES.replace("Needed.", "")}, "'id' is needed"),
    ("an inner key", {RULES_PAGE: RULES.replace("*of*", "")}, "nothing about 'of'"),
    ("a proof", {RULES_PAGE: RULES.replace("*sum*", "*some*")}, "missing: sum"),
    ("a parameter", {RULES_PAGE: RULES.replace("(needed)", "")}, "lacks '*equals* (needed)'"),
    ("a level", {RULES_PAGE: RULES.replace("*checksum*", "*structure*")}, "lacks 'Proves *checksum*'"),
]


def lint_planted(root):
    os.chmod(os.path.join(root, "program"), 0o755)
    return lint(root)


if __name__ == "__main__":
    common.run(lint_planted if sys.argv[1] == "--self-test" else lint, CLEAN, OFFENCES)
