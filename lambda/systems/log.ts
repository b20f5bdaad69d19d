/** Logs an event as one JSON line. CloudWatch Logs keeps it even when every other system is down. */
export function log(event: string, fields: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}
