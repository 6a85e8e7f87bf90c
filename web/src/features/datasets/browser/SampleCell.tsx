import { memo, useEffect, useRef } from 'react';
import { sampleImageUrl } from '@/api/thumbnails';
import { cx } from '@/ui/cx';
import { Thumb } from '@/ui/Thumb';
import { paintBoxes } from '@/viz/overlay';
import { classColour, ON_CLASS_COLOUR } from '@/viz/palette';
import type { DatasetVersion, Sample } from '../api';
import { isTiny } from '../model';
import { describeSample, isWrong } from '../sample';
import type { GridView } from './view';

interface SampleCellProps {
  project: string;
  version: DatasetVersion;
  sample: Sample;
  width: number;
  height: number;
  view: GridView;
  isSelected: boolean;
  isFocusable: boolean;
  onSelect: (row: number) => void;
}

/** One picture with its label or boxes; it takes the arrow keys of the page, Enter and Space choose it. */
export const SampleCell = memo(function SampleCell(props: SampleCellProps) {
  const { project, version, sample, width, height, view, isSelected, isFocusable, onSelect } = props;
  const size = Math.max(width, height) * Math.min(2, globalThis.devicePixelRatio || 1) > 200 ? 400 : 160;
  return (
    <button
      type="button"
      tabIndex={isFocusable ? 0 : -1}
      aria-label={describeSample(sample)}
      aria-pressed={isSelected}
      onClick={() => onSelect(sample.row)}
      className={cx(
        'relative block size-full overflow-hidden rounded-sm outline-offset-1',
        isSelected && 'outline-2 outline-accent',
      )}
    >
      <Thumb
        src={sampleImageUrl(project, version, sample.row, size)}
        className="size-full"
        isPixelated={isTiny(sample.width)}
      />
      {view.boxes && sample.boxes.length > 0 && (
        <Boxes sample={sample} width={width} height={height} names={view.names} />
      )}
      {view.names && <Names sample={sample} />}
    </button>
  );
});

function Boxes({
  sample,
  width,
  height,
  names,
}: {
  sample: Sample;
  width: number;
  height: number;
  names: boolean;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const paint = () => {
      if (canvas.current === null) return;
      const imageWidth = sample.width ?? width;
      const imageHeight = sample.height ?? height;
      paintBoxes(canvas.current, sample.boxes, { width, height, imageWidth, imageHeight, names });
    };
    if (typeof document.fonts?.check !== 'function' || document.fonts.check(FONT)) paint();
    else void document.fonts.load(FONT).then(paint, paint);
  }, [sample, width, height, names]);
  return <canvas ref={canvas} aria-hidden className="pointer-events-none absolute inset-0 size-full" />;
}

/** Canvas text falls back to another font when it is drawn before the web font is there. */
const FONT = '600 10.5px "Inter Variable"';

function Names({ sample }: { sample: Sample }) {
  const { label, prediction } = sample;
  if (label === null && prediction === null) return null;
  return (
    <span className="pointer-events-none absolute bottom-1 left-1 flex max-w-[calc(100%-8px)] gap-1 text-[10.5px] leading-[15px] font-semibold">
      {label !== null && (
        <span
          style={{ backgroundColor: classColour(sample.class_id), color: ON_CLASS_COLOUR }}
          className="truncate rounded-[2px] px-1"
        >
          {label}
        </span>
      )}
      {prediction !== null && (
        <span
          className={cx(
            'truncate rounded-[2px] bg-[#10131a] px-1',
            isWrong(sample) ? 'text-[#ff9b9b]' : 'text-[#8df0b0]',
          )}
        >
          {isWrong(sample) ? '≠ ' : '✓ '}
          {prediction.label} {prediction.score.toFixed(2)}
        </span>
      )}
    </span>
  );
}
