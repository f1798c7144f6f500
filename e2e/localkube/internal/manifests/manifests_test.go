package manifests

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

var values = Values{
	DNSService: "10.96.0.10", Gateway: "10.200.0.1", DNSPort: 53, DNSHealthPort: 1, DNSReadyPort: 2,
	ClusterDomain: "cluster.local", Provisioner: "p.test/x", Kubeconfig: "/k",
}

func TestCreateTwice(t *testing.T) {
	client := fake.NewSimpleClientset()
	for range 2 {
		if err := Create(context.Background(), client, values); err != nil {
			t.Fatal(err)
		}
	}
	class, err := client.StorageV1().StorageClasses().Get(context.Background(), "local-path", metav1.GetOptions{})
	if err != nil || class.Provisioner != "p.test/x" {
		t.Errorf("%+v %v", class, err)
	}
	service, err := client.CoreV1().Services("kube-system").Get(context.Background(), "kube-dns", metav1.GetOptions{})
	if err != nil || service.Spec.ClusterIP != "10.96.0.10" {
		t.Errorf("%+v %v", service, err)
	}
}

func TestCorefile(t *testing.T) {
	content, err := Corefile(values)
	if err != nil || !strings.Contains(string(content), "bind 10.200.0.1") {
		t.Errorf("%s %v", content, err)
	}
}
