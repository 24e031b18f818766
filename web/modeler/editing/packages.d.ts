/** Types of packages that bring none: as much as the editors use. */
declare module 'dmn-js/lib/Modeler' {
  export default class DmnModeler {
    constructor(options: object);
    importXML(xml: string): Promise<unknown>;
    saveXML(options: object): Promise<{ xml: string }>;
    getViews(): { type: string }[];
    open(view: object): Promise<unknown>;
    getActiveViewer(): { on(event: string, act: () => void): void } | undefined;
    destroy(): void;
  }
}
declare module 'bpmn-auto-layout' { export function layoutProcess(text: string): Promise<string>; }
declare module 'bpmn-js-properties-panel';
declare module 'camunda-bpmn-js-behaviors/lib/camunda-platform';
declare module 'camunda-bpmn-moddle/resources/camunda.json' { const descriptor: object; export default descriptor; }
declare module 'diagram-js-minimap';
declare module 'bpmn-js-create-append-anything';
declare module 'bpmn-js-color-picker';
declare module 'bpmn-js-token-simulation';
declare module 'bpmn-js-i18n/translations/zn' { const words: Record<string, string>; export default words; }
declare module '@bpmn-io/properties-panel';
declare module '@bpmn-io/properties-panel/preact/jsx-runtime';
declare module '@bpmn-io/element-template-chooser';
declare module 'bpmn-js-element-templates';
declare module 'bpmnlint' {
  export class Linter {
    constructor(options: object);
    lint(root: unknown): Promise<Record<string, { id: string; facts?: Record<string, string> }[]>>;
  }
}
