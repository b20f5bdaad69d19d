import { describe, expect, test } from 'vitest';
import { targetsOfTags } from '../../../cli/ssm/tags.ts';

describe('--tags', () => {
  test('names hosts with all of these tags', () => {
    expect(targetsOfTags('vtepwatch=prod,k8s.io/role=a=b')).toEqual([
      { Key: 'tag:vtepwatch', Values: ['prod'] },
      { Key: 'tag:k8s.io/role', Values: ['a=b'] },
    ]);
  });

  test.for(['', 'prod', '=prod', 'vtepwatch=', 'vtepwatch=prod,', 'a=b;c', 'a*=b'])(
    'is no tag: %j',
    (text) => {
      expect(() => targetsOfTags(text)).toThrow('it must be KEY=VALUE');
    },
  );

  test('takes as many tags as a command of Systems Manager does', () => {
    expect(() => targetsOfTags('a=1,b=2,c=3,d=4,e=5,f=6')).toThrow('6 tags are too many');
  });
});
