import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { Button } from './Button';
import { cx } from './cx';
import { IconButton } from './IconButton';

interface DialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  /** Buttons at the bottom, the main one last. */
  footer?: ReactNode;
  size?: 'small' | 'medium' | 'large' | 'wide';
  /** Keeps it open on Escape and on a click beside it, as while work goes on. */
  isSticky?: boolean;
}

const WIDTHS = { small: 'w-[420px]', medium: 'w-[560px]', large: 'w-[860px]', wide: 'w-[1000px]' };

/** Asks for something before going on. */
export function Dialog({ title, isOpen, onClose, children, footer, size = 'medium', isSticky }: DialogProps) {
  const { t } = useTranslation();
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable={!isSticky}
      isKeyboardDismissDisabled={isSticky}
      className="fixed inset-0 z-40 flex items-start justify-center overflow-auto bg-[rgb(8_10_14/0.45)] p-6 pt-[12vh]"
    >
      <Modal
        className={cx(
          'max-w-full rounded-lg border border-line bg-raised shadow-float outline-none',
          WIDTHS[size],
        )}
      >
        <AriaDialog className="flex max-h-[76vh] flex-col outline-none">
          <header className="flex h-12 shrink-0 items-center gap-3 border-b border-line pr-2 pl-5">
            <Heading slot="title" className="min-w-0 flex-1 truncate text-14 font-semibold">
              {title}
            </Heading>
            <IconButton icon={X} label={t('close')} onPress={onClose} isDisabled={isSticky} />
          </header>
          <div className="min-h-0 flex-1 overflow-auto px-5 py-4">{children}</div>
          {footer && (
            <footer className="flex shrink-0 justify-end gap-2 border-t border-line px-5 py-3">
              {footer}
            </footer>
          )}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

interface ConfirmDialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  onConfirm: () => void;
  confirmLabel: string;
  isPending?: boolean;
  isDanger?: boolean;
  children: ReactNode;
}

/** Asks whether to do something that cannot be undone. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { t } = useTranslation();
  return (
    <Dialog
      title={props.title}
      isOpen={props.isOpen}
      onClose={props.onClose}
      size="small"
      footer={
        <>
          <Button onPress={props.onClose}>{t('cancel')}</Button>
          <Button
            variant={props.isDanger ? 'danger' : 'primary'}
            isPending={props.isPending}
            onPress={props.onConfirm}
          >
            {props.confirmLabel}
          </Button>
        </>
      }
    >
      <div className="space-y-2 text-13 text-fg-2">{props.children}</div>
    </Dialog>
  );
}
