#!/usr/bin/env python3
"""usage: audit_rows.py GLOVEBOX

What a durable record costs, beside what the same disk takes for a bare flush in the same run.
Leaves rows for report.py, which says what is missed. Rates that depend on the disk have a bar that
follows its flush: so many records for each flush of a slow disk, a fixed rate on a fast one.
"""
import json
import os
import subprocess
import sys

LATENCY_MORE_US = 10                                  # p50: one flush and this
LATENCY_P99_FLUSHES, LATENCY_P99_MORE_US = 2, 200
CALLERS_64, CALLERS_64_PER_FLUSH = 200_000, 40        # 40,000/s at a flush of 1 ms
PIPELINED, PIPELINED_PER_FLUSH = 2_000_000, 1_000     # 1,000,000/s at a flush of 1 ms
VERIFY_RECORDS, VERIFY_GB = 5_000_000, 2
RECORD_BYTES = 410
SECONDS = 300


def row(name, unit, ours, bar=None, **more):
    words = ", ".join(f"{kind} {limit:g}" for kind, limit in (bar or {}).items()) or "none"
    print(f"{name}: {ours:g} {unit}, bar: {words}", flush=True)
    path = os.environ.get("GLOVEBOX_BENCH_ROWS")
    if path:
        with open(path, "a", encoding="utf-8") as rows:
            rows.write(json.dumps({"name": name, "unit": unit, "ours": ours, "bar": bar or {},
                                   **more}) + "\n")


def main(program):
    done = subprocess.run([program, "audit", "bench", "--json"], stdout=subprocess.PIPE, text=True,
                          check=True, timeout=SECONDS)
    found = json.loads(done.stdout)
    flush, per_second = found["flush_p50_us"], found["flush_per_second"]
    callers = {one["callers"]: one for one in found["callers"]}

    def against_flush(name, rate, bar=None):
        row(name, "per second, peer: bare flush", rate, bar, peer=per_second)

    def least(rate, per_flush):
        return {"least_ratio": round(min(rate / per_second, per_flush), 2)}

    row("audit, durable intent, added p50", "us over a bare flush", callers[1]["p50_us"] - flush,
        {"most": LATENCY_MORE_US}, detail=found)
    row("audit, durable intent, p99", "us", callers[1]["p99_us"],
        {"most": LATENCY_P99_FLUSHES * flush + LATENCY_P99_MORE_US})
    against_flush("audit, durable records, 1 caller", callers[1]["per_second"])
    against_flush("audit, durable records, 8 callers", callers[8]["per_second"])
    against_flush("audit, durable records, 64 callers", callers[64]["per_second"],
                  least(CALLERS_64, CALLERS_64_PER_FLUSH))
    against_flush("audit, durable records, pipelined", found["batches_per_second"],
                  least(PIPELINED, PIPELINED_PER_FLUSH))
    row("audit verify, records", "per second", found["verify_records_per_second"],
        {"least": VERIFY_RECORDS})
    row("audit verify, bytes", "GB/s", round(found["verify_bytes_per_second"] / 1e9, 3),
        {"least": VERIFY_GB})
    row("audit, bytes of a record", "bytes", found["bytes_per_record"], {"most": RECORD_BYTES})


if __name__ == "__main__":
    main(*sys.argv[1:])
