import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { standIn } from "./mock/plugin.ts";

// `PARKPULSE_API=http://127.0.0.1:8080 npm run dev` develops against a running
// service; without it a small stand-in with made-up figures answers.
const api = process.env.PARKPULSE_API;

/** What nearly every screen needs: one file instead of dozens of a kilobyte or two. */
const BASE = /\/(node_modules\/(svelte|esm-env|clsx)|src\/(api|i18n|lib|shell|state|ui))\//;
/** Words that only the settings use. */
const LATER = /\/i18n\/(commands|credentials|integrator|quality)/;

export default defineConfig({
  plugins: [svelte(), ...(api === undefined ? [standIn()] : [])],
  server: { host: "127.0.0.1", ...(api === undefined ? {} : { proxy: { "/api": api } }) },
  preview: { host: "127.0.0.1" },
  build: {
    target: "es2022",
    // The page's content security policy allows files of its own host only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // 12 kB compressed; by screens it were a dozen requests before the first value is seen.
    cssCodeSplit: false,
    rolldownOptions: {
      checks: { bundlerTimings: false },
      output: {
        codeSplitting: {
          groups: [{ name: "base", test: (id) => BASE.test(id) && !LATER.test(id) }],
        },
      },
    },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
