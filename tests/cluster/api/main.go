// Command kube is as much of Kubernetes as it takes to ask whether a manifest is right: etcd and the API server in
// one process, and kubectl. Nothing ever runs in this cluster, so it needs no root and no container runtime.
//
//	kube serve DIR     serves until SIGTERM; DIR/kubeconfig is there as soon as clients can be started
//	kube kubectl ...
package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "serve":
		os.Exit(serve(os.Args[2]))
	case len(os.Args) > 1 && os.Args[1] == "kubectl":
		os.Args = os.Args[1:]
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlutil.CheckErr(err)
		}
	default:
		fmt.Fprintln(os.Stderr, "usage: kube serve DIR | kube kubectl ARGS...")
		os.Exit(2)
	}
}

func serve(dir string) int {
	etcd, err := startEtcd(dir)
	if err != nil {
		return failed("etcd", err)
	}
	defer etcd.Close()
	port, err := freePort()
	if err != nil {
		return failed("a port for the API server", err)
	}
	token, err := writeAccess(dir)
	if err != nil {
		return failed(dir, err)
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	command := apiserver.NewAPIServerCommand()
	command.SetArgs([]string{
		"--etcd-servers=" + etcd.Config().ListenClientUrls[0].String(),
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port), "--cert-dir=" + path("certs"),
		"--advertise-address=192.0.2.1", "--endpoint-reconciler-type=none", // also without a network
		"--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged", "--authorization-mode=RBAC",
		"--token-auth-file=" + path("tokens"), "--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + path("accounts.key"),
		"--service-account-signing-key-file=" + path("accounts.key"),
	})
	if err := os.WriteFile(path("kubeconfig"), kubeconfig(port, token), 0o600); err != nil {
		return failed(dir, err)
	}
	return cli.Run(command)
}

func startEtcd(dir string) (*embed.Etcd, error) {
	var urls [2]url.URL
	for i := range urls {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		urls[i] = url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	}
	config := embed.NewConfig()
	config.Dir = filepath.Join(dir, "etcd")
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	config.ListenClientUrls, config.AdvertiseClientUrls = urls[:1], urls[:1]
	config.ListenPeerUrls, config.AdvertisePeerUrls = urls[1:], urls[1:]
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case err := <-etcd.Err():
		return nil, err
	case <-time.After(60 * time.Second):
		etcd.Close()
		return nil, fmt.Errorf("not ready within 60 s")
	}
}

// freePort asks the system for one; nobody holds it until the server listens, which is good enough for a test.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// writeAccess makes what the server needs to know people: one token of an administrator, and the key that signs
// service accounts' tokens.
func writeAccess(dir string) (string, error) {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	token := hex.EncodeToString(random)
	tokens := token + ",admin,admin,system:masters\n"
	if err := os.WriteFile(filepath.Join(dir, "tokens"), []byte(tokens), 0o600); err != nil {
		return "", err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	block := pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return token, os.WriteFile(filepath.Join(dir, "accounts.key"), pem.EncodeToMemory(&block), 0o600)
}

func kubeconfig(port int, token string) []byte {
	text := strings.NewReplacer("PORT", fmt.Sprint(port), "TOKEN", token).Replace(`apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "https://127.0.0.1:PORT", insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: "TOKEN"}}]
contexts: [{name: test, context: {cluster: test, user: admin}}]
current-context: test
`)
	return []byte(text)
}

func failed(what string, err error) int {
	fmt.Fprintf(os.Stderr, "kube serve: %s: %v\n", what, err)
	return 1
}
