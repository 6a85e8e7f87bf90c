import { memo, useCallback, useState } from 'react';
import { sampleImageUrl } from '@/api/thumbnails';
import { cx } from '@/ui/cx';
import { classColour, ON_CLASS_COLOUR } from '@/viz/palette';
import type { DatasetVersion, Sample } from '../api';
import { isTiny } from '../model';
import { describeSample, isWrong } from '../sample';
import type { Verdict } from './decisions';
import { PaintedOverlay } from './PaintedOverlay';
import { PickMark, pickedBy } from './PickMark';
import { Picture } from './Picture';
import type { ThumbSize, Thumbs } from './thumbs';
import { useThumb } from './useThumb';
import { VerdictMark } from './VerdictMark';
import type { DrawnView, GridView } from './view';

interface SampleCellProps {
  project: string;
  version: DatasetVersion;
  sample: Sample;
  /** Its place in the list. */
  position: number;
  /** Where something is drawn over the picture; else it follows its place without being drawn anew. */
  width: number | undefined;
  height: number | undefined;
  thumbSize: ThumbSize;
  thumbs: Thumbs;
  isSmall: boolean;
  /** Whether it was in sight when it was drawn first. */
  isInSight: boolean;
  view: DrawnView;
  isSelected: boolean;
  isFocusable: boolean;
  isPicked: boolean;
  isPicking: boolean;
  verdict: Verdict | null;
  isVerdictSaved: boolean;
  onSelect: (row: number) => void;
  onPick: (position: number, isRange: boolean) => void;
}

/** One picture with what is known of it; it takes the arrow keys of the page, Enter and Space choose it. */
export const SampleCell = memo(function SampleCell(props: SampleCellProps) {
  const { project, version, sample, position, width, height, thumbSize, isSmall, view, isSelected } = props;
  const { isFocusable, isPicked, isPicking, verdict, isVerdictSaved, onSelect, onPick } = props;
  const src = useThumb(props.thumbs, sample.row, props.isInSight);
  const [isBroken, setBroken] = useState(false);
  const breaks = useCallback(() => setBroken(true), []);
  const [isPointed, setPointed] = useState(false);
  const fit = isTiny(sample.width) ? 'contain' : 'cover';
  return (
    <div
      data-position={position}
      className="size-full"
      onPointerEnter={() => setPointed(true)}
      onPointerLeave={() => setPointed(false)}
    >
      <button
        type="button"
        tabIndex={isFocusable ? 0 : -1}
        aria-label={describeSample(sample)}
        aria-pressed={isSelected}
        onClick={(event) => {
          const how = pickedBy(event);
          if (how === null) onSelect(sample.row);
          else onPick(position, how === 'range');
        }}
        className={cx(
          'relative block size-full overflow-hidden rounded-sm outline-offset-1',
          isSelected && 'outline-2 outline-accent',
        )}
      >
        <Picture
          key={thumbSize}
          src={src}
          reasonFrom={sampleImageUrl(project, version, sample.row, thumbSize)}
          isPixelated={isTiny(sample.width)}
          fit={fit}
          isSmall={isSmall}
          onBroken={breaks}
        />
        {width !== undefined && height !== undefined && !isBroken && (
          <PaintedOverlay
            project={project}
            version={version}
            sample={sample}
            width={width}
            height={height}
            view={view}
            fit={fit}
          />
        )}
        {isPicked && (
          <span className="pointer-events-none absolute inset-0 rounded-sm border-2 border-accent" />
        )}
        {verdict && <VerdictMark verdict={verdict} isSaved={isVerdictSaved} />}
        {view.names && <Names sample={sample} shows={view.shows} />}
      </button>
      {(isPicked || isPicking || isPointed) && (
        <PickMark
          name={sample.key}
          isPicked={isPicked}
          isPicking
          isOnPicture
          onPick={(isRange) => onPick(position, isRange)}
          className="absolute top-0.5 left-0.5"
        />
      )}
    </div>
  );
});

/** The class of the whole sample, and a model's answer. */
export function Names({ sample, shows }: { sample: Sample; shows: GridView['shows'] }) {
  const prediction = shows === 'labels' ? null : sample.prediction;
  // A prediction that is right says what the label says.
  const isSaid = prediction !== null && (shows === 'predictions' || !isWrong(sample));
  const label = isSaid ? null : sample.label;
  if (label === null && prediction === null) return null;
  return (
    <span
      translate="no"
      className="pointer-events-none absolute bottom-1 left-1 flex max-w-[calc(100%-8px)] flex-col items-start gap-0.5 text-[10.5px] leading-[15px] font-semibold"
    >
      {label !== null && (
        <span
          style={{ backgroundColor: classColour(sample.class_id), color: ON_CLASS_COLOUR }}
          className="max-w-full truncate rounded-[2px] px-1"
        >
          {label}
        </span>
      )}
      {prediction !== null && (
        <span
          className={cx(
            'max-w-full truncate rounded-[2px] bg-[#10131a] px-1',
            sample.class_id === null
              ? 'text-[#ffffff]'
              : isWrong(sample)
                ? 'text-[#ff9b9b]'
                : 'text-[#8df0b0]',
          )}
        >
          {sample.class_id === null ? '' : isWrong(sample) ? '≠ ' : '✓ '}
          {prediction.label} {prediction.score.toFixed(2)}
        </span>
      )}
    </span>
  );
}
