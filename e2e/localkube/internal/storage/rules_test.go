package storage

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func size(s string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(s)}
}

func TestVolumeFor(t *testing.T) {
	class := "local-path"
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data", Namespace: "n", UID: "u", Annotations: map[string]string{selectedNode: "node2"}},
		Spec:       corev1.PersistentVolumeClaimSpec{StorageClassName: &class, Resources: corev1.VolumeResourceRequirements{Requests: size("1Gi")}},
	}
	v := volumeFor(claim, corev1.PersistentVolumeReclaimRetain, "/v")
	if v.Name != "pvc-u" || v.Spec.Local.Path != "/v/pvc-u" || v.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimRetain {
		t.Errorf("%+v", v)
	}
	if got := v.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values[0]; got != "node2" {
		t.Error(got)
	}
	v.Status.Phase = corev1.VolumeReleased
	if isReleased(v) {
		t.Error("a retained volume would be removed")
	}
	v.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimDelete
	if !isReleased(v) {
		t.Error("a released volume would be kept")
	}
	v.Annotations = nil
	if isReleased(v) {
		t.Error("another provisioner's volume would be removed")
	}
}

func TestWantsMore(t *testing.T) {
	claim := func(phase corev1.PersistentVolumeClaimPhase, wanted, has string) *corev1.PersistentVolumeClaim {
		return &corev1.PersistentVolumeClaim{
			Spec:   corev1.PersistentVolumeClaimSpec{Resources: corev1.VolumeResourceRequirements{Requests: size(wanted)}},
			Status: corev1.PersistentVolumeClaimStatus{Phase: phase, Capacity: size(has)},
		}
	}
	if !wantsMore(claim(corev1.ClaimBound, "2Gi", "1Gi")) {
		t.Error("growth not seen")
	}
	if wantsMore(claim(corev1.ClaimBound, "1Gi", "1024Mi")) || wantsMore(claim(corev1.ClaimPending, "2Gi", "1Gi")) {
		t.Error("growth seen where there is none")
	}
}
