/** What a new file begins with: as little as can be checked, drawn and translated. */
import type { Kind } from './server';

export interface Named { key: string; name: string; nameEn: string }

export const ENDINGS: Record<Kind, string> = { process: '.bpmn', form: '.form', decision: '.dmn', scenario: '.scenario' };

export function blank(kind: Kind, named: Named): string {
  if (kind === 'form') return form(named);
  const [key, name, nameEn] = [named.key, named.name, named.nameEn].map(escaped) as [string, string, string];
  return kind === 'decision' ? decision(key, name, nameEn) : diagram(key, name, nameEn);
}

function diagram(key: string, name: string, nameEn: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="definitions_${key}" targetNamespace="urn:fuwuflow:procedure">
  <bpmn:process id="${key}" name="${name}" isExecutable="true" camunda:historyTimeToLive="P36500D" camunda:candidateStarterGroups="">
    ${english(nameEn)}
    <bpmn:startEvent id="${key}_begun" name="开始">
      ${english('Begin')}
      <bpmn:outgoing>${key}_flow</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:endEvent id="${key}_done" name="结束">
      ${english('Done')}
      <bpmn:incoming>${key}_flow</bpmn:incoming>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="${key}_flow" sourceRef="${key}_begun" targetRef="${key}_done"/>
  </bpmn:process>
  <bpmndi:BPMNDiagram id="picture_${key}">
    <bpmndi:BPMNPlane id="plane_${key}" bpmnElement="${key}">
      <bpmndi:BPMNShape id="shape_${key}_begun" bpmnElement="${key}_begun"><dc:Bounds x="180" y="160" width="36" height="36"/></bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="shape_${key}_done" bpmnElement="${key}_done"><dc:Bounds x="480" y="160" width="36" height="36"/></bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="edge_${key}_flow" bpmnElement="${key}_flow"><di:waypoint x="216" y="178"/><di:waypoint x="480" y="178"/></bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
`;
}

function english(words: string): string {
  return `<bpmn:extensionElements><camunda:properties><camunda:property name="name_en" value="${words}"/></camunda:properties></bpmn:extensionElements>`;
}

function form({ key, name, nameEn }: Named): string {
  const remarks = { type: 'textarea', id: 'field_remarks', key: 'remarks', label: '说明', properties: { label_en: 'Remarks' } };
  return `${JSON.stringify({ type: 'default', id: key, schemaVersion: 19, properties: { name, name_en: nameEn }, components: [remarks] }, null, 2)}\n`;
}

function decision(key: string, name: string, nameEn: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:camunda="http://camunda.org/schema/1.0/dmn" id="definitions_${key}" name="${name}" namespace="urn:fuwuflow:procedure">
  <decision id="${key}" name="${name}" camunda:historyTimeToLive="P36500D">
    <extensionElements><camunda:properties><camunda:property name="name_en" value="${nameEn}"/></camunda:properties></extensionElements>
    <decisionTable id="${key}_table" hitPolicy="FIRST">
      <input id="input_1" label="条件 / Condition"><inputExpression id="expression_1" typeRef="string"><text>condition</text></inputExpression></input>
      <output id="output_1" label="结果 / Result" name="${key}_result" typeRef="string"/>
      <rule id="rule_1">
        <inputEntry id="rule_1_input_1"><text></text></inputEntry>
        <outputEntry id="rule_1_output_1"><text>"yes"</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
</definitions>
`;
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
