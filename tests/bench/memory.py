#!/usr/bin/env python3
"""What sessions cost the worker role that are attached over TLS and idle, heartbeats running."""
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from many_support import TlsPlane, attach, open_files, raise_file_limit, resident, wait_attached  # noqa: E402
from worker_harness import remove_folders, wait_for  # noqa: E402

COUNTS = (1, 64, 1000)
BAR_KIB = 64 * 1024
SETTLE = 35.0  # more than one interval between heartbeats


def row(**fields):
    path = os.environ.get("GLOVEBOX_BENCH_ROWS")
    if path:
        with open(path, "a", encoding="utf-8") as rows:
            rows.write(json.dumps(fields) + "\n")


def beats(front):
    return len(front.plane.trace("work.heartbeat"))


def ours(count):
    front = TlsPlane()
    worker = front.worker("--max-sessions", "1024", "--max-idle", "0")
    try:
        wait_for("a worker that serves", lambda: "serving" in worker.log())
        role = worker.role("worker")
        begin = time.monotonic()
        ids, peaks = attach(front.plane, count), [0]
        took = time.monotonic() - begin
        seen, most = beats(front), {"rss_kib": 0}
        end = time.monotonic() + SETTLE
        while time.monotonic() < end:
            time.sleep(0.5)  # a sample, not a wait
            most = max(most, resident(role), key=lambda now: now["rss_kib"])
        assert beats(front) >= seen + count, "heartbeats do not run"
        front.plane.ask("DELETE", "/_plane/trace")
        front.cut()
        begin = time.monotonic()
        wait_attached(front.plane, ids, lambda: peaks.append(resident(role)["rss_kib"]))
        again = time.monotonic() - begin
        return {**most, "cut_peak_kib": max(peaks), "cut_s": round(again, 2), "attach_s": round(took, 2), "files": open_files(role),
                "boxer_kib": resident(worker.role("boxer"))["rss_kib"],
                "auditor_kib": resident(worker.role("auditor"))["rss_kib"]}
    finally:
        worker.end()
        front.end()


def official():
    front = TlsPlane()
    node = HERE.parent / "conformance/node_modules/node/bin/node"
    facts = {"base_url": front.base_url, "environment_id": front.environment,
             "environment_key": front.environment_key}
    process = subprocess.Popen([node, HERE / "official_worker.mjs", json.dumps(facts)],
                               stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env={**os.environ, "NODE_EXTRA_CA_CERTS": front.ca_file})
    try:
        wait_attached(front.plane, [front.plane.session()])
        time.sleep(5)
        return resident(process.pid)
    finally:
        process.stdin.close()
        process.wait()
        front.end()


def main():
    raise_file_limit()
    peer = official()
    print(f"the official worker with 1 session attached: {peer['rss_kib']} KiB resident", flush=True)
    for count in COUNTS:
        found = ours(count)
        print(f"{count} sessions attached over TLS: worker {found['rss_kib']} KiB resident "
              f"({found['anon_kib']} KiB its own), boxer {found['boxer_kib']}, auditor "
              f"{found['auditor_kib']}; attached in {found['attach_s']} s; after all connections were "
              f"cut at once again in {found['cut_s']} s, worker {found['cut_peak_kib']} KiB at most",
              flush=True)
        row(name=f"memory: {count} sessions over TLS", unit="KiB resident, worker role",
            ours=found["rss_kib"], detail=found,
            **({"peer": peer["rss_kib"], "peer_name": "official worker, its one session"}
               if count == 1 else {}),
            **({"bar": {"most": BAR_KIB}} if count == 1000 else {}))
        if count == 1000:
            row(name=f"memory: {count} sessions, all connections cut", unit="KiB at most, worker role",
                ours=found["cut_peak_kib"])
        row(series="memory", x=count, ours=found["rss_kib"])
    remove_folders()


if __name__ == "__main__":
    main()
