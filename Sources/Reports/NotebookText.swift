/// The cells of a notebook of results.
enum NotebookText {
  static func question(_ title: String, isSweep: Bool) -> String {
    let what = isSweep ? "a sweep" : "a run"
    return """
      # \(TextStyle.printable(title))

      Results of \(what) of dryrack, drawn with pandas and Matplotlib alone. Paths are relative to this
      notebook; the environment's `DRYRACK_RESULTS` names another result set of the same kind. Bands and bars
      are 95 % intervals over replications; where a figure has none, none is drawn.
      """
  }

  static func load(_ places: ResultsNotebook.Places, parameter: String?) -> String {
    let isFolder = places.series != nil || places.costs != nil
    let path = isFolder ? String(places.metrics.dropLast("/metrics.csv".count)) : places.metrics
    return """
      import os
      import pathlib

      import matplotlib.pyplot as plt
      import numpy as np
      import pandas as pd

      RESULTS = pathlib.Path(os.environ.get("DRYRACK_RESULTS", \(pythonString(path))))
      plt.rcParams.update({"figure.dpi": 110, "axes.grid": True, "grid.alpha": 0.3, "axes.axisbelow": True,
                           "axes.spines.top": False, "axes.spines.right": False, "font.size": 10})


      def read(name):
          # Only empty cells are unknown: a design may be called "NA".
          return pd.read_csv(name, keep_default_na=False, na_values=[""])


      metrics = read(\(isFolder ? "RESULTS / \"metrics.csv\"" : "RESULTS"))
      metrics["workload"] = metrics["workload"].fillna("")
      # The row over all replications has an empty replication.
      totals = metrics[metrics["replication"].isna()].copy()
      fixed = ["run_id", "design", "workload", "replication", "metric", "statistic", "value", "unit",
               "ci_low", "ci_high"]
      parameters = [name for name in metrics.columns if name not in fixed]
      # What is drawn along the axis; the others tell lines apart.
      PARAMETER = \(parameter.map(pythonString) ?? "None")
      others = [name for name in parameters if name != PARAMETER and totals[name].nunique() > 1]
      # In a sampled sweep the others hardly repeat: points there are, but no lines to join them.
      scattered = False
      if PARAMETER and others:
          scattered = totals.groupby(["design", *others], dropna=False)[PARAMETER].nunique().median() < 2
      others = [] if scattered else others
      cycle = plt.rcParams["axes.prop_cycle"].by_key()["color"]
      designs = list(dict.fromkeys(totals["design"]))
      colours = {design: cycle[number % len(cycle)] for number, design in enumerate(designs)}


      def label(key):
          parts = key if isinstance(key, tuple) else (key,)
          return ", ".join(str(part) for part in parts if part == part and str(part))


      def pick(metric, statistic):
          rows = totals[(totals["metric"] == metric) & (totals["statistic"] == statistic)]
          return rows.dropna(subset=["value"])


      def readable(values, unit):
          \"""A factor and a unit that fit the size of the values.\"""
          if unit == "s" and len(values) and np.nanmax(np.abs(values)) < 1:
              return 1e3, "ms"
          if unit == "s" and len(values) and np.nanmax(np.abs(values)) > 7200:
              return 1 / 3600, "h"
          return (100, "%") if unit == "ratio" else (1, unit)


      def whiskers(rows, factor):
          \"""Distances of the interval's ends from the value, zero where there is none.\"""
          low = (rows["value"] - rows["ci_low"]).fillna(0).clip(lower=0)
          high = (rows["ci_high"] - rows["value"]).fillna(0).clip(lower=0)
          return np.array([low, high]) * factor
      """
  }

  static func tableWords(isSweep: Bool) -> String {
    "## The figures\n\n"
      + (isSweep
        ? "The median over all points of the sweep, each of them the mean of its replications."
        : "Means over the replications.")
  }

  static let table = """
    wanted = [("ttft_s", "p50"), ("ttft_s", "p99"), ("tpot_s", "p99"), ("goodput_ratio", "value"),
              ("output_tokens_per_s", "value"), ("time_to_train_s", "mean"), ("cost_per_month", "value"),
              ("cost_per_million_output_tokens", "value"), ("cost_per_training_run", "value")]
    chosen = totals[[pair in wanted for pair in zip(totals["metric"], totals["statistic"])]]
    chosen.pivot_table(index=["workload", "metric", "statistic", "unit"], columns=["design"], values="value",
                       aggfunc="median", sort=False).round(4)
    """

  static let latencyWords = "## How long do requests wait?"

  static let latency = """
    quantiles = ["p50", "p90", "p95", "p99"]
    names = {"ttft_s": "time to first token", "tpot_s": "time per output token",
             "e2e_s": "time to the last token", "step_time_s": "time of a step",
             "time_to_train_s": "time to train", "queue_wait_s": "wait in the queue"}
    times = totals[totals["metric"].isin(names) & totals["statistic"].isin(quantiles)]
    times = times.dropna(subset=["value"])
    for workload, own in times.groupby("workload", sort=False):
        kinds = [name for name in names if name in set(own["metric"])]
        figure, axes = plt.subplots(1, len(kinds), figsize=(4.2 * len(kinds), 3.6), squeeze=False,
                                    layout="constrained")
        for axis, metric in zip(axes[0], kinds):
            rows = own[own["metric"] == metric]
            factor, unit = readable(rows["value"], "s")
            # A sweep over words alone has a line for each of its points.
            lines = rows.groupby(["design", *others], sort=False, dropna=False)
            for shift, (key, line) in enumerate(lines):
                line = line.drop_duplicates("statistic").set_index("statistic")
                line = line.reindex(quantiles).dropna(subset=["value"])
                spread = 0.06 if lines.ngroups <= 8 else 0.5 / lines.ngroups
                place = [quantiles.index(name) + spread * (shift - lines.ngroups / 2) for name in line.index]
                axis.errorbar(place, line["value"] * factor, yerr=whiskers(line, factor), marker="o",
                              capsize=3, color=cycle[shift % len(cycle)], label=label(key))
            axis.set_xticks(range(len(quantiles)), quantiles)
            axis.set_title(names[metric])
            of_requests = metric in ["ttft_s", "tpot_s", "e2e_s"]
            axis.set_xlabel("quantile of requests" if of_requests else "quantile")
            axis.set_ylabel(unit)
            axis.set_ylim(bottom=0)
        figure.suptitle(workload)
        if len(axes[0][0].containers) <= 12:
            axes[0][0].legend(title=None if others else "design")
        plt.show()
    """

  static let curvesWords = """
    ## What does more load, or more of anything, do?

    Bands are 95 % intervals over replications.
    """

  static let curves = """
    number = r"^\\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\\s*(.*)$"
    parts = totals[PARAMETER].astype("string").str.extract(number)
    totals["x"] = pd.to_numeric(parts[0], errors="coerce")
    unit_of_x = next((unit for unit in parts[1].dropna() if unit), "")
    panels = [("ttft_s", "p99", "time to first token, p99"), ("tpot_s", "p99", "time per output token, p99"),
              ("goodput_ratio", "value", "good requests"),
              ("output_tokens_per_s", "value", "output tokens per second"),
              ("time_to_train_s", "mean", "time to train"),
              ("training_goodput_ratio", "value", "time that counts"),
              ("cost_per_million_output_tokens", "value", "cost per million output tokens"),
              ("cost_per_month", "value", "cost per month")]
    panels = [panel for panel in panels if pick(*panel[:2])["x"].nunique() > 1]
    across = min(2, len(panels))
    down = -(-len(panels) // across)
    figure, axes = plt.subplots(down, across, figsize=(5.6 * across, 3.5 * down), squeeze=False,
                                layout="constrained")
    load_axes = axes
    for axis, (metric, statistic, title) in zip(axes.flat, panels):
        rows = pick(metric, statistic)
        factor, unit = readable(rows["value"], rows["unit"].iloc[0])
        lines = rows.groupby(["design", "workload", *others], sort=False, dropna=False)
        # More lines than can be told apart are told apart by their design.
        is_crowded = lines.ngroups > 8
        for number, (key, line) in enumerate(lines):
            line = line.sort_values("x")
            style = ["-", "--", ":", "-."][number // len(cycle) % 4]
            colour = colours[key[0]] if is_crowded else cycle[number % len(cycle)]
            name = key[0] if is_crowded else label(key)
            name = name if name not in axis.get_legend_handles_labels()[1] else None
            if scattered:
                axis.errorbar(line["x"], line["value"] * factor, yerr=whiskers(line, factor), fmt="o",
                              markersize=3.5, lw=0.8, color=colour, label=name)
                continue
            axis.plot(line["x"], line["value"] * factor, "-" if is_crowded else style, marker="o",
                      markersize=3.5, color=colour, label=name)
            low, high = (line[end].fillna(line["value"]) * factor for end in ["ci_low", "ci_high"])
            axis.fill_between(line["x"], low, high, color=colour, alpha=0.2, lw=0)
        if rows["x"].min() > 0 and rows["x"].max() / rows["x"].min() > 20:
            axis.set_xscale("log")
        # A share of 87 % is far from one of 99 %: a logarithm would hide it.
        is_wide = rows["value"].min() > 0 and rows["value"].max() / rows["value"].min() > 50
        if unit != "%" and is_wide:
            axis.set_yscale("log")
        else:
            axis.set_ylim(0, 105 if unit == "%" else max(1.04 * axis.dataLim.ymax, 1e-9))
        axis.set_title(title)
        axis.set_ylabel(unit)
        axis.set_xlabel(f"{PARAMETER} [{unit_of_x}]" if unit_of_x else PARAMETER)
        if len(axis.get_legend_handles_labels()[1]) <= 12:
            axis.legend(fontsize=8)
    for axis in list(axes.flat)[len(panels):]:
        axis.set_visible(False)
    plt.show()
    """

  static let frontierWords = """
    ## What does speed cost?

    Lower and further left is better. The line joins the points that no other point beats in both.
    """
}
