import { useQueries } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import {
  Autocomplete,
  Dialog,
  Input,
  Menu,
  MenuItem,
  Modal,
  ModalOverlay,
  SearchField,
  useFilter,
} from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { menuItemClass } from '@/ui/Popover';
import { useGo, useProject } from '@/ui/routing';
import { destinationPath, destinations, settingsDestination } from './navigation';
import { paletteQueries } from './paletteQueries';
import { showOverlay } from './paletteState';

/** Goes anywhere by name: pages, and the objects of the project. */
export default function Palette() {
  const { t } = useTranslation();
  const project = useProject();
  const go = useGo();
  const { contains } = useFilter({ sensitivity: 'base' });
  const found = useQueries({ queries: paletteQueries(project) });
  const pages = [...destinations, settingsDestination].map((destination) => ({
    id: destinationPath(destination, project),
    name: t(`nav.${destination.id}`),
    kind: t('palette.pages'),
    isName: false,
    icon: destination.icon,
  }));
  const objects = found
    .flatMap(({ data }) => data ?? [])
    .map(({ kind, ...item }) => {
      const destination = destinations.find(({ id }) => id === kind);
      return { ...item, kind: t(`nav.${kind}`), isName: true, icon: destination?.icon ?? Search };
    });
  const close = () => showOverlay('none');
  return (
    <ModalOverlay
      isOpen
      isDismissable
      onOpenChange={(open) => !open && close()}
      className="fixed inset-0 z-40 flex items-start justify-center bg-[rgb(8_10_14/0.45)] pt-[14vh]"
    >
      <Modal className="w-[560px] max-w-[92vw] overflow-hidden rounded-lg border border-line bg-raised shadow-float">
        <Dialog aria-label={t('palette.label')} className="outline-none">
          <Autocomplete filter={contains}>
            <SearchField
              aria-label={t('palette.label')}
              autoFocus
              className="flex items-center gap-2.5 border-b border-line px-4"
            >
              <Search aria-hidden className="size-4 text-fg-3" />
              <Input
                placeholder={t('palette.placeholder')}
                className="h-12 w-full bg-transparent text-14 outline-none placeholder:text-fg-3 [&::-webkit-search-cancel-button]:hidden"
              />
            </SearchField>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reached by the keyboard */}
            <div tabIndex={0} className="max-h-[44vh] overflow-auto outline-none">
              <Menu
                aria-label={t('palette.label')}
                items={[...pages, ...objects]}
                onAction={(key) => {
                  close();
                  go(String(key));
                }}
                className="p-1 outline-none"
                renderEmptyState={() => (
                  <p className="px-3 py-6 text-center text-fg-3">{t('palette.empty')}</p>
                )}
              >
                {({ id, name, kind, isName, icon: Icon }) => (
                  <MenuItem id={id} textValue={name} className={menuItemClass}>
                    <Icon aria-hidden className="text-fg-3" />
                    <span translate={isName ? 'no' : undefined} className="min-w-0 flex-1 truncate">
                      {name}
                    </span>
                    <span className="text-12 text-fg-3">{kind}</span>
                  </MenuItem>
                )}
              </Menu>
            </div>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
