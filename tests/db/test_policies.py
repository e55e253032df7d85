"""The cut by department is what db/policies.py says, in the live database of every server."""

import pytest
from sqlalchemy import create_engine

from db.engine import UnsafeLogin, connect, refuse_unsafe_login
from db.models import metadata
from db.policies import DEPARTMENT, LOGIN, RULES, STAFF

pytestmark = pytest.mark.every_server


@pytest.fixture
def owner(owner_url):
    engine = create_engine(owner_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_every_table_has_a_rule_and_every_rule_a_table():
    assert set(RULES) == set(metadata.tables)


def test_every_table_is_cut_by_department_or_kept_from_departments_or_shared_with_a_reason():
    for table, rule in RULES.items():
        assert rule.column or rule.shared or not rule.department, table
        assert not (rule.column and rule.shared), table


def test_the_rights_of_both_roles_are_those_of_the_rules(owner):
    granted = owner.exec_driver_sql(
        "select grantee, table_name, privilege_type from information_schema.role_table_grants"
        " where table_schema = 'public' and grantee = any (%s)",
        ([STAFF, DEPARTMENT],),
    )
    live = {(grantee, table, privilege) for grantee, table, privilege in granted if table != "order_counts"}
    wanted = {(STAFF, table, privilege) for table, rule in RULES.items() for privilege in rule.staff}
    wanted |= {(DEPARTMENT, table, privilege) for table, rule in RULES.items() for privilege in rule.department}
    assert live == wanted


def test_nobody_may_delete_or_truncate_and_the_login_role_holds_no_right_of_its_own(owner):
    rows = owner.exec_driver_sql(
        "select grantee, table_name, privilege_type from information_schema.role_table_grants"
        " where table_schema = 'public' and (grantee = %s or privilege_type in ('DELETE', 'TRUNCATE'))"
        " and grantee <> 'postgres'",
        (LOGIN,),
    ).all()
    assert rows == []


def test_every_table_that_is_not_shared_is_under_forced_row_level_security(owner):
    forced = owner.exec_driver_sql(
        "select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'public' and relkind = 'r' and relrowsecurity and relforcerowsecurity"
    )
    assert {row.relname for row in forced} == {table for table, rule in RULES.items() if not rule.shared}


def test_the_policy_of_departments_compares_the_column_that_the_rule_names(owner):
    policies = {
        row.tablename: (row.qual, row.with_check)
        for row in owner.exec_driver_sql("select * from pg_policies where policyname = 'department'")
    }
    cut = {table: rule.column for table, rule in RULES.items() if rule.column}
    assert set(policies) == set(cut)
    for table, column in cut.items():
        using, with_check = policies[table]
        if table == "people":
            assert "role_grants" in using
            continue
        assert using.startswith(f"({column} = ANY (")
        assert "app.departments" in using
        assert with_check == using


def test_functions_that_run_as_the_owner_have_a_fixed_search_path(owner):
    loose = owner.exec_driver_sql(
        "select proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname = 'public' and prosecdef and proconfig is null"
    ).all()
    assert loose == []


def test_a_superuser_is_refused_as_the_login_of_the_portal(owner_url):
    engine = connect(owner_url)
    try:
        with pytest.raises(UnsafeLogin, match="SUPERUSER"):
            refuse_unsafe_login(engine)
    finally:
        engine.dispose()


def test_the_login_role_of_the_portal_is_accepted(login_url):
    engine = connect(login_url)
    try:
        refuse_unsafe_login(engine)
    finally:
        engine.dispose()
