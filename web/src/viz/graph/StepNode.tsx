import { Handle, type NodeProps, Position as Side } from '@xyflow/react';
import { ChartScatter, CircleAlert, TriangleAlert } from 'lucide-react';
import { createContext, memo, useContext } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { toneColor, toneTint } from '@/ui/Badge';
import { cx } from '@/ui/cx';
import { useMetricWords } from '@/ui/metricWords';
import { StateIcon, stateLook } from '@/ui/StateChip';
import { Sparkline } from '../Sparkline';
import { numTrials, searchOf } from '../search/search';
import { TimeLeft } from '../TimeLeft';
import { portColour } from './colours';
import { curveWords } from './curves';
import { nodeTitle, sentenceOf, splitVersion, withSigns } from './document';
import type { FlowNode, NodeStatus } from './flow';
import { NodeIcon } from './icons';
import { FOOTER_HEIGHT, HEADER_HEIGHT, PORT_HEIGHT } from './layout';
import type { Port } from './ports';
import { textOf } from './schema';

/** While an edge is drawn: the ends that it may go to, as `node|handle`; null while none is drawn. */
export const LinkTargets = createContext<ReadonlySet<string> | null>(null);

/** One step on a canvas: what it is, its ports, and below what is to be said of it. */
export const StepNode = memo(function StepNode({ data, selected }: NodeProps<FlowNode>) {
  const { node, inputs, outputs, problem, problemIsError, status } = data;
  const { i18n, t } = useTranslation('pipelines');
  const metricWords = useMetricWords();
  const sentence = node.type === 'condition' ? sentenceOf(node, data.asset, metricWords) : '';
  const title = textOf(node.title, i18n.language) || sentence || nodeTitle(node, i18n.language);
  const edge = problem ? (problemIsError ? 'var(--failed)' : 'var(--warning)') : undefined;
  const rows = Math.max(inputs.length, outputs.length, 1);
  return (
    <div
      className={cx(
        'flex h-full w-full flex-col rounded-lg border bg-surface text-12 transition-[border-color,opacity] duration-100',
        selected ? 'border-accent ring-2 ring-accent-soft' : 'border-line-strong',
        status?.state === 'skipped' && 'border-dashed',
      )}
      style={selected ? undefined : { borderColor: edge ?? statusEdge(status) }}
      title={problem || undefined}
    >
      <div className="relative flex items-center gap-2 px-2.5" style={{ height: HEADER_HEIGHT }}>
        <NodeIcon node={node} />
        <div className="min-w-0 flex-1">
          <div
            translate={title === sentence ? undefined : 'no'}
            className="truncate text-13 leading-4 font-semibold"
          >
            {title}
          </div>
          <div className="truncate text-11 leading-4 text-fg-3">{subtitle(data, title, sentence, t)}</div>
        </div>
        {(problem || status) && <SearchMark node={node} />}
        {problem ? (
          problemIsError ? (
            <CircleAlert className="size-4 shrink-0 text-failed" aria-label={problem} />
          ) : (
            <TriangleAlert className="size-4 shrink-0 text-warning" aria-label={problem} />
          )
        ) : (
          status && <StateIcon state={status.state} />
        )}
        {(node.type === 'algorithm' || node.type === 'condition') && (
          <>
            <PortHandle node={node.id} side="in" name="" colour="var(--fg-3)" isRing isOrder />
            <PortHandle node={node.id} side="out" name="" colour="var(--fg-3)" isRing isOrder />
          </>
        )}
      </div>
      <div className="flex-1 border-t border-line py-1.5">
        {Array.from({ length: rows }, (_, row) => (
          <div
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of ports keep their places
            key={row}
            className="relative flex items-center justify-between gap-2 px-3"
            style={{ height: PORT_HEIGHT }}
          >
            <PortLabel node={node.id} port={inputs[row]} side="in" />
            <PortLabel node={node.id} port={outputs[row]} side="out" />
          </div>
        ))}
      </div>
      <Footer node={node} facts={data.facts} status={status} problem={problem} isError={problemIsError} />
    </div>
  );
});

function statusEdge(status: NodeStatus | null): string | undefined {
  if (status?.state === 'failed') return 'var(--failed)';
  return status?.state === 'running' || status?.state === 'starting' ? 'var(--running)' : undefined;
}

function subtitle(
  { node, asset }: FlowNode['data'],
  title: string,
  sentence: string,
  t: (key: string) => string,
): string {
  if (node.type === 'condition') {
    const more = title === sentence ? node.id : sentence;
    return `${t('node.condition')}${more && more !== title ? ` · ${more}` : ''}`;
  }
  if (node.type !== 'algorithm') return `${t(`node.${node.type}`)}${asset ? ` · ${asset}` : ''}`;
  const { name, version } = splitVersion(node.algorithm ?? '');
  return `${t(`function.${node.function}`)} · ${name}${version ? ` ${version}` : ''}`;
}

function PortLabel({ node, port, side }: { node: string; port: Port | undefined; side: 'in' | 'out' }) {
  const { t } = useTranslation('pipelines');
  if (!port) return <span />;
  const kinds = port.kinds.map((kind) => t(`kind.${kind}`, { ns: 'common', defaultValue: kind }));
  const about = [t(`port.${port.type}`), ...kinds, ...(port.isOptional ? [t('inspector.optional')] : [])];
  const words = t(`port.${port.name}`, { defaultValue: port.name });
  return (
    <span
      className="min-w-0 truncate text-fg-2"
      translate={words === port.name ? 'no' : undefined}
      title={`“${port.name}” · ${about.join(' · ')}`}
    >
      {words}
      <PortHandle
        node={node}
        side={side}
        name={port.name}
        colour={portColour(port.type)}
        isRing={port.isOptional}
      />
    </span>
  );
}

interface PortHandleProps {
  node: string;
  side: 'in' | 'out';
  name: string;
  colour: string;
  isRing: boolean;
  isOrder?: boolean;
}

function PortHandle({ node, side, name, colour, isRing, isOrder = false }: PortHandleProps) {
  const targets = useContext(LinkTargets);
  const id = `${side}:${name}`;
  const fits = targets?.has(`${node}|${id}`) ?? false;
  return (
    <Handle
      type={side === 'in' ? 'target' : 'source'}
      position={side === 'in' ? Side.Left : Side.Right}
      id={id}
      className={cx(
        'kpl-port',
        isOrder && 'kpl-port-order',
        targets && (fits ? 'kpl-port-fits' : 'kpl-port-faded'),
      )}
      style={{ borderColor: colour, backgroundColor: isRing ? 'var(--surface)' : colour }}
    />
  );
}

/** That a step searches, where its footer tells something else. */
function SearchMark({ node }: Pick<FooterProps, 'node'>) {
  const { t } = useTranslation('pipelines');
  if (!searchOf(node)) return null;
  return <ChartScatter role="img" aria-label={t('search.title')} className="size-4 shrink-0 text-accent" />;
}

/** That a step searches, and in how many trials at most. */
function SearchBadge({ node }: Pick<FooterProps, 'node'>) {
  const { t } = useTranslation('pipelines');
  const { count } = useFormat();
  const search = searchOf(node);
  if (!search) return null;
  const trials = numTrials(search);
  const names = Object.keys(search.parameters);
  return (
    <>
      <span className="flex shrink-0 items-center gap-1 font-medium text-accent">
        <ChartScatter aria-hidden className="size-3.5" />
        {t('search.badge', { count: trials, shown: count(trials) })}
      </span>
      <span translate="no" className="min-w-0 truncate" title={names.join(', ')}>
        {names.join(', ')}
      </span>
    </>
  );
}

/** States whose reason is told on the step itself. */
const TOLD = new Set(['failed', 'waiting', 'queued', 'skipped']);

interface FooterProps {
  node: FlowNode['data']['node'];
  facts: [string, string][];
  status: NodeStatus | null;
  problem: string;
  isError: boolean;
}

function Footer({ node, facts, status, problem, isError }: FooterProps) {
  const { t } = useTranslation();
  const { duration, metric } = useFormat();
  const metricWords = useMetricWords();
  const style = { height: FOOTER_HEIGHT };
  const look =
    'relative flex items-center gap-2 overflow-hidden rounded-b-[9px] border-t border-line px-2.5 text-11';
  if (problem) {
    const tone = isError ? 'failed' : 'warning';
    return (
      <div className={look} style={{ ...style, color: toneColor(tone), backgroundColor: toneTint(tone) }}>
        <span className="truncate">{problem}</span>
      </div>
    );
  }
  if (status) {
    const { branch } = status;
    const { tone } = stateLook(branch === 'otherwise' ? 'skipped' : status.state);
    const isSearching = status.state === 'searching';
    const progress = isSearching ? (status.numEnded ?? 0) / (status.numTrials || 1) : status.progress;
    const isGoing = isSearching || (status.state === 'running' && progress !== null);
    const words = branch
      ? t(`condition.${branch === 'then' ? 'holds' : 'doesNotHold'}`, { ns: 'pipelines' })
      : t(`state.${status.state}`, { defaultValue: status.state });
    const best =
      typeof status.best === 'number'
        ? t('search.best', { ns: 'pipelines', value: metric(status.best) })
        : '';
    const detail = isSearching
      ? [`${status.numEnded ?? 0}/${status.numTrials ?? 0}`, best].filter(Boolean).join(' · ')
      : isGoing
        ? status.progressMessage || `${Math.round((progress ?? 0) * 100)} %`
        : branch || TOLD.has(status.state)
          ? withSigns(status.reason)
          : best;
    return (
      <div
        className={look}
        style={{ ...style, color: toneColor(tone), backgroundColor: toneTint(tone) }}
        title={status.reason || status.why || undefined}
      >
        {isGoing && (
          <span
            aria-hidden
            className="absolute inset-y-0 left-0 opacity-15"
            style={{ width: `${(progress ?? 0) * 100}%`, backgroundColor: toneColor(tone) }}
          />
        )}
        {!isGoing && <span className="relative shrink-0 font-medium">{words}</span>}
        <span className="relative min-w-0 flex-1 truncate">{detail}</span>
        {status.curve && (
          <span className="relative flex" title={curveWords(status.curve, metricWords)}>
            <Sparkline
              values={status.curve.values}
              label={curveWords(status.curve, metricWords)}
              width={48}
              height={18}
              color={toneColor(tone)}
            />
          </span>
        )}
        <span className="relative shrink-0 tabular-nums">
          {status.since !== null && !isSearching && (
            <TimeLeft since={status.since} progress={isGoing ? progress : null} />
          )}
          {status.since === null && status.duration_s ? duration(status.duration_s) : ''}
        </span>
      </div>
    );
  }
  return (
    <div className={cx(look, 'bg-bg text-fg-3')} style={style}>
      <SearchBadge node={node} />
      {(searchOf(node) ? [] : facts).map(([name, value]) => (
        <span key={name} className="min-w-0 truncate">
          {name} <span className="font-medium text-fg-2">{value}</span>
        </span>
      ))}
    </div>
  );
}
