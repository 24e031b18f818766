/** The form editor: form-js with the component types that the server takes. */
import { FormEditor } from '@bpmn-io/form-js-editor';
import '@bpmn-io/form-js-viewer/dist/assets/form-js.css';
import '@bpmn-io/form-js-editor/dist/assets/form-js-editor.css';
import { said } from '../../layout/islands/said';
import { FORM_WORDS } from './form-words';
import { speak } from './spoken';
import type { Editor, Stage } from './stage';

const OWN = '.fjs-palette-container, .fjs-properties-container, .fjs-properties-panel, .bio-properties-panel, .fjs-empty-editor, .fjs-repeat-render-footer';

export async function open(stage: Stage, text: string): Promise<Editor> {
  const editor = new FormEditor({ container: stage.canvas, propertiesPanel: { parent: stage.panel } });
  await editor.importSchema(JSON.parse(text)).catch((error: Error) => {
    editor.destroy();
    throw new Error(said(`其中有表单编辑器不认识的内容（${error.message}）。请看下面的问题。`, `it has something that the form editor does not know (${error.message}). See the problems below.`));
  });
  const silence = [speak(stage.canvas, OWN, FORM_WORDS), speak(stage.panel, OWN, FORM_WORDS)];
  editor.on('changed', () => stage.changed());
  return { text: () => Promise.resolve(`${JSON.stringify(editor.saveSchema(), null, 2)}\n`), close: () => { silence.forEach((end) => { end(); }); editor.destroy(); } };
}
