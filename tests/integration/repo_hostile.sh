#!/bin/sh
# credwatch audit on repositories made to hurt: it never waits, follows nothing out of the repository but alternates, repeats nothing
# of a private file, and says what it did not read (faults 14 and 15).
# shellcheck source=tests/lib/harness.sh
. "$HARNESS"

# unusable DIR TEXT...: nothing can be scanned, status 3; the message has the texts
unusable() {
	dir=$1
	shift
	report 3 audit "$dir"
	assert_lacks out '"type":"summary"'
	for text; do
		assert_has err "$text"
	done
}

new_repo plain
commit plain secret "$(token one)"
git -C plain pack-refs --all
cp -r plain packed
git -C packed repack -q -a -d
printf 'root:privateline:1:2\n[broken\n' >private

begin 'a FIFO in place of a file that is needed: refused by name, never waited for (fault 14)'
for file in config HEAD packed-refs objects/info/alternates commondir; do
	rm -rf fifo
	cp -r plain fifo
	rm -f "fifo/.git/$file"
	mkfifo "fifo/.git/$file"
	unusable fifo "fifo/.git/$file"
done

begin 'a FIFO among the packs: named, the rest is scanned (fault 14)'
for file in x.idx pack-x.pack; do
	rm -rf fifo
	cp -r packed fifo
	mkfifo "fifo/.git/objects/pack/$file"
	report 3 audit fifo
	assert_has out "$file\",\"reason\":\"not a regular file"
	assert_has out '"findings":1'
done
for ending in idx pack; do
	rm -rf fifo
	cp -r packed fifo
	token two | git -C fifo hash-object -w --stdin >/dev/null
	file=$(ls fifo/.git/objects/pack/*.$ending)
	rm -f "$file"
	mkfifo "$file"
	report 3 audit fifo
	assert_has out "$(basename "$file")\",\"reason\":\"not a regular file"
	assert_has out '"findings":1'
done

begin 'a device, a socket, a folder, a link in a circle in place of a file (fault 14)'
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
for file in config HEAD packed-refs objects/info/alternates; do
	for thing in /dev/zero /dev/tty "$T/socket" /tmp loop; do
		rm -rf odd
		cp -r plain odd
		rm -f "odd/.git/$file"
		ln -s "$thing" "odd/.git/$file"
		[ "$thing" != loop ] || ln -sf "$(basename $file)" "odd/.git/$file"
		report 3 audit odd
		assert_lacks out '"type":"summary"'
		assert_has err "odd/.git"
	done
done

begin 'a branch that is a FIFO or a device: the objects are scanned, the branch is said (fault 14)'
for thing in fifo device; do
	rm -rf branch
	cp -r plain branch
	mkdir -p branch/.git/refs/heads
	rm -f branch/.git/refs/heads/main
	case $thing in
	fifo) mkfifo branch/.git/refs/heads/main ;;
	device) ln -s /dev/zero branch/.git/refs/heads/main ;;
	esac
	report 3 audit branch
	assert_has out refs/heads/main
	assert_has out '"findings":1'
done

begin 'loose objects that are FIFOs, devices or folders, one of them HEAD: named, the rest is scanned (fault 14)'
for thing in fifo device folder; do
	for name in HEAD HEAD: HEAD:hello.txt; do
		rm -rf loose
		cp -r plain loose
		id=$(git -C plain rev-parse "$name")
		file=loose/.git/objects/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-)
		rm -f "$file"
		case $thing in
		fifo) mkfifo "$file" ;;
		device) ln -s /dev/zero "$file" ;;
		folder) mkdir "$file" ;;
		esac
		report 3 audit loose
		assert_has out "$(echo "$id" | cut -c3-)"
		assert_has out '"findings":1'
	done
done
rm -rf loose
cp -r plain loose
rm -rf loose/.git/objects/ab
mkfifo loose/.git/objects/ab
report 3 audit loose
assert_has out objects/ab
assert_has out '"findings":1'

begin 'files that git reads and the audit does not need may be FIFOs'
rm -rf fifo
cp -r plain fifo
mkdir -p fifo/.git/info fifo/.git/objects/info fifo/.git/objects/pack fifo/.git/refs/replace
rm -f fifo/.git/index fifo/.git/description
for file in index description config.worktree info/grafts info/attributes objects/info/commit-graph objects/info/http-alternates objects/pack/multi-pack-index \
	ORIG_HEAD FETCH_HEAD; do
	mkfifo "fifo/.git/$file"
done
report 1 audit fifo
assert_eq "$(count unscanned_count)" 0

begin 'a FIFO in place of a reference: it does not block, and is said'
mkfifo fifo/.git/refs/replace/x
report 3 audit fifo
assert_has out refs/replace/x
assert_eq "$(count unscanned_count)" 1

begin 'configuration: includes of a private file and of a FIFO, a work tree elsewhere, commands: nothing of it is done (fault 15)'
cp -r plain hostile
mkfifo never
config() {
	git config -f hostile/.git/config --add "$@"
}
config include.path "$T/private"
config include.path "$T/never"
config includeIf.gitdir:/.path "$T/never"
config core.worktree /etc
config core.fsmonitor "touch $T/ran"
config core.attributesFile "$T/never"
config core.excludesFile "$T/never"
config diff.x.textconv "touch $T/ran"
config filter.x.clean "touch $T/ran"
config core.alternateRefsCommand "touch $T/ran"
config extensions.worktreeConfig true
report 1 audit hostile
assert_eq "$(findings path)" secret
assert_eq "$(count unscanned_count)" 0
[ ! -e ran ] || fail 'a command of the configuration was run'
assert_lacks out privateline
assert_lacks err privateline

begin 'private files in place of the repository'\''s own: nothing of them is repeated (fault 15)'
for file in config HEAD packed-refs objects/info/alternates commondir shallow; do
	rm -rf linked
	cp -r plain linked
	rm -f "linked/.git/$file"
	ln -s "$T/private" "linked/.git/$file"
	got=0
	"$CREDWATCH" audit --format jsonl --no-default-rules --rules "$RULES" linked >out 2>err || got=$?
	[ "$got" -eq 3 ] || [ "$file" = shallow ] || fail "$file: status $got"
	assert_lacks out privateline
	assert_lacks err privateline
done
rm -rf linked
mkdir linked
ln -s "$T/private" linked/.git
unusable linked linked/.git
assert_lacks err privateline
printf 'gitdir: /privateline/somewhere\n' >linked/private
ln -sf private linked/.git
unusable linked linked/.git
assert_lacks err privateline

begin 'a .git that is no repository, inside a repository: the outer one is not audited in its place'
cp -r plain outer
mkdir -p outer/inner/.git
unusable outer/inner inner/.git
rm -rf outer/inner/.git
ln -s nowhere outer/inner/.git
unusable outer/inner inner/.git
rm outer/inner/.git
report 1 audit outer/inner
printf 'gitdir: ../.git/modules/none\n' >outer/inner/.git
unusable outer/inner inner/.git

begin 'a configuration that is broken or too large; one with NUL bytes'
cp -r plain broken
printf '[core\n' >broken/.git/config
unusable broken config
truncate -s 17M broken/.git/config
unusable broken config
printf '[core]\n\tbare = false\n\000[extensions]\n\tobjectformat = sha256\n' >broken/.git/config
unusable broken

begin 'alternates: too deep, too many, a line that is too long'
cp -r plain deep0
git -C deep0 prune
for i in 1 2 3 4 5 6 7; do
	git init -q "deep$i"
	echo "$T/deep$((i - 1))/.git/objects" >"deep$i/.git/objects/info/alternates"
	cp deep0/.git/packed-refs "deep$i/.git/packed-refs"
done
report 1 audit deep4
report 3 audit deep7
assert_has out 'nested too deep'
git init -q wide
mkdir stores
(cd stores && seq 1 1100 | xargs mkdir)
seq 1 1100 | sed "s,^,$T/stores/," >wide/.git/objects/info/alternates
report 3 audit wide
git init -q long
head -c 900000 /dev/zero | tr '\0' a >long/.git/objects/info/alternates
report 3 audit long
assert_lacks out aaaaaaaaaaaa

finish
