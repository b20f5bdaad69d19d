import { type TestPageResult, testPageResultSchema } from '../shared/contract/test-page.ts';
import { printable } from '../shared/core/plain-text.ts';
import { findStack } from './deployed/find-stack.ts';
import { invoke } from './deployed/invoke.ts';
import { DEPLOYED_HELP, readDeployedOptions } from './deployed/options.ts';
import { during } from './progress.ts';

const HELP = `vtepwatch test-page NAME [--region R] [--stack S] [--json]

Sends one page, marked as a test, through every channel of a deployed cluster, and reports which
accepted it. It checks no host and stores nothing. Only the person on call can say whether it arrived.

${DEPLOYED_HELP}  --help          this text

Exit status: 0 every channel accepted it, 1 some did not, 2 it could not be sent, 64 wrong usage, 69 AWS
or the stack is not there, 77 these rights do not suffice.
`;

export async function testPage(words: readonly string[]): Promise<number> {
  const options = readDeployedOptions('test-page', words);
  if (options === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  const { cluster, region, json } = options;
  const { functionName } = await during(`looking for cluster ${cluster}`, findStack(options));
  const sending = invoke(functionName, { testPage: true }, region);
  const answer = await during(`sending a test page through ${functionName}`, sending);
  const result = testPageResultSchema.safeParse(answer);
  if (!result.success) {
    throw new Error(
      `running the function ${functionName}: its answer is not a test page's result; was it deployed from this version?`,
    );
  }
  process.stdout.write(
    json ? `${JSON.stringify(result.data, undefined, 2)}\n` : render(result.data),
  );
  return result.data.channels.every(({ delivered }) => delivered) ? 0 : 1;
}

function render({ cluster, channels }: TestPageResult): string {
  const width = Math.max(...channels.map(({ name }) => name.length));
  const lines = channels.map(({ name, delivered, subscribers, reason = '' }) => {
    const to = subscribers === undefined ? '' : ` to ${subscribers} confirmed subscribers`;
    const how = delivered ? `delivered${to}` : `NOT delivered: ${reason}`;
    return `  ${printable(name).padEnd(width)}  ${printable(how)}\n`;
  });
  return `cluster ${printable(cluster)}: a test page\n${lines.join('')}`;
}
