/** The decision table editor: dmn-js, opened at the first table, without the requirements diagram. */
import DmnModeler from 'dmn-js/lib/Modeler';
import 'dmn-js/dist/assets/diagram-js.css';
import 'dmn-js/dist/assets/dmn-js-shared.css';
import 'dmn-js/dist/assets/dmn-js-decision-table.css';
import 'dmn-js/dist/assets/dmn-js-decision-table-controls.css';
import 'dmn-js/dist/assets/dmn-font/css/dmn-embedded.css';
import type { Editor, Stage } from './stage';
import { wordsModule } from './words';

export async function open(stage: Stage, text: string): Promise<Editor> {
  const editor = new DmnModeler({ container: stage.canvas, common: { additionalModules: [wordsModule], expressionLanguages: { options: [{ value: 'feel', label: 'FEEL' }], defaults: { editor: 'feel' } } } });
  await editor.importXML(text);
  const table = editor.getViews().find((view) => view.type === 'decisionTable');
  if (table) await editor.open(table);
  editor.getActiveViewer()?.on('commandStack.changed', () => stage.changed());
  return { text: async () => (await editor.saveXML({ format: true })).xml, close: () => editor.destroy() };
}
