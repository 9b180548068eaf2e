#!/usr/bin/env bash
# Installs the PostgreSQL server the tests of the store start, where it is
# missing and this user may install packages.
set -euo pipefail

command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null && exit 0

if ! command -v apt-get >/dev/null; then
  echo "please install PostgreSQL: the tests of the store need it" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo --non-interactive)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
# The tests make clusters of their own; the package shall make none and start nothing.
"${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.d/tests.conf >/dev/null
"${as_root[@]}" apt-get install -q -y --no-install-recommends postgresql
