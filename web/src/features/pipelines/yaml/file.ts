/** Pipelines as files: `digits.pipeline.yaml`, the same text that the command line and the text view show. */

import { download } from '@/ui/download';
import { asDocument, NAME_PATTERN, type PipelineDocument } from '@/viz/graph/document';
import { readYaml } from './read';
import { writeYaml } from './write';

export function saveAsFile(document: PipelineDocument): void {
  download(`${document.name}.pipeline.yaml`, writeYaml(document), 'application/yaml');
}

/**
 * The pipeline in a file's text, and a name for it: its own, else that of the file.
 *
 * @throws YamlFault where the text cannot be read. Null: it is read, and is no pipeline.
 */
export function fromFile(
  text: string,
  fileName: string,
): { document: PipelineDocument; name: string } | null {
  const document = asDocument(readYaml(text).value);
  if (!document?.nodes) return null;
  const stem = fileName.toLowerCase().replace(/(\.pipeline)?\.(ya?ml|json)$/, '');
  const names = [document.name, stem.replace(/[^a-z0-9_.-]+/g, '-')];
  return { document, name: names.find((name) => NAME_PATTERN.test(name ?? '')) ?? '' };
}
