#!/usr/bin/env python3
"""Makes the shell completions out of the program's own option tables.

    make.py bash|zsh PROGRAM      prints the file that the shell loads; PROGRAM answers `help --table`

The first word is a command, the second may be one below it; then come options and arguments, in any order."""
import re
import subprocess
import sys

FILES, FOLDERS, RULES, COMMANDS, NOTHING = "files", "folders", "rules", "commands", "nothing"
KINDS = (FILES, FOLDERS, RULES, COMMANDS, NOTHING)
VALUES = {"FILE": FILES, "PATH": FILES, "DIR": FOLDERS, "ID": RULES}
# What stands in a synopsis, by its first word that is known here.
ARGUMENTS = (("ID", RULES), ("REPOSITORY|PATH", FILES), ("REPOSITORY", FOLDERS), ("PATH", FILES), ("FILE", FILES))


class Option:
    def __init__(self, letter, name, arg, values, about):
        self.letter, self.name, self.arg, self.about = letter, name, arg, about
        self.values = values.split()

    def kind(self):
        return VALUES.get(self.arg, NOTHING)

    def words(self):
        return ["--" + self.name] + (["-" + self.letter] if self.letter else [])


class Command:
    def __init__(self, name, about):
        self.name, self.about, self.synopsis, self.options = name, about, "", []

    def arguments(self):
        """What they are: a kind, or the words that stand in the synopsis as they are typed."""
        if self.name == "help":
            return COMMANDS
        words = re.findall(r"(?<=\|)[a-z-]{2,}", self.synopsis)
        return " ".join(words) if words else next((kind for word, kind in ARGUMENTS if re.search(r"(?<![A-Z-])%s(?![A-Z])" % re.escape(word), self.synopsis)),
                    NOTHING)


def read(program):
    """{name: Command} in the order of the help; groups have no options, their members are "group member"."""
    table = subprocess.run([program, "help", "--table"], check=True, text=True, stdout=subprocess.PIPE).stdout
    commands = {}
    for line in table.splitlines():
        kind, name, *rest = line.split("\t")
        if kind == "command":
            commands[name] = Command(name, rest[0])
        elif kind == "usage":
            commands[name].synopsis = rest[0]
        else:
            commands[name].options.append(Option(*rest))
    return commands


def members(commands, group):
    """The commands below GROUP ("" for the first words)."""
    prefix = group + " " if group else ""
    return [c for name, c in commands.items() if name.startswith(prefix) and " " not in name[len(prefix):]]


def last(name):
    return name.split(" ")[-1]


# ---- bash ----

BASH = r"""# bash completion of credwatch, made from its option tables. Nothing but bash itself is needed.

# The commands below a group; "" for the first word.
_credwatch_commands() {
	case $1 in
@commands@	esac
}

# The options of a command.
_credwatch_options() {
	case $1 in
@options@	esac
}

# What an option of a command takes: words, <files>, <folders>, <rules>, <nothing>; empty for an option without a value.
_credwatch_value() {
	case "$1 $2" in
@values@	esac
}

# What the arguments of a command are.
_credwatch_arguments() {
	case $1 in
@arguments@	esac
}

_credwatch_offer() {
	local kind=$1 cur=$2
	COMPREPLY=()
	case $kind in
	'<nothing>') ;;
	'<files>')
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	'<folders>')
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	'<rules>') mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" rules list 2>/dev/null | cut -d ' ' -f 1)" -- "$cur") ;;
	'<commands>') mapfile -t COMPREPLY < <(compgen -W "$(_credwatch_commands '')" -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$kind" -- "$cur") ;;
	esac
}

_credwatch() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} at=2 value
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		_credwatch_offer "$(_credwatch_commands '') --help --version" "$cur"
		return
	fi
	if [ -n "$(_credwatch_commands "$command")" ]; then
		if [ "$COMP_CWORD" = 2 ]; then
			_credwatch_offer "$(_credwatch_commands "$command") --help" "$cur"
			return
		fi
		command="$command ${COMP_WORDS[2]}"
		at=3
	fi
	# "--name=value" comes as three words
	if [ "$cur" = = ] && [ "$COMP_CWORD" -gt "$at" ]; then
		cur=
	elif [ "$prev" = = ] && [ "$COMP_CWORD" -gt "$((at + 1))" ]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if [ "$COMP_CWORD" -gt "$at" ]; then
		value=$(_credwatch_value "$command" "$prev")
		if [ -n "$value" ]; then
			_credwatch_offer "$value" "$cur"
			return
		fi
	fi
	case $cur in
	-*) _credwatch_offer "$(_credwatch_options "$command")" "$cur" ;;
	*) _credwatch_offer "$(_credwatch_arguments "$command")" "$cur" ;;
	esac
}

complete -F _credwatch credwatch
"""


def case(pattern, text):
    return "\t'%s') echo '%s' ;;\n" % (pattern, text)


def bash(commands):
    groups = [""] + [name for name in commands if members(commands, name)]
    leaves = [c for c in commands.values() if not members(commands, c.name)]
    parts = {
        "commands": "".join(case(g, " ".join(last(c.name) for c in members(commands, g))) for g in groups),
        "options": "".join(case(c.name, " ".join(w for o in c.options for w in o.words())) for c in leaves),
        "values": "".join("\t%s) echo '%s' ;;\n" % (" | ".join("'%s %s'" % (c.name, w) for w in o.words()),
                                                     " ".join(o.values) or "<%s>" % o.kind())
                          for c in leaves for o in c.options if o.arg),
        "arguments": "".join(case(c.name, "<%s>" % c.arguments() if c.arguments() in KINDS else c.arguments()) for c in leaves),
    }
    return re.sub(r"@(\w+)@", lambda m: parts[m.group(1)], BASH)


# ---- zsh ----

ZSH = r"""#compdef credwatch
# zsh completion of credwatch, made from its option tables.

_credwatch_rule_ids() {
	local -a ids
	ids=(${${(f)"$(_call_program rules ${service:-credwatch} rules list 2>/dev/null)"}%% *})
	compadd -a ids
}

@functions@
_credwatch "$@"
"""

ZSH_GROUP = r"""@name@() {
	local curcontext=$curcontext state line
	local -a commands
	_arguments -C '(-h --help)'{-h,--help}'[show the list of commands]' '1: :->command' '*:: :->argument'
	case $state in
	command)
		commands=(
@commands@		)
		_describe -t commands command commands
		;;
	argument)
		case $words[1] in
@calls@		esac
		;;
	esac
}

"""

ZSH_ACTIONS = {FILES: "_files", FOLDERS: "_directories", RULES: "_credwatch_rule_ids", NOTHING: " "}


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_name(name):
    return "_credwatch" + ("_" + re.sub("[ -]", "_", name) if name else "")


def zsh_option(o):
    about = re.sub(r"([\[\]:\\])", r"\\\1", o.about)
    action = "(%s)" % " ".join(o.values) if o.values else ZSH_ACTIONS[o.kind()]
    value = ":%s:%s" % (o.arg.lower(), action) if o.arg else ""
    repeat = "*" if "repeated" in o.about else ""
    if not o.letter:
        return quote("%s--%s%s[%s]%s" % (repeat, o.name, "=" if o.arg else "", about, value))
    if repeat:
        return " ".join(quote("*%s[%s]%s" % (word, about, value)) for word in ("-%s+" % o.letter, "--%s=" % o.name))
    words = "{-%s,--%s}" % (o.letter + ("+" if o.arg else ""), o.name + ("=" if o.arg else ""))
    return "'(-%s --%s)'%s%s" % (o.letter, o.name, words, quote("[%s]%s" % (about, value)))


def zsh_arguments(commands, command):
    kind = command.arguments()
    if kind == COMMANDS:
        return quote("*: :(%s)" % " ".join(c.name for c in members(commands, "")))
    if kind not in KINDS:
        return quote("*: :(%s)" % kind)
    return quote("*: :%s" % ZSH_ACTIONS[kind]) if kind != NOTHING else ""


def zsh_leaf(commands, command):
    specs = [zsh_option(o) for o in command.options] + [zsh_arguments(commands, command)]
    specs = [s for s in specs if s]
    if not specs:
        return "%s() {\n\t_message 'nothing more'\n}\n\n" % zsh_name(command.name)
    return "%s() {\n\t_arguments -s \\\n%s\n}\n\n" % (zsh_name(command.name), " \\\n".join("\t\t" + s for s in specs))


def zsh_group(commands, group):
    inside = members(commands, group)
    parts = {
        "name": zsh_name(group),
        "commands": "".join("\t\t\t%s\n" % quote("%s:%s" % (last(c.name), c.about)) for c in inside),
        "calls": "".join("\t\t%s) %s ;;\n" % (last(c.name), zsh_name(c.name)) for c in inside),
    }
    return re.sub(r"@(\w+)@", lambda m: parts[m.group(1)], ZSH_GROUP)


def zsh(commands):
    functions = "".join(zsh_group(commands, c.name) if members(commands, c.name) else zsh_leaf(commands, c)
                        for c in commands.values())
    return ZSH.replace("@functions@\n", functions + zsh_group(commands, ""))


if __name__ == "__main__":
    sys.stdout.write({"bash": bash, "zsh": zsh}[sys.argv[1]](read(sys.argv[2])))
