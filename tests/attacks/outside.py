"""Servers outside that answer what they should not: redirects to elsewhere, allowing more than they were asked."""
import http.server
import json
import os
import threading

from navarch import Server, claim


class Outside:
    """An HTTP server on loopback; `answers` maps a path to (status, headers, body). `seen` are the paths that were asked for."""

    def __init__(self, answers):
        outer = self
        self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path = self.path.split("?")[0]
                outer.seen.append(path)
                status, headers, body = answers.get(path, (404, {}, {}))
                text = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def kubeconfig(self, folder, path):
        file = os.path.join(folder, f"{path.strip('/')}.kubeconfig")
        with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": ""}}],
                       "clusters": [{"name": "k", "cluster": {"server": self.url + path}}]}, out)
        return file

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def review(kind, status):
    group = {"SubjectAccessReview": "authorization", "TokenReview": "authentication"}[kind]
    return {"apiVersion": f"{group}.k8s.io/v1", "kind": kind, "spec": {}, "status": status}


def redirects():
    allowed = (200, {"Content-Type": "application/json"}, review("SubjectAccessReview", {"allowed": True}))
    known = (200, {"Content-Type": "application/json"}, review("TokenReview", {"authenticated": True, "user": {"username": "admin", "groups": ["system:masters"]}}))
    outside = Outside({"/may": (307, {"Location": "/inside-may"}, {}), "/inside-may": allowed, "/who": (302, {"Location": "/inside-who"}, {}), "/inside-who": known})
    server = Server()
    server.flags = ["--authorization-mode=RBAC,Webhook", "--authorization-webhook-version=v1", f"--authorization-webhook-config-file={outside.kubeconfig(server.place, '/may')}",
                    f"--authentication-token-webhook-config-file={outside.kubeconfig(server.place, '/who')}"]

    def not_followed():
        status, text = server.client(token=None).send("GET", "/api/v1/nodes")
        assert status == 500 and b"webhook answered with status 307" in text, (status, text)
        status, _ = server.client(token="outsiders").send("GET", "/api/v1/nodes")
        assert status == 401, status
        assert set(outside.seen) == {"/may", "/who"}, outside.seen

    try:
        with server:
            claim("a webhook's redirect is not followed, and nobody gets in by it", not_followed)
    finally:
        outside.close()


def loopback():
    with Server() as server:
        admin = server.client()
        for address in ("127.0.0.1", "127.8.8.8", "169.254.169.254", "0.0.0.0", "224.0.0.1"):
            slice_ = {"metadata": {"name": "s", "labels": {"kubernetes.io/service-name": "x"}}, "addressType": "IPv4", "endpoints": [{"addresses": [address]}], "ports": []}

            def endpoints(body=slice_, path="/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"):
                status, text = admin.send("POST", path, body)
                assert status == 422, (status, text)

            claim(f"no service leads to {address}", endpoints)

        def nodes():
            admin.send("POST", "/api/v1/nodes", {"metadata": {"name": "n"}, "status": {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}]}})
            status, text = admin.send("GET", f"/api/v1/nodes/https:n:{server.port}/proxy/api/v1/secrets")
            assert status not in (200, 307), (status, text[:200])

        claim("a node that says it is at localhost does not lead the proxy there", nodes)


def run():
    redirects()
    loopback()
