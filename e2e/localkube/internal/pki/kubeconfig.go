package pki

import (
	"os"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// WriteKubeconfig writes a self-contained kubeconfig for the certificate of
// that name, so the file still works when copied elsewhere.
func (a *Authority) WriteKubeconfig(path, cluster, server, name string) error {
	ca, err := os.ReadFile(a.Path("ca.crt"))
	if err != nil {
		return err
	}
	cert, err := os.ReadFile(a.Path(name + ".crt"))
	if err != nil {
		return err
	}
	key, err := os.ReadFile(a.Path(name + ".key"))
	if err != nil {
		return err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters[cluster] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: cert, ClientKeyData: key}
	config.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: name}
	config.CurrentContext = cluster
	return clientcmd.WriteToFile(*config, path)
}
