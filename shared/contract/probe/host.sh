#!/bin/sh
# vtepwatch: reads the VXLAN overlay tables of this Kubernetes host and prints them.
#
# The SSM agent runs this as root, so it only reads: it changes no setting, leaves no file behind,
# evaluates nothing that it reads, and starts few processes, each of which ends or is ended. It exits
# with 0 or 1 alone, because the agent takes some other codes for orders (194: reboot the host).

PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
PATH=$PATH:/var/lib/rancher/rke2/bin
LC_ALL=C
NO_COLOR=1
export PATH LC_ALL NO_COLOR
umask 077

# Where an agent in a container sees the host's file system.
ROOT=${VTEPWATCH_ROOT:-}

# There is one kubelet and one flanneld, or two for a moment.
MAX_PROCESSES=20

# The words before a command that asks the kernel, which may hang. What only reads a pipe ends with
# it.
bounded=
if command -v timeout >/dev/null; then bounded='timeout 15'; fi

newline='
'

# Prints who answers, and since when its kernel runs: every answer begins with this.
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

# Prints what is worth knowing of this host beside its tables; `-` stands for what is not known.
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
      *:kubelet) kubelets="$kubelets $process" ;;
      *:flanneld) flannelds="$flannelds $process" ;;
    esac
  done
}

# Root runs them, in the network of the host: anybody may name a process so, and a cluster in
# containers on this host has kubelets and flannelds of its own.
is_of_this_host() {
  # shellcheck disable=SC3013,SC3067 # POSIX since 2024; dash, bash and busybox have long had them.
  [ -O "$1" ] && { [ ! -e "$1/ns/net" ] || [ "$1/ns/net" -ef /proc/self/ns/net ]; }
}

# Sets `node` to the kubelet's own word for this node, else to the host name, `-` if neither is one.
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

# Sets `node` to a name, in lower case as the kubelet makes it, if it is one.
is_node() {
  name=$1
  case $name in *[A-Z]*) name=$(printf '%s\n' "$name" | tr A-Z a-z) ;; esac
  case $name in '' | [!a-z0-9]* | *[!a-z0-9.-]*) return 1 ;; esac
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

# Seconds since the youngest flanneld started: it programs all tables anew when it starts.
flanneld_age() {
  youngest=-
  for process in $flannelds; do
    read -r stat <"$process/stat" || continue
    # shellcheck disable=SC2086 # The fields after the name are to become words.
    set -- ${stat##*) }
    # The start: field 22 of all, in ticks, of which Linux shows every program 100 a second.
    if ! is_number "${20}" || ! is_number "${uptime%.*}"; then continue; fi
    age=$((${uptime%.*} - ${20} / 100))
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

# The number of paths that a pattern stands for, `-` if it stands for none.
count() { if [ -e "$1" ]; then echo $#; else echo -; fi; }

any() { [ -e "$1" ]; }

is_number() { case $1 in '' | *[!0-9]*) return 1 ;; esac; }
