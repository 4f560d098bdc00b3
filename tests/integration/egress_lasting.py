"""What dies, floods and stalls; other policies; sessions; and what becomes of refusals."""
import json
import os
import pathlib
import signal
import subprocess
import time

import audit_log
from egress_support import RULES, case, policy, raw, role_of
from run_harness import USER_ID
from worker_harness import PROGRAM, Plane, Worker, fresh_folder, wait_for


@case("F56")
def kill_9_of_egress_in_the_middle(given):
    """What flows ends at once, nothing gets out while it is gone, and then all is as before."""
    box = given.box(policy(raw("a.test", 7002) + raw("a.test", 80)))
    process = box.start("/bin/bash", "-c", """
exec 3<>/dev/tcp/a.test/7002; head -c 1000000 <&3 | wc -c; echo flows > /workspace/flows
cat <&3 > /dev/null; echo "ended $?"
until curl -sS -m 5 -o /dev/null http://a.test/again; do sleep 0.05; done; echo again""")
    wait_for("a flow", lambda: (box.work / "flows").exists())
    os.kill(role_of(process, "egress"), signal.SIGKILL)
    out, err = process.communicate(timeout=30)
    assert "ended" in out and out.endswith("again\n"), (out, err)
    assert "a role died and is started again role=egress" in err, err
    box.out, box.err = out, err
    box.opened(host="a.test", port=80)
    box.verified()


@case()
def a_role_that_is_gone_for_good_is_no_way_out(given):
    box = given.box(policy(raw("a.test", 80)))
    process = box.start("/bin/bash", "-c", """
touch /workspace/up; until [ -e /workspace/go ]; do sleep 0.02; done
for i in 1 2 3 4 5 6; do curl -sS -m 3 -o /dev/null http://a.test/$i && echo through; done""")
    wait_for("the box", lambda: (box.work / "up").exists())
    os.kill(role_of(process, "egress"), signal.SIGSTOP)
    (box.work / "go").touch()
    time.sleep(1)  # it stands; what connects waits, and gives up by itself
    out, err = process.communicate(timeout=90)
    assert "through" not in out, out
    given.nothing_left()


@case("F43")
def a_flood_of_connections_is_bounded(given):
    box = given.box(policy(raw("a.test", 7000), more="limits = { files = 4096 }"))
    box.run("/usr/bin/python3", "-c", """
import socket, time
held, refused = [], 0
for i in range(1600):
    s = socket.socket(); s.settimeout(9)
    try:
        s.connect(("a.test" if i == 0 else held[0].getpeername()[0], 7000))
        held.append(s)
    except OSError:
        refused += 1
time.sleep(1)
alive = 0
for s in held:
    try:
        s.sendall(b"x")
        alive += s.recv(1) == b"x"
    except OSError:
        pass
print(alive, "alive")
for s in held: s.close()
time.sleep(1)
s = socket.create_connection(("a.test", 7000), 9); s.sendall(b"y"); print("then", s.recv(1))
""", seconds=120).expect(out="then b'y'")
    alive = int(box.out.split()[0])
    assert 500 <= alive <= 1024, box.out
    refused = [record for record in box.records("net.deny")
               if "connections" in record["why"]]
    assert refused and sum(record.get("n", 1) for record in refused) >= 1600 - alive - 1, refused


@case("F41")
def who_says_nothing_is_sent_away(given):
    box = given.box().run("/usr/bin/python3", "-c", """
import socket, time
began = time.monotonic()
slow = socket.create_connection(("a.test", 443)); slow.sendall(b"\\x16\\x03\\x01\\x02\\x00\\x01")
head = socket.create_connection(("a.test", 80)); head.sendall(b"GET /open/ HTTP/1.1\\r\\nHost: a.t")
for s in (slow, head):
    s.settimeout(30)
    try:
        while s.recv(999): pass
    except ConnectionError: pass
print("after", round(time.monotonic() - began))
""").expect()
    assert 8 <= int(box.out.split()[1]) <= 15, box.out
    box.denied(host="a.test", l7="sni", why="no whole ClientHello in time")
    given.nothing_left()


@case()
def what_the_role_kept(given):
    box = given.box()
    process = box.start("/bin/bash", "-c", "touch up; until [ -e go ]; do sleep 0.02; done")
    wait_for("the box", lambda: (box.work / "up").exists())
    role = role_of(process, "egress")
    lines = pathlib.Path(f"/proc/{role}/status").read_text().splitlines()
    seen = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
    files = [os.readlink(entry) for entry in pathlib.Path(f"/proc/{role}/fd").iterdir()]
    name = pathlib.Path(f"/proc/{role}/cmdline").read_bytes()
    environment = pathlib.Path(f"/proc/{role}/environ").read_bytes()
    (box.work / "go").touch()
    process.communicate(timeout=30)
    assert int(seen["CapEff"][0], 16) == 0 and int(seen["CapPrm"][0], 16) == 0, seen
    assert seen["NoNewPrivs"] == ["1"] and seen["Seccomp"] == ["2"], seen
    if given.user == "root":
        assert seen["Uid"] == ["1900065605"] * 4 and seen["Groups"] == [] and int(seen["CapBnd"][0], 16) == 0, seen
    assert name == b"glovebox: egress\0" and environment == b"", (name, environment)
    # Sockets, and where it tells the operator what happens; no file.
    other = {file for file in files if not file.startswith(("socket:", "pipe:", "anon_inode:"))}
    assert other <= {"/dev/null"}, files


@case("F56")
def another_policy_is_for_what_is_opened_then(given):
    """A session keeps the rules that it was opened with, the next one has the new ones."""
    plane, folder, worker = Plane("--ttl", "20"), fresh_folder(), None
    try:
        box = given.box(policy(raw("a.test", 80)))
        if given.user == "user":
            os.chown(folder, USER_ID, USER_ID)
        worker = Worker(plane, state=folder, policy=str(box.policy), program=box.program)
        wait_for("the start", lambda: "serving" in worker.log())
        say = lambda session, command: plane.result(session, plane.bash(session, command), 60)  # noqa: E731
        ask = "curl -sS -m 5 -o /dev/null -w '%{http_code}' http://a.test/"
        first = plane.session()
        assert say(first, ask)[0].startswith("200")
        box.policy.write_text(policy(raw("b.test", 80)))
        os.kill(worker.process.pid, signal.SIGHUP)
        wait_for("the new policy", lambda: "new sessions get another policy" in worker.log())
        assert say(first, ask)[0].startswith("200")
        second = plane.session()
        assert not say(second, ask)[0].startswith("200")
        assert say(second, ask.replace("a.test", "b.test"))[0].startswith("200")
    finally:
        if worker:
            worker.end()
        plane.end()


@case()
def what_was_refused_becomes_a_rule_that_gives_it(given):
    ask = "for what in x y; do curl -sS -m 9 http://a.test/closed/$what; done; true"
    box = given.box().shell("curl -sS -m 9 http://a.test/closed/x; curl -sS -m 9 http://b.test/; true")
    assert not given.world.lines("asked")
    given.nothing_left()

    def policy_command(*words):
        return subprocess.run([PROGRAM, "policy", *words, "--log", str(box.state / "audit")],
                              capture_output=True, text=True)

    told = policy_command("suggest")
    assert told.returncode == 0 and "GET /closed/x" in told.stdout, told
    assert json.loads(policy_command("suggest", "--json", "--profile", "net").stdout)[0]["kind"] == "rule"
    assert "egress refused nothing" in policy_command("suggest", "--since", "2999-01-01T00:00:00Z").stdout
    log = audit_log.records(box.state / "audit")
    index = next(i for i, record in enumerate(log) if record["k"] == "net.deny" and "meth" in record)
    why = policy_command("why", "--record", str(index))
    assert why.returncode == 1 and "request GET http://a.test/closed/x, as tool bash" in why.stdout, why
    assert "does not allow this method and path" in why.stdout, why

    given.box(policy(RULES + told.stdout)).shell(ask).expect()
    asked = " ".join(given.world.lines("asked"))
    assert "/closed/x" in asked and "/closed/y" not in asked, asked


@case("F47")
def calls_of_a_session_share_a_network_and_sessions_do_not(given):
    plane = Plane("--ttl", "20")
    folder = fresh_folder()
    worker = None
    try:
        box = given.box(policy(background="keep"))
        if given.user == "user":
            os.chown(folder, USER_ID, USER_ID)
        worker = Worker(plane, state=folder, policy=str(box.policy), program=box.program)
        wait_for("the start", lambda: "serving" in worker.log())
        first, second = plane.session(), plane.session()
        say = lambda session, command: plane.result(session, plane.bash(session, command), 60)  # noqa: E731
        assert say(first, "exec 3<>/dev/tcp/www.a.test/7001; read -r line <&3; echo $line")[0].startswith("220")
        address = say(first, "getent ahostsv4 www.a.test | awk 'NR==1 {print $1}'")[0].strip()
        assert address.startswith("198.18."), address
        say(first, "(while sleep 0.2; do curl -sS -m 3 -o /dev/null http://a.test/open/later; done) > /dev/null 2>&1 &")
        # Names of one session mean nothing in another.
        text, _ = say(second, f"exec 3<>/dev/tcp/{address}/7001; read -r line <&3; echo got $line")
        assert "got 220" not in text, text
        wait_for("a connection in the background",
                 lambda: any("/open/later" in line for line in given.world.lines("asked")))
    finally:
        if worker:
            worker.end()
        plane.end()
