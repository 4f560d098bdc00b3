"""A host with one way out, and the world behind it: two network namespaces and a cable.

In the world every server writes down who came, and a listener on the cable writes down every packet
that leaves the host: what is not there has not got out. enter() is called first, by root; the names
that the host's resolver knows are Names.zone, which a test may change.
"""
import base64
import contextlib
import ctypes
import http.server
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

# Public addresses as far as anybody can tell from them; the others are what they look like.
A, B, INTERNAL, METADATA = "93.184.216.34", "93.184.216.35", "10.1.2.3", "169.254.169.254"
A6 = "2606:4700:10::6814:1"
# The corporate proxy: plain, and with TLS of its own. Who may use it, and under which name it is known.
PROXY, PROXY_PORT, PROXY_TLS_PORT, PROXY_USER = "93.184.216.40", 3128, 3129, "user:pass-phrase"
HTTP2_PORT = 8443  # of an origin that speaks nothing else
HOST, GATE = "198.51.100.1", "198.51.100.2"
HOST6, GATE6 = "2606:4700:20::1", "2606:4700:20::2"
ADDRESSES = [A, B, PROXY, INTERNAL, METADATA, A6]
ZONE = {"a.test": [A], "b.test": [B], "www.a.test": [A], "internal.test": [INTERNAL],
        "metadata.test": [METADATA], "six.test": [A6], "own.test": [HOST], "loop.test": ["127.0.0.1"],
        "mixed.test": [A, INTERNAL], "mapped.test": [f"::ffff:{INTERNAL}"], "dead.test": ["93.184.216.99"],
        "nobody.test": [], "proxy.test": [PROXY]}
RESOLV_CONF = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
INSIDE = "GLOVEBOX_EGRESS_WORLD"


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def enter():
    """Starts this program once more, in a network and a mount namespace of its own."""
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--propagation", "private", sys.executable,
                              *sys.argv])


class Names:
    """The resolver that the host asks. It writes down what it is asked for."""

    def __init__(self):
        self.zone = {name: list(addresses) for name, addresses in ZONE.items()}
        self.turns = {}  # name -> one list of addresses for each question
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(4096)
            with contextlib.suppress(Exception):
                self.socket.sendto(self.answer(query), peer)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        question, kind = query[12:at + 5], struct.unpack(">H", query[at + 1:at + 3])[0]
        name = ".".join(labels)
        self.asked.append(name)
        turns = self.turns.get(name)
        addresses = self.zone.get(name) if not turns else turns[0] if len(turns) == 1 else turns.pop(0)
        records = b""
        for address in addresses or ():
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            if kind == (28 if ":" in address else 1):
                packed = socket.inet_pton(family, address)
                records += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(packed)) + packed
        count = records.count(b"\xc0\x0c")
        code = 3 if addresses is None else 0
        return query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, count, 0, 0) + question + records


class World:
    """What the tests hold. Everything ends with the process. `without`: ports that a test serves itself."""

    def __init__(self, without=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="glovebox-test-world-"))
        self.folder.chmod(0o755)
        make_certificates(self.folder)
        self.process = subprocess.Popen(
            ["unshare", "--net", sys.executable, __file__, str(self.folder), *map(str, without)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "born\n"
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "h0", "type", "veth", "peer", "name", "w0", "netns", str(self.process.pid))
        run("ip", "addr", "add", f"{HOST}/24", "dev", "h0")
        run("ip", "-6", "addr", "add", f"{HOST6}/64", "dev", "h0", "nodad")
        run("ip", "link", "set", "h0", "up")
        self.process.stdin.write("connected\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "serving\n"
        run("ip", "route", "add", "default", "via", GATE)
        run("ip", "-6", "route", "add", "default", "via", GATE6)
        self.names = Names()
        for name, text in (("resolv.conf", RESOLV_CONF),
                           ("hosts", "127.0.0.1 localhost\n")):
            (self.folder / name).write_text(text)
            place = pathlib.Path(os.path.realpath(f"/etc/{name}"))
            if not place.exists():
                place.touch()
            run("mount", "--bind", str(self.folder / name), str(place))

    @property
    def authority(self):
        return self.folder / "ca.pem"

    def came(self):
        """(address, port) of every connection that a server of the world took."""
        return [tuple(json.loads(line)) for line in self.lines("came")]

    def proxied(self):
        """(destination, status) of everything that the proxies were asked for."""
        return [tuple(json.loads(line)) for line in self.lines("proxied")]

    def packets(self):
        """(protocol, address, port) of every packet from the host; of TCP of those that begin a
        connection."""
        return {tuple(json.loads(line)) for line in self.lines("packets")}

    def lines(self, name):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def forget(self):
        for name in ("came", "packets", "asked", "headers", "proxied", "aborted"):
            (self.folder / name).write_text("")
        self.names.asked.clear()

    def serve(self, *words, **options):
        """A program in the world, which goes when this process does."""
        return subprocess.Popen(["nsenter", f"--net=/proc/{self.process.pid}/ns/net", "setpriv", "--pdeathsig", "KILL",
                                 *map(str, words)], stdin=subprocess.DEVNULL, **options)

    def end(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def make_certificates(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=world", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a.test",
            "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=DNS:a.test,DNS:*.a.test,DNS:b.test,DNS:internal.test,DNS:proxy.test\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "names", "-out", "server.pem")
    (folder / "ca.pem").chmod(0o644)


# --- what runs in the world

class Book:
    def __init__(self, folder):
        self.folder, self.lock = folder, threading.Lock()

    def write(self, name, *what):
        with self.lock, open(self.folder / name, "a") as file:
            file.write(json.dumps(what) + "\n")


def sniff(book):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    wire.bind(("w0", 3))
    while True:
        packet, (_, kind, direction, *_) = wire.recvfrom(200)
        if direction == 4:
            continue  # our own
        if kind == 0x0800:
            size, protocol, to = (packet[0] & 15) * 4, packet[9], socket.inet_ntop(socket.AF_INET, packet[16:20])
        elif kind == 0x86dd:
            size, protocol, to = 40, packet[6], socket.inet_ntop(socket.AF_INET6, packet[24:40])
        else:
            continue
        if protocol == 58 or to.startswith("ff"):
            continue  # neighbours finding each other
        if protocol == 6 and packet[size + 13] & 0x12 != 2:
            continue  # of a connection that was there before
        port = struct.unpack(">H", packet[size + 2:size + 4])[0] if protocol in (6, 17) else 0
        book.write("packets", {6: "tcp", 17: "udp"}.get(protocol, str(protocol)), to, port)


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    book = None

    def answer(self):
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length).decode("latin-1")
        self.book.write("asked", self.command, self.headers.get("host"), self.path)
        self.book.write("headers", self.path, {name.lower(): value for name, value in self.headers.items()})
        if found := re.fullmatch(r"/redirect/(.*)", self.path):
            self.send_response(302)
            self.send_header("location", found[1])
            self.send_header("content-length", "0")
            return self.end_headers()
        if found := re.fullmatch(r"(?:/open)?/bytes/(\d+)", self.path):
            self.send_response(200)
            self.send_header("content-length", found[1])
            self.end_headers()
            left = int(found[1])
            while left:
                left -= self.wfile.write(b"x" * min(left, 65536))
            return None
        text = json.dumps({"method": self.command, "path": self.path, "body": body,
                           "headers": dict(self.headers.items())}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
        return None

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = answer

    def log_message(self, *unused):
        pass


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def banner(connection):
    """Speaks first, as SSH, SMTP and databases do."""
    connection.sendall(b"220 world ready\r\n")
    echo(connection)


def source(connection):
    while True:
        connection.sendall(b"x" * 65536)


def head_of(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(4096)
        if not data:
            raise OSError("no head")
        head += data
    return head.decode("latin-1").split("\r\n")


def carry(client, server):
    """Both ways, until the server ends; an end of the client's is passed on."""
    ends = [client, server]
    while True:
        pending = client in ends and isinstance(client, ssl.SSLSocket) and client.pending()
        ready = [client] if pending else select.select(ends, [], [])[0]
        if client in ready:
            data = client.recv(65536)
            if data:
                server.sendall(data)
            else:
                server.shutdown(socket.SHUT_WR)
                ends.remove(client)
        if server in ready:
            data = server.recv(65536)
            if not data:
                if isinstance(client, ssl.SSLSocket):
                    client.unwrap()
                return
            client.sendall(data)


def make_proxy(book):
    """HTTP CONNECT (RFC 9110 9.3.6), which resolves names by itself."""
    wanted = "Basic " + base64.b64encode(PROXY_USER.encode()).decode()

    def proxy(client):
        first, *fields = head_of(client)
        method, target, _ = first.split(" ")
        host, port = target.rsplit(":", 1)
        given = [field.split(":", 1)[1].strip() for field in fields
                 if field.lower().startswith("proxy-authorization:")]
        status = 501 if method != "CONNECT" else 407 if given != [wanted] else 200
        address = (ZONE.get(host) or [host])[0]
        server = None
        if status == 200:
            try:
                server = socket.create_connection((address, int(port)), 5)
                server.settimeout(None)
            except OSError:
                status = 502
        book.write("proxied", target, status)
        if server is None:
            return client.sendall(f"HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n".encode())
        with server:
            # What a server says first comes with the answer, in one piece.
            said = server.recv(4096) if port in ("22", "7001") else b""
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n" + said)
            return carry(client, server)

    return proxy


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def serve_in_world(folder, without):
    book = Book(folder)
    print("born", flush=True)
    assert sys.stdin.readline() == "connected\n"
    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "add", f"{GATE}/24", "dev", "w0")
    run("ip", "-6", "addr", "add", f"{GATE6}/64", "dev", "w0", "nodad")
    run("ip", "link", "set", "w0", "up")
    for address in ADDRESSES:
        run("ip", "addr", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
    threading.Thread(target=sniff, args=(book,), daemon=True).start()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads, request_queue_size = True, True, 1024
        address_family, tls = socket.AF_INET6, None

        def server_bind(self):
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            super().server_bind()

        def handle_error(self, *unused):
            pass

        def process_request_thread(self, request, address):
            near = request.getsockname()
            book.write("came", near[0].removeprefix("::ffff:"), near[1])
            with contextlib.suppress(OSError):
                if self.tls:
                    request.settimeout(20)
                    request = self.tls.wrap_socket(request, server_side=True)
                super().process_request_thread(request, address)

    def listen(port, handler, tls=None):
        if port in without:
            return
        if not isinstance(handler, type):
            talk = handler

            class handler(socketserver.BaseRequestHandler):  # noqa: N801
                def handle(self):
                    with contextlib.suppress(OSError):
                        talk(self.request)
        server = Server(("::", port), handler)
        server.tls = tls
        threading.Thread(target=server.serve_forever, daemon=True).start()

    Web.book = book
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "server.pem", folder / "server.key")
    for port in (80, 8080):
        listen(port, Web)
    listen(443, Web, tls)
    listen(22, banner)
    listen(7000, echo)
    listen(7001, banner)
    listen(7002, source)
    listen(PROXY_PORT, make_proxy(book))
    listen(PROXY_TLS_PORT, make_proxy(book), tls)
    origin = subprocess.Popen(["node", str(pathlib.Path(__file__).parent / "http2_origin.js"), str(folder), str(HTTP2_PORT)],
                              stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
    assert origin.stdout.readline() == "serving\n"
    print("serving", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    serve_in_world(pathlib.Path(sys.argv[1]), [int(word) for word in sys.argv[2:]])
