/** The bar above a diagram, and its keys. */
import { shortcuts, showShortcuts } from '../../layout/islands/keys';
import { said } from '../../layout/islands/said';
import type { Canvas } from './marks';
import { tool, type Stage } from './stage';

interface Drawn { get<T>(name: string): T; on(event: string, act: (event: { active?: boolean }) => void): void; saveSVG(): Promise<{ svg: string }> }
interface Stack { undo(): void; redo(): void; canUndo(): boolean; canRedo(): boolean }

const SCALE = 2;  // pixels of a copied picture for one of the diagram
/** Keys that bpmn-js itself listens to. */
const KEYS: [string, string, string][] = [
  ['Ctrl+z', '撤销', 'Undo'], ['Ctrl+y', '重做', 'Redo'], ['Ctrl+c', '复制', 'Copy'], ['Ctrl+v', '粘贴', 'Paste'], ['Ctrl+a', '全选', 'Select all'],
  ['Ctrl+f', '查找', 'Find'], ['Delete', '删除', 'Delete'], ['n', '创建元素', 'Create an element'], ['a', '追加元素', 'Append an element'],
  ['r', '更改元素类型', 'Change the type'], ['e', '修改名称', 'Edit the label'], ['h', '移动画布', 'Hand tool'], ['l', '框选', 'Lasso tool'],
  ['s', '留出空间', 'Space tool'], ['c', '连接', 'Connect'],
];

const PALETTE = 130;  // pixels at the left that the palette covers

/** The whole diagram, beside the palette. */
export function whole(canvas: Canvas): void {
  canvas.zoom('fit-viewport', 'auto');
  const { scale, inner, outer } = canvas.viewbox();
  const room = outer.width - PALETTE - 20;
  if (inner.width * scale > room) canvas.zoom(Math.max(room / inner.width, 0.2));
  const now = canvas.viewbox();
  const left = (now.inner.x - now.x) * now.scale;
  if (left < PALETTE) canvas.scroll({ dx: PALETTE - left, dy: 0 });
}

export function offer(stage: Stage, modeler: Drawn): void {
  const fit = (): void => whole(modeler.get<Canvas>('canvas'));
  if (stage.mayEdit) offerChanges(stage, modeler);
  tool(stage, said('整张图', 'Whole diagram'), fit);
  tool(stage, said('复制为 PNG', 'Copy as PNG'), () => void copyImage(modeler));
  tool(stage, said('存为 SVG', 'Save as SVG'), () => void saveImage(modeler));
  tool(stage, said('快捷键', 'Keys'), showShortcuts);
  shortcuts([{ keys: '?', words: said('快捷键', 'Keyboard shortcuts'), act: showShortcuts },
    ...(stage.mayEdit ? KEYS.map(([keys, zh, en]) => ({ keys, words: said(zh, en), act: () => false })) : [])]);
}

function offerChanges(stage: Stage, modeler: Drawn): void {
  const stack = modeler.get<Stack>('commandStack');
  const undo = tool(stage, said('撤销', 'Undo'), () => stack.undo());
  const redo = tool(stage, said('重做', 'Redo'), () => stack.redo());
  const look = (): void => { undo.disabled = !stack.canUndo(); redo.disabled = !stack.canRedo(); };
  modeler.on('commandStack.changed', look);
  look();
  tool(stage, said('查找', 'Find'), () => modeler.get<{ toggle(): void }>('searchPad').toggle());
  const simulate = tool(stage, said('试走', 'Simulate'), () => modeler.get<{ toggleMode(): void }>('toggleMode').toggleMode());
  modeler.on('tokenSimulation.toggleMode', ({ active }) => simulate.setAttribute('aria-pressed', String(active)));
}

async function copyImage(modeler: Drawn): Promise<void> {
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': drawn((await modeler.saveSVG()).svg) })]);
}

async function drawn(svg: string): Promise<Blob> {
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const sheet = document.createElement('canvas');
  [sheet.width, sheet.height] = [picture.width * SCALE, picture.height * SCALE];
  const pen = sheet.getContext('2d') as CanvasRenderingContext2D;
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.drawImage(picture, 0, 0, sheet.width, sheet.height);
  return new Promise((done, failed) => { sheet.toBlob((blob) => (blob ? done(blob) : failed(new Error('no picture'))), 'image/png'); });
}

async function saveImage(modeler: Drawn): Promise<void> {
  const { svg } = await modeler.saveSVG();
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  link.download = 'diagram.svg';
  link.click();
  URL.revokeObjectURL(link.href);
}
