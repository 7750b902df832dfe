#!/usr/bin/env python3
"""Distils published kernel times into the coefficients of the roofline model.

usage: distil-kernels.py KERNELS [OUT.csv]

KERNELS is a folder of kernel tables (aic_*.csv.gz, llmservingsim_*.csv.gz). The forms fitted, with times in
seconds, m tokens, an n x k weight, and fractions of the accelerator's peak rate P and bandwidth B:

  GEMM       launch + |(C, M)|_p   C = 2 k (m n + ramp) / (P compute) + activation m (n + k) / B
                                   M = (weight bytes + 2 m (n + k)) / (B memory)
  experts    the same over the experts that T tokens are expected to reach, `ramp` tokens each
  prefill    latency + 4 heads d (pairs + ramp tokens) / (P compute)
  decode     latency + per-sequence S + KV bytes / (B memory)
  MLA        as prefill and decode, with the latent width
  all-reduce the faster of the custom kernel in a captured graph and NCCL, at powers of four

Errors are relative, over every row fitted. All fits minimise a soft-L1 loss of log time.
"""
import csv
import gzip
import os
import sys
from collections import defaultdict

import numpy as np
from scipy.optimize import least_squares

# Dense bf16 FLOP/s, and HBM B/s, that the fractions refer to; factors of other precisions follow.
PEAKS = {
    "a100-sxm-80gb": (312e12, 2.0e12), "h100-sxm": (989e12, 3.35e12), "h200-sxm": (989e12, 4.8e12),
    "b200-sxm": (2250e12, 8e12), "gb200": (2500e12, 8e12), "l40s": (362e12, 0.864e12),
    "rtx-pro-6000": (467.8e12, 1.792e12), "rtx-4090": (165e12, 1.008e12),
}
NAMES = {
    "a100_sxm": "a100-sxm-80gb", "h100_sxm": "h100-sxm", "h200_sxm": "h200-sxm", "b200_sxm": "b200-sxm",
    "gb200": "gb200", "l40s": "l40s", "rtx_pro_6000_server": "rtx-pro-6000",
}
# Accelerators without tables of their own take the fractions of their nearest relative.
RELATIVES = {
    "a100-sxm-40gb": "a100-sxm-80gb", "a100-pcie-80gb": "a100-sxm-80gb", "h100-pcie": "h100-sxm",
    "h100-nvl": "h100-sxm", "gh200": "h100-sxm", "h20": "h100-sxm", "h200-nvl": "h200-sxm",
    "b300-sxm": "b200-sxm", "gb300": "gb200", "l4": "l40s", "a10g": "l40s", "h800-sxm": "h100-sxm",
    "rtx-3090": "rtx-4090", "rtx-a6000": "rtx-4090",
}
PRECISIONS = {
    "bfloat16": "bf16", "fp8": "fp8", "fp8_block": "fp8-block", "nvfp4": "nvfp4", "int8_wo": "int8-weight-only",
    "int4_wo": "int4-weight-only", "sq": "int8", "w4a16_mxfp4": "mxfp4",
}
WEIGHT_BYTES = {"bf16": 2, "fp8": 1, "fp8-block": 1, "int8": 1, "int8-weight-only": 1, "int4-weight-only": 0.53125,
                "nvfp4": 0.5625, "mxfp4": 0.53125}
PEAK_FACTOR = {"bf16": 1, "fp8": 2, "fp8-block": 2, "int8": 2, "int8-weight-only": 1, "int4-weight-only": 1,
               "nvfp4": 4, "mxfp4": 1}
# Identifiers of the catalogue's sources.
AIC = "aiconfigurator-095f58a5"
SIM = "llmservingsim-5daddb21"
DATE = "2026-08-22"
SERVED = "served-fit"
ROWS = []
UNITS = {"launch": "s", "latency": "s", "per-sequence": "s", "ramp": "", "activation": "B", "sharpness": "", "compute": "", "memory": "",
         "error-median": "", "error-p90": ""}


def emit(name, key, value, source, note, unit=None):
    unit = unit if unit is not None else UNITS.get(key.split(".")[-1], "")
    ROWS.append((name, key, f"{value:.4g}", unit, source, DATE, note))


def read(folder, file):
    with gzip.open(os.path.join(folder, file), "rt", newline="") as handle:
        yield from csv.DictReader(handle)


def thinned(rows, limit):
    rows = sorted(rows)
    return np.array(rows[:: max(1, len(rows) // limit)], dtype=float)


def fit(form, start, times, low=None, high=None):
    """Coefficients are kept positive by fitting their logarithms; returns them and two errors."""
    def residual(x):
        return np.log(form(np.exp(x)) / times)
    bounds = (np.log(low), np.log(high)) if low else (-np.inf, np.inf)
    found = np.exp(least_squares(residual, np.log(start), loss="soft_l1", f_scale=0.05, bounds=bounds).x)
    error = np.abs(form(found) / times - 1)
    return found, np.median(error), np.quantile(error, 0.9)


def fit_norm(form, start, times, low, high):
    """The sharpness is a power of two, so that readers need square roots only: the same bits everywhere."""
    free = [0, 1, 2, 3, 5]
    best = None
    for sharpness in (1, 2, 4, 8):
        def fixed(x):
            return form(np.array([x[0], x[1], x[2], x[3], sharpness, x[4]]))
        at = [[side[i] for i in free] for side in (start, low, high)]
        found, median, p90 = fit(fixed, at[0], times, at[1], at[2])
        if best is None or median + p90 / 4 < best[1] + best[2] / 4:
            best = (np.array([*found[:4], sharpness, found[4]]), median, p90)
    return best


def put(name, prefix, fields, found, median, p90, source, note):
    for field, value in zip(fields, found):
        emit(name, f"{prefix}.{field}", value, source, note)
    emit(name, f"{prefix}.error-median", median, source, note)
    emit(name, f"{prefix}.error-p90", p90, source, note)
    print(f"{name:14} {prefix:22} median {median:6.1%}  p90 {p90:6.1%}  {np.array2string(found, precision=4)}",
          file=sys.stderr)


def norm(compute, memory, p):
    largest = np.maximum(compute, memory)
    return largest * ((compute / largest) ** p + (memory / largest) ** p) ** (1 / p)


GEMM = ("launch", "compute", "ramp", "memory", "sharpness", "activation")


def gemm(name, precision, data, source, launch=None, small=None, note="fitted"):
    peak, bandwidth = PEAKS[name][0] * PEAK_FACTOR[precision], PEAKS[name][1]
    m, n, k, time = data.T
    def form(x):
        compute = 2 * k * (m * n + x[2]) / (peak * x[1]) + x[5] * m * (n + k) / bandwidth
        memory = (WEIGHT_BYTES[precision] * n * k + 2 * m * (n + k)) / (bandwidth * x[3])
        return x[0] + norm(compute, memory, x[4])
    low, high = [1e-7, 0.05, 1, 0.05, 1.2, 1e-4], [1e-3, 1.2, 1e8, 1.0, 16, 40]
    found, median, p90 = fit_norm(form, [3e-6, 0.7, 1e4, 0.8, 3, 0.5], time, low, high)
    if launch is not None:
        found[0], note = min(found[0], launch), note + "; launch of bf16: captured graphs hide the rest"
    if small is not None:
        # The block-scaled tables are all launch below 512 tokens: only their compute rate can be told.
        found[2:] = small[2:]
        note += "; only compute fitted, rest as fp8"
    put(name, f"gemm.{precision}", GEMM, found, median, p90, source, note)
    return found


def gemms(folder):
    tables = defaultdict(list)
    for file, wanted in (("aic_gemm.csv.gz", None), ("aic_gemm_trtllm.csv.gz", {"int8_wo", "int4_wo", "sq"})):
        for r in read(folder, file):
            if r["gpu"] not in NAMES or (wanted and r["gemm_dtype"] not in wanted):
                continue
            row = tuple(float(r[c]) for c in ("m", "n", "k")) + (float(r["latency_ms"]) * 1e-3,)
            if row[1] >= 512 and row[2] >= 512:
                tables[NAMES[r["gpu"]], PRECISIONS[r["gemm_dtype"]]].append(row)
    fitted = {}
    for name in PEAKS:
        for precision in WEIGHT_BYTES:
            rows = tables.get((name, precision), [])
            if len(rows) < 1000:
                continue
            launch = fitted[name, "bf16"][0] if precision != "bf16" else None
            small = fitted.get((name, "fp8")) if precision == "fp8-block" else None
            fitted[name, precision] = gemm(name, precision, thinned(rows, 6000), AIC, launch, small)
    shapes = {"qkv_proj": (6144, 4096), "o_proj": (4096, 4096), "gate_up_proj": (28672, 4096),
              "down_proj": (4096, 14336)}
    rows = [(float(r["tokens"]), *map(float, shapes[r["layer"]]), float(r["time_us"]) * 1e-6)
            for r in read(folder, "llmservingsim_dense.csv.gz")
            if r["gpu"] == "RTX4090" and "8B" in r["model"] and r["layer"] in shapes]
    fitted["rtx-4090", "bf16"] = gemm("rtx-4090", "bf16", thinned(rows, 12000), SIM)
    weight_only(fitted)
    return fitted


def weight_only(fitted):
    """Only one accelerator has weight-only tables: the others take its ratio to bf16."""
    base = fitted["a100-sxm-80gb", "bf16"]
    for name in PEAKS:
        for precision in ("int8", "int8-weight-only", "int4-weight-only"):
            if (name, precision) in fitted or ("a100-sxm-80gb", precision) not in fitted:
                continue
            own, other = fitted[name, "bf16"], fitted["a100-sxm-80gb", precision]
            found = np.array([own[0], own[1] * other[1] / base[1], own[2], own[3] * min(1, other[3] / base[3]),
                              other[4], other[5]])
            for field, value in zip(GEMM, found):
                emit(name, f"gemm.{precision}.{field}", value, AIC,
                     "estimated: bf16 times the ratio of a100-sxm-80gb")


MOE_SHAPE = ("num_tokens", "hidden_size", "inter_size", "topk", "num_experts", "moe_tp_size", "moe_ep_size")


def moe(folder):
    tables = defaultdict(dict)
    for r in read(folder, "aic_moe.csv.gz"):
        precision = PRECISIONS.get(r["moe_dtype"])
        if r["gpu"] in NAMES and precision:
            key = tuple(float(r[c]) for c in MOE_SHAPE) + (r["distribution"],)
            points = tables[NAMES[r["gpu"]], precision]
            # Where two kernels were timed, an engine takes the faster.
            points[key] = min(points.get(key, 1e9), float(r["latency_ms"]) * 1e-3)
    for (name, precision), points in sorted(tables.items()):
        wide = tables.get((name, "bf16"), {})
        shared = [points[key] / wide[key] for key in points if key in wide]
        block = tables.get((name, "fp8-block"))
        if precision == "fp8" and block and shared and np.median(shared) > 1:
            found, median, p90 = fit_moe(name, "fp8-block", block)
            note = f"estimated: as fp8-block; the per-tensor table takes {np.median(shared):.1f} times bf16's time"
        else:
            found, median, p90 = fit_moe(name, precision, points)
            note = "fitted"
        put(name, f"moe.{precision}", GEMM, found, median, p90, AIC, note)


def fit_moe(name, precision, points):
    rows = [key[:-1] + (time,) for key, time in points.items()]
    tokens, hidden, inter, topk, experts, tensor, expert, time = thinned(rows, 4000).T
    peak, bandwidth = PEAKS[name][0] * PEAK_FACTOR[precision], PEAKS[name][1]
    inter = inter / tensor
    active = experts * -np.expm1(tokens * np.log1p(-np.minimum(topk / experts, 0.999))) / expert
    routed = tokens * topk / expert
    def form(x):
        compute = (6 * hidden * inter * (routed + x[2] * active) / (peak * x[1])
                   + x[5] * routed * (hidden + inter) / bandwidth)
        memory = (3 * hidden * inter * active * WEIGHT_BYTES[precision]) / (bandwidth * x[3])
        return x[0] + norm(compute, memory, x[4])
    # More than 30 us is the cost of launching six kernels one by one, which captured graphs hide.
    low, high = [1e-6, 0.02, 1e-3, 0.05, 1.2, 1e-4], [3e-5, 1.2, 300, 1.0, 16, 100]
    return fit_norm(form, [2e-5, 0.5, 8, 0.7, 3, 2], time, low, high)


def attention(folder):
    columns = ("batch_size", "isl", "step", "num_heads", "num_key_value_heads")
    for phase, file in (("prefill", "aic_attn_prefill.csv.gz"), ("decode", "aic_attn_decode.csv.gz")):
        tables = defaultdict(list)
        for r in read(folder, file):
            if r["gpu"] not in NAMES or r["head_dim"] != "128" or "triton" in r["kernel_source"]:
                continue
            if r["window_size"] not in ("", "0", "0.0") or r["kernel_source"].endswith("fa4"):
                continue
            tables[NAMES[r["gpu"]], PRECISIONS[r["kv_cache_dtype"]]].append(
                tuple(float(r[c]) for c in columns) + (float(r["latency_ms"]) * 1e-3,))
        for (name, precision), rows in sorted(tables.items()):
            batch, length, prefix, heads, groups, time = thinned(rows, 12000).T
            peak, bandwidth = PEAKS[name]
            if phase == "prefill":
                pairs = batch * (length * prefix + length * (length + 1) / 2)
                def form(x):
                    return x[0] + 4 * 128 * heads * (pairs + x[2] * batch * length) / (peak * x[1])
                found, median, p90 = fit(form, [2e-5, 0.6, 500], time)
                fields = ("latency", "compute", "ramp")
            else:
                read_bytes = 2 * 128 * groups * batch * (length + prefix) * WEIGHT_BYTES[precision]
                def form(x):
                    return x[0] + x[1] * batch + read_bytes / (bandwidth * x[2])
                found, median, p90 = fit(form, [1e-5, 1e-8, 0.7], time)
                fields = ("latency", "per-sequence", "memory")
            put(name, f"{phase}.{precision}", fields, found, median, p90, AIC, "fitted")


# The Hopper tables of latent attention stand on 150 to 200 us of uncaptured launches, whatever the size.
# Only rows that rise clearly above that floor tell of the kernel; its own latency is taken from Blackwell.
LAUNCH_FLOOR = 1.5e-4
CAPTURED_LATENCY = 1.2e-5


def above_floor(table):
    """Rows and note: the floor taken off where there is one."""
    times = np.array([row[-1] for row in table])
    if np.quantile(times, 0.05) < 0.6 * LAUNCH_FLOOR:
        return table, "fitted", None
    kept = [row[:-1] + (row[-1],) for row in table if row[-1] > 2 * LAUNCH_FLOOR]
    return kept, "fitted; uncaptured launches of some 150 us left out", CAPTURED_LATENCY


def mla(folder):
    for phase in ("prefill", "decode"):
        tables = defaultdict(list)
        for r in read(folder, f"aic_mla_{phase}.csv.gz"):
            if r["gpu"] in NAMES:
                tables[NAMES[r["gpu"]], PRECISIONS[r["kv_cache_dtype"]]].append(
                    tuple(float(r[c]) for c in ("batch_size", "isl", "step", "num_heads"))
                    + (float(r["latency_ms"]) * 1e-3,))
        for (name, precision), rows in sorted(tables.items()):
            rows, note, latency = above_floor(rows)
            batch, length, prefix, heads, time = thinned(rows, 6000).T
            peak, bandwidth = PEAKS[name]
            if phase == "prefill":
                pairs = batch * (length * prefix + length * (length + 1) / 2)
                def form(x):
                    return x[0] + 2 * (192 + 128) * heads * (pairs + x[2] * batch * length) / (peak * x[1])
                found, median, p90 = fit(form, [2e-5, 0.5, 500], time)
                fields = ("latency", "compute", "ramp")
            else:
                context = batch * (length + prefix)
                def form(x):
                    return (x[0] + x[1] * batch + 576 * WEIGHT_BYTES[precision] * context / (bandwidth * x[2])
                            + 2 * (576 + 512) * heads * context / (peak * x[3]))
                low, high = [1e-7, 1e-10, 0.02, 0.02], [1e-2, 1e-3, 1.5, 50]
                found, median, p90 = fit(form, [2e-5, 1e-7, 0.7, 0.5], time, low, high)
                fields = ("latency", "per-sequence", "memory", "compute")
            if latency is not None:
                found[0] = min(found[0], latency)
            put(name, f"mla-{phase}.{precision}", fields, found, median, p90, AIC, note)


def all_reduce(folder):
    best = defaultdict(dict)
    for file, column, value in (("aic_custom_allreduce.csv.gz", "backend", "vllm_graph"),
                                ("aic_nccl.csv.gz", "op_name", "all_reduce")):
        for r in read(folder, file):
            if r[column] != value or r["gpu"] not in NAMES or r.get("nccl_dtype", "half") != "half":
                continue
            size, time = 2 * int(r["message_size"]), float(r["latency_ms"]) * 1e-3
            points = best[NAMES[r["gpu"]], int(r["num_gpus"])]
            points[size] = min(time, points.get(size, time))
    for (name, count), points in sorted(best.items()):
        sizes = np.array(sorted(points), dtype=float)
        times = np.maximum.accumulate([points[int(s)] for s in sizes])
        knots = np.array([float(4 ** e) for e in range(5, 15)])
        at = np.exp(np.interp(np.log(knots), np.log(sizes), np.log(times)))
        for size, time in zip(knots, at):
            emit(name, f"allreduce.{count}.{int(size)}", time, AIC, "measured; faster of custom graph and NCCL", "s")
        inside = (sizes >= knots[0]) & (sizes <= knots[-1])
        back = np.exp(np.interp(np.log(sizes[inside]), np.log(knots), np.log(at)))
        error = np.abs(back / np.array([points[int(s)] for s in sizes[inside]]) - 1)
        emit(name, f"allreduce.{count}.error-median", np.median(error), AIC, "fitted")
        emit(name, f"allreduce.{count}.error-p90", np.quantile(error, 0.9), AIC, "fitted")
        print(f"{name:14} allreduce.{count:<12} median {np.median(error):6.1%}  p90 {np.quantile(error, 0.9):6.1%}",
              file=sys.stderr)


def relatives():
    for name, origin in RELATIVES.items():
        ROWS.append((name, "like", origin, "text", "distilled", DATE, "estimated"))


# Classes without kernel tables: fractions of peak reached by large products and by streaming reads.
CLASSES = {"default-gpu": (0.65, 0.75), "default-tpu": (0.55, 0.75), "default-asic": (0.50, 0.70),
           "default-cpu": (0.40, 0.65), "mi300x": (0.51, 0.72), "mi325x": (0.51, 0.72), "mi355x": (0.51, 0.72)}


def classes():
    note, source = "estimated: class default", "distilled"
    for name, (compute, memory) in CLASSES.items():
        host = name == "default-cpu"
        if name.startswith("mi3"):
            note = "estimated: MI300X reaches 668 of 1307 TFLOP/s"
            source = "ml-engineering"
        for precision in WEIGHT_BYTES:
            share = compute if precision == "bf16" else compute * 0.85
            values = (2e-6 if host else 4e-6, share, 2e2 if host else 2e5, memory, 2, 1.0)
            for field, value in zip(GEMM, values):
                emit(name, f"gemm.{precision}.{field}", value, source, note)
            values = (1e-5 if host else 4e-5, share * 0.7, 8, memory * 0.85, 2, 4)
            for field, value in zip(GEMM, values):
                emit(name, f"moe.{precision}.{field}", value, source, note)
        for precision in ("bf16", "fp8"):
            for prefix, fields, values in (
                ("prefill", ("latency", "compute", "ramp"), (3e-5, compute * 0.7, 600)),
                ("decode", ("latency", "per-sequence", "memory"), (1.2e-5, 3e-8, memory * 0.9)),
                ("mla-prefill", ("latency", "compute", "ramp"), (4e-5, compute * 0.6, 600)),
                ("mla-decode", ("latency", "per-sequence", "memory", "compute"), (3e-5, 1e-7, memory * 0.8, 0.5)),
            ):
                for field, value in zip(fields, values):
                    emit(name, f"{prefix}.{precision}.{field}", value, source, note)
        emit(name, "allreduce.latency", 8e-6, source, note, "s")
        emit(name, "allreduce.bus", 0.7, source, note)
        emit(name, "hop.latency", 1.2e-5, source, note, "s")
        emit(name, "hop.bus", 0.8, source, note)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = sys.argv[1]
    for name, (peak, bandwidth) in PEAKS.items():
        emit(name, "reference-peak", peak / 1e12, AIC, "dense bf16 peak that fractions refer to", "TFLOP/s")
        emit(name, "reference-bandwidth", bandwidth / 1e9, AIC, "bandwidth that fractions refer to", "GB/s")
    gemms(folder)
    moe(folder)
    attention(folder)
    mla(folder)
    all_reduce(folder)
    relatives()
    classes()
    if len(sys.argv) == 3 and os.path.exists(sys.argv[2]):
        # What was fitted to served runs is not this script's to say.
        with open(sys.argv[2], newline="") as handle:
            ROWS.extend(tuple(row) for row in csv.reader(handle) if row[4] == SERVED)
    out = open(sys.argv[2], "w", newline="") if len(sys.argv) == 3 else sys.stdout
    with out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("name", "key", "value", "unit", "source", "date", "note"))
        # The reader wants the rows of one entry together.
        writer.writerows(sorted(ROWS, key=lambda row: row[0]))


if __name__ == "__main__":
    main()
