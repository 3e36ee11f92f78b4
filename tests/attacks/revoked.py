"""What was taken away while the server runs: keys, authorizers, anonymous access. Nobody gets in by it after."""
import json
import os
import time

import credentials as made
from navarch import Server, claim

NODES = "/api/v1/nodes"


def eventually(check):
    """Files are followed, not asked for: what they say holds a moment after."""
    deadline = time.monotonic() + 30
    while not check():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.05)


def replace(path, text):
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def read(path):
    with open(path) as file:
        return file.read()


def keys():
    server = Server()
    old, new, signing, also = (os.path.join(server.place, name) for name in ("old.key", "new.key", "signing.key", "also.pem"))
    for key in (old, new):
        made.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
    public = {key: made.openssl("pkey", "-in", key, "-pubout").decode() for key in (old, new)}
    replace(signing, read(old))
    replace(also, public[old])
    server.flags = [f"--service-account-signing-key-file={signing}", f"--service-account-key-file={also}"]

    def rotated():
        admin = server.client()
        admin.send("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "robot"}})

        def issue():
            return json.loads(admin.send("POST", "/api/v1/namespaces/default/serviceaccounts/robot/token", {"spec": {}})[1])["status"]["token"]

        def status(token):
            return server.client(token=token).send("GET", NODES)[0]

        first = issue()
        assert status(first) == 403
        replace(signing, read(new))
        eventually(lambda: made.decode(issue().split(".")[0]) != made.decode(first.split(".")[0]))
        second = issue()
        # The old key may still have signed: nothing breaks while it is replaced.
        assert status(second) == 403 and status(first) == 403
        assert len(json.loads(admin.send("GET", "/openid/v1/jwks")[1])["keys"]) == 2
        replace(also, public[new])
        # Answers about tokens are remembered for ten seconds.
        eventually(lambda: status(first) == 401)
        assert status(second) == 403
        replace(signing, "nonsense")
        assert status(second) == 403

    try:
        with server:
            claim("a key of service accounts is replaced without a restart, and worth nothing once it is gone", rotated)
    finally:
        server.close()


def authorizers():
    server = Server()
    file = os.path.join(server.place, "authorization.json")

    def say(*types):
        replace(file, json.dumps({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthorizationConfiguration",
                                  "authorizers": [{"type": one, "name": one.lower()} for one in types]}))

    say("Node", "RBAC", "AlwaysAllow")
    server.flags = [f"--authorization-config={file}"]

    def taken_away():
        jane = server.client(token=None, certificate=made.client_certificate(server.place, "jane", "/CN=jane", made.cluster_authority(server)))
        assert jane.send("GET", NODES)[0] == 200
        say("Node", "RBAC")
        eventually(lambda: jane.send("GET", NODES)[0] == 403)
        # A file that says nothing usable changes nothing.
        replace(file, "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers: []\n")
        eventually(lambda: b'status="failure"} 1' in server.client().send("GET", "/metrics")[1])
        assert jane.send("GET", NODES)[0] == 403

    try:
        with server:
            claim("an authorizer that is taken away lets nobody in after", taken_away)
    finally:
        server.close()


def anonymous():
    with Server(flags=["--anonymous-auth=false"]) as server:
        def nobody():
            for path in (NODES, "/version", "/healthz", "/"):
                assert server.client(token=None).send("GET", path)[0] == 401, path
            assert server.client().send("GET", NODES)[0] == 200

        claim("without anonymous access nothing is told to who does not say who he is", nobody)
    with Server(flags=["--authorization-mode=AlwaysAllow"]) as server:
        claim("who may do anything must say who he is", lambda: server.client(token=None).send("GET", NODES)[0] == 401)
    server = Server()
    file = os.path.join(server.place, "authentication.json")
    replace(file, json.dumps({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration",
                              "anonymous": {"enabled": True, "conditions": [{"path": "/livez"}]}}))
    server.flags = [f"--authentication-config={file}"]

    def some_paths():
        stranger = server.client(token=None)
        assert stranger.send("GET", "/livez")[0] == 200
        for path in ("/livez/", "/livez/ping", "/healthz", "/version", NODES, "//livez"):
            assert stranger.send("GET", path)[0] == 401, path

    try:
        with server:
            claim("anonymous access that is kept to a path stays there", some_paths)
    finally:
        server.close()


def run():
    keys()
    authorizers()
    anonymous()
