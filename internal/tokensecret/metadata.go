package tokensecret

import (
	"encoding/json"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// metadata holds the labels and annotations of a token Secret, without the record.
type metadata struct{ labels, annotations map[string]string }

// metadataOf returns the metadata that a ClientCredential requests for its Secret.
func metadataOf(owner *v1alpha1.ClientCredential) metadata {
	wanted := metadata{labels: map[string]string{}, annotations: map[string]string{}}
	if template := owner.TargetTemplate().Metadata; template != nil {
		maps.Copy(wanted.labels, template.Labels)
		maps.Copy(wanted.annotations, template.Annotations)
	}
	wanted.labels[v1alpha1.ManagedByLabel] = v1alpha1.ManagedBy
	wanted.annotations[v1alpha1.OwnerUIDAnnotation] = string(owner.UID)
	wanted.annotations[v1alpha1.OwnerNameAnnotation] = owner.Name
	wanted.annotations[v1alpha1.TemplateHashAnnotation] = TemplateHash(owner)
	if owner.RetainsTarget() {
		wanted.annotations[v1alpha1.AdoptableByAnnotation] = owner.Name
	}
	return wanted
}

// knownTo removes metadata that did not exist in the version that wrote the Secret. If such metadata is
// missing, the Secret has not drifted, because an upgrade must not rewrite all Secrets.
func (m metadata) knownTo(secret metav1.Object) metadata {
	if _, known := secret.GetAnnotations()[v1alpha1.OwnerNameAnnotation]; !known {
		delete(m.annotations, v1alpha1.OwnerNameAnnotation)
	}
	return m
}

// keys returns the keys of the labels and annotations, by their parent field.
func (m metadata) keys() map[string][]string {
	return map[string][]string{
		labelsField:      slices.Collect(maps.Keys(m.labels)),
		annotationsField: slices.Collect(maps.Keys(m.annotations)),
	}
}

// isIn reports whether a Secret has all these labels and annotations.
func (m metadata) isIn(secret metav1.Object) bool {
	has := func(all, some map[string]string) bool {
		for key, value := range some {
			if actual, found := all[key]; !found || actual != value {
				return false
			}
		}
		return true
	}
	return has(secret.GetLabels(), m.labels) && has(secret.GetAnnotations(), m.annotations)
}

// staleFields are fields that only the operator wrote, and that are no longer wanted. They are pruned
// separately, because a server-side apply does not remove fields that the earlier create wrote.
type staleFields map[string][]string

func (s *State) staleFields(owner *v1alpha1.ClientCredential) staleFields {
	kept := metadataOf(owner).keys()
	kept[annotationsField] = append(kept[annotationsField], ownAnnotations...)
	kept[dataField] = append(templateKeys(owner), tokenKeys...)
	if s.Record != nil {
		kept[dataField] = append(kept[dataField], s.Record.Fields...)
	}
	left, foreign := staleFields{}, s.foreign.keys()
	for field, keys := range s.written.keys() {
		for _, key := range keys {
			if !slices.Contains(kept[field], key) && !slices.Contains(foreign[field], key) {
				left[field] = append(left[field], key)
			}
		}
	}
	return left
}

func (l staleFields) isEmpty() bool { return len(l) == 0 }

// PrunePatch returns a strategic merge patch that removes the stale fields from the target; nil if there are
// none. before is the state before a write. resourceVersion is the version of the Secret after the write.
func PrunePatch(owner *v1alpha1.ClientCredential, before *State, record Record, resourceVersion string) []byte {
	if before == nil || !before.Owned {
		return nil
	}
	now := *before
	now.Record = &record
	left, released := now.staleFields(owner), before.referenced && owner.RetainsTarget()
	if left.isEmpty() && !released {
		return nil
	}
	gone := func(field string) map[string]any {
		members := map[string]any{}
		for _, key := range left[field] {
			members[key] = nil
		}
		return members
	}
	meta := map[string]any{"labels": gone(labelsField), "annotations": gone(annotationsField), "uid": before.UID, "resourceVersion": resourceVersion}
	if released {
		meta["ownerReferences"] = []any{map[string]any{"$patch": "delete", "uid": owner.UID}}
	}
	// Encoding maps of strings never fails.
	patch, _ := json.Marshal(map[string]any{"data": gone(dataField), "metadata": meta})
	return patch
}
