package check

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	yamlreader "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

const (
	chartDir = "../helm/everwire"
	oldest   = "v1.25.0" // of the chart's kubeVersion
	newest   = "v1.35.0"
)

// A monitor is what the chart needs of a ServiceMonitor, whose types are not among Kubernetes' own.
type monitor struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name   string            `json:"name"`
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		Selector struct {
			MatchLabels map[string]string `json:"matchLabels"`
		} `json:"selector"`
		Endpoints []struct {
			Port     string `json:"port"`
			Path     string `json:"path"`
			Interval string `json:"interval"`
		} `json:"endpoints"`
	} `json:"spec"`
}

// A release is what the chart makes of some values.
type release struct {
	deployment  *appsv1.Deployment
	set         *appsv1.StatefulSet // instead of it, in a cluster
	services    []corev1.Service
	account     *corev1.ServiceAccount
	disruption  *policyv1.PodDisruptionBudget
	autoscaler  *autoscalingv2.HorizontalPodAutoscaler
	ingress     *networkingv1.Ingress
	monitor     *monitor
	notes       string
	controllers int
}

// render returns the manifests for values, in YAML, by the name of their template.
func render(values, kubeVersion string) (map[string]string, error) {
	chart, err := loader.Load(chartDir)
	if err != nil {
		return nil, err
	}
	var given map[string]any
	if err := yaml.Unmarshal([]byte(values), &given); err != nil {
		return nil, err
	}
	version, err := chartutil.ParseKubeVersion(kubeVersion)
	if err != nil {
		return nil, err
	}
	capabilities := *chartutil.DefaultCapabilities
	capabilities.KubeVersion = *version
	all, err := chartutil.ToRenderValues(chart, given, chartutil.ReleaseOptions{Name: "live", Namespace: "chat", IsInstall: true}, &capabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(chart, all)
}

// newRelease renders the chart and reads what comes of it, every field by its type: one that Kubernetes does not know is an
// error.
func newRelease(t *testing.T, values string) *release {
	t.Helper()
	files, err := render(values, newest)
	if err != nil {
		t.Fatal(err)
	}
	r := &release{}
	for name, text := range files {
		if path.Ext(name) != ".yaml" {
			if path.Base(name) == "NOTES.txt" {
				r.notes = text
			}
			continue
		}
		documents := yamlreader.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
		for {
			document, err := documents.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := r.take(document); err != nil {
				t.Fatalf("%s: %v in\n%s", name, err, document)
			}
		}
	}
	if r.controllers != 1 {
		t.Fatalf("%d Deployments and StatefulSets, want 1", r.controllers)
	}
	return r
}

func (r *release) take(document []byte) error {
	var kind struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal(document, &kind); err != nil {
		return err
	}
	var into any
	switch kind.APIVersion + " " + kind.Kind {
	case " ":
		if len(bytes.TrimSpace(document)) > 0 {
			return fmt.Errorf("no kind")
		}
		return nil
	case "apps/v1 Deployment":
		r.controllers++
		r.deployment = &appsv1.Deployment{}
		into = r.deployment
	case "apps/v1 StatefulSet":
		r.controllers++
		r.set = &appsv1.StatefulSet{}
		into = r.set
	case "v1 Service":
		r.services = append(r.services, corev1.Service{})
		into = &r.services[len(r.services)-1]
	case "v1 ServiceAccount":
		r.account = &corev1.ServiceAccount{}
		into = r.account
	case "policy/v1 PodDisruptionBudget":
		r.disruption = &policyv1.PodDisruptionBudget{}
		into = r.disruption
	case "autoscaling/v2 HorizontalPodAutoscaler":
		r.autoscaler = &autoscalingv2.HorizontalPodAutoscaler{}
		into = r.autoscaler
	case "networking.k8s.io/v1 Ingress":
		r.ingress = &networkingv1.Ingress{}
		into = r.ingress
	case "monitoring.coreos.com/v1 ServiceMonitor":
		r.monitor = &monitor{}
		into = r.monitor
	default:
		return fmt.Errorf("%s of %s is not known to this test", kind.Kind, kind.APIVersion)
	}
	return yaml.UnmarshalStrict(document, into)
}

// controller returns what makes the pods: its kind and name, how many they are, which it takes for its own, and what they are.
func (r *release) controller() (kind, name string, replicas *int32, selector map[string]string, pod *corev1.PodTemplateSpec) {
	if s := r.set; s != nil {
		return "StatefulSet", s.Name, s.Spec.Replicas, s.Spec.Selector.MatchLabels, &s.Spec.Template
	}
	d := r.deployment
	return "Deployment", d.Name, d.Spec.Replicas, d.Spec.Selector.MatchLabels, &d.Spec.Template
}

func (r *release) container() *corev1.Container {
	_, _, _, _, pod := r.controller()
	return &pod.Spec.Containers[0]
}

func (r *release) env(name string) string {
	for _, e := range r.container().Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

// selects reports whether labels have all that a selector asks for.
func selects(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return len(selector) > 0
}

func TestHelmFindsNothingWrong(t *testing.T) {
	version, err := chartutil.ParseKubeVersion(newest)
	if err != nil {
		t.Fatal(err)
	}
	found := lint.AllWithKubeVersion(chartDir, nil, "chat", version)
	for _, m := range found.Messages {
		if m.Severity >= support.InfoSev {
			t.Error(m)
		}
	}
}

// What each choice of values comes to holds together: everything refers to what is there.
func TestManifestsHoldTogether(t *testing.T) {
	for name, values := range map[string]string{
		"default": "",
		"all": `
nameOverride: sockets
origins: [example.com, "https://*.example.com"]
tls: {secretName: cert}
admin: {tokenSecretName: operator}
ingress: {enabled: true, className: nginx, tlsSecretName: cert, annotations: {a: b}}
metrics: {serviceMonitor: {enabled: true, labels: {release: prometheus}}}
pprof: {enabled: true}
autoscaling: {enabled: true, targetConnections: 10000}
service: {annotations: {a: b}}
serviceAccount: {name: other, annotations: {a: b}}
podAnnotations: {a: b}
podLabels: {c: d}
nodeSelector: {e: f}
tolerations: [{key: k, operator: Exists}]
affinity: {podAntiAffinity: {}}
topologySpreadConstraints: [{maxSkew: 2, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]
extraEnv: [{name: TZ, value: UTC}]
extraArgs: [--log-level=debug]
imagePullSecrets: [{name: registry}]`,
		"nothing optional": `
metrics: {enabled: false}
podDisruptionBudget: {enabled: false}
serviceAccount: {create: false}
goMemoryLimit: ""
resources: {}`,
		"a cluster": "cluster: {enabled: true, secretName: nodes}",
		"a cluster, all": `
tls: {secretName: cert}
metrics: {serviceMonitor: {enabled: true}}
ingress: {enabled: true}
cluster: {enabled: true, secretName: nodes, storageNodes: 5, moreNodes: 2, durability: relaxed, port: 7901, store: {size: 1.5Ti, className: fast}}
autoscaling: {enabled: true, minReplicas: 5}`,
		"a long name":              "fullnameOverride: " + strings.Repeat("everwire-", 10),
		"a cluster of a long name": "{cluster: {enabled: true, secretName: nodes}, fullnameOverride: " + strings.Repeat("everwire-", 10) + "}",
	} {
		t.Run(name, func(t *testing.T) { newRelease(t, values).check(t) })
	}
}

func (r *release) check(t *testing.T) {
	t.Helper()
	kind, name, replicas, selector, pod := r.controller()
	if !selects(selector, pod.Labels) {
		t.Errorf("the %s selects %v, its pods have %v", kind, selector, pod.Labels)
	}
	ports := map[string]int32{}
	for _, p := range r.container().Ports {
		ports[p.Name] = p.ContainerPort
	}
	for _, s := range r.services {
		if !selects(s.Spec.Selector, pod.Labels) {
			t.Errorf("the Service %s selects %v, the pods have %v", s.Name, s.Spec.Selector, pod.Labels)
		}
		for _, p := range s.Spec.Ports {
			if ports[p.TargetPort.StrVal] == 0 {
				t.Errorf("the Service %s leads to the port %q, which there is not", s.Name, p.TargetPort.StrVal)
			}
			if metrics := p.TargetPort.StrVal == "metrics"; metrics && s.Spec.ClusterIP != "None" {
				t.Errorf("the Service %s leads to metrics from outside", s.Name)
			}
		}
		if len(s.Name) > 63 {
			t.Errorf("the name %s is too long", s.Name)
		}
	}
	probes := []*corev1.Probe{r.container().ReadinessProbe, r.container().LivenessProbe}
	if r.set != nil {
		probes = append(probes, r.container().StartupProbe)
	}
	for _, probe := range probes {
		if ports[probe.HTTPGet.Port.StrVal] == 0 {
			t.Errorf("%s is asked for on the port %q, which there is not", probe.HTTPGet.Path, probe.HTTPGet.Port.StrVal)
		}
		if tls := r.env("EVERWIRE_TLS_CERT") != ""; tls != (probe.HTTPGet.Scheme == corev1.URISchemeHTTPS) {
			t.Errorf("%s is asked for by %q", probe.HTTPGet.Path, probe.HTTPGet.Scheme)
		}
	}
	volumes := map[string]bool{}
	for _, v := range pod.Spec.Volumes {
		volumes[v.Name] = true
	}
	if r.set != nil {
		for _, c := range r.set.Spec.VolumeClaimTemplates {
			volumes[c.Name] = true
		}
	}
	for _, m := range r.container().VolumeMounts {
		if !volumes[m.Name] {
			t.Errorf("no volume %s", m.Name)
		}
	}
	if r.account != nil && r.account.Name != pod.Spec.ServiceAccountName {
		t.Errorf("the pods use the account %s, and there is %s", pod.Spec.ServiceAccountName, r.account.Name)
	}
	if r.disruption != nil && !selects(r.disruption.Spec.Selector.MatchLabels, pod.Labels) {
		t.Error("the PodDisruptionBudget is of other pods")
	}
	if r.autoscaler != nil {
		if to := r.autoscaler.Spec.ScaleTargetRef; to.Name != name || to.Kind != kind {
			t.Errorf("the autoscaler scales %v", to)
		}
		if replicas != nil {
			t.Errorf("the %s undoes what the autoscaler does", kind)
		}
	}
	if r.ingress != nil {
		for _, rule := range r.ingress.Spec.Rules {
			for _, p := range rule.HTTP.Paths {
				i := slices.IndexFunc(r.services, func(s corev1.Service) bool { return s.Name == p.Backend.Service.Name })
				if i < 0 || r.services[i].Spec.Ports[0].Name != p.Backend.Service.Port.Name {
					t.Errorf("%s leads to %v", rule.Host, p.Backend.Service)
				}
			}
		}
	}
	if r.monitor != nil {
		n := 0
		for _, s := range r.services {
			if selects(r.monitor.Spec.Selector.MatchLabels, s.Labels) {
				n++
				if s.Spec.Ports[0].Name != r.monitor.Spec.Endpoints[0].Port {
					t.Errorf("the ServiceMonitor asks on the port %s", r.monitor.Spec.Endpoints[0].Port)
				}
			}
		}
		if n != 1 {
			t.Errorf("the ServiceMonitor selects %d Services, want 1", n)
		}
	}
}

// A pod that is told to stop has time for all it does then.
func TestGracePeriodFitsTheDrain(t *testing.T) {
	r := newRelease(t, "shutdown: {delaySeconds: 7, timeoutSeconds: 40}")
	if got := *r.deployment.Spec.Template.Spec.TerminationGracePeriodSeconds; got != 57 {
		t.Errorf("grace period %d s, want 57 s", got)
	}
	if delay, timeout := r.env("EVERWIRE_SHUTDOWN_DELAY"), r.env("EVERWIRE_SHUTDOWN_TIMEOUT"); delay != "7s" || timeout != "40s" {
		t.Errorf("delay %s, timeout %s", delay, timeout)
	}
}

func TestPodsMayDoNothingTheyNeedNot(t *testing.T) {
	r := newRelease(t, "")
	pod, container := r.deployment.Spec.Template.Spec.SecurityContext, r.container().SecurityContext
	if !*pod.RunAsNonRoot || *pod.RunAsUser == 0 || pod.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("%+v", pod)
	}
	if *container.AllowPrivilegeEscalation || !*container.ReadOnlyRootFilesystem ||
		!slices.Equal(container.Capabilities.Drop, []corev1.Capability{"ALL"}) {
		t.Errorf("%+v", container)
	}
	if *r.deployment.Spec.Template.Spec.AutomountServiceAccountToken {
		t.Error("pods get a token of the cluster's")
	}
}

func TestProfilesAreNotReachableFromOutsideThePod(t *testing.T) {
	r := newRelease(t, "pprof: {enabled: true}")
	if at := r.env("EVERWIRE_PPROF"); at != "127.0.0.1:6060" {
		t.Errorf("profiles at %s", at)
	}
}

func TestBadValuesAreRefused(t *testing.T) {
	for _, tt := range []struct{ values, want string }{
		{"replicas: 3", "replicas"},
		{"service: {type: Cluster}", "/service/type"},
		{"metrics: {port: 80}", "/metrics/port"},
		{"shutdown: {delaySeconds: 10s}", "/shutdown/delaySeconds"},
		{"log: {level: loud}", "/log/level"},
		{"origins: ['a, b']", "/origins/0"},
		{"goMemoryLimit: 1Gi", "/goMemoryLimit"},
		{"podDisruptionBudget: {maxUnavailable: some}", "/podDisruptionBudget/maxUnavailable"},
		{"cluster: {enabled: true}", "needs cluster.secretName"},
		{"cluster: {enabled: true, secretName: nodes, storageNodes: 2}", "/cluster/storageNodes"},
		{"cluster: {enabled: true, secretName: nodes, store: {size: 10}}", "/cluster/store/size"},
		{"{cluster: {enabled: true, secretName: nodes}, autoscaling: {enabled: true}}", "autoscaling.minReplicas must be 3"},
		{"metrics: {enabled: false, serviceMonitor: {enabled: true}}", "needs metrics.enabled"},
	} {
		if _, err := render(tt.values, newest); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %s", tt.values, err, tt.want)
		}
	}
}

func TestOldestKubernetes(t *testing.T) {
	if _, err := render("", oldest); err != nil {
		t.Error(err)
	}
}

// Each value that the schema allows is in values.yaml, where it is explained.
func TestEveryValueHasADefault(t *testing.T) {
	chart, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := yaml.Unmarshal(chart.Schema, &schema); err != nil {
		t.Fatal(err)
	}
	var visit func(at string, schema, values map[string]any)
	visit = func(at string, schema, values map[string]any) {
		properties, _ := schema["properties"].(map[string]any)
		for name, p := range properties {
			inner := p.(map[string]any)
			value, there := values[name]
			if !there && at+name != "global" && at != "resources." {
				t.Errorf("values.yaml does not have %s%s", at, name)
			}
			if table, ok := value.(map[string]any); ok {
				visit(at+name+".", inner, table)
			}
		}
	}
	visit("", schema, chart.Values)
}
