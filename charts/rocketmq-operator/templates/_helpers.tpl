{{- define "rocketmq-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "rocketmq-operator.selectorLabels" -}}
app.kubernetes.io/name: rocketmq-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "rocketmq-operator.labels" -}}
{{ include "rocketmq-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ include "rocketmq-operator.tag" . | quote }}
app.kubernetes.io/part-of: rocketmq
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "rocketmq-operator.tag" -}}
{{- default .Chart.AppVersion .Values.image.tag -}}
{{- end -}}

{{- define "rocketmq-operator.image" -}}
{{- printf "%s/operator:%s" .Values.image.repository (include "rocketmq-operator.tag" .) -}}
{{- end -}}

{{- define "rocketmq-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "rocketmq-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* What the operator may do where it looks after clusters: each verb is one that it uses. */}}
{{- define "rocketmq-operator.rules" -}}
- apiGroups: [rocketmq-operator.io]
  resources: [rocketmqclusters]
  verbs: [get, list, watch]
- apiGroups: [rocketmq-operator.io]
  resources: [rocketmqclusters/status]
  verbs: [get, update, patch]
# Where owner references are checked (OpenShift), naming an owner that blocks deletion needs this.
- apiGroups: [rocketmq-operator.io]
  resources: [rocketmqclusters/finalizers]
  verbs: [update]
# Who is master of each group.
- apiGroups: [rocketmq-operator.io]
  resources: [brokergroups]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [rocketmq-operator.io]
  resources: [brokergroups/status]
  verbs: [update, patch]
# Where brokers find the operator that leads.
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch, create, patch]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [services, configmaps]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
# Rolling updates delete one pod at a time; its role is a label.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, patch, delete]
# Volumes that grow.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, list, watch, patch]
- apiGroups: ["", events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- if .Values.networkPolicy.enabled }}
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
{{- end }}
{{- end -}}
