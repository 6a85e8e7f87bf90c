import type { OverlayBox } from '@/viz/overlay';
import type { Layer, Sample } from '../api';
import { matchBoxes } from './matching';
import type { DrawnView, GridView } from './view';

/** A mask to tint, by the layer that it stands in. */
export interface MaskLayer {
  layer: string;
  isPredicted: boolean;
}

export interface Overlay {
  boxes: OverlayBox[];
  masks: MaskLayer[];
}

/** What there is to switch in a version, seen with the layer of predictions chosen. */
export interface Switches {
  boxes: boolean;
  masks: boolean;
  landmarks: boolean;
  predictions: boolean;
}

export function switchesOf(layers: Layer[], predictions: string | null): Switches {
  const labels = layers.find(({ role }) => role === 'labels')?.fields ?? {};
  const answers = layers.find(({ name }) => name === predictions)?.answers ?? [];
  return {
    boxes: 'boxes' in labels || answers.includes('boxes'),
    masks: 'mask' in labels || 'masks' in labels || answers.includes('mask'),
    landmarks: 'landmarks' in labels,
    predictions: answers.length > 0,
  };
}

/** The name under which a pipeline puts what a model says. */
export const USUAL_PREDICTIONS = 'predictions';

/** The layer that the address names, else that of the usual name, else the first; null without predictions. */
export function chosenPredictions(layers: Layer[], wanted: string | undefined): string | null {
  const names = layers.filter(({ role }) => role === 'predictions').map(({ name }) => name);
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  return names.includes(USUAL_PREDICTIONS) ? USUAL_PREDICTIONS : (names[0] ?? null);
}

type Drawn = Pick<Sample, 'boxes' | 'has_mask' | 'predicted'>;

/**
 * What is drawn over a sample: boxes or masks of labels, of predictions or of both. Of two boxes that agree the
 * prediction has the tag.
 */
export function overlayOf(
  { boxes, has_mask, predicted }: Drawn,
  view: Pick<DrawnView, 'boxes' | 'masks' | 'landmarks' | 'shows' | 'hidden'>,
): Overlay {
  const labels = view.shows === 'predictions' ? [] : drawnBoxes(boxes, view.hidden);
  const answers = view.shows === 'labels' ? [] : drawnBoxes(predicted?.boxes ?? [], view.hidden);
  const { truth } = matchBoxes(labels, answers);
  const drawn = [
    ...labels.map((box, index) => ({ ...box, isTagged: truth[index] !== 'matched' })),
    ...answers.map((box) => ({ ...box, isPredicted: true })),
  ];
  const masks: MaskLayer[] = [];
  if (view.masks && has_mask && view.shows !== 'predictions')
    masks.push({ layer: 'labels', isPredicted: false });
  if (view.masks && predicted?.has_mask && view.shows !== 'labels')
    masks.push({ layer: predicted.layer, isPredicted: true });
  return { boxes: view.boxes || view.landmarks ? drawn : [], masks };
}

/** Objects of classes that are not hidden. */
export function drawnBoxes<Of extends { class_id: number }>(boxes: Of[], hidden: readonly number[]): Of[] {
  return hidden.length === 0 ? boxes : boxes.filter(({ class_id }) => !hidden.includes(class_id));
}

/** Hides a class, or shows it again. */
export function withToggled(hidden: readonly number[], classId: number): number[] {
  return hidden.includes(classId) ? hidden.filter((id) => id !== classId) : [...hidden, classId];
}

/** Of predictions after one another: labels, both, predictions, and again. */
export function nextShown(shows: GridView['shows']): GridView['shows'] {
  return shows === 'labels' ? 'both' : shows === 'both' ? 'predictions' : 'labels';
}
