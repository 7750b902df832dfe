#!/usr/bin/env python3
"""Writes the synthetic trace of scenarios/traces: an hour of a support assistant with a lunchtime burst.

Draws of our own (no recorded data): Poisson arrivals at 0.5/s, tripled between minutes 30 and 36; lognormal lengths.
usage: make-support-trace.py > scenarios/traces/support-chat.csv
"""
import math, random

random.seed(20261124)


def lognormal(mean, cv):
    variance = math.log(1 + cv * cv)
    return random.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))


print("TIMESTAMP,ContextTokens,GeneratedTokens")
clock = 0.0
while True:
    rate = 1.5 if 1800 <= clock < 2160 else 0.5
    clock += random.expovariate(rate)
    if clock >= 3600:
        break
    prompt = min(8192, max(8, round(lognormal(1020, 1.1))))
    answer = min(2048, max(1, round(lognormal(210, 0.9))))
    minute, second = divmod(clock, 60)
    print(f"2026-11-02 12:{int(minute):02d}:{second:010.7f},{prompt},{answer}")
