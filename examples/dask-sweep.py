#!/usr/bin/env python3
"""Runs the shards of a sweep on the workers of a Dask cluster, and merges their results.

Every task starts `dryrack sweep --shard I/N --resume`; one that Dask starts again, because its worker was lost, goes
on where the first was stopped. The folder of the results must be one that all workers see.

  pip install distributed
  examples/dask-sweep.py --program dryrack --shards 8 chat.yaml --out results.csv
  examples/dask-sweep.py --scheduler tcp://10.0.0.7:8786 --shards 64 chat.yaml --out results.csv -- --jobs 4
"""

import argparse
import os
import subprocess
import sys

from distributed import Client, LocalCluster, as_completed


def shard(program, scenario, out, index, count, options):
    """One shard, on a worker. Thresholds that fail are status 1, and an answer."""
    command = [program, "sweep", scenario, "--out", out, "--shard", f"{index}/{count}", "--resume", "--quiet", *options]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode not in (0, 1):
        raise RuntimeError(f"shard {index}: exit status {result.returncode}: {result.stderr}")
    return index


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario")
    parser.add_argument("--out", required=True)
    parser.add_argument("--program", default="dryrack", help="where the workers find it")
    parser.add_argument("--shards", default=4, type=int)
    parser.add_argument("--scheduler", help="address of a cluster; two workers on this machine otherwise")
    parser.epilog = "What follows -- are further options of `dryrack sweep`."
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    arguments, options = parser.parse_args(words[:cut]), words[cut + 1 :]
    scenario, out = os.path.abspath(arguments.scenario), os.path.abspath(arguments.out)

    if arguments.scheduler:
        cluster, client = None, Client(arguments.scheduler)
    else:
        cluster = LocalCluster(host="127.0.0.1", n_workers=2, threads_per_worker=1, dashboard_address=None)
        client = Client(cluster)
    try:
        tasks = [
            client.submit(
                shard, arguments.program, scenario, out, index, arguments.shards, options, retries=3, pure=False
            )
            for index in range(arguments.shards)
        ]
        for done, task in enumerate(as_completed(tasks), 1):
            print(f"shard {task.result()} is done, {done} of {arguments.shards}", file=sys.stderr)
    finally:
        client.close()
        if cluster:
            cluster.close()
    merge = [arguments.program, "merge", f"{out}.parts", "--out", out]
    sys.exit(subprocess.run(merge, check=False).returncode)


if __name__ == "__main__":
    main()
