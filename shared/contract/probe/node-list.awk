# Prints the records `node` and `unknown` (wire.ts) of a NodeList, and behind them
#
#   end RESOURCE-VERSION COUNT
#
# Without that line the rest is worth nothing. A node with a value outside its grammar is unknown. One
# without a valid name is counted only.

BEGIN {
  LIST_KIND = "NodeList"
  MAX_ADDRESSES = 16
  MAX_CIDRS = 2
  cidrs = addresses = 0

  leads("item", "status", "object", "status")
  leads("meta", "name uid creationTimestamp", "string")
  leads("meta", "labels", "object", "labels")
  leads("meta", "annotations", "object", "annotations")
  leads("labels", "node-role.kubernetes.io/control-plane node-role.kubernetes.io/master" \
    " topology.kubernetes.io/zone failure-domain.beta.kubernetes.io/zone", "string")
  FLANNEL = "flannel.alpha.coreos.com/"
  CALICO = "projectcalico.org/"
  count = split("backend-type backend-data backend-v6-data public-ip public-ip-overwrite" \
    " public-ipv6 public-ipv6-overwrite", word, " ")
  for (i = 1; i <= count; i++) leads("annotations", FLANNEL word[i], "string")
  count = split("IPv4VXLANTunnelAddr IPv4Address IPv6VXLANTunnelAddr IPv6Address", word, " ")
  for (i = 1; i <= count; i++) leads("annotations", CALICO word[i], "string")
  leads("spec", "podCIDR providerID", "string")
  leads("spec", "unschedulable", "boolean")
  leads("spec", "podCIDRs", "array", "podCIDRs")
  element["podCIDRs"] = "cidr"; shape["cidr"] = "string"
  leads("status", "addresses", "array", "addresses")
  element["addresses"] = "address"; shape["address"] = "{"
  leads("address", "type address", "string")
}

function object_begun(place) {
  if (place == "item") cidrs = addresses = 0
  else if (place == "address") { type = address = ""; fields = 0 }
}

function object_ended(place) {
  if (place != "address") return
  if (fields < 2) is_wrong = 1
  else if (type == "InternalIP" && ++addresses <= MAX_ADDRESSES) internal[addresses] = address
}

function taken(place, text) {
  if (place == "cidr") { if (++cidrs <= MAX_CIDRS) cidr[cidrs] = text }
  else if (place == "address type") { type = text; fields++ }
  else if (place == "address address") { address = text; fields++ }
  else return 0
  return 1
}

function item_ended(    name, line) {
  name = value["meta name"]
  if (!is_name(name)) return
  if (name in printed) { broken = 1; return }
  printed[name] = 1
  line = name " " uid(value["meta uid"]) " " time(value["meta creationTimestamp"]) \
    " " instance(value["spec providerID"]) " " internal_ips() " " pod_cidrs() \
    " " flannel() " " calico() " " role() " " zone() \
    " " (value["spec unschedulable"] == "true" ? "off" : "-")
  print is_wrong ? "unknown " name : "node " line
}

function list_ended(version, count) { print "end " version " " count }

function unless(valid, text) {
  if (valid) return text
  is_wrong = 1
  return "-"
}

function uid(text) {
  return unless(length(text) == 36 && text ~ /^[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$/ && \
    substr(text, 9, 1) substr(text, 14, 1) substr(text, 19, 1) substr(text, 24, 1) == "----", text)
}

function time(text) {
  return unless(text ~ /^[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$/, text)
}

# aws:///eu-west-1a/i-0123456789abcdef0
function instance(text,    last) {
  if (text == "") return "-"
  last = text
  sub(/^.*\//, "", last)
  return unless(length(text) < 512 && text ~ /^[a-z][a-z0-9+.-]*:\/\/[!-~]+$/ && \
    last ~ /^[A-Za-z0-9][A-Za-z0-9._-]*$/, last)
}

function internal_ips(    list, i) {
  if (addresses > MAX_ADDRESSES) return unless(0)
  for (i = 1; i <= addresses; i++) list = list (i > 1 ? "," : "") ip(internal[i])
  return list == "" ? "-" : list
}

function pod_cidrs(    list, i, first) {
  if (cidrs > MAX_CIDRS) return unless(0)
  for (i = 1; i <= cidrs; i++) list = list (i > 1 ? "," : "") prefix(cidr[i])
  first = value["spec podCIDR"]
  if (first == "") return list == "" ? "-" : list
  if (cidrs) return unless(first == cidr[1], list)
  return prefix(first)
}

function flannel(    type) {
  type = annotation(FLANNEL "backend-type")
  if (type != "") type = unless(length(type) < 33 && type ~ /^[a-z0-9-]+$/, type)
  return dash(type) " " mac(type, annotation(FLANNEL "backend-data")) \
    " " dash_ip(annotation(FLANNEL "public-ip"), 4) \
    " " dash_ip(annotation(FLANNEL "public-ip-overwrite"), 4) \
    " " mac(type, annotation(FLANNEL "backend-v6-data")) \
    " " dash_ip(annotation(FLANNEL "public-ipv6"), 6) \
    " " dash_ip(annotation(FLANNEL "public-ipv6-overwrite"), 6)
}

function calico() {
  return dash_ip(annotation(CALICO "IPv4VXLANTunnelAddr"), 4) \
    " " dash_prefix(annotation(CALICO "IPv4Address"), 4) \
    " " dash_ip(annotation(CALICO "IPv6VXLANTunnelAddr"), 6) \
    " " dash_prefix(annotation(CALICO "IPv6Address"), 6)
}

function annotation(name) { name = "annotations " name; return name in value ? value[name] : "" }
function dash(text) { return text == "" ? "-" : text }

# {"VNI":1,"VtepMAC":"8a:11:11:11:11:02"}: flat, as flannel writes it. Other backends write other things.
function mac(type, data,    n) {
  if (type != "vxlan" || data == "" || data == "null") return "-"
  if (data !~ /^\{"[A-Za-z]+":("[^"\\]*"|0|[1-9][0-9]*|null|true|false)(,"[A-Za-z]+":("[^"\\]*"|0|[1-9][0-9]*|null|true|false))*\}$/)
    return unless(0)
  # Without backslashes a quoted word before a colon is a key only behind `{` or `,` of the object.
  n = macs_in(data)
  return unless(n == 1, found)
}

# Sets `found` to the last MAC and returns how many keys are called VtepMAC; 9 if one is no MAC.
function macs_in(data,    part, parts, i, n) {
  parts = split(data, part, "\"")
  for (i = 2; i < parts; ) {
    # part[i] is a key. Behind it is `:`, or `:1,` and then the next key, or `:1}`.
    if (part[i + 1] != ":") {
      if (part[i] == "VtepMAC") return 9
      i += 2
      continue
    }
    if (part[i] == "VtepMAC") {
      n++
      found = tolower(part[i + 2])
      if (found !~ /^[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]$/) return 9
    }
    i += 4
  }
  return n + 0
}

function role() {
  return ("labels node-role.kubernetes.io/control-plane" in value) || \
    ("labels node-role.kubernetes.io/master" in value) ? "master" : "-"
}

function zone(    text) {
  text = value["labels topology.kubernetes.io/zone"]
  if (text == "") text = value["labels failure-domain.beta.kubernetes.io/zone"]
  if (text == "") return "-"
  return unless(length(text) < 64 && text ~ /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, text)
}

function ip(text) { return unless(family(text), tolower(text)) }
function dash_ip(text, wanted) { return text == "" ? "-" : unless(family(text) == wanted, tolower(text)) }
function dash_prefix(text, wanted) { return text == "" ? "-" : unless(prefix_family(text) == wanted, tolower(text)) }
function prefix(text) { return unless(prefix_family(text), tolower(text)) }

function prefix_family(text,    at, size, kind) {
  at = index(text, "/")
  if (!at) return 0
  size = substr(text, at + 1)
  kind = family(substr(text, 1, at - 1))
  if (!kind || size !~ /^(0|[1-9][0-9]?[0-9]?)$/ || size + 0 > (kind == 4 ? 32 : 128)) return 0
  return kind
}

# 4 or 6, or 0 for what is no address. An IPv6 address that ends in the form of IPv4 is none here.
function family(text,    part, parts, i) {
  if (length(text) > 39) return 0
  if (text ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/) {
    split(text, part, ".")
    for (i = 1; i <= 4; i++) if (part[i] !~ /^(0|[1-9][0-9]?[0-9]?)$/ || part[i] + 0 > 255) return 0
    return 4
  }
  if (text !~ /^[0-9A-Fa-f:]+$/ || text !~ /:/ || text ~ /:::|::.*::|^:[^:]|[^:]:$/) return 0
  if (text ~ /[0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f]/) return 0
  parts = split(text, part, ":")
  if (text ~ /::/) {
    i = 0
    while (parts) if (part[parts--] != "") i++
    return i < 8 ? 6 : 0
  }
  return parts == 8 ? 6 : 0
}
