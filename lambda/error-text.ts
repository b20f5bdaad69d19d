/** How many causes are told. */
const CAUSES = 4;

/** An error and what it came from, on one line: `listing the nodes: connect ECONNREFUSED …`. */
export function errorText(error: unknown): string {
  const texts: string[] = [];
  let current: unknown = error;
  while (current instanceof Error && texts.length < CAUSES) {
    texts.push(current.name === 'Error' ? current.message : `${current.name}: ${current.message}`);
    current = current.cause;
  }
  if (texts.length === 0) texts.push(String(error));
  return texts.join(': ').replaceAll(/\s+/g, ' ');
}
