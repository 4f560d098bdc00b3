#!/usr/bin/env python3
"""What the way out costs, beside the same connection without it.

usage: egress.py NETWORK_PEERS [PART...]
NETWORK_PEERS is build/…/tests/bench/network_peers; parts: latency throughput memory requests.

In a network namespace of its own: servers on an address of this host, a box that reaches them by name
through egress, and in the same run the direct connection, a relay that decides nothing, and nginx doing
TLS to TLS as `inspect` does.
"""
import contextlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from egress_world import enter, make_certificates, run  # noqa: E402
from worker_harness import PROGRAM, cmdline, descendants, wait_for  # noqa: E402

ADDRESS = "203.0.113.5"
ECHO, SOURCE, SPLICED, COPIED, NAMED, TLS, NGINX = 7000, 7001, 7002, 7003, 7004, 7443, 7444
# Fewer connections than one network may open at once (egress/limits.h).
ROUNDS, HELD = 900, 1000
BYTES, REQUESTS, TIMES = 4e9, 20000, 3
PATIENCE = 120  # seconds, for whatever is started
RULE = """
[[profile.net.egress]]
host = "a.test"
port = {port}
mode = "{mode}"
whole_host = true
private = true
why = "measured"
"""


def row(**fields):
    path = os.environ.get("GLOVEBOX_BENCH_ROWS")
    if path:
        with open(path, "a", encoding="utf-8") as rows:
            rows.write(json.dumps(fields) + "\n")


def started(*words, **options):
    """A process of a group of its own, which goes when this one does, however that ends."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, words)], start_new_session=True,
                            stdin=options.pop("stdin", subprocess.DEVNULL), text=True, **options)


def end(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def told(process):
    """What it prints, if all goes well and in time."""
    try:
        out, _ = process.communicate(timeout=PATIENCE)
    finally:
        end(process)
    assert process.returncode == 0, f"{process.args}: exit {process.returncode}: {out}"
    return out


def client_hello(name):
    sent = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return sent.read()


class Bench:
    def __init__(self, peers):
        self.running = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="glovebox-bench-"))
        self.folder.chmod(0o755)
        self.work = self.folder / "work"
        self.work.mkdir()
        self.peers = shutil.copy2(peers, self.work / "peers")
        (self.work / "hello").write_bytes(client_hello("a.test"))
        os.chown(self.work, 54321, 54321)
        make_certificates(self.folder)
        self.policy = self.folder / "net.toml"
        self.policy.write_text(
            'glovebox = 1\n[[bind]]\ntools = { "*" = "net" }\n[profile.net]\nwhy = "measured"\n'
            'limits = { files = 8192, wall = "10m", cpu = "10m" }\n'
            'mount = [ { at = "@workspace", mode = "rw", exec = true }, { at = "@tmp", mode = "tmp" } ]\n'
            + "".join(RULE.format(port=port, mode=mode) for port, mode in
                      ((ECHO, "raw"), (SOURCE, "raw"), (NAMED, "sni"), (TLS, "inspect"))))
        run("ip", "link", "set", "lo", "up")
        run("ip", "addr", "add", f"{ADDRESS}/32", "dev", "lo")
        hosts = self.folder / "hosts"
        hosts.write_text(f"127.0.0.1 localhost\n{ADDRESS} a.test\n")
        run("mount", "--bind", str(hosts), "/etc/hosts")
        self.environment = {**os.environ, "SSL_CERT_FILE": str(self.folder / "ca.pem")}

    def serve(self):
        for words in (("serve", ADDRESS, ECHO, SOURCE), ("serve", ADDRESS, NAMED, NAMED + 100),
                      ("relay", ADDRESS, SPLICED, SOURCE, "splice"), ("relay", ADDRESS, COPIED, SOURCE, "copy")):
            self.running.append(started(self.peers, *words))
        (self.folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.err;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000;
  server {{ listen {ADDRESS}:{TLS} ssl; ssl_certificate {self.folder}/server.pem; ssl_certificate_key
            {self.folder}/server.key; location / {{ return 200 "hello from the origin\\n"; }} }}
}}""")
        (self.folder / "proxy.conf").write_text(f"""
daemon off; master_process off; pid {self.folder}/proxy.pid; error_log {self.folder}/nginx.err;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000;
  upstream origin {{ server {ADDRESS}:{TLS}; keepalive 64; keepalive_requests 1000000; }}
  server {{ listen {ADDRESS}:{NGINX} ssl; ssl_certificate {self.folder}/server.pem; ssl_certificate_key
            {self.folder}/server.key;
            location / {{ proxy_pass https://origin; proxy_http_version 1.1; proxy_set_header Connection "";
                          proxy_set_header Host a.test; proxy_ssl_server_name on; proxy_ssl_name a.test;
                          proxy_ssl_verify on; proxy_ssl_trusted_certificate {self.folder}/ca.pem; }} }}
}}""")
        for name in ("nginx", "proxy"):
            self.running.append(started("nginx", "-c", self.folder / f"{name}.conf", "-p", self.folder,
                                        stderr=subprocess.DEVNULL))
        wanted = {ECHO, SOURCE, NAMED, SPLICED, COPIED, TLS, NGINX}
        wait_for("all servers", lambda: wanted <= self.listening())

    @staticmethod
    def listening():
        rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return {int(words[1].split(":")[1], 16) for words in rows if words[3] == "0A"}

    def outside(self, *words):
        return told(started(*words, stdout=subprocess.PIPE))

    def boxed(self, *words):
        return told(self.start(*words))

    def start(self, *words, **options):
        return started(PROGRAM, "exec", "--policy", self.policy, "--state", self.folder / "state", "--workdir",
                       self.work, "--", *words, env=self.environment, stdout=subprocess.PIPE, **options)

    def end(self):
        for process in self.running:
            end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def latency(self):
        """The middle one of several runs, in turn."""
        pairs = []
        for _ in range(TIMES):
            direct = float(self.outside(self.peers, "latency", ADDRESS, ECHO, ROUNDS).split()[0])
            ours = float(self.boxed("/workspace/peers", "latency", "a.test", ECHO, ROUNDS).split()[0])
            pairs.append((ours - direct, direct, ours))
        added, direct, ours = sorted(pairs)[TIMES // 2]
        print(f"connect and one byte back: direct {direct:.0f} us, through egress {ours:.0f} us p50", flush=True)
        row(name="egress: added to connect + 1 byte", unit="us p50 over direct", ours=round(added, 1),
            detail={"direct": direct, "egress": ours}, bar={"most": 150})

    def throughput(self):
        rates = {"direct": [], "splice": [], "copy": [], "egress": []}
        for _ in range(TIMES):
            for name, port in (("direct", SOURCE), ("splice", SPLICED), ("copy", COPIED)):
                rates[name].append(float(self.outside(self.peers, "pull", ADDRESS, port, BYTES)))
            rates["egress"].append(float(self.boxed("/workspace/peers", "pull", "a.test", SOURCE, BYTES)))
        middle = {name: sorted(some)[TIMES // 2] for name, some in rates.items()}
        print(f"one connection, GB/s: direct {middle['direct'] / 1e9:.2f}, a relay with splice "
              f"{middle['splice'] / 1e9:.2f}, with copies {middle['copy'] / 1e9:.2f}, through egress "
              f"{middle['egress'] / 1e9:.2f}", flush=True)
        row(name="egress: time of one large transfer", unit="s per GB", ours=round(1e9 / middle["egress"], 4),
            peer=round(1e9 / max(middle["splice"], middle["copy"]), 4), peer_name="the faster bare relay",
            bar={"ratio": round(1 / 0.9, 3)}, detail=rates)

    def requests(self):
        load = ["h2load", "--h1", "-n", REQUESTS, "-c", "8"]
        rates = {"nginx": [], "egress": []}

        def measured(name, text):
            assert f" {REQUESTS} 2xx" in text, text
            rates[name].append(float(re.search(r"([\d.]+) req/s", text)[1]))
        for _ in range(TIMES):
            measured("nginx", self.outside(*load, f"https://a.test:{NGINX}/"))
            measured("egress", self.boxed(*load, f"https://a.test:{TLS}/"))
        peer, ours = (sorted(some)[TIMES // 2] for some in rates.values())
        print(f"TLS to TLS, 8 kept connections: nginx {peer:.0f} requests/s, egress (inspect) {ours:.0f}", flush=True)
        row(name="egress: inspect, a request on a kept connection", unit="us", ours=round(1e6 / ours, 1),
            peer=round(1e6 / peer, 1), peer_name="nginx, TLS to TLS", bar={"ratio": 2.0}, detail=rates)

    def memory(self):
        process = self.start("/workspace/peers", "hold", "a.test", NAMED, HELD, "/workspace/hello",
                             stdin=subprocess.PIPE)
        try:
            assert select.select([process.stdout], [], [], PATIENCE)[0], "they are not open in time"
            assert process.stdout.readline() == f"held {HELD}\n"
            role = next(pid for pid in descendants(process.pid) if cmdline(pid).startswith("glovebox: egress"))
            status = pathlib.Path(f"/proc/{role}/status").read_text()
            resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1])
            print(f"{HELD} connections open through egress (sni): {resident} KiB resident", flush=True)
            row(name=f"egress: {HELD} connections (sni)", unit="KiB resident, egress role", ours=resident,
                bar={"most": 48 * 1024})
        finally:
            end(process)


def main():
    enter()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parts = sys.argv[2:] or ["latency", "throughput", "memory", "requests"]
    bench = Bench(sys.argv[1])
    try:
        bench.serve()
        for part in parts:
            getattr(bench, part)()
    finally:
        bench.end()


if __name__ == "__main__":
    main()
