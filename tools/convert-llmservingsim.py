#!/usr/bin/env python3
"""Converts a kernel profile of LLMServingSim into a kernel table (docs/kernel-table.md).

    convert-llmservingsim.py FOLDER --gpu RTXPRO6000 --model meta-llama/Llama-3.1-8B -o table.csv

FOLDER holds llmservingsim_{dense,attention,per_sequence,moe}.csv.gz: the profiler's files of all accelerators,
models and tensor parallelisms with the columns gpu, model, prec and tp in front. The times are those of the
profile's publishers (github.com/casys-kaist/LLMServingSim, MIT); ask them before you pass a table on.
"""

import argparse
import csv
import gzip
import os
import sys

COLUMNS = ["kind", "layer", "tensor", "tokens", "prefix", "sequences", "context", "time_us"]

LAYERS = {
    "embedding": "embedding",
    "layernorm": "norm",
    "qkv_proj": "qkv",
    "qk_norm": "qk_norm",
    "rotary_emb": "rotary",
    "o_proj": "o",
    "gate_up_proj": "gate_up",
    "act_fn": "activation",
    "down_proj": "down",
    "final_layernorm": "final_norm",
    "lm_head": "lm_head",
    "sampler": "sampler",
}


def rows_of(arguments, name):
    """The rows of one file that belong to the profile asked for; none when there is no such file."""
    path = os.path.join(arguments.folder, f"llmservingsim_{name}.csv.gz")
    if not os.path.exists(path):
        return
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            if row["gpu"] == arguments.gpu and row["model"] == arguments.model and row["prec"] == arguments.precision:
                yield row


def dense(arguments):
    for row in rows_of(arguments, "dense"):
        yield {"kind": "dense", "layer": LAYERS[row["layer"]], "tensor": row["tp"], "tokens": row["tokens"],
               "time_us": row["time_us"]}


def per_sequence(arguments):
    for row in rows_of(arguments, "per_sequence"):
        yield {"kind": "per_sequence", "layer": LAYERS[row["layer"]], "tensor": row["tp"],
               "sequences": row["sequences"], "time_us": row["time_us"]}


def attention(arguments):
    """The profile's `kv_decode` is one sequence's context; a table has that of all of them together."""
    for row in rows_of(arguments, "attention"):
        sequences = int(row["n_decode"])
        entry = {"kind": "attention", "tensor": row["tp"], "time_us": row["time_us"]}
        if int(row["prefill_chunk"]) > 0:
            entry |= {"tokens": row["prefill_chunk"], "prefix": row["kv_prefill"]}
        if sequences > 0:
            entry |= {"sequences": sequences, "context": sequences * int(row["kv_decode"])}
        yield entry


def experts(arguments):
    """For each number of tokens the time on the straight line between the profiled numbers of visited experts, at
    the number expected when each token picks at random: with n experts and k a token, n (1 - (1 - k/n)^tokens)."""
    by_tokens = {}
    for row in rows_of(arguments, "moe"):
        times = by_tokens.setdefault((row["tp"], int(row["tokens"])), {})
        times[int(row["activated_experts"])] = float(row["time_us"])
    for (tensor, tokens), times in by_tokens.items():
        n, k = arguments.experts, arguments.experts_per_token
        visited = n * (1 - (1 - k / n) ** tokens)
        below = max((count for count in times if count <= visited), default=min(times))
        above = min((count for count in times if count >= visited), default=max(times))
        part = 0 if above == below else (visited - below) / (above - below)
        time = times[below] + (times[above] - times[below]) * part
        yield {"kind": "moe", "tensor": tensor, "tokens": tokens, "time_us": f"{time:.6g}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--gpu", required=True, help="such as RTXPRO6000")
    parser.add_argument("--model", required=True, help="such as meta-llama/Llama-3.1-8B")
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--experts", type=int, default=128, help="routed experts of a layer, for models that have them")
    parser.add_argument("--experts-per-token", type=int, default=8)
    parser.add_argument("-o", "--output", help="file to write; standard output when left out")
    arguments = parser.parse_args()

    rows = [row for part in (dense, experts, attention, per_sequence) for row in part(arguments)]
    if not rows:
        sys.exit(f"no profile of {arguments.model} on {arguments.gpu} in {arguments.precision} in {arguments.folder}")
    out = open(arguments.output, "w", newline="") if arguments.output else sys.stdout
    out.write(f"# device: {arguments.gpu}\n# model: {arguments.model}\n# weights: {arguments.precision}\n")
    out.write("# source: LLMServingSim, https://github.com/casys-kaist/LLMServingSim (MIT), vLLM's own kernels\n")
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


if __name__ == "__main__":
    main()
