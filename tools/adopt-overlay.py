#!/usr/bin/env python3
"""Takes the facts of a catalogue overlay into the data files of the catalogue.

usage: adopt-overlay.py OVERLAY.csv [DATA_FOLDER]

OVERLAY.csv has the columns kind,name,key,value,unit,source,date,note, as `calibrate` and the fidelity run
write them. A fact whose name and key stand in the file replaces that row; any other is put behind the rows
of its entry. Sources must be known to sources.csv.
"""
import csv
import os
import sys


def adopt(path, facts):
    with open(path, newline="") as handle:
        rows = list(csv.reader(handle))
    header, rows = rows[0], rows[1:]
    for name, key, *rest in facts:
        places = [i for i, row in enumerate(rows) if row[0] == name]
        same = [i for i in places if rows[i][1] == key]
        if same:
            rows[same[0]] = [name, key, *rest]
        else:
            rows.insert(places[-1] + 1 if places else len(rows), [name, key, *rest])
    with open(path + ".new", "w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    os.replace(path + ".new", path)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[2] if len(sys.argv) == 3 else os.path.join(here, "..", "Sources", "CCatalogData", "data")
    by_kind = {}
    with open(sys.argv[1], newline="") as handle:
        for row in csv.DictReader(handle):
            by_kind.setdefault(row["kind"], []).append(
                [row[c] for c in ("name", "key", "value", "unit", "source", "date", "note")])
    for kind, facts in by_kind.items():
        adopt(os.path.join(folder, kind + ".csv"), facts)


if __name__ == "__main__":
    main()
