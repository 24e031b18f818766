// Builds engine/static/feel.js, the FEEL interpreter that engine/expressions.py loads into V8.
import { defineConfig, type Plugin } from "vite";

/**
 * feelin 6.1.1 takes date(x) of a date and time in UTC, so that 07:00 in Shanghai falls on the day before; DMN 1.3 §10.3.4.1
 * wants the date that the text itself says. A release that changes the line stops the build, so that somebody looks again.
 */
function datesKeepTheirDay(): Plugin {
  const wrong = "ifValid(d.setZone('utc').startOf('day'))";
  const right = "ifValid(d.setZone('utc', { keepLocalTime: true }).startOf('day'))";
  return {
    name: "dates-keep-their-day",
    transform(code, id) {
      if (!id.includes("@bpmn-io/feelin/dist/index.js")) return undefined;
      if (code.split(wrong).length !== 2) throw new Error("feelin's date() has changed: see vite.feel.config.ts");
      return code.replace(wrong, right);
    },
  };
}

export default defineConfig({
  plugins: [datesKeepTheirDay()],
  publicDir: false,
  build: {
    lib: { entry: "engine/feel.ts", name: "feel", formats: ["iife"], fileName: () => "feel.js" },
    outDir: "engine/static",
    emptyOutDir: true,
    target: "es2022",
  },
});
