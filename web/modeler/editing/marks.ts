/** Problems on the shapes, and the path of the one that is looked at. */
import type { Shape } from './model';
import type { Problem } from './server';

interface Box { x: number; y: number; width: number; height: number }
interface View extends Box { scale: number; inner: Box; outer: { width: number; height: number } }
export interface Canvas { zoom(scale: 'fit-viewport' | number, centre?: 'auto'): void; viewbox(): View; scroll(by: { dx: number; dy: number }): void; addMarker(id: string, marker: string): void; removeMarker(id: string, marker: string): void; scrollToElement(id: string): void }
export interface Registry { get(id: string): Shape | undefined }
interface Overlays { add(id: string, type: string, overlay: object): void; remove(filter: object): void }
interface Drawn { get<T>(name: string): T }

export class Marks {
  private painted: string[] = [];
  private path: string[] = [];

  constructor(private readonly modeler: Drawn) {}

  paint(found: Problem[]): void {
    const overlays = this.modeler.get<Overlays>('overlays');
    overlays.remove({ type: 'problem' });
    this.clear(this.painted, 'has-problem');
    this.painted = [...new Set(found.map((problem) => problem.element ?? ''))].filter((id) => this.shape(id));
    for (const id of this.painted) this.paintOne(overlays, id, found.filter((problem) => problem.element === id));
  }

  show(problem: { element: string | null; path: string[] }): void {
    this.clear(this.path, 'on-path');
    this.path = problem.path.filter((id) => this.shape(id));
    for (const id of this.path) this.canvas().addMarker(id, 'on-path');
    const shape = this.shape(problem.element ?? '');
    if (!shape) return;
    this.modeler.get<{ select(shape: Shape): void }>('selection').select(shape);
    this.canvas().scrollToElement(shape.id);
  }

  private paintOne(overlays: Overlays, id: string, found: Problem[]): void {
    this.canvas().addMarker(id, 'has-problem');
    const badge = document.createElement('div');
    badge.className = `problem-badge problem-badge-${found.some((each) => each.severity === 'error') ? 'error' : 'warning'}`;
    badge.textContent = String(found.length);
    overlays.add(id, 'problem', { position: { top: -10, left: -10 }, html: badge });
  }

  private clear(ids: string[], marker: string): void {
    for (const id of ids) if (this.shape(id)) this.canvas().removeMarker(id, marker);
  }

  private canvas(): Canvas { return this.modeler.get<Canvas>('canvas'); }
  private shape(id: string): Shape | undefined { return this.modeler.get<Registry>('elementRegistry').get(id); }
}
