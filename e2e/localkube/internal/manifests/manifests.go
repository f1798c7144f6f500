// Package manifests holds the objects that a new cluster starts with.
package manifests

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"strings"
	"text/template"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
)

//go:embed *.yaml Corefile
var files embed.FS

// Values fill the manifests.
type Values struct {
	DNSService    string
	Gateway       string
	DNSPort       int
	DNSHealthPort int
	DNSReadyPort  int
	ClusterDomain string
	Provisioner   string
	Kubeconfig    string // CoreDNS's
}

// Corefile configures CoreDNS.
func Corefile(v Values) ([]byte, error) { return render("Corefile", v) }

// Create makes all objects; those that exist already stay as they are.
func Create(ctx context.Context, client kubernetes.Interface, v Values) error {
	objects, err := decode(v)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := create(ctx, client, object); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("create %T: %w", object, err)
		}
	}
	return nil
}

func decode(v Values) ([]runtime.Object, error) {
	names, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	var objects []runtime.Object
	for _, name := range names {
		if !strings.HasSuffix(name.Name(), ".yaml") {
			continue
		}
		content, err := render(name.Name(), v)
		if err != nil {
			return nil, err
		}
		for _, document := range strings.Split(string(content), "\n---\n") {
			object, _, err := scheme.Codecs.UniversalDeserializer().Decode([]byte(document), nil, nil)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name.Name(), err)
			}
			objects = append(objects, object)
		}
	}
	return objects, nil
}

func create(ctx context.Context, client kubernetes.Interface, object runtime.Object) (err error) {
	options := metav1.CreateOptions{}
	switch o := object.(type) {
	case *corev1.Service:
		_, err = client.CoreV1().Services(o.Namespace).Create(ctx, o, options)
	case *discoveryv1.EndpointSlice:
		_, err = client.DiscoveryV1().EndpointSlices(o.Namespace).Create(ctx, o, options)
	case *rbacv1.ClusterRole:
		_, err = client.RbacV1().ClusterRoles().Create(ctx, o, options)
	case *rbacv1.ClusterRoleBinding:
		_, err = client.RbacV1().ClusterRoleBindings().Create(ctx, o, options)
	case *storagev1.StorageClass:
		_, err = client.StorageV1().StorageClasses().Create(ctx, o, options)
	default:
		err = fmt.Errorf("no way to create this kind")
	}
	return err
}

func render(name string, v Values) ([]byte, error) {
	parsed, err := template.New(name).ParseFS(files, name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, v)
	return out.Bytes(), err
}
