import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('keeps every feature from importing another', () => {
  const features = readdirSync('src/features').sort();
  const { overrides } = JSON.parse(readFileSync('biome.json', 'utf8'));
  const { patterns } = overrides[0].linter.rules.style.noRestrictedImports.options;
  expect(patterns[0].group).toContain(`../**/{${features.join(',')}}/**`);
});
