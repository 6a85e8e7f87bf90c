import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { later } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { TextField } from '@/ui/TextField';
import { toast } from '@/ui/Toast';
import { type DatasetVersion, reviewAnswers } from '../api';
import { keysOf } from './decisions';
import { ScoreSlider } from './Sliders';
import type { Review } from './useReview';

interface SaveReviewProps {
  project: string;
  version: DatasetVersion;
  review: Review;
  onClose: () => void;
  onSaved: () => void;
}

/** Asks for a word about it and makes the next version. What was decided stays until that is done. */
export default function SaveReview({ project, version, review, onClose, onSaved }: SaveReviewProps) {
  const { t } = useTranslation('datasets');
  const { t: common } = useTranslation();
  const { count } = useFormat();
  const client = useQueryClient();
  const [message, setMessage] = useState('');
  const { decisions, layer } = review;
  const { accept, reject } = keysOf(decisions);
  const hasObjects = layer.answers.includes('boxes') && accept.length > 0;
  const save = useMutation({
    mutationFn: () =>
      reviewAnswers(project, version, {
        accept,
        reject,
        layer: layer.name,
        min_score: hasObjects ? decisions.minScore : 0,
        message: message.trim(),
      }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ['datasets', project] });
      review.discard();
      onSaved();
      toast({
        tone: 'ok',
        title: later('datasets', 'review.done', { name: made.name, version: made.version }),
      });
    },
  });
  // A refusal may tell of a newer version, which is shown only once that has been read.
  const close = () => {
    if (save.isError) void client.invalidateQueries({ queryKey: ['datasets', project] });
    onClose();
  };
  return (
    <Dialog
      title={t('review.saveTitle', { version: version.version + 1 })}
      isOpen
      size="small"
      onClose={close}
      isSticky={save.isPending}
      footer={
        <>
          <Button onPress={close} isDisabled={save.isPending}>
            {common('cancel')}
          </Button>
          <Button variant="primary" isPending={save.isPending} onPress={() => save.mutate()}>
            {t('review.saveIt')}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <ul className="list-disc space-y-1 pl-4 text-13 text-fg-2">
          {accept.length > 0 && (
            <li>{t('review.becomeLabels', { count: accept.length, shown: count(accept.length) })}</li>
          )}
          {reject.length > 0 && (
            <li>{t('review.areRejected', { count: reject.length, shown: count(reject.length) })}</li>
          )}
          {version.kind === 'unlabelled' && <li>{t('review.othersHaveNone')}</li>}
          <li>{t('review.nothingLost', { version: version.version })}</li>
        </ul>
        {hasObjects && <ScoreSlider value={decisions.minScore} onChange={review.setMinScore} />}
        <TextField
          label={t('review.message')}
          value={message}
          onChange={setMessage}
          maxLength={500}
          autoFocus
        />
        {save.isError && <ErrorState isInline error={save.error} />}
      </div>
    </Dialog>
  );
}
