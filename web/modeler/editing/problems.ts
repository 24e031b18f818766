/** Problems from two sources in one list: what both see is told once. */
import type { Problem } from './server';

/** `first` and what `second` adds; errors before warnings. Two are the same with the same code at the same element. */
export function merged(first: Problem[], second: Problem[]): Problem[] {
  const seen = new Set(first.map(place));
  const all = [...first, ...second.filter((problem) => !seen.has(place(problem)))];
  return [...all.filter((problem) => problem.severity === 'error'), ...all.filter((problem) => problem.severity !== 'error')];
}

function place(problem: Problem): string {
  return `${problem.code} ${problem.element ?? ''}`;
}
