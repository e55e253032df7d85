"""Documents for tests: a questionnaire with every kind of question, branch and limit."""

from typing import Any

Document = dict[str, Any]
YES_NO = [{"code": "yes", "name": {"zh": "是", "en": "Yes"}}, {"code": "no", "name": {"zh": "否"}}]
WIDE: Document = {
    "format": 2,
    "code": "wide",
    "version": 1,
    "satisfaction": "effect",
    "title": {"zh": "各种问题", "en": "Every kind"},
    "script": {"zh": "{name}您好，{department}办理的{title}（{number}）"},
    "questions": [
        {"code": "effect", "kind": "grade", "scale": "four", "needed": True, "ask": {"zh": "效果如何？"}},
        {
            "code": "visited",
            "kind": "single",
            "choices": YES_NO,
            "needed": True,
            "ask": {"zh": "有没有上门？"},
            "asked_if": [{"question": "effect", "graded": ["dissatisfied", "neutral"]}],
        },
        {
            "code": "came",
            "kind": "date",
            "needed": False,
            "ask": {"zh": "哪天来的？"},
            "asked_if": [{"question": "visited", "equals": ["yes"]}],
            "required_if": [{"question": "effect", "equals": ["dissatisfied"]}],
            "validation": {"least": "2020-01-01", "most": "today"},
        },
        {
            "code": "left",
            "kind": "date",
            "needed": False,
            "ask": {"zh": "哪天办完？"},
            "asked_if": [{"question": "visited", "equals": ["yes"]}],
            "validation": {"not_before": "came"},
        },
        {
            "code": "trouble",
            "kind": "several",
            "choices": [{"code": code, "name": {"zh": code}} for code in ("noise", "dust", "water")],
            "needed": False,
            "ask": {"zh": "还有什么？"},
            "validation": {"most_choices": 2},
        },
        {
            "code": "times",
            "kind": "number",
            "needed": False,
            "ask": {"zh": "几次？"},
            "asked_if": [{"question": "trouble", "equals": ["noise", "dust"]}],
            "validation": {"least": 1, "most": "99.5", "decimals": 1},
        },
        {
            "code": "plate",
            "kind": "text",
            "needed": False,
            "ask": {"zh": "车牌？"},
            "validation": {"pattern": "粤A[A-Z0-9]{5}", "shortest": 7, "longest": 8},
        },
    ],
}
