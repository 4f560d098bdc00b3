#!/usr/bin/env python3
"""A TLS front for a plane, which itself speaks plain HTTP on loopback.

usage: tls_front.py PLANE_PORT FOLDER

Makes an authority and a certificate for 127.0.0.1 in FOLDER, listens on a free port, passes what
comes on to the plane, and prints one JSON line {base_url, ca_file}. Ends with its standard input; at a
line `cut` there it resets every connection.
"""
import asyncio
import json
import os
import pathlib
import resource
import ssl
import subprocess
import sys

BLOCK = 64 * 1024


def make_certificate(folder):
    """Good for a day; openssl comes with ca-certificates."""
    authority, key = folder / "front-ca.pem", folder / "front-key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", key, "-out", authority, "-days", "1", "-subj", "/CN=glovebox test front",
         "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:TRUE"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    authority.chmod(0o644)
    return authority, key


async def pump(reader, writer):
    try:
        while block := await reader.read(BLOCK):
            writer.write(block)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def main(port, folder):
    authority, key = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, key)

    writers = set()

    async def serve(reader, writer):
        try:
            above, below = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        writers.add(writer)
        await asyncio.gather(pump(reader, below), pump(above, writer))
        writers.discard(writer)

    def cut():
        for writer in writers:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context, backlog=1024)
    print(json.dumps({"base_url": f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}",
                      "ca_file": str(authority)}), flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline) == "cut\n":
        cut()
    os._exit(0)  # with everything that is under way


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main(int(sys.argv[1]), pathlib.Path(sys.argv[2])))
