/** One JSON line for each event: what CloudWatch Logs keeps when everything else is down. */
export function log(event: string, fields: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}
