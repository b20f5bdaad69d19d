/** What the package `vtepwatch` offers to a CDK app. */
export { VERSION } from '../shared/contract/version.ts';
export { type ClusterSettings, SettingsError } from './cluster.ts';
export { ClusterStack } from './cluster-stack.ts';
export { Guard as VtepWatchGuard } from './guard/plugin.ts';
export { VtepWatch, type VtepWatchProps } from './vtep-watch.ts';
