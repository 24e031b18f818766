/** A picture for a diagram that has none: bpmn-auto-layout, fetched only when somebody asks for it. */
import { layoutProcess } from 'bpmn-auto-layout';
import { said } from '../../layout/islands/said';

/** The file with its picture; `undrawn` counts the annotations and groups that are not in it. */
export interface Laid { text: string; undrawn: number }

/** `text` with a picture at its end; nothing else of it is touched. Refuses, in one sentence, what the library would draw wrongly. */
export async function laidOut(text: string): Promise<Laid> {
  const root = parsed(text);
  const refused = refusal(root);
  if (refused) throw new Error(refused);
  const laid = parsed(await layoutProcess(text).catch(() => { throw new Error(failed()); }));
  const pictures = [...laid.children].filter((each) => each.localName === 'BPMNDiagram');
  if (!pictures.length) throw new Error(failed());
  for (const each of invisible(laid, root)) each.remove();
  [...root.children].filter((each) => each.localName === 'BPMNDiagram').forEach((each) => each.remove());
  root.append(...pictures.map((each) => root.ownerDocument.importNode(each, true)));
  return { text: new XMLSerializer().serializeToString(root.ownerDocument), undrawn: named(root, 'textAnnotation', 'group').length };
}

function refusal(root: Element): string | null {
  const processes = named(root, 'process');
  if (named(root, 'participant').length || named(root, 'lane').length) return said('有泳池或泳道的图不能自动排布。', 'diagrams with pools or lanes cannot be laid out.');
  if (processes.length !== 1) return said(`文件里有 ${processes.length} 个流程，只有一个流程的图才能自动排布。`, `there are ${processes.length} processes in the file; only a diagram of one can be laid out.`);
  return null;
}

/** Data objects have no shape: the references to them have. */
function invisible(laid: Element, root: Element): Element[] {
  const ids = new Set(named(root, 'dataObject').map((each) => each.id));
  return named(laid, 'BPMNShape').filter((each) => ids.has(each.getAttribute('bpmnElement') ?? ''));
}

function failed(): string {
  return said('流程的连线有错误，画不出来。', 'its flows are wrong and cannot be drawn.');
}

function named(root: Element, ...names: string[]): Element[] {
  return names.flatMap((name) => [...root.getElementsByTagNameNS('*', name)]);
}

function parsed(text: string): Element {
  return new DOMParser().parseFromString(text, 'application/xml').documentElement;
}
