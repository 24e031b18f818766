/** The form editor: form-js with the component types that the server takes. */
import { FormEditor } from '@bpmn-io/form-js-editor';
import '@bpmn-io/form-js-viewer/dist/assets/form-js.css';
import '@bpmn-io/form-js-editor/dist/assets/form-js-editor.css';
import type { Editor, Stage } from './stage';

export async function open(stage: Stage, text: string): Promise<Editor> {
  const editor = new FormEditor({ container: stage.canvas, propertiesPanel: { parent: stage.panel } });
  await editor.importSchema(JSON.parse(text));
  editor.on('changed', () => stage.changed());
  return { text: () => Promise.resolve(`${JSON.stringify(editor.saveSchema(), null, 2)}\n`), close: () => editor.destroy() };
}
