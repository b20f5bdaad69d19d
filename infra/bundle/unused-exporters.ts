/**
 * Stands in the bundle for packages that NodeSDK imports and the function never uses: gRPC alone
 * would be 268 KiB. Only an `OTEL_…_EXPORTER` variable could ask for one of them, and the function
 * gives NodeSDK its exporters itself.
 */
function LeftOut(): never {
  throw new Error('The bundle holds OTLP over HTTP and no other exporter or propagator.');
}

export const B3InjectEncoding = {} as const;

export {
  LeftOut as B3Propagator,
  LeftOut as OTLPLogExporter,
  LeftOut as OTLPMetricExporter,
  LeftOut as OTLPTraceExporter,
  LeftOut as PrometheusExporter,
  LeftOut as ZipkinExporter,
};
