"""Ways to write a path or a request so that what is authorized is not what is answered."""
import struct

import credentials as made
from navarch import Server, TOKEN, claim

SECRET = "the-secret-of-kube-system"


def prepare(server):
    """A secret, and jane, who may read the secrets of namespace team, /version and nothing else. Her client."""
    admin = server.client()
    for namespace in ("team", "kube-system", "default"):
        admin.send("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    admin.send("POST", "/api/v1/namespaces/kube-system/secrets", {"metadata": {"name": "s"}, "stringData": {"k": SECRET}})
    base = "/apis/rbac.authorization.k8s.io/v1/namespaces/team"
    admin.send("POST", base + "/roles", {"metadata": {"name": "r"}, "rules": [
        {"apiGroups": [""], "resources": ["secrets", "services/proxy", "pods/proxy"], "verbs": ["get", "list", "watch"]}]})
    admin.send("POST", base + "/rolebindings", {"metadata": {"name": "r"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
                                                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}]})
    certificate = made.client_certificate(server.place, "jane", "/CN=jane", made.cluster_authority(server))
    return server.client(token=None, certificate=certificate)


def leaks(text):
    return SECRET.encode() in text or b"dGhlLXNlY3JldC1vZi1rdWJlLXN5c3RlbQ" in text


def spelled(server, jane):
    other, own = "/api/v1/namespaces/kube-system/secrets", "/api/v1/namespaces/team/secrets"

    def works():
        assert jane.send("GET", own)[0] == 200
        assert jane.send("GET", other)[0] == 403
        admin = server.client()
        assert leaks(admin.send("GET", other)[1])

    def variants():
        for path in (other + "/", other + "//", "/" + other, other.replace("/", "//"), other.replace("secrets", "Secrets"), other.upper(),
                     other + "/s", other + "/s/", other + "/s/status", other + "/s?x=/../../team", other + ".", other + "%20", other + "%00",
                     other.replace("kube-system", "kube%2dsystem"), other.replace("kube-system", "KUBE-SYSTEM"), other.replace("/secrets", "%2fsecrets"),
                     other.replace("secrets", "%73ecrets"), other.replace("secrets", "%2573ecrets"), other.replace("v1", "v1."), other + ";a=b",
                     own + "/../../kube-system/secrets", own + "/%2e%2e/%2e%2e/kube-system/secrets", own + "/..%2f..%2fkube-system%2fsecrets",
                     own + "/.%2e/.%2e/kube-system/secrets/s", "/version/.." + other, "/version/%2e%2e" + other, "/version%2f.." + other,
                     "/healthz/.." + other, "/healthz?" + other, "/livez" + other, "/version;" + other, "\\" + other, other.replace("/", "\\"),
                     "/api/v1/secrets", "/api/v1/watch/secrets?timeoutSeconds=1", "/api/v1/watch/namespaces/kube-system/secrets?timeoutSeconds=1",
                     "/api/v1/namespaces/team/../kube-system/secrets", "/api/v1/namespaces//secrets", "/api/v1/namespaces/%2a/secrets",
                     "/api/v1/namespaces/./secrets", "/api/v1/namespaces/%2e%2e/secrets", "/api/v1/proxy" + other, "/apis//v1/namespaces/kube-system/secrets",
                     "/apis/core/v1/namespaces/kube-system/secrets", "https://127.0.0.1" + other, "http://evil" + other):
            status, text = jane.send("GET", path)
            assert not leaks(text), (path, status)
            # Whatever is answered is told of, not given: /healthz and /livez are open to all.
            assert status in (301, 400, 403, 404, 405) or path.startswith("/healthz?"), (path, status, text[:200])

    def methods():
        for headers in ({"X-HTTP-Method-Override": "GET"}, {"X-Original-URL": other}, {"X-Rewrite-URL": other}, {"Host": "kube-system"}):
            for method in ("POST", "GET"):
                status, text = jane.send(method, other, b"{}" if method == "POST" else None, headers=headers)
                assert status == 403 and not leaks(text), (headers, method, status)
        status, text = jane.send("GET", "/version", headers={"X-Original-URL": other})
        assert status == 200 and not leaks(text), status

    def selectors():
        for query in ("fieldSelector=metadata.namespace=kube-system", "fieldSelector=metadata.namespace%3Dkube-system", "namespace=kube-system",
                      "allNamespaces=true", "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi9rdWJlLXN5c3RlbS8ifQ"):
            status, text = jane.send("GET", own + "?" + query)
            assert not leaks(text), (query, status)

    claim("jane reads the secrets of her namespace, not those of others", works)
    claim("no spelling of a path passes around authorization", variants)
    claim("no header stands in for a method or a path", methods)
    claim("queries and continue tokens stay in their namespace", selectors)


def answers(raw, seconds=5):
    """All that comes until the server closes or is silent."""
    raw.settimeout(seconds)
    text = b""
    try:
        while piece := raw.recv(65536):
            text += piece
    except (TimeoutError, ConnectionError, OSError):
        pass
    return text


def smuggled(server):
    auth = f"Host: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
    hidden = b"GET /api/v1/namespaces/kube-system/secrets HTTP/1.1\r\n" + auth + b"\r\n"

    def outer(framing, body):
        return b"POST /version HTTP/1.1\r\n" + auth + framing + b"Connection: close\r\n\r\n" + body

    def http1():
        chunked = b"0\r\n\r\n"
        for framing, body in (
                (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunked + hidden), (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", chunked + hidden),
                (b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(hidden), hidden), (b"Content-Length: 0, %d\r\n" % len(hidden), hidden),
                (b"Content-Length: +0\r\n", hidden), (b"Content-Length: 0x0\r\n", hidden), (b"Content-Length: -1\r\n", hidden),
                (b"Content-Length : 0\r\n", hidden), (b"Content-Length:\r\n", hidden), (b"Transfer-Encoding: xchunked\r\n", chunked + hidden),
                (b"Transfer-Encoding: identity\r\n", hidden), (b"Transfer-Encoding: chunked, identity\r\n", chunked + hidden),
                (b"Transfer-Encoding : chunked\r\n", chunked + hidden), (b"Transfer-Encoding:\x0bchunked\r\n", chunked + hidden),
                (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunked + hidden), (b" Content-Length: 0\r\n", hidden),
                (b"X: y\nContent-Length: 0\r\n", hidden), (b"Transfer-Encoding: chunked\r\n", b"0;\n\r\n" + hidden), (b"Transfer-Encoding: chunked\r\n", b"-0\r\n\r\n" + hidden),
                (b"Transfer-Encoding: chunked\r\n", b"fffffffffffffffff0\r\n" + hidden)):
            with server.socket() as raw:
                raw.sendall(outer(framing, body))
                text = answers(raw)
            assert SECRET.encode() not in text and not leaks(text) and text.count(b"HTTP/1.1 ") <= 1, (framing, text[:300])

    def prefixed():
        # A line break in a header's value or in the target must not begin another request.
        for bad in (b"GET /version\r\nX: y HTTP/1.1\r\n", b"GET /version HTTP/1.1\r\nX: a\rGET /x HTTP/1.1\r\n", b"GET /ver\0sion HTTP/1.1\r\n",
                    b"GET /version HTTP/1.1 \r\n\x00: y\r\n", b"GET /version HTTP/9.9\r\n", b"GET  /version  HTTP/1.1\r\n", b"GET http://x y HTTP/1.1\r\n"):
            with server.socket() as raw:
                raw.sendall(bad + auth + b"Connection: close\r\n\r\n")
                text = answers(raw)
            assert text.count(b"HTTP/1.1 ") <= 1 and (not text or text.split()[1] in (b"400", b"404", b"505")), (bad, text[:200])

    def upgrade_to_h2c():
        with server.socket() as raw:
            raw.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
                        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            text = answers(raw, 2)
        assert b" 101 " not in text.split(b"\r\n")[0], text[:200]

    def field(name, value):
        # A literal header field without indexing and Huffman code (RFC 7541, 6.2.2).
        return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value

    def http2(fields, data=b""):
        frame = lambda kind, flags, stream, payload: struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload
        head = b"".join(field(*one) for one in fields)
        with server.socket(("h2",)) as raw:
            raw.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4 if data else 5, 1, head) + (frame(0, 1, 1, data) if data else b""))
            return answers(raw, 1)

    def into_http2():
        token = b"Bearer " + TOKEN.encode()
        good = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"x"), (b":path", b"/version"), (b"authorization", token)]
        assert b"gitVersion" in http2(good)
        for more in ((b"transfer-encoding", b"chunked"), (b"connection", b"close"), (b"upgrade", b"h2c"), (b"Authorization", token), (b"content-length", b"5"),
                     (b"x", b"a\r\nauthorization: b"), (b"x\r\ny", b"z"), (b"x:y", b"z"), (b":path", b"/api"), (b":method", b"POST"), (b"", b"x")):
            text = http2(good + [more])
            assert b"gitVersion" not in text, more
        for i, value in ((3, b"/version\r\nX: y"), (3, b"version"), (3, b""), (0, b"GET /x HTTP/1.1"), (1, b"")):
            changed = list(good)
            changed[i] = (changed[i][0], value)
            assert b"gitVersion" not in http2(changed), changed[i]
        for missing in (0, 1, 3):
            assert b"gitVersion" not in http2(good[:missing] + good[missing + 1:]), missing
        body = [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"x"), (b":path", b"/api/v1/namespaces"), (b"authorization", token), (b"content-length", b"2")]
        http2(body, b'{"metadata":{"name":"smuggled"}}')
        status, text = server.client().send("GET", "/api/v1/namespaces/smuggled")
        assert status == 404, text

    claim("no framing of HTTP/1.1 hides a second request", http1)
    claim("no line break or odd byte begins another one", prefixed)
    claim("nobody changes to HTTP/2 without TLS's word", upgrade_to_h2c)
    claim("what HTTP/2 forbids does not come through as HTTP/1.1", into_http2)


def run():
    with Server() as server:
        jane = prepare(server)
        spelled(server, jane)
        smuggled(server)
        assert server.alive()
