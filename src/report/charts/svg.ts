/** An element of a picture, its attributes and what is in it; text is escaped here and nowhere else. */
export type Svg = string & { readonly isSvg: unique symbol };

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ESCAPES[sign] ?? '');

/** Tenths of a pixel are as much as anyone sees, and half the file. */
function attribute(value: string | number): string {
  return typeof value === 'number' ? String(Math.round(value * 10) / 10) : escaped(value);
}

export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly Svg[]
): Svg {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${attribute(value)}"`);
  const inside = children.join('');
  return `<${name}${pairs.join('')}${inside === '' ? '/>' : `>${inside}</${name}>`}` as Svg;
}

export function text(words: string, attributes: Readonly<Record<string, string | number>>): Svg {
  return element('text', attributes, escaped(words) as Svg);
}

/** What a picture is called by whoever cannot see it. */
export function title(words: string): Svg {
  return element('title', {}, escaped(words) as Svg);
}
