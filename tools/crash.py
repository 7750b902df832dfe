#!/usr/bin/env python3
"""Kills sweeps at random moments and checks that nothing is lost and nothing comes twice.

A sweep runs once, undisturbed, in a single job. Then its three shards run side by side in one folder, each killed
(-9) at random moments and resumed, until as many kills as asked for have hit and every shard has come to its end.
Their merged table must be the undisturbed one to the byte, long and wide; so must that of a whole sweep, not
sharded, that is killed while it writes its table.

  tools/crash.py --program PATH [--kills 300] [--seed N]
"""

import argparse
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

SHARDS = 3
# Points of a few milliseconds, so that a kill finds records being written, not only runs.
SCENARIO = """\
version: 1
name: crash
duration: 20s
replications: 2
workloads:
  chat:
    kind: inference
    model: llama-3.1-8b
    arrivals: { process: poisson, rate: 2/s }
    prompt-tokens: { distribution: lognormal, mean: 800, cv: 1, max: 8192 }
    output-tokens: { distribution: lognormal, mean: 60, cv: 0.8, max: 512 }
    slo: { ttft: 500ms, tpot: 30ms }
designs:
  one-gpu:
    sites: { dc: { kind: on-prem, electricity: 0.12 USD/kWh } }
    pools: { gpu: { site: dc, node: { accelerator: h100-sxm, accelerators: 1 }, count: 1, purchase: { price: 42000 USD, life: 4y } } }
    services: { chat: { workload: chat, pool: gpu, replicas: 1 } }
sweep:
  method: latin-hypercube
  points: POINTS
  parameters:
    workloads.chat.arrivals.rate: { from: 1/s, to: 20/s, scale: log }
    workloads.chat.prompt-tokens.mean: { from: 100, to: 2000 }
    designs.one-gpu.pools.gpu.count: { from: 1, to: 8 }
"""


def sweep(program, folder, out, *options):
    command = [program, "sweep", folder / "crash.yaml", "--out", out, "--quiet", *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process, what):
    words = process.communicate(timeout=600)[1].decode()
    if process.returncode != 0:
        sys.exit(f"FAILED: {what}: exit status {process.returncode}: {words}")


def killed(program, folder, out, options, draw, span):
    """Starts a sweep and kills it after a random time; whether the kill came before its end, and that end."""
    process = sweep(program, folder, out, *options)
    try:
        words = process.communicate(timeout=draw.uniform(0, span))[1]
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        words = process.communicate()[1]
    if process.returncode == -signal.SIGKILL:
        return True
    if process.returncode != 0:
        sys.exit(f"FAILED: {' '.join(options)}: exit status {process.returncode}: {words.decode()}")
    return False


def compare(expected, path, what):
    if path.read_bytes() != expected:
        sys.exit(f"FAILED: {what} differs from the undisturbed table; {path} is left for you to see")


def merge(program, folder, out, *options):
    command = [program, "merge", folder / "shards.csv.parts", "--out", out, "--quiet", *options]
    return subprocess.run(command, capture_output=True, check=False, timeout=600)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--kills", default=300, type=int, help="over all shards")
    parser.add_argument("--seed", default=None, type=int)
    parser.add_argument("--points", default=None, type=int, help="of the sweep; by the number of kills otherwise")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}: repeat with --seed {seed} --kills {arguments.kills}", flush=True)
    draw = random.Random(seed)
    program = arguments.program.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dryrack-crash-"))
    points = arguments.points or max(60, 8 * arguments.kills)
    (folder / "crash.yaml").write_text(SCENARIO.replace("POINTS", str(points)))

    started = time.perf_counter()
    finish(sweep(program, folder, folder / "whole.csv"), "the undisturbed sweep")
    undisturbed = time.perf_counter() - started
    finish(sweep(program, folder, folder / "wide.csv", "--wide"), "the undisturbed wide sweep")
    long_table, wide_table = (folder / "whole.csv").read_bytes(), (folder / "wide.csv").read_bytes()

    # Short enough that the work lasts for all kills, long enough that some starts get somewhere.
    span = max(0.05, min(2.0, undisturbed / SHARDS))
    kills, rounds = 0, 0
    unfinished = list(range(SHARDS))
    while kills < arguments.kills:
        rounds += 1
        if not unfinished:
            # All is done and kills are left to give: what is finished must stand being started and killed again.
            unfinished = list(range(SHARDS))
        shard = draw.choice(unfinished)
        options = ["--shard", f"{shard}/{SHARDS}", "--resume", "--jobs", str(draw.choice([1, 2]))]
        others = [s for s in range(SHARDS) if s != shard and draw.random() < 0.3]
        beside = [sweep(program, folder, folder / "shards.csv", "--shard", f"{s}/{SHARDS}", "--resume") for s in others]
        if killed(program, folder, folder / "shards.csv", options, draw, span):
            kills += 1
        else:
            unfinished.remove(shard)
        for process in beside:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += process.returncode == -signal.SIGKILL
    merged = merge(program, folder, folder / "early.csv")
    print(f"{kills} kills in {rounds} rounds; then {merged.stdout.decode().splitlines()[0]}", flush=True)
    for shard in range(SHARDS):
        finish(sweep(program, folder, folder / "shards.csv", "--shard", f"{shard}/{SHARDS}", "--resume"), f"shard {shard}")
    for attempt in range(2):
        for name, options, expected in (("merged.csv", [], long_table), ("merged-wide.csv", ["--wide"], wide_table)):
            result = merge(program, folder, folder / name, *options)
            if result.returncode != 0:
                sys.exit(f"FAILED: merge {attempt}: status {result.returncode}: {result.stdout.decode()}")
            compare(expected, folder / name, name)

    whole = 0
    for _ in range(max(5, arguments.kills // 10)):
        whole += killed(program, folder, folder / "again.csv", ["--resume", "--jobs", "2"], draw, min(5.0, undisturbed))
    finish(sweep(program, folder, folder / "again.csv", "--resume"), "the resumed sweep")
    compare(long_table, folder / "again.csv", "the resumed table")
    subprocess.run(["rm", "-rf", folder], check=True)
    print(f"{points} points, {len(long_table)} bytes: equal after {kills} kills of shards and {whole} of the whole sweep")


if __name__ == "__main__":
    main()
