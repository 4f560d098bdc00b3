"""The audit log of a state folder for a test: its records by the program's own reader, and the
bytes of its write-ahead log by a small one, of this file."""
import json
import os
import pathlib
import struct
import subprocess

BLOCK = 4096
SEGMENT_MAGIC, COMMIT_MAGIC = b"glovebox wal 1\n\0", b"GBWC"
COMMIT_BYTES, MAX_GROUP = 88, 5 << 20


def lines(log):
    """All records of the log in this folder, sealed or not, as they are stored."""
    shown = subprocess.run([os.environ["GLOVEBOX_BINARY"], "audit", "show", "--json", str(log)],
                           capture_output=True, timeout=120, check=False)
    assert shown.returncode == 0, shown.stderr.decode()
    return shown.stdout.decode().splitlines()


def records(log):
    return [json.loads(line) for line in lines(log)]


def crc32c(data, before=0):
    value = before ^ 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def newest_segment(log):
    """The segment that is written: its path, where its next group goes, the index of the next
    record, and what its checksums start from."""
    newest = (0, None)
    for path in pathlib.Path(log, "wal").glob("*.wal"):
        with path.open("rb") as segment:
            head = segment.read(512)
        if head.startswith(SEGMENT_MAGIC):
            newest = max(newest, (struct.unpack_from("<Q", head, 32)[0], path))
    path = newest[1]
    data = path.read_bytes()
    seed = crc32c(data[32:40] + data[48:64])
    first, at = struct.unpack_from("<Q", data, 40)[0], BLOCK
    while True:
        for end in range(at + BLOCK, min(len(data), at + MAX_GROUP) + 1, BLOCK):
            magic, _, begins, count, blocks = struct.unpack_from("<4sIQII", data, end - COMMIT_BYTES)
            if magic == COMMIT_MAGIC and begins == first and blocks * BLOCK == end - at:
                first, at = first + count, end
                break
        else:
            return path, at, first, seed


def tear(log, record):
    """What a power cut leaves of a group that was never acknowledged: one of its frames."""
    path, end, index, seed = newest_segment(log)
    front, back = struct.pack("<I", len(record)), struct.pack("<Q", index) + record
    with open(path, "r+b") as segment:
        segment.seek(end)
        segment.write(front + struct.pack("<I", crc32c(back, crc32c(front, seed))) + back)
