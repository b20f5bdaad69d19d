/**
 * Replaces packages in the bundle that NodeSDK imports and the function never uses; gRPC alone is
 * 268 KiB. Only an `OTEL_…_EXPORTER` variable could select one of them, and the function passes its
 * exporters to NodeSDK itself.
 */
function LeftOut(): never {
  throw new Error('The bundle has no exporter but OTLP over HTTP, and no propagator.');
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
