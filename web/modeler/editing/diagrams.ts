/** The diagram editor: bpmn-js with its properties panel, what the palette offers, token simulation, problems on the shapes. */
import Modeler from 'bpmn-js/lib/Modeler';
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import ElementTemplateChooserModule from '@bpmn-io/element-template-chooser';
import { CreateAppendAnythingModule } from 'bpmn-js-create-append-anything';
import ColorPickerModule from 'bpmn-js-color-picker';
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, CamundaPlatformPropertiesProviderModule } from 'bpmn-js-properties-panel';
import { ElementTemplatesPropertiesProviderModule } from 'bpmn-js-element-templates';
import TokenSimulationModule from 'bpmn-js-token-simulation';
import CamundaBehaviors from 'camunda-bpmn-js-behaviors/lib/camunda-platform';
import camunda from 'camunda-bpmn-moddle/resources/camunda.json';
import MinimapModule from 'diagram-js-minimap';
import { offer, whole } from './bar';
import { houseProvider } from './house';
import { said } from '../../layout/islands/said';
import { HouseLinter } from './lint';
import { Marks, type Canvas, type Registry } from './marks';
import type { Moddle, Shape } from './model';
import { speak } from './spoken';
import { NoPicture, type Editor, type Stage } from './stage';
import { keeping, templates, type Template } from './templates';
import { vocabularyOf } from './vocabulary';
import { TYPES, wordsModule } from './words';
import { Writing, type Drawer } from './writing';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn-embedded.css';
import '@bpmn-io/properties-panel/assets/properties-panel.css';
import 'diagram-js-minimap/assets/diagram-js-minimap.css';
import 'bpmn-js-color-picker/colors/color-picker.css';
import 'bpmn-js-element-templates/dist/assets/element-templates.css';
import '@bpmn-io/element-template-chooser/dist/element-template-chooser.css';
import 'bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css';

interface Templates { applyTemplate(element: Shape, template: Template): Shape }

export async function open(stage: Stage, text: string, name: string): Promise<Editor> {
  const plain = withPlainReferences(text);
  return stage.mayEdit ? change(stage, plain, name) : look(stage, plain);
}

/** Some tools write `prefix:id` where they mean an element of the same file; bpmn-js only finds, and only keeps, a plain id.
 * Only the references of BPMN are touched: labels and what other tools added stay as they are. */
function withPlainReferences(text: string): string {
  const ids = new Set([...text.matchAll(/\sid\s*=\s*["']([^"']+)["']/g)].map((found) => found[1]));
  const plain = (whole: string, before: string, prefix: string, id: string): string =>
    (ids.has(id) && !ids.has(`${prefix}:${id}`) ? before + id : whole);
  return text.replace(/(\s(?:bpmnElement|labelStyle|default|processRef|sourceRef|targetRef|attachedToRef)=["'])([\w.-]+):([\w.-]+)(?=["'])/g, plain)
    .replace(/(<(?:[\w.-]+:)?(?:incoming|outgoing|flowNodeRef)>\s*)([\w.-]+):([\w.-]+)(?=\s*<)/g, plain);
}

/** Draws a file, or says in one sentence why it cannot be drawn. */
async function read(drawer: { importXML(text: string): Promise<unknown> }, text: string, canvas: HTMLElement): Promise<void> {
  await drawer.importXML(text).catch((error: Error) => { throw hasNone(error.message) ? new NoPicture(undrawn(error.message)) : new Error(undrawn(error.message)); });
  canvas.querySelector('.djs-container > svg')?.setAttribute('lang', 'zh-CN');  // names are Chinese, their English stands in a property
}

function hasNone(reason: string): boolean {
  return /no diagram to display/.test(reason);
}

function undrawn(reason: string): string {
  if (hasNone(reason)) return said('文件里没有图形（BPMNDiagram）。', 'the file has no picture (BPMNDiagram).');
  if (/bpmnElement for <bpmndi:BPMNPlane/.test(reason)) {
    return said('图形不属于任何流程或协作（BPMNPlane 的 bpmnElement）。', 'its picture belongs to no process or collaboration (bpmnElement of BPMNPlane).');
  }
  return said(`图形部分有错误（${reason}）。`, `its picture is wrong (${reason}).`);
}

/** A picture to move about in, for who may not change it. */
async function look(stage: Stage, text: string): Promise<Editor> {
  const viewer = new NavigatedViewer({ container: stage.canvas, additionalModules: [MinimapModule, wordsModule] });
  await read(viewer, text, stage.canvas).catch((error: Error) => { viewer.destroy(); throw error; });
  viewer.get<Canvas>('canvas').zoom('fit-viewport', 'auto');
  offer(stage, viewer as unknown as Parameters<typeof offer>[1]);
  const marks = new Marks(viewer);
  return { text: () => Promise.resolve(text), mark: (found) => marks.paint(found), show: (problem) => marks.show(problem), close: () => viewer.destroy() };
}

async function change(stage: Stage, text: string, name: string): Promise<Editor> {
  const known = await vocabularyOf(stage.base);
  const modeler = new Modeler({
    container: stage.canvas, propertiesPanel: { parent: stage.panel }, moddleExtensions: { camunda }, elementTemplates: templates(stage, known),
    additionalModules: [BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, CamundaPlatformPropertiesProviderModule, CamundaBehaviors,
      ElementTemplatesPropertiesProviderModule, ElementTemplateChooserModule, MinimapModule, CreateAppendAnythingModule, ColorPickerModule,
      TokenSimulationModule, houseProvider(stage, known), wordsModule],
  });
  keepWhatIsThere(modeler.get<Templates>('elementTemplates'));
  const writing = new Writing(modeler as unknown as Drawer);
  await read(modeler, text, stage.canvas).catch((error: Error) => { modeler.destroy(); throw error; });
  await writing.begin(text);
  whole(modeler.get<Canvas>('canvas'));
  const silence = speak(stage.panel, '.bio-properties-panel-header-type', TYPES);
  modeler.on('commandStack.changed', () => stage.changed());
  offer(stage, modeler as unknown as Parameters<typeof offer>[1]);
  const [marks, linter] = [new Marks(modeler), new HouseLinter(stage)];
  const find = (id: string): Moddle | undefined => modeler.get<Registry>('elementRegistry').get(id)?.businessObject ?? processes(modeler).find((each) => each.id === id);
  const editor: Editor = {
    lost: writing.lost,
    text: async () => {
      const { text: written, lost } = await writing.write();
      if (editor.lost && lost.length) editor.lost = lost;
      return written;
    },
    takeIn: () => modeler.get<{ complete(): void }>('directEditing').complete(),
    lint: () => linter.problems((modeler as unknown as { getDefinitions(): unknown }).getDefinitions(), find, name),
    mark: (found) => marks.paint(found),
    show: (problem) => marks.show(problem),
    close: () => { silence(); modeler.destroy(); },
  };
  return editor;
}

/** Processes are no shapes where a pool shows them. */
function processes(modeler: Modeler): Moddle[] {
  const root = (modeler as unknown as { getDefinitions(): { rootElements: Moddle[] } }).getDefinitions();
  return root.rootElements.filter((each) => each.$type === 'bpmn:Process');
}

function keepWhatIsThere(found: Templates): void {
  const apply = found.applyTemplate.bind(found);
  found.applyTemplate = (element, template) => apply(element, keeping(element, template));
}
