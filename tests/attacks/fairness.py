"""One noisy client against the others: who is sent away is told so, a watch counts while it begins, and nobody gets past his level."""
import json
import time

import credentials as made
from navarch import Server, claim

FLOW = "/apis/flowcontrol.apiserver.k8s.io/v1"
PAGES = "/debug/api_priority_and_fairness/"
NOISY_PATH = "/api/v1/namespaces/default/configmaps"


def level(server, name, response, shares=1):
    spec = {"type": "Limited", "limited": {"nominalConcurrencyShares": shares, "borrowingLimitPercent": 0, "limitResponse": response}}
    status, text = server.client().send("POST", FLOW + "/prioritylevelconfigurations", {"metadata": {"name": name}, "spec": spec})
    assert status == 201, text
    rule = {"subjects": [{"kind": "User", "user": {"name": name}}],
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}]}
    status, text = server.client().send("POST", FLOW + "/flowschemas", {"metadata": {"name": name}, "spec": {
        "priorityLevelConfiguration": {"name": name}, "matchingPrecedence": 500, "distinguisherMethod": {"type": "ByUser"}, "rules": [rule]}})
    assert status == 201, text


def person(server, name):
    admin = server.client()
    admin.send("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        "metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}]})
    certificate = made.client_certificate(server.place, name, f"/CN={name}", made.cluster_authority(server))
    return lambda: server.client(token=None, certificate=certificate)


def eventually(check, seconds=20):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.1)


def page(server, name, **query):
    status, text = server.client().send("GET", PAGES + name + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""))
    assert status == 200, (status, text)
    rows = [[cell.strip() for cell in line.split(",")] for line in text.decode().splitlines()]
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def hold(client, seconds):
    """A request that takes its seat until its body is whole: never, within `seconds`."""
    connection = client.connection
    connection.connect()
    connection.sock.sendall(b"POST " + NOISY_PATH.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
    return connection


def governed(server):
    noisy = person(server, "noisy")
    level(server, "noisy", {"type": "Reject"})
    held = []

    def headers_of(response):
        return response.getheader("X-Kubernetes-Pf-FlowSchema-UID"), response.getheader("X-Kubernetes-Pf-PriorityLevel-UID")

    def sent_away():
        uid = json.loads(server.client().send("GET", FLOW + "/flowschemas/noisy")[1])["metadata"]["uid"]

        def full():
            held.append(hold(noisy(), 30))
            client = noisy()
            client.connection.request("GET", NOISY_PATH)
            response = client.connection.getresponse()
            text = response.read()
            if response.status != 429:
                return False
            assert int(response.getheader("Retry-After")) >= 1, response.getheaders()
            assert b"Too many requests" in text, text
            assert headers_of(response)[0] == uid and headers_of(response)[1], response.getheaders()
            return True
        eventually(full)

    def others():
        status, _ = server.client().send("GET", NOISY_PATH)
        assert status == 200, status
        assert server.client(token=None).send("GET", "/readyz")[0] == 200

    def watches():
        client = noisy()
        client.connection.request("GET", NOISY_PATH + "?watch=true")
        response = client.connection.getresponse()
        assert response.status == 429, response.status

    def shown():
        rows = {row["PriorityLevelName"]: row for row in page(server, "dump_priority_levels")}
        assert int(rows["noisy"]["ExecutingRequests"]) >= 1 and int(rows["noisy"]["RejectedRequests"]) >= 1, rows["noisy"]
        requests = [row for row in page(server, "dump_requests", includeRequestDetails="1") if row["FlowSchemaName"] == "noisy"]
        assert requests and all(row["UserName"] == "noisy" and row["FlowDistingsher"] == "noisy" for row in requests), requests
        assert any(row["PriorityLevelName"] == "workload-low" for row in page(server, "dump_queues"))

    def recovers():
        for connection in held:
            connection.close()
        eventually(lambda: noisy().send("GET", NOISY_PATH)[0] == 200)

    def watch_lets_go():
        # Far more watches than seats: each has its seat only until it has begun.
        for _ in range(40):
            client = noisy()
            client.connection.request("GET", NOISY_PATH + "?watch=true")
            response = client.connection.getresponse()
            assert response.status == 200 and all(headers_of(response)), (response.status, response.getheaders())
            held.append(client.connection)
        assert noisy().send("GET", NOISY_PATH)[0] == 200

    claim("who asks for more than his level has is sent away, and told when to come back", sent_away)
    claim("others are served meanwhile", others)
    claim("a watch takes its seat like any request", watches)
    claim("what goes on is shown to who may see it", shown)
    claim("it ends when the requests do", recovers)
    claim("a watch that has begun takes no seat", watch_lets_go)


def kept_private(server):
    jane = server.client(token=None, certificate=made.client_certificate(server.place, "jane", "/CN=jane", made.cluster_authority(server)))

    def refused():
        for name in ("dump_priority_levels", "dump_queues", "dump_requests", "dump_requests?includeRequestDetails=1", "", "../../metrics"):
            assert jane.send("GET", PAGES + name)[0] == 403, name
            assert server.client(token=None).send("GET", PAGES + name)[0] in (401, 403), name
        assert server.client().send("GET", PAGES + "else")[0] == 404

    claim("who asks what is shown to those who may see it alone", refused)


def kept_whole(server):
    admin = server.client()

    def get(path):
        status, text = admin.send("GET", FLOW + path)
        return json.loads(text) if status == 200 else None

    def exempt():
        schema = get("/flowschemas/exempt")
        schema["spec"]["rules"][0]["subjects"].append({"kind": "User", "user": {"name": "mallory"}})
        schema["metadata"]["annotations"]["apf.kubernetes.io/autoupdate-spec"] = "false"
        assert admin.send("PUT", FLOW + "/flowschemas/exempt", schema)[0] == 422
        assert len(get("/flowschemas/exempt")["spec"]["rules"][0]["subjects"]) == 1
        for path in ("/flowschemas/catch-all", "/prioritylevelconfigurations/exempt", "/flowschemas/system-nodes"):
            uid = get(path)["metadata"]["uid"]
            assert admin.send("DELETE", FLOW + path)[0] == 200, path
            eventually(lambda: (get(path) or {"metadata": {"uid": uid}})["metadata"]["uid"] != uid)

    def dangling():
        admin.send("POST", FLOW + "/flowschemas", {"metadata": {"name": "lost"}, "spec": {"priorityLevelConfiguration": {"name": "nowhere"}, "rules": []}})

        def condition():
            found = [c for c in get("/flowschemas/lost").get("status", {}).get("conditions", []) if c["type"] == "Dangling"]
            return found[0]["status"] if found else None
        eventually(lambda: condition() == "True")

    claim("what keeps the cluster's own requests apart cannot be changed, and comes back when it is deleted", exempt)
    claim("a schema whose level is not there says so", dangling)


def run():
    with Server(flags=("--max-requests-inflight=40", "--max-mutating-requests-inflight=20")) as server:
        server.client().send("POST", "/api/v1/namespaces", {"metadata": {"name": "default"}})
        kept_whole(server)
        kept_private(server)
        governed(server)
