/** A diagram's elements as bpmn-js has them, and the properties that the house writes into them. */
export type Moddle = { $type: string; get(name: string): unknown; [key: string]: unknown };
export interface Shape { id: string; type: string; businessObject: Moddle; source?: Shape; parent?: Shape; children?: Shape[]; labelTarget?: Shape }

/** The extensions of an element, of whatever tool. */
export function values(element: Moddle): Moddle[] {
  return ((element.extensionElements as Moddle | undefined)?.values as Moddle[] | undefined) ?? [];
}

/** The value of a `camunda:property`, empty where there is none. */
export function property(element: Moddle, name: string): string {
  const found = values(element).find((value) => value.$type === 'camunda:Properties')?.values as Moddle[] | undefined;
  return (found?.find((each) => each.name === name)?.value as string | undefined) ?? '';
}
