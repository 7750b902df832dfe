#!/usr/bin/env python3
"""Distils kernel timing tables into a few coefficients per accelerator and precision.

usage: distil-kernels.py KERNEL_FOLDER > efficiencies.csv     (needs numpy and scipy)

GEMM (m tokens, weights n x k):  t = t0 + ((2 m n k / (peak ec))^4 + (bytes / (bandwidth em))^4)^(1/4)
  a roofline (Williams, Waterman, Patterson, CACM 2009) with a rounded knee.
Prefill attention:               t = t0 + flops / (peak ea)
Decode attention:                t = t0 + bytes / (bandwidth ed), linear in the KV entries read
All-reduce (ring bound):         t = l + 2 (p - 1) / p * bytes / b
Least squares on the logarithm of the ratio, with a soft loss; the errors of the fit are rows as well.
"""
import csv, gzip, sys
import numpy as np
from scipy.optimize import least_squares

FOLDER = sys.argv[1]
NAMES = {"a100_sxm": "a100-sxm-80gb", "h100_sxm": "h100-sxm", "h200_sxm": "h200-sxm", "b200_sxm": "b200-sxm",
         "gb200": "gb200", "l40s": "l40s", "rtx_pro_6000_server": "rtx-pro-6000"}
PEAK = {"a100-sxm-80gb": (312, 312, 2.0), "h100-sxm": (989, 1979, 3.35), "h200-sxm": (989, 1979, 4.8),
        "b200-sxm": (2250, 4500, 8.0), "gb200": (2500, 5000, 8.0), "l40s": (362, 733, 0.864),
        "rtx-pro-6000": (467.8, 935.6, 1.792)}
SOURCE, DATE = "kernels", "2026-08-22"
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow("name,key,value,unit,source,date,note".split(","))


def rows(name):
    with gzip.open(f"{FOLDER}/{name}.csv.gz", "rt") as f:
        yield from csv.DictReader(f)


def fit(model, start, data):
    x = [np.array(c, float) for c in zip(*data)]
    t = x.pop()
    r = least_squares(lambda p: np.log(model(np.exp(p), *x) / t), np.log(start), loss="soft_l1", f_scale=0.1)
    p = np.exp(r.x)
    e = np.abs(model(p, *x) / t - 1)
    return p, np.median(e), np.percentile(e, 90), len(t)


def emit(name, prefix, keys, values, median, p90, n):
    for (key, unit), v in zip(keys, values):
        out.writerow([name, f"{prefix}-{key}", f"{v:.4g}", unit, SOURCE, DATE, ""])
    out.writerow([name, f"{prefix}-fit-error", f"{median:.3f}", "", SOURCE, DATE,
                  f"median of {n} rows; 90th percentile {p90:.2f}"])


gemm, prefill, decode, reduce_ = {}, {}, {}, {}
for r in rows("aic_gemm"):
    g = NAMES.get(r["gpu"])
    if g and r["gemm_dtype"] in ("bfloat16", "fp8"):
        m, n, k, t = int(r["m"]), int(r["n"]), int(r["k"]), float(r.get("latency_ms") or r["latency"]) * 1e-3
        w = 2 if r["gemm_dtype"] == "bfloat16" else 1
        if n * k >= 2 ** 22 and t > 0:
            gemm.setdefault((g, r["gemm_dtype"]), []).append((2 * m * n * k, w * (n * k + m * k) + 2 * m * n, t))
for r in rows("aic_attn_prefill"):
    g = NAMES.get(r["gpu"])
    if g and r["attn_dtype"] == "bfloat16" and r["kv_cache_dtype"] == "bfloat16" and int(float(r.get("window_size") or 0)) == 0:
        b, s, p, h, d = int(r["batch_size"]), int(r["isl"]), int(float(r["step"] or 0)), int(r["num_heads"]), int(r["head_dim"])
        t = float(r["latency_ms"]) * 1e-3
        if s >= 64:
            prefill.setdefault(g, []).append((4 * b * h * d * (s * p + s * (s + 1) / 2), t))
for r in rows("aic_attn_decode"):
    g = NAMES.get(r["gpu"])
    if g and r["attn_dtype"] == "bfloat16" and int(float(r.get("window_size") or 0)) == 0:
        w = 2 if r["kv_cache_dtype"] == "bfloat16" else 1
        c = int(r["isl"]) + int(float(r["step"] or 0))
        size = 2 * w * int(r["batch_size"]) * c * int(r["num_key_value_heads"] or r["num_heads"]) * int(r["head_dim"])
        t = float(r["latency_ms"]) * 1e-3
        if w == 2 and size >= 1e6:
            decode.setdefault(g, []).append((size, t))
for r in rows("aic_custom_allreduce"):
    g = NAMES.get(r["gpu"])
    if g and "graph" in r["backend"]:
        p, size = int(r["num_gpus"]), 2 * int(r["message_size"])
        reduce_.setdefault(g, []).append((2 * (p - 1) / p * size, float(r["latency_ms"]) * 1e-3))

for (g, d), data in sorted(gemm.items()):
    bf, f8, bw = PEAK[g]
    peak = (bf if d == "bfloat16" else f8) * 1e12
    model = lambda p, f, b: p[2] + ((f / (peak * p[0])) ** 4 + (b / (bw * 1e12 * p[1])) ** 4) ** 0.25
    p, m, q, n = fit(model, [0.7, 0.8, 2e-6], data)
    emit(g, "gemm-" + {"bfloat16": "bf16", "fp8": "fp8"}[d],
         [("compute-efficiency", ""), ("memory-efficiency", ""), ("latency", "s")], p, m, q, n)
for g, data in sorted(prefill.items()):
    peak = PEAK[g][0] * 1e12
    p, m, q, n = fit(lambda p, f: p[1] + f / (peak * p[0]), [0.5, 1e-5], data)
    emit(g, "prefill-attention", [("compute-efficiency", ""), ("latency", "s")], p, m, q, n)
for g, data in sorted(decode.items()):
    bw = PEAK[g][2] * 1e12
    p, m, q, n = fit(lambda p, b: p[1] + b / (bw * p[0]), [0.8, 5e-6], data)
    emit(g, "decode-attention", [("memory-efficiency", ""), ("latency", "s")], p, m, q, n)
for g, data in sorted(reduce_.items()):
    p, m, q, n = fit(lambda p, b: p[1] + b / (p[0] * 1e9), [200, 8e-6], data)
    emit(g, "all-reduce", [("bandwidth", "GB/s"), ("latency", "s")], p, m, q, n)

CLASSES = {"default-gpu": (0.65, 0.75), "default-tpu": (0.55, 0.75), "default-asic": (0.5, 0.7),
           "default-cpu": (0.5, 0.7), "mi300x": (0.51, 0.7)}
for g, (ec, em) in CLASSES.items():
    for prefix in ("gemm-bf16", "gemm-fp8"):
        emit_rows = [("compute-efficiency", "", ec), ("memory-efficiency", "", em), ("latency", "s", 3e-6)]
        for key, unit, v in emit_rows:
            out.writerow([g, f"{prefix}-{key}", v, unit, "class", DATE, "no kernel table"])
    for key, unit, v in (("prefill-attention-compute-efficiency", "", ec * 0.7), ("prefill-attention-latency", "s", 1e-5),
                         ("decode-attention-memory-efficiency", "", em), ("decode-attention-latency", "s", 5e-6),
                         ("all-reduce-latency", "s", 1e-5)):
        out.writerow([g, key, round(v, 7), unit, "class", DATE, "no kernel table"])
