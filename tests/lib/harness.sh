# shellcheck shell=sh
# tests/lib/harness.sh - what the integration tests have in common: a throw-away folder, a git that knows no configuration but its
# own, and assertions. A test sources this file, calls `begin NAME` before each case and ends with `finish`.
# CREDWATCH is the program under test. A failed assertion ends the test with the case's name.

set -eu
umask 022

T=$(mktemp -d "${TMPDIR:-/tmp}/credwatch-test.XXXXXX")
trap 'chmod -R u+rwX "$T" 2>/dev/null || :; rm -rf "$T"' EXIT
trap 'exit 1' HUP INT TERM
cd "$T"

for name in $(env | sed -n 's/^\(GIT_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done
export HOME="$T/home" XDG_CONFIG_HOME="$T/home/.config" XDG_CACHE_HOME="$T/home/.cache" LC_ALL=C TZ=UTC
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL="$T/home/gitconfig"
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com GIT_AUTHOR_DATE='1700000000 +0000'
export GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.com GIT_COMMITTER_DATE='1700000000 +0000'
mkdir -p "$HOME"
git config --global init.defaultBranch main
git config --global gc.auto 0
git config --global core.autocrlf false

case_name='(before the first case)'
cases=0

begin() {
	case_name=$1
	cases=$((cases + 1))
}

finish() {
	echo "$cases cases passed"
}

fail() {
	printf 'FAILED: %s: %s\n' "$case_name" "$*" >&2
	for file in out err; do
		[ ! -s "$file" ] || { printf '%s\n' "--- $file" >&2; head -c 4000 "$file" >&2; }
	done
	exit 1
}

skip() {
	printf 'skipped: %s\n' "$*"
	exit 77
}

# must_exit N COMMAND...: run it into the files out and err; any other status, a crash or 60 seconds without an end fail.
must_exit() {
	want=$1
	shift
	got=0
	timeout -k 5 60 "$@" >out 2>err || got=$?
	if [ "$got" -eq 124 ] || [ "$got" -eq 137 ]; then
		fail "'$*' did not end"
	elif [ "$got" -gt 128 ]; then
		fail "'$*' crashed with status $got"
	elif [ "$got" -ne "$want" ]; then
		fail "'$*' ended with status $got, not $want"
	fi
}

assert_eq() {
	[ "$1" = "$2" ] || fail "expected '$2', got '$1'${3:+ ($3)}"
}

# assert_same FILE FILE
assert_same() {
	cmp -s "$1" "$2" || { diff -u "$2" "$1" | head -40 >&2; fail "'$1' differs from '$2'"; }
}

# assert_has FILE TEXT, assert_lacks FILE TEXT: a fixed string somewhere in the file.
assert_has() {
	grep -qaF -e "$2" "$1" || fail "'$1' lacks: $2"
}

assert_lacks() {
	! grep -qaF -e "$2" "$1" || fail "'$1' has: $2"
}

# A new repository DIR with one commit.
new_repo() {
	git init -q "$1"
	printf 'hello\n' >"$1/hello.txt"
	git -C "$1" add hello.txt
	git -C "$1" commit -q -m first
}

# commit DIR FILE TEXT: write the text to the file and commit it.
commit() {
	mkdir -p "$(dirname "$1/$2")"
	printf '%s' "$3" >"$1/$2"
	git -C "$1" add -A
	git -C "$1" commit -q -m "change $2"
}

# Everything that git finds in the store of DIR: "id type size", sorted.
git_objects() {
	git -C "$1" cat-file --batch-all-objects --batch-check | LC_ALL=C sort
}

# The tests find one made-up kind of token, so that they do not depend on the rules of the day. RULES is its rule file.
RULES="$T/acmetest.yaml"
cat >"$RULES" <<'END'
provider: acmetest
rules:
  - id: acmetest.token
    title: Token of the tests
    class: specific
    severity: high
    anchor: 'acmetest_[a-z0-9]{24}'
    pattern: '(?<![A-Za-z0-9_])(?<secret>acmetest_[a-z0-9]{24})(?![A-Za-z0-9])'
    reach: {before: 64, after: 16}
    description: A token that only tests know.
    remediation: Nothing to revoke.
    examples: ['x = acmetest_{+}0123456789abcdefghijklmn', 'acmetest_{+}zyxwvutsrqponmlkjihgfedc']
    counterexamples: ['acmetest_{+}short', 'acmetest_{+}0123456789abcdefghijklmnop']
END

# token WORD: a line with the token for this word
token() {
	printf 'acmetest_%s\n' "$(printf '%s' "$1" | sha1sum | cut -c1-24)"
}

# report STATUS COMMAND [ARGUMENT]...: run credwatch with the test's rule; its JSON lines are in the file out. Audits look at everything.
report() {
	status=$1 command=$2
	shift 2
	[ "$command" != audit ] || set -- --no-cache "$@"
	must_exit "$status" "$CREDWATCH" "$command" --format jsonl --no-progress --no-default-rules --rules "$RULES" "$@"
}

# count NAME: a number of the coverage
count() {
	tail -n 1 out | sed -n 's/.*"coverage":{.*"'"$1"'":\([0-9]*\).*/\1/p'
}

# assert_adds_up BESIDE: the report accounts for all that was expected; BESIDE entries of it are no objects.
assert_adds_up() {
	assert_eq "$(count expected)" "$(($(count scanned) + $(count cached) + $(count unscanned_count) - $1))" coverage
}

# findings KEY...: the values of these keys of each finding, one line each
findings() {
	python3 - "$@" <<'END'
import json, sys
for line in open("out"):
    item = json.loads(line)
    if item["type"] == "finding":
        print(" ".join(str(item.get(key)) for key in sys.argv[1:]))
END
}

# limit_memory: from now on the program may use 300 MB of its own memory, as much as an audit needs at most. A sanitizer needs more.
limit_memory() {
	if [ -z "$SANITIZED" ]; then
		printf '#!/bin/sh\nexec prlimit --data=300000000 "%s" "$@"\n' "$CREDWATCH" >"$T/limited"
		chmod +x "$T/limited"
		CREDWATCH=$T/limited
	fi
}
