#!/usr/bin/env python3
"""Optuna chooses the points, dryrack evaluates them: `dryrack optimize SCENARIO --protocol ask-tell`.

    pip install optuna
    python3 examples/optuna_search.py scenarios/optimize-fleet.yaml --design buy --trials 60

Without Optuna, `--sampler random` draws the points with the standard library alone.
"""
import argparse
import difflib
import json
import random
import subprocess
import sys


class Evaluator:
    """A running `dryrack optimize --protocol ask-tell`: a line out, a line in."""

    def __init__(self, command, scenario, extra):
        self.process = subprocess.Popen(
            [command, "optimize", scenario, "--protocol", "ask-tell", *extra],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.space = self.read()["space"]
        self.asked = 0

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"dryrack ended with status {self.process.wait()}")
        return json.loads(line)

    def evaluate(self, point, design):
        self.asked += 1
        question = {"ask": {"id": self.asked, "point": point, "design": design}}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.read()
        if "error" in answer:
            sys.exit(f"dryrack cannot evaluate {point}: {answer['error']['message']}")
        assert answer["tell"]["id"] == self.asked
        return answer["tell"]

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


def variables(space, design):
    """Those that change the design."""
    return [v for v in space["variables"] if design in v.get("designs", [design])]


def random_point(space, design, source):
    point = {}
    for v in variables(space, design):
        if v["type"] == "integer":
            point[v["path"]] = source.randrange(v["from"], v["to"] + 1, v["by"])
        elif v["type"] == "choice":
            point[v["path"]] = source.choice(v["values"])
        else:
            point[v["path"]] = round(source.uniform(v["from"], v["to"]), 6)
    return point


def suggested_point(trial, space, design):
    point = {}
    for v in variables(space, design):
        if v["type"] == "integer":
            point[v["path"]] = trial.suggest_int(v["path"], v["from"], v["to"], step=v["by"])
        elif v["type"] == "choice":
            point[v["path"]] = trial.suggest_categorical(v["path"], v["values"])
        else:
            point[v["path"]] = trial.suggest_float(v["path"], v["from"], v["to"], log=v["scale"] == "log")
    return point


def search_with_optuna(evaluator, design, trials, seed):
    import optuna

    senses = ["maximize" if o["sense"] == "max" else "minimize" for o in evaluator.space["objectives"]]
    worst = [-1e12 if s == "maximize" else 1e12 for s in senses]

    def objective(trial):
        tell = evaluator.evaluate(suggested_point(trial, evaluator.space, design), design)
        # NSGA-II of Optuna reads constraints from here: at most 0 is feasible.
        trial.set_user_attr("violation", tell["violation"])
        trial.set_user_attr("gpus", tell["gpus"])
        return [w if v is None else v for v, w in zip(tell["values"], worst)]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.NSGAIISampler(
        population_size=16, seed=seed, constraints_func=lambda trial: [trial.user_attrs["violation"]])
    study = optuna.create_study(directions=senses, sampler=sampler)
    study.optimize(objective, n_trials=trials)
    return [(t.params, t.values) for t in study.best_trials if t.user_attrs["violation"] <= 0]


def search_at_random(evaluator, design, trials, seed):
    source = random.Random(seed)
    signs = [-1 if o["sense"] == "max" else 1 for o in evaluator.space["objectives"]]
    found = []
    for _ in range(trials):
        point = random_point(evaluator.space, design, source)
        tell = evaluator.evaluate(point, design)
        if tell["feasible"]:
            found.append((point, tell["values"]))

    def better(a, b):
        a, b = ([s * v for s, v in zip(signs, values)] for values in (a, b))
        return a != b and all(x <= y for x, y in zip(a, b))

    return [one for one in found if not any(better(other[1], one[1]) for other in found)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario")
    parser.add_argument("--design", help="the first of the scenario unless named")
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sampler", choices=["optuna", "random"], default="optuna")
    parser.add_argument("--dryrack", default="dryrack", help="the command")
    parser.add_argument("extra", nargs="*", help="options for dryrack, behind --")
    options = parser.parse_args()
    evaluator = Evaluator(options.dryrack, options.scenario, options.extra)
    designs = evaluator.space["designs"]
    design = options.design or designs[0]
    if design not in designs:
        near = difflib.get_close_matches(design, designs, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(designs)}"
        evaluator.close()
        parser.error(f"the scenario has no design '{design}'; {hint}")
    search = search_with_optuna if options.sampler == "optuna" else search_at_random
    front = search(evaluator, design, options.trials, options.seed)
    # A sampler may ask for a point again.
    front = list({json.dumps(point, sort_keys=True): (point, values) for point, values in front}.values())
    names = [o["metric"] for o in evaluator.space["objectives"]]
    for point, values in sorted(front, key=lambda one: one[1]):
        print(", ".join(f"{n} {v:.6g}" for n, v in zip(names, values)), point)
    print(f"{len(front)} points on the front after {options.trials} trials of {design}", file=sys.stderr)
    sys.exit(evaluator.close())


if __name__ == "__main__":
    main()
