{{- define "everwire.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Room is left for what is put behind it: "-metrics", and in a label the hash of a StatefulSet's revision. */}}
{{- define "everwire.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "everwire.selector" -}}
app.kubernetes.io/name: {{ include "everwire.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "everwire.labels" -}}
{{ include "everwire.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "everwire.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "everwire.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* What follows a pod's name in its address among the nodes. Each pod finds its own in its /etc/hosts. */}}
{{- define "everwire.peerDomain" -}}
{{ include "everwire.fullname" . }}-peers.{{ .Release.Namespace }}.svc.{{ .Values.cluster.domain }}:{{ .Values.cluster.port }}
{{- end }}

{{/* The nodes with storage, which others look for. */}}
{{- define "everwire.peers" -}}
{{- $peers := list }}
{{- range $i := until (int .Values.cluster.storageNodes) }}
{{- $peers = append $peers (printf "%s-%d.%s" (include "everwire.fullname" $) $i (include "everwire.peerDomain" $)) }}
{{- end }}
{{- join "," $peers }}
{{- end }}
