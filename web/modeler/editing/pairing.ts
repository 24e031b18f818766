/** Which element of one XML document is which of another that was written from it. */

/** Children of one to children of the other: by id, by what they picture, by what they say, then by what they hold, then as what is left empty of them; in their order.
 * `names` has the ids of `some` that are other ones in `others`. */
export function matches(some: Element[], others: Element[], names: Map<string, string> = new Map()): Map<Element, Element> {
  const found = new Map<Element, Element>();
  for (const [signOf, signOfOther] of [[sign, sign], [loose, loose], [kind, emptied]] as const) {
    const taken = new Set(found.values());
    const left = new Map<string, Element[]>();
    for (const each of others) if (!taken.has(each)) left.set(signOfOther(each), [...left.get(signOfOther(each)) ?? [], each]);
    for (const each of some) {
      const same = found.has(each) ? undefined : left.get(signOf(each, names))?.shift();
      if (same) found.set(each, same);
    }
  }
  return found;
}

/** What is behind the prefix of `prefix:id`. */
export function local(value: string): string {
  return value.slice(value.lastIndexOf(':') + 1);
}

/** The same names, values and texts, however they are indented. */
export function isSame(one: Element, other: Element): boolean {
  return content(one) === content(other);
}

function sign(node: Element, names: Map<string, string> = new Map()): string {
  const now = (id: string): string => names.get(id) ?? id;
  if (node.id) return `${name(node)}#${now(node.id)}`;
  const pictured = node.getAttribute('bpmnElement');
  if (pictured) return `${name(node)}@${now(local(pictured))}`;
  return node.children.length ? name(node) : content(node);
}

/** For what has no id: its text may have been written anew, its reference may lead nowhere. */
function loose(node: Element): string {
  return node.id ? `#${node.id}` : [name(node), ...[...node.children].map(content)].join(' ');
}

/** `some` and `others` of what lost all that it held. */
function kind(node: Element): string {
  return node.id ? `#${node.id}` : name(node);
}

function emptied(node: Element): string {
  return node.id || node.children.length || node.textContent?.trim() ? ' ' : name(node);
}

function content(node: Element): string {
  const own = [...node.attributes].filter((each) => !each.name.startsWith('xmlns')).map((each) => `${each.localName}=${plain(each.value)}`).sort();
  const inner = node.children.length ? [...node.children].map(content) : [local(node.textContent?.trim() ?? '')];
  return `<${[name(node), ...own, ...inner].join(' ')}>`;
}

function name(node: Element): string {
  return `${node.namespaceURI} ${node.localName}`;
}

function plain(value: string): string {
  return value.trim() && Number.isFinite(Number(value)) ? String(Number(value)) : local(value);
}
