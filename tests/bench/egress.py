#!/usr/bin/env python3
"""What the way out costs, beside the same connection without it.

usage: egress.py NETWORK_PEERS (build/…/tests/bench/network_peers)

In a network namespace of its own: servers on an address of this host, a box that reaches them by name
through egress, and in the same run the direct connection, a relay that decides nothing, and nginx doing
TLS to TLS as `inspect` does.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from egress_world import enter, make_certificates, run  # noqa: E402
from worker_harness import PROGRAM, cmdline, descendants, wait_for  # noqa: E402

ADDRESS = "203.0.113.5"
ECHO, SOURCE, SPLICED, COPIED, TLS, NGINX = 7000, 7001, 7002, 7003, 7443, 7444
ROUNDS, BYTES, REQUESTS = 3000, 4e9, 20000
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


class Bench:
    def __init__(self, peers):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="glovebox-bench-"))
        self.folder.chmod(0o755)
        self.work = self.folder / "work"
        self.work.mkdir()
        self.peers = shutil.copy2(peers, self.work / "peers")
        os.chown(self.work, 54321, 54321)
        make_certificates(self.folder)
        self.policy = self.folder / "net.toml"
        self.policy.write_text(
            'glovebox = 1\n[[bind]]\ntools = { "*" = "net" }\n[profile.net]\nwhy = "measured"\n'
            'limits = { files = 8192, wall = "10m", cpu = "10m" }\n'
            'mount = [ { at = "@workspace", mode = "rw", exec = true }, { at = "@tmp", mode = "tmp" } ]\n'
            + "".join(RULE.format(port=port, mode="raw") for port in (ECHO, SOURCE))
            + "".join(RULE.format(port=port, mode=mode) for port, mode in ((TLS, "inspect"), (443, "sni"))))
        run("ip", "link", "set", "lo", "up")
        run("ip", "addr", "add", f"{ADDRESS}/32", "dev", "lo")
        hosts = self.folder / "hosts"
        hosts.write_text(f"127.0.0.1 localhost\n{ADDRESS} a.test\n")
        run("mount", "--bind", str(hosts), "/etc/hosts")
        self.running = [subprocess.Popen([self.peers, "serve", ADDRESS, str(ECHO), str(SOURCE)])]
        for port, how in ((SPLICED, "splice"), (COPIED, "copy")):
            self.running.append(subprocess.Popen([self.peers, "relay", ADDRESS, str(port), str(SOURCE), how]))
        self.start_nginx()
        self.environment = {**os.environ, "SSL_CERT_FILE": str(self.folder / "ca.pem")}
        time.sleep(1)

    def start_nginx(self):
        (self.folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.err;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000;
  upstream origin {{ server {ADDRESS}:{TLS}; keepalive 64; }}
  server {{ listen {ADDRESS}:{TLS} ssl; ssl_certificate {self.folder}/server.pem; ssl_certificate_key
            {self.folder}/server.key; location / {{ return 200 "hello from the origin\\n"; }} }}
  server {{ listen {ADDRESS}:{NGINX} ssl; ssl_certificate {self.folder}/server.pem; ssl_certificate_key
            {self.folder}/server.key;
            location / {{ proxy_pass https://origin; proxy_http_version 1.1; proxy_set_header Connection "";
                          proxy_set_header Host a.test; proxy_ssl_server_name on; proxy_ssl_name a.test;
                          proxy_ssl_verify on; proxy_ssl_trusted_certificate {self.folder}/ca.pem; }} }}
}}""")
        self.running.append(subprocess.Popen(["nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)],
                                             stderr=subprocess.DEVNULL))

    def outside(self, *words):
        return subprocess.run([self.peers, *map(str, words)], check=True, capture_output=True, text=True).stdout

    def boxed(self, *words):
        return self.start(*words).communicate(timeout=590)[0]

    def start(self, *words, **options):
        return subprocess.Popen([PROGRAM, "exec", "--policy", str(self.policy), "--state", str(self.folder / "state"),
                                 "--workdir", str(self.work), "--", *map(str, words)], env=self.environment,
                                stdout=subprocess.PIPE, text=True, **options)

    def end(self):
        for process in self.running:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def latency(self):
        direct = float(self.outside("latency", ADDRESS, ECHO, ROUNDS).split()[0])
        ours = float(self.boxed("/workspace/peers", "latency", "a.test", ECHO, ROUNDS).split()[0])
        print(f"connect and one byte back: direct {direct:.0f} us, through egress {ours:.0f} us p50", flush=True)
        row(name="egress: added to connect + 1 byte", unit="us p50 over direct", ours=round(ours - direct, 1),
            detail={"direct": direct, "egress": ours}, bar={"most": 150})

    def throughput(self):
        direct = float(self.outside("pull", ADDRESS, SOURCE, BYTES))
        spliced = float(self.outside("pull", ADDRESS, SPLICED, BYTES))
        copied = float(self.outside("pull", ADDRESS, COPIED, BYTES))
        ours = float(self.boxed("/workspace/peers", "pull", "a.test", SOURCE, BYTES))
        print(f"one connection, GB/s: direct {direct / 1e9:.2f}, a relay with splice {spliced / 1e9:.2f}, with copies "
              f"{copied / 1e9:.2f}, through egress {ours / 1e9:.2f}", flush=True)
        best = max(spliced, copied)
        row(name="egress: time of one large transfer", unit="s per GB", ours=round(1e9 / ours, 4),
            peer=round(1e9 / best, 4), peer_name="the faster bare relay", bar={"ratio": round(1 / 0.9, 3)},
            detail={"direct": direct, "splice": spliced, "copy": copied, "egress": ours})

    def requests(self):
        load = ["h2load", "--h1", "-n", str(REQUESTS), "-c", "8"]
        def rate(text):
            return float(re.search(r"([\d.]+) req/s", text)[1])
        def failed(text):
            return int(re.search(r"(\d+) failed", text)[1])
        peer = subprocess.run([*load, f"https://{ADDRESS}:{NGINX}/", "-H", "host: a.test"], check=True, capture_output=True,
                              text=True).stdout
        ours = self.boxed(*load, f"https://a.test:{TLS}/")
        assert not failed(peer) and not failed(ours), ours
        print(f"TLS to TLS, 8 kept connections: nginx {rate(peer):.0f} requests/s, egress (inspect) {rate(ours):.0f}",
              flush=True)
        row(name="egress: inspect, a request on a kept connection", unit="us", ours=round(1e6 / rate(ours), 1),
            peer=round(1e6 / rate(peer), 1), peer_name="nginx, TLS to TLS", bar={"ratio": 2.0})

    def memory(self):
        process = self.start("/workspace/peers", "hold", "a.test", ECHO, 1000, stdin=subprocess.PIPE)
        try:
            assert process.stdout.readline() == "held 1000\n"
            role = next(pid for pid in descendants(process.pid) if cmdline(pid).startswith("glovebox: egress"))
            status = pathlib.Path(f"/proc/{role}/status").read_text()
            resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1])
            print(f"1,000 connections open through egress: {resident} KiB resident", flush=True)
            row(name="egress: 1,000 connections", unit="KiB resident, egress role", ours=resident, bar={"most": 48 * 1024})
        finally:
            process.stdin.close()
            wait_for("the end", lambda: process.poll() is not None)


def main():
    enter()
    bench = Bench(sys.argv[1])
    try:
        bench.latency()
        bench.throughput()
        bench.memory()
        bench.requests()
    finally:
        bench.end()


if __name__ == "__main__":
    main()
