#!/usr/bin/env python3
"""Replays a recorded run of a real server through dryrack, with its own GPU's kernel table, and prints the errors.

    compare-request-replay.py DATA --dryrack .build/release/dryrack

DATA holds inference/requests (a run of vLLM 0.19 on an RTX PRO 6000, recorded by LLMServingSim's authors request by
request) and kernels (their profile of the same GPU). Nothing is fitted: lengths and arrivals are replayed, the limits
are the engine's arguments, the host time of a step is read off the engine's own clock, as said below.
"""

import argparse
import csv
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

RUN = "RTXPRO6000_Llama-3.1-8B.requests.jsonl.gz"
SCENARIO = """
version: 1
name: replay
workloads:
  chat:
    kind: inference
    model: llama-3.1-8b
    trace: { file: requests.jsonl.gz, format: vllm-requests }
designs:
  recorded:
    sites: { lab: { kind: on-prem } }
    pools:
      gpu: { site: lab, node: { accelerator: rtx-pro-6000, accelerators: 1 }, count: 1, purchase: { price: 10000 USD } }
    services:
      chat:
        workload: chat
        pool: gpu
        engine: vllm
        replicas: 1
        max-sequences: 128
        max-batched-tokens: 2048
        latency: { table: table.csv%s }
"""
STATISTICS = ["mean", "p10", "p25", "p50", "p75", "p90", "p95", "p99"]


def quantile(values, part):
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = int(place)
    return ordered[low] + (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) * (place - low)


def summary(values):
    return [statistics.mean(values)] + [quantile(values, int(name[1:]) / 100) for name in STATISTICS[1:]]


def measured(requests):
    """The wall clock of arrivals and the monotonic clock of the rest differ by an unknown constant: the quickest
    hand-over of all requests is taken as instantaneous."""
    offset = min(one["queued_ts"] - one["arrival_time"] for one in requests)
    sent = [one["arrival_time"] + offset for one in requests]
    return {
        "TTFT": [one["first_token_ts"] - start for one, start in zip(requests, sent)],
        "TPOT": [(one["last_token_ts"] - one["first_token_ts"]) / (one["output_toks"] - 1) for one in requests],
        "E2E": [one["last_token_ts"] - start for one, start in zip(requests, sent)],
    }


def host_seconds(requests):
    """Host time between two steps: from the newest token that was out to the moment when a request that had waited
    for it was scheduled; the middle one."""
    outputs = sorted(one[key] for one in requests for key in ("first_token_ts", "last_token_ts"))
    gaps = [one["scheduled_ts"] - max(time for time in outputs if time < one["scheduled_ts"])
            for one in requests if one["scheduled_ts"] - one["queued_ts"] > 0.001]
    return statistics.median(gaps)


def simulate(dryrack, folder, overheads):
    scenario = os.path.join(folder, "replay.yaml")
    with open(scenario, "w", encoding="utf-8") as file:
        file.write(SCENARIO % overheads)
    rows = os.path.join(folder, "simulated.csv")
    subprocess.run([dryrack, "run", scenario, "--quiet", "--requests", rows], check=True, stdout=subprocess.DEVNULL)
    with open(rows, newline="", encoding="utf-8") as file:
        requests = list(csv.DictReader(file))
    columns = {"TTFT": "ttft_s", "TPOT": "tpot_s", "E2E": "e2e_s"}
    return {name: [float(row[column]) for row in requests] for name, column in columns.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--dryrack", default=".build/release/dryrack")
    arguments = parser.parse_args()
    source = os.path.join(arguments.data, "inference", "requests", RUN)
    with gzip.open(source, "rt", encoding="utf-8") as file:
        requests = [json.loads(line) for line in file]
    host = host_seconds(requests)
    variants = [
        (f"host {host * 1e6:.0f} us a step, of the recording",
         f", step-overhead: {host * 1e6}us, layer-overhead: 0s, sequence-overhead: 0s, front-end: 0s"),
        ("no host time", ", step-overhead: 0s, layer-overhead: 0s, sequence-overhead: 0s, front-end: 0s"),
        ("the engine preset's host times", ""),
    ]
    truth = measured(requests)
    print("| | " + " | ".join(STATISTICS) + " |")
    print("|---" * (len(STATISTICS) + 1) + "|")
    for name, values in truth.items():
        print(f"| measured {name} [s] | " + " | ".join(f"{value:.4g}" for value in summary(values)) + " |")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(source, os.path.join(folder, "requests.jsonl.gz"))
        converter = os.path.join(os.path.dirname(os.path.abspath(__file__)), "convert-llmservingsim.py")
        subprocess.run(
            [sys.executable, converter, os.path.join(arguments.data, "kernels"), "--gpu", "RTXPRO6000", "--model",
             "meta-llama/Llama-3.1-8B", "-o", os.path.join(folder, "table.csv")], check=True)
        for title, overheads in variants:
            simulated = simulate(arguments.dryrack, folder, overheads)
            for name in truth:
                errors = [(ours / theirs - 1) * 100
                          for ours, theirs in zip(summary(simulated[name]), summary(truth[name]))]
                print(f"| {title}: {name} error | " + " | ".join(f"{error:+.1f} %" for error in errors) + " |")


if __name__ == "__main__":
    main()
