"""Published collective benchmarks as rows, and the transport model that tools/distil-fabric.py fits to them.

Within a scale-up domain, a message of S bytes among n ranks takes `steps` dependent steps (ring: n - 1, twice for an
all-reduce) and sends w = S busfactor(n) bytes over each rank's links of line rate B. A protocol (LL, LL128, Simple:
small flagged words, flagged lines, whole slices) answers

  t = |(base + step steps, w / B (1 / share + copy / (n - 1)) crowd(n))|_p        crowd(n) = (min(n, 8) / 2)^crowd

where `copy` is the own share that every rank copies. It is in charge up to `until-n` bytes at n = 2, 4, 8 ranks, and
never takes less than the one before it took at its end. In-switch reduction (NVLS) sends S (n + 1) / n bytes:

  t = |(base, S (n + 1) / (n B share))|_p                                         and the faster of the two is taken.

Between domains, D of them with g ranks each, a protocol of the network adds hop 2 log2(D) to
|(intra time, tree(D) S / (node bandwidth share))|_4; tree(D) = 1, 1.5, 2 for D = 2, 3, 4 and more (double binary tree).
"""
import csv
import gzip
import math
import os
import sys

import numpy as np

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


# ---- reading -------------------------------------------------------------------------------------------------------

NAMES = {"all_reduce": "all-reduce", "all_gather": "all-gather", "reduce_scatter": "reduce-scatter",
         "alltoall": "all-to-all", "send_recv": "send-receive"}
def read_setups():
    """What the rows of fabric.csv were measured on, by campaign (none: any) and fabric: (link, in-switch reduction,
    domains, network, bandwidth of a domain in B/s); the network's name ends in -sharp where its switches reduced."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "measured-fabrics.csv")
    setups = {}
    for cells in csv.DictReader(open(path)):
        network = cells["network"] + ("-sharp" if cells["in_network"] == "true" else "")
        setups[cells["campaign"], cells["fabric"]] = (
            cells["link"] or None, cells["in_switch"] == "true", int(cells["domains"]), network or None,
            float(cells["domain_bandwidth_GBps"] or 0) * 1e9)
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


# ---- the model within a domain -------------------------------------------------------------------------------------

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
        # Link that lent the coefficients, and the factor by which plateaus scaled its shares.
        self.borrowed = None
        self.factor = None

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


# ---- the model between domains -------------------------------------------------------------------------------------

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
