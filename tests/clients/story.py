"""What users of Python's Kubernetes client do. Each claim is a function; prints PASS or FAIL for each and, last, a count."""

import contextlib
import threading
import time
import traceback

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock
from kubernetes.stream import portforward, stream

NAMESPACE = "story"
PATIENCE_S = 60
passed = failed = 0

config.load_kube_config()
core, apps, custom = client.CoreV1Api(), client.AppsV1Api(), client.CustomObjectsApi()
extensions = client.ApiextensionsV1Api()


def claim(what):
    def told(run):
        global passed, failed
        worker = threading.Thread(target=lambda: outcome.append(attempt(run)), daemon=True)
        outcome = []
        worker.start()
        worker.join(PATIENCE_S)
        problem = outcome[0] if outcome else "it did not end"
        if problem:
            failed += 1
            print(f"FAIL {what}\n{problem}")
        else:
            passed += 1
            print(f"PASS {what}")

    return told


def attempt(run):
    try:
        run()
    except Exception:
        return traceback.format_exc()


def until(holds):
    end = time.monotonic() + PATIENCE_S / 2
    while time.monotonic() < end:
        with contextlib.suppress(ApiException):
            if holds():
                return
        time.sleep(0.2)
    raise AssertionError("not in time")


def gone(read):
    try:
        read()
    except ApiException as error:
        return error.status == 404


def web_pod():
    return core.list_namespaced_pod(NAMESPACE, label_selector="app=hello").items[0].metadata.name


@claim("a namespace and what a file describes are made")
def _():
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
    utils.create_from_yaml(client.ApiClient(), "examples/hello.yaml", namespace=NAMESPACE)
    until(lambda: apps.read_namespaced_deployment_status("hello", NAMESPACE).status.ready_replicas == 3)


@claim("what the file describes is not made twice")
def _():
    try:
        utils.create_from_yaml(client.ApiClient(), "examples/hello.yaml", namespace=NAMESPACE)
    except utils.FailToCreateError as error:
        assert "AlreadyExists" in str(error), error
    else:
        raise AssertionError("it was")


@claim("exec gives the output and ends")
def _():
    pod = web_pod()
    output = stream(core.connect_get_namespaced_pod_exec, pod, NAMESPACE, command=["hostname"], stdout=True, stderr=True)
    assert output.strip() == pod, output


@claim("exec in a pod that is not there says so")
def _():
    try:
        stream(core.connect_get_namespaced_pod_exec, "absent", NAMESPACE, command=["hostname"], stdout=True)
    except ApiException as error:
        assert "404" in error.reason, error
    else:
        raise AssertionError("it did not")


@claim("a forwarded port answers and closes")
def _():
    forward = portforward(core.connect_get_namespaced_pod_portforward, web_pod(), NAMESPACE, ports="8080")
    connection = forward.socket(8080)
    connection.setblocking(True)
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    answer = b""
    while piece := connection.recv(1024):
        answer += piece
    assert b"Hello from" in answer, answer
    assert forward.error(8080) is None, forward.error(8080)


@claim("logs can be followed")
def _():
    follow = watch.Watch()
    for line in follow.stream(core.read_namespaced_pod_log, name=web_pod(), namespace=NAMESPACE):
        assert "listening" in line, line
        follow.stop()


@claim("a watch sees what is made and deleted")
def _():
    seen = []
    metadata = client.V1ObjectMeta(name="seen")
    for event in watch.Watch().stream(core.list_namespaced_config_map, NAMESPACE, timeout_seconds=20):
        name = event["object"].metadata.name
        if not seen:
            core.create_namespaced_config_map(NAMESPACE, client.V1ConfigMap(metadata=metadata))
            seen.append("begun")
        if name == "seen":
            seen.append(event["type"])
            if event["type"] == "DELETED":
                break
            core.delete_namespaced_config_map("seen", NAMESPACE)
    assert seen == ["begun", "ADDED", "DELETED"], seen


@claim("a leader is elected")
def _():
    leads = threading.Event()
    election = electionconfig.Config(
        ConfigMapLock("leader", NAMESPACE, "me"),
        lease_duration=17,
        renew_deadline=15,
        retry_period=5,
        onstarted_leading=leads.set,
        onstopped_leading=None,
    )
    threading.Thread(target=leaderelection.LeaderElection(election).run, daemon=True).start()
    assert leads.wait(20)


WIDGETS = ("example.com", "v1", NAMESPACE, "widgets")


@claim("a kind of one's own has defaults, a status and a scale")
def _():
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {"size": {"type": "integer", "default": 3}, "replicas": {"type": "integer"}},
            },
            "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
        },
    }
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}, "scale": scale},
    }
    names = {"plural": "widgets", "kind": "Widget"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]},
    }
    extensions.create_custom_resource_definition(definition)
    until(
        lambda: any(
            one.type == "Established" and one.status == "True"
            for one in extensions.read_custom_resource_definition("widgets.example.com").status.conditions or []
        )
    )
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"replicas": 1}}
    assert custom.create_namespaced_custom_object(*WIDGETS, body=widget)["spec"]["size"] == 3
    custom.patch_namespaced_custom_object_status(*WIDGETS, "a", {"status": {"replicas": 2}})
    custom.patch_namespaced_custom_object_scale(*WIDGETS, "a", {"spec": {"replicas": 5}})
    scaled = custom.get_namespaced_custom_object_scale(*WIDGETS, "a")
    assert (scaled["spec"]["replicas"], scaled["status"]["replicas"]) == (5, 2), scaled


@claim("the dynamic client finds kinds and their subresources")
def _():
    cluster = dynamic.DynamicClient(client.ApiClient())
    assert cluster.resources.get(api_version="example.com/v1", kind="Widget").get(namespace=NAMESPACE).items
    deployments = cluster.resources.get(api_version="apps/v1", kind="Deployment")
    assert deployments.scale.get(name="hello", namespace=NAMESPACE).spec.replicas == 3


@claim("all goes with the namespace")
def _():
    extensions.delete_custom_resource_definition("widgets.example.com")
    core.delete_namespace(NAMESPACE)
    until(lambda: gone(lambda: core.read_namespace(NAMESPACE)))


print(f"{passed} passed, {failed} failed")
