import { Languages, Monitor, Moon, Sun } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { loadChineseFont, setLanguage } from '@/i18n';
import { IconButton } from '@/ui/IconButton';
import { Menu } from '@/ui/Menu';
import { setTheme, type ThemeChoice, useTheme } from './theme';

/** Switches between English and Chinese at once; it is named in the language it leads to. */
export function LanguageButton() {
  const { t, i18n } = useTranslation();
  return (
    <IconButton
      icon={Languages}
      label={t('language.switch')}
      lang={i18n.language === 'zh' ? 'en' : 'zh-CN'}
      onHoverStart={loadChineseFont}
      onFocus={loadChineseFont}
      onPress={() => void setLanguage(i18n.language === 'zh' ? 'en' : 'zh')}
    />
  );
}

const ICONS = { system: Monitor, light: Sun, dark: Moon };
const CHOICES: ThemeChoice[] = ['light', 'dark', 'system'];

export function ThemeMenu() {
  const { t } = useTranslation();
  const theme = useTheme();
  return (
    <Menu
      label={t('theme.label')}
      placement="right bottom"
      groups={[
        {
          items: CHOICES.map((id) => ({
            id,
            label: t(`theme.${id}`),
            icon: ICONS[id],
            isChecked: id === theme,
            onAction: () => setTheme(id),
          })),
        },
      ]}
    >
      <IconButton icon={ICONS[theme]} label={t('theme.label')} />
    </Menu>
  );
}
