import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { loadChineseFont } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { CopyButton } from '@/ui/CodeBlock';
import { ErrorState } from '@/ui/ErrorState';
import { InlineCode } from '@/ui/InlineCode';
import { Panel } from '@/ui/Panel';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { SkeletonRows } from '@/ui/Skeleton';
import { type ModelVersion, modelCardQuery } from './api';
import { type CardBlock, parseCard } from './model';

/** The model card, in the language in use or the other. */
export function CardTab({ project, version }: { project: string; version: ModelVersion }) {
  const { t } = useTranslation('models');
  const format = useFormat();
  const [chosen, setChosen] = useState<'en' | 'zh' | null>(null);
  const language = chosen ?? format.language;
  useEffect(loadChineseFont, []);
  const card = useQuery(modelCardQuery(project, version.name, version.version, language));
  return (
    <div className="max-w-[820px] p-6">
      <Panel
        title={`${version.name}@${version.version}`}
        aside={
          <>
            <SegmentedControl
              label={t('cardLanguage')}
              value={language}
              onChange={(id) => setChosen(id as 'en' | 'zh')}
              items={[
                { id: 'en', label: <span lang="en">English</span> },
                { id: 'zh', label: <span lang="zh-CN">中文</span> },
              ]}
            />
            {card.data && <CopyButton text={card.data.markdown} label={t('copyCard')} />}
          </>
        }
      >
        <article lang={language === 'zh' ? 'zh-CN' : 'en'} className="px-6 py-5">
          {card.isPending && <SkeletonRows />}
          {card.isError && <ErrorState isInline error={card.error} onRetry={() => void card.refetch()} />}
          {card.data &&
            parseCard(card.data.markdown).map((block, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the card is read only
              <Block key={index} block={block} />
            ))}
        </article>
      </Panel>
    </div>
  );
}

function Block({ block }: { block: CardBlock }) {
  if (block.kind === 'heading')
    return <h3 className="mt-5 mb-1.5 text-14 font-semibold first:mt-0">{block.text}</h3>;
  if (block.kind === 'text')
    return (
      <p className="my-2 text-13 leading-6">
        <InlineCode text={block.text} />
      </p>
    );
  if (block.kind === 'list')
    return (
      <ul className="my-2 list-disc space-y-1 pl-5 marker:text-fg-3">
        {block.items.map((item) => (
          <li key={item} className="break-words">
            <InlineCode text={item} />
          </li>
        ))}
      </ul>
    );
  return (
    <table className="my-2 w-full">
      <tbody>
        {block.rows
          .filter((row) => row.some((cell) => cell !== ''))
          .map((row) => (
            <tr key={row.join('|')} className="border-b border-line">
              {row.map((cell, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the card is read only
                <td key={index} className={index === 0 ? 'py-1 pr-4 text-fg-2' : 'py-1'}>
                  <InlineCode text={cell} />
                </td>
              ))}
            </tr>
          ))}
      </tbody>
    </table>
  );
}
