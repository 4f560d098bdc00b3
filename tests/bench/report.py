#!/usr/bin/env python3
"""usage: report.py ROWS FOLDER

Makes FOLDER/bench.json, a table on standard output and one plot (SVG) for each series out of the
rows that the benchmarks left: results {name, unit, ours, peer?, peer_name?, bar?} and points of
series {series, x, ours, peer?}. A bar is {ratio: most} or {most: value}. Ends with 1 if one is missed.
"""
import json
import os
import pathlib
import platform
import sys
import time

from plot import plot

AXES = {
    "memory": ("sessions attached", "KiB resident, worker role"),
    "sessions": ("sessions with calls at the same time", "us p50, bash true"),
    "calls": ("calls that the session has made", "us p50, bash true"),
}


# A bar is one member: `ratio` and `most` are upper limits, `least_ratio` and `least` lower ones.
MEETS = {
    "ratio": lambda row: row["ratio"] <= row["bar"]["ratio"],
    "most": lambda row: row["ours"] <= row["bar"]["most"],
    "least_ratio": lambda row: row["ratio"] >= row["bar"]["least_ratio"],
    "least": lambda row: row["ours"] >= row["bar"]["least"],
}


def kind_of(bar):
    (kind,) = bar
    return kind


def words_for(bar):
    if not bar:
        return ""
    kind = kind_of(bar)
    return f"{'>=' if 'least' in kind else '<='} {bar[kind]}{' x' if 'ratio' in kind else ''}"


def judged(row):
    """The row with its ratio and whether its bar is met."""
    row = dict(row)
    if row.get("peer"):
        row["ratio"] = round(row["ours"] / row["peer"], 3)
    bar = row.get("bar")
    if bar:
        row["met"] = MEETS[kind_of(bar)](row)
    return row


def table(rows):
    head = ("what", "glovebox", "peer", "ratio", "bar", "")
    lines = [head]
    for row in rows:
        bar = row.get("bar") or {}
        lines.append((f"{row['name']} [{row['unit']}]", f"{row['ours']:g}", f"{row.get('peer', ''):}",
                      f"{row.get('ratio', '')}",
                      words_for(bar),
                      {True: "met", False: "MISSED"}.get(row.get("met"), "")))
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                     for line in lines)


def main(source, folder):
    read = [json.loads(line) for line in pathlib.Path(source).read_text().splitlines()]
    rows = [judged(row) for row in read if "name" in row]
    series = {}
    for row in read:
        if "series" in row:
            series.setdefault(row["series"], []).append({k: v for k, v in row.items() if k != "series"})
    folder = pathlib.Path(folder)
    document = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "kernel": platform.release(),
                "processors": os.cpu_count(), "user": "root" if os.geteuid() == 0 else "ordinary",
                "results": rows, "series": series}
    (folder / "bench.json").write_text(json.dumps(document, indent=1) + "\n")
    print(table(rows))
    for name, points in series.items():
        points.sort(key=lambda point: point["x"])
        x, y = AXES.get(name, ("files in the workspace", f"us p50, {name.removeprefix('files: ')}"))
        lines = {"glovebox": [(p["x"], p["ours"]) for p in points]}
        if all("peer" in p for p in points):
            lines["official worker, no isolation"] = [(p["x"], p["peer"]) for p in points]
        file = folder / f"bench-{name.replace(': ', '-')}.svg"
        file.write_text(plot(x, y, lines))
        print(f"plot: {file}")
    print(f"figures: {folder / 'bench.json'}")
    return 1 if any(row.get("met") is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
