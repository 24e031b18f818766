/** What every editor of a file gets from the page and gives to it. */
import type { Choices, Problem } from './server';

export interface Stage {
  canvas: HTMLElement; panel: HTMLElement; tools: HTMLElement; base: string; choices: Choices; mayEdit: boolean; changed: () => void;
  /** Values that the procedures use, with their English. */
  used: Record<string, [string, string][]>;
  /** What the editor checks by itself: code → severity, Chinese and English sentence. */
  codes: Record<string, ['error' | 'warning', string, string]>;
}
/** `lint` gives at once what the server will find, too, of the codes in `stage.codes`; `lost` is what saving would drop (`text` may find more of it), null once a person agreed; `takeIn` ends what is being typed on the canvas. */
export interface Editor { lost?: string[] | null; text(): Promise<string>; takeIn?(): void; lint?(): Promise<Problem[]>; mark?(found: Problem[]): void; show?(problem: { element: string | null; path: string[] }): void; close(): void }

/** A diagram without a picture: it may be given one. */
export class NoPicture extends Error {}

/** A button of the bar above the canvas. */
export function tool(stage: Stage, words: string, act: () => void): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'btn';
  button.textContent = words;
  button.addEventListener('click', act);
  stage.tools.append(button);
  return button;
}
