import type { Discovery } from './orders.ts';

/** What `kubectl get nodes` took on the seed's master1. */
const SEED_SECONDS = 45;

/**
 * How often `kubectl get nodes` asks for a dead group before it goes on: four times with kubectl
 * 1.27 to 1.33, measured. Once when it reads all groups, and once for each of its three questions
 * to discovery (is it a category, is it short for something, what is its kind), because client-go's
 * discovery/cached/memory/memcache.go takes a 503 for a passing trouble. kubectl 1.20 asks three
 * times, once for each question; the code of 1.14 is the same.
 */
const TRIES = 4;

/**
 * How long the proxy waits for a connection that is never made, before it answers 503.
 *
 * `old`: kube-apiserver v1.14.8 leaves this to the dialer of client-go, whose bound is 30 s
 * (kubernetes-1.14.8, transport/cache.go), and three tries of that are not the seed's 45 s. Three
 * tries of 15 s are, and 15 s is what v1.14.2 took for a try in kubernetes#80245, where a load
 * balancer cut it. Today's kubectl tries once more, so here a try has less, and the whole is what
 * the seed's master1 took.
 *
 * `aggregated`: since 1.16 a discovery request is given 5 s (kube-aggregator
 * pkg/apiserver/handler_proxy.go, aggregatedDiscoveryTimeout).
 */
export const DIAL_SECONDS: Readonly<Record<Discovery, number>> = {
  old: SEED_SECONDS / TRIES,
  aggregated: 5,
};
