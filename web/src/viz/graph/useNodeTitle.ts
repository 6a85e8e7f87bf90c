import { useTranslation } from 'react-i18next';
import { useMetricWords } from '@/ui/metricWords';
import { type DocumentNode, nodeTitle, type PipelineDocument, resolved, sentenceOf } from './document';
import { textOf } from './schema';

/** What the nodes of a pipeline are called where parameters have values: a condition by the limit that it has. */
export function useNodeTitle(
  { parameters = {} }: Pick<PipelineDocument, 'parameters'>,
  given?: Record<string, unknown>,
): (node: DocumentNode) => string {
  const { i18n } = useTranslation();
  const words = useMetricWords();
  return (node) => {
    const isSentence = node.type === 'condition' && !textOf(node.title, i18n.language);
    const limit = isSentence ? resolved(node.value, parameters, given) : undefined;
    return (isSentence && sentenceOf(node, limit, words)) || nodeTitle(node, i18n.language);
  };
}
