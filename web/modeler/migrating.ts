/** Where the steps of an old version go, shown and chosen on both diagrams: a step on the left, then one on the right.

The lists below say and do the same without pictures; what is chosen here is chosen there.
*/
import { badge, canvasOf, drawn, shapeOf, tellFailure, together, tools, whole, type Half } from './halves';
import './differences.css';
import './migrating.css';

type List = HTMLSelectElement;
interface Clicked { element?: { id: string; labelTarget?: { id: string } } }

const nameOf = (list: List): string => list.dataset.name ?? '';
const isOffered = (list: List, id: string): boolean => [...list.options].some((option) => option.value === id);

/** Who shows the pairs: the lists by the element they are of, the halves, and where a sentence is said. */
class Pairs {
  private chosen: List | undefined;

  private readonly lists: Map<string, List>;

  constructor(private readonly part: HTMLElement, private readonly before: Half, private readonly after: Half) {
    const found = [...document.querySelectorAll<List>('select[data-from]')];
    this.lists = new Map(found.filter((list) => list.dataset.process === part.dataset.process).map((list) => [list.dataset.from ?? '', list]));
    for (const list of this.lists.values()) {
      list.addEventListener('change', () => { this.choose(list); this.marks(); });
      list.addEventListener('focus', () => { this.choose(list); });
    }
    before.viewer.on('element.click', ({ element }: Clicked) => { this.left((element?.labelTarget ?? element)?.id ?? ''); });
    after.viewer.on('element.click', ({ element }: Clicked) => { this.right((element?.labelTarget ?? element)?.id ?? ''); });
    for (const [id, number] of Object.entries(before.marks)) badge(before, id, 'standing-badge', number);
    this.marks();
  }

  /** A dashed line around what goes nowhere, on the left. */
  private marks(): void {
    for (const [id, list] of this.lists) {
      if (!shapeOf(this.before, id)) continue;
      if (list.value) canvasOf(this.before).removeMarker(id, 'is-lost');
      else canvasOf(this.before).addMarker(id, 'is-lost');
    }
  }

  private left(id: string): void {
    const list = this.lists.get(id);
    if (list) this.choose(list);
  }

  private right(id: string): void {
    const list = this.chosen;
    if (!list) {
      this.say('first');
    } else if (isOffered(list, id)) {
      list.value = id;
      list.dispatchEvent(new Event('change'));
      list.dispatchEvent(new Event('input', { bubbles: true }));
    } else if (shapeOf(this.after, id)) {
      this.say('other');
    }
  }

  private choose(list: List): void {
    this.show(false);
    this.chosen = list;
    list.closest('details')?.setAttribute('open', '');
    this.show(true);
    this.say(list.value ? 'pair' : 'none');
  }

  /** Mark the pair that is chosen and what else could be, or take the marks away. */
  private show(isShown: boolean): void {
    const list = this.chosen;
    if (!list) return;
    const set = (half: Half, id: string, marker: string): void => {
      if (!shapeOf(half, id)) return;
      if (isShown) canvasOf(half).addMarker(id, marker);
      else canvasOf(half).removeMarker(id, marker);
    };
    set(this.before, list.dataset.from ?? '', 'is-shown');
    for (const option of list.options) {
      set(this.after, option.value, 'is-offered');
      if (!isShown || option.selected) set(this.after, option.value, 'is-shown');
    }
  }

  private say(what: 'first' | 'pair' | 'none' | 'other'): void {
    const said = this.part.querySelector<HTMLElement>('[data-said]');
    const list = this.chosen;
    if (!said) return;
    const to = list?.selectedOptions[0]?.textContent ?? '';
    said.textContent = (said.dataset[what] ?? '').replace('{from}', list ? nameOf(list) : '').replace('{to}', to.trim());
  }
}

async function open(part: HTMLElement): Promise<void> {
  const halves = await drawn(part);
  const [before, after] = halves;
  if (!before || !after) return;
  together(halves);
  whole(halves);
  tools(part, halves);
  new Pairs(part, before, after);
  part.classList.add('is-ready');
}

document.querySelectorAll<HTMLElement>('[data-migrating]').forEach((part) => {
  open(part).catch(() => { tellFailure(part); });
});
