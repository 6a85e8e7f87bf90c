import type { Schemas } from '@/api/client';

export type ImportKind = Schemas['DatasetImport']['kind'];
export type ImportFormat = Schemas['DatasetImport']['format'];

export const KINDS: readonly ImportKind[] = [
  'auto',
  'classification',
  'detection',
  'semantic_segmentation',
  'instance_segmentation',
  'face_detection',
  'face_recognition',
  'text',
  'tabular',
  'unlabelled',
];

const OBJECTS: ImportFormat[] = ['voc', 'coco', 'yolo', 'labelme', 'cvat'];
const ANY: ImportFormat[] = ['parquet', 'tfrecord', 'webdataset'];

/** Layouts of files that can become a kind, the most usual first; all of them where the kind is to be found out. */
const FORMATS: Record<ImportKind, ImportFormat[]> = {
  auto: [
    ...(['imagefolder', 'identities', ...OBJECTS, 'wider_face', 'masks', 'object_masks'] as ImportFormat[]),
    ...(['csv', 'jsonl', 'images', ...ANY, 'kpl_original'] as ImportFormat[]),
  ],
  classification: ['imagefolder', ...ANY, 'kpl_original'],
  detection: [...OBJECTS, 'wider_face', ...ANY, 'kpl_original'],
  semantic_segmentation: ['masks', ...ANY],
  instance_segmentation: ['coco', 'object_masks', 'yolo', 'labelme', 'cvat', ...ANY],
  face_detection: ['wider_face', ...OBJECTS, ...ANY],
  face_recognition: ['identities', 'imagefolder', ...ANY],
  text: ['csv', 'jsonl', ...ANY],
  tabular: ['csv', 'jsonl', ...ANY],
  unlabelled: ['images', ...ANY],
};

/** What may be chosen as the layout of a kind: first to find out. */
export function formatsOf(kind: ImportKind): readonly ImportFormat[] {
  return ['auto', ...FORMATS[kind]];
}
