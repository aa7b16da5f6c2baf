"""Signs the requests of Schemathesis as NIP-98 asks, so that it gets past the door.

BIP-340 by the letter, with Python's integers: slow, and of no use for a key that matters.
"""

import base64
import hashlib
import json
import os
import time

import schemathesis

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
# The key of the test's first person, who owns `alice`.
SECRET = int.from_bytes(b"\x01" * 32, "big")


def add(a, b):
    if a is None:
        return b
    if b is None:
        return a
    if a[0] == b[0] and a[1] != b[1]:
        return None
    if a == b:
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(scalar):
    sum, point = None, G
    while scalar:
        if scalar & 1:
            sum = add(sum, point)
        point = add(point, point)
        scalar >>= 1
    return sum


def tagged(tag, data):
    tag = hashlib.sha256(tag.encode()).digest()
    return hashlib.sha256(tag + tag + data).digest()


# What the signature covers beside method, URL and body.
BOUND = ("if-match", "if-none-match", "idempotency-key", "payname-consent")

PUBLIC = times(SECRET)
KEY = PUBLIC[0].to_bytes(32, "big")
EVEN = SECRET if PUBLIC[1] % 2 == 0 else N - SECRET


def sign(message):
    mask = int.from_bytes(tagged("BIP0340/aux", os.urandom(32)), "big")
    masked = (EVEN ^ mask).to_bytes(32, "big")
    nonce = int.from_bytes(tagged("BIP0340/nonce", masked + KEY + message), "big") % N
    point = times(nonce)
    nonce = nonce if point[1] % 2 == 0 else N - nonce
    r = point[0].to_bytes(32, "big")
    challenge = int.from_bytes(tagged("BIP0340/challenge", r + KEY + message), "big") % N
    return r + ((nonce + challenge * EVEN) % N).to_bytes(32, "big")


class Nostr:
    """An `auth` of the library requests: called with each request as it will be sent."""

    def __call__(self, request):
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        tags = [["u", request.url], ["method", request.method], ["nonce", os.urandom(8).hex()]]
        if body:
            tags.append(["payload", hashlib.sha256(body).hexdigest()])
        for name in BOUND:
            if name in request.headers:
                value = request.headers[name]
                tags.append([name, value.decode("latin-1") if isinstance(value, bytes) else value])
        event = {"pubkey": KEY.hex(), "created_at": int(time.time()), "kind": 27235, "tags": tags, "content": ""}
        parts = [0, event["pubkey"], event["created_at"], event["kind"], tags, ""]
        text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
        identity = hashlib.sha256(text.encode()).digest()
        event |= {"id": identity.hex(), "sig": sign(identity).hex()}
        request.headers["Authorization"] = "Nostr " + base64.b64encode(json.dumps(event).encode()).decode()
        return request


schemathesis.auth.set_from_requests(Nostr()).apply_to(method=["PUT", "POST", "DELETE"]).apply_to(path_regex="/history$")
