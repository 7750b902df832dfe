/// Cells about money and time.
extension NotebookText {
  static func frontier(_ metric: String, _ statistic: String) -> String {
    """
    METRIC, STATISTIC = \(pythonString(metric)), \(pythonString(statistic))
    keys = ["design", *parameters]
    # Points of a sweep may carry different loads: then a month is no measure of what a design is worth.
    COST = "cost_per_million_output_tokens" if parameters else "cost_per_month"
    COST = COST if len(pick(COST, "value")) else "cost_per_month"
    cost = pick(COST, "value")[[*keys, "value", "ci_low", "ci_high", "unit"]]
    speed = pick(METRIC, STATISTIC)
    # The workload whose worst point is slowest decides; classes of requests do not.
    speed = speed[~speed["workload"].str.contains("/")]
    if cost.empty or speed.empty:
        print("no design has both a price and", f"{STATISTIC}({METRIC})")
    else:
        slowest = speed.groupby("workload")["value"].max().idxmax()
        speed = speed[speed["workload"] == slowest][[*keys, "value", "ci_low", "ci_high"]]
        points = speed.merge(cost, on=keys, suffixes=("", "_cost"))
        factor, unit = readable(points["value"], "s")
        money = points["unit"].iloc[0]
        figure, axis = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
        lines = points.groupby(["design", *others], sort=False, dropna=False)
        for number, (key, rows) in enumerate(lines):
            bars = whiskers(rows, factor) if len(points) <= 40 else None
            axis.errorbar(rows["value"] * factor, rows["value_cost"], xerr=bars, capsize=3, lw=0.8,
                          fmt="o-" if PARAMETER and not scattered else "o",
                          color=cycle[number % len(cycle)], label=label(key))
        best = points.sort_values(["value", "value_cost"])
        front = best[best["value_cost"] < best["value_cost"].cummin().shift(fill_value=np.inf)]
        axis.step(front["value"] * factor, front["value_cost"], where="post", color="0.4", lw=1, ls="--",
                  zorder=1)
        for set_scale, name in [(axis.set_xscale, "value"), (axis.set_yscale, "value_cost")]:
            values = points[name]
            if values.min() > 0 and values.max() / values.min() > 20:
                set_scale("log")
        if axis.get_yscale() == "linear":
            axis.set_ylim(bottom=0)
        if axis.get_xscale() == "linear":
            axis.set_xlim(left=0)
        axis.set_xlabel(f"{STATISTIC}({METRIC})" + (f" of {slowest}" if slowest else "") + f" [{unit}]")
        axis.set_ylabel(f"{COST.replace('_', ' ')} [{money}]")
        axis.set_title("cost against latency")
        if lines.ngroups <= 12:
            axis.legend()
        plt.show()
    """
  }

  static let costsWords = """
    ## When is what paid?

    What is invoiced, added up: purchases when they are billed, everything else at the end of its month.
    Where the file holds one month, every month is taken to be like it. Write-offs are no invoices and do not
    count here. What bought machines are still worth when the horizon ends comes back then, if they are sold:
    the dashed fall to the ring.
    """

  static let costs = """
    MONTHS = 36
    costs = read(RESULTS / "costs.csv")
    currency = costs["BillingCurrency"].iloc[0] if len(costs) else ""
    figure, axis = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    for design, rows in costs.groupby("x_Design", sort=False):
        at_once = rows["ChargeCategory"] == "Purchase"
        start = pd.to_datetime(rows["ChargePeriodStart"])
        number = (start.dt.year - start.dt.year.min()) * 12 + start.dt.month
        number = number - number.min()
        sold = (rows["ChargeCategory"] == "Credit") & (number == number.max())
        if number.nunique() > 1:
            at = number.where(at_once, number + 1)
            paid = rows[~sold].groupby(at[~sold])["BilledCost"].sum().sort_index().cumsum()
            month = paid.index
        else:
            month = np.arange(MONTHS + 1)
            usage = rows.loc[~at_once & ~sold, "BilledCost"].sum()
            paid = rows.loc[at_once, "BilledCost"].sum() + month * usage
        axis.plot(month, np.asarray(paid) / 1e3, drawstyle="steps-post", color=colours.get(design),
                  label=design)
        back = rows.loc[sold, "BilledCost"].sum()
        if back < 0:
            end, last = month[-1], np.asarray(paid)[-1]
            axis.plot([end, end], [last / 1e3, (last + back) / 1e3], ls="--", lw=1, marker="o", mfc="none",
                      markevery=[1], color=colours.get(design))
    axis.set_ylim(bottom=0)
    axis.set_xlim(left=0)
    axis.set_xlabel("month")
    axis.set_ylabel(f"invoiced so far [thousand {currency}]")
    axis.set_title("cost over time")
    axis.legend(title="design")
    plt.show()
    """

  static let seriesWords = """
    ## What happened meanwhile?

    The first replication of each design, averaged over a hundredth of the run.
    """

  static let series = """
    series = read(RESULTS / "series.csv")
    names = {"queue_depth": "requests waiting", "running": "requests running",
             "kv_usage_ratio": "KV cache in use", "gpu_busy_ratio": "GPUs busy", "power_w": "power"}
    units = {"kv_usage_ratio": (100, "%"), "gpu_busy_ratio": (100, "%"), "power_w": (1e-3, "kW")}
    # Roles of a service have series of their own, under the service's name and a slash.
    whole = series[~series["service"].fillna("").str.contains("/")]
    kinds = [name for name in names if name in set(whole["metric"])]
    if not kinds:
        print("this run has no series")
    else:
        figure, axes = plt.subplots(len(kinds), 1, figsize=(9, 1.9 * len(kinds)), sharex=True, squeeze=False,
                                    layout="constrained")
        width = max(whole["time_s"].max() / 100, 1e-9)
        longest = whole["time_s"].max()
        scale, time_unit = (3600, "h") if longest > 7200 else (60, "min") if longest > 120 else (1, "s")
        for axis, metric in zip(axes[:, 0], kinds):
            factor, unit = units.get(metric, (1, ""))
            rows = whole[whole["metric"] == metric]
            lines = rows.groupby(["design", "service"], sort=False, dropna=False)
            for number, ((design, service), line) in enumerate(lines):
                mean = line.groupby((line["time_s"] / width).astype(int))[["time_s", "value"]].mean()
                label = design if service == "" or rows["service"].nunique() < 2 else f"{design}, {service}"
                axis.plot(mean["time_s"] / scale, mean["value"] * factor, color=colours.get(design), lw=1.2,
                          ls=["-", "--", ":"][number // max(1, len(designs)) % 3], label=label)
            axis.set_ylim(bottom=0)
            axis.set_ylabel(unit)
            axis.set_title(names[metric], loc="left", fontsize=10)
        axes[-1, 0].set_xlabel(f"time [{time_unit}]")
        axes[0, 0].legend(ncols=4, fontsize=8, loc="upper right")
        plt.show()
    """
}
