#include "apiserver/openapi/descriptions.h"

#include <algorithm>
#include <iterator>

namespace apiserver::openapi {
namespace {

struct Entry {
  std::string_view type;   // "Pod"
  std::string_view field;  // "" for the type itself
  std::string_view text;
};

// Of any type that has such a field.
constexpr Entry kCommon[] = {
    {"", "metadata", kMetadataDescription},
    {"", "spec", "What is wanted."},
    {"", "status", "What was last observed. Written by the system."},
    {"", "items", "The objects of the list."},
};

// By type, then field.
constexpr Entry kEntries[] = {
    {"ConfigMap", "", "Configuration as keys and values, for pods to read."},
    {"ConfigMap", "binaryData", "Values that are no UTF-8 text, in base64. Keys must not recur in data."},
    {"ConfigMap", "data", "The values, UTF-8 texts by key."},
    {"ConfigMap", "immutable", "Whether the data may never change."},
    {"Container", "", "One application container of a pod."},
    {"Container", "args",
     "Arguments of the entry point. The image's own when absent. $(NAME) stands for a variable's value."},
    {"Container", "command", "The entry point, not run in a shell. The image's own when absent."},
    {"Container", "env", "Environment variables."},
    {"Container", "envFrom", "Sources whose keys all become environment variables."},
    {"Container", "image", "Name of the image."},
    {"Container", "imagePullPolicy",
     "When the image is pulled: Always, Never, IfNotPresent. Always for :latest, else IfNotPresent."},
    {"Container", "lifecycle", "What is done after the start and before the stop of the container."},
    {"Container", "livenessProbe", "A check that, when it fails, restarts the container."},
    {"Container", "name", "Name of the container, a DNS label, unique in the pod."},
    {"Container", "ports", "Ports the container listens on. Informational but for host ports."},
    {"Container", "readinessProbe", "A check that, when it fails, takes the pod out of services."},
    {"Container", "resources", "What the container needs, and may use at most."},
    {"Container", "securityContext", "Privileges of the container; they go before the pod's."},
    {"Container", "startupProbe", "A check that must pass once before the others begin."},
    {"Container", "volumeMounts", "Where the pod's volumes appear in the container."},
    {"Container", "workingDir", "Directory in which the container starts."},
    {"ContainerPort", "", "A port of a container."},
    {"ContainerPort", "containerPort", "Number of the port, 1 to 65535."},
    {"CronJob", "", "Makes jobs on a schedule."},
    {"CustomResourceDefinition", "", "A type of resource that the API server serves as if it were built in."},
    {"DaemonSet", "", "Keeps one pod on every node that fits."},
    {"Deployment", "",
     "Keeps a number of equal pods running, and changes them step by step when the template changes."},
    {"DeploymentSpec", "minReadySeconds", "How long a new pod must be ready to count as available, in seconds."},
    {"DeploymentSpec", "paused", "Whether changes of the template are not rolled out."},
    {"DeploymentSpec", "progressDeadlineSeconds",
     "How long a rollout may stand still until it counts as failed, in seconds. 600 when absent."},
    {"DeploymentSpec", "replicas", "Number of pods wanted. 1 when absent."},
    {"DeploymentSpec", "revisionHistoryLimit", "Number of old replica sets kept for going back. 10 when absent."},
    {"DeploymentSpec", "selector",
     "The labels by which pods are found. They must be those of the template, and cannot change."},
    {"DeploymentSpec", "strategy", "How old pods are replaced by new ones."},
    {"DeploymentSpec", "template", "The pods to be made."},
    {"Ingress", "", "Rules by which HTTP from outside reaches services."},
    {"Job", "", "Runs pods until enough of them have succeeded."},
    {"LabelSelector", "",
     "Chooses objects by their labels. All of its parts must match; an empty one matches everything."},
    {"LabelSelector", "matchExpressions", "Requirements on labels, all of which must hold."},
    {"LabelSelector", "matchLabels", "Labels and the values they must have."},
    {"LimitRange", "", "Limits and defaults of the resources that objects of a namespace use."},
    {"ListMeta", "", "Metadata of lists."},
    {"Namespace", "", "A scope for names of objects."},
    {"NetworkPolicy", "", "Which traffic pods may have."},
    {"Node", "", "A machine that runs pods."},
    {"ObjectMeta", "", "Metadata that every object has."},
    {"ObjectMeta", "annotations", "Texts by key, for tools; they are not selected by."},
    {"ObjectMeta", "creationTimestamp", "CreationTimestamp is a timestamp of the server: when it made the object."},
    {"ObjectMeta", "deletionGracePeriodSeconds", "How long the object may take to end, in seconds. Set by the server."},
    {"ObjectMeta", "deletionTimestamp",
     "When the object is to be gone. Set by the server when it is asked to delete the object."},
    {"ObjectMeta", "finalizers",
     "Names of those who have work to do before the object may go. It is removed once this is empty."},
    {"ObjectMeta", "generateName", "A prefix from which the server makes a unique name when there is no name."},
    {"ObjectMeta", "generation", "Counts the changes of what is wanted. Set by the server."},
    {"ObjectMeta", "labels", "Texts by key, by which objects are grouped and selected."},
    {"ObjectMeta", "managedFields", "Who last applied which fields. Set by the server."},
    {"ObjectMeta", "name", "Name of the object, unique in its namespace. It cannot be changed."},
    {"ObjectMeta", "namespace", "The scope of the name. It cannot be changed."},
    {"ObjectMeta", "ownerReferences", "The objects this one depends on. It is collected when all of them are gone."},
    {"ObjectMeta", "resourceVersion",
     "The revision of the object, for noticing changes. Opaque; given back unchanged on update."},
    {"ObjectMeta", "uid", "Tells the object from earlier ones of the same name. Set by the server."},
    {"PersistentVolume", "", "A piece of storage of the cluster."},
    {"PersistentVolumeClaim", "", "A wish for storage, to be bound to a volume."},
    {"Pod", "", "Containers that run together on one node."},
    {"Pod", "spec", "What the pod is to be."},
    {"Pod", "status", "What was last observed of the pod; it may lag behind. Written by the system."},
    {"PodDisruptionBudget", "", "How many pods of a set may be away at once for voluntary reasons."},
    {"PodSpec", "", "What a pod is to be."},
    {"PodSpec", "activeDeadlineSeconds", "How long the pod may run, in seconds; then it is failed."},
    {"PodSpec", "affinity", "Which nodes the pod would rather have, or must have."},
    {"PodSpec", "automountServiceAccountToken", "Whether a token of the service account is put into the containers."},
    {"PodSpec", "containers", "The containers, at least one. They cannot be added or removed later."},
    {"PodSpec", "dnsConfig", "More for the resolver's configuration, merged with what the policy makes."},
    {"PodSpec", "dnsPolicy",
     "Where names are looked up: ClusterFirst (when absent), ClusterFirstWithHostNet, Default, None."},
    {"PodSpec", "enableServiceLinks", "Whether services are told in environment variables. True when absent."},
    {"PodSpec", "hostIPC", "Whether the node's IPC namespace is used."},
    {"PodSpec", "hostNetwork", "Whether the node's network is used."},
    {"PodSpec", "hostPID", "Whether the node's process namespace is used."},
    {"PodSpec", "hostname", "Host name of the pod. Its name when absent."},
    {"PodSpec", "imagePullSecrets", "Secrets, in this namespace, with which images are pulled."},
    {"PodSpec", "initContainers", "Containers that run one after another before the others start."},
    {"PodSpec", "nodeName", "The node the pod runs on. Usually set by the scheduler."},
    {"PodSpec", "nodeSelector", "Labels that the node must have."},
    {"PodSpec", "priorityClassName", "Name of the priority class of the pod."},
    {"PodSpec", "restartPolicy",
     "Whether containers that end are started again: Always (when absent), OnFailure, Never."},
    {"PodSpec", "schedulerName", "The scheduler that places the pod."},
    {"PodSpec", "securityContext", "Privileges of all containers."},
    {"PodSpec", "serviceAccountName", "The account that the pod acts as."},
    {"PodSpec", "terminationGracePeriodSeconds",
     "How long the pod may take to end, in seconds, until it is killed. 30 when absent."},
    {"PodSpec", "tolerations", "Taints of nodes that the pod puts up with."},
    {"PodSpec", "topologySpreadConstraints", "How pods are spread over zones, nodes and the like."},
    {"PodSpec", "volumes", "Volumes that containers can mount."},
    {"PriorityClass", "", "A name for a priority of pods."},
    {"ReplicaSet", "", "Keeps a number of equal pods running."},
    {"ResourceQuota", "", "Limits of what a namespace may use in all."},
    {"ResourceRequirements", "limits", "The most that may be used, by resource."},
    {"ResourceRequirements", "requests", "The least that is needed, by resource. The limits when absent."},
    {"Role", "", "Permissions within a namespace."},
    {"RoleBinding", "", "Gives the permissions of a role to users, groups and service accounts within a namespace."},
    {"ClusterRole", "", "Permissions in the whole cluster."},
    {"ClusterRoleBinding", "", "Gives the permissions of a cluster role in the whole cluster."},
    {"Secret", "", "Confidential data as keys and values."},
    {"Secret", "data", "The values, in base64, by key."},
    {"Secret", "stringData", "Values as texts, written into data. Never shown."},
    {"Secret", "type", "What the secret is for."},
    {"Service", "", "A stable name and address for a set of pods."},
    {"ServicePort", "nodePort",
     "The port at which every node offers the service. Chosen by the server when needed and absent."},
    {"ServicePort", "port", "The port of the service."},
    {"ServicePort", "targetPort", "Number or name of the port of the pods. That of the service when absent."},
    {"ServiceSpec", "clusterIP", "The service's address. Chosen by the server when absent; \"None\" for no address."},
    {"ServiceSpec", "ports", "Ports of the service."},
    {"ServiceSpec", "selector", "Labels of the pods that serve."},
    {"ServiceSpec", "type",
     "How the service is reached: ClusterIP (when absent), NodePort, LoadBalancer, ExternalName."},
    {"ServiceAccount", "", "An identity for programs that run in pods."},
    {"StatefulSet", "", "Keeps pods with stable names, and storage of their own, running in order."},
    {"Status", "", "The outcome of a request that returns nothing else."},
    {"StorageClass", "", "A kind of storage from which volumes are made when claimed."},
};

std::string_view find(std::string_view type, std::string_view field) {
  auto at = std::find_if(std::begin(kEntries), std::end(kEntries),
                         [&](const Entry& entry) { return entry.type == type && entry.field == field; });
  return at == std::end(kEntries) ? std::string_view() : at->text;
}

}  // namespace

std::string_view describe_type(const schema::Type& type) {
  if (auto text = find(type.name, ""); !text.empty()) return text;
  return type.has(schema::Type::List) ? "A list of objects of one kind." : std::string_view();
}

std::string_view describe_field(const schema::Type& owner, const schema::Field& field) {
  if (auto text = find(owner.name, field.name()); !text.empty()) return text;
  if (!owner.has(schema::Type::Kind)) return {};
  auto at = std::find_if(std::begin(kCommon), std::end(kCommon),
                         [&](const Entry& entry) { return entry.field == field.name(); });
  return at == std::end(kCommon) ? std::string_view() : at->text;
}

}  // namespace apiserver::openapi
