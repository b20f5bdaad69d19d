# Makes an instance a node of the trial's k3s. The stack puts the assignments of these before it.
set -eu
: "${ROLE:?}" "${K3S_VERSION:?}" "${TOKEN_SECRET:?}" "${REGION:?}" "${LIFE_MINUTES:?}"

# An instance terminates when it shuts down, so a stack that nobody destroys soon costs little.
[ "$LIFE_MINUTES" = 0 ] || shutdown -P "+$LIFE_MINUTES"

# Repeats what may fail while the network comes up, or while the role of the instance is not yet known.
again() {
  tries=1
  until "$@"; do
    [ "$tries" -lt 30 ] || return 1
    tries=$((tries + 1))
    sleep 5
  done
}

fetch_token() {
  aws secretsmanager get-secret-value --region "$REGION" --secret-id "$TOKEN_SECRET" \
    --query SecretString --output text
}

mkdir -p /etc/rancher/k3s
(
  umask 077
  again fetch_token >/etc/rancher/k3s/trial-token
)

# The installer of that release: it installs the release's k3s and compares its checksum.
release=$(printf '%s' "$K3S_VERSION" | sed 's/+/%2B/')
again curl -fsSL -o /root/install-k3s.sh \
  "https://raw.githubusercontent.com/k3s-io/k3s/$release/install.sh"

export INSTALL_K3S_VERSION="$K3S_VERSION" K3S_TOKEN_FILE=/etc/rancher/k3s/trial-token
# Amazon Linux runs SELinux without enforcing it, and k3s without its policy.
export INSTALL_K3S_SKIP_SELINUX_RPM=true
case $ROLE in
  server)
    again sh /root/install-k3s.sh server --disable traefik,servicelb,local-storage
    ;;
  agent)
    export K3S_URL="${SERVER_URL:?}"
    again sh /root/install-k3s.sh agent
    ;;
esac
