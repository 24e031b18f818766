/** What bpmn-js leaves out of a file when it reads it: elements, attributes and texts of other tools, and how they come back when it is saved. */
import { isSame, local, matches } from './pairing';

const XMLNS = 'http://www.w3.org/2000/xmlns/';
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const OMG = /^http:\/\/www\.omg\.org\/spec\/(BPMN|DD)\//;
const DRAWING = /\/DD\//;
const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
/** Of these an element has one: what a person drew stands. */
const ONE = /(EventDefinition|LoopCharacteristics)$/;

interface Lost { owner: Element; attributes: Attr[]; text: string; children: Element[] }
/** A diagram as it is now: where elements of the file are, and what a value of the file is now, null where its element is gone. */
interface Now { places: Map<Element, Element>; said: (value: string) => string | null; pictured: Set<string> }

/** `before` is the file as it was, `read` the same as bpmn-js writes it, unchanged. */
export class Leftovers {
  private readonly lost: Lost[];
  private readonly pairs = new Map<Element, Element>();  // of the file: its element as read
  private readonly root: Element;
  private readonly read: Element;
  private readonly ids: Set<string>;

  constructor(before: string, read: string) {
    [this.root, this.read] = [parse(before), parse(read)];
    this.ids = new Set(idsIn(this.root));
    this.lost = this.compare(this.root, this.read);
  }

  /** What is written now, without what bpmn-js added by itself (`own`), and that with all that was left out (`whole`).
   * `names` has the ids that are other ones now. What a person deleted takes with it what belonged to it. */
  putBack(written: string, names: Map<string, string>): { own: string; whole: string } {
    if (!this.lost.length) return { own: written, whole: written };
    const saved = parse(written);
    const places = this.places(saved, names);
    for (const plane of this.added(saved)) plane.remove();
    const own = serialized(saved);
    this.declare(saved);
    const now = { places, said: this.sayer(saved, places, names), pictured: new Set(picturesIn(saved)) };
    for (const each of this.lost) {
      const place = places.get(each.owner);
      if (place) mend(each, place, now);
    }
    return { own, whole: serialized(saved) };
  }

  private compare(before: Element, read: Element): Lost[] {
    this.pairs.set(before, read);
    const found = matches([...before.children], [...read.children]);
    const attributes = [...before.attributes].filter((each) => each.namespaceURI !== XMLNS && each.namespaceURI !== XSI && !read.hasAttributeNS(each.namespaceURI, each.localName));
    const text = !before.children.length && !read.textContent?.trim() ? before.textContent?.trim() ?? '' : '';
    const children = [...before.children].filter((each) => !found.has(each) && each.localName !== 'waypoint');  // a line with a point more is another line
    const own = attributes.length || text || children.length ? [{ owner: before, attributes, text, children }] : [];
    return [...own, ...[...found].flatMap(([one, other]) => this.compare(one, other))];
  }

  /** Each element of the file that was read to its element now: by its id wherever it went, else by its place. */
  private places(root: Element, names: Map<string, string>): Map<Element, Element> {
    const known = new Map([...root.querySelectorAll('[id]')].map((each) => [each.id, each]));
    const now = new Map([[this.read, root]]);
    const follow = (read: Element, place: Element): void => {
      const found = matches([...read.children], [...place.children], names);
      for (const each of read.children) {
        const there = each.id ? known.get(names.get(each.id) ?? each.id) : found.get(each);
        if (there) { now.set(each, there); follow(each, there); }
      }
    };
    follow(this.read, root);
    return new Map([...this.pairs].flatMap(([each, read]) => { const there = now.get(read); return there ? [[each, there] as const] : []; }));
  }

  /** The planes that bpmn-js made for sub-processes as it read, where nobody has drawn since: their shapes come back where they were. */
  private added(saved: Element): Element[] {
    const ofFile = new Set(this.pairs.values());
    const made = diagrams(this.read).filter((each) => !ofFile.has(each));
    return diagrams(saved).filter((each) => made.some((other) => isSame(each, other)));
  }

  private sayer(saved: Element, places: Map<Element, Element>, names: Map<string, string>): Now['said'] {
    const there = new Set([...idsIn(saved), ...this.lost.filter((each) => places.has(each.owner)).flatMap((each) => each.children.flatMap(idsIn))]);
    return (value) => {
      const id = local(value);
      const now = names.get(id) ?? id;
      if (!this.ids.has(id)) return value;
      return there.has(now) ? value.slice(0, value.length - id.length) + now : null;
    };
  }

  private declare(root: Element): void {
    for (const each of this.root.attributes) {
      if (each.namespaceURI === XMLNS && each.prefix && !root.hasAttribute(each.name)) root.setAttributeNS(XMLNS, each.name, each.value);
    }
  }
}

function mend(lost: Lost, place: Element, now: Now): void {
  const isOther = place.localName !== lost.owner.localName;  // a person changed its type: what BPMN said of the old one is past
  for (const each of lost.attributes) {
    const value = place.hasAttributeNS(each.namespaceURI, each.localName) || (isOther && !each.namespaceURI) ? null : saidIn(each, now);
    if (value !== null) place.setAttributeNS(each.namespaceURI, each.name, value);
  }
  if (lost.text && !isOther && !place.textContent?.trim()) place.textContent = lost.text;
  const known = new Set(now.places.values());
  const isDrawn = [...place.children].some((each) => ONE.test(each.localName) && !known.has(each));
  for (const each of lost.children) {
    if ((isOther && OMG.test(each.namespaceURI ?? '')) || (isDrawn && ONE.test(each.localName)) || picturesIn(each).some((one) => now.pictured.has(one))) continue;
    const copy = place.ownerDocument.importNode(each, true);
    if (!isStanding(copy, now)) continue;
    place.insertBefore(copy, follower(each, now.places, place));
    now.places.set(each, copy);
  }
}

/** Says references within as they are now and takes out what refers to something that is gone; false where that is all of it. */
function isStanding(node: Element, now: Now): boolean {
  for (const each of node.attributes) {
    const value = saidIn(each, now);
    if (value === null) return false;
    each.value = value;
  }
  if (/(Ref|incoming|outgoing)$/.test(node.localName) && !node.children.length) {
    const value = now.said(node.textContent?.trim() ?? '');
    if (value === null) return false;
    node.textContent = value;
  }
  for (const each of [...node.children]) if (!isStanding(each, now)) each.remove();
  return true;
}

/** Coordinates, names and declarations never refer to an element, even where they look like an id. */
function saidIn(each: Attr, now: Now): string | null {
  const isPlain = each.namespaceURI === XMLNS || each.localName === 'id' || each.localName === 'name' || DRAWING.test(each.ownerElement?.namespaceURI ?? '');
  return isPlain ? each.value : now.said(each.value);
}

/** Before what in `place` something goes that was left out: behind what went before it in the file. */
function follower(lost: Element, places: Map<Element, Element>, place: Element): Element | null {
  for (let before = lost.previousElementSibling; before; before = before.previousElementSibling) {
    const found = places.get(before);
    if (found?.parentElement === place) return found.nextElementSibling;
  }
  return place.firstElementChild;
}

function parse(text: string): Element {
  const found = new DOMParser().parseFromString(text, 'application/xml').documentElement;
  if (found.nodeName === 'parsererror' || found.getElementsByTagName('parsererror').length) throw new Error('no XML');
  return found;
}

function serialized(root: Element): string {
  const text = new XMLSerializer().serializeToString(root.ownerDocument);
  return text.startsWith('<?xml') ? text : HEAD + text;
}

function diagrams(root: Element): Element[] {
  return [...root.children].filter((each) => each.localName === 'BPMNDiagram');
}

function idsIn(node: Element): string[] {
  return [node, ...node.querySelectorAll('[id]')].map((each) => each.id).filter(Boolean);
}

/** The elements that are drawn by a shape or an edge within. */
function picturesIn(node: Element): string[] {
  return [node, ...node.querySelectorAll('[bpmnElement]')].filter((each) => each.localName !== 'BPMNPlane').map((each) => local(each.getAttribute('bpmnElement') ?? '')).filter(Boolean);
}
