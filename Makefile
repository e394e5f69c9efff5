# The image that docker-build makes and deploy installs.
IMG ?= controller:latest
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
CONTAINER_TOOL ?= docker
# The platforms that docker-buildx builds for.
PLATFORMS ?= linux/amd64,linux/arm64,linux/ppc64le,linux/s390x
# The file that build-plugin writes the kubectl plugin to.
PLUGIN ?= bin/kubectl-tokensync
KUBECTL ?= kubectl
# Additional flags for "make demo" and "make run".
DEMO_ARGS ?=
RUN_ARGS ?=
# The number of ClientCredentials that "make bench-scale" creates.
CLIENTCREDENTIALS ?= 10000
# The time that "make fuzz" runs each target.
FUZZTIME ?= 30s

TOOL = go tool -modfile=hack/tools/go.mod
CONTROLLER_GEN = $(TOOL) controller-gen
KUSTOMIZE = $(TOOL) kustomize
BUILD_FLAGS = -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION)"
IMAGE_ARGS = --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION)

.DEFAULT_GOAL := help

##@ General

.PHONY: help
help: ## Show this text.
	@awk 'BEGIN {FS = ":.*##"; printf "Usage: make <target>\n"} \
	  /^[a-zA-Z0-9_-]+:.*?##/ {printf "  %-17s %s\n", $$1, $$2} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)}' $(MAKEFILE_LIST)

##@ Development

.PHONY: generate
generate: ## Generate deep copies, CRDs, the manager's role, the reference pages and the chart's files.
	$(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt paths=./api/...
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:artifacts:config=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=manager-role paths="{./controllers/...,./cmd/...}" output:rbac:artifacts:config=config/rbac
	@mkdir -p docs/reference
	$(TOOL) crd-ref-docs --source-path=./api/v1alpha1 --config=hack/api-reference/config.yaml \
	  --renderer=markdown --log-level=ERROR --output-path=docs/reference/api.md
	go run ./hack/profiles
	go run ./hack/flags
	go run ./hack/chart

.PHONY: generate-states
generate-states: ## Generate docs/states.md and Argo CD's health checks from the results of tests.
	@hack/generate-states.sh

.PHONY: verify
verify: ## Fail if generated files, go.mod files or the formatting are stale, and show the differences.
	@hack/verify.sh

.PHONY: lint
lint: ## Run the linters, including those for Kubernetes APIs and workflows.
	$(TOOL) actionlint -shellcheck= -pyflakes=
	$(TOOL) golangci-lint-kube-api-linter run
	cd test/ecosystem && go tool -modfile=../../hack/tools/go.mod golangci-lint-kube-api-linter run --config=../../.golangci.yml

.PHONY: test
test: ## Run all tests and check the coverage of the pure packages.
	@hack/test.sh

.PHONY: test-interop
test-interop: ## Run the operator against a certified OpenID provider (needs Node.js 20 and npm).
	@hack/test-interop.sh

.PHONY: test-ecosystem
test-ecosystem: ## Run the tests against Prometheus, Flux, Argo CD and other consumers.
	@hack/test-ecosystem.sh

.PHONY: test-e2e
test-e2e: ## Run the end-to-end tests on the cluster of KUBECONFIG (IMG=..., see CONTRIBUTING.md).
	@hack/test-e2e.sh

.PHONY: fuzz
fuzz: ## Fuzz requests, responses and templates (FUZZTIME=...).
	go test -run='^$$' -fuzz='^FuzzBuildRequest$$' -fuzztime=$(FUZZTIME) ./internal/oauth2
	go test -run='^$$' -fuzz='^FuzzReadResponse$$' -fuzztime=$(FUZZTIME) ./internal/oauth2
	go test -run='^$$' -fuzz='^FuzzRender$$' -fuzztime=$(FUZZTIME) ./internal/template

.PHONY: bench-scale
bench-scale: build ## Measure the operator with many ClientCredentials, compared with a bare loop (CLIENTCREDENTIALS=10000).
	KUBEBUILDER_ASSETS=$$(go run ./hack/assets) go test -run='^$$' -bench=. -benchtime=1x -timeout=60m ./test/scale \
	  -clientcredentials=$(CLIENTCREDENTIALS) -other-secrets=$$((2 * $(CLIENTCREDENTIALS)))

.PHONY: demo
demo: build ## Watch tokens appear and renew, on a local control plane (DEMO_ARGS=--once ends by itself).
	@hack/run-demo.sh --manager bin/manager $(DEMO_ARGS)

.PHONY: run
run: build ## Run the manager on this machine, against the cluster of the current KUBECONFIG (RUN_ARGS=...).
	@bin/manager $(RUN_ARGS)

##@ Build

.PHONY: build
build: ## Build bin/manager.
	@echo "Building the operator; the first time this takes some minutes." >&2
	@CGO_ENABLED=0 hack/go-build.sh $(BUILD_FLAGS) -o bin/manager ./cmd

.PHONY: build-plugin
build-plugin: ## Build bin/kubectl-tokensync, the kubectl plugin.
	@echo "Building $(PLUGIN); the first time this takes some minutes." >&2
	@CGO_ENABLED=0 hack/go-build.sh $(BUILD_FLAGS) -o $(PLUGIN) ./cmd/kubectl-tokensync

.PHONY: docker-build
docker-build: ## Build the image (IMG=...).
	$(CONTAINER_TOOL) build $(IMAGE_ARGS) --tag $(IMG) .

# All times in the image are the commit's, so that building it again gives the same image. This needs a
# builder that supports it: run "docker buildx create --use" once.
.PHONY: docker-buildx
docker-buildx: ## Build and push the image for PLATFORMS, with SBOM and provenance (IMG=...).
	@mkdir -p dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(CONTAINER_TOOL) buildx build $(IMAGE_ARGS) \
	  --platform=$(PLATFORMS) --sbom=true --provenance=mode=max \
	  --output=type=image,push=true,rewrite-timestamp=true --metadata-file=dist/image.json --tag $(IMG) .

.PHONY: build-installer
build-installer: ## Write dist/install.yaml, which installs everything (IMG=...).
	@mkdir -p dist
	hack/render.sh $(IMG) >dist/install.yaml

##@ Deployment

.PHONY: install
install: ## Install the CRDs in the cluster of the current KUBECONFIG.
	$(KUSTOMIZE) build config/crd | $(KUBECTL) apply -f -

.PHONY: uninstall
uninstall: ## Remove the CRDs, and with them every ClientCredential and token Secret.
	$(KUSTOMIZE) build config/crd | $(KUBECTL) delete --ignore-not-found -f -

.PHONY: deploy
deploy: ## Install everything in the cluster of the current KUBECONFIG (IMG=...).
	hack/render.sh $(IMG) | $(KUBECTL) apply -f -

.PHONY: undeploy
undeploy: ## Remove everything that deploy installed except the CRDs: ClientCredentials and token Secrets stay.
	hack/render.sh $(IMG) | $(KUBECTL) delete --ignore-not-found --selector='app.kubernetes.io/component!=crd' -f -

##@ Release

.PHONY: release-check
release-check: ## Fail unless VERSION can be released (VERSION=v0.1.0).
	@hack/check-version.sh $(VERSION)

.PHONY: release-artifacts
release-artifacts: IMG = ghcr.io/tokensync/tokensync:$(VERSION)
release-artifacts: ## Write the files of a release to dist/release (VERSION=v0.1.0 IMG=...).
	@hack/release.sh $(VERSION) $(IMG)
