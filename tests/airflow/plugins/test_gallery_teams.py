"""Teams of one Airflow: nobody sees the pictures of another team, by any address and in no list."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from conftest import address

if version("apache-airflow") < "3.3":
    pytest.skip("before 3.3 teams are not finished", allow_module_level=True)
if pytest.importorskip("airflow.models.team", reason="this Airflow has no teams"):
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

PAGES = ("task/{0}", "picture/{0}/after/0", "picture/{0}/before/0", "file/{0}/0", "run/{1}")
ITEM_PAGES = ("item/{0}/1", "item/{0}/1/picture/after/0")
TEAMS = {"ours": "gallery_edit", "theirs": "gallery_three_tasks"}


def member(team, role="OP"):
    """A user who may do much, but is not an administrator of all teams."""
    return SimpleAuthManagerUser(username=f"of {team}", role=role, teams=[team])


@pytest.fixture(scope="module")
def runs(order):
    """A landed run of a DAG of each team, by team: the address of its task instance, and its prompt."""
    edited, _ = order("a harbour of ours")
    landed, _ = order("a forest of theirs", dag_id="gallery_three_tasks")
    return {
        "ours": (address("gallery_edit", edited.run_id), "a harbour of ours"),
        "theirs": (address("gallery_three_tasks", landed.run_id, "land"), "a forest of theirs"),
    }


@pytest.fixture(scope="module", autouse=True)
def teams(runs, look):
    """Each DAG lies in a bundle of its team."""
    from airflow.models import dag as dag_models
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.team import Team
    from airflow.utils.session import create_session

    forget_teams = getattr(dag_models, "clear_team_name_cache", lambda: None)
    with pytest.MonkeyPatch.context() as patch, create_session() as session:
        patch.setenv("AIRFLOW__CORE__MULTI_TEAM", "True")
        before = {}
        for name, dag_id in TEAMS.items():
            bundle = DagBundleModel(name=f"bundle of {name}")
            bundle.teams.append(Team(name=name))
            session.add(bundle)
            session.flush()
            dag = session.get(DagModel, dag_id)
            before[dag_id], dag.bundle_name = dag.bundle_name, bundle.name
        session.commit()
        forget_teams()  # Airflow knows for half a minute that the DAGs had no team, if another test has looked
        yield
        for dag_id, bundle_name in before.items():
            session.get(DagModel, dag_id).bundle_name = bundle_name
        session.commit()
        forget_teams()


def pages(url):
    run = url.rsplit("/", 2)[0]
    return [f"/phota/{page.format(url, run)}" for page in (*PAGES, *ITEM_PAGES)]


@pytest.mark.parametrize(("team", "other"), [("ours", "theirs"), ("theirs", "ours")])
@pytest.mark.parametrize("role", ["VIEWER", "USER", "OP"])
def test_a_member_sees_nothing_of_another_team_by_any_address(look, runs, team, other, role):
    url, prompt = runs[other]
    for page in pages(url):
        seen = look(page, user=member(team, role))
        assert seen.status == 403, page
        assert prompt not in seen.text


@pytest.mark.parametrize("team", TEAMS)
def test_a_member_sees_the_pictures_of_the_own_team(look, runs, team):
    url, prompt = runs[team]
    page = look(f"/phota/task/{url}", user=member(team))
    assert (page.status, prompt in page.text) == (200, True)
    assert look(f"/phota/picture/{url}/after/0", user=member(team)).content[8:12] == b"WEBP"


@pytest.mark.parametrize(("team", "other"), [("ours", "theirs"), ("theirs", "ours")])
def test_the_page_in_the_navigation_lists_nothing_of_another_team(look, runs, team, other):
    page = look("/phota/", user=member(team))
    assert page.status == 200
    assert TEAMS[team] in page.text
    assert runs[team][1] in page.text
    assert TEAMS[other] not in page.text
    assert runs[other][1] not in page.text


def test_who_is_of_no_team_sees_nothing_of_either(look, runs):
    nobody = SimpleAuthManagerUser(username="of no team", role="OP")
    for url, _ in runs.values():
        assert look(f"/phota/task/{url}", user=nobody).status == 403
    page = look("/phota/", user=nobody)
    for team, dag_id in TEAMS.items():
        assert dag_id not in page.text
        assert runs[team][1] not in page.text
