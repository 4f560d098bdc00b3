#!/usr/bin/env python3
"""Egress proves itself before it starts: `glovebox doctor egress`, and what `worker` does with it.

That each attempt of the proof would be seen to succeed is shown outside of any box, on the host's own
network, where nothing stands in its way; that a rule which is too wide is found, by a copy of the
program whose proof has such a rule.
"""
import json
import os
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import audit_log  # noqa: E402
from worker_harness import (PROGRAM, Plane, Worker, cmdline, descendants, fresh_folder, run_cases,  # noqa: E402
                            wait_for)

IS_ROOT = os.geteuid() == 0
SOURCE = pathlib.Path(os.environ["GLOVEBOX_SOURCE_ROOT"])
POLICY = """glovebox = 1
name = "net"
[[bind]]
tools = { "*" = "net" }
[profile.net]
why = "the test"
mount = [ { at = "@workspace", mode = "rw", exec = true } ]
"""
RULES = POLICY + """
[[profile.net.egress]]
host = "a.test"
port = 7000
mode = "raw"
whole_host = true
why = "the test"
"""
ALLOWED = {"allowed-raw", "allowed-http", "allowed-tls"}


def policy(text=RULES):
    path = pathlib.Path(fresh_folder()) / "net.toml"
    path.write_text(text)
    path.chmod(0o644)
    return str(path)


def doctor(*arguments, program=(PROGRAM,), **variables):
    return subprocess.run([*program, "doctor", *arguments], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=120, env={"PATH": os.environ["PATH"], **variables})


def records(state):
    return audit_log.records(pathlib.Path(state) / "audit")


def proofs(state):
    return [record for record in records(state) if record["k"] == "config"]


def places():
    """What runs of the proof leave in the place for temporary files."""
    return {name for name in os.listdir("/tmp") if name.startswith("egress-proof-")}


def changed(old, new):
    """A copy of the program in which one text of its proof is another."""
    assert len(old) == len(new)
    program = pathlib.Path(fresh_folder()) / "glovebox"
    text = pathlib.Path(PROGRAM).read_bytes()
    assert text.count(old) == 1, (old, text.count(old))
    program.write_bytes(text.replace(old, new))
    program.chmod(0o755)
    return (str(program),)


TOO_WIDE = (b'allow = ["GET /control"]', b'allow = ["GET /**"]     ')


# --- the doctor

def good(keep):
    del keep
    done = doctor("egress", "--policy", policy(), "--json")
    assert done.returncode == 0, done
    report = json.loads(done.stdout)
    rows = {row["name"]: row for row in report["rows"]}
    assert report["good"] and len(rows) == len(report["rows"]) and len(rows) > 70, report
    assert all(row["good"] and not row["problem"] for row in rows.values()), report
    assert {name for name, row in rows.items() if row["allowed"]} == ALLOWED, rows
    for name in ALLOWED:
        assert rows[name]["came"] == "answered", rows[name]
    assert rows["openings"]["came"] == "3 records", rows["openings"]
    assert rows["literal-ipv6"]["came"].startswith("closed"), "a host without IPv6 shows less"
    print(f"    the proof took {report['ms']} ms")


def table(keep):
    del keep
    done = doctor("egress", "--policy", policy())
    assert done.returncode == 0 and not done.stderr, done
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["attempt", "what", "wanted", "came"], lines
    assert any(line.startswith("good    literal-ipv4 ") and "closed, on record" in line for line in lines), lines
    assert lines[-1].endswith("nothing got through") and "BAD" not in done.stdout, lines


def without_rules(keep):
    del keep
    done = doctor("egress", "--policy", policy(POLICY))
    assert done.returncode == 0 and "this policy opens nothing" in done.stderr, done
    assert doctor("egress", "--policy", policy("nonsense")).returncode == 78


def one_line_of_the_doctor(keep):
    del keep
    done = doctor("--policy", policy(), "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["egress"]["state"] == "good" and "came to nothing" in checks["egress"]["detail"], checks
    assert checks["one real call"]["state"] == "good", checks
    done = doctor("--policy", policy(POLICY), "--json")
    assert "egress" not in {check["name"] for check in json.loads(done.stdout)["checks"]}, done
    done = doctor("--policy", policy(), "--json", program=changed(*TOO_WIDE))
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 71 and checks["egress"]["state"] == "missing", done
    assert "path-outside" in checks["egress"]["detail"] and "path-outside" in done.stderr, done


# --- that it refuses

def a_rule_too_wide_is_named(keep):
    del keep
    done = doctor("egress", "--policy", policy(), "--json", program=changed(*TOO_WIDE))
    assert done.returncode == 71, done
    bad = [row for row in json.loads(done.stdout)["rows"] if not row["good"]]
    assert [row["name"] for row in bad] == ["path-outside"], bad
    assert bad[0]["problem"] == "it reached the host", bad
    assert "glovebox: error: egress: attempt path-outside (a path that no rule gives)" in done.stderr, done


def a_way_that_does_not_work_proves_nothing(keep):
    """Without it `refused` could mean that nothing works at all."""
    del keep
    done = doctor("egress", "--policy", policy(), "--json",
                  program=changed(b"private = true\n{}\n", b"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n{}\n"))
    assert done.returncode == 71, done
    bad = {row["name"] for row in json.loads(done.stdout)["rows"] if not row["good"]}
    assert ALLOWED <= bad <= ALLOWED | {"openings"}, bad
    assert "attempt allowed-raw (the allowed way, in mode raw): the allowed way does not work" in done.stderr, done


def a_dead_network_proves_nothing(keep):
    """Loopback of the host is down."""
    del keep
    alone = ["unshare", "--net"] if IS_ROOT else ["unshare", "--user", f"--map-user={os.geteuid()}",
                                                  f"--map-group={os.getegid()}", "--net"]
    done = doctor("egress", "--policy", policy(), program=[*alone, PROGRAM])
    assert done.returncode == 71 and "allowed-raw" in done.stderr, done


# --- the worker

def serving(keep, **options):
    folder = fresh_folder()
    worker = keep(Worker(keep(Plane("--ttl", "20")), state=folder, **options))
    wait_for("the start", lambda: "serving" in worker.log() or worker.process.poll() is not None)
    return worker


def on_record_before_anything_starts(keep):
    worker = serving(keep, policy=policy())
    assert worker.process.poll() is None, worker.log()
    assert "egress is proved" in worker.log(), worker.log()
    kinds = [record["k"] for record in records(worker.state)]
    assert kinds.index("config") < kinds.index("policy.load"), kinds
    (proof,) = proofs(worker.state)
    assert proof["what"] == "egress.proof" and proof["dec"] == "allow" and proof["ways"] == 3, proof
    assert proof["attempts"] > 70 and "why" not in proof, proof
    print(f"    the proof took {proof['ms']} ms")
    assert not [name for name in os.listdir(worker.state + "/run") if name.startswith("egress-proof")]
    # It is no call of anybody: none of it is in this log.
    assert not {"net.open", "net.deny", "tool.intent"} & set(kinds), kinds


def ready_is_not_said_before(keep):
    """/readyz is answered by the worker's process, which is started after the record."""
    worker = serving(keep, policy=policy())
    socket = worker.state + "/run/metrics.sock"
    asked = wait_for("an answer", lambda: subprocess.run(
        ["curl", "-sS", "-m", "9", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", socket,
         "http://localhost/readyz"], capture_output=True, text=True).stdout.strip() == "200")
    assert asked and len(proofs(worker.state)) == 1


def refused_start(keep):
    folder = fresh_folder()
    program = changed(*TOO_WIDE)
    worker = keep(Worker(keep(Plane("--ttl", "20")), state=folder, policy=policy(), program=program))
    assert worker.process.wait(60) == 71, worker.log()
    told = worker.log()
    assert "error: egress does not start: attempt path-outside (a path that no rule gives): it reached the host" in told, told
    assert "hint: glovebox doctor egress" in told and "serving" not in told, told
    (proof,) = proofs(worker.state)
    assert proof["dec"] == "deny" and "path-outside" in proof["why"], proof
    kinds = [record["k"] for record in records(worker.state)]
    assert "policy.load" not in kinds and kinds[-1] == "stop", kinds
    done = subprocess.run([PROGRAM, "audit", "verify", worker.state + "/audit"], capture_output=True, text=True)
    assert done.returncode == 0, done


def rules_that_come_later_need_a_start(keep):
    name = policy(POLICY)
    worker = serving(keep, policy=name)
    assert not proofs(worker.state), "nothing opens, nothing has to be proved"
    pathlib.Path(name).write_text(RULES)
    done = subprocess.run([PROGRAM, "policy", "load", "--state", worker.state], capture_output=True, text=True)
    assert done.returncode != 0 and "egress was not proved" in done.stderr, done
    assert "restart glovebox with this policy" in done.stderr, done
    worker.terminate()
    worker = keep(Worker(keep(Plane("--ttl", "20")), state=worker.folder, policy=name))
    wait_for("the start", lambda: "serving" in worker.log())
    assert len(proofs(worker.state)) == 1
    pathlib.Path(name).write_text(RULES.replace("7000", "7001"))
    done = subprocess.run([PROGRAM, "policy", "load", "--state", worker.state], capture_output=True, text=True)
    assert done.returncode == 0, done


# --- what is left

def kill_9_leaves_nothing_that_stays(keep):
    del keep
    before = places()
    process = subprocess.Popen([PROGRAM, "doctor", "egress", "--policy", policy()], env={"PATH": os.environ["PATH"]},
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("its egress", lambda: any(cmdline(pid).startswith("glovebox: egress")
                                       for pid in descendants(process.pid)))
    started = descendants(process.pid)
    process.kill()
    process.wait()
    wait_for("the end of all", lambda: not [pid for pid in started if cmdline(pid).startswith("glovebox")])
    assert len(places() - before) == 1, places()
    assert doctor("egress", "--policy", policy()).returncode == 0
    assert places() <= before, places()


def two_at_once(keep):
    del keep
    name = policy()
    both = [subprocess.Popen([PROGRAM, "doctor", "egress", "--policy", name], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (out, err)


# --- each attempt, where nothing stands in its way

def on_the_host_itself_attempts_succeed(keep):
    """In a network of its own, with the rights of its owner: as if no wall were there."""
    del keep
    rights = ["unshare", "--net"] if IS_ROOT else ["unshare", "--user", "--map-root-user", "--net"]
    script = """
import json, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
program = sys.argv[1]
witness = subprocess.Popen([program, "egress-proof-witness"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
scene = json.loads(witness.stdout.readline())
scene["device"] = "lo"
told = subprocess.run([program, "egress-proof-guest", json.dumps(scene)], stdout=subprocess.PIPE, text=True, check=True)
witness.stdin.write("?")
witness.stdin.flush()
print(json.dumps([told.stdout.splitlines(), json.loads(witness.stdout.readline())]))
"""
    done = subprocess.run([*rights, sys.executable, "-c", script, PROGRAM], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done
    lines, witnessed = json.loads(done.stdout)
    ends = {end["name"]: end["came"] for end in map(json.loads, lines)}
    through = {name for name, came in ends.items() if came == "through"}
    answered = {name for name, came in ends.items() if came == "answered"}
    assert answered == {"loopback-open", "loopback-closed", "datagram-to-host"}, ends
    expected = {"raw-ipv4", "raw-icmp", "raw-ipv6", "packet", "packet-cooked", "route-change", "link-change",
                "link-flags", "mark", "transparent", "new-network", "new-user", "bind-to-device",
                "abstract-socket", "netfilter", "sock-diag", "generic-netlink", "uevent"}
    assert expected <= through, (expected - through, ends)
    for name in ("<loopback-open>", "<loopback-closed>", "<datagram-to-host>", "abstract"):
        assert any(name in line for line in witnessed), (name, witnessed)


# --- the tour

def the_tour_of_the_network(keep):
    """What `make demo` plays: a host that is refused, one that is reached with a key that no box has."""
    del keep
    tour, rules = SOURCE / "policy/rehearsals/network.toml", SOURCE / "policy/example-network.toml"
    state = pathlib.Path(fresh_folder()) / "tour"
    words = [PROGRAM, "rehearse", "--policy", rules, "--origin", "packages.rehearsal.test:47443", "--state", state, tour]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    log = records(state)
    sent = [record for record in log if record["k"] == "net.open"]
    assert len(sent) == 2 and all(record["cred"] == "index-key" and record["status"] == 200 for record in sent), sent
    refused = {(record["host"], record.get("path")) for record in log if record["k"] == "net.deny"}
    assert {("pypi.org", None), ("151.101.0.223", None), ("packages.rehearsal.test", "/admin")} <= refused, refused
    text = json.dumps(log) + done.stdout + pathlib.Path(f"{state}.log").read_text()
    assert "rehearsal-key-" not in text.replace("rehearsal-key-]", ""), "the key is on record"
    assert not pathlib.Path(f"{state}.origin").exists()
    assert len(done.stdout.splitlines()) < 40, done.stdout


def the_tour_fails_where_the_key_does_not_come(keep):
    del keep
    tour, folder = SOURCE / "policy/rehearsals/network.toml", pathlib.Path(fresh_folder())
    text = (SOURCE / "policy/example-network.toml").read_text()
    assert text.count('inject = "index-key"\n') == 1
    (folder / "net.toml").write_text(text.replace('inject = "index-key"\n', ""))
    (folder / "net.toml").chmod(0o644)
    done = subprocess.run([PROGRAM, "rehearse", "--policy", folder / "net.toml", "--origin",
                           "packages.rehearsal.test:47443", "--state", folder / "tour", tour],
                          capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and "does not know you" in done.stdout, done


def an_origin_that_cannot_be_served(keep):
    del keep
    tour, rules = SOURCE / "policy/rehearsals/network.toml", SOURCE / "policy/example-network.toml"
    state = pathlib.Path(fresh_folder()) / "tour"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for origin, code, told in (("192.0.2.1:47443", 64, "--origin: "), ("nonsense", 64, "--origin: "),
                                   ("a.test:0", 64, "--origin: "), (f"a.test:{port}", 78, "the port is taken")):
            done = subprocess.run([PROGRAM, "rehearse", "--policy", rules, "--origin", origin, "--state", state, tour],
                                  capture_output=True, text=True, timeout=60)
            assert done.returncode == code and told in done.stderr, (origin, done)
            assert not pathlib.Path(f"{state}.origin").exists(), origin
            pathlib.Path(f"{state}.log").unlink(missing_ok=True)


CASES = [(name.replace("_", " "), case) for name, case in [
    (case.__name__, case) for case in (
        good, table, without_rules, one_line_of_the_doctor, a_rule_too_wide_is_named,
        a_way_that_does_not_work_proves_nothing, a_dead_network_proves_nothing, on_record_before_anything_starts,
        ready_is_not_said_before, refused_start, rules_that_come_later_need_a_start,
        kill_9_leaves_nothing_that_stays, two_at_once, on_the_host_itself_attempts_succeed,
        the_tour_of_the_network, the_tour_fails_where_the_key_does_not_come, an_origin_that_cannot_be_served)]]


def main():
    words = sys.argv[1:]
    return run_cases([(name, case) for name, case in CASES if not words or any(word in name for word in words)])


if __name__ == "__main__":
    sys.exit(main())
