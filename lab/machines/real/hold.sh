# The first process of a machine's namespaces: furnishes them, says `ready`, and holds them until
# its standard input ends, which it does when the lab closes it or dies in whatever way.
#
#   sh hold.sh <host name> <boot id> <title, for whoever reads a process list>

set -eu

printf %s "$1" >/proc/sys/kernel/hostname

# What the machine writes lies in memory, over what the computer has, and goes with the machine.
# /sys is where the memory is mounted for the time being, for every system has that directory.
mount -t tmpfs -o mode=755,size=256m vtepwatch /sys
for directory in etc var/lib usr/local; do
  mkdir -p "/sys/$directory/upper" "/sys/$directory/work"
  mount -t overlay -o "lowerdir=/$directory,upperdir=/sys/$directory/upper,workdir=/sys/$directory/work" \
    vtepwatch "/$directory"
done

# A computer that is itself a node of a cluster, or managed, must not show through.
for directory in etc/cni etc/kubernetes etc/rancher var/lib/amazon var/lib/cni var/lib/kubelet var/lib/rancher; do
  mkdir -p "/$directory"
  mount -t tmpfs -o mode=755 vtepwatch "/$directory"
done

printf '%s\n' "$2" >/sys/boot_id
mount --bind /sys/boot_id /proc/sys/kernel/random/boot_id
umount /sys
mount -t sysfs vtepwatch /sys

# Hosts of a cluster forward for their pods. Duplicate address detection would only make the first
# two seconds different from all others.
echo 1 >/proc/sys/net/ipv4/ip_forward
if [ -e /proc/sys/net/ipv6/conf/default/accept_dad ]; then
  echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
fi

echo ready

# Not `exec`: the first process of a PID namespace inherits orphans, and a waiting shell buries them.
cat >/dev/null
