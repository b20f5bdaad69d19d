import { isDeepStrictEqual } from 'node:util';
import { probeDocument } from '../../shared/contract/probe.ts';
import { probeSettingsSchema } from '../../shared/contract/settings.ts';
import { type Properties, recordOf } from './template.ts';

const DOCUMENT_KEYS: ReadonlySet<string> = new Set([
  'Content',
  'DocumentFormat',
  'DocumentType',
  'Tags',
  'TargetType',
]);

/** The whole document is made again of its own settings: a wider pattern could let a parameter run. */
export function refusedDocument(properties: Properties, script: string): readonly string[] {
  const other = Object.keys(properties).filter((key) => !DOCUMENT_KEYS.has(key));
  if (other.length > 0) return [`the document has ${other.join(', ')}`];
  if (properties['DocumentType'] !== 'Command') return ['the document is no Command'];
  const { parameters } = recordOf(properties['Content']);
  const given = (name: string): unknown => recordOf(recordOf(parameters)[name])['default'];
  const settings = probeSettingsSchema.safeParse({
    deviceProfile: given('DeviceProfile'),
    kubeconfigPaths: String(given('KubeconfigPaths')).split(' '),
    packets: given('Packets') === 'on',
  });
  return settings.success &&
    isDeepStrictEqual(properties['Content'], probeDocument(script, settings.data))
    ? []
    : ['the document is not the one that this version makes'];
}
