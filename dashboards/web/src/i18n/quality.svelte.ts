/** Words for the tests of readings, in both languages; few people need them. */
import { i18n } from "./i18n.svelte";

const en = {
  title: "Doubtful readings",
  none: "No test found anything in this range.",
  at: "Measured",
  test: "Test",
  flag: "Verdict",
  most: (n: string) => `The first ${n} of this range; choose a shorter one for the rest.`,
  tests: {
    gross_range: "out of range",
    spike: "spike",
    rate_of_change: "changes too fast",
    flat_line: "stuck",
    time_gap: "missing reports",
    battery: "low battery",
    radio: "weak signal",
    clock: "ahead of time",
    link_rain_level: "level does not follow the rain",
    link_neighbour: "unlike its neighbours",
    link_flood_power: "water where the power is on",
  } as Record<string, string>,
};

const zh: typeof en = {
  title: "可疑数据",
  none: "所选时段内未检出可疑数据。",
  at: "观测时间",
  test: "检验项目",
  flag: "结论",
  most: (n) => `仅列出本时段最早的 ${n} 条，缩短时段可查看其余。`,
  tests: {
    gross_range: "超出量程",
    spike: "尖峰",
    rate_of_change: "变化过快",
    flat_line: "数值不变",
    time_gap: "漏报",
    battery: "电量低",
    radio: "信号弱",
    clock: "时间超前",
    link_rain_level: "水位与降雨不符",
    link_neighbour: "与相邻测点不符",
    link_flood_power: "带电处有积水",
  },
};

class Words {
  readonly t: typeof en = $derived(i18n.lang === "zh" ? zh : en);
}

export const qualityWords = new Words();
