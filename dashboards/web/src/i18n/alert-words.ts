/** Words for the states of an alert and for what happens to it (ISA-18.2). */
import type { AlertEvent, AlertState } from "../api/types";

type States = Record<AlertState, string>;
type Kinds = Record<AlertEvent["kind"], string>;

export const states: { en: States; zh: States } = {
  en: {
    unacknowledged: "unacknowledged",
    acknowledged: "acknowledged",
    returned_unacknowledged: "over, unacknowledged",
    normal: "over",
    shelved: "shelved",
    suppressed_by_design: "suppressed by design",
    out_of_service: "out of service",
  },
  zh: {
    unacknowledged: "未确认",
    acknowledged: "已确认",
    returned_unacknowledged: "已恢复，未确认",
    normal: "已恢复",
    shelved: "已搁置",
    suppressed_by_design: "设计抑制",
    out_of_service: "停用",
  },
};

export const eventKinds: { en: Kinds; zh: Kinds } = {
  en: {
    raised: "raised",
    severity: "severity changed",
    cleared: "cleared",
    acknowledged: "acknowledged",
    revised: "revised by late data",
    shelved: "shelved",
    unshelved: "unshelved",
    suppressed: "suppressed by design",
    unsuppressed: "no longer suppressed",
    out_of_service: "out of service",
    in_service: "back in service",
    assigned: "assigned",
    commented: "comment",
    escalated: "escalated",
    step_done: "step done",
    step_undone: "step taken back",
    command_requested: "command requested",
    command_confirmed: "command confirmed",
    command_refused: "command refused",
    command_timed_out: "command timed out",
    command_withdrawn: "command withdrawn",
  },
  zh: {
    raised: "触发",
    severity: "级别变化",
    cleared: "恢复",
    acknowledged: "确认",
    revised: "因迟到数据修订",
    shelved: "已搁置",
    unshelved: "取消搁置",
    suppressed: "设计抑制",
    unsuppressed: "解除抑制",
    out_of_service: "停用",
    in_service: "恢复使用",
    assigned: "已指派",
    commented: "备注",
    escalated: "已升级",
    step_done: "步骤完成",
    step_undone: "步骤撤回",
    command_requested: "已请求指令",
    command_confirmed: "指令已确认",
    command_refused: "指令被拒绝",
    command_timed_out: "指令超时",
    command_withdrawn: "指令已撤回",
  },
};
