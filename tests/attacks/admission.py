"""Ways past what is admitted, and out of what is kept: quotas raced, pod security by the back door, secrets where they do not belong."""
import base64
import json
import os
import resource
import signal
import threading

from navarch import Server, claim

WORD = "a-word-that-nobody-may-read"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


def pod(name, **container):
    return {"metadata": {"name": name}, "spec": {"automountServiceAccountToken": False, "containers": [{"name": "c", "image": "i", **container}]}}


def quota_race(server):
    admin = server.client()
    space = "/api/v1/namespaces/raced"
    admin.send("POST", "/api/v1/namespaces", {"metadata": {"name": "raced"}})
    hard = {"count/configmaps": "7"}
    admin.send("POST", space + "/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": hard}})
    status, answer = admin.send("PATCH", space + "/resourcequotas/q/status", {"status": {"hard": hard, "used": {"count/configmaps": "0"}}}, MERGE)
    assert status == 200, answer

    def raced():
        seen = []

        def write(worker):
            client = server.client()
            for i in range(10):
                seen.append(client.send("POST", space + "/configmaps", {"metadata": {"name": f"m-{worker}-{i}"}})[0])
        workers = [threading.Thread(target=write, args=(i,)) for i in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        there = len(json.loads(admin.send("GET", space + "/configmaps")[1])["items"])
        used = json.loads(admin.send("GET", space + "/resourcequotas/q")[1])["status"]["used"]["count/configmaps"]
        assert (there, seen.count(201), seen.count(403), used) == (7, 7, 73, "7"), (there, seen, used)
    claim("eight writers at once get no more than the quota", raced)

    def dry():
        assert admin.send("POST", space + "/configmaps?dryRun=All", {"metadata": {"name": "dry"}})[0] == 403
    claim("nor does a dry run", dry)


def pod_security(server):
    admin = server.client()
    space = "/api/v1/namespaces/held"
    admin.send("POST", "/api/v1/namespaces", {"metadata": {"name": "held", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}})
    admin.send("POST", space + "/serviceaccounts", {"metadata": {"name": "default"}})
    privileged = {"securityContext": {"privileged": True}}

    def refused(method, path, body, kind="application/json"):
        status, answer = admin.send(method, space + path, body, kind)
        assert status in (403, 422), (status, answer)
        return answer

    def plainly():
        assert b"violates PodSecurity" in refused("POST", "/pods", pod("a", **privileged))
        assert admin.send("POST", space + "/pods", pod("good"))[0] == 201
    claim("a privileged pod is refused, another is not", plainly)

    def later():
        refused("PATCH", "/pods/good", {"spec": {"containers": [{"name": "c", **privileged}]}}, STRATEGIC)
        refused("PATCH", "/pods/good", {"spec": {"hostNetwork": True}}, MERGE)
        admin.send("PATCH", space + "/pods/good/status", {"spec": {"hostNetwork": True}}, MERGE)
        now = json.loads(admin.send("GET", space + "/pods/good")[1])
        assert not now["spec"].get("hostNetwork") and "privileged" not in json.dumps(now["spec"])
    claim("nor does it become one by an update", later)

    def ephemeral():
        answer = refused("PATCH", "/pods/good/ephemeralcontainers", {"spec": {"ephemeralContainers": [{"name": "e", "image": "i", **privileged}]}}, STRATEGIC)
        assert b"violates PodSecurity" in answer, answer
    claim("nor by an ephemeral container", ephemeral)

    def labels():
        for version in ("v1.0", "v9.99", "latest "):
            admin.send("PATCH", "/api/v1/namespaces/held", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce-version": version}}}, MERGE)
            refused("POST", "/pods", pod("b", **privileged))
        admin.send("PATCH", "/api/v1/namespaces/held", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce-version": None}}}, MERGE)
    claim("nor by a version that there is not", labels)

    def windows():
        body = pod("w", **privileged)
        body["spec"]["os"] = {"name": "windows"}
        refused("POST", "/pods", body)
    claim("nor under another system's name", windows)


def kept_to_itself(server):
    """`server` writes an audit log of metadata."""
    admin = server.client()
    secrets = "/api/v1/namespaces/default/secrets"
    coded = base64.b64encode(WORD.encode()).decode()
    bodies = [({"metadata": {"name": "s"}, "stringData": {"k": WORD}}, "application/json"),
              ({"metadata": {"name": "UPPER"}, "stringData": {"k": WORD}}, "application/json"),
              ({"metadata": {"name": "t"}, "data": {"k": WORD + "!"}}, "application/json"),
              ({"metadata": {"name": "u"}, "data": {"bad key/" + "x": coded}}, "application/json"),
              ({"metadata": {"name": "v"}, "type": "kubernetes.io/tls", "stringData": {"tls.key": WORD}}, "application/json"),
              (json.dumps({"metadata": {"name": "w"}, "data": {"k": coded}})[:-3].encode(), "application/json"),
              (f"metadata: {{name: x}}\nstringData: {{k: [{WORD}]}}\n".encode(), "application/yaml")]
    answers = [admin.send("POST", secrets, body, kind) for body, kind in bodies]
    # A patch after which the object cannot be read is answered with the object, as upstream does: to one who may write it.
    admin.send("PATCH", secrets + "/s", {"immutable": WORD, "data": {"k": coded}}, MERGE)
    answers += [admin.send("PATCH", secrets + "/s", [{"op": "test", "path": "/data/k", "value": "other"}], "application/json-patch+json"),
                admin.send("PUT", secrets + "/s", {"metadata": {"name": "s"}, "type": "other", "data": {"k": coded}})]
    with open(server.audit) as file:
        events = file.read()

    def nowhere():
        assert '"resource":"secrets"' in events and '"verb":"create"' in events, events[:500]
        for place, text in (("the log", server.log()), ("the audit log", events)):
            assert WORD not in text and coded not in text, place
    claim("a secret's value is in no log", nowhere)

    def errors():
        for status, answer in answers[1:]:
            if status >= 400:
                assert coded.encode() not in answer, answer
    claim("nor in what is said of one that is refused", errors)

    def private():
        for path in (server.audit, server.tokens):
            assert os.stat(path).st_mode & 0o077 == 0, path
    claim("and files with such matters are their owner's alone", private)


def no_core(server):
    def ends():
        os.kill(server.process.pid, signal.SIGABRT)
        _, status = os.waitpid(server.process.pid, 0)
        server.process.returncode = -signal.SIGABRT
        assert os.WIFSIGNALED(status) and not os.WCOREDUMP(status), status
    claim("a crash leaves no image of the memory behind", ends)


class Audited(Server):
    def launch(self, *more):
        self.audit = os.path.join(self.place, "audit.log")
        policy = os.path.join(self.place, "policy.yaml")
        with open(policy, "w") as file:
            file.write("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n")
        super().launch("--audit-policy-file=" + policy, "--audit-log-path=" + self.audit, "--v=4", *more)


def run():
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))  # the server's as well
    try:
        with Audited() as server:
            server.client().send("POST", "/api/v1/namespaces", {"metadata": {"name": "default"}})
            quota_race(server)
            pod_security(server)
            kept_to_itself(server)
            no_core(server)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
