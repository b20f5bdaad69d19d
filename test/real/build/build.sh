#!/bin/sh
# Prints the programs of the real thing, `<name> <version> <path>` on a line: flanneld in two versions,
# kube-apiserver and kubectl, and Debian's etcd. Go builds those that the cache lacks, from the modules of
# their own projects. What it is doing is on standard error.
#
# Exits with 3, and one line on standard error, where Go or etcd is missing; with 1 where a build fails.
set -eu

# A year apart. flannel makes a deleted device again from 0.27.4 on.
FLANNEL_VERSIONS='0.27.0 0.28.9'
KUBERNETES_VERSION=1.36.3

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?neither XDG_CACHE_HOME nor HOME is set}/.cache}/vtepwatch
PATH=$PATH:/usr/local/go/bin:/usr/sbin:/sbin

missing() {
  echo "$1" >&2
  exit 3
}

command -v etcd >/dev/null || missing 'there is no etcd on this computer: apt-get install etcd-server'

work=''
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# Runs a build in a folder of its own, of which the folder `programs` becomes the cache's $1.
build() {
  folder=$cache/$1
  shift
  [ ! -d "$folder" ] || return 0
  command -v go >/dev/null || missing "there is no Go on this computer to build ${folder##*/} with"
  echo "building ${folder##*/}" >&2
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/build.XXXXXX")
  mkdir "$work/programs"
  begin=$(date +%s)
  # Without cgo the programs need nothing of the computer that runs them.
  (
    cd "$work" && CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -mod=mod" "$@"
  ) >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    echo "building ${folder##*/} failed" >&2
    exit 1
  }
  # Somebody else may have been faster: a folder is moved whole or not at all.
  mv -T "$work/programs" "$folder" 2>/dev/null || [ -d "$folder" ]
  rm -rf "$work"
  echo "built ${folder##*/} in $(($(date +%s) - begin)) s" >&2
}

# Builds flannel's own module without two of its backends. One depends on a module that module proxies do
# not have, and the other needs cgo.
flannel() {
  module=github.com/flannel-io/flannel
  tencent=github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud
  go mod download -json "$module@v$1" >module.json &&
    cp -R "$(sed -n 's/^.*"Dir": "\(.*\)",*$/\1/p' module.json)" source &&
    chmod -R u+w source &&
    cd source &&
    sed -i -e '/pkg\/backend\/tencentvpc"/d' -e '/pkg\/backend\/udp"/d' main.go &&
    rm -rf pkg/backend/tencentvpc pkg/backend/udp &&
    go mod edit -droprequire "$tencent/common" -droprequire "$tencent/vpc" &&
    nice go build -ldflags "-X $module/pkg/version.Version=v$1" -o ../programs/flanneld .
}

# The module of Kubernetes names its parts by folders that only its repository has, so go.mod names the
# modules that these parts are published as.
kubernetes() {
  version=k8s.io/component-base/version
  minor=${1#*.}
  cp "$here/kubernetes/go.mod" . &&
    nice go build -o programs/ \
      -ldflags "-X $version.gitVersion=v$1 -X $version.gitMajor=${1%%.*} -X $version.gitMinor=${minor%.*}" \
      k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kubectl
}

for version in $FLANNEL_VERSIONS; do
  build "real-flannel-$version" flannel "$version"
done
build "real-kubernetes-$KUBERNETES_VERSION" kubernetes "$KUBERNETES_VERSION"

for version in $FLANNEL_VERSIONS; do
  echo "flanneld $version $cache/real-flannel-$version/flanneld"
done
for program in kube-apiserver kubectl; do
  echo "$program $KUBERNETES_VERSION $cache/real-kubernetes-$KUBERNETES_VERSION/$program"
done
echo "etcd $(etcd --version | sed -n 's/^etcd Version: //p') $(command -v etcd)"
