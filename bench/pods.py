#!/usr/bin/env python3
"""Pods on one node, as a client sees them: bench/pods.py KUBECONFIG PID PODS LOGS. LOGS is the folder of pods' logs.
Prints rows as bench/run does."""
import base64
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import time

CONFIG, PID, PODS, LOGS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
NODE = "/api/v1/nodes/bench/proxy"
LOG_MB = 64
LOOKS = 20


def row(name, figure, budget=""):
    print(f"{name:<58} {figure:>16}   {budget}", flush=True)


class Api:
    """Requests over one connection with the kubeconfig's client certificate."""

    def __init__(self):
        text = open(CONFIG).read()
        value = lambda key: re.search(key + r":?\"?:\s*\"?([^\s\",}]+)", text).group(1)
        self.host, port = value("server").removeprefix("https://").rsplit(":", 1)
        self.context = ssl.create_default_context(cadata=base64.b64decode(value("certificate-authority-data")).decode())
        self.context.check_hostname = False
        with tempfile.NamedTemporaryFile("w") as pair:
            for key in ("client-certificate-data", "client-key-data"):
                pair.write(base64.b64decode(value(key)).decode())
            pair.flush()
            self.context.load_cert_chain(pair.name)
        self.port = int(port)
        self.line = self.connect()

    def connect(self):
        return http.client.HTTPSConnection(self.host, self.port, context=self.context, timeout=300)

    def text(self, path):
        self.line.request("GET", path)
        answer = self.line.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(text.decode())
        return text.decode(errors="replace")

    def call(self, method, path, body=None):
        self.line.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        answer = self.line.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(text.decode())
        return json.loads(text)

    def watch(self):
        version = self.call("GET", "/api/v1/namespaces/default/pods")["metadata"]["resourceVersion"]
        line = self.connect()
        line.request("GET", f"/api/v1/namespaces/default/pods?watch=1&resourceVersion={version}")
        answer = line.getresponse()
        while text := answer.readline():
            yield json.loads(text)


def pod(name):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"terminationGracePeriodSeconds": 1,
                     "containers": [{"name": "main", "image": "navarch.local/hello:v1", "imagePullPolicy": "Never"}]}}


def is_running(event):
    return event["type"] != "DELETED" and event["object"]["status"].get("phase") == "Running"


def create_until_running(api, names):
    events = api.watch()
    begun = time.monotonic()
    for name in names:
        api.call("POST", "/api/v1/namespaces/default/pods", pod(name))
    left = set(names)
    for event in events:
        if is_running(event):
            left.discard(event["object"]["metadata"]["name"])
        if not left:
            return time.monotonic() - begun


def delete_until_gone(api, names):
    events = api.watch()
    begun = time.monotonic()
    for name in names:
        api.call("DELETE", f"/api/v1/namespaces/default/pods/{name}")
    left = set(names)
    for event in events:
        if event["type"] == "DELETED":
            left.discard(event["object"]["metadata"]["name"])
        if not left:
            return time.monotonic() - begun


def ticks():
    fields = open(f"/proc/{PID}/stat").read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def idle(pods):
    time.sleep(10)
    memory = re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{PID}/status").read()).group(1)
    before = ticks()
    time.sleep(20)
    used = (ticks() - before) / os.sysconf("SC_CLK_TCK") / 20
    row(f"the whole process, idle, {pods} pods: memory", f"{int(memory) / 1024:.1f} MB")
    row("  processor time", f"{used * 100:.2f} %")


def runtime_seconds(api):
    """What the calls that start a pod have taken the runtime, all together, as the kubelet counts it."""
    found = re.findall(r'kubelet_runtime_operations_duration_seconds_sum{operation_type="(run_podsandbox|create_container|start_container)"} (\S+)',
                       api.text(NODE + "/metrics"))
    return sum(float(seconds) for _, seconds in found)


def log_throughput(api):
    folder = next(name for name in os.listdir(LOGS) if name.startswith("default_warm_"))
    line = "2026-01-01T00:00:00.000000000Z stdout F " + "x" * 100 + "\n"
    with open(f"{LOGS}/{folder}/main/0.log", "a") as log:
        log.write(line * (LOG_MB * (1 << 20) // len(line)))
    before, begun = ticks(), time.monotonic()
    size = len(api.text("/api/v1/namespaces/default/pods/warm/log"))
    seconds = time.monotonic() - begun
    row("kubectl logs, throughput to a client", f"{size / seconds / (1 << 20):.0f} MB/s")
    row("  processor time of both servers", f"{(ticks() - before) / os.sysconf('SC_CLK_TCK') * 1000 / (size / (1 << 20)):.1f} ms/MB")


def statistics(api, pods):
    for path in ("stats/summary", "metrics/resource", "metrics/cadvisor", "metrics"):
        api.text(f"{NODE}/{path}")
        before = ticks()
        for _ in range(LOOKS):
            api.text(f"{NODE}/{path}")
        cost = (ticks() - before) / os.sysconf("SC_CLK_TCK") / LOOKS
        budget = "0.1 % of a core, asked every 15 s" if path == "metrics/resource" else ""
        row(f"one look at /{path}, {pods} pods", f"{cost * 1000:.1f} ms CPU", budget)


api = Api()
idle(0)
create_until_running(api, ["warm"])
before = runtime_seconds(api)
times = sorted(create_until_running(api, [f"one-{i}"]) for i in range(5))
own = (runtime_seconds(api) - before) / 5
row("one pod, create to Running seen by a client, median of 5", f"{times[2] * 1000:.0f} ms", f"{own * 1000 + 50:.0f} ms, the runtime's own {own * 1000:.0f} ms + 50")
kubectl = ["kubectl", "--kubeconfig", CONFIG, "exec", "warm", "--"]
begun = time.monotonic()
for _ in range(5):
    subprocess.run([*kubectl, "hostname"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
row("kubectl exec, round trip", f"{(time.monotonic() - begun) * 200:.0f} ms")
log_throughput(api)
delete_until_gone(api, ["warm"] + [f"one-{i}" for i in range(5)])
names = [f"many-{i}" for i in range(PODS)]
row(f"{PODS} pods at once, until all run", f"{create_until_running(api, names):.1f} s")
idle(PODS)
statistics(api, PODS)
row(f"{PODS} pods at once, until all are gone", f"{delete_until_gone(api, names):.1f} s")
