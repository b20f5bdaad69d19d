# Prints the records `daemonset` (wire.ts) of a DaemonSetList: those by whose names a CNI is known, in the
# namespaces of one. Whatever else the list holds is of no concern here.

BEGIN {
  LIST_KIND = "DaemonSetList"
  MAX_DAEMONSETS = 6
  leads("meta", "name namespace", "string")
  leads("spec", "updateStrategy", "object", "strategy")
  leads("strategy", "type", "string")
  leads("strategy", "rollingUpdate", "object", "rolling")
  leads("rolling", "maxUnavailable", "scalar")
}

function object_begun(place) {}
function object_ended(place) {}
function taken(place, text) { return 0 }

function item_ended(    name, space, strategy, most) {
  name = value["meta name"]
  space = value["meta namespace"]
  strategy = value["strategy type"]
  most = value["rolling maxUnavailable"]
  if (is_wrong || name !~ /flannel|canal|calico/ || !is_name(name)) return
  if (space !~ /^(kube-system|kube-flannel|calico-system)$/) return
  if (length(name) > 63) return
  if (strategy !~ /^(RollingUpdate|OnDelete)$/ || most !~ /^([0-9]+%?)?$/ || length(most) > 9) return
  if (++found <= MAX_DAEMONSETS)
    line[found] = "daemonset " space " " name " " strategy " " (most == "" ? "-" : most)
}

function list_ended(version, count,    i) {
  for (i = 1; i <= found && i <= MAX_DAEMONSETS; i++) print line[i]
}
