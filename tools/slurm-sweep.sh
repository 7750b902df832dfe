#!/usr/bin/env bash
# Runs a sweep as a job array of a real Slurm, on this machine alone, and compares its bytes with a local sweep.
#
#   tools/slurm-sweep.sh PROGRAM
#
# Starts munged, slurmctld and two slurmd on loopback, with ports, sockets and folders of their own, and stops them
# again. Installs Debian's munge and slurm-wlm when they are missing. A machine that cannot have them fails, unless
# DRYRACK_SKIP_SLURM=1 says that it need not.
set -euo pipefail
program="$(realpath "${1:?say where the program lies}")"
here="$(cd "$(dirname "$0")/.." && pwd)"

if [ "${DRYRACK_SKIP_SLURM:-}" = 1 ]; then
  echo "Slurm: skipped, as DRYRACK_SKIP_SLURM=1 says"
  exit 0
fi
# The daemons change users and own their folders.
if [ "$(id -u)" != 0 ]; then
  echo "Slurm: needs root; DRYRACK_SKIP_SLURM=1 goes on without" >&2
  exit 1
fi
missing=
for name in munged slurmctld slurmd sbatch scontrol; do command -v "$name" >/dev/null || missing="$missing $name"; done
if [ -n "$missing" ]; then
  echo "Slurm: installing, for want of$missing"
  export DEBIAN_FRONTEND=noninteractive
  # The packages' own daemons would use ports and folders that are not ours.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    policy=/usr/sbin/policy-rc.d
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  if ! { timeout 120 apt-get update -qq && timeout 300 apt-get install -y -qq --no-install-recommends munge slurm-wlm; } \
    >/dev/null 2>&1; then
    echo "Slurm: munge and slurm-wlm cannot be installed here; DRYRACK_SKIP_SLURM=1 goes on without" >&2
    exit 1
  fi
fi

work="$(mktemp -d /tmp/dryrack-slurm-XXXXXX)"
chmod 755 "$work"
daemons=()
stop() {
  status=$?
  # Slurm's own way first: it takes what the daemons started with them.
  SLURM_CONF="$work/slurm.conf" timeout 10 scontrol shutdown >/dev/null 2>&1 || true
  for daemon in "${daemons[@]}"; do kill "$daemon" 2>/dev/null || true; done
  sleep 0.5
  for daemon in "${daemons[@]}"; do kill -9 "$daemon" 2>/dev/null || true; done
  if [ "$status" != 0 ]; then
    for log in "$work"/*.log "$work"/*.parts/slurm-*.out; do
      [ -e "$log" ] && { echo "== $log" >&2; tail -n 15 "$log" >&2; }
    done
  fi
  rm -rf "$work"
  [ -z "${policy:-}" ] || rm -f "$policy"
  exit "$status"
}
trap stop EXIT

read -r control one two < <(python3 - <<'PYTHON'
import socket
sockets = [socket.socket() for _ in range(3)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in sockets])
PYTHON
)
head -c 1024 /dev/urandom >"$work/munge.key"
chmod 400 "$work/munge.key"
host="$(hostname -s)"
mkdir "$work/state" "$work/spool"
cat >"$work/slurm.conf" <<CONFIGURATION
ClusterName=dryrack
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$control
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool/%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd-%n.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=1,sched_interval=2
MpiDefault=none
ReturnToService=2
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$one CPUs=1 State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$two CPUs=1 State=UNKNOWN
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=10 State=UP
CONFIGURATION
export SLURM_CONF="$work/slurm.conf"

munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" \
  --pid-file="$work/munged.pid" --seed-file="$work/munged.seed" --log-file="$work/munged.log" \
  >"$work/munged-words.log" 2>&1 &
daemons+=($!)
for _ in $(seq 100); do [ -S "$work/munge.socket" ] && break; sleep 0.1; done
slurmctld -D -f "$SLURM_CONF" >"$work/slurmctld-words.log" 2>&1 &
daemons+=($!)
for node in n1 n2; do
  slurmd -D -N "$node" -f "$SLURM_CONF" >"$work/slurmd-words-$node.log" 2>&1 &
  daemons+=($!)
done
idle=0
for _ in $(seq 150); do
  idle="$(timeout 5 sinfo --noheader --Node --states=idle --format=%N 2>/dev/null | wc -l || true)"
  [ "$idle" = 2 ] && break
  sleep 0.2
done
[ "$idle" = 2 ] || { echo "Slurm: the two nodes do not come up" >&2; exit 1; }

cp "$here/scenarios/load-curve.yaml" "$work/"
cd "$work"
options=(load-curve.yaml --set duration=1m --set warmup=10s --set workloads.chat.arrivals.rate=2/s..16/s:12log --quiet)
# A threshold that fails, status 1, is an answer.
answer() { local status=0; "$@" || status=$?; [ "$status" -le 1 ] || return "$status"; echo "status $status"; }
answer timeout 120 "$program" sweep "${options[@]}" --out local.csv >local.txt
answer timeout 180 "$program" sweep "${options[@]}" --out array.csv --engine slurm --shards 5 --keep-parts >array.txt
cmp local.csv array.csv
cmp local.txt array.txt
segments="$(find array.csv.parts -name 'shard-*-of-5-*.segment' | wc -l)"
[ "$segments" = 5 ] || { echo "Slurm: $segments of 5 tasks left results" >&2; exit 1; }
nodes="$(grep -l "Launching batch job" slurmd-n?.log | wc -l || true)"
# Once more, with nothing left to run.
answer timeout 180 "$program" sweep "${options[@]}" --out array.csv --engine slurm --shards 5 --resume >again.txt
cmp local.csv array.csv
[ ! -e array.csv.parts ] || { echo "Slurm: the folder of results stays behind" >&2; exit 1; }
echo "Slurm: 12 points in 5 tasks on $nodes nodes, $(wc -c <array.csv) bytes, equal to the local sweep's"
