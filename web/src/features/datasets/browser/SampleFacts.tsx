import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { CopyButton } from '@/ui/CodeBlock';
import { KeyValue } from '@/ui/KeyValue';
import { SectionTitle } from '@/ui/Panel';
import { classShares, pixelAgreement } from '@/viz/tint';
import type { Box, DatasetVersion, Sample } from '../api';
import { isAnswered, isLabelled, isWrong } from '../sample';
import { Comparison } from './Comparison';
import { DetailPicture, useLabelMap } from './DetailPicture';
import { type Focus, legendOf, type Source } from './focus';
import { matchBoxes } from './matching';
import { Legend, ObjectList, Swatch } from './ObjectList';
import { drawnBoxes } from './overlays';
import { ReviewActions } from './ReviewActions';
import { OpacitySlider } from './Sliders';
import type { Review } from './useReview';
import type { DrawnView } from './view';

interface SampleFactsProps {
  project: string;
  version: DatasetVersion;
  sample: Sample;
  view: DrawnView;
  review: Review | null;
  onOpacity: (opacity: number) => void;
  onToggleClass: (classId: number) => void;
}

/** What is known of one sample; labels and predictions side by side where there are both. */
export function SampleFacts(props: SampleFactsProps) {
  const { project, version, sample, view, review } = props;
  const { t } = useTranslation('datasets');
  const [focus, setFocus] = useState<Focus | null>(null);
  const minScore = review?.decisions.minScore ?? 0;
  const { predicted } = sample;
  const isOfClasses = sample.has_mask && sample.num_boxes === 0;
  const answersClasses = predicted?.has_mask === true && predicted.num_boxes === 0;
  const labels = useLabelMap(project, version, sample.row, isOfClasses ? 'labels' : null);
  const answers = useLabelMap(
    project,
    version,
    sample.row,
    answersClasses ? (predicted?.layer ?? null) : null,
  );
  const all = useMemo(
    () => (predicted?.boxes ?? []).filter(({ score }) => (score ?? 1) >= minScore),
    [predicted, minScore],
  );
  const sure = useMemo(() => drawnBoxes(all, view.hidden), [all, view.hidden]);
  const labelled = useMemo(() => drawnBoxes(sample.boxes, view.hidden), [sample.boxes, view.hidden]);
  const matching = useMemo(
    () => (predicted?.boxes ? matchBoxes(labelled, sure) : null),
    [predicted, labelled, sure],
  );
  const agreement = useMemo(
    () => (labels.map && answers.map ? pixelAgreement(labels.map, answers.map) : null),
    [labels.map, answers.map],
  );
  const shows =
    predicted === null
      ? 'labels'
      : view.shows === 'both' && !isLabelled(version, sample, review?.layer)
        ? 'predictions'
        : view.shows;
  const shownMap = shows === 'predictions' ? answers.map : (labels.map ?? answers.map);
  const legend = useMemo(
    () =>
      legendOf(
        shows === 'predictions' ? all : sample.boxes,
        shownMap ? classShares(shownMap) : [],
        version.class_names,
        shows === 'both' ? all : [],
      ),
    [sample.boxes, all, shownMap, shows, version.class_names],
  );
  const sources: Source[] = shows === 'both' ? ['labels', 'predictions'] : [shows];
  const boxesOf = (source: Source): Box[] => (source === 'labels' ? labelled : sure);
  const focusing = { focus, onFocus: setFocus };
  return (
    <div className="space-y-5">
      {sample.has_image && (
        <div className={sources.length === 2 ? 'grid gap-3 min-[1440px]:grid-cols-2' : ''}>
          {sources.map((source) => (
            <figure key={source}>
              {sources.length === 2 && (
                <figcaption className="mb-1 text-12 font-medium text-fg-2">{t(`shows.${source}`)}</figcaption>
              )}
              <DetailPicture
                project={project}
                version={version}
                sample={sample}
                source={source}
                boxes={boxesOf(source)}
                map={source === 'labels' ? labels.map : answers.map}
                showsBoxes={view.boxes}
                showsMasks={view.masks}
                showsLandmarks={view.landmarks}
                opacity={view.opacity}
                hidden={view.hidden}
                {...focusing}
              />
            </figure>
          ))}
        </div>
      )}
      {[labels.error, answers.error].filter(Boolean).map((error) => (
        <p key={error} role="alert" className="text-12 text-failed">
          {error}
        </p>
      ))}
      {sample.text !== null && (
        <p translate="no" className="text-13 leading-6 break-words whitespace-pre-wrap">
          {sample.text}
        </p>
      )}
      <Answers sample={sample} />
      {review && isAnswered(sample) && (
        <ReviewActions
          project={project}
          version={version}
          sample={sample}
          review={review}
          hasScore={sources.length === 1 && (predicted?.num_boxes ?? 0) > 0}
        />
      )}
      {sources.length === 2 && (matching || agreement !== null) && (
        <Comparison
          matching={matching}
          agreement={agreement}
          minScore={minScore}
          onMinScore={(score) => review?.setMinScore(score)}
        />
      )}
      {legend.length > 0 && (
        <Legend lines={legend} hidden={view.hidden} onToggle={props.onToggleClass} {...focusing} />
      )}
      {legend.length > 0 && sample.has_image && (
        <OpacitySlider value={view.opacity} onChange={props.onOpacity} />
      )}
      {sources.map((source) => {
        const boxes = boxesOf(source);
        if (boxes.length === 0) return null;
        return (
          <ObjectList
            key={source}
            title={sources.length === 2 ? t(`objectsOf.${source}`) : t('objects')}
            source={source}
            boxes={boxes}
            states={
              sources.length === 2 && matching ? matching[source === 'labels' ? 'truth' : 'predicted'] : null
            }
            {...focusing}
          />
        );
      })}
      <Values sample={sample} />
      <Metadata sample={sample} />
    </div>
  );
}

/** The class of the whole sample, and a model's answer. */
function Answers({ sample }: { sample: Sample }) {
  const { t } = useTranslation('datasets');
  const { share } = useFormat();
  const { prediction } = sample;
  if (sample.label === null && prediction === null) return null;
  return (
    <KeyValue
      facts={[
        {
          label: t('label'),
          value: sample.label !== null && <Swatch classId={sample.class_id} text={sample.label} />,
        },
        {
          label: t('prediction'),
          value: prediction && (
            <span
              translate="no"
              className={sample.class_id === null ? '' : isWrong(sample) ? 'text-failed' : 'text-ok'}
            >
              {prediction.label} · {share(prediction.score)}
            </span>
          ),
        },
      ].filter(({ value }) => value)}
    />
  );
}

/** The columns of a table's row. */
function Values({ sample }: { sample: Sample }) {
  const { t } = useTranslation('datasets');
  const columns = Object.entries(sample.values);
  if (columns.length === 0) return null;
  return (
    <section>
      <SectionTitle aside={String(columns.length)}>{t('values')}</SectionTitle>
      <KeyValue
        labelWidth="128px"
        facts={columns.map(([name, value]) => ({
          label: name,
          isName: true,
          value:
            value === null ? (
              <span className="text-fg-3">{t('noValue')}</span>
            ) : (
              <span translate="no" className={typeof value === 'number' ? 'font-mono text-12' : ''}>
                {String(value)}
              </span>
            ),
        }))}
      />
    </section>
  );
}

function Metadata({ sample }: { sample: Sample }) {
  const { t } = useTranslation('datasets');
  return (
    <section>
      <SectionTitle>{t('metadata')}</SectionTitle>
      <KeyValue
        labelWidth="72px"
        facts={[
          {
            label: t('key'),
            value: (
              <span className="flex items-start gap-1 font-mono text-12">
                <span translate="no" className="min-w-0 break-all">
                  {sample.key}
                </span>
                <span className="-my-1">
                  <CopyButton text={sample.key} />
                </span>
              </span>
            ),
          },
          { label: t('split'), value: sample.split ? <span translate="no">{sample.split}</span> : t('none') },
          {
            label: t('pixels'),
            value: sample.width && (
              <span className="font-mono text-12">{`${sample.width} × ${sample.height}`}</span>
            ),
          },
          { label: t('row'), value: <span className="font-mono text-12">{sample.row}</span> },
        ]}
      />
    </section>
  );
}
