// Finds English on Chinese pages: what a reader of Chinese sees or hears and that nobody put there on purpose.
// What users and programs wrote is theirs. It stands in `code`, below `lang="en"` (`lang=""` where nobody knows) or `translate="no"` (browsers'
// translators then leave it alone, too), or is a name that the server knows.

/** Words that Chinese texts use as they are: products, formats, units, keys, and terms without a Chinese word in use. */
const KEPT =
  `KPL API CLI SDK URL HTTP HTTPS ID IP TLS JSON YAML CSV XML zip tar Git README Markdown Python JavaScript curl
  Notebook Jupyter JupyterLab Ctrl Shift Alt Esc Enter Tab Home End Space CPU GPU NPU MPS MIG CUDA NVIDIA ONNX
  Runtime OpenVINO NNCF PyTorch COCO VOC Pascal YOLO CVAT LabelMe WIDER FACE Parquet TFRecord WebDataset Lines PNG
  JPEG EXIF RGB IoU ROC AUC F AP mAP EMA SHA MiB GiB B KB MB GB TB PB GMT UTC px ms`.split(/\s+/);

/** Words of the kinds of data and of tasks, which a label has in Chinese wherever they show. */
const KINDS = [
  'unlabelled',
  'classification',
  'detection',
  'segmentation',
  'recognition',
  'tabular',
  'processing',
];

/** Names that the server's users gave: of projects, users, machines, datasets, their classes and so on. */
async function namesOn(page) {
  return page.evaluate(
    async (api) => {
      const items = async (path) => {
        const answer = await fetch(`${api}/${path}`);
        return answer.ok ? ((await answer.json()).items ?? []) : [];
      };
      const all = await Promise.all(['projects', 'users', 'machines', 'queues'].map(items));
      for (const { name } of all[0])
        for (const noun of ['datasets', 'models', 'pipelines', 'algorithms', 'endpoints'])
          all.push(await items(`projects/${name}/${noun}?limit=100`));
      return all
        .flat()
        .flatMap(({ name, title, username, display_name, latest }) => [
          ...[name, title, username, display_name].filter((text) => typeof text === 'string'),
          ...(latest?.class_names ?? []),
          ...Object.keys(latest?.splits ?? {}),
        ]);
    },
    `${new URL(page.url()).origin}/api/v1`,
  );
}

let names = [];

/**
 * What stands on a Chinese page in English, each as `text (element)`; nothing on pages in another language.
 * @param least how many words in a row are English: one may also be the name of a step, a port or a value.
 */
export async function englishOn(page, { least = 2 } = {}) {
  if ((await page.evaluate(() => document.documentElement.lang)) !== 'zh-CN') return [];
  const look = () => {
    const known = [...KEPT, ...names.flatMap((name) => name.match(/[A-Za-z]+/g) ?? [])];
    return page.evaluate(find, { known, kinds: KINDS, least });
  };
  const found = await look();
  if (found.length === 0) return [];
  names = await namesOn(page);
  return look();
}

/** Runs in the page. */
function find({ known, kinds, least }) {
  const theirs = 'code, pre, kbd, script, style, [lang|="en"], [lang=""], [translate="no"]';
  const attributes = ['aria-label', 'aria-roledescription', 'aria-valuetext', 'title', 'placeholder', 'alt'];
  const kept = new Set(known.map((word) => word.toLowerCase()));
  // Versions, paths, addresses and the like are no words: there is a digit or a mark between their letters.
  const identifier = /[\w./:@=+-]*(?:[A-Za-z][./:@_=]+\w|\d)[\w./:@=+-]*/g;
  const quoted = /“[^”]*”|'[^']*'|`[^`]*`/g;
  const word = /[A-Za-z][A-Za-z’]*/g;
  const isEnglish = (text) => {
    const plain = text.replace(quoted, '、').replace(identifier, '、');
    // A Chinese sentence may name one thing by its own word, as the value of a parameter.
    const most = /[\u4e00-\u9fff]/.test(text) ? 2 : least;
    const runs = plain.match(/[A-Za-z’]+(?:[ ,-]+[A-Za-z’]+)*/g) ?? [];
    const foreign = runs.map((run) => run.match(word).filter((found) => !kept.has(found.toLowerCase())));
    return foreign.some((words) => words.length >= most || kinds.includes(words[0]));
  };
  const placeOf = (element) => {
    const place = [];
    for (let at = element; at && at !== document.body && place.length < 4; at = at.parentElement)
      place.unshift(at.localName + (at.classList[0] ? `.${at.classList[0]}` : ''));
    return place.join(' > ');
  };
  const found = new Set();
  const look = (text, element, what = '') => {
    if (!isEnglish(text) || element.closest(theirs)) return;
    if (element.checkVisibility({ visibilityProperty: true }))
      found.add(`${what}${text.trim().slice(0, 160)} (${placeOf(element)})`);
  };
  for (const element of document.body.querySelectorAll('*')) {
    const texts = [...element.childNodes].map((node) =>
      node.nodeType === Node.TEXT_NODE ? node.data : '、',
    );
    look(texts.join(''), element);
    for (const name of attributes) look(element.getAttribute(name) ?? '', element, `${name}: `);
  }
  return [...found];
}
