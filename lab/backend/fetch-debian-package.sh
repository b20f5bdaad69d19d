#!/bin/sh
# fetch-debian-package.sh PACKAGE SUITE PROGRAM...
#
# Prints the folder that holds the files of a Debian package, with its programs in usr/bin. Where they
# are not there yet, the package of that suite of Debian, which may be a later one than this computer's,
# is downloaded from the mirrors that this computer's own apt uses, and unpacked. Nothing is installed,
# and apt's lists and sources stay as they are. The package counts as fetched only where each PROGRAM
# runs here. Where that cannot be done, the reason is on standard error.
set -eu

package=$1
suite=$2
shift 2
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# Sixty megabytes: more than this is a mirror that hangs.
seconds=240

cache=${XDG_CACHE_HOME:-${HOME:?neither XDG_CACHE_HOME nor HOME is set}/.cache}/vtepwatch
folder=$cache/debian-$package-$suite

fail() {
  echo "$1" >&2
  exit 1
}

if [ -d "$folder" ]; then
  echo "$folder"
  exit
fi

for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || fail "the Debian package $package cannot be had without $tool"
done
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
# shellcheck disable=SC2016 # The words in dollars are apt's.
mirrors=$(apt-get indextargets --format '$(COMPONENT) $(RELEASE) $(SITE)' |
  awk -v release="$release" '$1 == "main" && $2 == release && !seen[$3]++ { print $3 }')
[ -n "$mirrors" ] || fail "apt has no mirror of a Debian release named \"$release\""

mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
for mirror in $mirrors; do
  echo "deb [signed-by=$keyring] $mirror $suite main"
done >"$work/sources.list"
# Read after the computer's own configuration, whose hooks are for its own lists. The folder is not
# readable for the user that apt would download as.
cat >"$work/apt.conf" <<CONF
#clear APT::Update;
APT::Sandbox::User "root";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/lists";
Dir::State::status "/dev/null";
Dir::Cache "$work/cache";
CONF

fetch() {
  cd "$work"
  timeout "$seconds" apt-get -q --config-file="$work/apt.conf" update &&
    timeout "$seconds" apt-get -q --config-file="$work/apt.conf" download "$package" &&
    dpkg-deb -x "$package"_*.deb unpacked &&
    for program in "$@"; do
      "unpacked/usr/bin/$program" --version || return
    done
}
(fetch "$@") >"$work/log" 2>&1 || {
  tail -n 5 "$work/log" >&2
  fail "$package of Debian $suite could not be fetched"
}
# Somebody else may have been faster: a folder is moved whole or not at all.
mv -T "$work/unpacked" "$folder" 2>/dev/null || [ -d "$folder" ] || fail "$folder cannot be made"
echo "$folder"
