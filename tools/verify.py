#!/usr/bin/env python3
"""Checks of the built command that need whole processes.

- The same scenario gives the same bytes in many processes, with one job and with two, in the debug and the
  release build: standard output and every file of --out, --requests and --timeline.
- Small files that would expand to millions of values are refused in little memory.
- An answer that a full disk swallows is status 2, one whose reader went away is not; result files on a disk
  that fills are all there or none.
- The first Ctrl-C ends a run with partial results that say so; the second ends the process.

  tools/verify.py --release PATH --debug PATH [--processes 20] [SCENARIO ...]
"""

import argparse
import hashlib
import json
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# One with replications, so that jobs differ; one with a trace; one whose warm-up is found by a pilot run.
SCENARIOS = [("bursty-api.yaml", ["--set", "duration=2m"]), ("support-chat.yaml", []), ("minimal.yaml", ["--set", "warmup=auto"])]
# Peak resident memory of a process, program and libraries included.
MEMORY_LIMIT_KIB = 40 * 1024

failures = []


def check(holds, what):
    if not holds:
        failures.append(what)
        print(f"FAILED: {what}", file=sys.stderr)


def digest(folder, answer):
    """A digest of what was printed and of each file by name."""
    parts = {"standard output": hashlib.sha256(answer).hexdigest()}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        parts[str(file.relative_to(folder))] = hashlib.sha256(file.read_bytes()).hexdigest()
    return parts


def run(program, scenario, options, jobs, folder):
    command = [program, "run", scenario, "--quiet", "--format", "csv", "--jobs", str(jobs), *options]
    files = ["--out", folder / "out", "--requests", folder / "requests.csv", "--timeline", folder / "t.json"]
    return subprocess.run([*command, *files], capture_output=True, check=False)


def same_bytes(release, debug, scenario, options, processes):
    # The slow build gets two of the processes, one a number of jobs.
    plan = [(release, 1 + index % 2) for index in range(processes - 2)] + [(debug, 1), (debug, 2)]
    first = None
    for index, (program, jobs) in enumerate(plan):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="dryrack-verify-"))
        try:
            result = run(program, scenario, options, jobs, folder)
            check(result.returncode in (0, 1), f"{scenario.name}: exit status {result.returncode}")
            parts = digest(folder, result.stdout)
        finally:
            shutil.rmtree(folder)
        first = first or parts
        differing = [name for name in first.keys() | parts.keys() if first.get(name) != parts.get(name)]
        build = "release" if program == release else "debug"
        check(not differing, f"{scenario.name}, process {index} ({build}, {jobs} jobs): {sorted(differing)} differ")
    print(f"{scenario.name}: {len(plan)} processes, {len(first)} equal outputs")


def bombs():
    """Files that are small or simple and would be large once read."""
    nested = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 9):
        nested += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n"
    yield "nested aliases", nested
    yield "deep nesting", "- " * 100_000
    yield "a list of two million", "a: [" + "x," * 2_000_000 + "x]\n"


def refuses(release):
    with tempfile.TemporaryDirectory(prefix="dryrack-verify-") as folder:
        for name, text in bombs():
            file = pathlib.Path(folder) / "bomb.yaml"
            file.write_text(text)
            started = time.perf_counter()
            result = subprocess.run([release, "validate", file], capture_output=True, check=False)
            elapsed = (time.perf_counter() - started) * 1000
            # The largest of all children so far, so it can only be too high.
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            check(result.returncode == 2, f"{name}: exit status {result.returncode}")
            check(peak <= MEMORY_LIMIT_KIB, f"{name}: {peak} KiB of memory")
            print(f"{name}: refused, {elapsed:.0f} ms, peak at most {peak / 1024:.1f} MiB")


def interrupts(release):
    scenario = ROOT / "scenarios" / "closed-loop-benchmark.yaml"
    endless = ["--set", "workloads.bench.requests=1000000000"]
    with tempfile.TemporaryDirectory(prefix="dryrack-verify-") as folder:
        command = [release, "run", scenario, *endless, "--out", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        words = process.communicate()[1].decode()
        check(process.returncode == 130, f"Ctrl-C: exit status {process.returncode}")
        check("partial" in words, "Ctrl-C: nobody says that results are partial")
        manifest = json.loads((pathlib.Path(folder) / "summary.json").read_text())["manifest"]
        check(manifest["complete"] is False, "Ctrl-C: the results claim to be complete")
        print(f"Ctrl-C: status {process.returncode}, complete {manifest['complete']}: {manifest['stopped_by']}")


def small_files():
    """No file grows past 16 KiB, and the write says so instead of ending the process."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 10, 16 << 10))


def full_disks(release):
    scenario = ROOT / "scenarios" / "minimal.yaml"
    short = [release, "run", scenario, "--set", "duration=20s", "--quiet"]
    answers = [short, [*short, "--format", "json"], [release, "plan", scenario], [release, "validate", scenario]]
    full = pathlib.Path("/dev/full")
    for command in [*answers, [release, "schema"]] if full.is_char_device() else []:
        with full.open("w") as nowhere:
            result = subprocess.run(command, stdout=nowhere, stderr=subprocess.PIPE, check=False)
        check(result.returncode == 2 and result.stderr, f"full disk: {command[1]} ends with {result.returncode}")
    reader = subprocess.Popen([release, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    reader.stdout.close()
    words = reader.stderr.read()
    check(reader.wait() == 0 and not words, f"a reader that went away: status {reader.returncode}, {words}")
    with tempfile.TemporaryDirectory(prefix="dryrack-verify-") as folder:
        command = [*short, "--out", folder]
        result = subprocess.run(command, capture_output=True, preexec_fn=small_files, check=False)
        left = sorted(path.name for path in pathlib.Path(folder).iterdir())
        check(result.returncode == 2 and not left, f"a disk that fills: status {result.returncode}, left {left}")
    print("full disks: status 2 and nothing half written")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", required=True, type=pathlib.Path)
    parser.add_argument("--debug", required=True, type=pathlib.Path)
    parser.add_argument("--processes", default=20, type=int)
    parser.add_argument("scenarios", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    # First, while no other child has used more memory.
    refuses(arguments.release)
    interrupts(arguments.release)
    full_disks(arguments.release)
    chosen = [(path, []) for path in arguments.scenarios]
    for scenario, options in chosen or [(ROOT / "scenarios" / name, options) for name, options in SCENARIOS]:
        same_bytes(arguments.release, arguments.debug, scenario, options, arguments.processes)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
