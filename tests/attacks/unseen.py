"""Ways to be here without having been here: requests that an audit log might miss."""
import json
import os
import time

from navarch import Server, TOKEN, claim

MAPS = "/api/v1/namespaces/default/configmaps"
POLICY = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]}


def run():
    server = Server()
    log, policy = os.path.join(server.place, "audit.log"), os.path.join(server.place, "policy.yaml")
    with open(policy, "w") as file:
        json.dump(POLICY, file)
    server.flags = [f"--audit-policy-file={policy}", f"--audit-log-path={log}", "--audit-log-mode=blocking"]

    def events(agent):
        with open(log) as file:
            return [event for event in map(json.loads, file) if event.get("userAgent") == agent]

    def until(agent, *, count=1):
        deadline = time.monotonic() + 20
        while len(found := events(agent)) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def head(method, path, agent, length=0):
        return (f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nUser-Agent: {agent}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n").encode()

    def strangers():
        assert server.client(token="no-such-token").send("GET", MAPS, headers={"User-Agent": "guesser"})[0] == 401
        found = until("guesser")
        assert [(event["stage"], event["responseStatus"]["code"]) for event in found] == [("ResponseStarted", 401)], found
        assert found[0]["responseStatus"]["message"] == "Authentication failed, attempted: bearer", found
        assert found[0]["user"] == {} and "no-such-token" not in json.dumps(found), found

    def writers():
        # Gone before the answer: whatever became of the object, the request is in the log.
        for i in range(20):
            body = json.dumps({"metadata": {"name": f"left-{i}"}}).encode()
            raw = server.socket()
            raw.sendall(head("POST", MAPS, f"leaver-{i}", len(body)) + body)
            raw.close()
        for i in range(20):
            found = until(f"leaver-{i}")
            assert found and found[-1]["stage"] == "ResponseComplete" and found[-1]["verb"] == "create", (i, found)

    def half():
        raw = server.socket()
        raw.sendall(head("POST", MAPS, "half", 1000) + b'{"metadata":')
        time.sleep(0.3)
        raw.close()
        found = until("half")
        assert [event["stage"] for event in found] == ["ResponseComplete"] and found[0]["responseStatus"]["code"] >= 400, found

    def watchers():
        raw = server.socket()
        raw.sendall(head("GET", MAPS + "?watch=true", "watcher"))
        raw.recv(100)
        raw.close()
        found = until("watcher", count=2)
        assert [(event["stage"], event["responseStatus"]["code"]) for event in found] == [("ResponseStarted", 200), ("ResponseComplete", 200)], found

    with server:
        claim("who is refused at the door is in the audit log", strangers)
        claim("who leaves before the answer is in the audit log", writers)
        claim("who never sends all of his request is in the audit log", half)
        claim("the end of a watch that its client leaves is in the audit log", watchers)
