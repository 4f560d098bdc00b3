#!/usr/bin/env python3
"""A second reader of audit logs, written from the C2SP texts (signed-note, tlog-checkpoint,
tlog-tiles, tlog-proof) and RFC 6962, RFC 8032. It knows nothing of glovebox but where the files are.

usage: audit_tiles.py log FOLDER KEY      every tile and bundle, and the root, against the checkpoint
       audit_tiles.py proof FILE KEY      one proof; prints the entry it holds
       audit_tiles.py vectors             what the unit tests of the tree compare themselves with

KEY is a verifier key, `name+hash+base64`. Exit status 1 with the reason when something is wrong.
"""
import base64
import hashlib
import pathlib
import sys

WIDTH = 256
HASH = 32


class Bad(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Bad(why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# --- RFC 6962, section 2.1, as it is written there.

def leaf_hash(entry):
    return sha256(b"\x00", entry)


def split_point(count):
    """The largest power of two smaller than count."""
    return 1 << ((count - 1).bit_length() - 1)


def tree_root(leaves):
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    k = split_point(len(leaves))
    return sha256(b"\x01", tree_root(leaves[:k]), tree_root(leaves[k:]))


def inclusion_proof(index, leaves):
    if len(leaves) == 1:
        return []
    k = split_point(len(leaves))
    if index < k:
        return inclusion_proof(index, leaves[:k]) + [tree_root(leaves[k:])]
    return inclusion_proof(index - k, leaves[k:]) + [tree_root(leaves[:k])]


def consistency_proof(size, leaves):
    def sub(m, part, known):
        if m == len(part):
            return [] if known else [tree_root(part)]
        k = split_point(len(part))
        if m <= k:
            return sub(m, part[:k], known) + [tree_root(part[k:])]
        return sub(m - k, part[k:], False) + [tree_root(part[:k])]
    return sub(size, leaves, True)


def root_from_proof(index, size, leaf, proof):
    """The root that a proof leads to, by going down the tree rather than up."""
    if size == 1:
        need(not proof, "a proof that is too long")
        return leaf
    need(proof, "a proof that is too short")
    k = split_point(size)
    if index < k:
        return sha256(b"\x01", root_from_proof(index, k, leaf, proof[:-1]), proof[-1])
    return sha256(b"\x01", proof[-1], root_from_proof(index - k, size - k, leaf, proof[:-1]))


# --- RFC 8032: Ed25519, verification only.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    need(y < P, "a point off the curve")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    need((x * x - square) % P == 0 and (x or not sign), "a point off the curve")
    return P - x if x % 2 != sign else x


def point(data):
    number = int.from_bytes(data, "little")
    y = number & ((1 << 255) - 1)
    x = recover_x(y, number >> 255)
    return (x, y, 1, x * y % P)


def add(a, b):
    one = (a[1] - a[0]) * (b[1] - b[0]) % P
    two = (a[1] + a[0]) * (b[1] + b[0]) % P
    three = 2 * a[3] * b[3] * D % P
    four = 2 * a[2] * b[2] % P
    e, f, g, h = two - one, four - three, four + three, two + one
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, a):
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, a)
        a = add(a, a)
        number >>= 1
    return total


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verify(key, message, signature):
    need(len(key) == 32 and len(signature) == 64, "an Ed25519 key or signature of a wrong length")
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    need(s < ORDER, "bad signature")
    challenge = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % ORDER
    left, right = times(s, BASE), add(point(r), times(challenge, point(key)))
    same = all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))
    need(same, "bad signature")


# --- C2SP signed-note and tlog-checkpoint.

def decode64(text):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "base64 in another spelling")
    return data


def parse_key(vkey):
    name, key_id, key = vkey.strip().split("+", 2)
    key = decode64(key)
    need(key[:1] == b"\x01", "not an Ed25519 key")
    need(sha256(name.encode(), b"\n", key)[:4].hex() == key_id, "the key has another id")
    return name, bytes.fromhex(key_id), key[1:]


def open_checkpoint(note, vkey):
    name, key_id, key = parse_key(vkey)
    text, blank, signatures = note.rpartition("\n\n")
    need(blank and signatures.endswith("\n"), "not a signed note")
    text += "\n"
    signed = False
    for line in signatures[:-1].split("\n"):
        dash, signer, signature = line.split(" ")
        need(dash == "\u2014", "not a signature line")
        signature = decode64(signature)
        if signer == name and signature[:4] == key_id:
            ed25519_verify(key, text.encode(), signature[4:])
            signed = True
    need(signed, "not signed by the key")
    lines = text[:-1].split("\n")
    need(len(lines) == 3, "extension lines")
    need(lines[0] == name, "another origin than the key's")
    need(lines[1] == str(int(lines[1])), "a size in another spelling")
    root = decode64(lines[2])
    need(len(root) == HASH, "not a root")
    return int(lines[1]), root


# --- C2SP tlog-tiles.

def tile_path(row, index, width=WIDTH):
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i:i + 3] for i in range(0, len(digits), 3)]
    path = "/".join(["tile", str(row), *("x" + group for group in groups[:-1]), groups[-1]])
    return path if width == WIDTH else f"{path}.p/{width}"


def read_tile(folder, row, index, width):
    exact = folder / tile_path(row, index, width)
    if exact.exists():
        return exact.read_bytes()
    whole = folder / tile_path(row, index)
    need(whole.exists(), f"{tile_path(row, index, width)} is missing")
    data = whole.read_bytes()
    return data[:width * HASH] if row != "entries" else data


def bundle_entries(data):
    entries = []
    while data:
        length = int.from_bytes(data[:2], "big")
        need(len(data) >= 2 + length, "a bundle that ends inside an entry")
        entries.append(data[2:2 + length])
        data = data[2 + length:]
    return entries


def tiles_of(size, level):
    """(index, width) of the tiles that a log of this size has at a level."""
    hashes = size // WIDTH**level
    full = [(index, WIDTH) for index in range(hashes // WIDTH)]
    return full + ([(hashes // WIDTH, hashes % WIDTH)] if hashes % WIDTH else [])


def check_log(folder, vkey):
    size, root = open_checkpoint((folder / "checkpoint").read_text("utf-8"), vkey)
    leaves = []
    for index, width in tiles_of(size, 0):
        entries = bundle_entries(read_tile(folder, "entries", index, width))
        need(len(entries) >= width, f"bundle {index} holds fewer than {width} entries")
        leaves += [leaf_hash(entry) for entry in entries[:width]]
    need(len(leaves) == size, "another number of entries than the checkpoint says")
    level, hashes = 0, leaves
    while hashes:
        for index, width in tiles_of(size, level):
            expected = b"".join(hashes[index * WIDTH:index * WIDTH + width])
            need(read_tile(folder, level, index, width) == expected,
                 f"{tile_path(level, index, width)} is wrong")
        hashes = [tree_root(hashes[i:i + WIDTH])
                  for i in range(0, len(hashes) - WIDTH + 1, WIDTH)]
        level += 1
    need(tree_root(leaves) == root, "another root than the checkpoint says")
    return size, root


# --- C2SP tlog-proof.

def check_proof(text, vkey):
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "not a proof")
    need(lines and lines[0].startswith("extra "), "no entry in it")
    entry = decode64(lines.pop(0).removeprefix("extra "))
    need(lines and lines[0].startswith("index "), "no index in it")
    index = int(lines.pop(0).removeprefix("index "))
    size, root = open_checkpoint(note, vkey)
    need(0 <= index < size, "an index beyond the tree")
    proof = [decode64(line) for line in lines]
    need(root_from_proof(index, size, leaf_hash(entry), proof) == root, "it leads to another root")
    return index, entry


# --- For the unit tests: the leaves are the decimal numbers of their places.

def vectors(most=600):
    leaves = [leaf_hash(str(i).encode()) for i in range(most)]
    roots = sha256(*(tree_root(leaves[:size]) for size in range(most + 1)))
    inclusion, consistency = hashlib.sha256(), hashlib.sha256()
    for size in range(1, most + 1, 7):
        for index in range(0, size, 5):
            inclusion.update(b"".join(inclusion_proof(index, leaves[:size])))
        for older in range(1, size + 1, 5):
            consistency.update(b"".join(consistency_proof(older, leaves[:size])))
    for word, value in (("roots", roots), ("inclusion", inclusion.digest()),
                        ("consistency", consistency.digest()),
                        ("root of 70,000", tree_root([leaf_hash(str(i).encode())
                                                      for i in range(70_000)]))):
        print(f"{word}: {value.hex()}")


def main(arguments):
    try:
        if len(arguments) == 3 and arguments[0] == "log":
            size, root = check_log(pathlib.Path(arguments[1]), arguments[2])
            print(f"{size} entries, root {root.hex()}, good")
        elif len(arguments) == 3 and arguments[0] == "proof":
            index, entry = check_proof(pathlib.Path(arguments[1]).read_text("utf-8"), arguments[2])
            print(f"entry {index}: {entry.decode()}")
        elif arguments == ["vectors"]:
            vectors()
        else:
            print(__doc__, file=sys.stderr)
            return 64
    except (Bad, ValueError, OSError) as error:
        print(f"bad: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
