#!/bin/sh
# Measures a server under every workload of "palabre load" and prints a table:
# the server on one core, the load on another, a fresh server for every row.
#
#   internal/load/table.sh [workload ...]    default: w1 w2 w3 w4 w5 j
#
# SERVER and LOAD are the binaries (default bin/palabre), SERVER_FLAGS more
# flags of the server, DURATION how long each is measured (default 15s),
# ROUNDS how often (default 1), SERVER_CORE and LOAD_CORE where (default 0, 1).
set -eu

load=${LOAD:-bin/palabre}
server=${SERVER:-$load}
work=$(mktemp -d)
pid=
stop() {
	[ -z "$pid" ] || { kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; } || true
	pid=
}
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# start runs a server on free ports and leaves its link in $url.
start() {
	rm -rf "$work/data" && mkdir "$work/data" && : >"$work/out"
	# shellcheck disable=SC2086 # SERVER_FLAGS are words
	taskset -c "${SERVER_CORE:-0}" "$server" serve --http 127.0.0.1:0 --udp 127.0.0.1:0 --data-dir "$work/data" \
		--open-per-ip 100000 --failures-per-ip 100000 --max-people 1000 ${SERVER_FLAGS:-} >"$work/out" 2>"$work/log" &
	pid=$!
	for _ in $(seq 100); do
		url=$(sed -n 's/.* is ready: *//p' "$work/out")
		[ -z "$url" ] || return 0
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	cat "$work/log" >&2
	return 1
}

taskset -c "${LOAD_CORE:-1}" "$load" load --row-heading
for round in $(seq "${ROUNDS:-1}"); do
	for workload in ${*:-w1 w2 w3 w4 w5 j}; do
		start
		taskset -c "${LOAD_CORE:-1}" "$load" load --url "$url" --server-pid "$pid" --workload "$workload" \
			--duration "${DURATION:-15s}" --row 2>"$work/said" || sed "s/^/# $workload: /" "$work/said"
		stop
	done
done
