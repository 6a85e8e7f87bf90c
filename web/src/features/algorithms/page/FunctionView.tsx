import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { Badge } from '@/ui/Badge';
import { MetricName } from '@/ui/MetricName';
import { SectionTitle } from '@/ui/Panel';
import { portColour } from '@/viz/graph/colours';
import { rangeText, type Schema, schemaTitle, textOf } from '@/viz/graph/schema';

/** What one function takes, gives, measures and can be told. */
export function FunctionView({ of: shown }: { of: Schemas['FunctionOut'] }) {
  const { t, i18n } = useTranslation('algorithms');
  const properties = Object.entries((shown.parameters as Schema).properties ?? {});
  return (
    <div className="space-y-6 p-4">
      <div className="grid grid-cols-3 gap-6">
        <Ports title={t('page.inputs')} ports={shown.inputs} />
        <Ports title={t('page.outputs')} ports={shown.outputs} />
        <section>
          <SectionTitle>{t('page.metrics')}</SectionTitle>
          {shown.metrics.length === 0 && <p className="text-12 text-fg-3">{t('none', { ns: 'common' })}</p>}
          <ul className="space-y-1 text-12">
            {shown.metrics.map((metric) => (
              <li key={metric.name} className="flex items-center gap-2">
                <MetricName name={metric.name} className={metric.is_primary ? 'font-semibold' : ''} />
                <span className="text-fg-3">
                  {metric.direction === 'max' ? '↑' : '↓'}
                  <span className="sr-only">{t(`page.direction.${metric.direction}`)}</span>
                </span>
                {metric.is_primary && <Badge tone="accent">{t('page.primary')}</Badge>}
              </li>
            ))}
          </ul>
        </section>
      </div>
      <section>
        <SectionTitle>{t('page.parameters')}</SectionTitle>
        {properties.length === 0 && <p className="text-12 text-fg-3">{t('none', { ns: 'common' })}</p>}
        {properties.length > 0 && (
          <table className="w-full border-separate border-spacing-0 text-12">
            <thead>
              <tr className="text-left text-fg-3">
                {['parameter', 'default', 'range', 'meaning'].map((column) => (
                  <th key={column} className="h-7 border-b border-line pr-4 font-medium">
                    {t(`page.column.${column}`)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody className="align-top">
              {properties.map(([name, schema]) => (
                <tr key={name}>
                  <td className="border-b border-line py-1.5 pr-4">
                    <div className="text-13 font-medium">{schemaTitle(name, schema, i18n.language)}</div>
                    <code className="font-mono text-11 text-fg-3">{name}</code>
                  </td>
                  <td translate="no" className="border-b border-line py-1.5 pr-4 font-mono whitespace-nowrap">
                    {schema.default === undefined ? '–' : JSON.stringify(schema.default)}
                  </td>
                  <td className="max-w-56 border-b border-line py-1.5 pr-4 text-fg-2">
                    {schema.enum ? (
                      <span translate="no">{schema.enum.join(' · ')}</span>
                    ) : (
                      rangeText(schema) || typeWords(t, schema)
                    )}
                  </td>
                  <td className="border-b border-line py-1.5 text-fg-2">
                    {textOf(schema.description, i18n.language)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </div>
  );
}

function Ports({ title, ports }: { title: string; ports: Schemas['PortOut'][] }) {
  const { t } = useTranslation('algorithms');
  return (
    <section>
      <SectionTitle>{title}</SectionTitle>
      {ports.length === 0 && <p className="text-12 text-fg-3">{t('none', { ns: 'common' })}</p>}
      <ul className="space-y-1.5 text-12">
        {ports.map((port) => (
          <li key={port.name} className="flex items-start gap-2">
            <span
              aria-hidden
              className="mt-1 size-2.5 shrink-0 rounded-full border-2"
              style={{
                borderColor: portColour(port.type),
                backgroundColor: port.is_optional ? 'transparent' : portColour(port.type),
              }}
            />
            <span className="min-w-0">
              <span translate="no" className="font-medium">
                {port.name}
              </span>{' '}
              <span className="text-fg-3">
                {t(`port.${port.type}`, { ns: 'pipelines' })}
                {port.kinds.length > 0 &&
                  ` · ${port.kinds.map((kind) => t(`kind.${kind}`, { defaultValue: kind })).join(', ')}`}
                {port.is_optional && ` · ${t('page.optional')}`}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The type of a value in the reader's words, several with a stroke between them. */
function typeWords(t: (key: string, values: { defaultValue: string }) => string, { type }: Schema): string {
  return [type ?? []]
    .flat()
    .map((each) => t(`type.${each}`, { defaultValue: each }))
    .join(' | ');
}
