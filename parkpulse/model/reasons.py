"""Why a message or a value was quarantined: the codes, and what they say to people."""

from __future__ import annotations

from typing import NamedTuple

NOT_UTF8 = "not_utf8"
NOT_JSON = "not_json"
TOO_LARGE = "too_large"
TOO_DEEP = "too_deep"
DUPLICATE_KEY = "duplicate_key"
WRONG_TYPE = "wrong_type"
BAD_TIME = "bad_time"
BAD_SEQ = "bad_seq"
NO_VALUES = "no_values"
BAD_TOPIC = "bad_topic"
UNKNOWN_FORMAT = "unknown_format"
UNKNOWN_PARK = "unknown_park"
TOO_MANY_DISCOVERED = "too_many_discovered"
REFUSED_BY_DATABASE = "refused_by_database"
INTERNAL_ERROR = "internal_error"
NOT_A_NUMBER = "not_a_number"
NOT_FINITE = "not_finite"
UNKNOWN_METRIC = "unknown_metric"
UNKNOWN_UNIT = "unknown_unit"
IMPLAUSIBLE = "implausible"
CLOCK_PAST = "clock_past"
CLOCK_FUTURE = "clock_future"
BEYOND_RETENTION = "beyond_retention"
BAD_FRAME = "bad_frame"
BAD_CRC = "bad_crc"
BAD_OPTION = "bad_option"

UNKNOWN_ACCOUNT = "unknown_account"
BAD_DEVICE = "bad_device"
INCOMPLETE = "incomplete"
RETIRED_DEVICE = "retired_device"
BAD_SIGNATURE = "bad_signature"
BAD_CIPHER = "bad_cipher"
NOT_CBOR = "not_cbor"
NOT_PROTOBUF = "not_protobuf"
BAD_NAME = "bad_name"
UNSUPPORTED_VERSION = "unsupported_version"
MUST_UNDERSTAND = "must_understand"


class Text(NamedTuple):
    """What a reason says to people."""

    zh: str
    en: str


TEXTS = {
    NOT_UTF8: Text("不是有效的 UTF-8 文本", "The text is not valid UTF-8"),
    NOT_JSON: Text("不是 JSON", "It is not JSON"),
    TOO_LARGE: Text("报文过大", "The message is too large"),
    TOO_DEEP: Text("嵌套过深", "The message is nested too deeply"),
    DUPLICATE_KEY: Text("同一名称出现两次", "A name stands twice"),
    WRONG_TYPE: Text("结构或类型不符", "The structure is not that of the format"),
    BAD_TIME: Text("时间无法识别", "A time cannot be read"),
    BAD_SEQ: Text("序号无法识别", "The sequence number cannot be read"),
    NO_VALUES: Text("报文没有数值", "The message holds no value"),
    BAD_TOPIC: Text("主题不符合约定", "The topic does not follow the scheme"),
    UNKNOWN_FORMAT: Text("未知的报文格式", "Nobody knows this format"),
    UNKNOWN_PARK: Text("未登记的园区", "The park is not registered"),
    TOO_MANY_DISCOVERED: Text(
        "一小时内发现的新设备过多", "Too many new devices within an hour"
    ),
    REFUSED_BY_DATABASE: Text("数据库拒绝写入", "The database refuses it"),
    INTERNAL_ERROR: Text("程序处理此报文时出错", "The program failed on it"),
    NOT_A_NUMBER: Text("不是数字", "A value is not a number"),
    NOT_FINITE: Text("不是有限的数字", "A value is not finite"),
    UNKNOWN_METRIC: Text("未知的测量项", "Nobody knows this metric"),
    UNKNOWN_UNIT: Text("单位不适用", "The unit does not fit the metric"),
    IMPLAUSIBLE: Text("数值超出合理范围", "A value is outside the plausible range"),
    CLOCK_PAST: Text("时间早于接收起点", "A time is before the park accepts data"),
    CLOCK_FUTURE: Text("时间在未来", "A time is in the future"),
    BEYOND_RETENTION: Text(
        "早于原始数据保留期", "A time is older than raw data is kept"
    ),
    BAD_FRAME: Text("不是完整的报文帧", "It is not a whole frame of its format"),
    BAD_CRC: Text("校验码不符", "The check code does not fit the frame"),
    BAD_OPTION: Text(
        "设备的解码选项有误", "An option of the device does not fit the format"
    ),
    UNKNOWN_ACCOUNT: Text("未登记的推送账户", "The push account is not registered"),
    BAD_DEVICE: Text("没有可用的设备编号", "No usable device id is given"),
    RETIRED_DEVICE: Text("设备已停用", "The device is out of use"),
    INCOMPLETE: Text("分包报文未收齐", "The other parts of the message never came"),
    BAD_SIGNATURE: Text("签名不符", "The signature does not fit the message"),
    BAD_CIPHER: Text("无法解密", "The message cannot be decrypted"),
    NOT_CBOR: Text("不是有效的 CBOR", "It is not CBOR that can be read"),
    NOT_PROTOBUF: Text("不是有效的 Protobuf", "It is not a Protobuf message"),
    BAD_NAME: Text("名称含有不允许的字符", "A name has characters it may not have"),
    UNSUPPORTED_VERSION: Text("版本不支持", "The version is newer than supported"),
    MUST_UNDERSTAND: Text(
        "含有必须理解的未知字段", "An unknown field demands to be understood"
    ),
}
"""Texts of all codes."""
