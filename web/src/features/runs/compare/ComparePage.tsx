import { Columns3, Download, Eye, EyeOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button, LinkButton } from '@/ui/Button';
import { download } from '@/ui/download';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { Page, PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath, useProject, useQueryState } from '@/ui/routing';
import { SegmentedControl, Toggle } from '@/ui/SegmentedControl';
import { SkeletonRows } from '@/ui/Skeleton';
import { StateChip } from '@/ui/StateChip';
import { useSeriesColour } from '@/viz/Chart';
import type { PipelineDocument } from '@/viz/graph/document';
import { SMOOTHING } from '../metrics';
import { CompareChart } from './CompareCharts';
import { FactTable, MetricTable } from './CompareTables';
import { csvOf, differences, isComparable, metricRows, parseIds, parseRange } from './model';
import { type Compared, useCompared } from './useCompared';

/** Runs side by side. The address holds everything: `?ids=3,5&all=1&hidden=5&smooth=some&log=1&range=0-200`. */
export default function ComparePage() {
  const { t } = useTranslation('runs');
  const project = useProject();
  const [query] = useQueryState();
  const ids = parseIds(query.ids);
  const parents = [{ label: t('title'), href: projectPath(project, 'runs') }];
  if (isComparable(ids)) return <Loaded key={query.ids} project={project} ids={ids} parents={parents} />;
  return (
    <Page header={<PageHeader parents={parents} title={t('compare.title')} />}>
      <EmptyState
        icon={Columns3}
        title={t('compare.chooseTitle')}
        action={
          <LinkButton href={projectPath(project, 'runs')} variant="primary">
            {t('compare.choose')}
          </LinkButton>
        }
      >
        {t('compare.chooseText')}
      </EmptyState>
    </Page>
  );
}

interface LoadedProps {
  project: string;
  ids: number[];
  parents: { label: string; href: string }[];
}

function Loaded({ project, ids, parents }: LoadedProps) {
  const { t } = useTranslation('runs');
  const { compared, error, refetch } = useCompared(project, ids);
  if (compared) return <Comparison project={project} compared={compared} parents={parents} />;
  return (
    <Page header={<PageHeader parents={parents} title={t('compare.title')} />}>
      {error ? (
        <ErrorState error={error} onRetry={() => void refetch?.()} />
      ) : (
        <SkeletonRows className="p-6" />
      )}
    </Page>
  );
}

interface ComparisonProps {
  project: string;
  compared: Compared[];
  parents: { label: string; href: string }[];
}

function Comparison({ project, compared, parents }: ComparisonProps) {
  const { t } = useTranslation('runs');
  const [query, setQuery] = useQueryState();
  const runs = compared.map(({ run }) => run);
  const graphs = runs.map(({ document }) => (document as unknown as PipelineDocument).edges ?? []);
  const facts = differences(
    compared.map(({ tasks }) => tasks),
    graphs,
  );
  const shown = query.all ? facts : facts.filter(({ isDifferent }) => isDifferent);
  const metrics = metricRows(compared.map(({ measured }) => measured));
  const curves = metrics.filter(({ isCurve }) => isCurve);
  const hidden = parseIds(query.hidden);
  const smooth = query.smooth !== undefined && query.smooth in SMOOTHING ? query.smooth : 'none';
  const exportCsv = () =>
    download(
      `runs-${runs.map(({ id }) => id).join('-')}.csv`,
      csvOf(
        runs.map(({ id, name }) => `#${id} ${name}`),
        shown,
        metrics,
      ),
      'text/csv',
    );
  const header = (
    <PageHeader
      parents={parents}
      title={t('compare.title')}
      actions={
        <Button onPress={exportCsv}>
          <Download aria-hidden />
          {t('compare.export')}
        </Button>
      }
    />
  );
  return (
    <Page header={header}>
      <div className="space-y-4 p-6">
        <Legend
          project={project}
          compared={compared}
          hidden={hidden}
          onHide={(next) => setQuery({ hidden: next.join(',') })}
        />
        <Panel title={t('compare.metrics')}>
          {metrics.length === 0 ? (
            <p className="p-4 text-13 text-fg-3">{t('compare.noMetrics')}</p>
          ) : (
            <MetricTable runs={runs} rows={metrics} />
          )}
        </Panel>
        <Panel
          title={t('compare.differences')}
          aside={
            <Toggle
              isSelected={query.all !== undefined}
              onChange={(all) => setQuery({ all: all ? '1' : undefined })}
            >
              {t('compare.showAll')}
            </Toggle>
          }
        >
          {shown.length === 0 ? (
            <p className="p-4 text-13 text-fg-3">{t('compare.nothingDiffers')}</p>
          ) : (
            <FactTable runs={runs} facts={shown} />
          )}
        </Panel>
        {curves.length > 0 && (
          <section aria-label={t('compare.curves')} className="space-y-3">
            <div className="flex flex-wrap items-center gap-3">
              <SegmentedControl
                label={t('metrics.smoothing')}
                value={smooth}
                onChange={(id) => setQuery({ smooth: id === 'none' ? undefined : id })}
                items={Object.keys(SMOOTHING).map((id) => ({ id, label: t(`metrics.smooth.${id}`) }))}
              />
              <Toggle
                isSelected={query.log !== undefined}
                onChange={(log) => setQuery({ log: log ? '1' : undefined })}
              >
                {t('metrics.log')}
              </Toggle>
              {query.range && (
                <Button size="small" onPress={() => setQuery({ range: undefined })}>
                  {t('compare.resetZoom')}
                </Button>
              )}
              <span className="text-12 text-fg-3">{t('metrics.hint')}</span>
            </div>
            {runs.every(({ id }) => hidden.includes(id)) && (
              <p className="text-13 text-fg-3">{t('compare.allHidden')}</p>
            )}
            <div className="grid grid-cols-[repeat(auto-fill,minmax(400px,1fr))] gap-4">
              {curves.map((row) => (
                <CompareChart
                  key={`${row.task} ${row.name}`}
                  project={project}
                  runs={compared}
                  row={row}
                  hidden={hidden}
                  smoothing={SMOOTHING[smooth] ?? 0}
                  isLog={query.log !== undefined}
                  range={parseRange(query.range)}
                  onZoom={(range) =>
                    setQuery({
                      range: range
                        ? `${Math.max(0, Math.floor(range[0]))}-${Math.max(0, Math.ceil(range[1]))}`
                        : undefined,
                    })
                  }
                />
              ))}
            </div>
          </section>
        )}
      </div>
    </Page>
  );
}

interface LegendProps {
  project: string;
  compared: Compared[];
  hidden: number[];
  onHide: (ids: number[]) => void;
}

function Legend({ project, compared, hidden, onHide }: LegendProps) {
  const { t } = useTranslation('runs');
  const colour = useSeriesColour();
  return (
    <ul aria-label={t('compare.runs')} className="flex flex-wrap gap-2">
      {compared.map(({ run }, index) => {
        const isHidden = hidden.includes(run.id);
        return (
          <li
            key={run.id}
            className="flex items-center gap-2 rounded-md border border-line bg-surface py-1 pr-1 pl-3 text-13"
          >
            <span
              aria-hidden
              className="h-4 w-1 rounded-full"
              style={{ backgroundColor: colour(index), opacity: isHidden ? 0.3 : 1 }}
            />
            <AppLink
              href={projectPath(project, 'runs', run.id)}
              translate="no"
              className="max-w-56 truncate hover:underline"
              title={run.name}
            >
              #{run.id} {run.name}
            </AppLink>
            <StateChip state={run.state} />
            <Toggle
              isSelected={!isHidden}
              onChange={(isShown) =>
                onHide(isShown ? hidden.filter((id) => id !== run.id) : [...hidden, run.id])
              }
            >
              {isHidden ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
              <span className="sr-only">{t('compare.show', { id: run.id })}</span>
            </Toggle>
          </li>
        );
      })}
    </ul>
  );
}
