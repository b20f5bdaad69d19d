/**
 * Compiles a document's `allowedPattern` as the agent does, with Go's RE2: unanchored unless the
 * pattern anchors itself. Throws for what RE2 refuses and JavaScript would take; on a host such a
 * pattern fails every command, also where the parameter keeps its default.
 * https://github.com/google/re2/blob/main/doc/syntax.txt
 * https://github.com/aws/amazon-ssm-agent/blob/1c217c89/agent/framework/docparser/paramvalidator/allowedregexparamvalidator/allowedregexparamvalidator.go
 */
export function compileRe2(pattern: string): RegExp {
  // Escapes of metacharacters first, so that `\{` is no repetition and `\\1` no back reference.
  const bare = pattern.replaceAll(/\\[^\w]/g, '');
  if (/\(\?(?:[=!]|<[=!])/.test(bare)) {
    throw new Error(`The agent's RE2 has no look-around: ${pattern}`);
  }
  if (/\\(?:[1-9]|k<)/.test(bare)) {
    throw new Error(`The agent's RE2 has no back references: ${pattern}`);
  }
  for (const [, least, most] of bare.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    if (Number(least) > REPEAT_LIMIT || Number(most ?? 0) > REPEAT_LIMIT) {
      throw new Error(`The agent's RE2 refuses counts over ${REPEAT_LIMIT}: ${pattern}`);
    }
  }
  return new RegExp(pattern, 'u');
}

const REPEAT_LIMIT = 1000;
