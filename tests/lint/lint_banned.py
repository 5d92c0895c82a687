#!/usr/bin/env python3
"""Functions that may not be called: unbounded, unchecked, not thread-safe, or a shell.

lib/ also prints nothing and never exits."""
import re

import common

BANNED = {
    "strcpy strcat strncpy strncat sprintf vsprintf gets stpcpy": "write into a struct cw_buf, or use snprintf",
    "strtok atoi atol atoll atof": "parse with base/num.h",
    "gmtime localtime asctime ctime": "not thread-safe; use base/clock.h or the _r form",
    "system popen execlp execvp": "no shell, no PATH",
    "mktemp tmpnam tempnam tmpfile": "use base/io.h or mkstemp",
    "alloca strdupa": "the stack has no limit check; use a struct cw_buf",
}
NUMBER = {"strtol strtoul strtoll strtoull strtoimax strtoumax strtod": "parse with base/num.h"}
LIBRARY = {
    "exit _exit abort quick_exit": "lib/ never exits; return an error",
    "printf vprintf puts putchar perror": "lib/ prints nothing; return an error",
}

CODE_ONLY = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)


def without_comments(text):
    """The text with comments and literals blanked, line numbers kept."""
    return CODE_ONLY.sub(lambda match: "\n" * match.group().count("\n") + '""', text)


def rules_for(name):
    rules = dict(BANNED)
    if name != "lib/base/num.c" and not name.startswith("tests/"):
        rules.update(NUMBER)
    if name.startswith("lib/"):
        rules.update(LIBRARY)
    return {word: advice for words, advice in rules.items() for word in words.split()}


def lint(root):
    problems = []
    for name in common.c_files(root):
        rules = rules_for(name)
        call = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(map(re.escape, rules)))
        code = without_comments(common.read(root, name))
        for match in call.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            problems.append("%s:%d: %s() is banned: %s" % (name, line, match.group(1), rules[match.group(1)]))
    return problems


CLEAN = {
    "lib/base/num.c": "x = strtoull(s, &end, 10);\n",
    "lib/base/x.c": '/* never strcpy(a, b) */\nsnprintf(a, n, "system(%s)", ops->exit(1));\ngmtime_r(&t, &tm);\n',
    "cli/main.c": 'printf("x");\nexit(1);\n',
}
OFFENCES = [
    ("strcpy", {"cli/x.c": "\n\nstrcpy (a, b);\n"}, "x.c:3: strcpy()"),
    ("sprintf in a test", {"tests/unit/test_x.c": 'sprintf(a, "%d", 1);\n'}, "sprintf()"),
    ("after a comment", {"lib/base/x.c": "/* a */ strcat(a, b);\n"}, "strcat()"),
    ("strtok", {"lib/base/x.c": "strtok(a, b);\n"}, "strtok()"),
    ("atoi", {"daemon/x.c": "x = atoi(s);\n"}, "atoi()"),
    ("strtol outside num.c", {"cli/x.c": "x = strtol(s, 0, 10);\n"}, "strtol()"),
    ("gmtime", {"cli/x.c": "gmtime(&t);\n"}, "gmtime()"),
    ("a shell", {"hooks/x.c": "system(s);\n"}, "system()"),
    ("popen", {"hooks/x.c": "f = popen(s, m);\n"}, "popen()"),
    ("exit in lib", {"lib/scan/x.c": "exit(1);\n"}, "exit()"),
    ("printf in lib", {"lib/scan/x.c": 'printf("x");\n'}, "printf()"),
]

if __name__ == "__main__":
    common.run(lint, CLEAN, OFFENCES)
