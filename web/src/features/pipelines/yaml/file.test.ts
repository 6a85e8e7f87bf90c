import { expect, it } from 'vitest';
import { fromFile } from './file';
import { YamlFault } from './read';
import { writeYaml } from './write';

const document = {
  schema: 'kpl.pipeline/v1',
  name: 'digits',
  nodes: [{ id: 'data', type: 'dataset' as const, dataset: 'digits' }],
  layout: { data: { x: 8, y: 16 } },
};

it('reads what it wrote, with the name inside the file', () => {
  expect(fromFile(writeYaml(document), 'other.yaml')).toEqual({ document, name: 'digits' });
});

it('takes the name of the file where the text has none that can be used', () => {
  const named = (name: string) => fromFile(writeYaml({ ...document, name: 'My pipeline' }), name)?.name;
  expect(named('My digits (2).pipeline.yaml')).toBe('my-digits-2-');
  expect(named('训练.yaml')).toBe('');
});

it('refuses what is no pipeline, and says where a text cannot be read', () => {
  expect(fromFile('a: 1', 'a.yaml')).toBeNull();
  expect(fromFile('[1, 2]', 'a.yaml')).toBeNull();
  expect(() => fromFile('a: [', 'a.yaml')).toThrow(YamlFault);
});
