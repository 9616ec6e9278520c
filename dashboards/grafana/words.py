"""Words of the dashboards in both languages, and what codes mean to people."""

from __future__ import annotations

from typing import Literal, NamedTuple

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Text(NamedTuple):
    """Something that people read, in both languages."""

    zh: str
    en: str

    def of(self, language: Language) -> str:
        """Return it in one language."""
        return self.zh if language == "zh" else self.en


class Word(NamedTuple):
    """What a code means; a colour only where it is abnormal."""

    text: Text
    color: str | None = None


SEVERITIES = {
    "critical": Word(Text("▲ 红(特别严重)", "▲ critical"), "red"),
    "high": Word(Text("◆ 橙(严重)", "◆ high"), "orange"),
    "medium": Word(Text("● 黄(较重)", "● medium"), "yellow"),
    "low": Word(Text("■ 蓝(一般)", "■ low"), "blue"),
}
STATES = {
    "unacknowledged": Word(Text("未确认", "unacknowledged"), "red"),
    "acknowledged": Word(Text("已确认", "acknowledged")),
    "returned_unacknowledged": Word(
        Text("已恢复,未确认", "returned, unacknowledged"), "yellow"
    ),
    "normal": Word(Text("正常", "normal")),
}
VERDICTS = {
    "compliant": Word(Text("达标", "compliant")),
    "not compliant": Word(Text("不达标", "not compliant"), "red"),
    "insufficient data": Word(Text("数据不足", "insufficient data"), "yellow"),
    "not applicable": Word(Text("不适用", "not applicable")),
    "interim: above target": Word(Text("暂高于目标值", "interim: above target")),
    "interim: below target": Word(Text("暂低于目标值", "interim: below target")),
}
PERIODS = {
    "hour": Word(Text("小时", "hour")),
    "day": Word(Text("日", "day")),
    "month": Word(Text("月", "month")),
    "year": Word(Text("年", "year")),
    "rolling_12_months": Word(Text("近 12 个月", "12 months")),
}
KPIS = {
    "pue": Word(Text("电能利用效率(PUE)", "PUE")),
    "ref": Word(Text("可再生能源使用比例(REF)", "REF")),
    "ref_hourly": Word(Text("小时级匹配率", "hourly-matched share")),
    "cue_location": Word(Text("碳利用效率(CUE,位置法)", "CUE, location-based")),
    "cue_market": Word(Text("碳利用效率(CUE,市场法)", "CUE, market-based")),
    "wue": Word(Text("水利用效率(WUE)", "WUE")),
    "erf": Word(Text("能源再利用率(ERF)", "ERF")),
    "cer": Word(Text("制冷效率(CER)", "CER")),
}
ON_OFF = {
    "0": Word(Text("否", "no")),
    "1": Word(Text("是", "yes"), "orange"),
    "false": Word(Text("否", "no")),
    "true": Word(Text("是", "yes"), "orange"),
}
OPEN = {"0": Word(Text("关", "closed")), "1": Word(Text("开", "open"), "orange")}
RUNNING = {"0": Word(Text("停", "stopped")), "1": Word(Text("运行", "running"))}
CONNECTED = {
    "true": Word(Text("已连接", "connected")),
    "false": Word(Text("未连接", "not connected"), "red"),
}
DEVICE_STATES = {
    "active": Word(Text("在用", "active")),
    "discovered": Word(Text("新发现", "discovered"), "yellow"),
}
QUARANTINE_STATES = {
    "open": Word(Text("待处理", "open"), "yellow"),
    "replayed": Word(Text("已重放", "replayed")),
    "discarded": Word(Text("已丢弃", "discarded")),
}
ROLES = {
    "grid_import": Text("市电进线", "grid import"),
    "grid_export": Text("上网", "grid export"),
    "generator": Text("发电机", "generator"),
    "pv": Text("光伏", "photovoltaic"),
    "wind": Text("风电", "wind"),
    "hydro": Text("水电", "hydro"),
    "storage": Text("储能", "storage"),
    "green_power": Text("绿电", "green power"),
    "delivered_cooling": Text("外供冷", "delivered cooling"),
    "fuel": Text("燃料", "fuel"),
    "foreign_load": Text("非数据中心负荷", "load of others"),
    "ups_input": Text("UPS 输入", "UPS input"),
    "ups_output": Text("UPS 输出", "UPS output"),
    "pdu_output": Text("PDU 输出", "PDU output"),
    "rack": Text("机柜", "racks"),
    "cooling": Text("制冷", "cooling"),
    "lighting": Text("照明", "lighting"),
    "other": Text("其他", "other"),
    "heat_reuse": Text("余热利用", "heat reused"),
    "heat_removed": Text("排热", "heat removed"),
    "water_potable": Text("自来水", "potable water"),
    "water_other": Text("其他用水", "other water"),
    "water_reuse": Text("回用水", "water reused"),
}
