#!/usr/bin/env python3
"""Distils published collective benchmarks into the coefficients of the transport model.

usage: distil-fabric.py DATA [--out transports.csv] [--cross-validate] [--leave-out CAMPAIGN] [--rows FILE]

DATA is a folder with infra/fabric.csv and, optionally, kernels/aic_nccl.csv.gz and kernels/vidur_network.csv.gz.

The model's form stands in tools/fabric_curves.py.

All fits minimise a soft-L1 loss of log time. A campaign's clock and launch path scale all its latencies; the
coefficients are those of the campaign with the most small messages, the others' factor is fitted and dropped.
"""
import argparse
import csv
import math
import os
import sys
from collections import defaultdict

import numpy as np
from scipy.optimize import least_squares

from fabric_curves import (COLLECTIVES, ENDS, LEAST_SWITCHED, LINES, NETWORK_RELATIVES, NETWORKS, PROTOCOLS, RANKS,
                           RELATIVES, Fit, Network, bus_factor, intra_of, line, norm, read_fabric, read_kernels, steps)

BOUNDS = {"base": (0.5e-6, 2e-3), "step": (1e-9, 1e-3), "share": (1e-3, 1.0), "copy": (1e-4, 10.0),
          "sharpness": (0.8, 6.0), "crowd": (1e-4, 2.5)}
KEYS = ["base", "step", "share", "copy", "sharpness"]
# First guesses, of the order of NCCL's own tuning (src/graph/tuning.cc).
START = {"ll": (8e-6, 1e-6, 0.2, 0.5, 1.2), "ll128": (10e-6, 1.2e-6, 0.6, 0.5, 1.2),
         "simple": (14e-6, 4e-6, 0.8, 0.5, 2)}


def loss(errors):
    return 2 * 0.1 ** 2 * (np.sqrt(1 + (errors / 0.1) ** 2) - 1)


class CurveFitter:
    """Fits one collective of one link: alternates between the ends of the protocols and their coefficients, from
    several first guesses."""

    def __init__(self, link, collective, rows):
        self.link, self.collective = link, collective
        self.names = [f"{protocol}.{key}" for protocol in PROTOCOLS for key in KEYS] + ["crowd"]
        self.start = np.log([value for protocol in PROTOCOLS for value in START[protocol]] + [0.05])
        self.low, self.high = np.log([BOUNDS[name.split(".")[-1]] for name in self.names]).T
        # Small messages tell a campaign's latencies; sorted names break a tie.
        counts = defaultdict(lambda: [0, 0])
        for row in rows:
            counts[row.campaign][0] += row.size <= 65536
            counts[row.campaign][1] += 1
        main = max(sorted(counts), key=lambda c: counts[c])
        self.others = sorted(c for c in counts if c != main)
        self.n = np.array([r.ranks for r in rows])
        self.size = np.array([r.size for r in rows], float)
        self.measured = np.log([r.time for r in rows])
        self.campaign = np.array([self.others.index(r.campaign) if r.campaign in self.others else -1 for r in rows])
        self.group = np.array([min(RANKS, key=lambda m: abs(math.log(m / r.ranks))) for r in rows])

    def fit(self):
        best = None
        for first in (14, 16):
            for second in (20, 22):
                ends = {m: (2.0 ** first, 2.0 ** second) for m in RANKS}
                x, slow = self.start.copy(), np.zeros(len(self.others))
                for _ in range(6):
                    x, slow = self.refine(ends, x, slow)
                    fresh = self.best_ends(x, slow)
                    if fresh == ends:
                        break
                    ends = fresh
                value = loss(self.residual(ends, x, slow)).sum()
                if best is None or value < best[0] - 1e-9:
                    best = (value, x, slow, ends)
        _, x, slow, ends = best
        fit = Fit(self.link, self.collective)
        fit.values = dict(zip(self.names, np.exp(x)))
        for m in RANKS:
            fit.until["ll"][m], fit.until["ll128"][m] = ends[m]
        return fit

    def predictions(self, x, slow):
        """Logarithms of the times by each protocol, a row a protocol."""
        n, v = self.n, dict(zip(self.names, np.exp(x)))
        factor = np.append(np.exp(slow), 1.0)[self.campaign]
        step = np.array([steps(self.collective, m) for m in n])
        wire = self.size * np.array([bus_factor(self.collective, m) / line(self.link, m) for m in n])
        crowd = (np.minimum(n, 8) / 2) ** v["crowd"]
        times = []
        for protocol in PROTOCOLS:
            latency = factor * (v[protocol + ".base"] + v[protocol + ".step"] * step)
            inverse = 1 / v[protocol + ".share"] + v[protocol + ".copy"] / np.maximum(n - 1, 1)
            times.append(np.log(norm(latency, wire * inverse * crowd, v[protocol + ".sharpness"])))
        return np.array(times)

    def choose(self, ends):
        first = np.array([ends[m][0] for m in self.group])
        second = np.array([ends[m][1] for m in self.group])
        return np.where(self.size <= first, 0, np.where(self.size <= second, 1, 2))

    def residual(self, ends, x, slow):
        return self.predictions(x, slow)[self.choose(ends), np.arange(len(self.n))] - self.measured

    def refine(self, ends, x, slow):
        count = len(x)

        def errors(y):
            return np.concatenate([self.residual(ends, y[:count], y[count:]), 0.01 * (y[:count] - self.start),
                                   0.02 * y[count:]])

        bounds = (np.append(self.low, np.full(len(slow), -2.0)), np.append(self.high, np.full(len(slow), 2.0)))
        first = np.clip(np.append(x, slow), bounds[0] + 1e-9, bounds[1] - 1e-9)
        found = least_squares(errors, first, bounds=bounds, loss="soft_l1", f_scale=0.1, max_nfev=60)
        return found.x[:count], found.x[count:]

    def best_ends(self, x, slow):
        """For each rank count the two ends that lose least, given the coefficients."""
        table = loss(self.predictions(x, slow) - self.measured)
        ends, sizes = {}, 2.0 ** np.arange(9, 31)
        for m in RANKS:
            mine = self.group == m
            if len(set(self.size[mine])) < 8:  # A plateau does not tell where protocols end.
                continue
            below = np.array([[(table[p, mine] * (self.size[mine] <= s)).sum() for s in sizes] for p in range(3)])
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
        fit = CurveFitter(link, collective, shown).fit()
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


def fit_network(name, rows, intra):
    # A row whose time is not the network's tells nothing of it, such as two racks behind wide interfaces.
    mine = [r for r in rows if r.network and r.network.removesuffix("-sharp") == name
            and (r.size <= 64 << 20 or r.size / r.rate >= r.time / 8)]
    if not mine:
        return None
    best = None

    def errors(y, until):
        network = Network(np.exp(y[:3]), np.exp(y[3:6]), until)
        found = [math.log(network.time(r, intra) / r.time) for r in mine]
        return np.concatenate([found, 0.1 * (y - START_NETWORK)])

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


# ---- fitting all, and judging --------------------------------------------------------------------------------------

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


# ---- writing -------------------------------------------------------------------------------------------------------

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
                yield (link, f"{collective}.switch.ranks", str(LEAST_SWITCHED), "devices", FITTED,
                       "from how many ranks on")
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
