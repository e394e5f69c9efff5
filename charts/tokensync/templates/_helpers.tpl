{{/* The prefix of all names. With the longest suffix a name has at most 63 characters. */}}
{{- define "tokensync.fullname" -}}
{{- $name := .Release.Name }}
{{- if not (contains .Chart.Name $name) }}
{{- $name = printf "%s-%s" $name .Chart.Name }}
{{- end }}
{{- $name | trunc 28 | trimSuffix "-" }}
{{- end }}

{{/* The labels that select the Pods. They never change: the selector of a Deployment is immutable. */}}
{{- define "tokensync.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: controller
{{- end }}

{{- define "tokensync.commonLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}

{{- define "tokensync.labels" -}}
{{ include "tokensync.commonLabels" . }}
app.kubernetes.io/component: controller
{{- end }}

{{/* A digest decides which image runs. A tag beside it only informs people. */}}
{{- define "tokensync.image" -}}
{{- $image := .Values.image }}
{{- $tag := $image.tag }}
{{- if not (or $tag $image.digest) }}
{{- $tag = .Chart.AppVersion }}
{{- end }}
{{- $image.repository }}{{ with $tag }}:{{ . }}{{ end }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "tokensync.subjects" -}}
- kind: ServiceAccount
  name: {{ include "tokensync.fullname" . }}-controller-manager
  namespace: {{ .Release.Namespace | quote }}
{{- end }}

{{/* Binds the ClusterRole .role to the operator, as .name: in its namespaces, or in the whole cluster. */}}
{{- define "tokensync.binding" -}}
{{- $ := .root }}
{{- $role := .role }}
{{- $name := .name }}
{{- range $namespace := $.Values.namespaces | default (list "") }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $namespace | empty | ternary "ClusterRoleBinding" "RoleBinding" }}
metadata:
  name: {{ $name }}
  {{- with $namespace }}
  namespace: {{ . | quote }}
  {{- end }}
  labels:
    {{- include "tokensync.labels" $ | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ $role }}
subjects:
{{ include "tokensync.subjects" $ }}
{{- end }}
{{- end }}
