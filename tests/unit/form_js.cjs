// Asks form-js itself: for each [component, value] of standard input, is it accepted? Prints a list of booleans.
const anything = () => new Proxy(function () {}, {
  get: (_target, key) => (key === "classList" ? { add() {} } : key === Symbol.toPrimitive ? () => "" : anything()),
  apply: () => anything(), set: () => true,
});
class Nothing { observe() {} disconnect() {} }
Object.assign(globalThis, { window: globalThis, document: anything(), KeyboardEvent: Nothing, Element: Nothing, Node: Nothing,
  HTMLElement: Nothing, MutationObserver: Nothing });

const { Form } = require("@bpmn-io/form-js-viewer");
const form = new Form();
const validator = form.get("validator");
const formFields = form.get("formFields");

function isAccepted([field, value]) {
  const { sanitizeValue } = formFields.get(field.type).config;
  const kept = sanitizeValue({ formField: field, data: {}, value });
  const isKept = JSON.stringify(kept) === JSON.stringify(value);
  return isKept && validator.validateField(field, value).length === 0;
}

const cases = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(isAccepted)));
