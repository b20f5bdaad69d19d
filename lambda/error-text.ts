/** How many causes are included. */
const CAUSES = 4;

/** How long one error's own message may be, in characters: some quote a server's whole answer. */
const MESSAGE_LENGTH = 300;

/** An error and its causes, on one line: `listing the nodes: connect ECONNREFUSED …`. */
export function errorText(error: unknown): string {
  const texts: string[] = [];
  let current: unknown = error;
  while (current instanceof Error && texts.length < CAUSES) {
    const { name, message } = current;
    const said = [name === 'Error' ? '' : name, message].filter((part) => part !== '');
    texts.push(shorten(said.join(': ')));
    current = causeOf(current);
  }
  if (texts.length === 0) texts.push(shorten(String(error)));
  return texts.join(': ').replaceAll(/\s+/g, ' ').trim();
}

/** The error at the end of the causes, which says what really happened. */
export function innermostCause(error: unknown): Error {
  let current = error instanceof Error ? error : new Error(String(error));
  for (let depth = 1; depth < CAUSES; depth++) {
    const cause = causeOf(current);
    if (!(cause instanceof Error)) break;
    current = cause;
  }
  return current;
}

/** Node reports a connection that failed on several addresses without a message of its own. */
function causeOf(error: Error): unknown {
  const [first]: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return error.cause ?? first;
}

function shorten(text: string): string {
  return text.length <= MESSAGE_LENGTH ? text : `${text.slice(0, MESSAGE_LENGTH)}...`;
}
