#!/bin/sh
# Collects what is needed to find out why calico-node is in trouble, and packs it into one tarball.
# It only reads from the cluster. Made by calico-triage gather.
set -u

CLI=@CLI@
NAMESPACE=@NAMESPACE@
PODS=@PODS@
NODES=@NODES@
EXTENSION=@EXTENSION@
EXTRA=@EXTRA@

command -v "$CLI" >/dev/null 2>&1 || { echo "$CLI is not installed or not on the PATH" >&2; exit 2; }
"$CLI" version >/dev/null 2>&1 || { echo "$CLI cannot reach the cluster: log in first" >&2; exit 2; }

STAMP=$(date -u +%Y%m%dT%H%M%SZ)
WORK=$(mktemp -d) || exit 2
OUT="$WORK/calico-gather-$STAMP"
mkdir -p "$OUT" || exit 2
trap 'rm -rf "$WORK"' EXIT

# run FILE COMMAND...: the command's output, errors included, goes to FILE; a failing command is no reason to stop
run() {
  file="$OUT/$1"
  shift
  echo "+ $*" >&2
  "$@" >"$file" 2>&1 || echo "  (failed, its message is kept)" >&2
}

if [ -z "$NAMESPACE" ]; then
  NAMESPACE=kube-system
  if [ -n "$("$CLI" get pods -n calico-system -l k8s-app=calico-node -o name 2>/dev/null)" ]; then
    NAMESPACE=calico-system
  fi
fi

run nodes.txt "$CLI" get nodes -o wide --show-labels
run pods.txt "$CLI" get pods -A -o wide
run daemonsets.txt "$CLI" get daemonsets -A
run deployments.txt "$CLI" get deployments -A
run events.txt "$CLI" get events -A
run describe-daemonset.txt "$CLI" describe daemonset -n "$NAMESPACE" calico-node

# without names: every calico-node pod that is not ready, five at the most
if [ -z "$PODS" ]; then
  PODS=$("$CLI" get pods -n "$NAMESPACE" -l k8s-app=calico-node --no-headers 2>/dev/null |
    awk '{ split($2, part, "/"); if (part[1] != part[2] || $3 != "Running") print $1 }' | head -n 5)
fi
if [ -z "$PODS" ]; then
  PODS=$("$CLI" get pods -n "$NAMESPACE" -l k8s-app=calico-node --no-headers 2>/dev/null | awk 'NR == 1 { print $1 }')
fi

for pod in $PODS; do
  run "$pod-describe.txt" "$CLI" describe pod -n "$NAMESPACE" "$pod"
  run "$pod.log" "$CLI" logs -n "$NAMESPACE" "$pod" -c calico-node --timestamps
  run "$pod-previous.log" "$CLI" logs -n "$NAMESPACE" "$pod" -c calico-node --previous --timestamps
  run "$pod-cni.log" "$CLI" logs -n "$NAMESPACE" "$pod" -c install-cni --timestamps
  if [ "$EXTENSION" = calico-node ]; then
    run "$pod-ext.log" "$CLI" logs -n kube-system "$pod" -c calico-extension --timestamps
  fi
  run "$pod-bird.txt" "$CLI" exec -n "$NAMESPACE" "$pod" -c calico-node -- birdcl -s /var/run/calico/bird.ctl show protocols all
  run "$pod-routes.txt" "$CLI" exec -n "$NAMESPACE" "$pod" -c calico-node -- ip route
  node=$("$CLI" get pod -n "$NAMESPACE" "$pod" -o 'jsonpath={.spec.nodeName}' 2>/dev/null)
  case " $NODES " in
    *" $node "*) ;;
    *) NODES="$NODES $node" ;;
  esac
done

for node in $NODES; do
  run "describe-node-$node.txt" "$CLI" describe node "$node"
  if [ "$EXTENSION" = ibm-keepalived-watcher ]; then
    watcher=$("$CLI" get pods -n kube-system -o wide --field-selector "spec.nodeName=$node" --no-headers 2>/dev/null |
      awk '/^ibm-keepalived-watcher/ { print $1; exit }')
    if [ -n "$watcher" ]; then
      run "$watcher-ext.log" "$CLI" logs -n kube-system "$watcher" -c calico-extension --timestamps
    fi
  fi
done

for typha in $("$CLI" get pods -n "$NAMESPACE" -l k8s-app=calico-typha -o name 2>/dev/null); do
  name=${typha#pod/}
  run "$name-describe.txt" "$CLI" describe pod -n "$NAMESPACE" "$name"
  run "$name.log" "$CLI" logs -n "$NAMESPACE" "$name" --timestamps --tail 20000
done

if [ "$NAMESPACE" = calico-system ]; then
  run tigerastatus.yaml "$CLI" get tigerastatus -o yaml
  run installation.yaml "$CLI" get installations.operator.tigera.io -o yaml
  run tigera-operator.log "$CLI" logs -n tigera-operator deployment/tigera-operator --timestamps --tail 20000
fi
for kind in bgpconfigurations bgppeers ippools felixconfigurations globalnetworkpolicies hostendpoints; do
  run "$kind.yaml" "$CLI" get "$kind.crd.projectcalico.org" -o yaml
done
for command in $EXTRA; do
  case $command in
    webhooks) run webhooks.txt "$CLI" get mutatingwebhookconfigurations,validatingwebhookconfigurations ;;
    secrets) run secrets.txt "$CLI" get secrets -A --field-selector metadata.name=calico-bgp-password ;;
  esac
done

TARBALL="calico-gather-$STAMP.tar.gz"
tar -czf "$TARBALL" -C "$WORK" "calico-gather-$STAMP" || exit 1
echo "$TARBALL"
