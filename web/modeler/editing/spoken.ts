/** Chinese for what a library says in English and leaves no way to translate: labels of its own, never what people wrote. */
import { isChinese } from '../../layout/islands/said';

const ATTRIBUTES = ['placeholder', 'title', 'aria-label'];
/** What people wrote is shown here. */
const THEIRS = '.bio-properties-panel-header-label, .bio-properties-panel-collapsible-entry-header-title, .cm-content, textarea, [contenteditable]';

/** Put the exact words in `words` (in lower case) into Chinese within the parts of `host` that match `where`, now and later. */
export function speak(host: HTMLElement, where: string, words: Record<string, string>): () => void {
  if (!isChinese) return () => undefined;
  const found = (text: string): string | undefined => words[text.trim().toLowerCase()];
  const isOurs = (part: Element | null): boolean => !!part?.closest(where) && !part.closest(THEIRS);
  const text = (node: Text): void => {
    const chinese = found(node.data);
    if (chinese && isOurs(node.parentElement)) node.data = chinese;
  };
  const element = (part: Element): void => {
    for (const name of ATTRIBUTES) {
      const chinese = found(part.getAttribute(name) ?? '');
      if (chinese && isOurs(part)) part.setAttribute(name, chinese);
    }
  };
  const all = (root: Node): void => {
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node: Node | null = root; node; node = walk.nextNode()) {
      if (node instanceof Text) text(node);
      else if (node instanceof Element) element(node);
    }
  };
  const observer = new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === 'childList') change.addedNodes.forEach(all);
      else all(change.target);
    }
  });
  all(host);
  observer.observe(host, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES });
  return () => { observer.disconnect(); };
}
