// The FEEL interpreter as engine/expressions.py calls it: JSON text in, JSON text out, no clock and no zone of its own.
import { evaluate, unaryTest } from "@bpmn-io/feelin";
import { DateTime, Duration, IANAZone, Settings, SystemZone } from "luxon";
import { inspect as walk, shapeOfType, shapeOfValue, type Finding, type Inspection } from "./feel_types";

type Call = { text: string; input?: unknown; isTest?: boolean };
type Scope = { variables: Record<string, unknown>; now: number; zone: string };
type Request = Scope & { calls: Call[]; untilTrue?: boolean };
type Failure = { reason: string; from?: number; to?: number; facts?: Record<string, unknown> };
type Answer = { value?: unknown; failure?: Failure };

/** Evaluate every call on the same variables; with `untilTrue` the calls after the first that gives true are left out. */
export function run(text: string): string {
  const request = JSON.parse(text) as Request;
  setClock(request.now, request.zone);
  const answers: Answer[] = [];
  for (const call of request.calls) {
    const answer = attempt(() => plain(evaluateOne(call, request)));
    answers.push(answer);
    if (request.untilTrue && (answer.value === true || answer.failure)) break;
  }
  return JSON.stringify(answers);
}

/** What an expression reads and what is wrong with it, given `types` of variables (`isClosed`: there are no others). */
export function inspect(text: string): string {
  const { expression, isTest, types, isClosed, input } = JSON.parse(text);
  const known = new Map(Object.entries(types as Record<string, unknown>).map(([name, type]) => [name, shapeOfType(type)]));
  const found = attempt(() => walk(expression, { isTest, known, isClosed, input: input && shapeOfType(input) }));
  return JSON.stringify(found);
}

/** Whether each text matches its pattern, as form-js tries them. */
export function matches(text: string): string {
  const { tests } = JSON.parse(text) as { tests: [string, string][] };
  return JSON.stringify(tests.map(([pattern, tried]) => attempt(() => new RegExp(pattern).test(tried))));
}

type Place = { row?: number; column: number };

/** The numbers of the rows of a decision table whose tests all fit; the inputs stay FEEL values, so that dates are dates. */
export function hits(text: string): string {
  const request = JSON.parse(text) as Scope & { inputs: string[]; rows: string[][] };
  setClock(request.now, request.zone);
  let place: Place = { column: 0 };
  const input = (expression: string, column: number) => {
    place = { column };
    return evaluateOne({ text: expression }, request);
  };
  const answer = attempt(() => {
    const inputs = request.inputs.map(input);
    const fits = (row: number) => (test: string, column: number) => {
      place = { row, column };
      return test === "-" || evaluateOne({ text: test, isTest: true, input: inputs[column] }, request) === true;
    };
    return request.rows.flatMap((tests, row) => (tests.every(fits(row)) ? [row] : []));
  });
  return JSON.stringify(answer.failure ? { failure: { ...answer.failure, facts: { ...answer.failure.facts, ...place } } } : answer);
}

function evaluateOne(call: Call, { variables, now, zone }: Scope): unknown {
  const known = new Map(Object.entries(variables).map(([name, value]) => [name, shapeOfValue(value)]));
  const hasInput = Object.hasOwn(call, "input");
  const input = hasInput ? shapeOfValue(call.input) : undefined;
  refuseFirst(walk(call.text, { isTest: call.isTest, known, isClosed: false, input }));
  const context = { ...variables, ...clockFunctions(now, zone), ...(hasInput ? { "?": call.input } : {}) };
  const { value, warnings } = (call.isTest ? unaryTest : evaluate)(call.text, context);
  const [warning] = warnings;
  if (warning) {
    const name = call.text.slice(warning.position.from, warning.position.to);
    const { left, right } = warning.details.values;
    const kinds = { left: shapeOfValue(left).kind, right: shapeOfValue(right).kind, operator: name };
    throw new Refusal(REASONS[warning.type] ?? "failed", warning.position, { name, message: warning.message, ...kinds });
  }
  return value;
}

const REASONS: Record<string, string> = {
  NO_VARIABLE_FOUND: "unknown_name", NO_CONTEXT_ENTRY_FOUND: "unknown_property", NO_PROPERTY_FOUND: "unknown_property",
  NOT_COMPARABLE: "unlike_types", INVALID_TYPE: "unlike_types", NO_FUNCTION_FOUND: "unknown_function",
  FUNCTION_INVOCATION_FAILURE: "wrong_arguments",
};

class Refusal extends Error {
  constructor(readonly reason: string, readonly position: { from: number; to: number }, readonly facts: object) {
    super(reason);
  }
}

function refuseFirst({ findings }: Inspection): void {
  const first: Finding | undefined = findings[0];
  if (first) throw new Refusal(first.reason, first, first.facts);
}

function attempt(work: () => unknown): Answer {
  try {
    return { value: work() };
  } catch (error) {
    return { failure: failure(error) };
  }
}

function failure(error: unknown): Failure {
  if (error instanceof Refusal) return { reason: error.reason, ...error.position, facts: { ...error.facts } };
  if (error instanceof RangeError) return { reason: "too_large", facts: { message: error.message } };
  const { position, message } = error as { position?: { from: number; to: number }; message?: string };
  return { reason: position ? "syntax" : "failed", ...position, facts: { message: String(message ?? error) } };
}

// V8's own clock and the machine's zone must not be seen: recomputing a case gives what it gave then.
function setClock(now: number, zone: string): void {
  const place = IANAZone.create(zone);
  if (!place.isValid) throw new Error(`unknown zone ${zone}`);
  Settings.now = () => now;
  Settings.defaultZone = place;
  SystemZone.prototype.offset = (at: number) => place.offset(at);
}

function clockFunctions(now: number, zone: string): Record<string, unknown> {
  const here = () => DateTime.fromMillis(now, { zone });
  const day = () => here().setZone("utc", { keepLocalTime: true }).startOf("day"); // feelin's dates are midnights in UTC
  return { now: Object.assign(here, { $args: [] }), today: Object.assign(day, { $args: [] }) };
}

function plain(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return plainNumber(value);
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (DateTime.isDateTime(value)) return plainTime(value);
  if (Duration.isDuration(value)) return value.toISO();
  if (Array.isArray(value)) return value.map(plain);
  if (Object.getPrototypeOf(value) !== Object.prototype) throw new Refusal("not_a_value", { from: 0, to: 0 }, {});
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function plainNumber(value: number): number {
  if (!Number.isFinite(value)) throw new Refusal("not_a_number", { from: 0, to: 0 }, {});
  return value === 0 ? 0 : value; // no negative zero in JSON
}

function plainTime(value: DateTime): string | null {
  const kind = shapeOfValue(value).kind;
  if (kind === "date") return value.toISODate();
  return kind === "time" ? value.toISOTime({ includeOffset: false, suppressMilliseconds: true })
    : value.toISO({ suppressMilliseconds: true });
}
