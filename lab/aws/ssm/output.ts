/**
 * How much of an output each call returns. The rules are the agent's; it counts and cuts bytes, so
 * a cut may split a character.
 */

/** Of `CommandPlugins[].Output` in ListCommandInvocations. */
const LISTED_OUTPUT_BYTES = 2500;
/** Of `StandardOutputContent` in GetCommandInvocation. */
export const STDOUT_BYTES = 24_000;
/** Of `StandardErrorContent` in GetCommandInvocation. */
export const STDERR_BYTES = 8000;

const ERROR_TITLE = '\n----------ERROR-------\n';
const OUTPUT_CUT = '\n---Output truncated---';
const ERROR_CUT = '\n---Error truncated----';
const CONTENT_CUT = '--output truncated--';

/**
 * Standard output and error in one text.
 * https://github.com/aws/amazon-ssm-agent/blob/1c217c89/agent/framework/processor/executer/iohandler/iohandler.go (TruncateOutput)
 */
export function listedOutput(stdout: Buffer, stderr: Buffer): string {
  const title = stderr.length > 0 ? ERROR_TITLE : '';
  const space = LISTED_OUTPUT_BYTES - title.length;
  // Strictly less: an output that fits exactly is already cut.
  if (stdout.length + stderr.length < space) return text(stdout) + title + text(stderr);

  const half = Math.floor(space / 2);
  if (stdout.length > half && stderr.length > half) {
    const kept = Math.floor((space - ERROR_CUT.length - OUTPUT_CUT.length) / 2);
    return text(stdout, kept) + OUTPUT_CUT + title + text(stderr, kept) + ERROR_CUT;
  }
  if (stdout.length <= half) {
    const kept = space - ERROR_CUT.length - stdout.length;
    return text(stdout) + title + text(stderr, kept) + ERROR_CUT;
  }
  const kept = space - OUTPUT_CUT.length - stderr.length;
  return text(stdout, kept) + OUTPUT_CUT + title + text(stderr);
}

/**
 * One stream by itself; exactly `limitBytes` is already cut.
 * https://github.com/aws/amazon-ssm-agent/blob/1c217c89/agent/plugins/pluginutil/pluginutil.go (StringPrefix)
 */
export function content(stream: Buffer, limitBytes: number): string {
  if (stream.length < limitBytes) return text(stream);
  return text(stream, limitBytes - CONTENT_CUT.length) + CONTENT_CUT;
}

function text(bytes: Buffer, length = bytes.length): string {
  return bytes.toString('utf8', 0, length);
}
