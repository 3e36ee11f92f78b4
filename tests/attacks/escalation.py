"""From few rights to more: by roles and bindings, certificate requests, tokens, pods and nodes that are another's."""
import base64
import json

import credentials as made
from navarch import Server, claim

RBAC = "/apis/rbac.authorization.k8s.io/v1"
CSR = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
CONTAINER = {"name": "c", "image": "i"}


def rule(groups, resources, verbs, names=None):
    return {"apiGroups": groups, "resources": resources, "verbs": verbs, **({"resourceNames": names} if names else {})}


def binding(name, role, user, kind="ClusterRole"):
    return {"metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]}


class Cluster:
    """Namespaces team and other, node a and b, and people with some rights each."""

    def __init__(self, server):
        self.server, self.admin = server, server.client()
        for namespace in ("team", "other", "kube-node-lease", "kube-system"):
            self.make("/api/v1/namespaces", {"metadata": {"name": namespace}})
        for namespace in ("team", "other"):
            self.make(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}})
            self.make(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "s"}, "stringData": {"k": "v"}})
            self.make(f"/api/v1/namespaces/{namespace}/pods", {"metadata": {"name": "p"}, "spec": {"containers": [CONTAINER]}})
        for node in ("a", "b"):
            self.make("/api/v1/nodes", {"metadata": {"name": node}})

    def make(self, path, body):
        status, text = self.admin.send("POST", path, body)
        assert status in (201, 409), (path, status, text)

    def person(self, name, rules, groups=()):
        """A client of somebody with `rules`, everywhere."""
        self.make(RBAC + "/clusterroles", {"metadata": {"name": name}, "rules": rules})
        self.make(RBAC + "/clusterrolebindings", binding(name, name, name))
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={name}"
        return self.client(name, subject)

    def client(self, file, subject):
        return self.server.client(token=None, certificate=made.client_certificate(self.server.place, file, subject, made.cluster_authority(self.server)))

    def node(self, name):
        return self.client("node-" + name, f"/O=system:nodes/CN=system:node:{name}")


def refused(answer, *words):
    status, text = answer
    assert status == 403, (status, text[:300])
    assert all(word.encode() in text for word in words), text


def roles(cluster):
    writer = cluster.person("rolewriter", [rule(["rbac.authorization.k8s.io"], ["*"], ["create", "update", "patch", "get", "delete"]),
                                           rule([""], ["pods"], ["get", "list"])])
    team = RBAC + "/namespaces/team"

    def by_role():
        assert writer.send("POST", team + "/roles", {"metadata": {"name": "mine"}, "rules": [rule([""], ["pods"], ["get"])]})[0] == 201
        for wanted in (rule([""], ["secrets"], ["get"]), rule(["*"], ["*"], ["*"]), rule([""], ["pods"], ["get", "delete"]), rule([""], ["pods/exec"], ["create"]),
                       rule([""], ["pods", "secrets"], ["get"], ["x"]), rule(["", "apps"], ["pods"], ["get"])):
            refused(writer.send("POST", team + "/roles", {"metadata": {"name": "more"}, "rules": [wanted]}), "not currently held")
            refused(writer.send("PUT", team + "/roles/mine", {"metadata": {"name": "mine"}, "rules": [wanted]}), "not currently held")
            refused(writer.send("PATCH", team + "/roles/mine", {"rules": [wanted]}, "application/merge-patch+json"), "not currently held")
            refused(writer.send("PATCH", team + "/roles/mine?fieldManager=x&force=true", {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
                    "metadata": {"name": "mine"}, "rules": [wanted]}, "application/apply-patch+yaml"), "not currently held")
        refused(writer.send("POST", RBAC + "/clusterroles", {"metadata": {"name": "all"}, "rules": [{"nonResourceURLs": ["*"], "verbs": ["*"]}]}), "not currently held")
        refused(writer.send("POST", RBAC + "/clusterroles", {"metadata": {"name": "sum"}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}))

    def by_binding():
        for role in ("cluster-admin", "system:node", "system:kube-scheduler", "system:kube-controller-manager"):
            refused(writer.send("POST", RBAC + "/clusterrolebindings", binding("up", role, "rolewriter")), "not currently held")
            refused(writer.send("POST", team + "/rolebindings", binding("up", role, "rolewriter")), "not currently held")
        assert writer.send("POST", team + "/rolebindings", binding("fine", "mine", "joe", "Role"))[0] == 201
        changed = binding("fine", "cluster-admin", "rolewriter")
        assert writer.send("PUT", team + "/rolebindings/fine", changed)[0] in (403, 422)
        assert writer.send("POST", team + "/rolebindings", binding("ghost", "not-there", "rolewriter"))[0] == 404

    def by_default_roles():
        refused(writer.send("PATCH", RBAC + "/clusterroles/system:basic-user", {"rules": [rule(["*"], ["*"], ["*"])]}, "application/merge-patch+json"))
        refused(writer.send("PATCH", RBAC + "/clusterrolebindings/cluster-admin", {"subjects": binding("x", "x", "rolewriter")["subjects"]},
                            "application/merge-patch+json"))

    claim("nobody writes a role with more rights than he has", by_role)
    claim("nobody binds a role with more rights than he has", by_binding)
    claim("nor by changing the default ones", by_default_roles)


def requests(cluster):
    asker = cluster.person("asker", [rule(["certificates.k8s.io"], ["certificatesigningrequests"], ["create", "get", "update", "patch"])])
    approver = cluster.person("approver", [rule(["certificates.k8s.io"], ["certificatesigningrequests", "certificatesigningrequests/approval",
                                                                          "certificatesigningrequests/status"], ["get", "update", "patch"])])

    def ask(name, subject, signer, usages=("client auth",)):
        pem, _ = made.request(cluster.server.place, name, subject)
        return asker.send("POST", CSR, {"metadata": {"name": name}, "spec": {"request": base64.b64encode(pem).decode(), "signerName": signer, "usages": list(usages)}})

    def masters():
        refused(ask("masters", "/O=system:masters/CN=x", "kubernetes.io/kube-apiserver-client"), "system:masters")

    def not_oneself():
        assert ask("plain", "/CN=system:kube-controller-manager", "kubernetes.io/kube-apiserver-client")[0] == 201
        stored = json.loads(asker.send("GET", CSR + "/plain")[1])
        assert stored["spec"]["username"] == "asker", stored["spec"]
        forged = {**stored, "spec": {**stored["spec"], "username": "system:admin", "groups": ["system:masters"]}}
        asker.send("PUT", CSR + "/plain", forged)
        assert json.loads(asker.send("GET", CSR + "/plain")[1])["spec"]["username"] == "asker"
        approved = {**stored, "status": {"conditions": [{"type": "Approved", "status": "True", "reason": "Me"}]}}
        asker.send("PUT", CSR + "/plain", approved)
        assert "conditions" not in json.loads(asker.send("GET", CSR + "/plain")[1]).get("status", {})
        refused(asker.send("PUT", CSR + "/plain/approval", approved))
        # Who may write the subresource still needs the signer's leave.
        refused(approver.send("PUT", CSR + "/plain/approval", approved), "not permitted to approve")
        signed = {**stored, "status": {"certificate": base64.b64encode(open(made.cluster_authority(cluster.server)[0], "rb").read()).decode()}}
        refused(approver.send("PUT", CSR + "/plain/status", signed), "not permitted to sign")

    claim("no certificate is asked for that makes a master", masters)
    claim("who asks for a certificate neither is another nor approves it", not_oneself)


def pods(cluster):
    editor = cluster.person("poder", [rule([""], ["pods"], ["get", "list", "create", "update", "patch"], None), rule([""], ["serviceaccounts"], ["get"])])
    base = "/api/v1/namespaces/team/pods"

    def subresources():
        for path, method, body in ((f"{base}/p/exec?command=id&container=c", "POST", b""), (f"{base}/p/exec?command=id", "GET", None), (f"{base}/p/attach", "GET", None),
                                   (f"{base}/p/portforward", "GET", None), (f"{base}/p/log", "GET", None), (f"{base}/p/proxy/", "GET", None),
                                   (f"{base}/http:p:80/proxy/", "GET", None), (f"{base}/p/eviction", "POST", {"metadata": {"name": "p"}}),
                                   (f"{base}/p/binding", "POST", {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "a"}}), (f"{base}/p/status", "GET", None),
                                   ("/api/v1/nodes/a/proxy/exec/team/p/c?command=id", "GET", None), ("/api/v1/nodes/a/proxy/pods", "GET", None),
                                   ("/api/v1/nodes/https:a:10250/proxy/run/team/p/c", "POST", b""), ("/api/v1/namespaces/team/services/x/proxy/", "GET", None),
                                   ("/api/v1/namespaces/team/serviceaccounts/default/token", "POST", {"spec": {}})):
            for headers in ({}, {"Connection": "Upgrade", "Upgrade": "SPDY/3.1"}, {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
                                                                                   "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "v5.channel.k8s.io"}):
                status, text = editor.send(method, path, body, headers=headers)
                assert status == 403, (path, headers, status, text[:200])

    def ephemeral():
        container = {"spec": {"ephemeralContainers": [{"name": "e", "image": "i"}]}}
        refused(editor.send("PATCH", f"{base}/p/ephemeralcontainers", container, "application/strategic-merge-patch+json"))
        editor.send("PATCH", f"{base}/p", container, "application/strategic-merge-patch+json")
        stored = json.loads(editor.send("GET", f"{base}/p")[1])
        assert "ephemeralContainers" not in stored["spec"], stored["spec"]

    def placed():
        status, text = editor.send("PATCH", f"{base}/p", {"spec": {"nodeName": "a"}}, "application/merge-patch+json")
        assert status in (403, 422), (status, text)
        status, text = editor.send("PATCH", f"{base}/p", {"spec": {"serviceAccountName": "other"}}, "application/merge-patch+json")
        assert status in (403, 422), (status, text)
        status, text = editor.send("POST", base, {"metadata": {"name": "x", "namespace": "other"}, "spec": {"containers": [CONTAINER]}})
        assert status == 400, (status, text)

    claim("rights on pods are none on what is below them or below nodes", subresources)
    claim("an ephemeral container comes by its subresource alone", ephemeral)
    claim("a pod's node, account and namespace are not changed from outside", placed)


def nodes(cluster):
    a = cluster.node("a")
    for name, namespace, node in (("mine", "team", "a"), ("theirs", "other", "b")):
        cluster.make(f"/api/v1/namespaces/{namespace}/pods", {"metadata": {"name": name}, "spec": {
            "nodeName": node, "serviceAccountName": "default", "containers": [CONTAINER], "volumes": [{"name": "s", "secret": {"secretName": "s"}}]}})

    def reads():
        for path in ("/api/v1/secrets", "/api/v1/namespaces/other/secrets", "/api/v1/namespaces/other/secrets/s", "/api/v1/namespaces/team/secrets", "/api/v1/pods",
                     "/api/v1/pods?fieldSelector=spec.nodeName=b", "/api/v1/pods?fieldSelector=spec.nodeName!=a", "/api/v1/namespaces/other/pods/theirs", "/api/v1/nodes",
                     "/api/v1/nodes/b", "/api/v1/nodes?fieldSelector=metadata.name=b", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x", RBAC + "/clusterroles"):
            refused(a.send("GET", path))

    def eventually_reads():
        # The index follows the store; it has the pod a moment after the pod is there.
        for _ in range(2000):
            if a.send("GET", "/api/v1/namespaces/team/secrets/s")[0] == 200:
                break
        assert a.send("GET", "/api/v1/namespaces/team/secrets/s")[0] == 200
        assert a.send("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Da,status.phase!%3DFailed")[0] == 200
        assert a.send("GET", "/api/v1/nodes/a")[0] == 200

    def writes():
        for method, path, body in (("PATCH", "/api/v1/nodes/b", {"metadata": {"labels": {"x": "y"}}}), ("PATCH", "/api/v1/nodes/b/status", {"status": {}}),
                                   ("DELETE", "/api/v1/nodes/b", None), ("DELETE", "/api/v1/namespaces/other/pods/theirs", None),
                                   ("PATCH", "/api/v1/namespaces/other/pods/theirs/status", {"status": {"phase": "Failed"}}),
                                   ("PATCH", "/api/v1/nodes/a", {"metadata": {"labels": {"node-restriction.kubernetes.io/x": "y"}}}),
                                   ("PATCH", "/api/v1/nodes/a", {"spec": {"taints": [{"key": "x", "effect": "NoSchedule"}]}}),
                                   ("POST", "/api/v1/namespaces/other/pods", {"metadata": {"name": "new"}, "spec": {"nodeName": "a", "containers": [CONTAINER]}}),
                                   ("POST", "/api/v1/nodes", {"metadata": {"name": "c"}}),
                                   ("POST", "/api/v1/namespaces/other/serviceaccounts/default/token", {"spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "theirs"}}}),
                                   ("POST", "/api/v1/namespaces/team/serviceaccounts/default/token", {"spec": {}}),
                                   ("POST", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", {"metadata": {"name": "b"}}),
                                   ("PUT", "/api/v1/namespaces/team/secrets/s", {"metadata": {"name": "s"}}), ("DELETE", "/api/v1/namespaces/team/secrets/s", None)):
            status, text = a.send(method, path, body, "application/merge-patch+json" if method == "PATCH" else "application/json")
            assert status == 403, (method, path, status, text[:300])

    def half_nodes():
        for subject in ("/CN=system:node:a", "/O=system:nodes/CN=a", "/O=system:nodes/CN=system:node:", "/O=system:nodes/CN=system:node:a:b"):
            client = cluster.client("half", subject)
            status, _ = client.send("GET", "/api/v1/namespaces/team/secrets/s")
            assert status == 403, (subject, status)

    claim("a node reads nothing that no pod of its own needs", reads)
    claim("what its pods need it reads", eventually_reads)
    claim("a node writes neither other nodes nor their pods nor secrets", writes)
    claim("a name without the group, or the group without the name, is no node", half_nodes)


def run():
    with Server(flags=["--enable-admission-plugins=NodeRestriction"]) as server:
        cluster = Cluster(server)
        for part in (roles, requests, pods, nodes):
            part(cluster)
        assert server.alive()
