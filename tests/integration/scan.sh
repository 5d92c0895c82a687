#!/bin/sh
# credwatch scan on files, folders and standard input.
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

begin 'a folder: every file, hidden ones too, in the order of their names; .git is passed over'
mkdir -p d/sub/deeper d/.hidden d/.git
echo clean >d/clean
echo "x $(token a)" >d/sub/a
echo "$(token b) $(token c)" >d/sub/deeper/bc
token h >d/.hidden/h
token g >d/.git/config
printf 'last line %s' "$(token z)" >d/z
: >d/empty
report 1 scan d
assert_eq "$(findings path line column | sort)" 'd/.hidden/h 1 1
d/sub/a 1 3
d/sub/deeper/bc 1 1
d/sub/deeper/bc 1 35
d/z 1 11'
assert_eq "$(count expected)" 6
assert_adds_up 0

begin 'slashes at the end of the folder are not doubled; the current folder'
report 1 scan d/sub//
assert_eq "$(findings path | sort -u)" 'd/sub/a
d/sub/deeper/bc'
(
	cd d
	report 1 scan .
	assert_eq "$(findings path | sort -u | head -1)" './.hidden/h'
	rm -f out err
)

begin 'files by name, several at once'
report 1 scan d/z d/clean d/sub/a
assert_eq "$(findings path | sort)" 'd/sub/a
d/z'
assert_eq "$(count expected)" 3

begin 'standard input'
printf 'x\n %s\n' "$(token stdin)" >input
report 1 scan - <input
assert_eq "$(findings path line column)" '<stdin> 2 2'
report 0 scan - </dev/null
assert_eq "$(count expected)" 1
printf '%s' "$(token pipe)" | report 1 scan -

begin 'symbolic links and special files below a folder are skipped and counted'
mkdir special
ln -s ../d/z special/link
ln -s ../d special/folder
ln -s nowhere special/dangling
mkfifo special/fifo
echo clean >special/file
report 0 scan special
assert_eq "$(count skipped)" 4
assert_eq "$(count expected)" 1

begin 'a symbolic link that the user names is followed'
report 1 scan special/link
assert_eq "$(findings path)" special/link
report 1 scan special/folder
assert_eq "$(findings path | wc -l)" 5

begin 'repositories below the folder: their files are scanned, their history is noted; LFS pointers too'
new_repo module
commit module m "$(token module)
"
new_repo top
commit top t "$(token top)
"
git -C top -c protocol.file.allow=always submodule --quiet add "file://$T/module" sub
new_repo top/nested
commit top/nested n "$(token nested)
"
token ignored >top/nested/.git/secret
git clone -q --bare top top/bare.git
echo "$T/module/.git/objects" >top/nested/.git/objects/info/alternates
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n' >top/big.bin
report 1 scan top
assert_eq "$(findings path)" 'top/nested/n
top/sub/m
top/t'
assert_eq "$(count repositories)" 4
assert_eq "$(count lfs_pointers)" 1
assert_eq "$(count unscanned_count)" 0
must_exit 1 "$CREDWATCH" scan --no-default-rules --rules "$RULES" top
assert_has out "Left to 'credwatch audit': the history of 4 git repositories."
assert_has out 'Not stored here and not scanned: the content of 1 LFS pointer.'

begin 'what the user names but nobody can read: status 3, the rest is scanned'
report 3 scan nonexistent d/z
assert_has out nonexistent
assert_eq "$(findings path)" d/z
report 3 scan special/fifo
assert_has out 'not a regular file'
report 3 scan special/dangling
assert_adds_up 0

if [ "$(id -u)" != 0 ]; then
	begin 'files and folders without permission: status 3'
	mkdir -p locked/folder
	token locked >locked/file
	token open >locked/open
	chmod 0 locked/file locked/folder
	report 3 scan locked
	assert_has out locked/folder
	assert_eq "$(findings path)" locked/open
	assert_eq "$(count unscanned_count)" 2
	assert_adds_up 1
	chmod 700 locked/file locked/folder
fi

begin 'a file over the limit, by its size and as standard input'
head -c 3000 /dev/zero >large
report 3 scan --object-max 2K large
assert_has out 'too large'
assert_adds_up 0
report 3 scan --object-max 2K - <large
assert_has out 'too large'
report 0 scan --object-max 3000 large

begin 'a file without a size, as below /proc'
if [ -r /proc/self/environ ]; then
	IN_ENVIRONMENT=$(token environment)
	export IN_ENVIRONMENT
	report 1 scan /proc/self/environ
	assert_eq "$(findings path)" /proc/self/environ
	unset IN_ENVIRONMENT
fi

begin 'names with newlines, escapes and bytes that are not UTF-8'
mkdir odd
token odd >"odd/$(printf 'a\nb\033[31m\377')"
report 1 scan odd
assert_has out path_b64
LC_ALL=C grep -q "$(printf '\033')" out && fail 'an escape byte in the report'

begin '3,000 files: the report does not depend on the number of threads'
mkdir many
seq 1 3000 | while read -r i; do
	echo "$i" >"many/$i"
done
for i in 7 77 777 1777; do
	token "$i" >"many/$i"
done
report 1 scan --jobs 1 many
cp out one
assert_eq "$(findings path | wc -l)" 4
assert_eq "$(count expected)" 3000
for jobs in 2 7; do
	report 1 scan --jobs $jobs many
	assert_same out one
done

begin 'stopped while it waits for standard input: a partial report, status 3'
mkfifo held
"$CREDWATCH" scan --format jsonl --no-progress --no-default-rules --rules "$RULES" d/z - <held >out 2>err &
pid=$!
exec 3>held
# the program is ready when it catches SIGTERM (bit 14 of SigCgt)
until mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status") && [ $((0x$mask & 0x4000)) -ne 0 ]; do
	kill -0 "$pid" || fail 'it ended by itself'
done
kill -TERM "$pid"
got=0
wait "$pid" || got=$?
exec 3>&-
assert_eq "$got" 3
assert_has out '<stdin>'
assert_has out interrupted
assert_has out '"type":"summary"'
assert_adds_up 0

begin '2,000 folders deep'
mkdir deep
(
	cd deep
	i=0
	while [ $i -lt 2000 ]; do
		mkdir d
		cd d
		i=$((i + 1))
	done
	token deep >bottom
)
got=0
timeout 60 "$CREDWATCH" scan --format jsonl --no-progress --no-default-rules --rules "$RULES" deep >out 2>err || got=$?
# 4,000 bytes of path are within the system's limit
assert_eq "$got" 1
assert_eq "$(findings line)" 1

finish
