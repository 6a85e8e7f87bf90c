import type { ReactNode } from 'react';
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  ProgressBar,
} from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { cx } from './cx';
import { AppLink } from './routing';
import { Spinner } from './Spinner';

export type ButtonVariant = 'primary' | 'secondary' | 'quiet' | 'danger';
export type ButtonSize = 'small' | 'medium';

const BASE =
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap select-none ' +
  'transition-[background-color,border-color,opacity] duration-100 disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0';

const VARIANTS: Record<ButtonVariant, string> = {
  primary: 'bg-accent text-on-accent hover:bg-[color-mix(in_srgb,var(--accent)_88%,var(--fg))]',
  secondary: 'border border-line-strong bg-surface text-fg hover:bg-sunken',
  quiet: 'text-fg-2 hover:bg-sunken hover:text-fg',
  danger:
    'border border-line-strong bg-surface text-failed hover:bg-[color-mix(in_srgb,var(--failed)_10%,transparent)]',
};

const SIZES: Record<ButtonSize, string> = { small: 'h-7 px-2.5 text-12', medium: 'h-8 px-3 text-13' };

/** The look of a button, for links that stand among buttons. */
export function buttonClass(variant: ButtonVariant = 'secondary', size: ButtonSize = 'medium'): string {
  return cx(BASE, VARIANTS[variant], SIZES[size]);
}

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'children'> {
  variant?: ButtonVariant;
  size?: ButtonSize;
  children?: ReactNode;
  className?: string;
}

/** A button with words. While `isPending` it keeps its width and cannot be pressed again. */
export function Button({ variant, size, children, className, ...rest }: ButtonProps) {
  const { t } = useTranslation();
  return (
    <AriaButton {...rest} className={cx(buttonClass(variant, size), 'relative', className)}>
      {({ isPending }) => (
        <>
          <span className={cx('inline-flex items-center gap-1.5', isPending && 'invisible')}>{children}</span>
          {isPending && (
            <ProgressBar
              isIndeterminate
              aria-label={t('loading')}
              className="absolute inset-0 grid place-items-center"
            >
              <Spinner />
            </ProgressBar>
          )}
        </>
      )}
    </AriaButton>
  );
}

interface LinkButtonProps {
  href: string;
  variant?: ButtonVariant;
  size?: ButtonSize;
  children: ReactNode;
  className?: string;
}

/** A link to another page of the console that looks like a button. */
export function LinkButton({ href, variant, size, children, className }: LinkButtonProps) {
  return (
    <AppLink href={href} className={cx(buttonClass(variant, size), className)}>
      {children}
    </AppLink>
  );
}
