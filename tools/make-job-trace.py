#!/usr/bin/env python3
"""Writes the synthetic job trace of scenarios/traces: a working week and a weekend of a company's GPU cluster.

Draws of our own (no recorded data). How busy jobs keep what they hold follows Jeon et al., "Analysis of Large-Scale
Multi-Tenant GPU Clusters for DNN Training Workloads" (USENIX ATC 2019, table 3): 52 % for one accelerator, 45 % for
four, 59 % for eight, 40 % for sixteen and more. Most jobs are small and short and most accelerator time goes to the
others, as there; jobs come three times as often in office hours, and people think that they take longer than they do.
usage: make-job-trace.py > scenarios/traces/enterprise-jobs.csv
"""
import math, random

random.seed(20261126)
# accelerators: share of the jobs, mean hours, mean share of the time busy
KINDS = {1: (0.62, 4, 0.52), 2: (0.08, 5, 0.50), 4: (0.12, 6, 0.45), 8: (0.12, 10, 0.59), 16: (0.04, 16, 0.40),
         32: (0.02, 20, 0.40)}
USERS = ["research", "research", "training", "product", "product"]
HOURS = 168


def lognormal(mean, cv):
    variance = math.log(1 + cv * cv)
    return random.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))


print("arrival_s,accelerators,duration_s,user,busy_ratio,priority,estimate_s")
clock = 0.0
while True:
    office = clock < 5 * 24 and 8 <= clock % 24 < 20
    clock += random.expovariate(7.8 if office else 2.6)
    if clock >= HOURS:
        break
    count = random.choices(list(KINDS), [kind[0] for kind in KINDS.values()])[0]
    _, hours, busy = KINDS[count]
    duration = min(60 * 3600, max(60, round(lognormal(hours, 1.2) * 3600)))
    share = random.betavariate(4 * busy, 4 * (1 - busy))
    user = "training" if count >= 16 else random.choice(USERS)
    print(f"{clock * 3600:.0f},{count},{duration},{user},{share:.2f},{2 if user == 'product' else 1},"
          f"{round(duration * random.uniform(1, 3))}")
