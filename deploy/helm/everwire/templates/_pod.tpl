{{/* A pod of the server: what is the same in the Deployment, and in the StatefulSet that takes its place in a cluster. */}}
{{- define "everwire.pod" -}}
metadata:
  labels:
    {{- include "everwire.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  serviceAccountName: {{ include "everwire.serviceAccount" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false # they would be variables EVERWIRE_PORT and the like
  terminationGracePeriodSeconds: {{ add .Values.shutdown.delaySeconds .Values.shutdown.timeoutSeconds 10 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: everwire
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        - serve
        {{- with .Values.extraArgs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      env:
        - name: EVERWIRE_ADDR
          value: ":8080"
        {{- if .Values.metrics.enabled }}
        - name: EVERWIRE_METRICS
          value: ":{{ .Values.metrics.port }}"
        {{- end }}
        {{- if .Values.pprof.enabled }}
        - name: EVERWIRE_PPROF
          value: "127.0.0.1:{{ .Values.pprof.port }}"
        {{- end }}
        {{- with .Values.origins }}
        - name: EVERWIRE_ORIGIN
          value: {{ join "," . | quote }}
        {{- end }}
        - name: EVERWIRE_LOG_FORMAT
          value: {{ .Values.log.format }}
        - name: EVERWIRE_LOG_LEVEL
          value: {{ .Values.log.level }}
        - name: EVERWIRE_SHUTDOWN_DELAY
          value: {{ .Values.shutdown.delaySeconds }}s
        - name: EVERWIRE_SHUTDOWN_TIMEOUT
          value: {{ .Values.shutdown.timeoutSeconds }}s
        {{- if .Values.tls.secretName }}
        - name: EVERWIRE_TLS_CERT
          value: /tls/tls.crt
        - name: EVERWIRE_TLS_KEY
          value: /tls/tls.key
        {{- end }}
        {{- with .Values.admin.tokenSecretName }}
        - name: EVERWIRE_ADMIN_TOKEN
          valueFrom:
            secretKeyRef:
              name: {{ . }}
              key: token
        {{- end }}
        {{- if .Values.cluster.enabled }}
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: EVERWIRE_CLUSTER
          value: "true"
        - name: EVERWIRE_CLUSTER_ADDR
          value: "$(POD_NAME).{{ include "everwire.peerDomain" . }}"
        - name: EVERWIRE_PEERS
          value: {{ include "everwire.peers" . | quote }}
        - name: EVERWIRE_CLUSTER_STORE
          value: /var/lib/everwire/cluster
        - name: EVERWIRE_CLUSTER_SECRET_FILE
          value: /cluster/secret
        - name: EVERWIRE_DURABILITY
          value: {{ .Values.cluster.durability }}
        {{- end }}
        {{- with .Values.goMemoryLimit }}
        - name: GOMEMLIMIT
          value: {{ . | quote }}
        {{- end }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: ws
          containerPort: 8080
        {{- if .Values.metrics.enabled }}
        - name: metrics
          containerPort: {{ .Values.metrics.port }}
        {{- end }}
        {{- if .Values.cluster.enabled }}
        - name: peers
          containerPort: {{ .Values.cluster.port }}
        {{- end }}
      {{- if .Values.cluster.enabled }}
      # It answers when it has read what it keeps, which can take a while after it was killed.
      startupProbe:
        httpGet:
          path: /livez
          port: ws
          {{- if .Values.tls.secretName }}
          scheme: HTTPS
          {{- end }}
        periodSeconds: 5
        timeoutSeconds: 2
        failureThreshold: 60
      {{- end }}
      readinessProbe:
        httpGet:
          path: /readyz
          port: ws
          {{- if .Values.tls.secretName }}
          scheme: HTTPS
          {{- end }}
        periodSeconds: 5
        timeoutSeconds: 2
        failureThreshold: 1
      livenessProbe:
        httpGet:
          path: /livez
          port: ws
          {{- if .Values.tls.secretName }}
          scheme: HTTPS
          {{- end }}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop:
            - ALL
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if .Values.tls.secretName }}
        - name: tls
          mountPath: /tls
          readOnly: true
        {{- end }}
        {{- if .Values.cluster.enabled }}
        - name: store
          mountPath: /var/lib/everwire
        - name: cluster
          mountPath: /cluster
          readOnly: true
        {{- end }}
  volumes:
    # For binary messages that a program takes as blobs.
    - name: tmp
      emptyDir: {}
    {{- if .Values.tls.secretName }}
    - name: tls
      secret:
        secretName: {{ .Values.tls.secretName }}
    {{- end }}
    {{- if .Values.cluster.enabled }}
    - name: cluster
      secret:
        secretName: {{ required "cluster.enabled needs cluster.secretName: a Secret whose key \"secret\" all nodes have" .Values.cluster.secretName }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- if .Values.topologySpreadConstraints }}
    {{- toYaml .Values.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "everwire.selector" . | nindent 10 }}
    {{- end }}
{{- end }}
