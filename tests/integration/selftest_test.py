#!/usr/bin/env python3
"""`glovebox selftest`: good under the shipped policies, and not good where a policy gives away what
it must not or a wall is missing. The guest is also run in boxes without single walls
(tests/attack/without_layer.cc), where its own row must tell."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

BINARY = os.environ["GLOVEBOX_BINARY"]
BUILD = pathlib.Path(os.environ["GLOVEBOX_BUILD"]) / "tests/attack"
SOURCE = pathlib.Path(os.environ["GLOVEBOX_SOURCE_ROOT"])
IS_ROOT = os.geteuid() == 0
BOX_USER = 54321
BAD = {"THROUGH", "ODD", "BROKEN", "NOT RUN"}
DEFAULT = (SOURCE / "policy/default.toml").read_text()
TMP = '{ at = "@tmp", mode = "tmp", exec = true },'
FAILURES = []


def tell(name, problem):
    if problem:
        FAILURES.append(name)
        print(problem)
    print("not ok" if problem else "ok", name, flush=True)


def selftest(*arguments):
    done = subprocess.run([BINARY, "selftest", *arguments], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    for line in done.stderr.splitlines():
        if line.startswith("glovebox: audit log: "):
            shutil.rmtree(pathlib.Path(line.split(": ")[-1]).parent, ignore_errors=True)
    return done


def rows_of(done):
    return json.loads(done.stdout)["rows"]


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(0o644)
    return str(path)


def shipped(folder):
    del folder
    for policy in ("builtin:default", "builtin:strict"):
        before = set(os.listdir("/tmp"))
        done = selftest("--policy", policy, "--json")
        if done.returncode != 0:
            return f"{policy}: {done}"
        report = json.loads(done.stdout)
        rows = report["rows"]
        if not report["good"] or report["through"] or len(rows) < 50:
            return f"{policy}: {report}"
        if any(row["end"] in BAD for row in rows) or report["denied"] < 40 or report["works"] < 8:
            return f"{policy}: {rows}"
        left = {name for name in set(os.listdir("/tmp")) - before if "selftest" in name}
        if left:
            return f"{policy}: left behind: {left}"
    jobs = [row for row in rows if row["id"] == "E13"]
    if len(jobs) != 1 or jobs[0]["end"] != "denied":
        return f"strict ends what a call leaves: {jobs}"
    return None


def table(folder):
    del folder
    done = selftest("--policy", "builtin:default")
    lines = done.stdout.splitlines()
    if done.returncode != 0 or lines[0] != "policy builtin:default":
        return str(done)
    if not lines[-1].endswith("; nothing got through") or "denied   C01  trace the first process" not in done.stdout:
        return done.stdout
    return None


def careless_policies(folder):
    cases = {
        "writable": ('{ at = "/srv", from = "/srv", mode = "rw" },', "A05", "/srv"),
        "shown": ('{ at = "/var/log", from = "/var/log", mode = "ro" },', "A01", "/var/log"),
    }
    for name, (mount, row_id, detail) in cases.items():
        policy = write(folder, name + ".toml", DEFAULT.replace(TMP, TMP + mount))
        done = selftest("--policy", policy, "--json")
        if done.returncode != 1:
            return f"{name}: {done}"
        bad = [row for row in rows_of(done) if row["end"] in BAD]
        if [(row["id"], row["end"]) for row in bad] != [(row_id, "THROUGH")] or detail not in bad[0]["detail"]:
            return f"{name}: {bad}"
    return None


def poor_policies(folder):
    nothing = write(folder, "nothing.toml", DEFAULT.replace('bash = "shell", ', ""))
    done = selftest("--policy", nothing, "--json")
    if done.returncode != 0 or not any(row["end"] == "absent" for row in rows_of(done)):
        return f"without bash: {done}"
    for text, codes in ((DEFAULT.replace("landlock = 1", "landlock = 60"), (71, 78)), ("broken", (78,))):
        done = selftest("--policy", write(folder, "poor.toml", text))
        if done.returncode not in codes or "glovebox: error: " not in done.stderr:
            return str(done)
    done = selftest("--policy", str(folder / "absent.toml"))
    return None if done.returncode == 78 else str(done)


# Walls, and the row that tells that they are gone.
WALLS = [
    ("seccomp,keeper", "C13", "make data executable"),
    ("descriptors", "D11", "descriptors that nobody meant for it"),
    ("environment", "D07", "variables of who started it"),
    ("resource-limits", "E19", "resources without a limit"),
    ("network-namespace", "F01", "reach a server of the host"),
    ("mount-namespace,landlock", "A01", "files and folders of the host in sight"),
    ("pid-namespace,landlock,keeper", "C05", "processes of others in sight"),
]


def without_walls(folder):
    work, scratch = folder / "work", folder / "scratch"
    work.mkdir()
    scratch.mkdir()
    program = work / "program"
    shutil.copy2(BINARY, program)
    program.chmod(0o755)
    if IS_ROOT:
        os.chown(work, BOX_USER, BOX_USER)
    policy = write(folder, "default.toml", DEFAULT.replace("pids = 512", "pids = 64"))
    listener = __import__("socket").create_server(("127.0.0.1", 0))
    orders = json.dumps({"unseen": [str(folder)], "unwritten": ["/srv"], "process": "1073741823",
                         "port": str(listener.getsockname()[1]), "socket": "glovebox-none",
                         "variable": "SELFTEST_WALL"})
    environment = {**os.environ, "SELFTEST_WALL": "seen"}
    for walls, row_id, what in [("", "", ""), *WALLS]:
        bare = "mount-namespace" in walls
        command = [str(BUILD / "without_layer"), policy, str(work), str(scratch), walls,
                   str(program) if bare else "/workspace/program", "selftest-guest", orders]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              stdin=subprocess.DEVNULL, env=environment, timeout=120)
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        through = {(row["id"], row["what"]) for row in rows if row["end"] == "THROUGH"}
        if (not walls and through) or (walls and (row_id, what) not in through):
            return f"without [{walls}] through: {through}\n{done.stdout[-3000:]}"
    listener.close()
    return None


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="selftest-test-"))
    folder.chmod(0o755)
    try:
        for name, test in (("the shipped policies are good", shipped), ("the table is readable", table),
                           ("a policy that gives too much is found out", careless_policies),
                           ("policies that give little or cannot be used", poor_policies),
                           ("the guest tells which wall is missing", without_walls)):
            try:
                problem = test(folder)
            except Exception as error:  # noqa: BLE001
                problem = repr(error)
            tell(name, problem)
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=False)
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
