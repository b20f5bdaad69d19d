import type { Address, Tls } from './orders.ts';

/** Where kubeadm puts a master's own files. */
export const ADMIN_KUBECONFIG_PATH = '/etc/kubernetes/admin.conf';
export const API_SERVER_MANIFEST_PATH = '/etc/kubernetes/manifests/kube-apiserver.yaml';

interface Access {
  /** `https://…`, of an API server or of what stands before several. */
  readonly server: string;
  readonly tls: Pick<Tls, 'certificate'>;
  readonly token: string;
}

export function kubeconfig({ server, tls, token }: Access): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster:
    certificate-authority-data: ${Buffer.from(tls.certificate).toString('base64')}
    server: ${server}
contexts:
- name: kubernetes-admin@kubernetes
  context:
    cluster: kubernetes
    user: kubernetes-admin
current-context: kubernetes-admin@kubernetes
users:
- name: kubernetes-admin
  user:
    token: ${token}
`;
}

/** The static pod of an API server, as far as it says where this one listens. */
export function apiServerManifest({ host, port }: Address): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver
  namespace: kube-system
spec:
  containers:
  - name: kube-apiserver
    command:
    - kube-apiserver
    - --advertise-address=${host}
    - --secure-port=${port}
`;
}
