package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// inPod are the variables that a pod of some name has, as Kubernetes puts them together: $(NAME) in a value is another variable that
// stands before it. What is in secrets is a word that any of them can be.
func (r *release) inPod(t *testing.T, pod string) (env []string) {
	t.Helper()
	var known []string
	for _, e := range r.container().Env {
		switch from := e.ValueFrom; {
		case from == nil:
			e.Value = strings.NewReplacer(known...).Replace(e.Value)
		case from.SecretKeyRef != nil:
			e.Value = "0123456789abcdef0123456789abcdef"
		case from.FieldRef != nil && from.FieldRef.FieldPath == "metadata.name":
			e.Value = pod
		default:
			t.Fatalf("%s is from %+v", e.Name, from)
		}
		known = append(known, "$("+e.Name+")", e.Value)
		env = append(env, e.Name+"="+e.Value)
	}
	return env
}

func variable(env []string, name string) string {
	for _, e := range env {
		if value, found := strings.CutPrefix(e, name+"="); found {
			return value
		}
	}
	return ""
}

// Each pod of a cluster has an address of its own, by the headless Service, and the first are those that all look for.
func TestPodsOfAClusterFindEachOther(t *testing.T) {
	for _, tt := range []struct {
		name, values        string
		storage, pods       int
		domain, servicePort string
	}{
		{"three", "cluster: {enabled: true, secretName: nodes}", 3, 3, "svc.cluster.local", "7900"},
		{"more than those with storage", "cluster: {enabled: true, secretName: nodes, moreNodes: 4}", 3, 7, "svc.cluster.local", "7900"},
		{"one", "cluster: {enabled: true, secretName: nodes, storageNodes: 1, port: 7901, domain: example.org}", 1, 1, "svc.example.org", "7901"},
		{"a long name", "{cluster: {enabled: true, secretName: nodes}, fullnameOverride: " + strings.Repeat("everwire-", 10) + "}", 3, 3, "svc.cluster.local", "7900"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRelease(t, tt.values)
			set := r.set
			if set == nil {
				t.Fatal("no StatefulSet")
			}
			if int(*set.Spec.Replicas) != tt.pods {
				t.Errorf("%d pods, want %d", *set.Spec.Replicas, tt.pods)
			}
			i := slices.IndexFunc(r.services, func(s corev1.Service) bool { return s.Name == set.Spec.ServiceName })
			if i < 0 {
				t.Fatalf("no Service %s", set.Spec.ServiceName)
			}
			if s := r.services[i].Spec; s.ClusterIP != "None" || !s.PublishNotReadyAddresses {
				t.Errorf("the Service of the nodes: %+v", s)
			}
			var want []string
			for i := range tt.pods {
				pod := fmt.Sprint(set.Name, "-", i)
				addr := strings.Join([]string{pod, set.Spec.ServiceName, "chat", tt.domain}, ".") + ":" + tt.servicePort
				if i < tt.storage {
					want = append(want, addr)
				}
				if got := variable(r.inPod(t, pod), "EVERWIRE_CLUSTER_ADDR"); got != addr {
					t.Errorf("the pod %s is %s, want %s", pod, got, addr)
				}
			}
			if got := r.env("EVERWIRE_PEERS"); got != strings.Join(want, ",") {
				t.Errorf("peers %s, want %s", got, want)
			}
			// Kubernetes puts "-" and a hash of up to 10 behind it for a label of the pods.
			if len(set.Name) > 63-11 {
				t.Errorf("the name %s is too long for a StatefulSet", set.Name)
			}
		})
	}
}

// Nothing waits for a pod that waits for it; what is kept is on a volume of the pod's own; and no two with storage are sent away at once.
func TestClusterSurvivesItsStartAndItsDrains(t *testing.T) {
	r := newRelease(t, "{cluster: {enabled: true, secretName: nodes}, podDisruptionBudget: {maxUnavailable: 2}}")
	if p := r.set.Spec.PodManagementPolicy; p != appsv1.ParallelPodManagement {
		t.Errorf("pods are started %s: the first is not ready without the second", p)
	}
	if s := r.set.Spec.UpdateStrategy; s.Type != appsv1.RollingUpdateStatefulSetStrategyType || s.RollingUpdate != nil {
		t.Errorf("pods are replaced by %+v", s)
	}
	if m := r.disruption.Spec.MaxUnavailable; m.IntValue() != 1 {
		t.Errorf("%v may be sent away at once", m)
	}
	if path := r.container().ReadinessProbe.HTTPGet.Path; path != "/readyz" {
		t.Errorf("ready by %s", path)
	}
	mounted := map[string]string{}
	for _, m := range r.container().VolumeMounts {
		mounted[m.Name] = m.MountPath + "/"
	}
	for variable, volume := range map[string]string{"EVERWIRE_CLUSTER_STORE": "store", "EVERWIRE_CLUSTER_SECRET_FILE": "cluster"} {
		if at := r.env(variable); !strings.HasPrefix(at, mounted[volume]) {
			t.Errorf("%s is %s, and the volume at %s", variable, at, mounted[volume])
		}
	}
	if c := r.set.Spec.VolumeClaimTemplates[0]; c.Name != "store" || c.Spec.Resources.Requests.Storage().String() != "5Gi" {
		t.Errorf("the volume: %+v", c)
	}
	for _, v := range r.set.Spec.Template.Spec.Volumes {
		if v.Name == "cluster" && v.Secret.SecretName != "nodes" {
			t.Errorf("the secret is of %+v", v.Secret)
		}
	}
}
