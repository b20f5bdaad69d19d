/**
 * The classes that are used of the Kubernetes client. Named here, the bundler can leave out the
 * rest of it; an `import()` of the package itself would take everything.
 */
export { CoreV1Api, KubeConfig, Observable } from '@kubernetes/client-node';
