/** Words of the form for a place. */
import { i18n } from "./i18n.svelte";

const en = {
  title: (code: string) => `Place ${code}`,
  detail: "Page of the place",
  parent: "Lies in",
  noParent: "the park itself",
  compartment: "Carries",
  hint: "Decides the limits of its gases and what is to be monitored. Not said: told by its code and names.",
  compartments: {
    water: "water, reclaimed water",
    sewage: "sewage",
    gas: "gas",
    heat: "heat",
    power: "power, telecommunication",
  },
  unsaid: "not said",
};

const zh: typeof en = {
  title: (code) => `位置 ${code}`,
  detail: "位置页面",
  parent: "所属位置",
  noParent: "园区本身",
  compartment: "舱室类别",
  hint: "决定气体限值和应监测的项目；未指定时按编号和名称判断。",
  compartments: {
    water: "给水/再生水舱",
    sewage: "污水舱",
    gas: "天然气舱",
    heat: "热力舱",
    power: "电力电信舱",
  },
  unsaid: "未指定",
};

class Places {
  readonly t: typeof en = $derived(i18n.lang === "zh" ? zh : en);
}

export const placeWords = new Places();
