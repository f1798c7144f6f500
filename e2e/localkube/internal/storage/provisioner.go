// Package storage provides persistent volumes: each is a folder of this
// computer, shown to its node as a local volume. Unlike a plain hostPath such
// a volume follows the pod's fsGroup, so pods that are not root can write.
package storage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
)

// Provisioner is the name that storage classes give.
const Provisioner = "localkube.rocketmq-operator.io/local-path"

const (
	provisionedBy    = "pv.kubernetes.io/provisioned-by"
	selectedNode     = "volume.kubernetes.io/selected-node"
	fullPassInterval = 15 * time.Second
)

// Controller makes, grows and removes volumes. Each pass starts from what the
// API server says, so a pass that was cut short is simply done again.
type Controller struct {
	client  kubernetes.Interface
	folder  string
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	classes storagelisters.StorageClassLister
	log     func(format string, args ...any)
}

// Run works until the context ends.
func Run(ctx context.Context, client kubernetes.Interface, folder string, log func(string, ...any)) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	core := factory.Core().V1()
	c := &Controller{
		client: client, folder: folder, log: log,
		claims:  core.PersistentVolumeClaims().Lister(),
		volumes: core.PersistentVolumes().Lister(),
		classes: factory.Storage().V1().StorageClasses().Lister(),
	}
	changed := make(chan struct{}, 1)
	wake := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { wake() },
		UpdateFunc: func(_, _ any) { wake() },
		DeleteFunc: func(any) { wake() },
	}
	core.PersistentVolumeClaims().Informer().AddEventHandler(handler)
	core.PersistentVolumes().Informer().AddEventHandler(handler)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	ticker := time.NewTicker(fullPassInterval)
	defer ticker.Stop()
	for {
		if err := c.pass(ctx); err != nil {
			log("%v", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-ticker.C:
		}
	}
}

func (c *Controller) pass(ctx context.Context) error {
	claims, err := c.claims.List(labels.Everything())
	if err != nil {
		return err
	}
	for _, claim := range claims {
		if err := c.claim(ctx, claim); err != nil {
			c.log("claim %s/%s: %v", claim.Namespace, claim.Name, err)
		}
	}
	volumes, err := c.volumes.List(labels.Everything())
	if err != nil {
		return err
	}
	for _, volume := range volumes {
		if !isReleased(volume) {
			continue
		}
		if err := c.remove(ctx, volume); err != nil {
			c.log("volume %s: %v", volume.Name, err)
		}
	}
	return nil
}

func (c *Controller) claim(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	if claim.Spec.StorageClassName == nil || claim.DeletionTimestamp != nil {
		return nil
	}
	class, err := c.classes.Get(*claim.Spec.StorageClassName)
	if apierrors.IsNotFound(err) || (err == nil && class.Provisioner != Provisioner) {
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case claim.Spec.VolumeName == "" && claim.Annotations[selectedNode] != "":
		policy := corev1.PersistentVolumeReclaimDelete
		if class.ReclaimPolicy != nil {
			policy = *class.ReclaimPolicy
		}
		return c.provision(ctx, claim, policy)
	case wantsMore(claim):
		return c.grow(ctx, claim)
	}
	return nil
}

func (c *Controller) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim, policy corev1.PersistentVolumeReclaimPolicy) error {
	volume := volumeFor(claim, policy, c.folder)
	if _, err := c.volumes.Get(volume.Name); err == nil {
		return nil // made already; the binding will follow
	}
	if err := os.MkdirAll(volume.Spec.Local.Path, 0o755); err != nil {
		return err
	}
	_, err := c.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	if err == nil {
		c.log("volume %s for claim %s/%s on %s", volume.Name, claim.Namespace, claim.Name, claim.Annotations[selectedNode])
	}
	return err
}

// grow takes a claim's wish as done: a folder has no size of its own.
func (c *Controller) grow(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	wanted := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	volume, err := c.volumes.Get(claim.Spec.VolumeName)
	if err != nil {
		return err
	}
	if volume.Annotations[provisionedBy] != Provisioner {
		return nil
	}
	volume = volume.DeepCopy()
	volume.Spec.Capacity[corev1.ResourceStorage] = wanted
	if _, err := c.client.CoreV1().PersistentVolumes().Update(ctx, volume, metav1.UpdateOptions{}); err != nil {
		return err
	}
	claim = claim.DeepCopy()
	claim.Status.Capacity[corev1.ResourceStorage] = wanted
	claim.Status.Conditions = nil
	_, err = c.client.CoreV1().PersistentVolumeClaims(claim.Namespace).UpdateStatus(ctx, claim, metav1.UpdateOptions{})
	if err == nil {
		c.log("volume %s grown to %s", volume.Name, wanted.String())
	}
	return err
}

func (c *Controller) remove(ctx context.Context, volume *corev1.PersistentVolume) error {
	path := volume.Spec.Local.Path
	if filepath.Dir(path) != c.folder {
		return fmt.Errorf("its folder %s is not one of ours", path)
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	err := c.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil {
		c.log("volume %s removed", volume.Name)
	}
	return err
}
