#!/bin/sh
# fresh-machine.sh [-k] [-u] - both README commands on a Debian 12 that has nothing but git and apt: a minimal chroot.
#   -k  keep the chroot, print where it is
#   -u  run as a user with sudo (then installed too) instead of as root
# Needs root, debootstrap and the network. apt's sources and Acquire settings are those of this machine, so that it works
# behind a mirror; $MIRROR names another one for debootstrap. The commit checked out here is what is tested.
set -eu

src=$(cd "$(dirname "$0")/../.." && pwd -P)
keep=false user=root
while getopts ku option; do
	case $option in
	k) keep=true ;;
	u) user=dev ;;
	*) exit 2 ;;
	esac
done

chroot_dir=

clean_up() {
	[ -n "$chroot_dir" ] || return 0
	umount "$chroot_dir/proc" 2>/dev/null || true
	if $keep; then
		echo "kept: $chroot_dir"
	else
		rm -rf --one-file-system "$chroot_dir"
	fi
}

# The first Debian archive among apt's sources.
mirror() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
		sed -n -e 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\/debian\/\{0,1\}\) .*/\2/p' -e 's/^URIs: *\([^ ]*\/debian\/\{0,1\}\)$/\1/p' |
		head -n 1
}

copy_apt_settings() {
	rm -f "$chroot_dir/etc/apt/sources.list"
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources \
		/etc/apt/auth.conf.d/* /etc/apt/keyrings/*; do
		[ ! -f "$file" ] || install -D -m 0644 "$file" "$chroot_dir$file"
	done
	for file in /etc/apt/apt.conf.d/*; do
		if grep -q '^ *Acquire::' "$file" && ! grep -q Invoke "$file"; then
			install -D -m 0644 "$file" "$chroot_dir$file"
		fi
	done
}

# As on a machine that was just installed: no locale, nothing in the environment.
inside() {
	chroot "$chroot_dir" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"
}

make_chroot() {
	chroot_dir=$(mktemp -d "${TMPDIR:-/var/tmp}/fresh-machine.XXXXXX")
	chmod 0755 "$chroot_dir"
	from=${MIRROR:-$(mirror)}
	debootstrap --variant=minbase bookworm "$chroot_dir" "${from:-http://deb.debian.org/debian}" >/dev/null
	mount -t proc proc "$chroot_dir/proc"
	copy_apt_settings
	inside apt-get -qq update
	inside env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends git >/dev/null
}

make_user() {
	[ "$user" != root ] || return 0
	inside env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends sudo >/dev/null
	inside useradd --create-home "$user"
	echo "$user ALL=(ALL) NOPASSWD: ALL" >"$chroot_dir/etc/sudoers.d/$user"
}

# as_user FOLDER COMMAND...: in a folder below the user's home.
as_user() {
	home=$(inside getent passwd "$user" | cut -d : -f 6)
	folder=$home/$1
	shift
	chroot --userspec="$user" "$chroot_dir" env -i -C "$folder" PATH=/usr/local/bin:/usr/bin:/bin HOME="$home" "$@"
}

clone() {
	git -C "$src" bundle create -q "$chroot_dir/credwatch.bundle" HEAD --branches
	as_user . git clone -q /credwatch.bundle credwatch
	as_user credwatch git -c advice.detachedHead=false checkout -q "$(git -C "$src" rev-parse HEAD)"
}

# timed COMMAND...: in the clone; prints its output, time and status.
timed() {
	echo "=== $*"
	begin=$(date +%s)
	status=0
	as_user credwatch "$@" || status=$?
	echo "=== $*: $(($(date +%s) - begin)) s, exit status $status"
	[ "$status" = 0 ] || failed=true
}

failed=false
trap clean_up EXIT
trap 'exit 130' INT TERM
make_chroot
make_user
clone
timed ./dev audit
timed ./dev test
! $failed
