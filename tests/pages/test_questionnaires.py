"""The screen of questionnaires: versions, the editor of a draft, the trial that stores nothing, and publishing."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.orders import Attempt
from db.people import Person
from db.reference import Questionnaire
from db.vocabulary import Role
from tests import builders
from tests.pages.conftest import Opener, said


@pytest.fixture
def admin(owner: Session) -> Person:
    """The administrator at the screen."""
    return builders.person(owner, Role.ADMIN)


def version(owner: Session, code: str, number: int = 1) -> Questionnaire:
    owner.expire_all()
    return owner.scalars(select(Questionnaire).where(Questionnaire.code == code, Questionnaire.version == number)).one()


def widget(at: AppTest, begins: str) -> Any:
    """Return the widget whose key begins so."""
    kinds = (at.button, at.text_input, at.text_area, at.selectbox, at.multiselect, at.toggle, at.radio, at.button_group)
    kinds += (at.date_input, at.number_input)
    return next(one for kind in kinds for one in kind if (one.key or "").startswith(begins))


def test_the_versions_are_listed_with_where_they_stand(owner: Session, admin: Person, opened: Opener) -> None:
    at = opened(admin, "questionnaires")
    assert not at.exception
    table = at.dataframe[0].value
    assert list(table["name"]) == ["shenzhen/1", "shanghai/1", "callback_three/1", "callback/2", "callback/1"]
    assert list(table["state"]) == ["草稿", "草稿", "草稿", "现行", "已停用"]


def test_a_question_is_rewritten_moved_on_from_and_kept(owner: Session, admin: Person, opened: Opener) -> None:
    draft = version(owner, "shanghai")
    at = opened(admin, "questionnaires", version=draft.id)
    assert not at.exception
    widget(at, "place_").set_value(0).run()
    widget(at, "question_ask_zh_").set_value("现在解决了吗？")
    widget(at, "place_").set_value(1).run()
    assert not at.exception
    assert version(owner, "shanghai").document["questions"][0]["ask"]["zh"] == "现在解决了吗？"
    assert widget(at, "question_code_").value == "efficiency"
    assert version(owner, "shanghai").edits == 2
    widget(at, "place_").set_value(2).run()
    assert version(owner, "shanghai").edits == 2


def test_a_new_question_says_what_it_lacks_until_it_is_whole(owner: Session, admin: Person, opened: Opener) -> None:
    draft = version(owner, "shanghai")
    at = opened(admin, "questionnaires", version=draft.id)
    widget(at, "place_").set_value(3).run()
    widget(at, "add_").click().run()
    assert not at.exception
    told = "\n".join(one.value for one in at.warning)
    assert "选项：至少两个选项" in told
    assert "问法（中文）：必填" in told
    assert widget(at, f"questionnaire_publish_{draft.id}").disabled
    widget(at, "question_code_").set_value("left")
    widget(at, "question_kind_").set_value("date").run()
    widget(at, "question_ask_zh_").set_value("哪天办完？")
    widget(at, "question_most_").set_value("today")
    widget(at, "question_asked_if_0_question_").set_value("solved").run()
    widget(at, "question_asked_if_0_answers_").set_value(["solved", "partly"])
    widget(at, "save_").click().run()
    assert not at.exception
    assert not at.warning
    assert version(owner, "shanghai").document["questions"][4] == {
        "code": "left",
        "kind": "date",
        "needed": False,
        "ask": {"zh": "哪天办完？", "en": ""},
        "asked_if": [{"question": "solved", "equals": ["solved", "partly"]}],
        "validation": {"most": "today"},
    }
    widget(at, "up_").click().run()
    assert [one["code"] for one in version(owner, "shanghai").document["questions"]][3:] == ["left", "result"]
    widget(at, "remove_").click().run()
    assert [one["code"] for one in version(owner, "shanghai").document["questions"]][3:] == ["result"]


def test_a_branch_by_what_a_grade_counts_as_and_a_script_with_an_unknown_blank(
    owner: Session, admin: Person, opened: Opener
) -> None:
    at = opened(admin, "questionnaires", version=version(owner, "shenzhen").id)
    widget(at, "place_").set_value(3).run()
    widget(at, "question_asked_if_0_question_").set_value("effect").run()
    widget(at, "question_asked_if_0_answers_").set_value(["graded:dissatisfied", "graded:neutral"])
    widget(at, "question_script_zh_").set_value("您的电话是{phone}吗？")
    widget(at, "save_").click().run()
    assert not at.exception
    assert "话术（中文）：有不认识的变量" in "\n".join(one.value for one in at.warning)
    entry = version(owner, "shenzhen").document["questions"][3]
    assert entry["asked_if"] == [{"question": "effect", "graded": ["dissatisfied", "neutral"]}]
    widget(at, "question_script_zh_").set_value("答复清楚吗？")
    widget(at, "save_").click().run()
    assert not at.warning
    assert widget(at, "question_asked_if_0_answers_").value == ["graded:dissatisfied", "graded:neutral"]


def test_everything_that_goes_by_a_question_follows_its_new_code(owner: Session, admin: Person, opened: Opener) -> None:
    draft = version(owner, "shenzhen")
    at = opened(admin, "questionnaires", version=draft.id)
    widget(at, "place_").set_value(1).run()
    widget(at, "question_code_").set_value("outcome")
    widget(at, "save_").click().run()
    document = version(owner, "shenzhen").document
    assert (document["questions"][1]["code"], document["satisfaction"]) == ("outcome", "outcome")
    assert not at.warning


def test_a_trial_shows_the_verdict_and_stores_nothing(owner: Session, opened: Opener) -> None:
    supervisor = builders.person(owner, Role.SUPERVISOR)
    at = opened(supervisor, "questionnaires", version=version(owner, "shenzhen").id)
    assert not at.exception
    assert not [one for one in at.button if (one.key or "").startswith("save_")]
    assert "试答不保存" in said(at)
    assert all(not one.value for one in at.button_group if (one.key or "").startswith("trial_"))
    for code in ("speed", "effect", "experience", "feedback"):
        widget(at, f"trial_{code}_").set_value("satisfied")
    at.run()
    widget(at, "trial_end_1_1_").click().run()
    assert "判定：:green[**满意**]" in said(at)
    widget(at, "trial_effect_").set_value("dissatisfied").run()
    widget(at, "trial_end_1_1_").click().run()
    assert "不满意原因：必填" in said(at)
    widget(at, "trial_reasons_").set_value(["R02"])
    widget(at, "trial_words_").set_value("没有修好")
    widget(at, "trial_end_1_1_").click().run()
    assert "按规则应退回重办" in said(at)
    assert ":gray[对处置效果是否满意] 不满意" in said(at)
    assert owner.scalar(select(func.count()).select_from(Attempt)) == 0
    widget(at, "trial_again_").click().run()
    assert all(not one.value for one in at.button_group if (one.key or "").startswith("trial_"))


def test_a_draft_is_started_and_published_with_its_changes_read(owner: Session, admin: Person, opened: Opener) -> None:
    at = opened(admin, "questionnaires", version=version(owner, "callback", 2).id)
    widget(at, "start_").click().run()
    assert not at.exception
    draft = version(owner, "callback", 3)
    assert at.query_params["version"] == str(draft.id)
    widget(at, "place_").set_value(3).run()
    widget(at, "remove_").click().run()
    widget(at, f"questionnaire_publish_{draft.id}").click().run()
    assert not at.exception
    assert "不再询问“对服务态度是否满意？”" in said(at)
    widget(at, "publish_").click().run()
    assert "生效日期：必填" in said(at)
    widget(at, f"questionnaire_publish_{draft.id}").click().run()
    widget(at, "from_").set_value(date(2026, 6, 16))
    widget(at, "publish_").click().run()
    assert not at.exception
    assert "callback/3 已发布" in said(at)
    assert version(owner, "callback", 3).effective_from == date(2026, 6, 16)
    assert not [one for one in at.button if (one.key or "").startswith("save_")]


def test_the_screen_speaks_english(owner: Session, admin: Person, opened: Opener) -> None:
    admin.language = "en"
    owner.commit()
    at = opened(admin, "questionnaires", version=version(owner, "shenzhen").id)
    assert not at.exception
    assert "2 How satisfied are you with the effect?" in widget(at, "place_").options[2].replace("\\", "")
