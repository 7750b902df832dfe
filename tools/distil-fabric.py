#!/usr/bin/env python3
"""Distils published collective benchmarks into the coefficients of the transport model.

usage: distil-fabric.py DATA [--out transports.csv] [--cross-validate] [--leave-out CAMPAIGN] [--rows FILE]

DATA is a folder with infra/fabric.csv and, optionally, kernels/aic_nccl.csv.gz and kernels/vidur_network.csv.gz.

Within a scale-up domain, a message of S bytes among n ranks takes `steps` dependent steps (ring: n - 1, twice for an
all-reduce) and sends w = S busfactor(n) bytes over each rank's links of line rate B. A protocol (LL, LL128, Simple:
small flagged words, flagged lines, whole slices) answers

  t = |(base + step steps, w / B (1 / share + copy / (n - 1)) crowd(n))|_p        crowd(n) = (min(n, 8) / 2)^crowd

where `copy` is the own share that every rank copies. It is in charge up to `until-n` bytes at n = 2, 4, 8 ranks, and
never takes less than the one before it took at its end. In-switch reduction (NVLS) sends S (n + 1) / n bytes:

  t = |(base, S (n + 1) / (n B share))|_p                                         and the faster of the two is taken.

Between domains, D of them with g ranks each, a protocol of the network adds hop 2 log2(D) to
|(intra time, tree(D) S / (node bandwidth share))|_4; tree(D) = 1, 1.5, 2 for D = 2, 3, 4 and more (double binary tree).

All fits minimise a soft-L1 loss of log time. A campaign's clock and launch path scale all its latencies; the
coefficients are those of the campaign with the most small messages, the others' factor is fitted and dropped.
"""
import argparse
import csv
import gzip
import math
import os
import sys
from collections import defaultdict

import numpy as np
from scipy.optimize import least_squares

LINES = {"nvlink3": 300e9, "nvlink4": 450e9, "nvlink5": 900e9, "nvlink5-nvl72": 900e9, "pcie-gen4": 31.5e9,
         "pcie-gen5": 63e9, "pcie-gen6": 126e9, "xgmi": 448e9}
AIC_LINKS = {"a100_sxm": "nvlink3", "h100_sxm": "nvlink4", "h200_sxm": "nvlink4", "b200_sxm": "nvlink5",
             "gb200": "nvlink5", "l40s": "pcie-gen4", "rtx_pro_6000_server": "pcie-gen5"}
COLLECTIVES = ["all-reduce", "all-gather", "reduce-scatter", "all-to-all", "send-receive"]
PROTOCOLS = ["ll", "ll128", "simple"]
RANKS = [2, 4, 8]
# Relatives lend their fractions and latencies to what has no rows of its own, nearest first.
RELATIVES = {"nvlink3": ["nvlink4", "nvlink5"], "nvlink4": ["nvlink3", "nvlink5"], "nvlink5": ["nvlink4", "nvlink3"],
             "nvlink5-nvl72": ["nvlink5", "nvlink4"], "pcie-gen4": ["pcie-gen5"], "pcie-gen5": ["pcie-gen4"],
             "pcie-gen6": ["pcie-gen5"], "xgmi": ["nvlink4"]}


class Row:
    """One measured time."""

    def __init__(self, campaign, link, collective, ranks, size, time, nvls=False, use=True, nodes=1, network=None,
                 rate=0.0, id=""):
        self.campaign, self.link, self.collective, self.ranks = campaign, link, collective, ranks
        self.size, self.time, self.nvls, self.use = size, time, nvls, use
        self.nodes, self.network, self.rate, self.id = nodes, network, rate, id


def steps(collective, n):
    return {"all-reduce": 2 * (n - 1), "send-receive": 1}.get(collective, n - 1)


def bus_factor(collective, n):
    return {"all-reduce": 2 * (n - 1) / n, "send-receive": 1}.get(collective, (n - 1) / n)


# ---- reading ---------------------------------------------------------------------------------------------------------

NAMES = {"all_reduce": "all-reduce", "all_gather": "all-gather", "reduce_scatter": "reduce-scatter",
         "alltoall": "all-to-all", "send_recv": "send-receive"}
def read_setups():
    """What the rows of fabric.csv were measured on, by campaign and fabric (no campaign: any): (link, in-switch reduction, domains, network, node
    bandwidth in B/s); the network's name ends in -sharp where its switches reduced."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "measured-fabrics.csv")
    setups = {}
    for cells in csv.DictReader(open(path)):
        network = cells["network"] + ("-sharp" if cells["in_network"] == "true" else "")
        setups[cells["campaign"], cells["fabric"]] = (cells["link"] or None, cells["in_switch"] == "true", int(cells["domains"]),
                                   network or None, float(cells["domain_bandwidth_GBps"] or 0) * 1e9)
    return setups


PLATEAU = 8 << 30
# NCCL reduces in the switch from five ranks on: among four, "NVLS" and ring answers are equal (stas00-h200-nvls).
LEAST_SWITCHED = 5


def read_fabric(path):
    setups = read_setups()
    for cells in csv.DictReader(open(path)):
        if not cells["collective"] or not cells["gpus"]:
            continue
        setup = setups.get((cells["campaign"], cells["fabric"])) or setups.get(("", cells["fabric"]))
        if not setup:
            sys.stderr.write(f"{cells['id']}: no setup for '{cells['fabric']}'\n")
            continue
        link, nvls, nodes, network, rate = setup
        collective, n = NAMES[cells["collective"]], int(cells["gpus"])
        size = int(cells["message_bytes"] or PLATEAU)
        plateau = float(cells["value"] or 0) if not cells["busbw_GBps"] else float(cells["busbw_GBps"])
        if cells["time_us"]:
            time = float(cells["time_us"]) * 1e-6
        elif plateau > 0:
            time = size * bus_factor(collective, n) / (plateau * 1e9)
        else:
            continue
        yield Row(cells["campaign"], link, collective, n, size, time, nvls, True, nodes, network, rate, cells["id"])


def read_kernels(folder, present):
    path = os.path.join(folder, "aic_nccl.csv.gz")
    if os.path.exists(path):
        for cells in csv.DictReader(gzip.open(path, "rt")):
            campaign = "aiconfigurator-" + cells["gpu"]
            if cells["engine"] != "nccl" or cells["nccl_dtype"] != "half" or campaign in present:
                continue
            link = AIC_LINKS.get(cells["gpu"])
            if link:
                yield Row(campaign, link, NAMES[cells["op_name"]], int(cells["num_gpus"]),
                          2 * int(cells["message_size"]), float(cells["latency_ms"]) * 1e-3, link in SWITCHED)
    path = os.path.join(folder, "vidur_network.csv.gz")
    if os.path.exists(path):
        links = {"a100_dgx": "nvlink3", "h100_dgx": "nvlink4"}
        last = {}
        for cells in csv.DictReader(gzip.open(path, "rt")):
            n, size = int(cells["num_workers"]), int(cells["size_elems_or_bytes"])
            inside = int(cells["devices_per_node"])
            key = (cells["topology"], cells["collective"], n, inside)
            # Between H100 nodes: taken for one NDR interface each; only what latency tells is used.
            between = cells["topology"] == "h100_dgx" and cells["collective"] == "send_recv" and inside == 1
            if cells["topology"] not in links or not (inside == n or between and size <= 1 << 20):
                continue
            # Single shots on the host's clock: below 4 MiB an all-reduce is bimodal (7 or 45 us).
            if cells["collective"] == "all_reduce" and size < 4 << 20 or size < last.get(key, 0) * 1.4:
                continue
            last[key] = size
            yield Row("vidur-" + cells["topology"], links[cells["topology"]], NAMES[cells["collective"]], n, size,
                      float(cells["time_ms"]) * 1e-3, links[cells["topology"]] in SWITCHED, True,
                      n // inside, "infiniband" if between else None, 50e9)


SWITCHED = {"nvlink4", "nvlink5", "nvlink5-nvl72"}


# ---- the model within a domain -----------------------------------------------------------------------------------------

def norm(a, b, p):
    m = np.maximum(a, b)
    return m * (((a / m) ** p + (b / m) ** p) ** (1 / p))


def line(link, n):
    return LINES[link] * ((n - 1) / 7 if link == "xgmi" else 1)


class Fit:
    """Coefficients of one collective on one link."""

    def __init__(self, link, collective):
        self.link, self.collective = link, collective
        self.values = {}
        self.until = {p: {n: None for n in RANKS} for p in PROTOCOLS[:2]}
        self.nvls = None

    def protocol_time(self, name, n, size, slow, shape):
        v = self.values
        latency = slow * (v[name + ".base"] + v[name + ".step"] * shape[0])
        inverse = 1 / v[name + ".share"] + v[name + ".copy"] / max(n - 1, 1)
        crowd = (min(n, 8) / 2) ** v["crowd"]
        return float(norm(latency, size * shape[1] / line(self.link, n) * inverse * crowd, v[name + ".sharpness"]))

    def end(self, name, n):
        """Last message size of a protocol among n ranks: log-log between the fitted counts, in proportion beyond."""
        until = self.until[name]
        if n <= 2:
            return until[2]
        if n >= 8:
            return until[8] * (n - 1) / 7
        low, high = (2, 4) if n < 4 else (4, 8)
        part = math.log(n / low) / math.log(high / low)
        return until[low] ** (1 - part) * until[high] ** part

    def ring(self, n, size, slow=1.0, shape=None):
        shape = shape or (steps(self.collective, n), bus_factor(self.collective, n))
        floor = 0.0
        for name in PROTOCOLS[:2]:
            end = self.end(name, n)
            floor = max(floor, self.protocol_time(name, n, min(size, end), slow, shape))
            if size <= end:
                return floor
        return max(floor, self.protocol_time("simple", n, size, slow, shape))

    def few_steps(self, n):
        """Steps and bytes of the tree and of halving-doubling, which may beat the ring among more ranks than the
        curves were measured with."""
        rounds = math.ceil(math.log2(n))
        if self.collective == "all-reduce":
            return [(2 * rounds, 2), (2 * rounds, bus_factor(self.collective, n))]
        return [(rounds, bus_factor(self.collective, n))] if self.collective in ("all-gather", "reduce-scatter") else []

    def switched(self, n, size, slow=1.0):
        base, share, sharpness = self.nvls
        return float(norm(slow * base, size * (n + 1) / n / (LINES[self.link] * share), sharpness))

    def time(self, n, size, nvls, slow=1.0):
        ring = self.ring(n, size, slow)
        if n > 8:
            ring = min([ring] + [self.ring(n, size, slow, shape) for shape in self.few_steps(n)])
        return min(ring, self.switched(n, size, slow)) if nvls and self.nvls and n >= LEAST_SWITCHED else ring


BOUNDS = {"base": (0.5e-6, 2e-3), "step": (1e-9, 1e-3), "share": (1e-3, 1.0), "copy": (1e-4, 10.0),
          "sharpness": (0.8, 6.0), "crowd": (1e-4, 2.5)}
START = {"ll": (8e-6, 1e-6, 0.2, 0.5, 1.2), "ll128": (10e-6, 1.2e-6, 0.6, 0.5, 1.2), "simple": (14e-6, 4e-6, 0.8, 0.5, 2)}
KEYS = ["base", "step", "share", "copy", "sharpness"]


def parameters():
    names, start, low, high = [], [], [], []
    for protocol in PROTOCOLS:
        for key, value in zip(KEYS, START[protocol]):
            names.append(f"{protocol}.{key}")
            start.append(math.log(value))
            low.append(math.log(BOUNDS[key][0]))
            high.append(math.log(BOUNDS[key][1]))
    names.append("crowd")
    start.append(math.log(0.05))
    low.append(math.log(BOUNDS["crowd"][0]))
    high.append(math.log(BOUNDS["crowd"][1]))
    return names, np.array(start), np.array(low), np.array(high)


def loss(errors):
    return 2 * 0.1 ** 2 * (np.sqrt(1 + (errors / 0.1) ** 2) - 1)


def fit_ring(link, collective, rows):
    """Alternates between the ends of the protocols and their coefficients, from several first guesses."""
    names, start, low, high = parameters()
    # Small messages tell a campaign's latencies; sorted names break a tie.
    counts = defaultdict(lambda: [0, 0])
    for row in rows:
        counts[row.campaign][0] += row.size <= 65536
        counts[row.campaign][1] += 1
    main = max(sorted(counts), key=lambda c: counts[c])
    others = sorted(c for c in counts if c != main)
    n = np.array([r.ranks for r in rows])
    size = np.array([r.size for r in rows], float)
    measured = np.log([r.time for r in rows])
    campaign = np.array([others.index(r.campaign) if r.campaign in others else -1 for r in rows])
    group = np.array([min(RANKS, key=lambda m: abs(math.log(m / r.ranks))) for r in rows])
    best = None
    for first in (14, 16):
        for second in (20, 22):
            ends = {m: (2.0 ** first, 2.0 ** second) for m in RANKS}
            x, slow = start.copy(), np.zeros(len(others))
            for _ in range(6):
                x, slow = refine(link, collective, n, size, measured, campaign, group, ends, x, slow, low, high, names, start)
                fresh = best_ends(link, collective, n, size, measured, campaign, group, x, slow, names)
                if fresh == ends:
                    break
                ends = fresh
            value = loss(residual(link, collective, n, size, measured, campaign, group, ends, x, slow, names)).sum()
            if best is None or value < best[0] - 1e-9:
                best = (value, x, slow, ends)
    _, x, slow, ends = best
    fit = Fit(link, collective)
    fit.values = dict(zip(names, np.exp(x)))
    for m in RANKS:
        fit.until["ll"][m], fit.until["ll128"][m] = ends.get(m, ends[8])
    fit.slow = dict(zip(others, np.exp(slow)))
    return fit


def predictions(link, collective, n, size, campaign, x, slow, names):
    fit = Fit(link, collective)
    fit.values = dict(zip(names, np.exp(x)))
    factor = np.where(campaign >= 0, np.exp(slow[np.maximum(campaign, 0)]) if len(slow) else 1.0, 1.0)
    step = np.array([steps(collective, m) for m in n])
    times = []
    for protocol in PROTOCOLS:
        v = fit.values
        latency = factor * (v[protocol + ".base"] + v[protocol + ".step"] * step)
        inverse = 1 / v[protocol + ".share"] + v[protocol + ".copy"] / np.maximum(n - 1, 1)
        wire = size * np.array([bus_factor(collective, m) / line(link, m) for m in n]) * inverse
        times.append(np.log(norm(latency, wire * (np.minimum(n, 8) / 2) ** v["crowd"], v[protocol + ".sharpness"])))
    return np.array(times)


def choose(size, group, ends):
    first = np.array([ends[m][0] for m in group])
    second = np.array([ends[m][1] for m in group])
    return np.where(size <= first, 0, np.where(size <= second, 1, 2))


def residual(link, collective, n, size, measured, campaign, group, ends, x, slow, names):
    times = predictions(link, collective, n, size, campaign, x, slow, names)
    return times[choose(size, group, ends), np.arange(len(n))] - measured


def refine(link, collective, n, size, measured, campaign, group, ends, x, slow, low, high, names, start):
    picked = choose(size, group, ends)

    def errors(y):
        times = predictions(link, collective, n, size, campaign, y[:len(x)], y[len(x):], names)
        return np.concatenate([times[picked, np.arange(len(n))] - measured, 0.01 * (y[:len(x)] - start),
                               0.02 * y[len(x):]])

    bounds = (np.concatenate([low, np.full(len(slow), -2.0)]), np.concatenate([high, np.full(len(slow), 2.0)]))
    found = least_squares(errors, np.clip(np.concatenate([x, slow]), bounds[0] + 1e-9, bounds[1] - 1e-9),
                          bounds=bounds, loss="soft_l1", f_scale=0.1, max_nfev=60)
    return found.x[:len(x)], found.x[len(x):]


def best_ends(link, collective, n, size, measured, campaign, group, x, slow, names):
    table = loss(predictions(link, collective, n, size, campaign, x, slow, names) - measured)
    ends, sizes = {}, 2.0 ** np.arange(9, 31)
    for m in RANKS:
        mine = group == m
        if len(set(size[mine])) < 8:  # A plateau does not tell where protocols end.
            continue
        below = np.array([[(table[p, mine] * (size[mine] <= s)).sum() for s in sizes] for p in range(3)])
        total = table[2, mine].sum()
        cost = np.full((len(sizes), len(sizes)), np.inf)
        for i in range(len(sizes)):
            for j in range(i, len(sizes)):
                cost[i, j] = below[0, i] + (below[1, j] - below[1, i]) + (total - below[2, j])
        i, j = np.unravel_index(np.argmin(cost), cost.shape)
        ends[m] = (sizes[i], sizes[j])
    if not ends:
        return {m: (2.0 ** 15, 2.0 ** 21) for m in RANKS}
    for m in RANKS:  # A count without a curve takes its neighbour's.
        if m not in ends:
            ends[m] = ends[min(ends, key=lambda k: abs(math.log(k / m)))]
    return ends


def fit_link(link, rows):
    """All collectives of a link that have rows."""
    fits = {}
    for collective in COLLECTIVES:
        mine = [r for r in rows if r.link == link and r.collective == collective and r.nodes == 1]
        # Where the switch reduces, a large all-reduce among more than four does not show the ring.
        shown = [r for r in mine if not (r.nvls and collective == "all-reduce" and r.ranks > 4 and r.size > 1 << 19)
                 and r.ranks <= 8]
        if len(shown) < 8:
            continue
        fit = fit_ring(link, collective, shown)
        if collective == "all-reduce":
            fit_nvls(fit, mine)
        fits[collective] = fit
    return fits


def fit_nvls(fit, mine):
    seen = [r for r in mine if r.nvls and r.ranks >= LEAST_SWITCHED]
    if len(seen) < 4:
        return

    def errors(y):
        fit.nvls = tuple(np.exp(y))
        # Plateaus are few and tell the share; a curve of one campaign has twenty sizes.
        # A rack's worth of ranks shows nothing but the switch.
        times = [fit.switched(r.ranks, r.size) if r.ranks > 8 else fit.time(r.ranks, r.size, True) for r in seen]
        return [math.log(time / r.time) * (3 if r.size >= 4 << 30 else 1) for r, time in zip(seen, times)]

    best = None
    for base in (20e-6, 60e-6, 200e-6):
        found = least_squares(errors, np.log([base, 0.6, 1.2]), loss="soft_l1", f_scale=0.1, max_nfev=200,
                              bounds=(np.log([1e-6, 0.01, 0.5]), np.log([5e-3, 1.0, 6.0])))
        if best is None or found.cost < best.cost - 1e-9:
            best = found
    fit.nvls = tuple(np.exp(best.x))


# ---- the model between domains -----------------------------------------------------------------------------------------

NETWORKS = ["infiniband", "efa", "efa-400g"]
NETWORK_RELATIVES = {"infiniband": "efa", "efa": "infiniband", "efa-400g": "efa"}
ENDS = 2.0 ** np.arange(12, 31)


def tree_factor(domains):
    """Bytes that the busiest domain sends, over the message: the double binary tree of NCCL (trees.cc)."""
    return {1: 0.0, 2: 1.0, 3: 1.5}.get(domains, 2.0)


class Network:
    """Coefficients of a network between domains."""

    def __init__(self, hop, share, until, in_switch_share=None):
        self.hop, self.share, self.until, self.in_switch_share = hop, share, until, in_switch_share

    def time(self, row, intra):
        """Time of an all-reduce or a message between domains; `intra` is what its domains take, 0 without any."""
        last = 0.0
        for index in range(3):
            size = row.size if index == 2 else min(row.size, self.until[index])
            last = max(last, self.protocol(index, row, size, intra))
            if index < 2 and row.size <= self.until[index]:
                break
        return last

    def protocol(self, index, row, size, intra):
        inside, launch = intra(row, size), intra(row, None)
        if row.network.endswith("sharp"):
            wire, hops = size / (row.rate * (self.in_switch_share or self.share[index])), 2
        elif row.collective == "send-receive":
            wire, hops = size / (row.rate * self.share[index]), 1
        else:
            wire = tree_factor(row.nodes) * size / (row.rate * self.share[index])
            hops = 2 * math.ceil(math.log2(row.nodes))
            ring = bus_factor(row.collective, row.ranks) * size / (row.rate * self.share[index])
            tree = float(norm(max(inside, launch), wire, 4)) + hops * self.hop[index]
            ring = float(norm(max(inside, launch), ring, 4)) + 2 * (row.nodes - 1) * self.hop[index]
            return min(tree, ring)
        return float(norm(max(inside, launch), wire, 4)) + hops * self.hop[index]


def intra_of(links):
    """The time that the ranks of one domain take, by row and size; the launch alone when the size is None."""

    def intra(row, size):
        fits = links.get(row.link or "nvlink4", {})
        fit = fits.get(row.collective) or fits["all-reduce"]
        inside = row.ranks // row.nodes
        if size is None or inside == 1:
            return fit.values["ll.base"]
        return fit.time(inside, size, row.nvls)

    return intra


def fit_network(name, rows, intra):
    mine = [r for r in rows if r.network and r.network.removesuffix("-sharp") == name]
    if not mine:
        return None
    best = None

    def errors(y, until):
        network = Network(np.exp(y[:3]), np.exp(y[3:6]), until)
        found = [math.log(network.time(r, intra) / r.time) for r in mine]
        return np.concatenate([found, 0.02 * (y - START_NETWORK)])

    for first in range(0, len(ENDS), 3):
        for second in range(first + 3, len(ENDS), 3):
            until = (ENDS[first], ENDS[second])
            found = least_squares(errors, START_NETWORK, args=(until,), loss="soft_l1", f_scale=0.1, max_nfev=25,
                                  bounds=(np.log([1e-6] * 3 + [0.005] * 3), np.log([2e-3] * 3 + [1.0] * 3)))
            if best is None or found.cost < best[0] - 1e-9:
                best = (found.cost, found.x, until)
    _, x, until = best
    return Network(np.exp(x[:3]), np.exp(x[3:6]), until)


# First guess: latencies of one network step of NCCL's own tuning (src/graph/tuning.cc: tree, LL, LL128, Simple).
START_NETWORK = np.log([5e-6, 8.5e-6, 28e-6, 0.25, 0.6, 0.92])


# ---- fitting all, and judging ------------------------------------------------------------------------------------------

def fit_all(rows, links=None, networks=None, touched=None):
    """Fits what `touched` names, else everything; the rest is taken from `links` and `networks`."""
    links, networks = dict(links or {}), dict(networks or {})
    for link in LINES:
        if touched is None or link in touched:
            links[link] = fit_link(link, rows)
            if not links[link] and "all-reduce" not in links[link]:
                del links[link]
    for link in LINES:
        own = links.setdefault(link, {})
        for collective in COLLECTIVES:
            if collective in own and own[collective].link == link and not own[collective].borrowed:
                continue
            relative = next((r for r in RELATIVES[link] if collective in links.get(r, {})
                             and not links[r][collective].borrowed), None)
            if relative:
                own[collective] = borrow(links[relative][collective], link)
        if link == "nvlink5-nvl72" and "all-reduce" in own:
            fit_nvls(own["all-reduce"], [r for r in rows if r.link == link and r.nodes == 1])
        scale_to_plateaus(link, own, rows)
    intra = intra_of(links)
    for name in NETWORKS:
        if touched is None or name in touched:
            fitted = fit_network(name, rows, intra)
            networks[name] = fitted or networks.get(NETWORK_RELATIVES[name])
    return links, networks


def borrow(fit, link):
    copy = Fit(link, fit.collective)
    copy.values, copy.until, copy.nvls, copy.borrowed = dict(fit.values), fit.until, fit.nvls, fit.link
    if link == "xgmi":
        copy.nvls = None
    return copy


def scale_to_plateaus(link, own, rows):
    """A borrowed link with nothing but plateaus takes their median share."""
    if link not in ("xgmi",) or "all-reduce" not in own:
        return
    fit = own["all-reduce"]
    seen = [fit.time(r.ranks, r.size, r.nvls) / r.time for r in rows if r.link == link and r.nodes == 1]
    if seen:
        factor = float(np.exp(np.median(np.log(seen))))
        for collective in own.values():
            collective.factor = factor
            for protocol in PROTOCOLS:
                collective.values[protocol + ".share"] *= factor
                collective.values[protocol + ".copy"] /= factor


Fit.borrowed = None
Fit.factor = None


def predict(row, links, networks):
    if row.nodes == 1:
        fit = links.get(row.link, {}).get(row.collective)
        return fit.time(row.ranks, row.size, row.nvls) if fit else None
    name = row.network.removesuffix("-sharp")
    if name == "ethernet":
        return None
    return networks[name].time(row, intra_of(links)) if networks.get(name) else None


def summary(errors):
    e = np.array(errors)
    if not len(e):
        return "0 | | |"
    return f"{len(e)} | {np.median(abs(e)):.1%} | {np.quantile(abs(e), 0.9):.1%} | {np.median(e):+.1%}"


def has_sibling(row, rows):
    """Whether another campaign measured the collective on the same link and network, among as many ranks, at a size
    within a factor of four."""
    network = (row.network or "").removesuffix("-sharp")
    return any(r.campaign != row.campaign and (r.link, r.collective, r.ranks) == (row.link, row.collective, row.ranks)
               and (r.network or "").removesuffix("-sharp") == network and 0.25 <= r.size / row.size <= 4 for r in rows)


def judge(rows, predicted, title, siblings):
    """Prints errors of the bus bandwidth, predicted over measured - 1 = measured time over predicted - 1."""
    print(f"\n## {title}\n\n| what | rows | median | 90th | bias |\n|---|---|---|---|---|")
    error = [(r, r.time / p - 1) for r, p in zip(rows, predicted) if p]
    print("| all | " + summary([e for _, e in error]) + " |")
    sibling = [(r, e) for r, e in error if has_sibling(r, siblings)]
    print("| with a sibling campaign | " + summary([e for _, e in sibling]) + " |")
    for label, low, high in (("under 64 KiB", 0, 65535), ("64 KiB to 8 MiB", 65536, 8 << 20),
                             ("over 8 MiB", (8 << 20) + 1, 1 << 50)):
        print(f"| {label} | " + summary([e for r, e in error if low <= r.size <= high]) + " |")
    for campaign in sorted({r.campaign for r, _ in error}):
        for collective in COLLECTIVES:
            mine = [e for r, e in error if r.campaign == campaign and r.collective == collective]
            if mine:
                print(f"| {campaign}, {collective} | " + summary(mine) + " |")


def cross_validate(rows, judged, links, networks):
    answers = {}
    for campaign in sorted({r.campaign for r in judged}):
        mine = [r for r in judged if r.campaign == campaign]
        touched = {r.link for r in mine if r.link and r.nodes == 1}
        touched |= {r.network.removesuffix("-sharp") for r in mine if r.network}
        left = [r for r in rows if r.campaign != campaign]
        kept = {k: v for k, v in links.items() if k not in touched}
        # What borrowed from a touched link borrows anew.
        kept = {k: {c: f for c, f in v.items() if not f.borrowed} for k, v in kept.items()}
        new_links, new_networks = fit_all(left, kept, {k: v for k, v in networks.items() if k not in touched}, touched)
        for row in mine:
            answers[row.id] = predict(row, new_links, new_networks)
        sys.stderr.write(f"left out {campaign}\n")
    return [answers[r.id] for r in judged]


# ---- writing -----------------------------------------------------------------------------------------------------------

DATE = "2026-11-26"
FITTED, LENT, ORDER = "transport-fit", "transport-relative", "transport-kind"
ACCELERATORS = {
    "nvlink3": "a100-sxm-40gb a100-sxm-80gb a100-pcie-80gb h100-pcie",
    "nvlink4": "h100-sxm h100-nvl h200-sxm h200-nvl gh200 h20 h800-sxm", "nvlink5": "b200-sxm b300-sxm",
    "nvlink5-nvl72": "gb200 gb300", "pcie-gen4": "l40s l4 a10g rtx-4090 rtx-3090 rtx-a6000",
    "pcie-gen5": "rtx-pro-6000 rtx-5090 xeon-6 epyc-9005 graviton4", "xgmi": "mi300x mi325x mi355x",
    "ici-2d": "tpu-v5e tpu-v6e", "ici-3d": "tpu-v5p tpu-v7", "neuronlink": "trainium2 inferentia2",
    "gaudi-roce": "gaudi2 gaudi3",
}
KINDS = {"nvlink": "switched", "pcie": "shared", "xgmi": "mesh", "ici": "torus", "neuronlink": "torus",
         "gaudi": "mesh"}
# Links without a curve: relative whose fractions they take, and the line rate in GB/s.
UNMEASURED = {"ici-2d": ("nvlink4", 200), "ici-3d": ("nvlink4", 600), "neuronlink": ("nvlink4", 640),
              "gaudi-roce": ("nvlink4", 300)}
# Small-message latency over InfiniBand's (fabrics.csv), and the plateau of 100 Gbit/s TCP over RDMA's (NVIDIA slide).
NETWORK_ORDERS = {"roce": (1.25e-6, 1.0), "ethernet": (26e-6, (10 / 12.5) / (24 / 25))}


def facts(links, networks, rows):
    def show(value):
        return f"{value:.4g}"

    for link in list(LINES) + list(UNMEASURED):
        kind = link.split("-")[0].rstrip("0123456789")
        yield link, "kind", kind, "text", FITTED, ""
        yield link, "topology", KINDS[kind], "text", ORDER, ""
        if link.startswith("ici"):
            yield link, "dimensions", link[4], "", ORDER, "of the torus"
        rate = LINES[link] / 1e9 if link in LINES else UNMEASURED[link][1]
        yield link, "line-bandwidth", show(rate), "GB/s", "transport-line", "one direction, all of a rank's links"
        if link in ACCELERATORS:
            yield link, "accelerators", ACCELERATORS[link], "text", ORDER, ""
        if link in UNMEASURED:
            yield link, "like", UNMEASURED[link][0], "text", ORDER, "no curve of its own"
            continue
        own = links[link]
        lender = next((f.borrowed for c, f in own.items() if c == "all-reduce" and f.borrowed), None)
        if lender:
            yield link, "like", lender, "text", LENT, "no full curve of its own"
            if own["all-reduce"].factor:
                yield link, "share-factor", show(own["all-reduce"].factor), "ratio", FITTED, "from plateaus alone"
        for collective in COLLECTIVES:
            fit = own.get(collective)
            if not fit:
                continue
            if fit.nvls and (not fit.borrowed or lender == "nvlink5"):
                base, share, sharpness = fit.nvls
                yield link, f"{collective}.switch.base", show(base * 1e6), "us", FITTED, ""
                yield link, f"{collective}.switch.share", show(share), "ratio", FITTED, ""
                yield link, f"{collective}.switch.sharpness", show(sharpness), "", FITTED, ""
                yield link, f"{collective}.switch.ranks", str(LEAST_SWITCHED), "devices", FITTED, "from how many ranks on"
            if fit.borrowed:
                if not lender:
                    yield link, f"{collective}.like", fit.borrowed, "text", LENT, ""
                continue
            yield from curve_facts(link, collective, fit, rows, show)
    yield from network_facts(networks, rows, show)


def curve_facts(link, collective, fit, rows, show):
    units = {"base": "us", "step": "us", "share": "ratio", "copy": "ratio", "sharpness": ""}
    for protocol in PROTOCOLS:
        for key in KEYS:
            value = fit.values[f"{protocol}.{key}"] * (1e6 if units[key] == "us" else 1)
            yield link, f"{collective}.{protocol}.{key}", show(value), units[key], FITTED, ""
        for n in RANKS if protocol != "simple" else []:
            yield link, f"{collective}.{protocol}.until-{n}", f"{fit.until[protocol][n]:.0f}", "B", FITTED, ""
    yield link, f"{collective}.crowd", show(fit.values["crowd"]), "", FITTED, ""
    errors = [abs(r.time / fit.time(r.ranks, r.size, r.nvls) - 1) for r in rows
              if r.link == link and r.collective == collective and r.nodes == 1]
    yield link, f"{collective}.error-median", show(np.median(errors)), "ratio", FITTED, f"over {len(errors)} rows"
    yield link, f"{collective}.error-90th", show(np.quantile(errors, 0.9)), "ratio", FITTED, ""


def network_facts(networks, rows, show):
    for name in NETWORKS + sorted(NETWORK_ORDERS):
        order = NETWORK_ORDERS.get(name)
        network = networks["infiniband" if order else name]
        source = ORDER if order else FITTED
        yield name, "kind", name.split("-")[0], "text", source, ""
        yield name, "topology", "network", "text", source, ""
        for index, protocol in enumerate(PROTOCOLS):
            hop, share = network.hop[index], network.share[index]
            if order:
                hop, share = hop + order[0], share * order[1]
            yield name, f"{protocol}.hop", show(hop * 1e6), "us", source, ""
            yield name, f"{protocol}.share", show(share), "ratio", source, ""
            if index < 2:
                yield name, f"{protocol}.until", f"{network.until[index]:.0f}", "B", source, ""
        yield name, "sharpness", "4", "", source, ""
        yield name, "in-network-reduction", "true" if name == "infiniband" else "false", "text", ORDER, "can reduce"
        routing = {"infiniband": "adaptive", "efa": "sprayed", "efa-400g": "sprayed"}.get(name, "hashed")
        yield name, "routing", routing, "text", ORDER, ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--out")
    parser.add_argument("--cross-validate", action="store_true")
    parser.add_argument("--leave-out", metavar="CAMPAIGN")
    parser.add_argument("--rows", metavar="FILE", help="writes measured and predicted, a row each")
    options = parser.parse_args()
    judged = list(read_fabric(os.path.join(options.data, "infra/fabric.csv")))
    rows = judged + list(read_kernels(os.path.join(options.data, "kernels"), {r.campaign for r in judged}))
    links, networks = fit_all([r for r in rows if r.campaign != options.leave_out])
    predicted = [predict(r, links, networks) for r in judged]
    judge(judged, predicted, "All rows fitted" if not options.leave_out else f"{options.leave_out} left out",
          rows)
    crossed = None
    if options.cross_validate:
        crossed = cross_validate(rows, judged, links, networks)
        judge(judged, crossed, "Each campaign judged by a fit without it", rows)
    if options.rows:
        with open(options.rows, "w", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["id", "campaign", "collective", "ranks", "bytes", "measured_s", "fitted_s", "crossed_s",
                            "sibling"])
            for index, row in enumerate(judged):
                table.writerow([row.id, row.campaign, row.collective, row.ranks, row.size, row.time, predicted[index],
                                crossed[index] if crossed else "", str(has_sibling(row, rows)).lower()])
    if options.out:
        with open(options.out, "w", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["name", "key", "value", "unit", "source", "date", "note"])
            for name, key, value, unit, source, note in facts(links, networks, rows):
                table.writerow([name, key, value, unit, source, DATE, note])


if __name__ == "__main__":
    main()
