"""Little that would become much: header tables, compressed bodies, aliases, patches that copy themselves, bodies that never end."""
import contextlib
import gzip
import json
import struct
import time

from navarch import TOKEN, Server, claim

MAPS = "/api/v1/namespaces/default/configmaps"
GROWTH_MIB = 120


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)
HEAD = b"\x82\x87\x04\x08/version\x01\x01x"  # GET https, path and authority as literals


def literal(size):
    """An HPACK string of that many letters."""
    rest, bytes_ = size - 127, bytearray([127])
    while rest >= 128:
        bytes_.append(rest % 128 + 128)
        rest //= 128
    return bytes(bytes_ + bytes([rest])) + b"a" * size


def borne(server, attack):
    before = server.memory_mib()
    attack()
    status, _ = server.client().send("GET", "/readyz")
    assert server.alive() and status == 200, status
    assert server.memory_mib() < before + GROWTH_MIB, (before, server.memory_mib())


def answered(server, text, seconds=5):
    """What comes back on an HTTP/2 connection, until it ends or is silent."""
    with server.socket(("h2",), timeout=seconds) as raw:
        came = b""
        try:
            raw.sendall(PREFACE + text)
            while piece := raw.recv(65536):
                came += piece
        except OSError:
            pass
        return came


def headers(server):
    def table():
        # One large field is put into the table, then named over and over: a byte each becomes 4 kB.
        block = HEAD + b"\x40\x01x" + literal(3900) + b"\xbe" * 12000
        first, rest = block[:16000], block[16000:]
        for stream in (1, 3, 5):
            came = answered(server, frame(1, 1, stream, first) + frame(9, 4, stream, rest), 2)
            assert b"gitVersion" not in came

    def many():
        lines = b"".join(b"x%d: y\r\n" % i for i in range(5000))
        with server.socket() as raw:
            raw.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\n" + lines + b"\r\n")
            assert raw.recv(65536).split(b"\r\n")[0].split()[1] in (b"400", b"431")
        block = HEAD + b"".join(b"\0\x05x%04d\x01y" % (i % 10000) for i in range(1500))
        assert b"gitVersion" not in answered(server, frame(1, 1, 1, block[:16000]) + frame(9, 4, 1, block[16000:]), 2)

    def unfinished():
        # Streams whose headers never end hold no more than one block a connection.
        held = [server.socket(("h2",)) for _ in range(20)]
        for raw in held:
            with contextlib.suppress(OSError):  # told to go: that is one way to bear it
                raw.sendall(PREFACE + frame(1, 0, 1, HEAD) + b"".join(frame(9, 0, 1, b"\0\x01x" + b"\x7f\x81\x05" + b"a" * 768) for _ in range(100)))
        time.sleep(0.2)
        for raw in held:
            with contextlib.suppress(OSError):
                raw.close()

    claim("a table of headers does not multiply what was sent", lambda: borne(server, table))
    claim("a request has so many headers and no more", lambda: borne(server, many))
    claim("headers that never end are not gathered without bound", lambda: borne(server, unfinished))


def bodies(server):
    admin = server.client()

    def compressed():
        bomb = gzip.compress(b'{"metadata":{"name":"bomb"},"data":{"a":"' + b"x" * (200 << 20) + b'"}}', 9)
        for body in (bomb, gzip.compress(json.dumps({"metadata": {"name": "bomb"}}).encode())):
            status, text = admin.send("POST", MAPS, body, headers={"Content-Encoding": "gzip"})
            assert status in (400, 413, 415), (status, text[:200])

    def aliases():
        lines = ["apiVersion: v1", "kind: ConfigMap", "metadata: {name: lol, annotations: {a0: &a0 xxxxxxxxxx}}", "data:"]
        levels = "\n".join(f"  b{i}: &b{i} [{', '.join([f'*b{i - 1}' if i else '*a0'] * 20)}]" for i in range(12))
        text = "\n".join(lines) + "\n" + levels + "\n"
        for method, path, kind in (("POST", MAPS, "application/yaml"), ("PUT", MAPS + "/lol", "application/yaml"),
                                   ("PATCH", MAPS + "/lol?fieldManager=x", "application/apply-patch+yaml")):
            status, answer = admin.send(method, path, text.encode(), kind)
            assert status in (400, 404, 413, 422), (status, answer[:200])

    def copies():
        status, _ = admin.send("POST", MAPS, {"metadata": {"name": "copied"}, "data": {"a": "x" * 1000}})
        assert status == 201
        doubling = [{"op": "add", "path": "/metadata/annotations", "value": {"a0": "x" * 1000}}]
        doubling += [{"op": "copy", "from": "/metadata/annotations", "path": f"/metadata/annotations/c{i}"} for i in range(40)]
        status, answer = admin.send("PATCH", MAPS + "/copied", doubling, "application/json-patch+json")
        assert status in (400, 413, 422), (status, answer[:200])
        many = [{"op": "add", "path": "/data/a", "value": "y"}] * 20000
        status, answer = admin.send("PATCH", MAPS + "/copied", many, "application/json-patch+json")
        assert status == 413, (status, answer[:200])

    def endless():
        # Bodies that trickle, over both protocols: they take their time, and nobody else's.
        token = b"Authorization: Bearer " + TOKEN.encode()
        held = []
        for _ in range(40):
            raw = server.socket()
            raw.sendall(b"POST " + MAPS.encode() + b" HTTP/1.1\r\nHost: x\r\n" + token + b"\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")
            held.append(raw)
        for _ in range(4):
            raw = server.socket(("h2",))
            block = b"\x83\x87\x04" + bytes([len(MAPS)]) + MAPS.encode() + b"\x01\x01x\0\x0dauthorization" + bytes([7 + len(TOKEN)]) + b"Bearer " + TOKEN.encode()
            raw.sendall(PREFACE + b"".join(frame(1, 4, 2 * i + 1, block) + frame(0, 0, 2 * i + 1, b"{") for i in range(100)))
            held.append(raw)
        began = time.monotonic()
        status, _ = admin.send("GET", MAPS)
        assert status == 200 and time.monotonic() - began < 5, status
        for raw in held:
            raw.close()

    claim("a compressed body is not opened", lambda: borne(server, compressed))
    claim("aliases do not multiply, whatever the verb", lambda: borne(server, aliases))
    claim("a patch cannot copy itself large, nor go on for ever", lambda: borne(server, copies))
    claim("bodies that never end keep nobody waiting", lambda: borne(server, endless))


def questions(server):
    admin = server.client()

    def selectors():
        for selector in ("a in (" + ",".join(f"v{i}" for i in range(8000)) + ")", ",".join(["a"] * 20000), "!" * 10000, "a in (" * 5000):
            status, _ = admin.send("GET", MAPS + "?labelSelector=" + selector.replace(" ", "%20"))
            assert status in (200, 400, 414, 431), status
        for page in ("limit=9223372036854775807", "limit=-1", "continue=" + "A" * 50000, "timeoutSeconds=99999999999999999999", "resourceVersion=" + "9" * 400):
            status, _ = admin.send("GET", MAPS + "?" + page)
            assert status in (200, 400, 410, 414, 431, 500, 504), (page[:40], status)

    def expressions():
        pattern = "(" * 500 + "a*" + ")*" * 500
        rules = ["self.a.all(x, self.a.all(y, self.a.all(z, x + y + z != '')))", "self.a.matches('" + pattern + "')", "(" * 2000 + "true" + ")" * 2000]
        for i, text in enumerate(rules):
            schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}},
                                                                "x-kubernetes-validations": [{"rule": text}]}}}
            status, answer = admin.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
                "metadata": {"name": f"x{i}s.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": f"x{i}s", "kind": f"X{i}"},
                                                                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]}})
            assert status == 422, (text[:60], status, answer[:300])

    claim("no question costs more than its length", lambda: borne(server, selectors))
    claim("expressions that would not end are not taken", lambda: borne(server, expressions))


def run():
    with Server() as server:
        server.client().send("POST", "/api/v1/namespaces", {"metadata": {"name": "default"}})
        headers(server)
        bodies(server)
        questions(server)
