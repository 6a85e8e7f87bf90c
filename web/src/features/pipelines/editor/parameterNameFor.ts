import type { PipelineDocument } from '@/viz/graph/document';

/** A name for a parameter of the pipeline that none has yet. */
export function parameterNameFor(document: PipelineDocument, wanted: string): string {
  const taken = document.parameters ?? {};
  let name = wanted;
  for (let number = 2; taken[name]; number += 1) name = `${wanted}_${number}`;
  return name;
}
