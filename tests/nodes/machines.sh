# Machines of a cluster: network namespaces on a bridge that has one of its own. To be sourced after common/world.sh.
#   SPACE    what the names of all of them begin with
#   PLACE    the folder of the test; each machine has one below it

MACHINES=()

# on MACHINE COMMAND...: runs it there.
on() { nsenter --net="/run/netns/$SPACE-$1" "${@:2}"; }

make_bridge() {
  ip netns add "$SPACE-net"
  on net ip link add lan type bridge
  on net ip link set lan up
}

# machine NAME NUMBER: with the addresses 192.0.2.NUMBER and 2001:db8::NUMBER.
machine() {
  ip netns add "$SPACE-$1"
  MACHINES+=("$1")
  mkdir -p "$PLACE/$1"
  on "$1" ip link set lo up
  on net ip link add name "$1" type veth peer name lan0 netns "$SPACE-$1"
  on net ip link set dev "$1" master lan up
  on "$1" ip link set lan0 up
  on "$1" ip addr add "192.0.2.$2/24" dev lan0
  on "$1" ip addr add "2001:db8::$2/64" dev lan0 nodad
  on "$1" ip route add default via 192.0.2.1
  on "$1" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
}

# start MACHINE NAME COMMAND...: in the background, its log beside; its process number is in MACHINE/NAME.pid.
start() {
  nsenter --net="/run/netns/$SPACE-$1" "${@:3}" >> "$PLACE/$1/$2.log" 2>&1 &
  echo $! > "$PLACE/$1/$2.pid"
  disown
}
kill_part() { kill -9 "$(cat "$PLACE/$1/$2.pid")" 2> /dev/null; }  # MACHINE NAME

# Everything that runs on the machines, and all of them.
end_machines() {
  local one all=$SPACE
  for one in "${MACHINES[@]}" net; do SPACE=$all-$one end_world "$PLACE/$one"; done
  SPACE=$all
  rm -rf --one-file-system "$PLACE"
}

# join MACHINE PROXY-MODE: makes a node of it by the commands of docs/nodes.md. ADMIN is the administrator's kubeconfig,
# TOKEN a bootstrap token, SERVER the API server's URL, KEYS the cluster's folder of keys.
join() {
  local at=$PLACE/$1 config=$PLACE/$1/bootstrap.conf
  on "$1" curl -sk "$SERVER/api/v1/namespaces/kube-public/configmaps/cluster-info" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["kubeconfig"])' > "$config" || return 1
  python3 - "$config" > "$at/ca.crt" << 'END' || return 1
import base64, re, sys
print(base64.b64decode(re.search("certificate-authority-data: (\\S+)", open(sys.argv[1]).read())[1]).decode(), end="")
END
  on "$1" kubectl config --kubeconfig="$config" set-cluster navarch --server="$SERVER" --certificate-authority="$at/ca.crt" --embed-certs &&
    on "$1" kubectl config --kubeconfig="$config" set-credentials joining --token="$TOKEN" &&
    on "$1" kubectl config --kubeconfig="$config" set-context joining --cluster=navarch --user=joining &&
    on "$1" kubectl config --kubeconfig="$config" use-context joining || return 1
  cat > "$at/kubelet.yaml" << END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: $at/ca.crt}}
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
rotateCertificates: true
cgroupRoot: /$SPACE-$1
podLogsDir: $at/pods
END
  start_kubelet "$1"
  start "$1" proxy "$NAVARCH" proxy --kubeconfig="$KEYS/proxy.conf" --hostname-override="$1" --cluster-cidr=10.244.0.0/16 --pod-routes --proxy-mode="$2"
}
start_kubelet() {
  local at=$PLACE/$1
  start "$1" kubelet "$NAVARCH" kubelet --config="$at/kubelet.yaml" --bootstrap-kubeconfig="$at/bootstrap.conf" --kubeconfig="$at/kubelet.conf" \
    --cert-dir="$at/pki" --root-dir="$at/kubelet" --hostname-override="$1" --container-log-dir= --private-containerd
}
