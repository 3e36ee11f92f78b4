# For tests in bash: claims that are counted, and a network namespace to make them in. To be sourced.
#   SPACE    the name of the namespace, and of the control groups made for it
#   ABOUT    said before each claim; may be empty

BUILD=${NAVARCH_BUILD:-build/release}
NAVARCH=$(readlink -f "$BUILD/bin/navarch")
PASSED=0 FAILED=0 ABOUT=
# What kubectl remembers of a server goes by its address, and other worlds have the same.
export KUBECACHEDIR=/tmp/navarch-kubectl-$$

# inside COMMAND...: runs it in the namespace.
inside() { nsenter --net="/run/netns/$SPACE" "$@"; }

# claim NAME COMMAND...: passes when the command succeeds.
claim() {
  local name=$ABOUT$1 output
  shift
  if output=$("$@" 2>&1); then
    PASSED=$((PASSED + 1)); echo "PASS $name"
  else
    FAILED=$((FAILED + 1)); echo "FAIL $name"; sed 's/^/     /' <<< "$output" | tail -n 12
  fi
}

# within SECONDS COMMAND...: tries until it succeeds.
within() {
  local deadline=$((SECONDS + $1)) output
  shift
  until output=$("$@" 2>&1); do
    [ $SECONDS -lt "$deadline" ] || { echo "$output"; return 1; }
    sleep 0.3
  done
}

# make_world ADDRESS: the namespace, with an address and a default route, so that a machine there has a name of its own.
make_world() {
  ip netns add "$SPACE"
  inside ip link set lo up
  inside ip link add world0 type veth peer name world1
  inside ip addr add "$1/24" dev world0
  inside ip link set world0 up
  inside ip link set world1 up
  inside ip route add default via 192.0.2.1 dev world0
}

# end_world FOLDER: what still runs in the namespace, is mounted below the folder, or has control groups of the namespace's name; then both.
end_world() {
  ip netns pids "$SPACE" 2> /dev/null | xargs -r kill -9 2> /dev/null
  within 5 bash -c "[ -z \"\$(ip netns pids $SPACE 2> /dev/null)\" ]" > /dev/null
  find /sys/fs/cgroup -path "*/$SPACE*/cgroup.procs" -exec cat {} + 2> /dev/null | sort -u | xargs -r kill -9 2> /dev/null
  awk -v place="$1/" 'index($5, place) == 1 {print $5}' /proc/self/mountinfo | sort -r | xargs -r umount -l 2> /dev/null
  ip netns del "$SPACE" 2> /dev/null
  find /sys/fs/cgroup -path "*/$SPACE*" -type d 2> /dev/null | sort -r | xargs -r rmdir 2> /dev/null
  rm -rf --one-file-system "$1" "$KUBECACHEDIR"
}

# import_examples SOCKET: the images of examples/hello.yaml into the containerd that listens there.
import_examples() {
  local tag
  for tag in v1 v2; do
    "$BUILD/examples/make_image" "$BUILD/examples/hello" $tag | inside ctr -a "$1" -n k8s.io images import - || return 1
  done
}

# start_docker FOLDER: a Docker Engine of our own in the namespace, at FOLDER/docker.sock; its process number is in FOLDER/pid.
start_docker() {
  mkdir -p "$1"
  inside dockerd --data-root "$1/data" --exec-root "$1/exec" -H "unix://$1/docker.sock" --pidfile "$1/pid" \
    --bridge=none --iptables=false --ip6tables=false --storage-driver=overlay2 \
    --exec-opt native.cgroupdriver=cgroupfs >> "$1/log" 2>&1 &
  within 30 curl -sf --unix-socket "$1/docker.sock" http://docker/_ping
}

# end_docker FOLDER: asks it to end and waits; kills it, and what it started, if it does not.
end_docker() {
  local pid
  pid=$(cat "$1/pid" 2> /dev/null) && kill "$pid" && within 20 bash -c "! kill -0 $pid 2> /dev/null" > /dev/null
  pgrep -f "$1/" | xargs -r kill -9 2> /dev/null
}
