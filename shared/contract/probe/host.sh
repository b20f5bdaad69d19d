#!/bin/sh
# vtepwatch: reads the VXLAN overlay tables of this Kubernetes host and prints them.
#
# The SSM agent runs this as root, so it changes nothing: no setting and no file. It reads, and sends a few
# packets to peers over the overlay where it may (packets.sh). It evaluates nothing that it reads, and
# starts few processes, all of which end or are ended. It exits with 0 or 1 only, because the agent acts on
# some other exit codes (194: it reboots the host).

PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
PATH=$PATH:/var/lib/rancher/rke2/bin
LC_ALL=C
NO_COLOR=1
export PATH LC_ALL NO_COLOR
umask 077

# Where the host's file system is mounted, if the agent runs in a container.
ROOT=${VTEPWATCH_ROOT:-}

# A host has one kubelet and one flanneld, and two of each for a moment during a restart.
MAX_PROCESSES=20

# Put before commands that read from the kernel, which may hang. A command that only reads a pipe ends
# when the pipe does.
bounded=
if command -v timeout >/dev/null; then bounded='timeout 12'; fi

# Put before a shell that has to kill all that it started, itself included.
apart=
if command -v setsid >/dev/null; then apart=setsid; fi

newline='
'

# Prints the name of this host, its boot id and its uptime. Every answer begins with these records.
identity() {
  find_processes
  find_node
  boot_id='' uptime=''
  {
    read -r boot_id <"$ROOT/proc/sys/kernel/random/boot_id"
    read -r uptime _ <"$ROOT/proc/uptime"
  } 2>/dev/null
  printf 'host %s\nboot %s %s\n' "$node" "${boot_id:--}" "${uptime:--}"
}

# Prints the other facts about this host; `-` stands for what is unknown.
facts() {
  printf 'install ' && install_kind
  printf 'flanneld ' && flanneld_age
  printf 'agent ' && count "$ROOT"/var/lib/amazon/ssm/*/document/orchestration/*
  printf 'master ' && { admin_kubeconfig || echo -; }
}

# Sets `kubelets` and `flannelds` to the directories in /proc of these processes.
find_processes() {
  kubelets='' flannelds='' seen=0
  for match in $(grep -x -e kubelet -e flanneld "$ROOT"/proc/[0-9]*/comm /dev/null 2>/dev/null); do
    process=${match%/comm:*}
    is_of_this_host "$process" || continue
    [ $((seen += 1)) -le "$MAX_PROCESSES" ] || break
    case $match in
      *:kubelet) names_node "$process" && kubelets="$kubelets $process" ;;
      *:flanneld) flannelds="$flannelds $process" ;;
    esac
  done
}

# Only processes of root in the network of this host count: any user can give a process this name, and
# a cluster that runs in containers on this host has kubelets and flannelds of its own.
is_of_this_host() {
  # shellcheck disable=SC3013,SC3067 # POSIX since 2024; dash, bash and busybox have long had them.
  [ -O "$1" ] && { [ ! -e "$1/ns/net" ] || [ "$1/ns/net" -ef /proc/self/ns/net ]; }
}

# A kubelet names the node only as root in all four of its uids and in the namespaces of process 1: any user
# may start a setuid program under this name, and be root in a user namespace of their own.
names_node() {
  real='' effective='' saved='' files=''
  while read -r key real effective saved files; do [ "$key" != Uid: ] || break; done <"$1/status"
  [ "$real $effective $saved $files" = '0 0 0 0' ] || return
  for kind in user pid net; do
    # shellcheck disable=SC3013,SC3067 # As above.
    [ ! -e "$ROOT/proc/1/ns/$kind" ] || [ "$1/ns/$kind" -ef "$ROOT/proc/1/ns/$kind" ] || return
  done
} 2>/dev/null

# Sets `node` to the kubelet's name for this node, else to the host name, else to `-`.
find_node() {
  node=-
  for process in $kubelets; do
    words=$newline$($bounded tr '\0' '\n' <"$process/cmdline")$newline
    name=${words#*"$newline"--hostname-override[="$newline"]}
    is_node "${name%%"$newline"*}" && return
  done
  read -r name <"$ROOT/proc/sys/kernel/hostname" || name=$(uname -n)
  is_node "$name" || :
} 2>/dev/null

# Sets `node` to $1 in lower case, as the kubelet does, if that can be the name of a node.
is_node() {
  name=$1
  case $name in *[A-Z]*) name=$(printf '%s\n' "$name" | tr A-Z a-z) ;; esac
  case $name in '' | [!a-z0-9]* | *[!a-z0-9.-]* | *[!a-z0-9]) return 1 ;; esac
  [ "${#name}" -lt 254 ] && node=$name
}

install_kind() {
  if [ -d "$ROOT/var/lib/rancher/rke2" ]; then
    echo rke2
  elif [ -d "$ROOT/var/lib/rancher/k3s" ]; then
    echo k3s
  elif any "$ROOT"/etc/cni/net.d/*canal*; then
    echo canal
  elif any "$ROOT"/etc/cni/net.d/*flannel*; then
    echo flannel
  else
    echo unknown
  fi
}

# Prints the seconds since the youngest flanneld started: it programs all tables when it starts.
flanneld_age() {
  youngest=-
  for process in $flannelds; do
    read -r stat <"$process/stat" || continue
    # shellcheck disable=SC2086 # The fields after the name are to become words.
    set -- ${stat##*) }
    # Field 22 of the line is the start in ticks. For user space a second has 100 of them.
    if ! is_number "${20}" || ! is_number "${uptime%.*}"; then continue; fi
    age=$((${uptime%.*} - ${20} / 100))
    # In a container with an uptime of its own, a process can be older than the boot.
    [ "$age" -ge 0 ] || continue
    if [ "$youngest" = - ] || [ "$age" -lt "$youngest" ]; then youngest=$age; fi
  done 2>/dev/null
  echo "$youngest"
}

# Prints where this master has its admin kubeconfig; fails where there is none.
admin_kubeconfig() {
  for path in $kubeconfig_paths; do
    if [ -r "$ROOT$path" ]; then
      echo "$path"
      return 0
    fi
  done
  return 1
}

# Prints the number of paths that a pattern matches, `-` if it matches none.
count() { if [ -e "$1" ]; then echo $#; else echo -; fi; }

any() { [ -e "$1" ]; }

is_number() { case $1 in '' | *[!0-9]*) return 1 ;; esac; }
