"""What a box reaches, by name, whatever program asks."""
import subprocess

import audit_log
from egress_support import case, policy, raw
from egress_world import A, A6


@case()
def tls_by_name_reaches_its_origin(given):
    box = given.box().shell("curl -sS -m 20 --cacert /workspace/ca.pem https://a.test/hello; "
                            "env -i HTTPS_PROXY=http://127.0.0.1:9 curl -sS -m 9 --cacert /workspace/ca.pem https://a.test/; "
                            "echo $?").expect(out='"path": "/hello"').expect(out="7\n")
    record = box.opened(host="a.test", addr=A, port=443, l7="sni", rule="net.toml:11", dec="allow")
    assert record["up"] > 300 and record["down"] > 500, record
    intent, result = box.records("tool.intent")[0], box.records("tool.result")[0]
    assert record["tu"] == intent["tu"] and record["sid"] == intent["sid"] and record["pol"] == intent["pol"]
    order = [entry["k"] for entry in audit_log.records(box.state / "audit")]
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
