"""Ways around authorization: names in selectors, verbs that stand for others, acting as somebody else, pods that a node makes for itself."""
import json

from escalation import CONTAINER, RBAC, Cluster, refused, rule
from navarch import Server, claim

MAPS = "/api/v1/namespaces/team/configmaps"
WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def names(cluster):
    for name in ("mine", "theirs"):
        cluster.make(MAPS, {"metadata": {"name": name, "labels": {"of": name}}, "data": {"k": "content-of-" + name}})
    reader = cluster.person("reader", [rule([""], ["configmaps"], ["get", "list", "watch", "delete", "deletecollection"], ["mine"])])

    def sees(path, method="GET"):
        status, text = reader.send(method, path)
        assert b"content-of-theirs" not in text, (path, text[:300])
        return status

    def named():
        assert sees(MAPS + "/mine") == 200
        assert sees(MAPS + "?fieldSelector=metadata.name%3Dmine") == 200
        assert sees(MAPS + "?fieldSelector=metadata.name%3D%3Dmine,metadata.namespace%3Dteam") == 200

    def others():
        for path in (MAPS, MAPS + "/theirs", MAPS + "?fieldSelector=metadata.name%3Dtheirs", MAPS + "?fieldSelector=metadata.name!%3Dmine", MAPS + "?labelSelector=of%3Dmine",
                     MAPS + "?fieldSelector=metadata.namespace%3Dteam", MAPS + "?fieldSelector=", MAPS + "?fieldSelector=metadata.name%3D", "/api/v1/configmaps",
                     MAPS + "?watch=true", MAPS + "?watch=true&fieldSelector=metadata.name%3Dtheirs&timeoutSeconds=1", "/api/v1/watch/namespaces/team/configmaps?timeoutSeconds=1",
                     "/api/v1/watch/namespaces/team/configmaps/theirs?timeoutSeconds=1", "/api/v1/watch/configmaps?timeoutSeconds=1", MAPS + "/mine/../theirs",
                     MAPS + "/mine%2f..%2ftheirs", MAPS + "?limit=1&continue=mine"):
            assert sees(path) in (400, 403, 404), path

    def twice():
        # Whatever is looked at for the decision is what is done.
        for query in ("fieldSelector=metadata.name%3Dmine&fieldSelector=metadata.name%3Dtheirs", "fieldSelector=metadata.name%3Dtheirs&fieldSelector=metadata.name%3Dmine",
                      "fieldSelector=metadata.name%3Dmine&fieldSelector=", "fieldSelector=&fieldSelector=metadata.name%3Dmine", "fieldSelector=metadata.name%3Dmine,metadata.name%3Dtheirs",
                      "fieldSelector=metadata.name%3Dmine;fieldSelector=metadata.name%3Dtheirs", "FieldSelector=metadata.name%3Dmine", "fieldSelector=metadata.name%3Dmine%00"):
            for more in ("", "&watch=true&timeoutSeconds=1", "&watch=false", "&resourceVersion=0"):
                sees(MAPS + "?" + query + more)
        sees("/api/v1/watch/namespaces/team/configmaps/mine?timeoutSeconds=1&fieldSelector=metadata.name%3Dtheirs")
        sees("/api/v1/watch/namespaces/team/configmaps/mine?timeoutSeconds=1")

    def removed():
        for query in ("", "?fieldSelector=metadata.name%3Dmine", "?labelSelector=of%3Dmine", "?fieldSelector=metadata.name%3Dmine&fieldSelector=metadata.name%3Dtheirs"):
            assert sees(MAPS + query, "DELETE") == 403, query
        assert cluster.admin.send("GET", MAPS + "/theirs")[0] == 200

    def forms():
        # Another form of the answer is the same answer.
        for accept in ("application/json;as=Table;v=v1;g=meta.k8s.io", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "application/vnd.kubernetes.protobuf",
                       "application/yaml", "application/cbor, application/json"):
            for path in (MAPS, MAPS + "/theirs"):
                status, text = reader.send("GET", path, headers={"Accept": accept})
                assert status in (403, 406) and b"content-of" not in text, (accept, path, status)

    claim("who may read one name reads that name", named)
    claim("and no other, by whatever question", others)
    claim("a selector that is given twice is one selector", twice)
    claim("a name in a selector allows no collection to be removed", removed)
    claim("no form of the answer tells more", forms)


def discovery(cluster):
    nobody = cluster.client("nothing", "/CN=nothing")

    def told():
        for path in ("/api", "/apis", "/api/v1", "/openapi/v3", "/version"):
            assert nobody.send("GET", path)[0] == 200, path
        status, text = nobody.send("GET", "/apis", headers={"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"})
        assert status == 200 and b"APIGroupDiscoveryList" in text
        for path in ("/metrics", "/metrics/slis", "/flagz", "/statusz", "/debug/pprof/", "/debug/flags/v", "/debug/api_priority_and_fairness/dump_requests", "/logs/",
                     "/openapi/v2/../../metrics", "/apis/../metrics", "/version/../metrics", "/healthz/etcd/../../metrics", "/metrics/", "//metrics", "/METRICS"):
            status, text = nobody.send("GET", path)
            assert status in (400, 403, 404), (path, status)
            assert b"apiserver_request_total" not in text, path

    claim("discovery tells everybody what there is, and nothing of what happens", told)


def acting(cluster):
    """Constrained impersonation: somebody for some requests."""
    cluster.person("jane", [rule([""], ["pods", "secrets"], ["*"])])
    deputy = cluster.person("deputy", [rule(["authentication.k8s.io"], ["users"], ["impersonate:user-info"], ["jane", "poor"]), rule([""], ["pods"], ["impersonate-on:user-info:list"]),
                                       rule(["authentication.k8s.io"], ["groups"], ["impersonate:user-info"])])
    greedy = cluster.person("greedy", [rule([""], ["pods", "secrets"], ["*"]), rule(["authentication.k8s.io"], ["*"], ["impersonate-on:user-info:create"])])
    pods = "/api/v1/namespaces/team/pods"
    secrets = "/api/v1/namespaces/team/secrets"

    def act(client, path, method="GET", body=None, **headers):
        return client.send(method, path, body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def allowed():
        assert act(deputy, pods, Impersonate_User="jane")[0] == 200
        # What he may do as her she must be allowed to do.
        refused(act(deputy, pods, Impersonate_User="poor"), '\\"poor\\" cannot list')

    def no_more():
        for path, method, body in ((secrets, "GET", None), (pods + "/p", "GET", None), (pods, "DELETE", None), (pods + "?watch=true", "GET", None),
                                   (WHOAMI, "POST", {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}), ("/api", "GET", None), ("/metrics", "GET", None)):
            refused(act(deputy, path, method, body, Impersonate_User="jane"), "cannot impersonate")
        for headers in ({"Impersonate_User": "admin"}, {"Impersonate_User": "system:kube-scheduler"}, {"Impersonate_User": "jane", "Impersonate_Group": "system:masters"},
                        {"Impersonate_User": "jane", "Impersonate_Uid": "1"}, {"Impersonate_User": "jane", "Impersonate_Extra_scopes": "x"},
                        {"Impersonate_User": "system:node:a"}, {"Impersonate_User": "system:serviceaccount:team:default"}, {"Impersonate_User": "system:anonymous"}):
            refused(act(deputy, pods, **headers), "impersonat")
        assert act(deputy, pods, Impersonate_Group="system:masters")[0] in (400, 500)

    def all_verbs():
        # All verbs on pods are none on who somebody is.
        for user in ("jane", "admin", "system:node:a", "system:serviceaccount:kube-system:default"):
            refused(act(greedy, pods, Impersonate_User=user), "cannot impersonate")

    def granted():
        writer = cluster.person("granter", [rule(["rbac.authorization.k8s.io"], ["roles"], ["create", "update"]), rule([""], ["pods"], ["get", "list"])])
        for verb in ("impersonate-on:user-info:list", "impersonate", "*"):
            refused(writer.send("POST", RBAC + "/namespaces/team/roles", {"metadata": {"name": "act"}, "rules": [rule([""], ["pods"], [verb])]}), "not currently held")

    claim("who may act as somebody for a request does so, with her rights", allowed)
    claim("and for no other request, nor as anybody else", no_more)
    claim("all verbs on objects make nobody another user", all_verbs)
    claim("nobody grants acting as others who may not himself", granted)


def own_pods(cluster):
    """A node that would read what is others' by means of pods that it makes itself."""
    a = cluster.node("a")
    uid = json.loads(a.send("GET", "/api/v1/nodes/a")[1])["metadata"]["uid"]
    cluster.make("/api/v1/namespaces/other/persistentvolumeclaims", {"metadata": {"name": "web-data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "volumeName": "disk", "resources": {"requests": {"storage": "1Gi"}}}})
    cluster.make("/api/v1/persistentvolumes", {"metadata": {"name": "disk"}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "claimRef": {"namespace": "other", "name": "web-data"},
        "csi": {"driver": "d.example.com", "volumeHandle": "h", "nodePublishSecretRef": {"namespace": "other", "name": "s"}}}})

    def mirror(name, **spec):
        return a.send("POST", "/api/v1/namespaces/other/pods", {
            "metadata": {"name": name, "annotations": {"kubernetes.io/config.mirror": "x"},
                         "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "a", "uid": uid, "controller": True}]},
            "spec": {"nodeName": "a", "containers": [CONTAINER], **spec}})

    def references():
        volume = {"name": "data", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}}
        status, text = mirror("web", volumes=[volume])
        assert status in (201, 403), (status, text[:300])
        for more in ({"volumes": [{"name": "s", "secret": {"secretName": "s"}}]}, {"serviceAccountName": "default"}, {"imagePullSecrets": [{"name": "s"}]},
                     {"volumes": [{"name": "c", "persistentVolumeClaim": {"claimName": "web-data"}}]}, {"volumes": [{"name": "m", "configMap": {"name": "m"}}]},
                     {"volumes": [{"name": "d", "csi": {"driver": "d.example.com", "nodePublishSecretRef": {"name": "s"}}}]}):
            refused(mirror("more", **more), "reference")
        # Without an account there is nobody for a token to be of.
        status, text = mirror("more", volumes=[{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}])
        assert status == 422 and b"serviceAccountToken" in text, (status, text[:300])
        assert mirror("seen")[0] == 201
        # The index follows the store: once it has the last pod it has those before.
        for _ in range(2000):
            if a.send("GET", "/api/v1/namespaces/other/pods/seen")[0] == 200:
                break
        assert a.send("GET", "/api/v1/namespaces/other/pods/seen")[0] == 200
        for path in ("/api/v1/namespaces/other/persistentvolumeclaims/web-data", "/api/v1/persistentvolumes/disk", "/api/v1/namespaces/other/secrets/s",
                     "/api/v1/namespaces/other/configmaps/kube-root-ca.crt", "/api/v1/namespaces/other/serviceaccounts/default"):
            refused(a.send("GET", path))

    def tokens():
        cluster.make("/api/v1/namespaces/team/pods", {"metadata": {"name": "job"}, "spec": {
            "nodeName": "a", "serviceAccountName": "default", "containers": [CONTAINER],
            "volumes": [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "vault"}}]}}]}})
        pod = json.loads(cluster.admin.send("GET", "/api/v1/namespaces/team/pods/job")[1])

        def ask(*audiences):
            return a.send("POST", "/api/v1/namespaces/team/serviceaccounts/default/token", {"spec": {
                "audiences": list(audiences), "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "job", "uid": pod["metadata"]["uid"]}}})
        for _ in range(2000):
            if ask("vault")[0] == 201:
                break
        assert ask("vault")[0] == 201
        refused(ask("bank"), "not found in pod spec volume")
        refused(ask("vault", "bank"), "0 or 1 audiences")

    claim("a node reads nothing because of a pod that it made itself", references)
    claim("a node asks for tokens that its pods are to have, and no others", tokens)


def run():
    with Server() as server:
        cluster = Cluster(server)
        for part in (names, discovery, acting, own_pods):
            part(cluster)
        assert server.alive()
