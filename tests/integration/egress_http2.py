"""HTTP/2 through mode `inspect`: what a client offers, what an origin agrees to, and what neither may."""
import json
import textwrap

from egress_inspected import CANARY, INSPECT, with_secret
from egress_support import case, policy
from egress_world import A, HTTP2_PORT
from worker_harness import wait_for

# The origin on 443 speaks HTTP/1.1 only, the other one HTTP/2 only.
BOTH = INSPECT.format(more="") + INSPECT.format(more="").replace("443", str(HTTP2_PORT))
ASK = "curl -sS -m 9 --http2 -o /dev/null -w '%{http_version}:%{http_code} '"
FRAMES = textwrap.dedent("""
    import socket, ssl, struct, sys
    def frame(kind, flags, stream, payload=b""):
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload
    def hpack(*fields):
        return b"".join(b"\\0" + bytes([len(a)]) + a + bytes([len(b)]) + b for a, b in fields)
    def head(method=b"GET", path=b"/open/x", authority=b"a.test", more=()):
        return hpack((b":method", method), (b":scheme", b"https"), (b":authority", authority), (b":path", path), *more)
    def connect():
        context = ssl.create_default_context()
        context.set_alpn_protocols(["h2"])
        raw = context.wrap_socket(socket.create_connection(("a.test", 443), 9), server_hostname="a.test")
        assert raw.selected_alpn_protocol() == "h2"
        raw.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + frame(4, 0, 0))
        return raw
    def frames(raw):
        data = b""
        while True:
            while len(data) < 9 or len(data) < 9 + int.from_bytes(data[:3], "big"):
                more = raw.recv(65536)
                if not more:
                    return
                data += more
            size = int.from_bytes(data[:3], "big")
            yield data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:9 + size]
            data = data[9 + size:]
    """)


def inspecting(given):
    return given.box(policy(BOTH), authorities=given.world.authority)


def asked(given):
    return [(method, path) for method, _, path in map(json.loads, given.world.lines("asked"))]


@case("F28 F37")
def streams_are_decided_one_by_one(given):
    for port in (443, HTTP2_PORT):
        given.world.forget()
        where = "https://a.test" + ("" if port == 443 else f":{port}")
        box = inspecting(given).shell(f"""
ask() {{ {ASK} "$@"; }}
ask {where}/open/x; ask {where}/closed; ask -X DELETE {where}/open/x
ask -H 'Host: b.test' {where}/open/x; ask -X TRACE {where}/open/x; ask -d data {where}/open/y
ask {where}/open/../closed --path-as-is
curl -sS -m 9 --http2 {where}/closed""")
        box.expect(out="2:200 2:403 2:403 2:421 2:405 2:200 2:400 denied by policy: ")
        box.opened(meth="GET", path="/open/x", l7="inspect", status=200, addr=A, port=port)
        box.denied(host="a.test", l7="inspect", meth="GET", path="/closed", port=port)
        assert asked(given) == [("GET", "/open/x"), ("POST", "/open/y")], asked(given)
        assert {place[1] for place in given.world.came()} == {port}
        box.verified()


@case()
def whoever_offers_http_1_1_gets_it(given):
    box = inspecting(given).shell(
        "curl -sS -m 9 --http1.1 -o /dev/null -w '%{http_version}:%{http_code} ' https://a.test/open/x; "
        "curl -sS -m 9 --no-alpn -o /dev/null -w '%{http_version}:%{http_code} ' https://a.test/open/x")
    box.expect(out="1.1:200 1.1:200")


@case()
def many_streams_at_once(given):
    for port in (443, HTTP2_PORT):
        given.world.forget()
        box = inspecting(given).shell(
            f"curl -sS -m 30 --http2 --parallel --parallel-max 40 -w '%{{http_version}}:%{{http_code}}\\n' "
            f"-o '/tmp/#1' 'https://a.test:{port}/open/[1-80]'")
        assert box.out.split().count("2:200") == 80, (box.out, box.err)
        assert len(asked(given)) == 80
        assert len([record for record in box.records("net.open") if record.get("status") == 200]) == 80


@case()
def both_sides_speak_at_once_and_trailers_follow(given):
    script = """
const http2 = require("http2");
const session = http2.connect("https://a.test:PORT");
const stream = session.request({":method": "POST", ":path": "/open/echo", "te": "trailers"});
const said = ["one", "two", "three"];
let heard = "";
stream.setEncoding("utf8");
stream.on("data", (piece) => {
  heard += piece;
  if (heard === said.slice(0, next).join("")) say();
});
let next = 0;
function say() { if (next < said.length) stream.write(said[next++]); else stream.end(); }
stream.on("trailers", (fields) => console.log("trailers", fields["grpc-status"]));
stream.on("end", () => { console.log("heard", heard); session.close(); });
stream.on("error", (error) => { console.log(error); process.exit(1); });
say();
""".replace("PORT", str(HTTP2_PORT))
    box = inspecting(given)
    (box.work / "talk.js").write_text(script)
    box.shell("timeout 20 node talk.js").expect(out="trailers 0").expect(out="heard onetwothree")
    box.opened(meth="POST", path="/open/echo", status=200)


@case()
def a_stream_that_is_called_off_is_called_off_at_the_origin(given):
    script = """
const session = require("http2").connect("https://a.test:PORT");
const stream = session.request({":path": "/open/wait"});
stream.on("data", () => stream.close(8));
stream.on("close", () => session.request({":path": "/open/after"}).on("response", (head) => {
  console.log("after", head[":status"]);
  session.destroy();
}).resume());
""".replace("PORT", str(HTTP2_PORT))
    box = inspecting(given)
    (box.work / "stop.js").write_text(script)
    box.shell("timeout 20 node stop.js").expect(out="after 200")
    wait_for("the origin to hear of it", lambda: '["/open/wait"]' in given.world.lines("aborted"))
    assert len(given.world.came()) == 1


@case("F49 F50 G17")
def a_credential_that_the_box_never_has_in_http2(given):
    for port in (443, HTTP2_PORT):
        given.world.forget()
        box = with_secret(given)
        box.policy.write_text(box.policy.read_text().replace("port = 443", f"port = {port}")
                              .replace("a.test:443", f"a.test:{port}"))
        where = f"https://a.test:{port}/open"
        box.shell(f"""
curl -sS -m 9 --http2 {where}/plain
curl -sS -m 9 --http2 -H 'Authorization: Bearer mine' -H 'X-Key: glovebox-secret-token' {where}/placed
curl -sS -m 9 --http2 -d 'glovebox-secret-token' {where}/body""").expect()
        by_path = {path: headers for path, headers in map(json.loads, given.world.lines("headers"))}
        for path in ("/open/plain", "/open/placed", "/open/body"):
            assert by_path[path]["authorization"] == f"Bearer {CANARY}", (path, by_path)
        assert by_path["/open/placed"]["x-key"] == CANARY
        assert CANARY not in box.out + box.err and "*" * len(CANARY) in box.out
        assert box.opened(path="/open/plain")["cred"] == "token"
        assert CANARY not in box.log()
        box.verified()


@case("F28 F31 F35")
def heads_that_break_http2_reach_nobody(given):
    box = inspecting(given)
    (box.work / "heads.py").write_text(FRAMES + textwrap.dedent("""
        heads = [head(more=[(b"connection", b"authorization")]), head(more=[(b"X-Big", b"y")]),
                 head(more=[(b"transfer-encoding", b"chunked")]), head(more=[(b"upgrade", b"h2c")]),
                 head(more=[(b":path", b"/closed")]), head(b"CONNECT"),
                 head(more=[(b"x", b"a\\r\\nb: c")]), head(authority=b"b.test"), head(path=b"https://b.test/"),
                 head(more=[(b"host", b"b.test")])]
        raw = connect()
        for number, block in enumerate(heads):
            raw.sendall(frame(1, 5, 2 * number + 1, block))
        ended = {}
        for kind, flags, stream, payload in frames(raw):
            if kind == 3:
                ended.setdefault(stream, "reset")
            if kind == 0 and payload:
                ended[stream] = payload.decode().strip()
            if len(ended) == len(heads):
                break
        print([ended[2 * number + 1] for number in range(len(heads))])
        raw.sendall(frame(1, 5, 2 * len(heads) + 1, head(path=b"/open/good")))
        for kind, flags, stream, payload in frames(raw):
            if stream == 2 * len(heads) + 1 and kind == 0:
                print("good")
                break
        """))
    box.shell("timeout 20 python3 heads.py").expect(out="good")
    words = "the host is not the one that was dialled"
    assert box.out.startswith(str(["reset"] * 7 + [words, "reset", words])), box.out
    assert asked(given) == [("GET", "/open/good")], asked(given)
    box.denied(l7="inspect", why="the request is malformed")
    box.denied(l7="inspect", why=words)


@case("F43 F44")
def floods_of_http2_are_ended_and_on_record(given):
    box = inspecting(given)
    (box.work / "flood.py").write_text(FRAMES + textwrap.dedent("""
        floods = {
            "reset": b"".join(frame(1, 5, 2 * i + 1, head()) + frame(3, 0, 2 * i + 1, b"\\0\\0\\0\\x08") for i in range(400)),
            "ping": frame(6, 0, 0, b"12345678") * 3000,
            "settings": frame(4, 0, 0) * 3000,
            "continuation": frame(1, 1, 1, head()) + frame(9, 0, 1) * 1000,
            "empty": frame(1, 4, 1, head(b"POST")) + frame(0, 0, 1) * 3000,
        }
        for name, bytes_ in floods.items():
            raw = connect()
            try:
                raw.sendall(bytes_)
            except OSError:
                pass
            code = None
            try:
                for kind, flags, stream, payload in frames(raw):
                    if kind == 7:
                        code = int.from_bytes(payload[4:8], "big")
            except OSError:
                pass
            print(name, code)
        """))
    box.shell("timeout 30 python3 flood.py").expect()
    assert box.out.split("\n")[:-1] == [f"{name} 11" for name in ("reset", "ping", "settings", "continuation", "empty")], box.out
    box.denied(l7="inspect", why="the connection asks for more than HTTP/2 programs do")
    # The role lives, and serves.
    box.shell(f"{ASK} https://a.test/open/after").expect(out="2:200")


@case()
def a_big_transfer_is_whole_each_way(given):
    box = inspecting(given)
    box.shell(f"""
head -c 20000000 /dev/urandom > up
curl -sS -m 50 --http2 https://a.test/open/bytes/20000000 | wc -c
curl -sS -m 50 --http2 --data-binary @up https://a.test:{HTTP2_PORT}/open/echo -o down
cmp up down && echo same""", seconds=120).expect(out="20000000\nsame")
