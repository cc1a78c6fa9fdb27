/** Reads the XML that this AWS itself writes: elements and text, no processing beyond entities. */
export interface XmlElement {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

const TOKEN = /<(\/?)([A-Za-z_][\w:.-]*)((?:\s[^<>]*?)?)(\/?)>|([^<]+)/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** The root element. Throws when the text is not well-formed. */
export function parseXml(source: string): XmlElement {
  const document: XmlElement = { name: '', children: [], text: '' };
  const open: XmlElement[] = [document];
  const body = source.replace(/^\uFEFF?\s*<\?xml[^>]*\?>/, '').trim();
  let at = 0;
  for (const match of body.matchAll(TOKEN)) {
    if (match.index !== at) break;
    at += match[0].length;
    const [, closing, name = '', , empty, text] = match;
    const current = open.at(-1) ?? document;
    if (text !== undefined) current.text += unescape(text);
    else if (closing === '/') {
      if (open.pop()?.name !== name) throw new Error(`XML: </${name}> closes nothing`);
    } else {
      const element: XmlElement = { name, children: [], text: '' };
      current.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  const [root] = document.children;
  if (at !== body.length || open.length !== 1 || root === undefined || document.children.length !== 1) {
    throw new Error(`XML is not well-formed near ${JSON.stringify(body.slice(at, at + 40))}`);
  }
  return root;
}

function unescape(text: string): string {
  return text.replace(
    /&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g,
    (all, decimal?: string, hex?: string, name?: string) => {
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return ENTITIES[name ?? ''] ?? all;
    },
  );
}
