#!/usr/bin/env python3
"""usage: policy_rows.py POLICY_DECISION

What policies cost, each figure beside its bar: check, diff and decisions in one process
(POLICY_DECISION), check and diff as commands, and a reload while sessions run. Leaves rows for
report.py, which says what is missed.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from policy_live_test import LOAD, answer, request, socket_of  # noqa: E402
from worker_harness import PROGRAM, Plane, Worker, fresh_folder, remove_folders, wait_for  # noqa: E402

LINES = 1000
RUNS = 40
RELOADS = 20
CHECK_MS, DIFF_MS, DECISION_US, RELOAD_MS = 5, 20, 1, 50


def row(name, unit, ours, most, **more):
    bar = f"at most {most}"
    print(f"{name}: {ours:g} {unit}, {bar}: {'met' if ours <= most else 'MISSED'}", flush=True)
    path = os.environ.get("GLOVEBOX_BENCH_ROWS")
    if path:
        with open(path, "a", encoding="utf-8") as rows:
            rows.write(json.dumps({"name": name, "unit": unit, "ours": ours, "bar": {"most": most},
                                   **more}) + "\n")


# Every key that may stand in a profile. What is not enforced by this version cannot be loaded.
def profile(number, egress):
    lines = [f"[profile.p{number}]", 'extends = "base"', f'why = "ticket {number}"',
             'background = "keep"', f'limits = {{ wall = "{60 + number}s", pids = {64 + number} }}',
             "mount = ["]
    lines += [f'  {{ at = "/scratch/{number}/{i}", mode = "tmp", size = "{i + 1}MiB" }},'
              for i in range(12)]
    lines += ["]", f'guard = [ ".git/hooks", ".env{number}*" ]', "", f"[profile.p{number}.env]"]
    lines += [f'NAME_{i} = "value {number}"' for i in range(6)]
    lines += [f"[profile.p{number}.deny]", f'tools = [ "mcp:x{number}/*" ]', "paths = ["]
    lines += [f'  "/usr/share/doc/{number}/{i}",' for i in range(6)]
    lines += ["]"]
    for i in range(3 if egress else 0):
        lines += [f"[[profile.p{number}.egress]]", f'host = "h{i}.p{number}.example"', "port = 443",
                  'mode = "inspect"', "trusted = true",
                  'allow = [ "GET /v1/*/items/**", "POST /v1/upload" ]', 'why = "its registry"']
    return lines


def large(egress, change=""):
    """A policy of so many lines; with `change` its last profile says that too."""
    binds = ["[[bind]]", "[bind.tools]", '"*" = "base"', 'bash = "p0"']
    lines = ["[profile.base]", "mount = [", '  { at = "@workspace", mode = "rw" },',
             '  { at = "@tmp", mode = "tmp" },', "]"]
    number = 0
    while len(lines) + len(binds) + len(profile(number, egress)) + 4 <= LINES:
        lines += profile(number, egress)
        binds.append(f'"mcp:t{number}/*" = "p{number}"')
        number += 1
    if change:
        lines.insert(lines.index(f'why = "ticket {number - 1}"'), change)
    lines = ["glovebox = 1", 'name = "large"', *binds, *lines]
    lines += [f"# {i}" for i in range(LINES - len(lines))]
    assert len(lines) == LINES, len(lines)
    return "\n".join(lines) + "\n"


def write(path, text):
    pathlib.Path(path).write_text(text)
    os.chmod(path, 0o644)
    return str(path)


def milliseconds_of(*words, codes=(0,)):
    times = []
    for _ in range(RUNS):
        begin = time.monotonic()
        done = subprocess.run([PROGRAM, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True, check=False)
        times.append((time.monotonic() - begin) * 1000)
        assert done.returncode in codes, (words, done)
    return round(statistics.median(times), 2)


def reloads(folder):
    """Of a policy of 1,000 lines while three sessions run; every call ends as it should."""
    file = write(f"{folder}/live.toml", large(egress=False))
    plane = Plane()
    worker = Worker(plane, policy=file)
    try:
        wait_for("it serves", lambda: "serving" in worker.log())
        sessions = [plane.session() for _ in range(3)]
        calls = [(session, plane.bash(session, f"sleep 0.2; echo {n}")) for n in range(6)
                 for session in sessions]
        times = []
        for number in range(RELOADS):
            write(file, pathlib.Path(file).read_text().replace(
                f"pids = {64 + number} }}", f"pids = {65 + number} }}", 1))
            connection = socket_of(worker)
            begin = time.monotonic()
            connection.send(request(LOAD))
            problem, facts = answer(connection)
            times.append((time.monotonic() - begin) * 1000)
            connection.close()
            assert not problem and facts["changed"], (problem, facts)
        for session, call in calls:
            text, is_error = plane.result(session, call)
            assert not is_error, text
        return times
    finally:
        worker.end()
        plane.end()


def main(decision):
    folder = fresh_folder()
    before = write(f"{folder}/before.toml", large(egress=True))
    after = write(f"{folder}/after.toml", large(egress=True, change='user = "root"'))
    done = subprocess.run([decision], env={**os.environ, "GLOVEBOX_BENCH_POLICIES": f"{before}:{after}"},
                          stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(next(line for line in done.stdout.splitlines() if "first_rule_us" in line))
    row("policy check, 1,000 lines, in process", "ms p50", found["check_p50_ms"], CHECK_MS)
    row("policy check, 1,000 lines, as a command", "ms p50",
        milliseconds_of("policy", "check", before, codes=(0, 1)), CHECK_MS)
    row("policy diff, 1,000 lines, in process", "ms p50", found["text_diff_p50_ms"], DIFF_MS)
    row("policy diff, 200 egress rules, in process", "ms p50", found["diff_p50_ms"], DIFF_MS)
    row("policy diff, 1,000 lines, as a command", "ms p50",
        milliseconds_of("policy", "diff", before, after, codes=(3,)), DIFF_MS)
    for name in ("first_rule", "last_rule", "no_rule", "file", "syscall"):
        row(f"policy decision, {name.replace('_', ' ')}", "us p50", found[f"{name}_us"], DECISION_US)
    times = sorted(reloads(folder))
    row("policy reload, 1,000 lines, sessions running", "ms p50", round(statistics.median(times), 1),
        RELOAD_MS, detail={"all": [round(t, 1) for t in times]})
    remove_folders()


if __name__ == "__main__":
    main(*sys.argv[1:])
