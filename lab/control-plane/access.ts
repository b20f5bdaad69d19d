import { generate } from 'selfsigned';
import type { Address, Tls } from './orders.ts';

/** The name by which the API servers' certificate is checked where the address is not in it. */
export const CERTIFICATE_NAME = 'kubernetes';

const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** Makes the one certificate of the lab's control plane: every server shows it, and every client
 * trusts it alone. Good for a day from now. */
export async function makeCertificate(addresses: readonly string[]): Promise<Tls> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: CERTIFICATE_NAME }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + 24 * 60 * 60 * 1000),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...[CERTIFICATE_NAME, 'localhost'].map((value) => ({ type: DNS_NAME, value }) as const),
          ...addresses.map((ip) => ({ type: IP_ADDRESS, ip }) as const),
        ],
      },
    ],
  });
  return { certificate: cert, key };
}

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
