"""The way out through the corporate proxy."""
import json
import os
import pathlib
import signal
import subprocess

import egress_world
from egress_support import RULES, case, policy, raw, tcp
from egress_world import A, INTERNAL, PROXY, PROXY_PORT, PROXY_TLS_PORT, PROXY_USER
from run_harness import USER_ID
from worker_harness import Plane, Worker, fresh_folder, wait_for

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


@case()
def through_a_proxy_in_every_mode(given):
    everything_goes_through(given, f"http://{PROXY_USER}@{PROXY}:{PROXY_PORT}", f"{PROXY}:{PROXY_PORT}", PROXY_PORT)
    assert not given.world.names.asked


@case()
def through_a_proxy_that_speaks_tls(given):
    everything_goes_through(given, f"https://{PROXY_USER}@proxy.test:{PROXY_TLS_PORT}",
                            f"proxy.test:{PROXY_TLS_PORT}", PROXY_TLS_PORT)


@case()
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


@case()
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


@case()
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


@case()
def a_word_that_the_proxy_refuses_is_read_again(given):
    worker_goes_through(given, f'proxy = "{PROXY}:{PROXY_PORT}"\nproxy_auth = "file:FOLDER/word"')
    assert not given.world.names.asked


@case()
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


@case()
def a_program_prints_the_word_and_name_servers_are_egress_own(given):
    os.truncate("/etc/resolv.conf", 0)
    try:
        worker_goes_through(given, f"""proxy = "http://proxy.test:{PROXY_PORT}"
proxy_auth = ["/usr/bin/cat", "FOLDER/word"]
resolvers = ["127.0.0.1:53"]""")
    finally:
        pathlib.Path("/etc/resolv.conf").write_text(egress_world.RESOLV_CONF)
    assert set(given.world.names.asked) == {"proxy.test"}
