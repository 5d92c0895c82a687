#!/bin/sh
# An audit and a scan without memory, at every single allocation.
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

begin 'a repository with packed and loose objects, tags and folders; a folder with files'
new_repo r
commit r a/b/one "$(token one)"
commit r a/two "text
$(token two)"
git -C r tag -a -m "$(token tag)" v1
git -C r repack -q -a -d
commit r three "$(token three)"
must_exit 0 "$SCAN_NOMEM" "$RULES" r r
assert_eq "$(grep -c allocations out)" 4

finish
