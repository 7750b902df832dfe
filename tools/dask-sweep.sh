#!/usr/bin/env bash
# Runs examples/dask-sweep.py on two Dask workers of this machine and compares its bytes with a local sweep.
#
#   tools/dask-sweep.sh PROGRAM
#
# Installs distributed into an environment of its own, by pip; DRYRACK_SKIP_DASK=1 goes on without.
set -euo pipefail
program="$(realpath "${1:?say where the program lies}")"
here="$(cd "$(dirname "$0")/.." && pwd)"
if [ "${DRYRACK_SKIP_DASK:-}" = 1 ]; then
  echo "Dask: skipped, as DRYRACK_SKIP_DASK=1 says"
  exit 0
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
if ! timeout 300 "$work/venv/bin/pip" install --quiet --disable-pip-version-check distributed==2025.7.0; then
  echo "Dask: distributed cannot be installed here; DRYRACK_SKIP_DASK=1 goes on without" >&2
  exit 1
fi
cp "$here/scenarios/load-curve.yaml" "$work/"
cd "$work"
options=(--set duration=1m --set warmup=10s --set workloads.chat.arrivals.rate=2/s..16/s:8log)
answer() { local status=0; "$@" || status=$?; [ "$status" -le 1 ] || return "$status"; }
answer timeout 120 "$program" sweep load-curve.yaml "${options[@]}" --quiet --out local.csv >/dev/null
answer timeout 300 "$work/venv/bin/python" "$here/examples/dask-sweep.py" --program "$program" --shards 4 load-curve.yaml \
  --out dask.csv -- "${options[@]}" >dask.txt 2>dask.log || { cat dask.txt dask.log >&2; exit 1; }
cmp local.csv dask.csv
echo "Dask: $(head -n 1 dask.txt) in 4 shards on 2 workers, $(wc -c <dask.csv) bytes, equal to the local sweep's"
