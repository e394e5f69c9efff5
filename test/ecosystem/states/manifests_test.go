package states_test

// The field managers of the tools that apply manifests from Git.
const (
	argoCD = "argocd-controller"
	flux   = "kustomize-controller"
)

// shortManifest has only the necessary fields. longManifest has fields of all kinds in the notation
// that people use, and the labels and annotations by which GitOps tools recognize their objects.
const (
	shortManifest = `
apiVersion: oauth2.tokensync.dev/v1alpha1
kind: ClientCredential
metadata:
  name: shop
spec:
  authorizationServer:
    tokenEndpoint: SERVER/oauth2/token
  credentialsRef:
    name: shop-client
`
	longManifest = `
apiVersion: oauth2.tokensync.dev/v1alpha1
kind: ClientCredential
metadata:
  name: shop
  labels:
    app.kubernetes.io/instance: shop
    kustomize.toolkit.fluxcd.io/name: shop
    kustomize.toolkit.fluxcd.io/namespace: flux-system
  annotations:
    argocd.argoproj.io/tracking-id: shop:oauth2.tokensync.dev/ClientCredential:default/shop
    argocd.argoproj.io/sync-wave: "1"
spec:
  authorizationServer:
    profile: RFC6749
    tokenEndpoint: SERVER/oauth2/token
    clientAuthentication: {method: client_secret_basic}
    request:
      parameters:
      - {name: tenant, value: "1"}
      - {name: active, value: "true", type: String}
    response: {expiresIn: [/expires_in], expiresAt: []}
    rateLimit: {requests: 30, per: 60s}
    revocation: {endpoint: SERVER/oauth2/revoke, onDelete: true}
    defaultTokenLifetime: 60m
  credentialsRef: {name: shop-client}
  scopes: [orders:read, orders:write]
  parameters: [{name: region, value: eu}]
  renewBefore: 1200s
  target:
    template:
      metadata:
        labels: {team: shop}
        annotations: {owner: "team shop"}
  suspend: false
`
)
