/** What a diagram would lose if it were saved as the editor read it: elements, attributes and texts, whoever wrote them. */

const SAME_AS_NONE: Record<string, string[]> = {
  isForCompensation: ['false'], startQuantity: ['1'], completionQuantity: ['1'], triggeredByEvent: ['false'], isInterrupting: ['true'],
  parallelMultiple: ['false'], cancelActivity: ['true'], isSequential: ['false'], isCollection: ['false'], instantiate: ['false'],
  eventGatewayType: ['Exclusive'], gatewayDirection: ['Unspecified'], testBefore: ['false'], textFormat: ['text/plain'],
  messageVisibleKind: ['initiating'], typeLanguage: ['http://www.w3.org/2001/XMLSchema'], expressionLanguage: ['http://www.w3.org/1999/XPath'],
};  // the defaults of the BPMN 2.0 schemas: the editor leaves them out
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

/** In words for people, each place once: `sequenceFlow a1`, `task t1 lang="de"`; empty where all of `before` is in `after`. */
export function losses(before: string, after: string): string[] {
  const left = count(facts(after));
  const lost = new Set<string>();
  for (const [fact, owner, words] of facts(before)) {
    const there = left.get(fact) ?? 0;
    if (there) left.set(fact, there - 1);
    else if (!lost.has(owner)) lost.add(words);
  }
  return [...lost];
}

type Fact = [fact: string, owner: string, words: string];

function count(found: Fact[]): Map<string, number> {
  const counted = new Map<string, number>();
  for (const [fact] of found) counted.set(fact, (counted.get(fact) ?? 0) + 1);
  return counted;
}

/** Every element before its attributes and its text, so that what an element takes with it is not told again. */
function facts(text: string): Fact[] {
  const nodes = [...new DOMParser().parseFromString(text, 'application/xml').getElementsByTagName('*')];
  return nodes.flatMap((node) => {
    const words = `${node.localName} ${node.getAttribute('id') ?? node.getAttribute('bpmnElement') ?? place(node)}`.trim();
    const owner = `${node.namespaceURI} ${words}`;
    const own = [...node.childNodes].filter((each) => each.nodeType === Node.TEXT_NODE || each.nodeType === Node.CDATA_SECTION_NODE);
    const said = plain(own.map((each) => each.nodeValue).join(''));
    return [[owner, words, words] as Fact,
      ...[...node.attributes].filter(counts).map((each): Fact => [`${owner} @${each.localName}=${plain(each.value)}`, words, `${words} ${each.name}="${each.value}"`]),
      ...(said ? [[`${owner} ${said}`, words, `${words}: ${said}`] as Fact] : [])];
  });
}

/** The nearest id above an element that has none. */
function place(node: Element): string {
  const above = node.parentElement?.closest('[id]')?.getAttribute('id');
  return above ? `(${above})` : '';
}

function counts(each: Attr): boolean {
  return each.value !== '' && each.prefix !== 'xmlns' && each.name !== 'xmlns' && each.namespaceURI !== XSI
    && !SAME_AS_NONE[each.localName]?.includes(each.value);
}

/** Numbers as numbers, texts without the white space that an indented file adds. */
function plain(value: string): string {
  const words = value.replace(/\s+/g, ' ').trim();
  return words !== '' && Number.isFinite(Number(words)) ? String(Number(words)) : words;
}
