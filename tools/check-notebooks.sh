#!/usr/bin/env bash
# Executes the notebooks that dryrack writes, on results it has just made: those shipped in notebooks-export/ must be
# what the command writes today, valid nbformat 4.5, and run from top to bottom; each draws at least one picture.
#
#   tools/check-notebooks.sh PATH-OF-DRYRACK [--keep FOLDER] [--write]
#
# --keep leaves the executed notebooks in a folder; --write replaces the shipped ones. Needs Python 3 with venv and a
# package registry; DRYRACK_NOTEBOOK_PYTHON names an interpreter that has nbconvert, ipykernel, pandas and matplotlib.
set -euo pipefail
cd "$(dirname "$0")/.."

dryrack="$(realpath "${1:?usage: tools/check-notebooks.sh PATH-OF-DRYRACK [--keep FOLDER] [--write]}")"
shift
keep="" write=""
while [ $# -gt 0 ]; do
  case "$1" in
    --keep) mkdir -p "$2"; keep="$(realpath "$2")"; shift 2 ;;
    --write) write=yes; shift ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
done

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir "$work/results" "$work/notebooks-export"

"$dryrack" run scenarios/support-chat-forecast.yaml --quiet --replications 10 --jobs 2 \
  --out "$work/results/support-chat-forecast" >/dev/null
"$dryrack" run scenarios/spot-training.yaml --quiet --replications 10 --jobs 2 --out "$work/results/spot-training" \
  >/dev/null || [ $? -eq 1 ]

rates=1/s,2/s,4/s,8/s,12/s,16/s
accelerators=h100-sxm,l40s
rate_path=workloads.chat.arrivals.rate
accelerator_path=designs.one-gpu.pools.gpu.node.accelerator
sweep="$work/results/one-gpu-load.csv"
"$dryrack" sweep scenarios/minimal.yaml --set "$accelerator_path=$accelerators" --set "$rate_path=$rates" \
  --set duration=4m --replications 5 --jobs 2 --out "$sweep" >/dev/null || [ $? -eq 1 ]

# Two parameters that are words: nothing to draw along an axis, and a line for each pair of them.
"$dryrack" sweep scenarios/minimal.yaml --set "$accelerator_path=$accelerators" \
  --set designs.one-gpu.services.chat.engine=vllm,sglang --set duration=1m --jobs 2 \
  --out "$work/results/words.csv" >/dev/null || [ $? -eq 1 ]

# A sampled space, whose points are no lines, and a grid of two numbers, whose lines are many.
"$dryrack" sweep scenarios/minimal.yaml --set "$rate_path=1/s..16/s" \
  --set workloads.chat.prompt-tokens.mean=200..2000 --set "$accelerator_path=$accelerators" --method sobol --points 12 \
  --set duration=1m --jobs 2 --out "$work/results/sobol.csv" >/dev/null || [ $? -eq 1 ]
"$dryrack" sweep scenarios/minimal.yaml --set "$rate_path=$rates" \
  --set workloads.chat.prompt-tokens.mean=200,600,1000,2000,4000 --set duration=1m --jobs 2 \
  --set "$accelerator_path=$accelerators" --out "$work/results/plane.csv" >/dev/null || [ $? -eq 1 ]

export_notebook() { "$dryrack" export-notebook "$work/results/$1" -o "$work/notebooks-export/$2.ipynb" --title "$3"; }
export_notebook support-chat-forecast support-chat "Buy, rent, or call for the support assistant?"
export_notebook one-gpu-load.csv one-gpu-load "How much load does one GPU carry?"
export_notebook words.csv words "Which engine on which GPU?"
export_notebook sobol.csv sobol "Points spread over a space"
export_notebook plane.csv plane "Two numbers at once"
export_notebook spot-training spot-training "Is spot cheaper once restarts are counted?"
for shipped in support-chat one-gpu-load; do
  for kind in ipynb vl.json; do
    if [ -n "$write" ]; then cp "$work/notebooks-export/$shipped.$kind" "notebooks-export/$shipped.$kind"; fi
    cmp "$work/notebooks-export/$shipped.$kind" "notebooks-export/$shipped.$kind"
  done
done

python="${DRYRACK_NOTEBOOK_PYTHON:-}"
if [ -z "$python" ]; then
  python3 -m venv "$work/venv"
  python="$work/venv/bin/python"
  timeout 300 "$python" -m pip install --quiet --disable-pip-version-check \
    nbconvert ipykernel nbformat pandas matplotlib
fi

cd "$work/notebooks-export"
"$python" - <<'PYTHON'
import base64, json, pathlib, sys

import nbformat
from nbconvert.preprocessors import ExecutePreprocessor

for path in sorted(pathlib.Path(".").glob("*.ipynb")):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5), path
    if any(cell.id == "load-curves" for cell in notebook.cells):
        # What is drawn is looked at, too: shares are on a linear axis, and no panel is without a legend.
        notebook.cells.append(nbformat.v4.new_code_cell(
            "for panel in load_axes.flat:\n"
            "    if not panel.get_visible(): continue\n"
            "    assert panel.get_ylabel() != '%' or panel.get_yscale() == 'linear'\n"
            "    assert panel.get_legend() is not None\n"
            "    lines = sum(line.get_linestyle() != 'None' for line in panel.get_lines())\n"
            f"    assert lines == 0 or {path.stem != 'sobol'}, lines"))
    ExecutePreprocessor(timeout=120, kernel_name="python3").preprocess(notebook, {"metadata": {"path": "."}})
    pictures = 0
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                sys.exit(f"{path}, cell {cell.id}: {output.text}")
            picture = output.get("data", {}).get("image/png")
            if picture:
                pictures += 1
                pathlib.Path(f"{path.stem}-{cell.id}.png").write_bytes(base64.b64decode(picture))
    assert pictures >= 2, f"{path} draws {pictures} pictures"
    nbformat.write(notebook, path)
    print(f"{path.stem}: executed, {pictures} pictures")
for path in sorted(pathlib.Path(".").glob("*.vl.json")):
    spec = json.loads(path.read_text())
    assert spec["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json", path
    assert pathlib.Path(spec["data"]["url"]).is_file(), f"{path}: {spec['data']['url']} is not there"
PYTHON
if [ -n "$keep" ]; then cp -r "$work/notebooks-export" "$work/results" "$keep/"; fi
