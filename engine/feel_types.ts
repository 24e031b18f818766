// What a FEEL expression reads, and where its types cannot fit, from its syntax tree. feelin compares unlike types silently.
import { parser, trackVariables } from "@bpmn-io/lezer-feel";
import { DateTime, Duration, FixedOffsetZone } from "luxon";

export type Kind = "string" | "number" | "boolean" | "date" | "time" | "date time" | "duration" | "list" | "context" | "nil"
  | "unknown";
export type Shape = { kind: Kind; entry?: (name: string) => Shape | undefined };
export type Finding = { reason: string; from: number; to: number; facts: Record<string, unknown> };
export type Inspection = { kind: Kind; names: string[]; required: string[]; findings: Finding[] };
type Question = { isTest?: boolean; known: Map<string, Shape>; isClosed: boolean; input?: Shape };
type Node = { name: string; from: number; to: number; firstChild: Node | null; nextSibling: Node | null; type: { isError: boolean } };
type Locals = Map<string, Shape>;

const UNKNOWN: Shape = { kind: "unknown" };
const of = (kind: Kind): Shape => ({ kind });

/** The shape of a value that a variable has now. */
export function shapeOfValue(value: unknown): Shape {
  if (value === null || value === undefined) return of("nil");
  if (Array.isArray(value)) return of("list");
  if (DateTime.isDateTime(value)) return of(kindOfTime(value));
  if (Duration.isDuration(value)) return of("duration");
  if (typeof value !== "object") return of(typeof value as Kind);
  return { kind: "context", entry: (name) => (Object.hasOwn(value, name) ? shapeOfValue((value as never)[name]) : undefined) };
}

/** The shape of a declared type: its name, or an object of them. A form's date is text until date(…) reads it. */
export function shapeOfType(type: unknown): Shape {
  if (typeof type === "string") return of(["date", "time", "date time"].includes(type) ? "string" : (type as Kind));
  const entries = type as Record<string, unknown>;
  return { kind: "context", entry: (name) => (Object.hasOwn(entries, name) ? shapeOfType(entries[name]) : undefined) };
}

function kindOfTime(value: DateTime): Kind {
  if (value.year === 1900 && value.month === 1 && value.day === 1) return "time";
  const isMidnight = value.hour + value.minute + value.second + value.millisecond === 0;
  return isMidnight && value.zone === FixedOffsetZone.utcInstance ? "date" : "date time";
}

/** Walk the tree of `text` once. Throws an error with a `position` where it does not parse. */
export function inspect(text: string, question: Question): Inspection {
  return new Walk(text, question).result();
}

const RESULTS: [Kind, string[]][] = [
  ["boolean", ["not", "contains", "matches", "starts with", "ends with", "list contains", "all", "any", "odd", "even", "is",
    "before", "after", "meets", "met by", "overlaps", "overlaps before", "overlaps after", "finishes", "finished by",
    "includes", "during", "starts", "started by", "coincides"]],
  ["number", ["number", "string length", "count", "sum", "mean", "product", "median", "stddev", "decimal", "floor", "ceiling",
    "round up", "round down", "round half up", "round half down", "abs", "modulo", "sqrt", "log", "exp", "day of year",
    "week of year"]],
  ["string", ["string", "substring", "upper case", "lower case", "substring before", "substring after", "replace",
    "string join", "day of week", "month of year"]],
  ["list", ["split", "sublist", "append", "concatenate", "insert before", "remove", "reverse", "index of", "union",
    "distinct values", "flatten", "mode", "sort", "list replace", "get entries"]],
  ["context", ["context", "context merge", "context put"]],
  ["date", ["date", "today"]], ["date time", ["date and time", "now"]], ["time", ["time"]],
  ["duration", ["duration", "years and months duration"]],
  ["unknown", ["min", "max", "list", "precedes", "get value", "range"]],
];
const BUILTINS = new Map(RESULTS.flatMap(([kind, names]) => names.map((name): [string, Kind] => [name, kind])));
const ORDERED: Kind[] = ["string", "number", "date", "time", "date time", "duration"];

const EXPRESSIONS = parser.configure({ top: "Expression", contextTracker: trackVariables({}) });
const TESTS = parser.configure({ top: "UnaryTests", contextTracker: trackVariables({}) });
const TREES = { expressions: new Map<string, Node>(), tests: new Map<string, Node>() };
const MAX_TREES = 1000; // texts of at most 20,000 characters; the memory limit holds all the same

class Walk {
  readonly names = new Set<string>();
  readonly required = new Set<string>();
  readonly findings: Finding[] = [];
  private isInFilter = false;

  constructor(private readonly text: string, private readonly question: Question) {}

  result(): Inspection {
    const { kind } = this.shape(this.tree(), new Map());
    return { kind, names: [...this.names], required: [...this.required], findings: this.findings };
  }

  private tree(): Node {
    const [parsers, trees] = this.question.isTest ? [TESTS, TREES.tests] : [EXPRESSIONS, TREES.expressions];
    const known = trees.get(this.text);
    if (known) return known;
    const tree = parsers.parse(this.text);
    tree.iterate({ enter: (node) => { if (node.type.isError) throw this.syntaxError(node.from, node.to); } });
    if (trees.size >= MAX_TREES) trees.clear();
    trees.set(this.text, tree.topNode as unknown as Node);
    return tree.topNode as unknown as Node;
  }

  private syntaxError(from: number, to: number): Error {
    const near = this.text.slice(from, to) || this.text.slice(from, from + 10);
    return Object.assign(new Error(`cannot be read at ${near ? `'${near}'` : "its end"}`), { position: { from, to } });
  }

  private find(reason: string, node: Node, facts: Record<string, unknown> = {}): void {
    this.findings.push({ reason, from: node.from, to: node.to, facts });
  }

  private words(node: Node): string {
    return this.text.slice(node.from, node.to).replace(/\s+/g, " ").trim();
  }

  private shape(node: Node, locals: Locals): Shape {
    const parts = children(node);
    const rule = this.rules[node.name];
    if (rule) return rule(node, parts, locals);
    const shapes = parts.map((part) => this.shape(part, locals));
    return shapes.length === 1 && PASSING.has(node.name) ? shapes[0]! : UNKNOWN;
  }

  private readonly rules: Record<string, (node: Node, parts: Node[], locals: Locals) => Shape> = {
    NumericLiteral: () => of("number"),
    StringLiteral: () => of("string"),
    BooleanLiteral: () => of("boolean"),
    null: () => of("nil"),
    List: (_node, parts, locals) => { parts.forEach((part) => this.shape(part, locals)); return of("list"); },
    VariableName: (node, _parts, locals) => this.variable(node, locals),
    ParenthesizedExpression: (_node, parts, locals) => this.shape(parts[1]!, locals),
    PathExpression: (_node, parts, locals) => this.path(parts, locals),
    FilterExpression: (_node, parts, locals) => this.filter(parts, locals),
    Comparison: (node, parts, locals) => this.comparison(node, parts, locals),
    ArithmeticExpression: (node, parts, locals) => this.arithmetic(node, parts, locals),
    Conjunction: (_node, parts, locals) => this.logic(parts, locals),
    Disjunction: (_node, parts, locals) => this.logic(parts, locals),
    IfExpression: (_node, parts, locals) => this.conditional(parts, locals),
    QuantifiedExpression: (_node, parts, locals) => this.quantified(parts, locals),
    ForExpression: (_node, parts, locals) => this.loop(parts, locals),
    FunctionDefinition: (_node, parts, locals) => this.definition(parts, locals),
    FunctionInvocation: (_node, parts, locals) => this.invocation(parts, locals),
    DateTimeLiteral: (_node, parts, locals) => this.dateTime(parts, locals),
    Context: (_node, parts, locals) => this.context(parts, locals),
    NamedParameter: (_node, parts, locals) => this.shape(parts[1]!, locals),
    InstanceOfExpression: (node) => { this.find("unsupported", node, { what: "instance of" }); return of("boolean"); },
    SimplePositiveUnaryTest: (node, parts, locals) => this.test(node, parts, locals),
    PositiveUnaryTest: (_node, parts, locals) => this.cell(parts[0]!, locals),
    Interval: (node, parts, locals) => { this.bounds(node, parts.slice(1, 3), locals); return UNKNOWN; },
    "?": () => this.question.input ?? UNKNOWN,
  };

  private variable(node: Node, locals: Locals): Shape {
    const name = this.words(node);
    const local = locals.get(name);
    if (local) return local;
    this.names.add(name);
    if (this.isInFilter) return UNKNOWN; // may be an entry of the list's items
    this.required.add(name);
    const shape = this.question.known.get(name);
    if (!shape && this.question.isClosed) this.find("unknown_name", node, { name });
    return shape ?? UNKNOWN;
  }

  private path([target, property]: Node[], locals: Locals): Shape {
    const shape = this.shape(target!, locals);
    const name = this.words(property!);
    if (["string", "number", "boolean"].includes(shape.kind)) this.find("unknown_property", property!, { name });
    const entry = shape.entry?.(name);
    if (shape.entry && !entry && this.question.isClosed) this.find("unknown_property", property!, { name });
    return entry ?? UNKNOWN;
  }

  private filter([target, , condition]: Node[], locals: Locals): Shape {
    this.shape(target!, locals);
    const outer = this.isInFilter;
    this.isInFilter = true;
    this.shape(condition!, new Map([...locals, ["item", UNKNOWN]]));
    this.isInFilter = outer;
    return UNKNOWN;
  }

  private comparison(node: Node, parts: Node[], locals: Locals): Shape {
    const [left, operator, ...right] = parts as [Node, Node, ...Node[]];
    const kind = this.shape(left, locals);
    const mark = this.words(operator);
    if (mark === "in") this.within(kind, right, locals);
    else if (mark === "between") this.bounds(node, [right[0]!, right[2]!], locals, kind);
    else this.compare(node, kind, this.operand(right[0]!, locals), mark);
    return of("boolean");
  }

  private operand(node: Node, locals: Locals): Shape {
    if (node.name !== "SimplePositiveUnaryTest") return this.shape(node, locals);
    this.find("unsupported", node, { what: this.words(node) }); // a == 3 reads as a = (= 3), which is never true
    return UNKNOWN;
  }

  private within(kind: Shape, right: Node[], locals: Locals): void {
    const outer = this.question.input;
    this.question.input = kind;
    right.forEach((part) => this.shape(part, locals));
    this.question.input = outer;
  }

  private cell(node: Node, locals: Locals): Shape {
    const shape = this.shape(node, locals);
    const isValue = node.name !== "SimplePositiveUnaryTest" && (shape.kind !== "boolean" || node.name === "BooleanLiteral");
    if (isValue && shape.kind !== "list" && shape.kind !== "unknown") this.compare(node, this.question.input ?? UNKNOWN, shape, "=");
    return of("boolean");
  }

  private test(node: Node, parts: Node[], locals: Locals): Shape {
    if (parts.length === 1) return this.shape(parts[0]!, locals);
    this.compare(node, this.question.input ?? UNKNOWN, this.shape(parts[1]!, locals), this.words(parts[0]!));
    return of("boolean");
  }

  private bounds(node: Node, ends: Node[], locals: Locals, value: Shape = this.question.input ?? UNKNOWN): void {
    ends.forEach((end) => this.compare(node, value, this.shape(end, locals), ">="));
  }

  private compare(node: Node, left: Shape, right: Shape, mark: string): void {
    const kinds = [left.kind, right.kind].filter((kind) => kind !== "unknown" && kind !== "nil");
    const isOrder = mark !== "=" && mark !== "!=";
    const wrong = kinds.length === 2 && kinds[0] !== kinds[1] && !kinds.includes("list");
    if (wrong || (isOrder && kinds.some((kind) => !ORDERED.includes(kind)))) {
      this.find("unlike_types", node, { left: left.kind, right: right.kind, operator: mark });
    }
  }

  private arithmetic(node: Node, parts: Node[], locals: Locals): Shape {
    if (parts.length === 2) return this.sum(node, of("number"), this.shape(parts[1]!, locals), "-");
    const [left, operator, right] = parts as [Node, Node, Node];
    return this.sum(node, this.shape(left, locals), this.shape(right, locals), this.words(operator));
  }

  private sum(node: Node, left: Shape, right: Shape, mark: string): Shape {
    const kinds = [left.kind, right.kind];
    if (kinds.some((kind) => kind === "nil")) return UNKNOWN;
    const result = sumKind(left.kind, right.kind, mark);
    if (!result) this.find("unlike_types", node, { left: left.kind, right: right.kind, operator: mark });
    return of(result ?? "unknown");
  }

  private truth(node: Node, locals: Locals): void {
    const { kind } = this.shape(node, locals);
    if (!["boolean", "unknown", "nil"].includes(kind)) this.find("not_boolean", node, { found: kind });
  }

  private logic(parts: Node[], locals: Locals): Shape {
    this.truth(parts[0]!, locals);
    this.truth(parts[2]!, locals);
    return of("boolean");
  }

  private conditional(parts: Node[], locals: Locals): Shape {
    this.truth(parts[1]!, locals);
    const yes = this.shape(parts[3]!, locals);
    const no = parts[5] ? this.shape(parts[5], locals) : of("nil");
    return yes.kind === no.kind ? yes : UNKNOWN;
  }

  private bindings(node: Node, locals: Locals): Locals {
    return children(node).reduce((scope, part) => {
      const [name, , range] = children(part) as [Node, Node, Node];
      const ends = children(range);
      ends.forEach((end) => this.shape(end, scope));
      return new Map([...scope, [this.words(name), ends.length === 2 ? of("number") : UNKNOWN]]);
    }, locals);
  }

  private quantified(parts: Node[], locals: Locals): Shape {
    this.truth(parts[3]!, this.bindings(parts[1]!, locals));
    return of("boolean");
  }

  private loop(parts: Node[], locals: Locals): Shape {
    this.shape(parts[3]!, new Map([...this.bindings(parts[1]!, locals), ["partial", of("list")]]));
    return of("list");
  }

  private definition(parts: Node[], locals: Locals): Shape {
    const names = parts.filter((part) => part.name === "FormalParameters").flatMap(children).map((part) => this.words(children(part)[0]!));
    this.shape(parts.at(-1)!, new Map([...locals, ...names.map((name): [string, Shape] => [name, UNKNOWN])]));
    return UNKNOWN;
  }

  private invocation([target, ...rest]: Node[], locals: Locals): Shape {
    rest.forEach((part) => this.shape(part, locals));
    const name = this.words(target!);
    const isName = ["VariableName", "SpecialFunctionName"].includes(target!.name);
    if (!isName || locals.has(name)) { this.shape(target!, locals); return UNKNOWN; }
    if (!BUILTINS.has(name)) this.find("unknown_function", target!, { name });
    return of(BUILTINS.get(name) ?? "unknown");
  }

  private dateTime(parts: Node[], locals: Locals): Shape {
    parts.slice(1).forEach((part) => this.shape(part, locals));
    const words = this.words(parts[0]!);
    if (parts[0]!.name !== "AtLiteral") return of(BUILTINS.get(words) ?? "unknown");
    if (/^@\s*"-?P/.test(words)) return of("duration");
    return of(/^@\s*"\d{1,2}:/.test(words) ? "time" : words.includes("T") ? "date time" : "date");
  }

  private context(parts: Node[], locals: Locals): Shape {
    const entries = new Map<string, Shape>();
    parts.filter((part) => part.name === "ContextEntry").forEach((part) => {
      const [key, value] = children(part) as [Node, Node];
      entries.set(this.words(key).replace(/^"|"$/g, ""), this.shape(value, new Map([...locals, ...entries])));
    });
    return { kind: "context", entry: (name) => entries.get(name) };
  }
}

const PASSING = new Set(["Expression", "FunctionBody", "Expressions"]);

function children(node: Node): Node[] {
  const found: Node[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) found.push(child);
  return found;
}

function sumKind(left: Kind, right: Kind, mark: string): Kind | undefined {
  if (left === "unknown" || right === "unknown") {
    const known = left === "unknown" ? right : left;
    if (["boolean", "list", "context"].includes(known)) return undefined;
    return ["*", "/", "**", "^"].includes(mark) ? (known === "unknown" || known === "number" ? "number" : undefined) : "unknown";
  }
  if (left === "number" && right === "number") return "number";
  if (mark !== "+" && mark !== "-") return undefined;
  if (left === right) return left === "duration" ? "duration" : mark === "+" ? (left === "string" ? "string" : undefined) : (isTime(left) ? "duration" : undefined);
  if (isTime(left) && right === "duration") return left;
  return mark === "+" && left === "duration" && isTime(right) ? right : undefined;
}

const isTime = (kind: Kind): boolean => ["date", "time", "date time"].includes(kind);
