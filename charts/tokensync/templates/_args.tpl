{{/* The flags for values that differ from the operator's defaults. */}}
{{- define "tokensync.args" }}
{{- with .Values }}
{{- if .metrics.enabled }}
- --metrics-bind-address=:8443
{{- else }}
- --metrics-bind-address=0
{{- end }}
{{- if not .metrics.secure }}
- --metrics-secure=false
{{- end }}
{{- if .metrics.certSecretName }}
- --metrics-cert-dir=/etc/tokensync/metrics
{{- end }}
- --cluster-resource-namespace=$(POD_NAMESPACE)
{{- with .namespaces }}
- --namespaces={{ join "," . }}
{{- end }}
{{- if .allowHTTP }}
- --allow-http
{{- end }}
{{- with .allowedCIDRs }}
- --allowed-cidrs={{ join "," . }}
{{- end }}
{{- if .denyPrivateNetworks }}
- --deny-private-networks
{{- end }}
{{- if not .requireCredentialsLabel }}
- --require-credentials-label=false
{{- end }}
{{- if not .allowInlineAuthorizationServers }}
- --allow-inline-authorization-servers=false
{{- end }}
{{- with .tracing.endpoint }}
- {{ printf "--tracing-endpoint=%s" . | quote }}
{{- end }}
{{- if ne (float64 .tracing.samplingRatio) 1.0 }}
- --tracing-sampling-ratio={{ .tracing.samplingRatio }}
{{- end }}
{{- if ne .log.level "info" }}
- --zap-log-level={{ .log.level }}
{{- end }}
{{- if ne .log.encoder "json" }}
- --zap-encoder={{ .log.encoder }}
{{- end }}
{{- end }}
{{- end }}
